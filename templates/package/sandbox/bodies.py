"""Bodies of success: what schemas require of them, and where ways lead in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, cast

from .._runtime.ways import steps_of
from .contract import Contract


def lay(body: Any, way: str, value: object) -> Any:
    """Put a value at the end of a way, and make what is not there yet: objects, and lists for numbers.

    Args:
        body: Where the way begins; what is in the way there is replaced.
        way: The way.
        value: The value.

    Returns:
        The body, or the value if the way goes nowhere.
    """
    steps = steps_of(way)
    if len(steps) == 1 and isinstance(body, dict):  # As nearly always.
        cast("dict[str, Any]", body)[way] = value
        return cast("dict[str, Any]", body)
    return _laid(body, steps, value)


def _laid(holder: Any, steps: tuple[str, ...], value: object) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step.isdecimal() and not isinstance(holder, dict):
        items: list[Any] = [*holder] if isinstance(holder, list) else []
        index = min(int(step), len(items))
        items[index : index + 1] = [
            _laid(items[index] if index < len(items) else None, rest, value)
        ]
        return items
    fields = cast("dict[str, Any]", holder) if isinstance(holder, dict) else {}
    fields[step] = _laid(fields.get(step), rest, value)
    return fields


class Bodies:
    """Completes bodies by the schemas of a contract. The time is in ISO 8601."""

    def __init__(self, contract: Contract, now: str) -> None:
        self._contract = contract
        self._now = now

    def complete(
        self, schema: Any, given: dict[str, Any], source: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return an object with the fields that its schema requires.

        Args:
            schema: The JSON Schema of the object.
            given: The fields that are known.
            source: Where the others come from, by their name; what is not there is made up from its type.
        """
        resolved = self._contract.resolved(schema)
        fields: Mapping[str, Any] = resolved.get("properties", {})
        required = resolved.get("required", ())
        added = {
            name: self._value(fields[name], source.get(name))
            for name in (fields if source else required)
            if name not in given and name in fields and (name in source or name in required)
        }
        return {**given, **added}

    def fields(self, schema: Any) -> Collection[str]:
        """Return the names of the fields that an object's schema declares."""
        fields: Mapping[str, Any] = self._contract.resolved(schema).get("properties", {})
        return fields.keys()

    def items(self, schema: Any, way: str) -> Any:
        """Return the schema of what a list, or an object by name, holds at the end of a way."""
        held = self.at(schema, way)
        return held.get("items") or _schema(held.get("additionalProperties"))

    def at(self, schema: Any, way: str) -> Mapping[str, Any]:
        """Return the schema at the end of a way; an empty one if it leads nowhere."""
        found = self._contract.resolved(schema or {})
        for step in steps_of(way):
            below: Any = found.get("properties", {}).get(step)
            if below is None and step.isdecimal():
                below = found.get("items")
            found = self._contract.resolved(below or {})
        return found

    def filled(self, schema: Any, value: Any) -> Any:
        """Return a value with all that its schema requires, at any depth."""
        resolved = self._contract.resolved(schema or {})
        if isinstance(value, list):
            items = resolved.get("items", {})
            return [self.filled(items, one) for one in cast("list[object]", value)]
        if not isinstance(value, dict):
            return value
        fields = self.complete(resolved, cast("dict[str, Any]", value), {})
        declared: Mapping[str, Any] = resolved.get("properties", {})
        others = _schema(resolved.get("additionalProperties"))
        return {name: self.filled(declared.get(name, others), one) for name, one in fields.items()}

    def _value(self, schema: Any, value: Any) -> Any:
        resolved = self._contract.resolved(schema)
        match resolved.get("type"):
            case "array":
                items = cast("list[object]", value) if isinstance(value, list) else []
                return [self._value(resolved.get("items", {}), one) for one in items]
            case "object" if "properties" in resolved:
                inner: Mapping[str, Any] = (
                    cast("dict[str, Any]", value) if isinstance(value, dict) else {}
                )
                return self.complete(resolved, {}, {**inner, "properties": inner} if inner else {})
            case "object":
                pairs = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
                return {name: str(one) for name, one in pairs.items() if name != "properties"}
            case _:
                return self._scalar(resolved, value)

    def _scalar(self, schema: Mapping[str, Any], value: Any) -> Any:
        if "enum" in schema:
            return schema["enum"][0] if value is None else value
        match schema.get("type"), schema.get("format"):
            case "string", "date-time":
                made_up: Any = self._now
            case "string", "date":
                made_up = self._now[:10]
            case "string", "uuid":
                made_up = str(uuid.uuid4())
            case "string", _:
                # An id most likely, so no two are the same.
                return str(uuid.uuid4().int % 10**12 if value is None else value)
            case "integer", _:
                return int(value or 0)
            case "number", _:
                made_up = 0
            case "boolean", _:
                return bool(value)
            case _:
                made_up = None
        return made_up if value is None else value


def _schema(schema: Any) -> Any:
    return cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}
