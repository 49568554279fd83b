"""Types of the tree to Python annotations.

Emitted modules import modules, each with an underscore before its name, which no name from a spec begins
with. So an annotation can stand anywhere, whatever else is called there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

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
    "date-time": "_datetime.datetime",
    "date": "_datetime.date",
    "uuid": "_uuid.UUID",
    "byte": "bytes",
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
    "_builtins": "builtins",
    "_abc": "collections.abc",
    "_datetime": "datetime",
    "_typing": "typing",
    "_uuid": "uuid",
    "_pydantic": "pydantic",
    "_typing_extensions": "typing_extensions",
}
_INSTALLED = frozenset(("pydantic", "typing_extensions"))


@dataclass(frozen=True)
class Style:
    """How the same type is written in different places.

    Attributes:
        models: The modules that a model is named in, each with what stands before and behind its name.
        accepts: Whether any mapping and any sequence will do.
        checks: Whether constraints are written, too.
        encoded: Whether it is written, too, how values are encoded.
        evaluated: Whether Python evaluates it before all classes of the module are defined.
    """

    models: tuple[tuple[str, str, str], ...] = (("_models", "_models.", ""),)
    accepts: bool = False
    checks: bool = False
    encoded: bool = False
    evaluated: bool = False


ACCEPTED = Style((("_models", "_models.", ""), ("_typed_dicts", "_typed_dicts.", "Dict")), True)
"""What a caller passes in: models or mappings."""
RETURNED = Style()
"""What a caller gets."""
DECODED = Style(encoded=True)
"""What is read from an answer."""
CHECKED = Style(checks=True, encoded=True)
"""What is checked before it is sent."""
IN_TYPED_DICT = Style((("", "", "Dict"),), accepts=True)
"""A field of a TypedDict that is written as a class."""
IN_TYPED_DICT_CALL = Style((("", '"', 'Dict"'),), accepts=True, evaluated=True)
"""A field of a TypedDict that is written as a call."""


class Annotations:
    """Writes the annotations of one module.

    Attributes:
        modules: The modules that they mention, as the emitted module calls them.

    Args:
        names: The name of the class of each model, by the model's key.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.modules: set[str] = set()

    def annotation(self, kind: Type, style: Style) -> str:
        """Return the annotation of a value."""

        def inner(one: Type) -> str:
            return self.annotation(one, style)

        if style.checks and isinstance(kind, (ScalarType, ArrayType)) and kind.constraints:
            return self._constrained(inner(replace(kind, constraints=())), kind.constraints)
        match kind:
            case ReferenceType(body):
                self.modules |= {module for module, _, _ in style.models if module}
                name = self._names[body]
                return " | ".join(f"{before}{name}{behind}" for _, before, behind in style.models)
            case ScalarType("byte") if style.encoded:
                return self.of("_base64", "Base64Bytes")
            case ScalarType(name):
                module, dot, _ = (scalar := _SCALARS[name]).rpartition(".")
                self.modules |= {module} if dot else set()
                return scalar
            case EnumerationType(values, is_open):
                literal = (
                    f"{self.of('_typing', 'Literal')}[{', '.join(map(scalar_literal, values))}]"
                )
                return " | ".join((literal, *open_types(values))) if is_open else literal
            case ArrayType(items):
                outer = self.of("_abc", "Sequence") if style.accepts else "list"
                return f"{outer}[{inner(items)}]"
            case MapType(values):
                outer = self.of("_abc", "Mapping") if style.accepts else "dict"
                return f"{outer}[str, {inner(values)}]"
            case NullableType(nullable) if style.evaluated:
                return f"{self.of('_typing', 'Optional')}[{inner(nullable)}]"
            case NullableType(nullable):
                return f"{inner(nullable)} | None"
            case UnionType(alternatives):
                distinct = dict.fromkeys(map(inner, alternatives))
                if style.evaluated:
                    return f"{self.of('_typing', 'Union')}[{', '.join(distinct)}]"
                return " | ".join(distinct)
            case AnyType():
                return self.of("_typing", "Any")

    def of(self, module: str, name: str) -> str:
        """Return a name in a module, which is imported for it."""
        self.modules.add(module)
        return f"{module}.{name}"

    def _constrained(self, annotation: str, constraints: tuple[tuple[str, Scalar], ...]) -> str:
        arguments = ", ".join(
            f"{_CONSTRAINTS[keyword]}={scalar_literal(value)}" for keyword, value in constraints
        )
        field = f"{self.of('_pydantic', 'Field')}({arguments})"
        return f"{self.of('_typing', 'Annotated')}[{annotation}, {field}]"


def open_types(values: tuple[object, ...]) -> list[str]:
    """Return the Python types of the values of an enumeration, in a fixed order."""
    kinds = {"str" if isinstance(value, SpecText) else type(value).__name__ for value in values}
    return sorted(kinds)


def import_lines(modules: Iterable[str], names: Mapping[str, Iterable[str]] | None = None) -> str:
    r"""Return the imports of an emitted module: of the standard library, what is installed, our own.

    Args:
        modules: The modules that it imports, by what it calls them; those of our own are passed over.
        names: The names that it imports, by module.

    Returns:
        Groups of lines, with an empty line before each.

    Example:
        >>> import_lines(["_abc", "_models"], {"pydantic": ["Field"]})
        '\n\nimport collections.abc as _abc\n\nfrom pydantic import Field'
    """
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for called in sorted({*modules} & _MODULES.keys(), key=_MODULES.__getitem__):
        groups[_group(_MODULES[called])].append(f"import {_MODULES[called]} as {called}")
    for module, imported in sorted((names or {}).items()):
        if wanted := ", ".join(sorted(imported)):
            groups[_group(module)].append(f"from {module} import {wanted}")
    return "".join("\n\n" + "\n".join(group) for group in groups if group)


def _group(module: str) -> int:
    return 2 if module.startswith(".") else int(module in _INSTALLED)
