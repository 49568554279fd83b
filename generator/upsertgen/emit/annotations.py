"""Types of the tree to Python annotations, and the imports that they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from upsertgen.emit.encode import scalar_literal
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    MapType,
    NullableType,
    ReferenceType,
    Scalar,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.spec_text import SpecText

_SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date-time": "datetime",
    "date": "date",
    "uuid": "UUID",
}
_CONSTRAINTS = {
    "exclusiveMaximum": "lt",
    "exclusiveMinimum": "gt",
    "maxItems": "max_length",
    "maxLength": "max_length",
    "maximum": "le",
    "minItems": "min_length",
    "minLength": "min_length",
    "minimum": "ge",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
}
_MODULES = {
    "Annotated": "typing",
    "Any": "typing",
    "Field": "pydantic",
    "Literal": "typing",
    "Mapping": "collections.abc",
    "Sequence": "collections.abc",
    "UUID": "uuid",
    "date": "datetime",
    "datetime": "datetime",
}


class Annotations:
    """Writes the annotations of one module and remembers what it has to import for them.

    Attributes:
        models: The names of the models that they mention.
        typed_dicts: The names of the TypedDicts that they mention.

    Args:
        names: What the module calls each model, by the model's key.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._used: set[str] = set()
        self.models: set[str] = set()
        self.typed_dicts: set[str] = set()

    def accepted(self, kind: Type) -> str:
        """Return the annotation of a value that a caller passes in: models or mappings, any sequence."""
        return self._annotation(kind, accepts=True, checks=False)

    def returned(self, kind: Type) -> str:
        """Return the annotation of a value that a caller gets."""
        return self._annotation(kind, accepts=False, checks=False)

    def checked(self, kind: Type) -> str:
        """Return the annotation of a value that is checked before it is sent, with its constraints."""
        return self._annotation(kind, accepts=False, checks=True)

    def imports(self) -> dict[str, set[str]]:
        """Return the names that the annotations use beside models, by module."""
        modules: dict[str, set[str]] = {}
        for name in self._used:
            modules.setdefault(_MODULES[name], set()).add(name)
        return modules

    def _annotation(self, kind: Type, *, accepts: bool, checks: bool) -> str:
        def inner(one: Type) -> str:
            return self._annotation(one, accepts=accepts, checks=checks)

        if checks and isinstance(kind, (ScalarType, ArrayType)) and kind.constraints:
            return self._constrained(inner(replace(kind, constraints=())), kind.constraints)
        match kind:
            case ReferenceType(body):
                name = self._names[body]
                self.models.add(name)
                if not accepts:
                    return name
                self.typed_dicts.add(f"{name}Dict")
                return f"{name} | {name}Dict"
            case ScalarType(name):
                return self._use(_SCALARS[name])
            case EnumerationType(values, is_open):
                literal = f"{self._use('Literal')}[{', '.join(map(scalar_literal, values))}]"
                return " | ".join((literal, *open_types(values))) if is_open else literal
            case ArrayType(items):
                outer = self._use("Sequence") if accepts else "list"
                return f"{outer}[{inner(items)}]"
            case MapType(values):
                outer = self._use("Mapping") if accepts else "dict"
                return f"{outer}[str, {inner(values)}]"
            case NullableType(nullable):
                return f"{inner(nullable)} | None"
            case UnionType(alternatives):
                return " | ".join(dict.fromkeys(map(inner, alternatives)))
            case AnyType():
                return self._use("Any")

    def _constrained(self, annotation: str, constraints: tuple[tuple[str, Scalar], ...]) -> str:
        arguments = (
            f"{_CONSTRAINTS[keyword]}={scalar_literal(value)}" for keyword, value in constraints
        )
        return (
            f"{self._use('Annotated')}[{annotation}, {self._use('Field')}({', '.join(arguments)})]"
        )

    def _use(self, name: str) -> str:
        if name in _MODULES:
            self._used.add(name)
        return name


def open_types(values: tuple[object, ...]) -> list[str]:
    """Return the Python types of the values of an enumeration, in a fixed order."""
    kinds = {"str" if isinstance(value, SpecText) else type(value).__name__ for value in values}
    return sorted(kinds)
