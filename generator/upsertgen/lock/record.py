"""The file `names.lock.yaml`: one object type or model a line, so that it reads and merges well."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from upsertgen.emit.encode import toml_string
from upsertgen.errors import InvalidInput, Location, Problems, quoted
from upsertgen.inputs import LOCK
from upsertgen.lock.catalogue import Catalogue, MethodNames, ObjectNames, VersionNames
from upsertgen.lock.names import Kind, PublicName, parse_name
from upsertgen.spec_file import UnreadableFile, read_spec_file
from upsertgen.specs.document import Pointer, node_at, node_location
from upsertgen.specs.yaml_reader import read_yaml

_HEADER = (
    "# The public names of the generated clients, recorded by 'upsertgen generate'. A name that would\n"
    "# vanish fails the run, unless [[tool.upsertgen.renames]] says what became of it.\n"
)
_PLAIN_VALUES = frozenset(
    ("null", "true", "false", "Null", "True", "False", "yes", "no", "on", "off")
)
_MEND = "undo the edit, or delete the file to record all names anew"


@dataclass(frozen=True)
class Record:
    """What a lock says.

    Attributes:
        names: The names that are there.
        aliases: Old names that still work, and what they stand for.
        retired: Old names that are gone.
        path: The file, as it is shown to people.
        node: Its contents as YAML nodes, which know their place.
    """

    names: Catalogue
    aliases: Mapping[str, str]
    retired: tuple[str, ...]
    path: str
    node: yaml.Node | None = field(default=None, compare=False)

    def locate(self, name: PublicName | str) -> Location:
        """Return where a name is recorded; the head of the file if it is not."""
        if self.node is None:
            return Location(self.path)
        return node_location(self.node, self._pointer(self.node, name), key=True)

    def _pointer(self, node: yaml.Node, name: PublicName | str) -> Pointer:
        if isinstance(name, str):
            return ("aliases", name)
        pointer = _pointer(name)
        if name.kind is not Kind.TYPED_DICT:
            return pointer
        items: list[yaml.Node] = node_at(node, pointer).value
        return next(
            ((*pointer, n) for n, one in enumerate(items) if one.value == name.own), pointer
        )


def _pointer(name: PublicName) -> Pointer:
    package, *rest = name.parts
    if name.kind is Kind.VERSION:
        return ("versions", package)
    if name.kind is Kind.TYPED_DICT:
        return ("versions", package, rest[0])
    if name.kind in (Kind.MODEL, Kind.FIELD):
        return ("versions", package, *rest[:2])
    pointer: Pointer = ("versions", package, "objects", rest[0])
    if name.kind is Kind.CLASS:
        return (*pointer, "class")
    return pointer if name.kind is Kind.OBJECT else (*pointer, "methods", rest[1])


def record_text(names: Catalogue, aliases: Mapping[str, str], retired: Iterable[str]) -> str:
    """Return a lock as text, the same for the same names."""
    lines = [_HEADER + "versions:"]
    for package, version in names.versions.items():
        lines.append(f"  {package}:")
        lines += _section("objects", sorted(version.objects), _object_lines(version.objects))
        models = (_listed(fields) for _, fields in sorted(version.models.items()))
        lines += _section("models", sorted(version.models), models)
        if version.typed_dicts:
            lines += ["    typed_dicts:", *(f"      - {one}" for one in version.typed_dicts)]
    if aliases:
        lines.append("aliases:")
        lines += [f"  {_text(old)}: {_text(new)}" for old, new in sorted(aliases.items())]
    gone = sorted(retired)
    if gone:
        lines += ["retired:", *(f"  - {_text(one)}" for one in gone)]
    return "\n".join(lines) + "\n"


def _section(title: str, keys: Iterable[str], values: Iterable[str]) -> Iterator[str]:
    rows = [f"      {_plain(key)}: {value}" for key, value in zip(keys, values, strict=True)]
    if rows:
        yield f"    {title}:"
        yield from rows


def _object_lines(objects: Mapping[str, ObjectNames]) -> Iterator[str]:
    for _, one in sorted(objects.items()):
        methods = ", ".join(
            f"{_plain(name)}: {{call: {_text(method.call)}, parameters: {_listed(method.parameters)}}}"
            for name, method in sorted(one.methods.items())
        )
        yield f"{{class: {one.class_name}, methods: {{{methods}}}}}"


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_plain, names))}]"


def _plain(name: str) -> str:
    """Return a Python name; in quotes where YAML would read it as something else than text."""
    return f'"{name}"' if name in _PLAIN_VALUES else name


def _text(text: str) -> str:
    # Basic strings of TOML are double-quoted scalars of YAML too.
    return toml_string(text)


def read_record(folder: Path) -> Record | None:
    """Return what the lock in a specs folder says, or nothing if there is none.

    Raises:
        InvalidInput: It cannot be read, or is not what a run writes.
    """
    path = folder / LOCK
    shown = path.as_posix()
    problems, reading = Problems(), Problems()
    if not os.path.lexists(path):
        return None
    try:
        text = read_spec_file(path, root=folder).decode("utf-8")
    except (UnreadableFile, UnicodeDecodeError) as error:
        reason = error.problem.wrong if isinstance(error, UnreadableFile) else "it is not UTF-8"
        problems.add(
            Location(shown), f"the name lock cannot be read: {reason}", "UTF-8 text", _MEND
        )
        problems.raise_if_any()
        raise
    parsed = read_yaml(text, shown, reading)
    try:
        reading.raise_if_any()
    except InvalidInput as error:
        # The reader's own words are about specs.
        for one in error.problems:
            problems.add(one.location, one.wrong, "a lock as 'upsertgen generate' writes it", _MEND)
        problems.raise_if_any()
    if parsed is None:
        return None
    return _Reader(parsed[1], problems).record(parsed[0], shown)


class _Reader:
    """Checks the plain data of a lock, and makes a record of it."""

    def __init__(self, node: yaml.Node, problems: Problems) -> None:
        self._node = node
        self._problems = problems

    def record(self, data: dict[str, Any], shown: str) -> Record:
        self._known(data, ("versions", "aliases", "retired"), ())
        packages = self._mapping(data, "versions", ())
        versions = {name: self._version(packages, name) for name in sorted(packages)}
        aliases = self._mapping(data, "aliases", ())
        for old, new in aliases.items():
            if not isinstance(new, str) or parse_name(new) is None or parse_name(old) is None:
                self._wrong(("aliases", old), "an old and a new public name")
        retired = self._names(data, "retired", ())
        self._problems.raise_if_any()
        return Record(Catalogue(versions), aliases, retired, shown, self._node)

    def _version(self, packages: dict[str, Any], name: str) -> VersionNames:
        self._name(name, ("versions", name))
        way: Pointer = ("versions", name)
        data = self._mapping(packages, name, ("versions",))
        self._known(data, ("objects", "models", "typed_dicts"), way)
        objects = self._mapping(data, "objects", way)
        models = self._mapping(data, "models", way)
        for section, mapping in (("objects", objects), ("models", models)):
            for one in mapping:
                self._name(one, (*way, section, one))
        return VersionNames(
            {one: self._object(objects, one, (*way, "objects")) for one in objects},
            {one: self._names(models, one, (*way, "models")) for one in models},
            self._names(data, "typed_dicts", way),
        )

    def _object(self, objects: dict[str, Any], name: str, way: Pointer) -> ObjectNames:
        data = self._mapping(objects, name, way)
        way = (*way, name)
        self._known(data, ("class", "methods"), way)
        class_name = data.get("class")
        self._name(class_name, (*way, "class"))
        methods = self._mapping(data, "methods", way)
        found: dict[str, MethodNames] = {}
        for method in methods:
            here: Pointer = (*way, "methods", method)
            self._name(method, here)
            one = self._mapping(methods, method, (*way, "methods"))
            self._known(one, ("call", "parameters"), here)
            call = one.get("call")
            if not isinstance(call, str):
                self._wrong((*here, "call"), "the HTTP method and path of a call")
            found[method] = MethodNames(str(call), self._names(one, "parameters", here))
        return ObjectNames(str(class_name), found)

    def _mapping(self, data: dict[str, Any], key: str, way: Pointer) -> dict[str, Any]:
        value = data.get(key, {})
        if isinstance(value, dict):
            return value
        self._wrong((*way, key), "a mapping")
        return {}

    def _names(self, data: dict[str, Any], key: str, way: Pointer) -> tuple[str, ...]:
        value = data.get(key, [])
        if isinstance(value, list) and all(
            isinstance(one, str) and parse_name(one) for one in value
        ):
            return tuple(sorted(value))
        self._wrong((*way, key), "a list of names")
        return ()

    def _known(self, data: dict[str, Any], keys: tuple[str, ...], way: Pointer) -> None:
        for key in data:
            if key not in keys:
                self._problems.add(
                    node_location(self._node, (*way, key), key=True),
                    f"the name lock has an unknown field {quoted(key)}",
                    f"only {', '.join(keys)}",
                    _MEND,
                )

    def _name(self, value: object, way: Pointer) -> None:
        if not isinstance(value, str) or not value.isascii() or not value.isidentifier():
            self._wrong(way, "a Python name")

    def _wrong(self, way: Pointer, expected: str) -> None:
        self._problems.add(
            node_location(self._node, way, key=True),
            f"the name lock has no {expected.partition(' ')[2]} in {'.'.join(map(str, way))}",
            expected,
            _MEND,
        )
