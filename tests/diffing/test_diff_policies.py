"""No field of what only the client knows can change without a finding, whichever fields there are."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from upsertgen.diff.changes import Finding, Part
from upsertgen.diff.places import Place
from upsertgen.diff.policies import compare_policies, compare_upserts
from upsertgen.ir.tree import ErrorRule, Policy, Role, SystemicError, Upsert
from upsertgen.spec_text import SpecText

_PLACE = Place("batch_upsert", Part.CLIENT, Role.REQUEST)
_SYSTEMIC = SystemicError((403,), SpecText("MISSING"), SpecText("scope"), SpecText("grant it"))
_FIELDS: dict[str, Any] = {
    **{field.name: SpecText(field.name) for field in fields(Upsert)},
    "case_insensitive": (SpecText("email"),),
    "error": (("code", SpecText("code")),),
    "systemic": (_SYSTEMIC,),
}
_UPSERT = Upsert(**_FIELDS)
_RULE = ErrorRule(
    (429,), ((SpecText("policy"), SpecText("DAILY")),), "limit", True, 1.0, SpecText("X")
)
_POLICY = Policy(
    (_RULE,),
    True,
    (("initial", 1.0),),
    (("message", SpecText("message")),),
    (("remaining", SpecText("X-Remaining")),),
)


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
        case (str() as name, one):
            return (name, changed(one))
        case tuple():
            return tuple(map(changed, value))
    raise AssertionError(f"say how a {type(value).__name__} changes")


def found(old: Any, new: Any) -> list[Finding]:
    """Return what a comparison finds where one thing takes the place of another."""
    if isinstance(old, SystemicError):
        old, new = replace(_UPSERT, systemic=(old,)), replace(_UPSERT, systemic=(new,))
    if isinstance(old, ErrorRule):
        old, new = replace(_POLICY, rules=(old,)), replace(_POLICY, rules=(new,))
    compare: Any = compare_upserts if isinstance(old, Upsert) else compare_policies
    assert not [*compare(_PLACE, old, old)]
    return [*compare(_PLACE, old, new)]


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        pytest.param(whole, field.name, id=f"{type(whole).__name__}.{field.name}")
        for whole in (_UPSERT, _SYSTEMIC, _POLICY, _RULE)
        for field in fields(whole)
    ],
)
def test_every_field_that_changes_is_found(whole: Any, name: str) -> None:
    value = getattr(whole, name)
    if isinstance(value, tuple) and value and isinstance(value[0], (SystemicError, ErrorRule)):
        other: Any = ()
    else:
        other = changed(value)
    findings = found(whole, replace(whole, **{name: other}))
    assert findings
    assert all(one.before != one.after for one in findings)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Upsert) if "None" in str(field.type)]
)
def test_a_field_of_an_upsert_that_comes_or_goes_is_found(name: str) -> None:
    nothing: dict[str, Any] = {name: None}
    without = replace(_UPSERT, **nothing)
    (gone,) = found(_UPSERT, without)
    (come,) = found(without, _UPSERT)
    assert (gone.after, come.before) == (None, None)
    assert gone.caller > come.caller
    assert come.after is not None
    assert come.after.raw == name
