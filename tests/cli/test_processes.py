"""The command as a process of its own: exit codes, terminals, pipes and Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.project import spec
from tests.command_line import contents, write_files

_COMMAND = [sys.executable, "-m", "upsertgen"]


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_exit_codes(fresh: Path) -> None:
    assert _run(fresh, "generate").returncode == 0
    assert _run(fresh, "generate", "--check").returncode == 0
    (fresh / "generated" / "README.md").unlink()
    check = _run(fresh, "generate", "--check")
    assert check.returncode == 1
    assert check.stdout == "created  generated/README.md: it was deleted\n"
    write_files(fresh, {"specs/v1/contacts.yaml": "a: b: c"})
    refused = _run(fresh, "generate")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("specs/v1/contacts.yaml:1:5: this is not YAML")
    assert _run(fresh, "generate", "--colour").returncode == 2


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


# Tells that it is inside the command, where Ctrl-C is to be handled.
_TELLS_WHEN_IT_STARTS = """
from upsertgen import cli
plan_output = cli.plan_output
def telling(*arguments):
    print("started", flush=True)
    return plan_output(*arguments)
cli.plan_output = telling
cli.main()
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_everything_as_it_was(project: Path, jobs: str) -> None:
    # Enough to do that the signal comes in the middle of it.
    for number in range(100):
        name = f"type{number}"
        text = spec(name, "v1").replace("batch_upsert", f"upsert_{number}")
        write_files(project, {f"specs/v1/{name}.yaml": text})
    before = contents(project)
    for delay in (0, 0.3, 0.45):
        process = subprocess.Popen(
            [sys.executable, "-c", _TELLS_WHEN_IT_STARTS, "generate", "--jobs", jobs],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A terminal sends Ctrl-C to all processes of the group.
            process_group=0,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert (out, errors.strip()) == ("", "upsertgen: stopped; nothing was written")
        assert contents(project) == before
