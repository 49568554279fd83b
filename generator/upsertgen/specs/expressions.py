r"""Regular expressions of specs: what they cost whoever compiles them, and whether models can check them.

The models check patterns with the regular expressions of pydantic, which are those of Rust: they take linear
time, so no pattern can hang a client, but they write counted repetitions out, and `\w{100}` takes
14 MB. The cost is worked out from the text, because to compile is what it is to warn of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from upsertgen.limits import LIMITS

_COSTS = {"w": 1400, "W": 1400, "d": 130, "D": 130, "p": 1200, "P": 1200, "s": 20, "S": 40}
"""Units of 100 bytes, as measured: these classes hold all of Unicode."""

_DOT = 30
_NEGATED = 30


def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Return what tells whether a pattern occurs in a text; nothing if it cannot be compiled."""
    # Imported late: few specs have patterns.
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        validator: Any = SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return None
    return lambda text: bool(validator.isinstance_python(text))


@lru_cache(maxsize=10_000)
def fault(pattern: str) -> str | None:
    """Return what is wrong with a pattern, as a predicate; nothing if models can check it."""
    if len(pattern) > LIMITS.pattern:
        return f"has more than {LIMITS.pattern} characters"
    if cost(pattern) > LIMITS.pattern_cost:
        return f"takes more than {LIMITS.pattern_cost // 10_000} MB once its repetitions are written out"
    return None if matcher(pattern) else "cannot be checked in linear time"


@lru_cache(maxsize=10_000)
def cost(pattern: str) -> int:
    """Return what it costs to compile a pattern, in units of 100 bytes; of a wrong one, anything.

    Example:
        >>> cost("(a{10}b){20}")
        220
    """
    totals, lasts = [0], [0]
    place = 0
    while place < len(pattern):
        character = pattern[place]
        size, place = 1, place + 1
        if character == "\\":
            size, place = _COSTS.get(pattern[place : place + 1], 1), place + 1
        elif character == "[":
            size, place = _class_cost(pattern, place)
        elif character == ".":
            size = _DOT
        elif character == "(":
            totals.append(0)
            lasts.append(0)
            continue
        elif character == ")" and len(totals) > 1:
            size = totals.pop()
            lasts.pop()
        elif character == "{":
            count, place = _count(pattern, place)
            totals[-1] += lasts[-1] * (count - 1)
            lasts[-1] *= count
            continue
        totals[-1] += size
        lasts[-1] = size
    return sum(totals)


def _class_cost(pattern: str, place: int) -> tuple[int, int]:
    """Return the cost of a class of characters whose inside begins at a place, and where it ends."""
    size = 2
    if pattern[place : place + 1] == "^":
        size, place = _NEGATED, place + 1
    depth = 1
    # A bracket that comes first is a character.
    first = place
    while place < len(pattern) and depth:
        character = pattern[place]
        if character == "\\":
            size += _COSTS.get(pattern[place + 1 : place + 2], 0)
            place += 1
        elif character == "[":
            depth += 1
            size += _NEGATED
        elif character == "]" and place > first:
            depth -= 1
        place += 1
    return size, place


def _count(pattern: str, place: int) -> tuple[int, int]:
    """Return how often a counted repetition writes out what it repeats, and where it ends."""
    end = pattern.find("}", place)
    if end < 0 or end - place > 40:
        return 1, place
    numbers = [part.strip() for part in pattern[place:end].split(",")]
    counts = [int(one) for one in numbers if one.isascii() and one.isdecimal()]
    return max([1, *(min(one, 10**9) for one in counts)]), end + 1
