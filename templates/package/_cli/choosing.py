"""Which version and object type, and what else the path needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .problems import BadInput, listed, nearest
from .resources import Catalogue, Resource, Version


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
    """Find an object type of a version.

    Args:
        catalogue: What there is.
        label: The version that was asked for; None for none.
        object_type: The object type that was asked for.

    Raises:
        BadInput: There is none of these names.
    """
    version = version_of(catalogue, label)
    # Both ways to write the names are common in the same API.
    name = object_type.replace("-", "_")
    resource = version.resources.get(name)
    if resource is None:
        others = [each for each, other in catalogue.versions.items() if name in other.resources]
        hint = (
            f"; there is in {listed(others)}" if others else nearest(object_type, version.resources)
        )
        raise BadInput(
            f"there is no object type {object_type!r} to upsert in the version {label}"
            f"{hint}; '{catalogue.program} --list' shows all"
        )
    return Choice(version, name, resource)


def version_of(catalogue: Catalogue, label: str | None) -> Version:
    """Find a version.

    Args:
        catalogue: What there is.
        label: The version that was asked for; None for none.

    Raises:
        BadInput: There is none of this name.
    """
    if label is None:
        raise BadInput(f"say which version of the API with --api-version: {_any_of(catalogue)}")
    version = catalogue.versions.get(label)
    if version is None:
        near = nearest(label, catalogue.versions) or f"; there is {listed(catalogue.versions)}"
        raise BadInput(f"there is no version {label!r} of the API{near}")
    return version


def path_arguments(choice: Choice, texts: Iterable[str]) -> dict[str, str]:
    """Read what was given with `--argument`.

    Args:
        choice: What is to be upserted.
        texts: Each a name, an equals sign, and a value.

    Returns:
        The further arguments of the client's method.

    Raises:
        BadInput: One is missing, has another form, or is not needed.
    """
    needed = {argument.name: argument.help for argument in choice.resource.arguments}
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not (equals and name and value):
            raise BadInput(f"--argument must be NAME=VALUE; got {text!r}")
        if name not in needed:
            there = nearest(name, needed) or f"; {_needs(choice)}"
            raise BadInput(f"{choice.name} has no argument {name!r}{there}")
        given[name] = value
    for name, help_text in needed.items():
        if name not in given:
            told = f": {help_text}" if help_text else ""
            raise BadInput(f"{choice.name} needs --argument {name}=…{told}")
    return given


def overview(catalogue: Catalogue, label: str | None) -> Iterator[str]:
    """Give a line for each object type of each version, or of one.

    Args:
        catalogue: What there is.
        label: The version; None for all.

    Raises:
        BadInput: There is no version of this name.
    """
    versions: Mapping[str, Version] = (
        catalogue.versions if label is None else {label: version_of(catalogue, label)}
    )
    for each, version in versions.items():
        for name, resource in version.resources.items():
            parts = [each, name]
            parts += [f"--argument {argument.name}=…" for argument in resource.arguments]
            parts += [] if resource.has_id_property else ["(no --id-property)"]
            yield "  ".join(parts)


def _any_of(catalogue: Catalogue) -> str:
    *first, last = catalogue.versions
    return f"{', '.join(first)} or {last}" if first else last


def _needs(choice: Choice) -> str:
    names = [argument.name for argument in choice.resource.arguments]
    return f"it has {listed(names)}" if names else "it has none"
