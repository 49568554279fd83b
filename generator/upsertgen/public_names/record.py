"""The record of public names: the names of an Api, and the file `names.lock.yaml` that holds them.

The file has one object type or model a line, so that it reads and merges well.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from upsertgen.emit.bulk_methods import bulk_methods
from upsertgen.emit.encode import raw, toml_string
from upsertgen.errors import InvalidInput, Location, Problems, quoted
from upsertgen.inputs import LOCK
from upsertgen.ir.tree import Api, Direction
from upsertgen.public_name import Aliases, Kind, PublicName, parse_name
from upsertgen.spec_file import read_spec_file
from upsertgen.specs.document import LocatedMapping, Pointer, locate, value_at
from upsertgen.specs.yaml_reader import read_yaml

_HEADER = (
    "# The public names of the generated clients, recorded since the first release. A name that would\n"
    "# vanish fails the run, unless [[tool.upsertgen.renames]] says what became of it.\n"
)
_PLAIN_VALUES = frozenset(
    ("null", "true", "false", "Null", "True", "False", "yes", "no", "on", "off")
)
# Basic strings of TOML are double-quoted scalars of YAML too.
_quoted = toml_string
_MEND = "undo the edit, or delete the file to record all names anew"


class Catalogue:
    """Every public name of a distribution: those that are recorded, or those of an Api.

    Attributes:
        names: The names, what stands in something after it.
        calls: The HTTP method and path of each method, by which it is known again under another name.
        senders: The method of the operation that each bulk method sends.

    Args:
        names: The names.
        calls: What methods call.
        senders: What bulk methods send.
        identity: What several names of one class have in common, by the name of the model; empty where
            that is not known.
    """

    def __init__(
        self,
        names: Iterable[PublicName],
        calls: Mapping[PublicName, str],
        senders: Mapping[PublicName, PublicName],
        identity: Mapping[PublicName, PublicName],
    ) -> None:
        self.names = tuple(names)
        self.calls = calls
        self.senders = senders
        self._identity = identity
        self._inside: dict[tuple[Kind, PublicName | None], list[str]] = defaultdict(list)
        for name in self.names:
            self._inside[name.kind, name.parent].append(name.own)

    def inside(self, kind: Kind, place: PublicName | None = None) -> list[str]:
        """Return the names of one kind that stand in something; versions stand in nothing."""
        return self._inside.get((kind, place), [])

    def same(self, name: PublicName) -> PublicName:
        """Return the name of a field in the model that defines it; any other name as it is."""
        if name.kind is not Kind.FIELD or name.parent is None:
            return name
        return name.moved(self._identity.get(name.parent, name.parent))


def catalogue_of(api: Api, aliases: Aliases) -> Catalogue:
    """Return the public names of what would be emitted.

    Options of bulk methods are no part of it, nor are error classes and fixtures of pytest: these come with
    every distribution and every version, so that no spec can take them away alone.

    Args:
        api: What would be emitted.
        aliases: The old names of methods, none of which a bulk method is called by.
    """
    names: list[PublicName] = []
    calls: dict[PublicName, str] = {}
    senders: dict[PublicName, PublicName] = {}
    identity: dict[PublicName, PublicName] = {}
    for version in sorted(api.versions, key=lambda one: one.package):
        package = PublicName(Kind.VERSION, (version.package,))
        names.append(package)
        for resource in version.resources:
            module = package.inner(Kind.OBJECT, resource.name)
            names += [module, module.inner(Kind.CLASS, resource.class_name)]
            bulk = bulk_methods(version.package, resource, api, aliases)
            for operation in resource.operations:
                method = module.inner(Kind.METHOD, operation.name)
                calls[method] = f"{operation.method} {raw(operation.path)}"
                parameters = sorted(parameter.name for parameter in operation.parameters)
                names += [method, *(method.inner(Kind.PARAMETER, one) for one in parameters)]
                methods = bulk.get(operation.name)
                if methods is None:
                    continue
                for own in (methods.name, methods.iter_name):
                    member = module.inner(Kind.METHOD, own)
                    senders[member] = method
                    calls[member] = _bulk_call(own, calls[method])
                    parameters = sorted(methods.parameters)
                    names += [member, *(member.inner(Kind.PARAMETER, one) for one in parameters)]
        sent: list[str] = []
        for exported in version.models:
            model = api.models[exported.model]
            name = package.inner(Kind.MODEL, exported.name)
            identity[name] = PublicName(Kind.MODEL, (model.owner, "models", model.class_name))
            fields = sorted(field.name for field in model.fields)
            names += [name, *(name.inner(Kind.FIELD, one) for one in fields)]
            if model.direction is Direction.REQUEST:
                sent.append(f"{exported.name}Dict")
        names += (package.inner(Kind.TYPED_DICT, one) for one in sorted(sent))
    return Catalogue(names, calls, senders, identity)


def _bulk_call(name: str, call: str) -> str:
    """Return what tells bulk methods of one operation from each other, and from the operation."""
    return f"{'each' if name.startswith('iter_') else 'all'} by {call}"


@dataclass(frozen=True)
class Record:
    """What a lock says.

    Attributes:
        names: The names that are there.
        aliases: Old names that still work, and what they stand for.
        retired: Old names that are gone.
        path: The file, as it is shown to people.
        data: Its contents, which know their place.
    """

    names: Catalogue
    aliases: Mapping[str, str]
    retired: tuple[str, ...]
    path: str
    data: LocatedMapping = field(compare=False)

    def knows(self, old: PublicName) -> bool:
        """Return whether there ever was a name."""
        return old in self.names.names or str(old) in self.aliases or str(old) in self.retired

    def locate(self, name: PublicName | str) -> Location:
        """Return where a name is recorded; an old one is given as text."""
        pointer = ("aliases", name) if isinstance(name, str) else _pointer(name)
        if isinstance(name, PublicName) and name.kind is Kind.TYPED_DICT:
            pointer = (*pointer, value_at(self.data, pointer).index(name.own))
        return locate(self.data, pointer, key=True)


def _pointer(name: PublicName) -> Pointer:
    """Return the way to the line of a name, or to the list that a typed dict stands in."""
    package, *rest = name.parts
    if name.kind in (Kind.VERSION, Kind.TYPED_DICT):
        return ("versions", package, *rest[:1])
    if name.kind in (Kind.MODEL, Kind.FIELD):
        return ("versions", package, *rest[:2])
    pointer: Pointer = ("versions", package, "objects", rest[0])
    if name.kind is Kind.CLASS:
        return (*pointer, "class")
    return pointer if name.kind is Kind.OBJECT else (*pointer, "methods", rest[1])


def record_text(names: Catalogue, aliases: Mapping[str, str], retired: Iterable[str]) -> str:
    """Return a lock as text, the same for the same names."""
    lines = [_HEADER + "versions:"]
    for package in names.inside(Kind.VERSION):
        version = PublicName(Kind.VERSION, (package,))
        lines.append(f"  {package}:")
        for title, kind, text in (
            ("objects", Kind.OBJECT, _object_text),
            ("models", Kind.MODEL, _model_text),
        ):
            keys = sorted(names.inside(kind, version))
            lines += [f"    {title}:"] if keys else []
            lines += (
                f"      {_plain(key)}: {text(names, version.inner(kind, key))}" for key in keys
            )
        typed_dicts = names.inside(Kind.TYPED_DICT, version)
        lines += ["    typed_dicts:"] if typed_dicts else []
        lines += (f"      - {one}" for one in typed_dicts)
    if aliases:
        lines.append("aliases:")
        lines += (f"  {_quoted(old)}: {_quoted(new)}" for old, new in sorted(aliases.items()))
    gone = sorted(retired)
    if gone:
        lines += ("retired:", *(f"  - {_quoted(one)}" for one in gone))
    return "\n".join(lines) + "\n"


def _object_text(names: Catalogue, module: PublicName) -> str:
    methods: list[str] = []
    for one in sorted(names.inside(Kind.METHOD, module)):
        method = module.inner(Kind.METHOD, one)
        parameters = _listed(names.inside(Kind.PARAMETER, method))
        sender = names.senders.get(method)
        how = (
            f"call: {_quoted(names.calls[method])}"
            if sender is None
            else f"bulk: {_plain(sender.own)}"
        )
        methods.append(f"{_plain(one)}: {{{how}, parameters: {parameters}}}")
    (class_name,) = names.inside(Kind.CLASS, module)
    return f"{{class: {class_name}, methods: {{{', '.join(methods)}}}}}"


def _model_text(names: Catalogue, model: PublicName) -> str:
    return _listed(names.inside(Kind.FIELD, model))


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_plain, names))}]"


def _plain(name: str) -> str:
    """Return a Python name; in quotes where YAML would read it as something else than text."""
    return f'"{name}"' if name in _PLAIN_VALUES else name


def read_record(folder: Path) -> Record | None:
    """Return what the lock in a specs folder says, or nothing if there is none.

    Raises:
        InvalidInput: It cannot be read, or is not what a run writes.
    """
    path = folder / LOCK
    shown = path.as_posix()
    problems = Problems()
    if not os.path.lexists(path):
        return None
    try:
        text = read_spec_file(path, root=folder).decode("utf-8")
    except (InvalidInput, UnicodeDecodeError) as error:
        reason = error.problems[0].wrong if isinstance(error, InvalidInput) else "it is not UTF-8"
        wrong = f"the name lock cannot be read: {reason}"
        raise InvalidInput.at(Location(shown), wrong, "UTF-8 text", _MEND) from None
    data = read_yaml(text, shown, problems)
    try:
        problems.raise_if_any()
    except InvalidInput as error:
        # The reader's own words are about specs.
        form = "a lock as 'upsertgen generate' writes it"
        told = [replace(one, expected=form, mend=_MEND) for one in error.problems]
        raise InvalidInput(told) from None
    if data is None:
        return None

    def note(way: Pointer, wrong: str, expected: str) -> None:
        problems.add(locate(data, way, key=True), wrong, expected, _MEND)

    record = _record(_Entry(data, (), note), shown, data)
    problems.raise_if_any()
    return record


def _record(entry: _Entry, shown: str, data: LocatedMapping) -> Record:
    entry.check_keys("versions", "aliases", "retired")
    calls: dict[PublicName, str] = {}
    senders: dict[PublicName, PublicName] = {}
    recorded = tuple(_recorded_names(entry.mapping("versions"), calls, senders))
    calls |= {one: _bulk_call(one.own, calls.get(sender, "")) for one, sender in senders.items()}
    names = Catalogue(recorded, calls, senders, {})
    aliases = entry.mapping("aliases")
    for old, new in aliases.data.items():
        if not isinstance(new, str) or parse_name(new) is None or parse_name(old) is None:
            aliases.refuse("an old and a new public name", old)
    return Record(names, aliases.data, entry.names("retired"), shown, data)


def _recorded_names(
    packages: _Entry, calls: dict[PublicName, str], senders: dict[PublicName, PublicName]
) -> Iterator[PublicName]:
    for package in sorted(packages):
        version, entry = PublicName(Kind.VERSION, (package,)), packages.mapping(package)
        entry.check_keys("objects", "models", "typed_dicts")
        yield version
        objects, models = entry.mapping("objects"), entry.mapping("models")
        for one in objects:
            module = version.inner(Kind.OBJECT, one)
            yield module
            yield from _recorded_members(module, objects.mapping(one), calls, senders)
        for one in models:
            model = version.inner(Kind.MODEL, one)
            yield model
            yield from (model.inner(Kind.FIELD, field) for field in models.names(one))
        yield from (version.inner(Kind.TYPED_DICT, one) for one in entry.names("typed_dicts"))


def _recorded_members(
    module: PublicName,
    entry: _Entry,
    calls: dict[PublicName, str],
    senders: dict[PublicName, PublicName],
) -> Iterator[PublicName]:
    entry.check_keys("class", "methods")
    class_name = entry.data.get("class")
    entry.check_name(class_name, "class")
    yield module.inner(Kind.CLASS, str(class_name))
    methods = entry.mapping("methods")
    for one in methods:
        method, facts = module.inner(Kind.METHOD, one), methods.mapping(one)
        facts.check_keys("call", "bulk", "parameters")
        call, sender = facts.data.get("call"), facts.data.get("bulk")
        if sender is not None:
            facts.check_name(sender, "bulk")
            senders[method] = module.inner(Kind.METHOD, str(sender))
        elif not isinstance(call, str):
            facts.refuse("the HTTP method and path of a call", "call")
        calls[method] = str(call)
        yield method
        yield from (method.inner(Kind.PARAMETER, name) for name in facts.names("parameters"))


@dataclass(frozen=True)
class _Entry:
    """A mapping in a lock, which may hold anything.

    Attributes:
        data: Its contents.
        way: The keys on the way to it.
        note: Notes what is wrong somewhere, and what was expected there.
    """

    data: dict[str, Any]
    way: tuple[str, ...]
    note: Callable[[Pointer, str, str], None]

    def mapping(self, key: str) -> _Entry:
        """Return the mapping under a key; an empty one where there is none."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self.refuse("a mapping", key)
            value = {}
        return _Entry(value, (*self.way, key), self.note)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, which have to be names."""
        for key in self.data:
            self.check_name(key, key)
            yield key

    def names(self, key: str) -> tuple[str, ...]:
        """Return the list of names under a key; an empty one where there is none."""
        value = self.data.get(key, [])
        if isinstance(value, list) and all(
            isinstance(one, str) and parse_name(one) for one in value
        ):
            return tuple(sorted(value))
        self.refuse("a list of names", key)
        return ()

    def check_keys(self, *known: str) -> None:
        """Note the keys that no lock has."""
        for key in self.data:
            if key not in known:
                wrong = f"the name lock has an unknown field {quoted(key)}"
                self.note((*self.way, key), wrong, f"only {', '.join(known)}")

    def check_name(self, value: object, key: str) -> None:
        """Note what is no name in Python."""
        if not isinstance(value, str) or not value.isascii() or not value.isidentifier():
            self.refuse("a Python name", key)

    def refuse(self, expected: str, key: str) -> None:
        """Note that something else was expected under a key."""
        way = (*self.way, key)
        self.note(
            way,
            f"the name lock has no {expected.partition(' ')[2]} in {'.'.join(map(str, way))}",
            expected,
        )
