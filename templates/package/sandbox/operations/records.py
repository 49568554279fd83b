"""What reads records, one or several or page by page, and what archives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..._properties.property import key_of
from ..account import Account
from ..answers import Reply, answer_body
from ..database import LARGEST_ID
from ..store import Record
from .record_answers import RecordAnswers, Subject, subject_of
from .request import Call, Outcome, Refused, check_body, check_parameters, read_flag, read_object

_OWN_ID = "{record_id}"


def read(account: Account, call: Call) -> Outcome:
    """Answer with one record.

    Raises:
        Refused: There is none, or the request makes no sense.
        StoreError: The database cannot be read.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    words = subject.words
    asked = call.arguments[words.id]
    by = call.parameters.get(words.id_property)
    archived = read_flag(call, words.archived)
    record = _find(account, subject, [asked], by, archived).get(asked)
    if record is None:
        which = f"{by} {asked}" if by else f"id {asked}"
        detail = f"There is no record of {subject.object_type} with the {which}."
        raise Refused("unknown-record", id=asked, object_type=subject.object_type, detail=detail)
    return Outcome(_answers(account, subject, call).record(record), found=1)


def list_records(account: Account, call: Call) -> Outcome:
    """Answer with a page of the records of an object type, in the order of their ids.

    Raises:
        Refused: The request makes no sense.
        StoreError: The database cannot be read.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    words, given = subject.words, call.parameters
    limit = read_number(
        words.limit, given.get(words.limit), words.usual_limit, 1, words.maximum_limit
    )
    after = read_number(words.after, given.get(words.after), 0, 0, LARGEST_ID)
    archived = read_flag(call, words.archived)
    # One more than asked for tells whether there is a next page.
    found = account.store.page(subject.object_type, after, limit + 1, archived=archived)
    next_page = None
    if len(found) > limit:
        place = str(found[limit - 1].id)
        others = [(name, value) for name, value in given.multi_items() if name != words.after]
        link = f"?{urlencode([*others, (words.after, place)])}"
        next_page = {"after": place, "link": link}
    answers = _answers(account, subject, call)
    shown = found[:limit]
    return Outcome(answers.records(shown, next_page=next_page), found=len(shown))


def read_records(account: Account, call: Call) -> Outcome:
    """Answer with the records of a batch, and with an error for those that there are not.

    They do not come in the order of the inputs, and each comes once.

    Raises:
        Refused: The request makes no sense.
        StoreError: The database cannot be read.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    words = subject.words
    data, ids = _inputs(subject, call)
    found = _find(
        account, subject, ids, data.get(words.id_property), read_flag(call, words.archived)
    )
    missing = [one for one in dict.fromkeys(ids) if one not in found]
    errors: list[Any] = []
    if missing and "unknown-inputs" in subject.operation.behaviour.answers:
        values = {"ids": missing, "shown": ", ".join(missing), "object_type": subject.object_type}
        errors.append(answer_body(subject.operation, "unknown-inputs", values))
    answers = RecordAnswers(
        account, subject, data.get(words.properties), data.get(words.history) or ()
    )
    records = {record.id: record for record in found.values()}
    reply = answers.records(reversed(records.values()), errors=errors)
    return Outcome(reply, len(ids), refused=len(missing), found=len(records))


def archive(account: Account, call: Call) -> Outcome:
    """Archive a record, if it is in use.

    Raises:
        Refused: There is no such object type.
        StoreError: The database cannot be written.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    return _archive(account, subject, [call.arguments[subject.words.id]])


def archive_records(account: Account, call: Call) -> Outcome:
    """Archive the records of a batch, as far as there are any and they are in use.

    Raises:
        Refused: The request makes no sense.
        StoreError: The database cannot be written.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    _, ids = _inputs(subject, call)
    return _archive(account, subject, ids)


def read_number(name: str, given: object, usual: int, least: int, most: int) -> int:
    """Return a whole number that a request gives; the usual one if it gives none.

    Raises:
        Refused: It is no number, or not in its bounds.
    """
    if given is None or given == "":
        return usual
    text = str(given)
    if text.isascii() and text.isdecimal() and least <= int(text[:20]) <= most:
        return int(text)
    detail = f"{name} must be a whole number from {least} to {most}, not {text!r}."
    raise Refused("invalid-query", detail=detail)


def _archive(account: Account, subject: Subject, ids: Sequence[str]) -> Outcome:
    count = account.store.archive(subject.object_type, _numbers(ids).values(), account.clock.text())
    (status, _), *_ = subject.operation.responses.items()
    return Outcome(Reply(int(status), None), len(ids), count)


def _inputs(subject: Subject, call: Call) -> tuple[dict[str, Any], list[str]]:
    """Return what a batch sends, and the ids in it."""
    words, operation = subject.words, subject.operation
    data = read_object(call)
    check_body(operation, data)
    inputs: list[Mapping[str, Any]] = data[words.inputs]
    if len(inputs) > words.maximum_limit:
        detail = f"There are {len(inputs)} inputs; at most {words.maximum_limit} are allowed."
        raise Refused(
            "too-many-inputs", count=len(inputs), maximum=words.maximum_limit, detail=detail
        )
    return data, [one[words.id] for one in inputs]


def _answers(account: Account, subject: Subject, call: Call) -> RecordAnswers:
    """Answer as the parameters of a query ask for it."""
    words = subject.words
    asked = call.parameters.getlist(words.properties)
    history = _names(call.parameters.getlist(words.history))
    return RecordAnswers(account, subject, _names(asked) if asked else None, history)


def _names(texts: Iterable[str]) -> list[str]:
    return [name for text in texts for name in text.split(",") if name]


def _find(
    account: Account, subject: Subject, asked: Sequence[str], by: str | None, archived: bool
) -> dict[str, Record]:
    """Return the records that there are, by what they were asked for by."""
    store, label, computed = account.store, subject.object_type, subject.words.computed
    if not by or (by in computed and computed[by].value == _OWN_ID):
        ids = _numbers(asked)
    else:
        declared = subject.properties.get(by)
        if declared is None and account.options.create_properties:
            return {}  # It comes to be with the first value.
        if declared is None or not declared.unique:
            detail = f"{by} cannot be a key: its values are not unique."
            raise Refused("non-unique-key", property=by, detail=detail)
        keys = {one: key_of(declared, one) for one in asked}
        if archived:
            known = store.find_archived(label, declared)
        else:
            known = store.find(label, by, set(keys.values()))
        ids = {one: known[key] for one, key in keys.items() if key in known}
    records = store.read(ids.values())
    return {
        one: record
        for one, id_ in ids.items()
        if (record := records.get(id_)) is not None
        and record.object_type == label
        and (record.archived_at is not None) is archived
    }


def _numbers(ids: Iterable[str]) -> dict[str, int]:
    """Return those of some ids that the sandbox may have given, as numbers."""
    return {one: int(one) for one in ids if one.isascii() and one.isdecimal() and len(one) < 19}
