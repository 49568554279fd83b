"""Records into batches, one after the other. The same records give the same batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from itertools import chain
from typing import Any, Self, cast

from .._properties.conversion import ConvertedColumn, Converter
from .._properties.readers import ConversionError
from .._properties.texts import time_zone
from .._runtime.roles import Roles
from .._runtime.ways import dig, put, without
from .batch import TRACE_PREFIX, Batch, encoder_of
from .duplicates import Duplicates, KeyIndex, comparable, duplicate_problem
from .envelope import Envelope, KeyPath, json_of
from .figures import FrequentKey, KeyCounts
from .json_inputs import JsonInputMaker
from .outcomes import Problem, Stop
from .property_check import PropertyCheck, UnwritableColumns
from .record_check import RecordCheck
from .record_fields import key_ways
from .records import UnsupportedRecord, mapping_of
from .setup import RunPlan
from .values import UNSUPPORTED_VALUE, Input, InputMaker, Null, Problems

_MOST_MEMBERS = 4
"""How many times the records of a full request a batch may hold, most of them settled already."""

_STRIDE = 25
"""How many records are looked at together where one is unusual: then all of these take the long way."""

TOO_LARGE = "TOO_LARGE"
"""The code of ours of a record that no request has room for."""


class Batcher:
    """Puts records into batches, one after the other.

    A batch ends when it holds as many records to be sent as fit one request, duplicates that are merged
    into these included, so that no more is read than what is sent next.

    Args:
        roles: Which fields of an input play which part.
        id_property: The property that finds records; None if inputs say it themselves.
        duplicates: What to do about several records with the same key.
        null: What to do about values that are missing.
        timezone: The time zone of datetimes that have none; None if there cannot be such.
        start_at: The index of the first record.
        is_fast: Whether the libraries of the extra `fast` are used.
        check: What properties take, if that is known.
        converter: Makes of values what properties take, if that is wanted.
        record: The type of an input; None if all that it holds is text.
        constants: What each input holds, whatever the record.
        keys: The fields that find a record, where the caller named them.
        envelope: What stands around the inputs of each request.
        key_path: What gives the URL of each request, if the path holds the key of its record.

    Attributes:
        trace_prefix: What trace ids begin with; the index of the record follows.
        refusal: Why no record can be sent, if that is so.
    """

    def __init__(
        self,
        roles: Roles,
        id_property: str | None,
        duplicates: Duplicates,
        null: Null = "leave",
        timezone: tzinfo | None = None,
        *,
        start_at: int = 0,
        is_fast: bool = False,
        check: PropertyCheck | None = None,
        converter: Converter | None = None,
        record: Any = None,
        constants: Mapping[str, Any] | None = None,
        keys: Sequence[str] = (),
        envelope: Envelope | None = None,
        key_path: KeyPath | None = None,
    ) -> None:
        self._roles = roles
        is_text = id_property is not None and record is None
        self._encode = encoder_of(roles, is_fast=is_fast and is_text)
        self._check, self._converter = check, converter
        self._columns = None if check is None else UnwritableColumns(check)
        self.refusal: Stop | None = None
        self._left_out = None if envelope is None else envelope.left_out
        self._make: Callable[[object], Input | Problems]
        if id_property is not None and record is None:
            self._make = InputMaker(
                roles,
                id_property,
                null,
                timezone,
                check=check,
                converter=converter,
                constants=constants,
            ).make
        else:
            self._make = JsonInputMaker(
                roles,
                id_property,
                null,
                timezone,
                check=None if record is None else RecordCheck(record, roles.properties),
                constants=constants,
                keys=keys,
                left_out=self._left_out,
            ).make
        self._id_property = id_property or ""
        self._key_name = id_property or next(iter(key_ways(roles, keys)))
        self.trace_prefix = TRACE_PREFIX
        self._trace_id = roles.trace_id
        self._is_nested = roles.trace_id is not None and "." in roles.trace_id
        self._names = _names(roles) if is_text and not constants else None
        self._folds = self._key_name in roles.case_insensitive
        self._merges = duplicates == "merge"
        self._rejects = duplicates == "error"
        self._index = KeyIndex() if duplicates in {"error", "first"} else None
        self._key_counts = KeyCounts()
        self._repeated: list[str] = []
        self._places: dict[str, int] = {}
        self._overhead = 0 if envelope is None else envelope.overhead
        self._bytes = self._overhead
        self._key_path = key_path
        self._group: str | None = None
        self._batch = Batch(0, start_at)
        self._pending = 0
        self._hides_unfit = False
        self._converted: Sequence[int] = ()

    @classmethod
    def of(cls, plan: RunPlan) -> Self:
        """Make what puts the records of a run into batches.

        Raises:
            PropertiesError: The properties cannot be used.
        """
        options = plan.options
        return cls(
            plan.roles,
            plan.id_property,
            options.duplicates,
            options.null,
            time_zone(options.timezone),
            start_at=options.start_at,
            is_fast=plan.is_fast,
            check=plan.make_check(),
            converter=plan.make_converter(),
            record=plan.record,
            constants=plan.constants,
            keys=plan.keys,
            envelope=plan.envelope,
            key_path=plan.key_path,
        )

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
        start = 0
        while start < len(records):
            whole = records[start : start + self.room]
            start += len(whole)
            if not self._add_texts(whole):
                self._add_in_strides(whole, ended)
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
            self._batch.seal(self._encode)
            is_fit = not self._hides_unfit
        except Exception:
            is_fit = False
        if not is_fit:
            self._rebuild()
            self._batch.seal()
        batch = self._batch
        if self._columns is not None:
            self.refusal = self._columns.look_at(batch)
        self._key_counts.add(self._repeated)
        if self._index is None:
            self._key_counts.add(batch.keys)
        self._begin(batch.number + 1, batch.first_index + len(batch.records))
        return batch

    def frequent_keys(self, records: int) -> list[FrequentKey]:
        """Give the keys that strikingly many of the records have, the most frequent first.

        Args:
            records: How many records there were.
        """
        # Where an index knows them, the first record of each key is not counted.
        besides = 0 if self._index is None else 1
        return self._key_counts.most_frequent(records, besides=besides)

    def conversions(self) -> Sequence[ConvertedColumn]:
        """Say of which properties values were converted, if that was wanted."""
        return () if self._converter is None else self._converter.examples()

    def _begin(self, number: int, first_index: int) -> None:
        self._batch = Batch(number, first_index)
        self._repeated = []
        self._places = {}
        self._pending = 0
        self._bytes = self._overhead
        self._hides_unfit = False
        if self._converter is not None:
            self._converted = self._converter.counts()

    def _rebuild(self) -> None:
        """Put the batch together anew, and reject what has no JSON before it takes a key or another's place.

        Half of a surrogate pair, for example, is so rare that nobody looks for it at first.
        """
        before = self._batch
        if self._index is not None:
            for key in before.keys:
                self._index.release(key)
        if self._converter is not None:
            self._converter.take_back(self._converted)
        self._begin(before.number, before.first_index)
        for record in before.records:
            made = self._make(record)
            problem = _unfit(made.fields) if isinstance(made, Input) else None
            self._put(record, made if problem is None else (problem,))

    def _add_in_strides(self, records: Sequence[Mapping[str, Any]], ended: list[Batch]) -> None:
        for start in range(0, len(records), _STRIDE):
            some = records[start : start + _STRIDE]
            if not self._add_texts(some):
                for record in some:
                    self._add(record, ended)
        if self._pending >= self._roles.maximum:
            self._end(ended)

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
        given = cast("Sequence[dict[str, Any]]", records)
        copies = list(map(dict[str, Any].copy, given))
        converter = self._converter
        if converter is None:
            return self._add_copies(records, copies, self._names)
        counts = converter.counts()
        with suppress(ConversionError):
            converter.convert_all(copies)
            if self._add_copies(records, copies, self._names):
                return True
        converter.take_back(counts)
        return False

    def _add_copies(
        self,
        records: Sequence[Mapping[str, Any]],
        copies: list[dict[str, Any]],
        names: tuple[str, str, str, str],
    ) -> bool:
        """Add records of nothing but text, given copies of them that become their properties."""
        id_property, batch = self._id_property, self._batch
        try:
            # Joining is the quickest way to find out what is no text.
            length = len("".join(chain.from_iterable(map(dict[str, Any].values, copies))))
            given = [copy.pop(id_property) for copy in copies]
        except (KeyError, TypeError):
            return False
        keys = list(map(str.strip, given))
        start = len(batch.records)
        index = batch.first_index + start
        # What has blanks around it is told of if it is rejected.
        if keys != given or not all(keys):
            return False
        if self._check is not None and not self._check.accepts(given, copies, length):
            return False
        if self._folds:
            keys = list(map(str.lower, keys))
        if not self._are_new(keys, index):
            return False
        places = range(len(batch.inputs), len(batch.inputs) + len(keys))
        key, properties, key_property, trace_id = names
        prefix = self.trace_prefix
        batch.inputs += [
            {key: one, properties: copy, key_property: id_property, trace_id: f"{prefix}{number}"}
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
        if self._index is not None:
            return self._index.claim_all(keys, index)
        distinct = dict.fromkeys(keys)
        return len(distinct) == len(keys) and self._places.keys().isdisjoint(distinct)

    def _add(self, record: Mapping[str, Any], ended: list[Batch]) -> None:
        if not isinstance(cast("object", record), (dict, Mapping)):
            with suppress(UnsupportedRecord):  # Then it is rejected.
                record = mapping_of(record)
        made, maximum = self._make(record), self._roles.maximum
        if isinstance(made, Input) and made.group != self._group:
            self._end(ended)
            self._group = made.group
        if isinstance(made, Input) and self._key_path is not None:
            told = self._key_path.refusal(made.fields)
            made = made if told is None else (Problem(self._key_name, UNSUPPORTED_VALUE, told),)
        if isinstance(made, Input) and self._roles.maximum_bytes is not None:
            made = self._measured(made, self._roles.maximum_bytes, ended)
        self._put(record, made)
        if self._pending >= maximum or len(self._batch.records) >= _MOST_MEMBERS * maximum:
            self._end(ended)

    def _put(self, record: Mapping[str, Any], made: Input | Problems) -> None:
        """Put a record into the batch."""
        batch = self._batch
        batch.records.append(record)
        if isinstance(made, Input):
            folding = self._roles.case_insensitive
            folds = self._folds if made.by is None else made.by in folding
            folds = folds or made.group in folding
            key = comparable(made.key, folds=folds)
            if made.key != made.key.strip():
                batch.padded[len(batch.records) - 1] = (made.by or self._key_name, made.key)
            scope = made.group if made.by is None else made.by
            self._place(made.fields, key if scope is None else f"{scope}\0{key}", made.by)
        else:
            batch.reject(len(batch.records) - 1, made)

    def _end(self, ended: list[Batch]) -> None:
        batch = self.close()
        if batch is not None:
            ended.append(batch)

    def _measured(self, made: Input, most: int, ended: list[Batch]) -> Input | Problems:
        """End the batch if it would be too large with an input, and reject one that is too large alone."""
        self._trace(made.fields, self._batch.first_index + len(self._batch.records))
        try:
            left_out = self._left_out
            sent = made.fields if left_out is None else without(made.fields, left_out)
            size = len(json_of(sent))
        except Exception:
            problem = _unfit(made.fields)
            return made if problem is None else (problem,)
        if self._overhead + size > most:
            alone = self._overhead + size
            message = (
                f"a request with this record alone has {alone:,} bytes, and the API takes {most:,}"
            )
            return (Problem(None, TOO_LARGE, message),)
        if self._bytes + size > most:
            self._end(ended)
        # As if an earlier record with the same key kept its room: with its values, it may.
        self._bytes += size + 1
        return made

    def _trace(self, fields: dict[str, Any], index: int) -> None:
        trace_id = f"{self.trace_prefix}{index}"
        if self._is_nested and self._trace_id is not None:
            put(fields, self._trace_id, trace_id)
        elif self._trace_id is not None:
            fields[self._trace_id] = trace_id

    def _place(self, fields: dict[str, Any], key: str, by: str | None) -> None:
        """Put the input of the last record into the batch, unless it has the key of another."""
        batch = self._batch
        position = len(batch.records) - 1
        index = batch.first_index + position
        self._trace(fields, index)
        if self._index is not None:
            first = self._index.claim(key, index)
            if first != index:
                self._repeated.append(key)
                self._repeat(position, first, by or self._key_name)
                return
        else:
            place = self._places.setdefault(key, len(batch.inputs))
            if place < len(batch.inputs):
                self._repeated.append(key)
                self._replace(place, position, fields)
                return
        batch.inputs.append(fields)
        batch.positions.append(position)
        batch.keys.append(key)
        self._pending += 1

    def _repeat(self, position: int, first: int, name: str) -> None:
        if self._rejects:
            self._batch.reject(position, (duplicate_problem(name, first),))
        else:
            self._batch.repeats[position] = first

    def _replace(self, place: int, position: int, fields: dict[str, Any]) -> None:
        """Send a record in the place of an earlier one of the batch."""
        batch, properties = self._batch, self._roles.properties
        # What has no JSON goes unnoticed when the batch is sealed if it is replaced before.
        self._hides_unfit = self._hides_unfit or _fails(batch.inputs[place])
        if self._merges and properties is not None:
            whole = {**dig(batch.inputs[place], properties), **dig(fields, properties)}
            put(fields, properties, whole)
        elif self._merges:
            fields = {**batch.inputs[place], **fields}
        earlier = batch.positions[place]
        batch.followers[position] = [*batch.followers.pop(earlier, ()), earlier]
        batch.inputs[place], batch.positions[place] = fields, position
        self._pending += 1


def _names(roles: Roles) -> tuple[str, str, str, str] | None:
    """Give the names of an input's fields, if it has all that an input may have, and nothing else matters."""
    if roles.properties is None or roles.key_property is None or roles.trace_id is None:
        return None
    names = roles.key, roles.properties, roles.key_property, roles.trace_id
    return None if roles.maximum_bytes is not None or "." in "".join(names) else names


def _unfit(fields: Mapping[str, Any]) -> Problem | None:
    try:
        json_of(fields)
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
        json_of(value)
    except Exception:
        return True
    return False
