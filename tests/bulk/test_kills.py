"""Runs with a journal that are killed at any moment: the next one goes on, and the last report has it all."""

from __future__ import annotations

import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hubspot_upsert._bulk.outcomes import Status
from hubspot_upsert._bulk.report import UpsertReport
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bulk.claims import WRITTEN, Contents, check_claims, check_outcomes
from tests.bulk.killed_runs import Job

KILLS = 10
PATIENCE = 60.0
FAULTS = "seed=3,rate=0.1,seconds=0.02"


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.large) for seed in (2, 3))]
)
def test_a_killed_run_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret.
    options = Options(burst_limit=None, daily_limit=None, faults=FAULTS)
    with Sandbox(options) as sandbox:
        job = Job(sandbox.url, tmp_path / "run.sqlite", tmp_path / "report.jsonl", 600 * KILLS)
        records = list(job.records())
        known: dict[str, str] = {}
        for _ in range(KILLS):
            process = job.start()
            wait(sandbox, process, chance.randint(0, 20))
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
            process.join(PATIENCE)
            assert process.exitcode == -signal.SIGKILL, "it should have had more to do"
            written = moments(sandbox)
            # What was known before has not been written since, and what is known now is stored.
            assert known.items() <= written.items()
            done = [records[index]["email"] for index in sorted(job.done())]
            known = {email: written[email] for email in done if "@" in email}
        assert known
        process = job.start()
        process.join(PATIENCE)
        assert process.exitcode == 0
        assert known.items() <= moments(sandbox).items()
        after = Contents.of(sandbox, "email")
    report = UpsertReport.read_jsonl(job.report)
    check_outcomes(records, report.outcomes)
    check_claims(report.outcomes, Contents(), after, "email")
    assert report.stop is None
    for one in report.outcomes:
        assert (one.status in WRITTEN) == ("@" in one.record["email"])
        assert (one.status is Status.REJECTED) == bool(one.problems)


def wait(sandbox: Sandbox, process: BaseProcess, more: int) -> None:
    """Wait until a sandbox has had some more requests."""
    end, patience = latest(sandbox) + more, time.monotonic() + PATIENCE
    while latest(sandbox) < end and process.is_alive():
        assert time.monotonic() < patience, "it sends nothing"
        time.sleep(0.001)


def latest(sandbox: Sandbox) -> int:
    """Give the number of the last request of a sandbox."""
    requests = sandbox.requests
    return requests[-1].number if requests else 0


def moments(sandbox: Sandbox) -> dict[str, str]:
    """Give when each contact was last written, by email."""
    return {one["properties"]["email"]: one["updated_at"] for one in sandbox.records("contacts")}
