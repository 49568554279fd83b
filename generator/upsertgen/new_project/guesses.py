"""What makes an operation a batch upsert, guessed from its bodies: each word with its reason.

In comes a published document, as plain data, and one of its operations; out comes a `Guess`, or what is in
its way. A guess is for a person to check: names of fields say little for sure, so nothing is guessed from
less than a name that is usual or a place that leaves no choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upsertgen.errors import quoted
from upsertgen.new_project.shapes import EMPTY, Object, Shape, Shapes

_INPUTS = "inputs records items entries rows objects elements data".split()
_RESULTS = "results records items upserted written processed objects elements data".split()
_ERRORS = "errors failures failed failedrecords rejected rejections errorlist problems".split()
_KEYS = (
    "externalid externalkey externalreference uniqueid uniquekey recordkey key recordid id uid uuid "
    "email emailaddress sku code"
).split()
_KEY_PROPERTIES = (
    "idproperty keyproperty uniqueproperty idfield keyfield matchfield matchby keyname externalidfield"
).split()
_PROPERTIES = "properties fields attributes values".split()
_TRACES = ("trace", "correlation", "clientref", "clientid", "requestref")
_CREATED = "new isnew created iscreated wascreated inserted".split()
_MESSAGES = "message errormessage detail description error title reason".split()
_CODES = "category code errorcode errortype type".split()
_SCALARS = ("string", "integer")
_NAMES_KEYS = re.compile(r"(?:check|key|match|unique|conflict)\w*$")
_COUNTS = re.compile(r"count$|^(?:upserted|written|processed|total)$")
_STATUSES = ("status", "code", "state", "result", "outcome")
_GOOD = ("success", "succeeded", "ok", "accepted", "written")
_MOST_STEPS = 4
"""How deep lists are looked for."""


@dataclass(frozen=True)
class Word:
    """A word of `x-upsert`.

    Attributes:
        spelling: The word; one of an object within, such as `error`, has that and a dot before it.
        value: What it is taken to be: a text, or several.
        reason: Why.
    """

    spelling: str
    value: str | tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Guess:
    """What could be made out of an operation.

    Attributes:
        words: The words of `x-upsert`, in the order to write them; empty where something is in the way.
        obstacle: Why there can be no `x-upsert`; empty where there can.
        open: What could not be guessed, a clause each.
        record: The fields of a small record; nothing where the operation asks for more than plain values.
    """

    words: tuple[Word, ...] = ()
    obstacle: str = ""
    open: tuple[str, ...] = ()
    record: Mapping[str, Any] | None = None

    def value(self, spelling: str) -> str | tuple[str, ...] | None:
        """Return what a word is taken to be; nothing where it is not guessed."""
        return next((one.value for one in self.words if one.spelling == spelling), None)


def guess(document: Object, path: str, method: str) -> Guess:
    """Return what makes an operation a batch upsert, as far as its bodies tell.

    Args:
        document: The document, as it was published.
        path: The path of the operation.
        method: Its method.
    """
    reader = _Reader(document, path, method)
    try:
        words = reader.words()
    except _Obstacle as obstacle:
        return Guess(obstacle=str(obstacle))
    return Guess(tuple(words), "", tuple(reader.open), reader.record)


class _Obstacle(Exception):
    """Why an operation cannot be said to be a batch upsert."""


class _Reader:
    """Reads one operation; the order of the words is that in which each needs the ones before."""

    def __init__(self, document: Object, path: str, method: str) -> None:
        self._shapes = Shapes(document)
        self._path = path
        self._operation = self._shapes.operation(path, method)
        self.open: list[str] = []
        self.record: Mapping[str, Any] | None = None

    def words(self) -> list[Word]:
        request = self._shapes.request(self._operation)
        inputs, way = self._inputs(request)
        record = self._shapes.items_at(request, way)
        answers = self._shapes.answers(self._operation)
        words = [inputs]
        key_property = self._named("key-property", record, _KEY_PROPERTIES, "string")
        trace = self._trace(record)
        key = self._key(record, {str(one.value) for one in (key_property, trace) if one})
        words.append(key)
        needs_more = bool(request.required - {way.partition(".")[0]})
        needs_more |= bool(self._shapes.required_parameters(self._path, self._operation))
        self.record = None if needs_more else self._small_record(record, str(key.value))
        words += [key_property] if key_property else []
        if key_property is None:
            self.open.append("key-property: no field of a record looks like the name of its key")
        results = self._results(answers, way)
        found = (
            [self._shapes.items_at(one, str(results.value)) for one in answers] if results else []
        )
        said = [*self._properties(record, found)]
        is_named = trace is not None or bool(said)
        is_named = is_named or all(str(key.value) in one.fields for one in found)
        words += said
        words += self._key_argument(request, way)
        words += self._object_type()
        words += [trace] if trace else []
        if trace is None:
            self.open.append(
                "trace-id: no field of a record looks like an id of the caller's choice"
            )
        if results is None:
            return [*words, *self._count(answers), *self._error_words(answers, [])]
        words.append(results)
        if not is_named:
            told = f"results have no {quoted(str(key.value))} and no trace id, so only their order is left"
            words.append(Word("results-by", "position", told))
        errors = self._errors(answers, str(results.value))
        words += errors
        words += self._of_results(found)
        words += self._error_words(answers, errors)
        return words

    def _inputs(self, request: Shape) -> tuple[Word, str]:
        """Return what holds the records, and the way to it."""
        if request.kind == "array":
            return Word("inputs", "$", "the request is a list"), "$"
        lists = self._lists_below(request)
        chosen = _choose(lists, _INPUTS)
        if chosen is None:
            raise _Obstacle("no field of the request is a list of objects")
        return (
            Word("inputs", chosen, _reason(lists, chosen, "list of objects in the request")),
            chosen,
        )

    def _key_argument(self, request: Shape, inputs: str) -> Iterator[Word]:
        lists = [
            name
            for name, schema in request.fields.items()
            if name != inputs and self._shapes.items(schema).kind == "string"
        ]
        chosen = next((one for one in lists if _NAMES_KEYS.search(_plain(one))), None)
        if chosen is not None:
            yield Word("key-argument", chosen, "a list of names that is called so")

    def _count(self, answers: list[Shape]) -> Iterator[Word]:
        common = _common(answers)
        names = [name for name, one in common.items() if self._shapes.of(one).kind == "integer"]
        chosen = next((one for one in names if _COUNTS.search(_plain(one))), None)
        if chosen is not None:
            yield Word("count", chosen, "a number in the answers that is called so")
        elif answers:
            self.open.append("results: nothing in the answers looks like it tells of records")

    def _key(self, record: Shape, taken: set[str]) -> Word:
        scalars = [
            name
            for name in record.fields
            if name not in taken and self._shapes.of(record.fields[name]).kind in _SCALARS
        ]
        required = [name for name in scalars if name in record.required]
        chosen = _choose(required, _KEYS, alone=False) or _choose(scalars, _KEYS, alone=False)
        if chosen is not None:
            demanded = ", and it is required" if chosen in record.required else ""
            return Word("key", chosen, f"a field of a record that is called like a key{demanded}")
        endings = [name for name in required if _plain(name).endswith(("id", "key"))]
        for choice, reason in (
            (endings, "the only required field of a record that ends like a key"),
            (required, "the only required scalar of a record"),
        ):
            if len(choice) == 1:
                return Word("key", choice[0], reason)
        fields = ", ".join(map(quoted, list(record.fields)[:10])) or "none"
        raise _Obstacle(f"no field of a record looks like its key; it has {fields}")

    def _small_record(self, record: Shape, key: str) -> Mapping[str, Any] | None:
        names = [name for name in record.fields if name in record.required or name == key]
        values = {name: self._shapes.of(record.fields[name]).sample for name in names}
        return None if None in values.values() else values

    def _trace(self, record: Shape) -> Word | None:
        for name, schema in record.fields.items():
            if self._shapes.of(schema).kind != "string":
                continue
            if any(part in _plain(name) for part in _TRACES):
                return Word("trace-id", name, "a text of a record that is called like a trace id")
        return None

    def _results(self, answers: list[Shape], inputs: str) -> Word | None:
        """Return what holds the results; nothing where no list in all answers looks like it."""
        if answers and all(answer.kind == "array" for answer in answers):
            return Word("results", "$", "the answer is a list")
        lists = self._in_all(answers)
        others = [name for name in lists if _last(name) not in _ERRORS]
        chosen = _choose(others, [*_RESULTS, _last(inputs)])
        if chosen is None:
            return None
        return Word("results", chosen, _reason(others, chosen, "list of objects in the answers"))

    def _properties(self, record: Shape, results: list[Shape]) -> Iterator[Word]:
        maps = [name for name, one in record.fields.items() if self._shapes.of(one).is_map]
        chosen = _choose(maps, _PROPERTIES)
        if chosen is None:
            self.open.append(
                "properties: no field of a record holds values by the names of properties"
            )
        elif not all(chosen in one.fields for one in results):
            self.open.append(
                f"properties: records have {quoted(chosen)}, and results do not, so it cannot be said"
            )
        else:
            yield Word("properties", chosen, "values by name, in records and in results")

    def _object_type(self) -> Iterator[Word]:
        names = re.findall(r"\{([^{}]*)\}", self._path)
        chosen = _choose(
            names, ("objecttype", "type", "entitytype", "object", "entity"), alone=False
        )
        if chosen is not None:
            yield Word("object-type", chosen, "an argument of the path that is called so")

    def _errors(self, answers: list[Shape], results: str) -> list[Word]:
        lists = [name for name in self._in_all(answers) if name != results]
        chosen = _choose(lists, _ERRORS, alone=False)
        if chosen is None:
            self.open.append("errors: no list of each success response looks like what failed")
            return []
        return [Word("errors", chosen, "a list of objects in the answers that is called so")]

    def _of_results(self, results: list[Shape]) -> Iterator[Word]:
        merged = _common(results)
        yield from self._status(merged)
        created = [n for n, one in merged.items() if self._shapes.of(one).kind == "boolean"]
        chosen = _choose(created, _CREATED, alone=False)
        if chosen is not None:
            yield Word("created", chosen, "a boolean of a result that is called so")
        else:
            yield from self._created_by_value(merged)
        scalars = [
            *(n for n, one in merged.items() if self._shapes.of(one).kind in _SCALARS),
            *(
                f"{outer}.{n}"
                for outer, one in merged.items()
                for n, inner in self._shapes.of(one).fields.items()
                if self._shapes.of(inner).kind in _SCALARS
            ),
        ]
        chosen = _choose(scalars, ("id", "recordid", "uid", "uuid"), alone=False)
        if chosen is None:
            self.open.append("result-id: no field of a result looks like its id")
        else:
            yield Word("result-id", chosen, "a field of a result that is called so")
        lists = [n for n, one in merged.items() if self._shapes.of(one).kind == "array"]
        chosen = _choose(lists, ("warnings",), alone=False)
        if chosen is not None:
            yield Word("warnings", chosen, "a list of a result that is called so")

    def _status(self, result: Mapping[str, object]) -> Iterator[Word]:
        for name, schema in result.items():
            values = self._shapes.of(schema).values
            good = tuple(one for one in values if _plain(one) in _GOOD)
            if good and len(good) < len(values) and _plain(name) in _STATUSES:
                yield Word("result-status.field", name, "a field of a result that is called so")
                yield Word("result-status.accepted", good, "values of it that mean success")
                return

    def _created_by_value(self, result: Mapping[str, object]) -> Iterator[Word]:
        for name, schema in result.items():
            values = self._shapes.of(schema).values
            new, old = (
                tuple(one for one in values if _plain(one).startswith(verbs))
                for verbs in (("insert", "creat", "new"), ("updat", "modif"))
            )
            if new and old:
                yield Word("created", name, "a field of a result whose values tell it")
                yield Word("created-values", new, "values of it that say created")
                yield Word("updated-values", old, "values of it that say updated")
                return
        self.open.append("created: nothing of a result tells created from updated")

    def _error_words(self, answers: list[Shape], errors: list[Word]) -> Iterator[Word]:
        shapes = self._shapes.failures(self._operation)
        for word in errors:
            shapes += [self._shapes.items_at(answer, str(word.value)) for answer in answers]
        names = dict.fromkeys(name for one in shapes for name in one.fields)
        fields = [
            name
            for name in names
            if any(self._shapes.of(one.fields.get(name)).kind in _SCALARS for one in shapes)
        ]
        for spelling, usual, what in (
            ("error.message", _MESSAGES, "for people"),
            ("error.code", _CODES, "for programs"),
        ):
            chosen = _choose(fields, usual, alone=False)
            if chosen is None:
                self.open.append(
                    f"{spelling}: no field of an error looks like it says what is wrong {what}"
                )
            else:
                yield Word(spelling, chosen, "a field of an error that is called so")

    def _named(self, spelling: str, owner: Shape, usual: Iterable[str], kind: str) -> Word | None:
        fitting = [n for n, one in owner.fields.items() if self._shapes.of(one).kind == kind]
        chosen = _choose(fitting, usual, alone=False)
        return Word(spelling, chosen, "a field of a record that is called so") if chosen else None

    def _lists(self, owner: Shape) -> list[str]:
        """Return the fields of an object that are lists of objects."""
        return [
            name
            for name, schema in owner.fields.items()
            if self._shapes.of(schema).kind == "array"
            and self._shapes.items(schema).kind == "object"
        ]

    def _lists_below(self, owner: Shape, steps: int = _MOST_STEPS) -> list[str]:
        """Return the ways to lists of objects: those of the object itself, or else those below."""
        own = self._lists(owner)
        if own or not steps:
            return own
        return [
            f"{outer}.{inner}"
            for outer, schema in owner.fields.items()
            for inner in self._lists_below(self._shapes.of(schema), steps - 1)
        ]

    def _in_all(self, answers: list[Shape]) -> list[str]:
        found = [self._lists_below(answer) for answer in answers]
        return [name for name in found[0] if all(name in one for one in found)] if found else []


def _common(shapes: list[Shape]) -> Mapping[str, object]:
    first = shapes[0] if shapes else EMPTY
    rest = shapes[1:]
    return {n: one for n, one in first.fields.items() if all(n in other.fields for other in rest)}


def _choose(names: Iterable[str], usual: Iterable[str], *, alone: bool = True) -> str | None:
    """Return the name that comes first among usual ones, or, where that counts, the only one there is."""
    by_word: dict[str, str] = {}
    names = list(names)
    for name in names:
        by_word.setdefault(_last(name), name)
    chosen = next((by_word[word] for word in usual if word in by_word), None)
    return names[0] if chosen is None and alone and len(names) == 1 else chosen


def _reason(names: list[str], chosen: str, what: str) -> str:
    return f"the only {what}" if len(names) == 1 else f"a {what} that is called so"


def _last(way: str) -> str:
    """Return the end of a way, plain."""
    return _plain(way.rpartition(".")[2])


def _plain(name: str) -> str:
    """Return a name without what conventions differ in: `external_id` and `externalId` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
