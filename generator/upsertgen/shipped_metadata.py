"""What a project says of a generated package that it ships: what that needs, its command and its plugin.

The template of the generated `pyproject.toml` is the one place where it stands. From there a project that
ships the package takes it over (`upsertgen.hatch_hook`), beside what is its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from upsertgen.configuration import Settings, locate_setting
from upsertgen.emit.templates import Templates
from upsertgen.errors import Problems, did_you_mean, quoted

FIELDS = ("dependencies", "optional-dependencies", "scripts", "entry-points")
"""The fields of `[project]` that a generated package has a part in."""

HOOK = "tool.hatch.metadata.hooks.upsertgen"
"""The table that asks for these fields, and holds what is the project's own in them."""

_EXPECTED = f"what stands in these fields of [project]: {', '.join(FIELDS)}"


def generated_metadata(settings: Settings) -> dict[str, Any]:
    """Return these fields as the distribution that `upsertgen generate` emits has them.

    Raises:
        InvalidInput: A spec, an overlay or a template is wrong.
    """
    from upsertgen.diff.sources import understand_folder
    from upsertgen.emit.files import Files

    api = understand_folder(settings.specs).corrected
    return fields_of(Files(api, Templates(settings.templates), settings).pyproject().text)


def fields_of(pyproject: str) -> dict[str, Any]:
    """Return these fields of the text of a `pyproject.toml`, as far as they are there."""
    project = tomllib.loads(pyproject)["project"]
    return {name: project[name] for name in FIELDS if name in project}


def shipped_metadata(
    configuration: Path, own: Mapping[str, Any], dynamic: list[str], settings: Settings | None
) -> dict[str, Any]:
    """Return the fields that a project leaves to the hook: what is its own, and what the package needs.

    Args:
        configuration: The `pyproject.toml` of the project.
        own: The table `HOOK`.
        dynamic: The fields that the project does not state.
        settings: What the package is made from; nothing if the project ships none.

    Raises:
        InvalidInput: The table is wrong, or what the package is made from.
    """
    _check(configuration, own, dynamic)
    generated = generated_metadata(settings) if settings is not None else {}
    problems = Problems()
    found: dict[str, Any] = {}
    for field in FIELDS:
        if field in dynamic:
            ours, theirs = own.get(field), generated.get(field)
            if field == "dependencies":
                found[field] = _requirements(ours or [], theirs or [])
            elif field == "optional-dependencies":
                extras = {**(theirs or {}), **(ours or {})}
                found[field] = {
                    name: _requirements((ours or {}).get(name, []), (theirs or {}).get(name, []))
                    for name in sorted(extras)
                }
            elif field == "scripts":
                found[field] = _named(configuration, ours or {}, theirs or {}, problems)
            else:
                groups = {**(theirs or {}), **(ours or {})}
                found[field] = {
                    name: _named(
                        configuration,
                        (ours or {}).get(name, {}),
                        (theirs or {}).get(name, {}),
                        problems,
                    )
                    for name in groups
                }
    problems.raise_if_any()
    return found


def missing_metadata(declared: Mapping[str, Any], generated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a project that ships a generated package does not say of it, by field.

    Args:
        declared: The fields of the project.
        generated: The fields as the distribution of the package alone has them.
    """
    extras = {canonicalize_name(name): held for name, held in _of(declared, FIELDS[1]).items()}
    groups = {"scripts": _of(declared, "scripts"), **_of(declared, "entry-points")}

    def lacking(group: str, wanted: Mapping[str, str]) -> dict[str, str]:
        # A command may be called otherwise; what it starts is what counts.
        held = set(groups.get(group, {}).values())
        return {name: value for name, value in wanted.items() if value not in held}

    plugins = {
        name: lacking(name, wanted) for name, wanted in _of(generated, "entry-points").items()
    }
    found = {
        "dependencies": _lacking(
            declared.get("dependencies", []), generated.get("dependencies", [])
        ),
        "optional-dependencies": {
            name: added
            for name, wanted in _of(generated, "optional-dependencies").items()
            if (added := _lacking(extras.get(canonicalize_name(name), []), wanted))
        },
        "scripts": lacking("scripts", _of(generated, "scripts")),
        "entry-points": {name: wanted for name, wanted in plugins.items() if wanted},
    }
    return {field: value for field, value in found.items() if value}


def as_project(fields: Mapping[str, Any]) -> str:
    """Return fields as a person would write them into `[project]`."""
    return tomlkit.dumps({"project": dict(fields)}).strip()


def _of(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return fields.get(name) or {}


def _check(configuration: Path, own: Mapping[str, Any], dynamic: list[str]) -> None:
    problems = Problems()
    for key, value in own.items():
        place = locate_setting(configuration, key, HOOK)
        if key not in FIELDS:
            mend = did_you_mean(key, FIELDS, "remove it")
            problems.add(place, f"[{HOOK}] has no {quoted(key)}", _EXPECTED, mend)
        elif key not in dynamic:
            problems.add(
                place,
                f"{key} stands here, and is not dynamic",
                f"a field that 'dynamic' in [project] lists, such as dynamic = {quoted([key])}",
                "list it there, or move it to [project]",
            )
        elif not _has_form(key, value):
            problems.add(place, f"{key} has another form", _EXPECTED, "write it as there")
    problems.raise_if_any()


def _has_form(field: str, value: object) -> bool:
    if field == "dependencies":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not isinstance(value, dict):
        return False
    inner = {"optional-dependencies": list, "scripts": str, "entry-points": dict}[field]
    return all(isinstance(one, inner) for one in value.values())


def _requirements(own: list[str], generated: list[str]) -> list[str]:
    """Return all requirements; what both have is said twice, so that both hold."""
    return [*own, *(one for one in generated if one not in own)]


def _lacking(declared: list[str], wanted: list[str]) -> list[str]:
    known = {canonicalize_name(Requirement(one).name) for one in declared}
    return [one for one in wanted if canonicalize_name(Requirement(one).name) not in known]


def _named(
    configuration: Path,
    own: Mapping[str, str],
    generated: Mapping[str, str],
    problems: Problems,
) -> dict[str, str]:
    for name in own.keys() & generated.keys():
        if own[name] != generated[name]:
            problems.add(
                locate_setting(configuration, name, HOOK),
                f"{quoted(name)} is a name of the project's own and of the generated package",
                f"another name than that of {generated[name]}",
                "rename it, or set 'distribution' in [tool.upsertgen], after which the command is called",
            )
    return {**own, **generated}
