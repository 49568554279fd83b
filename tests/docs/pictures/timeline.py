"""A load over time: run against the sandbox, and drawn from what was written down of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.docs.pictures.svg import LINE_HEIGHT, MARGIN, Drawing

RECORDS, CONCURRENCY = 8_000, 4
LIMIT, WINDOW = 40, 10
"""How many requests are allowed in how many seconds, which is the sandbox's own window."""

FAULT, FAULTS = "rate-limit", 4
MOMENTS = (0.35, 0.7)
"""After which part of the records so many requests in a row are answered with 429."""

_REFUSED = 429
_WIDTH, _HEIGHT = 520, 500
_LEFT, _RIGHT = 52, _WIDTH - MARGIN
_LANES, _LANE, _BAR = 134, 20, 10
_TOP, _BOTTOM = 276, 426


def record(
    records: int = RECORDS, limit: int = LIMIT, fault: str = FAULT, latency: str = "350ms±150"
) -> dict[str, Any]:
    """Load records into a sandbox that has a limit and refuses some requests.

    Args:
        records: How many.
        limit: How many requests are allowed in the window.
        fault: What befalls requests at `MOMENTS`.
        latency: How long answers take.

    Returns:
        What the load was, and of each request when it came and how long it took, in seconds, what status its
        answer had and how many records it wrote.
    """
    people = ({"email": f"person-{n}@example.com", "firstname": "Ada"} for n in range(records))
    moments = [part * records for part in MOMENTS]

    def meet(progress: Any) -> None:
        while moments and progress.done >= moments[0]:
            del moments[0]
            sandbox.fail(fault, times=FAULTS)

    options = Options(burst_limit=limit, latency=latency, keep_bodies=2 * records)
    with Sandbox(options) as sandbox, sandbox.client(Client) as client:
        report = client.contacts.upsert(
            people, id_property="email", concurrency=CONCURRENCY, progress=meet
        )
        entries = sandbox.requests
    came = [datetime.fromisoformat(entry.at) for entry in entries]
    first = min(came)
    return {
        "records": report.records,
        "concurrency": CONCURRENCY,
        "limit": limit,
        "window": WINDOW,
        "maximum": max(entry.inputs for entry in entries),
        "requests": sorted(
            [
                round((at - first).total_seconds(), 3),
                round(entry.duration, 3),
                entry.status,
                entry.written,
            ]
            for at, entry in zip(came, entries, strict=True)
        ),
    }


def as_text(load: Mapping[str, Any]) -> str:
    """Give a load as JSON, a line for each request."""
    fields = [
        f"  {json.dumps(name)}: {json.dumps(value)}"
        for name, value in load.items()
        if name != "requests"
    ]
    requests = ",\n".join(f"    {json.dumps(one)}" for one in load["requests"])
    return "{\n" + ",\n".join([*fields, f'  "requests": [\n{requests}\n  ]']) + "\n}\n"


def draw(load: Mapping[str, Any], scheme: str) -> str:
    """Draw a load over time.

    Args:
        load: What `record` gave.
        scheme: `light` or `dark`.

    Returns:
        The image as SVG.
    """
    requests = load["requests"]
    refused = sum(status == _REFUSED for _, _, status, _ in requests)
    end = max(start + took for start, took, _, _ in requests)
    described = (
        f"{load['records']:,} records were sent in {len(requests)} requests within {end:.0f} seconds, at an "
        f"even pace just below the limit of {load['limit']} requests in {load['window']} seconds. {refused} "
        "requests were answered with 429; after these the load holds back, and then comes back to its pace."
    )
    drawing = Drawing("A load over time", described, _WIDTH, _HEIGHT, scheme)
    setting = (
        f"{load['records']:,} records against the sandbox, {load['concurrency']} requests at",
        f"once; it allows {load['limit']} requests in {load['window']} s",
    )
    for number, line in enumerate(setting):
        drawing.text(MARGIN, 58 + number * LINE_HEIGHT, line)
    scale = (_RIGHT - _LEFT) / end
    _draw_requests(drawing, load, scale)
    _draw_rates(drawing, load, scale, end)
    for seconds in range(0, int(end) + 1, 5):
        x = _LEFT + seconds * scale
        drawing.line([(x, _BOTTOM), (x, _BOTTOM + 5)], "edge")
        if seconds % 10 == 0:
            drawing.text(x, _BOTTOM + 21, f"{seconds} s", anchor="middle")
    drawing.text(MARGIN, _HEIGHT - 14, "After 429 it holds back, and begins again slowly.")
    return drawing.svg()


def _draw_requests(drawing: Drawing, load: Mapping[str, Any], scale: float) -> None:
    drawing.text(MARGIN, 112, "Requests", "name")
    for x, kind, told in (
        (200, "answered", "accepted"),
        (306, "refused", "429, too many requests"),
    ):
        height = _LANE - 4 if kind == "refused" else _BAR
        drawing.box(x, 107 - height / 2, 10, height, kind)
        drawing.text(x + 16, 112, told)
    for lane, (start, took, status, _) in _in_lanes(load):
        kind = "refused" if status == _REFUSED else "answered"
        height = _LANE - 4 if kind == "refused" else _BAR
        middle = _LANES + lane * _LANE
        # A pixel is left out, so that what follows at once stays apart.
        width = max(2, took * scale - 1)
        drawing.box(_LEFT + start * scale, middle - height / 2, width, height, kind)
    bottom = _LANES + load["concurrency"] * _LANE - _LANE / 2 + 4
    drawing.line([(_LEFT, bottom), (_RIGHT, bottom)], "line")


def _draw_rates(drawing: Drawing, load: Mapping[str, Any], scale: float, end: float) -> None:
    rates = [0] * (int(end) + 1)
    for start, took, _, written in load["requests"]:
        rates[int(start + took)] += written
    allowed = load["limit"] * load["maximum"] / load["window"]
    high = -(-max(*rates, allowed) // 100) * 100
    drawing.text(MARGIN, _TOP - 22, "Records in a second", "name")
    unit = (_BOTTOM - _TOP) / high
    for number, rate in enumerate(rates):
        if rate:
            width = (min(number + 1, end) - number) * scale - 1
            x, height = _LEFT + number * scale, rate * unit
            drawing.box(x, _BOTTOM - height, width, height, "answered")
    drawing.line([(_LEFT, _BOTTOM), (_RIGHT, _BOTTOM)], "edge")
    for rate in (0, allowed / 2, allowed):
        drawing.text(_LEFT - 8, _BOTTOM - rate * unit + 5, f"{rate:,.0f}", anchor="end")
    level = _BOTTOM - allowed * unit
    drawing.line([(_LEFT, level), (_RIGHT, level)], "limit")
    drawing.text(
        _RIGHT, _TOP - 22, f"dashed: {load['limit']} requests in {load['window']} s", anchor="end"
    )


def _in_lanes(load: Mapping[str, Any]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the requests, each with the lane that has been free for longest."""
    free = [0.0] * load["concurrency"]
    for request in load["requests"]:
        lane = min(range(len(free)), key=lambda one: free[one])
        free[lane] = request[0] + request[1]
        yield lane, request
