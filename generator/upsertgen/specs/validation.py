"""Whether a document is what it claims to be, told in words that name the place.

The OpenAPI schemas are the official ones, in the copy that openapi-spec-validator ships; jsonschema-rs
applies them. Its own messages print whole subtrees, so each kind of error is put into words here.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from upsertgen.errors import Location, Problems, quoted
from upsertgen.specs.document import Document, Pointer

SUPPORTED_OPENAPI = ("3.0", "3.1")
"""The OpenAPI versions that are read, by their first two numbers."""

Locate = Callable[[Pointer, bool], Location]


def validate_document(document: Document, problems: Problems) -> bool:
    """Check a document against the official schema of the OpenAPI version it declares.

    Returns:
        Whether the document is valid; what is not is noted in `problems`.
    """
    version = document.data.get("openapi")
    family = ".".join(str(version).split(".")[:2])
    if version is None or family not in SUPPORTED_OPENAPI:
        problems.add(
            document.locate(("openapi",)),
            (
                "this is not an OpenAPI document: it has no field 'openapi'"
                if version is None
                else f"OpenAPI {quoted(version)} is not supported"
            ),
            " or ".join(f"openapi: {known}.x" for known in SUPPORTED_OPENAPI),
            "declare the version of OpenAPI, or move a file that is none out of the specs folder",
        )
        return False
    return validate(
        document.data,
        _openapi_validator(family),
        lambda pointer, key: document.locate(pointer, key=key),
        problems,
    )


def validate(data: Any, validator: Any, locate: Locate, problems: Problems) -> bool:
    """Note everything in `data` that a JSON Schema validator refuses; return whether it was valid."""
    valid = True
    for error in validator.iter_errors(data):
        valid = False
        for cause in _causes(error):
            _describe(cause, data, locate, problems)
    return valid


def compile_schema(schema: dict[str, Any]) -> Any:
    """Return a validator for `validate`."""
    return jsonschema_rs.validator_for(schema)


@cache
def _openapi_validator(family: str) -> Any:
    """Build the validator of an OpenAPI version, without the slow import of the package that ships it."""
    package = importlib.util.find_spec("openapi_spec_validator")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("openapi-spec-validator is not installed: reinstall upsertgen")
    folder = Path(next(iter(package.submodule_search_locations)))
    schema = json.loads((folder / f"resources/schemas/v{family}/schema.json").read_text("utf-8"))
    return compile_schema(schema)


def _causes(error: Any) -> Iterator[Any]:
    """Yield the errors that explain one error: for alternatives, those of the branch that fits best."""
    branches = getattr(error.kind, "context", None)
    if not branches:
        yield error
        return
    # The branch that got furthest into the data is what its author meant; a bare `$ref` is only meant
    # where one is written.
    best = max(branches, key=_progress)
    for cause in best:
        yield from _causes(cause)


def _progress(branch: Iterable[Any]) -> tuple[bool, int]:
    errors = list(branch)
    bare_reference = any(error.kind.as_dict().get("property") == "$ref" for error in errors)
    return (not bare_reference, max((len(error.instance_path) for error in errors), default=0))


def _describe(error: Any, data: Any, locate: Locate, problems: Problems) -> None:
    pointer = _pointer(error.instance_path, data)
    name = f"the field {quoted(pointer[-1])}" if pointer else "the document"
    kind: str = error.kind.name
    details: dict[str, Any] = error.kind.as_dict()
    if kind in ("additionalProperties", "unevaluatedProperties"):
        for unexpected in details["unexpected"]:
            near = difflib.get_close_matches(unexpected, OPENAPI_FIELDS, 1)
            problems.add(
                locate((*pointer, unexpected), True),
                f"the field {quoted(unexpected)} is not known here",
                f"only fields that {name.removeprefix('the field ')} may have",
                (
                    f"did you mean {quoted(near[0])}?"
                    if near
                    else "remove it, or begin its name with 'x-'"
                ),
            )
    elif kind == "required":
        missing = quoted(details["property"])
        problems.add(
            locate(pointer, True), f"{name} lacks {missing}", f"the field {missing}", "add it"
        )
    else:
        value = _at(data, pointer)
        types: list[str] = details.get("types", [str(details.get("type"))])
        expected = {
            "type": " or ".join(_TYPE_NAMES.get(one, one) for one in types),
            "enum": f"one of {quoted(details.get('options'), longest=200)}",
            "const": quoted(details.get("expected_value")),
            "pattern": f"text that matches {details.get('pattern')}",
        }.get(kind, f"a value that satisfies {kind} {quoted(details)}")
        problems.add(
            locate(pointer, False), f"{name} is {_shown(value)}", expected, "correct the value"
        )


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


def _pointer(path: Iterable[str | int], data: Any) -> Pointer:
    """Return an error's path with string keys where the data has mappings (`200` comes as a number)."""
    steps: list[str | int] = []
    for step in path:
        step = str(step) if isinstance(data, dict) else step
        steps.append(step)
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            break
    return tuple(steps)


def _at(data: Any, pointer: Pointer) -> Any:
    for step in pointer:
        data = data[step]
    return data


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a sequence" if isinstance(value, list) else quoted(value)


_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a sequence",
    "string": "a string",
    "integer": "a whole number",
}
