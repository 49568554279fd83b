"""Records into batches, and batches into the parts that are sent. The same records give the same batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, cast

from pydantic_core import to_json

from .duplicates import Duplicates, KeyIndex, duplicate_problem
from .outcomes import Outcome, Problem, Status
from .roles import Roles
from .values import UNSUPPORTED_VALUE, Input, InputMaker, Problems

_MOST_MEMBERS = 4
"""How many times the records of a full request a batch may hold, most of them settled already."""

_STRIDE = 25
"""How many records are looked at together: if one of them is unusual, all of them take the long way."""


@dataclass(slots=True, eq=False)
class Batch:
    """Records that follow each other in the source, with the inputs that are sent for them.

    A record has a *position*: its place in the batch.

    Attributes:
        number: The number of the batch in the run, counted from 0.
        first_index: The index of its first record.
        records: The records, as they were given.
        outcomes: What became of each, as far as it is known, by position.
        inputs: What is sent, at most one for each record.
        positions: For each input, the position of its record.
        keys: For each input, its key in the form in which keys are compared.
        followers: For the position of a record that is sent, those of the records merged into it.
        repeats: For the position of a record that is not sent, the index of the earlier one of the run
            that is sent in its place.
        content: The inputs in JSON, until the batch is first sent.
        undecided: How many inputs have no outcome yet.
        earlier: For the position of a record that an earlier run has sent, or may have: what it means
            now if the API says that it was updated.
        digest: A digest of the records, until a journal knows that they are being sent.
    """

    number: int
    first_index: int
    records: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    inputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    positions: list[int] = field(default_factory=list[int])
    keys: list[str] = field(default_factory=list[str])
    followers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    repeats: dict[int, int] = field(default_factory=dict[int, int])
    content: bytes = b""
    undecided: int = 0
    earlier: dict[int, Status] = field(default_factory=dict[int, Status])
    digest: bytes = b""

    def settle(self, position: int, outcome: Outcome) -> None:
        """Say what became of a record, and thereby of those that were merged into it.

        Args:
            position: The record's.
            outcome: What became of it.
        """
        self.outcomes[position] = outcome
        for follower in self.followers.get(position, ()):
            self.outcomes[follower] = replace(
                outcome,
                index=self.first_index + follower,
                record=self.records[follower],
                merged_into=outcome.index,
            )

    def reject(self, position: int, problems: tuple[Problem, ...]) -> None:
        """Settle that a record is rejected."""
        index, record = self.first_index + position, self.records[position]
        self.settle(position, Outcome(index, Status.REJECTED, record, problems=problems))

    def seal(self) -> None:
        """Get ready to be sent, now that all inputs are there.

        Raises:
            Exception: An input has no JSON.
        """
        self.content = _json(self.inputs)
        self.undecided = len(self.inputs)

    def keep(self, places: Sequence[int]) -> None:
        """Keep only some inputs. What became of the records of the others has been settled.

        Args:
            places: The places of these inputs.
        """
        self.inputs = [self.inputs[place] for place in places]
        self.positions = [self.positions[place] for place in places]
        self.keys = [self.keys[place] for place in places]
        self.seal()


@dataclass(slots=True, eq=False)
class Part:
    """A part of a batch that is sent in one request: its inputs from `start` up to `stop`.

    Attributes:
        batch: The batch.
        start: The first input.
        stop: The end of the inputs.
        attempt: The number of the attempt to send it, counted from 1.
        delay: Seconds to wait before it is sent.
        spent: Seconds that its attempts took, and the delays between them.
        in_doubt: Whether an earlier attempt may have been applied.
        sent: Whether this attempt has begun. The driver sets it.
        began: When it did, by the driver's clock.
    """

    batch: Batch
    start: int
    stop: int
    attempt: int = 1
    delay: float = 0.0
    spent: float = 0.0
    in_doubt: bool = False
    sent: bool = False
    began: float = 0.0

    def __len__(self) -> int:
        return self.stop - self.start

    def content(self, field_name: str) -> bytes:
        """Give the body of the request.

        Args:
            field_name: The field that holds the inputs.
        """
        batch = self.batch
        whole = len(self) == len(batch.inputs) and batch.content
        inputs = batch.content if whole else _json(batch.inputs[self.start : self.stop])
        return b"{%b:%b}" % (_json(field_name), inputs)

    def halves(self) -> tuple[Part, Part]:
        """Split it, so that a bad record spoils fewer others.

        For k bad records among n, splitting until each is alone takes at most `2 * k * ceil(log2(n))`
        more requests: only a part with a bad record is split, and each is in one such part a level.
        """
        middle = (self.start + self.stop) // 2
        return (
            Part(self.batch, self.start, middle, in_doubt=self.in_doubt),
            Part(self.batch, middle, self.stop, in_doubt=self.in_doubt),
        )


class Planner:
    """Puts records into batches, one after the other.

    A batch ends when it holds as many records to be sent as fit one request, duplicates that are merged
    into these included, so that no more is read than what is sent next.

    Args:
        roles: Which fields of an input play which part.
        id_property: The property that finds records; None if inputs say it themselves.
        duplicates: What to do about several records with the same key.
    """

    def __init__(self, roles: Roles, id_property: str | None, duplicates: Duplicates) -> None:
        self._roles = roles
        self._make = InputMaker(roles, id_property).make
        self._id_property = id_property or ""
        self._key_name = id_property or roles.key
        self._trace_id = roles.trace_id
        self._names = _names(roles)
        self._folds = id_property in roles.case_insensitive
        self._merges = duplicates == "merge"
        self._rejects = duplicates == "error"
        self._index = KeyIndex() if duplicates in {"error", "first"} else None
        self._places: dict[str, int] = {}
        self._group: str | None = None
        self._batch = Batch(0, 0)
        self._pending = 0
        self._hides_unfit = False

    @property
    def room(self) -> int:
        """How many more records may be added before the batch has to end."""
        return self._roles.maximum - self._pending

    def extend(self, records: Sequence[Mapping[str, Any]]) -> list[Batch]:
        """Add the next records.

        Args:
            records: The records.

        Returns:
            The batches that they complete, or that they have no place in.
        """
        ended: list[Batch] = []
        for start in range(0, len(records), _STRIDE):
            some = records[start : start + _STRIDE]
            if len(some) > self.room or not self._add_texts(some):
                for record in some:
                    self._add(record, ended)
            elif self._pending >= self._roles.maximum:
                self._end(ended)
        return ended

    def close(self) -> Batch | None:
        """End the batch.

        Returns:
            The batch, or None if it is empty.
        """
        if not self._batch.records:
            return None
        try:
            self._batch.seal()
            is_fit = not self._hides_unfit
        except Exception:
            is_fit = False
        if not is_fit:
            self._plan_again()
            self._batch.seal()
        batch = self._batch
        self._begin(batch.number + 1, batch.first_index + len(batch.records))
        return batch

    def _begin(self, number: int, first_index: int) -> None:
        self._batch = Batch(number, first_index)
        self._places = {}
        self._pending = 0
        self._hides_unfit = False

    def _plan_again(self) -> None:
        """Plan the batch anew, and reject what has no JSON before it takes a key or another's place.

        Half of a surrogate pair, for example, is so rare that nobody looks for it at first.
        """
        planned = self._batch
        if self._index is not None:
            for key in planned.keys:
                self._index.release(key)
        self._begin(planned.number, planned.first_index)
        for record in planned.records:
            made = self._make(record)
            problem = _unfit(made.fields) if isinstance(made, Input) else None
            self._put(record, made if problem is None else (problem,))

    def _add_texts(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Add records that are dicts of nothing but text and have keys of their own, as nearly all are.

        It does the same as adding them one by one in less than half of the time, which is most of what is
        not spent on JSON and sockets: it goes through all records for each thing that is to be done.

        Args:
            records: The next records.

        Returns:
            Whether they were added; if not, nothing was changed.
        """
        if self._names is None or not set(map(type, records)) <= {dict}:
            return False
        id_property, batch = self._id_property, self._batch
        copies: list[dict[str, Any]] = list(map(dict, records))
        try:
            # Joining is the quickest way to find out what is no text.
            "".join(chain.from_iterable(map(dict[str, Any].values, copies)))
            given = [copy.pop(id_property) for copy in copies]
        except (KeyError, TypeError):
            return False
        keys = list(map(str.lower, given)) if self._folds else given
        start = len(batch.records)
        index = batch.first_index + start
        if not all(keys) or not self._are_new(keys, index):
            return False
        places = range(len(batch.inputs), len(batch.inputs) + len(keys))
        key, properties, key_property, trace_id = self._names
        batch.inputs += [
            {key: one, properties: copy, key_property: id_property, trace_id: f"record-{number}"}
            for number, (one, copy) in enumerate(zip(given, copies, strict=True), index)
        ]
        if self._index is None:
            self._places.update(zip(keys, places, strict=True))
        batch.records.extend(records)
        batch.positions.extend(range(start, start + len(keys)))
        batch.keys.extend(keys)
        self._pending += len(keys)
        return True

    def _are_new(self, keys: Sequence[str], index: int) -> bool:
        """Tell whether no record has any of some keys, and claim them then for the next records."""
        distinct = dict.fromkeys(keys)
        if len(distinct) < len(keys) or not self._places.keys().isdisjoint(distinct):
            return False
        return self._index is None or self._index.claim_all(keys, index)

    def _add(self, record: Mapping[str, Any], ended: list[Batch]) -> None:
        made, maximum = self._make(record), self._roles.maximum
        if isinstance(made, Input) and made.group != self._group:
            self._end(ended)
            self._group = made.group
        self._put(record, made)
        if self._pending >= maximum or len(self._batch.records) >= _MOST_MEMBERS * maximum:
            self._end(ended)

    def _put(self, record: Mapping[str, Any], made: Input | Problems) -> None:
        """Put a record into the batch."""
        batch = self._batch
        batch.records.append(record)
        if isinstance(made, Input):
            folds = self._folds or made.group in self._roles.case_insensitive
            key = made.key.lower() if folds else made.key
            self._place(made.fields, key if made.group is None else f"{made.group}\0{key}")
        else:
            batch.reject(len(batch.records) - 1, made)

    def _end(self, ended: list[Batch]) -> None:
        batch = self.close()
        if batch is not None:
            ended.append(batch)

    def _place(self, fields: dict[str, Any], key: str) -> None:
        """Put the input of the last record into the batch, unless it has the key of another."""
        batch = self._batch
        position = len(batch.records) - 1
        index = batch.first_index + position
        if self._trace_id is not None:
            fields[self._trace_id] = f"record-{index}"
        if self._index is not None:
            first = self._index.claim(key, index)
            if first != index:
                self._repeat(position, first)
                return
        else:
            place = self._places.setdefault(key, len(batch.inputs))
            if place < len(batch.inputs):
                self._replace(place, position, fields)
                return
        batch.inputs.append(fields)
        batch.positions.append(position)
        batch.keys.append(key)
        self._pending += 1

    def _repeat(self, position: int, first: int) -> None:
        if self._rejects:
            self._batch.reject(position, (duplicate_problem(self._key_name, first),))
        else:
            self._batch.repeats[position] = first

    def _replace(self, place: int, position: int, fields: dict[str, Any]) -> None:
        """Send a record in the place of an earlier one of the batch."""
        batch, properties = self._batch, self._roles.properties
        # What has no JSON goes unnoticed when the batch is sealed if it is replaced before.
        self._hides_unfit = self._hides_unfit or _fails(batch.inputs[place])
        if self._merges and properties is not None:
            fields[properties] = {**batch.inputs[place][properties], **fields[properties]}
        elif self._merges:
            fields = {**batch.inputs[place], **fields}
        earlier = batch.positions[place]
        batch.followers[position] = [*batch.followers.pop(earlier, ()), earlier]
        batch.inputs[place], batch.positions[place] = fields, position
        self._pending += 1


def _names(roles: Roles) -> tuple[str, str, str, str] | None:
    """Give the names of an input's fields, if it has all that an input may have."""
    if roles.properties is None or roles.key_property is None or roles.trace_id is None:
        return None
    return roles.key, roles.properties, roles.key_property, roles.trace_id


def _unfit(fields: Mapping[str, Any]) -> Problem | None:
    try:
        _json(fields)
    except Exception as error:
        for name, value in fields.items():
            if isinstance(value, dict):
                inner = _unfit(cast("dict[str, Any]", value))
                if inner is not None:
                    return inner
            elif _fails(value):
                return Problem(name, UNSUPPORTED_VALUE, f"the value cannot be sent: {error}")
        return Problem(None, UNSUPPORTED_VALUE, f"the record cannot be sent: {error}")
    return None


def _fails(value: object) -> bool:
    try:
        _json(value)
    except Exception:
        return True
    return False


def _json(value: object) -> bytes:
    # Only inputs without properties can hold what is not a number; others leave it out.
    return to_json(value, inf_nan_mode="null")
