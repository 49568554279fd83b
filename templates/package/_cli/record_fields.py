"""What the fields of records take that are no text alone, so that the texts of a table become that.

A number, true or false stands in a column as in JSON, and so does a list or an object. A column whose name
has dots, such as `place.city`, is a field of an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

from pydantic_core import from_json

from .._bulk.record_fields import key_ways, kinds_at, names_at
from .._runtime.roles import Roles
from .._runtime.ways import put, steps_of
from .object_types import Choice

_PACKAGE = (__package__ or "").rpartition(".")[0]
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*")
_JSON = (int, float, bool, list, dict)


class RecordFields:
    """Knows the fields of records.

    Args:
        kind: The type of an input.
        roles: Which fields of an input play which part.
    """

    def __init__(self, kind: Any, roles: Roles) -> None:
        self._kind = kind
        self._within = () if roles.properties is None else steps_of(roles.properties)
        self._ways = {name: steps_of(way) for name, way in key_ways(roles).items()}
        self.steps = cache(self._steps)
        self._is_text = cache(self._holds_text)

    def value(self, name: str, text: str) -> object:
        """Give what a text means in a field: the text itself if that may be meant, or nothing else can.

        Args:
            name: The field, possibly with dots.
            text: The text.
        """
        if self._is_text(name):
            return text
        if not text or text.isspace():
            return None
        if _NUMBER.fullmatch(text):
            return int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
        try:
            return from_json(text.lower() if text.strip().lower() in ("true", "false") else text)
        except ValueError:  # What is wrong with it is said of its record.
            return text

    def nested(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Put the values of names with dots into objects."""
        whole: dict[str, Any] = {}
        for name, value in record.items():
            steps = self.steps(name)
            if len(steps) > 1:
                put(whole, name, value)
            else:
                whole[name] = value
        return whole

    def _steps(self, name: str) -> tuple[str, ...]:
        """Give the steps to a field: one, unless it is a field of an object."""
        steps = tuple(name.split("."))
        known = names_at(self._kind, self._within)
        # Items of lists have no columns: lists are written as JSON.
        is_nested = len(steps) > 1 and name not in known and not any(map(str.isdecimal, steps))
        return steps if is_nested and (name in self._ways or self._kinds(steps)) else (name,)

    def _kinds(self, steps: tuple[str, ...]) -> list[Any]:
        way = self._ways.get(".".join(steps), (*self._within, *steps))
        return kinds_at(self._kind, way)

    def _holds_text(self, name: str) -> bool:
        kinds = self._kinds(self.steps(name))
        return not kinds or not all(map(_is_json, kinds))


def fields_of(choice: Choice) -> RecordFields | None:
    """Give the fields of the records of an object type; None if all that they hold is text."""
    if choice.resource.bulk is None:
        return None
    module = import_module(f"{_PACKAGE}.{choice.version.package}.{choice.name}")
    bulk = getattr(module, choice.resource.bulk)
    return RecordFields(bulk.record, bulk.roles)


def _is_json(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return not any(isinstance(one, str) for one in get_args(kind))
    plain = get_origin(kind) or kind
    return plain in _JSON or (isinstance(plain, type) and hasattr(plain, "model_fields"))
