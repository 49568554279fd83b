"""Discriminators: which of their values select which body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from upsertgen.errors import quoted
from upsertgen.ir.reader import Reader, body_key
from upsertgen.ir.tree import Direction, EnumerationType, Field, Model
from upsertgen.spec_text import SpecText
from upsertgen.specs.openapi import SCHEMAS
from upsertgen.specs.references import DanglingReference, Node


@dataclass(frozen=True)
class _Selection:
    """That values of a field select a body.

    Attributes:
        body: The key of the body.
        field: The name of the field.
        place: The schema of the body.
        values: The values; none for those that the body itself says, or its name.
        if_declared: Whether that counts only for a body that declares the field.
    """

    body: str
    field: str
    place: Node
    values: tuple[str, ...]
    if_declared: bool


class Discriminators:
    """Collects which values select which body, and closes the fields that hold them.

    Args:
        reader: Follows `$ref`s, and notes what is wrong.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._selections: list[_Selection] = []
        self._told: set[tuple[str, str]] = set()

    def mapping(self, node: Node, direction: Direction) -> dict[str, tuple[str, ...]]:
        """Return which values the mapping of a discriminator has for which schema, by the key of its body."""
        mapped: dict[str, tuple[str, ...]] = {}
        for value, reference in (node.value["discriminator"].get("mapping") or {}).items():
            if "/" not in reference and "#" not in reference:
                reference = f"{SCHEMAS}{reference}"
            specs = self._reader.specs
            try:
                target = specs.follow(specs.target(node.document, reference))
            except DanglingReference as error:
                place = node.child("discriminator", "mapping", value)
                expected = "a schema of the specs folder"
                self._reader.problem(place, error.wrong, expected, error.mend)
                continue
            key = body_key(target, direction)
            mapped[key] = (*mapped.get(key, ()), value)
        return mapped

    def select(
        self,
        body: str,
        field: str,
        place: Node,
        values: tuple[str, ...],
        *,
        if_declared: bool = False,
    ) -> None:
        """Note that a body is selected by values of a field.

        Args:
            body: The key of the body.
            field: The name of the field.
            place: The schema of the body.
            values: The values, or none where nothing but the body and its name say them.
            if_declared: Whether that counts only for a body that declares the field.
        """
        self._selections.append(_Selection(body, field, place, values, if_declared))
        self._told.add((body, field))

    def leave_open(self, body: str, field: str) -> None:
        """Note that a body stands for all whose values of a field select no other one."""
        self._told.add((body, field))

    def tells(self, body: str, field: str) -> bool:
        """Return whether it is known already by which values of a field a body is selected."""
        return (body, field) in self._told

    def close(self, bodies: dict[str, Model]) -> None:
        """Give each body that is selected, once all schemas have been read, its values and no others."""
        selected: dict[tuple[str, str], dict[str, None]] = {}
        for one in self._selections:
            declared = {field.wire_name.raw for field in bodies[one.body].fields}
            if one.if_declared and one.field not in declared:
                continue
            # A body of two unions may be called differently in each.
            values = one.values or tuple(self._implied(one, bodies[one.body]))
            selected.setdefault((one.body, one.field), {}).update(dict.fromkeys(values))
        for (key, name), selecting in selected.items():
            closed = EnumerationType(tuple(map(SpecText, selecting)), is_open=False)
            tagged = Field(SpecText(name), "", closed, True)
            body = bodies[key]
            fields = [
                (
                    replace(one, type=closed, required=True, default=None)
                    if one.wire_name.raw == name
                    else one
                )
                for one in body.fields
            ]
            if all(one.wire_name.raw != name for one in fields):
                fields.append(tagged)
            bodies[key] = replace(body, fields=tuple(fields))

    def _implied(self, selection: _Selection, body: Model) -> Iterator[str]:
        """Yield the values that select a body that no mapping names: its only one, or what it is called."""
        known: list[str] = []
        for field in body.fields:
            if field.wire_name.raw == selection.field and isinstance(field.type, EnumerationType):
                known = [one.raw for one in field.type.values if isinstance(one, SpecText)]
        section, name = selection.place.pointer[-2:]
        is_named = section in ("schemas", "$defs")
        if len(known) == 1 or (known and not is_named):
            yield from known
        elif is_named:
            yield str(name)
        else:
            self._reader.problem(
                selection.place,
                f"no value of the discriminator {quoted(selection.field)} selects this alternative",
                "a $ref to a schema, whose name or mapping selects it",
                "define it under components.schemas",
            )
