"""Proof that an emitted file says what it was meant to say, and nothing more.

A Python file is parsed as Python itself reads it, from bytes, and held against what the Api tree meant:

- what it defines and imports, at any depth, each once;
- where it is laid out by a template: everything else about it too. The same template is rendered once
  more from a tree whose texts are all harmless (`upsertgen.emit.harmless`), and both have to be the same
  program: statements, decorators, default arguments, expressions and all, but for literals, which have to
  be the very texts of the tree;
- where datamodel-code-generator wrote it: its expressions are annotations and nothing else, and its
  literals are those of the tree.

Whatever way text from a spec might have found into the source, it shows here.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Texts: TypeAlias = Mapping[str, frozenset[str]]

_SIGNED = (ast.Import, ast.ImportFrom)
_CALLED = frozenset(("ConfigDict", "Field", "TypedDict", "renamed_names"))
_BUILT_IN = frozenset(("__name__", "bool", "dict", "float", "int", "list", "str"))
_ANNOTATION = (
    *(ast.Name, ast.Load, ast.Store, ast.Subscript, ast.Tuple, ast.List, ast.Dict, ast.Constant),
    *(ast.BinOp, ast.BitOr, ast.UnaryOp, ast.USub, ast.Call, ast.keyword),
)
# What our own templates write between texts of a spec, which never holds these.
_HTML = re.compile(r"<(?:br|/?details|/?summary)>")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_BREAKING_OUT = re.compile(
    r"[<>\[\]]|&[#A-Za-z]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")
_MARK = re.compile(r"<!-- [^<>\n]* -->\n")


@dataclass(frozen=True)
class Twin:
    """The same file, rendered from harmless texts.

    Attributes:
        text: Its contents.
        meant: The texts of the spec, by the harmless ones that stand for them; several where what is
            emitted is made from a text.
    """

    text: str
    meant: Texts


@dataclass(frozen=True)
class Expectation:
    """What a Python file must define.

    Attributes:
        definitions: `class A`, `def f`, `def A.m`, `field A.x`, `assign x`, `from x import y`, and so on.
        exact: Whether it may define nothing else. A template of the user's own may.
        twin: What it must be the same program as.
        literals: For a module of classes: the strings that each class must hold, by its name.
        possible: For a module of classes: the strings that each may hold beside these.
    """

    definitions: frozenset[str]
    exact: bool
    twin: Twin | None = None
    literals: Texts | None = None
    possible: Texts = field(default_factory=dict)


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


def imports_as_definitions(
    modules: Iterable[tuple[str, Iterable[str]]], within: str = ""
) -> set[str]:
    """Return imports as a proof words them.

    Args:
        modules: Pairs of a module and the names that are imported from it, maybe `name as other`.
        within: The function that they stand in; nothing for the module itself.
    """
    suffix = f" in {within}" if within else ""
    return {f"from {module} import {name}{suffix}" for module, names in modules for name in names}


def prove(path: str, text: str, expectation: Expectation) -> None:
    """Check an emitted Python file.

    Args:
        path: The file, for the message.
        text: Its contents.
        expectation: What it must define.

    Raises:
        UnprovenFile: It does not parse, or says more, less or something else.
    """
    module = _parsed(path, text)
    counted = Counter(_definitions(module.body, ""))
    found = counted.keys()
    missing = expectation.definitions - found
    surplus = found - expectation.definitions if expectation.exact else frozenset()
    if missing or surplus:
        raise UnprovenFile(
            path,
            f"was to define {', '.join(sorted(missing)) or 'nothing else'}"
            + (f", and also has {', '.join(sorted(surplus))}" if surplus else ""),
        )
    if not expectation.exact:
        return
    twice = sorted(name for name, count in counted.items() if count > 1)
    if twice:
        raise UnprovenFile(path, f"was to define {', '.join(twice)} only once")
    if expectation.literals is not None:
        _prove_classes(path, module, expectation, expectation.literals)
    if expectation.twin is not None:
        twin = _parsed(path, expectation.twin.text)
        strange = _difference(module, twin, expectation.twin.meant)
        if strange is not None:
            raise UnprovenFile(
                path, f"is another program than from harmless texts, at line {strange}"
            )


def prove_toml(path: str, text: str, expected: Mapping[str, Any]) -> None:
    """Check that an emitted file is TOML and says exactly what was meant.

    Raises:
        UnprovenFile: It is not.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnprovenFile(path, f"is no TOML: {error}") from None
    if found != expected:
        raise UnprovenFile(path, "says something else than was meant")


def prove_json(path: str, text: str, expected: object) -> None:
    """Check that an emitted file is JSON and says exactly what was meant.

    Raises:
        UnprovenFile: It is not.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UnprovenFile(path, f"is no JSON: {error}") from None
    # As text: `1 == True` in Python and not in JSON.
    if json.dumps(found) != json.dumps(expected):
        raise UnprovenFile(path, "says something else than was meant")


def prove_markdown(path: str, text: str) -> None:
    """Check that an emitted file is Markdown in which nothing but our own words has an effect.

    What remains beside blocks of code, code spans and escaped characters must hold no HTML, link, image,
    entity or hidden character.

    Raises:
        UnprovenFile: It is not.
    """
    rest = _MARK.sub("", text, count=1) if text.startswith("<!--") else text
    prose: list[str] = []
    fence = ""
    for line in rest.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif fence:
            fence = "" if line.strip() == fence else fence
        else:
            prose.append(line)
    if fence:
        raise UnprovenFile(path, "has a block of code that does not end")
    for paragraph in "\n".join(prose).split("\n\n"):
        # An escape counts only outside of code, so both are looked for from left to right.
        found = _BREAKING_OUT.search(_HTML.sub("", _without_code(path, paragraph)))
        if found:
            raise UnprovenFile(path, f"has {found[0]!r} outside of code")


def _without_code(path: str, text: str) -> str:
    parts: list[str] = []
    place = 0
    while place < len(text):
        escape = _ESCAPE.match(text, place)
        if escape:
            place = escape.end()
        elif text[place] == "`":
            run = re.compile("`+").match(text, place)
            mark = run[0] if run else "`"
            end = re.compile(rf"(?<!`){mark}(?!`)").search(text, place + len(mark))
            if end is None:
                raise UnprovenFile(path, "has a code span that does not end")
            place = end.end()
        else:
            parts.append(text[place])
            place += 1
    return "".join(parts)


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


def _definitions(body: list[ast.stmt], owner: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                yield from _imports(statement, owner.removesuffix("."))
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
                yield from _inside(statement, f"{owner}{name}")
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{'field ' if owner else 'assign '}{owner}{name}"
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield f"assign {owner}{name}"
            case ast.Pass():
                pass
            case _:
                yield f"{type(statement).__name__} at line {statement.lineno}"


def _imports(statement: ast.Import | ast.ImportFrom, owner: str) -> Iterator[str]:
    suffix = f" in {owner}" if owner else ""
    for one in statement.names:
        name = one.name if one.asname is None else f"{one.name} as {one.asname}"
        if isinstance(statement, ast.Import):
            yield f"import {name}{suffix}"
        elif statement.module != "__future__":
            yield f"from {'.' * statement.level}{statement.module or ''} import {name}{suffix}"


def _inside(function: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Iterator[str]:
    """Yield what the body of a function defines, or does to names elsewhere."""
    for node in (one for statement in function.body for one in ast.walk(statement)):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from _imports(node, owner)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield f"{type(node).__name__} in {owner}"
            case ast.Global() | ast.Nonlocal() | ast.Delete() | ast.NamedExpr():
                yield f"{type(node).__name__} in {owner}"
            case _:
                pass


def _prove_classes(
    path: str, module: ast.Module, expectation: Expectation, literals: Texts
) -> None:
    """Check that a module of classes holds annotations, and the literals of the tree."""
    names = _BUILT_IN | {
        one.asname or one.name
        for statement in ast.walk(module)
        if isinstance(statement, _SIGNED)
        for one in statement.names
    }
    names |= {one.split(" ")[1] for one in expectation.definitions if "." not in one}
    for statement in module.body:
        name = _defined(statement)
        if name is None or isinstance(statement, ast.If):
            continue
        found: set[str] = set()
        for expression in _expressions(statement):
            found |= _strings(path, expression, names)
        meant = literals.get(name, frozenset())
        wrong = (meant - found) | (found - meant - expectation.possible.get(name, frozenset()))
        if name in literals and wrong:
            told = ", ".join(map(repr, sorted(wrong)))
            raise UnprovenFile(path, f"has other texts in {name} than were meant: {told}")


def _defined(statement: ast.stmt) -> str | None:
    match statement:
        case ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions of a class or an assignment, but for what stands in methods."""
    match statement:
        case ast.ClassDef():
            yield from (*statement.bases, *statement.decorator_list)
            yield from (one.value for one in statement.keywords)
            for inner in statement.body:
                yield from _expressions(inner)
        case ast.If():
            for inner in statement.body:
                yield from _expressions(inner)
        case ast.AnnAssign(annotation=annotation, value=value):
            yield annotation
            if value is not None:
                yield value
        case ast.Assign(value=value):
            yield value
        case _:
            pass


def _strings(path: str, expression: ast.expr, names: frozenset[str] | set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(expression):
        strange = not isinstance(node, _ANNOTATION)
        if isinstance(node, ast.Name):
            strange = node.id not in names
        elif isinstance(node, ast.Call):
            strange = not (isinstance(node.func, ast.Name) and node.func.id in _CALLED)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        if strange:
            line = getattr(node, "lineno", expression.lineno)
            raise UnprovenFile(path, f"has no annotation at line {line}")
    return found


def _difference(real: ast.AST, twin: ast.AST, meant: Texts) -> int | None:
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
