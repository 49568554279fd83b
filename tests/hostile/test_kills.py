"""Killed at any point, the output folder is as before or complete, and the next run heals what is left."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from upsertgen.configuration import Settings, read_configuration
from upsertgen.run import exclusive_run

from tests.cli.project import PROJECT, spec
from tests.command_line import contents, upsertgen, write_files
from tests.hostile.killing import Tree, tree
from tests.importing.documents import document
from tests.test_release import LABEL, OTHERS, OVERLAY, PYPROJECT, publish, with_field

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
KILLS = 50
_CONTACTS = "specs/v1/contacts.yaml"

# Says when it is at a moment, and goes on only when its input ends.
_STOPS = """
import sys
from upsertgen.write import transaction, OutputFolder
moment = sys.argv.pop(1)
apply, exchange = OutputFolder.apply, transaction.exchange
def stop(at):
    if at == moment:
        print("here", flush=True)
        sys.stdin.read()
def applying(*arguments):
    stop("before it writes")
    apply(*arguments)
def changing(*arguments):
    stop("when all is built")
    exchange(*arguments)
    stop("when folders have changed places")
OutputFolder.apply, transaction.exchange = applying, changing
from upsertgen.cli import main
main()
"""


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.large)])
@pytest.mark.parametrize(
    "scenario",
    [
        *("existing", "new", "nested", "in place"),
        *("release", "release in place", "release that fails"),
    ],
)
def test_between_system_calls(scenario: str, every: int, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.hostile.killing", scenario, str(tmp_path), str(every)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 20


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tree, Tree]:
    """A project whose specs have changed, its output as it is, and as it will be."""
    folder = tmp_path_factory.mktemp("killed")
    project = folder / "project"
    write_files(project, PROJECT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        assert upsertgen("generate").code == 0
        write_files(project / "generated", {"notes.txt": "mine", ".venv/lib/more.py": "x = 1\n"})
        before = tree(project / "generated")
        text = (project / _CONTACTS).read_text("utf-8").replace("/upsert:", "/batch:")
        write_files(project, {_CONTACTS: text, "specs/v1/deals.yaml": spec("deals", "v1")})
        shutil.copytree(project, folder / "whole", symlinks=True)
        patch.chdir(folder / "whole")
        assert upsertgen("generate").code == 0
        after = tree(folder / "whole" / "generated")
    assert before != after
    return project, before, after


def _start(project: Path, moment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _STOPS, moment, "generate"],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)


def _left_behind(project: Path) -> list[str]:
    return sorted(path.name for path in project.iterdir() if path.name.endswith(".upsertgen"))


def _check_healing(project: Path, after: Tree) -> None:
    healed = upsertgen("generate")
    assert healed.code == 0, healed.err
    assert tree(project / "generated") == after
    assert not [path for path in project.rglob("*") if path.name.endswith(".upsertgen")]
    assert upsertgen("generate", "--check").code == 0


@pytest.mark.parametrize(
    ("moment", "is_done", "leaves"),
    [
        ("before it writes", False, False),
        ("when all is built", False, True),
        ("when folders have changed places", True, True),
    ],
)
def test_at_a_moment(
    states: tuple[Path, Tree, Tree],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    is_done: bool,
    leaves: bool,
) -> None:
    origin, before, after = states
    project = tmp_path / "project"
    shutil.copytree(origin, project, symlinks=True)
    process = _start(project, moment)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    _kill(process)
    assert tree(project / "generated") == (after if is_done else before)
    assert bool(_left_behind(project)) == leaves
    monkeypatch.chdir(project)
    _check_healing(project, after)


@pytest.mark.large
def test_at_random_moments(
    states: tuple[Path, Tree, Tree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, before, after = states
    chance = random.Random(20261121)  # noqa: S311
    seen = {"before": 0, "after": 0, "left behind": 0}
    project = tmp_path / "project"
    for number in range(KILLS):
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(origin, project, symlinks=True)
        # Most of the kills are to hit while it writes.
        process = _start(project, "before it writes" if number % 5 else "")
        assert process.stdin is not None and process.stdout is not None
        if number % 5:
            assert process.stdout.readline() == "here\n"
            process.stdin.close()
            process.stdin = None
            time.sleep(chance.uniform(0, 0.05))
        else:
            time.sleep(chance.uniform(0, 1.5))
        _kill(process)
        now = tree(project / "generated")
        assert now in (before, after), f"mixed after kill {number}"
        seen["before" if now == before else "after"] += 1
        left = _left_behind(project)
        seen["left behind"] += bool(left)
        if left or number % 10 == 0:
            monkeypatch.chdir(project)
            _check_healing(project, after)
    # The kills are of use only if they hit before, after and in the middle.
    assert all(seen.values()), seen


_DIES = """
import os, signal, sys
import upsertgen.release, upsertgen.importing, upsertgen.diff, upsertgen.emit, upsertgen.ir
from upsertgen.cli import main
point, calls = int(sys.argv.pop(1)), 0
def count(event, arguments):
    global calls
    if event == "ctypes.dlsym" or event == "os.rename":
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
sys.addaudithook(count)
main()
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and what is published of its next version."""
    folder = tmp_path_factory.mktemp("published")
    write_files(
        folder / "project",
        {"pyproject.toml": PYPROJECT, "specs/overlays/corrections.yaml": OVERLAY},
    )
    publish(folder / "first", "v1", things=document())
    publish(folder / "published", things=with_field(), others=OTHERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "project")
        assert upsertgen("import", "../first/collection", "--api-version", "v1").code == 0
        assert upsertgen("generate").code == 0
    return folder


def _parts(found: dict[str, bytes], top: str) -> dict[str, bytes]:
    return {path: text for path, text in found.items() if path.startswith(top)}


@pytest.mark.parametrize(
    ("command", "every"),
    [
        ("import", 3),
        ("release", 24),
        pytest.param("import", 1, marks=pytest.mark.large),
        pytest.param("release", 2, marks=pytest.mark.large),
    ],
)
def test_a_command_is_all_or_nothing(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, every: int
) -> None:
    arguments = (command, "../published/collection", "--api-version", LABEL)
    before = contents(published / "project")
    shutil.copytree(published, tmp_path / "whole")
    monkeypatch.chdir(tmp_path / "whole" / "project")
    assert upsertgen(*arguments).code == 0
    after = contents(tmp_path / "whole" / "project")
    point, seen = 0, {"before": 0, "after": 0}
    while True:
        copy = tmp_path / str(point)
        shutil.copytree(published, copy)
        monkeypatch.chdir(copy / "project")
        run = subprocess.run(
            [sys.executable, "-c", _DIES, str(point), *arguments],
            capture_output=True,
            timeout=PATIENCE,
        )
        now = contents(copy / "project")
        for top in ("generated/", "specs/", "pyproject.toml"):
            assert _parts(now, top) in (_parts(before, top), _parts(after, top)), point
        if run.returncode == 0:
            assert now == after
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        with exclusive_run(Path("pyproject.toml"), _settings, lambda *_: None):
            now = contents(copy / "project")
            assert now in (before, after), point
        seen["before" if now == before else "after"] += 1
        # And the command can be given again.
        again = upsertgen(*arguments)
        assert again.code == 0, again.err
        assert contents(copy / "project") == after
        shutil.rmtree(copy)
        point += every
    assert all(seen.values()), seen


def _settings() -> Settings:
    return read_configuration(Path("pyproject.toml"))
