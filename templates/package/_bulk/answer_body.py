"""What is read of the body of an answer.

Of an accepted request that is what `correlate` looks at, and no objects are made of the rest. What an error
body, or one of a response's errors, says is wrong is read by `problems_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import islice
from types import GenericAlias
from typing import Any, NotRequired, TypeAlias, TypedDict, cast

from pydantic_core import SchemaValidator, core_schema, from_json

from .._runtime.roles import ErrorShape, Roles
from .._runtime.ways import WHOLE, dig
from .outcomes import Problem, to_json

_WITHOUT_WORDS = "the API rejected the record without saying why"
_SHOWN_OF_ERROR = 200
_DECODER = json.JSONDecoder()
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
_MOST_LISTS = 10
"""How many places of a message are tried, so that no message can take long."""

Decoder: TypeAlias = Callable[[bytes], object]
"""Decodes JSON. It raises a ValueError if it is none."""


def decode_all(content: bytes) -> object:
    """Decode all of an answer: see `Decoder`."""
    return from_json(content, cache_strings="keys")


@cache
def decoder_of(roles: Roles, id_property: str | None, *, is_fast: bool = False) -> Decoder:
    """Give what decodes the answers of an operation.

    Args:
        roles: Which fields play which part.
        id_property: The property that finds records; None if inputs name it themselves.
        is_fast: Whether the libraries of the extra `fast` are to be used.

    Returns:
        What decodes a part of an answer that is as it should be, and all of any other. Where there are
        trace ids, that part has no properties.
    """
    fields = {roles.trace_id, roles.created, roles.result_id, roles.warnings}
    if roles.properties is None:
        fields |= {roles.key, roles.key_property}
    names = sorted(filter(None, fields))
    ways = "".join((*names, roles.results or WHOLE, roles.errors or "", roles.properties or ""))
    is_usual = not (roles.results_by or roles.result_status or roles.alternative_keys)
    if not is_usual or "." in ways or WHOLE in ways:
        return decode_all
    inner: dict[str, list[str]] = {}
    if roles.properties is not None and roles.trace_id is None:
        inner[roles.properties] = [id_property or ""]
    part = (_msgspec if is_fast else _pydantic)(names, inner, roles.results or "", roles.errors)

    def decode(content: bytes) -> object:
        try:
            body = part(content)
        except ValueError:  # It is no JSON, or of another shape.
            return decode_all(content)
        # What mentions nothing is shown to people as it is.
        return body if body.get(roles.results or "") else decode_all(content)

    return decode


_Part: TypeAlias = Callable[[bytes], dict[str, Any]]


def _pydantic(
    names: Iterable[str], inner: dict[str, list[str]], results: str, errors: str | None
) -> _Part:
    def fields(names: Iterable[str]) -> dict[str, core_schema.TypedDictField]:
        return {name: optional(core_schema.any_schema()) for name in names}

    def optional(schema: core_schema.CoreSchema) -> core_schema.TypedDictField:
        return core_schema.typed_dict_field(schema, required=False)

    result = fields(names)
    for name, within in inner.items():
        result[name] = optional(core_schema.typed_dict_schema(fields(within)))
    schema = core_schema.typed_dict_schema(result)
    body = fields([errors] if errors else []) | {results: optional(core_schema.list_schema(schema))}
    # The few texts that are kept differ; only the names of fields come again.
    config = core_schema.CoreConfig(cache_strings="keys")
    return SchemaValidator(core_schema.typed_dict_schema(body), config).validate_json


def _msgspec(
    names: Iterable[str], inner: dict[str, list[str]], results: str, errors: str | None
) -> _Part:
    def fields(names: Iterable[str]) -> dict[str, Any]:
        return dict.fromkeys(names, NotRequired[Any])

    def typed_dict(name: str, fields: dict[str, Any]) -> Any:
        make = cast("Callable[[str, dict[str, Any]], Any]", TypedDict)  # Its fields are data.
        return make(name, fields)

    result = fields(names)
    for name, within in inner.items():
        result[name] = NotRequired[typed_dict("Properties", fields(within))]
    each = typed_dict("Result", result)
    body = fields([errors] if errors else []) | {results: NotRequired[GenericAlias(list, (each,))]}
    decode: _Part = import_module("msgspec").json.Decoder(typed_dict("Body", body)).decode
    return decode


def problems_of(shape: ErrorShape, item: object) -> tuple[Problem, ...]:
    """Say what is wrong with a record.

    Args:
        shape: Where errors say what.
        item: The error, in whatever form it came.

    Returns:
        At least one problem: those of the details, else those of the list inside the message, else
        the message, else the error as it came.
    """
    found = list(_detailed(shape, item)) or list(_embedded(shape, item))
    if not found:
        code = next(_codes(dig(item, shape.code)), None)
        found = [Problem(None, code, message_of(shape, item) or _shown(item))]
    return tuple(dict.fromkeys(found))


def refusal_of(content: bytes) -> object:
    """Decode the body of an answer that refuses a request, if it is an object, or a list of objects.

    Returns:
        The body; an empty object if it is something else, and so not of the API.
    """
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if _is_of_the_api(body) else {}


def _is_of_the_api(body: object) -> bool:
    return isinstance(body, dict) or bool(objects_of(body))


def problems_of_refusal(roles: Roles, body: object) -> tuple[Problem, ...]:
    """Say what is wrong with the records of a request that was refused.

    Args:
        roles: Where errors say what, and where they stand.
        body: The body of the answer.

    Returns:
        At least one problem: what the body says itself, else what the errors or results in it say.
    """
    shape = roles.error
    results = [one for one in objects_of(dig(body, roles.results)) if not is_accepted(roles, one)]
    items = [*objects_of(dig(body, roles.errors)), *results, *objects_of(body)]
    told = () if says_what(shape, body) else [one for one in items if says_what(shape, one)]
    found = [problem for item in told for problem in problems_of(shape, item)]
    return tuple(dict.fromkeys(found)) or problems_of(shape, body)


def says_what(shape: ErrorShape, item: object) -> bool:
    """Tell whether an error is of the shape that is known."""
    return bool(codes_of(shape, item) or message_of(shape, item))


def is_accepted(roles: Roles, result: object) -> bool:
    """Tell whether a result says that its record was written."""
    status = roles.result_status
    return status is not None and said_as(dig(result, status.field)) in status.accepted


def said_as(value: object) -> str:
    """Give a value as specifications spell it that compare it with texts: `true`, `null`, `201`."""
    return value if isinstance(value, str) else to_json(value)


def texts_of(value: object) -> list[str]:
    """Give the texts of what may be a text or a list of them."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [one for one in cast("list[object]", value) if isinstance(one, str) and one]
    return []


def message_of(shape: ErrorShape, item: object) -> str:
    """Give the sentence with which an error says what is wrong; empty if it does not."""
    message = dig(item, shape.message)
    return message if isinstance(message, str) else ""


def codes_of(shape: ErrorShape, item: object) -> set[str]:
    """Give all codes of an error and its details."""
    codes = set(_codes(dig(item, shape.code)))
    for detail in _details(shape, item):
        codes.update(_codes(dig(detail, shape.detail_code)))
    return codes


def _codes(value: object) -> Iterator[str]:
    """Yield the codes of what may be a code or a list of them: texts, or numbers."""
    for one in cast("list[object]", value) if isinstance(value, list) else [value]:
        if (isinstance(one, str) and one) or type(one) is int:
            yield str(one)


def _details(shape: ErrorShape, item: object) -> list[Mapping[str, Any]]:
    """Give the details of an error, which may be a list of objects or one object."""
    found = dig(item, shape.details)
    return objects_of([cast("object", found)] if isinstance(found, dict) else found)


def _shown(item: object) -> str:
    """Give an error as it came, shortened, where nothing is known of its form."""
    if not item:
        return _WITHOUT_WORDS
    text = to_json(item)
    dots = "…" if len(text) > _SHOWN_OF_ERROR else ""
    return f"the API rejected the record: {text[:_SHOWN_OF_ERROR]}{dots}"


def _detailed(shape: ErrorShape, item: object) -> Iterator[Problem]:
    for detail in _details(shape, item):
        code = next(_codes(dig(detail, shape.detail_code)), None)
        message = next(iter(texts_of(dig(detail, shape.detail_message))), "")
        names = texts_of(dig(detail, shape.detail_property))
        if code or message or names:
            message = message or message_of(shape, item) or _WITHOUT_WORDS
            for name in names or (None,):
                yield Problem(name, code, message)


def _embedded(shape: ErrorShape, item: object) -> Iterator[Problem]:
    if shape.problem_message is None and shape.problem_property is None:
        return
    message = message_of(shape, item)
    for thing in _embedded_list(message):
        name = next(iter(texts_of(dig(thing, shape.problem_property))), None)
        code = next(iter(texts_of(dig(thing, shape.problem_code))), None)
        words = next(iter(texts_of(dig(thing, shape.problem_message))), "")
        if name or words:
            yield Problem(name, code, words or message)


def _embedded_list(message: str) -> list[Mapping[str, Any]]:
    """Find the JSON list in a message. The words around it may hold brackets as well."""
    for start in islice(_LIST_OF_OBJECTS.finditer(message), _MOST_LISTS):
        try:
            value, _ = _DECODER.raw_decode(message, start.start())
        except (ValueError, RecursionError):
            continue
        found = objects_of(value)
        if found:
            return found
    return []


def objects_of(value: object) -> list[Mapping[str, Any]]:
    """Give the objects of what may be a list of them."""
    if not isinstance(value, list):
        return []
    if set(map(type, cast("list[object]", value))) == {dict}:  # As nearly always.
        return cast("list[Mapping[str, Any]]", value)
    return [
        cast("Mapping[str, Any]", one)
        for one in cast("list[object]", value)
        if isinstance(one, dict)
    ]
