"""States: what is unchanged is not sent, and nothing is called unchanged that the server does not have."""

from __future__ import annotations

import multiprocessing
import random
import signal
import ssl
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package._bulk import state as state_module
from package._bulk.batch import Batch
from package._bulk.duplicates import DUPLICATES, Duplicates
from package._bulk.outcomes import Status
from package._bulk.progress import Progress
from package._bulk.report import UpsertReport
from package._bulk.state import State, StateError, StateHeader

from tests.bulk.command_runs import wait_until
from tests.bulk.contacts import ROLES, contact
from tests.bulk.server import Client, ContactsServer, Upserter
from tests.servers import PATIENCE, TOKEN

PATH = "/contacts/batch/upsert"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.sqlite"


def statuses(report: UpsertReport) -> list[str]:
    return [str(each.status) for each in report.outcomes]


def sent(server: ContactsServer) -> list[list[str]]:
    """Take the keys of each request since the last time."""
    requests, server.contacts.requests = server.contacts.requests, []
    return requests


# What is sent


def test_only_what_differs_is_sent(upserter: Upserter, path: Path) -> None:
    records = [contact(number) for number in range(25)]
    assert upserter.upsert(records, state=path).created == 25
    sent(upserter.server)
    records[7] = contact(7, firstname="Ada")
    progress: list[Progress] = []
    report = upserter.upsert(records, state=path, progress=progress.append)
    assert sent(upserter.server) == [["7@example.com"]]
    assert (report.updated, report.unchanged, report.requests, report.batches) == (1, 24, 1, 1)
    assert [one.index for one in report.outcomes] == list(range(25))
    assert [one.record for one in report.outcomes] == records
    assert progress[-1].unchanged == 24
    assert "unchanged" in str(report)
    again = upserter.upsert(records, state=path)
    again.raise_for_rejections()
    assert (again.unchanged, again.requests) == (25, 0)
    assert {one.status for one in upserter.take(records, None, state=path)} == {Status.UNCHANGED}
    assert sent(upserter.server) == []


@pytest.mark.parametrize("duplicates", DUPLICATES)
def test_few_changes_fill_requests(sync: Upserter, path: Path, duplicates: Duplicates) -> None:
    options: dict[str, Any] = {"state": path, "duplicates": duplicates, "concurrency": 1}
    records = [contact(number) for number in range(1000)]
    sync.upsert(records, **options)
    sent(sync.server)
    for number in range(0, 1000, 20):
        records[number] = contact(number, firstname="Ada")
    report = sync.upsert(records, **options)
    assert list(map(len, sent(sync.server))) == [10] * 5
    assert (report.updated, report.unchanged) == (50, 950)
    assert [one.record for one in report.outcomes] == records


ADA = {"email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace"}


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (dict(reversed(ADA.items())), "unchanged"),
        ({**ADA, "email": "Ada@Example.com"}, "unchanged"),
        ({**ADA, "lastname": None, "firstname": "Ada"}, "updated"),
        ({**ADA, "lastname": ""}, "updated"),
        ({**ADA, "score": 1}, "updated"),
        ({**ADA, "firstname": "ada"}, "updated"),
        ({"email": ADA["email"], "firstname": "Ada", "Lovelace": "lastname"}, "updated"),
        ({**ADA, "email": "ada@example.org"}, "created"),
    ],
)
def test_what_is_sent_counts(sync: Upserter, path: Path, record: Any, status: str) -> None:
    sync.upsert([ADA], state=path)
    assert statuses(sync.upsert([record], state=path)) == [status]
    assert statuses(sync.upsert([record], state=path)) == ["unchanged"]
    assert statuses(sync.upsert([ADA], state=path)) == [status.replace("created", "unchanged")]


def test_values_that_have_one_text_are_one_value(sync: Upserter, path: Path) -> None:
    sync.upsert([contact(1, score=5, vip=True)], state=path)
    assert sync.upsert([contact(1, score="5", vip="true")], state=path).unchanged == 1


def test_full_sends_all_and_makes_the_state_anew(sync: Upserter, path: Path) -> None:
    sync.upsert([contact(1), contact(2)], state=path)
    sync.server.faults = ["400"]
    assert statuses(sync.upsert([contact(1)], state=path, full=True)) == ["rejected"]
    assert statuses(sync.upsert([contact(1), contact(2)], state=path)) == ["updated", "updated"]
    sent(sync.server)
    assert statuses(sync.upsert([contact(1)], state=path, full=True)) == ["updated"]
    assert sync.upsert([contact(1)], state=path).unchanged == 1
    # It was not among the records when the state was made anew.
    assert statuses(sync.upsert([contact(2)], state=path)) == ["updated"]


@pytest.mark.parametrize("is_known", [False, True])
def test_a_dry_run_tells_and_writes_nothing(sync: Upserter, path: Path, is_known: bool) -> None:
    if is_known:
        sync.upsert([contact(1), contact(2)], state=path)
        before = path.read_bytes()
    records = [contact(1), contact(2, firstname="Ada"), contact(3)]
    report = sync.upsert(records, state=path, dry_run=True)
    assert (report.unchanged, report.not_sent) == ((1, 2) if is_known else (0, 3))
    assert "would be sent in 1 batch" in str(report)
    report.raise_for_rejections()
    assert sync.upsert(records, state=path, full=True, dry_run=True).unchanged == 0
    assert [each.name for each in path.parent.iterdir()] == [path.name] * is_known
    assert not is_known or path.read_bytes() == before


def test_a_merged_duplicate_is_as_unchanged_as_the_one_that_is_sent(
    sync: Upserter, path: Path
) -> None:
    records = [contact(1), contact(2), contact(1, lastname="B")]
    for duplicates, expected in {
        "first": ["unchanged", "unchanged", "unchanged"],
        "merge": ["unchanged", "unchanged", "unchanged"],
        "error": ["unchanged", "unchanged", "rejected"],
    }.items():
        options: dict[str, Any] = {"state": path, "duplicates": duplicates}
        sync.upsert(records, full=True, **options)
        assert statuses(sync.upsert(records, **options)) == expected


# What may not be called unchanged


def test_after_an_unknown_outcome_the_old_value_is_sent(sync: Upserter, path: Path) -> None:
    def lose(body: bytes) -> Any:
        sync.server.contacts.answer(body)  # It is stored, and nobody is told.
        return sync.server.contacts.answer(body, "html")

    sync.upsert([contact(1)], state=path)
    sync.server.respond = lose
    assert statuses(sync.upsert([contact(1, firstname="new")], state=path)) == ["unknown"]
    sync.server.respond = lambda body: None
    assert statuses(sync.upsert([contact(1)], state=path)) == ["updated"]


def test_what_was_refused_after_a_lost_answer_may_be_stored(sync: Upserter, path: Path) -> None:
    sync.upsert([contact(1)], state=path)
    sync.server.faults = ["after", "400"]
    assert sync.upsert([contact(1, firstname="new")], state=path).unknown == 1
    assert statuses(sync.upsert([contact(1)], state=path)) == ["updated"]


@pytest.mark.parametrize("name", ["invalid", "refused"])
def test_what_was_rejected_leaves_what_was_accepted(sync: Upserter, path: Path, name: str) -> None:
    sync.upsert([contact(1)], state=path)
    for _ in range(2):
        assert sync.upsert([contact(1, firstname=name)], state=path).rejected == 1
    assert sync.upsert([contact(1)], state=path).unchanged == 1


def test_what_was_not_sent_leaves_what_was_accepted(sync: Upserter, path: Path) -> None:
    old = [contact(number) for number in range(40)]
    new = [contact(number, firstname="new") for number in range(40)]
    sync.upsert(old, state=path)
    new[0]["unknown_property"] = "x"
    report = sync.upsert(new, state=path, concurrency=1)
    assert report.stop is not None
    assert report.not_sent == 40
    assert sync.upsert(old, state=path).unchanged == 40


def test_of_records_after_a_stop_the_unchanged_ones_are_told(sync: Upserter, path: Path) -> None:
    old = [contact(number) for number in range(40)]
    sync.upsert(old, state=path)
    first = contact(0, unknown_property="x")
    report = sync.upsert([first, *old[1:]], state=path, concurrency=1)
    assert (report.not_sent, report.unchanged) == (1, 39)
    assert report.stop is not None
    assert report.stop.resume_at == 0


@pytest.mark.parametrize("duplicates", ["last", "merge"])
def test_a_later_batch_in_doubt_is_not_known_by_an_earlier_one(
    sync: Upserter, path: Path, duplicates: Duplicates
) -> None:
    first, last = contact(0, firstname="first"), contact(0, firstname="last")
    between = [contact(number) for number in range(1, 10)]

    def lose(body: bytes) -> Any:
        if b'"last"' in body:
            sync.server.contacts.answer(body)
            return sync.server.contacts.answer(body, "html")
        return None

    sync.server.respond = lose
    options: dict[str, Any] = {"state": path, "duplicates": duplicates, "concurrency": 2}
    report = sync.upsert([first, *between, last], **options)
    assert statuses(report)[-1] == "unknown"
    sync.server.respond = lambda body: None
    sync.upsert([first], **options)
    assert sync.server.contacts.stored["0@example.com"]["firstname"] == "first"


Run = tuple[list[tuple[int, str]], Duplicates, bool, list[str | None]]
_RUNS: st.SearchStrategy[list[Run]] = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 12), st.sampled_from(["a", "b", "c", "invalid", "refused"])),
            max_size=40,
        ),
        st.sampled_from(DUPLICATES),
        st.booleans(),
        st.lists(
            st.sampled_from([None, None, "before", "after", "html", "missing", "400"]), max_size=6
        ),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(_RUNS, st.sampled_from([1, 7, 50_000]))
def test_what_is_unchanged_is_what_the_server_has(
    contacts_server: ContactsServer, runs: list[Run], most_changes: int
) -> None:
    contacts_server.contacts.stored.clear()
    upserter = Upserter("sync", contacts_server)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_module, "_MOST_CHANGES", most_changes)
        patch.setattr(state_module, "_SLICE", 3)
        last: Run = (runs[0][0], "error", False, [])
        for turn, (values, duplicates, has_journal, faults) in enumerate([*runs, last]):
            contacts_server.faults = list(faults)
            before = {key: dict(value) for key, value in contacts_server.contacts.stored.items()}
            records = [contact(number, firstname=name) for number, name in values]
            report = upserter.upsert(
                records,
                duplicates=duplicates,
                state=Path(folder, "state.sqlite"),
                journal=Path(folder, f"{turn}.sqlite") if has_journal else None,
            )
            assert [one.index for one in report.outcomes] == list(range(len(records)))
            unchanged = [one for one in report.outcomes if one.status is Status.UNCHANGED]
            for one in unchanged:
                if one.merged_into is None:
                    stored = (before, contacts_server.contacts.stored)
                    assert one.record["firstname"] in [
                        each[one.record["email"]]["firstname"] for each in stored
                    ]
            final = {record["email"]: record for record in records}
            if all(one.status in {"unchanged", "updated", "created"} for one in report.outcomes):
                for email, record in final.items():
                    if duplicates in {"last", "merge"}:
                        now = contacts_server.contacts.stored[email]["firstname"]
                        assert now == record["firstname"]


# With a journal


def test_a_journal_that_is_done_knows_what_was_unchanged(
    sync: Upserter, path: Path, tmp_path: Path
) -> None:
    records = [contact(number) for number in range(60)]
    sync.upsert(records, state=path)
    records[33] = contact(33, firstname="new")
    options: dict[str, Any] = {"state": path, "journal": tmp_path / "run.sqlite"}
    report = sync.upsert(records, **options)
    sync.upsert([contact(5, firstname="other")], state=path)
    sent(sync.server)
    again = sync.upsert(records, **options)
    assert again.outcomes == report.outcomes
    assert sent(sync.server) == []


def test_what_a_journal_does_not_know_is_asked_of_the_state(
    sync: Upserter, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [contact(number) for number in range(30)]
    sync.upsert(old[:15], state=path)
    options: dict[str, Any] = {"state": path, "journal": tmp_path / "run.sqlite"}
    with (
        monkeypatch.context() as patch
    ):  # As if it was killed before it could say what became of them.
        patch.setattr("package._bulk.journal.Journal.sent", lambda self, batch: None)
        assert sync.upsert(old, **options).created == 15
    sent(sync.server)
    report = sync.upsert(old, **options)
    assert statuses(report) == ["unchanged"] * 15 + ["written"] * 15
    assert sent(sync.server) == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_full_run_that_is_resumed_keeps_what_it_has_learned(
    sync: Upserter, path: Path, tmp_path: Path, count: int
) -> None:
    records = [contact(number) for number in range(30)]
    sync.upsert(records, state=path)
    options: dict[str, Any] = {"state": path, "journal": tmp_path / "run.sqlite", "full": True}
    for _ in range(count):
        assert sync.upsert(records, **options).updated == 30
    assert sync.upsert(records, state=path).unchanged == 30


# Kills


def _known(path: Path, url: str, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the records that a state would call unchanged."""
    batch = Batch(0, 0)
    for record in records:
        properties = dict(record)
        batch.keys.append(str(properties.pop("email")))
        batch.positions.append(len(batch.inputs))
        batch.inputs.append({"properties": properties})
    with State(path, StateHeader(url, PATH, "email"), ROLES) as state:
        return [records[place] for place in state.compare(batch)]


def _do(url: str, path: Path, name: str) -> None:
    # Nobody has a certificate here, and loading the authorities takes longer than all the rest.
    ssl.SSLContext.load_verify_locations = lambda *_, **__: None  # type: ignore[method-assign]
    state_module._MOST_CHANGES, state_module._SLICE = 60, 20
    with Client(TOKEN, base_url=url) as client:
        client.contacts.upsert(
            (contact(number, firstname=name) for number in range(2000)),
            id_property="email",
            state=path,
            concurrency=3,
        )


def _has_come(server: ContactsServer, requests: int, process: BaseProcess) -> bool:
    return len(server.paths) >= requests or not process.is_alive()


def test_whenever_it_is_killed_a_state_knows_only_what_is_stored(
    contacts_server: ContactsServer, path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    chance = random.Random(5)
    stored = contacts_server.contacts.stored
    known = killed = 0
    for kill in range(12):
        process = context.Process(target=_do, args=(contacts_server.url, path, "ab"[kill % 2]))
        process.start()
        enough = len(contacts_server.paths) + chance.randint(1, 60)
        wait_until(partial(_has_come, contacts_server, enough, process))
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join(PATIENCE)
        # On a busy machine it may come to its end before anybody looks.
        assert process.exitcode in {0, -signal.SIGKILL}
        killed += process.exitcode != 0
        contacts_server.wait_for_the_end_of_all()  # Lest its last requests come after later ones.
        for name in "ab":
            records = [contact(number, firstname=name) for number in range(2000)]
            for record in _known(path, contacts_server.url, records):
                known += 1
                assert stored[record["email"]]["firstname"] == name
    assert known
    assert killed
    process = context.Process(target=_do, args=(contacts_server.url, path, "a"))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert {each["firstname"] for each in stored.values()} == {"a"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"full": True}, "full needs a state"),
        ({"state": "run.sqlite", "journal": "./run.sqlite"}, "must be two files"),
    ],
)
def test_options_that_do_not_go_together(
    sync: Upserter, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        sync.upsert([], **options)


def test_a_state_that_cannot_be_written_stops_the_run(
    sync: Upserter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.upsert([contact(1)], state=path)
    sent(sync.server)

    def full(self: State) -> None:
        raise StateError("people.sqlite cannot grow: the disk is full")

    monkeypatch.setattr(State, "write", full)
    with pytest.raises(StateError, match="the disk is full") as caught:
        sync.upsert([contact(1, firstname="new"), contact(2)], state=path)
    assert "2 not sent" in caught.value.__notes__[0]
    assert sent(sync.server) == []
