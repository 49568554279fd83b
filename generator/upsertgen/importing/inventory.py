"""The specs that are there already: constants, names, order and shared bodies of other versions.

Also the files of the version itself that an import leaves as they are, and what they need to stay in order.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upsertgen.errors import Problems
from upsertgen.importing.document import (
    Object,
    closure,
    dict_of,
    list_of,
    operations,
    references,
    section,
)
from upsertgen.importing.selection import is_selected, selected
from upsertgen.importing.yaml_writer import house_yaml
from upsertgen.inputs import NO_VERSIONS, SPEC_ENDINGS
from upsertgen.ir.names import version_order
from upsertgen.spec_file import spec_text
from upsertgen.specs.document import LocatedMapping, Mark
from upsertgen.specs.openapi import PATH_ARGUMENT
from upsertgen.specs.yaml_reader import read_yaml

SHARED = "schemas"
"""The file of a version that holds what object types share."""

SHARED_FILE = f"{SHARED}.yaml"

_NUMERIC = re.compile(r"[0-9]+([-_][0-9]+)*\Z")
_VERSION = re.compile(r"v[0-9]+|[0-9]{4}-[0-9]{2}(-[0-9]{2})?(-[a-z]+[0-9]*)?")


@dataclass(frozen=True)
class SpecFile:
    """One spec file, as it stands: no overlay is applied.

    Attributes:
        path: The file.
        data: Its data.
    """

    path: Path
    data: LocatedMapping


class Inventory:
    """The versions of a specs folder.

    Attributes:
        versions: The spec files of each version, by the name of the file.
        present: Those of the version that is imported.
        base: Those of the version that is followed.

    Args:
        folder: The specs folder; it need not exist.
        label: The version that is imported.
        base: The version that it follows, if one is named.

    Raises:
        InvalidInput: A file cannot be read.
    """

    def __init__(self, folder: Path, label: str, base: str | None) -> None:
        self.versions: dict[str, dict[str, SpecFile]] = {}
        problems = Problems()
        for path in sorted(folder.glob("*/*")):
            if path.suffix not in SPEC_ENDINGS or path.name.startswith("."):
                continue
            if path.parent.name in NO_VERSIONS or path.is_dir():
                continue
            data = read_yaml(spec_text(path, folder), path.as_posix(), problems)
            if data is not None:
                self.versions.setdefault(path.parent.name, {})[path.stem] = SpecFile(path, data)
        problems.raise_if_any()
        self._label = label
        # Without a version before it, a version follows itself: its names and its order stay.
        self._base_label = base or label
        self.present = self.versions.get(label, {})
        self.base = self.versions.get(self._base_label, {})
        # What is imported now may have been imported before; it is asked last, because it may be what
        # is to be mended.
        others = sorted(self.versions, key=version_order, reverse=True)
        self._order = sorted(others, key=lambda one: (one != base, one == label))

    @property
    def shared_names(self) -> set[str]:
        """The names of the schemas that some version keeps in its shared file."""
        return {name for files in self.versions.values() for name in shared(files, "schemas")}

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
                placeholder = PATH_ARGUMENT.fullmatch(segment)
                if placeholder is not None:
                    guessed = guessed or only_value(parameters, placeholder[1])
                elif not is_version(segment):
                    return segment
        return guessed

    def type_of_constant(self, constant: str) -> str | None:
        """Return the object type that stands behind an id in some version."""
        for version in self._order:
            for name in self.versions[version]:
                for path, parameters in self._paths(version, name):
                    values = {only_value(parameters, one) for one in PATH_ARGUMENT.findall(path)}
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

    def unselected_files(self, select: Iterable[str]) -> dict[str, tuple[str, SpecFile]]:
        """Return the files that other versions have and this one lacks, and that no import makes.

        None of their paths is selected, so that whoever wrote them is the only one to bring them along.

        Args:
            select: What selects the operations that are imported.

        Returns:
            By the file's name, the first version that has it, beginning with the one that is followed, and
            the file.
        """
        found: dict[str, tuple[str, SpecFile]] = {}
        for version in self._order:
            for name, spec in self.versions[version].items():
                has_operations = next(operations(spec.data), None) is not None
                if has_operations and not selected(spec.data, select):
                    found.setdefault(name, (version, spec))
        return {name: one for name, one in found.items() if name not in self.present}

    def unselected_operations(self, name: str, select: Iterable[str]) -> Iterator[str]:
        """Yield method, path and version of operations that an import of a type does not make again.

        Args:
            name: The object type, of the version as it stands, or else of the first that has it.
            select: What selects the operations that are imported.
        """
        having = [one for one in self._order if name in self.versions[one]]
        version = self._label if name in self.present else next(iter(having), None)
        data = _data(self.versions.get(version or "", {}), name)
        selection = selected(data, select)
        for path, method, _ in operations(data):
            if not is_selected(selection, path, method):
                yield f"{method.upper()} {path} of {version}"

    def carried_text(self, spec: SpecFile) -> str:
        """Return the text of a file of the version before with this version's label, comments and all."""
        data: Any = copy.deepcopy(spec.data)
        data["info"] = {**dict_of(data.get("info")), "version": self._label}
        data["paths"] = {self._moved(path): item for path, item in data["paths"].items()}
        lines = spec_text(spec.path, spec.path.parents[1]).splitlines(keepends=True)
        info = spec.data.get("info")
        if isinstance(info, LocatedMapping) and "version" in info:
            _rewrite(lines, info.places["version"][1], str(info["version"]), self._label)
        for path, (key, _) in spec.data["paths"].places.items():
            _rewrite(lines, key, path, self._moved(path))
        text = "".join(lines)
        # However it is written: that decides.
        same = read_yaml(text, spec.path.as_posix(), Problems()) == data
        return text if same else house_yaml(data)

    def _moved(self, path: str) -> str:
        parts = path.split("/")
        return "/".join(self._label if one == self._base_label else one for one in parts)

    def servers(self) -> list[str]:
        """Return the servers of the version before."""
        for name, spec in self.base.items():
            servers = spec.data.get("servers")
            if name != SHARED and isinstance(servers, list):
                return [one["url"] for one in servers if isinstance(one, dict) and "url" in one]
        return []

    def _paths(self, version: str, type_name: str) -> Iterator[tuple[str, Iterable[Any]]]:
        for path, _, operation in operations(_data(self.versions[version], type_name)):
            yield path, operation.get("parameters") or ()


@dataclass(frozen=True)
class OtherFiles:
    """Files of a version that an import leaves as they are, and what they use of the shared file.

    Attributes:
        specs: The files, by name.
        schemas: For each, the shared schemas that it reaches.
        schemes: The shared security schemes that any of them uses.
    """

    specs: dict[str, SpecFile]
    schemas: dict[str, dict[str, Object]]
    schemes: dict[str, Object]


def other_files(
    present: dict[str, SpecFile], written: Collection[str], types: Collection[str], *, single: bool
) -> OtherFiles:
    """Return the files of a version that stay as they are.

    After the import of one document all other files stay; after that of a collection those alone that no
    import ever wrote.

    Args:
        present: The files of the version.
        written: The object types that earlier imports wrote.
        types: The object types that are imported now.
        single: Whether the source is one document.
    """
    specs = {
        name: spec
        for name, spec in present.items()
        if name not in (*types, SHARED) and (single or name not in written)
    }
    schemas, schemes = shared(present, "schemas"), shared(present, "securitySchemes")
    edges = references(schemas)
    return OtherFiles(
        specs,
        {
            name: {one: schemas[one] for one in closure(_shared_names(spec.data, "schemas"), edges)}
            for name, spec in specs.items()
        },
        {
            name: schemes[name]
            for spec in specs.values()
            for name in _shared_names(spec.data, "securitySchemes")
            if name in schemes
        },
    )


def shared(files: dict[str, SpecFile], part: str) -> Object:
    """Return a section of the components that the files of a version share."""
    return section(_data(files, SHARED), part)


def is_numeric(text: str) -> bool:
    """Return whether a text is an id such as `4-2`, which says nothing to a person."""
    return _NUMERIC.match(text) is not None


def is_version(text: str) -> bool:
    """Return whether a part of a path looks like an API version, such as `v3` or `2026-09`."""
    return _VERSION.fullmatch(text) is not None


def _data(files: dict[str, SpecFile], name: str) -> Object:
    return files[name].data if name in files else {}


def only_value(parameters: Iterable[Any], name: str) -> str | None:
    """Return the only value that a path parameter can have, if there is but one."""
    for parameter in map(dict_of, parameters):
        if parameter.get("name") == name:
            values = list_of(dict_of(parameter.get("schema")).get("enum"))
            if len(values) == 1:
                return str(values[0])
    return None


def _without(path: str, version: str | None) -> list[str]:
    """Return the parts of a path, with the version blotted out."""
    return ["" if part == version else part for part in path.strip("/").split("/")]


def _rewrite(lines: list[str], mark: Mark, old: str, new: str) -> None:
    line = lines[mark.line]
    lines[mark.line] = line[: mark.column] + line[mark.column :].replace(old, new, 1)


def _shared_names(value: Any, part: str) -> Iterator[str]:
    """Yield the names of the shared components of a kind that a file refers to."""
    prefix = f"{SHARED_FILE}#/components/{part}/"
    if isinstance(value, list):
        for item in value:
            yield from _shared_names(item, part)
    elif isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.removeprefix("./").startswith(prefix):
            yield reference.removeprefix("./").removeprefix(prefix).split("/")[0]
        for inner in value.values():
            yield from _shared_names(inner, part)
