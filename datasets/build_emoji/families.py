"""The families of emoji that are near-duplicates of each other, and those of them that are held out."""

import hashlib
import re

import numpy as np

# Below this root mean square difference of the flat images at 16 px (values 0 to 255) two emoji are one family. At 20
# the 24 clock faces, faces that differ in the mouth alone and hair styles come together; from 25 on, unlike things do.
NEAR = 20.0
HELD_OUT = 0.15
THUMBNAIL = 16

GENDERED = frozenset(
    ["man", "men", "woman", "women", "boy", "girl", "male", "female", "person", "people", "child", "santa", "mrs", "mx"]
)
COUNTERPARTS = {
    "merman": "mermaid",
    "merperson": "mermaid",
    "prince": "with crown",
    "princess": "with crown",
    "older": "old",
}


def stem(name: str) -> str:
    """Return a name without its words of gender: `woman cook` and `cook` have the stem `cook`."""
    words = re.findall(r"[^\W_]+|[#*]", name.lower().replace("\u2019s", ""))
    return " ".join(COUNTERPARTS.get(word, word) for word in words if word not in GENDERED)


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Return images (N, S, S, 3) reduced to 16 px by block means, as float64 (N, 768)."""
    count, size = images.shape[:2]
    block = size // THUMBNAIL
    blocks = images.reshape(count, THUMBNAIL, block, THUMBNAIL, block, 3)
    return np.asarray(blocks.mean((2, 4), dtype=np.float64).reshape(count, -1))


def differences(small: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the root mean square differences (N, M) of thumbnails (N, D) to others (M, D).

    Thumbnails are multiples of 1/16, so every sum is exact, in whatever order it is taken.
    """
    squares = (small**2).sum(1)[:, None] + (others**2).sum(1) - 2 * small @ others.T
    return np.asarray(np.sqrt(squares / small.shape[1]))


def families(names: list[str], small: np.ndarray) -> list[list[int]]:
    """Return rows that belong together, each row in one family: same stem or near thumbnails, and so on in a chain."""
    parents = list(range(len(names)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    def join(row: int, other: int) -> None:
        low, high = sorted((root(row), root(other)))
        parents[high] = low

    near = differences(small, small) < NEAR
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        join(row, first.setdefault(stem(name), row))
        for other in np.flatnonzero(near[row, :row]):
            join(row, int(other))

    members: dict[int, list[int]] = {}
    for row in range(len(names)):
        members.setdefault(root(row), []).append(row)
    return list(members.values())


def held_out(grouped: list[list[int]], codes: list[str]) -> set[int]:
    """Return the rows held out: whole families in the order of a hash, as long as they fit into the share."""
    wanted = round(HELD_OUT * len(codes))
    order = sorted(grouped, key=lambda family: hashlib.sha256(codes[family[0]].encode()).hexdigest())
    chosen: set[int] = set()
    for family in order:
        if len(chosen) + len(family) <= wanted:
            chosen.update(family)
    return chosen
