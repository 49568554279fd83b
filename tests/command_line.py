"""Runs of the command line in this process, and projects to run it in."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from upsertgen.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line said and returned."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines about problems: all that go to stderr but the count at the end."""
        return self.err.splitlines()[:-1]


def upsertgen(*arguments: str | Path) -> Outcome:
    """Run the command line in this process and in the current folder."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["upsertgen", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
    return Outcome(code, out.getvalue(), err.getvalue())


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and return the folder."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return the contents and the time of change of everything below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
