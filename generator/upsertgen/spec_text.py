"""The type of text that comes from a spec."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NoReturn

_REFUSED = "text from a spec needs an encoder (upsertgen.emit.encode)"


@dataclass(frozen=True, slots=True, order=True, repr=False)
class SpecText:
    """Text from a spec, which becomes source text only through `upsertgen.emit.encode`.

    It is not a `str`, so it cannot be joined, added, cut, counted, searched or handed to `re`, `os` or
    `open`; and it cannot be printed or formatted either: a template that forgets to say for which context
    the text is meant fails instead of emitting it. What is bound to show it, such as an f-string of a
    mapping that it is a key of, shows a digest.

    Attributes:
        raw: The text as it stands in the spec. Only encoders and comparisons may read it.

    Example:
        >>> f"{SpecText('import os')}"
        Traceback (most recent call last):
        ...
        TypeError: text from a spec needs an encoder (upsertgen.emit.encode)
        >>> {SpecText("import os"): 1}
        {<SpecText de2abade832c8e350a1bdc98cfcdb1e2>: 1}
    """

    raw: str

    def __str__(self) -> NoReturn:
        raise TypeError(_REFUSED)

    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError(_REFUSED)

    def __bytes__(self) -> NoReturn:
        raise TypeError(_REFUSED)

    def __repr__(self) -> str:
        # No exception: a debugger has to be able to show the tree. The same text gives the same digest,
        # because bodies are compared by what their types look like.
        return f"<SpecText {_digest(self.raw)}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
