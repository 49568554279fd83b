"""Moments and texts that are easily taken for something else, and what a method sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.scenarios import Scenario

Scenarios = Callable[[str], Scenario]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENTS = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01t00:00:00.5z",
    "2026-01-01 00:00:00+05:30",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.25-00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
]
TEXTS = [
    *("20260101", "1e5", "0", "1", "-1", "1.0", "true", "null", "NaN", "Infinity", "", " 1"),
    *("a" * 32, "{5c9a6b5e-0000-4000-8000-000000000001}", "5C9A6B5E-0000-4000-8000-000000000001"),
    *("5c9a6b5e-0000-4000-8000-000000000001", "2026-01-01", "2026-13-01", "2026-01-01T00:00"),
    *("2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:61Z", "1760000000000"),
    *(
        "0000-01-01T00:00:00Z",
        "2026-01-01T00:00:00+0100",
        "\uff12\uff10\uff12\uff16-01-01",
        "2026-01-01T00:00:00Z ",
    ),
]


def sent(meters: Scenario, **fields: Any) -> Any:
    """Return the body that a method sends."""
    return json.loads(meters.request("meters.record", kind="gas", **fields).content)
