"""Upserts through the emitted client, in every manner that it has, of records of every kind.

They are real upserts of contacts, but with batches of any size and hardly a delay between attempts: what is
changed is data that the specification declares; all code is the emitted one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest
from hubspot_upsert._bulk import run
from hubspot_upsert._bulk.duplicates import DUPLICATES, Duplicates
from hubspot_upsert._bulk.outcomes import Outcome, Stop
from hubspot_upsert._bulk.resource import BulkOperation
from hubspot_upsert._runtime.policy import Backoff, ErrorPolicy
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import load_contract
from hubspot_upsert.sandbox.fault_answers import fits
from hubspot_upsert.sandbox.faults import KINDS
from hubspot_upsert.v2026_03 import AsyncClient, Client, contacts
from hypothesis import strategies as st

CONTACTS = "/crm/objects/2026-03/contacts/batch/upsert"
OPERATION = "contacts.batch_upsert"
VERSION = "2026-03"

Manner = Literal["upsert", "stream", "async upsert", "async stream"]
MANNERS: tuple[Manner, ...] = ("upsert", "stream", "async upsert", "async stream")

FITTING = [kind for kind in KINDS if any(fits(kind, one) for one in load_contract().operations)]
"""The faults that this API can have."""

HONEST = [one for one in FITTING if one not in {"bad-request", "conflict", "refused-records"}]
"""The faults after which no record is blamed that is right."""

COLOURS = ("red", "green")
_DECLARED: dict[str, Any] = {
    "code": {"unique": True},
    "colour": {"type": "enumeration", "options": COLOURS},
    "points": {},
}
_VALUES: dict[str, list[Any]] = {
    "firstname": [*["Ada", "Grace", "Mary", "", None] * 3, "\ud800", "💡"],
    "colour": [*COLOURS * 8, "blue", "", None],
    "points": [*[0, 7, True, "", None] * 5, object()],
}


@contextmanager
def hurried(maximum: int = 100, *, replays: bool = True) -> Iterator[None]:
    """Send contacts of 2026-03 in batches of at most so many records, and try again at once."""
    declared = contacts.Contacts._BULK
    operation = replace(declared.operation, policy=_impatient(declared.operation.policy))
    bulk = BulkOperation(operation, replace(declared.roles, maximum=maximum), declared.version)
    with pytest.MonkeyPatch.context() as patch:
        for client in (contacts.Contacts, contacts.AsyncContacts):
            patch.setattr(client, "_BULK", bulk)
        if not replays:
            patch.setattr(run, "delay_before_replay", lambda *_, **__: None)
        yield


def _impatient(policy: ErrorPolicy) -> ErrorPolicy:
    rules = tuple(replace(rule, minimum_delay=0.0, delay_header=None) for rule in policy.rules)
    return replace(policy, rules=rules, backoff=Backoff(initial=0.001, multiplier=2, maximum=0.01))


@dataclass(frozen=True)
class Case:
    """How records are upserted, and what goes wrong meanwhile.

    Attributes:
        manner: Which method of which client is called.
        id_property: What records are found by.
        duplicates: What is done about several records with the same key.
        maximum: The most records in a request.
        concurrency: How many requests may be in flight.
        schedule: The faults that the sandbox draws.
        faults: The faults of the first requests.
        timeout: Seconds that the client waits for data.
        patience: Seconds that all attempts of a request may take.
        time_budget: Seconds that the run may take.
        takes: How many outcomes of a stream are taken before it is closed; None for all.
        journal: A journal that it shares with other cases.
        replays: Whether what is in doubt is sent again by the same run.
    """

    manner: Manner = "upsert"
    id_property: str = "email"
    duplicates: Duplicates = "error"
    maximum: int = 3
    concurrency: int = 3
    schedule: str | None = None
    faults: tuple[str, ...] = ()
    timeout: float = 10.0
    patience: float = 30.0
    time_budget: float | None = None
    takes: int | None = None
    journal: Path | None = None
    replays: bool = True

    @property
    def is_closed(self) -> bool:
        """Whether the stream may be closed before its end."""
        return self.manner.endswith("stream") and self.takes is not None

    def sandbox(self) -> Sandbox:
        """Give the sandbox for it, which is to be started."""
        return Sandbox(Options(burst_limit=None, daily_limit=None, faults=self.schedule))

    def upsert(self, sandbox: Sandbox, records: Iterable[Any]) -> tuple[list[Outcome], Stop | None]:
        """Upsert records.

        Returns:
            The outcomes that were taken, and why it was stopped.
        """
        with hurried(self.maximum, replays=self.replays):
            if self.manner.startswith("async"):
                return asyncio.run(self._asynchronously(sandbox, records))
            with sandbox.client(Client, timeout=self.timeout, time_budget=self.patience) as client:
                if self.manner == "upsert":
                    report = client.contacts.upsert(records, **self._options())
                    return report.outcomes, report.stop
                with closing(client.contacts.iter_upsert(records, **self._options())) as stream:
                    return [*islice(stream, self.takes)], stream.stop

    async def _asynchronously(
        self, sandbox: Sandbox, records: Iterable[Any]
    ) -> tuple[list[Outcome], Stop | None]:
        client = sandbox.client(AsyncClient, timeout=self.timeout, time_budget=self.patience)
        async with client:
            # A plain iterable in one method, and an asynchronous one in the other.
            if self.manner == "async upsert":
                report = await client.contacts.upsert(records, **self._options())
                return report.outcomes, report.stop
            outcomes: list[Outcome] = []
            async with client.contacts.iter_upsert(_slowly(records), **self._options()) as stream:
                while self.takes is None or len(outcomes) < self.takes:
                    try:
                        outcomes.append(await anext(stream))
                    except StopAsyncIteration:
                        break
            return outcomes, stream.stop

    def _options(self) -> Any:
        return {
            "id_property": self.id_property,
            "duplicates": self.duplicates,
            "concurrency": self.concurrency,
            "time_budget": self.time_budget,
            "journal": self.journal,
        }


async def _slowly(records: Iterable[Any]) -> AsyncIterator[Any]:
    for record in records:
        await asyncio.sleep(0)
        yield record


def prepare(sandbox: Sandbox, known: Sequence[Any] = ()) -> None:
    """Declare properties, and give the account contacts: as many as are good and get there."""
    sandbox.declare("contacts", **_DECLARED)
    Case(duplicates="first").upsert(sandbox, known)


def _person(chance: Random) -> Any:
    """Give a record: most are fine as far as they go, and some are no records at all."""
    if chance.random() < 0.05:
        return chance.choice([{}, "no record", {"code": "x"}, {"email": None}, {"email": ""}])
    number, domain = chance.randint(0, 15), chance.choice(["a.org", "a.org", "A.org"])
    person: dict[str, Any] = {"email": f"{number}@{domain}"}
    if chance.random() < 0.05:
        person["email"] = "no-email"
    if chance.random() < 0.8:
        person["code"] = chance.choice([f"c{number}", f"C{number}", *map(str, range(15))])
    for name, values in _VALUES.items():
        if chance.random() < 0.5:
            person[name] = chance.choice(values)
    return person


def _people(seed: int, count: int) -> list[Any]:
    chance = Random(seed)
    return [_person(chance) for _ in range(count)]


# Lists of Hypothesis' own hold too much of the same to be much like what is really sent.
people = st.builds(_people, st.integers(0, 10**9), st.integers(0, 40))

_faults = st.one_of(
    st.sampled_from([kind for kind in HONEST if not kind.startswith("slow")]),
    st.sampled_from(
        [
            "server;status=500",
            "server-after;status=500",
            "html-error;status=404",
            "html-error;status=400",
            "rate-limit;retry-after=0.02",
            "account-moving;retry-after=86400",
            "slow-body;seconds=0.03",
            "slow-first-byte;seconds=0.3",
            "slow-body;seconds=0.3",
        ]
    ),
)
_schedules = st.builds(
    f"seed={{}},rate={{}},kinds={'+'.join(HONEST)},seconds=0.02".format,
    st.integers(0, 999),
    st.sampled_from([0.1, 0.4]),
)

cases: st.SearchStrategy[Case] = st.builds(
    Case,
    manner=st.sampled_from(MANNERS),
    id_property=st.sampled_from(["email", "code"]),
    duplicates=st.sampled_from(DUPLICATES),
    maximum=st.integers(1, 8),
    concurrency=st.integers(1, 4),
    schedule=st.none() | _schedules,
    faults=st.lists(_faults, max_size=3).map(tuple),
    timeout=st.just(0.15),
    patience=st.sampled_from([30.0, 30.0, 0.05]),
    time_budget=st.sampled_from([None, None, 30.0, 0.05]),
    takes=st.sampled_from([None, None, 0, 5]),
)
