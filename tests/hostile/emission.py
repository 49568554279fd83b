"""From a project to its emitted package, or to its problems."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import upsertgen.docs
from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput
from upsertgen.ir import understand
from upsertgen.ir.tree import Api
from upsertgen.run import Selection, plan_output
from upsertgen.specs import read
from upsertgen.write import NewFile

from tests.hostile.expected_texts import check_documentation, checks_of
from tests.hostile.pages import PACKAGE, check_pages
from tests.hostile.project import Project

PAGES = 12
"""How many pages of a run are read; what takes long reads all."""
_PACKAGE_CHECK = Path(__file__).with_name("package_check.py")


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Provide an empty folder, in memory where there is such a thing."""
    memory = Path("/dev/shm")  # noqa: S108
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def understood(project: Project) -> Api | None:
    """Return what is understood of a project, or nothing if it is refused with problems that have a place.

    Raises:
        AssertionError: A problem has no place, or nothing to say.
    """
    with empty_folder() as folder:
        specs = folder / "specs"
        try:
            project.write(specs)
        except (OSError, ValueError):
            # The file system has no such name.
            return None
        try:
            return understand(read(specs))
        except InvalidInput as error:
            check_problems(error, specs)
            assert all(one.location.path.startswith(str(specs)) for one in error.problems)
            return None


def check_problems(error: InvalidInput, specs: Path) -> None:
    """Check that each problem has a place, and says what to do in one line that is safe to print.

    Raises:
        AssertionError: One does not.
    """
    assert error.problems
    assert len({str(problem) for problem in error.problems}) == len(error.problems)
    for problem in error.problems:
        assert problem.wrong and problem.expected and problem.mend
        assert "{'" not in problem.expected
        assert str(problem).isprintable(), str(problem)
        place = problem.location
        if place.line and place.path.startswith(str(specs)) and Path(place.path).is_file():
            lines = Path(place.path).read_text("utf-8").split("\n")
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1


def emit(project: Project, folder: Path, pages: int | None = PAGES) -> Path:
    """Emit a project that was written into a folder, and return the folder of the distribution.

    What is emitted is proven as in any run. Formatting is left out: it changes no program, which black
    checks itself, and takes most of the time.

    Args:
        project: The project.
        folder: Where its specs are, and where it is emitted.
        pages: How many pages of documentation are read at most, besides; None for all.

    Raises:
        InvalidInput: The project is refused after all.
        AssertionError: A page says something else than was meant, or a text has an effect there.
    """
    specs, output = folder / "specs", folder / "output"
    given = {"package": PACKAGE, **project.settings}
    settings = Settings(specs=specs, output=output, docs=True, jobs=1).with_flags(given)
    pages_of = upsertgen.docs.pages_of

    def checked(*given: Any) -> dict[str, NewFile]:
        files = pages_of(*given)
        if pages != 0:
            check_pages(files, given, pages)
        return files

    with (
        mock.patch(
            "upsertgen.emit.formatting.format_texts", lambda sources: [t for _, t in sources]
        ),
        mock.patch("upsertgen.docs.pages_of", checked),
    ):
        planned = plan_output(settings, Selection(), lambda stage, done, total: None)
    for change, name in planned.changes():
        path = output / name
        assert path.resolve().is_relative_to(output.resolve()), change.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change.after or "", "utf-8", newline="")
    return output


def check_emitted(project: Project, pages: int | None = PAGES) -> str:
    """Emit a project, import what was emitted in a process of its own, and check what it says and does.

    Args:
        project: The project.
        pages: How many pages of documentation are read at most; None for all.

    Returns:
        Why it was refused, if it was, and nothing if it was emitted.

    Raises:
        AssertionError: Something is not as it should be.
    """
    with empty_folder() as folder:
        try:
            project.write(folder / "specs")
        except (OSError, ValueError):
            return "the file system has no such name"
        try:
            output = emit(project, folder, pages)
        except InvalidInput as error:
            check_problems(error, folder / "specs")
            return str(error)
        package = project.settings.get("package", PACKAGE)
        api = understand(read(folder / "specs"))
        check_documentation(api, output / package)
        before = sorted(path for path in folder.rglob("*"))
        _import(output, package, checks_of(api))
        after = sorted(path for path in folder.rglob("*"))
        assert [path for path in after if path.name != "_work"] == before, set(after) - set(before)
    return ""


def _import(output: Path, package: str, checks: list[dict[str, Any]]) -> None:
    """Import a package and check what it says, in a process of its own.

    Raises:
        AssertionError: It says something else, or does anything but be imported.
    """
    work = output.parent / "_work"
    work.mkdir()
    outcome = subprocess.run(
        [sys.executable, "-B", "-I", _PACKAGE_CHECK, output, package],
        input=json.dumps(checks),
        cwd=work,
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    told = outcome.stdout + outcome.stderr
    assert outcome.returncode == 0, told[-6000:]
    assert told == "", told[-2000:]
    assert list(work.iterdir()) == []


def check_together(
    projects: Mapping[str, Project], batch: int = 40, pages: int | None = PAGES
) -> None:
    """Check several projects that are understood, in one run, as the API versions of one.

    Args:
        projects: The projects, by what a message calls them.
        batch: How many are emitted and imported together at most.
        pages: How many pages of documentation of these are read at most; None for all.

    Raises:
        AssertionError: Something is not as it should be. The message names a smallest part of the projects
            that still fails together, as far as halving finds it.
    """
    names = list(projects)
    for start in range(0, len(names), batch):
        _check_batch({name: projects[name] for name in names[start : start + batch]}, pages)


def _check_batch(projects: Mapping[str, Project], pages: int | None) -> None:
    try:
        _check_all(list(projects.values()), pages)
    except Exception as error:
        part = list(projects)
        while len(part) > 1:
            middle = len(part) // 2
            for half in (part[:middle], part[middle:]):
                try:
                    _check_all([projects[name] for name in half], None)
                except Exception:
                    part = half
                    break
            else:
                break
        told = "; ".join(part)
        raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error


def _check_all(projects: list[Project], pages: int | None) -> None:
    files: dict[str, Any] = {}
    for number, project in enumerate(projects):
        files |= project.moved(f"v{number + 1}").files
    refused = check_emitted(Project(files), pages) if projects else ""
    assert not refused, refused
