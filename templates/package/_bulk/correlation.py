"""Which result and which error of an answer is about which record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .batching import Part
from .outcomes import Outcome, Problem, Status
from .problems import dig, message_of, problems_of, texts
from .roles import Roles

NOT_MENTIONED = "the API accepted the request, but its answer does not mention this record"
_CREATED, _WRITTEN = Status.CREATED, Status.WRITTEN
_CONTRADICTION = "the API's answer has both a result and an error for this record"


def correlate(
    roles: Roles, id_property: str | None, part: Part, body: Mapping[str, Any]
) -> list[Outcome]:
    """Say what an answer means for each input.

    A result or an error belongs to the input that its trace id names, and a result without one to the
    input with the same key. An input of which there is neither is unknown.

    Args:
        roles: Which fields play which part.
        id_property: The property that finds records; None if inputs name it themselves.
        part: What was sent.
        body: The answer, whose status was 2xx.

    Returns:
        An outcome for each input, in their order.
    """
    return _Correlation(roles, id_property, part).run(body)


class _Correlation:
    def __init__(self, roles: Roles, id_property: str | None, part: Part) -> None:
        self._roles = roles
        self._id_property = id_property
        self._part = part
        batch = part.batch
        self._inputs = batch.inputs[part.start : part.stop]
        self._indexes = [
            batch.first_index + position for position in batch.positions[part.start : part.stop]
        ]
        self._traces: dict[object, int] = {}
        if roles.trace_id is not None:
            trace_id = roles.trace_id
            self._traces = {one[trace_id]: place for place, one in enumerate(self._inputs)}
        self._keys: dict[str, int] | None = None

    def run(self, body: Mapping[str, Any]) -> list[Outcome]:
        batch, roles = self._part.batch, self._roles
        outcomes: list[Outcome | None] = [None] * len(self._inputs)
        records, first_index = batch.records, batch.first_index
        traces, trace_id, created = self._traces, roles.trace_id or "", roles.created or ""
        result_id, warnings = roles.result_id or "", roles.warnings or ""
        updated, earlier = _WRITTEN if self._part.in_doubt else Status.UPDATED, batch.earlier
        for result in _list(body.get(roles.results)):
            trace, is_new, given_id = (
                result.get(trace_id),
                result.get(created),
                result.get(result_id),
            )
            place = traces.get(trace) if type(trace) is str else None
            if place is None:
                place = self._place_by_key(result)
                if place is None:
                    continue
            index, warned = self._indexes[place], result.get(warnings)
            # After an attempt without an answer, "updated" may mean that it created the record.
            status = _CREATED if is_new is True else updated if is_new is False else _WRITTEN
            if earlier and is_new is False:
                status = earlier.get(index - first_index, updated)
            outcomes[place] = Outcome(
                index,
                status,
                records[index - first_index],
                given_id if type(given_id) is str else _id(given_id),
                (),
                None,
                tuple(_list(warned)) if warned else (),
            )
        reason = self._take_errors(body, outcomes)
        return [
            self._outcome(place, Status.UNKNOWN, reason=reason) if outcome is None else outcome
            for place, outcome in enumerate(outcomes)
        ]

    def _take_errors(self, body: Mapping[str, Any], outcomes: list[Outcome | None]) -> str:
        """Add what errors say, and return what is said of the inputs that nothing names."""
        roles, problems, unmatched = self._roles, dict[int, tuple[Problem, ...]](), list[str]()
        for item in _list(body.get(roles.errors)) if roles.errors is not None else ():
            places = [
                self._traces[trace]
                for trace in texts(dig(item, roles.error.trace_ids))
                if trace in self._traces
            ]
            if not places and len(self._inputs) == 1:
                places = [0]  # There is nothing else that it could be about.
            for place in places:
                problems[place] = (*problems.get(place, ()), *problems_of(roles.error, item))
            if not places:
                unmatched.append(message_of(roles.error, item))
        for place, found in problems.items():
            if outcomes[place] is not None:
                outcomes[place] = self._outcome(place, Status.UNKNOWN, reason=_CONTRADICTION)
            else:
                outcomes[place] = self._outcome(place, Status.REJECTED, problems=found)
        told = "; ".join(dict.fromkeys(filter(None, unmatched)))
        return f"the API names no record for an error: {told}" if told else NOT_MENTIONED

    def _outcome(
        self,
        place: int,
        status: Status,
        *,
        problems: tuple[Problem, ...] = (),
        reason: str | None = None,
    ) -> Outcome:
        batch, index = self._part.batch, self._indexes[place]
        record = batch.records[index - batch.first_index]
        return Outcome(index, status, record, problems=problems, reason=reason)

    def _place_by_key(self, result: Mapping[str, Any]) -> int | None:
        if self._keys is None:
            keys = self._part.batch.keys[self._part.start : self._part.stop]
            self._keys = {key: place for place, key in enumerate(keys)}
        roles, group = self._roles, self._id_property
        if roles.properties is None:
            value = result.get(roles.key)
            group = _text(result.get(roles.key_property)) if roles.key_property else None
        else:
            properties = result.get(roles.properties)
            value = (
                cast("dict[str, Any]", properties).get(group or "")
                if isinstance(properties, dict)
                else None
            )
        if not isinstance(value, (str, int)):
            return None
        key = str(value).lower() if group in roles.case_insensitive else str(value)
        return self._keys.get(
            f"{group}\0{key}" if roles.properties is None and roles.key_property else key
        )


def _list(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [
        cast("Mapping[str, Any]", one)
        for one in cast("list[object]", value)
        if isinstance(one, dict)
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int)) else None
