"""How an upsert is answered: by nothing, a count, errors, or results by position, name, key or trace id."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..._runtime.ways import dig, steps_of
from ..answers import Reply, answer_body, fill
from ..bodies import Bodies, lay
from ..contract import Contract
from ..store import Record
from .batch import Batch, Problems

_REFUSED = "error"


@dataclass(frozen=True)
class Became:
    """What became of an input.

    Attributes:
        given: The input.
        record: The record that was written; None if it was refused.
        created: Whether that was created.
        problems: Why it was refused.
    """

    given: Mapping[str, Any]
    record: Record | None
    created: bool = False
    problems: Problems = ()


class UpsertAnswers:
    """Lays out what became of the inputs of a batch as the specification says.

    Args:
        contract: What it says.
        batch: The batch.
        now: The time, in ISO 8601.
    """

    def __init__(self, contract: Contract, batch: Batch, now: str) -> None:
        self._batch = batch
        self._operation = batch.operation
        self._roles = roles = batch.roles
        self._now = now
        self._bodies = Bodies(contract, now)
        behaviour = self._operation.behaviour
        self._with_id = [
            name for name, one in behaviour.result.items() if fill(one, {"record_id": 0}) != one
        ]
        self._templates: dict[tuple[str, ...], dict[str, Any]] = {}
        ways = (roles.created, roles.trace_id, roles.result_id, roles.key, roles.properties)
        self._is_nested = any("." in way for way in ways if way is not None)
        self._fills_all = not behaviour.answers or self._is_nested
        paged = roles.job is not None and roles.job.result_pages is not None
        has_results = roles.results is not None or paged
        self._results_tell_refused = has_results and roles.result_status is not None

    def success(self, became: Sequence[Became]) -> Reply:
        """Return the answer of an upsert that was done, as far as its inputs were not refused.

        Args:
            became: What became of each input, in their order.
        """
        operation = self._operation
        behaviour = operation.behaviour
        status, declared = status_of(operation.responses)
        refused = [one for one in became if one.record is None]
        said = behaviour.answers.get("refused-input")
        partial = "207" if said is None else str(said.status)
        if refused and partial in operation.responses:
            status, declared = int(partial), partial
        schema = operation.responses[declared]
        if schema is None:
            return Reply(status, None)
        known = {"now": self._now, "count": len(self.errors(became, {}))}
        template = {**behaviour.batch, **(behaviour.refusals if refused else {})}
        fields = self._bodies.fields(schema)
        given = fill(template, known).items()
        body = {name: value for name, value in given if name in fields}
        first = next(iter(operation.responses.values()))
        return Reply(status, self.told(body, schema, became, first))

    def told(self, body: Any, schema: Any, became: Sequence[Became], results_of: Any = None) -> Any:
        """Return a body that tells what became of inputs, with all that its schema requires.

        Args:
            body: What is in it besides.
            schema: Its schema.
            became: What became of each input, in their order.
            results_of: The schema that says what results are, if it is another one.
        """
        roles, bodies = self._roles, self._bodies
        written = [one for one in became if one.record is not None]
        if roles.results is not None:
            place: Any = results_of or schema or {}
            alone = bodies.at(place, roles.results)
            if roles.results_by is None and "properties" in alone:
                one: Any = [*self.results(became, alone)]
                body = lay(body, roles.results, one[0] if one else {})
            else:
                items = bodies.items(place, roles.results)
                body = lay(body, roles.results, self.results(became, items))
        errors = self.errors(became, bodies.items(schema or {}, roles.errors or ""))
        if errors and roles.errors is not None:
            body = lay(body, roles.errors, errors)
        if roles.count is not None:
            body = lay(body, roles.count, len(written))
        if self._fills_all or not isinstance(body, dict):
            return bodies.filled(schema, body)
        return bodies.complete(schema, cast("dict[str, Any]", body), {})

    def results(self, became: Sequence[Became], items: Any) -> list[Any] | dict[str, Any]:
        """Return what tells of single records: a list, or an object by their keys.

        Args:
            became: What became of each input, in their order.
            items: The schema of what tells of one.
        """
        told = [
            (one, self._refused(one, items) if one.record is None else self._written(one, items))
            for one in became
            if one.record is not None or self._results_tell_refused
        ]
        if self._roles.results_by == "name":
            return {self._batch.key(one.given): item for one, item in told}
        results = [item for _, item in told]
        if self._roles.results_by is None:
            # Nothing says that they come in the order of the inputs; who relies on it shall notice.
            results.reverse()
        return results

    def errors(self, became: Sequence[Became], items: Any) -> list[Any] | dict[str, Any]:
        """Return the errors of a batch: inputs with the same problems share one where it can name several.

        Args:
            became: What became of each input, in their order.
            items: The schema of an error.
        """
        roles = self._roles
        refused = [(place, one) for place, one in enumerate(became) if one.record is None]
        if not refused or self._results_tell_refused:
            return []
        if "refused-input" in self._operation.behaviour.answers:
            return [
                answer_body(
                    self._operation,
                    "refused-input",
                    {"things": [one.words() for one in problems], "trace_ids": trace_ids},
                )
                for problems, trace_ids in self._shared(refused).items()
            ]
        shape = roles.error
        if shape.trace_ids is not None:
            told = [
                lay(self._error(problems, items), shape.trace_ids, trace_ids)
                for problems, trace_ids in self._shared(refused).items()
            ]
        else:
            told = [self._named(one, place, items) for place, one in refused]
        filled = [self._bodies.filled(items, one) for one in told]
        if roles.results_by == "name" and shape.keys is None and shape.position is None:
            names = [self._batch.key(one.given) for _, one in refused]
            return dict(zip(names, filled, strict=True))
        return filled

    def _shared(self, refused: Sequence[tuple[int, Became]]) -> dict[Problems, list[str]]:
        """Return the trace ids of inputs, by their problems."""
        shared: dict[Problems, list[str]] = {}
        for _, one in refused:
            trace_ids = shared.setdefault(one.problems, [])
            trace_ids.append(self._batch.trace_id(one.given) or "")
        return shared

    def _named(self, became: Became, place: int, items: Any) -> Any:
        """Return an error that names its input by key and by position, as far as it can."""
        item, shape = self._error(became.problems, items), self._roles.error
        if shape.keys is not None:
            key = self._batch.key(became.given)
            is_list = self._bodies.at(items, shape.keys).get("type") == "array"
            item = lay(item, shape.keys, [key] if is_list else key)
        if shape.position is not None:
            is_text = self._bodies.at(items, shape.position).get("type") == "string"
            pointer = "/".join(["", *steps_of(self._roles.inputs), str(place)])
            item = lay(item, shape.position, pointer if is_text else place)
        return item

    def _error(self, problems: Problems, items: Any) -> Any:
        """Say what is wrong, where the specification says that such stands."""
        shape, first, item = self._roles.error, problems[0], cast("Any", {})
        message = "; ".join(one.message for one in problems)
        for way, said in ((shape.message, message), (shape.code, first.code)):
            if way is not None:
                item = lay(item, way, said)
        # Where an item has no such list, it is that of a request that is refused as a whole.
        if shape.details is not None and self._bodies.at(items, shape.details):
            details: list[Any] = []
            for one in problems:
                detail: Any = {}
                for way, said in (
                    (shape.detail_property, one.property),
                    (shape.detail_code, one.code),
                    (shape.detail_message, one.message),
                ):
                    detail = detail if way is None else lay(detail, way, said)
                details.append(detail)
            item = lay(item, shape.details, details)
        return item

    def _written(self, became: Became, items: Any) -> dict[str, Any]:
        roles, given, record = self._roles, became.given, cast("Record", became.record)
        body = self._told(record)
        if trace_id := self._batch.trace_id(given):
            lay(body, roles.trace_id or "", trace_id)
        if roles.result_status is not None:
            lay(body, roles.result_status.field, roles.result_status.accepted[0])
        if roles.created is not None:
            lay(body, roles.created, self._created_value(became.created, items))
        # What callers find records by is no id that the API gives.
        given_by_api = self._operation.has_properties or roles.result_id != roles.key
        if roles.result_id is not None and given_by_api and dig(body, roles.result_id) is None:
            is_number = self._bodies.at(items, roles.result_id).get("type") == "integer"
            lay(body, roles.result_id, record.id if is_number else str(record.id))
        if self._operation.has_properties and roles.properties is not None:
            cleared = [name for name, value in dig(given, roles.properties).items() if value == ""]
            lay(body, roles.properties, {**record.properties, **dict.fromkeys(cleared)})
            body = self._bodies.complete(items, body, {})
        elif roles.properties is not None:
            if self._bodies.at(items, roles.properties):
                told: dict[str, Any] = dig(body, roles.properties) or {}
                lay(body, roles.properties, {**record.properties, **told})
        else:
            body = self._bodies.complete(items, body, record.properties)
        if not self._operation.has_properties:
            self._lay_key(body, given)
        return self._bodies.filled(items, body) if self._fills_all else body

    def _refused(self, became: Became, items: Any) -> Any:
        roles, given = self._roles, became.given
        item = self._error(became.problems, items)
        self._lay_key(item, given)
        if trace_id := self._batch.trace_id(given):
            lay(item, roles.trace_id or "", trace_id)
        status = roles.result_status
        if status is not None and dig(item, status.field) in (None, *status.accepted):
            known = self._bodies.at(items, status.field).get("enum", ())
            others = [one for one in known if one not in status.accepted]
            lay(item, status.field, next((one for one in others), _REFUSED))
        return self._bodies.filled(items, item)

    def _lay_key(self, item: Any, given: Mapping[str, Any]) -> None:
        """Give a result the key of its record, if nothing else tells which one it is about."""
        roles = self._roles
        if roles.results_by is None and roles.trace_id is None:
            for way in self._batch.keys.ways:
                if dig(item, way) is None and (value := dig(given, way)) is not None:
                    lay(item, way, value)

    def _created_value(self, created: bool, items: Any) -> Any:
        roles = self._roles
        named = (*roles.created_values, *roles.updated_values)
        if not named:
            return created
        for value in roles.created_values if created else roles.updated_values:
            return value
        known = self._bodies.at(items, roles.created or "").get("enum", ())
        usual = "created" if created else "updated"
        return next((one for one in known if one not in named), usual)

    def _told(self, record: Record) -> dict[str, Any]:
        """Return what a result tells of a record but for its values: mostly what it tells of others, too."""
        same = record.object_type, record.created_at, record.updated_at
        if same not in self._templates:
            names = ("object_type", "created_at", "updated_at", "now")
            known: dict[str, str] = dict(zip(names, (*same, self._now), strict=True))
            self._templates[same] = fill(dict(self._operation.behaviour.result), known)
        template, known = self._templates[same], {"record_id": str(record.id)}
        told = {**template, **{name: fill(template[name], known) for name in self._with_id}}
        return copy.deepcopy(told) if self._is_nested else told


def status_of(responses: Mapping[str, Any]) -> tuple[int, str]:
    """Return the status that success usually has, and how the specification calls it."""
    declared = next(iter(responses))
    return 200 if declared == "2XX" else int(declared), declared
