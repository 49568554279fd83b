"""From rows of a file to records of the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeAlias

from .problems import BadInput, nearest
from .source import Row, Source

PROBLEM_COLUMNS = tuple(
    f"rejected: {what}" for what in ("line", "status", "property", "code", "message")
)
"""The columns that a file of rejected records has besides its own. They are never sent."""

_LOOKED_AT = 100
"""How many rows tell which columns there are, where there is no header."""
_REMEMBERED = 1000

Plan: TypeAlias = tuple[tuple[str, str], ...]
"""Columns and the properties that they become."""


class SourceRecord(dict[str, Any]):
    """A record that knows where it comes from.

    Attributes:
        row: The row of the file.
    """

    __slots__ = ("row",)

    def __init__(self, values: Mapping[str, Any], row: Row) -> None:
        super().__init__(values)
        self.row = row


class Mapper:
    """Decides what becomes of each column.

    Args:
        renamed: By column, the property that it becomes. A column that is not named keeps its name.
        only: The columns that are sent; all if it is empty.
        skipped: Columns that are not sent.
        clears: Whether an empty text is sent, which clears a property, or left out.
    """

    def __init__(
        self,
        renamed: Mapping[str, str],
        *,
        only: Iterable[str] = (),
        skipped: Iterable[str] = (),
        clears: bool = True,
    ) -> None:
        self._renamed = dict(renamed)
        self._only = frozenset(only)
        self._skipped = frozenset(skipped)
        self._clears = clears
        self._plans: dict[tuple[str, ...], Plan] = {}

    def records(self, source: Source, id_property: str | None) -> Iterator[SourceRecord]:
        """Give the records of a file. Columns are checked at once, and rows as they are read.

        Args:
            source: The file.
            id_property: The property that must be among those that are sent; None for none.

        Raises:
            BadInput: A column that was named does not exist, two columns become the same property, or
                none becomes the id property.
        """
        rows = iter(source)
        first = [] if source.columns is not None else list(islice(rows, _LOOKED_AT))
        columns = source.columns or tuple(
            dict.fromkeys(name for row in first for name in row.values)
        )
        if source.columns is not None or first:
            self._check(source, columns, id_property)
        return self._mapped(source, chain(first, rows))

    def _mapped(self, source: Source, rows: Iterable[Row]) -> Iterator[SourceRecord]:
        for row in rows:
            values = row.values
            names = tuple(values)
            plan = self._plans.get(names)
            if plan is None:
                plan = self._plan(source, names, f"{source.name}: line {row.line}")
                if len(self._plans) < _REMEMBERED:
                    self._plans[names] = plan
            if self._clears:
                record = {name: values[column] for column, name in plan}
            else:
                record = {name: values[column] for column, name in plan if values[column] != ""}
            yield SourceRecord(record, row)

    def _check(self, source: Source, columns: tuple[str, ...], id_property: str | None) -> None:
        known = [column for column in columns if column not in PROBLEM_COLUMNS]
        for option, names in (
            ("--map", self._renamed),
            ("--only", self._only),
            ("--skip", self._skipped),
        ):
            for name in sorted(set(names) - set(columns)):
                where = "" if source.columns is not None else f" in the first {_LOOKED_AT} records"
                raise BadInput(
                    f"{source.name}: {option} names {name!r}, and there is no such column{where}"
                    f"{nearest(name, known) or f'; there are {_shown(known)}'}"
                )
        properties = [name for _, name in self._plan(source, columns, source.name)]
        if id_property is not None and id_property not in properties:
            near = nearest(id_property, known)
            raise BadInput(
                f"{source.name}: no column becomes the id property {id_property!r}; name it with "
                f"--map 'COLUMN={id_property}'{near or f'; there are {_shown(known)}'}"
            )

    def _plan(self, source: Source, columns: tuple[str, ...], where: str) -> Plan:
        plan: dict[str, str] = {}
        for column in columns:
            if column in PROBLEM_COLUMNS or column in self._skipped:
                continue
            if self._only and column not in self._only:
                continue
            name = self._renamed.get(column, column)
            if name in plan:
                raise BadInput(
                    f"{where}: the columns {plan[name]!r} and {column!r} both become {name!r}; "
                    "leave one out with --skip"
                )
            plan[name] = column
        return tuple((column, name) for name, column in plan.items())


def parse_mappings(texts: Iterable[str]) -> dict[str, str]:
    """Read what was given with `--map`.

    Args:
        texts: Each a column, an equals sign, and the property that it becomes.

    Raises:
        BadInput: One has another form, or names a column that another one names.
    """
    mappings: dict[str, str] = {}
    for text in texts:
        # From the right: names of columns are free, those of properties hold no equals sign.
        column, _, name = text.rpartition("=")
        column, name = column.strip(), name.strip()
        if not (column and name):
            raise BadInput(f"--map must be COLUMN=PROPERTY, such as 'E-Mail=email'; got {text!r}")
        if column in mappings:
            raise BadInput(f"--map names the column {column!r} twice")
        mappings[column] = name
    return mappings


def _shown(names: list[str], most: int = 10) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"
