"""Keys: by which fields of a record it is found, where it does not name a property for that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ..._runtime.roles import Roles
from ..._runtime.ways import dig


class Key(NamedTuple):
    """What finds a record.

    Attributes:
        name: What the field is called among the values of the record.
        text: Its value, as it is compared.
        value: Its value, as it was sent.
    """

    name: str
    text: str
    value: str


@dataclass(frozen=True)
class Keys:
    """The fields that find records.

    Attributes:
        ways: Ways to them, the first of which that a record has is its key.
        properties: The way to the object that holds the values of a record; None if it does itself.
        case_insensitive: Those whose values compare without case.
    """

    ways: tuple[str, ...]
    properties: str | None
    case_insensitive: tuple[str, ...]

    def of(self, one: Mapping[str, Any]) -> Key | None:
        """Return the key of an input; None if it has none."""
        for way in self.ways:
            value = dig(one, way)
            if value not in (None, ""):
                name = self._name(way)
                return Key(name, self._text(name, value), _text(value))
        return None

    def values(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept of an input."""
        if self.properties is None:
            return dict(one)
        held = dig(one, self.properties)
        values = dict(cast("Mapping[str, Any]", held)) if isinstance(held, dict) else {}
        beside = {way: dig(one, way) for way in self.ways if self._name(way) == way}
        return {**{way: value for way, value in beside.items() if value is not None}, **values}

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return the keys among the values of a record, as they are compared, by their names."""
        named = {name: values.get(name, dig(values, name)) for name in map(self._name, self.ways)}
        return {
            name: self._text(name, value)
            for name, value in named.items()
            if value not in (None, "")
        }

    def _name(self, way: str) -> str:
        return way if self.properties is None else way.removeprefix(f"{self.properties}.")

    def _text(self, name: str, value: object) -> str:
        text = _text(value)
        return text.casefold() if name in self.case_insensitive else text


def keys_of(roles: Roles, named: object) -> Keys:
    """Return which fields find the records of a request.

    Args:
        roles: Which fields play which part.
        named: The fields that the request names for that, if it does: a list of them, or a text in which
            commas stand between them.
    """
    texts = named.split(",") if isinstance(named, str) else named
    given = cast("list[object]", texts) if isinstance(texts, list) else []
    ways = tuple(one.strip() for one in given if isinstance(one, str) and one.strip())
    if not ways:
        ways = (roles.key, *roles.alternative_keys)
    return Keys(ways, roles.properties, roles.case_insensitive)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
