"""The command as a process of its own: exit codes, terminals, pipes and Ctrl-C."""

from __future__ import annotations

import os
import pty
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
        [*_COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
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
    help_text = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60)
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
    process.wait(60)
    assert "Traceback" not in errors


def _on_a_terminal(folder: Path, *, terminal: int) -> tuple[str, str]:
    """Run `generate` with standard output or error on a terminal; return what came there and elsewhere."""
    leader, follower = pty.openpty()
    streams = {1: subprocess.PIPE, 2: subprocess.PIPE, terminal: follower}
    process = subprocess.Popen(
        [*_COMMAND, "generate"],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
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
    assert process.wait(60) == 0
    os.close(leader)
    return shown.decode(), piped


def test_progress_goes_to_a_terminal_on_standard_error(fresh: Path) -> None:
    shown, piped = _on_a_terminal(fresh, terminal=2)
    assert "\x1b[" in shown
    assert "Formatting" in shown
    assert "\x1b" not in piped
    assert "created  generated/README.md" in piped


def test_there_is_no_progress_elsewhere(fresh: Path) -> None:
    shown, piped = _on_a_terminal(fresh, terminal=1)
    assert "created  generated/README.md" in shown
    assert piped.splitlines()[-1].endswith(" created, 0 unchanged.")
    assert "\x1b" not in shown + piped
    assert "Formatting" not in shown + piped


# Waits at a stage of the command, after it has told that it is there.
_WAITS = """
import signal, sys
from upsertgen import cli
plan_output, stage = cli.plan_output, sys.argv.pop()
def waiting(settings, selection, _, force):
    def progress(name, done, total):
        if name == stage:
            print(name, flush=True)
            signal.pause()
    return plan_output(settings, selection, progress, force)
cli.plan_output = waiting
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
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert (out, errors.strip()) == ("", "upsertgen: stopped; nothing was written")
    assert contents(project) == before
