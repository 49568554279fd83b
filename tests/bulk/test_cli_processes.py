"""The command as a process: Ctrl-C, and the progress bar on a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bulk.command_runs import Command, ended, patience, people, wait_until
from tests.servers import PATIENCE, TOKEN


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Options(tokens={TOKEN: None}, burst_limit=None)) as sandbox:
        yield sandbox


@pytest.fixture
def command(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(sandbox, tmp_path, capsys)
    command.write("people.csv", people(2_000))
    return command


def started(sandbox: Sandbox, requests: int) -> None:
    """Wait until so many requests have come."""
    wait_until(lambda: sandbox.count("contacts") >= requests * 100)


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Press it, and wait until that was noticed."""
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    with patience(process):
        while "stopping" not in (line := process.stderr.readline()):
            assert line, "it ended without a word"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_after_what_is_in_flight(
    command: Command, number: signal.Signals
) -> None:
    command.sandbox.fail("slow-first-byte;seconds=1", times=100)
    process = command.start_contacts("people.csv", "--concurrency", "2")
    started(command.sandbox, 2)
    process.send_signal(number)
    said = ended(process)
    assert said.code == 2
    done = command.sandbox.count("contacts")
    assert 200 <= done < 2_000
    # Everything that was stored is reported, though it was in flight when the signal came.
    assert re.search(rf"created +{done}\n", said.out)
    assert "unknown" not in said.out
    assert "stopped: it was interrupted" in said.out
    # A batch may have been held back beside one that was sent.
    told = re.search(r"resume at record ([\d,]+),", said.out)
    assert told is not None
    assert int(told[1].replace(",", "")) in (done, done - 100)
    assert "press Ctrl-C again" in said.err
    assert "Traceback" not in said.err


def test_a_second_signal_does_not_wait(command: Command) -> None:
    command.sandbox.fail("slow-first-byte;seconds=30", times=100)
    process = command.start_contacts("people.csv", "--concurrency", "2", "--rejects", "r.csv")
    started(command.sandbox, 2)
    press_ctrl_c(process)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 2
    assert re.search(r"unknown +200\n", said.out)
    assert len(command.read("r.csv").splitlines()) == 201
    assert "Traceback" not in said.err


def test_ctrl_c_while_standard_input_is_waited_for(command: Command) -> None:
    process = command.start_contacts("-", "--format", "csv")
    assert process.stdin is not None
    process.stdin.write(people(1_000))
    process.stdin.flush()
    started(command.sandbox, 1)
    press_ctrl_c(process)
    # Whoever waits for more input than there is hears only the second one, and of two that come at
    # once a process hears one.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE / 2)  # One that it does not need would end its report, too.
    said = ended(process)
    assert said.code == 2
    assert "Traceback" not in said.err
    assert "stopped: it was interrupted" in said.out


def test_progress_is_shown_on_a_terminal_only(command: Command) -> None:
    command.write("people.csv", people(2_000, "nobody,Nobody"))
    quiet = ended(command.start_contacts("people.csv"))
    assert quiet.err == ""
    leader, follower = pty.openpty()
    shown = bytearray()

    def watch() -> None:
        # The terminal ends with an error when nobody has it open any more.
        try:
            while part := os.read(leader, 65_536):
                shown.extend(part)
        except OSError:
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    command.sandbox.fail("locked")
    process = command.start_contacts("people.csv", stderr=follower)
    said = ended(process)
    os.close(follower)
    watcher.join(PATIENCE)
    os.close(leader)
    assert said.code == 1
    assert "\x1b" not in said.out
    assert re.search(r"updated +2,000\n", said.out)
    text = shown.decode()
    assert "contacts " in text
    assert "status 423, attempt 1, next in" in text
    assert re.search(r"2,001 records, 1 rejected, [\d,]+/s", text)
