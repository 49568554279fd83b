"""What only the client knows: `x-upsert`, `x-properties`, which exceptions mean what, what is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass

from upsertgen.diff.findings import ADDITIVE, BREAKING, NONE, Finding, Impact, Kind, Place, Told
from upsertgen.ir.vocabulary import Backoff, ErrorPolicy, ErrorRule, PropertyQuery, Roles, Systemic
from upsertgen.ir.words import texts, words
from upsertgen.spec_text import SpecText

_When = frozenset[tuple[str, SpecText, SpecText]]


def compare_upserts(place: Place, old: Roles | None, new: Roles | None) -> Iterator[Finding]:
    """Yield what differs between what makes two operations batch upserts."""
    if old is None or new is None:
        if old is not new:
            # What it means to callers, the methods that come or go with it tell.
            there = ("not there", "there") if old is None else ("there", "not there")
            yield from place.changed(Kind.UPSERT_CHANGED, *there, NONE)
        return
    before, after = _parts(old), _parts(new)
    by_callers = {word.spelling for word in words(Roles) if word.about.by_callers}
    for name in dict.fromkeys((*before, *after)):
        told = before.get(name), after.get(name)
        impact = _impact(*told, changed=BREAKING if name in by_callers else NONE)
        yield from place.changed(Kind.UPSERT_CHANGED, *told, impact, NONE, subject=name)


def compare_property_queries(
    place: Place, old: PropertyQuery | None, new: PropertyQuery | None
) -> Iterator[Finding]:
    """Yield what differs between what makes two operations list an account's properties."""
    if old is None or new is None:
        if old is not new:
            impact = ADDITIVE if old is None else BREAKING
            yield place.finding(Kind.PROPERTY_QUERY_CHANGED, impact, NONE)
        return
    for word in words(PropertyQuery):
        told = getattr(old, word.name), getattr(new, word.name)
        impact = _impact(*told, changed=NONE)
        kind = Kind.PROPERTY_QUERY_CHANGED
        yield from place.changed(kind, *told, impact, NONE, subject=word.spelling)


def _impact(old: Told, new: Told, *, changed: Impact) -> Impact:
    """Return what it means to callers that something came, or went, or changed."""
    return ADDITIVE if old is None else BREAKING if new is None else changed


def _parts(said: object, within: str = "") -> dict[str, SpecText]:
    """Return all that an upsert says, by what it is about: its words and theirs, whichever there are."""
    parts: dict[str, SpecText] = {}
    for word in words(type(said)):
        name, value = f"{within}{word.spelling}", getattr(said, word.name)
        if isinstance(value, SpecText):
            parts[name] = value
        elif is_dataclass(value):
            parts |= _parts(value, f"{name} ")
        elif isinstance(value, tuple) and value and isinstance(value[0], Systemic):
            parts |= {f"{name} {_about(one)}": one.mend or SpecText("") for one in value}
        elif value not in (None, ()):
            parts[name] = SpecText(_listed(value))
    return parts


def _listed(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(sorted(map(_listed, value)))
    return value.raw if isinstance(value, SpecText) else str(value)


def _about(error: Systemic) -> str:
    """Return which error is meant, whatever tells it apart."""
    told = [
        value.raw if isinstance(value, SpecText) else ", ".join(map(str, value))
        for word in words(Systemic)
        if word.name != "mend" and (value := getattr(error, word.name))
    ]
    return " with ".join(told)


def compare_policies(place: Place, old: ErrorPolicy, new: ErrorPolicy) -> Iterator[Finding]:
    """Yield what differs between two policies. The wire has no part in it."""
    if old == new:
        return
    answers = dict.fromkeys(
        (status, frozenset(rule.conditions))
        for policy in (old, new)
        for rule in policy.rules
        for status in rule.statuses
    )
    for status, when in answers:
        before, after = _rule_for(old, status, when), _rule_for(new, status, when)
        if before != after:
            yield from _rules(place.inner(_answer(status, when)), before, after)
    transport = place.inner("a failure of the transport")
    yield from _retry(transport, old.retry_transport, new.retry_transport)
    delays = _numbers(old), _numbers(new)
    yield from place.inner("backoff").changed(Kind.RETRY_DELAY_CHANGED, *delays, NONE)
    yield from _names(place, Kind.ERROR_FIELD_CHANGED, old.fields, new.fields)
    headers = old.rate_limit_headers, new.rate_limit_headers
    yield from _names(place, Kind.RATE_LIMIT_HEADER_CHANGED, *headers)


def _rule_for(policy: ErrorPolicy, status: int | str, when: _When) -> ErrorRule | None:
    """Return the rule that an answer meets: the first one that fits."""
    ranges = {str(status), f"{str(status)[0]}XX"}
    rules = (rule for rule in policy.rules if ranges & set(map(str, rule.statuses)))
    return next((rule for rule in rules if frozenset(rule.conditions) <= when), None)


def _rules(place: Place, old: ErrorRule | None, new: ErrorRule | None) -> Iterator[Finding]:
    before, after = (rule.error if rule else None for rule in (old, new))
    # Without a rule it is the base of all of these, so that a rule only says more.
    impact = ADDITIVE if old is None else BREAKING
    yield from place.changed(Kind.ERROR_CLASS_CHANGED, before, after, impact, NONE)
    was, is_now = (rule is not None and rule.retry for rule in (old, new))
    yield from _retry(place, was, is_now)
    was_renewed, is_renewed = (rule is not None and rule.expired_token for rule in (old, new))
    yield from _retry(place, was_renewed, is_renewed, " with another token")
    if was and is_now:
        yield from place.changed(Kind.RETRY_DELAY_CHANGED, _delay(old), _delay(new), NONE)


def _retry(place: Place, old: bool, new: bool, how: str = "") -> Iterator[Finding]:
    words = {True: f"sent again{how}", False: f"not sent again{how}"}
    # Who counted on another attempt gets the exception now.
    impact = ADDITIVE if new else BREAKING
    yield from place.changed(Kind.RETRY_CHANGED, words[old], words[new], impact, NONE)


def _names(place: Place, kind: Kind, old: object, new: object) -> Iterator[Finding]:
    before, after = ({word.spelling: text for word, text in texts(one)} for one in (old, new))
    for name in sorted(before.keys() | after.keys()):
        told = before.get(name), after.get(name)
        impact = _impact(*told, changed=NONE)
        yield from place.inner(name).changed(kind, *told, impact, NONE)


def _answer(status: int | str, when: _When) -> str:
    conditions = " and ".join(sorted(f"{field.raw} {value.raw}" for _, field, value in when))
    return f"{status} with {conditions}" if conditions else str(status)


def _numbers(policy: ErrorPolicy) -> str:
    backoff = policy.backoff
    return ", ".join(f"{word.spelling} {getattr(backoff, word.name):g}" for word in words(Backoff))


def _delay(rule: ErrorRule | None) -> str:
    if rule is None:
        return "none"
    unit = f" in {rule.delay_unit.raw}" if rule.delay_unit else ""
    header = f", or as {rule.delay_header.raw} says{unit}" if rule.delay_header else ""
    return f"at least {rule.minimum_delay:g} s{header}"
