"""The settings of an import: `[tool.upsertgen.import]` of a `pyproject.toml`, and flags that override it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.importing.patterns import Pattern

SECTION = "tool.upsertgen.import"
DEFAULT_PATTERN = "Rollouts/{rollout}/{version}/{type}"

_SUFFIX = re.compile(r"/?[^/{}\s]+(/[^/{}\s]+)*/?\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True)
class ImportSettings:
    """What to take from published documents, and what to call it.

    Attributes:
        select: Endings of the paths whose operations are imported.
        generic: Object types that keep the type as an argument.
        exclude: Patterns for documents to pass over.
        pattern: Where the documents of a collection lie.
        map: Constants by object type, for those that other versions do not tell or tell wrongly.
        type_parameter: The path parameter that names the object type.
        most_scopes: How many scopes of one scheme an operation may name; where a document lists more, any of
            them will do, and the spec names none.
    """

    select: tuple[str, ...] = ("batch/upsert",)
    generic: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    pattern: str = DEFAULT_PATTERN
    map: Mapping[str, str] = field(default_factory=dict)
    type_parameter: str = "objectType"
    most_scopes: int = 8

    def with_flags(self, flags: Mapping[str, Any]) -> ImportSettings:
        """Return the settings with those flags in place that were given; `map` adds to the setting.

        Raises:
            InvalidInput: A flag has a value that it cannot have.
        """
        given = {key: value for key, value in flags.items() if value not in (None, (), {})}
        if "map" in given:
            given["map"] = {**self.map, **given["map"]}
        return _checked(replace(self, **given), "flags")


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
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(
            [_problem(origin, f"the file cannot be read ({error})", "a TOML file")]
        ) from None
    section = data.get("tool", {}).get("upsertgen", {}).get("import", {})
    if not isinstance(section, dict):
        raise InvalidInput([_problem(origin, f"{SECTION} is {quoted(section)}", "a table")])
    known = {one.name.replace("_", "-"): one.name for one in fields(ImportSettings)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, value in section.items():
        expected = _EXPECTED.get(key)
        if expected is None:
            wrong, right = f"the setting {quoted(key)} is not known", f"one of {', '.join(known)}"
            problems.append(_problem(origin, wrong, right))
        elif not _fits(value, expected):
            problems.append(_problem(origin, f"the setting {key} is {quoted(value)}", expected))
        else:
            values[known[key]] = tuple(value) if isinstance(value, list) else value
    if problems:
        raise InvalidInput(problems)
    return _checked(ImportSettings(**values), origin)


_TEXT, _TEXTS = "a string", "a list of strings"
_TABLE, _COUNT = "a table of strings", "a whole number"
_EXPECTED = {
    "select": _TEXTS,
    "generic": _TEXTS,
    "exclude": _TEXTS,
    "pattern": _TEXT,
    "map": _TABLE,
    "type-parameter": _TEXT,
    "most-scopes": _COUNT,
}


def _fits(value: object, expected: str) -> bool:
    if expected == _TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if expected == _TABLE:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return type(value) is (str if expected == _TEXT else int)


def _checked(settings: ImportSettings, origin: str) -> ImportSettings:
    problems: list[Problem] = []
    if not settings.select:
        problems.append(_problem(origin, "select is empty", "at least one ending of a path"))
    for suffix in settings.select:
        if not _SUFFIX.match(suffix):
            wrong = f"select has {quoted(suffix)}"
            problems.append(_problem(origin, wrong, "the end of a path, such as batch/upsert"))
    if not _NAME.match(settings.type_parameter):
        wrong = f"type-parameter is {quoted(settings.type_parameter)}"
        problems.append(_problem(origin, wrong, "the name of a path parameter"))
    if settings.most_scopes < 1:
        wrong = f"most-scopes is {settings.most_scopes}"
        problems.append(_problem(origin, wrong, "a number from 1"))
    if problems:
        raise InvalidInput(problems)
    Pattern(settings.pattern, origin)
    return settings


def _problem(origin: str, wrong: str, expected: str) -> Problem:
    return Problem(Location(origin), wrong, expected, f"correct [{SECTION}] or the flag")
