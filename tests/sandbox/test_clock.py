"""The time in which a sandbox lives, and whose limits it has."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hubspot_upsert.sandbox import Options as RealOptions
from hubspot_upsert.sandbox import Sandbox
from package.sandbox import Options, SandboxError
from package.sandbox.clock import Clock, Latency, parse_clock, parse_latency

from tests.sandbox.small_api import SmallApi

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2026-03-01T12:00:00Z", Clock(MOMENT)),
        ("2026-03-01T13:00:00+01:00", Clock(MOMENT)),
        ("+2d", Clock(shift=timedelta(days=2))),
        ("-90m", Clock(shift=timedelta(minutes=-90))),
    ],
)
def test_a_clock_stands_or_is_shifted(text: str, clock: Clock) -> None:
    assert parse_clock(text) == clock


@pytest.mark.parametrize("text", ["", "now", "2d", "+2w", "+999999d", "2026-03-01T12:00:00", "-1"])
def test_what_is_no_clock(text: str) -> None:
    with pytest.raises(SandboxError, match=re.escape(f"or -90m; got {text!r}")):
        parse_clock(text)


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("80ms", Latency(0.08)),
        ("80ms±20", Latency(0.08, 0.02)),
        ("80ms+-20", Latency(0.08, 0.02)),
        ("1.5s±0.5", Latency(1.5, 0.5)),
    ],
)
def test_a_latency_has_a_spread(text: str, latency: Latency) -> None:
    assert parse_latency(text) == latency
    drawn = [latency.draw() for _ in range(100)]
    least, most = latency.seconds - latency.spread, latency.seconds + latency.spread
    assert all(least <= one <= most for one in drawn)
    assert len(set(drawn)) == (100 if latency.spread else 1)
    assert parse_latency(text).draw() == drawn[0]


@pytest.mark.parametrize("text", ["", "80", "80ms±90", "-1s", "9999s", "80ms±20ms", "nan s"])
def test_what_is_no_latency(text: str) -> None:
    with pytest.raises(SandboxError, match=f"the latency must be .* got {text!r}"):
        parse_latency(text)


def test_records_have_the_time_of_the_clock() -> None:
    with SmallApi(Options(clock="2001-03-01T12:00:00Z")) as api:
        api.upsert("a@example.com")
        (record,) = api.records("people")
        assert record["created_at"] == record["updated_at"] == "2001-03-01T12:00:00.000Z"
        # The log says when it really was.
        came = datetime.fromisoformat(api.requests[0].at)
        assert abs(datetime.now(UTC) - came) < timedelta(hours=1)


def test_a_shifted_clock_runs() -> None:
    ahead = parse_clock("+2d").now() - datetime.now(UTC)
    assert abs(ahead - timedelta(days=2)) < timedelta(hours=1)


def test_each_answer_takes_its_time() -> None:
    with SmallApi(Options(latency="30ms±10")) as api:
        api.upsert("a@example.com")
        api.ask("GET", "/nothing")
        assert all(one.duration > 0.015 for one in api.requests)


@pytest.mark.parametrize(
    ("options", "burst", "daily"),
    [
        (RealOptions(), 190, 625_000),
        (RealOptions(profile="private-app"), 190, 625_000),
        (RealOptions(profile="oauth-app"), 110, None),
        (RealOptions(profile="free"), 100, 250_000),
        (RealOptions(profile="free", burst_limit=7, daily_limit=None), 7, None),
    ],
)
def test_the_limits_of_a_profile(options: RealOptions, burst: int, daily: int | None) -> None:
    with Sandbox(options) as sandbox:
        headers = {"Authorization": "Bearer mine"}
        answer = httpx2.get(
            f"{sandbox.url}/crm/v3/properties/contacts", headers=headers, timeout=60
        )
    assert int(answer.headers["x-hubspot-ratelimit-max"]) == burst
    told = answer.headers.get("x-hubspot-ratelimit-daily")
    assert told == (None if daily is None else str(daily))


def test_an_unknown_profile_is_told() -> None:
    with pytest.raises(SandboxError, match="there is no profile 'fre'"):
        SmallApi(Options(profile="fre")).start()
