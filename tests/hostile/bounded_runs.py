"""Runs of the command line that may not take much: in a process of their own, with little memory."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bad_input.project import PROJECT, SCHEMAS
from tests.command_line import Outcome, write_files

MEMORY = 2 * 2**30
PEAK = 300 * 2**20
"""What a process of a run may take at most, whatever it is given."""
PATIENCE = 180
"""Seconds until a run hangs: no run that is expected to end takes a tenth of it on an idle machine."""

HEAD = 'openapi: 3.0.3\ninfo: {title: Big, version: "1"}\npaths: {}\n'
BIG = "specs/v1/big.yaml"


_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], check=False)
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(abs(done.returncode))
"""
"""Runs a command in between: what a process takes begins with what the one takes that it is forked from."""


def run(folder: Path, *arguments: str) -> Outcome:
    """Run the command line in a folder, with bounded memory.

    Raises:
        AssertionError: It takes more memory than `PEAK`.
        subprocess.TimeoutExpired: It hangs.
    """
    program = Path(sys.executable).parent / "upsertgen"
    # Into files: a pipe that is full would look like a hang.
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.NamedTemporaryFile() as peak,
    ):
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, peak.name, program, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        out.seek(0)
        err.seek(0)
        outcome = Outcome(done.returncode, out.read().decode(), err.read().decode())
        taken = int(peak.read()) * (1 if sys.platform == "darwin" else 1024)
    assert taken <= PEAK, f"{taken / 2**20:.0f} MB, and the outcome {outcome}"
    return outcome


def refused(folder: Path, files: Mapping[str, str | bytes], *arguments: str) -> str:
    """Return the first problem of a run that has to refuse a project.

    Args:
        folder: Where to put it.
        files: What is other than in the project that is in order.
        arguments: The command, if it is not `validate`.
    """
    write_files(folder, {**PROJECT, "pyproject.toml": "[tool.upsertgen]\n", **files})
    outcome = run(folder, *(arguments or ("validate",)))
    # What was attacked with may be large, and pytest keeps the folders of several runs.
    shutil.rmtree(folder / "specs")
    assert_told(outcome)
    assert not (folder / "generated").exists()
    return outcome.problems[0]


def assert_told(outcome: Outcome) -> None:
    """Check that a run ended with located problems, and wrote nothing that a terminal would obey."""
    assert outcome.code == 2, outcome.err[-2000:]
    assert "Traceback" not in outcome.err
    assert outcome.problems
    for problem in outcome.problems:
        assert problem.startswith(("specs", "pyproject.toml")), problem
        assert "; expected " in problem
    assert_shown(outcome)


def assert_shown(outcome: Outcome) -> None:
    """Check that nothing a run said is obeyed by a terminal."""
    for character in set(outcome.out + outcome.err) - {"\n", "\t"}:
        assert character.isprintable(), hex(ord(character))


def with_schemas(*lines: str) -> dict[str, str]:
    """Return the files of a project whose contacts have a field of the schema `X0`.

    Args:
        lines: The lines below `components.schemas` that define it and others.
    """
    text = PROJECT[SCHEMAS].replace(
        "        size:\n          type: integer\n",
        '        size:\n          type: integer\n        attack: {$ref: "#/components/schemas/X0"}\n',
    )
    return {SCHEMAS: text + "".join(f"    {line}\n" for line in lines)}


def with_overlay(target: str, update: str = "{x-a: 1}", times: int = 1) -> dict[str, str]:
    """Return the files of a project with one more overlay."""
    quoted = target.replace("'", "''")
    action = f"  - {{target: '{quoted}', update: {update}}}\n"
    head = 'overlay: 1.0.0\ninfo: {title: More, version: "1"}\nactions:\n'
    return {"specs/overlays/z.yaml": head + action * times}
