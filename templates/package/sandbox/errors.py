"""What cannot be done: each message is one line that says how to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from .._runtime import extras
from ..errors import Documented

_EXTRAS = {"click": "sandbox", "h11": "sandbox", "starlette": "sandbox"}
_LONGEST = 60
_MOST_NAMES = 40


class SandboxError(Documented, Exception, page="sandbox"):
    """The sandbox cannot do what was asked for. The message is one line that says how to mend it."""


class DeclarationError(SandboxError):
    """Properties cannot be read."""


class FaultError(SandboxError):
    """A fault or a schedule cannot be read."""


class NotFoundError(SandboxError):
    """There is no such object type or record."""


class StoreError(SandboxError):
    """What is stored cannot be read or changed."""


class BusyError(SandboxError):
    """The database has to wait for another program."""


def hint(name: object, known: Iterable[str], otherwise: str = "expected one of") -> str:
    """Say which known name was probably meant, or otherwise which there are, as many as one reads."""
    known = list(known)
    near = get_close_matches(str(name), known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"{otherwise} {', '.join(known[:_MOST_NAMES])}{more}" if known else "there are none"


def brief(value: Any) -> str:
    """Show a JSON value in a message, shortened if it is long."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"


def how_to_install(error: ModuleNotFoundError) -> SandboxError | None:
    """Say how to install what only the sandbox needs.

    Args:
        error: What importing raised.

    Returns:
        What to raise instead, or None if what is missing is none of these packages.
    """
    told = extras.how_to_install(error, _EXTRAS)
    return None if told is None else SandboxError(told)
