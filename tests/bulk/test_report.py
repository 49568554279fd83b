"""What came of a run: counts, progress, the table, JSON Lines, and what it raises."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from package._bulk.outcomes import Outcome, Problem, Status, Stop
from package._bulk.progress import Progress, ProgressMeter, Tally
from package._bulk.report import RejectedRecords, UpsertReport, UpsertStopped
from package._bulk.table import one_line, width
from package.errors import ApiError, DailyLimitError, RateLimit

from tests.bulk.account import Time
from tests.bulk.outcome_strategies import ANY_TEXT, OUTCOMES

BAD_EMAIL = Problem("email", "INVALID_EMAIL", "Email address nobody is invalid")


def rejected(index: int, *problems: Problem, **record: Any) -> Outcome:
    return Outcome(index, Status.REJECTED, record, problems=problems or (BAD_EMAIL,))


def created(index: int, **record: Any) -> Outcome:
    return Outcome(index, Status.CREATED, record, id=str(10_000 + index))


def written_and_read(report: UpsertReport) -> UpsertReport:
    file = io.StringIO()
    report.write_jsonl(file)
    file.seek(0)
    return UpsertReport.read_jsonl(file)


def same(one: UpsertReport, other: UpsertReport) -> bool:
    mine, theirs = dict(vars(one)), dict(vars(other))
    return vars(mine.pop("_tally")) == vars(theirs.pop("_tally")) and mine == theirs


def test_counts() -> None:
    report = UpsertReport("contacts.upsert", outcomes=[created(0), rejected(1)])
    report.add(Outcome(2, Status.UPDATED, {}, merged_into=0))
    report.extend(Outcome(3 + n, status, {}) for n, status in enumerate(Status))
    count = 3 + len(Status)
    assert [outcome.index for outcome in report.outcomes] == list(range(count))
    assert (report.created, report.updated, report.written, report.unchanged) == (2, 2, 1, 1)
    assert (report.rejected, report.unknown, report.not_sent, report.merged) == (2, 1, 1, 1)
    assert report.counts[Status.CREATED] == 2
    assert sum(report.counts.values()) == report.records == count
    assert [each.index for each in report.having(Status.UNKNOWN, Status.CREATED)] == [0, 3, 8]


def test_counts_cannot_be_changed_from_outside() -> None:
    counts: Any = UpsertReport().counts
    with pytest.raises(TypeError):
        counts[Status.CREATED] = 5


@pytest.mark.parametrize("outcomes", [[], [rejected(0)], [created(0)]])
def test_a_report_is_true(outcomes: list[Outcome]) -> None:
    assert UpsertReport(outcomes=outcomes)
    assert not hasattr(UpsertReport(outcomes=outcomes), "__len__")


def test_rejected_records_are_those_that_were_given() -> None:
    first, second = {"email": "nobody"}, MappingProxyType({"email": "no"})
    bad = [Outcome(index, Status.REJECTED, record) for index, record in ((0, first), (2, second))]
    records = UpsertReport(outcomes=[bad[0], created(1), bad[1]]).rejected_records()
    assert len(records) == 2
    assert records[0] is first
    assert records[1] is second


def test_warnings_come_with_their_record() -> None:
    normalized = {"code": "PROPERTY_VALUE_NORMALIZED"}
    report = UpsertReport(outcomes=[created(0), replace(created(1), warnings=(normalized, {}))])
    assert report.warnings == [(1, normalized), (1, {})]
    assert report.warned == 2


# The table


def test_the_table_lines_up() -> None:
    report = UpsertReport("contacts.upsert", requests=103, batches=101)
    report.extend(created(index) for index in range(9_876))
    report.add(replace(created(9_876), merged_into=3, warnings=({"code": "X"},)))
    report.add(rejected(9_877))
    report.add(rejected(9_878, BAD_EMAIL, Problem(None, None, "And it is late")))
    report.add(Outcome(9_879, Status.UNKNOWN, {}, reason="the answer says nothing about it"))
    assert str(report).splitlines() == [
        "contacts.upsert",
        "created   9,877",
        "updated       0",
        "rejected      2",
        "unknown       1",
        "records   9,880  in 103 requests",
        "merged        1  duplicates, counted above as well",
        'warnings      1  the first, of record 9,876: {"code": "X"}',
        "",
        "why, by frequency:",
        "2 \N{MULTIPLICATION SIGN} INVALID_EMAIL of email, records 9877, 9878",
        "1 \N{MULTIPLICATION SIGN} And it is late, record 9878",
        "1 \N{MULTIPLICATION SIGN} the answer says nothing about it (unknown), record 9879",
        "",
        "rejected:",
        "record  property  code           message",
        "  9877  email     INVALID_EMAIL  Email address nobody is invalid",
        "  9878  email     INVALID_EMAIL  Email address nobody is invalid",
        "                                 And it is late",
        "",
        "unknown:",
        "record  property  code  message",
        "  9879                  the answer says nothing about it",
    ]


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (
            UpsertReport(
                outcomes=[created(0)],
                requests=1,
                stop=Stop("the day's requests are spent", "wait for tomorrow", 12_300),
            ),
            [
                *("created   1", "updated   0", "rejected  0", "records   1  in 1 request", ""),
                "stopped: the day's requests are spent",
                "to mend: wait for tomorrow",
                "resume at record 12,300, counted from 0",
            ],
        ),
        (
            UpsertReport(
                "contacts.upsert",
                dry_run=True,
                batches=2,
                outcomes=[Outcome(n, Status.NOT_SENT, {}, reason="dry run") for n in range(150)],
            ),
            [
                "contacts.upsert (dry run)",
                "not sent  150",
                "records   150  would be sent in 2 batches",
            ],
        ),
        (
            UpsertReport(),
            ["created   0", "updated   0", "rejected  0", "records   0  in 0 requests"],
        ),
    ],
    ids=["a stop", "a dry run", "nothing"],
)
def test_the_table_of_other_reports(report: UpsertReport, lines: list[str]) -> None:
    assert str(report).splitlines() == lines


def test_a_report_in_a_few_words() -> None:
    assert repr(UpsertReport()) == "<UpsertReport: no records>"
    assert repr(UpsertReport(outcomes=[created(0), rejected(1)])) == (
        "<UpsertReport: 1 created, 1 rejected>"
    )


def test_the_table_shows_only_the_first_failures() -> None:
    report = UpsertReport(outcomes=[rejected(index) for index in range(2_000)])
    report.add(rejected(2_000, *[BAD_EMAIL] * 50))
    lines = str(report).splitlines()
    assert "rejected, the first 10 of 2,001:" in lines
    assert len(lines) == 4 + 3 + 2 + 11
    assert len(report.table(shown=2).splitlines()) == 4 + 3 + 2 + 3
    assert "nobody" not in report.table(shown=0)
    many = UpsertReport(outcomes=[rejected(0, *[BAD_EMAIL] * 50)])
    assert str(many).splitlines()[-1].strip() == "and 40 more"


def test_the_table_cannot_be_disturbed_by_what_a_server_says() -> None:
    evil = Problem("em\x1b[31mail", "A\r\nB", f"\x1b]0;title\x07{'long ' * 1000}")
    lines = str(UpsertReport(outcomes=[rejected(0, evil)])).splitlines()
    assert len(lines) == 8
    assert all(line.isprintable() and len(line) < 160 for line in lines)


@settings(max_examples=50)
@given(st.lists(OUTCOMES, max_size=20))
def test_the_table_of_anything_is_a_few_printable_lines(outcomes: list[Outcome]) -> None:
    table = UpsertReport(outcomes=outcomes).table(shown=3)
    assert all(line.isprintable() for line in table.split("\n"))
    assert len(table.split("\n")) < 60


@given(ANY_TEXT.map(lambda text: text * 30), st.integers(1, 60))
def test_a_cell_is_never_too_wide(text: str, widest: int) -> None:
    assert width(one_line(text, widest)) <= widest


def test_wide_characters_take_two_columns() -> None:
    problems = [Problem("名前", "X", "m"), Problem("e\u0301a", "X", "m"), Problem("abcd", "X", "m")]
    lines = str(UpsertReport(outcomes=[rejected(0, *problems)])).splitlines()[-3:]
    assert lines == [
        "     0  名前      X     m",
        "        e\u0301a        X     m",
        "        abcd      X     m",
    ]


def test_many_outcomes_are_counted_as_they_come() -> None:
    report = UpsertReport()
    record = {"email": "ada@x.example"}
    for index in range(100_000):
        report.add(Outcome(index, Status.CREATED if index % 100 else Status.REJECTED, record))
    assert (report.created, report.rejected) == (99_000, 1_000)
    # Tables are printed from counts: none looks at all of the outcomes.
    report.outcomes = report.outcomes[:1000]
    assert "created   99,000" in str(report)


# JSON Lines


@settings(max_examples=50)
@given(
    st.lists(OUTCOMES, max_size=5),
    ANY_TEXT,
    st.integers(0),
    st.booleans(),
    st.none() | st.builds(Stop, ANY_TEXT, ANY_TEXT, st.none() | st.integers(0)),
)
def test_what_is_written_is_read(
    outcomes: list[Outcome], operation: str, requests: int, dry_run: bool, stop: Stop | None
) -> None:
    report = UpsertReport(
        operation,
        outcomes=outcomes,
        requests=requests,
        retries=7,
        batches=3,
        dry_run=dry_run,
        stop=stop,
    )
    assert same(written_and_read(report), report)


def test_a_path_will_do(tmp_path: Path) -> None:
    report = UpsertReport("contacts.upsert", outcomes=[created(0, name="Zoë\u2028"), rejected(1)])
    for path in (tmp_path / "report.jsonl", str(tmp_path / "text.jsonl")):
        report.write_jsonl(path)
        assert same(UpsertReport.read_jsonl(path), report)
        lines = Path(path).read_bytes().decode().removesuffix("\n").split("\n")
        assert len(lines) == 3
        assert json.loads(lines[0]) == {
            "index": 0,
            "status": "created",
            "id": "10000",
            "record": {"name": "Zoë\u2028"},
        }
        assert "Zoë" in lines[0]


def test_the_error_that_stopped_a_run_comes_back() -> None:
    error = DailyLimitError(
        operation="contacts.upsert",
        message="no more today",
        status=429,
        category="RATE_LIMITS",
        text='{"message": "no more today"}',
        retry_after=2.5,
        rate_limit=RateLimit(maximum=190, interval=10.0),
        attempts=3,
    )
    report = UpsertReport(stop=Stop("no more today", "wait", 7, error))
    stop = written_and_read(report).stop
    assert stop is not None
    assert type(stop.error) is DailyLimitError
    assert vars(stop.error) == vars(error)
    assert (stop.reason, stop.mend, stop.resume_at) == ("no more today", "wait", 7)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "comes_back"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Colour.RED, "red"),
        ({"b", "a"}, ["a", "b"]),
        (("a", date(2026, 1, 2)), ["a", "2026-01-02"]),
        (b"caf\xc3\xa9\xff", "café\\xff"),
        (float("nan"), None),
        (float("inf"), "inf"),
        ([float("nan"), date(2026, 1, 2)], [None, "2026-01-02"]),
        ({1: "a", (2, 3): float("nan")}, {"1": "a", "(2, 3)": None}),
        (MappingProxyType({"a": Decimal(1)}), {"a": "1"}),
        ({frozenset({"a"}): {1.5}}, {"frozenset({'a'})": [1.5]}),
    ],
)
def test_what_json_has_no_form_for_is_kept_as_near_as_it_comes(
    value: object, comes_back: object
) -> None:
    (outcome,) = written_and_read(UpsertReport(outcomes=[created(0, value=value)])).outcomes
    assert outcome.record == {"value": comes_back}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [], "the report has no end"),
        (lambda lines: lines[:-1], "the report has no end"),
        (lambda lines: lines[1:], r"line 2: .*2 records were written, and 1 read"),
        (lambda lines: [*lines, lines[0]], "line 4: there is something after the end"),
        (lambda lines: ["no JSON\n", *lines], "line 1: this is no JSON: "),
        (lambda lines: ["[1]\n", *lines], "line 1: this is no JSON object"),
        (lambda lines: ["{}\n", *lines], "line 1: .*'index'"),
        (lambda lines: ['{"index": 0, "status": "lost"}\n', *lines], "line 1: .*'lost'"),
        (lambda lines: ['{"run": {"format": 2}}\n'], "line 1: .*its format is 2, and 1 can be"),
        (lambda lines: ['{"run": 5}\n'], "line 1: this is not as a report has it"),
    ],
)
def test_what_is_no_report_is_refused(change: Any, message: str) -> None:
    file = io.StringIO()
    UpsertReport(outcomes=[created(0), rejected(1)]).write_jsonl(file)
    lines = change(file.getvalue().splitlines(keepends=True))
    with pytest.raises(ValueError, match=message):
        UpsertReport.read_jsonl(io.StringIO("".join(lines)))


# What it raises


def test_nothing_is_raised_if_all_was_written() -> None:
    UpsertReport().raise_for_rejections()
    outcomes = [created(0), Outcome(1, Status.WRITTEN, {}), Outcome(2, Status.UPDATED, {})]
    UpsertReport(outcomes=outcomes).raise_for_rejections()


def test_rejections_are_raised_with_the_report() -> None:
    report = UpsertReport("contacts.upsert", outcomes=[created(0), rejected(1), rejected(2)])
    report.add(Outcome(3, Status.UNKNOWN, {}, reason="no answer"))
    with pytest.raises(RejectedRecords) as raised:
        report.raise_for_rejections()
    assert isinstance(raised.value, ApiError)
    assert raised.value.report is report
    assert str(raised.value) == (
        "contacts.upsert: of 4 records, 2 rejected and 1 unknown; "
        "the first is record 1: email INVALID_EMAIL Email address nobody is invalid"
    )


def test_unknown_records_are_no_success() -> None:
    report = UpsertReport(outcomes=[Outcome(0, Status.UNKNOWN, {}, reason="no answer")])
    with pytest.raises(RejectedRecords, match=r"of 1 record, 1 unknown; .* record 0: no answer"):
        report.raise_for_rejections()


def test_a_stop_is_raised_with_its_error_as_the_cause() -> None:
    error = DailyLimitError(operation="contacts.upsert", message="no more today", status=429)
    stop = Stop("no more today", "wait", 1, error)
    report = UpsertReport("contacts.upsert", outcomes=[created(0), rejected(1)], stop=stop)
    with pytest.raises(UpsertStopped) as raised:
        report.raise_for_rejections()
    assert raised.value.__cause__ is error
    assert raised.value.status == 429
    assert str(raised.value) == (
        "contacts.upsert: stopped: no more today; to mend: wait; "
        "resume at record 1, counted from 0"
    )


def test_records_that_were_not_sent_are_raised_but_not_in_a_dry_run() -> None:
    unsent = Outcome(0, Status.NOT_SENT, {}, reason="time ran out")
    with pytest.raises(UpsertStopped, match="1 record was not sent: time ran out"):
        UpsertReport(outcomes=[unsent]).raise_for_rejections()
    UpsertReport(outcomes=[unsent], dry_run=True).raise_for_rejections()
    with pytest.raises(RejectedRecords):
        UpsertReport(outcomes=[unsent, rejected(1)], dry_run=True).raise_for_rejections()


def test_what_is_raised_and_the_report_can_be_pickled() -> None:
    records: Mapping[str, Any] = {"email": "nobody"}
    report = UpsertReport("contacts.upsert", outcomes=[Outcome(0, Status.REJECTED, records)])
    with pytest.raises(RejectedRecords) as raised:
        report.raise_for_rejections()
    copy = pickle.loads(pickle.dumps(raised.value))
    assert str(copy) == str(raised.value)
    assert same(copy.report, report)


# Progress


def tally_of(*statuses: Status) -> Tally:
    tally = Tally()
    for index, status in enumerate(statuses):
        tally.add(Outcome(index, status, {}))
    return tally


def meter_with(interval: float = 0.1) -> tuple[ProgressMeter, Time, list[Progress]]:
    told: list[Progress] = []
    clock = Time()
    return ProgressMeter(told.append, clock=clock, interval=interval), clock, told


def test_progress_holds_all_counts() -> None:
    meter, clock, told = meter_with()
    clock.now += 2
    meter.tally = tally_of(*Status, Status.CREATED, Status.CREATED, Status.REJECTED)
    meter.tell(read=12, requests=4, in_flight=2)
    assert told == [
        Progress(
            read=12,
            done=3 + len(Status),
            created=3,
            updated=1,
            written=1,
            unchanged=1,
            rejected=2,
            unknown=1,
            not_sent=1,
            requests=4,
            in_flight=2,
            elapsed=2.0,
            rate=(3 + len(Status)) / 2,
        )
    ]


def test_it_is_told_at_most_once_in_an_interval_but_the_last_time_always() -> None:
    meter, clock, told = meter_with()
    for read in range(1000):
        meter.tell(read=read, requests=0, in_flight=0)
        clock.now += 0.001
    assert len(told) in range(9, 12)
    meter.tell(read=1000, requests=0, in_flight=0, final=True)
    meter.tell(read=1000, requests=0, in_flight=0)
    assert told[-1].read == 1000
    assert len(told) in range(10, 13)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    meter, clock, told = meter_with()

    def advance(seconds: int, records: int) -> None:
        for _ in range(seconds):
            for index in range(records):
                meter.tally.add(Outcome(index, Status.CREATED, {}))
            clock.now += 1
            meter.tell(read=0, requests=0, in_flight=0)

    advance(5, 100)
    assert told[-1].rate == pytest.approx(100)
    advance(20, 10)
    assert told[-1].rate == pytest.approx(10)
    advance(5, 0)
    assert told[-1].rate == pytest.approx(5)
    clock.now += 100
    meter.tell(read=0, requests=0, in_flight=0, final=True)
    assert told[-1].rate == 0
    assert told[-1].elapsed == 130


def test_no_time_has_passed() -> None:
    meter, _, told = meter_with()
    meter.tally = tally_of(Status.CREATED)
    meter.tell(read=1, requests=1, in_flight=0, final=True)
    assert told[0].rate == 0
    assert told[0].elapsed == 0


def test_what_the_callback_raises_goes_to_the_caller() -> None:
    def fail(_: Progress) -> None:
        raise LookupError("the bar is closed")

    with pytest.raises(LookupError, match="the bar is closed"):
        ProgressMeter(fail).tell(read=1, requests=1, in_flight=0)
