"""What the specs that are there already know: constants, names, order and shared bodies of other versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from upsertgen.errors import Problems
from upsertgen.importing.grammar import Object
from upsertgen.importing.naming import SHARED, is_numeric, is_version
from upsertgen.importing.reduction import METHODS, PLACEHOLDER
from upsertgen.inputs import OVERLAYS, SPEC_ENDINGS
from upsertgen.ir.names import version_order
from upsertgen.spec_file import spec_text
from upsertgen.specs.yaml_reader import read_yaml


@dataclass(frozen=True)
class KnownSpec:
    """One spec file.

    Attributes:
        path: The file.
        data: Its data.
        node: The same as YAML nodes.
    """

    path: Path
    data: Object
    node: yaml.Node


class KnownSpecs:
    """The versions of a specs folder, as their files stand: no overlay is applied.

    Attributes:
        versions: The spec files of each version, by the name of the file.
        base: Those of the version that is followed.

    Args:
        folder: The specs folder; it need not exist.
        label: The version that is imported.
        base: The version that it follows, if one is named.

    Raises:
        InvalidInput: A file cannot be read.
    """

    def __init__(self, folder: Path, label: str, base: str | None) -> None:
        self.versions: dict[str, dict[str, KnownSpec]] = {}
        problems = Problems()
        for path in sorted(folder.glob("*/*")):
            if path.suffix not in SPEC_ENDINGS or path.name.startswith("."):
                continue
            if path.parent.name == OVERLAYS or path.is_dir():
                continue
            parsed = read_yaml(spec_text(path, folder), path.as_posix(), problems)
            if parsed is not None:
                self.versions.setdefault(path.parent.name, {})[path.stem] = KnownSpec(path, *parsed)
        problems.raise_if_any()
        self._label = label
        # Without a version before it, a version follows itself: its names and its order stay.
        self._base_label = base or label
        self.base: dict[str, KnownSpec] = self.versions.get(self._base_label, {})
        others = sorted((one for one in self.versions if one != label), key=version_order)
        preferred = [base] if base in self.versions and base is not None else []
        # What is imported now may have been imported before; it is asked last, because it may be what
        # is to be mended.
        self._order = list(dict.fromkeys([*preferred, *reversed(others), label]))

    @property
    def present(self) -> dict[str, KnownSpec]:
        """What the version consists of now."""
        return self.versions.get(self._label, {})

    @property
    def shared_names(self) -> set[str]:
        """The names of the schemas that some version keeps in its shared file."""
        names: set[str] = set()
        for files in self.versions.values():
            if SHARED in files:
                names.update(section(files[SHARED].data, "schemas"))
        return names

    def constant(self, type_name: str, from_end: int) -> str | None:
        """Return what other versions have in the place of a path where a type stands.

        A literal part of a path was published; the only value of a parameter may have been guessed when an
        earlier version was imported, so it counts less.

        Args:
            type_name: The object type.
            from_end: Which part of the path, counted from its end.
        """
        guessed: str | None = None
        for version in self._order:
            for path, parameters in self._paths(version, type_name):
                segments = path.strip("/").split("/")
                if len(segments) < from_end:
                    continue
                segment = segments[-from_end]
                placeholder = PLACEHOLDER.fullmatch(segment)
                if placeholder is not None:
                    guessed = guessed or only_value(parameters, placeholder[1])
                elif not is_version(segment):
                    return segment
        return guessed

    def type_of_constant(self, constant: str) -> str | None:
        """Return the object type that stands behind an id in some version."""
        for version in self._order:
            for name in self.versions.get(version, {}):
                for path, parameters in self._paths(version, name):
                    values = {only_value(parameters, one) for one in PLACEHOLDER.findall(path)}
                    if not is_numeric(name) and constant in {*path.split("/"), *values}:
                        return name
        return None

    def operation_name(self, type_name: str, path: str, method: str) -> str | None:
        """Return what the version before calls the same operation: paths differ in the version only."""
        for known_path, known_method, operation in operations(_data(self.base, type_name)):
            same = _without(known_path, self._base_label) == _without(path, self._label)
            if same and known_method == method:
                name = operation.get("operationId")
                return name if isinstance(name, str) else None
        return None

    def servers(self) -> list[str]:
        """Return the servers of the version before."""
        for name, spec in self.base.items():
            servers = spec.data.get("servers")
            if name != SHARED and isinstance(servers, list):
                return [one["url"] for one in servers if isinstance(one, dict) and "url" in one]
        return []

    def _paths(self, version: str, type_name: str) -> Iterator[tuple[str, Iterable[Any]]]:
        for path, _, operation in operations(_data(self.versions.get(version, {}), type_name)):
            yield path, operation.get("parameters") or ()


def operations(data: Object) -> Iterator[tuple[str, str, Object]]:
    """Yield path, method and operation of a document."""
    paths = data.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield path, method, item[method]


def _data(files: dict[str, KnownSpec], name: str) -> Object:
    return files[name].data if name in files else {}


def section(data: Object, name: str) -> Object:
    """Return one section of the components of a document."""
    components = data.get("components")
    found = components.get(name) if isinstance(components, dict) else None
    return found if isinstance(found, dict) else {}


def only_value(parameters: Iterable[Any], name: str) -> str | None:
    """Return the only value that a path parameter can have, if there is but one."""
    for parameter in parameters:
        if isinstance(parameter, dict) and parameter.get("name") == name:
            schema = parameter.get("schema")
            values = schema.get("enum") if isinstance(schema, dict) else None
            if isinstance(values, list) and len(values) == 1:
                return str(values[0])
    return None


def _without(path: str, version: str | None) -> list[str]:
    """Return the parts of a path, with the version blotted out."""
    return ["" if part == version else part for part in path.strip("/").split("/")]
