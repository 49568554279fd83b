"""What a run has done so far, in a file that outlives it, so that the next run can go on from there."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from pydantic_core import PydanticSerializationError, to_json

from .journal_file import DAMAGED, JournalError, JournalMismatch, meaning, open_journal
from .outcomes import Outcome, Status
from .serialization import outcome_as_json, outcome_from_json

__all__ = ["Journal", "JournalError", "JournalHeader", "JournalMismatch", "PlannedBatch"]


_KEY_SIZE = 16


@dataclass(frozen=True)
class JournalHeader:
    """What must be the same in every run that shares a journal.

    Attributes:
        operation: What is called, such as "contacts.upsert".
        version: The API version.
        path: The path that is called, with its arguments.
        id_property: The property by which records are found; None if they name it themselves.
        maximum: The most records in one batch.
        duplicates: What is done about records with the same key.
        base_url: Where the API is: what a rehearsal has written, the real API has not.
        format: How digests are made and records are grouped.
    """

    operation: str
    version: str
    path: str
    id_property: str | None
    maximum: int
    duplicates: str
    base_url: str = ""
    format: int = 1


@dataclass(frozen=True)
class PlannedBatch:
    """What a journal knows of a batch.

    Attributes:
        first_index: The index of its first record.
        count: How many records it holds.
        digest: A digest of its records.
        outcomes: What became of them, with empty records, because a journal holds none; None if the
            batch was about to be sent for the first time and nothing more is known.
    """

    first_index: int
    count: int
    digest: bytes
    outcomes: tuple[Outcome, ...] | None

    @property
    def is_done(self) -> bool:
        """Whether it is known of every record what became of it, so that none is to be sent again."""
        undone = (Status.UNKNOWN, Status.NOT_SENT)
        return self.outcomes is not None and all(
            outcome.status not in undone for outcome in self.outcomes
        )


class Journal:
    """A file that a run tells each batch before and after it is sent. Any thread may use it.

    The file has one owner: while a journal is open, no other one can be opened for the same file,
    in this process or another. The lock is one of the operating system's, which ends with its process
    in any case. Records are not stored, but the API's messages are, and these may quote values.

    Every method raises `JournalError` if the file cannot be read or written.

    Args:
        path: The file; it is made if it is not there.
        header: What must be the same in every run that shares it.

    Raises:
        JournalMismatch: The file belongs to a run with another header.
        JournalError: The file is in use, no journal, damaged, or cannot be written. A file of another
            program stays as it is.
    """

    def __init__(self, path: str | os.PathLike[str], header: JournalHeader) -> None:
        self._path = Path(path)
        self._lock = RLock()
        with self._explained():
            self._connection = open_journal(self._path)
        try:
            with self._explained():
                self._check_header(header)
                row = self._connection.execute("SELECT max(records) FROM finished").fetchone()
                again = self._connection.execute("SELECT 1 FROM again LIMIT 1").fetchone()
        except BaseException:
            self._connection.close()
            raise
        self._finished_records: int | None = row[0]
        self._has_again = again is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def finished_records(self) -> int | None:
        """How many records the source had, if a run came to its end."""
        return self._finished_records

    def planned(self, batch: int) -> PlannedBatch | None:
        """Tell what an earlier run knows of a batch.

        Args:
            batch: Its number, counted from 0.

        Returns:
            What is known, or None if no run has come to it.
        """
        with self._lock, self._explained():
            row = self._connection.execute(
                "SELECT first_index, count, digest, outcomes FROM batches WHERE number = ?",
                (batch,),
            ).fetchone()
        if row is None:
            return None
        first_index, count, digest, outcomes = row
        return PlannedBatch(first_index, count, digest, self._decoded(outcomes))

    def compare(
        self, batch: int, first_index: int, digest: bytes, count: int
    ) -> PlannedBatch | None:
        """Tell what an earlier run knows of a batch, if it had the same records.

        Args:
            batch: Its number, counted from 0.
            first_index: The index of its first record.
            digest: A digest of its records.
            count: How many records it holds.

        Returns:
            What is known, or None if no run has come to it.

        Raises:
            JournalMismatch: It had other records, or the journal is of a finished run that had no such
                batch.
        """
        known = self.planned(batch)
        if known is None:
            if self._finished_records is not None:
                raise self._mismatch(
                    f"its run ended after {self._finished_records:,} records, and there are more now"
                )
            return None
        if (known.first_index, known.count, known.digest) != (first_index, count, digest):
            raise self._mismatch(
                f"the records from index {min(first_index, known.first_index):,} on "
                "are not the ones that it was made for"
            )
        return known

    def outdated(self, batch: int, keys: Iterable[str]) -> set[str]:
        """Tell of which keys an earlier batch was sent again since a batch was sent.

        What the earlier batch says of them is stored now, until this one is sent again, too.

        Args:
            batch: The number of the batch, counted from 0.
            keys: Its keys.
        """
        if not self._has_again:
            return set()
        query = "SELECT 1 FROM again WHERE key = ? AND number < ?"
        with self._lock, self._explained():
            execute = self._connection.execute
            return {key for key in keys if execute(query, (_short(key), batch)).fetchone()}

    def reaches(self, index: int) -> bool:
        """Tell whether an earlier run may have sent the record with an index, or one after it."""
        with self._lock, self._explained():
            query = "SELECT max(first_index + count) FROM batches"
            (end,) = self._connection.execute(query).fetchone()
        return end is not None and end > index

    def sending(
        self,
        batch: int,
        first_index: int,
        digest: bytes,
        count: int,
        *,
        known: Sequence[Outcome] = (),
        again: Iterable[str] = (),
    ) -> None:
        """Note that a batch is about to be sent. What was known of its records is forgotten.

        Batches must be told in their order, those that are not sent again left out.

        Args:
            batch: Its number, counted from 0.
            first_index: The index of its first record.
            digest: A digest of its records.
            count: How many records it holds.
            known: What is to be remembered of its records; those that are sent again are unknown.
            again: The keys that are sent again, if a key may come in several batches.

        Raises:
            JournalMismatch: As for `compare`.
        """
        outcomes = _encoded(known) if known else None
        keys = [(_short(key), batch) for key in again]
        with self._lock, self._explained(), self._at_once():
            before = self.compare(batch, first_index, digest, count)
            self._connection.execute(
                "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?)",
                (batch, first_index, count, digest, outcomes),
            )
            if before is None and self._has_again:
                # Nothing that was sent before is left to be sent again, as all of it comes earlier.
                self._connection.execute("DELETE FROM again")
            self._connection.executemany("INSERT OR REPLACE INTO again VALUES (?, ?)", keys)
        self._has_again = bool(keys) or (self._has_again and before is not None)

    def sent(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """Note what became of a batch. Its records are not stored.

        Args:
            batch: Its number, counted from 0.
            outcomes: What became of each of its records.

        Raises:
            JournalError: Nobody said that it is being sent.
        """
        text = _encoded(outcomes)
        with self._lock, self._explained():
            done = self._connection.execute(
                "UPDATE batches SET outcomes = ? WHERE number = ?", (text, batch)
            )
            if done.rowcount != 1:
                raise JournalError(f"{self._path} was not told that batch {batch} is being sent")

    def finished(self, records: int) -> None:
        """Note that the source has come to its end.

        Args:
            records: How many records it had.

        Raises:
            JournalMismatch: An earlier run with this journal had another number of records.
        """
        with self._lock, self._explained():
            (known,) = self._connection.execute(
                "SELECT max(first_index + count) FROM batches"
            ).fetchone()
            before = self._finished_records
            if (before is not None and before != records) or (known or 0) > records:
                told = (
                    f"ended after {before:,}" if before is not None else f"had at least {known:,}"
                )
                raise self._mismatch(f"its run {told} records, and now there are {records:,}")
            if before is None:
                self._connection.execute("INSERT INTO finished VALUES (?)", (records,))
                self._finished_records = records

    def close(self) -> None:
        """Close the file, which another run can then use. Closing twice does nothing."""
        with self._lock:
            self._connection.close()

    def _check_header(self, header: JournalHeader) -> None:
        given = {field.name: json.dumps(getattr(header, field.name)) for field in fields(header)}
        known = dict(self._connection.execute("SELECT name, value FROM header"))
        if not known:
            with self._at_once():
                self._connection.executemany("INSERT INTO header VALUES (?, ?)", given.items())
            return
        for name, value in given.items():
            if known.get(name) != value:
                before = json.loads(known.get(name, "null"))
                raise self._mismatch(
                    f"it was made with {name} = {before!r}, and now it is {getattr(header, name)!r}"
                )

    def _mismatch(self, what: str) -> JournalMismatch:
        return JournalMismatch(
            f"{self._path} belongs to another run: {what}; run as before, or name another journal"
        )

    def _decoded(self, text: str | None) -> tuple[Outcome, ...] | None:
        if text is None:
            return None
        try:
            return tuple(map(outcome_from_json, json.loads(text)))
        except ValueError:
            raise JournalError(f"{self._path} {DAMAGED}") from None

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
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} {meaning(self._path, error)}") from error


def _short(key: str) -> bytes:
    # A record may quote anything in its key, and records are not stored.
    return blake2b(key.encode(errors="surrogatepass"), digest_size=_KEY_SIZE).digest()


def _encoded(outcomes: Sequence[Outcome]) -> str:
    values = [outcome_as_json(outcome, with_record=False) for outcome in outcomes]
    try:
        # Eight times as fast, but it refuses lone surrogates, as a server may send them.
        return to_json(values).decode()
    except PydanticSerializationError:
        return json.dumps(values)
