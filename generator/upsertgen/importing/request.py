"""What to import, and how."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path

from upsertgen.errors import Location, Problems, quoted
from upsertgen.importing.limits import Limits
from upsertgen.importing.settings import ImportSettings
from upsertgen.inputs import OVERLAYS

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True)
class Request:
    """What to import, and how.

    Attributes:
        source: A file, folder, archive or address.
        label: The API version that it becomes.
        base: The version that it follows: where texts and names are carried over from.
        specs: The specs folder.
        settings: What to take from documents.
        keep_texts: Whether published texts are kept.
        proven: Whether the specs have to be in order afterwards.
        limits: How much the source may be.
        today: The day of the import.
    """

    source: str
    label: str
    base: str | None = None
    specs: Path = Path("specs")
    settings: ImportSettings = field(default_factory=ImportSettings)
    keep_texts: bool = False
    proven: bool = True
    limits: Limits = field(default_factory=Limits)
    today: str = field(default_factory=lambda: datetime.date.today().isoformat())


def check_labels(request: Request) -> None:
    """Refuse versions that cannot be, or that are not there.

    Raises:
        InvalidInput: With each of them.
    """
    problems = Problems()
    if not _LABEL.match(request.label) or request.label == OVERLAYS:
        problems.add(
            Location("--api-version", 0),
            f"the version is called {quoted(request.label)}",
            "letters, digits, '.', '_' and '-', such as 2026-09",
            "correct --api-version",
        )
    if request.base is not None and not (request.specs / request.base).is_dir():
        folders = sorted(
            path.name
            for path in request.specs.glob("*")
            if path.is_dir() and path.name != OVERLAYS and not path.name.startswith(".")
        )
        problems.add(
            Location("--from-version", 0),
            f"no API version is called {quoted(request.base)}",
            f"one of {', '.join(folders)}" if folders else "a version in the specs folder",
            "choose one",
        )
    problems.raise_if_any()
