"""What the tests of bad input share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_input.project import PROJECT, Case
from tests.command_line import snapshot, upsertgen, write_files
from tests.conftest import Once


@pytest.fixture(scope="session")
def finished(once: Once) -> Path:
    """The output of the project that is in order."""

    def make(folder: Path) -> None:
        write_files(folder, {**PROJECT, "pyproject.toml": "[tool.upsertgen]\n"})
        with contextlib.chdir(folder):
            outcome = upsertgen("generate", "--jobs", "1")
        assert outcome.code == 0, outcome.err

    return once("finished", make) / "generated"


@pytest.fixture
def check_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Case], None]:
    """Checks that a project is in order, and that the right notes are told of it."""
    monkeypatch.chdir(tmp_path)

    def tell(case: Case) -> None:
        files, places = case.project()
        write_files(tmp_path, files)
        outcome = upsertgen("validate")
        assert outcome.code == 0, outcome.err
        told = outcome.err.splitlines()
        assert [line.split(": ")[:2] for line in told] == [["note", one] for one in places], told
        for number, line in enumerate(told):
            assert case.is_told(line.removeprefix("note: "), places[number], number), line
        assert len(case.told) == len(told)

    return tell


@pytest.fixture
def check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path
) -> Callable[[Case], None]:
    """Checks that a broken project is refused with the right messages, and nothing is written."""
    monkeypatch.chdir(tmp_path)

    def refuse(case: Case) -> None:
        files, places = case.project()
        write_files(tmp_path, files)
        before = snapshot(finished)
        outcome = upsertgen("generate", "--output", finished)
        assert snapshot(finished) == before
        assert outcome.code == 2
        assert outcome.out == ""
        assert [problem.partition(": ")[0] for problem in outcome.problems] == places, outcome.err
        assert len(case.told) == len(places)
        for number, problem in enumerate(outcome.problems):
            assert case.is_told(problem, places[number], number), problem
        count = len(places)
        last = outcome.err.splitlines()[-1]
        assert last == f"upsertgen: {count} problem{'s' * (count > 1)}; nothing was written"

    return refuse
