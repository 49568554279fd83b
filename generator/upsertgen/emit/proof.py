"""Proof that an emitted Python file says what it was meant to say, and nothing more.

A file is parsed, and what it defines is compared with what the Api tree meant to emit. Whatever way text
from a spec might have found into the source, it shows here as a statement that nobody asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    """What a Python file must define.

    Attributes:
        definitions: `class A`, `def f`, `def A.m`, `field A.x`, `assign x`.
        exact: Whether it may define nothing else. A template of the user's own may.
    """

    definitions: frozenset[str]
    exact: bool


class UnprovenFile(Exception):
    """An emitted file is not what it was meant to be. Nothing is written.

    Attributes:
        path: The file.
        wrong: What is wrong with it.
    """

    def __init__(self, path: str, wrong: str) -> None:
        super().__init__(path, wrong)
        self.path = path
        self.wrong = wrong

    def __str__(self) -> str:
        return f"{self.path} {self.wrong}"


def prove(path: str, text: str, expectation: Expectation) -> None:
    """Check an emitted Python file.

    Args:
        path: The file, for the message.
        text: Its contents.
        expectation: What it must define.

    Raises:
        UnprovenFile: It does not parse, or defines more or less.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise UnprovenFile(path, f"is no Python: {error}") from None
    found = frozenset(_definitions(module.body, ""))
    missing = expectation.definitions - found
    surplus = found - expectation.definitions if expectation.exact else frozenset()
    if missing or surplus:
        raise UnprovenFile(
            path,
            f"was to define {', '.join(sorted(missing)) or 'nothing else'}"
            + (f", and also has {', '.join(sorted(surplus))}" if surplus else ""),
        )


def _definitions(body: list[ast.stmt], owner: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                if owner:
                    yield f"import in {owner}"
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(), attr="model_rebuild"), args=[])
            ):
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]) if not owner:
                yield from _definitions(statement.body, owner)
            case ast.If(
                test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id="TYPE_CHECKING")), orelse=[]
            ):
                yield from _definitions(statement.body, owner)
            case ast.ClassDef(name=name):
                yield f"class {owner}{name}"
                yield from _definitions(statement.body, f"{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"def {owner}{name}"
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{'field ' if owner else 'assign '}{owner}{name}"
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield f"assign {owner}{name}"
            case ast.Pass():
                pass
            case _:
                yield f"{type(statement).__name__} at line {statement.lineno}"
