"""Reading Parquet files: their values, how much is read at once, and what is wrong with them."""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from package._cli.rows import Row
from package._cli.source import open_source

from tests.bulk.source_rows import refusal, rows_of, written


def parquet(path: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    arrow: Any = import_module("pyarrow")
    module: Any = import_module("pyarrow.parquet")
    module.write_table(arrow.table(columns), path, **options)
    return path


def test_parquet(tmp_path: Path) -> None:
    first: dict[str, Any] = {
        "email": "a@x",
        "count": 1,
        "price": Decimal("1.50"),
        "day": date(2026, 1, 2),
        "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "tags": ["a", "b"],
    }
    second: dict[str, Any] = {**dict.fromkeys(first), "email": "b@x", "tags": []}
    path = parquet(tmp_path / "a.parquet", {name: [first[name], second[name]] for name in first})
    with open_source(str(path)) as source:
        assert source.columns == tuple(first)
        assert list(source) == [Row(1, first), Row(2, second)]


def test_parquet_is_read_bit_by_bit(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"n": list(range(50_000))}, row_group_size=5_000)
    with open_source(str(path)) as source:
        assert source.fraction() == 0
        rows = iter(source)
        assert [row.values["n"] for row in itertools.islice(rows, 5)] == [0, 1, 2, 3, 4]
        assert source.fraction() == 5 / 50_000
        assert sum(1 for _ in rows) == 49_995
        assert source.fraction() == 1


def test_a_value_of_parquet_that_cannot_be_read_leaves_the_other_rows(tmp_path: Path) -> None:
    arrow: Any = import_module("pyarrow")
    columns = {
        "name": arrow.array([b"Zo\xeb", b"Ada", b"Bob", b"Eve"], arrow.binary()).view(
            arrow.string()
        ),
        "since": arrow.array([1, 2**61, 1, 1], arrow.timestamp("ms", "UTC")),
        "day": arrow.array([1, 1, 2**30, 1], arrow.date32()),
    }
    path = parquet(tmp_path / "a.parquet", columns)
    rows = rows_of(path)
    assert [(row.problem or "").partition(" cannot be read: ")[0] for row in rows] == [
        *("the value of 'name'", "the value of 'since'", "the value of 'day'", ""),
    ]
    assert rows[0].values["name"] == {"cannot be sent": "Zo\\xeb"}
    assert (rows[0].values["day"], rows[3].values["name"]) == (date(1970, 1, 2), "Eve")


def test_parquet_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # None in this table makes importing fail as it does for what is not installed.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = refusal(written(tmp_path / "a.parquet", b""))
    assert message.startswith("pyarrow is needed and not installed; install it with: pip install '")
    assert message.endswith("[cli,parquet]'")
