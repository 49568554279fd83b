"""What the command line of a distribution has to know, and the methods that tell of an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from upsertgen.emit.bulk_methods import BulkMethods, bulk_methods
from upsertgen.emit.encode import identifier
from upsertgen.ir.tree import Api, Resource, Version
from upsertgen.ir.vocabulary import AccountQuery
from upsertgen.ir.words import texts
from upsertgen.public_name import Aliases, Kind
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class ListingMethod:
    """The method that lists an account's properties.

    Attributes:
        resource: The client's attribute.
        name: The method.
        arguments: Its arguments that `x-properties` names, each by what it says.
        tells_account: Whether another method tells which account was asked.
    """

    resource: str
    name: str
    arguments: tuple[tuple[str, str], ...]
    tells_account: bool


@dataclass(frozen=True)
class AccountMethod:
    """A method that tells of the token and its account.

    Attributes:
        resource: The client's attribute.
        name: The method.
        query: What it tells, and where.
        token: The argument that takes the token, if there is one.
    """

    resource: str
    name: str
    query: AccountQuery
    token: str | None


@dataclass(frozen=True)
class Renamed:
    """An old name that the command line takes.

    Attributes:
        name: The old name.
        now: The new one.
        until: The version of the distribution in which the old name is gone; nothing if that is not known.
    """

    name: str
    now: SpecText | str
    until: str | None


@dataclass(frozen=True)
class CatalogueVersion:
    """What the command line can do in a version.

    Attributes:
        version: The version.
        resources: The object types that have a method `upsert`, and their methods.
        listing: The method that lists the account's properties, if there is one.
        account: The methods that tell of the token and its account.
        renamed: The old names of its object types.
    """

    version: Version
    resources: tuple[tuple[Resource, BulkMethods], ...]
    listing: ListingMethod | None
    account: tuple[AccountMethod, ...]
    renamed: tuple[Renamed, ...]


def command_catalogue(api: Api, aliases: Aliases) -> list[CatalogueVersion]:
    """Return what the command line of a distribution can do, without versions in which that is nothing."""
    versions = [
        CatalogueVersion(
            version,
            tuple(
                (resource, methods)
                for resource in version.resources
                for methods in _only(bulk_methods(version.package, resource, api, aliases))
            ),
            listing_method(version),
            tuple(_account_methods(version)),
            tuple(
                Renamed(one.old.own, one.new.own, one.until)
                for one in aliases.within(Kind.OBJECT, version.package)
            ),
        )
        for version in api.versions
    ]
    return [one for one in versions if one.resources or one.listing]


def _only(found: Mapping[str, BulkMethods]) -> Iterable[BulkMethods]:
    """Return what the command upserts records of an object type with; nothing where nobody says which."""
    usual = [one for one in found.values() if one.name == "upsert"]
    return usual or (found.values() if len(found) == 1 else ())


def old_versions(api: Api, aliases: Aliases) -> list[Renamed]:
    """Return the old names of versions: of their packages, which stand for what is labelled otherwise now."""
    labels = {version.package: version.label for version in api.versions}
    return [
        Renamed(one.old.own, labels[one.new.own], one.until) for one in aliases.within(Kind.VERSION)
    ]


def listing_method(version: Version) -> ListingMethod | None:
    """Return the method that lists an account's properties, if there is one."""
    for resource in version.resources:
        for operation in resource.operations:
            if operation.property_query is not None:
                names = {one.wire_name: identifier(one.name) for one in operation.parameters}
                said = texts(operation.property_query)
                arguments = tuple((word.name, names[name]) for word, name in said)
                tells = any(one.query.account for one in _account_methods(version))
                return ListingMethod(resource.name, operation.name, arguments, tells)
    return None


def _account_methods(version: Version) -> Iterator[AccountMethod]:
    for resource in version.resources:
        for operation in resource.operations:
            query = operation.account_query
            if query is not None:
                names = {one.wire_name: identifier(one.name) for one in operation.parameters}
                token = None if query.token is None else names.get(query.token)
                yield AccountMethod(resource.name, operation.name, query, token)
