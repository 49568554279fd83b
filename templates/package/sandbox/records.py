"""Records, and how they stand in rows of the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from .database import Row, StoreError


@dataclass(frozen=True)
class Record:
    """A record as it is stored.

    Attributes:
        id: Its number, unlike that of any other record of whatever type.
        object_type: What it is.
        properties: Its values by property.
        created_at: When it was created, in ISO 8601.
        updated_at: When it was last written, in ISO 8601.
    """

    id: int
    object_type: str
    properties: dict[str, Any]
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Change:
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


def record_of(row: Row) -> Record:
    """Give the record of a row of the table `records`."""
    id_, object_type, properties, created_at, updated_at = row
    return Record(id_, text_of(object_type), object_of(properties), created_at, updated_at)


def object_of(text: str) -> dict[str, Any]:
    """Give what was stored as an object of JSON.

    Raises:
        StoreError: It is none; only another program can have written it.
    """
    try:
        value: object = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise StoreError("the database holds what the sandbox did not write; delete its file")
    return cast("dict[str, Any]", value)


def stored(text: str) -> str | bytes:
    """Give the form in which a text can be stored and compared."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON may hold half a surrogate pair, which SQLite's texts may not.
        return text.encode(errors="surrogatepass")
    return text


def text_of(value: str | bytes) -> str:
    """Give the text that was stored."""
    return value if isinstance(value, str) else value.decode(errors="surrogatepass")
