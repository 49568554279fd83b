"""Schema objects of OpenAPI 3.0 and 3.1 to types and bodies.

The same schema read for a request and for a response gives two bodies, because one is checked and the
other only read: constraints and misspelt fields matter in requests, and unknown fields and enum values
have to be accepted in responses. What cannot be expressed is a problem, never left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.counting import CountingReader
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Default,
    EnumerationType,
    MapType,
    NullableType,
    ReferenceType,
    Role,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.ir.values import (
    constraints_of,
    declared_types,
    enumeration_of,
    fits,
    freeze,
    text_of,
)
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import DanglingReference, Node, References

_ANNOTATIONS = frozenset(
    (
        "$schema $comment $id deprecated description example examples externalDocs title "
        "uniqueItems minProperties maxProperties xml contentMediaType contentEncoding"
    ).split()
)
_UNDERSTOOD = _ANNOTATIONS | frozenset(
    (
        "$ref $defs additionalProperties allOf anyOf const default discriminator enum "
        "exclusiveMaximum exclusiveMinimum format items maxItems maxLength maximum "
        "minItems minLength minimum multipleOf nullable oneOf pattern properties readOnly "
        "required type writeOnly"
    ).split()
)
_DEEPEST = 80
"""How deep schemas may contain each other: who reads them calls itself."""

_TYPED_FORMATS = frozenset(("date-time", "date", "uuid"))


@dataclass(frozen=True)
class RawField:
    """A field of a body before names are decided."""

    wire_name: str
    type: Type
    required: bool
    default: Default | None
    description: SpecText | None


@dataclass
class RawBody:
    """An object schema with named fields, read for one role.

    Attributes:
        key: Identifies it: its file, its place there, and its role.
        name: What the spec calls it; for a schema inside another, both names run together.
        node: Where it stands.
        role: Whether it is sent or received.
        fields: Its fields, in the order of the spec.
        additional: The type of other fields, where the spec says that there may be some.
        description: What the spec says about it.
    """

    key: str
    name: str
    node: Node
    role: Role
    fields: list[RawField]
    additional: Type | None
    description: SpecText | None


class SchemaReader(CountingReader):
    """Reads schemas and keeps the bodies it meets.

    Attributes:
        bodies: Every body that was met, by its key.

    Args:
        references: Follows `$ref`s.
        problems: Where to note what cannot be expressed.
    """

    def __init__(self, references: References, problems: Problems) -> None:
        super().__init__(references, problems)
        self.bodies: dict[str, RawBody] = {}
        self._open: list[str] = []
        self._depth = 0
        self._tags: list[tuple[str, str, list[str]]] = []

    def read(self, node: Node, role: Role, name: str) -> Type:
        """Return the type that a schema describes.

        Args:
            node: The schema, or a `$ref` to one.
            role: Whether its values are sent or received.
            name: What to call it if it is an object that has no name of its own.
        """
        self._count_schema(node)
        target = self._follow(node)
        if target is None:
            return AnyType()
        if len(target.pointer) >= 2 and target.pointer[-2] in ("schemas", "$defs"):
            name = str(target.pointer[-1])
        if not isinstance(target.value, (bool, dict)):
            self._problem(
                node,
                "the $ref leads to something that is not a schema",
                "a schema",
                "correct the $ref",
            )
            return AnyType()
        if isinstance(target.value, bool):
            if not target.value:
                self._unsupported(
                    target, "the schema 'false'", "a schema that some value satisfies"
                )
            return AnyType()
        self._check_keywords(node, target)
        key = _key(target, role)
        if key in self.bodies:
            return _nullable_if(self._is_nullable(target), ReferenceType(key))
        if key in self._open:
            self._problem(
                target,
                "the schema contains itself without an object in between",
                "a $ref cycle that passes through a field of an object",
                "wrap the schema in an object, or break the cycle",
            )
            return AnyType()
        if self._depth >= _DEEPEST:
            self._too_deep(target)
            return AnyType()
        # Bodies below begin a list of their own, and a run that ends within one leaves it in place.
        opened = self._open
        opened.append(key)
        self._depth += 1
        try:
            return _nullable_if(self._is_nullable(target), self._read(target, role, name))
        finally:
            opened.pop()
            self._depth -= 1

    def _read(self, node: Node, role: Role, name: str) -> Type:
        schema: dict[str, Any] = node.value
        if "allOf" in schema:
            return self._all_of(node, role, name)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                return self._union(node, keyword, role, name)
        if "const" in schema or "enum" in schema:
            return self._enumeration(node, role)
        types = declared_types(schema)
        if len(types) > 1:
            alternatives = tuple(self._of_type(node, one, role, name) for one in types)
            return UnionType(alternatives)
        return self._of_type(node, types[0] if types else "", role, name)

    def _of_type(self, node: Node, type_name: str, role: Role, name: str) -> Type:
        schema: dict[str, Any] = node.value
        constraints = (
            constraints_of(node, type_name, self._problems) if role is Role.REQUEST else ()
        )
        self._count_patterns(node, constraints)
        if type_name == "array":
            items = (
                self.read(node.child("items"), role, f"{name}Item")
                if "items" in schema
                else AnyType()
            )
            return ArrayType(items, constraints)
        if type_name == "object":
            return self._object(node, role, name)
        if type_name == "string" and schema.get("format") in _TYPED_FORMATS:
            # These have a type of their own in Python, which checks more than their length.
            return ScalarType(schema["format"])
        if type_name == "string":
            return ScalarType("string", constraints)
        if type_name in ("integer", "number", "boolean"):
            return ScalarType(type_name, constraints)
        return AnyType()

    def _object(self, node: Node, role: Role, name: str) -> Type:
        schema: dict[str, Any] = node.value
        if not schema.get("properties") and schema.get("additionalProperties") is not False:
            if not isinstance(schema.get("additionalProperties"), dict):
                return MapType(AnyType())
            return MapType(self.read(node.child("additionalProperties"), role, f"{name}Value"))
        return self._body(node, [node], role, name)

    def _body(self, node: Node, parts: list[Node], role: Role, name: str) -> Type:
        self._at_most(LIMITS.bodies, len(self.bodies) + 1, node, "bodies of all specs up to here")
        key = _key(node, role)
        body = RawBody(key, name, node, role, [], None, text_of(node.value.get("description")))
        self.bodies[key] = body
        # From here on a schema may come round to itself: there is an object in between.
        outside, self._open = self._open, []
        required = {field for part in parts for field in part.value.get("required", ())}
        declared: dict[str, RawField] = {}
        for part in parts:
            for field in self._fields(part, role, name, required):
                earlier = declared.setdefault(field.wire_name, field)
                if earlier.type != field.type:
                    self._problem(
                        part.child("properties", field.wire_name),
                        f"the field {quoted(field.wire_name)} has different types in the parts of allOf",
                        "the same type in each part",
                        "declare it in one part only",
                    )
            extra = part.value.get("additionalProperties")
            if isinstance(extra, dict):
                body.additional = self.read(
                    part.child("additionalProperties"), role, f"{name}Value"
                )
            elif extra is True:
                body.additional = AnyType()
        for missing in sorted(required - declared.keys() - self._hidden(parts, role)):
            if node.value.get("additionalProperties", True) is False:
                self._problem(
                    node,
                    f"the required field {quoted(missing)} is not declared",
                    "required fields among the properties",
                    "declare it under properties, or remove it from required",
                )
            else:
                declared[missing] = RawField(missing, AnyType(), True, None, None)
        body.fields = list(declared.values())
        self._open = outside
        return ReferenceType(key)

    def _fields(self, part: Node, role: Role, name: str, required: set[str]) -> Iterator[RawField]:
        self._at_most(LIMITS.fields, len(part.value.get("properties", ())), part, "fields")
        hidden = self._hidden([part], role)
        for wire_name in part.value.get("properties", {}):
            if wire_name in hidden:
                continue
            node = part.child("properties", wire_name)
            kind = self.read(node, role, f"{name}{wire_name[:1].upper()}{wire_name[1:]}")
            target = self._follow(node) or node
            value = target.value if isinstance(target.value, dict) else {}
            own = node.value if isinstance(node.value, dict) else {}
            default = self._default(target, kind) if wire_name not in required else None
            description = text_of(own.get("description") or value.get("description"))
            yield RawField(wire_name, kind, wire_name in required, default, description)

    def _hidden(self, parts: list[Node], role: Role) -> set[str]:
        """Return the fields that values of this role do not have: readOnly in requests, and the reverse."""
        keyword = "readOnly" if role is Role.REQUEST else "writeOnly"
        return {
            name
            for part in parts
            for name, field in part.value.get("properties", {}).items()
            if isinstance(field, dict) and field.get(keyword) is True
        }

    def _default(self, node: Node, kind: Type) -> Default | None:
        if not isinstance(node.value, dict) or "default" not in node.value:
            return None
        default = node.value["default"]
        if default is None:
            return None
        if isinstance(default, list):
            self._at_most(LIMITS.defaults, len(default), node, "items in its default")
        if not fits(default, kind):
            self._problem(
                node.child("default"),
                f"the default {quoted(default)} does not fit its schema",
                "a default that is a scalar, or a list of scalars, of the schema's own type",
                "correct or remove the default",
            )
            return None
        return Default(freeze(default))

    def _all_of(self, node: Node, role: Role, name: str) -> Type:
        parts = list(islice(self._parts(node, []), LIMITS.parts + 1))
        self._at_most(LIMITS.parts, len(parts), node, "objects that its allOf joins")
        own = {key for key in node.value if key not in _ANNOTATIONS and not key.startswith("x-")}
        if len(node.value["allOf"]) == 1 and own <= {
            "allOf",
            "nullable",
            "default",
            "readOnly",
            "writeOnly",
        }:
            return self.read(node.child("allOf", 0), role, name)
        for part in parts:
            if "properties" not in part.value and not (
                part.value.keys() <= {"required", "description", "type", "allOf"}
            ):
                self._unsupported(
                    part,
                    "a part of allOf that is not an object with properties",
                    "objects in allOf",
                )
        return self._body(node, parts, role, name)

    def _parts(self, node: Node, within: list[str]) -> Iterator[Node]:
        """Yield the object schemas that an allOf joins, from the first to the last."""
        self._count_schema(node)
        key = _key(node, Role.REQUEST)
        if key in within:
            self._problem(
                node,
                "the allOf contains itself",
                "no cycle of $refs within allOf",
                "break the cycle",
            )
            return
        if len(within) >= _DEEPEST:
            self._too_deep(node)
            return
        for index in range(len(node.value.get("allOf", ()))):
            part = self._follow(node.child("allOf", index))
            if part is not None and isinstance(part.value, dict):
                self._check_keywords(part, part)
                yield from self._parts(part, [*within, key])
        if node.value.keys() - {"allOf"}:
            yield node

    def _union(self, node: Node, keyword: str, role: Role, name: str) -> Type:
        schema: dict[str, Any] = node.value
        beside = {key for key in schema if key not in _ANNOTATIONS and not key.startswith("x-")}
        extra = beside - {
            keyword,
            "discriminator",
            "nullable",
            "default",
            "type",
            "readOnly",
            "writeOnly",
        }
        if extra:
            self._unsupported(
                node, f"{keyword} beside {', '.join(sorted(extra))}", f"{keyword} alone"
            )
        self._at_most(LIMITS.alternatives, len(schema[keyword]), node, "alternatives")
        alternatives: list[Type] = []
        nullable = False
        for index in range(len(schema[keyword])):
            kind = self.read(node.child(keyword, index), role, f"{name}Option{index + 1}")
            if isinstance(kind, NullableType):
                nullable, kind = True, kind.inner
            if kind not in alternatives and not _is_null(node.child(keyword, index)):
                alternatives.append(kind)
            nullable = nullable or _is_null(node.child(keyword, index))
        discriminator = schema.get("discriminator")
        if discriminator is not None:
            self._tag(node, keyword, role)
        union: Type
        if len(alternatives) == 1:
            union = alternatives[0]
        elif discriminator is not None and role is Role.REQUEST:
            union = UnionType(tuple(alternatives), SpecText(discriminator["propertyName"]))
        elif discriminator is not None:
            # A new kind of object must not make a whole response unreadable.
            union = UnionType((*alternatives, MapType(AnyType())))
        else:
            union = UnionType(tuple(alternatives)) if alternatives else AnyType()
        return _nullable_if(nullable, union)

    def _tag(self, node: Node, keyword: str, role: Role) -> None:
        """Give each alternative of a union the values of the discriminator that select it."""
        discriminator = node.value["discriminator"]
        tag = discriminator["propertyName"]
        mapped: dict[str, list[str]] = {}
        for value, reference in discriminator.get("mapping", {}).items():
            if "/" not in reference and "#" not in reference:
                reference = f"#/components/schemas/{reference}"
            try:
                target = self._references.follow(self._references.target(node.document, reference))
            except DanglingReference as error:
                place = node.child("discriminator", "mapping", value)
                self._problem(place, error.wrong, "a schema of the specs folder", error.mend)
                continue
            mapped.setdefault(_key(target, role), []).append(value)
        for index in range(len(node.value[keyword])):
            alternative = self._follow(node.child(keyword, index))
            if alternative is None:
                continue
            body = self.bodies.get(_key(alternative, role))
            if body is None:
                self._problem(
                    node.child(keyword, index),
                    "a discriminator needs alternatives that are objects with properties",
                    "a $ref to an object",
                    "correct the alternative or remove the discriminator",
                )
                continue
            values = mapped.get(body.key, [str(alternative.pointer[-1])])
            self._tags.append((body.key, tag, values))

    def finish(self) -> None:
        """Complete the bodies, once all schemas have been read: close the fields that tell unions apart."""
        tags: dict[tuple[str, str], dict[str, None]] = {}
        for key, name, values in self._tags:
            # A body of two unions may be called differently in each.
            tags.setdefault((key, name), {}).update(dict.fromkeys(values))
        for (key, name), selected in tags.items():
            closed = EnumerationType(tuple(map(SpecText, selected)), is_open=False)
            tagged = RawField(name, closed, True, None, None)
            body = self.bodies[key]
            for place, field in enumerate(body.fields):
                if field.wire_name == name:
                    body.fields[place] = replace(tagged, description=field.description)
                    break
            else:
                body.fields.append(tagged)

    def _enumeration(self, node: Node, role: Role) -> Type:
        schema: dict[str, Any] = node.value
        values = [schema["const"]] if "const" in schema else schema["enum"]
        self._at_most(LIMITS.values, len(values), node, "values in its enum")
        for index, value in enumerate(values):
            if isinstance(value, (dict, list)):
                place = node.child("enum", index) if "enum" in schema else node.child("const")
                self._unsupported(
                    place, f"the enum value {quoted(value)}", "scalars as enum values"
                )
        scalars = [value for value in values if not isinstance(value, (dict, list))]
        return enumeration_of(scalars, role, has_numbers="number" in declared_types(schema))

    @staticmethod
    def _is_nullable(node: Node) -> bool:
        schema: dict[str, Any] = node.value
        declared = schema.get("type")
        return (
            schema.get("nullable") is True
            or (isinstance(declared, list) and "null" in declared)
            or None in schema.get("enum", ())
        )

    def _check_keywords(self, node: Node, target: Node) -> None:
        for keyword in sorted(target.value.keys() - _UNDERSTOOD):
            if not keyword.startswith("x-"):
                self._unsupported(
                    target.child(keyword),
                    f"the keyword {quoted(keyword)}",
                    "keywords that are read",
                )
        if (
            node is not target
            and isinstance(node.value, dict)
            and node.document.data["openapi"] >= "3.1"
        ):
            for keyword in sorted(node.value.keys() - _ANNOTATIONS - {"$ref"}):
                if not keyword.startswith("x-"):
                    self._unsupported(
                        node.child(keyword), f"{quoted(keyword)} beside $ref", "$ref alone"
                    )

    def _too_deep(self, node: Node) -> None:
        self._problem(
            node,
            f"the schemas above this one contain each other more than {_DEEPEST} levels deep",
            "schemas of fewer levels",
            "flatten them, or put additionalProperties in place of the lowest levels",
        )


def _key(node: Node, role: Role) -> str:
    return f"{node.document.key}#{'/'.join(map(str, node.pointer))}|{role}"


def _nullable_if(nullable: bool, kind: Type) -> Type:
    if not nullable or isinstance(kind, (NullableType, AnyType)):
        return kind
    return NullableType(kind)


def _is_null(node: Node) -> bool:
    return isinstance(node.value, dict) and (
        node.value.get("type") == "null" or node.value.get("enum") == [None]
    )
