"""The sandbox's database as a file: restarts, several processes at once, damage, other programs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from package.sandbox.errors import StoreError
from package.sandbox.store import Record, Store

from tests.sandbox.test_store import EMAIL, NOW, contact, everything

TEMPLATES = Path(__file__).parents[2] / "templates"

# A process that upserts forever, or so often as it is told, and says which batches are committed.
WRITER = """
import sys
from pathlib import Path
from package._properties.property import Property
from package.sandbox.store import Change, Store

path, name, batches = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = Store(path)
store.declare("contacts", [Property("email", "email", unique=True)])
for batch in range(batches):
    emails = [f"shared-{batch}@example.com", *(f"{name}-{batch}-{i}@example.com" for i in range(9))]
    with store.transaction():
        known = store.find("contacts", "email", emails)
        changes = [
            Change("contacts", {"email": one, "by": name}, {"email": one}, known.get(one))
            for one in emails
        ]
        store.write(changes, "2026-01-01T00:00:00.000Z")
    print(batch, flush=True)
store.close()
"""


def start_writer(path: Path, name: str, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(batches)],
        env={**os.environ, "PYTHONPATH": str(TEMPLATES)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_everything_survives_a_restart(path: Path) -> None:
    with Store(path) as store:
        store.declare("contacts", [EMAIL])
        (ada,) = store.write([contact("ada@x.example")], NOW)
    with Store(path) as store:
        assert store.properties("contacts") == {"email": EMAIL}
        assert store.find("contacts", "email", ["ada@x.example"]) == {"ada@x.example": ada}
        assert everything(store) == [Record(ada, "contacts", {"email": "ada@x.example"}, NOW, NOW)]
        assert store.write([contact("bob@x.example")], NOW) == [ada + 1]


# What a sandbox of version 1 had written.
FIRST_VERSION = """
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, object_type TEXT NOT NULL, properties TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX records_by_type ON records (object_type);
CREATE TABLE keys (
    object_type TEXT NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL, record INTEGER NOT NULL,
    PRIMARY KEY (object_type, property, value)
) WITHOUT ROWID;
CREATE INDEX keys_by_record ON keys (record);
CREATE TABLE properties (
    object_type TEXT NOT NULL, name TEXT NOT NULL, declaration TEXT NOT NULL,
    PRIMARY KEY (object_type, name)
) WITHOUT ROWID;
PRAGMA application_id = 1970295618;
PRAGMA user_version = 1;
INSERT INTO records VALUES (10001, 'contacts', '{"email": "a"}', 'then', 'then');
INSERT INTO keys VALUES ('contacts', 'email', 'a', 10001);
"""


def test_file_of_an_older_version_is_brought_up_to_date(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST_VERSION)
    for _ in range(2):
        with Store(path) as store:
            assert everything(store) == [Record(10_001, "contacts", {"email": "a"}, "then", "then")]
            assert store.find("contacts", "email", ["a"]) == {"a": 10_001}
    with Store(path) as store:
        assert store.archive("contacts", [10_001], NOW) == 1
        assert store.write([contact("a")], NOW) == [10_002]


def test_file_may_be_called_like_a_database_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(Path(":memory:")) as store:
        store.write([contact("a")], NOW)
    with Store(Path(":memory:")) as store:
        assert store.count("contacts") == 1


def test_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with Store(path) as store:
        assert store.counts() == {}


def test_two_processes_write_the_same_new_file_at_once(path: Path) -> None:
    writers = [start_writer(path, name, 60) for name in ("one", "two", "three")]
    for writer in writers:
        output, _ = writer.communicate()
        assert writer.returncode == 0
        assert output.split() == [str(batch) for batch in range(60)]
    with Store(path) as store:
        records = everything(store)
        assert len(records) == 60 + 3 * 60 * 9
        emails = [record.properties["email"] for record in records]
        assert len(set(emails)) == len(emails)
        assert store.find("contacts", "email", emails) == {
            record.properties["email"]: record.id for record in records
        }


def test_declarations_of_another_process_are_seen(path: Path) -> None:
    with Store(path) as store, Store(path) as other:
        assert store.properties("contacts") == {}
        other.declare("contacts", [EMAIL])
        assert store.properties("contacts") == {"email": EMAIL}


@pytest.mark.parametrize("batches", [1, 7, 40])
def test_what_was_committed_survives_a_killed_process(path: Path, batches: int) -> None:
    writer = start_writer(path, "one", 1_000_000)
    assert writer.stdout is not None
    for _ in range(batches):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    said = writer.communicate()[0].split()
    committed = int(said[-1]) + 1 if said else batches
    with Store(path) as store:
        count = store.count("contacts")
        # A batch is there as a whole, and one may have been committed but not said.
        assert count in {committed * 10, committed * 10 + 10}
        emails = [record.properties["email"] for record in everything(store)]
        assert len(store.find("contacts", "email", emails)) == count
        store.write([contact("after")], NOW)


def test_file_that_another_program_keeps_locked(path: Path) -> None:
    with Store(path, lock_timeout=0.01) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"crm\.sqlite is locked by another program; stop"):
            store.write([contact("a")], NOW)
        with pytest.raises(StoreError, match="is locked"):
            Store(path, lock_timeout=0.01)
        assert store.counts() == {}  # Reading needs no lock.
        other.rollback()
        store.write([contact("a")], NOW)


Step = Callable[[Path], object]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)


def statement(sql: str) -> Step:
    """What another program does to a database."""

    def execute(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(sql)

    return execute


@pytest.mark.parametrize("damage", [truncated, scribbled, statement("DROP TABLE keys")])
def test_damaged_file(path: Path, damage: Step) -> None:
    with Store(path) as store:
        store.write([contact(f"{number}@x.example") for number in range(500)], NOW)
    damage(path)
    with pytest.raises(StoreError, match=r"crm\.sqlite is damaged; delete it to start afresh"):
        Store(path)


@pytest.mark.parametrize("value", ["{", "[]", "5"])
def test_record_that_somebody_edited_by_hand(path: Path, value: str) -> None:
    with Store(path) as store, closing(sqlite3.connect(path)) as other:
        (id_,) = store.write([contact("a")], NOW)
        with other:
            other.execute("UPDATE records SET properties = ?", (value,))
        with pytest.raises(StoreError, match="what the sandbox did not write"):
            store.get("contacts", id_)


def content(text: bytes) -> Step:
    return lambda path: path.write_bytes(text)


def newer_version(path: Path) -> None:
    Store(path).close()
    statement("PRAGMA user_version = 99")(path)


NO_DATABASE = [b"email,name\n" * 200, b"\0" * 5_000, b"SQLite", b"\x93\x0f" * 99]
OTHER_PROGRAMS = ["CREATE TABLE notes (text)", "PRAGMA application_id = 5"]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        *((content(one), "is not an SQLite database; name another") for one in NO_DATABASE),
        *((statement(one), "was written by another program; name") for one in OTHER_PROGRAMS),
        (newer_version, "was written by a newer version of the sandb"),
    ],
)
def test_file_of_something_else_stays_as_it_is(path: Path, made: Step, told: str) -> None:
    made(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"crm\.sqlite {told}"):
        Store(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_place_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: it is a folder; name a file in it"):
        Store(tmp_path)
    with pytest.raises(StoreError, match=r"cannot be opened: there is no folder .*/no; make it"):
        Store(tmp_path / "no" / "crm.sqlite")


@pytest.mark.parametrize("exists", [True, False])
def test_folder_that_is_read_only(exists: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "read-only" / "crm.sqlite"
        path.parent.mkdir()
        if exists:
            Store(path).close()
            path.chmod(0o444)
        path.parent.chmod(0o555)
        child = os.fork()
        if child == 0:
            # The superuser may write everywhere, so the child is somebody else from now on.
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                Store(path)
            except StoreError as error:
                os._exit(
                    0 if "check the permissions of the file and its folder" in str(error) else 3
                )
            os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        path.parent.chmod(0o755)
