"""What can be wrong with an input, what only has to be said about it, and where.

Every problem names a place, says what is wrong there, what was expected, and how to mend it. A run
collects all the problems of a stage before it fails, so that a person mends them in one go. A note names
a place, and says what comes out otherwise than somebody may expect; no run fails for one.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

MOST_PROBLEMS = 1000
"""How many problems a run collects. Nobody reads more, and to look for more may take for ever."""

MOST_NOTES = 1000
"""How many notes a run collects."""

_MOST_COMPARED = 1000
_LONGEST_COMPARED = 100
_LONGEST_SHOWN = 60


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


@dataclass(frozen=True, order=True)
class Note:
    """One thing that an input says and nobody heeds, or that comes out otherwise than it may be meant.

    Attributes:
        location: Where it stands.
        text: What becomes of it, as a clause without a full stop.
    """

    location: Location
    text: str

    def __str__(self) -> str:
        return f"{self.location}: {printable(self.text)}"

    def of(self, folder: str, copy: str) -> Note:
        """Return a note on a copy of a folder as one on the folder, as `Problem.of` does."""
        location = replace(self.location, path=self.location.path.replace(copy, folder))
        return Note(location, self.text.replace(copy, folder))


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

    @classmethod
    def at(cls, location: Location, wrong: str, expected: str, mend: str) -> InvalidInput:
        """Return the error of a single problem."""
        return cls([Problem(location, wrong, expected, mend)])


class Problems:
    """Collects problems and notes while a stage goes on, and fails at its end where there are problems.

    Attributes:
        notes: The notes, each once.

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
        self._operation: Location | None = None
        self._operations: dict[Problem, dict[Location, None]] = {}
        self.notes: dict[Note, None] = {}

    @contextmanager
    def at_operation(self, operation: Location) -> Iterator[None]:
        """Tell the operation with each problem that is noted meanwhile and stands in another file."""
        self._operation = operation
        try:
            yield
        finally:
            self._operation = None

    def add(self, location: Location, wrong: str, expected: str, mend: str) -> None:
        """Note one problem, as `note` does."""
        self.note(Problem(location, wrong, expected, mend))

    def note(self, problem: Problem) -> None:
        """Note one problem.

        Raises:
            InvalidInput: There are so many that it makes no sense to go on.
        """
        if self._operation is not None and self._operation.path != problem.location.path:
            self._operations.setdefault(problem, {})[self._operation] = None
        self._found.append(problem)
        if len(self._found) >= MOST_PROBLEMS:
            self.raise_if_any()

    def add_note(self, location: Location, text: str) -> None:
        """Note what is no problem; nothing where there are more notes than anybody reads."""
        if len(self.notes) < MOST_NOTES:
            self.notes[Note(location, text)] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise `InvalidInput` with all that was noted; do nothing when nothing was."""
        if self._found:
            raise InvalidInput(map(self._told, self._found))

    def _told(self, problem: Problem) -> Problem:
        """Return a problem with the operation that has it, and how many others do."""
        operations = self._operations.get(problem)
        if not operations:
            return problem
        more = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
        return replace(problem, wrong=f"{problem.wrong}, at the operation {min(operations)}{more}")


def printable(text: str) -> str:
    """Return `text` without characters that a terminal would obey instead of show."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quoted(value: object) -> str:
    """Return a value of an input as it is shown in a message: quoted, and cut when it is long."""
    if isinstance(value, (str, bytes)):
        # Only the beginning is shown, so only that is looked at.
        value = value[: _LONGEST_SHOWN + 1]
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


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


def did_you_mean(word: str, known: Collection[str], otherwise: str, *, cutoff: float = 0.6) -> str:
    """Return how to mend a word that is not known: by the one that looks most like it, or otherwise."""
    near = nearest(word, known, cutoff)
    return suggestion(near) if near is not None else otherwise


def suggestion(near: str) -> str:
    """Return how to mend what looks like another word."""
    return f"did you mean {quoted(near)}?"


class WrongTarget(Exception):
    """The target of an overlay's action is no JSONPath, or cannot be looked up."""


class WorkerDied(Exception):
    """A process that formats ended before its work did."""
