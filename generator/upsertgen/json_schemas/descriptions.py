"""What the words of specs mean: the docstrings of the classes of the client's runtime that they become."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from upsertgen.emit.templates import Templates
from upsertgen.ir import vocabulary
from upsertgen.ir.words import ErrorClass, words

_MODULES = tuple(
    f"package/{name}.py"
    for name in (
        "_runtime/roles",
        "_runtime/policy",
        "_runtime/security",
        "_properties/property",
        "sandbox/contract",
        "sandbox/record_words",
    )
)
_ATTRIBUTE = re.compile(r"    (\w+): (.*)")


def described(schema: Any) -> Any:
    """Return a JSON Schema in which each word of a class says what it means.

    Args:
        schema: The schema; an object's title is the name of its class, which is left out.
    """
    if isinstance(schema, list):
        return [described(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {
        key: described(value) for key, value in schema.items() if key not in ("properties", "title")
    }
    properties = schema.get("properties")
    if isinstance(properties, dict):
        meanings = _meanings(schema.get("title", ""))
        result["properties"] = {
            word: _with(meanings.get(word, ""), described(one)) for word, one in properties.items()
        }
    return result


def default_of(title: str, word: str) -> Any:
    """Return what a word of a class is where specs do not say it; None if then nothing is known.

    Args:
        title: The class.
        word: The word, as specs spell it.
    """
    known = getattr(vocabulary, title, None)
    if known is not None:
        found = next(one.default for one in words(known) if one.spelling == word)
        is_plain = isinstance(found, (str, int, float)) and found != ""
        return found if is_plain and not isinstance(found, ErrorClass) else None
    return _classes()[title][1].get(word.replace("-", "_"))


def attributes(docstring: str | None) -> dict[str, str]:
    """Return what a docstring says of the attributes of its class."""
    found: dict[str, str] = {}
    name = ""
    _, _, text = inspect.cleandoc(docstring or "").partition("\nAttributes:\n")
    for line in text.split("\n"):
        head = _ATTRIBUTE.fullmatch(line)
        if head is not None:
            name, found[head[1]] = head[1], head[2]
        elif name and line.startswith("        "):
            found[name] += f" {line.strip()}"
        else:
            break
    return found


def _with(meaning: str, schema: Any) -> Any:
    # Where the runtime has None, specs say nothing.
    said = re.sub(r"\bNone\b", "nothing", meaning)
    return {"description": said, **schema} if said else schema


@cache
def _meanings(title: str) -> Mapping[str, str]:
    """Return what each word of a class means, by how specs spell it."""
    texts = _classes().get(title, ({}, {}))[0]
    known = getattr(vocabulary, title, None) if title else None
    if known is None:
        # What a file of properties says is spelt as in Python.
        return {
            spelt: text for name, text in texts.items() for spelt in (name, name.replace("_", "-"))
        }
    return {one.spelling: one.about.meaning or texts.get(one.name, "") for one in words(known)}


@cache
def _classes() -> dict[str, tuple[dict[str, str], dict[str, Any]]]:
    """Return what classes of the runtime say of their attributes, and plain defaults, by their names."""
    files = Templates(None).files
    return {
        node.name: (attributes(ast.get_docstring(node)), dict(_defaults(node)))
        for name in _MODULES
        for node in ast.parse(files[name].path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }


def _defaults(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    for one in node.body:
        match one:
            case ast.AnnAssign(ast.Name(name), _, ast.Constant(value)):
                yield name, value
            case _:
                pass
