"""Types of the tree to Python annotations, and the imports that they need."""

from __future__ import annotations

from collections.abc import Mapping

from upsertgen.emit.encode import scalar_literal
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    MapType,
    NullableType,
    ReferenceType,
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
_MODULES = {
    "Any": "typing",
    "Literal": "typing",
    "Mapping": "collections.abc",
    "Sequence": "collections.abc",
    "UUID": "uuid",
    "date": "datetime",
    "datetime": "datetime",
}


class Annotations:
    """Writes the annotations of one module and remembers what it has to import for them.

    Args:
        names: The class name of each model, by its key.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._used: set[str] = set()
        self.models: set[str] = set()
        self.typed_dicts: set[str] = set()

    def accepted(self, kind: Type) -> str:
        """Return the annotation of a value that a caller passes in: models or mappings, any sequence."""
        return self._annotation(kind, accepts=True)

    def returned(self, kind: Type) -> str:
        """Return the annotation of a value that a caller gets."""
        return self._annotation(kind, accepts=False)

    def imports(self) -> list[tuple[str, list[str]]]:
        """Return the standard library's names that the annotations use, by module, sorted."""
        modules: dict[str, list[str]] = {}
        for name in sorted(self._used):
            modules.setdefault(_MODULES[name], []).append(name)
        return sorted(modules.items())

    def _annotation(self, kind: Type, *, accepts: bool) -> str:
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
                return f"{outer}[{self._annotation(items, accepts=accepts)}]"
            case MapType(values):
                outer = self._use("Mapping") if accepts else "dict"
                return f"{outer}[str, {self._annotation(values, accepts=accepts)}]"
            case NullableType(inner):
                return f"{self._annotation(inner, accepts=accepts)} | None"
            case UnionType(alternatives):
                written = [self._annotation(one, accepts=accepts) for one in alternatives]
                return " | ".join(dict.fromkeys(written))
            case AnyType():
                return self._use("Any")

    def _use(self, name: str) -> str:
        if name in _MODULES:
            self._used.add(name)
        return name


def open_types(values: tuple[object, ...]) -> list[str]:
    """Return the Python types of the values of an enumeration, in a fixed order."""
    kinds = {"str" if isinstance(value, SpecText) else type(value).__name__ for value in values}
    return sorted(kinds)
