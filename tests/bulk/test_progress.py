"""How far a run has come: what is counted, how often it is told, and how the rate is measured."""

from __future__ import annotations

import pytest
from package._bulk.outcomes import Outcome, Status
from package._bulk.progress import Progress, ProgressMeter, Tally


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tally_of(*statuses: Status) -> Tally:
    tally = Tally()
    for index, status in enumerate(statuses):
        tally.add(Outcome(index, status, {}))
    return tally


def meter_with(interval: float = 0.1) -> tuple[ProgressMeter, Clock, list[Progress]]:
    told: list[Progress] = []
    clock = Clock()
    return ProgressMeter(told.append, clock=clock, interval=interval), clock, told


def test_a_tally_counts_every_status_and_what_comes_with_it() -> None:
    tally = tally_of(*Status, Status.CREATED)
    tally.add(Outcome(9, Status.UPDATED, {}, merged_into=2, warnings=({"a": 1}, {"b": 2})))
    assert tally.counts == {
        Status.CREATED: 2,
        Status.UPDATED: 2,
        Status.WRITTEN: 1,
        Status.REJECTED: 1,
        Status.UNKNOWN: 1,
        Status.NOT_SENT: 1,
    }
    assert (tally.done, tally.merged, tally.warnings) == (8, 1, 2)


def test_progress_holds_all_counts() -> None:
    meter, clock, told = meter_with()
    clock.now += 2
    counted = tally_of(*Status, Status.CREATED, Status.CREATED, Status.REJECTED)
    meter.tell(read=12, tally=counted, requests=4, in_flight=2)
    assert told == [
        Progress(
            read=12,
            done=9,
            created=3,
            updated=1,
            written=1,
            rejected=2,
            unknown=1,
            not_sent=1,
            requests=4,
            in_flight=2,
            elapsed=2.0,
            rate=4.5,
        )
    ]


def test_it_is_told_at_most_once_in_an_interval_but_the_last_time_always() -> None:
    meter, clock, told = meter_with()
    for read in range(1000):
        meter.tell(read=read, tally=Tally(), requests=0, in_flight=0)
        clock.now += 0.001
    assert len(told) in range(9, 12)
    meter.tell(read=1000, tally=Tally(), requests=0, in_flight=0, final=True)
    meter.tell(read=1000, tally=Tally(), requests=0, in_flight=0)
    assert told[-1].read == 1000
    assert len(told) in range(10, 13)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    meter, clock, told = meter_with()
    tally = Tally()

    def advance(seconds: int, records: int) -> None:
        for _ in range(seconds):
            for index in range(records):
                tally.add(Outcome(index, Status.CREATED, {}))
            clock.now += 1
            meter.tell(read=0, tally=tally, requests=0, in_flight=0)

    advance(5, 100)
    assert told[-1].rate == pytest.approx(100)
    advance(20, 10)
    assert told[-1].rate == pytest.approx(10)
    advance(5, 0)
    assert told[-1].rate == pytest.approx(5)
    clock.now += 100
    meter.tell(read=0, tally=tally, requests=0, in_flight=0, final=True)
    assert told[-1].rate == 0
    assert told[-1].elapsed == 130


def test_no_time_has_passed() -> None:
    meter, _, told = meter_with()
    meter.tell(read=1, tally=tally_of(Status.CREATED), requests=1, in_flight=0, final=True)
    assert told[0].rate == 0
    assert told[0].elapsed == 0


def test_nobody_is_told() -> None:
    ProgressMeter(None).tell(read=1, tally=Tally(), requests=1, in_flight=0, final=True)


def test_what_the_callback_raises_goes_to_the_caller() -> None:
    def fail(_: Progress) -> None:
        raise LookupError("the bar is closed")

    with pytest.raises(LookupError, match="the bar is closed"):
        ProgressMeter(fail).tell(read=1, tally=Tally(), requests=1, in_flight=0)
