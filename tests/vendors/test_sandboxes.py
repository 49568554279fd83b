"""The sandbox of each vendor's package, made from the same specs: what a client claims is what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any, NamedTuple

import pytest
from package.sandbox.faults import KINDS

from tests.vendors.project import RESOURCES, Project, statuses
from tests.vendors.test_crm import leads
from tests.vendors.test_profiles import people
from tests.vendors.test_vectors import vectors_of


class Load(NamedTuple):
    """What is loaded, by which key, and what else is said."""

    records: list[dict[str, Any]]
    key: str
    options: dict[str, Any]


LOADS = {
    "vectors": Load(vectors_of(1200), "id", {"namespace": "books"}),
    "crm": Load(leads(250), "Email", {"module": "Leads"}),
    "profiles": Load(people(30), "email", {}),
}
FOR_JOBS = {"failed-job", "lost-job", "slow-job"}
FOR_RESULTS = {"missing-results", "refused-records"}
UNFIT = {
    "vectors": {"account-moving", "cancelled", *FOR_JOBS, *FOR_RESULTS},
    "crm": {"account-moving", "cancelled", *FOR_JOBS},
    "profiles": {"account-moving", "cancelled", "missing-results"},
}
"""What cannot happen to an API: it has no such answer."""
WRITTEN = {"created", "updated", "written"}


@pytest.fixture(scope="module")
def sandbox(project: Callable[[str], Project]) -> Iterator[Callable[[str], Any]]:
    """Gives the sandbox of a project, with nothing in it."""
    with ExitStack() as running:

        @cache
        def started(name: str) -> Any:
            return running.enter_context(project(name).module("sandbox").Sandbox())

        def empty(name: str) -> Any:
            started(name).reset()
            return started(name)

        yield empty


def stored(sandbox: Any, project: Project) -> list[str]:
    """The keys of the records in a sandbox."""
    key = LOADS[project.name].key
    try:
        records = sandbox.records(RESOURCES[project.name])
    except project.module("sandbox.errors").NotFoundError:
        # A module is known from its first record on.
        return []
    return [record["properties"][key] for record in records]


@pytest.mark.parametrize("name", LOADS)
def test_all_is_stored_once(
    project: Callable[[str], Project], sandbox: Callable[[str], Any], name: str, kind: str
) -> None:
    there, (records, key, options) = sandbox(name), LOADS[name]
    for _ in range(2):
        report = project(name).upsert(kind, there.url, "a-token", records, **options)
        assert {*statuses(report)} <= WRITTEN
        assert sorted(stored(there, project(name))) == sorted(one[key] for one in records)


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) for name in LOADS for fault in KINDS if fault not in UNFIT[name]],
)
def test_what_is_claimed_is_so_whatever_goes_wrong(
    project: Callable[[str], Project], sandbox: Callable[[str], Any], name: str, fault: str
) -> None:
    there, (records, key, options) = sandbox(name), LOADS[name]
    there.fail(f"{fault};seconds=0.1" if fault.startswith("slow") else fault)
    report = project(name).upsert("sync", there.url, "a-token", records, **options)
    found = {*stored(there, project(name))}
    claimed = {one.record[key] for one in report.outcomes if str(one.status) in WRITTEN}
    denied = {
        one.record[key] for one in report.outcomes if str(one.status) in {"rejected", "not sent"}
    }
    assert claimed <= found
    assert not denied & found
    assert len(report.outcomes) == len(records)
    assert any(request.fault is not None for request in there.requests)


@pytest.mark.parametrize(("name", "faults"), UNFIT.items())
def test_faults_that_an_api_cannot_have_are_refused(
    project: Callable[[str], Project], sandbox: Callable[[str], Any], name: str, faults: set[str]
) -> None:
    there = sandbox(name)
    for fault in faults:
        with pytest.raises(project(name).module("sandbox.errors").SandboxError, match="fits no"):
            there.fail(fault)
