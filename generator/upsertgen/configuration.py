"""The settings of a run: `[tool.upsertgen]` of a `pyproject.toml`, and flags that override it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problem, quoted

SECTION = "tool.upsertgen"
_PATHS = frozenset(("specs", "output", "templates"))
_PACKAGE = re.compile(r"[a-z][a-z0-9_]*\Z")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?\Z")


@dataclass(frozen=True)
class Settings:
    """What a run reads, what it writes, and how the result is called.

    Attributes:
        specs: The folder with the spec files.
        output: The folder to write the distribution to.
        templates: A folder with templates that replace single ones of upsertgen.
        package: The import name of the generated package.
        distribution: The name of the generated distribution.
        distribution_version: Its version.
        description: One sentence about it.
        example: The object type that its README shows.
        jobs: How many processes format at once; by default as many as there are processors, at most 4.
    """

    specs: Path = Path("specs")
    output: Path = Path("generated")
    templates: Path | None = None
    package: str = "upsert_client"
    distribution: str = ""
    distribution_version: str = "0.1.0"
    description: str = "Typed clients for batch upserts."
    example: str | None = None
    jobs: int | None = None

    def with_flags(self, flags: Mapping[str, Any]) -> Settings:
        """Return the settings with those flags in place that were given."""
        return _checked(
            replace(self, **{key: value for key, value in flags.items() if value is not None}),
            "flags",
        )


def find_configuration(start: Path) -> Path | None:
    """Return the nearest `pyproject.toml`, in `start` or above, that has a `[tool.upsertgen]`."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and "upsertgen" in _toml(path).get("tool", {}):
            return path
    return None


def read_configuration(path: Path | None) -> Settings:
    """Return the settings of a `pyproject.toml`; its paths are relative to its folder.

    Args:
        path: The file, or nothing for the defaults.

    Raises:
        InvalidInput: The file is no TOML, or a setting is unknown or of a wrong type.
    """
    if path is None:
        return Settings()
    section = _toml(path).get("tool", {}).get("upsertgen", {})
    known = {one.name.replace("_", "-"): one for one in fields(Settings)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, value in section.items():
        expected: type = int if key == "jobs" else str
        if key not in known:
            problems.append(
                _problem(
                    path, f"the setting {quoted(key)} is not known", f"one of {', '.join(known)}"
                )
            )
        elif type(value) is not expected:
            name = "a whole number" if expected is int else "a string"
            problems.append(_problem(path, f"the setting {key} is {quoted(value)}", name))
        else:
            values[known[key].name] = (
                _relative(path.parent / str(value)) if key in _PATHS else value
            )
    if problems:
        raise InvalidInput(problems)
    return _checked(Settings(**values), str(path))


def _checked(settings: Settings, origin: str) -> Settings:
    settings = replace(
        settings, distribution=settings.distribution or settings.package.replace("_", "-")
    )
    checks = [
        ("package", _PACKAGE.match(settings.package), "a lower-case Python name"),
        (
            "distribution",
            _DISTRIBUTION.match(settings.distribution),
            "letters, digits, '-', '_' and '.'",
        ),
        (
            "distribution-version",
            _VERSION.match(settings.distribution_version),
            "a version such as 1.2.0",
        ),
        ("jobs", settings.jobs is None or 1 <= settings.jobs <= 64, "a number from 1 to 64"),
    ]
    wrong = [(key, expected) for key, holds, expected in checks if not holds]
    if wrong:
        raise InvalidInput(
            _problem(
                Path(origin),
                f"{key} is {quoted(getattr(settings, key.replace('-', '_')))}",
                expected,
            )
            for key, expected in wrong
        )
    return settings


def _relative(path: Path) -> Path:
    """Return a path as a person below the current folder would write it."""
    path = path.resolve()
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(
            [_problem(path, f"the file cannot be read ({error})", "a TOML file")]
        ) from None


def _problem(path: Path, wrong: str, expected: str) -> Problem:
    return Problem(Location(path.as_posix()), wrong, expected, f"correct [{SECTION}] or the flag")
