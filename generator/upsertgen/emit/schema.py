"""Types and models of the tree to the JSON Schema that datamodel-code-generator is given.

It never sees a spec: only schemas that are written here, with names that are ours. Text from the spec
reaches it as field names and descriptions, which it quotes.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from upsertgen.emit.annotations import open_types
from upsertgen.emit.encode import model_description, raw
from upsertgen.emit.rewriting import NO_NAME
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    ReferenceType,
    Role,
    Scalar,
    ScalarType,
    Type,
    UnionType,
    Value,
)
from upsertgen.spec_text import SpecText

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_FORMATS = frozenset(("date-time", "date", "uuid"))
_JSON_TYPES = {"str": "string", "int": "integer", "bool": "boolean", "float": "number"}


def model_schema(
    models: list[Model],
    names: Mapping[str, str],
    known: Mapping[str, Model],
    *,
    typed_dicts: bool,
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return one JSON Schema document that defines some models, and which of its definitions are stubs.

    A stub stands for a class of another version that the models refer to.

    Args:
        models: The models to define.
        names: The class name of every model, by its key.
        known: Every model there is, by its key.
        typed_dicts: Whether TypedDicts are meant, which carry no constraints and are named `...Dict`.
    """
    suffix = "Dict" if typed_dicts else ""
    writer = _Writer({key: f"{name}{suffix}" for key, name in names.items()}, known, typed_dicts)
    own = {f"{names[model.key]}{suffix}": writer.model(model) for model in models}
    foreign = {
        name: {"type": "object", "properties": {}} for name in sorted(writer.used - own.keys())
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {**own, **foreign},
    }
    return schema, frozenset(foreign)


def is_plain_name(wire_name: SpecText) -> bool:
    """Return whether a name in JSON is the same name in Python, wherever it stands.

    A name that begins with `_` may mean something else in a class, and one that is not ASCII is normalised.
    """
    name = raw(wire_name)
    return _PLAIN_NAME.match(name) is not None and not keyword.iskeyword(name)


def schema_of(kind: Type, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON Schema of one type.

    Args:
        kind: The type.
        names: The name below `#/$defs/` of every model, by its key.
    """
    return _Writer(names, {}, typed_dicts=True).type(kind)


def declares_additional(model: Model) -> bool:
    """Return whether a class has to say something about fields that are not named, beyond its base."""
    kept_anyway = model.role is Role.RESPONSE and isinstance(model.additional, AnyType)
    return model.additional is not None and not kept_anyway


class _Writer:
    def __init__(
        self, names: Mapping[str, str], models: Mapping[str, Model], typed_dicts: bool
    ) -> None:
        self._names = names
        self._models = models
        self._typed_dicts = typed_dicts
        self.used: set[str] = set()

    def model(self, model: Model) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object"}
        if model.description is not None:
            schema["description"] = model_description(model.description)
        schema["properties"] = {}
        for field in model.fields:
            written = self.type(field.type)
            if field.default is not None and not self._typed_dicts:
                written["default"] = thaw(field.default.value)
            if field.description is not None:
                written["description"] = model_description(field.description)
            schema["properties"][raw(field.wire_name)] = written
        if self._typed_dicts and not all(is_plain_name(field.wire_name) for field in model.fields):
            # What is no name in any Python keeps the others from being taken for names.
            key = NO_NAME
            while key in schema["properties"]:
                key += "!"
            schema["properties"][key] = {}
        schema["required"] = [raw(field.wire_name) for field in model.fields if field.required]
        if model.additional is not None and declares_additional(model) and not self._typed_dicts:
            schema["additionalProperties"] = self.type(model.additional) or True
        return schema

    def type(self, kind: Type) -> dict[str, Any]:
        match kind:
            case ReferenceType(body):
                self.used.add(self._names[body])
                return {"$ref": f"#/$defs/{self._names[body]}"}
            case ScalarType(name, constraints):
                scalar = {"type": "string", "format": name} if name in _FORMATS else {"type": name}
                return {**scalar, **self._constraints(constraints)}
            case EnumerationType(values, is_open):
                enumeration: dict[str, Any] = {"enum": [_scalar(value) for value in values]}
                if not is_open:
                    return enumeration
                return {
                    "anyOf": [
                        enumeration,
                        *({"type": _JSON_TYPES[one]} for one in open_types(values)),
                    ]
                }
            case ArrayType(items, constraints):
                return {
                    "type": "array",
                    "items": self.type(items),
                    **self._constraints(constraints),
                }
            case MapType(values):
                return {"type": "object", "additionalProperties": self.type(values) or True}
            case NullableType(ScalarType(_, constraints) | ArrayType(_, constraints) as inner) if (
                constraints and not self._typed_dicts
            ):
                # As alternatives, null gets lost where the field has another name in Python.
                alone = self.type(inner)
                return {**alone, "type": [alone["type"], "null"]}
            case NullableType(inner):
                return {"anyOf": [self.type(inner), {"type": "null"}]}
            case UnionType(alternatives, None):
                return {"anyOf": [self.type(one) for one in alternatives]}
            case UnionType(alternatives, SpecText() as discriminator):
                written = [self.type(one) for one in alternatives]
                selected = (
                    None if self._typed_dicts else self._selected(alternatives, discriminator)
                )
                if selected is None:
                    return {"anyOf": written}
                return {
                    "oneOf": written,
                    "discriminator": {"propertyName": raw(discriminator), "mapping": selected},
                }
            case _:
                return {}

    def _selected(
        self, alternatives: tuple[Type, ...], discriminator: SpecText
    ) -> dict[str, str] | None:
        """Return which definition each value of a discriminator selects.

        Nothing when pydantic could not tell: the field has several names in Python, or one value selects
        two definitions, as when they are told apart otherwise somewhere else. Then all are tried.
        """
        fields = [
            (field, one.body)
            for one in alternatives
            if isinstance(one, ReferenceType)
            for field in self._models[one.body].fields
            if field.wire_name == discriminator and isinstance(field.type, EnumerationType)
        ]
        selected = [
            (raw(value), f"#/$defs/{self._names[body]}")
            for field, body in fields
            if isinstance(field.type, EnumerationType)
            for value in field.type.values
            if isinstance(value, SpecText)
        ]
        one_name = len({field.name for field, _ in fields}) == 1
        return dict(selected) if one_name and len(selected) == len(dict(selected)) else None

    def _constraints(self, constraints: tuple[tuple[str, Scalar], ...]) -> dict[str, Any]:
        return (
            {} if self._typed_dicts else {keyword: _scalar(value) for keyword, value in constraints}
        )


def thaw(value: Value) -> Any:
    """Return a value of the tree as plain JSON data."""
    if isinstance(value, ObjectValue):
        return {raw(name): thaw(item) for name, item in value.fields}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return _scalar(value)


def _scalar(value: Scalar) -> Any:
    return raw(value) if isinstance(value, SpecText) else value
