"""Runs of the command of the generated package, in this process and in others."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Sandbox

from tests.servers import PROGRAM_PATIENCE, TOKEN

VERSION = "2026-03"
_BY_EMAIL = ("--api-version", VERSION, "--id-property", "email")
MAIN = "from hubspot_upsert._cli.entry import main; main()"


@dataclass(frozen=True)
class Said:
    """What a run said and returned."""

    code: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """The one line of a run that failed."""
        (line,) = self.err.splitlines()
        assert line.startswith("hubspot-upsert: ")
        assert self.code == 2
        return line.removeprefix("hubspot-upsert: ")


@dataclass
class Command:
    """The command, in a folder of its own and with a sandbox.

    Attributes:
        sandbox: Where it sends to.
        folder: Where its files are.
        capture: What catches what it says.
    """

    sandbox: Sandbox
    folder: Path
    capture: pytest.CaptureFixture[str]

    def write(self, name: str, text: str) -> str:
        """Write a file and give its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def read(self, name: str) -> str:
        """Read a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def __call__(self, *arguments: str) -> Said:
        """Run it in this process."""
        self.capture.readouterr()
        code = run_command(CATALOGUE, ["--base-url", self.sandbox.url, *arguments])
        out, err = self.capture.readouterr()
        return Said(code, out, err)

    def contacts(self, *arguments: str) -> Said:
        """Upsert contacts by email."""
        return self("contacts", *arguments, *_BY_EMAIL)

    def start_contacts(
        self, *arguments: str, program: str = MAIN, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """Start to upsert contacts by email in another process."""
        where = ["--base-url", self.sandbox.url]
        return subprocess.Popen(
            [sys.executable, "-c", program, "contacts", *arguments, *_BY_EMAIL, *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=self.folder,
            env={**os.environ, "ACCESS_TOKEN": TOKEN, "COLUMNS": "120", "TERM": "xterm"},
        )

    def stored(self, email: str) -> dict[str, str]:
        """The properties of a contact in the sandbox."""
        record = self.sandbox.record("contacts", email, "email")
        assert record is not None
        return dict(record["properties"])

    def emails(self) -> list[str]:
        """The emails of all contacts in the sandbox."""
        return sorted(record["properties"]["email"] for record in self.sandbox.records("contacts"))


def ended(process: subprocess.Popen[str], data: str | None = None) -> Said:
    """Wait for the end of a process."""
    with process:  # Lest its pipes are found open in the middle of another test.
        try:
            out, err = process.communicate(data, timeout=PROGRAM_PATIENCE)
        finally:
            process.kill()
    return Said(process.returncode, out, err)


@contextmanager
def patience(process: subprocess.Popen[str]) -> Iterator[None]:
    """Wait for what a process says, which ends with it, but not for ever."""
    timer = threading.Timer(PROGRAM_PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + PROGRAM_PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def advised(out: str, what: str) -> list[str]:
    """The command that a run advises for something, without its program."""
    (line,) = [line for line in out.splitlines() if f"{what}: " in line]
    program, *words = shlex.split(line.partition(f"{what}: ")[2])
    assert program == "hubspot-upsert"
    return words


def people(count: int, *more: str) -> str:
    """A CSV file of contacts."""
    rows = [f"p{number}@x.example,Name {number}" for number in range(count)]
    return "\n".join(["email,firstname", *rows, *more, ""])
