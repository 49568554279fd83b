"""The methods that send any number of records: which an object type has, and which part its fields play.

In comes a `Resource` of the tree, out come its `BulkMethods`. Object types whose fields play the same parts
share one `UpsertRoles`, which `roles_name` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from upsertgen.emit.encode import identifier
from upsertgen.emit.records import checked_type, record_constants
from upsertgen.ir.job_checks import job_operation
from upsertgen.ir.names import BULK_METHODS, free_name
from upsertgen.ir.tree import (
    Api,
    EnumerationType,
    NullableType,
    ObjectValue,
    Operation,
    Parameter,
    RequestShape,
    Resource,
    ScalarType,
    Type,
)
from upsertgen.ir.vocabulary import Roles
from upsertgen.public_name import Aliases, Kind
from upsertgen.spec_text import SpecText

BULK_PARAMETERS: frozenset[str] = frozenset(
    "records id_property options duplicates null timezone properties unknown_options convert locale "
    "concurrency limiter time_budget journal state full progress start_at retry_rejected only_failed "
    "dry_run".split()
)
"""The parameters of bulk methods, so that no argument is called so."""


@dataclass(frozen=True)
class UpsertRoles:
    """What is emitted once for all operations that are alike.

    Attributes:
        upsert: Which fields play which part.
        maximum: The most records in one request, if there is a limit.
    """

    upsert: Roles
    maximum: int | None


@dataclass(frozen=True)
class JobOperation:
    """An operation that tells of the jobs that write records.

    Attributes:
        tells: What it tells of them, as the runtime calls it: "status", "results" or "errors".
        called: Its public name.
        operation: The operation.
    """

    tells: str
    called: str
    operation: Operation


@dataclass(frozen=True)
class BulkMethods:
    """The methods of an operation that send any number of records.

    Attributes:
        name: The name of the method that returns a report.
        iter_name: The name of the method that yields outcomes.
        constant: The name, in the module, of what they send records with.
        roles: Which fields play which part.
        request: What a request looks like; its arguments are called as no other one of the method.
        by_property: Whether a record is found by a property that the caller names.
        keys: The unique properties that every account has, as far as the spec names any.
        has_aliases: Whether its object type may be called by several names.
        scopes: Sets of scopes, one of which a token needs, as far as the spec names any.
        deprecated: Whether what they send with is deprecated.
        jobs: What tells of the jobs that write the records.
        record: The type that records are checked against; nothing where they are sent as text.
        constants: What each record needs and can have but one value of.
    """

    name: str
    iter_name: str
    constant: str
    roles: UpsertRoles
    request: RequestShape
    by_property: bool
    keys: tuple[SpecText, ...]
    has_aliases: bool
    scopes: tuple[tuple[SpecText, ...], ...]
    deprecated: bool
    jobs: tuple[JobOperation, ...]
    record: Type | None
    constants: ObjectValue

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of their parameters, but for the options that all bulk methods share."""
        by_property = ("id_property",) if self.by_property else ()
        return ("records", *by_property, *(one.name for one in self.arguments))

    @property
    def arguments(self) -> tuple[Parameter, ...]:
        """The arguments that are the same for all records."""
        return self.request.arguments

    @property
    def json_arguments(self) -> tuple[str, ...]:
        """The names of the arguments that are no text."""
        return tuple(one.name for one in self.arguments if not _is_text(one.type))

    @property
    def inherited(self) -> bool:
        """Whether the runtime's base classes have them, so that they are not emitted."""
        is_plain = self.by_property and not self.arguments and not self.deprecated
        return self.name == BULK_METHODS[0] and is_plain


def _is_text(kind: Type) -> bool:
    if isinstance(kind, NullableType):
        return _is_text(kind.inner)
    if isinstance(kind, EnumerationType):
        return any(isinstance(one, SpecText) for one in kind.values)
    return isinstance(kind, ScalarType) and kind.name not in ("integer", "number", "boolean")


def roles_name(index: int) -> str:
    """Return the name of a set of roles in the emitted module of roles."""
    return "ROLES" if index == 0 else f"ROLES_{index + 1}"


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
        None
        if operation.upsert is None
        else UpsertRoles(replace(operation.upsert, aliases=()), maximum(operation))
    )


def maximum(operation: Operation) -> int | None:
    """Return the most records that one request of an operation may hold, if there is a limit."""
    return operation.request.maximum if operation.request is not None else None


def bulk_methods(
    package: str, resource: Resource, api: Api, aliases: Aliases
) -> Mapping[str, BulkMethods]:
    """Return the bulk methods of an object type, by the name of the operation that they send.

    Args:
        package: The package of its version.
        resource: The object type.
        api: Where its bodies are.
        aliases: The old names of methods, none of which a bulk method is called by.
    """
    upserts = [one for one in resource.operations if one.upsert is not None]
    taken = {operation.name for operation in resource.operations}
    taken |= {one.old.own for one in aliases.within(Kind.METHOD, package, resource.name)}
    found: dict[str, BulkMethods] = {}
    for operation in upserts:
        name = BULK_METHODS[0] if len(upserts) == 1 else f"{operation.name}_records"
        while taken & {name, f"iter_{name}"}:
            name = f"{name}_records"
        taken |= {name, f"iter_{name}"}
        own = roles_of(operation, api)
        request = operation.request
        if own is None or request is None:
            continue
        found[operation.name] = BulkMethods(
            name=identifier(name),
            iter_name=identifier(f"iter_{name}"),
            constant=f"_{identifier(operation.name).upper()}__BULK",
            roles=own,
            request=replace(request, arguments=_renamed(request.arguments)),
            by_property=own.upsert.key_property is not None and own.upsert.properties is not None,
            keys=operation.keys,
            has_aliases=any(
                label == resource.label or own.upsert.object_type in _in_path(operation)
                for label, _ in api.aliases
            ),
            scopes=operation.scope_sets,
            deprecated=operation.deprecated,
            jobs=_job_operations(package, own.upsert, api),
            record=checked_type(operation, api),
            constants=record_constants(operation, api),
        )
    return found


def _job_operations(package: str, upsert: Roles, api: Api) -> tuple[JobOperation, ...]:
    job = upsert.job
    if job is None:
        return ()
    named = {"status": job.operation}
    named["results"] = job.result_pages.operation if job.result_pages else None
    named["errors"] = job.error_pages.operation if job.error_pages else None
    version = next(one for one in api.versions if one.package == package)
    return tuple(
        JobOperation(tells, f"{identifier(resource.name)}.{identifier(operation.name)}", operation)
        for tells, operation_id in named.items()
        for resource in version.resources
        if (operation := job_operation(resource.operations, operation_id)) is not None
    )


def _renamed(arguments: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    taken: set[str] = {*BULK_PARAMETERS}
    return tuple(replace(one, name=free_name(one.name, one.location, taken)) for one in arguments)


def _in_path(operation: Operation) -> set[SpecText]:
    return {one.wire_name for one in operation.parameters if one.location == "path"}
