"""Faults: how they are written, and which request meets which one."""

from __future__ import annotations

import pytest
from package.sandbox.faults import (
    KINDS,
    Fault,
    FaultError,
    Faults,
    Pending,
    parse_fault,
    parse_schedule,
)


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
    assert parse_fault(text) == fault
    assert str(fault) == text


def test_blanks_do_not_matter() -> None:
    assert parse_fault(" server ; status = 503 ") == Fault("server", status=503)


@pytest.mark.parametrize(
    ("text", "message"),
    [
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
        (
            "locked;retry-after=inf",
            "retry-after must be a number from 0 to 2592000; got 'inf'",
        ),
    ],
)
def test_no_fault(text: str, message: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_fault(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate=0.1", "a schedule of faults needs seed, as in 'seed=7,rate=0.1'; got 'rate=0.1'"),
        ("seed=7", "a schedule of faults needs rate, as in 'seed=7,rate=0.1'; got 'seed=7'"),
        ("seed=7,rate=2", "rate must be a number from 0 to 1; got '2'"),
        ("seed=x,rate=1", "seed must be a whole number from 0 to 9007199254740992; got 'x'"),
        (
            "seed=7,rate=1,kind=x",
            "a schedule of faults does not take 'kind'; did you mean 'kinds'?",
        ),
        ("seed=7,rate=1,kinds=lokked", "there is no fault 'lokked'; did you mean 'locked'?"),
    ],
)
def test_no_schedule(text: str, message: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_schedule(text)
    assert str(caught.value) == message


def _chosen(faults: Faults, count: int = 200) -> list[str]:
    return [str(faults.choose(None, "contacts", (502, 504))) for _ in range(count)]


def test_the_same_seed_gives_the_same_faults() -> None:
    faults = Faults(parse_schedule("seed=7,rate=0.25"))
    first = _chosen(faults)
    assert first == _chosen(Faults(parse_schedule("seed=7,rate=0.25")))
    assert first != _chosen(Faults(parse_schedule("seed=8,rate=0.25")))
    # What chance makes of a quarter of 200.
    assert 25 < sum(fault != "None" for fault in first) < 75
    faults.clear()
    assert _chosen(faults) == first


def test_the_rate_goes_from_never_to_always() -> None:
    assert set(_chosen(Faults(parse_schedule("seed=1,rate=0")))) == {"None"}
    assert "None" not in _chosen(Faults(parse_schedule("seed=1,rate=1")))


def test_a_schedule_has_what_trying_again_mends_or_what_it_is_told() -> None:
    def kinds(text: str) -> set[str]:
        return {fault.partition(";")[0] for fault in _chosen(Faults(parse_schedule(text)), 1000)}

    without = {"daily-limit", "account-moving", "missing-results"}
    assert kinds("seed=1,rate=1") == set(KINDS) - without
    assert kinds("seed=1,rate=1,kinds=all") == set(KINDS)
    assert kinds("seed=1,rate=1,kinds=locked+reset-after") == {"locked", "reset-after"}


def test_a_schedule_says_how_slow() -> None:
    faults = Faults(parse_schedule("seed=1,rate=1,seconds=0.2,kinds=slow-body+locked"))
    assert set(_chosen(faults)) == {"slow-body;seconds=0.2", "locked"}


def test_header_then_added_then_schedule() -> None:
    faults = Faults(parse_schedule("seed=1,rate=1,kinds=locked"))
    faults.add(Fault("reset-after"), times=2)
    faults.add(Fault("slow-body"), operation="deals")
    assert str(faults.choose("rate-limit", "deals")) == "rate-limit"
    assert [str(faults.choose(None, "deals")) for _ in range(4)] == [
        "reset-after",
        "reset-after",
        "slow-body",
        "locked",
    ]


def test_a_header_does_not_shift_the_schedule() -> None:
    faults, other = (Faults(parse_schedule("seed=3,rate=0.5")) for _ in range(2))
    for _ in range(10):
        faults.choose("locked", "contacts")
        other.choose(None, "contacts")
    assert _chosen(faults) == _chosen(other)


def test_a_fault_for_one_resource_waits_for_it() -> None:
    faults = Faults()
    faults.add(Fault("locked"), times=2, operation="deals")
    assert faults.choose(None, "contacts") is None
    assert faults.choose(None, "deals") == Fault("locked")
    assert faults.pending() == [Pending(Fault("locked"), 1, "deals")]
    faults.clear()
    assert faults.pending() == []
    assert faults.choose(None, "deals") is None


def test_a_failing_server_has_one_of_the_statuses_of_the_operation() -> None:
    faults = Faults()
    statuses = {faults.choose("server-after", "contacts", (423, 502, 504)) for _ in range(50)}
    assert statuses == {Fault("server-after", status=502), Fault("server-after", status=504)}
    assert faults.choose("server", "contacts") == Fault("server", status=503)
    assert faults.choose("server;status=599", "contacts", (502,)) == Fault("server", status=599)
    assert faults.choose("html-error", "contacts", (504,)) == Fault("html-error", status=502)


def test_a_bad_header_and_a_bad_number_of_times() -> None:
    faults = Faults()
    with pytest.raises(FaultError, match="there is no fault 'x'"):
        faults.choose("x", "contacts")
    with pytest.raises(FaultError, match="times must be 1 or more; got 0"):
        faults.add(Fault("locked"), times=0)


def test_a_schedule_can_be_changed_and_ended() -> None:
    faults = Faults()
    faults.set_schedule(parse_schedule("seed=1,rate=1,kinds=locked"))
    assert faults.choose(None, "contacts") == Fault("locked")
    faults.set_schedule(None)
    assert faults.choose(None, "contacts") is None
