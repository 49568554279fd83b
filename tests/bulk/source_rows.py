"""The rows of a file as the command reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from package._cli.errors import BadInput
from package._cli.rows import Row
from package._cli.source import open_source


def rows_of(path: Path | str, **options: Any) -> list[Row]:
    with open_source(str(path), **options) as source:
        return list(source)


def values_of(path: Path | str, **options: Any) -> list[dict[str, Any]]:
    return [row.values for row in rows_of(path, **options)]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def bad_rows(path: Path | str, **options: Any) -> list[tuple[int, str | None, str]]:
    """The lines, texts and problems of the rows that cannot be read."""
    rows = rows_of(path, **options)
    return [(row.line, row.text, row.problem) for row in rows if row.problem is not None]


def refusal(path: Path | str, **options: Any) -> str:
    with pytest.raises(BadInput) as raised:
        rows_of(path, **options)
    message = str(raised.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")
