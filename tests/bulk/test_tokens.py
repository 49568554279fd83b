"""Bulk upserts send what meets a security scheme, and what they write does not hold it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package._runtime.security import BASIC, BEARER, SecurityScheme

from tests.bulk.contacts import OPERATION
from tests.bulk.server import AsyncClient, Client, Upserter
from tests.servers import TOKEN

SCHEMES = {
    "bearer": BEARER,
    "basic": BASIC,
    "own": replace(BEARER, prefix="Own"),
    "key": SecurityScheme("key", "header", "X-Api-Key"),
    "cookie": SecurityScheme("session", "cookie", "session"),
    "query": SecurityScheme("legacy", "query", "key"),
}
PASSWORD = f"user:{TOKEN}"
ENCODED = base64.b64encode(PASSWORD.encode())[4:-4]


@pytest.mark.parametrize("name", SCHEMES)
def test_neither_journal_nor_report_nor_outcomes_hold_a_token(
    name: str, upserter: Upserter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in (Client, AsyncClient):
        monkeypatch.setattr(client, "_SCHEMES", (SCHEMES[name],))
    upserter.server.faults = ["429", "before", "400"]
    report = upserter.upsert(
        [{"email": f"{number}@x.example", "firstname": "Ada"} for number in range(7)],
        token=PASSWORD if name == "basic" else TOKEN,
        journal=tmp_path / "journal",
        state=tmp_path / "state",
    )
    assert report.records == 7
    report.write_html(tmp_path / "report.html")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written
    for shown in (written, str(report).encode(), repr(report).encode()):
        assert TOKEN.encode() not in shown
        assert ENCODED not in shown


def test_a_token_that_is_missing_is_told_before_a_record_is_read(
    upserter: Upserter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in (Client, AsyncClient):
        monkeypatch.setattr(client, "_SCHEMES", (BEARER, SCHEMES["key"]))
    read: list[int] = []

    def records() -> Iterator[Any]:
        read.append(1)
        yield {"email": "1@x.example"}

    monkeypatch.setitem(OPERATION.__dict__, "security", (("key", "bearer"),))
    with pytest.raises(ValueError, match="needs a token for 'key' with 'bearer'"):
        upserter.upsert(records(), token={"key": TOKEN})
    assert read == []
