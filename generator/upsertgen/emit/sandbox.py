"""The contract that the sandbox serves, and the fixtures that run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from upsertgen.emit.encode import raw
from upsertgen.emit.schema import schema_of, thaw
from upsertgen.ir.extensions import ERRORS
from upsertgen.ir.tree import (
    Api,
    ArrayType,
    Model,
    ObjectValue,
    Operation,
    Policy,
    ReferenceType,
    Resource,
    Role,
    ScalarType,
    Upsert,
    Version,
)

_NAMES = {error: name for name, error in ERRORS.items()}
_NO_BEHAVIOUR = ObjectValue(())


@dataclass(frozen=True)
class Fixtures:
    """The fixtures that give clients of an API version to tests.

    Attributes:
        version: The version.
    """

    version: Version

    @property
    def package(self) -> str:
        """The package of the version."""
        return self.version.package

    @property
    def sync(self) -> str:
        """The name of the fixture that gives a client."""
        return f"upsert_{self.package}_client"

    @property
    def asynchronous(self) -> str:
        """The name of the fixture that gives an asynchronous client."""
        return f"upsert_{self.package}_async_client"


def sandbox_contract(api: Api) -> dict[str, Any]:
    """Return what the sandbox of a distribution has to know, as JSON data."""
    operations = [
        (version, resource, operation)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
    ]
    behaviours = list(dict.fromkeys(one.sandbox or _NO_BEHAVIOUR for _, _, one in operations))
    names = {key: f"{model.owner}.{model.class_name}" for key, model in api.models.items()}
    return {
        "generated": "by upsertgen; do not edit",
        "versions": [raw(version.label) for version in api.versions],
        "operations": [
            _operation(version, resource, operation, behaviours, names, api)
            for version, resource, operation in operations
        ],
        "policies": [_policy(policy) for policy in api.policies],
        "behaviours": [thaw(behaviour) for behaviour in behaviours] or [{}],
        "schemas": {
            names[key]: _schema(model, names)
            for key, model in sorted(api.models.items(), key=lambda pair: names[pair[0]])
            if model.role is Role.RESPONSE
        },
    }


def _operation(
    version: Version,
    resource: Resource,
    operation: Operation,
    behaviours: list[ObjectValue],
    names: dict[str, str],
    api: Api,
) -> dict[str, Any]:
    exported = {one.model: one.name for one in version.models}
    body = operation.body.type if operation.body is not None else None
    return {
        "version": raw(version.label),
        "package": version.package,
        "resource": resource.name,
        "label": raw(resource.label),
        "name": operation.name,
        "method": operation.method,
        "path": raw(operation.path),
        "integers": [
            raw(parameter.wire_name)
            for parameter in operation.parameters
            if parameter.location == "path"
            and isinstance(parameter.type, ScalarType)
            and parameter.type.name == "integer"
        ],
        "scopes": _scopes(operation),
        "request": exported[body.body] if isinstance(body, ReferenceType) else None,
        "maximum": _maximum(operation, api),
        "responses": {
            response.status: None if response.type is None else schema_of(response.type, names)
            for response in operation.responses
        },
        "upsert": None if operation.upsert is None else _roles(operation.upsert),
        "behaviour": behaviours.index(operation.sandbox or _NO_BEHAVIOUR),
        "policy": operation.policy,
    }


def _scopes(operation: Operation) -> list[list[str]]:
    """Return the sets of scopes, one of which a token has to have.

    A requirement without scopes says nothing about a token's scopes where another one names some.
    """
    named = [
        sorted(raw(scope) for _, scopes in requirement for scope in scopes)
        for requirement in operation.security
    ]
    return [scopes for scopes in named if scopes]


def _roles(upsert: Upsert) -> dict[str, str]:
    roles = {
        "inputs": upsert.inputs,
        "key": upsert.key,
        "key_property": upsert.key_property,
        "properties": upsert.properties,
        "object_type": upsert.object_type,
        "trace_id": upsert.trace_id,
        "results": upsert.results,
        "errors": upsert.errors,
        "created": upsert.created,
    }
    return {name: raw(field) for name, field in roles.items() if field is not None}


def _maximum(operation: Operation, api: Api) -> int | None:
    """Return the most records that one request may hold, if there is a limit."""
    body = operation.body.type if operation.body is not None else None
    if operation.upsert is None or not isinstance(body, ReferenceType):
        return None
    for field in api.models[body.body].fields:
        if field.wire_name == operation.upsert.inputs and isinstance(field.type, ArrayType):
            maximum = dict(field.type.constraints).get("maxItems")
            return maximum if isinstance(maximum, int) else None
    return None


def _policy(policy: Policy) -> dict[str, Any]:
    statuses: dict[str, list[int]] = {}
    for rule in policy.rules:
        name = _NAMES[rule.error]
        if rule.retry or name == "daily-limit":
            numbers = [status for status in rule.statuses if isinstance(status, int)]
            known = statuses.setdefault(name, [])
            known.extend(status for status in numbers if status not in known)
    return {
        "fields": {name: raw(field) for name, field in policy.fields},
        "rate_limit_headers": {name: raw(header) for name, header in policy.rate_limit_headers},
        "statuses": statuses,
    }


def _schema(model: Model, names: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {raw(one.wire_name): schema_of(one.type, names) for one in model.fields},
        "required": [raw(one.wire_name) for one in model.fields if one.required],
    }
