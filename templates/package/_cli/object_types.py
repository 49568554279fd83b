"""The object types of each API version that can be upserted, and how to find one.

The emitted `catalogue` is made of these.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydantic_core import from_json

from .._properties.files import Aliases, names_of
from .._runtime.roles import AccountQuery, PropertyRules
from .._runtime.suggestion import nearest
from .errors import BadInput, listed

_NO_NAME = re.compile(r"\W+", re.ASCII)


@dataclass(frozen=True)
class Argument:
    """What callers choose for all records.

    Attributes:
        name: The keyword of the client's method.
        help: What it is, for people.
        is_json: Whether it is no text, but something that is written as in JSON, such as a number or a list.
        required: Whether it has to be given.
        in_path: Whether it is a part of the path.
    """

    name: str
    help: str = ""
    is_json: bool = False
    required: bool = True
    in_path: bool = True


@dataclass(frozen=True)
class Resource:
    """An object type that can be upserted.

    Attributes:
        arguments: What else its method must be told.
        has_id_property: Whether records are found by a property that the caller names.
        scopes: Sets of scopes, one of which a token needs; empty if the specification names none.
        rules: What is known of the properties of its records.
        deprecated: Whether the specification calls its upsert deprecated.
        bulk: The name, in the module of the object type, of what its records are upserted with, if not all
            that these hold is text.
        method: The method of the client that upserts its records.
    """

    arguments: tuple[Argument, ...] = ()
    has_id_property: bool = True
    scopes: tuple[tuple[str, ...], ...] = ()
    rules: PropertyRules = field(default_factory=PropertyRules)
    deprecated: bool = False
    bulk: str | None = None
    method: str = "upsert"


class Renamed(NamedTuple):
    """What an old name stands for.

    Attributes:
        now: The name that took its place.
        until: The version of this distribution in which the old name is gone; None if that is not known.
    """

    now: str
    until: str | None = None

    def told(self, name: str) -> str:
        """Say of the old name that it was used."""
        until = f", and gone in version {self.until} of this package" if self.until else ""
        return f"{name!r} is deprecated{until}: it is called {self.now!r} now"


@dataclass(frozen=True)
class AccountMethod:
    """A method of the client that tells of the token and its account.

    Attributes:
        resource: The name of the client's attribute.
        method: The name of its method.
        query: What it tells, and where.
        token: The keyword that takes the token, if there is one.
    """

    resource: str
    method: str
    query: AccountQuery
    token: str | None = None


@dataclass(frozen=True)
class Listing:
    """The client's method that lists the properties of an object type in the account.

    Attributes:
        resource: The name of the client's attribute.
        method: The name of its method.
        object_type: The keyword of the object type.
        archived: The keyword that asks for archived properties, if there is one.
        sensitivity: The keyword that asks for properties of some sensitivity, if there is one.
    """

    resource: str
    method: str
    object_type: str
    archived: str | None = None
    sensitivity: str | None = None


@dataclass(frozen=True)
class Version:
    """An API version.

    Attributes:
        package: The name of its package, below this one's.
        resources: By the name of the client's attribute, what can be upserted.
        listing: What lists the account's properties; None if nothing does.
        account: What tells of the token and its account.
        aliases: What else object types are called, by their names.
        renamed: The old names of object types.
    """

    package: str
    resources: Mapping[str, Resource]
    listing: Listing | None = None
    account: tuple[AccountMethod, ...] = ()
    aliases: Aliases = field(default_factory=dict[str, tuple[str, ...]])
    renamed: Mapping[str, Renamed] = field(default_factory=dict[str, Renamed])

    def resource(self, object_type: str) -> tuple[str, Resource | None]:
        """Return the name of what is called by any of its names, and what it needs if it can be upserted."""
        # Both ways to write the names are common in the same API.
        name = names_of(object_type, self.aliases)[0].replace("-", "_")
        if name in self.renamed:
            name = self.renamed[name].now
        return name, self.resources.get(name)


@dataclass(frozen=True)
class Catalogue:
    """All of that.

    Attributes:
        program: What the command is called.
        versions: By label, the API versions, oldest first.
        renamed: The old names of the packages of versions, and the labels of these.
    """

    program: str
    versions: Mapping[str, Version]
    renamed: Mapping[str, Renamed] = field(default_factory=dict[str, Renamed])

    def warn(self, text: str) -> None:
        """Print something that the user should know."""
        print(f"{self.program}: {text}", file=sys.stderr)


class Choice(NamedTuple):
    """What is to be upserted.

    Attributes:
        version: The API version.
        name: The name of the client's attribute.
        resource: What it needs.
    """

    version: Version
    name: str
    resource: Resource


def choose(catalogue: Catalogue, label: str | None, object_type: str) -> Choice:
    """Find the object type that was asked for, of the version that was, and warn of what is deprecated.

    Raises:
        BadInput: There is none of these names.
    """
    version = version_of(catalogue, label)
    name, resource = version.resource(object_type)
    if resource is None:
        others = [each for each, other in catalogue.versions.items() if name in other.resources]
        hint = (
            f"; there is in {listed(others)}" if others else nearest(object_type, version.resources)
        )
        raise BadInput(
            f"there is no object type {object_type!r} to upsert in the version {label}"
            f"{hint}; '{catalogue.program} --list' shows all"
        )
    old = version.renamed.get(object_type.replace("-", "_"))
    if old is not None:
        catalogue.warn(old.told(object_type))
    if resource.deprecated:
        catalogue.warn(f"the specification of the API calls the upsert of {name} deprecated")
    return Choice(version, name, resource)


def rules_of(version: Version, object_type: str) -> PropertyRules:
    """Give what is known of the properties of an object type, also of one that only the account knows."""
    _, resource = version.resource(object_type)
    if resource is not None:
        return resource.rules
    known = (each.rules for each in version.resources.values() if each.rules.listing)
    return replace(next(known, PropertyRules()), emails=())


def version_of(catalogue: Catalogue, label: str | None) -> Version:
    """Find the version that was asked for, if one was; warn if it has another label now.

    Raises:
        BadInput: There is none of this name.
    """
    if label is None:
        choices = listed(catalogue.versions, "or")
        raise BadInput(f"say which version of the API with --api-version: {choices}")
    version = catalogue.versions.get(label)
    old = catalogue.renamed.get(_package(label))
    if version is None and old is not None:
        catalogue.warn(old.told(label))
        version = catalogue.versions.get(old.now)
    if version is None:
        near = nearest(label, catalogue.versions) or f"; there is {listed(catalogue.versions)}"
        raise BadInput(f"there is no version {label!r} of the API{near}")
    return version


def call_arguments(choice: Choice, texts: Iterable[str]) -> dict[str, object]:
    """Read what was given with `--argument`.

    Args:
        choice: What is to be upserted.
        texts: Each a name, an equals sign, and a value.

    Returns:
        The further arguments of the client's method.

    Raises:
        BadInput: One is missing, has another form, or is not needed.
    """
    needed = {argument.name: argument for argument in choice.resource.arguments}
    given: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not (equals and name and value):
            raise BadInput(f"--argument must be NAME=VALUE; got {text!r}")
        if name not in needed:
            there = nearest(name, needed) or f"; {_needs(choice)}"
            raise BadInput(f"{choice.name} has no argument {name!r}{there}")
        given[name] = _from_json(name, value) if needed[name].is_json else value
    for name, argument in needed.items():
        if argument.required and name not in given:
            told = f": {argument.help}" if argument.help else ""
            raise BadInput(f"{choice.name} needs --argument {name}=…{told}")
    return given


def overview(catalogue: Catalogue, label: str | None) -> Iterator[str]:
    """Give a line for each object type of a version, or of all if none was asked for.

    Raises:
        BadInput: There is no version of this name.
    """
    chosen = catalogue.versions if label is None else {label: version_of(catalogue, label)}
    for each, version in chosen.items():
        for name, resource in version.resources.items():
            parts = [each, name]
            for one in resource.arguments:
                told = f"--argument {one.name}=…"
                parts.append(told if one.required else f"[{told}]")
            parts += [] if resource.has_id_property else ["(no --id-property)"]
            yield "  ".join(parts)


def _package(label: str) -> str:
    """Return what the package of a version with this label is called."""
    name = _NO_NAME.sub("_", label.lower())
    return f"v{name}" if name[:1].isdigit() else name


def _from_json(name: str, text: str) -> object:
    try:
        return from_json(text)
    except ValueError:
        told = f"--argument {name} must be JSON, such as 7, true or a list; got {text!r}"
        raise BadInput(told) from None


def _needs(choice: Choice) -> str:
    names = [argument.name for argument in choice.resource.arguments]
    return f"it has {listed(names)}" if names else "it has none"
