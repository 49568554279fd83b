"""What a search does: it finds the records that a group of filters asks for, sorted, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._properties.property import Property, key_of
from ..account import Account
from ..errors import hint
from ..record_words import SearchWords
from ..store import Record, Store
from .filters import ONE_VALUE, SEVERAL_VALUES, Matches, comparable, filter_of, wrong_value
from .record_answers import RecordAnswers, Subject, subject_of
from .records import read_number
from .request import Call, Outcome, Refused, check_body, check_parameters, read_object


@dataclass(frozen=True)
class _Filter:
    """What one filter asks for.

    Attributes:
        property: The name of the property.
        value: Gives the value of it that a record has.
        matches: Whether a value is what it asks for.
        keys: The only values that can be, as `Store.find` takes them; None if that is not known.
    """

    property: str
    value: Callable[[Record], str | None]
    matches: Matches
    keys: frozenset[str] | None


def search(account: Account, call: Call) -> Outcome:
    """Answer with a page of the records in use that a request asks for, and how many there are.

    Args:
        account: Where they are.
        call: The request.

    Raises:
        Refused: It makes no sense, or asks for more results than can be reached.
        StoreError: The database cannot be read.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    words = subject.words.search
    if words is None:
        raise Refused("no-upsert", detail="The sandbox does not know how this searches.")
    data = read_object(call)
    check_body(subject.operation, data)
    limit, after = _page(subject, words, data)
    search = _Search(account, subject, words)
    groups = [
        [search.filter(one) for one in group.get(words.filters) or ()]
        for group in data.get(words.groups) or ()
    ]
    order = [search.order(one) for one in data.get(words.sorts) or ()]
    text = str(data.get(words.query) or "").casefold()
    found = [
        record
        for record in _candidates(account.store, subject, groups)
        if _is_found(record, groups) and _holds(record, text)
    ]
    for key, reverse in reversed(order):
        found.sort(key=key, reverse=reverse)
    end = min(after + limit, words.maximum_results)
    # A page behind the last one that can be reached is told of too, and refused when it is asked for.
    next_page = {"after": str(end)} if len(found) > end else None
    answers = RecordAnswers(account, subject, data.get(subject.words.properties))
    shown = found[after:end]
    reply = answers.records(shown, next_page=next_page, total=len(found))
    return Outcome(reply, found=len(shown))


class _Search:
    """Reads what a search asks for."""

    def __init__(self, account: Account, subject: Subject, words: SearchWords) -> None:
        self._create = account.options.create_properties
        self._subject = subject
        self._words = words

    def filter(self, given: Mapping[str, Any]) -> _Filter:
        words = self._words
        name, operator = given[words.property], given[words.operator]
        declared = self._declared(name)
        comparison = words.operators.get(operator)
        if comparison is None:
            hinted = hint(operator, words.operators)
            raise Refused("invalid-query", detail=f"There is no operator {operator!r}; {hinted}")
        values: list[str] = []
        if comparison in ONE_VALUE:
            values = [self._value(declared, given, words.value)]
        elif comparison in SEVERAL_VALUES:
            values = given.get(words.values) or []
            if not values:
                raise Refused("invalid-query", detail=f"{operator} of {name} needs {words.values}.")
            for one in values:
                self._check(declared, one)
        highest = ""
        if comparison == "between":
            highest = self._value(declared, given, words.high_value)
        keys = None
        # Texts compare without case here, and with it as keys.
        if comparison in {"equal", "among"} and declared.unique and declared.type != "string":
            keys = frozenset(key_of(declared, one) for one in values)
        matches = filter_of(declared, comparison, values, highest)
        return _Filter(name, self._subject.value(name), matches, keys)

    def order(self, given: Mapping[str, Any] | str) -> tuple[Callable[[Record], Any], bool]:
        """Return the key to sort by, and whether the largest comes first. What has no value comes last."""
        words = self._words
        if isinstance(given, str):
            name = given.removeprefix(words.descending_prefix)
            reverse = name != given
        else:
            name = given[words.property]
            reverse = given.get(words.direction) == words.descending
        compared, value_of = comparable(self._declared(name)), self._subject.value(name)

        def key(record: Record) -> tuple[bool, Any]:
            value = value_of(record)
            known = compared(value) if value else None
            return (known is None) is not reverse, known

        return key, reverse

    def _declared(self, name: str) -> Property:
        declared = self._subject.properties.get(name)
        if declared is None and self._create:
            return Property(name)  # It comes to be with the first value.
        if declared is None:
            hinted = hint(name, sorted(self._subject.properties))
            detail = f"{self._subject.object_type} has no property {name!r}; {hinted}"
            raise Refused("invalid-query", property=name, detail=detail)
        return declared

    def _value(self, declared: Property, given: Mapping[str, Any], field: str) -> str:
        value = given.get(field)
        if value is None:
            operator = given[self._words.operator]
            raise Refused("invalid-query", detail=f"{operator} of {declared.name} needs {field}.")
        self._check(declared, value)
        return str(value)

    def _check(self, declared: Property, value: str) -> None:
        if wrong_value(declared, value):
            detail = f"{value!r} cannot be compared with {declared.name}, a {declared.type}."
            raise Refused("invalid-query", property=declared.name, detail=detail)


def _page(subject: Subject, words: SearchWords, data: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many records are asked for, and how many come before them."""
    about = subject.words
    limit = read_number(
        about.limit, data.get(about.limit), about.usual_limit, 1, about.maximum_limit
    )
    most = words.maximum_results
    return limit, read_number(about.after, data.get(about.after), 0, 0, most - 1)


def _candidates(
    store: Store, subject: Subject, groups: Sequence[Sequence[_Filter]]
) -> Iterable[Record]:
    """Return records among which all are that can be found, in the order of their ids."""
    ids: set[int] = set()
    for group in groups:
        keyed = next((one for one in group if one.keys is not None), None)
        if keyed is None or keyed.keys is None:
            return store.each(subject.object_type)
        ids.update(store.find(subject.object_type, keyed.property, keyed.keys).values())
    if not groups:
        return store.each(subject.object_type)
    return [record for _, record in sorted(store.read(ids).items())]


def _is_found(record: Record, groups: Sequence[Sequence[_Filter]]) -> bool:
    return not groups or any(
        all(one.matches(one.value(record)) for one in group) for group in groups
    )


def _holds(record: Record, text: str) -> bool:
    return not text or any(text in str(value).casefold() for value in record.properties.values())
