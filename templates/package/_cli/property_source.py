"""Where the commands about properties find them: in files, or in the account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .._properties.declarations import PropertiesError
from .._properties.files import (
    ANY_TYPE,
    SUFFIXES,
    ObjectProperties,
    from_listing,
    names_of,
    read_file,
    read_files,
)
from .._properties.property import Property
from .._runtime.credentials import MissingTokenError
from .._runtime.fork import with_cached_properties
from .._runtime.suggestion import nearest
from ..errors import ApiError, DecodingError, PermissionDeniedError
from .account import account_id, other_account
from .advice import in_flags
from .errors import BadInput, listed
from .object_types import Version, rules_of

FOLDER = "properties"
"""The folder of files, one for each object type, unless another is named."""

_REFUSED = (400, 404)


class Unavailable(Exception):
    """The properties of one object type cannot be had; others may. The message is one line."""


def from_file(object_type: str, path: str | None, version: Version) -> ObjectProperties:
    """Read the properties of an object type.

    Args:
        object_type: The object type.
        path: The file, or the folder of files; None for the usual one.
        version: Knows how listings look.

    Raises:
        Unavailable: There is no such file, it makes no sense, or is of another object type.
        BadInput: The usual folder is not there.
    """
    folder = Path(_named(path))
    if folder.is_dir():
        files = {each.stem: each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES}
        if not files.keys() & {*names_of(object_type, version.aliases)}:
            mended = nearest(object_type, files) or f"; 'properties pull {object_type}' writes one"
            raise Unavailable(f"{folder}: has no file of {object_type}{mended}")
    try:
        return read_file(_named(path), object_type, rules_of(version, object_type), version.aliases)
    except PropertiesError as error:
        raise Unavailable(str(error)) from None


def all_from_files(path: str | None, version: Version) -> dict[str, ObjectProperties]:
    """Read the properties of all object types that a file, or a folder of files, is about.

    Raises:
        BadInput: There is no such file, or it makes no sense.
    """
    rules = {name: each.rules for name, each in version.resources.items()}
    rules |= {name: rules_of(version, name) for names in version.aliases.values() for name in names}
    rules[ANY_TYPE] = rules_of(version, ANY_TYPE)
    try:
        return read_files([_named(path)], rules)
    except PropertiesError as error:
        raise BadInput(str(error)) from None


def _named(path: str | None) -> str:
    if path is None and not Path(FOLDER).is_dir():
        raise BadInput(
            f"there is no folder {FOLDER}; write one with 'properties pull', or name another, or a file, "
            "with --properties"
        )
    return path or FOLDER


@with_cached_properties
class AccountProperties:
    """The properties of an account, as its API lists them.

    Args:
        client: The client of a version.
        version: The version.
        label: What the version is called.
        sensitive: Which sensitive properties to list as well, in the words of the API; those that a file
            was pulled with if none are named.

    Raises:
        BadInput: Nothing in this version lists properties, or what is sensitive.
    """

    def __init__(
        self, client: Any, version: Version, label: str, sensitive: Iterable[str] = ()
    ) -> None:
        listing = version.listing
        if listing is None:
            raise BadInput(f"nothing lists properties in the version {label} of the API")
        self._client = client
        self._method = getattr(getattr(client, listing.resource), listing.method)
        self._listing = listing
        self._version = version
        self._label = label
        self._sensitive = tuple(sensitive)
        if self._sensitive and listing.sensitivity is None:
            raise BadInput(f"the version {label} of the API does not tell what is sensitive")

    @cached_property
    def account(self) -> str | None:
        """The id of the account; None if nothing tells it."""
        return account_id(self._client, self._version)

    def read(
        self, object_type: str, *, archived: bool = False, before: ObjectProperties | None = None
    ) -> ObjectProperties:
        """List the properties of an object type.

        Args:
            object_type: The object type.
            archived: Whether to list those that are archived as well.
            before: What was known of them, if anything was.

        Raises:
            Unavailable: The API does not know the object type, or refuses to list its properties.
            BadInput: The API refuses everything, or does not answer. Its error is the cause of both.
        """
        sensitive = self._sensitive or (() if before is None else before.sensitive)
        found = self._all(object_type, {}, sensitive)
        if archived:
            self._add_archived(object_type, found, sensitive)
        return ObjectProperties(
            object_type, found, self._label, sensitive=sensitive, source="the account"
        )

    def since(self, before: ObjectProperties) -> ObjectProperties:
        """List the properties of an object type, to be compared with what they were.

        What is missing is looked for among those that are archived, which another request lists.

        Args:
            before: The properties as they were.

        Raises:
            Unavailable: As `read`; or they are those of another account.
            BadInput: As `read`.
        """
        object_type = before.object_type
        sensitive = self._sensitive or before.sensitive
        found = self._all(object_type, {}, sensitive)
        names = (name for name, each in before.properties.items() if not each.archived)
        if not all(name in found for name in names):
            self._add_archived(object_type, found, sensitive)
        self.ensure_same(before)
        return ObjectProperties(
            object_type, found, self._label, sensitive=sensitive, source="the account"
        )

    def ensure_same(self, before: ObjectProperties) -> None:
        """Refuse what was pulled from another account, where that can be told.

        Raises:
            Unavailable: It was.
        """
        wrong = None if before.account is None else other_account(before, self.account)
        if wrong is not None:
            raise Unavailable("; ".join(wrong))

    def _add_archived(
        self, object_type: str, found: dict[str, Property], sensitive: Sequence[str]
    ) -> None:
        if self._listing.archived is not None:
            query = {self._listing.archived: True}
            for name, each in self._all(object_type, query, sensitive).items():
                # Nobody knows whether that lists others as well; those in use are known already.
                found.setdefault(name, replace(each, archived=True))

    def _all(
        self, object_type: str, query: dict[str, Any], sensitive: Sequence[str]
    ) -> dict[str, Property]:
        found, argument = self._listed(object_type, query), self._listing.sensitivity
        for level in sensitive if argument is not None else ():
            found = self._listed(object_type, {**query, str(argument): level}) | found
        return found

    def _listed(self, object_type: str, query: dict[str, Any]) -> dict[str, Property]:
        try:
            answer = self._method(**{self._listing.object_type: object_type}, **query)
        except ApiError as error:
            raise self._problem(object_type, error) from error
        except MissingTokenError as error:
            raise BadInput(in_flags(str(error))) from None
        rules = rules_of(self._version, object_type)
        try:
            content = answer.model_dump(by_alias=True)
            return dict(from_listing(object_type, content, rules, "the answer").properties)
        except PropertiesError as error:
            raise Unavailable(str(error)) from None

    def _problem(self, object_type: str, error: ApiError) -> Exception:
        said = f"{error.status} {error.message}"
        if isinstance(error, PermissionDeniedError):
            scopes = (
                f"; it needs {listed(error.missing_scopes, 'or')}" if error.missing_scopes else ""
            )
            return Unavailable(f"{object_type}: {said}{scopes}")
        if error.status in _REFUSED:
            return Unavailable(
                f"{object_type}: its properties are not listed: {said}"
                f"{nearest(object_type, {*self._version.resources} - {object_type})}"
            )
        if isinstance(error, DecodingError):
            return Unavailable(f"{object_type}: {error.message}")
        return BadInput(in_flags(str(error)))
