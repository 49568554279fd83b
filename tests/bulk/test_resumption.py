"""Runs with a journal that end early or are killed, and those that go on from there, against the sandbox."""

from __future__ import annotations

import multiprocessing
import random
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hubspot_upsert._bulk.batch import Batch
from hubspot_upsert._bulk.duplicates import DUPLICATES, Duplicates
from hubspot_upsert._bulk.journal import Journal, JournalHeader
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert._bulk.report import UpsertReport
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.bulk.cases import (
    CONTACTS,
    MANNERS,
    OPERATION,
    VERSION,
    Case,
    Manner,
    hurried,
    people,
    prepare,
)
from tests.bulk.claims import (
    UNDONE,
    WRITTEN,
    Contents,
    check_claims,
    check_merged,
    check_reasons,
    key_of,
)
from tests.bulk.command_runs import wait_until
from tests.servers import PATIENCE

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
        self.sandbox, self.records, self.case = sandbox, records, case
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
        written = moments(self.sandbox)
        with pytest.MonkeyPatch.context() as patch:
            if forgets is not None:
                patch.setattr(Journal, "sent", _forgetful(forgets))
            outcomes, stop = case.upsert(self.sandbox, self.records)
        if case.is_closed or forgets is not None:
            self.outcomes = None
        if case.is_closed:
            return False
        after = Contents.of(self.sandbox, "email")
        check_claims(
            self.records, outcomes, self.before, after, duplicates=case.duplicates, resumed=True
        )
        check_merged(outcomes, "email", case.duplicates)
        check_reasons(outcomes, stop, case)
        if self.outcomes is not None:
            self._check_kept(self.outcomes, outcomes, written)
        if forgets is None:
            self.outcomes = outcomes
        # What is refused, and may have been stored by a run that was killed, stays in doubt.
        undone = filter(_is_open, outcomes)
        return stop is None and all(one.merged_into is not None for one in undone)

    def _check_kept(
        self, before: Sequence[Outcome], after: Sequence[Outcome], written: dict[str, str]
    ) -> None:
        """Check that what was known is claimed as before, and was not sent again."""
        open_keys = {key_of(one.record, "email") for one in before if _is_open(one)}
        now = moments(self.sandbox)
        for known, one in zip(before, after, strict=True):
            key = key_of(known.record, "email")
            if not _is_open(known) and key not in open_keys:
                assert one == known
                assert key not in written or written[key] == now[key]


def _is_open(outcome: Outcome) -> bool:
    return outcome.status in UNDONE and not outcome.is_refused


def _forgetful(count: int) -> Any:
    told = Journal.sent
    left = [count]

    def sent(journal: Journal, batch: Batch) -> None:
        left[0] -= 1
        if left[0] >= 0:
            told(journal, batch)

    return sent


def moments(sandbox: Sandbox) -> dict[str, str]:
    """Give when each contact was last written, by email."""
    return {one["properties"]["email"]: one["updated_at"] for one in sandbox.records("contacts")}


def _without_code(records: Sequence[Any]) -> list[Any]:
    """Leave out what is unique as well: another record may take it between two runs."""
    known = [dict(one) if isinstance(one, dict) else one for one in records]
    for one in known:
        if isinstance(one, dict):
            one.pop("code", None)
    return known


# The second of two with one key waits for the first, and the last record passes it.
@example(
    [{"email": f"{name}@a.org"} for name in ("fine", "stopped", "stopped", "passes")],
    [],
    "last",
    1,
    [
        (Case(manner="upsert", concurrency=3, faults=("unknown-fields", "daily-limit")), 0),
        (Case(), None),
    ],
)
# The last one is refused after the first run may have stored it.
@example(
    [{"email": "fine@a.org"}, {"email": "no-email"}],
    [],
    "last",
    2,
    [
        (Case(faults=("unknown-fields",) * 2), 0),
        (Case(faults=(*("unknown-fields",) * 9, "daily-limit")), None),
    ],
)
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
            sent = len(sandbox.requests)
            assert job.run(Case())
            assert len(sandbox.requests) == sent


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("duplicates", DUPLICATES)
def test_only_what_is_not_known_of_a_batch_is_sent_again(
    duplicates: Duplicates, manner: Manner, tmp_path: Path
) -> None:
    records = [{"email": f"{number}@a.org"} for number in range(10)]
    case = Case(
        manner, duplicates=duplicates, maximum=10, journal=tmp_path / "run.sqlite", replays=False
    )
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
    case = Case(
        duplicates=duplicates,
        maximum=1,
        concurrency=1,
        journal=tmp_path / "run.sqlite",
        replays=False,
    )
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
    case = Case(maximum=2, concurrency=1, journal=tmp_path / "run.sqlite", replays=False)
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
    case = Case(maximum=4, concurrency=1, journal=tmp_path / "run.sqlite", replays=False)
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


# Runs that are killed at any moment


MAXIMUM = 20
KILLS = 10
FAULTS = "seed=3,rate=0.1,seconds=0.02"


@dataclass(frozen=True)
class KilledRun:
    """What each of the processes is to do.

    Attributes:
        url: Where the sandbox is.
        journal: The journal.
        report: Where the report is to be written.
        count: How many records there are.
    """

    url: str
    journal: Path
    report: Path
    count: int

    def records(self) -> Iterator[dict[str, str]]:
        for index in range(self.count):
            email = f"person-{index}" if index % 50 == 7 else f"person-{index}@example.com"
            yield {"email": email, "firstname": f"Name {index}"}

    def start(self) -> BaseProcess:
        """Start a process that does it."""
        process = _context().Process(target=_do, args=(self,))
        process.start()
        return process

    def done(self) -> set[int]:
        """Give the indexes of the records that the journal knows to be done."""
        header = JournalHeader(
            operation=OPERATION,
            version=VERSION,
            path=CONTACTS,
            id_property="email",
            maximum=MAXIMUM,
            duplicates="error",
            base_url=self.url,
        )
        done: set[int] = set()
        with Journal(self.journal, header) as journal:
            number = 0
            while (known := journal.entry(number)) is not None:
                told = known.outcomes
                if told is not None and not any(one.status in UNDONE for one in told):
                    done.update(range(known.first_index, known.first_index + known.count))
                number += 1
        return done


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _do(job: KilledRun) -> None:
    # Nobody has a certificate here, and loading the authorities takes longer than all the rest.
    ssl.SSLContext.load_verify_locations = lambda *_, **__: None  # type: ignore[method-assign]
    with hurried(MAXIMUM), Client("token", base_url=job.url) as client:
        report = client.contacts.upsert(
            job.records(), id_property="email", journal=job.journal, concurrency=3
        )
        report.write_jsonl(job.report)


def wait(sandbox: Sandbox, process: BaseProcess, more: int) -> None:
    """Wait until a sandbox has had some more requests."""

    def latest() -> int:
        return max((request.number for request in sandbox.requests), default=0)

    end = latest() + more
    wait_until(lambda: latest() >= end or not process.is_alive())


def wait_for_the_end_of_all(sandbox: Sandbox) -> None:
    """Wait until all that was sent to a sandbox by those who have ended is done."""
    running, url = sandbox._running, urlsplit(sandbox.url)
    assert running is not None
    with socket.create_connection((url.hostname, url.port), PATIENCE) as last:
        # Connections are taken in the order in which they came.
        last.shutdown(socket.SHUT_WR)
        assert last.recv(1) == b""
    wait_until(lambda: not running.server._open)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.large) for seed in (2, 3))]
)
def test_a_killed_run_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    options = Options(burst_limit=None, daily_limit=None, faults=FAULTS)
    with Sandbox(options) as sandbox:
        job = KilledRun(
            sandbox.url, tmp_path / "run.sqlite", tmp_path / "report.jsonl", 600 * KILLS
        )
        records = list(job.records())
        known: dict[str, str] = {}
        for _ in range(KILLS):
            process = job.start()
            wait(sandbox, process, chance.randint(0, 20))
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
            process.join(PATIENCE)
            assert process.exitcode in {0, -signal.SIGKILL}
            wait_for_the_end_of_all(sandbox)  # Lest its last requests come after later ones.
            written = moments(sandbox)
            # What was known before has not been written since, and what is known now is stored.
            assert known.items() <= written.items()
            done = [records[index]["email"] for index in sorted(job.done())]
            known = {email: written[email] for email in done if "@" in email}
            if process.exitcode == 0:
                break  # On a busy machine nobody looked before it had come to its end.
        assert known
        process = job.start()
        process.join(PATIENCE)
        assert process.exitcode == 0
        assert known.items() <= moments(sandbox).items()
        after = Contents.of(sandbox, "email")
    report = UpsertReport.read_jsonl(job.report)
    check_claims(records, report.outcomes, Contents(), after)
    assert report.stop is None
    for one in report.outcomes:
        assert (one.status in WRITTEN) == ("@" in one.record["email"])
        assert one.is_refused == bool(one.problems)
