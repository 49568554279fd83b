"""The command as a process of its own: exit codes, terminals, pipes and Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.project import spec
from tests.command_line import contents, write_files

_COMMAND = [sys.executable, "-m", "upsertgen"]


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_exit_codes(project: Path) -> None:
    assert _run(project, "generate", "--check").returncode == 0
    (project / "generated" / "README.md").unlink()
    check = _run(project, "generate", "--check")
    assert check.returncode == 1
    assert check.stdout == "created  generated/README.md: it was deleted\n"
    write_files(project, {"specs/v1/contacts.yaml": "a: b: c"})
    refused = _run(project, "generate")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("specs/v1/contacts.yaml:1:5: this is not YAML")
    assert _run(project, "generate", "--colour").returncode == 2


def test_the_installed_command() -> None:
    command = Path(sys.executable).with_name("upsertgen")
    help_text = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=300)
    assert help_text.returncode == 0
    assert help_text.stdout.startswith("Usage: upsertgen [OPTIONS] COMMAND")


def test_a_pipe_that_closes_early(project: Path) -> None:
    process = subprocess.Popen(
        [*_COMMAND, "list"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(300)
    assert "Traceback" not in errors


def _on_a_terminal(
    folder: Path, command: str = "generate", *, terminal: int, code: int = 0, **environment: str
) -> tuple[str, str]:
    """Run a command with standard output or error on a terminal; return what came there and elsewhere."""
    leader, follower = pty.openpty()
    streams = {1: subprocess.PIPE, 2: subprocess.PIPE, terminal: follower}
    process = subprocess.Popen(
        [*_COMMAND, command],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
        stdout=streams[1],
        stderr=streams[2],
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            # That is how Linux tells that nobody can write to the terminal any more.
            break
        if not part:
            break
        shown += part
    other = process.stdout if terminal == 2 else process.stderr
    assert other is not None
    piped = other.read().decode()
    other.close()
    assert process.wait(300) == code
    os.close(leader)
    return shown.decode(), piped


def test_progress_goes_to_a_terminal_on_standard_error(fresh: Path) -> None:
    shown, piped = _on_a_terminal(fresh, terminal=2)
    assert "\x1b[" in shown
    assert "Formatting" in shown
    assert "\x1b" not in piped
    assert re.search("created  [0-9]+ files in generated: ", piped)


def test_there_is_no_progress_elsewhere(fresh: Path) -> None:
    shown, piped = _on_a_terminal(fresh, terminal=1)
    assert re.search("files in generated: there is no manifest", shown)
    assert " created, 0 unchanged. Next: review generated" in piped.splitlines()[-1]
    assert "\x1b" not in piped
    assert "Formatting" not in shown + piped


def test_colours_and_the_lines_that_are_wrong_are_for_people(project: Path) -> None:
    write_files(project, {"specs/v1/contacts.yaml": "openapi: 3.0.3\n\tinfo: x\n"})
    shown, _ = _on_a_terminal(project, "validate", terminal=2, code=2)
    assert "\x1b[1m" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).splitlines()
    assert plain[0].startswith("specs/v1/contacts.yaml:2:1: this is not YAML: a tab stands where")
    assert plain[1:] == [
        "     2 |  info: x",
        "       | ^",
        "upsertgen: 1 problem; nothing was written",
    ]
    _, piped = _on_a_terminal(project, "validate", terminal=1, code=2)
    assert len(piped.splitlines()) == 2 and "\x1b" not in piped
    shown, _ = _on_a_terminal(project, "validate", terminal=2, code=2, NO_COLOR="1")
    assert "\x1b[1m" not in shown and "     2 |  info: x" in shown


# Waits at a stage of the command, after it has told that it is there.
_WAITS = """
import sys, time
from upsertgen import cli
from upsertgen.commands import generate
plan_output, stage = generate.plan_output, sys.argv.pop()
def waiting(settings, selection, _, force):
    def progress(name, done, total):
        if name == stage:
            print(name, flush=True)
            # Not `signal.pause`: it sleeps for ever after a signal that came just before it.
            while True:
                time.sleep(0.01)
    return plan_output(settings, selection, progress, force)
generate.plan_output = waiting
cli.main()
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("stage", ["Reading", "Rendering", "Formatting"])
def test_ctrl_c_leaves_everything_as_it_was(project: Path, stage: str, jobs: str) -> None:
    write_files(project, {"specs/v1/deals.yaml": spec("deals", "v1")})
    before = contents(project)
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITS, "generate", "--jobs", jobs, stage],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A terminal sends Ctrl-C to all processes of the group.
        process_group=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{stage}\n"
    os.killpg(process.pid, signal.SIGINT)
    try:
        out, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 2
    assert (out, errors.strip()) == ("", "upsertgen: stopped; nothing was written")
    assert contents(project) == before


_KILLS_ITS_WORKERS = """
import multiprocessing
from upsertgen import cli
from upsertgen.commands import generate
plan_output = generate.plan_output
def killing(settings, selection, _, force):
    def progress(name, done, total):
        for worker in multiprocessing.active_children():
            worker.kill()
    return plan_output(settings, selection, progress, force)
generate.plan_output = killing
cli.main()
"""


def test_a_worker_that_dies(project: Path) -> None:
    write_files(project, {"specs/v1/deals.yaml": spec("deals", "v1")})
    before = contents(project)
    command = [sys.executable, "-c", _KILLS_ITS_WORKERS, "generate", "--jobs", "2"]
    killed = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=300)
    assert killed.returncode == 2
    assert killed.stderr == (
        "upsertgen: a worker process died, maybe for lack of memory: try --jobs 1. Nothing was written\n"
    )
    assert contents(project) == before


@pytest.mark.parametrize(
    ("step", "became"), [("way_to", "undone"), ("_complete", "completed")], ids=str
)
def test_what_became_of_a_run_that_was_killed_is_told(
    project: Path, step: str, became: str
) -> None:
    (project / "generated/my_client/py.typed").unlink()
    program = (
        "import os, sys; from upsertgen.cli import main; from upsertgen.write import transaction; "
        f"transaction.{step} = lambda *_: os.kill(os.getpid(), 9); "
        "sys.argv = ['upsertgen', 'generate']; main()"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    outcome = _run(project, "generate")
    assert outcome.returncode == 0
    assert outcome.stderr.startswith(
        f"note: what a run that was killed had begun in generated was {became}\n"
    )
    assert outcome.stdout == (
        "" if became == "completed" else "created  generated/my_client/py.typed: it was deleted\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["init", "--yes"], ["properties", "deals.yaml", "--output", "types.py"]],
    ids=" ".join,
)
def test_every_command_that_writes_tells_of_a_run_that_was_killed(
    tmp_path: Path, arguments: list[str]
) -> None:
    write_files(
        tmp_path, {"deals.yaml": "object_type: deals\nproperties: {code: {unique: true}}\n"}
    )
    program = (
        "import os, sys; from upsertgen.cli import main; from upsertgen.write import transaction; "
        "transaction._complete = lambda *_: os.kill(os.getpid(), 9); "
        f"sys.argv = ['upsertgen', *{arguments}]; main()"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    told = _run(tmp_path, *arguments).stderr
    assert "note: what a run that was killed had begun in . was completed\n" in told
