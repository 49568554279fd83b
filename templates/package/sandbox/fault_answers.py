"""Which operations a fault fits, and what those answer in its place."""

from __future__ import annotations

from .answers import Reply, failing, fill
from .bodies import Bodies, lay
from .contract import Contract, Operation
from .faults import CANCELLED, SITUATIONS, Fault


def fits(kind: str, operation: Operation) -> bool:
    """Return whether a kind of fault can befall an operation."""
    match kind:
        case "conflict":
            return operation.roles is not None
        case "cancelled":
            return operation.roles is not None and bool(operation.behaviour.cancelled)
        case "account-moving":
            return kind in operation.behaviour.answers
        case "refused-records":
            return operation.tells_of_each
        case "failed-job":
            job = None if operation.roles is None else operation.roles.job
            return job is not None and bool(job.failed)
        case "lost-job" | "slow-job":
            return operation.roles is not None and operation.roles.job is not None
        case "missing-results":
            roles = operation.roles
            told = roles is not None and roles.results is not None and roles.job is None
            return told or operation.property_query is not None
        case _:
            return True


def instead(operation: Operation, fault: Fault, contract: Contract, now: str) -> Reply | None:
    """Return what is answered in place of an operation; nothing if it is a page for people.

    Args:
        operation: What was asked for.
        fault: What goes wrong, of a kind that keeps a request from being done.
        contract: What the specification says.
        now: The time, in ISO 8601.
    """
    if fault.kind == CANCELLED:
        return _cancelled(operation, contract, now)
    if fault.kind in SITUATIONS:
        return failing(operation, fault, SITUATIONS[fault.kind])
    return None


def _cancelled(operation: Operation, contract: Contract, now: str) -> Reply:
    """Return the answer of a batch of which nothing was done, although its status is one of success."""
    (declared, schema), *_ = operation.responses.items()
    bodies = Bodies(contract, now)
    fields = bodies.fields(schema)
    template = {**operation.behaviour.batch, **operation.behaviour.cancelled}
    given = {name: one for name, one in fill(template, {"now": now}).items() if name in fields}
    if operation.roles is not None and operation.roles.results is not None:
        lay(given, operation.roles.results, [])
    return Reply(200 if declared == "2XX" else int(declared), bodies.complete(schema, given, {}))
