"""What differs between the module that is there and the one that would be, property by property."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from upsertgen.errors import quoted
from upsertgen.properties.reader import class_name
from upsertgen.properties.tree import NAMES_SUFFIX


@dataclass
class _Described:
    """What a module says of an object type.

    Attributes:
        keys: The properties that records may be found by.
        writable: The properties that can be written.
        read_only: The properties that cannot.
        types: The type of each property that records may hold, by its name.
        texts: What is said of each, but for names that no class can have.
        others: What is said of these, all together.
    """

    keys: tuple[str, ...]
    writable: Collection[str]
    read_only: Collection[str]
    types: dict[str, ast.expr] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    others: str = ""

    @property
    def names(self) -> set[str]:
        """All properties that it names."""
        return {*self.writable, *self.read_only}


def differences(before: str | None, after: str) -> list[str]:
    """Return what changes in a module, in words; nothing if nothing does.

    Args:
        before: The module that is there; None if there is none.
        after: The module that would be.
    """
    if before == after:
        return []
    new = _described(after)
    if before is None:
        return ["there is no such module yet"]
    try:
        old = _described(before)
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ["it cannot be read any more; somebody has edited it"]
    found = list(_differences(old, new))
    return found or ["its layout or texts: another version of upsertgen, or somebody has edited it"]


def _differences(old: Mapping[str, _Described], new: Mapping[str, _Described]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{name}: is new, with {len(new[name].names)} properties"
        elif name not in new:
            yield f"{name}: is gone"
        else:
            yield from (f"{name}{one}" for one in _object_differences(old[name], new[name]))


def _object_differences(old: _Described, new: _Described) -> Iterator[str]:
    found = list(_property_by_property(old, new))
    if not found and old.others != new.others:
        told = "{} to {}".format(*_where_they_differ(old.others, new.others))
        found.append(f": what is said of names that no class can have changes from {told}")
    yield from found


def _property_by_property(old: _Described, new: _Described) -> Iterator[str]:
    if old.keys != new.keys:
        told = (", ".join(keys) or "none" for keys in (old.keys, new.keys))
        yield ": its keys change from {} to {}".format(*told)
    for name in sorted(old.names | new.names):
        if name not in old.names:
            yield f".{name}: is new{'' if name in new.writable else ', and cannot be written'}"
        elif name not in new.names:
            yield f".{name}: is gone"
        elif (name in old.writable) != (name in new.writable):
            yield f".{name}: can{' now' if name in new.writable else ' no longer'} be written"
        elif name in old.types and name in new.types:
            yield from (f".{name}: {one}" for one in _property_differences(old, new, name))


def _property_differences(old: _Described, new: _Described, name: str) -> Iterator[str]:
    before, after = old.types[name], new.types[name]
    if ast.dump(before) != ast.dump(after):
        options = _options(before), _options(after)
        if all(options):
            yield from (f"its option {quoted(one)} is gone" for one in _without(*options))
            yield from (f"its option {quoted(one)} is new" for one in _without(*reversed(options)))
        if not all(options) or _outline(before) != _outline(after):
            yield f"its type changes from {_shown(before)} to {_shown(after)}"
        elif set(options[0]) == set(options[1]):
            yield "the order of its options changes"
    elif old.texts.get(name) != new.texts.get(name):
        told = (one.texts.get(name, "") for one in (old, new))
        yield "what is said of it changes from {} to {}".format(*_where_they_differ(*told))


def _where_they_differ(one: str, other: str) -> Iterator[str]:
    """Yield two texts, quoted, from a little before the first word on that differs."""
    words = one.split(), other.split()
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*words, strict=False)))
    start = max(same - 2, 0)
    for each in words:
        yield quoted(" ".join([*(["…"] if start else []), *each[start:]]))


def _without(some: list[str], others: list[str]) -> list[str]:
    return [one for one in some if one not in others]


def _options(annotation: ast.expr) -> list[str]:
    """Return the options that a type lists."""
    return [
        one.value
        for one in ast.walk(annotation)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def _outline(annotation: ast.expr) -> list[str]:
    """Return what a type is but for its options."""
    return [one.id for one in ast.walk(annotation) if isinstance(one, ast.Name)]


def _shown(annotation: ast.expr) -> str:
    options = _options(annotation)
    if not options:
        return ast.unparse(annotation)
    return f"{_outline(annotation)[0]} of {len(options)} option{'s' if len(options) > 1 else ''}"


def _described(module: str) -> dict[str, _Described]:
    """Return what a module says of each object type."""
    constants: dict[str, dict[str, Any]] = {}
    types: dict[str, dict[str, ast.expr]] = {}
    texts: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    last = ""
    for one in ast.parse(module).body:
        match one:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys, values=values)):
                constants[name] = {
                    ast.literal_eval(key): _literal(value)
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                }
            case ast.Assign(
                targets=[ast.Name(id=last)], value=ast.Call(args=[_, ast.Dict() as of])
            ):
                types[last] = {
                    ast.literal_eval(key): value
                    for key, value in zip(of.keys, of.values, strict=True)
                    if key is not None
                }
            case ast.Expr(value=ast.Constant(value=str() as text)) if last not in others:
                others[last] = text
            case ast.ClassDef(name=name, body=body):
                types[name], texts[name] = _fields(body)
            case _:
                pass
    described: dict[str, _Described] = {}
    for name in constants["WRITABLE"]:
        called = class_name(name)
        described[name] = _Described(
            constants["KEYS"][name],
            constants["WRITABLE"][name],
            constants["READ_ONLY"][name],
            {**types.get(f"{called}{NAMES_SUFFIX}", {}), **types[called]},
            texts[called],
            others.get(f"{called}{NAMES_SUFFIX}", ""),
        )
    return described


def _literal(value: ast.expr) -> Any:
    """Return a constant; of a `frozenset`, what it is made of."""
    if isinstance(value, ast.Call):
        return ast.literal_eval(value.args[0])
    return ast.literal_eval(value)


def _fields(body: list[ast.stmt]) -> tuple[dict[str, ast.expr], dict[str, str]]:
    """Return the types of the fields of a class, and what is said of each."""
    types: dict[str, ast.expr] = {}
    texts: dict[str, str] = {}
    last = ""
    for one in body:
        match one:
            case ast.AnnAssign(target=ast.Name(id=last), annotation=annotation):
                types[last] = annotation
            case ast.Expr(value=ast.Constant(value=str() as text)) if last:
                texts[last] = text
            case _:
                pass
    return types, texts
