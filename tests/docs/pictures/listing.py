"""The list of pictures, where they are, and what they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "specs/docs/pictures"
LIST = FOLDER / "pictures.yaml"

SHOWN = FOLDER / "shown.json"
"""Which state of its page each screenshot shows, by digest."""


@dataclass(frozen=True)
class Picture:
    """A picture, which there is in each scheme.

    Attributes:
        name: What its files are called, before `-light` and `-dark`.
        ending: `svg` for a drawing; `png` or `webp` for a screenshot, whichever is smaller.
        page: The page that shows it, below the folder of pages.
        alt: What it shows, for those who do not see it.
        source: The file that a drawing is made from, beside the list.
        shown: The files and folders of the page that a screenshot is made of, from the project's folder.
    """

    name: str
    ending: str
    page: str
    alt: str
    source: str = ""
    shown: tuple[str, ...] = ()

    def path(self, scheme: str, folder: Path = FOLDER) -> Path:
        """Give where it is, or is to be, in a scheme."""
        return folder / f"{self.name}-{scheme}.{self.ending}"

    def digest(self) -> str:
        """Give the digest of the page that a screenshot shows, as its files are now."""
        digest = hashlib.sha256()
        for file in self._files():
            content = file.read_bytes()
            digest.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        for name in self.shown:
            path = ROOT / name
            yield from sorted(path.iterdir()) if path.is_dir() else [path]


def pictures() -> list[Picture]:
    """Read the list.

    Raises:
        TypeError: It says what no picture has.
    """
    listed = yaml.safe_load(LIST.read_text("utf-8"))
    return [Picture(**{**one, "shown": tuple(one.get("shown", ()))}) for one in listed]


def shown_digests() -> dict[str, str]:
    """Give by name the digests of the pages that the screenshots show."""
    digests: dict[str, str] = json.loads(SHOWN.read_text("utf-8"))
    return digests
