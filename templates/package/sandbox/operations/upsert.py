"""What an upsert does: it writes what its batch leads to in one transaction, and answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..account import Account
from ..answers import Reply, code_of
from ..faults import FAILED_JOB, REFUSED_RECORDS, Fault
from ..request_log import RecordOutcome
from ..store import Change, Record
from .batch import Batch, Problem, Problems, read_batch
from .changes import changes_of
from .jobs import begin_job
from .request import Call, Outcome, Refused
from .upsert_answers import Became, UpsertAnswers


def upsert(account: Account, call: Call) -> Outcome:
    """Do what a request asks for, in one transaction, and answer it. What is refused writes nothing.

    Args:
        account: What is written to.
        call: The request.

    Raises:
        Refused: It is refused as a whole.
        StoreError: The database cannot be read or written.
    """
    batch = read_batch(call)
    try:
        with account.store.transaction():
            return _Upsert(account, batch, call).run()
    except Refused as refused:
        refused.inputs = len(batch.inputs)
        refused.trace_ids = _trace_ids(batch)
        raise


def _trace_ids(batch: Batch) -> tuple[str, ...]:
    traces = (batch.trace_id(one) for one in batch.inputs)
    return tuple(one for one in traces if one)


def _asked_for(fault: Fault) -> Problem:
    said = f"The sandbox was asked for this fault: {fault}."
    return Problem("", "", code_of(fault.kind), said, chosen=True)


class _Upsert:
    """One upsert, and its answer."""

    def __init__(self, account: Account, batch: Batch, call: Call) -> None:
        self._account = account
        self._batch = batch
        self._call = call
        self._roles = batch.roles
        self._now = account.clock.text()
        self._answers = UpsertAnswers(account.contract, batch, self._now)

    def run(self) -> Outcome:
        batch, store = self._batch, self._account.store
        if not batch.inputs:
            return Outcome(self._reply([]))
        create = self._account.options.create_properties
        changes = changes_of(batch, store, self._account.contract, create=create)
        fault = self._call.fault
        if fault is not None and fault.kind == REFUSED_RECORDS:
            changes[::2] = [(_asked_for(fault),)] * len(changes[::2])
        accepted = [change for change in changes if isinstance(change, Change)]
        refused = [problems for problems in changes if not isinstance(problems, Change)]
        if refused and not self._isolated():
            things = [one.words() for problems in refused for one in problems]
            detail = "; ".join(thing["message"] for thing in things)
            raise Refused("invalid-values", things=things, detail=detail)
        if fault is not None and fault.kind == FAILED_JOB:
            # The job is given up before it writes anything.
            return Outcome(self._reply([]), len(batch.inputs), trace_ids=_trace_ids(batch))
        ids = store.write(accepted, self._now)
        # What was created is what was written; only what there was before has a time of its own.
        stored = store.read([change.id for change in accepted if change.id is not None])
        written = iter(ids)
        became: list[Became] = []
        for one, change in zip(batch.inputs, changes, strict=True):
            if isinstance(change, Change):
                id_ = next(written)
                record = stored.get(id_) or self._created(id_, change)
                became.append(Became(one, record, change.id is None))
            else:
                became.append(Became(one, None, problems=change))
        chosen = (
            self._is_partial(became)
            or self._meets_archived(changes)
            or any(one.chosen for problems in refused for one in problems)
        )
        return Outcome(
            replace(self._reply(became), chosen=chosen),
            len(batch.inputs),
            len(accepted),
            len(refused),
            trace_ids=_trace_ids(batch),
            records=tuple(map(self._outcome, became)),
        )

    def _reply(self, became: Sequence[Became]) -> Reply:
        if self._roles.job is not None:
            return begin_job(self._account, self._call, self._roles.job, self._answers, became)
        return self._answers.success(became)

    def _isolated(self) -> bool:
        """Return whether a bad record fails alone: the answer can tell which one it is."""
        roles, answers = self._roles, self._batch.operation.behaviour.answers
        if self._batch.operation.tells_of_each:
            return True
        said = "refused-input" in answers or (not answers and roles.error.trace_ids is not None)
        errors = roles.errors is not None or (
            roles.job is not None and roles.job.error_pages is not None
        )
        if roles.trace_id is None or not errors or not said:
            return False
        traces = [self._batch.trace_id(one) for one in self._batch.inputs]
        return all(traces) and len(set(traces)) == len(traces)

    def _is_partial(self, became: Sequence[Became]) -> bool:
        """Return whether a record keeps what an upsert left out, though that may not be so there."""
        key, values = self._roles.key_property or "", self._roles.properties
        return self._batch.operation.has_properties and any(
            not one.created
            and one.given[key]
            in self._account.contract.behaviour_of(one.record.object_type).whole_keys
            and not one.record.properties.keys() - {one.given[key]}
            <= one.given[values or ""].keys()
            for one in became
            if one.record is not None
        )

    def _meets_archived(self, changes: Sequence[Change | Problems]) -> bool:
        """Return whether a record was created with the key of an archived one, which may not be so there."""
        store = self._account.store
        created = [one for one in changes if isinstance(one, Change) and one.id is None]
        if not self._batch.operation.has_properties or not created:
            return False
        name, object_type = (
            self._batch.inputs[0][self._roles.key_property or ""],
            created[0].object_type,
        )
        archived = store.find_archived(object_type, store.properties(object_type)[name])
        return any(change.keys[name] in archived for change in created)

    def _outcome(self, became: Became) -> RecordOutcome:
        one, record = became.given, became.record
        key, trace = self._batch.key(one), self._batch.trace_id(one)
        if record is None:
            problems = tuple(problem.message for problem in became.problems)
            return RecordOutcome("refused", key, None, trace, problems)
        return RecordOutcome("created" if became.created else "updated", key, str(record.id), trace)

    def _created(self, id_: int, change: Change) -> Record:
        return Record(id_, change.object_type, change.properties, self._now, self._now)
