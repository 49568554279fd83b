"""What to make types of: `[tool.upsertgen.properties]` of a `pyproject.toml`, and flags that override it."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from upsertgen.configuration import expected_path, locate_setting, read_toml, shown_path
from upsertgen.errors import InvalidInput, Location, Problems, did_you_mean, quoted
from upsertgen.file_names import name_fault

SECTION = "tool.upsertgen.properties"


@dataclass(frozen=True)
class PropertySettings:
    """What to read and where to write.

    Attributes:
        files: The files of properties: paths, patterns such as `properties/*.yaml`, or folders.
        output: The module to write.
        keys: The property that finds the records of an object type, by object type.
        path: The `pyproject.toml` that they come from, if they do.
    """

    files: tuple[str, ...] = ()
    output: Path | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)

    def with_flags(
        self, files: tuple[str, ...], output: Path | None, keys: Mapping[str, str]
    ) -> PropertySettings:
        """Return the settings with those flags in place that were given; `keys` add to the setting.

        Raises:
            InvalidInput: There are no files or no output, or the output cannot be a module.
        """
        settings = replace(
            self,
            files=files or self.files,
            output=output or self.output,
            keys={**self.keys, **keys},
        )
        problems = Problems()
        if not settings.files:
            problems.add(
                Location("FILES", 0),
                "no file of properties is named",
                f"files such as properties/*.yaml, or files in [{SECTION}]",
                "name them",
            )
        if settings.output is None:
            problems.add(
                Location("--output", 0),
                "no module to write is named",
                f"--output with a path such as my_app/crm_types.py, or output in [{SECTION}]",
                "name it",
            )
        elif settings.output.suffix != ".py" or name_fault(settings.output.name):
            fault = name_fault(settings.output.name)
            problems.add(
                Location("--output", 0) if output else self.locate("output"),
                f"the output is {quoted(settings.output.as_posix())}{f', and {fault}' if fault else ''}",
                "a Python module, such as my_app/crm_types.py",
                "correct it",
            )
        problems.raise_if_any()
        return replace(settings, path=None if keys else self.path)

    def locate(self, key: str) -> Location:
        """Return where a setting was given, as far as that is known."""
        if self.path is None:
            return Location(f"--{key.removesuffix('s')}", 0)
        return locate_setting(self.path, key, SECTION)


def read_property_settings(path: Path | None) -> PropertySettings:
    """Return the settings of a `pyproject.toml`, to whose folder its paths are relative.

    Args:
        path: The file, or nothing for the defaults.

    Raises:
        InvalidInput: The file is no TOML, or a setting is unknown or of a wrong type.
    """
    if path is None:
        return PropertySettings()
    section = read_toml(path).get("tool", {}).get("upsertgen", {}).get("properties", {})
    problems = Problems()
    if not isinstance(section, dict):
        wrong = f"{SECTION} is {quoted(section)}"
        raise InvalidInput.at(Location(path.as_posix()), wrong, "a table", f"write [{SECTION}]")
    known = [one.name for one in fields(PropertySettings) if one.name != "path"]
    values: dict[str, Any] = {}
    for key, value in section.items():
        expected = _expected(key, value)
        if key not in known:
            problems.add(
                locate_setting(path, key, SECTION),
                f"the setting {quoted(key)} is not known",
                f"one of {', '.join(known)}",
                did_you_mean(key, known, "remove it"),
            )
        elif expected:
            problems.add(
                locate_setting(path, key, SECTION),
                f"the setting {key} is {quoted(value)}",
                expected,
                "correct the value",
            )
        elif key == "output":
            values[key] = shown_path(path.parent / value, key)
        elif key == "files":
            folder = shown_path(path.parent, key).as_posix()
            # What stands in the name of the folder is no pattern.
            values[key] = tuple((Path(glob.escape(folder)) / one).as_posix() for one in value)
        else:
            values[key] = value
    problems.raise_if_any()
    return PropertySettings(**values, path=path)


def has_property_settings(path: Path) -> bool:
    """Return whether a `pyproject.toml` has a `[tool.upsertgen.properties]`."""
    return "properties" in read_toml(path).get("tool", {}).get("upsertgen", {})


def _expected(key: str, value: object) -> str:
    """Return what a setting has to be, if it is something else."""
    if key == "output":
        return expected_path(value) if isinstance(value, str) else "text in quotes"
    if key == "files":
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return next(filter(None, map(expected_path, value)), "")
        return 'a list of texts, such as ["properties/*.yaml"]'
    if key == "keys":
        fits = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return "" if fits else 'a table of texts, such as { contacts = "email" }'
    return ""
