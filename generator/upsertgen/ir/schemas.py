"""Schema objects of OpenAPI 3.0 and 3.1 to types and bodies.

The same schema read for a request and for a response gives two bodies, because one is checked and the
other only read: constraints and misspelt fields matter in requests, and unknown fields and enum values
have to be accepted in responses. What cannot be expressed is a problem, never left out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.discriminators import Discriminators
from upsertgen.ir.inheritance import Inheritance
from upsertgen.ir.intersection import intersection
from upsertgen.ir.keywords import ANYWHERE, OF_OBJECTS, is_null, keywords
from upsertgen.ir.objects import DEEPEST, ObjectReader
from upsertgen.ir.reader import body_key
from upsertgen.ir.schema_notes import note_keywords
from upsertgen.ir.tree import (
    TYPED_FORMATS,
    AnyType,
    ArrayType,
    Direction,
    MapType,
    NullableType,
    ReferenceType,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.ir.values import (
    common_types,
    constraints_of,
    declared_types,
    enumeration_of,
    fits,
    flat,
    is_base64,
    is_deprecated,
    lengths_of_bytes,
    plain_type,
)
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node, Specs


class SchemaReader(ObjectReader):
    """Reads schemas and keeps the bodies it meets.

    Args:
        specs: Follows `$ref`s.
        problems: Where to note what cannot be expressed.
        wire_formats: Whether to keep formats that change no Python type, as the constraint `format`.
    """

    def __init__(self, specs: Specs, problems: Problems, *, wire_formats: bool = False) -> None:
        super().__init__(specs, problems)
        self._wire_formats = wire_formats
        self._depth = 0
        self._inheritance = Inheritance(specs)
        self._discriminators = Discriminators(self)
        self._families: dict[str, Type] = {}

    def read(self, node: Node, direction: Direction, name: str) -> Type:
        """Return the type that a schema describes, as `ObjectReader` says."""
        self.count_schema(node)
        target = self.follow(node)
        if target is None:
            return AnyType()
        if len(target.pointer) >= 2 and target.pointer[-2] in ("schemas", "$defs"):
            name = str(target.pointer[-1])
        if isinstance(target.value, bool):
            if not target.value:
                self.unsupported(target, "the schema 'false'", "a schema that some value satisfies")
            return AnyType()
        self._check_keywords(target)
        note_keywords(target, direction, self.note)
        heirs = self._inheritance.heirs(target)
        kind = (
            self._family(target, heirs, direction)
            if heirs
            else self._alone(target, direction, name)
        )
        return _nullable_if(self._is_nullable(target), kind)

    def _read_part(self, node: Node, direction: Direction, name: str) -> Type:
        """Return the type of items, values or an alternative, which cannot be told to be deprecated."""
        kind = self.read(node, direction, name)
        target = self.follow(node)
        if is_deprecated(node, target) and not self._is_deprecated_body(kind):
            place = node if is_deprecated(node) else target or node
            self.note(
                place.child("deprecated"),
                "'deprecated' has no effect here; say it of a field, parameter or object with properties",
            )
        return kind

    def follow(self, node: Node) -> Node | None:
        """Return what a schema stands for; keywords beside a `$ref` of OpenAPI 3.1 count as in an `allOf`."""
        end = super().follow(node)
        while end is not None and node.value is not end.value:
            beside = {key: value for key, value in node.value.items() if key != "$ref"}
            if node.document.data["openapi"] >= "3.1" and keywords(node) - {"$ref"}:
                parts = [{"$ref": node.value["$ref"]}, *beside.get("allOf", ())]
                return Node(node.document, node.pointer, {**beside, "allOf": parts})
            node = self.specs.target(node.document, node.value["$ref"])
        return end

    def _alone(self, target: Node, direction: Direction, name: str) -> Type:
        """Return the type of a schema, without what is built on it."""
        key = body_key(target, direction)
        if key in self.bodies:
            return ReferenceType(key)
        if key in self._open:
            self.problem(
                target,
                "the schema contains itself without an object in between",
                "a $ref cycle that passes through a field of an object",
                "wrap the schema in an object, or break the cycle",
            )
            return AnyType()
        if self._depth >= DEEPEST:
            self._too_deep(target)
            return AnyType()
        # Bodies below begin a list of their own, and a run that ends within one leaves it in place.
        opened = self._open
        opened.append(key)
        self._depth += 1
        try:
            return self._read(target, direction, name)
        finally:
            opened.pop()
            self._depth -= 1

    def _read(self, node: Node, direction: Direction, name: str) -> Type:
        schema: dict[str, Any] = node.value
        empty = [keyword for keyword in ("allOf", "oneOf", "anyOf") if schema.get(keyword) == []]
        if empty:
            self.problem(
                node.child(empty[0]),
                f"{empty[0]} lists no schema",
                "at least one",
                f"add a schema or remove {empty[0]}",
            )
            return AnyType()
        if "allOf" in schema:
            return self._all_of(node, direction, name)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema and not self._only_requires(node, keyword):
                return self._union(node, keyword, direction, name)
        if "const" in schema or "enum" in schema:
            return self._enumeration(node, direction)
        types = declared_types(schema)
        if len(types) > 1:
            alternatives = tuple(self._of_type(node, one, direction, name) for one in types)
            return _readable(UnionType(alternatives), direction)
        return self._of_type(node, types[0] if types else "", direction, name)

    def _of_type(self, node: Node, type_name: str, direction: Direction, name: str) -> Type:
        kind = self._of_python_type(node, type_name, direction, name)
        text_format = node.value.get("format") if self._wire_formats else None
        if isinstance(kind, ScalarType) and isinstance(text_format, str):
            return replace(kind, constraints=(("format", SpecText(text_format)), *kind.constraints))
        return kind

    def _of_python_type(self, node: Node, type_name: str, direction: Direction, name: str) -> Type:
        schema: dict[str, Any] = node.value
        constraints = (
            constraints_of(node, type_name, self.problems) if direction is Direction.REQUEST else ()
        )
        self.count_patterns(node, constraints)
        if type_name == "array":
            items = (
                self._read_part(node.child("items"), direction, f"{name}Item")
                if "items" in schema
                else AnyType()
            )
            return ArrayType(items, constraints)
        if type_name == "object":
            return self._object(node, direction, name)
        if type_name == "string":
            self._note_encoding(node)
        if type_name == "string" and is_base64(schema):
            # An answer that is no base64 stays the text that it is.
            encoded = ScalarType("byte", lengths_of_bytes(constraints))
            text = ScalarType("string")
            return encoded if direction is Direction.REQUEST else UnionType((encoded, text))
        if type_name == "string" and schema.get("format") in TYPED_FORMATS:
            # These have a type of their own in Python, which checks more than their length.
            return ScalarType(schema["format"])
        if type_name == "string":
            return ScalarType("string", constraints)
        if type_name in ("integer", "number", "boolean"):
            return ScalarType(type_name, constraints)
        return AnyType()

    def _only_requires(self, node: Node, keyword: str) -> bool:
        """Return whether alternatives of an object say no more than which fields are there, and note that."""
        options = node.children(keyword)
        if not _is_object(node) or not all(
            isinstance(one.value, dict) and keywords(one) == {"required"} for one in options
        ):
            return False
        self.note(node.child(keyword), f"which of the fields {keyword} requires is not checked")
        return True

    def _note_encoding(self, node: Node) -> None:
        """Note where text stands for bytes in a way that nothing here encodes or decodes."""
        encoding = node.value.get("contentEncoding")
        if node.value.get("format") == "binary":
            self.note(
                node.child("format"),
                "JSON has no form for binary data; it is sent and read as text",
            )
        elif encoding not in (None, "base64") and isinstance(encoding, str):
            text = f"{quoted(encoding)} is neither encoded nor decoded; the text is sent and read as it is"
            self.note(node.child("contentEncoding"), text)

    def _object(self, node: Node, direction: Direction, name: str) -> Type:
        schema: dict[str, Any] = node.value
        if not schema.get("properties") and schema.get("additionalProperties") is not False:
            if not isinstance(schema.get("additionalProperties"), dict):
                return MapType(AnyType())
            return MapType(
                self._read_part(node.child("additionalProperties"), direction, f"{name}Value")
            )
        return self._body(node, [node], direction, name)

    def _all_of(self, node: Node, direction: Direction, name: str) -> Type:
        options = [one for one in node.children("allOf") if isinstance(one.value, dict)]
        speaking = [one for one in options if keywords(one) - ANYWHERE - {"type"}]
        own = keywords(node) - ANYWHERE - {"allOf", "type"}
        if len(speaking) == 1 and not own and not self._inheritance.bases(node):
            # What is said of it besides makes no other class of it.
            kind = self.read(speaking[0], direction, name)
            return self._of_types(kind, [node, *(one for one in options if one not in speaking)])
        parts = list(islice(self._parts(node, direction, []), LIMITS.parts + 1))
        self.at_most(LIMITS.parts, len(parts), node, "objects that its allOf joins")
        if not any(map(_is_object, parts)):
            return self._common(node, parts, direction, name)
        return self._joined(node, parts, direction, name)

    def _of_types(self, kind: Type, nodes: list[Node]) -> Type:
        """Return a type as far as it is of the types that schemas declare; null may stand in any of them."""
        nullable = isinstance(kind, NullableType) or any(map(self._is_nullable, nodes))
        kind = kind.inner if isinstance(kind, NullableType) else kind
        for node in nodes:
            declared = tuple(map(plain_type, declared_types(node.value)))
            common = intersection(kind, UnionType(declared)) if declared else kind
            if common is None:
                self._conflict(node, kind, *declared)
                return AnyType()
            kind = common
        return _nullable_if(nullable, kind)

    def _joined(self, node: Node, parts: list[Node], direction: Direction, name: str) -> Type:
        """Return the body whose fields are those of several objects."""
        for part in parts:
            alternatives = keywords(part) & {"oneOf", "anyOf"}
            are_plain = all(self._only_requires(part, one) for one in alternatives)
            if not _is_object(part) or not are_plain or keywords(part) & {"enum", "const"}:
                self.unsupported(
                    part,
                    "a part of allOf that is not an object with properties",
                    "objects in allOf",
                )
        key = body_key(node, direction)
        for base in self._inheritance.bases(node):
            tag = base.value["discriminator"]["propertyName"]
            if base.pointer == node.pointer and direction is Direction.RESPONSE:
                # What is read as the base may be of a kind that nobody knows yet.
                self._discriminators.leave_open(key, tag)
                continue
            mapped = self._discriminators.mapping(base, direction)
            self._discriminators.select(key, tag, node, mapped.get(key, ()))
        return self._body(node, parts, direction, name)

    def _common(self, node: Node, parts: list[Node], direction: Direction, name: str) -> Type:
        """Return the type of the values that all parts of an allOf allow, none of which is an object."""
        found: list[Type] = []
        for type_name in common_types(part.value for part in parts):
            kind: Type = AnyType()
            for part in parts:
                keyword = next((one for one in ("oneOf", "anyOf") if one in part.value), None)
                if keyword is not None:
                    one = self._union(part, keyword, direction, name)
                elif "const" in part.value or "enum" in part.value:
                    one = self._enumeration(part, direction)
                else:
                    one = self._of_type(part, type_name, direction, name)
                common = intersection(kind, one)
                if common is None:
                    self._conflict(part, kind, one)
                    return AnyType()
                kind = common
            found.append(kind)
        if not found:
            self._conflict(node, AnyType())
            return AnyType()
        nullable = any(map(self._is_nullable, parts))
        return _nullable_if(nullable, found[0] if len(found) == 1 else UnionType(tuple(found)))

    def _conflict(self, node: Node, *kinds: Type) -> None:
        names = {kind.name if isinstance(kind, ScalarType) else "" for kind in kinds}
        if len(kinds) > 1 and len(names) == 1 and "" not in names:
            what = "a second pattern or multipleOf, or another format, in an allOf"
            self.unsupported(node, what, "one of each")
            return
        self.problem(
            node,
            "no value meets all parts of the allOf",
            "parts that agree about the type",
            "correct the part that does not fit the others",
        )

    def _family(self, base: Node, heirs: list[Node], direction: Direction) -> Type:
        """Return the union of all that may stand in the place of a schema that others are built on.

        Where a mapping names what there is, what others are built on is itself no more than their base. An
        answer of a kind that nobody knows is read as the base that has the discriminator.
        """
        key = body_key(base, direction)
        # As often as it is used: each use is emitted with all of them.
        self.count_schema(base, len(heirs))
        if key in self._families:
            return self._families[key]
        self.at_most(
            LIMITS.alternatives, len(heirs) + 1, base, "schemas that are built on this one"
        )
        told = self._inheritance.bases(base)[0]
        mapped = self._discriminators.mapping(told, direction)
        answer_base = direction is Direction.RESPONSE and told.pointer == base.pointer
        members = [
            one
            for one in (*heirs, base)
            if not mapped
            or body_key(one, direction) in mapped
            or not self._inheritance.heirs(one)
            or (answer_base and one is base)
        ]
        kinds: list[Type] = [ReferenceType(body_key(one, direction)) for one in members]
        if direction is Direction.RESPONSE and not answer_base:
            kinds.append(MapType(AnyType()))
        tag = SpecText(told.value["discriminator"]["propertyName"])
        self._families[key] = (
            UnionType(tuple(kinds), tag if direction is Direction.REQUEST else None)
            if len(kinds) > 1
            else kinds[0]
        )
        # Known before its members are read: these may refer to it.
        for one in members:
            if body_key(one, direction) not in self.bodies:
                parts = list(islice(self._parts(one, direction, []), LIMITS.parts))
                self._joined(one, parts, direction, str(one.pointer[-1]))
        return self._families[key]

    def _union(self, node: Node, keyword: str, direction: Direction, name: str) -> Type:
        schema: dict[str, Any] = node.value
        extra = keywords(node) - ANYWHERE - {keyword, "discriminator", "type"}
        if extra:
            self.unsupported(
                node, f"{keyword} beside {', '.join(sorted(extra))}", f"{keyword} alone"
            )
        self.at_most(LIMITS.alternatives, len(schema[keyword]), node, "alternatives")
        discriminator = schema.get("discriminator")
        kinds: list[Type] = []
        nullable = False
        for number, option in enumerate(node.children(keyword), 1):
            if is_null(self.follow(option) or option):
                nullable = True
                continue
            kind = self._read_part(option, direction, f"{name}Option{number}")
            if isinstance(kind, NullableType):
                nullable, kind = True, kind.inner
            kinds.append(kind)
            if discriminator is not None:
                self._select(node, option, kind, direction)
        alternatives = flat(kinds, is_told=discriminator is not None)
        self.at_most(LIMITS.alternatives, len(alternatives), node, "alternatives")
        union: Type
        if len(alternatives) == 1:
            union = alternatives[0]
        elif discriminator is not None and direction is Direction.REQUEST:
            union = UnionType(alternatives, SpecText(discriminator["propertyName"]))
        elif discriminator is not None:
            # A new kind of object must not make a whole response unreadable.
            union = UnionType((*alternatives, MapType(AnyType())))
        else:
            union = UnionType(alternatives) if alternatives else AnyType()
        return _nullable_if(nullable, _readable(union, direction))

    def _select(self, node: Node, option: Node, kind: Type, direction: Direction) -> None:
        """Note by which values of the discriminator of a union one of its alternatives is selected."""
        target = self.follow(option)
        alternatives = flat([kind], is_told=True)
        bodies = [one.body for one in alternatives if isinstance(one, ReferenceType)]
        if target is None:
            return
        if len(bodies) < max(len(alternatives), 1):
            self.problem(
                option,
                "a discriminator needs alternatives that are objects with properties",
                "a $ref to an object",
                "correct the alternative or remove the discriminator",
            )
            return
        tag = node.value["discriminator"]["propertyName"]
        mapped = self._discriminators.mapping(node, direction)
        own = mapped.get(body_key(target, direction), ())
        for body in bodies:
            values = mapped.get(body, ())
            # Of a union within it, whose members may well be told apart by another field.
            is_inner = isinstance(kind, UnionType) and not values
            if is_inner and self._discriminators.tells(body, tag):
                continue
            if is_inner:
                values = own or (str(target.pointer[-1]),)
            self._discriminators.select(body, tag, self.places[body], values, if_declared=is_inner)

    def finish(self) -> None:
        """Complete the bodies, once all schemas have been read: close the fields that tell unions apart."""
        self._discriminators.close(self.bodies)

    def _enumeration(self, node: Node, direction: Direction) -> Type:
        schema: dict[str, Any] = node.value
        values = [schema["const"]] if "const" in schema else schema["enum"]
        self.at_most(LIMITS.values, len(values), node, "values in its enum")
        self.count_schema(node, len(values))
        for index, value in enumerate(values):
            if isinstance(value, (dict, list)):
                place = node.child("enum", index) if "enum" in schema else node.child("const")
                self.unsupported(place, f"the enum value {quoted(value)}", "scalars as enum values")
        scalars = [value for value in values if not isinstance(value, (dict, list))]
        types = declared_types(schema)
        for value in scalars:
            if (
                types
                and value is not None
                and not any(fits(value, plain_type(one)) for one in types)
            ):
                self.note(
                    node, f"the enum value {quoted(value)} is not of type {' or '.join(types)}"
                )
        return enumeration_of(scalars, direction, has_numbers="number" in types)

    @staticmethod
    def _is_nullable(node: Node) -> bool:
        schema: dict[str, Any] = node.value
        declared = schema.get("type")
        return (
            schema.get("nullable") is True
            or (isinstance(declared, list) and "null" in declared)
            or None in schema.get("enum", ())
        )


def _is_object(node: Node) -> bool:
    types = declared_types(node.value)
    return types == ["object"] or (not types and bool(OF_OBJECTS & node.value.keys()))


def _nullable_if(nullable: bool, kind: Type) -> Type:
    if not nullable or isinstance(kind, (NullableType, AnyType)):
        return kind
    return NullableType(kind)


def _readable(kind: Type, direction: Direction) -> Type:
    """Return a type that takes any text in answers, where one of several types takes only some."""
    if not isinstance(kind, UnionType) or direction is Direction.REQUEST:
        return kind
    scalars = {one.name for one in kind.alternatives if isinstance(one, ScalarType)}
    if not scalars & TYPED_FORMATS or "string" in scalars:
        return kind
    return replace(kind, alternatives=(*kind.alternatives, ScalarType("string")))
