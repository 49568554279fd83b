"""What only the client knows: `x-upsert`, which exceptions mean what, and what is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from upsertgen.diff.changes import Finding, Impact, Kind
from upsertgen.diff.places import Place
from upsertgen.ir.tree import ErrorRule, Policy, SystemicError, Upsert
from upsertgen.spec_text import SpecText

_NAMED_BY_CALLERS = frozenset(("key", "key-property"))
"""What callers write into records themselves."""

_When = frozenset[tuple[SpecText, SpecText]]


def compare_upserts(place: Place, old: Upsert | None, new: Upsert | None) -> Iterator[Finding]:
    """Yield what differs between what makes two operations batch upserts."""
    if old is None or new is None:
        if old is not new:
            impact = Impact.ADDITIVE if old is None else Impact.BREAKING
            yield place.finding(Kind.UPSERT_CHANGED, impact, Impact.NONE)
        return
    before, after = _parts(old), _parts(new)
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        changed = Impact.BREAKING if name in _NAMED_BY_CALLERS else Impact.NONE
        impact = Impact.ADDITIVE if one is None else Impact.BREAKING if other is None else changed
        yield place.finding(
            Kind.UPSERT_CHANGED,
            impact,
            Impact.NONE,
            subject=SpecText(name),
            before=one,
            after=other,
        )


def _parts(upsert: Upsert) -> dict[str, SpecText | None]:
    """Return all that an upsert says, by what it is about: its fields, whichever there are."""
    parts: dict[str, SpecText | None] = {}
    for field in fields(upsert):
        name, value = field.name.replace("_", "-"), getattr(upsert, field.name)
        if not isinstance(value, tuple):
            parts[name] = value
        elif all(isinstance(one, SpecText) for one in value):
            parts[name] = SpecText(", ".join(sorted(one.raw for one in value))) if value else None
        else:
            for one in value:
                about, said = _item(one)
                parts[f"{name} {about}"] = said
    return parts


def _item(item: tuple[str, SpecText] | SystemicError) -> tuple[str, SpecText]:
    """Return what an item of a list of facts is about, and what it says of that."""
    if isinstance(item, tuple):
        return item
    told = [
        value.raw if isinstance(value, SpecText) else ", ".join(map(str, value))
        for field in fields(item)
        if field.name != "mend" and (value := getattr(item, field.name))
    ]
    return " with ".join(told), item.mend or SpecText("")


def compare_policies(place: Place, old: Policy, new: Policy) -> Iterator[Finding]:
    """Yield what differs between two policies. The wire has no part in it."""
    if old == new:
        return
    answers = dict.fromkeys(
        (status, frozenset(rule.when))
        for policy in (old, new)
        for rule in policy.rules
        for status in rule.statuses
    )
    for status, when in answers:
        before, after = _rule_for(old, status, when), _rule_for(new, status, when)
        if before != after:
            yield from _rules(_at(place, _answer(status, when)), before, after)
    if old.retry_transport != new.retry_transport:
        yield _retry(_at(place, "a failure of the transport"), retried=new.retry_transport)
    if old.backoff != new.backoff:
        yield _at(place, "backoff").finding(
            Kind.RETRY_DELAY_CHANGED,
            Impact.NONE,
            before=SpecText(_numbers(old)),
            after=SpecText(_numbers(new)),
        )
    for kind, one, other in (
        (Kind.ERROR_FIELD_CHANGED, dict(old.fields), dict(new.fields)),
        (
            Kind.RATE_LIMIT_HEADER_CHANGED,
            dict(old.rate_limit_headers),
            dict(new.rate_limit_headers),
        ),
    ):
        yield from _names(place, kind, one, other)


def _rule_for(policy: Policy, status: int | str, when: _When) -> ErrorRule | None:
    """Return the rule that an answer meets: the first one that fits."""
    ranges = {str(status), f"{str(status)[0]}XX"}
    return next(
        (
            rule
            for rule in policy.rules
            if ranges & set(map(str, rule.statuses)) and frozenset(rule.when) <= when
        ),
        None,
    )


def _rules(place: Place, old: ErrorRule | None, new: ErrorRule | None) -> Iterator[Finding]:
    before, after = (SpecText(rule.error) if rule else None for rule in (old, new))
    if before != after:
        # Without a rule it is the base of all of these, so that a rule only says more.
        impact = Impact.ADDITIVE if old is None else Impact.BREAKING
        yield place.finding(
            Kind.ERROR_CLASS_CHANGED, impact, Impact.NONE, before=before, after=after
        )
    was, is_now = (rule is not None and rule.retry for rule in (old, new))
    if was != is_now:
        yield _retry(place, retried=is_now)
    delays = [_delay(rule) for rule in (old, new)]
    if was and is_now and delays[0] != delays[1]:
        yield place.finding(
            Kind.RETRY_DELAY_CHANGED, Impact.NONE, before=delays[0], after=delays[1]
        )


def _retry(place: Place, *, retried: bool) -> Finding:
    # Who counted on another attempt gets the exception now.
    impact = Impact.ADDITIVE if retried else Impact.BREAKING
    words = {True: SpecText("sent again"), False: SpecText("not sent again")}
    return place.finding(
        Kind.RETRY_CHANGED, impact, Impact.NONE, before=words[not retried], after=words[retried]
    )


def _names(
    place: Place, kind: Kind, old: dict[str, SpecText], new: dict[str, SpecText]
) -> Iterator[Finding]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        impact = Impact.NONE if before and after else Impact.ADDITIVE if after else Impact.BREAKING
        yield _at(place, name.replace("_", "-")).finding(
            kind, impact, Impact.NONE, before=before, after=after
        )


def _at(place: Place, path: str) -> Place:
    return place.inner(path)


def _answer(status: int | str, when: _When) -> str:
    conditions = " and ".join(sorted(f"{field.raw} {value.raw}" for field, value in when))
    return f"{status} with {conditions}" if conditions else str(status)


def _numbers(policy: Policy) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in policy.backoff)


def _delay(rule: ErrorRule | None) -> SpecText:
    if rule is None:
        return SpecText("none")
    header = f", or as {rule.delay_header.raw} says" if rule.delay_header else ""
    return SpecText(f"at least {rule.minimum_delay:g} s{header}")
