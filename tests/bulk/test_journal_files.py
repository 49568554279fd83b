"""Files of journals: what is none, what is damaged, and what cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from package._bulk.journal import Journal, JournalError

from tests.bulk.journals import HEADER, batch_of, filled, refusal

NO_JOURNAL = "is no journal; name another file, or one that does not exist"
FOREIGN = "was written by another program; name another file, or one that does not exist"
DAMAGED = "is damaged; delete it and start anew, which writes every record once more"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def sql(*statements: str, **values: str) -> Callable[[Path], None]:
    """Give what executes statements in a database."""

    def execute(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement, values)

    return execute


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.write_bytes(b"email,firstname\n" * 1000), NO_JOURNAL),
        (sql("CREATE TABLE people (name)"), FOREIGN),
        (sql("CREATE TABLE people (name)", "PRAGMA application_id = 7"), FOREIGN),
        (sql("CREATE TABLE people (name)", "PRAGMA user_version = 3"), FOREIGN),
    ],
    ids=["no database", "a database", "an application", "a version"],
)
def test_a_file_of_another_program_is_left_alone(
    path: Path, make: Callable[[Path], object], problem: str
) -> None:
    make(path)
    before = path.read_bytes()
    assert refusal(path) == problem
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def overwritten(first: int) -> Callable[[Path], None]:
    def overwrite(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[first : first + 3000] = b"\xff" * 3000
        path.write_bytes(content)

    return overwrite


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (sql("PRAGMA user_version = 99"), "was written by a newer version of this package"),
        (sql("DROP TABLE batches"), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-5000]), "is damaged"),
        (overwritten(100), (DAMAGED, NO_JOURNAL, FOREIGN)),
        (overwritten(4096), (DAMAGED, NO_JOURNAL, FOREIGN)),
        (overwritten(8192), (DAMAGED, NO_JOURNAL, FOREIGN)),
    ],
    ids=["newer", "without tables", "cut off", "first page", "second page", "third page"],
)
def test_a_journal_that_was_changed_is_refused(
    path: Path, spoil: Callable[[Path], object], problems: str | tuple[str, ...]
) -> None:
    filled(path)
    spoil(path)
    assert refusal(path).startswith(problems)


@pytest.mark.parametrize("outcomes", ["no JSON", "[{}]", "[5]", "{"])
def test_outcomes_that_cannot_be_read_are_damage(path: Path, outcomes: str) -> None:
    filled(path)
    sql("UPDATE batches SET outcomes = :outcomes", outcomes=outcomes)(path)
    with Journal(path, HEADER) as journal, pytest.raises(JournalError, match="is damaged"):
        journal.entry(3)


def test_an_empty_file_becomes_a_journal_of_one_file(path: Path) -> None:
    path.touch()
    filled(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert "belongs to another run" in refusal(path, replace(HEADER, version="v3"))


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=ro", "100 % läuft.sqlite"])
def test_a_journal_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Path(name))
    assert (tmp_path / name).is_file()
    Journal(name, HEADER).close()


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "cannot be opened: it is a folder; name a file in it"
    missing = tmp_path / "no"
    expected = f"cannot be opened: there is no folder {missing}; make it first"
    assert refusal(missing / "run.sqlite") == expected


def test_a_full_disk_is_explained(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        # As if there were room for no further page.
        connection: sqlite3.Connection = vars(journal)["_connection"]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="cannot grow: the disk is full"):
            for batch in range(1000):
                journal.sending(batch_of(batch, batch))
        assert journal.entry(0) is not None
