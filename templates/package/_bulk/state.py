"""What was accepted last for each key, in a file, so that a later run sends only what differs.

Only digests are kept. Those of keys are short: two keys that share one only keep each other from being
found unchanged, because the digest of what is sent covers the key as well.

A change goes to the end of a list first, which costs one page for a batch, and stands in memory meanwhile.
Once there are many, they go to where lookups find them, in order: a page holds about a hundred digests, and
one by one each of them would cost a page of its own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from struct import Struct
from typing import Any, cast

from .._runtime.roles import Roles
from .._runtime.ways import without
from ..errors import Documented
from .batch import Batch, Mark
from .database import DatabaseKind, OwnedDatabase
from .envelope import json_of
from .outcomes import Status

_ENTRY = Struct("=q16s")
_KEY_SIZE = 8
_DIGEST_SIZE = 16
_FORGOTTEN = bytes(_DIGEST_SIZE)
_MOST_CHANGES = 50_000
"""How many changes are kept in memory, in some 10 MB."""

_CACHE = 16_000
"""How many kB of pages are kept in memory. Keys come in any order, and each may be on another page."""

_SLICE = 5_000
"""How many of them move at once: SQLite needs as much room again as the pages that they touch."""

_MOST_LOOKUPS = 500
"""How many keys are looked up at once. Old versions of SQLite allow for 999 parameters."""

_ACCEPTED = frozenset({Status.CREATED, Status.UPDATED, Status.WRITTEN})
_NOT_STORED = frozenset({Status.REJECTED, Status.NOT_SENT})


class StateError(Documented, Exception, page="bulk"):
    """A state cannot be used. The message is one line that says what to do."""


class StateMismatch(StateError, page="bulk"):
    """A state belongs to another place: another API, object type or id property."""


@dataclass(frozen=True)
class StateHeader:
    """What must be the same in every run that shares a state.

    Attributes:
        base_url: Where the API is.
        path: The path that is called, with its arguments.
        id_property: The property by which records are found; None if they name it themselves.
        format: How digests are made.
    """

    base_url: str
    path: str
    id_property: str | None
    format: int = 1


class State(OwnedDatabase):
    """A file that knows for each key a digest of what was accepted last.

    Every method raises `StateError` if the file cannot be read or written.

    Args:
        path: The file; it is made if it is not there.
        header: What must be the same in every run that shares it.
        roles: Which fields of an input play which part.

    Raises:
        StateMismatch: The file belongs to another place.
        StateError: The file is in use, no state, damaged, or cannot be written. A file of another
            program stays as it is.
    """

    KIND = DatabaseKind(
        name="state",
        application=b"upST",
        layout=1,
        tables={
            "digests": "CREATE TABLE digests (key INTEGER PRIMARY KEY, digest BLOB NOT NULL)",
            "changes": "CREATE TABLE changes (number INTEGER PRIMARY KEY, entries BLOB NOT NULL)",
        },
        error=StateError,
        anew="sends every record once more",
    )

    def __init__(self, path: str | os.PathLike[str], header: StateHeader, roles: Roles) -> None:
        super().__init__(path, header)
        self._properties, self._trace_id = roles.properties, roles.trace_id
        # With properties that are named by the caller, nothing but these and the key is sent.
        self._is_flat = roles.key_property is not None and "." not in (roles.properties or ".")
        self._changes: dict[int, bytes] = {}
        self._unwritten: list[tuple[int, bytes]] = []
        self._forgets = False
        try:
            with self._explained():
                self._connection.execute(f"PRAGMA cache_size = {-_CACHE}")
                self._hasher = blake2b(key=self._salt(), digest_size=_KEY_SIZE + _DIGEST_SIZE)
                for (entries,) in self._connection.execute(
                    "SELECT entries FROM changes ORDER BY number"
                ):
                    if len(entries) % _ENTRY.size:
                        raise self._damaged()
                    self._changes.update(_ENTRY.iter_unpack(entries))
        except BaseException:
            self._connection.close()
            raise

    def compare(self, batch: Batch) -> list[int]:
        """Mark the inputs of a batch, and tell which were accepted last as they are now.

        Args:
            batch: The batch.

        Returns:
            The places of these inputs.
        """
        digests = list(map(self._digests, batch.keys, map(self._content, batch.inputs)))
        known = self._known([key for key, _ in digests])
        batch.marks = {
            position: Mark(key, digest, known.get(key))
            for position, (key, digest) in zip(batch.positions, digests, strict=True)
        }
        return [place for place, (key, digest) in enumerate(digests) if known.get(key) == digest]

    def forget(self, batch: Batch) -> None:
        """Forget what was accepted last for the keys of a batch that is to be sent.

        If that was noted after it was sent, a run that is killed in between would leave a digest of what
        is not there any more. It counts at once, and outlives the process after `write`.

        Args:
            batch: The batch, marked.
        """
        marks = map(batch.marks.__getitem__, batch.positions)
        self._forget(mark.key for mark in marks if mark.before is not None)

    def forget_all(self, batch: Batch) -> None:
        """Forget what was accepted for the keys of a batch also since it was marked.

        Args:
            batch: The batch, marked.
        """
        self._forget(self._known([mark.key for mark in batch.marks.values()]))

    def settle(self, batch: Batch, *, restores: bool) -> None:
        """Note what was accepted. Of what is unknown nothing is known any more.

        Args:
            batch: The batch, marked, with an outcome for each of its inputs.
            restores: Whether what was accepted last still holds for an input that is not stored: no
                other batch with its key was marked meanwhile.
        """
        entries: list[tuple[int, bytes]] = []
        for position in batch.positions:
            mark, status = batch.marks[position], batch.outcomes[position].status
            if status in _ACCEPTED:
                entries.append((mark.key, mark.digest))
            elif restores and status in _NOT_STORED and mark.before is not None:
                entries.append((mark.key, mark.before))
        self._note(entries)

    def write(self) -> None:
        """Write what was noted. What was forgotten outlives a power cut as well."""
        if not self._unwritten:
            return
        entries = b"".join(_ENTRY.pack(*entry) for entry in self._unwritten)
        with self._lock, self._explained():
            execute = self._connection.execute
            execute(f"PRAGMA synchronous = {'FULL' if self._forgets else 'NORMAL'}")
            execute("INSERT INTO changes (entries) VALUES (?)", (entries,))
            execute("PRAGMA synchronous = NORMAL")
            self._unwritten.clear()
            self._forgets = False
            if len(self._changes) >= _MOST_CHANGES:
                self._move_changes()

    def clear(self) -> None:
        """Forget everything, also what a power cut would bring back."""
        self._changes.clear()
        self._unwritten.clear()
        with self._lock, self._explained():
            self._connection.execute("PRAGMA synchronous = FULL")
            with self._at_once():
                self._connection.execute("DELETE FROM changes")
                self._connection.execute("DELETE FROM digests")
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def _forget(self, keys: Iterable[int]) -> None:
        forgotten = [(key, _FORGOTTEN) for key in keys]
        self._note(forgotten)
        self._forgets = self._forgets or bool(forgotten)

    def _note(self, entries: Sequence[tuple[int, bytes]]) -> None:
        self._changes.update(entries)
        self._unwritten += entries

    def _move_changes(self) -> None:
        # Whatever is done of it when the process ends is done once more from the list of changes.
        entries = iter(sorted(self._changes.items()))
        while some := list(islice(entries, _SLICE)):
            kept = [entry for entry in some if entry[1] != _FORGOTTEN]
            gone = [(key,) for key, digest in some if digest == _FORGOTTEN]
            with self._at_once():
                self._connection.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?)", kept)
                self._connection.executemany("DELETE FROM digests WHERE key = ?", gone)
        self._connection.execute("DELETE FROM changes")
        self._changes.clear()

    def _known(self, keys: Sequence[int]) -> dict[int, bytes]:
        changes = self._changes
        missing = [key for key in keys if key not in changes]
        known: dict[int, bytes] = {}
        with self._lock, self._explained():
            for start in range(0, len(missing), _MOST_LOOKUPS):
                some = missing[start : start + _MOST_LOOKUPS]
                places = ",".join("?" * len(some))
                query = f"SELECT key, digest FROM digests WHERE key IN ({places})"
                known.update(self._connection.execute(query, some))
        known.update(
            (key, changes[key]) for key in keys if changes.get(key, _FORGOTTEN) != _FORGOTTEN
        )
        return known

    def _content(self, fields: Mapping[str, Any]) -> bytes:
        """Give what is sent for a record but for its key, with properties in any order."""
        if self._properties is not None and self._is_flat:
            return json_of(sorted(fields[self._properties].items()))
        known = fields if self._trace_id is None else without(fields, self._trace_id)
        return json_of(_in_order(known) if self._properties else sorted(known.items()))

    def _digests(self, key: str, content: bytes) -> tuple[int, bytes]:
        name = key.encode(errors="surrogatepass")
        of_key, of_all = self._hasher.copy(), self._hasher.copy()
        of_key.update(name)
        of_all.update(content)
        of_all.update(name)
        short = int.from_bytes(of_key.digest()[:_KEY_SIZE], "big", signed=True)
        return short, of_all.digest()[_KEY_SIZE:]

    def _salt(self) -> bytes:
        """Give what makes the digests of this file unlike those of any other."""
        query = "SELECT value FROM header WHERE name = 'salt'"
        row = self._connection.execute(query).fetchone()
        if row is not None:
            return bytes.fromhex(row[0])
        salt = secrets.token_bytes(16)
        self._connection.execute("INSERT INTO header VALUES ('salt', ?)", (salt.hex(),))
        return salt

    def _mismatch(self, what: str) -> StateMismatch:
        return StateMismatch(
            f"{self._path} belongs to another load: {what}; name the state of this one, or a new file"
        )


def _in_order(value: Any) -> Any:
    """Give the fields of objects as lists of pairs, in the order of their names."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value).items()
        return sorted((name, _in_order(one)) for name, one in fields)
    return value
