"""The settings of a run: `[tool.upsertgen]` of a `pyproject.toml`, and flags that override it."""

from __future__ import annotations

import difflib
import keyword
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problem, Problems, quoted
from upsertgen.lock.declarations import Rename, read_renames

SECTION = "tool.upsertgen"
MOST_JOBS = 64
_TABLES = frozenset(("import",))
"""Tables below this one, which `upsertgen.importing.settings` reads."""
_PATHS = frozenset(("specs", "output", "templates"))
_PACKAGE = re.compile(r"[a-z][a-z0-9_]*\Z")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?\Z")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")

Locate = Callable[[str], Location]
"""Given a setting: where its value was given."""


@dataclass(frozen=True)
class Settings:
    """What a run reads, what it writes, and how the result is called.

    Attributes:
        specs: The folder with the spec files.
        output: The folder to write the distribution to.
        templates: A folder with templates that replace single ones of upsertgen.
        package: The import name of the generated package.
        distribution: The name of the generated distribution; by default that of the package, with `-`.
        distribution_version: Its version.
        description: One sentence about it.
        example: The object type that its README shows; by default the first that has an example.
        jobs: How many processes format at once; by default as many as there are processors, at most 4.
        renames: What became of public names that are not there any more.
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
    renames: tuple[Rename, ...] = ()

    def with_flags(self, flags: Mapping[str, Any]) -> Settings:
        """Return the settings with those flags in place that were given, complete and checked.

        Args:
            flags: The value of each flag, by the name of its setting; nothing where it was not given.

        Raises:
            InvalidInput: A setting has a wrong value.
        """
        return self._with(flags, None)

    def _with(self, flags: Mapping[str, Any], path: Path | None) -> Settings:
        given = {name: value for name, value in flags.items() if value is not None}
        settings = replace(self, **given)
        if not settings.distribution:
            settings = replace(settings, distribution=settings.package.replace("_", "-"))

        def locate(key: str) -> Location:
            if path is None or key.replace("-", "_") in given:
                return Location(f"--{key}", 0)
            return _locate(path, key)

        _check(settings, locate)
        return settings


def find_configuration(start: Path) -> Path | None:
    """Return the nearest `pyproject.toml`, in `start` or above, that has a `[tool.upsertgen]`.

    Raises:
        InvalidInput: A `pyproject.toml` on the way is no TOML.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and _section(_toml(path)) is not None:
            return path
    return None


def read_configuration(path: Path | None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of a `pyproject.toml` with those flags in place that were given.

    Args:
        path: The file, to whose folder its paths are relative; nothing for the defaults.
        flags: The value of each flag, by the name of its setting; nothing where it was not given.

    Raises:
        InvalidInput: The file is no TOML, or a setting is unknown or has a wrong value.
    """
    settings = Settings(**_read_section(path)) if path is not None else Settings()
    return settings._with(flags or {}, path)


def _read_section(path: Path) -> dict[str, Any]:
    section = _section(_toml(path))
    problems = Problems()
    if not isinstance(section, dict):
        problems.add(
            _locate(path, ""),
            f"there is no table [{SECTION}]" if section is None else f"[{SECTION}] is no table",
            f"the settings under [{SECTION}]",
            "add the table, or name another file with --config",
        )
        problems.raise_if_any()
        return {}
    known = {one.name.replace("_", "-"): one.name for one in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key in _TABLES:
            continue
        expected: type = int if key == "jobs" else str
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            problems.add(
                _locate(path, key),
                f"the setting {quoted(key)} is not known",
                f"one of {', '.join(known)}",
                f"did you mean {quoted(near[0])}?" if near else "remove it",
            )
        elif key == "renames":
            text = path.read_text("utf-8")
            values[key] = read_renames(value, text, _locate(path, key), problems)
        elif type(value) is not expected:
            problems.add(
                _locate(path, key),
                f"the setting {key} is {quoted(value)}",
                "a whole number" if expected is int else "text in quotes",
                "correct the value",
            )
        else:
            values[known[key]] = _place(path.parent / str(value), key) if key in _PATHS else value
    problems.raise_if_any()
    return values


def _check(settings: Settings, locate: Locate) -> None:
    problems = Problems()
    package = settings.package
    checks = [
        ("package", _PACKAGE.match(package) and not keyword.iskeyword(package), "a Python name"),
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
        (
            "jobs",
            settings.jobs is None or 1 <= settings.jobs <= MOST_JOBS,
            f"a number from 1 to {MOST_JOBS}",
        ),
    ]
    for key, holds, expected in checks:
        if not holds:
            value = getattr(settings, key.replace("-", "_"))
            problems.add(
                locate(key),
                f"{key} is {quoted(value)}",
                f"{expected} in lower case, no keyword" if key == "package" else expected,
                "correct it",
            )
    output = settings.output.resolve()
    for key, folder in (("specs", settings.specs), ("templates", settings.templates)):
        if folder is not None and _overlap(output, folder.resolve()):
            problems.add(
                locate("output"),
                f"the output folder {quoted(settings.output.as_posix())} and the {key} folder "
                f"{quoted(folder.as_posix())} contain each other",
                "a folder of its own for the output",
                "choose another output folder",
            )
    problems.raise_if_any()


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def _place(path: Path, key: str) -> Path:
    """Return a path of the settings. A symlink in the output's place stays one, for the run to refuse."""
    if key == "output" and path.name != ".." and path.is_symlink():
        return _relative(path.parent) / path.name
    return _relative(path)


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
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (1, 1)
        location = Location(_relative(path).as_posix(), line, column)
        wrong = f"this is not TOML: {_TOML_PLACE.sub('', str(error))}"
        mend = "correct the syntax"
    except UnicodeDecodeError:
        location = Location(_relative(path).as_posix())
        wrong, mend = "this is not UTF-8", "save it as UTF-8"
    except OSError as error:
        location = Location(path.as_posix())
        wrong, mend = f"the file cannot be read: {error.strerror}", "correct --config"
    raise InvalidInput([Problem(location, wrong, "a pyproject.toml", mend)]) from None


def _section(data: Mapping[str, Any]) -> Any:
    """Return what stands under [tool.upsertgen], or nothing."""
    tool = data.get("tool")
    return tool.get("upsertgen") if isinstance(tool, dict) else None


def _locate(path: Path, key: str) -> Location:
    """Return where a setting stands, or the head of its table, as far as a look at the lines can tell."""
    shown = _relative(path).as_posix()
    place = Location(shown)
    inside = False
    setting = re.compile(rf"""\s*(["']?){re.escape(key)}\1\s*=""")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = line.strip().removeprefix("[").partition("]")[0].strip() == SECTION
            place = Location(shown, number) if inside else place
        elif inside and key and setting.match(line):
            return Location(shown, number)
    return place
