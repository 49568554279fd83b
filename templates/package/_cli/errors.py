"""What keeps the command from doing what it was asked for, and how to say so."""

from __future__ import annotations

from collections.abc import Iterable

from .._runtime import extras

_EXTRAS = {
    "babel": "cli,locale",
    "backports": "cli,zst",
    "click": "cli",
    "pyarrow": "cli,parquet",
    "rich": "cli",
}


class BadInput(Exception):
    """The command cannot do what it was asked for. The message is one line that says how to mend it."""


def listed(names: Iterable[str], conjunction: str = "and") -> str:
    """Join names as a sentence does: "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """Say how to install what is missing, or None if it belongs to no extra of the command line."""
    return extras.how_to_install(error, _EXTRAS)
