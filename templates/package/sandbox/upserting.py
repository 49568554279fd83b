"""What an upsert does: which records it creates and updates, what it refuses, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .answers import Bodies, Reply, answer, answer_body, fill
from .contract import Contract, Operation
from .planning import Plan, plan_by_field, plan_by_property
from .properties import InvalidValue
from .requests import Refused, UpsertRequest, read_request
from .store import Record, Store


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        reply: What is answered.
        inputs: How many records it held.
        written: How many of them were written.
        refused: How many of them were refused, each for itself.
        situation: Why the request was refused as a whole; nothing if it was not.
    """

    reply: Reply
    inputs: int = 0
    written: int = 0
    refused: int = 0
    situation: str | None = None


def upsert(
    operation: Operation,
    arguments: Mapping[str, str],
    content_type: str,
    body: bytes,
    store: Store,
    contract: Contract,
    *,
    create_properties: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Do what a request asks for, in one transaction, and answer it.

    Args:
        operation: What answers to its path.
        arguments: The arguments in its path.
        content_type: The header of that name; may be empty.
        body: The body as it came.
        store: Where records are kept.
        contract: What the specification says.
        create_properties: Whether properties and object types that are not known are created.
        now: The clock.

    Returns:
        What came of it. A request that is refused writes nothing.

    Raises:
        StoreError: The database cannot be read or written.
    """
    inputs = 0
    try:
        request = read_request(operation, arguments, content_type, body)
        inputs = len(request.inputs)
        work = _Upsert(request, contract, _iso(now()))
        with store.transaction():
            return work.run(store, create_properties=create_properties)
    except Refused as refused:
        reply = answer(operation, refused.situation, refused.values)
        return Outcome(reply, inputs, situation=refused.situation)


class _Upsert:
    """One upsert, and its answer."""

    def __init__(self, request: UpsertRequest, contract: Contract, now: str) -> None:
        self._request = request
        self._operation = request.operation
        self._roles = request.roles
        self._contract = contract
        self._now = now
        self._bodies = Bodies(contract, now)

    def run(self, store: Store, *, create_properties: bool) -> Outcome:
        request, field = self._request, self._roles.properties
        if not request.inputs:
            return Outcome(self._success([], []))
        plans = (
            plan_by_field(request, store)
            if field is None
            else plan_by_property(request, field, store, self._contract, create=create_properties)
        )
        pairs = list(zip(request.inputs, plans, strict=True))
        accepted = [(one, plan) for one, plan in pairs if isinstance(plan, Plan)]
        refused = [(one, plan) for one, plan in pairs if not isinstance(plan, Plan)]
        if refused and not self._isolated():
            things = [thing for _, problems in refused for thing in self._things(problems)]
            detail = "; ".join(thing["message"] for thing in things)
            raise Refused("invalid-values", things=things, detail=detail)
        ids = store.write([plan.change for _, plan in accepted], self._now)
        stored = store.read(ids)
        results = [
            self._result(one, plan, stored[identifier])
            for (one, plan), identifier in zip(accepted, ids, strict=True)
        ]
        # Results do not come in the order of the inputs; a client that relies on it shall notice.
        results.reverse()
        reply = self._success(results, self._errors(refused))
        return Outcome(reply, len(request.inputs), len(accepted), len(refused))

    def _isolated(self) -> bool:
        """Return whether a bad record fails alone: each input has a trace id that no other has."""
        roles = self._roles
        answered = "refused-input" in self._operation.behaviour.answers
        if roles.trace_id is None or roles.errors is None or not answered:
            return False
        traces = [one.get(roles.trace_id) for one in self._request.inputs]
        return all(traces) and len(set(traces)) == len(traces)

    def _success(self, results: list[dict[str, Any]], errors: list[Any]) -> Reply:
        operation, roles = self._operation, self._roles
        behaviour = operation.behaviour
        declared = next(iter(operation.responses))
        status = 200 if declared == "2XX" else int(declared)
        if errors and str(behaviour.answers["refused-input"].status) in operation.responses:
            status = behaviour.answers["refused-input"].status
            declared = str(status)
        schema = operation.responses[declared]
        if schema is None:
            return Reply(status, None)
        known = {"now": self._now, "count": len(errors)}
        template = {**behaviour.batch, **(behaviour.refusals if errors else {})}
        fields = self._bodies.fields(schema)
        body = {name: value for name, value in fill(template, known).items() if name in fields}
        body[roles.results] = results
        if errors and roles.errors is not None:
            body[roles.errors] = errors
        return Reply(status, self._bodies.complete(schema, body, {}))

    def _result(self, given: Mapping[str, Any], plan: Plan, record: Record) -> dict[str, Any]:
        operation, roles = self._operation, self._roles
        schema = self._bodies.items(next(iter(operation.responses.values())), roles.results)
        known = {
            "record_id": str(record.id),
            "object_type": record.object_type,
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "now": self._now,
        }
        body: dict[str, Any] = fill(dict(operation.behaviour.result), known)
        if roles.trace_id is not None and given.get(roles.trace_id):
            body[roles.trace_id] = given[roles.trace_id]
        if roles.created is not None:
            body[roles.created] = plan.created
        if roles.properties is None:
            return self._bodies.complete(schema, body, record.properties)
        body[roles.properties] = {**record.properties, **dict.fromkeys(plan.cleared)}
        return self._bodies.complete(schema, body, {})

    def _errors(self, refused: Sequence[tuple[Mapping[str, Any], list[InvalidValue]]]) -> list[Any]:
        """Return the errors of a batch: inputs with the same problems share one, as they may there."""
        field = self._roles.trace_id or ""
        shared: dict[tuple[InvalidValue, ...], list[str]] = {}
        for one, problems in refused:
            shared.setdefault(tuple(problems), []).append(one[field])
        return [
            answer_body(
                self._operation,
                "refused-input",
                {"things": self._things(problems), "trace_ids": trace_ids},
            )
            for problems, trace_ids in shared.items()
        ]

    def _things(self, problems: Sequence[InvalidValue]) -> list[dict[str, str]]:
        described = self._operation.behaviour.problems
        things: list[dict[str, str]] = []
        for one in problems:
            known = described.get(one.kind)
            code = known.code if known else one.kind
            message = known.message if known else "{value} does not fit {property}"
            values = {"property": one.property, "value": one.value, "code": code}
            things.append({**values, "message": str(fill(f"{message}", values))})
        return things


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
