"""Why a JSON Schema refuses a document, told in words that name the place.

The messages of jsonschema-rs print whole subtrees, and for alternatives they only say that none fits. Here
the alternative that was meant is worked out, and what is wrong with it is put into words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from upsertgen.errors import Problems, did_you_mean, nearest, quoted, suggestion
from upsertgen.specs.document import LocatedMapping, Pointer, locate, value_at
from upsertgen.specs.openapi import FIELDS, SCHEMA_KEYWORDS, kind_at

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
        pointer: Where in the document.
        kind: The keyword of the schema.
        details: What the keyword has to say.
        known: The fields that the schema knows at this place.
    """

    pointer: Pointer
    kind: str
    details: Mapping[str, Any]
    known: tuple[str, ...] = ()


def causes(error: Any, document: Any, within: Pointer, schema: Any) -> list[Cause]:
    """Return what explains one error: for alternatives, what is wrong with the one that was meant.

    Args:
        error: The error of jsonschema-rs.
        document: The whole document.
        within: The way to the part of it that was checked.
        schema: The whole schema.
    """
    pointer = _pointer((*within, *error.instance_path), document)
    branches: list[list[Any]] | None = getattr(error.kind, "context", None)
    if branches is None:
        details = error.kind.as_dict()
        return [Cause(pointer, error.kind.name, details, _known(schema, error.schema_path))]
    expanded = [
        [cause for one in branch for cause in causes(one, document, within, schema)]
        for branch in branches
    ]
    value = value_at(document, pointer)
    failed = [branch for branch in expanded if branch]
    if len(failed) < len(expanded):
        # More than one alternative fits, which `oneOf` forbids; what is wrong beside it explains it.
        options = value_at(schema, error.schema_path)
        names = {name for one in options for name in one.get("required", ())}
        present = sorted(names & value.keys()) if isinstance(value, dict) else []
        return [Cause(pointer, "oneOf", {"fields": present if len(present) > 1 else []})]
    return _meant(failed, pointer, value)


def _meant(branches: list[list[Cause]], pointer: Pointer, value: Any) -> list[Cause]:
    """Return the causes of the alternative that the author of `value` most likely meant."""
    is_reference = isinstance(value, dict) and "$ref" in value
    branches = [one for one in branches if _is_reference(one, pointer) == is_reference] or branches
    fitting = [one for one in branches if not _at_place(one, pointer, "type")]
    if not fitting:
        return [_together(branches, pointer, "type", "types")]
    for name in _DISCRIMINATING:
        place = (*pointer, name)
        matching = [one for one in fitting if not _at_place(one, place, "enum")]
        if not matching:
            return [_together(fitting, place, "enum", "options")]
        fitting = matching
    # The alternative that got furthest into the data, with the fewest faults.
    return min(fitting, key=lambda one: (-max(len(cause.pointer) for cause in one), len(one)))


def _together(branches: list[list[Cause]], pointer: Pointer, kind: str, listed: str) -> Cause:
    """Return one cause of a kind for all that alternatives say of a place, with what each lists."""
    details = (
        one.details[listed]
        for branch in branches
        for one in branch
        if one.pointer == pointer and one.kind == kind
    )
    return Cause(pointer, kind, {listed: list(dict.fromkeys(chain.from_iterable(details)))})


def _is_reference(branch: list[Cause], pointer: Pointer) -> bool:
    """Return whether an alternative is a bare `$ref`: it misses one, or finds fault with its value."""
    return any(
        (one.pointer == pointer and one.kind == "required" and one.details["property"] == "$ref")
        or one.pointer == (*pointer, "$ref")
        for one in branch
    )


def _at_place(branch: list[Cause], pointer: Pointer, kind: str) -> bool:
    return any(one.pointer == pointer and one.kind == kind for one in branch)


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
            fails_below = sum(place[: len(one.pointer)] == one.pointer for place in wrong) > 1
            names = [
                name
                for name in one.details["unexpected"]
                if (*one.pointer, name) not in wrong and not (name in FIELDS and fails_below)
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


def describe(cause: Cause, document: LocatedMapping, problems: Problems, unknown: str) -> None:
    """Put one cause into words.

    Args:
        cause: What is wrong.
        document: The whole document.
        problems: Where to note it.
        unknown: How to mend a field that nobody knows.
    """
    pointer, details = cause.pointer, cause.details
    name = _name(pointer)
    if cause.kind in _CLOSED:
        for unexpected in details["unexpected"]:
            _unknown_field(cause, unexpected, document, problems, unknown)
    elif cause.kind == "required":
        missing = details["property"]
        problems.add(
            locate(document, (*pointer, missing), key=True),
            f"{name} lacks the field {quoted(missing)}",
            f"{quoted(missing)}, which is required",
            "add it",
        )
    elif cause.kind == "propertyNames":
        _unknown_field(cause, details["error"].instance, document, problems, unknown)
    elif cause.kind in ("oneOf", "not"):
        fields = sorted(details.get("fields") or details.get("schema", {}).get("required", []))
        both = " and ".join(quoted(one) for one in fields)
        problems.add(
            locate(document, pointer, key=True),
            f"{name} has {both}, which exclude each other",
            "only one of them",
            "remove one",
        )
    else:
        value = value_at(document, pointer)
        expected, mend = _expected(cause, value)
        problems.add(
            locate(document, pointer, key=isinstance(value, (dict, list))),
            f"{name} is {shown(value)}",
            expected,
            mend,
        )


def _unknown_field(
    cause: Cause, name: str, document: LocatedMapping, problems: Problems, unknown: str
) -> None:
    owner = cause.pointer
    place = owner[-1] if owner else ""
    if set(cause.known) <= {"default"} and isinstance(place, str) and place in _PLACES:
        expected, mend = _PLACES[place]
    else:
        by_kind = SCHEMA_KEYWORDS if kind_at(owner) == "schema" else ()
        known = cause.known or by_kind or FIELDS
        near = nearest(name, known)
        # Where no field looks like it, what there is has to be read.
        listed = known is not FIELDS and (len(known) <= _MOST_LISTED or near is None)
        expected = (
            f"only the fields {', '.join(sorted(known))}"
            if listed
            else f"a field that {_name(owner, plain=True)} may have"
        )
        mend = suggestion(near) if near is not None else unknown
    problems.add(
        locate(document, (*owner, name), key=True),
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
        return (
            f"one of {', '.join(quoted(one) for one in details['options'])}",
            did_you_mean(value if isinstance(value, str) else "", options, "correct the value"),
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


def _known(schema: Any, path: Iterable[str | int]) -> tuple[str, ...]:
    """Return the fields that the schema object declares whose keyword `path` leads to."""
    try:
        place = value_at(schema, list(path)[:-1])
    except (KeyError, IndexError, TypeError):
        return ()
    return tuple(place.get("properties", {})) if isinstance(place, dict) else ()
