"""The report of the command, which keeps no outcomes but the first failures."""

from __future__ import annotations

from package._bulk.outcomes import Outcome, Problem, Status
from package._bulk.progress import Progress
from package._bulk.report import UpsertReport
from package._cli.bar import counts_of
from package._cli.brief import BriefReport


def test_it_prints_the_same_and_keeps_little() -> None:
    statuses = list(Status)
    problems = (Problem("email", "INVALID", "no email"),)
    outcomes = [
        Outcome(
            index,
            statuses[index % len(statuses)],
            {"email": str(index)},
            problems=problems if index % len(statuses) == statuses.index(Status.REJECTED) else (),
            merged_into=0 if index % 50 == 0 else None,
            warnings=({"code": "X"},) if index % 70 == 0 else (),
        )
        for index in range(1_000)
    ]
    brief, whole = BriefReport("contacts.upsert"), UpsertReport("contacts.upsert")
    brief.extend(outcomes)
    whole.extend(outcomes)
    assert str(brief) == str(whole)
    assert repr(brief).removeprefix("<Brief") == repr(whole).removeprefix("<Upsert")
    assert len(brief.outcomes) == 20


def test_progress_in_a_few_words() -> None:
    progress = Progress(2_000, 1_234, 1_000, 200, 0, 0, 0, 0, 13, 4, 2.0, 617.4)
    assert counts_of(progress) == "1,234 records, 617/s"
    some = progress._replace(rejected=30, unknown=4, not_sent=1_000)
    assert counts_of(some) == "1,234 records, 30 rejected, 4 unknown, 1,000 not sent, 617/s"
