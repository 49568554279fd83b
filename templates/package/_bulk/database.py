"""Files of SQLite that one run owns: how they are opened, locked and known, and what errors mean."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Self

from .._runtime.fork import ForkSafe, leave_to_parent

_ATTEMPTS = 35
_LEAST_PAUSE, _LONGEST_PAUSE = 0.01, 0.05
"""How often the file is tried, and the seconds between: about one in all, for another process that is just
ending needs a moment. A clock would not do: a machine that pauses would leave too few attempts."""

_HEADER = "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_INHERITED = "was opened by the process that this one was forked from, which alone may use it"
_PERMISSIONS = "check the permissions of the file and its folder"


@dataclass(frozen=True)
class DatabaseKind:
    """What tells the databases of one purpose from others.

    Attributes:
        name: What people call one.
        application: Its application id: whoever looks at a file (`file run.sqlite`) can tell whose it is.
        layout: The version of its tables.
        tables: By the name of each table, the statement that makes it; `header` is always there.
        error: What is raised if the file cannot be used.
        anew: What it means to delete a damaged one and start anew.
    """

    name: str
    application: bytes
    layout: int
    tables: dict[str, str]
    error: type[Exception]
    anew: str

    @property
    def application_id(self) -> int:
        """The application id as SQLite has it."""
        return int.from_bytes(self.application, "big")


class OwnedDatabase(ForkSafe):
    """A database with one owner, and a header that says what it belongs to.

    While it is open, the same file cannot be opened again, in this process or another. The lock is one of
    the operating system's, which ends with its process in any case. Any thread may use it, but no process
    that is forked meanwhile.

    Args:
        path: The file; it is made if it is not there.
        header: A dataclass with what must be the same whenever the file is used, in types of JSON, but for
            fields that are not compared.

    Raises:
        Exception: The error of its kind: the file is in use, of another kind, damaged, belongs to another
            header, or cannot be written. A file of another program stays as it is.
    """

    KIND: ClassVar[DatabaseKind]

    def __init__(self, path: str | os.PathLike[str], header: Any) -> None:
        self._path = Path(path)
        self._lock = RLock()
        self._is_inherited = False
        with self._explained():
            self._connection = _open(self.KIND, self._path)
        super().__init__()
        try:
            with self._explained():
                self._check_header(header)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, which another run can then use. Closing twice does nothing."""
        with self._lock:
            if not self._is_inherited:
                self._connection.close()

    def after_fork(self) -> None:
        self._lock = RLock()
        if not self._is_inherited:
            self._is_inherited = True
            leave_to_parent(self._connection)

    def _mismatch(self, what: str) -> Exception:
        """Give what is raised when the file belongs to something else."""
        raise NotImplementedError

    def _check_header(self, header: Any) -> None:
        given = {field.name: json.dumps(getattr(header, field.name)) for field in fields(header)}
        known = dict(self._connection.execute("SELECT name, value FROM header"))
        if not known:
            with self._at_once():
                self._connection.executemany("INSERT INTO header VALUES (?, ?)", given.items())
            return
        compared = [field.name for field in fields(header) if field.compare]
        for name in compared:
            value = given[name]
            if known.get(name) != value:
                before = json.loads(known.get(name, "null"))
                raise self._mismatch(
                    f"it was made with {name} = {before!r}, and now it is {getattr(header, name)!r}"
                )

    def _damaged(self) -> Exception:
        return self.KIND.error(f"{self._path} {_damage(self.KIND)}")

    @contextmanager
    def _at_once(self) -> Generator[None, None, None]:
        """Write all or nothing."""
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if (
                self._connection.in_transaction
            ):  # After a full disk, for example, it is none any more.
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Generator[None, None, None]:
        if self._is_inherited:
            raise self.KIND.error(f"{self._path} {_INHERITED}")
        try:
            yield
        except sqlite3.Error as error:
            meaning = _meaning(self.KIND, self._path, error)
            raise self.KIND.error(f"{self._path} {meaning}") from error


def _open(kind: DatabaseKind, path: Path) -> sqlite3.Connection:
    """Open the file and lock it until it is closed."""
    left = _ATTEMPTS
    while True:
        left -= 1
        # A file may be called `:memory:`, too.
        connection = sqlite3.connect(
            str(path.absolute()), timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(kind, connection, path)
        except BaseException as error:
            # Two processes that open the file at one moment can each keep the other from locking it;
            # so whoever fails lets go of it before the next attempt.
            connection.close()
            is_busy = isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_BUSY
            if not is_busy or not left:
                raise
            time.sleep(random.uniform(_LEAST_PAUSE, _LONGEST_PAUSE))
        else:
            return connection


def _prepare(kind: DatabaseKind, connection: sqlite3.Connection, path: Path) -> None:
    # The lock is taken with the first statement that needs one, and kept until the file is closed.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Before anything is written: a file of another program must stay as it is.
    _is_empty(kind, connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit outlives the process. A power cut may undo the last ones, and their batches are sent
    # again, which does no harm: waiting for the disk before each request would only cost time.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN EXCLUSIVE")
    if _is_empty(kind, connection, path):
        for statement in (_HEADER, *kind.tables.values()):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {kind.application_id}")
        connection.execute(f"PRAGMA user_version = {kind.layout}")
    connection.execute("COMMIT")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise kind.error(f"{path} {_damage(kind)}")


def _is_empty(kind: DatabaseKind, connection: sqlite3.Connection, path: Path) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not (application or layout or tables):
        return True
    if application != kind.application_id:
        raise kind.error(
            f"{path} was written by another program; name another file, or one that does not exist"
        )
    if layout > kind.layout:
        raise kind.error(
            f"{path} was written by a newer version of this package; install that, or name another file"
        )
    if not tables >= {"header", *kind.tables}:
        raise kind.error(f"{path} {_damage(kind)}")
    return False


def _damage(kind: DatabaseKind) -> str:
    return f"is damaged; delete it and start anew, which {kind.anew}"


def _meaning(kind: DatabaseKind, path: Path, error: sqlite3.Error) -> str:
    """Say what an error of SQLite means, as the end of a sentence that begins with the path."""
    code = _code(error)
    if code == sqlite3.SQLITE_IOERR and not os.access(path, os.W_OK):
        # What cannot be written cannot be locked either.
        return f"cannot be written; {_PERMISSIONS}"
    if code == sqlite3.SQLITE_CANTOPEN:
        return _why_not_opened(path)
    in_use = f"is in use by another run; wait for its end, or name another {kind.name}"
    meanings = {
        sqlite3.SQLITE_NOTADB: f"is no {kind.name}; name another file, or one that does not exist",
        sqlite3.SQLITE_CORRUPT: _damage(kind),
        sqlite3.SQLITE_BUSY: in_use,
        sqlite3.SQLITE_LOCKED: in_use,
        sqlite3.SQLITE_READONLY: f"cannot be written; {_PERMISSIONS}",
        sqlite3.SQLITE_PERM: f"cannot be opened; {_PERMISSIONS}",
        sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    }
    return meanings.get(code, f"cannot be used: {error}")


def _why_not_opened(path: Path) -> str:
    if path.is_dir():
        return "cannot be opened: it is a folder; name a file in it"
    if not path.absolute().parent.is_dir():
        return f"cannot be opened: there is no folder {path.absolute().parent}; make it first"
    return f"cannot be opened; {_PERMISSIONS}"


def _code(error: sqlite3.Error) -> int:
    # The lowest byte is the kind of error, the others say more than is of interest. Errors of the
    # module itself have none.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
