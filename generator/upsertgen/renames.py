"""Declared renames: `[[tool.upsertgen.renames]]` of a `pyproject.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from upsertgen.errors import Location, Problems, did_you_mean, quoted

SECTION = "tool.upsertgen.renames"
_KEYS = ("from", "to", "until")
_HEAD = re.compile(r"""\s*\[\[\s*tool\s*\.\s*(["']?)upsertgen\1\s*\.\s*(["']?)renames\2\s*\]\]""")


@dataclass(frozen=True)
class Rename:
    """One public name that callers may know and that is not there any more.

    Attributes:
        old: The name that was.
        new: What it is called now; nothing for what is gone without a replacement.
        until: The version of the distribution from which on the old name is gone; nothing for never.
        location: Where it is declared. It does not tell one rename from another.
    """

    old: str
    new: str | None
    until: str | None
    location: Location

    def is_over(self, version: str) -> bool:
        """Return whether the old name is gone in a version of the distribution."""
        return self.until is not None and Version(self.until) <= Version(version)

    def __str__(self) -> str:
        target = f"to {self.new}" if self.new is not None else "is retired"
        return f"{self.old} {target}{f' until {self.until}' if self.until else ''}"


def read_renames(
    value: Any, text: str, fallback: Location, problems: Problems
) -> tuple[Rename, ...]:
    """Return the renames that the setting `renames` declares, in order.

    Args:
        value: Its value.
        text: The file that it comes from.
        fallback: Where the setting stands, for renames that are no tables of their own.
        problems: Where to note what is wrong.
    """
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        problems.add(
            fallback,
            f"the setting renames is {quoted(value)}",
            f'tables [[{SECTION}]] with from = "...", and to and until if need be',
            "correct the value",
        )
        return ()
    heads = [n for n, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
    places = [Location(fallback.path, line) for line in heads]
    if len(places) != len(value):
        places = [fallback] * len(value)
    renames: list[Rename] = []
    for table, place in zip(value, places, strict=True):
        mistakes = [*_mistakes(table)]
        for mistake in mistakes:
            problems.add(place, *mistake)
        if not mistakes:
            renames.append(Rename(table["from"], table.get("to"), table.get("until"), place))
    return tuple(renames)


def _mistakes(table: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the form of a rename, what was expected, and how to mend it."""
    for key, value in table.items():
        if key not in _KEYS:
            mend = did_you_mean(key, _KEYS, "remove it")
            yield f"a rename has no {quoted(key)}", "from, to and until", mend
        elif not isinstance(value, str):
            yield f"{key} of a rename is {quoted(value)}", "text in quotes", "correct it"
        elif key == "until" and not is_version(value):
            expected = "the version of the distribution that has the old name no more, such as 2.0"
            yield f"until of a rename is {quoted(value)}", expected, "correct it"
    if "from" not in table:
        wrong, mend = "a rename says nothing of the old name", "add it, or remove the table"
        yield wrong, 'from = "..."', mend
    if "until" in table and "to" not in table:
        yield (
            "a rename without 'to' has an 'until', but leaves no alias that could end",
            "to and until, or neither",
            "add what the name became as 'to', or remove 'until'",
        )


def is_version(text: str) -> bool:
    """Return whether a text is the version of a distribution, as PEP 440 has it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return text.isascii() and text == text.strip()
