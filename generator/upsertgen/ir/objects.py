"""Schemas of objects to bodies: their fields, and those of the objects that an `allOf` joins."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace

from upsertgen.errors import Problems, quoted
from upsertgen.ir.intersection import intersection
from upsertgen.ir.keywords import ANYWHERE, UNDERSTOOD, keywords
from upsertgen.ir.reader import Reader, body_key
from upsertgen.ir.schema_notes import mend_of, note_keywords, readable_keywords
from upsertgen.ir.tree import (
    TYPED_FORMATS,
    AnyType,
    ArrayType,
    Default,
    Direction,
    Field,
    MapType,
    Model,
    NullableType,
    ReferenceType,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.ir.values import constraints_of, fits, freeze, is_deprecated, text_of
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import DanglingReference, Node, Specs

DEEPEST = 80
"""How deep schemas may contain each other: who reads them calls itself."""


class ObjectReader(Reader):
    """Reads objects and keeps the bodies it meets.

    Attributes:
        bodies: Every body that was met, by its file, its place there, and its direction. Until all bodies are
            compared it has no owner, its fields have no names, and its class name is what the spec calls it;
            a schema inside another is called by both names run together.
        places: Where each of them stands.

    Args:
        specs: Follows `$ref`s.
        problems: Where to note what cannot be expressed.
    """

    def __init__(self, specs: Specs, problems: Problems) -> None:
        super().__init__(specs, problems)
        self.bodies: dict[str, Model] = {}
        self.places: dict[str, Node] = {}
        self._open: list[str] = []

    @abstractmethod
    def read(self, node: Node, direction: Direction, name: str) -> Type:
        """Return the type that a schema describes.

        Args:
            node: The schema, or a `$ref` to one.
            direction: Whether its values are sent or received.
            name: What to call it if it is an object that has no name of its own.
        """

    def _body(self, node: Node, parts: list[Node], direction: Direction, name: str) -> Type:
        key = body_key(node, direction)
        description = text_of(node.value.get("description"))
        deprecated = is_deprecated(node)
        body = Model(key, "", name, direction, (), None, description, deprecated)
        self.bodies[key], self.places[key] = body, node
        # From here on a schema may come round to itself: there is an object in between.
        outside, self._open = self._open, []
        required = {field for part in parts for field in part.value.get("required", ())}
        declared: dict[str, Field] = {}
        untyped: dict[str, Node] = {}
        additional: Type | None = None
        for part in parts:
            for field in self._fields(part, direction, name, required):
                wire_name = field.wire_name.raw
                earlier = declared.setdefault(wire_name, field)
                common = intersection(earlier.type, field.type)
                if isinstance(field.type, AnyType):
                    untyped[wire_name] = part.child("properties", wire_name)
                if common is not None and wire_name in untyped:
                    common = self._constrained(common, untyped[wire_name])
                if common is not None:
                    declared[field.wire_name.raw] = _both(earlier, field, common)
                else:
                    self.problem(
                        part.child("properties", field.wire_name.raw),
                        f"the field {quoted(field.wire_name.raw)} has different types in the parts of allOf",
                        "the same type in each part",
                        "declare it in one part only",
                    )
            extra = part.value.get("additionalProperties")
            if isinstance(extra, dict):
                additional = self.read(
                    part.child("additionalProperties"), direction, f"{name}Value"
                )
            elif extra is True:
                additional = AnyType()
        for missing in sorted(required - declared.keys() - self._hidden(parts, direction)):
            if node.value.get("additionalProperties", True) is False:
                self.problem(
                    node,
                    f"the required field {quoted(missing)} is not declared",
                    "required fields among the properties",
                    "declare it under properties, or remove it from required",
                )
            else:
                declared[missing] = Field(SpecText(missing), "", AnyType(), True)
        self.bodies[key] = replace(body, fields=tuple(declared.values()), additional=additional)
        self._open = outside
        return ReferenceType(key)

    def _fields(
        self, part: Node, direction: Direction, name: str, required: set[str]
    ) -> Iterator[Field]:
        self.at_most(LIMITS.fields, len(part.value.get("properties", ())), part, "fields")
        hidden = self._hidden([part], direction)
        for wire_name in part.value.get("properties", {}):
            if wire_name in hidden:
                continue
            node = part.child("properties", wire_name)
            kind = self.read(node, direction, f"{name}{wire_name[:1].upper()}{wire_name[1:]}")
            target = self.follow(node) or node
            is_always_there = wire_name in required and direction is Direction.RESPONSE
            default = self._default(node, kind, is_heeded=not is_always_there)
            described = self._saying(node, "description")
            yield Field(
                wire_name=SpecText(wire_name),
                name="",
                type=kind,
                required=wire_name in required,
                default=default,
                description=None if described is None else text_of(described.value["description"]),
                # A body that is deprecated says so itself.
                deprecated=is_deprecated(node)
                or (is_deprecated(target) and not self._is_deprecated_body(kind)),
            )

    def _constrained(self, kind: Type, node: Node) -> Type:
        """Return a type with the constraints that a part of an allOf adds without saying a type."""
        inner = kind.inner if isinstance(kind, NullableType) else kind
        target = self.follow(node) or node
        more: Type
        if isinstance(inner, ScalarType) and inner.name not in TYPED_FORMATS:
            more = ScalarType(inner.name, constraints_of(target, inner.name, self.problems))
        elif isinstance(inner, ArrayType):
            more = ArrayType(AnyType(), constraints_of(target, "array", self.problems))
        else:
            return kind
        both = intersection(inner, more)
        if both is None:
            self.unsupported(
                node, "what it adds to another part of allOf", "constraints that can be joined"
            )
            return kind
        return NullableType(both) if isinstance(kind, NullableType) else both

    def _is_deprecated_body(self, kind: Type) -> bool:
        inner = kind.inner if isinstance(kind, NullableType) else kind
        return isinstance(inner, ReferenceType) and self.bodies[inner.body].deprecated

    def _hidden(self, parts: list[Node], direction: Direction) -> set[str]:
        """Return the fields that values do not have this way: readOnly in requests, and the reverse."""
        keyword = "readOnly" if direction is Direction.REQUEST else "writeOnly"
        hidden: set[str] = set()
        for part in parts:
            for field in part.children("properties"):
                saying = self._saying(field, keyword)
                if saying is not None and saying.value[keyword] is True:
                    hidden.add(str(field.pointer[-1]))
        return hidden

    def _saying(self, node: Node, keyword: str) -> Node | None:
        """Return the schema that says a keyword of a value: the nearest of those that its own consists of."""
        for _ in range(LIMITS.references):
            if not isinstance(node.value, dict):
                return None
            if keyword in node.value:
                return node
            parts = node.children("allOf")
            try:
                if "$ref" in node.value:
                    node = self.specs.target(node.document, node.value["$ref"])
                elif len(parts) == 1:
                    node = parts[0]
                else:
                    return None
            except DanglingReference:
                return None
        return None

    def _default(self, field: Node, kind: Type, *, is_heeded: bool) -> Default | None:
        node = self._saying(field, "default")
        if node is None or ("$ref" in node.value and node.document.data["openapi"] < "3.1"):
            return None
        default = node.value["default"]
        if default is None:
            return None
        if not is_heeded:
            self.note(
                node.child("default"), "the default of a field that answers need is not heeded"
            )
            return None
        if isinstance(default, list):
            self.at_most(LIMITS.defaults, len(default), node, "items in its default")
        inner = kind.inner if isinstance(kind, NullableType) else kind
        is_integer = isinstance(inner, ScalarType) and inner.name == "integer"
        if is_integer and isinstance(default, float) and default.is_integer():
            default = int(default)
        if _is_object_value(default, inner):
            self.note(node.child("default"), "a default that holds objects is left to the server")
            return None
        if (
            isinstance(inner, ScalarType)
            and inner.name in TYPED_FORMATS
            and isinstance(default, str)
        ):
            self.note(
                node.child("default"), f"a default in the format {inner.name} is left to the server"
            )
            return None
        if not fits(default, kind):
            self.problem(
                node.child("default"),
                f"the default {quoted(default)} does not fit its schema",
                "a default that is a scalar, or a list of scalars, of the schema's own type",
                "correct or remove the default",
            )
            return None
        return Default(freeze(default))

    def _parts(self, node: Node, direction: Direction, within: list[str]) -> Iterator[Node]:
        """Yield the object schemas that an allOf joins, from the first to the last."""
        self.count_schema(node)
        key = body_key(node, Direction.REQUEST)
        if key in within:
            self.problem(
                node,
                "the allOf contains itself",
                "no cycle of $refs within allOf",
                "break the cycle",
            )
            return
        if len(within) >= DEEPEST:
            self._too_deep(node)
            return
        for one in node.children("allOf"):
            part = self.follow(one)
            if part is not None and isinstance(part.value, dict):
                self._check_keywords(part)
                note_keywords(part, direction, self.note)
                yield from self._parts(part, direction, [*within, key])
        if keywords(node) - ANYWHERE - {"allOf"}:
            yield node

    def _check_keywords(self, node: Node) -> None:
        for keyword in sorted(keywords(node) - UNDERSTOOD):
            known = readable_keywords(node.value)
            self.problem(
                node.child(keyword),
                f"the keyword {quoted(keyword)} is not supported",
                f"only the keywords {', '.join(known)}",
                mend_of(keyword),
            )

    def _too_deep(self, node: Node) -> None:
        self.problem(
            node,
            f"the schemas above this one contain each other more than {DEEPEST} levels deep",
            "schemas of fewer levels",
            "flatten them, or put additionalProperties in place of the lowest levels",
        )


def _is_object_value(value: object, kind: Type) -> bool:
    """Return whether a default is an object, or a list of others than scalars, where its type has such."""
    if isinstance(value, dict):
        return isinstance(kind, (MapType, ReferenceType, UnionType))
    return (
        isinstance(value, list)
        and isinstance(kind, ArrayType)
        and any(isinstance(one, (dict, list)) for one in value)
    )


def _both(one: Field, other: Field, kind: Type) -> Field:
    """Return a field that two parts of an allOf declare; where they differ the later one counts."""
    if one is other:
        return one
    default = other.default or one.default
    described = other.description or one.description
    return replace(one, type=kind, default=default, description=described)
