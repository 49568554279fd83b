"""What a state adds to a record, and the room that it takes for a million keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from hubspot_upsert._bulk.batch import Batch
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert._bulk.state import State, StateHeader
from hubspot_upsert.v2026_03.contacts import Contacts

from tests.bench.figures import Figure, contacts

COUNT, SIZE = 1_000_000, 100
HEADER = StateHeader("https://api.example.com", "/contacts", "email")


def measure_state(folder: Path) -> Iterator[Figure]:
    path, largest = folder / "people.sqlite", 0.0
    with State(path, HEADER, Contacts._BULK.roles) as state:
        for what, first_name in (
            ("new", "Ada"),
            ("unchanged", "Ada"),
            ("changed", "Grace"),
        ):
            took, waited = _load(state, first_name, are_unchanged=what == "unchanged")
            files = folder.glob("people.sqlite*")
            largest = max(largest, sum(each.stat().st_size for each in files) / 1e6)
            detail = f"CPU time; with waiting for the disk {waited:.1f} us"
            yield Figure(f"state, for each of {COUNT:,} {what} records", took, 25, " us", detail)
    closed = f"{path.stat().st_size / 1e6:.0f} MB when it is closed"
    yield Figure(f"state of {COUNT:,} keys on disk", largest, 60, " MB", closed)


def _load(state: State, first_name: str, *, are_unchanged: bool) -> tuple[float, float]:
    """Do what a run does for each batch, and return the microseconds of CPU and of the clock for a record."""
    took = waited = 0.0
    for number in range(COUNT // SIZE):
        batch = Batch(number, number * SIZE)
        for position, contact in enumerate(contacts(number * SIZE, SIZE)):
            batch.keys.append(contact.pop("email"))
            batch.inputs.append({"properties": {**contact, "firstname": first_name}})
            batch.positions.append(position)
            batch.outcomes[position] = Outcome(position, Status.WRITTEN, contact)
        cpu, clock = time.process_time(), time.perf_counter()
        unchanged = state.compare(batch)
        if not unchanged:
            state.forget(batch)
            state.write()
            state.settle(batch, restores=True)
            state.write()
        took += time.process_time() - cpu
        waited += time.perf_counter() - clock
        assert len(unchanged) == (SIZE if are_unchanged else 0)
    return took / COUNT * 1e6, waited / COUNT * 1e6
