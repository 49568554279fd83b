"""What to do next, in the words of the command line: the same command, with what has to change."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .._bulk.duplicates import with_lines
from ..bulk import Outcome, Status, UpsertReport
from .tokens import variable_of

_OF_A_RUN = ("--journal", "--start-at", "--retry-rejected", "--only-failed", "--dry-run")
_FLAGS = ("--retry-rejected", "--only-failed", "--dry-run")
_ARGUMENTS = (
    *("allow_plain_http", "base_url", "dry_run", "id_property", "only_failed", "retry_rejected"),
    *("start_at", "time_budget", "(?<=the option )timezone", "^timezone", "duplicates(?= = )"),
    *("(?<=the option )(?:convert|locale)", "^(?:convert|unknown_options)(?= needs)", "^locale"),
    *("convert(?==True)", "(?<=needs )properties"),
)
"""How the client calls options. Files, hosts and properties may have names with underscores, too."""
_PYTHON = re.compile(rf"(?<![\w./-])({'|'.join(_ARGUMENTS)})(=True)?(?![\w/-]|\.\w)")
# All that is ours in what may have been said by the API.
_ADVISED = re.compile("the option (convert|locale|timezone)")
_NEEDED = re.compile(r"a token for (.+); give it to the client$")
_IN_WORDS = {
    "give the client a token": "set the variable that --token-variable names to a token",
    # The one of the command is for all of a run.
    ", or give the client a longer --time-budget, within which it tries again": "",
    "leave it out of the records": "leave its column out with --skip",
    "the option ": "",
}


def in_flags(text: str) -> str:
    """Name the options of the command in a text that names the arguments of the client."""
    text = _NEEDED.sub(_variables, _PYTHON.sub(_flag, text))
    for said, told in _IN_WORDS.items():
        text = text.replace(said, told)
    return text


def _variables(found: re.Match[str]) -> str:
    named = re.sub("'([^']*)'", lambda one: variable_of(one[1]), found[1])
    return f"a token: set the environment variable {named}"


def _flag(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')}"


def told(outcome: Outcome, line_of: Callable[[int], int]) -> Outcome:
    """Name options of the command, and lines of the file, in what is wrong with a record."""
    if not (outcome.problems or outcome.warnings):
        return outcome
    problems = tuple(
        each._replace(message=_ADVISED.sub(_flag, each.message)) for each in outcome.problems
    )
    return with_lines(replace(outcome, problems=problems), line_of)


def is_convertible(outcome: Outcome) -> bool:
    """Tell whether a record was rejected for nothing but values that a conversion would make right."""
    if outcome.status is not Status.REJECTED or not outcome.problems:
        return False
    # Which locale is meant is for a person to say.
    return all(set(_ADVISED.findall(each.message)) == {"convert"} for each in outcome.problems)


@dataclass(frozen=True)
class CommandLine:
    """The command as it was given.

    Attributes:
        program: What it is called.
        words: What stands after that.
        file: The word that names the file that is read.
    """

    program: str
    words: Sequence[str]
    file: str

    def without(self, *options: str) -> CommandLine:
        """Leave out options, with their values."""
        kept: list[str] = []
        words = iter(self.words)
        for word in words:
            name, equals, _ = word.partition("=")
            if name not in options:
                kept.append(word)
            elif not equals and name not in _FLAGS:
                next(words, None)
        return CommandLine(self.program, kept, self.file)

    def having(self, *words: str) -> CommandLine:
        """Give an option another value, or add it."""
        return self.without(words[0]).adding(*words)

    def adding(self, *words: str) -> CommandLine:
        """Add options."""
        given = list(self.words)
        # What follows this is no option.
        end = given.index("--") if "--" in given else len(given)
        return CommandLine(self.program, [*given[:end], *words, *given[end:]], self.file)

    def reading(self, file: str) -> CommandLine:
        """Read another file."""
        words = list(self.words)
        words[words.index(self.file)] = file
        return CommandLine(self.program, words, file)

    def __str__(self) -> str:
        return shlex.join([self.program, *self.words])


def next_steps(
    line: CommandLine,
    report: UpsertReport,
    *,
    journal: str | None,
    rejects: str | None,
    is_parquet: bool,
    remembered: int,
    refused_columns: Sequence[str] = (),
    convertible: int = 0,
) -> Iterator[str]:
    """Say what can be done about records that were not accepted.

    Args:
        line: The command as it was given.
        report: What came of it.
        journal: The path of the journal.
        rejects: The path of the file of rejected records, if it holds any.
        is_parquet: Whether the file that was read is Parquet.
        remembered: How many rejections are those of an earlier run.
        refused_columns: The columns that no record can be sent with, if it was stopped for these.
        convertible: How many records were rejected for nothing but what a conversion would mend.
    """
    line = line.adding(*(word for column in refused_columns for word in ("--skip", column)))
    following = None if rejects is None else _following(rejects)
    if report.stop is not None and not report.dry_run:
        if journal is not None:
            yield f"to go on: {line.without('--retry-rejected', '--only-failed')}"
        elif report.stop.resume_at is not None:
            # What this run has rejected is kept.
            again = line
            if following is not None:
                again = line.having("--rejects", following)
                following = _following(following)
            if report.stop.resume_at:
                again = again.having("--start-at", str(report.stop.resume_at))
            yield f"to go on: {again}"
    if remembered:
        what = "rejection is" if remembered == 1 else "rejections are"
        yield (
            f"{remembered:,} {what} remembered by {journal} and not new; to ask again: "
            f"{line.having('--retry-rejected')}"
        )
    if rejects is not None and following is not None:
        again = line.without(*_OF_A_RUN).reading(rejects).having("--rejects", following)
        if is_parquet and any(word.startswith("--format") for word in line.words):
            again = again.having("--format", "jsonl")
        yield f"once they are corrected: {again}"
        if convertible:
            what = "one" if convertible == 1 else f"{convertible:,}"
            yield f"to have {what} of them converted: {again.adding('--convert')}"


def _following(path: str) -> str:
    """Give a name for the file after one: rejects.csv, rejects-2.csv, rejects-3.csv."""
    pure = Path(path)
    stem, _, number = pure.stem.rpartition("-")
    if stem and number.isdecimal():
        return str(pure.with_stem(f"{stem}-{int(number) + 1}"))
    return str(pure.with_stem(f"{pure.stem}-2"))
