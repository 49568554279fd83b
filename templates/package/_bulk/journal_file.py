"""The SQLite file of a journal: how it is opened, locked and known to be one, and what its errors mean."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from pathlib import Path

# Whoever looks at a file (`file run.sqlite`) can tell whose it is.
_APPLICATION = int.from_bytes(b"upJL", "big")
_LAYOUT = 1
_SCHEMA = (
    "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE batches (
        number INTEGER PRIMARY KEY,
        first_index INTEGER NOT NULL,
        count INTEGER NOT NULL,
        digest BLOB NOT NULL,
        outcomes TEXT
    )""",
    "CREATE TABLE finished (records INTEGER NOT NULL)",
    # The keys that were sent again, and the last batch that was sent again for each.
    "CREATE TABLE again (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_LAYOUT}",
)
_TABLES = {"header", "batches", "finished", "again"}
_PATIENCE = 1.0
"""Seconds to wait for another process to let go of the file: one that is just ending needs a moment."""

_IN_USE = "is in use by another run; wait for its end, or name another journal"
DAMAGED = "is damaged; delete it and start anew, which writes every record once more"
_PERMISSIONS = "check the permissions of the file and its folder"
_MEANINGS = {
    sqlite3.SQLITE_NOTADB: "is no journal; name another file, or one that does not exist",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_READONLY: f"cannot be written; {_PERMISSIONS}",
    sqlite3.SQLITE_PERM: f"cannot be opened; {_PERMISSIONS}",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
}


class JournalError(Exception):
    """A journal cannot be used. The message is one line that says what to do."""


class JournalMismatch(JournalError):
    """A journal belongs to a run with another source or other arguments."""


def open_journal(path: Path) -> sqlite3.Connection:
    """Open the file and lock it until it is closed.

    Raises:
        sqlite3.Error: It cannot be opened, read, locked or written.
        JournalError: It is a file of another program.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        # A file may be called `:memory:`, too.
        connection = sqlite3.connect(
            str(path.absolute()), timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except BaseException as error:
            # Two processes that open the file at one moment can each keep the other from locking it;
            # so whoever fails lets go of it before the next attempt.
            connection.close()
            is_busy = isinstance(error, sqlite3.Error) and _kind(error) == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.01, 0.05))
        else:
            return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # The lock is taken with the first statement that needs one, and kept until the file is closed.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Before anything is written: a file of another program must stay as it is.
    _is_empty(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit outlives the process. A power cut may undo the last ones, and their batches are sent
    # again, which does no harm: waiting for the disk before each request would only cost time.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN EXCLUSIVE")
    if _is_empty(connection, path):
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise JournalError(f"{path} {DAMAGED}")


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not (application or layout or tables):
        return True
    if application != _APPLICATION:
        raise JournalError(
            f"{path} was written by another program; name another file, or one that does not exist"
        )
    if layout > _LAYOUT:
        raise JournalError(
            f"{path} was written by a newer version of this package; install that, or name another file"
        )
    if not tables >= _TABLES:
        raise JournalError(f"{path} {DAMAGED}")
    return False


def meaning(path: Path, error: sqlite3.Error) -> str:
    """Say what an error of SQLite means, as the end of a sentence that begins with the path."""
    kind = _kind(error)
    if kind == sqlite3.SQLITE_IOERR and not os.access(path, os.W_OK):
        # What cannot be written cannot be locked either.
        return f"cannot be written; {_PERMISSIONS}"
    if kind != sqlite3.SQLITE_CANTOPEN:
        return _MEANINGS.get(kind, f"cannot be used: {error}")
    if path.is_dir():
        return "cannot be opened: it is a folder; name a file in it"
    if not path.absolute().parent.is_dir():
        return f"cannot be opened: there is no folder {path.absolute().parent}; make it first"
    return f"cannot be opened; {_PERMISSIONS}"


def _kind(error: sqlite3.Error) -> int:
    # The lowest byte is the kind of error, the others say more than is of interest. Errors of the
    # module itself have none.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
