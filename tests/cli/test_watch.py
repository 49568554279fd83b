"""watch: the output follows what it is made from, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.cli.project import PYPROJECT, spec
from tests.command_line import upsertgen, write_files


@contextmanager
def _watching(folder: Path) -> Iterator[IO[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "upsertgen", "watch"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    hangs = threading.Timer(300, process.kill)
    hangs.start()
    try:
        yield process.stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
    finally:
        hangs.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def _until(stream: IO[str], words: str, told: str = "") -> None:
    """Read on until it has told something, and then that it watches.

    What one change brings may come in several runs: a file is there before its contents are.

    Args:
        stream: What the command says.
        words: How the line begins that ends a run.
        told: What has to stand in a line of that run, or of one before it.
    """
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if line.startswith(words) and any(told in one for one in lines):
            return
    raise AssertionError("".join(lines))


def test_what_changes_is_brought_up_to_date(fresh: Path) -> None:
    with _watching(fresh) as stream:
        _until(stream, "Watching ", "created, 0 unchanged")
        write_files(fresh, {"specs/v1/deals.yaml": "openapi: 2"})
        _until(stream, "Watching ", "specs/v1/deals.yaml:1:10: ")
        write_files(fresh, {"specs/v1/deals.yaml": spec("deals", "v1")})
        _until(stream, "Watching ", "generated/my_client/v1/deals.py: it is new")
        # Another folder is watched once the settings name it.
        text = PYPROJECT.replace("[tool.upsertgen]", '[tool.upsertgen]\ntemplates = "own"')
        (fresh / "own").mkdir()
        write_files(fresh, {"pyproject.toml": text})
        _until(stream, "Watching pyproject.toml, specs, own; ")
        write_files(fresh, {"own/package/py.typed": "x"})
        _until(stream, "Watching ", "py.typed")
        # As editors save, with another file in the place of the old one.
        for number in range(2):
            write_files(fresh, {"new.toml": f'{text}description = "{number}"\n'})
            (fresh / "new.toml").replace(fresh / "pyproject.toml")
            emitted = fresh / "generated/pyproject.toml"
            while f'description = "{number}"' not in emitted.read_text("utf-8"):
                _until(stream, "Watching ")


_STOPS_WHILE_IT_WRITES = """
import os, signal
from upsertgen.cli import main
from upsertgen.write import transaction
show = transaction._show
def stop_and_show(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    show(*arguments)
transaction._show = stop_and_show
main()
"""


def test_ctrl_c_while_it_writes_ends_it_when_that_is_done(fresh: Path) -> None:
    command = [sys.executable, "-c", _STOPS_WHILE_IT_WRITES, "watch"]
    # Without an end, it would watch for ever.
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    assert " created, 0 unchanged" in done.stderr
    assert "Watching" not in done.stderr
    assert upsertgen("generate", "--check").code == 0


def test_without_what_watches(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    outcome = upsertgen("watch")
    assert outcome.code == 2
    assert "pip install 'upsertgen[watch]'" in outcome.problems[0]
