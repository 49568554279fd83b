"""From files of properties to object types, or what is wrong with them and where.

A file is YAML; in its flow form it is JSON as well. Files may come from anybody, so their size and counts
are bounded, and every text in them is a `SpecText`.
"""

from __future__ import annotations

import glob
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problems, did_you_mean, quoted
from upsertgen.inputs import SPEC_ENDINGS
from upsertgen.ir.property_files import is_sound
from upsertgen.limits import Budget, beyond
from upsertgen.properties.tree import MODULE_NAMES, NAMES_SUFFIX, ObjectType, Property
from upsertgen.spec_file import read_spec_file
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import LocatedMapping, locate
from upsertgen.specs.yaml_reader import read_yaml

MOST_FILES = 500
_EXPECTED = (
    "a mapping with object_type and properties",
    "name a file of properties, such as properties/contacts.yaml",
)
_RESERVED_CLASSES = frozenset((*MODULE_NAMES, "Literal", "Required", "TypedDict"))


def files_of(patterns: Iterable[str]) -> list[Path]:
    """Return the files that paths, patterns and folders mean, each once, in their order.

    Raises:
        InvalidInput: One means no file, or there are too many.
    """
    problems = Problems()
    found: dict[Path, Path] = {}
    for pattern in patterns:
        files = list(_matching(pattern))
        if not files:
            problems.add(
                Location(pattern, 0),
                "there is no such file of properties",
                f"a file, a pattern, or a folder with files that end in {', '.join(SPEC_ENDINGS)}",
                "correct the path",
            )
        for path in files:
            found.setdefault(path.resolve(), path)
    problems.raise_if_any()
    if len(found) > MOST_FILES:
        raise beyond(
            Location(next(iter(found.values())).as_posix()),
            f"there are more than {MOST_FILES} files of properties",
            "a file for each object type",
            "name those that are meant",
        )
    return list(found.values())


def _matching(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    # Those of `Path` are never absolute.
    matching = sorted(glob.glob(pattern))  # noqa: PTH207
    for one in [path] if path.exists() else [Path(one) for one in matching]:
        if one.is_dir():
            yield from sorted(file for file in one.iterdir() if file.suffix in SPEC_ENDINGS)
        else:
            yield one


def read_object_types(
    files: Iterable[Path], keys: Mapping[str, str], locate_key: Location
) -> tuple[list[ObjectType], list[str]]:
    """Read the object types of files.

    Args:
        files: The files.
        keys: The property that finds the records of an object type, by object type.
        locate_key: Where these are told.

    Returns:
        The object types, sorted by name, and what has to be told about them.

    Raises:
        InvalidInput: With every problem of all files.
    """
    problems, budget = Problems(), Budget()
    read: dict[str, tuple[ObjectType, Location]] = {}
    for path in files:
        try:
            content = read_spec_file(path)
            budget.take_bytes(len(content), path.as_posix())
            text = content.decode("utf-8-sig")
        except InvalidInput as error:
            for problem in error.problems:
                problems.note(problem)
            continue
        except UnicodeDecodeError:
            place = Location(path.as_posix())
            problems.add(place, "this is not UTF-8", "text in UTF-8", "save the file as UTF-8")
            continue
        data = read_yaml(text, path.as_posix(), problems, budget, _EXPECTED)
        if data is None or not is_sound(data, problems):
            continue
        place = locate(data, ("object_type",))
        found = _object_type(data, keys.get(data["object_type"]), problems, locate_key)
        _, other = read.setdefault(data["object_type"], (found, place))
        if other is not place:
            problems.add(
                place,
                f"the properties of {quoted(data['object_type'])} were declared before, in {other.path}",
                "a file for each object type",
                "leave one of the files out",
            )
    for name in sorted(keys.keys() - read.keys()) if not problems else ():
        problems.add(
            locate_key,
            f"a key is told for {quoted(name)}, and no file has its properties",
            f"one of {', '.join(sorted(read))}",
            did_you_mean(name, read, "name its file as well, or remove the key"),
        )
    _refuse_collisions(read.values(), problems)
    problems.raise_if_any()
    object_types = [one for _, (one, _) in sorted(read.items())]
    return object_types, list(_notes(object_types))


def class_name(object_type: str) -> str:
    """Return what the TypedDict of an object type is called.

    Its words begin with capitals; what begins with a digit is an `Object`.

    Example:
        >>> [class_name(one) for one in ("contacts", "line_items", "p_pets", "2-123")]
        ['Contacts', 'LineItems', 'PPets', 'Object2_123']
    """
    name = ""
    for word in re.findall("[A-Za-z0-9]+", object_type):
        # Without it, 2-12 and 21-2 would be the same.
        between = "_" if name[-1:].isdigit() and word[0].isdigit() else ""
        name += f"{between}{word[0].upper()}{word[1:]}"
    return f"Object{name}" if name[0].isdigit() else name


def _object_type(
    data: LocatedMapping, key: str | None, problems: Problems, locate_key: Location
) -> ObjectType:
    name: str = data["object_type"]
    refused = data.get("refused_keys", [])
    properties = [
        _property(one, declared, refused_key=one in refused)
        for one, declared in sorted(data["properties"].items())
    ]
    usable = {one.name.raw: one for one in properties if not one.archived}
    if key is not None and key not in usable:
        archived = key in data["properties"]
        problems.add(
            locate_key,
            f"the key of {quoted(name)} is {quoted(key)}, which is "
            f"{'archived' if archived else 'no property of it'}",
            "the property that its records are found by",
            did_you_mean(key, usable, "correct it"),
        )
    elif key in refused:
        problems.add(
            locate_key,
            f"the key of {quoted(name)} is {quoted(key)}, by which the API finds no records",
            "a property that may be one",
            "name another one, or none",
        )
    if key is None:
        found = [one.name.raw for one in properties if one.may_be_key]
        key = found[0] if len(found) == 1 else None
    account = data.get("account")
    return ObjectType(
        SpecText(name),
        class_name(name),
        tuple(properties),
        None if key is None else SpecText(key),
        None if account is None else SpecText(str(account)),
    )


def _property(name: str, declared: Mapping[str, Any] | None, *, refused_key: bool) -> Property:
    fields = declared or {}
    options: Any = fields.get("options", {})
    labelled = options.items() if isinstance(options, dict) else ((one, "") for one in options)
    archived = fields.get("archived", False)
    return Property(
        name=SpecText(name),
        type=fields.get("type", "string"),
        label=SpecText(fields.get("label", "")),
        unique=fields.get("unique", False),
        refused_key=refused_key,
        writable=not (fields.get("read_only") or fields.get("calculated") or archived),
        archived=archived,
        multiple=fields.get("multiple", False),
        options=tuple((SpecText(option), SpecText(label)) for option, label in labelled),
    )


def _refuse_collisions(read: Iterable[tuple[ObjectType, Location]], problems: Problems) -> None:
    taken: dict[str, str] = {}
    for object_type, place in read:
        name = object_type.class_name
        shown = quoted(object_type.name.raw)
        for one in (name, name + NAMES_SUFFIX):
            other = taken.setdefault(one, shown)
            is_reserved = one in _RESERVED_CLASSES or keyword.iskeyword(one)
            if other == shown and not is_reserved:
                continue
            holder = "the module itself" if is_reserved else f"that of {other}"
            problems.add(
                place,
                f"the class of {shown} would be called {one}, like something of {holder}",
                "object types whose names differ in more than punctuation",
                "call it by its id, such as 2-123, or leave its file out",
            )


def _notes(object_types: list[ObjectType]) -> Iterator[str]:
    for one in object_types:
        name = one.name.raw
        unique = {each.name.raw for each in one.properties if each.unique}
        told = f"name the one that is with --key {name}=PROPERTY"
        if one.key is not None:
            if one.key.raw not in unique:
                yield f"{name}: the file does not say that its key {one.key.raw} is unique"
        elif one.keys:
            listed = ", ".join(key.raw for key in one.keys)
            yield f"{name}: no property is required, because several may be its key ({listed}); {told}"
        else:
            yield f"{name}: no property is required, because none can be its key; {told}"
    accounts = {one.account.raw: one.name.raw for one in reversed(object_types) if one.account}
    if len(accounts) > 1:
        listed = ", ".join(f"{account} ({name})" for account, name in sorted(accounts.items()))
        yield f"the files are of different accounts: {listed}"
