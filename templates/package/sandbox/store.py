"""What the sandbox remembers: records, the keys they are found by, and declared properties."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from .._properties.declarations import as_json, from_json
from .._properties.property import Property, key_of
from .database import FIRST_ID, FOREIGN, LARGEST_ID, TABLES, Database, Row
from .errors import StoreError

_PAGE = (
    "SELECT id, object_type, properties, created_at, updated_at, archived_at FROM records "
    "WHERE object_type = ? AND archived_at IS NULL AND id > ? ORDER BY id LIMIT ?"
)
_DECODED_AT_ONCE = 1000
_ARCHIVED_PAGE = _PAGE.replace("IS NULL", "IS NOT NULL")
_ARCHIVED_VALUES = (
    "SELECT json_each.value, records.id FROM records, json_each(records.properties) "
    "WHERE object_type = ? AND archived_at IS NOT NULL AND json_each.key = ? ORDER BY records.id"
)
_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'records'"
_SET_LAST_ID = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'"
_COPYING = (
    (
        "SELECT * FROM records",
        "DELETE FROM records",
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
    ),
    ("SELECT * FROM keys", "DELETE FROM keys", "INSERT INTO keys VALUES (?, ?, ?, ?)"),
    (
        "SELECT * FROM properties",
        "DELETE FROM properties",
        "INSERT INTO properties VALUES (?, ?, ?)",
    ),
)
"""For each table, what reads, clears and fills it."""

_Key: TypeAlias = tuple[str, str, str, int]
"""Object type, property, value and id of the record that has it."""


class Record(NamedTuple):
    """A record as it is stored.

    Attributes:
        id: Its number, unlike that of any other record of whatever type.
        object_type: What it is.
        properties: Its values by property.
        created_at: When it was created, in ISO 8601.
        updated_at: When it was last written, in ISO 8601.
        archived_at: When it was archived, in ISO 8601; None if it is in use.
    """

    id: int
    object_type: str
    properties: dict[str, Any]
    created_at: str
    updated_at: str
    archived_at: str | None = None


class Change(NamedTuple):
    """A record to write.

    Attributes:
        object_type: What it is.
        properties: All values that it has afterwards, by property.
        keys: All values of unique properties that it has afterwards, by property, as `key_of` gives
            them.
        id: The record to change, or None to create one.
    """

    object_type: str
    properties: dict[str, Any]
    keys: Mapping[str, str]
    id: int | None = None


@dataclass(frozen=True)
class _Known:
    """The properties of an object type by name: all, and those that are not archived."""

    all: Mapping[str, Property]
    in_use: Mapping[str, Property]


@dataclass(frozen=True, repr=False)
class Snapshot:
    """Records and declared properties as they were at a moment.

    Attributes:
        tables: The rows of each table of the database.
        last_id: The id that was given last.
    """

    tables: tuple[tuple[Row, ...], ...]
    last_id: int


class Store:
    """Records in SQLite. Any thread may use it, and any number of processes the same file.

    What is archived is not found by its unique properties any more, so that another record may have their
    values, and cannot be changed.

    Every method raises `StoreError` if the database fails, such as when it is locked for too long.

    Args:
        path: The file, which is made if it is not there; None keeps everything in memory.
        standard: Gives the properties of an object type that need not be declared.
        lock_timeout: Seconds to wait for other programs that write the same file.

    Raises:
        StoreError: The file cannot be used.
    """

    def __init__(
        self,
        path: Path | None = None,
        standard: Callable[[str], Mapping[str, Property]] = lambda _: {},
        *,
        lock_timeout: float = 10.0,
    ) -> None:
        self._database = Database(path, lock_timeout=lock_timeout)
        self._standard = standard
        self._known: dict[str, _Known] = {}
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

        Other threads and processes wait before they write, and see nothing of it until its end. Within a
        transaction of the same thread it is a part of that.
        """
        try:
            with self._database.transaction():
                yield
        except BaseException:
            # What is undone may have been declared meanwhile.
            self._known.clear()
            raise

    def rename(self, labels: Mapping[str, str]) -> None:
        """Keep object types under other names, where a file has them under old ones.

        Args:
            labels: By old name, the new one.

        Raises:
            StoreError: There are records or properties under both.
        """
        if not labels:
            return
        with self.transaction():
            kept = {
                table: {
                    one
                    for (one,) in self._database.rows(f"SELECT DISTINCT object_type FROM {table}")
                }
                for table in TABLES
            }
            every = set[object]().union(*kept.values())
            for old, label in labels.items():
                if {old, label} <= every:
                    raise StoreError(
                        f"the database holds {old} and {label}, which are one object type now: delete its "
                        "file, or what is there of one of them"
                    )
                for table in TABLES:
                    self._database.execute_many(
                        f"UPDATE {table} SET object_type = ? WHERE object_type = ?", [(label, old)]
                    )

    def find(self, object_type: str, property: str, keys: Collection[str]) -> dict[str, int]:
        """Return the ids of records by their values of a unique property, as `key_of` gives them."""
        rows = self._database.rows_among(
            "SELECT value, record FROM keys WHERE object_type = ? AND property = ? AND value IN",
            (object_type, property),
            keys,
        )
        return dict(rows)

    def find_archived(self, object_type: str, unique: Property) -> dict[str, int]:
        """Return the ids of archived records by their values of a unique property, as `key_of` gives them.

        Of several that had a value, it is the one that was created last.
        """
        rows = self._database.rows(_ARCHIVED_VALUES, (object_type, unique.name))
        return {key_of(unique, value): id_ for value, id_ in rows if value}

    def read(self, ids: Collection[int]) -> dict[int, Record]:
        """Return those records that there are, of whatever types, archived or not, by id."""
        rows = self._database.rows_among(
            "SELECT id, object_type, properties, created_at, updated_at, archived_at FROM records "
            "WHERE id IN",
            (),
            ids,
        )
        return {record.id: record for record in _records_of(rows)}

    def get(self, object_type: str, id: int) -> Record | None:
        """Read one record, or None if there is none in use of that type and id."""
        record = self.read([id]).get(id)
        if record is None or record.object_type != object_type or record.archived_at is not None:
            return None
        return record

    def page(
        self, object_type: str, after: int = 0, limit: int = 100, *, archived: bool = False
    ) -> list[Record]:
        """Return records in the order of their ids, behind a known one; fewer than the limit at the end.

        Args:
            object_type: What they are.
            after: The id behind which they begin.
            limit: The most records.
            archived: Whether to return those that are archived, in place of those in use.
        """
        rows = self._database.rows(
            _ARCHIVED_PAGE if archived else _PAGE, (object_type, after, limit)
        )
        return _records_of(rows)

    def each(self, object_type: str, *, archived: bool = False) -> Iterator[Record]:
        """Yield all records of a type as they are now, in the order of their ids."""
        rows = self._database.rows(
            _ARCHIVED_PAGE if archived else _PAGE, (object_type, 0, LARGEST_ID)
        )
        for start in range(0, len(rows), _DECODED_AT_ONCE):
            yield from _records_of(rows[start : start + _DECODED_AT_ONCE])

    def count(self, object_type: str) -> int:
        """Count the records of one type that are in use."""
        rows = self._database.rows(
            "SELECT count(*) FROM records WHERE object_type = ? AND archived_at IS NULL",
            (object_type,),
        )
        return int(rows[0][0])

    def counts(self) -> dict[str, int]:
        """Count the records in use of each type that has any."""
        rows = self._database.rows(
            "SELECT object_type, count(*) FROM records WHERE archived_at IS NULL GROUP BY object_type"
        )
        return dict(rows)

    def archive(self, object_type: str, ids: Collection[int], now: str) -> int:
        """Archive those of some records that there are and that are in use: all of them, or none.

        Returns:
            How many these were.
        """
        with self.transaction():
            count = self._database.execute_many(
                "UPDATE records SET archived_at = ? "
                "WHERE id = ? AND object_type = ? AND archived_at IS NULL",
                [(now, id_, object_type) for id_ in ids],
            )
            self._database.execute_many(
                "DELETE FROM keys WHERE record = ? AND object_type = ?",
                [(id_, object_type) for id_ in ids],
            )
        return count

    def write(self, changes: Sequence[Change], now: str) -> list[int]:
        """Create and change records: all of them, or none if an exception is raised.

        Values of unique properties may move from one of the records to another. If a record is
        changed twice, the later change counts.

        Returns:
            The ids of the records, in the order of the changes.

        Raises:
            StoreError: A record to change does not exist, or two would share a value of a unique
                property.
        """
        with self.transaction():
            ids, created, changed = self._numbered(changes)
            self._database.insert(
                "INSERT INTO records (id, object_type, properties, created_at, updated_at) VALUES",
                [
                    (id_, one.object_type, json.dumps(one.properties), now, now)
                    for id_, one in created.items()
                ],
            )
            count = self._database.execute_many(
                "UPDATE records SET properties = ?, updated_at = ? "
                "WHERE id = ? AND object_type = ? AND archived_at IS NULL",
                [
                    (json.dumps(one.properties), now, id_, one.object_type)
                    for id_, one in changed.items()
                ],
            )
            if count != len(changed):
                raise StoreError("a record to change does not exist; look it up before")
            keys = [
                (one.object_type, property, value, id_)
                for id_, one in (*created.items(), *changed.items())
                for property, value in one.keys.items()
            ]
            before = set(
                self._database.rows_among(
                    "SELECT object_type, property, value, record FROM keys WHERE record IN",
                    (),
                    changed,
                )
            )
            # Most keep their keys, and to look takes less time than to write them anew.
            self._database.execute_many(
                "DELETE FROM keys WHERE object_type = ? AND property = ? AND value = ? AND record = ?",
                before.difference(keys),
            )
            self._add_keys([key for key in keys if key not in before])
        return ids

    def properties(self, object_type: str) -> Mapping[str, Property]:
        """Give the properties of an object type by their names, sorted: standard ones, and those declared."""
        return self._properties_of(object_type).all

    def in_use(self, object_type: str) -> Mapping[str, Property]:
        """Give the properties of an object type that are not archived, by their names, sorted."""
        return self._properties_of(object_type).in_use

    def _properties_of(self, object_type: str) -> _Known:
        with self._database.lock:
            # This changes when another process writes.
            version = self._database.rows("PRAGMA data_version")
            if version != self._data_version:
                self._known.clear()
                self._data_version = version
            known = self._known.get(object_type)
            if known is None:
                declared = self._read_properties(object_type)
                every = dict(sorted({**self._standard(object_type), **declared}.items()))
                in_use = {name: one for name, one in every.items() if not one.archived}
                known = self._known[object_type] = _Known(every, in_use)
            return known

    def declared_types(self) -> list[str]:
        """Return the object types that have properties which were declared."""
        rows = self._database.rows("SELECT DISTINCT object_type FROM properties")
        return [object_type for (object_type,) in rows]

    def declare(self, object_type: str, properties: Iterable[Property]) -> None:
        """Add properties, or replace those of the same names: all of them, or none.

        Raises:
            StoreError: One would be unique, but two records share a value of it already.
        """
        wanted = {each.name: each for each in properties}
        # What stays the same, as on most starts, costs neither a lock nor a look at the records.
        if wanted.items() <= self.properties(object_type).items():
            return
        with self.transaction():
            before = self.properties(object_type)
            changed = [each for each in wanted.values() if each != before.get(each.name)]
            self._database.execute_many(
                "INSERT OR REPLACE INTO properties (object_type, name, declaration) VALUES (?, ?, ?)",
                [(object_type, each.name, json.dumps(as_json(each))) for each in changed],
            )
            self._known.pop(object_type, None)
            self._database.execute_many(
                "DELETE FROM keys WHERE object_type = ? AND property = ?",
                [(object_type, each.name) for each in changed],
            )
            self._add_keys(
                self._keys_of_records(object_type, [one for one in changed if one.unique])
            )

    def reset(self) -> None:
        """Remove all records and start their ids anew. Declared properties stay."""
        with self.transaction():
            self._database.rows("DELETE FROM keys")
            self._database.rows("DELETE FROM records")
            self._database.rows(_SET_LAST_ID, (FIRST_ID - 1,))

    def snapshot(self) -> Snapshot:
        """Return the records and declared properties as they are now."""
        with self.transaction():
            ((last,),) = self._database.rows(_LAST_ID)
            tables = tuple(tuple(self._database.rows(read)) for read, _, _ in _COPYING)
        return Snapshot(tables, last)

    def restore(self, snapshot: Snapshot) -> None:
        """Put the records and declared properties back as they were: all of them, or nothing."""
        with self.transaction():
            for (_, clear, add), rows in zip(_COPYING, snapshot.tables, strict=True):
                self._database.rows(clear)
                self._database.execute_many(add, rows)
            self._database.rows(_SET_LAST_ID, (snapshot.last_id,))
            self._known.clear()

    def _numbered(
        self, changes: Sequence[Change]
    ) -> tuple[list[int], dict[int, Change], dict[int, Change]]:
        ((last,),) = self._database.rows(_LAST_ID)
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
        count = self._database.insert(
            "INSERT OR IGNORE INTO keys (object_type, property, value, record) VALUES", keys
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
            "SELECT id, properties FROM records WHERE object_type = ? AND archived_at IS NULL "
            "ORDER BY id",
            (object_type,),
        )
        return [
            (object_type, each.name, key_of(each, value), id_)
            for id_, properties in rows
            for each in unique
            if isinstance(value := _object_of(properties).get(each.name), str) and value
        ]

    def _read_properties(self, object_type: str) -> dict[str, Property]:
        rows = self._database.rows(
            "SELECT name, declaration FROM properties WHERE object_type = ?",
            (object_type,),
        )
        return {name: from_json(name, _object_of(declaration)) for name, declaration in rows}


def _records_of(rows: Sequence[Row]) -> list[Record]:
    """Decode many rows, in a third of the time that one after the other takes."""
    try:
        decoded: list[dict[str, Any]] = json.loads(f"[{','.join(row[2] for row in rows)}]")
    except ValueError:
        decoded = []
    if len(decoded) != len(rows) or not all(type(one) is dict for one in decoded):
        return [_record_of(row) for row in rows]  # One of them cannot be read, and is named.
    return [
        Record(row[0], row[1], properties, row[3], row[4], row[5])
        for row, properties in zip(rows, decoded, strict=True)
    ]


def _record_of(row: Row) -> Record:
    id_, object_type, properties, *times = row
    return Record(id_, object_type, _object_of(properties), *times)


def _object_of(text: str) -> dict[str, Any]:
    try:
        value: object = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise StoreError(FOREIGN)
    return cast("dict[str, Any]", value)
