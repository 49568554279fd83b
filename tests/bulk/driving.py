"""Drives the state machine against the simulated server, in any order that a real driver could come to."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from package._bulk.batching import Batch, Part
from package._bulk.duplicates import Duplicates
from package._bulk.outcomes import Outcome
from package._bulk.plan import Plan
from package._bulk.run import Run

from tests.bulk.contacts import OPERATION, ROLES, Contacts

WRITTEN = {"created", "updated", "written"}


def plan(*, maximum: int = 4, **options: Any) -> Plan:
    return Plan(OPERATION, replace(ROLES, maximum=maximum), "email", **options)


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
        self.chance = random.Random(seed)  # noqa: S311 - nothing secret.
        self.flying: list[Part] = []
        self.outcomes: list[Outcome] = []
        self.requests = 0
        self.limit = 100_000

    def run(self, what: Plan, records: Sequence[Any]) -> Run:
        """Do all of it, and check on the way what must always hold."""
        run, at, window = Run(what), 0, what.concurrency * what.roles.maximum
        while True:
            while (part := run.next_part()) is not None:
                keys = [key for one in [*self.flying, part] for key in _keys(one)]
                assert len(set(keys)) == len(keys), "a key is in flight twice"
                self.flying.append(part)
                assert len(self.flying) == run.in_flight <= what.concurrency
            self.outcomes += run.outcomes()
            wanted = run.wanted
            if wanted and (not self.flying or self.chance.random() < 0.7):
                given = records[at : at + self.chance.randint(1, wanted)]
                at += len(given)
                ended = run.feed(given) if given else run.end()
                for batch in ended:
                    run.send(batch)
                unanswered = sum(map(_unanswered, [*run._order, run._planner._batch]))
                assert unanswered <= window + (0 if run.stop_cause is None else len(records))
            elif self.flying:
                self._answer(run, self.flying.pop(self.chance.randrange(len(self.flying))))
            else:
                assert run.is_over
                return run

    def _answer(self, run: Run, part: Part) -> None:
        self.requests += 1
        assert self.requests < self.limit
        part.sent = True
        answer = self.contacts.answer(part.content("inputs"), next(self.faults, None))
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
