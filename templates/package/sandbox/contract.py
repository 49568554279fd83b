"""What the specification says: operations, the roles of their fields, and answers for situations.

It is read from `contract.json`, which is generated from the specification and its overlays. Nothing in
the sandbox lists a route, a field or an error body by hand.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_ARGUMENT = re.compile(r"\{([^{}/]+)\}")
_NEAR = 0.6


@dataclass(frozen=True)
class Answer:
    """How a situation is answered: a named example of the specification, and what varies in it.

    Attributes:
        status: The HTTP status.
        body: The example.
        values: What varies: JSON pointers into the body, and what to put there (see `answers.fill`).
        item: What each thing that an answer is about looks like; `{items}` stands for the list of them.
    """

    status: int
    body: Any
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    item: Any = None


@dataclass(frozen=True)
class ValueProblem:
    """What is said about a value that does not fit its property.

    Attributes:
        code: A code for programs.
        message: A sentence for people, with `{value}`, `{property}` and `{options}` to be filled in.
    """

    code: str
    message: str


@dataclass(frozen=True)
class ExportFormat:
    """Where an export of the API's properties says what: dotted ways into its JSON.

    Attributes:
        list: The list of properties.
        name: A property's name.
        type: Its type.
        unique: Whether no two records may share a value.
        read_only: Whether only the API writes it.
        options: The options of an enumeration.
        option: The value of an option, inside the option.
        multiple: A field, and the value of it that means several options at once.
        types: Names of types that differ from the sandbox's; others that it does not know are strings.
    """

    list: str
    name: str
    type: str
    unique: str
    read_only: str
    options: str
    option: str
    multiple: tuple[str, str]
    types: Mapping[str, str]


@dataclass(frozen=True)
class Behaviour:
    """How the API behaves beyond what OpenAPI says (the extension `x-sandbox`).

    Attributes:
        answers: Answers by their situation.
        batch: Fields of a success body that do not come from records.
        refusals: Further fields of a success body that reports errors.
        result: Fields of a result that do not come from its properties.
        problems: What is said about a wrong value, by the kind of problem.
        properties: Properties that every account has, by name, as they would be declared.
        refused_keys: Properties that cannot be a key although their values are unique.
        burst: The most requests of one token in the window; nothing for no limit.
        burst_seconds: The length of that window.
        daily: The most requests of an account in a day; nothing for no limit.
        lock_seconds: How long an account that wrote too much stays locked.
        export: What an export of the API's properties looks like.
    """

    answers: Mapping[str, Answer]
    batch: Mapping[str, Any]
    refusals: Mapping[str, Any]
    result: Mapping[str, Any]
    problems: Mapping[str, ValueProblem]
    properties: Mapping[str, Mapping[str, Any]]
    refused_keys: frozenset[str]
    burst: int | None
    burst_seconds: float
    daily: int | None
    lock_seconds: float
    export: ExportFormat | None


@dataclass(frozen=True)
class Roles:
    """Which fields of the bodies play which part (the extension `x-upsert`)."""

    inputs: str
    key: str
    results: str
    key_property: str | None = None
    properties: str | None = None
    trace_id: str | None = None
    errors: str | None = None
    created: str | None = None
    object_type: str | None = None


@dataclass(frozen=True)
class Operation:
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
        scopes: Sets of scopes, one of which a token needs; empty if none is needed.
        request: The class of the request body in the version's `models`, if it has one.
        maximum: The most records in one request, if there is a limit.
        responses: The JSON Schema of the body of each success status, or nothing where it has none.
        roles: What makes it a batch upsert; nothing if it is none.
        behaviour: How the API behaves.
        message_field: The field of an error body for its message.
        correlation_field: The field of an error body for its correlation id.
        rate_limit_headers: The headers that tell the limits, by what they tell.
        statuses: The statuses that are sent again, by the name of their error.
    """

    version: str
    package: str
    resource: str
    label: str
    name: str
    method: str
    path: str
    integers: frozenset[str]
    scopes: tuple[frozenset[str], ...]
    request: str | None
    maximum: int | None
    responses: Mapping[str, Any]
    roles: Roles | None
    behaviour: Behaviour
    message_field: str
    correlation_field: str | None
    rate_limit_headers: Mapping[str, str]
    statuses: Mapping[str, tuple[int, ...]]

    @property
    def retryable_statuses(self) -> tuple[int, ...]:
        """The statuses of failing servers that a client sends again."""
        return self.statuses.get("server", ())

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What paths of the operation look like, percent-encoded."""
        parts = _ARGUMENT.split(self.path)
        return re.compile(
            "".join(
                f"(?P<argument{number // 2}>[^/]+)" if number % 2 else re.escape(part)
                for number, part in enumerate(parts)
            )
        )

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments in the path."""
        return tuple(_ARGUMENT.findall(self.path))


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
        schemas: The JSON Schemas that responses refer to, by their name below `#/$defs/`.
        behaviour: How the API behaves where it does not depend on the operation.

    Args:
        data: The content of `contract.json`.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.versions: tuple[str, ...] = tuple(data["versions"])
        self.schemas: Mapping[str, Any] = data["schemas"]
        behaviours = [_behaviour(one) for one in data["behaviours"]]
        self.operations = tuple(
            _operation(one, behaviours, data["policies"]) for one in data["operations"]
        )
        self.behaviour = behaviours[0]
        self._literal: dict[str, dict[str, Operation]] = {}
        self._with_arguments: list[Operation] = []
        for operation in self.operations:
            if operation.arguments:
                self._with_arguments.append(operation)
            else:
                self._literal.setdefault(operation.path, {}).setdefault(operation.method, operation)

    def find(self, method: str, path: str) -> Match | NoMatch:
        """Return what answers to a request; a path without arguments comes first.

        Args:
            method: The HTTP method.
            path: The path as it was sent, percent-encoded.
        """
        allowed: list[str] = []
        literal = self._literal.get(path, {})
        if method in literal:
            return Match(literal[method], {})
        allowed += literal
        for operation in self._with_arguments:
            found = operation.pattern.fullmatch(path)
            if found is None:
                continue
            if operation.method == method:
                values = (unquote(value) for value in found.groups())
                return Match(operation, dict(zip(operation.arguments, values, strict=True)))
            allowed.append(operation.method)
        if allowed:
            return NoMatch(405, tuple(sorted(set(allowed))), None)
        paths = [operation.path for operation in self.operations]
        near = difflib.get_close_matches(path, paths, 1, _NEAR)
        return NoMatch(404, (), near[0] if near else None)

    @cached_property
    def object_types(self) -> Mapping[str, str]:
        """The object types that the specification names: each name and alias, and the label it stands for.

        What stands in the path of one operation where another one takes the object type as an argument
        is an alias: the API knows some types by a number.
        """
        names = {operation.label: operation.label for operation in self.operations_on_types()}
        for general in self._with_arguments:
            if general.roles is None or general.roles.object_type is None:
                continue
            place = general.arguments.index(general.roles.object_type)
            for operation in self.operations_on_types():
                found = general.pattern.fullmatch(operation.path)
                if found is not None:
                    names.setdefault(unquote(found[place + 1]), operation.label)
        return names

    def operations_on_types(self) -> Iterator[Operation]:
        """Yield the operations whose path tells the object type without an argument."""
        return (
            one
            for one in self.operations
            if one.roles is not None
            and one.roles.properties is not None
            and one.roles.object_type not in one.arguments
        )

    @cached_property
    def built_in(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """The properties that every account has, as they would be declared, by object type and name."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for operation in self.operations_on_types():
            found.setdefault(operation.label, {}).update(operation.behaviour.properties)
        return found


@cache
def load_contract() -> Contract:
    """Return the contract of this package."""
    text = Path(__file__).with_name("contract.json").read_text("utf-8")
    return Contract(json.loads(text))


def _behaviour(data: Mapping[str, Any]) -> Behaviour:
    limits = data.get("limits", {})
    export = data.get("properties-export")
    return Behaviour(
        answers={
            situation: Answer(one["status"], one["body"], one.get("values", {}), one.get("item"))
            for situation, one in data.get("answers", {}).items()
        },
        batch=data.get("batch", {}),
        refusals=data.get("refusals", {}),
        result=data.get("result", {}),
        problems={
            kind: ValueProblem(one["code"], one["message"])
            for kind, one in data.get("problems", {}).items()
        },
        properties=data.get("properties", {}),
        refused_keys=frozenset(data.get("refused-keys", ())),
        burst=limits.get("burst"),
        burst_seconds=limits.get("burst-seconds", 10.0),
        daily=limits.get("daily"),
        lock_seconds=limits.get("lock-seconds", 2.0),
        export=None if export is None else _export(export),
    )


def _export(data: Mapping[str, Any]) -> ExportFormat:
    several = data["multiple"]
    return ExportFormat(
        list=data["list"],
        name=data["name"],
        type=data["type"],
        unique=data["unique"],
        read_only=data["read-only"],
        options=data["options"],
        option=data["option"],
        multiple=(several["field"], several["value"]),
        types=data.get("types", {}),
    )


def _operation(
    data: Mapping[str, Any], behaviours: list[Behaviour], policies: Sequence[Mapping[str, Any]]
) -> Operation:
    policy: Mapping[str, Any] = policies[int(data["policy"])]
    roles = data["upsert"]
    return Operation(
        version=data["version"],
        package=data["package"],
        resource=data["resource"],
        label=data["label"],
        name=data["name"],
        method=data["method"],
        path=data["path"],
        integers=frozenset(data["integers"]),
        scopes=tuple(frozenset(scopes) for scopes in data["scopes"]),
        request=data["request"],
        maximum=data["maximum"],
        responses=data["responses"],
        roles=None if roles is None else Roles(**roles),
        behaviour=behaviours[int(data["behaviour"])],
        message_field=policy["fields"].get("message", "message"),
        correlation_field=policy["fields"].get("correlation_id"),
        rate_limit_headers=policy["rate_limit_headers"],
        statuses={name: tuple(statuses) for name, statuses in policy["statuses"].items()},
    )
