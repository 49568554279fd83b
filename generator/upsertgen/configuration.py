"""The settings of a run: `[tool.upsertgen]` of a `pyproject.toml`, and flags that override it."""

from __future__ import annotations

import errno
import keyword
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from upsertgen.errors import InvalidInput, Location, Problems, did_you_mean, quoted
from upsertgen.renames import Rename, is_version, read_renames

SECTION = "tool.upsertgen"
MOST_JOBS = 64
_TABLES = frozenset(("import", "properties"))
"""Tables below this one, which `upsertgen.importing.settings` and `upsertgen.properties.settings` read."""
_PACKAGE = "[a-z][a-z0-9_]*"
_DISTRIBUTION = "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_SINGLE_LINE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
"""A character that ends no line and moves no cursor."""
_PAGE_ADDRESS = r"https?://[A-Za-z0-9._~:/?%@-]*\{page\}[A-Za-z0-9._~/-]*"
_LONGEST_NAME = 100
_LONGEST_PATH = 1000
_LONGEST_DESCRIPTION = 512
"""Characters. Package indexes take no longer summary."""
_TAKEN = {
    *("httpcore2", "httpx2", "pydantic", "pydantic_core", "tenacity", "typing_extensions"),
    *("babel", "click", "dlt", "h11", "msgspec", "opentelemetry", "pyarrow", "pycurl", "pytest"),
    *("redis", "rich", "starlette", "yaml"),
}
"""What an emitted package imports itself, always or with an extra."""
_STANDARD_LIBRARY = sys.stdlib_module_names | {"annotationlib", "compression"}
"""With what a newer Python adds: which names are refused does not depend on the Python of a run."""
_WRONG_PLACES = {
    *(errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.EACCES, errno.EPERM),
    *(errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR),
}
"""What says that a folder is no place to write to, and not that its disk is full or broken."""
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")

_TEXT = "text in quotes"
_KINDS = {int: "a whole number", str: _TEXT, Path: _TEXT, bool: "true or false"}
"""What the value of a setting is in TOML, in words. One that is true or false is no flag."""

Locate = Callable[[str], Location]
"""Given a setting: where its value was given."""


def _flag(text: str, kind: type = str, *, shows: bool = False, **rules: object) -> dict[str, Any]:
    """Return what makes a setting a flag of the command line as well.

    Args:
        text: What --help says of it.
        kind: What its values are: `Path`, `str`, `int` or `bool`.
        shows: Whether it shows in the output.
        rules: What else the JSON Schema of a value says.
    """
    if kind is Path:
        rules |= {"pattern": f"^{_SINGLE_LINE}+$", "maxLength": _LONGEST_PATH}
    return {"help": text, "kind": kind, "shows": shows, "rules": rules}


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
        example: The object type that its README shows; by default one that has an example.
        fixture_prefix: How short names of its fixtures for pytest begin; by default there are none.
        docs_url: The address of a page, with `{page}` for its name, such as `classes/errors`.
        jobs: How many processes format at once; by default as many as there are processors, at most 4.
        renames: What became of public names that are not there any more.
        free_names: Whether public names may change from release to release; before 1.0 only.
        docs: Whether `generate` keeps the pages of documentation up to date, too.
    """

    specs: Path = field(
        default=Path("specs"),
        metadata=_flag("Folder with the spec files: VERSION/OBJECT.yaml and overlays/.", Path),
    )
    output: Path = field(
        default=Path("generated"), metadata=_flag("Folder to write the distribution to.", Path)
    )
    templates: Path | None = field(
        default=None,
        metadata=_flag("Folder with templates that replace single ones, by their path.", Path),
    )
    package: str = field(
        default="upsert_client",
        metadata=_flag(
            "Import name of the generated package.",
            shows=True,
            pattern=f"^{_PACKAGE}$",
            maxLength=_LONGEST_NAME,
        ),
    )
    distribution: str = field(
        default="",
        metadata=_flag(
            "Name of the generated distribution. [default: the package, with '-']",
            shows=True,
            pattern=f"^{_DISTRIBUTION}$",
            maxLength=_LONGEST_NAME,
        ),
    )
    distribution_version: str = field(
        default="0.1.0", metadata=_flag("Version of the generated distribution.", shows=True)
    )
    description: str = field(
        default="Typed clients for batch upserts.",
        metadata=_flag(
            "One sentence about the generated distribution.",
            shows=True,
            pattern=f"^{_SINGLE_LINE}*$",
            maxLength=_LONGEST_DESCRIPTION,
        ),
    )
    example: str | None = field(
        default=None,
        metadata=_flag(
            "Object type that the generated README shows. [default: the first]", shows=True
        ),
    )
    fixture_prefix: str | None = field(
        default=None,
        metadata=_flag(
            "How short names of its pytest fixtures begin. [default: only the package's]",
            shows=True,
            pattern=f"^{_PACKAGE}$",
            maxLength=_LONGEST_NAME,
        ),
    )
    docs_url: str | None = field(
        default=None,
        metadata=_flag(
            "Address of a page of its documentation, with {page} for its name; exceptions know theirs.",
            shows=True,
            pattern=f"^{_PAGE_ADDRESS}$",
            maxLength=_LONGEST_PATH,
        ),
    )
    jobs: int | None = field(
        default=None,
        metadata=_flag(
            "Processes that format at once. [default: one a processor, at most 4]",
            int,
            minimum=1,
            maximum=MOST_JOBS,
        ),
    )
    renames: tuple[Rename, ...] = ()
    free_names: bool = field(
        default=False,
        metadata=_flag(
            "Whether public names may change from release to release; before 1.0 only.", bool
        ),
    )
    docs: bool = field(
        default=False,
        metadata=_flag("Whether 'generate' writes the pages of documentation, too.", bool),
    )

    def with_flags(self, flags: Mapping[str, Any], path: Path | None = None) -> Settings:
        """Return the settings with those flags in place that were given, complete and checked.

        Args:
            flags: The value of each flag, by the name of its setting; nothing where it was not given.
            path: The file that the other values come from, if they come from one.

        Raises:
            InvalidInput: A setting has a wrong value.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        settings = replace(self, **given)
        if not settings.distribution:
            name = settings.package.replace("_", "-").strip("-")
            settings = replace(settings, distribution=name)
        _check(settings, lambda key: locate_given(path, flags, key))
        return settings


def find_configuration(start: Path) -> Path | None:
    """Return the nearest `pyproject.toml`, in `start` or above, that has a `[tool.upsertgen]`.

    Raises:
        InvalidInput: A `pyproject.toml` on the way is no TOML.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and _section(read_toml(path)) is not None:
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
    return settings.with_flags(flags or {}, path)


def has_client_settings(path: Path) -> bool:
    """Return whether a `pyproject.toml` asks for clients: its table holds not only properties.

    Raises:
        InvalidInput: It is no TOML, or cannot be read.
    """
    section = _section(read_toml(path))
    return not isinstance(section, dict) or section.keys() != {"properties"}


def _read_section(path: Path) -> dict[str, Any]:
    section = _section(read_toml(path))
    problems = Problems()
    if not isinstance(section, dict):
        problems.add(
            locate_setting(path, ""),
            f"there is no table [{SECTION}]" if section is None else f"[{SECTION}] is no table",
            f"the settings under [{SECTION}]",
            "add the table, or name another file with --config",
        )
        problems.raise_if_any()
        return {}
    known = {one.name.replace("_", "-"): one for one in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key in _TABLES:
            continue
        if key not in known:
            problems.add(
                locate_setting(path, key),
                f"the setting {quoted(key)} is not known",
                f"one of {', '.join(known)}",
                did_you_mean(key, known, "remove it"),
            )
        elif key == "renames":
            text = path.read_text("utf-8")
            values[key] = read_renames(value, text, locate_setting(path, key), problems)
        elif type(value) is not (str if (kind := known[key].metadata["kind"]) is Path else kind):
            problems.add(
                locate_setting(path, key),
                f"the setting {key} is {quoted(value)}",
                _KINDS[kind],
                "correct the value",
            )
        elif kind is Path and (expected := expected_path(str(value))):
            problems.add(
                locate_setting(path, key),
                f"the setting {key} is {quoted(value)}",
                expected,
                "correct the value",
            )
        else:
            name = known[key].name
            values[name] = shown_path(path.parent / str(value), key) if kind is Path else value
    problems.raise_if_any()
    return values


def _check(settings: Settings, locate: Locate) -> None:
    problems = Problems()
    package, distribution = settings.package, settings.distribution
    checks = [
        (
            "package",
            re.fullmatch(_PACKAGE, package) and not keyword.iskeyword(package),
            "a Python name in lower case, no keyword",
        ),
        (
            "package",
            package not in _STANDARD_LIBRARY and package not in _TAKEN,
            "another name than those of Python's own modules and of what the package imports",
        ),
        ("package", len(package) <= _LONGEST_NAME, f"at most {_LONGEST_NAME} characters"),
        (
            "distribution",
            re.fullmatch(_DISTRIBUTION, distribution),
            "letters, digits, '-', '_' and '.'",
        ),
        (
            "distribution",
            re.sub(r"[-_.]+", "_", distribution).lower() not in _TAKEN,
            "another name than those of the distributions that it needs",
        ),
        ("distribution", len(distribution) <= _LONGEST_NAME, f"at most {_LONGEST_NAME} characters"),
        (
            "description",
            re.fullmatch(f"{_SINGLE_LINE}*", settings.description)
            and len(settings.description) <= _LONGEST_DESCRIPTION,
            f"one line of at most {_LONGEST_DESCRIPTION} characters",
        ),
        (
            "distribution-version",
            is_version(settings.distribution_version),
            "a version such as 1.2.0",
        ),
        (
            "fixture-prefix",
            settings.fixture_prefix is None
            or (
                len(settings.fixture_prefix) <= _LONGEST_NAME
                and re.fullmatch(_PACKAGE, settings.fixture_prefix)
            ),
            f"lower-case letters, digits and '_', at most {_LONGEST_NAME}",
        ),
        (
            "jobs",
            settings.jobs is None or 1 <= settings.jobs <= MOST_JOBS,
            f"a number from 1 to {MOST_JOBS}",
        ),
        (
            "docs-url",
            settings.docs_url is None or re.fullmatch(_PAGE_ADDRESS, settings.docs_url),
            "an address with {page} for the name of a page: https://example.com/docs/{page}.html",
        ),
        (
            "free-names",
            not settings.free_names
            or not is_version(settings.distribution_version)
            or Version(settings.distribution_version).major == 0,
            "false from distribution-version 1.0 on",
        ),
    ]
    for key, holds, expected in checks:
        if not holds:
            value = getattr(settings, key.replace("-", "_"))
            problems.add(locate(key), f"{key} is {quoted(value)}", expected, "correct it")
    for key in ("specs", "output", "templates"):
        folder: Path | None = getattr(settings, key)
        if folder is not None and (expected := expected_path(folder.as_posix())):
            wrong = f"{key} is {quoted(folder.as_posix())}"
            problems.add(locate(key), wrong, expected, "correct it")
    problems.raise_if_any()
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


def expected_path(text: str) -> str:
    """Return what a path of the settings has to be, if a text is something else; empty if it will do."""
    if not re.fullmatch(f"{_SINGLE_LINE}+", text):
        return "a path without control characters"
    if len(text) > _LONGEST_PATH or any(len(one.encode()) > 255 for one in text.split("/")):
        return f"at most {_LONGEST_PATH} characters, and 255 bytes between two '/'"
    return ""


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def with_setting(pyproject: bytes, key: str, value: str) -> bytes:
    """Return a `pyproject.toml` with another value of a setting of `[tool.upsertgen]`, which it has.

    Args:
        pyproject: The file, whose comments, layout and ends of lines stay what they are.
        key: The setting.
        value: Its value.
    """
    import tomlkit

    document: Any = tomlkit.parse(pyproject.decode())
    document["tool"]["upsertgen"][key] = value
    return tomlkit.dumps(document).encode()


def locate_given(path: Path | None, flags: Mapping[str, Any], key: str) -> Location:
    """Return where the value of a setting was given.

    Args:
        path: The `pyproject.toml`, if there is one.
        flags: The value of each flag, by the name of its setting; nothing where it was not given.
        key: The setting.
    """
    if path is None or flags.get(key.replace("-", "_")) is not None:
        return Location(f"--{key}", 0)
    return locate_setting(path, key)


def unwritable(error: OSError, folder: Path, location: Location) -> Exception:
    """Return what to raise where a folder of the settings cannot be written.

    Args:
        error: What the system says.
        folder: The folder.
        location: Where its setting was given.

    Returns:
        `InvalidInput` with that place if the folder is no place to write to, and else an `OSError`: where
        a disk is full, no other value of the setting is better.
    """
    where, why = folder.as_posix(), error.strerror or str(error)
    # What stands in the way may be one of the folders below.
    why += f": {error.filename}" if error.filename and Path(error.filename) != folder else ""
    if error.errno not in _WRONG_PLACES:
        return OSError(f"{where} cannot be written: {why}. It is as it was")
    return InvalidInput.at(
        location,
        f"the folder {quoted(where)} cannot be written: {why}",
        "a folder that is there or can be made, and may be written",
        "choose another folder",
    )


def shown_path(path: Path, key: str) -> Path:
    """Return a path of the settings as a person below the current folder would write it.

    A symlink in the output's place stays one, for the run to refuse.
    """
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


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a `pyproject.toml` holds.

    Raises:
        InvalidInput: It is no TOML, or cannot be read.
    """
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
    raise InvalidInput.at(location, wrong, "a pyproject.toml", mend) from None


def _section(data: Mapping[str, Any]) -> Any:
    """Return what stands under [tool.upsertgen], or nothing."""
    tool = data.get("tool")
    return tool.get("upsertgen") if isinstance(tool, dict) else None


def locate_setting(path: Path, key: str, section: str = SECTION) -> Location:
    """Return where a setting stands, or the head of its table, as far as a look at the lines can tell.

    Args:
        path: The `pyproject.toml`.
        key: The setting; empty for the table itself.
        section: The table.
    """
    shown = _relative(path).as_posix()
    place = Location(shown)
    inside = False
    setting = re.compile(rf"""\s*(["']?){re.escape(key)}\1\s*=""")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = line.strip().removeprefix("[").partition("]")[0].strip() == section
            place = Location(shown, number) if inside else place
        elif inside and key and setting.match(line):
            return Location(shown, number)
    return place
