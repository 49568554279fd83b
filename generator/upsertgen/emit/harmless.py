"""A tree that is the same but for its texts, which are harmless.

What is emitted from it is the same program as what is emitted from the tree itself, if no text of a spec
has an effect: that is how `upsertgen.emit.proof` knows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from upsertgen.emit.encode import one_line
from upsertgen.emit.proof import Texts
from upsertgen.spec_text import SpecText

T = TypeVar("T")


class Harmless:
    """Replaces texts by harmless ones: the same text by the same, and different texts by different ones."""

    def __init__(self) -> None:
        self._words: dict[str, SpecText] = {}

    def tree(self, value: T) -> T:
        """Return a value of the tree with all its texts replaced."""
        result: T = self._replaced(value)
        return result

    def meant(self) -> Texts:
        """Return which texts each harmless text stands for."""
        meant: dict[str, set[str]] = defaultdict(set)
        for raw, word in self._words.items():
            meant[word.raw] |= {raw, one_line(raw).raw}
        return {word: frozenset(texts) for word, texts in meant.items()}

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, SpecText):
            return self._word(value.raw)
        if isinstance(value, tuple):
            return tuple(map(self._replaced, value))
        if isinstance(value, dict):
            return {key: self._replaced(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            # Not `replace`: what is no text is kept as it is.
            changed = {one.name: self._replaced(getattr(value, one.name)) for one in fields(value)}
            return type(value)(**changed)
        return value

    def _word(self, text: str) -> SpecText:
        if text not in self._words:
            # A path stays one, and what begins in it stays its beginning.
            slash = "/" if text.startswith("/") else ""
            self._words[text] = SpecText(f"{slash}Harmless-{len(self._words)}")
        return self._words[text]
