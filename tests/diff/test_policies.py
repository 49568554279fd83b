"""No field of what only the client knows can change without a finding, whichever fields there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from upsertgen.diff.findings import Finding, Part, Place
from upsertgen.diff.policies import compare_policies, compare_upserts
from upsertgen.ir.vocabulary import (
    Backoff,
    Choice,
    ErrorFields,
    ErrorPolicy,
    ErrorRule,
    ErrorShape,
    PropertyListing,
    PropertyRules,
    RateLimitHeaders,
    Roles,
    Systemic,
    ValueProblem,
    ValueProblems,
)
from upsertgen.ir.words import ErrorClass
from upsertgen.spec_text import SpecText

_PLACE = Place("batch_upsert", Part.CLIENT)


def _said(kind: Any, **others: Any) -> Any:
    """Return an object of the vocabulary whose every word is said."""
    return kind(**{one.name: SpecText(one.name) for one in fields(kind)} | others)


_SYSTEMIC = _said(Systemic, statuses=(403,))
_SHAPE = _said(ErrorShape)
_PAIRS = ((SpecText("phone"), SpecText("string")),)
_LISTING = _said(PropertyListing, multiple=_said(Choice), types=_PAIRS)
_PROBLEMS = ValueProblems(**{one.name: _said(ValueProblem) for one in fields(ValueProblems)})
_RULES = PropertyRules(_LISTING, _PROBLEMS, (SpecText("email"),), (SpecText("id"),), 9)
_UPSERT = _said(
    Roles,
    case_insensitive=(SpecText("email"),),
    error=_SHAPE,
    systemic=(_SYSTEMIC,),
    property_rules=_RULES,
)
_RULE = _said(
    ErrorRule,
    statuses=(429,),
    error=ErrorClass("limit"),
    when=((SpecText("policy"), SpecText("DAILY")),),
    retry=True,
    minimum_delay=1.0,
    expired_token=True,
)
_POLICY = ErrorPolicy(
    (_RULE,), True, Backoff(1.0, 3.0, 60.0), _said(ErrorFields), _said(RateLimitHeaders)
)
_EMPTY = (ErrorShape, Backoff, ErrorFields, RateLimitHeaders, PropertyRules, ValueProblems)
_PARTS = (_POLICY.backoff, _POLICY.fields, _POLICY.rate_limit_headers)


def changed(value: Any) -> Any:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case SpecText():
            return SpecText(f"{value.raw}-else")
        case str():
            return f"{value}-else"
        case tuple():
            return tuple(map(changed, value))
        case PropertyListing() | Choice() | ValueProblem():
            return replace(
                value, **{one.name: changed(getattr(value, one.name)) for one in fields(value)}
            )
    raise AssertionError(f"say how a {type(value).__name__} changes")


_WHOLES: dict[type, Callable[[Any], Any]] = {
    Systemic: lambda one: replace(_UPSERT, systemic=(one,)),
    ErrorShape: lambda one: replace(_UPSERT, error=one),
    PropertyRules: lambda one: replace(_UPSERT, property_rules=one),
    PropertyListing: lambda one: replace(_UPSERT, property_rules=replace(_RULES, listing=one)),
    ValueProblems: lambda one: replace(_UPSERT, property_rules=replace(_RULES, problems=one)),
    ErrorRule: lambda one: replace(_POLICY, rules=(one,)),
    Backoff: lambda one: replace(_POLICY, backoff=one),
    ErrorFields: lambda one: replace(_POLICY, fields=one),
    RateLimitHeaders: lambda one: replace(_POLICY, rate_limit_headers=one),
}


def found(old: Any, new: Any) -> list[Finding]:
    """Return what a comparison finds where one thing takes the place of another."""
    if type(old) in _WHOLES:
        old, new = map(_WHOLES[type(old)], (old, new))
    compare: Any = compare_upserts if isinstance(old, Roles) else compare_policies
    assert not [*compare(_PLACE, old, old)]
    return [*compare(_PLACE, old, new)]


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        pytest.param(whole, field.name, id=f"{type(whole).__name__}.{field.name}")
        for whole in (
            _UPSERT,
            _SYSTEMIC,
            _SHAPE,
            _RULES,
            _LISTING,
            _PROBLEMS,
            _POLICY,
            _RULE,
            *_PARTS,
        )
        for field in fields(whole)
        # What these say is among the rules, and in a module of its own.
        if field.name not in ("defaults", "classes")
    ],
)
def test_every_field_that_changes_is_found(whole: Any, name: str) -> None:
    value = getattr(whole, name)
    if isinstance(value, tuple) and value and isinstance(value[0], (Systemic, ErrorRule)):
        other: Any = ()
    else:
        empty: Any = type(value)
        other = empty() if isinstance(value, _EMPTY) else changed(value)
    findings = found(whole, replace(whole, **{name: other}))
    assert findings
    assert all(one.before != one.after for one in findings)


@pytest.mark.parametrize("name", [field.name for field in fields(Roles) if field.default is None])
def test_a_field_of_an_upsert_that_comes_or_goes_is_found(name: str) -> None:
    nothing: dict[str, Any] = {name: None}
    without = replace(_UPSERT, **nothing)
    (gone,) = found(_UPSERT, without)
    (come,) = found(without, _UPSERT)
    assert (gone.after, come.before) == (None, None)
    assert gone.caller > come.caller
    assert come.after is not None
    assert come.after.raw == name
