"""Declared renames: `[[tool.upsertgen.renames]]` of a `pyproject.toml`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from upsertgen.errors import Location, Problems, quoted

SECTION = "tool.upsertgen.renames"
_KEYS = ("from", "to", "until")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?\Z")
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
    found = [_rename(one, place, problems) for one, place in zip(value, places, strict=True)]
    return tuple(one for one in found if one is not None)


def _rename(table: dict[str, Any], place: Location, problems: Problems) -> Rename | None:
    wrong: list[tuple[str, str, str]] = []
    for key, value in table.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1)
            mend = f"did you mean {quoted(near[0])}?" if near else "remove it"
            wrong.append((f"a rename has no {quoted(key)}", "from, to and until", mend))
        elif not isinstance(value, str):
            wrong.append((f"{key} of a rename is {quoted(value)}", "text in quotes", "correct it"))
        elif key == "until" and not _VERSION.match(value):
            wrong.append(
                (
                    f"until of a rename is {quoted(value)}",
                    "the version of the distribution that has the old name no more, such as 2.0",
                    "correct it",
                )
            )
    if "from" not in table:
        wrong.append(
            ("a rename says nothing of the old name", 'from = "..."', "add it, or remove the table")
        )
    if "until" in table and "to" not in table:
        wrong.append(
            (
                "a rename without 'to' has an 'until', but leaves no alias that could end",
                "to and until, or neither",
                "add what the name became as 'to', or remove 'until'",
            )
        )
    for one in wrong:
        problems.add(place, *one)
    if wrong:
        return None
    return Rename(table["from"], table.get("to"), table.get("until"), place)
