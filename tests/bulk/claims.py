"""Whether what outcomes claim is what is stored, and what they say of records is so.

Each outcome narrows down what the account can hold: "created" means that there was no such record before and
is one now with these values, "rejected" and "not sent" that nothing has changed, and "unknown" that either
may be so. What is stored in the end must be among what is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubspot_upsert._bulk.outcomes import Outcome, Status, Stop
from hubspot_upsert.sandbox import Sandbox

from tests.bulk.cases import COLOURS, Case

WRITTEN = (Status.CREATED, Status.UPDATED, Status.WRITTEN)
UNDONE = (Status.UNKNOWN, Status.NOT_SENT)
_EMAIL = "email"

Stored = frozenset[tuple[str, str]] | None
"""The properties of a record, or None if there is none."""


@dataclass(frozen=True)
class Contents:
    """What an account holds.

    Attributes:
        records: The properties of the records that have the id property, by its value.
        ids: Their ids.
        others: The records that do not have it.
    """

    records: Mapping[str, Stored] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[object] = field(default_factory=list)

    @classmethod
    def of(cls, sandbox: Sandbox, id_property: str) -> Contents:
        """Look at the contacts of a sandbox."""
        found = sandbox.records("contacts")
        keyed = {
            one["properties"][id_property]: one for one in found if id_property in one["properties"]
        }
        return cls(
            {key: frozenset(one["properties"].items()) for key, one in keyed.items()},
            {key: one["id"] for key, one in keyed.items()},
            [one for one in found if id_property not in one["properties"]],
        )


def check_merged(outcomes: Sequence[Outcome], id_property: str, duplicates: str) -> None:
    """Check that what was merged points at the record that was sent for it, and fared as that one did."""
    for one in outcomes:
        if one.merged_into is None:
            continue
        assert duplicates != "error"
        target = outcomes[one.merged_into]
        assert target.merged_into is None
        assert target.status is one.status
        assert key_of(target.record, id_property) == key_of(one.record, id_property)
        assert (target.index < one.index) == (duplicates == "first")


def check_claims(
    records: Sequence[Any],
    outcomes: Sequence[Outcome],
    before: Contents,
    after: Contents,
    id_property: str = "email",
    duplicates: str = "error",
    *,
    resumed: bool = False,
) -> None:
    """Check that there is one outcome for each record, in order, and what is stored is what they claim.

    Args:
        records: The records.
        outcomes: Their outcomes.
        before: What the account held before.
        after: What it holds now.
        id_property: What records are found by.
        duplicates: What was done about several records with the same key.
        resumed: Whether there were runs before with the same journal. Then what is unknown may have
            been written before or after other records with the key, and "created" may be what a record
            did before an earlier one was sent again.
    """
    assert [(one.index, repr(one.record)) for one in outcomes] == [*enumerate(map(repr, records))]
    possible: dict[str, set[Stored]] = {}
    loose = _values_of_unknown_keys(outcomes, before, id_property, duplicates) if resumed else {}
    in_doubt: set[str] = set()
    for sent, values in sent_records(outcomes, id_property, duplicates):
        key = key_of(sent.record, id_property)
        if key is None:
            assert sent.status not in WRITTEN, sent
            continue
        states = possible.setdefault(key, {before.records.get(key)})
        if sent.status is Status.CREATED and key in in_doubt:
            assert key not in before.records, sent
        elif sent.status is Status.CREATED:
            states &= {None}
        elif sent.status is Status.UPDATED:
            states -= {None}
        assert states, f"{sent} cannot be, after what was claimed before it"
        if sent.status in WRITTEN:
            possible[key] = {_with(state, id_property, key, values) for state in states}
            if resumed and sent.status is Status.WRITTEN:
                in_doubt.add(key)
            # Not every answer gives an id that can be used; one that does gives the right one.
            assert sent.id in (None, after.ids.get(key)), sent
        elif sent.status is Status.UNKNOWN:
            states |= {_with(state, id_property, key, values) for state in states}
    for key in before.records.keys() | after.records.keys() | possible.keys():
        if key in loose:
            assert (after.records.get(key) or frozenset()) <= loose[key] | {(id_property, key)}
            continue
        allowed = possible.get(key, {before.records.get(key)})
        assert after.records.get(key) in allowed, f"{key}: stored {after.records.get(key)}"
        assert before.ids.get(key) in (None, after.ids.get(key))
    assert after.others == before.others


def check_reasons(outcomes: Sequence[Outcome], stop: Stop | None, case: Case) -> None:
    """Check that what was rejected is bad, what was written is not, and that the rest says why."""
    keys: set[str | None] = set()
    for sent, values in sent_records(outcomes, case.id_property, case.duplicates):
        key = key_of(sent.record, case.id_property)
        repeats = key in keys
        if not cannot_be_sent(sent.record):
            keys.add(key)
        codes = {problem.code for problem in sent.problems}
        if sent.is_refused:
            assert sent.problems
            if "DUPLICATE_KEY" in codes:
                assert repeats
                assert case.duplicates == "error"
            elif "CONFLICT" in codes:
                assert values["email" if case.id_property == "code" else "code"]
            else:
                assert is_bad(sent.record, values, case)
            continue
        assert not sent.problems
        assert key is not None
        assert not (repeats and case.duplicates in ("error", "first"))
        if sent.status in UNDONE:
            assert sent.reason
            assert stop is not None or sent.status is Status.UNKNOWN
        else:
            assert not is_bad(sent.record, values, case)
    undone = [one.index for one in outcomes if one.status in UNDONE]
    assert stop is None or stop.resume_at == min(undone, default=None)


def is_bad(record: object, values: Mapping[str, str], case: Case) -> bool:
    """Tell whether a record cannot be written: because of its key, or a value that is sent."""
    key = key_of(record, case.id_property)
    if key is None or cannot_be_sent(record):
        return True
    email = key if case.id_property == "email" else values.get("email")
    return email == "no-email" or values.get("colour") not in (None, "", *COLOURS)


def cannot_be_sent(record: object) -> bool:
    """Tell whether a value has no text or no JSON, so that the record does not count as one with its key."""
    if not isinstance(record, Mapping):
        return True
    return record.get("firstname") == "\ud800" or type(record.get("points")) is object


def _values_of_unknown_keys(
    outcomes: Sequence[Outcome], before: Contents, id_property: str, duplicates: str
) -> dict[str, frozenset[tuple[str, str]]]:
    """Give the values that may be stored for each key of which something is unknown."""
    values_of: dict[str, frozenset[tuple[str, str]]] = {}
    unknown: set[str] = set()
    for sent, values in sent_records(outcomes, id_property, duplicates):
        key = key_of(sent.record, id_property)
        if key is None:
            continue
        known = values_of.get(key, before.records.get(key) or frozenset())
        if sent.status in (*WRITTEN, Status.UNKNOWN):
            known |= {(name, value) for name, value in values.items() if value}
        if sent.status is Status.UNKNOWN:
            unknown.add(key)
        values_of[key] = known
    return {key: values_of[key] for key in unknown}


def sent_records(
    outcomes: Iterable[Outcome], id_property: str, duplicates: str
) -> Iterable[tuple[Outcome, dict[str, str]]]:
    """Give the outcomes of the records that were not merged, with the values that were sent for each."""
    merged: dict[int, dict[str, str]] = {}
    for one in (outcomes := list(outcomes)):
        if one.merged_into is not None and duplicates == "merge":
            merged.setdefault(one.merged_into, {}).update(texts(one.record, id_property))
    for one in outcomes:
        if one.merged_into is None:
            yield one, {**merged.get(one.index, {}), **texts(one.record, id_property)}


def key_of(record: object, id_property: str) -> str | None:
    """Give the key of a record as keys are compared; None if it has none that can be used."""
    key = record.get(id_property) if isinstance(record, Mapping) else None
    if not isinstance(key, str) or not key:
        return None
    return key.lower() if id_property == _EMAIL else key


def texts(record: object, id_property: str) -> dict[str, str]:
    """Give the values of a record but its key, as they are stored. What has no text is left out."""
    if not isinstance(record, Mapping):
        return {}
    given = {name: _text(value) for name, value in record.items() if name != id_property}
    known = {name: value for name, value in given.items() if value is not None}
    return {name: value.lower() if name == _EMAIL else value for name, value in known.items()}


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int)) else None


def _with(state: Stored, id_property: str, key: str, values: Mapping[str, str]) -> Stored:
    whole = {id_property: key, **dict(state or ()), **values}
    return frozenset((name, value) for name, value in whole.items() if value)
