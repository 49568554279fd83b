"""What keeps the command from doing what it was asked for, and how to say so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(Exception):
    """The command cannot do what it was asked for. The message is one line that says how to mend it."""


def nearest(asked: str, known: Iterable[str]) -> str:
    """Say which known name may have been meant, as the end of a sentence.

    Args:
        asked: What was asked for.
        known: What there is.

    Returns:
        Such as "; did you mean 'contacts'?", or nothing if no name is near.
    """
    # By the name without case first: that is the most frequent difference.
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(asked.casefold(), names, n=1)
    return f"; did you mean {names[found[0]]!r}?" if found else ""


def listed(names: Iterable[str]) -> str:
    """Join names as a sentence does: "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
