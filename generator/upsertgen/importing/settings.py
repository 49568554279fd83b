"""What an import is asked for: the settings of a project, and what one command line adds to them.

The settings stand in `[tool.upsertgen.import]` of a `pyproject.toml`, and flags override them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from upsertgen.configuration import read_toml
from upsertgen.errors import InvalidInput, Location, Problem, Problems, quoted
from upsertgen.importing.collection import Pattern
from upsertgen.importing.selection import EXPECTED, Selector
from upsertgen.importing.source import Limits
from upsertgen.inputs import NO_VERSIONS

SECTION = "tool.upsertgen.import"
OPERATION_ID = "operationId"
NAMES = (OPERATION_ID, "path")
"""Where operations may have their names from."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True)
class ImportSettings:
    """What to take from published documents, and what to call it.

    Attributes:
        select: What selects the operations that are imported: endings of paths, maybe behind a method; all
            where there are none.
        generic: Object types that keep the type as an argument.
        exclude: Patterns for documents to pass over.
        pattern: Where the documents of a collection lie.
        map: Constants by object type, for those that other versions do not tell or tell wrongly.
        type_parameter: The path parameter that names the object type; empty if none does.
        most_scopes: How many scopes of one scheme an operation may name; where a document lists more, any of
            them will do, and the spec names none.
        names: Where operations have their names from: their operationIds where these are good names, or their
            paths alone.
    """

    select: tuple[str, ...] = ()
    generic: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    pattern: str = "{version}/{type}"
    map: Mapping[str, str] = field(default_factory=dict)
    type_parameter: str = ""
    most_scopes: int = 8
    names: str = OPERATION_ID

    def with_flags(self, flags: Mapping[str, Any]) -> ImportSettings:
        """Return the settings with those flags in place that were given; `map` adds to the setting.

        Raises:
            InvalidInput: A flag has a value that it cannot have.
        """
        given = {key: value for key, value in flags.items() if value not in (None, (), {})}
        if "map" in given:
            given["map"] = {**self.map, **given["map"]}
        return _checked(replace(self, **given), "flags")


@dataclass(frozen=True)
class Request:
    """What to import, and how.

    Attributes:
        source: A file, folder or archive.
        label: The API version that it becomes.
        base: The version that it follows: where texts and names are carried over from.
        specs: The specs folder.
        settings: What to take from documents.
        drop: Object types of which something that was there before may be gone.
        complete: Whether everything else that was there before has to be.
        keep_texts: Whether published texts are kept.
        proven: Whether the specs have to be in order afterwards.
        limits: How much the source may be.
        today: The day of the import.
        object_type: What the object type of a single document is called; nothing for what its file is.
    """

    source: str
    label: str
    base: str | None = None
    specs: Path = Path("specs")
    settings: ImportSettings = field(default_factory=ImportSettings)
    drop: tuple[str, ...] = ()
    complete: bool = True
    keep_texts: bool = False
    proven: bool = True
    limits: Limits = field(default_factory=Limits)
    today: str = field(default_factory=lambda: datetime.date.today().isoformat())
    object_type: str | None = None

    def check_labels(self) -> None:
        """Refuse versions that cannot be, or that are not there.

        Raises:
            InvalidInput: With each of them.
        """
        problems = Problems()
        if not _LABEL.match(self.label) or self.label in NO_VERSIONS:
            problems.add(
                Location("--api-version", 0),
                f"the version is called {quoted(self.label)}",
                "letters, digits, '.', '_' and '-', such as 2026-09",
                "correct --api-version",
            )
        if self.base is not None and not (self.specs / self.base).is_dir():
            folders = sorted(
                path.name
                for path in self.specs.glob("*")
                if path.is_dir() and path.name not in NO_VERSIONS and not path.name.startswith(".")
            )
            problems.add(
                Location("--from-version", 0),
                f"no API version is called {quoted(self.base)}",
                f"one of {', '.join(folders)}" if folders else "a version in the specs folder",
                "choose one",
            )
        problems.raise_if_any()


def read_import_settings(path: Path | None) -> ImportSettings:
    """Return the import settings of a `pyproject.toml`.

    Args:
        path: The file, or nothing for the defaults.

    Raises:
        InvalidInput: The file is no TOML, or a setting is unknown or of a wrong type.
    """
    if path is None:
        return ImportSettings()
    origin = path.as_posix()
    section = read_toml(path).get("tool", {}).get("upsertgen", {}).get("import", {})
    if not isinstance(section, dict):
        raise InvalidInput([_problem(origin, f"{SECTION} is {quoted(section)}", "a table")])
    known = {one.name.replace("_", "-"): one.name for one in fields(ImportSettings)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            wrong, right = f"the setting {quoted(key)} is not known", f"one of {', '.join(known)}"
            problems.append(_problem(origin, wrong, right))
            continue
        expected = _expected(getattr(ImportSettings(), known[key]), value)
        if expected:
            problems.append(_problem(origin, f"the setting {key} is {quoted(value)}", expected))
        values[known[key]] = tuple(value) if isinstance(value, list) else value
    if problems:
        raise InvalidInput(problems)
    return _checked(ImportSettings(**values), origin)


def _expected(default: object, value: object) -> str:
    """Return what a setting has to be, if it is something else."""
    if isinstance(default, tuple):
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if fits else "a list of strings"
    if isinstance(default, dict):
        fits = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return "" if fits else "a table of strings"
    if type(value) is type(default):
        return ""
    return "a string" if isinstance(default, str) else "a whole number"


def _checked(settings: ImportSettings, origin: str) -> ImportSettings:
    problems = [_problem(origin, wrong, expected) for wrong, expected in _faults(settings)]
    if problems:
        raise InvalidInput(problems)
    Pattern(settings.pattern, origin)
    return settings


def _faults(settings: ImportSettings) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with settings, and what was expected."""
    for text in settings.select:
        if Selector.of(text) is None:
            yield f"select has {quoted(text)}", EXPECTED
    if settings.names not in NAMES:
        yield f"names is {quoted(settings.names)}", f"one of {', '.join(NAMES)}"
    if settings.type_parameter and not _NAME.match(settings.type_parameter):
        wrong = f"type-parameter is {quoted(settings.type_parameter)}"
        yield wrong, "the name of a path parameter"
    if settings.most_scopes < 1:
        yield f"most-scopes is {settings.most_scopes}", "a number from 1"


def _problem(origin: str, wrong: str, expected: str) -> Problem:
    return Problem(Location(origin), wrong, expected, f"correct [{SECTION}] or the flag")
