"""Properties to JSON and back, as small files declare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from .._runtime.suggestion import nearest
from ..errors import Documented
from .property import PROPERTY_TYPES, Property

NOTHING = (None, "", "~", "null")
"""How JSON and YAML, which is read without its types, write that there is nothing."""

_FIELDS = tuple(each.name for each in fields(Property) if each.name != "name")
_FLAGS = ("unique", "read_only", "calculated", "multiple", "archived")


class PropertiesError(Documented, ValueError, page="bulk"):
    """Properties cannot be read or used. The message is one line that says what, where and how to mend it."""


def as_json(declared: Property) -> dict[str, Any]:
    """Give a property, apart from its name, as an object of JSON that `from_json` reads.

    What is as usual is left out. Options are a list, or if they have labels an object of these.
    """
    found: dict[str, Any] = {}
    if declared.label:
        found["label"] = declared.label
    if declared.type != "string":
        found["type"] = declared.type
    found |= {name: True for name in _FLAGS if getattr(declared, name)}
    if declared.options:
        labelled = any(declared.options.values())
        found["options"] = dict(declared.options) if labelled else [*declared.options]
    return found


def from_json(name: str, declaration: object) -> Property:
    """Read the declaration of a property.

    Args:
        name: The name of the property.
        declaration: The other attributes of a `Property` that are not as they are by default; None if
            all are. Options are a list, or an object of their labels. Text may stand for a flag, because
            YAML can be read without its types.

    Returns:
        The property.

    Raises:
        ValueError: The declaration makes no sense. The message says what was expected.
    """
    if not name:
        raise ValueError("the name of a property is empty")
    if declaration in NOTHING:
        return Property(name)
    if not isinstance(declaration, Mapping):
        raise ValueError(f"expected fields such as {{unique: true}}, not {declaration!r}")
    known = cast("Mapping[object, object]", declaration)
    for each in known:
        if each not in _FIELDS:
            raise ValueError(f"unknown field {each!r}{_hint(each, _FIELDS)}")
    type_ = known.get("type", "string")
    if type_ not in PROPERTY_TYPES:
        raise ValueError(f"unknown type {type_!r}{_hint(type_, PROPERTY_TYPES)}")
    label = known.get("label", "")
    if not isinstance(label, str):
        raise ValueError(f"label must be text, not {label!r}")
    declared = Property(
        name,
        type=type_,
        label=label,
        options=_options(known.get("options", [])),
        **{flag: _flag(known, flag) for flag in _FLAGS},
    )
    if declared.type != "enumeration" and (declared.options or declared.multiple):
        raise ValueError("options and multiple belong to an enumeration; add type: enumeration")
    return declared


def properties_from_json(where: str, declarations: Mapping[str, object]) -> dict[str, Property]:
    """Read declarations of properties.

    Args:
        where: Where they stand, for messages.
        declarations: What `from_json` reads, by the names of the properties.

    Returns:
        The properties by their names.

    Raises:
        PropertiesError: One makes no sense.
    """
    properties: dict[str, Property] = {}
    for name, declaration in declarations.items():
        try:
            properties[name] = from_json(name, declaration)
        except ValueError as error:
            raise PropertiesError(f"{where}.{name}: {error}") from error
    return properties


def _hint(name: object, known: tuple[str, ...]) -> str:
    return nearest(str(name), known) or f"; expected one of {', '.join(known)}"


def _flag(fields: Mapping[object, object], name: str) -> bool:
    value = fields.get(name, False)
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {value!r}")
    return value


def _options(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        options = dict(cast("Mapping[object, object]", value))
    else:
        listed = cast("list[object]", value) if isinstance(value, list | tuple) else [None]
        try:
            options = dict.fromkeys(listed, "")
        except TypeError:
            options = {None: ""}
    if not all(isinstance(each, str) for pair in options.items() for each in pair):
        raise ValueError(
            "options must be a list of texts, such as [red, green], or labels by option, such as "
            f"{{red: Red}}, not {value!r}"
        )
    return cast("dict[str, str]", options)
