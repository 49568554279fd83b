"""Texts that a regular expression may match, for examples.

Only what most patterns consist of is understood: whether a text matches is for the caller to find out.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import lru_cache

from upsertgen.specs.expressions import matcher

_CHARACTERS = f"aA1{string.digits}{string.ascii_letters}{string.punctuation} é"
_LONGEST = 80
_DEEPEST = 20
_OPENING = re.compile(r"\(\?(:|P?<\w+>)|\(")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\[a-zA-Z]|\.")
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{1,9})(,)?(\d{1,9})?\})\??")
_NOWHERE = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\z"})


class _NotUnderstood(Exception):
    """The pattern is of another kind, or its text would be too long for an example."""


def texts_of_pattern(pattern: str) -> Iterator[str]:
    """Yield texts that a pattern may match, none of them long.

    Args:
        pattern: The regular expression.

    Yields:
        The shortest first, then those with more of what may be repeated.
    """
    for more in range(_LONGEST):
        try:
            yield _Reader(pattern, more).text()
        except _NotUnderstood:
            return


class _Reader:
    """Reads a pattern, and writes a text for it.

    Args:
        pattern: The regular expression.
        more: How often more than it must be something is repeated.
    """

    def __init__(self, pattern: str, more: int) -> None:
        self._pattern = pattern
        self._more = more
        self._place = 0

    def text(self) -> str:
        """Return a text for the pattern.

        Raises:
            _NotUnderstood: There is none.
        """
        found = self._alternatives(0)
        if self._place < len(self._pattern):
            raise _NotUnderstood
        return found

    def _alternatives(self, depth: int) -> str:
        """Return a text for the first of some alternatives, and read the others, too."""
        if depth > _DEEPEST:
            raise _NotUnderstood
        first = self._sequence(depth)
        while self._pattern.startswith("|", self._place):
            self._place += 1
            self._sequence(depth)
        return first

    def _sequence(self, depth: int) -> str:
        found = ""
        while self._place < len(self._pattern) and self._pattern[self._place] not in "|)":
            found += self._one(depth) * self._count()
            if len(found) > _LONGEST:
                raise _NotUnderstood
        return found

    def _one(self, depth: int) -> str:
        """Return a text for what a quantifier may follow."""
        kind = _CLASS.match(self._pattern, self._place)
        group = _OPENING.match(self._pattern, self._place)
        if group is not None:
            self._place = group.end()
            inner = self._alternatives(depth + 1)
            if not self._pattern.startswith(")", self._place):
                raise _NotUnderstood
            self._place += 1
            return inner
        if kind is not None:
            self._place = kind.end()
            return "" if kind[0] in _NOWHERE else _character(kind[0])
        here = self._pattern[self._place]
        self._place += 2 if here == "\\" else 1
        return "" if here in _NOWHERE else self._pattern[self._place - 1 : self._place]

    def _count(self) -> int:
        """Return how often what was read last is to stand in the text."""
        found = _QUANTIFIER.match(self._pattern, self._place)
        if found is None:
            return 1
        self._place = found.end()
        sign, exact, comma, end = found.groups()
        least = {"+": 1}.get(sign, 0) if sign else int(exact)
        most = 1 if sign == "?" else int(end) if end else None if sign or comma else least
        count = least + self._more if most is None else min(least + self._more, most)
        # One more than may be is enough to be refused.
        return min(count, _LONGEST + 1)


@lru_cache(maxsize=1_000)
def _character(kind: str) -> str:
    """Return a character of a class.

    Raises:
        _NotUnderstood: None that people type is of it.
    """
    matches = matcher(f"^{kind}$")
    found = next((one for one in _CHARACTERS if matches is not None and matches(one)), None)
    if found is None:
        raise _NotUnderstood
    return found
