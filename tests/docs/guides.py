"""Guides, followed as a reader follows them: from the first line to the last, in an empty folder.

A guide is a page of Markdown whose blocks of code all mean something:

- A block of `console` holds commands, each behind `$ `, and below each what it prints. A command that ends in
  a backslash goes on in the next line. All run in one shell, so that variables and jobs stay.
- Below a command stands all that it prints, to standard output and errors, but blanks at the ends of lines. A
  line `…` stands for any lines, also none, and `…` within a line for any text. A command with nothing below
  it may print anything.
- A command has to succeed, unless the next one is `echo $?`.
- A command that ends in `&` goes on while the next ones run. What it prints is waited for.
- `pip install` and what makes an environment is not run: tests have it all. The extras have to exist.
- A block of `text` is there to be looked at.
- Any other block is a file. The line before says which: it ends with the name in backticks and a colon, as
  "Save this as `load.py`:" does.

What is indented below `!!! note` or `=== "Tab"` counts as well. Ports of servers are others than those shown.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from markdown_it import MarkdownIt

from tests.servers import PATIENCE

ROOT = Path(__file__).parent.parent.parent
GUIDES = ROOT / "specs" / "docs" / "guides"
_ANYTHING = "…"
_STATUS = "echo $?"
_NAMED = re.compile(r"`([\w./-]+)`:$")
_BOX = re.compile(r"(?:!!!|\?\?\?\+?|===\+?) ")
_INSTALLS = ("pip install ", "python3 -m venv ", ". .venv/bin/activate")
_EXTRAS = re.compile(r"hubspot-upsert\[([\w,]+)\]")
_NOT_A_READERS = frozenset(
    "ACCESS_TOKEN HUBSPOT_UPSERT_ACCESS_TOKEN FORCE_COLOR PYTEST_ADDOPTS PYTHONPATH PY_COLORS "
    "MAKEFILES MAKEFLAGS MAKELEVEL MAKEOVERRIDES MFLAGS".split()
)
"""Variables of the environment that a test may have, such as those of make, and that change what comes."""

# One shell reads the names of scripts, and runs each with its output in a file.
_SHELL = """\
exec 8>&1 9<&0 </dev/null
status=0
while IFS= read -r -u 9 step; do
    (exit $status)
    source "$step" >"$step.out" 2>&1
    status=$?
    echo $status >&8
done
"""


class GuideError(AssertionError):
    """What a reader of a guide would meet and does not expect."""


@dataclass(frozen=True)
class File:
    """A file that a reader saves.

    Attributes:
        line: Where its block begins, counted from 1.
        name: Its path.
        text: What it holds.
    """

    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that a reader enters.

    Attributes:
        line: Where it stands, counted from 1.
        text: What is entered; several lines if one ends in a backslash.
        shown: What the guide says that it prints; nothing if it does not say.
    """

    line: int
    text: str
    shown: str

    @property
    def goes_on(self) -> bool:
        """Whether it runs in the background."""
        return self.text.endswith("&")

    @property
    def installs(self) -> bool:
        """Whether it only installs what is there."""
        return self.text.startswith(_INSTALLS)

    def printed_by(self, said: str) -> bool:
        """Whether it prints what is shown."""
        lines = [line.rstrip() for line in self.shown.splitlines()]
        pattern = "".join(
            r"(?:.*\n)*?" if line == _ANYTHING else _line_pattern(line) for line in lines
        )
        text = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
        return re.fullmatch(pattern, text) is not None


def _line_pattern(line: str) -> str:
    return ".*?".join(map(re.escape, line.split(_ANYTHING))) + r"\n"


def steps(text: str) -> list[File | Command]:
    """Return what a reader of a guide does, in order.

    Raises:
        GuideError: A block is neither commands, nor a file with a name, nor text.
    """
    found: list[File | Command] = []
    before = ""
    for token in MarkdownIt("commonmark").enable("table").parse(_without_boxes(text)):
        if token.type == "inline":
            before = token.content
        if token.type not in ("fence", "code_block"):
            continue
        assert token.map is not None
        line = token.map[0] + 1
        named = _NAMED.search(before)
        if token.info == "console":
            found += _commands(token.content, line + 1)
        elif token.info and named:
            found.append(File(line, named[1], token.content))
        elif token.info != "text":
            raise GuideError(f"line {line}: a block without a language, or a file without a name")
        before = ""
    return found


def _without_boxes(text: str) -> str:
    """Return a page with what stands in admonitions and tabs at the left margin, in the same lines."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if _BOX.match(line):
            inside = True
            lines.append("")
            continue
        inside = inside and (not line or line.startswith("    "))
        lines.append(line[4:] if inside else line)
    return "\n".join(lines) + "\n"


def _commands(block: str, first: int) -> Iterator[Command]:
    lines = block.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise GuideError(f"line {first + at}: output of no command")
        start, entered, shown = at, [lines[at][2:]], list[str]()
        while entered[-1].endswith("\\"):
            at += 1
            entered.append(lines[at])
        at += 1
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at])
            at += 1
        yield Command(first + start, "\n".join(entered), "\n".join(shown))


class Shell:
    """A shell in a folder; closed, with all that it started, at the end of `with`.

    Args:
        folder: Where it runs.
        ports: The port to use for each that the guide names.
        programs: A folder with further programs, if any.
    """

    def __init__(self, folder: Path, ports: Mapping[str, int], programs: Path | None = None):
        self._folder = folder = folder.absolute()
        self._scripts = folder.parent / f"{folder.name}-steps"
        self._scripts.mkdir()
        self._used = {shown: str(port) for shown, port in ports.items()}
        self._count = 0
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_A_READERS}
        paths = [programs, Path(sys.executable).parent, os.environ["PATH"]]
        self._process = subprocess.Popen(
            ["bash", "-c", _SHELL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={
                **kept,
                "PATH": os.pathsep.join(str(path) for path in paths if path),
                "COLUMNS": "100",
                "TERM": "dumb",
            },
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            os.killpg(self._process.pid, signal.SIGKILL)

    def save(self, file: File) -> None:
        """Write a file."""
        target = self._folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self._with_ports(file.text), encoding="utf-8")

    def run(self, command: Command) -> tuple[int, str]:
        """Run a command; return its exit code and what it prints."""
        self._count += 1
        script = self._scripts / str(self._count)
        script.write_text(self._with_ports(command.text) + "\n", encoding="utf-8")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(2 * PATIENCE, os.killpg, (self._process.pid, signal.SIGKILL))
        timer.start()
        try:
            self._process.stdin.write(f"{script}\n")
            self._process.stdin.flush()
            code = self._process.stdout.readline()
        finally:
            timer.cancel()
        output = script.with_name(f"{script.name}.out")
        end = time.monotonic() + PATIENCE
        while command.goes_on and not command.printed_by(self._shown(output)):
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        return int(code or -1), self._shown(output)

    def _shown(self, output: Path) -> str:
        text = output.read_text(encoding="utf-8")
        for shown, used in self._used.items():
            text = re.sub(rf"\b{used}\b", shown, text)
        return text

    def _with_ports(self, text: str) -> str:
        for shown, used in self._used.items():
            text = re.sub(rf"\b{shown}\b", used, text)
        return text


def follow(text: str, folder: Path, ports: Mapping[str, int], programs: Path | None = None) -> None:
    """Do all that a guide says.

    Args:
        text: The guide.
        folder: An empty folder.
        ports: The port to use for each that the guide names.
        programs: A folder with programs that a reader has, if any.

    Raises:
        GuideError: Something came otherwise than is said, with its line.
    """
    todo = steps(text)
    with Shell(folder, ports, programs) as shell:
        for step, following in zip(todo, [*todo[1:], None], strict=True):
            if isinstance(step, File):
                shell.save(step)
            elif step.installs:
                _check_extras(step)
            else:
                code, said = shell.run(step)
                asked = isinstance(following, Command) and following.text == _STATUS
                came = f"line {step.line}: $ {step.text}\ncame, with {code}:\n{said}"
                if code and not asked:
                    raise GuideError(f"{came}\nexpected: 0, or '{_STATUS}' as the next command")
                if (step.shown or step.goes_on) and not step.printed_by(said):
                    raise GuideError(f"{came}\nshown:\n{step.shown}")


def _check_extras(command: Command) -> None:
    project = tomllib.loads((ROOT / "generated" / "pyproject.toml").read_text("utf-8"))["project"]
    named = {one for found in _EXTRAS.findall(command.text) for one in found.split(",")}
    unknown = named - set(project["optional-dependencies"])
    if unknown:
        raise GuideError(f"line {command.line}: no extra is called {', '.join(sorted(unknown))}")
