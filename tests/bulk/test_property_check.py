"""Records that do not fit the account's properties are rejected before a request is spent on them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from package._bulk.property_check import PropertyCheck
from package._properties.files import text_of
from package._properties.property import InvalidValue, check_value
from package.bulk import (
    JournalMismatch,
    ObjectProperties,
    PropertiesError,
    Property,
    Status,
    UnreadableRecord,
    UpsertReport,
    UpsertStopped,
)

from tests.bulk.contacts import RULES, contact
from tests.bulk.server import Client, ContactsServer, Upserter

STAGES = {"lead": "Lead", "customer": "Customer (paying)"}
KNOWN = (
    Property("email", "email", unique=True),
    Property("record_id", unique=True),
    Property("code", unique=True),
    Property("serial", unique=True, read_only=True),
    Property("firstname", label="First Name"),
    Property("amount", "number"),
    Property("stage", "enumeration", options=STAGES),
    Property("tags", "enumeration", options={"a": "A", "b": "B"}, multiple=True),
    Property("owner", "enumeration"),
    Property("born", "date"),
    Property("seen", "datetime"),
    Property("vip", "bool"),
    Property("created", "datetime", read_only=True),
    Property("score", "number", calculated=True),
    Property("fax", archived=True),
)
PROPERTIES = ObjectProperties("contacts", {each.name: each for each in KNOWN})

UNKNOWN, READ_ONLY, NO_OPTION = "PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "INVALID_OPTION"
WRONG = {"stage": NO_OPTION, "born": "DATE", "seen": "DATETIME", "vip": "BOOL"}
"""The codes of values that these properties do not take; those that the rules do not know are ours."""

NOT_TAKEN: list[tuple[str, Any, str, str]] = [
    ("fristname", "Ada", UNKNOWN, "does not exist; did you mean 'firstname'?"),
    ("First Name", "Ada", UNKNOWN, "does not exist; that is the label of 'firstname'"),
    ("zzz", "Ada", UNKNOWN, 'Property "zzz" does not exist'),
    ("fax", "1", UNKNOWN, 'Property "fax" does not exist: it is archived'),
    ("created", "2024-02-29", READ_ONLY, '"created" is a read only property.'),
    ("score", "1", READ_ONLY, '"score" is a read only property.'),
    ("stage", "led", NO_OPTION, "led is none of [lead, customer]; did you mean 'lead'?"),
    (
        *("stage", "Lead", NO_OPTION),
        "that is the option's label; its value is 'lead', which the option convert sends",
    ),
    ("stage", "lead;customer", NO_OPTION, "lead;customer is none of [lead, customer]"),
    ("tags", "a;c", NO_OPTION, "c is none of [a, b]"),
    ("amount", "many", "INVALID_INTEGER", "many was not a valid number."),
    (
        *("amount", "1.234,5", "INVALID_INTEGER"),
        "1.234,5 was not a valid number; the option convert reads it, with the option locale",
    ),
    ("born", "2024-02-30", "DATE", "2024-02-30 does not fit born"),
    ("born", datetime(2024, 2, 29, tzinfo=UTC), "DATE", "the option convert makes '2024-02-29' of"),
    *(
        ("born", value, "DATE", f"is no date; give the date alone{hint}")
        for value, hint in (
            (datetime(2024, 2, 29), "; the option convert makes '2024-02-29' of it"),
            (datetime(2024, 2, 29, 12, 30), ""),
        )
    ),
    ("seen", "now", "DATETIME", "now does not fit seen"),
    (
        *("seen", "2024-02-29 12:30", "DATETIME"),
        "the option convert reads it, with the option timezone",
    ),
    ("vip", "yes", "BOOL", "yes does not fit vip; the option convert makes 'true' of it"),
    ("email", "ada@example", "EMAIL", "ada@example does not fit email"),
    ("firstname", "a" * 201, "TOO_LONG", f"{'a' * 100}… does not fit firstname"),
    *(
        (name, value, WRONG[name], f"{value} is no {told}")
        for name, told in (
            ("stage", "enumeration; give text or a whole number"),
            ("born", "date; give the date alone"),
            ("seen", "datetime; give text or a whole number; the option convert makes '3' of it"),
            ("vip", "bool; give text or a whole number"),
        )
        for value in (3.0, Decimal("3.0"))
    ),
    ("vip", 1.0, "BOOL", "the option convert makes 'true' of it"),
    ("tags", [3.0], NO_OPTION, "[3.0] is no enumeration; give text or a whole number"),
    ("seen", datetime(2024, 2, 29), "DATETIME", "ambiguous"),
    ("firstname", {}, "UNSUPPORTED_VALUE", "of type dict cannot be sent"),
]
TAKEN: list[tuple[str, Any]] = [
    *(("firstname", value) for value in ("", "a" * 200, 3.0, True, date(2024, 2, 29), ["a", "b"])),
    *(("amount", value) for value in ("", "1.5", 3.0, Decimal("1.50"), 7)),
    *(("stage", value) for value in ("", "lead")),
    *(("tags", value) for value in ("a;b", ";a", ["b", "a"], {"a"}, ["a", float("nan")])),
    *(("owner", value) for value in ("anybody", 7, 7.0)),
    *(("born", value) for value in ("2024-02-29", date(2024, 2, 29), 1709164800000)),
    *(("seen", value) for value in ("2024-02-29T12:30Z", datetime(2024, 2, 29, tzinfo=UTC))),
    *(("vip", value) for value in ("true", False)),
    *((name, None) for name in ("fristname", "created", "fax", "stage")),
]


def sent_by(server: ContactsServer) -> set[str]:
    return {key for request in server.contacts.requests for key in request}


def statuses(report: UpsertReport) -> list[str]:
    return [str(each.status) for each in report.outcomes]


@pytest.mark.parametrize(("name", "value", "code", "message"), NOT_TAKEN)
def test_what_a_property_does_not_take_is_rejected_and_not_sent(
    sync: Upserter, name: str, value: Any, code: str, message: str
) -> None:
    records = [contact(number) for number in range(30)]
    records[4] |= {name: value}
    report = sync.upsert(records, properties=PROPERTIES)
    assert [each.index for each in report.having(Status.REJECTED)] == [4]
    ((about, said, told),) = report.outcomes[4].problems
    assert (about, said) == (name, code)
    assert message in told
    assert report.created == 29
    assert len(sent_by(sync.server)) == 29
    assert "4@example.com" not in sent_by(sync.server)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("stage", 3.0, "3.0 is no enumeration; give text or a whole number"),
        ("vip", 3.0, "3.0 is no bool; give text or a whole number"),
        ("born", datetime(2024, 2, 29, 12), "2024-02-29 12:00:00 is no date; give the date alone"),
        ("tags", "a;", " is none of [a, b]"),
    ],
)
def test_no_option_is_named_that_would_not_help(
    sync: Upserter, name: str, value: Any, message: str
) -> None:
    (outcome,) = sync.upsert([contact(0) | {name: value}], properties=PROPERTIES).outcomes
    assert [each.message for each in outcome.problems] == [message]


def test_a_time_zone_makes_no_other_day_of_what_was_given(sync: Upserter) -> None:
    record = contact(0) | {"born": datetime(2024, 2, 29)}
    report = sync.upsert([record], properties=PROPERTIES, timezone="Europe/Berlin")
    (problem,) = report.outcomes[0].problems
    assert problem.message.endswith(
        "does not fit born; the option convert makes '2024-02-29' of it"
    )


@pytest.mark.parametrize(("name", "value"), TAKEN)
def test_what_a_property_takes_is_sent_as_without_a_check(
    sync: Upserter, name: str, value: Any
) -> None:
    records = [contact(number) for number in range(30)]
    records[4][name] = value
    assert sync.upsert(records).created == 30
    without = dict(sync.server.contacts.stored)
    sync.server.contacts.stored.clear()
    sync.upsert(records, properties=PROPERTIES)
    assert sync.server.contacts.stored == without


def test_every_problem_of_a_record_is_named(upserter: Upserter) -> None:
    bad = {"email": "nobody", "amount": "x", "stage": 1.0, "fristname": "Ada"}
    report = upserter.upsert([contact(1), bad, {"amount": "x"}], properties=PROPERTIES)
    assert [each.property for each in report.outcomes[1].problems] == [
        *("stage", "email", "amount", "fristname")
    ]
    assert [each.code for each in report.outcomes[2].problems] == ["MISSING_KEY", "INVALID_INTEGER"]
    assert sent_by(upserter.server) == {"1@example.com"}


def test_a_label_of_several_is_said_of_all(sync: Upserter) -> None:
    options = {"lead": "Lead", "old": "Lead"}
    twins = {name: Property(name, label="Phone") for name in ("phone", "mobile")}
    stage = Property("stage", "enumeration", options=options)
    properties = replace(PROPERTIES, properties={**PROPERTIES.properties, **twins, "stage": stage})
    records = [contact(1), contact(2, Phone="1"), contact(3, stage="Lead")]
    _, named, chosen = sync.upsert(records, properties=properties).outcomes
    assert named.problems[0].message.endswith("that is the label of 'phone' and of 'mobile'")
    assert chosen.problems[0].message.endswith("the label of the options 'lead' and 'old'")


def test_a_long_list_of_options_is_not_repeated_whole(sync: Upserter) -> None:
    options = {f"option {number}": "" for number in range(1500)}
    known = {**PROPERTIES.properties, "stage": Property("stage", "enumeration", options=options)}
    properties = replace(PROPERTIES, properties=known)
    report = sync.upsert([contact(1), contact(2, stage="x")], properties=properties)
    told = report.outcomes[1].problems[0].message
    assert "option 19, … and 1,480 more]" in told
    assert "option 20" not in told


UNSENDABLE = [
    (["fristname"], "did you mean 'firstname'?"),
    (["fax"], "it is archived"),
    (["created"], "read only"),
    (["score", "zzz"], '"score" is a read only property; Property "zzz" does not exist'),
]


@pytest.mark.parametrize(("names", "message"), UNSENDABLE)
@pytest.mark.parametrize("count", [1, 30, 200])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_property_that_no_record_can_be_sent_with_stops_the_run_before_the_first_request(
    upserter: Upserter, names: list[str], message: str, count: int, dry_run: bool
) -> None:
    more = dict.fromkeys(names, "1")
    records = [contact(number, **more) for number in range(count)]
    report = upserter.upsert(records, properties=PROPERTIES, dry_run=dry_run)
    assert not upserter.server.contacts.requests
    assert report.requests == 0
    assert statuses(report) == ["not sent"] * count
    assert report.stop is not None
    assert message in report.stop.reason
    assert "create it there" in report.stop.mend
    assert "pull the properties again" in report.stop.mend
    assert report.stop.resume_at == 0
    assert [each.property for each in report.stop.problems] == names
    with pytest.raises(UpsertStopped, match="all records that were read so far have it"):
        report.raise_for_rejections()


def test_what_is_read_after_that_is_told_apart(sync: Upserter) -> None:
    bad = [contact(number, fax="1") for number in range(60)]
    rest = [contact(60), contact(61, amount="x"), contact(62, fax="1", amount="x")]
    report = sync.upsert([*bad, *rest], properties=PROPERTIES)
    assert statuses(report)[60:] == ["not sent", "rejected", "not sent"]
    assert not sync.server.contacts.requests
    file = StringIO()
    report.write_jsonl(file)
    file.seek(0)
    assert UpsertReport.read_jsonl(file).stop == report.stop


@pytest.mark.parametrize(
    "first",
    [
        [UnreadableRecord("a broken line")] * 50,
        ["no record"] * 3,
    ],
)
def test_records_that_cannot_be_read_decide_nothing(sync: Upserter, first: list[Any]) -> None:
    records = [*first, *(contact(number, fax="1") for number in range(50))]
    report = sync.upsert(records, properties=PROPERTIES)
    assert not sync.server.contacts.requests
    assert statuses(report) == ["rejected"] * len(first) + ["not sent"] * 50


@pytest.mark.parametrize("place", [0, 5, 39])
def test_a_property_that_not_all_records_have_stops_nothing(sync: Upserter, place: int) -> None:
    records = [contact(number, fax="1") for number in range(40)]
    records[place] = contact(place, amount="x")
    report = sync.upsert([*records, contact(40)], properties=PROPERTIES)
    assert report.stop is None
    assert statuses(report) == ["rejected"] * 40 + ["created"]


def test_what_comes_later_stops_nothing(upserter: Upserter) -> None:
    records = [contact(number) for number in range(20)]
    records += [contact(number, fax="1") for number in range(20, 90)]
    report = upserter.upsert(records, properties=PROPERTIES)
    assert report.stop is None
    assert statuses(report) == ["created"] * 20 + ["rejected"] * 70


def test_a_stream_is_stopped_as_soon_as_that_is_known(upserter: Upserter) -> None:
    read: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for number in range(1000):
            read.append(number)
            yield contact(number, fax="1")

    (first,) = upserter.take(source(), 1, properties=PROPERTIES)
    assert first.status is Status.NOT_SENT
    # Four batches of ten records each are the most that one batch holds.
    assert len(read) <= 2 * 40
    assert not upserter.server.contacts.requests


@pytest.mark.parametrize(
    ("id_property", "message"),
    [
        ("emial", "does not exist; did you mean 'email'?; pull the properties again if it is new"),
        ("fax", "it is archived"),
        ("firstname", "its values are not unique; email or code can be it"),
        ("record_id", "the API finds no records by it"),
        ("serial", "only the API writes it"),
    ],
)
def test_a_key_that_can_be_none_is_refused_at_once(
    contacts_server: ContactsServer, id_property: str, message: str
) -> None:
    def source() -> Iterator[dict[str, Any]]:
        raise AssertionError("it was read")
        yield {}

    with Client("token", base_url=contacts_server.url) as client:
        for method in (client.contacts.upsert, client.contacts.iter_upsert):
            with pytest.raises(PropertiesError) as raised:
                method(source(), id_property=id_property, properties=PROPERTIES)
            assert f"{id_property!r} cannot be the id property" in str(raised.value)
            assert message in str(raised.value)
    assert not contacts_server.contacts.requests


def test_unknown_options_may_be_sent(sync: Upserter) -> None:
    records = [contact(1, stage="new"), contact(2, tags="a;new"), contact(3, amount="new")]
    report = sync.upsert(records, properties=PROPERTIES, unknown_options="send")
    assert statuses(report) == ["created", "created", "rejected"]


def test_properties_may_be_in_a_file_or_a_folder(sync: Upserter, tmp_path: Path) -> None:
    file = tmp_path / "contacts.yaml"
    file.write_text(text_of(PROPERTIES), encoding="utf-8")
    records = [contact(1), contact(2, stage="x")]
    for place in (file, str(file), tmp_path, str(tmp_path)):
        sync.server.contacts.stored.clear()
        assert statuses(sync.upsert(records, properties=place)) == ["created", "rejected"]
    # What changes meanwhile counts for the next run.
    renamed = replace(PROPERTIES.properties["stage"], options={"x": ""})
    known = replace(PROPERTIES, properties={**PROPERTIES.properties, "stage": renamed})
    file.write_text(text_of(known), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert statuses(sync.upsert(records, properties=file)) == ["updated", "created"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (ObjectProperties("deals", {}), "properties of deals, and not of contacts"),
        ("missing.yaml", "missing.yaml: cannot be read"),
        ("", "properties is empty; name a file or a folder"),
        (ObjectProperties("contacts", {}), "'email' cannot be the id property"),
        (ObjectProperties("contacts", cast(Any, [])), "must be a mapping of names to Property"),
        *(
            (
                ObjectProperties("contacts", {"email": one}),
                "'email' must be a Property of this name",
            )
            for one in [cast(Any, {}), Property("mail"), Property("email", cast(Any, "text"))]
        ),
    ],
)
def test_properties_that_cannot_be_used_are_refused(
    sync: Upserter, given: Any, message: str
) -> None:
    with pytest.raises(PropertiesError, match=message):
        sync.upsert([contact(1)], properties=given)


def test_a_listing_in_the_place_of_properties_is_not_repeated(sync: Upserter) -> None:
    with pytest.raises(TypeError, match=r"their file, or None, and not a list$"):
        sync.upsert([contact(1)], properties=[*KNOWN])


def test_a_dry_run_says_what_a_run_would_reject(upserter: Upserter) -> None:
    records = [contact(1), contact(2, stage="x"), contact(3)]
    planned = upserter.upsert(records, properties=PROPERTIES, dry_run=True)
    assert not upserter.server.contacts.requests
    done = upserter.upsert(records, properties=PROPERTIES)
    assert planned.outcomes[1] == done.outcomes[1]
    assert statuses(planned) == ["not sent", "rejected", "not sent"]


def test_a_journal_goes_on_with_the_same_properties(sync: Upserter, tmp_path: Path) -> None:
    journal = tmp_path / "run.sqlite"
    records = [contact(number, stage="x" if number % 7 == 0 else "lead") for number in range(50)]
    first = sync.upsert(records, properties=PROPERTIES, journal=journal)
    sync.server.contacts.requests.clear()
    again = sync.upsert(records, properties=PROPERTIES, journal=journal)
    assert again.outcomes == first.outcomes
    assert not sync.server.contacts.requests
    # A property that is new in the account changes nothing of what is sent.
    known = replace(PROPERTIES, properties={**PROPERTIES.properties, "new": Property("new")})
    assert sync.upsert(records, properties=known, journal=journal).outcomes == first.outcomes


@pytest.mark.parametrize("options", [{}, {"properties": PROPERTIES, "unknown_options": "send"}])
def test_a_journal_does_not_go_on_where_others_are_rejected(
    sync: Upserter, tmp_path: Path, options: Mapping[str, Any]
) -> None:
    journal = tmp_path / "run.sqlite"
    records = [contact(number, stage="x" if number % 7 == 0 else "lead") for number in range(50)]
    sync.upsert(records, properties=PROPERTIES, journal=journal)
    sync.server.contacts.requests.clear()
    with pytest.raises(JournalMismatch, match="or are sent or rejected otherwise"):
        sync.upsert(records, journal=journal, **options)
    assert not sync.server.contacts.requests


def test_a_state_does_not_take_a_rejected_record_for_an_accepted_one(
    sync: Upserter, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"properties": PROPERTIES, "state": tmp_path / "people.sqlite"}
    good, bad = [contact(1, stage="lead"), contact(2)], [contact(1, stage="x"), contact(2)]
    assert statuses(sync.upsert(good, **options)) == ["created", "created"]
    for _ in range(2):
        assert statuses(sync.upsert(bad, **options)) == ["rejected", "unchanged"]
    assert statuses(sync.upsert(good, **options)) == ["unchanged", "unchanged"]
    # Sent after all, it is what was accepted last.
    assert statuses(sync.upsert(bad, state=options["state"])) == ["updated", "unchanged"]


TEXTS = st.one_of(
    st.sampled_from(
        ["", "lead", "Lead", "a;b", "true", "2024-02-29", "1709164800000", "7", "a" * 201]
    ),
    st.text(max_size=5),
)
NAMES = st.sampled_from([*(each.name for each in KNOWN if each.name != "email"), "zzz"])


@example(records=[{"firstname": "Ada"}], key="a" * 201, sends=False)
@given(st.lists(st.dictionaries(NAMES, TEXTS, max_size=4), max_size=6), TEXTS, st.booleans())
def test_the_quick_check_agrees_with_the_exact_one(
    records: list[dict[str, str]], key: str, sends: bool
) -> None:
    check = PropertyCheck(PROPERTIES, RULES, "code", "send" if sends else "reject")

    def is_taken(name: str, value: str) -> bool:
        declared = PROPERTIES.properties.get(name)
        if declared is None or declared.archived:
            return False
        checked = check_value(declared, value, longest_text=RULES.longest_text)
        is_option = isinstance(checked, InvalidValue) and checked.kind == "option"
        return (sends and is_option) or isinstance(checked, str)

    for record in records * 2:
        length = len("".join([key, *record.values()]))
        taken = all(is_taken(name, value) for name, value in [("code", key), *record.items()])
        assert check.accepts([key], [record], length) is taken
        assert (check.problems(key, record) == ()) is taken


@pytest.mark.parametrize("wrong", [{"amount": "x"}, {"stage": "led"}, {"seen": "x"}, {"no": ""}])
@pytest.mark.parametrize("place", [0, 50, 99])
def test_one_wrong_value_among_records_of_different_properties_is_found(
    wrong: dict[str, str], place: int
) -> None:
    check = PropertyCheck(PROPERTIES, RULES, "email")
    kinds: tuple[dict[str, str], ...] = (
        {"amount": "1", "stage": "lead"},
        {"stage": "", "amount": ""},
        {"seen": "2024-02-29T00:00Z"},
        {},
    )
    records: list[dict[str, str]] = [dict(kinds[number % 4]) for number in range(100)]
    assert check.accepts([], records, 5)
    records[place] |= wrong
    assert not check.accepts([], records, 5)


def test_problems_come_as_json() -> None:
    (problem,) = PropertyCheck(PROPERTIES, RULES, "email").problems(None, {"stage": "x"})
    assert json.loads(json.dumps(problem))[:2] == ["stage", NO_OPTION]
