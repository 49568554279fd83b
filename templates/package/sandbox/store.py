"""What the sandbox remembers: records, the keys they are found by, and declared properties."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from .database import FIRST_ID, Database, StoreError
from .properties import Property, as_json, from_json, key_of
from .records import Change, Record, object_of, record_of, stored, text_of

__all__ = ["Change", "Record", "Store", "StoreError"]

_Key: TypeAlias = tuple[str, str, str, int]
"""Object type, property, value and id of the record that has it."""

_LARGEST = 2**63 - 1
"""The largest number that SQLite takes."""


class Store:
    """Records in SQLite. Any thread may use it, and any number of processes the same file.

    Every method raises `StoreError` if the database fails, such as when it is locked for too long.

    Args:
        path: The file, which is made if it is not there; None keeps everything in memory.
        lock_timeout: Seconds to wait for other programs that write the same file.

    Raises:
        StoreError: The file cannot be used.
    """

    def __init__(self, path: Path | None = None, *, lock_timeout: float = 10.0) -> None:
        self._database = Database(path, lock_timeout=lock_timeout)
        self._declared: dict[str, dict[str, Property]] = {}
        self._data_version: object = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database, after the transaction that another thread may be in."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Make all that is done meanwhile happen at once, or not at all if an exception is raised.

        Other threads and processes wait before they write, and see nothing of it until its end.

        Raises:
            RuntimeError: This thread is in a transaction already.
        """
        with self._forgotten_on_error(), self._database.transaction():
            yield

    def find(self, object_type: str, property: str, keys: Collection[str]) -> dict[str, int]:
        """Find records by the values of a unique property.

        Args:
            object_type: What they are.
            property: The name of the property.
            keys: Values, as `key_of` gives them.

        Returns:
            The ids of those records that there are, by value.
        """
        rows = self._database.rows_for_each(
            "SELECT value, record FROM keys WHERE object_type = ? AND property = ? AND value = ?",
            [(stored(object_type), stored(property), stored(key)) for key in keys],
        )
        return {text_of(value): record for value, record in rows}

    def read(self, ids: Collection[int]) -> dict[int, Record]:
        """Read records.

        Args:
            ids: Which ones, of whatever types.

        Returns:
            Those that there are, by id.
        """
        rows = self._database.rows_for_each(
            "SELECT id, object_type, properties, created_at, updated_at FROM records WHERE id = ?",
            [(_bounded(id_),) for id_ in ids],
        )
        return {row[0]: record_of(row) for row in rows}

    def get(self, object_type: str, id: int) -> Record | None:
        """Read one record, or None if there is none of that type and id."""
        record = self.read([id]).get(id)
        return record if record is not None and record.object_type == object_type else None

    def page(self, object_type: str, after: int = 0, limit: int = 100) -> list[Record]:
        """Read records in the order of their ids.

        Args:
            object_type: What they are.
            after: The id of the last record that is known already.
            limit: How many to read at most.

        Returns:
            The records; fewer than the limit at the end.
        """
        rows = self._database.rows(
            "SELECT id, object_type, properties, created_at, updated_at FROM records "
            "WHERE object_type = ? AND id > ? ORDER BY id LIMIT ?",
            (stored(object_type), _bounded(after), _bounded(limit)),
        )
        return [record_of(row) for row in rows]

    def count(self, object_type: str) -> int:
        """Count the records of one type."""
        rows = self._database.rows(
            "SELECT count(*) FROM records WHERE object_type = ?", (stored(object_type),)
        )
        return int(rows[0][0])

    def counts(self) -> dict[str, int]:
        """Count the records of each type that has any."""
        rows = self._database.rows("SELECT object_type, count(*) FROM records GROUP BY object_type")
        return {text_of(object_type): count for object_type, count in rows}

    def write(self, changes: Sequence[Change], now: str) -> list[int]:
        """Create and change records: all of them, or none if an exception is raised.

        Values of unique properties may move from one of the records to another. If a record is
        changed twice, the later change counts.

        Args:
            changes: What to write.
            now: When that is, in ISO 8601.

        Returns:
            The ids of the records, in the order of the changes.

        Raises:
            StoreError: A record to change does not exist, or two would share a value of a unique
                property.
        """
        with self._forgotten_on_error(), self._database.atomic():
            ids, created, changed = self._numbered(changes)
            self._database.execute_many(
                "INSERT INTO records (id, object_type, properties, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?)",
                [
                    (id_, stored(one.object_type), json.dumps(one.properties), now, now)
                    for id_, one in created.items()
                ],
            )
            count = self._database.execute_many(
                "UPDATE records SET properties = ?, updated_at = ? WHERE id = ? AND object_type = ?",
                [
                    (json.dumps(one.properties), now, _bounded(id_), stored(one.object_type))
                    for id_, one in changed.items()
                ],
            )
            if count != len(changed):
                raise StoreError("a record to change does not exist; look it up before")
            self._database.execute_many(
                "DELETE FROM keys WHERE record = ?", [(id_,) for id_ in changed]
            )
            self._add_keys(
                [
                    (one.object_type, property, value, id_)
                    for id_, one in (*created.items(), *changed.items())
                    for property, value in one.keys.items()
                ]
            )
        return ids

    def properties(self, object_type: str) -> dict[str, Property]:
        """Give the declared properties of an object type by their names."""
        with self._database.lock:
            # This changes when another process writes.
            version = self._database.rows("PRAGMA data_version")
            if version != self._data_version:
                self._declared.clear()
                self._data_version = version
            declared = self._declared.get(object_type)
            if declared is None:
                declared = self._read_properties(object_type)
                self._declared[object_type] = declared
            return dict(declared)

    def declare(self, object_type: str, properties: Iterable[Property]) -> None:
        """Add properties, or replace those of the same names: all of them, or none.

        Args:
            object_type: What may have them.
            properties: What is declared.

        Raises:
            StoreError: One would be unique, but two records share a value of it already.
        """
        wanted = {each.name: each for each in properties}
        # What stays the same, as on most starts, costs neither a lock nor a look at the records.
        if wanted.items() <= self.properties(object_type).items():
            return
        with self._forgotten_on_error(), self._database.atomic():
            before = self.properties(object_type)
            changed = [each for each in wanted.values() if each != before.get(each.name)]
            self._database.execute_many(
                "INSERT OR REPLACE INTO properties (object_type, name, declaration) VALUES (?, ?, ?)",
                [
                    (stored(object_type), stored(each.name), json.dumps(as_json(each)))
                    for each in changed
                ],
            )
            self._declared.pop(object_type, None)
            self._database.execute_many(
                "DELETE FROM keys WHERE object_type = ? AND property = ?",
                [(stored(object_type), stored(each.name)) for each in changed],
            )
            self._add_keys(
                self._keys_of_records(object_type, [one for one in changed if one.unique])
            )

    def reset(self) -> None:
        """Remove all records and start their ids anew. Declared properties stay."""
        with self._forgotten_on_error(), self._database.atomic():
            self._database.rows("DELETE FROM keys")
            self._database.rows("DELETE FROM records")
            self._database.rows(
                "UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'", (FIRST_ID - 1,)
            )

    def _numbered(
        self, changes: Sequence[Change]
    ) -> tuple[list[int], dict[int, Change], dict[int, Change]]:
        ((last,),) = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'records'")
        ids: list[int] = []
        created: dict[int, Change] = {}
        changed: dict[int, Change] = {}
        for change in changes:
            if change.id is None:
                last += 1
                created[last] = change
            else:
                changed[change.id] = change
            ids.append(last if change.id is None else change.id)
        return ids, created, changed

    def _add_keys(self, keys: list[_Key]) -> None:
        count = self._database.execute_many(
            "INSERT OR IGNORE INTO keys (object_type, property, value, record) VALUES (?, ?, ?, ?)",
            [(*map(stored, key), record) for *key, record in keys],
        )
        if count == len(keys):
            return
        for object_type, property, value, record in keys:
            other = self.find(object_type, property, [value])[value]
            if other != record:
                raise StoreError(
                    f"records {other} and {record} of {object_type} share the value {value!r} of "
                    f"{property}, which must be unique"
                )

    def _keys_of_records(self, object_type: str, unique: list[Property]) -> list[_Key]:
        if not unique:
            return []
        rows = self._database.rows(
            "SELECT id, properties FROM records WHERE object_type = ? ORDER BY id",
            (stored(object_type),),
        )
        return [
            (object_type, each.name, key_of(each, value), id_)
            for id_, properties in rows
            for each in unique
            if isinstance(value := object_of(properties).get(each.name), str) and value
        ]

    def _read_properties(self, object_type: str) -> dict[str, Property]:
        rows = self._database.rows(
            "SELECT name, declaration FROM properties WHERE object_type = ? ORDER BY name",
            (stored(object_type),),
        )
        names = [(text_of(name), declaration) for name, declaration in rows]
        return {name: from_json(name, object_of(declaration)) for name, declaration in names}

    @contextmanager
    def _forgotten_on_error(self) -> Generator[None, None, None]:
        try:
            yield
        except BaseException:
            # What is undone may have been declared meanwhile.
            self._declared.clear()
            raise


def _bounded(number: int) -> int:
    return max(0, min(number, _LARGEST))
