"""The photographs of packages of Debian: which they are, by whom, under which licence, and where they lie."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk import DataError, UsageError
from gantk.data.image_file import ImageFile, scan
from gantk.text import pasted

LISTED = Path(__file__).with_name("photographs.json")
RELEASE = "Debian 12"
INSTALLED = Path("/")


@dataclass(frozen=True)
class Photograph:
    """A photograph that a package holds.

    Attributes:
        package: Debian's name of the package.
        path: where it lies, below the folder into which the package is unpacked.
        authors: who took it, and who worked on it.
        licence: SPDX identifier.
        digest: a hash of the file's content, as `ImageFile` has it.
        held_out: whether it is of the test share.
    """

    package: str
    path: str
    authors: tuple[str, ...]
    licence: str
    digest: str
    held_out: bool


def listed() -> dict[str, list[Photograph]]:
    """Return the photographs that are known, by package."""
    return {
        package: [
            Photograph(
                package,
                f"{held['folder']}/{one['file']}",
                tuple(one["authors"]),
                one["licence"],
                one["digest"],
                one.get("held_out", False),
            )
            for one in held["photographs"]
        ]
        for package, held in json.loads(LISTED.read_text("utf-8")).items()
    }


def chosen(packages: str | None) -> list[Photograph]:
    """Return the photographs of the packages that are named, parted by commas; None: of all.

    Raises UsageError where one is not known.
    """
    known = listed()
    names = list(known) if packages is None else [name.strip() for name in packages.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"data.packages: {unknown[0]!r} is none of {', '.join(known)}")
    return [one for name in known if name in names for one in known[name]]


def files_of(photographs: Sequence[Photograph], folder: Path | None) -> list[ImageFile]:
    """Return the photographs' files below the folder of unpacked packages; None: of those that are installed.

    Raises DataError where a package is missing, or holds another picture.
    """
    paths = {one: (folder or INSTALLED) / one.path for one in photographs}
    if missing := dict.fromkeys(one.package for one, path in paths.items() if not path.is_file()):
        raise DataError(f"data set photographs lacks {', '.join(missing)} of {RELEASE}: {_how_to_get(missing, folder)}")
    found, bad = scan(paths.values())
    for one, path in paths.items():
        if path in bad or found[path].digest != one.digest:
            raise DataError(
                f"{path} is not the photograph that {one.package} of {RELEASE} holds, and no other one's licence is "
                f"known: get that package, or name others by data.packages ({', '.join(listed())})"
            )
    return [found[path] for path in paths.values()]


def _how_to_get(packages: Iterable[str], folder: Path | None) -> str:
    named = " ".join(packages)
    unpacked = f'apt-get download {named} && for each in *.deb; do dpkg -x "$each" .; done'
    if folder is not None:
        return f"cd {pasted(folder)} && {unpacked}"
    return (
        f"apt-get install --no-install-recommends {named} (as root), or in an empty folder {unpacked}, "
        "and name it: --data photographs:FOLDER"
    )
