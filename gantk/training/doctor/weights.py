"""Weights that grow without end."""

from collections.abc import Iterator

from gantk.training.doctor.detector import Detector, Finding, Logged

TIMES = 20.0
"""How many times as long as at first a player's weights are before it is said."""

GROWTH = 1.5
"""How much they grew in the last logs, besides."""

LAST = 10


class Weights(Detector):
    """Watches how long the weights of each player are."""

    def __init__(self) -> None:
        self._norms: dict[str, list[float]] = {}

    def logged(self, seen: Logged) -> Iterator[Finding]:
        """Yield players whose weights are many times as long as at first, and still grow."""
        for player, norm in seen.norms.items():
            before = self._norms.setdefault(player, [])
            before.append(norm)
            if len(before) > LAST and norm > TIMES * before[0] and norm > GROWTH * before[-LAST]:
                yield Finding(
                    "weights explode",
                    player,
                    f"the weights of {player} are {norm / before[0]:.0f} times as long as at the first log, and "
                    f"{norm / before[-LAST]:.1f} times as long as {LAST} logs ago",
                    "a lower learning_rate, clip=1, --normalization discriminator=spectral, or r1=1",
                )
