"""Types and models of the tree to JSON Schema: for datamodel-code-generator, and for the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upsertgen.emit.annotations import open_types
from upsertgen.emit.deprecation import described, model_name, told
from upsertgen.emit.encode import raw
from upsertgen.ir.constants import constant
from upsertgen.ir.tree import (
    TYPED_FORMATS,
    AnyType,
    ArrayType,
    Direction,
    EnumerationType,
    Field,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    ReferenceType,
    Scalar,
    ScalarType,
    Type,
    UnionType,
    Value,
)
from upsertgen.spec_text import SpecText

_JSON_TYPES = {"str": "string", "int": "integer", "bool": "boolean", "float": "number"}


class SchemaWriter:
    """Writes the JSON Schema of types.

    Args:
        names: The name below `#/$defs/` of every model, by its key.
        models: Every model whose fields tell alternatives apart, by its key.
        text: How text of a spec is written.
        checks: Whether constraints and discriminators are written, too.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        models: Mapping[str, Model],
        text: Callable[[SpecText], str] = raw,
        *,
        checks: bool = False,
    ) -> None:
        self._names = names
        self._models = models
        self._text = text
        self._checks = checks

    def key(self, field: Field) -> str:
        """Return what a field is called: its name in Python if it is the same in JSON."""
        return field.name if raw(field.wire_name) == field.name else self._text(field.wire_name)

    def model(self, model: Model) -> dict[str, Any]:
        """Return the schema of a model."""
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        description = described(model.description, deprecated=model.deprecated)
        if description is not None:
            schema["description"] = self._text(description)
        for field in model.fields:
            written = self.type(field.type)
            if field.filled and field.default is None:
                written["default"] = self.value(constant(field.type))
            elif field.default is not None and (field.filled or not field.required):
                written["default"] = self.value(field.default.value)
            description = described(field.description, deprecated=field.deprecated)
            if description is not None:
                written["description"] = self._text(description)
            if field.deprecated and self._checks:
                # What `Field` of pydantic takes; JSON Schema knows but true and false.
                written["deprecated"] = told(f"{model_name(model)}.{field.name}")
            schema["properties"][self.key(field)] = written
        schema["required"] = [
            self.key(field) for field in model.fields if field.required and not field.filled
        ]
        kept_anyway = model.direction is Direction.RESPONSE and isinstance(
            model.additional, AnyType
        )
        if model.additional is not None and not kept_anyway:
            schema["additionalProperties"] = self.type(model.additional) or True
        return schema

    def type(self, kind: Type) -> dict[str, Any]:
        """Return the schema of a type."""
        match kind:
            case ReferenceType(body):
                return {"$ref": f"#/$defs/{self._names[body]}"}
            case ScalarType("byte", constraints) if self._checks:
                return {"customTypePath": "_base64.Base64Bytes", **self._constraints(constraints)}
            case ScalarType(name, constraints):
                scalar = (
                    {"type": "string", "format": name} if name in TYPED_FORMATS else {"type": name}
                )
                return {**scalar, **self._constraints(constraints)}
            case EnumerationType(values, is_open):
                enumeration = {"enum": [self.value(value) for value in values]}
                if not is_open:
                    return enumeration
                types = [{"type": _JSON_TYPES[one]} for one in open_types(values)]
                return {"anyOf": [enumeration, *types]}
            case ArrayType(items, constraints):
                constrained = self._constraints(constraints)
                return {"type": "array", "items": self.type(items), **constrained}
            case MapType(values):
                return {"type": "object", "additionalProperties": self.type(values) or True}
            case NullableType(ScalarType(_, constraints) | ArrayType(_, constraints) as inner) if (
                constraints and self._checks
            ):
                # As alternatives, null gets lost where the field has another name in Python.
                alone = self.type(inner)
                return {**alone, "type": [alone.get("type", "string"), "null"]}
            case NullableType(UnionType() as inner) if "discriminator" in (
                told := self.type(inner)
            ):
                return {**told, "oneOf": [*told["oneOf"], {"type": "null"}]}
            case NullableType(inner):
                return {"anyOf": [self.type(inner), {"type": "null"}]}
            case UnionType(alternatives, discriminator):
                written = [self.type(one) for one in alternatives]
                selected = self._selected(alternatives, discriminator)
                if selected is None:
                    return {"anyOf": written}
                return {"oneOf": written, "discriminator": selected}
            case _:
                return {}

    def value(self, value: Value) -> Any:
        """Return a value of the tree as plain JSON data."""
        if isinstance(value, ObjectValue):
            return {self._text(name): self.value(item) for name, item in value.fields}
        if isinstance(value, tuple):
            return [self.value(item) for item in value]
        return self._text(value) if isinstance(value, SpecText) else value

    def _selected(
        self, alternatives: tuple[Type, ...], discriminator: SpecText | None
    ) -> dict[str, Any] | None:
        """Return which definition each value of a discriminator selects.

        Nothing when pydantic could not tell: the field has several names in Python or is missing in one,
        or one value selects two definitions, as when they are told apart otherwise somewhere else. Then
        all are tried.
        """
        fields = [
            (field, one.body)
            for one in alternatives
            if self._checks and isinstance(one, ReferenceType)
            for field in self._models[one.body].fields
            if field.wire_name == discriminator and isinstance(field.type, EnumerationType)
        ]
        selected = [
            (self._text(value), f"#/$defs/{self._names[body]}")
            for field, body in fields
            if isinstance(field.type, EnumerationType)
            for value in field.type.values
            if isinstance(value, SpecText)
        ]
        one_name = len({field.name for field, _ in fields}) == 1
        everywhere = len(fields) == len(alternatives)
        if not (one_name and everywhere) or len(selected) > len(dict(selected)):
            return None
        return {"propertyName": self.key(fields[0][0]), "mapping": dict(selected)}

    def _constraints(self, constraints: tuple[tuple[str, Scalar], ...]) -> dict[str, Any]:
        return {name: self.value(value) for name, value in constraints} if self._checks else {}
