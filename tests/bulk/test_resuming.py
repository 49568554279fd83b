"""Runs with a journal that end early, and those that go on from there, against the sandbox."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._bulk.duplicates import DUPLICATES, Duplicates
from hubspot_upsert._bulk.journal import Journal, JournalHeader, JournalMismatch
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert.sandbox import Sandbox
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bulk.cases import MANNERS, Case, Manner, people, prepare
from tests.bulk.claims import (
    UNDONE,
    WRITTEN,
    Contents,
    check_claims,
    check_merged,
    check_outcomes,
    key_of,
)
from tests.bulk.reasons import check_reasons

_FAULTS = st.sampled_from(
    [
        *["missing-results"] * 4,
        *["daily-limit", "html-error;status=400", "account-moving;retry-after=86400"] * 2,
        *["html-error;status=404", "server;status=500", "server-after;status=500"],
        *["reset-before", "reset-after", "truncated-body", "created-status", "locked"],
    ]
)
_RUNS: st.SearchStrategy[Case] = st.builds(
    Case,
    manner=st.sampled_from(MANNERS),
    concurrency=st.integers(1, 4),
    faults=st.lists(st.none() | _FAULTS, max_size=6).map(tuple),
    time_budget=st.sampled_from([None, None, 0.05]),
    takes=st.sampled_from([None, None, 0, 5]),
)
_MOST_RUNS = 20


class Job:
    """Records that are upserted in several runs with one journal.

    Args:
        sandbox: Where.
        records: The records.
        case: What is the same in all runs.
    """

    def __init__(self, sandbox: Sandbox, records: Sequence[Any], case: Case) -> None:
        self.records = records
        self.case = case
        self.sandbox = sandbox
        self.before = Contents.of(sandbox, "email")
        self.outcomes: list[Outcome] | None = None

    def run(self, how: Case, forgets: int | None = None) -> bool:
        """Do one run, and check what it claims.

        Args:
            how: What is particular to this run.
            forgets: After so many batches the journal is not told what became of them, as if the run
                had been killed.

        Returns:
            Whether all is done.
        """
        case = replace(
            how,
            duplicates=self.case.duplicates,
            maximum=self.case.maximum,
            journal=self.case.journal,
        )
        for fault in case.faults:
            self.sandbox.fail(fault or "unknown-fields", resource="contacts")
        moments = _moments(self.sandbox)
        with pytest.MonkeyPatch.context() as patch:
            if forgets is not None:
                patch.setattr(Journal, "sent", _forgetful(forgets))
            outcomes, stop = case.upsert(self.sandbox, self.records)
        if case.is_closed or forgets is not None:
            self.outcomes = None
        if case.is_closed:
            return False
        check_outcomes(self.records, outcomes)
        after = Contents.of(self.sandbox, "email")
        check_claims(outcomes, self.before, after, "email", case.duplicates, resumed=True)
        check_merged(outcomes, "email", case.duplicates)
        check_reasons(outcomes, stop, case)
        if self.outcomes is not None:
            self._check_kept(self.outcomes, outcomes, moments)
        if forgets is None:
            self.outcomes = outcomes
        return stop is None and not any(one.status in UNDONE for one in outcomes)

    def _check_kept(
        self, before: Sequence[Outcome], after: Sequence[Outcome], moments: dict[str, str]
    ) -> None:
        """Check that what was known is claimed as before, and was not sent again."""
        open_keys = {key_of(one.record, "email") for one in before if one.status in UNDONE}
        now = _moments(self.sandbox)
        for known, one in zip(before, after, strict=True):
            key = key_of(known.record, "email")
            if known.status not in UNDONE and key not in open_keys:
                assert one == known
                assert key not in moments or moments[key] == now[key]


def _forgetful(count: int) -> Any:
    told = Journal.sent
    left = [count]

    def sent(journal: Journal, batch: int, outcomes: Sequence[Outcome]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            told(journal, batch, outcomes)

    return sent


def _moments(sandbox: Sandbox) -> dict[str, str]:
    return {one["properties"]["email"]: one["updated_at"] for one in sandbox.records("contacts")}


def _without_code(records: Sequence[Any]) -> list[Any]:
    """Leave out what is unique as well: another record may take it between two runs."""
    return [
        (
            {name: value for name, value in one.items() if name != "code"}
            if isinstance(one, dict)
            else one
        )
        for one in records
    ]


@settings(max_examples=30)
@given(
    people.map(_without_code),
    people.map(_without_code),
    st.sampled_from(DUPLICATES),
    st.integers(1, 8),
    st.lists(st.tuples(_RUNS, st.none() | st.integers(0, 6)), min_size=1, max_size=4),
)
def test_whatever_ends_runs_in_the_end_all_is_as_claimed(
    records: list[Any],
    known: list[Any],
    duplicates: Duplicates,
    maximum: int,
    runs: list[tuple[Case, int | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case = Case(duplicates=duplicates, maximum=maximum, journal=Path(folder, "run.sqlite"))
        with case.sandbox() as sandbox:
            prepare(sandbox, known)
            job = Job(sandbox, records, case)
            for how, forgets in runs:
                job.run(how, forgets)
            assert any(job.run(Case()) for _ in range(_MOST_RUNS)), "it never comes to its end"
            assert job.run(Case())


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("duplicates", DUPLICATES)
def test_only_what_is_not_known_of_a_batch_is_sent_again(
    duplicates: Duplicates, manner: Manner, tmp_path: Path
) -> None:
    records = [{"email": f"{number}@a.org"} for number in range(10)]
    case = Case(manner, duplicates=duplicates, maximum=10, journal=tmp_path / "run.sqlite")
    with case.sandbox() as sandbox:
        sandbox.fail("missing-results")
        first, _ = case.upsert(sandbox, records)
        second, _ = case.upsert(sandbox, records)
        assert [request.inputs for request in sandbox.requests] == [10, 5]
        third, _ = case.upsert(sandbox, records)
        assert len(sandbox.requests) == 2
    assert {one.status for one in first} == {Status.CREATED, Status.UNKNOWN}
    for one, again in zip(first, second, strict=True):
        assert again == one or (one.status, again.status) == (Status.UNKNOWN, Status.WRITTEN)
    assert third == second


def test_what_a_stop_left_of_a_split_batch_is_created_by_the_next_run(tmp_path: Path) -> None:
    records = [{"email": f"{number}@a.org", "firstname": "Ada"} for number in range(8)]
    records[1]["email"] = "no-email"
    case = Case(maximum=8, concurrency=1, journal=tmp_path / "run.sqlite", id_property="email")
    with case.sandbox() as sandbox:
        sandbox.declare("contacts", code={"unique": True})
        records[6]["code"] = "taken"
        Case().upsert(sandbox, [{"email": "other@a.org", "code": "taken"}])
        for fault in ["created-status", "created-status", "daily-limit"]:
            sandbox.fail(fault, resource="contacts")
        first, stop = case.upsert(sandbox, records)
        assert stop is not None
        statuses = {one.status for one in first}
        assert {Status.CREATED, Status.NOT_SENT} <= statuses
        written = [one for one in first if one.status is Status.CREATED]
        second, stop = case.upsert(sandbox, records)
    assert stop is None
    assert [second[one.index] for one in written] == written
    assert {one.index for one in second if one.status is not Status.CREATED} == {1, 6}


_OLD_AND_NEW = [{"email": "a@a.org", "firstname": "old"}, {"email": "b@a.org"}]
_OLD_AND_NEW += [{"email": "c@a.org"}, {"email": "A@a.org", "firstname": "new"}]


@pytest.mark.parametrize("duplicates", ["last", "merge"])
@pytest.mark.parametrize("fault", [None, "daily-limit", "missing-results"])
def test_the_last_one_wins_although_an_earlier_one_was_sent_again(
    duplicates: Duplicates, fault: str | None, tmp_path: Path
) -> None:
    case = Case(duplicates=duplicates, maximum=1, concurrency=1, journal=tmp_path / "run.sqlite")
    with case.sandbox() as sandbox:
        sandbox.fail("missing-results")
        first, _ = case.upsert(sandbox, _OLD_AND_NEW)
        assert [one.status for one in first] == ["unknown", "created", "created", "updated"]
        if fault is not None:
            # The earlier one is sent again, and the later one is not, or nobody knows.
            sandbox.fail("created-status")
            sandbox.fail(fault)
            second, _ = case.upsert(sandbox, _OLD_AND_NEW)
            assert [one.status for one in second] == ["written", "created", "created", "unknown"]
        count = len(sandbox.requests)
        last, stop = case.upsert(sandbox, _OLD_AND_NEW)
        assert len(sandbox.requests) == count + (2 if fault is None else 1)
        assert stop is None
        final = "updated" if fault is None else "written"
        assert [one.status for one in last] == ["written", "created", "created", final]
        (stored,) = [
            one["properties"]
            for one in sandbox.records("contacts")
            if one["properties"]["email"] == "a@a.org"
        ]
        assert stored["firstname"] == "new"
        # Nothing is open any more.
        count = len(sandbox.requests)
        assert case.upsert(sandbox, _OLD_AND_NEW) == (last, None)
        assert len(sandbox.requests) == count


def test_a_run_that_stops_still_says_what_an_earlier_one_did(tmp_path: Path) -> None:
    case = Case(maximum=2, concurrency=1, journal=tmp_path / "run.sqlite")
    records = [{"email": f"{number}@a.org"} for number in range(6)]
    with case.sandbox() as sandbox:
        sandbox.fail("missing-results")
        first, _ = case.upsert(sandbox, records)
        sandbox.fail("daily-limit")
        second, stop = case.upsert(sandbox, records)
        assert second[2:] == first[2:]
        assert {one.status for one in second[2:]} == {Status.CREATED}
        assert stop is not None
        assert [first[stop.resume_at or 0].status] == ["unknown"]


def test_a_source_that_breaks_off_is_no_other_source(tmp_path: Path) -> None:
    case = Case(maximum=4, concurrency=1, journal=tmp_path / "run.sqlite")
    records = [{"email": f"{number}@a.org"} for number in range(6)]

    def broken() -> Any:
        yield from records[:3]
        raise KeyError("row 3")

    with case.sandbox() as sandbox:
        sandbox.fail("missing-results")
        case.upsert(sandbox, records)
        with pytest.raises(KeyError, match="row 3") as caught:
            case.upsert(sandbox, broken())
        assert "3 unknown" in caught.value.__notes__[0]
        last, _ = case.upsert(sandbox, records)
    assert {one.status for one in last} <= {*WRITTEN}


# The journal

HEADER = JournalHeader("contacts.upsert", "2026-03", "/contacts", "email", 100, "last")
_UNKNOWN = [Outcome(0, Status.CREATED, {}), Outcome(1, Status.UNKNOWN, {})]


def test_keys_are_outdated_for_later_batches_until_these_are_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with Journal(path, HEADER) as journal:
        for batch in range(4):
            journal.sending(batch, batch, b"digest", 1)
            assert journal.outdated(batch, ["a"]) == set()
        journal.sending(0, 0, b"digest", 1, known=_UNKNOWN, again=["a", "b\ud800"])
    with Journal(path, HEADER) as journal:
        planned = journal.planned(0)
        assert planned is not None
        assert planned.outcomes == tuple(_UNKNOWN)
        assert journal.outdated(0, ["a", "b\ud800", "c"]) == set()
        assert journal.outdated(2, ["a", "b\ud800", "c"]) == {"a", "b\ud800"}
        journal.sending(2, 2, b"digest", 1, known=_UNKNOWN, again=["a"])
        assert journal.outdated(2, ["a", "b\ud800"]) == {"b\ud800"}
        assert journal.outdated(3, ["a", "b\ud800"]) == {"a", "b\ud800"}
        journal.sending(4, 4, b"digest", 1)
        assert journal.outdated(3, ["a", "b\ud800"]) == set()
    with Journal(path, HEADER) as journal:
        assert journal.outdated(3, ["a", "b\ud800"]) == set()


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.sqlite", HEADER) as journal:
        journal.sending(0, 0, b"digest", 1)
        with pytest.raises(JournalMismatch):
            journal.sending(0, 0, b"other", 1, known=_UNKNOWN, again=["a"])
        planned = journal.planned(0)
        assert planned is not None
        assert planned.outcomes is None
        assert journal.outdated(1, ["a"]) == set()
        journal.sending(1, 1, b"digest", 1)


def test_a_journal_knows_how_far_it_reaches(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.sqlite", HEADER) as journal:
        assert not journal.reaches(0)
        journal.sending(0, 0, b"digest", 3)
        assert [journal.reaches(index) for index in (0, 2, 3)] == [True, True, False]
