"""What can be wrong with an input, and where.

Every problem names a place, says what is wrong there, what was expected, and how to mend it. A run
collects all the problems of a stage before it fails, so that a person mends them in one go.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

MOST_PROBLEMS = 1000
"""How many problems a run collects. Nobody reads more, and to look for more may take for ever."""

_MOST_COMPARED = 1000
_LONGEST_COMPARED = 100


@dataclass(frozen=True, order=True)
class Location:
    """A place in an input file, or a flag of the command line.

    Attributes:
        path: The file or flag, as the person who runs the command would name it.
        line: The line, counted from 1; 0 for what has no lines, such as a flag.
        column: The column, counted from 1.
    """

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        path = printable(self.path)
        return f"{path}:{self.line}:{self.column}" if self.line else path


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        location: Where it stands.
        wrong: What is wrong, as a clause without a full stop.
        expected: What was expected instead.
        mend: What to do about it, as an imperative.
    """

    location: Location
    wrong: str
    expected: str
    mend: str

    def __str__(self) -> str:
        text = f"{self.wrong}; expected {self.expected}; {self.mend}"
        return f"{self.location}: {printable(text)}"

    def of(self, folder: str, copy: str) -> Problem:
        """Return a problem of a copy of a folder as one of the folder, which is what people know."""
        location = replace(self.location, path=self.location.path.replace(copy, folder))
        texts = (one.replace(copy, folder) for one in (self.wrong, self.expected, self.mend))
        return Problem(location, *texts)


class InvalidInput(Exception):
    """The input cannot be used. Nothing was written.

    Attributes:
        problems: Every problem that was found, sorted by place, each once.
        remedy: Text that mends them once it stands in the `pyproject.toml`; empty where there is none.
    """

    def __init__(self, problems: Iterable[Problem], remedy: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        self.remedy = remedy
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects problems while a stage goes on, and fails at its end.

    Example:
        >>> problems = Problems()
        >>> problems.add(Location("a.yaml", 3, 5), "'x' is odd", "an even number", "use 2")
        >>> problems.raise_if_any()
        Traceback (most recent call last):
        ...
        upsertgen.errors.InvalidInput: a.yaml:3:5: 'x' is odd; expected an even number; use 2
    """

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, location: Location, wrong: str, expected: str, mend: str) -> None:
        """Note one problem, as `note` does."""
        self.note(Problem(location, wrong, expected, mend))

    def note(self, problem: Problem) -> None:
        """Note one problem.

        Raises:
            InvalidInput: There are so many that it makes no sense to go on.
        """
        self._found.append(problem)
        if len(self._found) >= MOST_PROBLEMS:
            self.raise_if_any()

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise `InvalidInput` with all that was noted; do nothing when nothing was."""
        if self._found:
            raise InvalidInput(self._found)


def printable(text: str) -> str:
    """Return `text` without characters that a terminal would obey instead of show."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quoted(value: object, *, longest: int = 60) -> str:
    """Return a value of an input as it is shown in a message: quoted, and cut when it is long."""
    if isinstance(value, (str, bytes)):
        # Only the beginning is shown, so only that is looked at.
        value = value[: longest + 1]
    text = repr(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def printable_lines(text: str) -> str:
    """Return text of several lines without characters that a terminal would obey, but for lines and tabs."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def nearest(word: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return which of some words may have been meant instead of a word; nothing if none looks like it.

    To compare takes the product of two lengths for each, so long words and very many are not compared.
    """
    if len(known) > _MOST_COMPARED or len(word) > _LONGEST_COMPARED:
        return None
    compared = [one for one in known if len(one) <= _LONGEST_COMPARED]
    near = difflib.get_close_matches(word, compared, 1, cutoff)
    return near[0] if near else None


class WrongTarget(Exception):
    """The target of an overlay's action is no JSONPath, or cannot be looked up."""
