"""What specs/ holds: versions, object types and operations. No test lists them; new ones are tested too."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml
from upsertgen.inputs import NO_VERSIONS
from upsertgen.ir.names import module_name, package_name, version_order

SPECS = Path(__file__).parent.parent / "specs"
LABELS = sorted(
    {path.parent.name for path in SPECS.glob("*/*.yaml")} - NO_VERSIONS, key=version_order
)
"""The API versions as their folders call them, oldest first."""

OLDEST, NEWEST = LABELS[0], LABELS[-1]


class Operation(NamedTuple):
    """An operation of a spec.

    Attributes:
        version: The label of its API version.
        object_type: The client's attribute.
        name: The method's name.
        method: The HTTP method.
        path: Its path, in which parameters with one allowed value are filled in.
        parameters: The schema of each path parameter that is left, by its name in the path.
    """

    version: str
    object_type: str
    name: str
    method: str
    path: str
    parameters: dict[str, Any]


def _package(label: str) -> ModuleType:
    name = f"hubspot_upsert.{package_name(label)}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"generated/ has no package {name} for specs/{label}; run 'make' to generate it"
        ) from error


def _operations() -> list[Operation]:
    return [
        _operation(file, path, method, operation)
        for label in LABELS
        for file in sorted((SPECS / label).glob("*.yaml"))
        for path, item in yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)[
            "paths"
        ].items()
        for method, operation in item.items()
    ]


def _operation(file: Path, path: str, method: str, operation: dict[str, Any]) -> Operation:
    parameters = {one["name"]: one["schema"] for one in operation.get("parameters", ())}
    for name, schema in list(parameters.items()):
        if len(schema.get("enum", ())) == 1:
            path = path.replace(f"{{{name}}}", schema["enum"][0])
        if f"{{{name}}}" not in path:
            del parameters[name]
    return Operation(
        file.parent.name,
        module_name(file.stem.partition(".")[0]),
        operation["operationId"],
        method.upper(),
        path,
        parameters,
    )


PACKAGES: dict[str, ModuleType] = {label: _package(label) for label in LABELS}
"""The package of each version, by its label, oldest first."""

OPERATIONS = _operations()
"""All operations of all versions, as their specs publish them."""


def object_types(label: str) -> set[str]:
    """Return the object types of a version, as the client calls them."""
    return {one.object_type for one in OPERATIONS if one.version == label}


def attributes(version: ModuleType) -> list[str]:
    """Return the object types that the client of a version has."""
    members: dict[str, object] = vars(version.Client)
    return [name for name, member in members.items() if isinstance(member, cached_property)]
