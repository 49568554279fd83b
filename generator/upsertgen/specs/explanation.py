"""Why a JSON Schema refuses a document, told in words that name the place.

The messages of jsonschema-rs print whole subtrees, and for alternatives they only say that none fits. Here
the alternative that was meant is worked out, and what is wrong with it is put into words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upsertgen.errors import Location, Problems, nearest, quoted
from upsertgen.specs.document import Pointer

Locate = Callable[[Pointer, bool], Location]
"""Given a pointer, and whether its key or its value is meant: where that stands."""

_CLOSED = ("additionalProperties", "unevaluatedProperties")
_DISCRIMINATING = ("in", "type")
_MOST_LISTED = 16
_TYPES = {
    "object": ("a mapping", "write fields as 'name: value'"),
    "array": ("a list", "write a list: '- ' before each item"),
    "string": ("text", "write text"),
    "integer": ("a whole number", "write a whole number without quotes"),
    "number": ("a number", "write a number without quotes"),
    "boolean": ("true or false", "write true or false without quotes"),
    "null": ("null", "write null"),
}
_LIMITS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number greater than {}",
    "exclusiveMaximum": "a number less than {}",
    "minLength": "text of at least {} character(s)",
    "maxLength": "text of at most {} character(s)",
    "minItems": "at least {} item(s)",
    "maxItems": "at most {} item(s)",
    "minProperties": "at least {} field(s)",
    "maxProperties": "at most {} field(s)",
}
_FORMATS = {"email": "an email address", "regex": "a regular expression", "uri-reference": "a URL"}
_PLACES: dict[str, tuple[str, str]] = {
    "paths": ("paths that begin with '/'", "begin it with '/'"),
    "responses": (
        "a status such as '200', a class such as '4XX', or 'default'",
        "correct the status",
    ),
} | dict.fromkeys(
    ("schemas", "parameters", "requestBodies", "headers", "securitySchemes", "examples"),
    ("a name of letters, digits, '.', '-' and '_'", "rename it"),
)
"""What names are expected, and how to mend them, in mappings whose keys the author chooses."""


@dataclass(frozen=True)
class Cause:
    """One thing that a schema refuses.

    Attributes:
        pointer: Where in the data.
        kind: The keyword of the schema.
        details: What the keyword has to say.
        known: The fields that the schema knows at this place.
    """

    pointer: Pointer
    kind: str
    details: Mapping[str, Any]
    known: tuple[str, ...] = ()


def causes(error: Any, data: Any, schema: Any) -> list[Cause]:
    """Return what explains one error: for alternatives, what is wrong with the one that was meant.

    Args:
        error: The error of jsonschema-rs.
        data: The whole document.
        schema: The whole schema.
    """
    pointer = _pointer(error.instance_path, data)
    branches: list[list[Any]] | None = getattr(error.kind, "context", None)
    if branches is None:
        details = error.kind.as_dict()
        return [Cause(pointer, error.kind.name, details, _known(schema, error.schema_path))]
    expanded = [
        [cause for one in branch for cause in causes(one, data, schema)] for branch in branches
    ]
    failed = [branch for branch in expanded if branch]
    if len(failed) < len(expanded):
        # More than one alternative fits, which `oneOf` forbids; what is wrong beside it explains it.
        options = _at(schema, error.schema_path)
        names = {name for one in options for name in one.get("required", ())}
        value = _at(data, pointer)
        present = sorted(names & value.keys()) if isinstance(value, dict) else []
        return [Cause(pointer, "oneOf", {"fields": present if len(present) > 1 else []})]
    return _meant(failed, pointer, _at(data, pointer))


def _meant(branches: list[list[Cause]], pointer: Pointer, value: Any) -> list[Cause]:
    """Return the causes of the alternative that the author of `value` most likely meant."""
    is_reference = isinstance(value, dict) and "$ref" in value
    branches = _preferring(branches, lambda one: _is_reference(one, pointer) == is_reference)
    fitting = [one for one in branches if not _at_place(one, pointer, "type")]
    if not fitting:
        types = [
            name for branch in branches for one in branch for name in _type_names(one, pointer)
        ]
        return [Cause(pointer, "type", {"types": list(dict.fromkeys(types))})]
    for name in _DISCRIMINATING:
        place = (*pointer, name)
        matching = [one for one in fitting if not _at_place(one, place, "enum")]
        if not matching:
            options = [
                option
                for branch in fitting
                for one in branch
                if one.pointer == place and one.kind == "enum"
                for option in one.details["options"]
            ]
            return [Cause(place, "enum", {"options": list(dict.fromkeys(options))})]
        fitting = matching
    # The alternative that got furthest into the data, with the fewest faults.
    return min(fitting, key=lambda one: (-max(len(cause.pointer) for cause in one), len(one)))


def _preferring(
    branches: list[list[Cause]], wanted: Callable[[list[Cause]], bool]
) -> list[list[Cause]]:
    return [branch for branch in branches if wanted(branch)] or branches


def _is_reference(branch: list[Cause], pointer: Pointer) -> bool:
    """Return whether an alternative is a bare `$ref`: it misses one, or finds fault with its value."""
    return any(
        (one.pointer == pointer and one.kind == "required" and one.details["property"] == "$ref")
        or one.pointer == (*pointer, "$ref")
        for one in branch
    )


def _at_place(branch: list[Cause], pointer: Pointer, kind: str) -> bool:
    return any(one.pointer == pointer and one.kind == kind for one in branch)


def _type_names(cause: Cause, pointer: Pointer) -> list[str]:
    if cause.pointer != pointer or cause.kind != "type":
        return []
    names: list[str] = cause.details["types"]
    return names


def without_consequences(found: Sequence[Cause]) -> Iterator[Cause]:
    """Yield the causes that are not mere consequences of others: a wrong type explains everything else."""
    mistyped = {one.pointer for one in found if one.kind == "type"}
    wrong = {one.pointer[:length] for one in found for length in range(len(one.pointer) + 1)}
    placed = {one.pointer for one in found if one.kind not in (*_CLOSED, "oneOf")}
    for one in found:
        if one.kind != "type" and one.pointer in mistyped:
            continue
        if one.kind == "required" and _is_misspelt(one, found):
            continue
        if one.kind == "oneOf" and (one.pointer in placed or not one.details["fields"]):
            continue
        if one.kind == "unevaluatedProperties":
            # A field whose own check failed counts as not evaluated, and so do those of a branch that failed.
            names = [
                name
                for name in one.details["unexpected"]
                if (*one.pointer, name) not in wrong
                and not (name in OPENAPI_FIELDS and len(wrong & _below(one.pointer, wrong)) > 1)
            ]
            if names:
                yield Cause(one.pointer, one.kind, {"unexpected": names}, one.known)
            continue
        yield one


def _is_misspelt(missing: Cause, found: Sequence[Cause]) -> bool:
    """Return whether a missing field is there under a name that nobody knows."""
    unknown = [
        name
        for one in found
        if one.pointer == missing.pointer and one.kind in _CLOSED
        for name in one.details["unexpected"]
    ]
    return nearest(missing.details["property"], unknown) is not None


def _below(pointer: Pointer, places: Iterable[Pointer]) -> set[Pointer]:
    return {one for one in places if one[: len(pointer)] == pointer}


def describe(cause: Cause, data: Any, within: Pointer, locate: Locate, problems: Problems) -> None:
    """Put one cause into words.

    Args:
        cause: What is wrong.
        data: The data that was checked.
        within: Where the data stands in its document.
        locate: Returns where a place below `within` stands.
        problems: Where to note it.
    """
    pointer, details = cause.pointer, cause.details
    name = _name((*within, *pointer))
    if cause.kind in _CLOSED:
        for unexpected in details["unexpected"]:
            _unknown_field(cause, unexpected, (*within, *pointer), locate, problems)
    elif cause.kind == "required":
        missing = details["property"]
        problems.add(
            locate((*pointer, missing), True),
            f"{name} lacks the field {quoted(missing)}",
            f"{quoted(missing)}, which is required",
            "add it",
        )
    elif cause.kind == "propertyNames":
        _unknown_field(cause, details["error"].instance, (*within, *pointer), locate, problems)
    elif cause.kind in ("oneOf", "not"):
        fields = sorted(details.get("fields") or details.get("schema", {}).get("required", []))
        both = " and ".join(quoted(one) for one in fields)
        problems.add(
            locate(pointer, True),
            f"{name} has {both}, which exclude each other",
            "only one of them",
            "remove one",
        )
    else:
        value = _at(data, pointer)
        expected, mend = _expected(cause, value)
        problems.add(
            locate(pointer, isinstance(value, (dict, list))),
            f"{name} is {shown(value)}",
            expected,
            mend,
        )


def _unknown_field(
    cause: Cause, name: str, owner: Pointer, locate: Locate, problems: Problems
) -> None:
    place = owner[-1] if owner else ""
    expected, mend = "", "remove it, or begin its name with 'x-'"
    if set(cause.known) <= {"default"} and isinstance(place, str) and place in _PLACES:
        expected, mend = _PLACES[place]
    else:
        known = cause.known or OPENAPI_FIELDS
        near = nearest(name, known)
        listed = 0 < len(cause.known) <= _MOST_LISTED
        expected = (
            f"only the fields {', '.join(sorted(cause.known))}"
            if listed
            else f"a field that {_name(owner, plain=True)} may have"
        )
        mend = f"did you mean {quoted(near)}?" if near else mend
    problems.add(
        locate((*cause.pointer, name), True),
        f"{quoted(name)} is not known in {_name(owner, plain=True)}",
        expected,
        mend,
    )


def _expected(cause: Cause, value: Any) -> tuple[str, str]:
    """Return what a value should be, and how to mend it."""
    details = cause.details
    if cause.kind == "type":
        types: list[str] = details.get("types") or [str(details.get("type"))]
        # A schema may also be true or false, but that is hardly ever meant.
        types = sorted(types, key=lambda one: one != "object")
        if types == ["string"] and isinstance(value, (int, float)):
            return "text", "put it in quotes"
        names = [_TYPES.get(one, (one, ""))[0] for one in types]
        return " or ".join(names), _TYPES.get(types[0], ("", "correct the value"))[1]
    if cause.kind == "enum":
        options = [one for one in details["options"] if isinstance(one, str)]
        near = nearest(value, options) if isinstance(value, str) else None
        return (
            f"one of {', '.join(quoted(one) for one in details['options'])}",
            f"did you mean {quoted(near)}?" if near else "correct the value",
        )
    if cause.kind == "const":
        return quoted(details["expected_value"]), "correct the value"
    if cause.kind == "pattern":
        return f"text that matches {details['pattern']}", "correct the value"
    if cause.kind in _LIMITS:
        return _LIMITS[cause.kind].format(details["limit"]), "correct the value"
    if cause.kind == "uniqueItems":
        return "each item once", "remove the second one"
    if cause.kind == "format":
        name = str(details.get("format"))
        return _FORMATS.get(name, f"text in the format {name}"), "correct the value"
    return "what OpenAPI allows here", "compare it with the OpenAPI specification"


def _name(pointer: Pointer, *, plain: bool = False) -> str:
    """Return what to call a place: by its key, or by its number within what has a key."""
    if not pointer:
        return "the document"
    last = pointer[-1]
    if isinstance(last, int):
        return f"item {last + 1} of {_name(pointer[:-1], plain=True)}"
    return quoted(last) if plain else f"the field {quoted(last)}"


def shown(value: Any) -> str:
    """Return a value as a message shows it: what kind of thing it is, or the scalar itself."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return quoted(value)


def _pointer(path: Iterable[str | int], data: Any) -> Pointer:
    """Return an error's path with string keys where the data has mappings (`200` comes as a number)."""
    steps: list[str | int] = []
    for step in path:
        step = str(step) if isinstance(data, dict) else step
        steps.append(step)
        data = data[step]
    return tuple(steps)


def _at(data: Any, pointer: Iterable[str | int]) -> Any:
    for step in pointer:
        data = data[step]
    return data


def _known(schema: Any, path: Iterable[str | int]) -> tuple[str, ...]:
    """Return the fields that the schema object declares whose keyword `path` leads to."""
    place = schema
    for step in list(path)[:-1]:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            return ()
    properties = place.get("properties", {}) if isinstance(place, dict) else {}
    return tuple(properties)


OPENAPI_FIELDS = (
    "additionalProperties allOf anyOf components content default deprecated "
    "description discriminator enum example examples exclusiveMaximum "
    "exclusiveMinimum explode externalDocs flows format get headers in info items "
    "license maxItems maxLength maximum minItems minLength minimum multipleOf name "
    "not nullable oneOf openapi operationId parameters patch paths pattern post "
    "properties put readOnly requestBody required responses scheme schema schemas "
    "scopes security securitySchemes servers style summary tags title trace type "
    "uniqueItems url variables version writeOnly delete head options"
).split()
"""Field names of OpenAPI, to suggest the one that a misspelt name meant."""
