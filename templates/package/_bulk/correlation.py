"""What an answer says of each record that was sent, in whatever form it does.

An answer that says nothing of records, and no more than that it accepted the request, says that all were
written; a count says so if it is that of the records; a list or an object of results says it of each. What
an answer does not tell is unknown, with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from .._runtime.fork import with_cached_properties
from .._runtime.roles import Roles
from .._runtime.ways import dig
from .answer_body import message_of, objects_of, problems_of, said_as, says_what, texts_of
from .batch import Part
from .duplicates import comparable
from .outcomes import Outcome, Problem, Status, to_json
from .record_fields import key_ways

BY_POSITION, BY_NAME = "position", "name"

_NOT_MENTIONED = "the API accepted the request, but its answer does not mention this record"
_NOTHING_MENTIONED = (
    "the API accepted the request, but its answer mentions none of the records that were sent"
)
_NOTHING_SAID = (
    "the API accepted the request, but its result does not say what became of this record"
)
_CONTRADICTION = "the API's answer has both a result and an error for this record"
_SHOWN_OF_ANSWER = 200
_INDEX = re.compile(r"(?<![^/.\[])[0-9]{1,9}(?![^/.\]])")
"""A step of a way, such as a JSON pointer, that is the index of an item."""
_CREATED, _UPDATED, _WRITTEN = Status.CREATED, Status.UPDATED, Status.WRITTEN


def correlate(
    roles: Roles,
    id_property: str | None,
    part: Part,
    body: object,
    whole: Callable[[], object] | None = None,
) -> list[Outcome]:
    """Say what an answer means for each input.

    A result belongs to the input that its trace id names, without one to the input with the same key;
    or, as `Roles.results_by` says, to the one at its position or with its name as the key. An error
    belongs to the inputs that it names; if there is but one, it needs no name.

    Args:
        roles: Which fields play which part.
        id_property: The property that finds records; None if inputs name it themselves.
        part: What was sent.
        body: The answer, whose status was 2xx.
        whole: Gives all of the answer, if `body` is only the part of it that `decoder_of` reads.

    Returns:
        An outcome for each input, in their order.
    """
    return _Correlation(roles, id_property, part, whole).run(body)


@with_cached_properties
class _Correlation:
    def __init__(
        self,
        roles: Roles,
        id_property: str | None,
        part: Part,
        whole: Callable[[], object] | None,
    ) -> None:
        self._roles = roles
        self._whole = whole
        self._id_property = id_property
        self._part = part
        batch = part.batch
        self._inputs = batch.inputs[part.start : part.stop]
        self._positions = batch.positions[part.start : part.stop]
        trace_id = roles.trace_id
        self._trace_ids: list[Any] = []
        if trace_id is not None and "." in trace_id:
            self._trace_ids = [dig(one, trace_id) for one in self._inputs]
        elif trace_id is not None:
            self._trace_ids = [one[trace_id] for one in self._inputs]

    def run(self, body: object) -> list[Outcome]:
        roles = self._roles
        results, errors = dig(body, roles.results), dig(body, roles.errors)
        usual = None if errors else self._usual(results)
        return self._matched(body, results, errors) if usual is None else usual

    def _usual(self, results: object) -> list[Outcome] | None:
        """Give the outcomes if there is a result for each input, in any order, and nothing else to tell.

        As nearly always: that is why it goes through all of them for each thing that is to be done.
        """
        batch, roles, positions = self._part.batch, self._roles, self._positions
        trace_id, result_id = roles.trace_id, roles.result_id
        if batch.earlier or not results or trace_id is None or result_id is None:
            return None
        if roles.results_by or roles.result_status or roles.created_values or roles.updated_values:
            return None
        given = objects_of(results)
        try:
            by_trace = {one[trace_id]: one for one in given}
            given = [by_trace[trace] for trace in self._trace_ids]
        except (KeyError, TypeError):
            return None
        if len(by_trace) > len(given):
            return None
        ids = [one.get(result_id) for one in given]
        created: list[Any] = [one.get(roles.created or "") for one in given]
        if set(map(type, ids)) != {str} or set(map(type, created)) != {bool}:
            return None
        warnings = roles.warnings
        if warnings is not None and ("." in warnings or any(one.get(warnings) for one in given)):
            return None
        statuses = {True: _CREATED, False: _WRITTEN if self._part.in_doubt else _UPDATED}
        indexes = [batch.first_index + position for position in positions]
        records = [batch.records[position] for position in positions]
        return list(map(Outcome, indexes, map(statuses.__getitem__, created), records, ids))

    def _matched(self, body: object, results: object, errors: object) -> list[Outcome]:
        roles = self._roles
        outcomes: list[Outcome | None] = [None] * len(self._inputs)
        refused: dict[int, tuple[Problem, ...]] = {}
        reason = self._misfit(results)
        for place, result in self._placed(results) if not reason else ():
            if place is None:
                continue
            told = self._told(place, result)
            if isinstance(told, Outcome):
                outcomes[place] = told
            else:
                refused[place] = (*refused.get(place, ()), *told)
        unmatched = self._take_errors(errors, refused)
        for place, found in refused.items():
            if outcomes[place] is None:
                outcomes[place] = self._part.refusal(self._positions[place], found)
            else:
                outcomes[place] = self._outcome(place, Status.UNKNOWN, reason=_CONTRADICTION)
        if roles.results is None and not unmatched:
            reason = self._miscount(body, outcomes.count(None))
            if not reason:
                return [
                    self._outcome(place, _WRITTEN) if outcome is None else outcome
                    for place, outcome in enumerate(outcomes)
                ]
        reason = unmatched or reason or _NOT_MENTIONED
        if reason == _NOT_MENTIONED and not any(outcomes):
            reason = f"{_NOTHING_MENTIONED}: {_shown(body)}"
        return [
            self._outcome(place, Status.UNKNOWN, reason=reason) if outcome is None else outcome
            for place, outcome in enumerate(outcomes)
        ]

    def _misfit(self, results: object) -> str:
        """Say why nobody knows whose the results are; empty if that is not so."""
        if self._roles.results_by != BY_POSITION or not isinstance(results, list):
            return ""
        listed = cast("list[object]", results)
        sent, told = len(self._inputs), len(listed)
        if sent == told and {*self._places_in(listed)} == {*range(sent)}:
            return ""
        if sent == told:
            return (
                "the API accepted the request, but the positions that its results tell are not those of the "
                "records, so that nobody knows whose they are"
            )
        return (
            f"the API accepted the request, but its answer lists {told:,} results for {_records(sent)}, so "
            "that nobody knows whose they are"
        )

    def _miscount(self, body: object, left: int) -> str:
        """Say why an answer does not say that what is left was written; empty if it does.

        Args:
            body: The answer.
            left: How many inputs no error names.
        """
        way = self._roles.count
        count = dig(body, way)
        if way is None or (type(count) in (int, float) and count == left):
            return ""
        if type(count) not in (int, float):
            return (
                "the API accepted the request, but its answer does not say how many records were written: "
                f"{_shown(body)}"
            )
        besides = " that no error names" if left < len(self._inputs) else ""
        return (
            f"the API accepted the request, but says of {_records(left)}{besides} that {count} were "
            "written, and not which"
        )

    def _placed(self, results: object) -> Iterator[tuple[int | None, object]]:
        """Yield the results, each with the place of its input; None for one that there is none for."""
        by = self._roles.results_by
        if by == BY_NAME:
            if isinstance(results, dict):
                for name, one in cast("dict[str, object]", results).items():
                    yield self._place_by_name(name), one
        elif self._roles.maximum == 1 and isinstance(results, dict):
            yield 0, cast("object", results)
        elif by == BY_POSITION:
            listed = cast("list[object]", results) if isinstance(results, list) else []
            yield from zip(self._places_in(listed), listed, strict=True)
        else:
            objects = objects_of(results)
            yield from zip(self._places(objects), objects, strict=True)

    def _told(self, place: int, result: object) -> Outcome | tuple[Problem, ...]:
        """Give what a result says of its input: an outcome, or why it was refused."""
        roles, batch, position = self._roles, self._part.batch, self._positions[place]
        if result is None:
            return self._outcome(place, Status.UNKNOWN, reason=_NOTHING_SAID)
        if roles.result_status is not None:
            said = dig(result, roles.result_status.field)
            if said_as(said) not in roles.result_status.accepted:
                is_told = said is not None or says_what(roles.error, result)
                if is_told:
                    return problems_of(roles.error, result)
                return self._outcome(place, Status.UNKNOWN, reason=_NOTHING_SAID)
        is_new, warned = self._is_new(dig(result, roles.created)), dig(result, roles.warnings)
        # After an attempt without an answer, "updated" may mean that it created the record.
        updated = _WRITTEN if self._part.in_doubt else _UPDATED
        status = _CREATED if is_new is True else updated if is_new is False else _WRITTEN
        if batch.earlier and is_new is False:
            status = batch.earlier.get(position, updated)
        return Outcome(
            batch.first_index + position,
            status,
            batch.records[position],
            _id(dig(result, roles.result_id)),
            (),
            None,
            tuple(objects_of(warned)) if warned else (),
        )

    def _is_new(self, created: object) -> object:
        """Give True or False if the value says which of them, else anything."""
        roles = self._roles
        if not roles.created_values and not roles.updated_values:
            return created
        said = said_as(created)
        if said in roles.created_values:
            return True
        return False if said in roles.updated_values else None

    @cached_property
    def _traces(self) -> dict[str, int]:
        return {
            trace_id: place
            for place, trace_id in enumerate(self._trace_ids)
            if isinstance(trace_id, str)
        }

    @cached_property
    def _keys(self) -> dict[str, int]:
        keys = self._part.batch.keys[self._part.start : self._part.stop]
        return {key: place for place, key in enumerate(keys)}

    @cached_property
    def _key_ways(self) -> dict[str, str]:
        """The ways to the fields that find inputs, by the names that stand before their keys, if any do."""
        names = dict.fromkeys(key.partition("\0")[0] for key in self._keys if "\0" in key)
        return key_ways(self._roles, list(names)) if names else {}

    def _places(self, results: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """Give for each result the place of its input; None for one that there is none for."""
        trace_id = self._roles.trace_id
        places = [self._place_by_trace(dig(result, trace_id)) for result in results]
        if None in places and self._whole is not None:
            try:
                whole = self._whole()
            except ValueError:  # There may be less to find fault with in a part of it.
                return places
            results = objects_of(dig(whole, self._roles.results))
        return [
            self._place_by_key(result) if place is None else place
            for result, place in zip(results, places, strict=True)
        ]

    def _place_by_trace(self, trace: object) -> int | None:
        return self._traces.get(trace) if isinstance(trace, str) else None

    def _place_by_key(self, result: Mapping[str, Any]) -> int | None:
        roles = self._roles
        if self._id_property is not None and roles.properties is not None:
            properties = dig(result, roles.properties)
            values = cast("dict[str, Any]", properties) if isinstance(properties, dict) else {}
            return self._place_of(values.get(self._id_property), self._id_property)
        if roles.key_property is not None:
            group = dig(result, roles.key_property)
            group = group if isinstance(group, str) else None
            return self._place_of(dig(result, roles.key), group, f"{group}\0")
        if not self._key_ways:
            return self._place_of(dig(result, roles.key), self._key_name)
        return _only(
            self._place_of(dig(result, way), name, f"{name}\0")
            for name, way in self._key_ways.items()
        )

    def _place_by_name(self, name: object) -> int | None:
        """Give the place of the input that a text names: its trace id, or its key."""
        place = self._place_by_trace(name)
        if place is not None:
            return place
        if not self._key_ways:
            return self._place_of(name, self._key_name)
        return _only(self._place_of(name, way, f"{way}\0") for way in self._key_ways)

    @cached_property
    def _key_name(self) -> str:
        return self._id_property or next(iter(key_ways(self._roles)))

    def _place_of(self, value: object, name: str | None, before: str = "") -> int | None:
        if not isinstance(value, (str, int)):
            return None
        place = self._keys.get(f"{before}{comparable(str(value), folds=False)}")
        if place is None and name in self._roles.case_insensitive:
            place = self._keys.get(f"{before}{comparable(str(value), folds=True)}")
        return place

    def _take_errors(self, errors: object, refused: dict[int, tuple[Problem, ...]]) -> str:
        """Add what errors say to what is known, and return what they say of inputs that they do not name."""
        unmatched: list[str] = []
        for names, item in self._listed(errors):
            places = list(dict.fromkeys(self._named(item, names)))
            if not places and len(self._inputs) == 1:
                places = [0]  # There is nothing else that it could be about.
            for place in places:
                refused[place] = (*refused.get(place, ()), *problems_of(self._roles.error, item))
            if not places:
                unmatched.append(message_of(self._roles.error, item) or _shown(item))
        if not unmatched:
            return ""
        return f"the API names no record for an error: {'; '.join(dict.fromkeys(unmatched))}"

    def _listed(self, errors: object) -> Iterator[tuple[list[str], object]]:
        """Yield the errors, each with the names that it stands under."""
        if isinstance(errors, list):
            yield from (([], item) for item in cast("list[object]", errors) if item is not None)
        elif self._roles.results_by == BY_NAME and isinstance(errors, dict):
            yield from (([name], one) for name, one in cast("dict[str, object]", errors).items())
        elif errors:
            yield [], errors

    def _named(self, item: object, names: Iterable[str]) -> Iterator[int]:
        """Yield the places of the inputs that an error names."""
        shape = self._roles.error
        places = [self._place_by_trace(trace) for trace in texts_of(dig(item, shape.trace_ids))]
        keys = dig(item, shape.keys)
        listed = cast("list[object]", keys) if isinstance(keys, list) else [keys]
        places += [self._place_by_name(name) for name in (*names, *listed)]
        if shape.position is not None:
            places.append(self._place_at(dig(item, shape.position)))
        yield from (place for place in places if place is not None)

    def _places_in(self, results: Sequence[object]) -> list[int | None]:
        """Give the place of each result of a list: the one that it tells, or where it stands."""
        way = self._roles.error.position
        if way is None:
            return [*range(len(results))]
        told = [dig(one, way) for one in results]
        return [
            place if position is None else self._place_at(position)
            for place, position in enumerate(told)
        ]

    def _place_at(self, position: object) -> int | None:
        if isinstance(position, str):
            found = _INDEX.search(position)
            position = None if found is None else int(found[0])
        is_one = type(position) is int and 0 <= position < len(self._inputs)
        return cast("int", position) if is_one else None

    def _outcome(self, place: int, status: Status, **more: Any) -> Outcome:
        return self._part.batch.outcome(self._positions[place], status, **more)


def _only(places: Iterable[int | None]) -> int | None:
    """Give the one place among some; None if there is none, or several."""
    found = {place for place in places if place is not None}
    return found.pop() if len(found) == 1 else None


def _id(value: object) -> str | None:
    return str(value) if type(value) in (str, int) else None


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


def _shown(body: object) -> str:
    shown = to_json(body)
    dots = "…" if len(shown) > _SHOWN_OF_ANSWER else ""
    return f"{shown[:_SHOWN_OF_ANSWER]}{dots}"
