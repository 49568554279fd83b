"""What is a record, and what is an iterable of records.

Libraries are recognized by what their types can do, and never imported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any, cast

_ROWS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("to_dicts",), "iter_rows(named=True)"),
    (("collect", "lazy"), "collect().iter_rows(named=True)"),
    (("to_pylist",), "to_pylist()"),
    (("iterrows", "to_dict"), 'to_dict("records")'),
    (("iterrows", "compute"), 'compute().to_dict("records")'),
    (("toLocalIterator",), "toLocalIterator()"),
)
"""What the types of tables can do, and what gives the rows of such a table: of polars, its lazy frames,
pyarrow, pandas and what follows it, Dask, and Spark."""


class UnsupportedRecord(ValueError):
    """What was given for a record is none. The message says what it may be."""


def mapping_of(record: object) -> Mapping[str, Any]:
    """Give a record as a mapping from names to values.

    Args:
        record: A mapping; a named tuple, a data class, a model of pydantic; or what has `keys` and is
            indexed by them, such as `sqlite3.Row`; or a row of SQLAlchemy, pandas or Spark.

    Returns:
        The mapping itself, or a new one.

    Raises:
        UnsupportedRecord: It is none of these, or cannot be read.
    """
    if isinstance(record, (dict, Mapping)):
        return cast("Mapping[str, Any]", record)
    kind = type(record)
    if not _is_record(kind):
        rows = _rows_of(kind)
        hint = f", whose rows {rows} gives" if rows else ""
        raise UnsupportedRecord(
            "a record must be a mapping from names to values, and this is of type "
            f"{kind.__name__}{hint}"
        )
    given: Any = record
    try:
        if hasattr(kind, "model_dump"):
            return cast("Mapping[str, Any]", given.model_dump())
        if dataclasses.is_dataclass(kind):
            return {each.name: getattr(given, each.name) for each in dataclasses.fields(kind)}
        if hasattr(kind, "_asdict"):
            return cast("Mapping[str, Any]", given._asdict())
        if hasattr(kind, "asDict"):
            return cast("Mapping[str, Any]", given.asDict())
        return dict(given)
    except Exception as error:
        raise UnsupportedRecord(f"the record cannot be read: {error}") from None


def iterate(records: object) -> Iterator[Mapping[str, Any]]:
    """Begin to iterate over records.

    Args:
        records: The records.

    Raises:
        TypeError: It is no iterable, or would give something else than records. The message says what
            to give instead.
    """
    kind = type(records)
    rows = _rows_of(kind)
    if rows is not None:
        raise TypeError(
            f"records must be an iterable of mappings, and a {kind.__name__} gives something else than "
            f"its rows; give {rows} of it"
        )
    # Most of these can be iterated over, and give no records; a data class that can be is meant to.
    is_source = dataclasses.is_dataclass(kind) and hasattr(kind, "__iter__")
    is_text = isinstance(records, (str, bytes, bytearray))
    if is_text or isinstance(records, Mapping) or (_is_record(kind) and not is_source):
        raise TypeError(
            "records must be an iterable of mappings, such as a list of dicts; for a single "
            "record, give a list with that record"
        )
    if not isinstance(records, Iterable):
        told = "None" if records is None else f"of type {kind.__name__}"
        is_asynchronous = isinstance(records, AsyncIterable)
        hint = "; an asynchronous iterable needs an asynchronous client" if is_asynchronous else ""
        raise TypeError(
            f"records must be an iterable of mappings, such as a list of dicts, and not {told}{hint}"
        )
    return iter(cast("Iterable[Mapping[str, Any]]", records))


def _is_record(kind: type) -> bool:
    """Tell whether a type is one of records, but for mappings."""
    if hasattr(kind, "__dataclass_fields__"):
        return True
    if _rows_of(kind) is not None:
        return False
    return any(hasattr(kind, name) for name in ("model_dump", "_asdict", "asDict")) or (
        hasattr(kind, "keys") and hasattr(kind, "__getitem__")
    )


def _rows_of(kind: type) -> str | None:
    """Say what gives the rows of a table; None if the type is none of tables."""
    for names, rows in _ROWS:
        if all(hasattr(kind, name) for name in names):
            return rows
    return None
