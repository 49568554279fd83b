"""Compares properties as files know them with what the account, or other files, say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

import click

from .._properties.changes import Change, changes_between
from .._properties.files import ObjectProperties
from .connection import open_client
from .errors import listed
from .object_types import Catalogue, Version, version_of
from .property_source import AccountProperties, Unavailable, all_from_files, from_file

Now: TypeAlias = Callable[[ObjectProperties], ObjectProperties]
"""Tells how properties are, of which it is given how they were."""


@dataclass(frozen=True)
class Difference:
    """What changed in the properties of an object type.

    Attributes:
        object_type: The object type.
        before: Where it was read how they were.
        after: Where it was read how they are.
        changes: What changed.
    """

    object_type: str
    before: str
    after: str
    changes: Sequence[Change]


def compare(
    object_types: Sequence[str], path: str | None, version: Version, now: Now
) -> tuple[list[Difference], bool]:
    """Compare object types one by one; one that fails is told at once, and does not stop others.

    Args:
        object_types: The object types; without any, all that have a file.
        path: The file, or the folder of files; None for the usual one.
        version: Knows how listings look.
        now: Tells how the properties are.

    Returns:
        What changed, and whether one failed.

    Raises:
        BadInput: The files cannot be read, or nothing can be compared.
    """
    files = {} if object_types else all_from_files(path, version)
    differences: list[Difference] = []
    failed = False
    for object_type in dict.fromkeys(object_types or files):
        try:
            before = files.get(object_type) or from_file(object_type, path, version)
            after = now(before)
        except Unavailable as error:
            click.echo(str(error), err=True)
            failed = True
            continue
        changes = tuple(changes_between(before.properties, after.properties))
        differences.append(Difference(object_type, before.source, after.source, changes))
    return differences, failed


class Accounts(ExitStack):
    """The account, in each version of the API that files were pulled with. A context manager.

    Args:
        catalogue: The versions.
        label: The version to ask in any case; None for the one of each file.
        sensitivities: Which sensitive properties to list as well, in the words of the API.
        connection: What `open_client` is told.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        label: str | None,
        sensitivities: Sequence[str],
        connection: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._label = label
        self._sensitivities = sensitivities
        self._connection = connection
        self._accounts: dict[str, AccountProperties] = {}

    def now(self, before: ObjectProperties) -> ObjectProperties:
        """Ask how properties are.

        Raises:
            Unavailable: Nobody knows in which version, or the API does not tell.
            BadInput: There is no such version, or the API refuses everything.
        """
        label = self._label or before.api_version
        if label is None:
            choices = listed(self._catalogue.versions, "or")
            raise Unavailable(
                f"{before.source}: does not say which version of the API it is of; say it with "
                f"--api-version: {choices}"
            )
        if label not in self._accounts:
            version = version_of(self._catalogue, label)
            client = self.enter_context(open_client(version, **self._connection))
            account = AccountProperties(client, version, label, self._sensitivities)
            self._accounts[label] = account
        return self._accounts[label].since(before)
