"""Runs of the command of the generated package, in this process and in others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Sandbox

TOKEN = "pat-secret-0123456789"
VERSION = "2026-03"
_MAIN = "from hubspot_upsert._cli.entry import main; main()"
PATIENCE = 60.0


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

    def all_arguments(self, *arguments: str) -> list[str]:
        """Say where to send to, unless the arguments do."""
        return ["--base-url", self.sandbox.url, *arguments]

    def __call__(self, *arguments: str) -> Said:
        """Run it in this process."""
        self.capture.readouterr()
        code = run_command(CATALOGUE, self.all_arguments(*arguments))
        out, err = self.capture.readouterr()
        return Said(code, out, err)

    def contacts(self, *arguments: str) -> Said:
        """Upsert contacts by email."""
        return self("contacts", *arguments, "--api-version", VERSION, "--id-property", "email")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it in another process, with pipes."""
        return subprocess.Popen(
            [sys.executable, "-c", _MAIN, *self.all_arguments(*arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, "ACCESS_TOKEN": TOKEN, "COLUMNS": "100"},
        )

    def start_contacts(self, *arguments: str) -> subprocess.Popen[str]:
        """Start to upsert contacts by email in another process."""
        return self.start(
            "contacts", *arguments, "--api-version", VERSION, "--id-property", "email"
        )

    def emails(self) -> list[str]:
        """The emails of all contacts in the sandbox."""
        return sorted(record["properties"]["email"] for record in self.sandbox.records("contacts"))


def ended(process: subprocess.Popen[str], data: str | None = None) -> Said:
    """Wait for the end of a process."""
    try:
        out, err = process.communicate(data, timeout=PATIENCE)
    finally:
        process.kill()
    return Said(process.returncode, out, err)


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def people(count: int, *more: str) -> str:
    """A CSV file of contacts."""
    rows = [f"p{number}@x.example,Name {number}" for number in range(count)]
    return "\n".join(["email,firstname", *rows, *more, ""])
