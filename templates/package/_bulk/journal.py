"""What a run has done so far, in a file that outlives it, so that the next run can go on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from pydantic_core import PydanticSerializationError, to_json

from ..errors import Documented
from .batch import Batch
from .database import DatabaseKind, OwnedDatabase
from .jobs import PendingJob
from .outcomes import Outcome, outcome_as_json, outcome_from_json

_KEY_SIZE = 16
_BATCHES = """CREATE TABLE batches (
    number INTEGER PRIMARY KEY,
    first_index INTEGER NOT NULL,
    count INTEGER NOT NULL,
    digest BLOB NOT NULL,
    outcomes TEXT
)"""
# The keys that were sent again, and the last batch that was sent again for each.
_AGAIN = "CREATE TABLE again (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID"
# Made when there is the first job: of any other operation, journals are as they were before there were jobs.
_JOBS = "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY, jobs TEXT NOT NULL)"


class JournalError(Documented, Exception, page="bulk"):
    """A journal cannot be used. The message is one line that says what to do."""


class JournalMismatch(JournalError, page="bulk"):
    """A journal belongs to a run with another source or other arguments."""


@dataclass(frozen=True)
class JournalHeader:
    """What must be the same in every run that shares a journal.

    Attributes:
        operation: What is called, such as "items.batch_upsert". It may be renamed: the path tells.
        version: The API version.
        path: The path that is called, with its arguments.
        id_property: The property by which records are found; None if they name it themselves.
        maximum: The most records in one batch.
        duplicates: What is done about records with the same key.
        base_url: Where the API is: what a rehearsal has written, the real API has not.
        format: How digests are made and records are grouped.
    """

    operation: str = field(compare=False)
    version: str
    path: str
    id_property: str | None
    maximum: int
    duplicates: str
    base_url: str = ""
    format: int = 1


@dataclass(frozen=True)
class JournalEntry:
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


class Journal(OwnedDatabase):
    """A file that a run tells each batch before and after it is sent. Any thread may use it.

    Records are not stored, but the API's messages are, and these may quote values.

    Every method raises `JournalError` if the file cannot be read or written.

    Args:
        path: The file; it is made if it is not there.
        header: What must be the same in every run that shares it.

    Attributes:
        finished_records: How many records the source had, if a run came to its end.

    Raises:
        JournalMismatch: The file belongs to a run with another header.
        JournalError: The file is in use, no journal, damaged, or cannot be written. A file of another
            program stays as it is.
    """

    KIND = DatabaseKind(
        name="journal",
        application=b"upJL",
        layout=1,
        tables={
            "batches": _BATCHES,
            "finished": "CREATE TABLE finished (records INTEGER NOT NULL)",
            "again": _AGAIN,
        },
        error=JournalError,
        anew="writes every record once more",
    )

    def __init__(self, path: str | os.PathLike[str], header: JournalHeader) -> None:
        super().__init__(path, header)
        try:
            with self._explained():
                row = self._connection.execute("SELECT max(records) FROM finished").fetchone()
                again = self._connection.execute("SELECT 1 FROM again LIMIT 1").fetchone()
                jobs = self._connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'jobs'"
                ).fetchone()
        except BaseException:
            self._connection.close()
            raise
        self.finished_records: int | None = row[0]
        self._has_again = again is not None
        self._has_jobs = jobs is not None

    def entry(self, number: int) -> JournalEntry | None:
        """Tell what an earlier run knows of a batch.

        Args:
            number: Its number, counted from 0.

        Returns:
            What is known, or None if no run has come to it.
        """
        with self._lock, self._explained():
            row = self._connection.execute(
                "SELECT first_index, count, digest, outcomes FROM batches WHERE number = ?",
                (number,),
            ).fetchone()
        if row is None:
            return None
        first_index, count, digest, outcomes = row
        return JournalEntry(first_index, count, digest, self._decoded(outcomes))

    def compare(self, batch: Batch) -> JournalEntry | None:
        """Tell what an earlier run knows of a batch, if it had the same records.

        Args:
            batch: The batch, with its digest.

        Returns:
            What is known, or None if no run has come to it.

        Raises:
            JournalMismatch: It had other records, or the journal is of a finished run that had no such
                batch.
        """
        known = self.entry(batch.number)
        if known is None:
            if self.finished_records is not None:
                raise self._mismatch(
                    f"its run ended after {self.finished_records:,} records, and there are more now"
                )
            return None
        given = batch.first_index, len(batch.records), batch.digest
        if (known.first_index, known.count, known.digest) != given:
            raise self._mismatch(
                f"the records from index {min(batch.first_index, known.first_index):,} on "
                "are not the ones that it was made for, or are sent or rejected otherwise"
            )
        return known

    def outdated(self, batch: Batch) -> set[str]:
        """Tell of which keys of a batch an earlier one was sent again since it was sent.

        What the earlier batch says of them is stored now, until this one is sent again, too.

        Args:
            batch: The batch.
        """
        if not self._has_again:
            return set()
        query, number = "SELECT 1 FROM again WHERE key = ? AND number < ?", batch.number
        with self._lock, self._explained():
            execute = self._connection.execute
            return {key for key in batch.keys if execute(query, (_short(key), number)).fetchone()}

    def jobs(self, number: int) -> list[PendingJob]:
        """Give the jobs of a batch of which no run knows what became of their records.

        Args:
            number: The number of the batch.
        """
        if not self._has_jobs:
            return []
        with self._lock, self._explained():
            row = self._connection.execute(
                "SELECT jobs FROM jobs WHERE number = ?", (number,)
            ).fetchone()
        try:
            return [] if row is None else [PendingJob.from_json(one) for one in json.loads(row[0])]
        except ValueError:
            raise self._damaged() from None

    def note_jobs(self, batch: Batch) -> None:
        """Note the jobs of a batch of which it is not known what became of their records.

        Args:
            batch: The batch.
        """
        with self._lock, self._explained(), self._at_once():
            self._note_jobs(batch)

    def reaches(self, index: int) -> bool:
        """Tell whether an earlier run may have sent the record with an index, or one after it."""
        with self._lock, self._explained():
            end = self._end()
        return end > index

    def sending(
        self, batch: Batch, *, known: Sequence[Outcome] = (), again: Iterable[str] = ()
    ) -> None:
        """Note that a batch is about to be sent. What was known of its records is forgotten.

        Batches that share a key, or were told before, must be told in their order.

        Args:
            batch: The batch, with its digest.
            known: What is to be remembered of its records; those that are sent again are unknown.
            again: Its keys, if a key may come in several batches.

        Raises:
            JournalMismatch: As for `compare`.
        """
        outcomes = _encoded(known) if known else None
        row = batch.number, batch.first_index, len(batch.records), batch.digest, outcomes
        with self._lock, self._explained(), self._at_once():
            before = self.compare(batch)
            # Otherwise nothing that was sent before is left to be sent again, as all of it comes earlier.
            keeps = self._has_again and (before is not None or batch.first_index < self._end())
            # Also a batch that others have passed is the last one now that was sent with its keys.
            is_last = keeps or before is not None
            keys = [(_short(key), batch.number) for key in again] if is_last else []
            self._connection.execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?)", row)
            if self._has_again and not keeps:
                self._connection.execute("DELETE FROM again")
            self._connection.executemany("INSERT OR REPLACE INTO again VALUES (?, ?)", keys)
        self._has_again = bool(keys) or keeps

    def sent(self, batch: Batch) -> None:
        """Note what became of a batch. Its records are not stored.

        Args:
            batch: The batch, with an outcome for each of its records.

        Raises:
            JournalError: Nobody said that it is being sent.
        """
        row = _encoded(list(batch.outcomes.values())), batch.number
        with self._lock, self._explained():
            done = self._connection.execute("UPDATE batches SET outcomes = ? WHERE number = ?", row)
            if done.rowcount != 1:
                raise JournalError(
                    f"{self._path} was not told that batch {batch.number} is being sent"
                )
            self._note_jobs(batch)  # A job of which all is known does no harm until then.

    def finished(self, records: int) -> None:
        """Note that the source has come to its end.

        Args:
            records: How many records it had.

        Raises:
            JournalMismatch: An earlier run with this journal had another number of records.
        """
        with self._lock, self._explained():
            known, before = self._end(), self.finished_records
            if (before is not None and before != records) or known > records:
                told = (
                    f"ended after {before:,}" if before is not None else f"had at least {known:,}"
                )
                raise self._mismatch(f"its run {told} records, and now there are {records:,}")
            if before is None:
                self._connection.execute("INSERT INTO finished VALUES (?)", (records,))
                self.finished_records = records

    def _note_jobs(self, batch: Batch) -> None:
        if batch.jobs:
            self._connection.execute(_JOBS)
            self._has_jobs = True
            row = batch.number, json.dumps([job.as_json() for job in batch.jobs])
            self._connection.execute("INSERT OR REPLACE INTO jobs VALUES (?, ?)", row)
        elif self._has_jobs:
            self._connection.execute("DELETE FROM jobs WHERE number = ?", (batch.number,))

    def _end(self) -> int:
        """Give the index after the last record that may have been sent."""
        query = "SELECT max(first_index + count) FROM batches"
        (end,) = self._connection.execute(query).fetchone()
        return end or 0

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
            raise self._damaged() from None


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
