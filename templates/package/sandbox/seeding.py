"""Records that a sandbox is given, from a file or a program, without a request of the API."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from .._properties.files import ANY_TYPE
from .._properties.property import InvalidValue, Property, check_value, key_of, problem_of
from .account import Account
from .errors import SandboxError, brief, hint
from .store import Change

_SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson")


def seed(account: Account, asked: str, source: str | Path | Iterable[Mapping[str, Any]]) -> int:
    """Create records, or change those that have the same value of a unique property: all, or none.

    Values are checked as those of requests are, but read-only ones may be given. Limits, faults and the
    log of requests know nothing of it.

    Args:
        account: What they are written to.
        asked: Their object type.
        source: The records, each its values by property; or a file of them: CSV, JSON or JSON Lines. Empty
            cells of a CSV file and null are no values.

    Returns:
        How many records they were.

    Raises:
        SandboxError: The file cannot be read, or a record is wrong; the message says which.
        StoreError: The database cannot be written.
    """
    label = account.label_of(asked)
    if isinstance(source, str | Path):
        placed = _read(Path(source))
    else:
        placed = ((f"record {number}", one) for number, one in enumerate(source, start=1))
    with account.store.transaction():
        count = 0
        for place, values in placed:
            count += 1
            try:
                account.store.write([_change(account, label, values)], account.clock.text())
            except SandboxError as error:
                raise SandboxError(f"{place}: {error}") from error
    return count


def seed_of(text: str) -> tuple[str, str]:
    """Read `TYPE=FILE`.

    Raises:
        SandboxError: That is none.
    """
    object_type, _, file = text.partition("=")
    if not object_type or not file:
        raise SandboxError(f"records to begin with must be TYPE=FILE; got {text!r}")
    return object_type, file


def _change(account: Account, label: str, values: object) -> Change:
    store = account.store
    if not isinstance(values, Mapping):
        raise SandboxError(f"a record is an object of values by property; got {brief(values)}")
    given = {
        str(name): _text(str(name), value)
        for name, value in cast("Mapping[object, object]", values).items()
        if value is not None
    }
    known = store.in_use(label)
    unknown = [name for name in given if name not in known]
    if "" in unknown or (unknown and not account.options.create_properties):
        raise SandboxError(
            f"{label} has no property {unknown[0]!r}; {hint(unknown[0], list(known))}"
        )
    if unknown:
        store.declare(label, map(Property, unknown))
        known = store.in_use(label)
    checked = {name: _checked(account, label, known[name], text) for name, text in given.items()}
    unique = {name: one for name, one in known.items() if one.unique}
    owners = {
        owner
        for name in unique.keys() & checked.keys()
        for owner in store.find(label, name, [key_of(unique[name], checked[name])]).values()
    }
    if len(owners) > 1:
        raise SandboxError("several records have its unique values; give those of one")
    owner = next(iter(owners), None)
    before = {} if owner is None else store.read([owner])[owner].properties
    after = {name: value for name, value in {**before, **checked}.items() if value}
    keys = {name: key_of(unique[name], after[name]) for name in unique.keys() & after.keys()}
    return Change(label, after, keys, owner)


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    # No number here can hold one such as 1e400.
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    raise SandboxError(f"{name} must be a text, a number or true or false; got {brief(value)}")


def _checked(account: Account, label: str, declared: Property, text: str) -> str:
    rules = account.contract.property_rules
    known = rules.get(label, rules[ANY_TYPE])
    writable = replace(declared, read_only=False, calculated=False)
    checked = check_value(writable, text, longest_text=known.longest_text)
    if isinstance(checked, InvalidValue):
        raise SandboxError(f"{declared.name}: {problem_of(checked, known)[1]}")
    return checked


def _read(file: Path) -> Iterator[tuple[str, object]]:
    """Yield the records of a file, each with its place."""
    if file.suffix.lower() not in _SUFFIXES:
        raise SandboxError(f"{file}: expected a file that ends in {', '.join(_SUFFIXES)}")
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise SandboxError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeError:
        raise SandboxError(f"{file}: is not encoded in UTF-8") from None
    match file.suffix.lower():
        case ".csv":
            yield from _rows(file, text)
        case ".json":
            records = _json(f"{file}", text)
            if not isinstance(records, list):
                raise SandboxError(f"{file}: expected a list of records; got {brief(records)}")
            for number, one in enumerate(cast("list[object]", records), start=1):
                yield f"{file}: record {number}", one
        case _:
            for number, line in enumerate(text.split("\n"), start=1):
                if line.strip():
                    yield f"{file}:{number}", _json(f"{file}:{number}", line)


def _rows(file: Path, text: str) -> Iterator[tuple[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = Counter(reader.fieldnames or ())
        repeated = [name for name, count in names.items() if name and count > 1]
        if repeated:
            raise SandboxError(f"{file}:1: the column {repeated[0]!r} stands there more than once")
        for row in reader:
            place = f"{file}:{reader.line_num}"
            # Cells beyond the header have no name, and those that are missing no value.
            if None in row:
                raise SandboxError(f"{place}: there are more cells than names in the header")
            yield place, {name: cell for name, cell in row.items() if cell}
    except csv.Error as error:
        raise SandboxError(f"{file}:{reader.line_num + 1}: is no CSV: {error}") from None


def _json(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"{place}: is no JSON: {error}") from None
