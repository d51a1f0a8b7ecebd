"""Numbers of any count of bits, read one after the other."""


class Bits:
    """Bytes as a row of bits, the most significant ones first; behind the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the number that the next bits are."""
        self._left -= count
        shifted = self._number >> self._left if self._left >= 0 else self._number << -self._left
        return shifted & ((1 << count) - 1)
