"""The classes that datamodel-code-generator wrote, put into our own words.

It invents a class of its own for a type that it cannot write in place, such as the items of a list with a
constraint; what such a helper stands for is written in its place. And it has its own way with string
literals, which depends on the Python that it runs on; each is written by `upsertgen.emit.encode`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from typing import TypeAlias

from upsertgen.emit.encode import string_literal

NO_NAME = "is no name"
"""How the last key of a TypedDict begins that is left out again, and keeps it from being a class."""

_Segment: TypeAlias = "tuple[int, int, str]"


class Source:
    """A Python text whose nodes can be read and replaced.

    Attributes:
        body: Its statements.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.body = ast.parse(text).body

    def rewritten(
        self, node: ast.AST, helpers: Mapping[str, str], *, quoted_names: bool = False
    ) -> str:
        """Return the text of a node, with helpers replaced and string literals written our way.

        Args:
            node: A statement or an expression.
            helpers: What stands for each helper, by its name.
            quoted_names: Whether a string, unless in a Literal, is the name of a type.
        """
        start, end = self._span(node)
        parts: list[bytes] = []
        for first, last, text in sorted(self._segments(node, helpers, quoted_names)):
            parts += [self._bytes[start:first], text.encode()]
            start = last
        return b"".join((*parts, self._bytes[start:end])).decode()

    def helpers(self, kept: Container[str]) -> dict[str, str]:
        """Return what stands for each helper: every definition but those that are to be kept.

        Raises:
            RuntimeError: A definition is neither to be kept nor a helper. That is an error of ours.
        """
        found = {
            name: _meaning(statement)
            for statement in self.body
            if (name := defined_name(statement)) is not None and name not in kept
        }
        strange = sorted(name for name, meaning in found.items() if meaning is None)
        if strange:
            raise RuntimeError(f"datamodel-code-generator defined {', '.join(strange)}")
        texts: dict[str, str] = {}

        def expand(name: str) -> None:
            meaning = found[name]
            if name in texts or meaning is None:
                return
            for node in ast.walk(meaning):
                if isinstance(node, ast.Name) and node.id in found:
                    expand(node.id)
            texts[name] = self.rewritten(meaning, texts)

        for name in found:
            expand(name)
        return texts

    def _segments(
        self, node: ast.AST, helpers: Mapping[str, str], quoted_names: bool
    ) -> Iterator[_Segment]:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                # A docstring: what it says has been encoded before.
                return
            case ast.Assign(targets=[ast.Name(id="model_config")]):
                yield (*self._span(node), ast.unparse(node))
            case ast.Assign(
                targets=[ast.Name(id="__annotations__")], value=ast.Dict(values=[kind])
            ):
                # The type of fields that are not named. A type checker takes it for a field.
                start, end = self._span(node)
                values = self.rewritten(kind, helpers, quoted_names=True)
                typed = values.replace("Dict", "dict", 1)
                declared = f"if not TYPE_CHECKING:\n        __pydantic_extra__: {typed}"
                yield (start, end, declared)
            case ast.Dict(keys=[*_, ast.Constant(value=str(last))]) if last.startswith(NO_NAME):
                for key, value in zip(node.keys[:-1], node.values[:-1], strict=True):
                    if key is not None:
                        yield from self._segments(key, helpers, quoted_names)
                    yield from self._segments(value, helpers, quoted_names)
                first = node.keys[-1]
                if first is not None:
                    yield (self._span(first)[0], self._after_comma(node.values[-1]), "")
            case ast.Name(id=name) if name in helpers:
                yield (*self._span(node), helpers[name])
            case ast.Constant(value=str(name)) if quoted_names:
                yield (*self._span(node), helpers.get(name, name))
            case ast.Constant(value=str(value)):
                yield (*self._span(node), string_literal(value))
            case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
                yield from self._segments(values, helpers, quoted_names=False)
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from self._segments(child, helpers, quoted_names)

    def _after_comma(self, node: ast.expr) -> int:
        """Return where a node of a list ends, with the comma behind it if there is one."""
        end = self._span(node)[1]
        rest = self._bytes[end:].lstrip()
        return len(self._bytes) - len(rest) + 1 if rest.startswith(b",") else end

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends, in bytes; `ast` counts columns so too."""
        if not isinstance(node, (ast.stmt, ast.expr, ast.keyword)):
            raise TypeError(f"{type(node).__name__} has no place in the text")
        last_line, last_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[last_line - 1] + last_column,
        )


def defined_name(statement: ast.stmt) -> str | None:
    """Return the name that a statement of a module defines, if it defines one."""
    match statement:
        case ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _is_docstring(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False


def _meaning(helper: ast.stmt) -> ast.expr | None:
    """Return the type that a helper stands for, or nothing when it is no helper."""
    match helper:
        case ast.ClassDef(
            bases=[ast.Subscript(value=ast.Name(id="RootModel"))],
            body=[ast.AnnAssign(target=ast.Name(id="root"), annotation=annotation), *rest],
        ) if all(map(_is_docstring, rest)):
            return annotation
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeAliasType"), args=[_, annotation])):
            return annotation
        case _:
            return None
