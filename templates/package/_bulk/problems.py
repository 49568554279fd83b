"""What an error body, or one of a response's errors, says is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, cast

from .outcomes import Problem
from .roles import ErrorShape

_WITHOUT_WORDS = "the API rejected the record without saying why"
_DECODER = json.JSONDecoder()
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
_MOST_LISTS = 10
"""How many places of a message are tried, so that no message can take long."""


def dig(value: object, way: str | None) -> Any:
    """Follow a dotted way through nested objects.

    Args:
        value: Where to start.
        way: Names with dots between them; None leads nowhere.

    Returns:
        What is there, or None if the way ends before.
    """
    if way is None:
        return None
    for name in _names(way):
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, object]", value).get(name)
    return value


def texts(value: object) -> list[str]:
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
    codes = set(texts(dig(item, shape.code)))
    for detail in _objects(dig(item, shape.details)):
        codes.update(texts(dig(detail, shape.detail_code)))
    return codes


def problems_of(shape: ErrorShape, item: object) -> tuple[Problem, ...]:
    """Say what is wrong with a record.

    Args:
        shape: Where errors say what.
        item: The error, in whatever form it came.

    Returns:
        At least one problem: those of the details, else those of the list inside the message, else
        the message.
    """
    found = list(_detailed(shape, item)) or list(_embedded(shape, item))
    if not found:
        code = next(iter(texts(dig(item, shape.code))), None)
        found = [Problem(None, code, message_of(shape, item) or _WITHOUT_WORDS)]
    return tuple(dict.fromkeys(found))


def _detailed(shape: ErrorShape, item: object) -> Iterator[Problem]:
    for detail in _objects(dig(item, shape.details)):
        code = next(iter(texts(dig(detail, shape.detail_code))), None)
        message = next(iter(texts(dig(detail, shape.detail_message))), "")
        names = texts(dig(detail, shape.detail_property))
        if code or message or names:
            message = message or message_of(shape, item) or _WITHOUT_WORDS
            for name in names or (None,):
                yield Problem(name, code, message)


def _embedded(shape: ErrorShape, item: object) -> Iterator[Problem]:
    if shape.problem_message is None and shape.problem_property is None:
        return
    message = message_of(shape, item)
    for thing in _embedded_list(message):
        name = next(iter(texts(dig(thing, shape.problem_property))), None)
        code = next(iter(texts(dig(thing, shape.problem_code))), None)
        words = next(iter(texts(dig(thing, shape.problem_message))), "")
        if name or words:
            yield Problem(name, code, words or message)


def _embedded_list(message: str) -> list[Mapping[str, Any]]:
    """Find the JSON list in a message. The words around it may hold brackets as well."""
    for start in islice(_LIST_OF_OBJECTS.finditer(message), _MOST_LISTS):
        try:
            value, _ = _DECODER.raw_decode(message, start.start())
        except (ValueError, RecursionError):
            continue
        objects = _objects(value)
        if objects:
            return objects
    return []


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [
        cast("Mapping[str, Any]", one)
        for one in cast("list[object]", value)
        if isinstance(one, Mapping)
    ]


@cache
def _names(way: str) -> tuple[str, ...]:
    return tuple(way.split("."))
