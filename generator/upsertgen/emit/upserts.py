"""Bulk upserts: which fields play which part, and the methods that send any number of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upsertgen.emit.encode import identifier
from upsertgen.ir.tree import Api, ArrayType, Operation, ReferenceType, Resource, Upsert, Version
from upsertgen.lock.aliases import Aliases
from upsertgen.lock.names import Kind
from upsertgen.spec_text import SpecText

_TAKEN = frozenset(
    "self records id_property options duplicates concurrency limiter time_budget journal dry_run "
    "progress "
    # What methods call.
    "iter_upsert iter_upsert_async upsert upsert_async".split()
)
"""What stands in methods, so that no path argument is called so."""


@dataclass(frozen=True)
class UpsertRoles:
    """What is emitted once for all operations that are alike.

    Attributes:
        upsert: Which fields play which part.
        maximum: The most records in one request, if there is a limit.
    """

    upsert: Upsert
    maximum: int | None


@dataclass(frozen=True)
class PathArgument:
    """An argument of the path.

    Attributes:
        wire_name: Its name in the path.
        name: Its name in Python.
        description: What the spec says about it.
    """

    wire_name: SpecText
    name: str
    description: SpecText | None


@dataclass(frozen=True)
class BulkMethods:
    """The methods of an operation that send any number of records.

    Attributes:
        name: The name of the method that returns a report.
        iter_name: The name of the method that yields outcomes.
        roles: The name of the constant that says which fields play which part.
        path_arguments: The arguments of the path.
        by_property: Whether a record is found by a property that the caller names.
    """

    name: str
    iter_name: str
    roles: str
    path_arguments: tuple[PathArgument, ...]
    by_property: bool

    @property
    def inherited(self) -> bool:
        """Whether the runtime's base classes have them, so that they are not emitted."""
        return self.name == "upsert" and self.by_property and not self.path_arguments


def distinct_roles(api: Api) -> tuple[UpsertRoles, ...]:
    """Return every distinct set of roles, in the order of the operations that have them."""
    found = dict.fromkeys(
        roles_of(operation, api)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
        if operation.upsert is not None
    )
    return tuple(roles for roles in found if roles is not None)


def roles_of(operation: Operation, api: Api) -> UpsertRoles | None:
    """Return the roles of the fields of an operation, if it is an upsert."""
    return (
        None if operation.upsert is None else UpsertRoles(operation.upsert, maximum(operation, api))
    )


def roles_name(index: int) -> str:
    """Return the name of a set of roles in the emitted module."""
    return "ROLES" if index == 0 else f"ROLES_{index + 1}"


def maximum(operation: Operation, api: Api) -> int | None:
    """Return the most records that one request of an operation may hold, if there is a limit."""
    body = operation.body.type if operation.body is not None else None
    if operation.upsert is None or not isinstance(body, ReferenceType):
        return None
    for field in api.models[body.body].fields:
        if field.wire_name == operation.upsert.inputs and isinstance(field.type, ArrayType):
            limit = dict(field.type.constraints).get("maxItems")
            return limit if isinstance(limit, int) else None
    return None


def bulk_methods(
    package: str, resource: Resource, api: Api, roles: tuple[UpsertRoles, ...], aliases: Aliases
) -> Mapping[str, BulkMethods]:
    """Return the bulk methods of an object type, by the name of the operation that they send.

    An operation that needs more than its records and the arguments of its path has none.

    Args:
        package: The package of its version.
        resource: The object type.
        api: Where its bodies are.
        roles: Every distinct set of roles.
        aliases: The old names of methods, none of which a bulk method is called by.
    """
    upserts = [one for one in resource.operations if one.upsert is not None and _is_simple(one)]
    taken = {operation.name for operation in resource.operations}
    taken |= {one.old.own for one in aliases.within(Kind.METHOD, package, resource.name)}
    found: dict[str, BulkMethods] = {}
    for operation in upserts:
        name = "upsert" if len(upserts) == 1 else f"{operation.name}_records"
        while taken & {name, f"iter_{name}"}:
            name = f"{name}_records"
        taken |= {name, f"iter_{name}"}
        own = roles_of(operation, api)
        if own is None:
            continue
        found[operation.name] = BulkMethods(
            name=identifier(name),
            iter_name=identifier(f"iter_{name}"),
            roles=roles_name(roles.index(own)),
            path_arguments=_path_arguments(operation),
            by_property=own.upsert.key_property is not None and own.upsert.properties is not None,
        )
    return found


@dataclass(frozen=True)
class CatalogueVersion:
    """What the command line of a distribution can upsert in one API version.

    Attributes:
        version: The version.
        resources: Its object types that have a method `upsert`, with their methods.
    """

    version: Version
    resources: tuple[tuple[Resource, BulkMethods], ...]


def upsert_catalogue(
    api: Api, roles: tuple[UpsertRoles, ...], aliases: Aliases
) -> tuple[CatalogueVersion, ...]:
    """Return what the command line of a distribution can upsert."""
    versions = (
        CatalogueVersion(
            version,
            tuple(
                (resource, methods)
                for resource in version.resources
                for methods in bulk_methods(version.package, resource, api, roles, aliases).values()
                if methods.name == "upsert"
            ),
        )
        for version in api.versions
    )
    return tuple(one for one in versions if one.resources)


def catalogue_names(catalogue: tuple[CatalogueVersion, ...]) -> tuple[str, ...]:
    """Return the classes that a catalogue is written with."""
    arguments = any(methods.path_arguments for one in catalogue for _, methods in one.resources)
    return (
        *(["Argument"] if arguments else []),
        "Catalogue",
        *(["Resource", "Version"] if catalogue else []),
    )


def _is_simple(operation: Operation) -> bool:
    upsert = operation.upsert
    return all(
        parameter.location == "path"
        or not parameter.required
        or (
            upsert is not None
            and parameter.location == "field"
            and parameter.wire_name == upsert.inputs
        )
        for parameter in operation.parameters
    )


def _path_arguments(operation: Operation) -> tuple[PathArgument, ...]:
    return tuple(
        PathArgument(
            one.wire_name,
            f"{one.name}_path" if one.name in _TAKEN else one.name,
            one.description,
        )
        for one in operation.parameters
        if one.location == "path"
    )
