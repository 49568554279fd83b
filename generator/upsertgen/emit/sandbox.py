"""The contract that the sandbox serves, and the fixtures that run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

from upsertgen.emit.bulk_methods import maximum
from upsertgen.emit.encode import json_line, raw
from upsertgen.emit.json_schema import SchemaWriter
from upsertgen.ir.job_checks import asked_arguments
from upsertgen.ir.tree import (
    Api,
    ArrayType,
    Credential,
    Direction,
    EnumerationType,
    Facts,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    Operation,
    ReferenceType,
    Resource,
    ScalarType,
    StandardProperties,
    Type,
    UnionType,
    Version,
)
from upsertgen.ir.vocabulary import DEFAULT_RULES, ErrorPolicy, Job, Roles
from upsertgen.ir.words import ERRORS, texts, words
from upsertgen.spec_text import SpecText

_NAMES = {error: name for name, error in ERRORS.items()}
_NO_BEHAVIOUR = ObjectValue(())
_MEANINGS = {
    "unauthenticated": "authentication",
    "expired-token": "authentication",
    "missing-scope": "permission",
    "conflict": "conflict",
    "locked": "locked",
    "rate-limit": "rate-limit",
    "daily-limit": "daily-limit",
    "server": "server",
}
"""The situations of the sandbox that clients tell from others, and what rules call them."""
_JSON = SpecText("application/json")
_ELSEWHERE = frozenset(("query", "header", "cookie"))
_ZEROS = {"integer": 0, "number": 0, "boolean": False}
_DEEPEST = 5
"""How deep enumerations of a request are looked for, which may hold itself."""


@dataclass(frozen=True)
class ClientFixtures:
    """The fixtures that give clients of an API version to tests.

    Attributes:
        version: The version.
        sync: The name of the fixture that gives a client.
        asynchronous: The name of the fixture that gives an asynchronous client.
    """

    version: Version
    sync: str
    asynchronous: str


@dataclass(frozen=True)
class Fixtures:
    """The names of the fixtures of a distribution, which begin alike.

    Attributes:
        prefix: How they begin.
        clients: Those that give clients, by version.
    """

    prefix: str
    clients: tuple[ClientFixtures, ...]

    @property
    def sandbox(self) -> str:
        """The fixture that gives a sandbox."""
        return f"{self.prefix}_sandbox"

    @property
    def options(self) -> str:
        """The fixture that sets it up."""
        return f"{self.sandbox}_options"

    @property
    def session(self) -> str:
        """The fixture that gives a sandbox for all tests."""
        return f"{self.sandbox}_session"

    @property
    def session_options(self) -> str:
        """The fixture that sets that up."""
        return f"{self.session}_options"

    def names(self) -> list[str]:
        """Return all of them."""
        clients = [name for one in self.clients for name in (one.sync, one.asynchronous)]
        return [self.options, self.sandbox, self.session_options, self.session, *clients]

    def of(self, version: Version) -> ClientFixtures:
        """Return those that give clients of a version."""
        return next(one for one in self.clients if one.version.package == version.package)


def fixtures_of(versions: Iterable[Version], *prefixes: str) -> list[Fixtures]:
    """Return fixtures for some versions, by how their names begin; no two have one name."""
    versions = list(versions)
    found: list[Fixtures] = []
    taken: set[str] = set()
    for prefix in prefixes:
        clients: list[ClientFixtures] = []
        for version in versions:
            names: list[str] = []
            for kind in ("client", "async_client"):
                # One version may be called as another one with `async` behind it.
                name = f"{prefix}_{version.package}_{kind}"
                while name in taken:
                    name += "_"
                taken.add(name)
                names.append(name)
            clients.append(ClientFixtures(version, *names))
        found.append(Fixtures(prefix, tuple(clients)))
    return found


def can_stand_in(operation: Operation) -> bool:
    """Return whether the sandbox can do what an operation asks for on its own, without a job before it."""
    behaviour = operation.sandbox.fields if operation.sandbox is not None else ()
    return (
        operation.upsert is not None
        or operation.property_query is not None
        or operation.account_query is not None
        or any(name == SpecText("records") for name, _ in behaviour)
    )


def sandbox_contract(api: Api, old_names: Mapping[SpecText, Iterable[SpecText]]) -> dict[str, Any]:
    """Return what the sandbox of a distribution has to know, as JSON data.

    Args:
        api: What is emitted.
        old_names: Those of the aliases that an earlier distribution gave to object types, by their label.
    """
    operations = [
        (version, resource, operation)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
    ]
    behaviours = list(dict.fromkeys(one.sandbox or _NO_BEHAVIOUR for _, _, one in operations))
    upserts = list(dict.fromkeys(filter(None, (_roles(one) for _, _, one in operations))))
    names = {key: f"{model.owner}.{model.class_name}" for key, model in api.models.items()}
    writer = SchemaWriter(names, api.models)
    schemes = _schemes(one for _, _, one in operations)
    return {
        "generated": "Generated by upsertgen; do not edit.",
        "versions": [raw(version.label) for version in api.versions],
        "operations": [
            _operation(version, resource, operation, behaviours, upserts, schemes, writer, api)
            for version, resource, operation in operations
        ],
        "aliases": {raw(label): [*map(raw, names)] for label, names in api.aliases},
        "old_names": sorted(raw(name) for names in old_names.values() for name in names),
        "upserts": [_record(upsert) for upsert in upserts],
        **({"schemes": [_scheme(one) for one in schemes]} if schemes else {}),
        "policies": [_policy(policy) for policy in api.policies],
        "behaviours": [writer.value(behaviour) for behaviour in behaviours] or [{}],
        "schemas": {
            names[key]: _schema(model, writer)
            for key, model in sorted(api.models.items(), key=lambda pair: names[pair[0]])
            if model.direction is Direction.RESPONSE
        },
    }


def facts_data(facts: Facts) -> dict[str, Any]:
    """Return what is known of the API as JSON data."""
    return {
        "generated": "Generated by upsertgen; do not edit.",
        "declare": dict(facts.declare),
        "facts": [*facts.facts],
    }


def properties_data(known: StandardProperties) -> dict[str, Any]:
    """Return the properties of an object type that every account has, as JSON data."""
    declarations = {name: said or {} for name, said in sorted(known.declarations.items())}
    return {
        "generated": "Generated by upsertgen; do not edit.",
        "object_type": known.object_type,
        "properties": declarations,
    }


def properties_text(known: StandardProperties) -> str:
    """Return `properties_data` as text, with a line for each property."""
    data = properties_data(known)
    lines = ",\n".join(
        f"  {json_line(name)}: {json_line(said)}" for name, said in data.pop("properties").items()
    )
    head = "".join(f" {json_line(name)}: {json_line(value)},\n" for name, value in data.items())
    return f'{{\n{head} "properties": {{\n{lines}\n }}\n}}'


def _operation(
    version: Version,
    resource: Resource,
    operation: Operation,
    behaviours: list[ObjectValue],
    upserts: list[Roles],
    schemes: list[Credential],
    writer: SchemaWriter,
    api: Api,
) -> dict[str, Any]:
    exported = {one.model: one.name for one in version.models}
    body = operation.body.type if operation.body is not None else None
    sent = body.items if isinstance(body, ArrayType) else body
    return {
        "version": raw(version.label),
        "package": version.package,
        "resource": resource.name,
        "label": raw(resource.label),
        "name": operation.name,
        "method": operation.method,
        "path": raw(operation.path),
        "query": [
            raw(parameter.wire_name)
            for parameter in operation.parameters
            if parameter.location == "query"
        ],
        "integers": [
            raw(parameter.wire_name)
            for parameter in operation.parameters
            if parameter.location == "path"
            and isinstance(parameter.type, ScalarType)
            and parameter.type.name == "integer"
        ],
        "scopes": [sorted(map(raw, scopes)) for scopes in operation.scope_sets],
        "request": exported[sent.body] if isinstance(sent, ReferenceType) else None,
        "enumerations": dict(_enumerations(body, api.models)),
        "maximum": maximum(operation),
        "responses": {
            response.status: None if response.type is None else writer.type(response.type)
            for response in operation.responses
        },
        "upsert": None if (roles := _roles(operation)) is None else upserts.index(roles),
        "property_query": (
            None if operation.property_query is None else _record(operation.property_query)
        ),
        "account_query": (
            None if operation.account_query is None else _record(operation.account_query)
        ),
        "behaviour": behaviours.index(operation.sandbox or _NO_BEHAVIOUR),
        "policy": operation.policy,
        **_unusual(operation, api),
        **_security(operation, schemes),
        **_about_jobs(operation, version),
    }


def _about_jobs(operation: Operation, version: Version) -> dict[str, Any]:
    upsert = _begun_by(operation, version)
    if upsert is None:
        return {}
    asked = [raw(one.wire_name) for one in asked_arguments(operation, upsert)]
    return {"id": raw(operation.operation_id), "job_argument": asked[0] if asked else ""}


def _begun_by(operation: Operation, version: Version) -> Operation | None:
    """Return the upsert of whose jobs an operation tells, if it does."""
    for resource in version.resources:
        for one in resource.operations:
            job = None if one.upsert is None else one.upsert.job
            if job is not None and operation.operation_id in _asked(job):
                return one
    return None


def _asked(job: Job) -> list[SpecText | None]:
    """Return the operationIds of what tells of a job."""
    pages = (job.result_pages, job.error_pages)
    return [job.operation, *(one.operation for one in pages if one is not None)]


def _schemes(operations: Iterable[Operation]) -> list[Credential]:
    """Return the security schemes of operations, where a bearer token is not all that they need."""
    needed = [one.credentials for one in operations if not _needs_bearer_token(one)]
    named = [one for each in needed for alternative in each or () for one in alternative]
    return list(dict.fromkeys(named))


def _needs_bearer_token(operation: Operation) -> bool:
    return (
        operation.credentials is not None
        and all(len(one) == 1 and one[0].is_bearer for one in operation.credentials)
        and operation.credentials != ()
    )


def _security(operation: Operation, schemes: list[Credential]) -> dict[str, Any]:
    if _needs_bearer_token(operation):
        return {}
    alternatives = operation.credentials or ((),)
    return {"security": [[schemes.index(one) for one in each] for each in alternatives]}


def _scheme(credential: Credential) -> dict[str, Any]:
    said = {
        "name": raw(credential.scheme),
        "location": credential.location,
        "parameter": raw(credential.parameter),
        "prefix": None if credential.prefix is None else raw(credential.prefix),
        "is_basic": credential.is_basic,
    }
    return {name: value for name, value in said.items() if value}


def _unusual(operation: Operation, api: Api) -> dict[str, Any]:
    """Return what most operations need not say."""
    body = operation.body
    needed = [
        _needed(one.wire_name, one.location, one.type)
        for one in operation.parameters
        if one.required and one.location in _ELSEWHERE
    ]
    needed += [
        _needed(one.wire_name, one.location, EnumerationType((one.value,), is_open=False))
        for one in operation.constants
        if one.location in _ELSEWHERE
    ]
    behaviour = operation.sandbox.fields if operation.sandbox is not None else ()
    is_told = any(name == SpecText("answers") for name, _ in behaviour)
    error = None if is_told or operation.error is None else operation.error
    said: dict[str, Any] = {
        "needed": needed,
        "media_type": "" if body is None or body.media_type == _JSON else raw(body.media_type),
        "of_each": body is not None and isinstance(body.type, ArrayType),
        "error": None if error is None else _skeleton(error, api.models),
        "situations": {} if is_told else _situations(api.policies[operation.policy]),
    }
    return {name: value for name, value in said.items() if value}


def _situations(policy: ErrorPolicy) -> dict[str, Any]:
    """Return what tells clients that a situation is one, where it takes more than the usual status."""
    found: dict[str, Any] = {}
    for situation, name in _MEANINGS.items():
        expires = situation == "expired-token"
        rules = [one for one in policy.rules if one.error == ERRORS[name]]
        rules.sort(key=lambda one: one.expired_token != expires)
        for rule in rules[:1]:
            statuses = [one for one in rule.statuses if isinstance(one, int)]
            usual = [one.statuses for one in DEFAULT_RULES if one.error == rule.error]
            is_usual = not rule.when and rule.delay_header is None and rule.statuses in usual
            if statuses and not is_usual:
                found[situation] = {
                    "status": statuses[0],
                    "fields": {raw(way): raw(value) for way, value in rule.when},
                    "delay_header": None if rule.delay_header is None else raw(rule.delay_header),
                    "delay_unit": None if rule.delay_unit is None else raw(rule.delay_unit),
                }
    return found


def _needed(name: SpecText, location: str, kind: Type) -> dict[str, Any]:
    allowed = kind.values if isinstance(kind, EnumerationType) else ()
    values = [one if isinstance(one, str) else json_line(one) for one in _plain(allowed)]
    return {"name": raw(name), "location": location, "values": values}


def _skeleton(kind: Type, models: Mapping[str, Model], within: tuple[str, ...] = ()) -> Any:
    """Return a value of a type, with no more than it has to hold."""
    match kind:
        case ReferenceType(body) if body not in within:
            return {
                raw(one.wire_name): _skeleton(one.type, models, (*within, body))
                for one in models[body].fields
                if one.required
            }
        case ArrayType(items):
            return [_skeleton(items, models, within)]
        case EnumerationType((first, *_)):
            return _plain(first)
        case ScalarType(name):
            return _ZEROS.get(name, "")
        case UnionType((first, *_)):
            return _skeleton(first, models, within)
        case MapType() | ReferenceType():
            return {}
        case _:
            return None


def _enumerations(
    type_: Type | None, models: Mapping[str, Model], way: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the dotted ways to the enumerations of a request, and their values."""
    match type_:
        case ArrayType():
            yield from _enumerations(type_.items, models, way)
        case NullableType():
            yield from _enumerations(type_.inner, models, way)
        case EnumerationType():
            yield ".".join(way), [_plain(one) for one in type_.values]
        case ReferenceType() if len(way) < _DEEPEST:
            for one in models[type_.body].fields:
                yield from _enumerations(one.type, models, (*way, raw(one.wire_name)))
        case _:
            return


def _roles(operation: Operation) -> Roles | None:
    """Return the roles of an upsert, without the aliases of its object type, which stand apart."""
    return None if operation.upsert is None else replace(operation.upsert, aliases=())


def _record(record: object) -> dict[str, Any]:
    """Give an object of the vocabulary as JSON, without what says nothing."""
    found: dict[str, Any] = {}
    for word in words(type(record)):
        value = getattr(record, word.name)
        if value not in (None, (), False):
            found[word.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, SpecText):
        return raw(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return _record(value) if is_dataclass(value) else value


def _texts(record: object) -> dict[str, str]:
    return {word.name: raw(text) for word, text in texts(record)}


def _policy(policy: ErrorPolicy) -> dict[str, Any]:
    statuses: dict[str, list[int]] = {}
    for rule in policy.rules:
        name = _NAMES.get(rule.error) or rule.error.own_name
        if rule.retry or name == "daily-limit":
            numbers = [status for status in rule.statuses if isinstance(status, int)]
            known = statuses.setdefault(name, [])
            known.extend(status for status in numbers if status not in known)
    return {
        "fields": _texts(policy.fields),
        "rate_limit_headers": _texts(policy.rate_limit_headers),
        "statuses": statuses,
    }


def _schema(model: Model, writer: SchemaWriter) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {raw(one.wire_name): writer.type(one.type) for one in model.fields},
        "required": [raw(one.wire_name) for one in model.fields if one.required],
    }
