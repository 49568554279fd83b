"""Signatures as `inspect.signature` would give them, from source that is not imported."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import griffe

from upsertgen.docs.package import Package

_WIDTH = 88
_NO_SIGNATURE = {"TypedDict", "Enum", "StrEnum", "IntEnum"}
"""Bases of classes that nobody calls as they are defined."""
_MANY: Mapping[griffe.ParameterKind | None, str] = {
    griffe.ParameterKind.var_positional: "*",
    griffe.ParameterKind.var_keyword: "**",
}
"""What stands before the name of a parameter that stands for many."""


@dataclass(frozen=True)
class Parameter:
    """What a function takes.

    Attributes:
        name: Its name, with the asterisks of one that stands for many.
        type: Its annotation as source; empty where it has none.
        default: Its default as source; None where it has none.
        kind: How it is given.
    """

    name: str
    type: str
    default: str | None
    kind: griffe.ParameterKind


@dataclass(frozen=True)
class BodyField:
    """A field of a body.

    Attributes:
        name: What the attribute is called.
        wire_name: Its name in JSON.
        type: The type of its values.
        default: Its default as source; None where it has to be given.
        meaning: What its docstring says; not encoded.
    """

    name: str
    wire_name: str
    type: str
    default: str | None
    meaning: str


def source_of(value: str | griffe.Expr | None) -> str:
    """Return an annotation or a default as source, without the private names of imported modules."""
    if value is None or isinstance(value, str):
        return value or ""
    parts: list[str] = []
    skips = False
    for part in value.iterate(flat=True):
        if isinstance(part, griffe.Expr):
            name = str(getattr(part, "name", part))
            skips = name.startswith("_") and name != "_"
            parts += [] if skips else [name]
        elif skips and part == ".":
            skips = False
        else:
            parts.append(str(part))
    return "".join(parts) or str(value)


def parameters_of(package: Package, one: griffe.Function) -> list[Parameter]:
    """Return what a function takes, but for the instance or class of a method."""
    is_method = isinstance(one.parent, griffe.Class) and "staticmethod" not in one.labels
    return [
        Parameter(
            _starred(each),
            source_of(each.annotation),
            # griffe has one for those that stand for many, too.
            None if each.kind in _MANY else _default(package, each.default),
            each.kind or griffe.ParameterKind.positional_or_keyword,
        )
        for each in list(one.parameters)[1 if is_method else 0 :]
    ]


def constructor(package: Package, one: griffe.Class) -> list[Parameter] | None:
    """Return what makes an object of a class takes; None where nobody says so in this package."""
    if is_body(package, one):
        fields = body_fields(package, one)
        taken = [
            Parameter(_given_name(each), each.type, each.default, griffe.ParameterKind.keyword_only)
            for each in fields
        ]
        return [*taken, *([_MORE] if _takes_more(package, one) else [])]
    names = _base_names(package, one)
    if names & _NO_SIGNATURE or "Protocol" in {name for name, _ in package.parents(one)}:
        return None
    if "NamedTuple" in names:
        kind = griffe.ParameterKind.positional_or_keyword
        return [
            Parameter(each.name, source_of(each.annotation), _default(package, each.value), kind)
            for each in one.members.values()
            if isinstance(each, griffe.Attribute)
            and each.annotation
            and "property" not in each.labels
        ]
    for each in (one, *package.bases(one)):
        found = each.members.get("__init__")
        if isinstance(found, griffe.Function):
            return parameters_of(package, found)
    return None


def laid_out(start: str, parameters: list[Parameter], end: str) -> str:
    """Return a signature on one line, or with a line for each parameter if it is long.

    Args:
        start: What stands before the parenthesis.
        parameters: What stands in it.
        end: What stands behind it.
    """
    items = list(_with_marks(parameters))
    line = f"{start}({', '.join(items)}){end}"
    if len(line) <= _WIDTH or not items:
        return line
    return "\n".join([f"{start}(", *(f"    {one}," for one in items), f"){end}"])


def is_body(package: Package, one: griffe.Class) -> bool:
    """Return whether a class is a model of pydantic."""
    return bool(_base_names(package, one) & {"BaseModel", "RootModel"})


def body_fields(package: Package, one: griffe.Class) -> list[BodyField]:
    """Return the fields of a body, also those that it inherits."""
    found: dict[str, BodyField] = {}
    for each in reversed([one, *package.bases(one)]):
        for name, member in each.members.items():
            if (
                isinstance(member, griffe.Attribute)
                and member.annotation is not None
                and not name.startswith("_")
                and "instance-attribute" in member.labels
            ):
                found[name] = _body_field(member)
    return list(found.values())


def value_in(package: Package, one: griffe.Class, name: str) -> str | None:
    """Return the value of an attribute of a class as source, also of one that it inherits."""
    for each in (one, *package.bases(one)):
        found = each.members.get(name)
        if isinstance(found, griffe.Attribute) and found.value is not None:
            return source_of(found.value)
    return None


_MORE = Parameter("**extra_data", "Any", None, griffe.ParameterKind.var_keyword)


def _body_field(member: griffe.Attribute) -> BodyField:
    kind, said = member.annotation, dict[str, str]()
    if isinstance(kind, griffe.ExprSubscript) and str(kind.left).endswith("Annotated"):
        inside = kind.slice
        if isinstance(inside, griffe.ExprTuple):
            kind, *more = inside.elements
            said = {name: value for one in more for name, value in _arguments(one)}
    default = None if member.value is None else source_of(member.value)
    if isinstance(member.value, griffe.ExprCall):
        of_value = dict(_arguments(member.value))
        said |= of_value
        default = of_value.get("default", "..." if "default_factory" in of_value else None)
    return BodyField(
        name=member.name,
        wire_name=ast.literal_eval(said["alias"]) if "alias" in said else member.name,
        type=source_of(kind),
        default=default,
        meaning=member.docstring.value if member.docstring is not None else "",
    )


def _arguments(call: str | griffe.Expr) -> Iterator[tuple[str, str]]:
    if isinstance(call, griffe.ExprCall) and str(call.function).endswith("Field"):
        for one in call.arguments:
            if isinstance(one, griffe.ExprKeyword):
                yield one.name, str(one.value)


def _given_name(one: BodyField) -> str:
    is_name = one.wire_name.isidentifier() and not keyword.iskeyword(one.wire_name)
    return one.wire_name if is_name else one.name


def _takes_more(package: Package, one: griffe.Class) -> bool:
    return "extra='allow'" in (value_in(package, one, "model_config") or "").replace('"', "'")


def _base_names(package: Package, one: griffe.Class) -> set[str]:
    return {name for each in (one, *package.bases(one)) for name, _ in package.parents(each)}


def _starred(one: griffe.Parameter) -> str:
    return f"{_MANY.get(one.kind, '')}{one.name}"


def _default(package: Package, value: str | griffe.Expr | None) -> str | None:
    """Return a default as source: the value of a constant of the package instead of its name."""
    if isinstance(value, griffe.ExprName):
        found = package.find(value.canonical_path)
        if isinstance(found, griffe.Attribute) and isinstance(found.parent, griffe.Module):
            value = value if found.value is None else found.value
    return None if value is None else source_of(value)


def _with_marks(parameters: list[Parameter]) -> Iterator[str]:
    """Yield parameters as source, with the marks between those of different kinds."""
    before: griffe.ParameterKind | None = None
    for one in parameters:
        is_last_positional = before is griffe.ParameterKind.positional_only
        if is_last_positional and one.kind is not before:
            yield "/"
        starred = (griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional)
        if one.kind is griffe.ParameterKind.keyword_only and before not in starred:
            yield "*"
        before = one.kind
        kind = f": {one.type}" if one.type else ""
        equals = " = " if kind else "="
        yield f"{one.name}{kind}" + ("" if one.default is None else f"{equals}{one.default}")
    if before is griffe.ParameterKind.positional_only:
        yield "/"
