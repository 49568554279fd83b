"""An upsert of contacts as the emitted code has it, a server for it without sockets, and what drives runs."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from gzip import compress
from typing import Any

from package._bulk.batch import Batch, Part
from package._bulk.duplicates import Duplicates
from package._bulk.envelope import Envelope
from package._bulk.outcomes import Outcome
from package._bulk.resource import BulkOperation
from package._bulk.run import Run
from package._bulk.setup import Options, RunPlan
from package._runtime.answer import Answer
from package._runtime.attempt import Failure
from package._runtime.operation import Operation
from package._runtime.roles import (
    ErrorShape,
    PropertyRules,
    Roles,
    Systemic,
    ValueProblem,
    ValueProblems,
)

from tests.runtime.emitted_client import POLICY

SHAPE = ErrorShape(
    message="message",
    code="category",
    trace_ids="context.objectWriteTraceId",
    details="errors",
    detail_code="code",
    detail_message="message",
    detail_property="context.propertyName",
    problem_property="name",
    problem_code="error",
    problem_message="message",
)

RULES = PropertyRules(
    problems=ValueProblems(
        unknown=ValueProblem("PROPERTY_DOESNT_EXIST", 'Property "{property}" does not exist'),
        read_only=ValueProblem("READ_ONLY_VALUE", '"{property}" is a read only property.'),
        option=ValueProblem("INVALID_OPTION", "{value} is none of [{options}]"),
        number=ValueProblem("INVALID_INTEGER", "{value} was not a valid number."),
    ),
    emails=("email",),
    refused_keys=("record_id",),
    longest_text=200,
)

ROLES = Roles(
    inputs="inputs",
    key="id",
    results="results",
    key_property="idProperty",
    properties="properties",
    trace_id="objectWriteTraceId",
    errors="errors",
    created="new",
    result_id="id",
    warnings="warnings",
    case_insensitive=("email",),
    separator=";",
    error=SHAPE,
    systemic=(
        Systemic((400,), code="PROPERTY_DOESNT_EXIST", mend="create the property"),
        Systemic((400,), message="non-unique", mend="choose another property"),
    ),
    property_rules=RULES,
)
PLAIN_ROLES = Roles(inputs="inputs", key="id", results="results", errors="errors", error=SHAPE)

OPERATION: Operation[Any] = Operation(
    name="contacts.batch_upsert",
    method="POST",
    path="/contacts/batch/upsert",
    responses={"200": json.loads},
    error=None,
    policy=POLICY,
)
BULK = BulkOperation(OPERATION, replace(ROLES, maximum=10), version="v1")


def contact(number: int, **properties: Any) -> dict[str, Any]:
    """A good record."""
    return {"email": f"{number}@example.com", "firstname": f"Name {number}", **properties}


def error_body(message: str, category: str = "VALIDATION_ERROR", **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "category": category, **more}


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, json.dumps(body).encode())


def invalid(name: str, code: str, trace_ids: Iterable[str]) -> dict[str, Any]:
    """An error of one input, as the live API words it."""
    things = [{"isValid": False, "message": f"{name} is invalid", "error": code, "name": name}]
    message = f"Property values were not valid: {json.dumps(things)}"
    return error_body(message, context={"objectWriteTraceId": list(trace_ids)})


@dataclass
class Contacts:
    """The server's side: stores contacts by email, and refuses the bad ones.

    A record is bad if its first name says so: "invalid" is an error of its own, "conflict" makes the
    whole request a 409, "refused" makes it a 400.

    Attributes:
        stored: The properties of each contact, by email in lower case.
        ids: The id of each.
        requests: The emails of each request.
        accepts_all: Whether what was invalid is valid by now.
    """

    stored: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[list[str]] = field(default_factory=list[list[str]])
    accepts_all: bool = False

    def answer(self, body: bytes, fault: str | None = None) -> Answer | Failure:
        """Answer a request, perhaps with a fault.

        Args:
            body: What was sent.
            fault: "before" or "after": the connection breaks then; "html": a page instead of JSON;
                "gzip": a body that is cut off; "missing": every second result is missing; "canceled":
                nothing was done, and all is well; or a status that says that nothing was done, with a
                page as its body if "html" follows.
        """
        inputs = json.loads(body)["inputs"]
        self.requests.append([one["id"] for one in inputs])
        if fault == "before":
            return Failure("ReadError: reset", retryable=True)
        status, _, page = (fault or "").partition(" ")
        if status.isdigit():
            given = json_answer(int(status), error_body("busy"))
            return replace(given, content=b"<html>") if page else given
        if fault == "canceled":
            return json_answer(200, {"status": "CANCELED", "results": []})
        given = self._upsert(inputs)
        if fault == "after":
            return Failure("ReadError: reset", retryable=True)
        if fault == "html":
            return Answer(200, {}, b"<html>")
        if fault == "gzip" and given.status == 200:
            cut = compress(given.content)[:-9]
            return Answer(200, {"content-encoding": "gzip"}, cut, "it is cut off")
        if fault == "missing" and given.status == 200:
            whole = json.loads(given.content)
            return json_answer(200, {**whole, "results": whole["results"][::2]})
        return given

    def _upsert(self, inputs: list[dict[str, Any]]) -> Answer:
        assert len({one["id"].lower() for one in inputs}) == len(inputs), "a key twice in a request"
        names = [one["properties"].get("firstname") for one in inputs]
        if "conflict" in names:
            return json_answer(409, error_body("Contact already exists", "CONFLICT"))
        if "refused" in names:
            return json_answer(400, error_body("That will not do"))
        if any("unknown_property" in one["properties"] for one in inputs):
            details = [{"code": "PROPERTY_DOESNT_EXIST", "message": "there is no such property"}]
            return json_answer(400, error_body("Properties do not exist", errors=details))
        results: list[dict[str, Any]] = []
        bad: list[str] = []
        for one in inputs:
            key, trace = one["id"].lower(), one["objectWriteTraceId"]
            if one["properties"].get("firstname") == "invalid" and not self.accepts_all:
                bad.append(trace)
                continue
            is_new = key not in self.stored
            self.stored.setdefault(key, {}).update(one["properties"])
            identifier = self.ids.setdefault(key, str(len(self.ids) + 101))
            properties = {"email": key, **self.stored[key]}
            results.append(
                {
                    "id": identifier,
                    "new": is_new,
                    "properties": properties,
                    "objectWriteTraceId": trace,
                }
            )
        results.reverse()
        errors = [invalid("firstname", "INVALID", bad)] if bad else []
        return json_answer(207 if bad else 200, {"results": results, "errors": errors})


ENVELOPE = Envelope.of("inputs")
WRITTEN = {"created", "updated", "written"}


def plan(*, maximum: int = 4, patience: float = math.inf, **options: Any) -> RunPlan:
    roles = replace(ROLES, maximum=maximum)
    return RunPlan(OPERATION, roles, "email", Options(**options), patience)


class Driving:
    """A run whose requests are answered in random order, with the faults that are given, in order.

    Args:
        contacts: The server.
        faults: The fault of each request; none when they are used up.
        seed: Decides the order of events.
    """

    def __init__(
        self, contacts: Contacts, *, faults: Sequence[str | None] = (), seed: int = 0
    ) -> None:
        self.contacts = contacts
        self.faults: Iterator[str | None] = iter(faults)
        self.chance = random.Random(seed)
        self.flying: list[Part] = []
        self.outcomes: list[Outcome] = []
        self.requests = 0
        self.limit = 100_000

    def run(self, what: RunPlan, records: Sequence[Any]) -> Run:
        """Do all of it, and check on the way what must always hold."""
        run, at, window = Run(what), 0, what.options.concurrency * what.roles.maximum
        while True:
            while (part := run.next_part()) is not None:
                keys = [key for one in [*self.flying, part] for key in _keys(one)]
                assert len(set(keys)) == len(keys), "a key is in flight twice"
                self.flying.append(part)
                assert len(self.flying) == run.in_flight <= what.options.concurrency
            self.outcomes += run.outcomes()
            wanted = run.wanted
            if wanted and (not self.flying or self.chance.random() < 0.7):
                given = records[at : at + self.chance.randint(1, wanted)]
                at += len(given)
                ended = run.feed(given) if given else run.end()
                for batch in ended:
                    run.send(batch)
                unanswered = sum(map(_unanswered, [*run._order, run.batcher._batch]))
                # What shares a key waits for others, and is passed.
                if run.stop_cause is None and what.options.duplicates in {"error", "first"}:
                    assert unanswered <= window
            elif self.flying:
                self._answer(run, self.flying.pop(self.chance.randrange(len(self.flying))))
            else:
                assert run.is_over
                return run

    def _answer(self, run: Run, part: Part) -> None:
        self.requests += 1
        assert self.requests < self.limit
        part.requests = 1
        answer = self.contacts.answer(part.content(ENVELOPE), next(self.faults, None))
        run.answered(
            part, answer, took=0.0, time_left=math.inf, random=self.chance.random(), now=0.0
        )


def outcomes_of(
    records: Sequence[Any],
    duplicates: Duplicates = "error",
    *,
    contacts: Contacts | None = None,
    **options: Any,
) -> list[Outcome]:
    """Upsert records against a server without faults."""
    driving = Driving(contacts or Contacts())
    driving.run(plan(duplicates=duplicates, **options), records)
    return driving.outcomes


def _keys(part: Part) -> list[str]:
    return part.batch.keys[part.start : part.stop]


def _unanswered(batch: Batch) -> int:
    return len(batch.records) - len(batch.outcomes.keys() | batch.repeats.keys())
