"""Object types and their properties, as the emitted module needs them."""

from __future__ import annotations

from dataclasses import dataclass

from upsertgen.spec_text import SpecText

MODULE_NAMES = (
    *("BoolValue", "DateValue", "DatetimeValue", "EmailValue", "KeyValue", "NumberValue"),
    *("OneOf", "Several", "TextValue", "KEYS", "READ_ONLY", "WRITABLE"),
)
"""What the emitted module defines besides classes."""
NAMES_SUFFIX = "Names"
"""What the name of a class ends with that holds the properties whose names no class can have."""


@dataclass(frozen=True)
class Property:
    """A property of an object type.

    Attributes:
        name: Its name in the API.
        type: What its values are: `string`, `email`, `number`, `bool`, `date`, `datetime` or `enumeration`.
        label: What it is called for people; empty if nobody knows.
        unique: Whether no two records share a value.
        refused_key: Whether the API finds no records by it all the same.
        writable: Whether it is neither read-only, nor calculated, nor archived.
        archived: Whether it is in use no longer.
        multiple: Whether a value may hold several options.
        options: The options of an enumeration with their labels, in the order of the account; none if it
            takes anything.
    """

    name: SpecText
    type: str
    label: SpecText
    unique: bool
    refused_key: bool
    writable: bool
    archived: bool
    multiple: bool
    options: tuple[tuple[SpecText, SpecText], ...]

    @property
    def may_be_key(self) -> bool:
        """Whether records may be found by it, as far as its file tells."""
        return self.unique and self.writable and not self.refused_key


@dataclass(frozen=True)
class ObjectType:
    """An object type.

    Attributes:
        name: Its name or id, as its file has it.
        class_name: What its TypedDict is called.
        properties: Its properties, sorted by name.
        key: The property that each record has to hold; None if none is known to be the one.
        account: The account that its properties were read from, if its file says so.
    """

    name: SpecText
    class_name: str
    properties: tuple[Property, ...]
    key: SpecText | None
    account: SpecText | None

    @property
    def keys(self) -> tuple[SpecText, ...]:
        """The properties that a record may be found by: its key, and what else may be one."""
        others = [one.name for one in self.properties if one.may_be_key]
        chosen = [] if self.key is None else [self.key]
        return tuple(dict.fromkeys([*chosen, *others]))

    @property
    def in_class(self) -> tuple[Property, ...]:
        """The properties that records may hold: those that can be written, and the key."""
        return tuple(one for one in self.properties if one.writable or one.name == self.key)
