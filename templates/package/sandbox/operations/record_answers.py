"""How records are answered: which of their properties, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._properties.property import Property
from ..account import Account
from ..answers import Reply, fill
from ..bodies import Bodies
from ..contract import Operation
from ..record_words import ANY_OTHER, RecordWords
from ..store import Record
from .request import Call, Refused, known_type


@dataclass(frozen=True)
class Subject:
    """What a request for records is about.

    Attributes:
        operation: What it asks for.
        words: Which fields mean what.
        object_type: The name under which the object type is kept.
        properties: The properties of that type that are in use, by their names, and those that the API
            writes itself.
    """

    operation: Operation
    words: RecordWords
    object_type: str
    properties: Mapping[str, Property]

    def value(self, name: str) -> Callable[[Record], str | None]:
        """Return what gives a record's value of a property, also of one that the API writes itself."""
        computed = self.words.computed.get(name)
        if computed is None:
            return lambda record: record.properties.get(name)
        template = computed.value

        def value(record: Record) -> str | None:
            stored: str | None = record.properties.get(name)
            return stored if stored is not None else str(fill(template, placeholders(record)))

        return value


def subject_of(account: Account, call: Call) -> Subject:
    """Return what a request for records is about.

    Raises:
        Refused: There is no such object type, or nobody knows what the operation does.
    """
    words = call.operation.behaviour.records
    if words is None:
        raise Refused("no-upsert", detail="The sandbox does not know what this does.")
    label = known_type(account, call.arguments[words.object_type])
    computed = {name: Property(name, one.type) for name, one in words.computed.items()}
    return Subject(call.operation, words, label, {**computed, **account.store.in_use(label)})


def placeholders(record: Record) -> dict[str, Any]:
    """Give what the placeholders of answers about a record stand for."""
    return {
        "record_id": str(record.id),
        "object_type": record.object_type,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "archived": record.archived_at is not None,
        "archived_at": record.archived_at,
    }


class RecordAnswers:
    """Makes answers about records of one type.

    Args:
        account: Where they are.
        subject: What is asked for.
        properties: The names of the properties that are asked for; those that there are not are left
            out. None for those that come where nobody asks.
        history: The names of those whose former values are asked for.
    """

    def __init__(
        self,
        account: Account,
        subject: Subject,
        properties: Iterable[str] | None = None,
        history: Iterable[str] = (),
    ) -> None:
        words = subject.words
        if properties is None:
            usual = words.usual_properties
            properties = usual.get(subject.object_type, usual.get(ANY_OTHER, ()))
        self._subject = subject
        self._shown = self._values(properties)
        self._history = self._values(history)
        self._now = account.clock.text()
        self._bodies = Bodies(account.contract, self._now)

    def record(self, record: Record) -> Reply:
        """Answer with a record."""
        status, schema = self._success()
        return Reply(status, self._result(schema, record))

    def records(
        self,
        records: Iterable[Record],
        *,
        errors: list[Any] | None = None,
        next_page: Mapping[str, Any] | None = None,
        total: int | None = None,
    ) -> Reply:
        """Answer with records.

        Args:
            records: These, in their order.
            errors: What there is to say of others.
            next_page: Where the next page begins, as placeholders; nothing if there is none.
            total: How many there are in all.
        """
        words, behaviour = self._subject.words, self._subject.operation.behaviour
        status, schema = self._success()
        template, chosen = dict(behaviour.batch), False
        if errors:
            template |= behaviour.refusals
            described = behaviour.answers["unknown-inputs"]
            status, chosen = described.status, described.chosen
        if next_page is not None:
            template |= words.next_page
        known = {"now": self._now, "count": len(errors or ()), "total": total, **(next_page or {})}
        fields = self._bodies.fields(schema)
        body = {name: value for name, value in fill(template, known).items() if name in fields}
        items = self._bodies.items(schema, words.results)
        body[words.results] = [self._result(items, record) for record in records]
        if errors:
            body[words.errors] = errors
        return Reply(status, self._bodies.complete(schema, body, {}), chosen=chosen)

    def _values(self, names: Iterable[str]) -> dict[str, Callable[[Record], str | None]]:
        """Return what gives the values of those properties that there are, by their names."""
        known = self._subject.properties
        return {name: self._subject.value(name) for name in names if name in known}

    def _success(self) -> tuple[int, Any]:
        (status, schema), *_ = self._subject.operation.responses.items()
        return 200 if status == "2XX" else int(status), schema

    def _result(self, schema: Any, record: Record) -> dict[str, Any]:
        subject, known = self._subject, placeholders(record)
        told = fill(dict(subject.operation.behaviour.result), known)
        body = {name: value for name, value in told.items() if value is not None}
        body[subject.words.properties] = {
            name: value(record) for name, value in self._shown.items()
        }
        if self._history:
            values = {name: value(record) for name, value in self._history.items()}
            entry = subject.words.history_entry
            body[subject.words.history] = {
                name: [] if value is None else [fill(dict(entry), {**known, "value": value})]
                for name, value in values.items()
            }
        return self._bodies.complete(schema, body, {})
