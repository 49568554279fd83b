"""Loads that are killed again and again while requests fail, and go on with the journal until all is done."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import PATIENCE
from tests.vendors import profiles_service, vectors_service
from tests.vendors.project import Project, statuses
from tests.vendors.service import ANY
from tests.vendors.test_crm import leads
from tests.vendors.test_profiles import people
from tests.vendors.test_vectors import vectors_of

FAULTS = [None, None, "unavailable", "busy", "gateway", "cut"]
CONCURRENCY = 2
LOADS: dict[str, tuple[list[dict[str, Any]], int, dict[str, Any]]] = {
    "vectors": (vectors_of(15_000), 1000, {"namespace": "books"}),
    "crm": (leads(2_500), 100, {"module": "Leads"}),
    "profiles": (people(40_000), 10_000, {}),
}
"""What is loaded, how much of it one request holds, and what else is said."""


@pytest.mark.large
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", LOADS)
def test_nothing_is_lost_and_only_what_was_under_way_is_sent_again(
    project: Callable[[str], Project],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    name: str,
    seed: int,
) -> None:
    records, size, options = LOADS[name]
    options = {**options, "journal": str(tmp_path / "load.sqlite"), "concurrency": CONCURRENCY}
    service: Any = request.getfixturevalue(name)
    keys = {"vectors": vectors_service.KEY, "profiles": profiles_service.KEY}
    token = keys[name] if name in keys else service.token()
    chance, kills, faults = random.Random(seed), 0, 0
    for method in ("POST", "GET"):
        drawn = chance.choices(FAULTS, k=60)
        service.fail(*drawn, method=method)
        faults += len(drawn) - drawn.count(None) if method == "POST" else 0
    while True:
        most = len(service.asked) + chance.randint(2, 8)
        # It does not come to its end before this is seen.
        service.hold(most, ANY)
        load = project(name).start(service.url, token, records, **options)
        end = time.monotonic() + PATIENCE
        while load.poll() is None and len(service.asked) < most:
            assert time.monotonic() < end, "nothing happens"
            time.sleep(0.005)
        if load.poll() is not None:
            said = load.communicate()
            assert load.returncode == 0, said
            break
        load.kill()
        load.communicate()
        service.release()
        kills += 1
    service.release()
    report = project(name).upsert("sync", service.url, token, records, **options)
    assert {*statuses(report)} <= {"created", "updated", "written"}
    assert len(service.written) == len(records)
    again = sum(service.written.values()) - len(records)
    assert again <= size * (kills * CONCURRENCY + faults)
    assert kills > 1
