"""Journals: real files, real processes, and what must not be mistaken for one another."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package._bulk import database
from package._bulk.batch import Batch
from package._bulk.journal import (
    Journal,
    JournalEntry,
    JournalError,
    JournalHeader,
    JournalMismatch,
)
from package._bulk.outcomes import Outcome, Status

from tests.bulk.journals import HEADER, batch_of, filled, full_batch, refusal
from tests.bulk.outcome_strategies import OUTCOMES
from tests.servers import PATIENCE

NOBODY = 65_534
IN_USE = "is in use by another run; wait for its end, or name another journal"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path, HEADER) as journal:
        yield journal


def test_nothing_is_known_at_first(journal: Journal) -> None:
    assert journal.entry(0) is None
    assert journal.compare(batch_of()) is None
    assert journal.finished_records is None
    assert not journal.reaches(0)


def test_a_batch_is_known_before_and_after_it_is_sent(path: Path) -> None:
    second = batch_of(
        1, 2, outcomes=[Outcome(2, Status.UPDATED, {"email": "ada@x.example"}, id="7")]
    )
    with Journal(path, HEADER) as journal:
        journal.sending(batch_of(0, count=2))
        journal.sending(second)
        journal.sent(second)
        assert [journal.reaches(index) for index in (0, 2, 3)] == [True, True, False]
    with Journal(path, HEADER) as journal:
        assert journal.entry(0) == JournalEntry(0, 2, b"digest", None)
        known = JournalEntry(2, 1, b"digest", (Outcome(2, Status.UPDATED, {}, id="7"),))
        assert journal.entry(1) == journal.compare(batch_of(1, 2)) == known
        assert journal.entry(2) is None
    assert b"ada@x" not in path.read_bytes(), "records are not stored"


def test_what_was_known_of_a_batch_is_forgotten_when_it_is_sent_again(journal: Journal) -> None:
    journal.sending(batch_of())
    journal.sent(batch_of(outcomes=[Outcome(0, Status.UNKNOWN, {}, reason="no answer")]))
    journal.sending(batch_of())
    assert journal.entry(0) == JournalEntry(0, 1, b"digest", None)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(OUTCOMES, max_size=5), st.binary(max_size=40))
def test_outcomes_are_read_as_they_were_written(
    journal: Journal, outcomes: list[Outcome], digest: bytes
) -> None:
    # A number of their own keeps examples apart.
    batch = int.from_bytes(digest[:6], "big") + len(outcomes) * 2**48
    if (known := journal.entry(batch)) is not None:
        digest = known.digest
    journal.sending(batch_of(batch, 0, len(outcomes), digest))
    journal.sent(batch_of(batch, outcomes=outcomes))
    expected = tuple(replace(outcome, record={}) for outcome in outcomes)
    assert journal.entry(batch) == JournalEntry(0, len(outcomes), digest, expected)


def test_only_batches_that_are_being_sent_can_have_been_sent(journal: Journal) -> None:
    with pytest.raises(JournalError, match="was not told that batch 3 is being sent"):
        journal.sent(batch_of(3))


@pytest.mark.parametrize(
    "other",
    [batch_of(count=2, digest=b"other"), batch_of(first_index=1, count=2), batch_of(count=1)],
    ids=["digest", "first index", "count"],
)
def test_other_records_are_refused(path: Path, other: Batch) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(batch_of(count=2))
    with Journal(path, HEADER) as journal:
        for compare in (journal.compare, journal.sending):
            with pytest.raises(JournalMismatch) as raised:
                compare(other)
        assert str(raised.value) == (
            f"{path} belongs to another run: the records from index 0 on are not the ones that it "
            "was made for, or are sent or rejected otherwise; run as before, or name another journal"
        )
        assert journal.compare(batch_of(count=2)) == JournalEntry(0, 2, b"digest", None)


OTHERS: list[tuple[str, Any]] = [
    ("version", "2025-09"),
    ("path", "/crm/objects/2026-03/2-7/batch/upsert"),
    ("id_property", "my_key"),
    ("id_property", None),
    ("maximum", 50),
    ("duplicates", "last"),
    ("base_url", "http://127.0.0.1:8090"),
    ("format", 2),
]


@pytest.mark.parametrize(("field", "value"), OTHERS)
def test_a_journal_of_another_run_is_refused(path: Path, field: str, value: Any) -> None:
    Journal(path, HEADER).close()
    assert refusal(path, replace(HEADER, **{field: value})) == (
        f"belongs to another run: it was made with {field} = {getattr(HEADER, field)!r}, and now it "
        f"is {value!r}; run as before, or name another journal"
    )
    Journal(path, HEADER).close()


def test_every_field_of_the_header_is_tried() -> None:
    assert {field for field, _ in OTHERS} == {
        field.name for field in fields(JournalHeader) if field.name != "operation"
    }


def test_a_journal_serves_on_when_its_method_was_renamed(path: Path) -> None:
    Journal(path, HEADER).close()
    Journal(path, replace(HEADER, operation="people.upsert")).close()


# What is sent again

_UNKNOWN = [Outcome(0, Status.CREATED, {}), Outcome(1, Status.UNKNOWN, {})]


def outdated(journal: Journal, batch: int, *keys: str) -> set[str]:
    return journal.outdated(batch_of(batch, keys=keys))


def test_keys_are_outdated_for_later_batches_until_these_are_sent_again(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        for batch in range(4):
            journal.sending(batch_of(batch, batch))
            assert outdated(journal, batch, "a") == set()
        journal.sending(batch_of(), known=_UNKNOWN, again=["a", "b\ud800"])
    with Journal(path, HEADER) as journal:
        planned = journal.entry(0)
        assert planned is not None
        assert planned.outcomes == tuple(_UNKNOWN)
        assert outdated(journal, 0, "a", "b\ud800", "c") == set()
        assert outdated(journal, 2, "a", "b\ud800", "c") == {"a", "b\ud800"}
        journal.sending(batch_of(2, 2), known=_UNKNOWN, again=["a"])
        assert outdated(journal, 2, "a", "b\ud800") == {"b\ud800"}
        assert outdated(journal, 3, "a", "b\ud800") == {"a", "b\ud800"}
        journal.sending(batch_of(4, 4))
        assert outdated(journal, 3, "a", "b\ud800") == set()
    with Journal(path, HEADER) as journal:
        assert outdated(journal, 3, "a", "b\ud800") == set()


def test_keys_stay_outdated_when_a_batch_that_was_passed_is_sent_at_last(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(batch_of(0, 0))
        journal.sending(batch_of(2, 2))  # The one before waits for others that share a key.
    with Journal(path, HEADER) as journal:
        journal.sending(batch_of(0, 0), known=_UNKNOWN, again=["a"])
        journal.sending(batch_of(1, 1))
        assert outdated(journal, 2, "a") == {"a"}
        journal.sending(batch_of(3, 3))
        assert outdated(journal, 2, "a") == set()


def test_a_batch_that_was_passed_is_the_last_one_with_its_keys_once_it_is_sent(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(batch_of(0, 0), again=["a"])
        journal.sending(batch_of(2, 2), again=["b"])
        assert outdated(journal, 3, "a", "b") == set()  # Nothing was sent before.
        journal.sending(batch_of(0, 0), known=_UNKNOWN, again=["a"])
        assert outdated(journal, 1, "a") == {"a"}
        journal.sending(batch_of(1, 1), again=["a"])
        assert outdated(journal, 1, "a") == set()
        assert outdated(journal, 2, "a") == {"a"}


def test_what_is_refused_leaves_nothing_behind(journal: Journal) -> None:
    journal.sending(batch_of())
    with pytest.raises(JournalMismatch):
        journal.sending(batch_of(digest=b"other"), known=_UNKNOWN, again=["a"])
    assert journal.entry(0) == JournalEntry(0, 1, b"digest", None)
    assert journal.outdated(batch_of(1, keys=["a"])) == set()
    journal.sending(batch_of(1, 1))


@pytest.mark.parametrize("count", [100, 0])
def test_a_finished_journal_accepts_no_other_end(path: Path, count: int) -> None:
    with Journal(path, HEADER) as journal:
        for _ in range(min(count, 1)):
            journal.sending(batch_of(count=count))
        journal.finished(count)
        assert journal.finished_records == count
    with Journal(path, HEADER) as journal:
        for other in {99, 101, 0} - {count}:
            with pytest.raises(
                JournalMismatch, match=f"its run ended after {count} .* now there are {other}"
            ):
                journal.finished(other)
        for compare in (journal.compare, journal.sending):
            with pytest.raises(
                JournalMismatch, match=f"ended after {count} records, and there are more"
            ):
                compare(batch_of(1, count))
        assert journal.entry(1) is None
    with Journal(path, HEADER) as journal:
        assert journal.finished_records == count
        assert (count == 0) or journal.compare(batch_of(count=count)) is not None
        journal.finished(count)


def test_a_source_that_ends_before_what_is_known_is_refused(journal: Journal) -> None:
    journal.sending(batch_of(0, 0, 100))
    journal.sending(batch_of(1, 100, 50))
    with pytest.raises(JournalMismatch, match="had at least 150 records, and now there are 100"):
        journal.finished(100)
    assert journal.finished_records is None


# Processes

OTHER_PROCESSES = multiprocessing.get_context("forkserver")


def run(path: Path, step: str, says: Connection) -> None:
    """Open a journal, send a batch up to a step, say so or what went wrong, and stay there."""
    if step == "opened as nobody":
        os.setuid(NOBODY)
    try:
        with Journal(path, HEADER) as journal:
            if not step.startswith("opened"):
                journal.sending(full_batch(0))
            if step == "sent":
                journal.sent(full_batch(0, sent=True))
            says.send(step)
            time.sleep(600)
    except JournalError as error:
        says.send(str(error))


@contextmanager
def another_process(path: Path, step: str) -> Iterator[Callable[[], str]]:
    """Let another process come to a step, which it says when it is asked; it is killed in the end."""
    hears, says = OTHER_PROCESSES.Pipe(duplex=False)
    process = OTHER_PROCESSES.Process(target=run, args=(path, step, says))
    process.start()

    def said() -> str:
        assert hears.poll(PATIENCE), "it says nothing"
        return str(hears.recv())

    try:
        with hears, says:
            yield said
    finally:
        process.kill()
        process.join(PATIENCE)


def said_by(step: str, path: Path) -> str:
    with another_process(path, step) as said:
        return said()


@pytest.mark.parametrize("step", ["sending", "sent"])
def test_what_was_told_outlives_a_kill(path: Path, step: str) -> None:
    assert said_by(step, path) == step
    with Journal(path, HEADER) as journal:
        known = journal.compare(full_batch(0))
        assert known is not None
        expected = tuple(full_batch(0, sent=True).outcomes.values())
        assert known.outcomes == (None if step == "sending" else expected)
        assert journal.entry(1) is None


@pytest.mark.parametrize("step", ["opened", "sending"])
def test_others_are_refused_until_the_owner_is_killed(path: Path, step: str) -> None:
    with another_process(path, step) as said:
        assert said() == step
        assert refusal(path) == IN_USE
        assert said_by("opened", path) == f"{path} {IN_USE}"
    assert said_by("opened", path) == "opened"
    with Journal(path, HEADER):
        assert refusal(path, replace(HEADER, version="v3")) == IN_USE


def test_of_several_processes_that_begin_at_once_one_wins(path: Path) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(another_process(path, "sending")) for _ in range(4)]
        assert sorted(said() for said in others) == [f"{path} {IN_USE}"] * 3 + ["sending"]


def test_a_machine_that_pauses_does_not_use_up_the_attempts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, pauses, clock = Journal(path, HEADER), list[float](), itertools.count(step=10.0)

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            owner.close()

    fake = SimpleNamespace(sleep=sleep, monotonic=lambda: next(clock))
    monkeypatch.setattr(database, "time", fake)
    Journal(path, HEADER).close()
    assert len(pauses) == 3


def test_threads_share_a_journal(path: Path) -> None:
    with Journal(path, HEADER) as shared, ThreadPoolExecutor(8) as threads:

        def send(batch: int) -> None:
            shared.sending(full_batch(batch))
            shared.sent(full_batch(batch, sent=True))
            assert shared.entry(batch) is not None

        list(threads.map(send, range(200)))
    with Journal(path, HEADER) as journal:
        for batch in range(200):
            known = journal.compare(full_batch(batch))
            assert known is not None
            assert known.outcomes == tuple(full_batch(batch, sent=True).outcomes.values())


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.sending(batch_of())


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("exists", [False, True], ids=["new", "existing"])
def test_a_read_only_folder_is_explained(exists: bool) -> None:
    # Below a folder that everybody may enter; root, who may write everywhere, becomes nobody.
    folder = Path(tempfile.mkdtemp(prefix="journal-"))
    path = folder / "run.sqlite"
    try:
        if exists:
            filled(path)
            path.chmod(0o444)
        folder.chmod(0o555)
        line = said_by("opened as nobody" if os.geteuid() == 0 else "opened", path)
        assert line.startswith(f"{path} cannot be ")
        assert line.endswith("; check the permissions of the file and its folder")
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
