"""The type of text that comes from a spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True, slots=True, order=True)
class SpecText:
    """Text from a spec, which becomes source text only through `upsertgen.emit.encode`.

    It is not a `str`, and it cannot be printed, formatted or joined by accident: a template that
    forgets to say for which context the text is meant fails instead of emitting it.

    Attributes:
        raw: The text as it stands in the spec. Only encoders and comparisons may read it.

    Example:
        >>> f"{SpecText('import os')}"
        Traceback (most recent call last):
        ...
        TypeError: text from a spec needs an encoder (upsertgen.emit.encode)
    """

    raw: str

    def __str__(self) -> NoReturn:
        raise TypeError("text from a spec needs an encoder (upsertgen.emit.encode)")

    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError("text from a spec needs an encoder (upsertgen.emit.encode)")
