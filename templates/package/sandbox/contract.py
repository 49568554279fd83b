"""What the specification says: operations, the roles of their fields, and answers for situations.

It is read from `contract.json`, which is generated from the specification and its overlays. Nothing in
the sandbox lists a route, a field or an error body by hand.
"""

from __future__ import annotations

import difflib
import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from pydantic import BaseModel, TypeAdapter

from .._properties.files import ANY_TYPE, Rules
from .._runtime.operation import PATH_ARGUMENT
from .._runtime.roles import AccountQuery, PropertyQuery, PropertyRules, Roles
from .._runtime.security import BEARER, SecurityScheme
from .record_words import Extension, OwnLimit, RecordWords
from .standard_properties import StandardProperties

_NEAR = 0.6
_KNOWN_PATHS = 256


class Answer(Extension):
    """How a situation is answered: a named example of the specification, and what varies in it.

    Attributes:
        status: The HTTP status.
        body: The example.
        values: What varies: JSON pointers into the body, and what to put there (see `answers.fill`).
        item: What each thing that an answer is about looks like; `{items}` stands for the list of them.
        detail: What it looks like in another list, for which `{details}` stands.
        headers: Further headers.
        chosen: Whether nobody knows what the API says, so that the words, or the status, are ours.
    """

    status: int
    body: Any
    values: Mapping[str, Any] = {}
    item: Any = None
    detail: Any = None
    headers: Mapping[str, str] = {}
    chosen: bool = False


class AccountLimits(Extension):
    """What an account may do in which time.

    Attributes:
        burst: The most requests of one token in the window; nothing for no limit.
        burst_seconds: The length of that window.
        daily: The most requests of an account in a day; nothing for no limit.
        lock_seconds: How long an account that wrote too much stays locked.
    """

    burst: int | None = None
    burst_seconds: float = 10.0
    daily: int | None = None
    lock_seconds: float = 2.0


class Behaviour(Extension):
    """How the API behaves beyond what OpenAPI says (the extension `x-sandbox`).

    Attributes:
        answers: Answers by their situation.
        batch: Fields of a success body that do not come from records.
        refusals: Further fields of a success body that reports errors.
        cancelled: Further fields of a success body of which nothing was done.
        result: Fields of a result, or of a listed property, that do not come from what it holds.
        by_type: Further fields of a listed property, by its type.
        option: Further fields of an option of a listed property.
        scalar_values: Whether values of properties may be numbers and booleans of JSON as well as texts.
        forward: Properties whose values move only forward, in the order of their options, unless cleared.
        whole_keys: Key properties by which the API does not support partial upserts. What that means is not
            known, so that a record that keeps what an upsert leaves out is a guess.
        identified_by: Arguments of the query, the headers or the body that belong to what identifies a
            record, as those of the path do.
        limits: What an account may do in which time.
        profiles: By the kind of account or app, where its limits differ from the usual ones.
        own_limit: A limit of the operation's own; nothing if the usual ones hold.
        records: What it does with records; nothing if it is an upsert or no such operation.
    """

    answers: Mapping[str, Answer] = {}
    batch: Mapping[str, Any] = {}
    refusals: Mapping[str, Any] = {}
    cancelled: Mapping[str, Any] = {}
    result: Mapping[str, Any] = {}
    by_type: Mapping[str, Mapping[str, Any]] = {}
    option: Mapping[str, Any] = {}
    scalar_values: bool = False
    forward: tuple[str, ...] = ()
    whole_keys: tuple[str, ...] = ()
    identified_by: tuple[str, ...] = ()
    limits: AccountLimits = AccountLimits()
    profiles: Mapping[str, Mapping[str, Any]] = {}
    own_limit: OwnLimit | None = None
    records: RecordWords | None = None


class Policy(BaseModel):
    """What the client knows of errors and of headers.

    Attributes:
        fields: The fields of error bodies, by what they tell.
        rate_limit_headers: The headers that tell the limits, by what they tell.
        statuses: The statuses that are sent again, by the name of their error.
    """

    fields: Mapping[str, str]
    rate_limit_headers: Mapping[str, str]
    statuses: Mapping[str, tuple[int, ...]]


class Needed(BaseModel):
    """An argument outside of path and body without which the API does not do what it is asked for.

    Attributes:
        name: Its name.
        location: Where it stands: `query`, `header` or `cookie`.
        values: What it may be; empty for anything.
    """

    name: str
    location: str
    values: tuple[str, ...] = ()


class Situation(BaseModel):
    """What tells a client of a situation, where that takes more than the usual status.

    Attributes:
        status: The status.
        fields: What the body holds, by ways to it.
        delay_header: The header that says when to try again; None for the usual one.
        delay_unit: What that holds: `seconds`, `milliseconds` or a `date`.
    """

    status: int
    fields: Mapping[str, str] = {}
    delay_header: str | None = None
    delay_unit: str | None = None

    def delay(self, seconds: float) -> str:
        """Say when to try again, as the header has it."""
        if self.delay_unit == "date":
            return formatdate(time.time() + seconds, usegmt=True)
        return f"{seconds * 1000 if self.delay_unit == 'milliseconds' else seconds:g}"


class Operation(BaseModel):
    """One operation of one API version.

    Attributes:
        version: The version, as the API calls it.
        package: The package of the version's client.
        resource: The object type's module in that package.
        label: The object type.
        name: The method.
        method: The HTTP method.
        path: The path; arguments stand in it as `{name}`.
        integers: The arguments of the path that are whole numbers.
        query: The parameters of the query.
        needed: The arguments elsewhere that it needs.
        scopes: Sets of scopes, one of which a token needs; empty if none is needed.
        security: What has to be sent: alternatives, each the schemes that have to be met at once.
        media_type: What its body is sent as.
        request: The class of the request body in the version's `models`, if it has one.
        of_each: Whether that is the class of each item of the body, which is a list or lines.
        enumerations: What fields of the request body may be, by dotted ways to them.
        maximum: The most records in one request, if there is a limit.
        responses: The JSON Schema of the body of each success status, or nothing where it has none.
        error: What the body of an error has to hold, where no example tells.
        situations: What tells clients of situations, where no example tells.
        roles: What makes it a batch upsert; nothing if it is none.
        id: Its operationId, if it tells of jobs.
        job_argument: The argument that takes the id of a job, if it tells of jobs.
        property_query: What makes it a listing of properties; nothing if it is none.
        account_query: What makes it tell of a token and its account; nothing if it does not.
        behaviour: How the API behaves.
        policy: What the client knows of its errors.
    """

    version: str
    package: str
    resource: str
    label: str
    name: str
    method: str
    path: str
    integers: frozenset[str]
    query: frozenset[str] = frozenset()
    needed: tuple[Needed, ...] = ()
    scopes: tuple[frozenset[str], ...]
    security: tuple[tuple[SecurityScheme, ...], ...] = ((BEARER,),)
    media_type: str = "application/json"
    request: str | None
    of_each: bool = False
    enumerations: Mapping[str, tuple[Any, ...]] = {}
    maximum: int | None
    responses: Mapping[str, Any]
    error: Any = None
    situations: Mapping[str, Situation] = {}
    roles: Roles | None
    id: str | None = None
    job_argument: str | None = None
    property_query: PropertyQuery | None = None
    account_query: AccountQuery | None = None
    behaviour: Behaviour
    policy: Policy

    @property
    def property_rules(self) -> PropertyRules:
        """What is known of the properties of its records."""
        return PropertyRules() if self.roles is None else self.roles.property_rules

    @cached_property
    def has_properties(self) -> bool:
        """Whether its records have properties, of which each names the one that it is found by."""
        roles = self.roles
        return roles is not None and None not in (roles.properties, roles.key_property)

    @cached_property
    def tells_of_each(self) -> bool:
        """Whether an answer tells of each record, without trace ids, that it was refused."""
        roles = self.roles
        if roles is None:
            return False
        shape, job = roles.error, roles.job
        results = roles.results is not None or (job is not None and job.result_pages is not None)
        errors = roles.errors is not None or (job is not None and job.error_pages is not None)
        named = shape.keys is not None or shape.position is not None or roles.results_by == "name"
        return (results and roles.result_status is not None) or (errors and named)

    @property
    def retryable_statuses(self) -> tuple[int, ...]:
        """The statuses of failing servers that a client sends again."""
        return self.policy.statuses.get("server", ())

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What paths of the operation look like, percent-encoded."""
        parts = PATH_ARGUMENT.split(self.path)
        return re.compile(
            "".join(
                f"(?P<argument{number // 2}>[^/]+)" if number % 2 else re.escape(part)
                for number, part in enumerate(parts)
            )
        )

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments in the path."""
        return tuple(PATH_ARGUMENT.findall(self.path))


@dataclass(frozen=True)
class Match:
    """The operation that answers to a request, and the arguments in its path, decoded."""

    operation: Operation
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class NoMatch:
    """No operation answers to a request.

    Attributes:
        status: 404, or 405 if the path is known with another method.
        allowed: The methods that the path is known with.
        nearest: The known path that is most like it, if any is.
    """

    status: int
    allowed: tuple[str, ...]
    nearest: str | None


class Contract:
    """Everything that the specification says about what a server has to do.

    Attributes:
        versions: The API versions, oldest first.
        operations: Every operation of every version.
        aliases: What else object types are called, by their labels.
        old_names: Those of them that they had in earlier versions of this package, and the API never knew.
        schemes: The security schemes, where there are others than a bearer token.
        schemas: The JSON Schemas that responses refer to, by their name below `#/$defs/`.
        behaviour: How the API behaves where it does not depend on the operation.
        standard_properties: The properties that every account has.

    Args:
        data: The content of `contract.json`.
        properties: The folder of files that say which properties every account has, if there is one.
    """

    def __init__(self, data: Mapping[str, Any], properties: Path | None = None) -> None:
        self.versions: tuple[str, ...] = tuple(data["versions"])
        self.schemas: Mapping[str, Any] = data["schemas"]
        self.aliases: Mapping[str, Sequence[str]] = data.get("aliases", {})
        self.old_names: Collection[str] = data.get("old_names", ())
        behaviours = [Behaviour.model_validate(one) for one in data["behaviours"]]
        roles = TypeAdapter(list[Roles]).validate_python(data["upserts"])
        policies = [Policy.model_validate(one) for one in data["policies"]]
        self.schemes = TypeAdapter(list[SecurityScheme]).validate_python(data.get("schemes", ()))
        self.operations = tuple(
            Operation.model_validate(
                {
                    **one,
                    "roles": None if one["upsert"] is None else roles[one["upsert"]],
                    "behaviour": behaviours[one["behaviour"]],
                    "policy": policies[one["policy"]],
                    **self._security(one),
                }
            )
            for one in data["operations"]
        )
        self._routes = sorted(self.operations, key=lambda one: bool(one.arguments))
        self._known_paths = lru_cache(_KNOWN_PATHS)(self._find)
        self.behaviour = behaviours[0]
        self.standard_properties = StandardProperties(properties, self.property_rules)

    def _security(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        if "security" not in operation:
            return {}
        alternatives = operation["security"]
        return {"security": [[self.schemes[one] for one in needed] for needed in alternatives]}

    def find(self, method: str, path: str) -> Match | NoMatch:
        """Return what answers to a request; a path without arguments comes first.

        Args:
            method: The HTTP method.
            path: The path as it was sent, percent-encoded.
        """
        return self._known_paths(method, path)

    def _find(self, method: str, path: str) -> Match | NoMatch:
        allowed: set[str] = set()
        for operation in self._routes:
            found = operation.pattern.fullmatch(path)
            if found is not None and operation.method == method:
                values = map(unquote, found.groups())
                return Match(operation, dict(zip(operation.arguments, values, strict=True)))
            if found is not None:
                allowed.add(operation.method)
        if allowed:
            return NoMatch(405, tuple(sorted(allowed)), None)
        paths = [operation.path for operation in self.operations]
        near = difflib.get_close_matches(path, paths, 1, _NEAR)
        return NoMatch(404, (), near[0] if near else None)

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """Return the schema that one refers to; of several that a value may have, the first."""
        while True:
            if "$ref" in schema:
                schema = self.schemas[schema["$ref"].removeprefix("#/$defs/")]
            elif "anyOf" in schema or "oneOf" in schema:
                schema = (schema.get("anyOf") or schema["oneOf"])[0]
            else:
                return cast("Mapping[str, Any]", schema)

    @cached_property
    def object_types(self) -> Mapping[str, str]:
        """The object types that the specification names: each name and alias, and the label it stands for.

        What stands in the path of one operation where another one takes the object type as an argument
        is an alias: the API knows some types by a number.
        """
        names = {operation.label: operation.label for operation in self.operations_on_types()}
        names |= {name: label for label, others in self.aliases.items() for name in others}
        for general in self.operations:
            if general.roles is None or general.roles.object_type not in general.arguments:
                continue
            place = general.arguments.index(general.roles.object_type)
            for operation in self.operations_on_types():
                found = general.pattern.fullmatch(operation.path)
                if found is not None:
                    names.setdefault(unquote(found[place + 1]), operation.label)
        return names

    def type_id(self, label: str) -> str:
        """Return how the API calls an object type in messages: by its number, where that is known."""
        named = self.object_types.items()
        return next(
            (
                name
                for name, known in named
                if known == label != name and name not in self.old_names
            ),
            label,
        )

    @cached_property
    def account_id(self) -> str:
        """The id of the account; empty if no operation tells it."""
        told = (
            one.behaviour.batch.get(one.account_query.account)
            for one in self.operations
            if one.account_query is not None and one.account_query.account is not None
        )
        return str(next(told, ""))

    def job_operation(self, upsert: Operation, id: str | None) -> Operation | None:
        """Return the operation with an operationId that tells of the jobs of an upsert, if there is one."""
        return (
            next(
                (one for one in self.operations if (one.version, one.id) == (upsert.version, id)),
                None,
            )
            if id is not None
            else None
        )

    def operation_on(self, operation: Operation, label: str) -> Operation:
        """Return the operation of the same version on an object type alone, or the one that is given."""
        return next(
            (
                one
                for one in self._on_types.get(label, ())
                if (one.version, one.name) == (operation.version, operation.name)
            ),
            operation,
        )

    def behaviour_of(self, label: str) -> Behaviour:
        """Return how the API behaves with records of an object type, whichever operation is used."""
        on_type = self._on_types.get(label)
        return on_type[0].behaviour if on_type else self.behaviour

    @cached_property
    def _on_types(self) -> Mapping[str, list[Operation]]:
        found: dict[str, list[Operation]] = {}
        for one in self.operations_on_types():
            found.setdefault(one.label, []).append(one)
        return found

    def operations_on_types(self) -> Iterator[Operation]:
        """Yield the operations whose path tells the object type without an argument."""
        return (
            one
            for one in self.operations
            if one.roles is not None
            and one.has_properties
            and one.roles.object_type not in one.arguments
        )

    @cached_property
    def property_rules(self) -> Rules:
        """What is known of properties, by each name of an object type."""
        labels = {one.label: one.property_rules for one in self.operations_on_types()}
        named = {name: labels[label] for name, label in self.object_types.items()}
        listed = (one.property_rules for one in self.operations if one.property_rules.listing)
        return {**named, ANY_TYPE: replace(next(listed, PropertyRules()), emails=())}


@cache
def load_contract() -> Contract:
    """Return the contract of this package."""
    here = Path(__file__).parent
    return Contract(json.loads((here / "contract.json").read_text("utf-8")), here / "properties")
