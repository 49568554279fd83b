"""Faults: how they are written, and which request meets which one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from package.sandbox.errors import FaultError
from package.sandbox.faults import KINDS, Fault, Faults, Pending, parse_fault, parse_schedule


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("server;status=521", Fault("server", status=521)),
        ("slow-body;seconds=0.5", Fault("slow-body", seconds=0.5)),
        ("account-moving;retry-after=3", Fault("account-moving", retry_after=3.0)),
        (
            "html-error;status=504;retry-after=0.25",
            Fault("html-error", status=504, retry_after=0.25),
        ),
        *((kind, Fault(kind)) for kind in KINDS),
    ],
)
def test_a_fault_is_a_line_of_text(text: str, fault: Fault) -> None:
    spaced = f" {text.replace(';', ' ; ').replace('=', ' = ')} "
    assert parse_fault(text) == parse_fault(spaced) == fault
    assert str(fault) == text


NONE = [
    ("reset-aftr", "there is no fault 'reset-aftr'; did you mean 'reset-after'?"),
    ("", f"there is no fault ''; there are {', '.join(KINDS)}"),
    ("server;stat=503", "the fault 'server' does not take 'stat'; did you mean 'status'?"),
    ("locked;seconds=1", "the fault 'locked' does not take 'seconds'; there are retry-after"),
    ("reset-after;x=1", "the fault 'reset-after' does not take 'x'; it takes nothing"),
    ("server;status", "the fault 'server' needs a value for 'status', as in 'status=1'"),
    ("server;status=503;status=504", "the fault 'server' takes 'status' only once"),
    ("server;status=200", "status must be a whole number from 400 to 599; got '200'"),
    ("server;status=5e2", "status must be a whole number from 400 to 599; got '5e2'"),
    ("slow-body;seconds=nan", "seconds must be a number from 0 to 3600; got 'nan'"),
    ("slow-body;seconds=-1", "seconds must be a number from 0 to 3600; got '-1'"),
    ("locked;retry-after=inf", "retry-after must be a number from 0 to 2592000; got 'inf'"),
]
NO_SCHEDULE = [
    ("rate=0.1", "a schedule of faults needs seed, as in 'seed=7,rate=0.1'; got 'rate=0.1'"),
    ("seed=7", "a schedule of faults needs rate, as in 'seed=7,rate=0.1'; got 'seed=7'"),
    ("seed=7,rate=2", "rate must be a number from 0 to 1; got '2'"),
    ("seed=x,rate=1", "seed must be a whole number from 0 to 9007199254740992; got 'x'"),
    ("seed=7,rate=1,kind=x", "a schedule of faults does not take 'kind'; did you mean 'kinds'?"),
    ("seed=7,rate=1,kinds=lokked", "there is no fault 'lokked'; did you mean 'locked'?"),
]


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [*((parse_fault, *one) for one in NONE), *((parse_schedule, *one) for one in NO_SCHEDULE)],
)
def test_what_is_no_fault_and_no_schedule(
    parse: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(FaultError) as caught:
        parse(text)
    assert str(caught.value) == message


def _chosen(faults: Faults, count: int = 200) -> list[str]:
    return [str(faults.choose(None, "contacts", (502, 504))) for _ in range(count)]


def test_the_same_seed_gives_the_same_faults() -> None:
    faults = Faults(parse_schedule("seed=7,rate=0.25"))
    first = _chosen(faults)
    assert first == _chosen(Faults(parse_schedule("seed=7,rate=0.25")))
    assert first != _chosen(Faults(parse_schedule("seed=8,rate=0.25")))
    assert set(_chosen(Faults(parse_schedule("seed=7,rate=0")))) == {"None"}
    # What chance makes of a quarter of 200.
    assert 25 < sum(fault != "None" for fault in first) < 75
    faults.clear()
    assert _chosen(faults) == first


def test_a_schedule_has_what_trying_again_mends_or_what_it_is_told() -> None:
    def kinds(text: str) -> set[str]:
        return {fault.partition(";")[0] for fault in _chosen(Faults(parse_schedule(text)), 1000)}

    without = {"daily-limit", "account-moving", "missing-results", "cancelled", "conflict"}
    without |= {"bad-request", "expired-token", "forbidden", "failed-job", "lost-job"}
    without |= {"refused-records"}
    assert kinds("seed=1,rate=1") == set(KINDS) - without
    assert kinds("seed=1,rate=1,kinds=all") == set(KINDS)
    assert kinds("seed=1,rate=1,kinds=locked+reset-after") == {"locked", "reset-after"}


def test_a_schedule_says_how_slow() -> None:
    faults = Faults(parse_schedule("seed=1,rate=1,seconds=0.2,kinds=slow-body+locked"))
    assert set(_chosen(faults)) == {"slow-body;seconds=0.2", "locked"}


def test_header_then_added_then_schedule() -> None:
    faults = Faults(parse_schedule("seed=1,rate=1,kinds=locked"))
    faults.add(Pending(Fault("reset-after"), 2))
    faults.add(Pending(Fault("slow-body"), resource="deals"))
    assert str(faults.choose("rate-limit", "deals")) == "rate-limit"
    assert [str(faults.choose(None, "deals")) for _ in range(4)] == [
        "reset-after",
        "reset-after",
        "slow-body",
        "locked",
    ]


def test_an_added_fault_waits_for_a_request_that_it_fits() -> None:
    def fits(kind: str) -> bool:
        return kind != "cancelled"

    faults = Faults()
    faults.add(Pending(Fault("cancelled")))
    faults.add(Pending(Fault("locked")))
    assert faults.choose(None, "deals", is_known=False) is None
    assert [str(faults.choose(None, "deals", fits=fits)) for _ in range(2)] == ["locked", "None"]
    assert str(faults.choose(None, "deals")) == "cancelled"
    with pytest.raises(FaultError, match="'cancelled' does not fit this request; ask for it in"):
        faults.choose("cancelled", "deals", fits=fits)
    scheduled = Faults(parse_schedule("seed=1,rate=1,kinds=cancelled"))
    assert scheduled.choose(None, "deals", fits=fits) is None


def test_a_header_does_not_shift_the_schedule() -> None:
    faults, other = (Faults(parse_schedule("seed=3,rate=0.5")) for _ in range(2))
    for _ in range(10):
        faults.choose("locked", "contacts")
        other.choose(None, "contacts")
    assert _chosen(faults) == _chosen(other)


def test_a_failing_server_has_one_of_the_statuses_of_the_operation() -> None:
    faults = Faults()
    statuses = {faults.choose("server-after", "contacts", (423, 502, 504)) for _ in range(50)}
    assert statuses == {Fault("server-after", status=502), Fault("server-after", status=504)}
    assert faults.choose("server", "contacts") == Fault("server", status=503)
    assert faults.choose("server;status=599", "contacts", (502,)) == Fault("server", status=599)
    assert faults.choose("html-error", "contacts", (504,)) == Fault("html-error", status=502)
