"""Files of states: whose they are, what is none, and what is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from package._bulk import state as state_module
from package._bulk.batch import Batch
from package._bulk.outcomes import Outcome, Status
from package._bulk.state import State, StateError, StateHeader, StateMismatch

from tests.bulk.contacts import ROLES, contact
from tests.bulk.server import Client, Upserter
from tests.servers import TOKEN

PATH = "/contacts/batch/upsert"
HEADER = StateHeader("https://api.example.com", PATH, "email")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.sqlite"


def refusal(path: Path, header: StateHeader) -> str:
    with pytest.raises(StateError) as caught:
        State(path, header, ROLES)
    return str(caught.value).removeprefix(f"{path} ")


def filled(path: Path) -> None:
    batch = Batch(0, 0)
    for number in range(500):
        batch.keys.append(f"{number}@example.com")
        batch.inputs.append({"properties": {"firstname": "Ada"}})
        batch.positions.append(number)
        batch.outcomes[number] = Outcome(number, Status.CREATED, {})
    with State(path, HEADER, ROLES) as state:
        state.compare(batch)
        state.settle(batch, restores=True)
        state.write()


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (StateHeader("https://other.example.com", PATH, "email"), "base_url"),
        (StateHeader(HEADER.base_url, "/deals/batch/upsert", "email"), "path"),
        (StateHeader(HEADER.base_url, PATH, "number"), "id_property"),
    ],
)
def test_a_state_of_another_place_is_refused(path: Path, header: StateHeader, problem: str) -> None:
    filled(path)
    with pytest.raises(StateMismatch, match=problem):
        State(path, header, ROLES)
    assert "belongs to another load" in refusal(path, header)
    State(path, HEADER, ROLES).close()


def _sql(statement: str) -> Callable[[Path], None]:
    def execute(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    return execute


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda path: path.write_text("email\n" * 1000), "is no state; name another file"),
        (_sql("PRAGMA application_id = 7"), "was written by another program"),
        (_sql("PRAGMA user_version = 9"), "was written by a newer version"),
        (_sql("DROP TABLE digests"), "is damaged; delete it"),
        (_sql("UPDATE changes SET entries = x'00'"), "is damaged; delete it"),
        (lambda path: path.write_bytes(path.read_bytes()[:-5000]), "is damaged; delete it"),
    ],
    ids=["text", "foreign", "newer", "without a table", "entries", "cut off"],
)
def test_what_is_no_state_is_refused(
    path: Path, spoil: Callable[[Path], object], problem: str
) -> None:
    filled(path)
    spoil(path)
    assert refusal(path, HEADER).startswith(problem)


def test_two_runs_do_not_share_a_state(sync: Upserter, path: Path) -> None:
    sync.upsert([contact(1)], state=path)
    with Client(TOKEN, base_url=sync.server.url) as client:
        stream = client.contacts.iter_upsert(
            (contact(number) for number in range(1000)), id_property="email", state=path
        )
        with stream:
            next(stream)
            with pytest.raises(StateError, match="is in use by another run; wait for its end"):
                sync.upsert([contact(1)], state=path)
    assert sync.upsert([contact(1)], state=path).unchanged == 1


@pytest.mark.parametrize("table", ["changes", "digests"])
def test_no_value_and_no_key_is_in_the_file(
    sync: Upserter, path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if table == "digests":
        monkeypatch.setattr(state_module, "_MOST_CHANGES", 1)
    sync.upsert([contact(number, secret="hush") for number in range(30)], state=path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,)  # noqa: S608
    content = path.read_bytes()
    assert not any(word in content for word in (b"hush", b"example.com", b"Name"))
    # Nor can files be compared with each other, or with one that is made ready for all.
    other = path.with_name("other.sqlite")
    sync.upsert([contact(number, secret="hush") for number in range(30)], state=other)
    query = "SELECT entries FROM changes UNION SELECT digest FROM digests"
    entries: list[set[bytes]] = []
    for each in (path, other):
        with closing(sqlite3.connect(each)) as connection:
            entries.append({row[0] for row in connection.execute(query)})
    assert entries[0].isdisjoint(entries[1])
