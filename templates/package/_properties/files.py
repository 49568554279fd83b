"""Reads and writes files of properties: small ones of one object type, listings, and mappings of types."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from .._runtime.roles import PropertyListing, PropertyRules
from .data import read_data, unreadable
from .declarations import NOTHING, PropertiesError, as_json, properties_from_json
from .property import PROPERTY_TYPES, Property

SUFFIXES = (".yaml", ".yml", ".json")
"""What the names of files of properties end with."""
_HEAD = ("object_type", "api_version", "account", "sensitive", "refused_keys")
_LISTS = ("sensitive", "refused_keys")
_LONGEST = 60
_REMEMBERED = 64
_NEW = 3_000_000_000
"""Nanoseconds in which a file may be written twice at the same time, by the clock of its file system."""


@dataclass(frozen=True)
class ObjectProperties:
    """The properties that objects of one type have.

    Attributes:
        object_type: The object type, by the name or id that it was asked for.
        properties: The properties by name.
        api_version: The API version that listed them, if it is known.
        account: The account that has them, if it is known.
        sensitive: Which sensitive ones were asked for as well, in the words of the API.
        source: The file that they are read from, for messages.
        is_complete: Whether the API listed them, so that there are no others.
        refused_keys: Those that cannot be a key although their values are unique, for programs that do not
            know the API.
    """

    object_type: str
    properties: Mapping[str, Property]
    api_version: str | None = None
    account: str | None = None
    sensitive: tuple[str, ...] = ()
    source: str = ""
    is_complete: bool = field(default=False, compare=False)
    refused_keys: tuple[str, ...] = ()


Rules: TypeAlias = Mapping[str, PropertyRules]
"""What is known of properties, by object type; that of `ANY_TYPE` holds for all others."""
ANY_TYPE = ""


def read_files(specs: Iterable[str | Path], rules: Rules) -> dict[str, ObjectProperties]:
    """Read properties from files of YAML or JSON.

    Args:
        specs: Each a file, or `TYPE=FILE` for the properties of one type, or a folder of such files. A
            file is one that `text_of` gives, a listing of the API, or a mapping of object types to
            properties, to listings, or to paths of such files, which are relative to it. A listing says
            nothing of its object type: it must be told, or in a folder be the file's name.
        rules: How listings look.

    Returns:
        The properties by object type. Where two files declare the same one, the later decides.

    Raises:
        PropertiesError: A file is missing, or what it says makes no sense.
    """
    found: dict[str, ObjectProperties] = {}
    for spec in specs:
        for each in _read(str(spec), rules):
            before = found.get(each.object_type)
            if before is not None:
                merged = {**before.properties, **each.properties}
                complete = before.is_complete or each.is_complete
                each = replace(each, properties=merged, source="", is_complete=complete)
            found[each.object_type] = each
    return found


Aliases: TypeAlias = Mapping[str, tuple[str, ...]]
"""What else object types are called, by their names."""


def names_of(object_type: str, aliases: Aliases) -> tuple[str, ...]:
    """Return all names of an object type that is called by one of them, its own name first."""
    for name, others in aliases.items():
        if object_type == name or object_type in others:
            return (name, *others)
    return (object_type,)


def read_file(
    path: str | Path,
    object_type: str,
    rules: PropertyRules,
    aliases: Aliases = MappingProxyType({}),
) -> ObjectProperties:
    """Read the properties of one object type; what has not changed since is not read again.

    Args:
        path: A file, or a folder with a file of that type.
        object_type: The object type, by any of its names; a file may have another one.
        rules: How listings look.
        aliases: What else object types are called.

    Raises:
        PropertiesError: It cannot be read, makes no sense, or has no properties of that type.
    """
    file = Path(path)
    names = names_of(object_type, aliases)
    if file.is_dir():
        near = (file / f"{name}{suffix}" for name in names for suffix in SUFFIXES)
        found = next((each for each in near if each.is_file()), None)
        if found is None:
            raise PropertiesError(
                f"{path}: has no file of {object_type}; pull its properties, or name another folder"
            )
        file = found
    try:
        state = file.stat()
    except OSError as error:
        raise unreadable(str(file), error) from error
    is_new = time.time_ns() - state.st_mtime_ns < _NEW
    read = _remembered.__wrapped__ if is_new else _remembered
    return read(str(file), names, rules, state.st_mtime_ns, state.st_size)


@lru_cache(_REMEMBERED)
def _remembered(
    file: str, names: tuple[str, ...], rules: PropertyRules, *_state: int
) -> ObjectProperties:
    content, object_type = read_data(file), names[0]
    if _listed(content, rules.listing) is not None:
        return from_listing(object_type, content, rules, file)
    found = {each.object_type: each for each in _of_file(content, file, {ANY_TYPE: rules})}
    known = next((found[name] for name in names if name in found), None)
    if known is None:
        types = ", ".join(sorted(found)) or "nothing"
        raise PropertiesError(
            f"{file}: holds the properties of {types}, and not of {object_type}; name the file of "
            f"{object_type}"
        )
    return known


def from_listing(
    object_type: str, content: object, rules: PropertyRules, where: str
) -> ObjectProperties:
    """Take the properties from the API's listing of them.

    Args:
        object_type: Whose properties they are.
        content: The listing, as JSON data.
        rules: How it looks.
        where: Where it comes from, for messages.

    Raises:
        PropertiesError: It is no listing.
    """
    listing, listed = rules.listing, _listed(content, rules.listing)
    if listing is None or listed is None:
        raise PropertiesError(f"{where}: is no listing of properties, but {_shown(content)}")
    properties = [
        _from_listing(each, listing, f"{where}: {object_type}: property {number}")
        for number, each in enumerate(listed, 1)
    ]
    known = {each.name: _as_email(each, rules) for each in properties}
    return ObjectProperties(object_type, known, source=where, is_complete=True)


def text_of(known: ObjectProperties) -> str:
    """Give the text of a file that holds properties.

    It is YAML and JSON at once: JSON is read in a hundredth of the time. Each property and each option has
    a line of its own, in the order of names, so that what changes is easy to see.
    """
    lines = ["{"]
    for name in _HEAD:
        value = getattr(known, name)
        lines += [f"{_json(name)}: {_json(value)},"] if value not in (None, ()) else []
    lines.append('"properties": {')
    declared = sorted(known.properties.items())
    lines += [f"{_json(name)}: {_declaration(each)}," for name, each in declared]
    lines[-1] = lines[-1].removesuffix(",")
    return "\n".join([*lines, "}", "}", ""])


def _declaration(declared: Property) -> str:
    fields = as_json(declared)
    options: object = fields.pop("options", None)
    text = _json(fields)
    if options is None:
        return text
    if isinstance(options, dict):
        pairs = cast("dict[str, str]", options).items()
        lines = [f"  {_json(value)}: {_json(label)}" for value, label in pairs]
        text_of_options = "{\n" + ",\n".join(lines) + "}"
    else:
        text_of_options = (
            "[\n" + ",\n".join(f"  {_json(value)}" for value in cast("list[str]", options)) + "]"
        )
    return f"{text[:-1]}{', ' if fields else ''}\"options\": {text_of_options}}}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read(spec: str, rules: Rules) -> Iterator[ObjectProperties]:
    object_type, equals, file = spec.partition("=")
    # A file's own name may hold an equals sign.
    if equals and not Path(spec).exists():
        if not object_type or not file:
            raise PropertiesError(f"{spec}: expected FILE or TYPE=FILE, such as items={file}")
        yield _of_type(read_data(file), rules, file, object_type)
        return
    if Path(spec).is_dir():
        files = sorted(each for each in Path(spec).iterdir() if each.suffix.lower() in SUFFIXES)
        if not files:
            raise PropertiesError(f"{spec}: holds no file of properties ({', '.join(SUFFIXES)})")
        for each in files:
            content = read_data(str(each))
            if _is_listing(content, rules):
                yield _of_type(content, rules, str(each), each.stem)
            else:
                yield from _of_file(content, str(each), rules)
        return
    content = read_data(spec)
    if _is_listing(content, rules):
        raise PropertiesError(
            f"{spec}: looks like an export, which does not say of which object type it is; write "
            f"TYPE={spec}, such as items={spec}"
        )
    yield from _of_file(content, spec, rules)


def _of_file(content: object, file: str, rules: Rules) -> Iterator[ObjectProperties]:
    if not isinstance(content, dict):
        raise PropertiesError(
            f"{file}: expected object types with their properties, such as "
            f"items: {{note: {{type: string}}}}, not {_shown(content)}"
        )
    known = cast("dict[str, object]", content)
    object_type = known.get("object_type")
    if isinstance(object_type, str):
        head = {name: known[name] for name in _HEAD[1:] if name in known}
        wrong = next((name for name, value in head.items() if not _is_head(name, value)), None)
        unknown = next((name for name in known if name not in (*_HEAD, "properties")), None)
        if (
            wrong is not None
            or unknown is not None
            or not isinstance(known.get("properties"), dict)
        ):
            raise PropertiesError(
                f"{file}: expected {', '.join(_HEAD)} and the mapping properties; "
                f"{wrong or unknown or 'properties'!r} is not like that"
            )
        declared = properties_from_json(
            f"{file}: {object_type}", cast("dict[str, object]", known["properties"])
        )
        texts: dict[str, Any] = {
            **head,
            **{name: tuple(cast("list[str]", head.get(name, []))) for name in _LISTS},
            # Only what was pulled knows that.
            "is_complete": head.get("api_version") is not None,
        }
        yield ObjectProperties(object_type, declared, source=file, **texts)
        return
    for name, value in known.items():
        if isinstance(value, str) and value not in NOTHING:
            path = str(Path(file).parent / value)
            yield _of_type(read_data(path), rules, path, name)
        else:
            yield _of_type(value, rules, file, name)


def _of_type(value: object, rules: Rules, file: str, object_type: str) -> ObjectProperties:
    where = f"{file}: {object_type}"
    own = rules.get(object_type) or rules.get(ANY_TYPE) or PropertyRules()
    if _listed(value, own.listing) is not None:
        return from_listing(object_type, value, own, file)
    if value in NOTHING:
        return ObjectProperties(object_type, {}, source=file)
    if not isinstance(value, dict):
        also = "" if own.listing is None else ", or an export of the API"
        raise PropertiesError(
            f"{where}: expected properties, such as {{note: {{type: string}}}}{also}, "
            f"not {_shown(value)}"
        )
    named = cast("dict[str, object]", value)
    if isinstance(named.get("object_type"), str):
        (found,) = _of_file(named, file, rules)
        return replace(found, object_type=object_type)
    return ObjectProperties(object_type, properties_from_json(where, named), source=file)


def _is_head(name: str, value: object) -> bool:
    if name not in _LISTS:
        return isinstance(value, str | None)
    levels = cast("list[object]", value) if isinstance(value, list) else [None]
    return all(isinstance(each, str) for each in levels)


def _is_listing(content: object, rules: Rules) -> bool:
    return any(_listed(content, each.listing) is not None for each in rules.values())


def _listed(content: object, listing: PropertyListing | None) -> list[object] | None:
    if listing is None:
        return None
    if not isinstance(content, list):
        content = _at(content, listing.list)
    return cast("list[object]", content) if isinstance(content, list) else None


def _from_listing(value: object, listing: PropertyListing, where: str) -> Property:
    name = _at(value, listing.name)
    if not isinstance(name, str) or not name:
        raise PropertiesError(f"{where}: expected a text at {listing.name!r}, not {_shown(name)}")
    named = str(_at(value, listing.type))
    named = dict(listing.types).get(named, named)
    # Whatever else an API knows, its values are texts.
    type_ = named if named in PROPERTY_TYPES else "string"
    is_enumeration = type_ == "enumeration"
    label, multiple = _at(value, listing.label), listing.multiple
    return Property(
        name,
        type=type_,
        label=label if isinstance(label, str) else "",
        unique=_is_true(_at(value, listing.unique)),
        read_only=_is_true(_at(value, listing.read_only)),
        calculated=_is_true(_at(value, listing.calculated)),
        archived=_is_true(_at(value, listing.archived)),
        options=_options(value, listing, f"{where} ({name})") if is_enumeration else {},
        multiple=is_enumeration
        and multiple is not None
        and _at(value, multiple.field) == multiple.value,
    )


def _options(value: object, listing: PropertyListing, where: str) -> dict[str, str]:
    listed = _at(value, listing.options)
    if listed is None:
        return {}
    options = cast("list[object]", listed) if isinstance(listed, list) else [None]
    found: dict[str, str] = {}
    for option in options:
        name, label = _at(option, listing.option), _at(option, listing.option_label)
        if not isinstance(name, str):
            raise PropertiesError(
                f"{where}: expected a list at {listing.options!r}, with a text at {listing.option!r} in "
                "each"
            )
        found.setdefault(name, label if isinstance(label, str) else "")
    return found


def _as_email(declared: Property, rules: PropertyRules) -> Property:
    is_email = declared.type == "string" and declared.name in rules.emails
    return replace(declared, type="email") if is_email else declared


def _is_true(value: object) -> bool:
    return value is True or value == "true"


def _at(value: object, way: str | None) -> Any:
    if way is None or not isinstance(value, dict):
        return None
    known = cast("dict[str, object]", value)
    if "." not in way:  # As nearly all are.
        return known.get(way)
    first, _, rest = way.partition(".")
    return _at(known.get(first), rest)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value in (None, ""):
        return "nothing"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"
