"""The file that says what becomes of which column, for the next time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from .._properties.data import read_data, replace_file
from .._properties.declarations import PropertiesError
from .errors import BadInput

_EXPECTED = "a mapping of columns, as --save-mapping writes it"


@dataclass(frozen=True)
class ColumnMapping:
    """What becomes of which column.

    Attributes:
        columns: By column, the property that it becomes.
        skipped: The columns that are not sent.
        source: The file that it is read from, for messages.
    """

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    skipped: tuple[str, ...] = ()
    source: str = ""


def read_mapping(path: str, object_type: str) -> ColumnMapping:
    """Read a mapping that was saved, or that somebody wrote as YAML or JSON.

    Args:
        path: Its file.
        object_type: Whose properties the columns become.

    Raises:
        BadInput: It cannot be read, is no mapping, or is that of another object type.
    """
    try:
        content = read_data(path, _EXPECTED)
    except PropertiesError as error:
        raise BadInput(str(error)) from None
    known = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    columns, skipped = known.get("columns"), known.get("skip", [])
    if (
        not isinstance(columns, dict)
        or not isinstance(skipped, list)
        or known.keys() - {"object_type", "columns", "skip"}
        or not all(
            isinstance(each, str) and each for each in cast("dict[str, object]", columns).values()
        )
        or not all(isinstance(each, str) for each in cast("list[object]", skipped))
    ):
        raise BadInput(
            f"{path}: expected {_EXPECTED}: columns: {{First Name: firstname}}, skip: [Notes]"
        )
    theirs = known.get("object_type", object_type)
    if theirs != object_type:
        raise BadInput(f"{path}: is the mapping of {theirs}, and not of {object_type}")
    return ColumnMapping(
        cast("dict[str, str]", columns), tuple(cast("list[str]", skipped)), source=path
    )


def write_mapping(path: str, object_type: str, mapping: ColumnMapping) -> None:
    """Write a mapping: as JSON, which is YAML as well, one column a line.

    Raises:
        BadInput: It cannot be written.
    """
    content = {
        "object_type": object_type,
        "columns": dict(mapping.columns),
        "skip": list(mapping.skipped),
    }
    try:
        replace_file(Path(path), json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise BadInput(f"{path}: it cannot be written: {error.strerror or error}") from None
