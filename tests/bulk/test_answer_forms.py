"""What became of records, told in every form that answers have, and by answers that are otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from package._bulk.outcomes import Outcome
from package._bulk.report import UpsertReport

from tests.bulk.members_server import FORMS, SIZE, MembersServer, load, member, members

COUNT = 2 * SIZE + 1
WRITTEN = {"created", "updated", "written"}


@pytest.fixture(params=FORMS)
def server(request: pytest.FixtureRequest) -> Iterator[MembersServer]:
    server = MembersServer(FORMS[request.param])
    yield server
    server.close()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _claims(report: UpsertReport, server: MembersServer) -> list[Outcome]:
    """The outcomes, none of which says what is not so."""
    for number, one in enumerate(report.outcomes):
        email = f"{number}@a.org"
        assert one.record == member(number)
        assert (one.status in WRITTEN) <= (email in server.stored)
        assert (one.status == "rejected") <= (email in server.refused)
        assert bool(one.reason) == (one.status == "unknown")
    return list(report.outcomes)


def test_every_record_has_the_outcome_that_its_answer_tells(
    server: MembersServer, is_async: bool
) -> None:
    server.refused, server.stored = {"2@a.org", "8@a.org"}, {"1@a.org": 0}
    form = server.form
    outcomes = _claims(load(server, members(COUNT), is_async=is_async), server)
    for number, one in enumerate(outcomes):
        if form.tells == "all":
            # What was counted is not known of a request whose count is short.
            is_short = number // SIZE != 1
            assert one.status == ("unknown" if is_short else "written")
        elif number in (2, 8):
            assert one.status == "rejected"
            assert [(each.code, each.message) for each in one.problems] == [
                ("BAD", f"{number}@a.org is bad")
            ]
        elif form.tells == "no more":
            assert (one.status, one.id) == ("written", None)
        else:
            assert one.status == ("updated" if number == 1 else "created")
            assert (one.id or "").lstrip("m") == str(server.stored[f"{number}@a.org"])


def _cut(body: Any) -> bytes:
    return json.dumps(body).encode()[:-1]


def _changed(change: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    """Change the results of a body."""

    def fault(body: Any) -> bytes:
        if isinstance(body, list):
            return json.dumps(change(body)).encode()
        listed = [name for name in ("data", "rows", "members") if name in body]
        changed = {name: change(one) if name in listed else one for name, one in body.items()}
        return json.dumps(changed).encode()

    return fault


def _fewer(results: Any) -> Any:
    return results[1:] if isinstance(results, list) else dict(list(results.items())[1:])


def _twice(results: Any) -> Any:
    return results * 2 if isinstance(results, list) else results


def _more(results: Any) -> Any:
    if isinstance(results, list):
        return [*results, {**results[0], "email": "nobody@a.org"}]
    return {**results, "nobody@a.org": next(iter(results.values()))}


def _of_others(results: Any) -> Any:
    if isinstance(results, list):
        return [{**one, "email": f"x{n}@a.org"} for n, one in enumerate(results)]
    return {f"x{name}": one for name, one in results.items()}


UNREADABLE: dict[str, Callable[[Any], bytes | None]] = {
    "HTML": lambda body: b"<!doctype html><title>Sign in</title>",
    "cut off": _cut,
    "text": lambda body: b"fine\xff",
}
OTHERWISE = {
    "fewer": _changed(_fewer),
    "twice": _changed(_twice),
    "more": _changed(_more),
    "of others": _changed(_of_others),
    "no list": _changed(lambda results: "none"),
    "null": _changed(lambda results: None),
    "nothing": lambda body: b"{}",
}


@pytest.mark.parametrize("fault", ["reset", *UNREADABLE])
def test_what_an_answer_cannot_tell_is_asked_again_and_comes_out_right(
    fault: str, server: MembersServer, is_async: bool
) -> None:
    server.fault, server.faults = UNREADABLE.get(fault, lambda body: None), 2
    if fault != "HTML" and server.form.status == 204:
        server.faults = 0  # Where no body is promised, a word is none.
    outcomes = _claims(load(server, members(COUNT), is_async=is_async), server)
    assert {one.status for one in outcomes} <= WRITTEN
    received = [email for request in server.received for email in request]
    assert {received.count(email) for email in received} <= {1, 2, 3}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_what_no_answer_ever_tells_is_unknown(
    fault: str, server: MembersServer, is_async: bool
) -> None:
    if fault != "HTML" and server.form.status == 204:
        return
    server.fault, server.faults = UNREADABLE[fault], 100
    outcomes = _claims(load(server, members(2), is_async=is_async), server)
    assert [one.status for one in outcomes] == ["unknown"] * 2
    assert all("its answer cannot be read" in (one.reason or "") for one in outcomes)


POSITION, KEY = ("by position", "by position alone", "null for no error"), ("by key", "by name")


@pytest.mark.parametrize(
    ("forms", "fault", "expected"),
    [
        (POSITION, "fewer", ["unknown"] * 3),
        (POSITION, "twice", ["unknown"] * 3),
        (POSITION, "more", ["unknown"] * 3),
        (POSITION, "no list", ["unknown"] * 3),
        (POSITION, "null", ["unknown"] * 3),
        (POSITION, "nothing", ["unknown"] * 3),
        (KEY, "fewer", None),
        (KEY, "twice", ["created"] * 3),
        (KEY, "more", ["created"] * 3),
        (KEY, "of others", ["unknown"] * 3),
        (KEY, "no list", ["unknown"] * 3),
        (KEY, "null", ["unknown"] * 3),
        (KEY, "nothing", ["unknown"] * 3),
        (("count",), "nothing", ["unknown"] * 3),
        (("count and errors by key",), "nothing", ["unknown"] * 3),
    ],
)
def test_results_that_are_not_those_of_the_records_are_taken_for_nobodys(
    forms: tuple[str, ...], fault: str, expected: list[str] | None, is_async: bool
) -> None:
    for name in forms:
        server = MembersServer(FORMS[name], OTHERWISE[fault], 100)
        try:
            outcomes = _claims(load(server, members(3), is_async=is_async), server)
        finally:
            server.close()
        if expected is not None:
            assert [one.status for one in outcomes] == expected, name
        else:
            # One is not mentioned, however often it is asked about.
            assert sorted(one.status for one in outcomes) == ["created", "created", "unknown"]


@pytest.mark.parametrize("count", [0, 2, 4, 3.5, "3", True, None])
def test_a_count_of_another_number_says_nothing(count: Any, is_async: bool) -> None:
    body = json.dumps({"totals": {"written": count}}).encode()
    server = MembersServer(FORMS["count"], lambda _: body, 100)
    try:
        outcomes = _claims(load(server, members(3), is_async=is_async), server)
    finally:
        server.close()
    assert [one.status for one in outcomes] == ["unknown"] * 3


@pytest.mark.parametrize("good", [None, 0, 30])
def test_a_run_of_single_records_ends_when_all_are_refused_for_one_reason(
    good: int | None, is_async: bool
) -> None:
    server = MembersServer(FORMS["one"])
    server.refused = {f"{number}@a.org" for number in range(200) if number != good}
    try:
        report = load(server, members(200), is_async=is_async)
    finally:
        server.close()
    if good == 0:
        # One that was accepted shows that it is not about all of them.
        assert report.stop is None
        assert len(server.received) == 200
    else:
        assert report.stop is not None
        assert "of each record alone" in report.stop.reason
        assert len(server.received) <= 24
        statuses = [str(one.status) for one in report.outcomes]
        assert set(statuses) == {"rejected", "not sent"}
        assert statuses.count("rejected") == len(server.received)


def test_a_run_whose_requests_are_full_of_bytes_ends_as_well(is_async: bool) -> None:
    form = FORMS["nothing"]
    server = MembersServer(replace(form, roles=replace(form.roles, maximum=100, maximum_bytes=200)))
    server.refused = {f"{number}@a.org" for number in range(400)}
    try:
        report = load(server, members(400), is_async=is_async)
    finally:
        server.close()
    assert report.stop is not None
    assert "of each record alone" in report.stop.reason
    assert len(server.received) < 40
