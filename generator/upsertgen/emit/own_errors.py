"""The exceptions of one API alone, put among those that every client has."""

from __future__ import annotations

import ast
import re

from upsertgen.emit.encode import identifier, raw, string_literal, whole_docstring
from upsertgen.ir.tree import Api
from upsertgen.ir.vocabulary import OwnError
from upsertgen.spec_text import SpecText

TEMPLATE = "package/errors.py"
"""The module of those that every client has."""
_PAGE = re.compile(r'^_PAGE = "[^"\n]*"$', re.MULTILINE)
"""Where the module says where pages are."""
_BEHIND = "\n\nclass ServerError("
"""What they stand before."""


def with_own_errors(module: str, api: Api, page: str | None = None) -> str:
    """Return the module of exceptions with those that an API has alone.

    Args:
        module: The module without them.
        api: Whose they are.
        page: The address of a page of the documentation, with `{page}` for its name; by default the path
            of the page in the repository of the distribution.

    Raises:
        ValueError: The module has no place for them.
    """
    if page is not None:
        module = _PAGE.sub(lambda _: f"_PAGE = {string_literal(page)}", module, count=1)
    if not api.errors:
        return module
    if _BEHIND not in module:
        raise ValueError("no class ServerError, before which those of the API alone would stand")
    passing = {rule.error for policy in api.policies for rule in policy.rules if rule.retry}
    classes = "".join(_class(one, may_pass=one.name in passing) for one in api.errors)
    exported = _exported(module)
    names = sorted({*(name for name, _ in exported), *(one.name for one in api.errors)})
    lines = module.splitlines(keepends=True)
    first, last = (exported[0][1], exported[-1][1]) if exported else (1, 0)
    lines[first - 1 : last] = [f'    "{identifier(name)}",\n' for name in names]
    return "".join(lines).replace(_BEHIND, f"{classes}{_BEHIND}", 1)


def exported_errors(module: str) -> list[str]:
    """Return the names that a module of exceptions exports."""
    return [name for name, _ in _exported(module)]


def _exported(module: str) -> list[tuple[str, int]]:
    """Return the names in `__all__`, each with its line."""
    for statement in ast.parse(module).body:
        match statement:
            case ast.Assign([ast.Name("__all__")], ast.List(elements)):
                constants = [one for one in elements if isinstance(one, ast.Constant)]
                return [(str(one.value), one.lineno) for one in constants]
            case _:
                continue
    return []


def _class(error: OwnError, *, may_pass: bool) -> str:
    meaning = raw(error.meaning)
    sentence = SpecText(f"{meaning[:1].upper()}{meaning[1:]}.")
    told = whole_docstring(error.description or sentence, 4)
    passes = "\n\n    may_pass = True" if may_pass else ""
    return f"\n\nclass {identifier(error.name)}(StatusError):\n    {told}{passes}\n"
