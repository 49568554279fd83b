"""Journals: real files, real processes, and what must not be mistaken for one another."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package._bulk.journal import (
    Journal,
    JournalError,
    JournalHeader,
    JournalMismatch,
    PlannedBatch,
)
from package._bulk.outcomes import Outcome, Problem, Status

from tests.bulk.journal_runs import HEADER, SIZE, digest_of, outcomes_of
from tests.bulk.outcome_strategies import OUTCOMES

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'templates'}{os.pathsep}{ROOT}"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path, HEADER) as journal:
        yield journal


def start(what: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bulk.journal_runs", what, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=path.parent,
        env=ENVIRONMENT,
    )


def said_by(what: str, path: Path) -> str:
    process = start(what, path)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output


def read_until(output: IO[str] | None, line: str) -> list[str]:
    assert output is not None
    lines: list[str] = []
    while not lines or lines[-1] != line:
        lines.append(output.readline().rstrip("\n"))
        assert lines[-1], f"the process ended without {line!r}"
    return lines


def refusal(path: Path, header: JournalHeader = HEADER) -> str:
    with pytest.raises(JournalError) as raised:
        Journal(path, header)
    message = str(raised.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    return message.removeprefix(f"{path} ")


# What is known


def test_nothing_is_known_at_first(journal: Journal) -> None:
    assert journal.planned(0) is None
    assert journal.compare(0, 0, b"digest", 100) is None
    assert journal.finished_records is None


def test_a_batch_is_known_before_and_after_it_is_sent(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"first", 2)
        journal.sending(1, 2, b"second", 1)
        journal.sent(1, [Outcome(2, Status.UPDATED, {"email": "ada@x.example"}, id="7")])
    with Journal(path, HEADER) as journal:
        assert journal.planned(0) == PlannedBatch(0, 2, b"first", None)
        known = PlannedBatch(2, 1, b"second", (Outcome(2, Status.UPDATED, {}, id="7"),))
        assert journal.planned(1) == journal.compare(1, 2, b"second", 1) == known
        assert journal.planned(2) is None
        assert known.is_done


@pytest.mark.parametrize("status", list(Status))
def test_what_is_unknown_or_was_not_sent_is_not_done(journal: Journal, status: Status) -> None:
    journal.sending(0, 0, b"digest", 2)
    planned = journal.planned(0)
    assert planned is not None
    assert not planned.is_done
    journal.sent(0, [Outcome(0, Status.CREATED, {}), Outcome(1, status, {})])
    planned = journal.planned(0)
    assert planned is not None
    assert planned.is_done == (status not in {Status.UNKNOWN, Status.NOT_SENT})


def test_a_batch_that_is_sent_again_is_not_done_meanwhile(journal: Journal) -> None:
    journal.sending(0, 0, b"digest", 1)
    journal.sent(0, [Outcome(0, Status.UNKNOWN, {}, reason="no answer")])
    journal.sending(0, 0, b"digest", 1)
    assert journal.planned(0) == PlannedBatch(0, 1, b"digest", None)


def test_records_are_not_stored(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"digest", 1)
        journal.sent(0, [Outcome(0, Status.CREATED, {"email": "secret@x.example"})])
    assert b"secret@x" not in path.read_bytes()


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
    if (known := journal.planned(batch)) is not None:
        digest = known.digest
    journal.sending(batch, 0, digest, len(outcomes))
    journal.sent(batch, outcomes)
    expected = tuple(replace(outcome, record={}) for outcome in outcomes)
    assert journal.planned(batch) == PlannedBatch(0, len(outcomes), digest, expected)


def test_only_batches_that_are_being_sent_can_have_been_sent(journal: Journal) -> None:
    with pytest.raises(JournalError, match="was not told that batch 3 is being sent"):
        journal.sent(3, [])


# Another source


@pytest.mark.parametrize(
    ("first_index", "digest", "count"), [(0, b"other", 2), (1, b"digest", 2), (0, b"digest", 1)]
)
def test_other_records_are_refused(path: Path, first_index: int, digest: bytes, count: int) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"digest", 2)
    with Journal(path, HEADER) as journal:
        for compare in (journal.compare, journal.sending):
            with pytest.raises(JournalMismatch) as raised:
                compare(0, first_index, digest, count)
        assert str(raised.value) == (
            f"{path} belongs to another run: the records from index 0 on are not the ones that it "
            "was made for; run as before, or name another journal"
        )
        assert journal.compare(0, 0, b"digest", 2) == PlannedBatch(0, 2, b"digest", None)


OTHERS: list[tuple[str, Any]] = [
    ("operation", "tasks.upsert"),
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
    assert {field for field, _ in OTHERS} == {field.name for field in fields(JournalHeader)}


# The end of the source


def test_a_finished_journal_knows_how_many_records_there_were(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"digest", 100)
        journal.finished(100)
        assert journal.finished_records == 100
    with Journal(path, HEADER) as journal:
        assert journal.finished_records == 100
        assert journal.compare(0, 0, b"digest", 100) is not None
        journal.finished(100)


@pytest.mark.parametrize("records", [99, 101, 0])
def test_another_number_of_records_is_refused(path: Path, records: int) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"digest", 100)
        journal.finished(100)
    with (
        Journal(path, HEADER) as journal,
        pytest.raises(JournalMismatch, match=f"its run ended after 100 .* now there are {records}"),
    ):
        journal.finished(records)
    with Journal(path, HEADER) as journal:
        assert journal.finished_records == 100


def test_a_finished_journal_refuses_a_further_batch_before_it_is_sent(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.sending(0, 0, b"digest", 100)
        journal.finished(100)
        for compare in (journal.compare, journal.sending):
            with pytest.raises(
                JournalMismatch, match="ended after 100 records, and there are more"
            ):
                compare(1, 100, b"more", 1)
        assert journal.planned(1) is None


def test_a_source_that_ends_before_what_is_known_is_refused(journal: Journal) -> None:
    journal.sending(0, 0, b"digest", 100)
    journal.sending(1, 100, b"digest", 50)
    with pytest.raises(JournalMismatch, match="had at least 150 records, and now there are 100"):
        journal.finished(100)
    assert journal.finished_records is None


def test_a_journal_without_records_can_be_finished(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.finished(0)
    with Journal(path, HEADER) as journal:
        assert journal.finished_records == 0
        with pytest.raises(JournalMismatch):
            journal.compare(0, 0, b"digest", 1)


# Processes


@pytest.mark.parametrize("step", ["sending", "sent"])
def test_what_was_told_outlives_a_kill(path: Path, step: str) -> None:
    process = start(step, path)
    try:
        read_until(process.stdout, f"{step} 0")
    finally:
        process.kill()
        process.communicate()
    with Journal(path, HEADER) as journal:
        known = journal.compare(0, 0, digest_of(0), SIZE)
        assert known is not None
        assert known.outcomes == (None if step == "sending" else tuple(outcomes_of(0)))
        assert known.is_done == (step == "sent")
        assert journal.planned(1) is None


def test_kills_at_any_moment_lose_nothing_that_was_said(path: Path) -> None:
    told: set[str] = set()
    for number in range(5):
        process = start("go", path)
        try:
            assert process.stdout is not None
            read_until(process.stdout, "open")
            # Killed while it goes on to say more than that.
            told.update(process.stdout.readline().strip() for _ in range(7 * number))
        finally:
            process.kill()
            output, _ = process.communicate()
        # The last line may not have been written to its end.
        told.update(output.splitlines()[:-1])
        with Journal(path, HEADER) as journal:
            for line in told:
                step, _, batch = line.partition(" ")
                known = journal.planned(int(batch))
                assert known is not None
                assert known.is_done or step == "sending"
    assert len(told) >= 7 * 4


def test_a_second_process_is_refused_until_the_first_is_killed(path: Path) -> None:
    process = start("sending", path)
    try:
        read_until(process.stdout, "sending 0")
        in_use = "is in use by another run; wait for its end, or name another journal"
        assert refusal(path) == in_use
        assert said_by("open", path) == f"{path} {in_use}\n"
    finally:
        process.kill()
        process.communicate()
    assert said_by("open", path) == "opened\n"
    Journal(path, HEADER).close()


def test_an_owner_that_did_nothing_yet_keeps_others_away(path: Path) -> None:
    with Journal(path, HEADER):
        assert "is in use by another run" in said_by("open", path)
        assert "is in use by another run" in refusal(path)
        assert "is in use by another run" in refusal(path, replace(HEADER, version="v3"))
    assert said_by("open", path) == "opened\n"


def test_of_several_processes_that_begin_at_once_one_wins(path: Path) -> None:
    processes = [start("sending", path) for _ in range(4)]
    try:
        deadline = time.monotonic() + 60
        while sum(process.poll() is not None for process in processes) < 3:
            assert time.monotonic() < deadline, "more than one process owns the journal"
            time.sleep(0.05)
        (owner,) = [process for process in processes if process.poll() is None]
        read_until(owner.stdout, "sending 0")
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_threads_share_a_journal(path: Path) -> None:
    journal = Journal(path, HEADER)

    def send(batch: int) -> None:
        journal.sending(batch, batch * SIZE, digest_of(batch), SIZE)
        journal.sent(batch, outcomes_of(batch))
        assert journal.planned(batch) is not None

    with journal, ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(200)))
    with Journal(path, HEADER) as journal:
        for batch in range(200):
            known = journal.compare(batch, batch * SIZE, digest_of(batch), SIZE)
            assert known is not None
            assert known.outcomes == tuple(outcomes_of(batch))


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = Journal(path, HEADER)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.sending(0, 0, b"", 1)


# Files that are no journals


def filled(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        for batch in range(50):
            journal.sending(batch, batch * SIZE, digest_of(batch), SIZE)
            journal.sent(
                batch, [Outcome(0, Status.REJECTED, {}, problems=(Problem("a", "b", "c"),))]
            )


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"email,firstname\n" * 1000)
    assert refusal(path) == "is no journal; name another file, or one that does not exist"
    assert path.read_bytes() == b"email,firstname\n" * 1000
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mark", ["PRAGMA application_id = 7", "PRAGMA user_version = 3", ""])
def test_a_database_of_another_program_is_left_alone(path: Path, mark: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE people (name)")
    connection.execute(mark)
    connection.close()
    before = path.read_bytes()
    assert "was written by another program; name another file" in refusal(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_journal_of_a_newer_version_is_refused(path: Path) -> None:
    Journal(path, HEADER).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "was written by a newer version of this package" in refusal(path)


@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_damaged_journal_is_refused(path: Path, where: int) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    first = 4096 * where + (0 if where else 100)
    content[first : first + 3000] = b"\xff" * 3000
    path.write_bytes(content)
    assert refusal(path) in {
        "is damaged; delete it and start anew, which writes every record once more",
        "is no journal; name another file, or one that does not exist",
        "was written by another program; name another file, or one that does not exist",
    }


def test_a_journal_that_was_cut_off_is_refused(path: Path) -> None:
    filled(path)
    path.write_bytes(path.read_bytes()[:-5000])
    assert "is damaged" in refusal(path)


def test_a_journal_without_its_tables_is_refused(path: Path) -> None:
    Journal(path, HEADER).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE batches")
    connection.close()
    assert "is damaged" in refusal(path)


@pytest.mark.parametrize("outcomes", ["no JSON", "[{}]", "[5]", "{"])
def test_outcomes_that_cannot_be_read_are_damage(path: Path, outcomes: str) -> None:
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE batches SET outcomes = ?", (outcomes,))
    connection.commit()
    connection.close()
    with Journal(path, HEADER) as journal, pytest.raises(JournalError, match="is damaged"):
        journal.planned(3)


def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    path.touch()
    filled(path)
    assert "belongs to another run" in refusal(path, replace(HEADER, version="v3"))


def test_a_journal_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "file:x?mode=ro", "100 % läuft.sqlite"):
        filled(Path(name))
        assert (tmp_path / name).is_file()
        Journal(name, HEADER).close()


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "cannot be opened: it is a folder; name a file in it"
    missing = tmp_path / "no" / "run.sqlite"
    assert refusal(missing) == (
        f"cannot be opened: there is no folder {tmp_path / 'no'}; make it first"
    )


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
        line = said_by("open-as-nobody" if os.geteuid() == 0 else "open", path)
        assert line.startswith(f"{path} cannot be ")
        assert line.endswith("; check the permissions of the file and its folder\n")
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_disk_is_explained(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        # As if there were room for no further page.
        connection: sqlite3.Connection = vars(journal)["_connection"]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="cannot grow: the disk is full"):
            for batch in range(1000):
                journal.sending(batch, batch, digest_of(batch), 1)
        assert journal.planned(0) is not None


def test_a_clean_end_leaves_one_file(path: Path) -> None:
    filled(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
