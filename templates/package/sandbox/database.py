"""The SQLite file: how it is opened, how it is known to be one of ours, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias

from .errors import StoreError

Row: TypeAlias = tuple[Any, ...]

FIRST_ID = 10_001
"""Where ids of records start, so that none can be mistaken for an index or for a count."""
LARGEST_ID = 2**63 - 1
"""The largest number that SQLite takes."""
_MOST_AMONG = 500
_MOST_ROWS = 100
"""What is inserted at once. There are older SQLites that take 999 values in a statement."""
FOREIGN = "the database holds what the sandbox did not write; delete its file"
"""What to say of a row that only another program can have written."""

# Whoever looks at a file (`file sandbox.sqlite`) can tell whose it is.
_APPLICATION = int.from_bytes(b"upSB", "big")
_VERSION = 2
_INDEX = "CREATE INDEX records_by_type ON records (object_type, archived_at)"
_SCHEMA = (
    """CREATE TABLE records (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        object_type TEXT NOT NULL,
        properties TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        archived_at TEXT
    )""",
    _INDEX,
    """CREATE TABLE keys (
        object_type TEXT NOT NULL,
        property TEXT NOT NULL,
        value TEXT NOT NULL,
        record INTEGER NOT NULL,
        PRIMARY KEY (object_type, property, value)
    ) WITHOUT ROWID""",
    "CREATE INDEX keys_by_record ON keys (record)",
    """CREATE TABLE properties (
        object_type TEXT NOT NULL,
        name TEXT NOT NULL,
        declaration TEXT NOT NULL,
        PRIMARY KEY (object_type, name)
    ) WITHOUT ROWID""",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)
_UPGRADE = (
    "ALTER TABLE records ADD COLUMN archived_at TEXT",
    "DROP INDEX records_by_type",
    _INDEX,
    f"PRAGMA user_version = {_VERSION}",
)
"""What makes a file of version 1, which knew no archived records, one of this version."""
TABLES = {"records", "keys", "properties"}

_MEANINGS = {
    sqlite3.SQLITE_NOTADB: "is not an SQLite database; name another file, or one that does not exist",
    sqlite3.SQLITE_CORRUPT: "is damaged; delete it to start afresh, or restore it from a copy",
    sqlite3.SQLITE_BUSY: "is locked by another program; stop that program or name another file",
    sqlite3.SQLITE_LOCKED: "is locked by another program; stop that program or name another file",
    sqlite3.SQLITE_READONLY: "cannot be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
}


class Database:
    """A connection that any thread may use, one at a time.

    Texts may hold anything; a number below 0 counts as 0, and one above `LARGEST_ID` as that. Every
    method raises `StoreError` if the database fails, such as when it is locked for too long.

    Args:
        path: Its file, which is made if it is not there; None keeps everything in memory.
        lock_timeout: Seconds to wait for other programs that write the same file.

    Attributes:
        lock: What a thread holds that needs several answers at one moment.

    Raises:
        StoreError: The file cannot be opened or written, is damaged, or is none that this version
            understands. A file of another program stays as it is.
    """

    def __init__(self, path: Path | None, *, lock_timeout: float) -> None:
        self.lock = RLock()
        self._path = path
        with self._explained():
            self._connection = sqlite3.connect(
                # A file may be called `:memory:`, too.
                ":memory:" if path is None else str(path.absolute()),
                timeout=lock_timeout,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._explained():
                _prepare(self._connection, path, lock_timeout)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection, after the transaction that another thread may be in."""
        with self.lock:
            self._connection.close()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute a statement and return its rows."""
        with self.lock, self._explained():
            found = self._connection.execute(statement, _bound_all(values))
            # Bytes are rare, and to look for them takes less time than to read each value.
            return [tuple(map(_read, row)) if bytes in map(type, row) else row for row in found]

    def rows_among(
        self, statement: str, fixed: Sequence[object], values: Iterable[object]
    ) -> list[Row]:
        """Execute a statement that asks for what is among some values, and return its rows.

        Args:
            statement: It ends where the list of the values begins.
            fixed: The values of its own question marks.
            values: The values, of which there may be any number.
        """
        left, rows = _bound_all(values), list[Row]()
        while left:
            part, left = left[:_MOST_AMONG], left[_MOST_AMONG:]
            rows += self.rows(f"{statement} ({', '.join('?' * len(part))})", [*fixed, *part])
        return rows

    def insert(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Execute a statement that inserts rows, many at once: in half the time of one after the other.

        Args:
            statement: It ends with `VALUES`.
            rows: What to insert, all of the same length.

        Returns:
            How many rows it inserted.
        """
        count = 0
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            marks = f"({', '.join('?' * len(part[0]))})"
            values = _bound_all(chain.from_iterable(part))
            with self.lock, self._explained():
                placed = f"{statement} {', '.join([marks] * len(part))}"
                count += max(0, self._connection.execute(placed, values).rowcount)
        return count

    def execute_many(self, statement: str, values: Iterable[Sequence[object]]) -> int:
        """Execute a statement that changes something, once for each values.

        Returns:
            How many rows it changed in all.
        """
        with self.lock, self._explained():
            return max(0, self._connection.executemany(statement, map(_bound_all, values)).rowcount)

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Make all that is done meanwhile happen at once, or not at all if an exception is raised.

        Within a transaction of the same thread it is a part of that.
        """
        with self.lock:
            if self._is_in_transaction():
                begin, end = "SAVEPOINT part", "RELEASE part"
                undo = ["ROLLBACK TO part", "RELEASE part"]
            else:
                begin, end, undo = "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]
            self.rows(begin)
            try:
                yield
                self.rows(end)
            except BaseException:
                for statement in undo:
                    # SQLite undoes everything by itself when, for example, the disk is full.
                    if self._is_in_transaction():
                        self.rows(statement)
                raise

    def _is_in_transaction(self) -> bool:
        with self._explained():
            return self._connection.in_transaction

    @contextmanager
    def _explained(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _store_error(self._path, error) from error
        except UnicodeDecodeError as error:
            raise StoreError(FOREIGN) from error


def _bound_all(values: Iterable[object]) -> list[object]:
    """Give values in the form in which they can be stored; nearly all are in it."""
    return [one if type(one) is str and one.isascii() else _bound(one) for one in values]


def _bound(value: object) -> object:
    """Give the form in which a value can be stored and compared."""
    if isinstance(value, int):
        return max(0, min(value, LARGEST_ID))
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            # JSON may hold half a surrogate pair, which SQLite's texts may not.
            return value.encode(errors="surrogatepass")
    return value


def _read(value: object) -> object:
    """Give a value as it was before it was stored."""
    return value.decode(errors="surrogatepass") if isinstance(value, bytes) else value


def _store_error(path: Path | None, error: sqlite3.Error) -> StoreError:
    name = "the database in memory" if path is None else str(path)
    # The lowest byte is the kind of error, the others say more than is of interest.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN and path is not None:
        return StoreError(f"{name} cannot be opened: {_why_not_opened(path)}")
    meaning = _MEANINGS.get(code)
    return StoreError(f"{name} {meaning}" if meaning else f"{name}: {error}")


def _why_not_opened(path: Path) -> str:
    if path.is_dir():
        return "it is a folder; name a file in it"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}; make it first"
    return "check the permissions of the file and its folder"


def _prepare(connection: sqlite3.Connection, path: Path | None, lock_timeout: float) -> None:
    # Before anything is written: a file of another program must stay as it is. All is read at one
    # moment, because another process may be making the tables.
    connection.execute("BEGIN")
    _is_empty(connection, path)
    connection.execute("COMMIT")
    if path is not None:
        _use_write_ahead_log(connection, lock_timeout)
    # Commits survive the end of the process at any moment, though not always a power cut.
    connection.execute("PRAGMA synchronous = NORMAL")
    # Taking the lock also proves that the file can be written.
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection, path):
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO sqlite_sequence VALUES ('records', ?)", (FIRST_ID - 1,))
    elif connection.execute("PRAGMA user_version").fetchone() < (_VERSION,):
        for statement in _UPGRADE:
            connection.execute(statement)
    connection.execute("COMMIT")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise StoreError(f"{path} {_MEANINGS[sqlite3.SQLITE_CORRUPT]}")


def _is_empty(connection: sqlite3.Connection, path: Path | None) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not (application or version or tables):
        return True
    if application != _APPLICATION:
        raise StoreError(
            f"{path} was written by another program; name another file, or one that does not exist"
        )
    if version > _VERSION:
        raise StoreError(
            f"{path} was written by a newer version of the sandbox; install that, or name another file"
        )
    if not tables >= TABLES:
        raise StoreError(f"{path} {_MEANINGS[sqlite3.SQLITE_CORRUPT]}")
    return False


def _use_write_ahead_log(connection: sqlite3.Connection, lock_timeout: float) -> None:
    end = time.monotonic() + lock_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not always wait here when two processes open a new file at once.
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
