"""Whether what outcomes say of records is so: they are bad, they are repeated, they were not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubspot_upsert._bulk.outcomes import Outcome, Status, Stop

from tests.bulk.cases import COLOURS, Case
from tests.bulk.claims import UNDONE, key_of, sent_records


def check_reasons(outcomes: Sequence[Outcome], stop: Stop | None, case: Case) -> None:
    """Check that what was rejected is bad, what was written is not, and that the rest says why."""
    keys: set[str | None] = set()
    for sent, values in sent_records(outcomes, case.id_property, case.duplicates):
        key = key_of(sent.record, case.id_property)
        repeats = key in keys
        if not cannot_be_sent(sent.record):
            keys.add(key)
        codes = {problem.code for problem in sent.problems}
        if sent.status is Status.REJECTED:
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
