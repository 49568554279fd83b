"""How a search tells records apart: what a filter asks of a value, and in which order values are."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias, get_args

from ..._properties.property import (
    SEPARATOR,
    InvalidValue,
    Property,
    check_value,
    form_of,
    key_of,
)
from ..record_words import Comparison

Matches: TypeAlias = Callable[[str | None], bool]
"""Tells whether a value, or that there is none, is what a filter asks for."""
Comparable: TypeAlias = str | float

SEVERAL_VALUES: frozenset[Comparison] = frozenset(("among", "not-among"))
ONE_VALUE: frozenset[Comparison] = (
    frozenset(get_args(Comparison)) - SEVERAL_VALUES - frozenset(("has", "has-not"))
)
"""The comparisons with a value; the others take several or none."""

# Values of one property are all of one kind.
_COMPARISONS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "equal": operator.eq,
    "unequal": operator.ne,
    "below": operator.lt,
    "at-most": operator.le,
    "above": operator.gt,
    "at-least": operator.ge,
    "between": operator.ge,
}
_REMEMBERED = 4096
_WORD = re.compile(r"\w+")
_OF_PATTERNS = re.compile(r"[?\[]")


def wrong_value(declared: Property, value: str) -> bool:
    """Tell whether a value cannot be compared with those of a property, such as a word with numbers."""
    if declared.type not in {"number", "date", "datetime"}:
        return False
    plain = Property(declared.name, declared.type)
    return not value or isinstance(check_value(plain, value), InvalidValue)


def comparable(declared: Property) -> Callable[[str], Comparable | None]:
    """Return what gives the form in which a property's values compare; None for one that it does not take.

    Numbers compare as such, moments by time, texts and emails without case, and options as they are.
    """
    match declared.type:
        case "number":
            is_number = form_of("number").fullmatch
            return lambda value: float(value) if is_number(value) else None
        case "date" | "datetime":
            # Many records have the same one: a batch is written at one moment.
            return lru_cache(_REMEMBERED)(partial(key_of, declared))
        case "string" | "email":
            return str.casefold
        case _:
            return str


def filter_of(
    declared: Property, comparison: Comparison, values: Sequence[str], highest: str = ""
) -> Matches:
    """Return what tells whether a value is what a filter asks for.

    A record without a value is found by nothing but `has-not`, not even by what is not among others: what the
    API does there is not known.

    Args:
        declared: The property.
        comparison: How it compares.
        values: What it compares with: one value, or several for `SEVERAL_VALUES`.
        highest: The upper end of a range.
    """
    if comparison in {"has", "has-not"}:
        return lambda value: bool(value) is (comparison == "has")
    if comparison in {"has-word", "has-no-word"}:
        return _words(values[0], comparison == "has-word")
    compared = comparable(declared)
    wanted = [compared(one) for one in values]
    if comparison in SEVERAL_VALUES:
        return _among(declared, wanted, comparison == "among")
    compare, lowest = _COMPARISONS[comparison], wanted[0]
    most = compared(highest) if highest else None

    def matches(value: str | None) -> bool:
        known = compared(value) if value else None
        if known is None or (most is not None and operator.gt(known, most)):
            return False
        return compare(known, lowest)

    return matches


def _among(declared: Property, wanted: Sequence[Comparable | None], is_wanted: bool) -> Matches:
    known, compared = {*wanted} - {None}, comparable(declared)

    def matches(value: str | None) -> bool:
        if not value:
            return False
        parts = value.split(SEPARATOR) if declared.multiple else [value]
        return any(compared(one) in known for one in parts) is is_wanted

    return matches


def _words(text: str, is_wanted: bool) -> Matches:
    """Look for words, in which `*` stands for anything."""
    patterns = [
        re.compile(fnmatch.translate(_OF_PATTERNS.sub(r"[\g<0>]", word)))
        for word in text.casefold().split()
    ]

    def matches(value: str | None) -> bool:
        if not value:
            return False
        folded = value.casefold()
        words = {*folded.split(), *_WORD.findall(folded)}
        return all(any(map(one.fullmatch, words)) for one in patterns) is is_wanted

    return matches
