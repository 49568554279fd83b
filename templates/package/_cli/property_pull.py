"""Writes what the account says of its properties to small files, one for each object type."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from .._bulk.table import counted, one_line
from .._properties.changes import changes_between
from .._properties.data import replace_file
from .._properties.declarations import PropertiesError
from .._properties.files import ANY_TYPE, ObjectProperties, names_of, read_file, read_files, text_of
from .errors import BadInput
from .object_types import Version, rules_of
from .property_changes import summary
from .property_source import AccountProperties, Unavailable
from .run import ACCEPTED, REJECTED, STOPPED

_WIDEST = 300
_FILE_NAME = re.compile(r"\w[\w.-]*")


def pull(
    account: AccountProperties,
    version: Version,
    object_types: Sequence[str],
    folder: Path,
    *,
    archived: bool,
) -> int:
    """Write a file for each object type, and say what changed against the one that was there.

    Args:
        account: Where the properties are.
        version: Knows how listings look, one of which may be there.
        object_types: The object types.
        folder: Where the files go.
        archived: Whether to write archived properties as well.

    Returns:
        The exit code: stopped if nothing was written, rejected if one object type was not.

    Raises:
        BadInput: Nothing can be written there, or the API refuses everything.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder}: it cannot be made: {error.strerror or error}") from None
    asked = list(dict.fromkeys(names_of(each, version.aliases)[0] for each in object_types))
    failed = 0
    for object_type in asked:
        try:
            path = _path(folder, object_type)
            before = _before(path, object_type, version)
            found = account.read(object_type, archived=archived, before=before)
            if not found.properties:  # Each has some; a file would forbid all that records hold.
                raise Unavailable(f"{object_type}: the API lists no properties; nothing is written")
            if before is not None:
                account.ensure_same(before)
        except Unavailable as error:
            click.echo(str(error), err=True)
            failed += 1
            continue
        refused_keys = tuple(
            each
            for each in sorted(rules_of(version, object_type).refused_keys)
            if each in found.properties
        )
        complete = replace(found, account=account.account, refused_keys=refused_keys)
        said = _written(path, before, complete)
        click.echo(f"{path}: {counted(len(found.properties), 'property', 'properties')}, {said}")
        for note in _notes(found):
            click.echo(f"  {note}")
    if failed:
        return STOPPED if failed == len(asked) else REJECTED
    return ACCEPTED


def _path(folder: Path, object_type: str) -> Path:
    if not _FILE_NAME.fullmatch(object_type):
        raise Unavailable(
            f"{object_type!r} is no object type: expected letters, digits, hyphens and underscores"
        )
    return folder / f"{object_type}.yaml"


def _before(path: Path, object_type: str, version: Version) -> ObjectProperties | None:
    """Read the file that will be replaced; one that is something else is left alone."""
    if not path.exists():
        return None
    rules = rules_of(version, object_type)
    left = "it is left as it is: remove it, or name another folder with --output"
    try:
        before = read_file(path, object_type, rules)
    except PropertiesError as error:
        raise Unavailable(f"{error}; {left}") from None
    with suppress(PropertiesError):  # A listing says nothing of its object type.
        if len(read_files([path], {ANY_TYPE: rules})) > 1:
            raise Unavailable(f"{path}: is about several object types; {left}")
    return before


def _written(path: Path, before: ObjectProperties | None, found: ObjectProperties) -> str:
    text = text_of(found)
    try:
        if before is not None and path.read_text("utf-8") == text:
            return "unchanged"
        replace_file(path, text)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: it cannot be written: {error}") from None
    if before is None:
        return "new"
    changes = [*changes_between(before.properties, found.properties)]
    return summary(changes) if changes else "no change but in order, version or account"


def _notes(found: ObjectProperties) -> Iterator[str]:
    """Name what those who use the file should know of."""
    archived = sum(each.archived for each in found.properties.values())
    if archived:
        yield f"{archived:,} archived: records cannot have values for them"
    labelled: defaultdict[str, list[str]] = defaultdict(list)
    for each in found.properties.values():
        if each.label and not each.archived:
            labelled[each.label.casefold()].append(each.name)
    for names in labelled.values():
        if len(names) > 1:
            label = found.properties[names[0]].label
            yield one_line(f"{label!r} is the label of {', '.join(sorted(names))}", _WIDEST)
