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
        assert process.wait(60) == 0
    finally:
        hangs.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def _until(stream: IO[str], words: str) -> list[str]:
    """Return the lines up to one that begins so."""
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if line.startswith(words):
            return lines
    raise AssertionError("".join(lines))


def test_what_changes_is_brought_up_to_date(fresh: Path) -> None:
    with _watching(fresh) as stream:
        assert any("created, 0 unchanged" in line for line in _until(stream, "Watching "))
        write_files(fresh, {"specs/v1/deals.yaml": "openapi: 2"})
        told = _until(stream, "Watching ")
        assert told[0].startswith("specs/v1/deals.yaml:1:10: ")
        write_files(fresh, {"specs/v1/deals.yaml": spec("deals", "v1")})
        told = _until(stream, "Watching ")
        assert any("generated/my_client/v1/deals.py: it is new" in line for line in told)
        # Another folder is watched once the settings name it.
        text = PYPROJECT.replace("[tool.upsertgen]", '[tool.upsertgen]\ntemplates = "own"')
        (fresh / "own").mkdir()
        write_files(fresh, {"pyproject.toml": text})
        _until(stream, "Watching pyproject.toml, specs, own; ")
        write_files(fresh, {"own/package/py.typed": "x"})
        assert any("py.typed" in line for line in _until(stream, "Watching "))
        # As editors save, with another file in the place of the old one.
        for number in range(2):
            write_files(fresh, {"new.toml": f'{text}description = "{number}"\n'})
            (fresh / "new.toml").replace(fresh / "pyproject.toml")
            emitted = fresh / "generated/pyproject.toml"
            while f'description = "{number}"' not in emitted.read_text("utf-8"):
                _until(stream, "Watching ")


def test_without_what_watches(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    outcome = upsertgen("watch")
    assert outcome.code == 2
    assert "pip install 'upsertgen[watch]'" in outcome.problems[0]
