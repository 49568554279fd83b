"""Which name may have been meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(asked: str, known: Iterable[str]) -> str:
    """Say which known name may have been meant: "; did you mean 'items'?", or nothing if none is near."""
    import difflib  # Not before something is wrong.

    # By the name without case first: that is the most frequent difference.
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(asked.casefold(), names, n=1)
    return f"; did you mean {names[found[0]]!r}?" if found else ""
