"""Ways through nested JSON: names with dots between them, in which digits count the items of a list.

`a.0.b` is field `b` of the first item of list `a`. `$` is the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

WHOLE = "$"
"""The way that goes nowhere."""


@cache
def steps_of(way: str) -> tuple[str, ...]:
    """Give the steps of a way; `$` has none."""
    return () if way == WHOLE else tuple(way.split("."))


def dig(value: object, way: str | None) -> Any:
    """Follow a way.

    Args:
        value: Where it begins.
        way: The way.

    Returns:
        What is at its end; None if there is no way, or it ends before.
    """
    if way is None:
        return None
    for step in steps_of(way):
        is_plain = type(value) is dict  # As nearly always.
        value = cast("dict[str, object]", value).get(step) if is_plain else _below(value, step)
    return value


def put(value: object, way: str, end: object) -> Any:
    """Put something at the end of a way.

    Args:
        value: Where it begins. What is on the way is changed, and objects that are not there are made.
        way: The way.
        end: What is put there.

    Returns:
        What there is now: `value`, or `end` if the way goes nowhere.

    Raises:
        ValueError: Something that is no object is in the way, or a list with fewer items.
    """
    steps = steps_of(way)
    if not steps:
        return end
    holder: Any = value
    for step in steps[:-1]:
        below = _below(holder, step)
        if below is None:
            below = dict[str, Any]()
            _set(holder, step, below)
        holder = below
    _set(holder, steps[-1], end)
    return value


def without(fields: Mapping[str, Any], way: str) -> dict[str, Any]:
    """Give the same without what is at the end of a way through objects, which stays as it is.

    Args:
        fields: Where the way begins.
        way: The way.
    """
    return _without(fields, steps_of(way))


def _without(fields: Mapping[str, Any], steps: Sequence[str]) -> dict[str, Any]:
    step, *below = steps
    others = dict(fields)
    inner = others.get(step)
    if below and isinstance(inner, Mapping):
        others[step] = _without(cast("Mapping[str, Any]", inner), below)
    elif not below:
        others.pop(step, None)
    return others


def _below(value: object, step: str) -> Any:
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).get(step)
    if isinstance(value, list):
        items = cast("list[object]", value)
        return items[int(step)] if _is_index(step, items) else None
    return None


def _set(holder: object, step: str, value: object) -> None:
    if isinstance(holder, dict):
        cast("dict[str, object]", holder)[step] = value
        return
    kind = type(holder).__name__
    items = cast("list[object]", holder) if isinstance(holder, list) else []
    if not _is_index(step, items):
        raise ValueError(f"{step!r} is no part of a {kind}")
    items[int(step)] = value


def _is_index(step: str, items: list[object]) -> bool:
    return step.isascii() and step.isdecimal() and int(step) < len(items)
