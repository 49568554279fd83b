"""What commands say: problems and notes with their places, files that changed, and the verdict at the end.

People see colours and the lines that are wrong on a terminal; logs get one plain line for each thing.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from upsertgen.errors import MOST_NOTES, MOST_PROBLEMS, InvalidInput, Location, Note, printable
from upsertgen.limits import LIMITS
from upsertgen.write import Action, Change

MOST_ALIKE = 5
"""How many files or problems that are alike are told one by one."""
_WIDTH = 120
_COLOURS = {Action.CREATED: "green", Action.CHANGED: "yellow", Action.REMOVED: "red"}


def _told_to_the_end(context: click.Context, _: click.Parameter, form: str) -> str:
    """Tell how to print what is wrong to whoever prints it once the command has ended."""
    context.find_root().obj["form"] = form
    return form


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(("text", "github")),
    default="text",
    show_default=True,
    is_eager=True,
    callback=_told_to_the_end,
    help="How to tell what is wrong or stale: for people, or as annotations of a pull request on GitHub.",
)


def painted(text: str, **style: Any) -> str:
    """Return a text in colour. `click.echo` takes the colour away where there is no terminal."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def print_verdict(text: str, *, good: bool = True) -> None:
    """Print on standard error how it ended, and what to do next. It is the last that a command says."""
    click.echo(painted(printable(text), bold=True, fg="green" if good else "red"), err=True)


def print_problems(error: InvalidInput, form: str, outcome: str = "nothing was written") -> None:
    """Print problems, those that are alike in many places as one, and how many there are.

    Args:
        error: The problems, and maybe text that mends them, which goes to standard output.
        form: `text` for people, or `github` for annotations of a pull request, on standard output.
        outcome: What became of the run, in words.
    """
    click.echo(error.remedy, nl=False)
    alike: dict[tuple[str, str, str], list[Location]] = defaultdict(list)
    for one in error.problems:
        alike[one.wrong, one.expected, one.mend].append(one.location)
    shows_lines = form == "text" and sys.stderr.isatty()
    for one in error.problems:
        first, *others = alike[one.wrong, one.expected, one.mend]
        if len(others) < MOST_ALIKE:
            first, others = one.location, []
        elif one.location != first:
            continue
        rest = printable(f"; expected {one.expected}; {one.mend}") + _elsewhere(others)
        if form == "github":
            click.echo(annotation("error", first, printable(one.wrong) + rest))
            continue
        place, wrong = painted(str(first), bold=True), painted(printable(one.wrong), fg="red")
        click.echo(f"{place}: {wrong}{rest}", err=True)
        for line in _frame(first) if shows_lines else ():
            click.echo(line, err=True)
    count = len(error.problems)
    told = f"{count} problem{'s' if count != 1 else ''}"
    told = f"at least {told}" if count >= MOST_PROBLEMS else told
    print_verdict(f"upsertgen: {told}; {outcome}", good=False)


def print_notes(notes: Collection[Note], form: str = "text") -> None:
    """Print notes on standard error, those with the same text as one.

    Args:
        notes: The notes.
        form: `text` for people, or `github` for annotations of a pull request, on standard output.
    """
    places: dict[str, list[Location]] = defaultdict(list)
    for note in sorted(notes):
        places[note.text].append(note.location)
    for text, (first, *others) in places.items():
        told = f"{printable(text)}{_elsewhere(others)}"
        if form == "github":
            click.echo(annotation("notice", first, told))
        else:
            print_note(f"{first}: {told}")
    if len(notes) >= MOST_NOTES:
        print_note(f"of more than {MOST_NOTES} notes, these are the first")


def print_note(text: str) -> None:
    """Print on standard error what is no error, but must be said."""
    click.echo(f"{painted('note:', fg='cyan')} {printable(text)}", err=True)


def print_changes(changes: Sequence[tuple[Change, Path]], *, every: bool, err: bool) -> None:
    """Print files that change and why, those with the same reason as one line if there are many.

    Where no reason is given, those of the same folder are alike.

    Args:
        changes: The changes, and each file as a person would name it.
        every: Whether each file has a line, however many are alike.
        err: Whether they go to standard error.
    """
    alike: dict[tuple[Action, tuple[str, ...], Path | None], list[Path]] = defaultdict(list)
    for change, path in changes:
        own = path if every else None if change.reasons else path.parent
        alike[(change.action, change.reasons, own)].append(path)
    for (action, reasons, _), paths in alike.items():
        mark = painted(f"{action:<8}", fg=_COLOURS[action])
        why = printable(f": {'; '.join(reasons)}" if reasons else "")
        if len(paths) <= MOST_ALIKE:
            for path in paths:
                click.echo(f"{mark} {printable(str(path))}{why}", err=err)
        else:
            folder = printable(os.path.commonpath(paths))
            click.echo(f"{mark} {len(paths)} files in {folder}{why}", err=err)


def print_wrapped(line: str) -> None:
    """Print a line in lines of ordinary width, the later ones further in; no word is broken."""
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    for part in textwrap.wrap(
        printable(line),
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        click.echo(part)


def coloured_diff(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a unified diff in the colours that people know."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        colour = colours.get(line[:1])
        yield line if colour is None else painted(line, fg=colour)


def annotation(level: str, location: Location, text: str) -> str:
    """Return a workflow command of GitHub Actions, which shows a text beside its file.

    Args:
        level: `error`, `warning` or `notice`.
        location: Where it stands.
        text: What to show.
    """
    place = f"file={_escaped(printable(location.path)).replace(':', '%3A').replace(',', '%2C')}"
    place += f",line={location.line},col={location.column}" if location.line else ""
    return f"::{level} {place},title=upsertgen::{_escaped(printable(text))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _elsewhere(others: list[Location]) -> str:
    if not others:
        return ""
    if len(others) == 1:
        return f" (also at {others[0]})"
    return f" (also at {len(others)} other places, the next is {others[0]})"


def _frame(location: Location) -> Iterator[str]:
    """Yield the line of a place, and a mark below its column."""
    path = Path(location.path)
    try:
        if not location.line or not path.is_file() or path.stat().st_size > LIMITS.file:
            return
        lines = path.read_text("utf-8", "replace").split("\n")
    except OSError:
        return
    if location.line > len(lines):
        return
    # Only what stands around the column, where the line is a long one.
    line, at = lines[location.line - 1].replace("\t", " "), location.column - 1
    start = max(0, at - _WIDTH // 2) if len(line) > _WIDTH else 0
    number = f"{location.line:>6} | "
    yield painted(number, dim=True) + printable(line[start : start + _WIDTH])
    yield painted(" " * (len(number) - 2) + "| ", dim=True) + " " * (at - start) + painted(
        "^", fg="red", bold=True
    )
