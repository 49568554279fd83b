"""The twin of what is emitted: the same, from texts that are all harmless.

If no text of a spec has an effect, a file and its twin are the same program: that is how `prove` knows
whether an emitted Python file says what it was meant to say, and nothing more. `HarmlessTexts` gives the tree
from which twins are laid out by the same templates; the twin of models are the words that
`upsertgen.emit.dcg` put in the place of texts.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from upsertgen.emit.encode import is_plain_name, one_line
from upsertgen.emit.proof import UnprovenFile
from upsertgen.spec_text import SpecText

T = TypeVar("T")


@dataclass(frozen=True)
class Twin:
    """What a Python file is held against.

    Attributes:
        text: The same file, rendered from harmless texts.
        meant: The texts of the spec, by the harmless ones that stand for them; several where what is
            emitted is made from a text.
        exact: Whether the file has to be the same program. A template of the user's own may define more
            than ours, whose rendering is the twin then.
    """

    text: str
    meant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    exact: bool = True


class HarmlessTexts:
    """Replaces texts by harmless ones: the same text by the same, and different texts by different ones."""

    def __init__(self) -> None:
        self._words: dict[str, SpecText] = {}

    def tree(self, value: T) -> T:
        """Return a value of the tree with all its texts replaced."""
        result: T = self._replaced(value)
        return result

    def stood_for(self) -> dict[str, frozenset[str]]:
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
        kind: type = type(value)
        if (names := _field_names(kind)) is not None:
            # Not `replace`: what is no text is kept as it is.
            return kind(**{name: self._replaced(getattr(value, name)) for name in names})
        return value

    def _word(self, text: str) -> SpecText:
        if text not in self._words:
            # A path stays one, what begins in it stays its beginning, and a name stays a name.
            slash = "/" if text.startswith("/") else ""
            dash = "_" if is_plain_name(SpecText(text)) else "-"
            self._words[text] = SpecText(f"{slash}Harmless{dash}{len(self._words)}")
        return self._words[text]


@cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """Return what a dataclass calls its fields; nothing for another class."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else None


def prove(path: str, text: str, twin: Twin) -> None:
    """Check an emitted Python file.

    Args:
        path: The file, for the message.
        text: Its contents.
        twin: What it is held against.

    Raises:
        UnprovenFile: It does not parse as Python itself reads it, or says more, less or something else.
    """
    found, wanted = _parsed(path, text), _parsed(path, twin.text)
    if twin.exact:
        strange = _difference(found, wanted, twin.meant)
        if strange is not None:
            raise UnprovenFile(
                path, f"is another program than from harmless texts, at line {strange}"
            )
    elif missing := set(_definitions(wanted)) - set(_definitions(found)):
        raise UnprovenFile(path, f"was to define {', '.join(sorted(missing))}")


def _parsed(path: str, text: str) -> ast.Module:
    try:
        # From bytes: a comment in the first lines may say that they are of another encoding, and then
        # Python reads something else than we wrote.
        data = text.encode()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if encoding != "utf-8":
            raise UnprovenFile(path, f"says that it is written in {encoding}")
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnprovenFile(path, f"is no Python: {error}") from None


def _difference(real: ast.AST, twin: ast.AST, meant: Mapping[str, frozenset[str]]) -> int | None:
    """Return the line where two programs differ in more than their texts, or nothing."""
    stack: list[tuple[Any, Any, int]] = [(real, twin, 1)]
    while stack:
        one, other, line = stack.pop()
        if type(one) is not type(other):
            return line
        if isinstance(one, ast.AST):
            line = getattr(one, "lineno", line)
            if isinstance(one, ast.Expr) and _is_string(one.value) and _is_string(other.value):
                # A docstring. What it says has been wrapped.
                continue
            stack.extend(
                (getattr(one, name, None), getattr(other, name, None), line) for name in one._fields
            )
        elif isinstance(one, list):
            if len(one) != len(other):
                return line
            stack.extend((left, right, line) for left, right in zip(one, other, strict=True))
        elif one != other and not (isinstance(one, str) and one in meant.get(other, ())):
            return line
    return None


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _definitions(module: ast.Module) -> Iterator[str]:
    """Yield what callers can use of a module: its classes, functions and constants, and what classes have."""
    for owner, body in [("", module.body)] + [
        (f"{one.name}.", one.body) for one in module.body if isinstance(one, ast.ClassDef)
    ]:
        for statement in body:
            match statement:
                case ast.ClassDef(name=name):
                    yield f"class {owner}{name}"
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield f"def {owner}{name}"
                case ast.AnnAssign(target=ast.Name(id=name)):
                    yield f"{'field' if owner else 'assign'} {owner}{name}"
                case ast.Assign(targets=[ast.Name(id=name)]):
                    yield f"assign {owner}{name}"
                case _:
                    pass
