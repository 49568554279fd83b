"""The pages of classes say what `help` says, and every exception leads to its page."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, cast

import hubspot_upsert
import pydantic
import pytest
from hubspot_upsert import errors
from markdown_it import MarkdownIt
from upsertgen.emit.own_errors import TEMPLATE, with_own_errors
from upsertgen.emit.templates import Templates
from upsertgen.ir.tree import Api

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "generated" / "docs" / "pages"
PACKAGE = hubspot_upsert.__name__
_ANCHOR = re.compile(r'^<a id="([^"]+)"></a>$', re.MULTILINE)
_HEADING = re.compile(r"^## (?:Class )?`(\w+)`$", re.MULTILINE)
_SIGNATURE = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_PRIVATE = re.compile(r"\b_\w+\.")


def _modules() -> Iterator[ModuleType]:
    """Yield what people may import: all but what begins with `_`, and what is inside of `sandbox`."""
    yield hubspot_upsert
    for found in pkgutil.walk_packages(hubspot_upsert.__path__, f"{PACKAGE}."):
        inside = found.name.split(".")[1:]
        if not any(one.startswith("_") for one in inside) and not (
            inside[0] == "sandbox" and len(inside) > 1
        ):
            yield importlib.import_module(found.name)


def _page(module: str) -> str:
    """Return the path of the page that describes a module."""
    inside = module.split(".")[1:] or ["errors"]
    if re.fullmatch(r"v\d\w*", inside[0]):
        version, name = inside[0], inside[1] if len(inside) > 1 else "client"
        if name in ("client", "models", "typed_dicts"):
            return f"classes/{version}/{'client' if name == 'client' else 'models'}.md"
        return f"reference/{version}/{name}.md"
    return f"classes/{inside[0]}.md"


def _classes() -> list[tuple[str, str, type]]:
    """Return every public class and exception: its page, its name, and itself."""
    found: list[tuple[str, str, type]] = []
    for module in _modules():
        own = [name for name, one in vars(module).items() if _is_own(module, name, one)]
        for name in getattr(module, "__all__", own):
            one = getattr(module, name)
            if inspect.isclass(one):
                found.append((_page(module.__name__), name, one))
    return found


def _is_own(module: ModuleType, name: str, one: object) -> bool:
    return not name.startswith("_") and getattr(one, "__module__", "") == module.__name__


@cache
def _sections(page: str) -> dict[str, str]:
    """Return the parts of a page by their anchors; each goes on until the next one."""
    _, *parts = _ANCHOR.split((DOCS / page).read_text("utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _section(page: str, name: str) -> str:
    """Return the part of a page that is about a class."""
    assert name.lower() in _sections(page), f"{page} does not describe {name}"
    found = _sections(page)[name.lower()]
    heading = _HEADING.search(found)
    assert heading is not None and heading[1] == name
    return found


def _paragraphs(section: str) -> list[str]:
    """Return the paragraphs of Markdown as people read them."""
    tokens = MarkdownIt().parse(section)
    return [
        "".join(
            " " if child.type == "softbreak" else child.content
            for child in one.children or ()
            if child.type != "html_inline"
        )
        for one in tokens
        if one.type == "inline"
    ]


def _first_paragraph(documented: object) -> str:
    paragraph = (inspect.getdoc(documented) or "").split("\n\n")[0]
    return " ".join(paragraph.replace("`", "").split())


def _written(text: str) -> list[tuple[str, str, bool, str]]:
    """Return the parameters of a signature as a page shows it: name, kind, default or not, annotation."""
    lines = [one for one in text.split("\n") if not one.startswith("@")]
    text = "\n".join(lines)
    start = "" if text.startswith(("def ", "async def ")) else "def "
    tree = ast.parse(f"{start}{text}: ...").body[0]
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    given = tree.args
    positional = [*given.posonlyargs, *given.args]
    defaults = len(positional) - len(given.defaults)
    found = [
        (
            one,
            "POSITIONAL_ONLY" if one in given.posonlyargs else "POSITIONAL_OR_KEYWORD",
            index >= defaults,
        )
        for index, one in enumerate(positional)
    ]
    found += [(given.vararg, "VAR_POSITIONAL", False)] if given.vararg else []
    found += [
        (one, "KEYWORD_ONLY", default is not None)
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    found += [(given.kwarg, "VAR_KEYWORD", False)] if given.kwarg else []
    return [
        (one.arg, kind, has, "" if one.annotation is None else ast.unparse(one.annotation))
        for one, kind, has in found
    ]


def _real(called: Any, *, skips_first: bool = False) -> list[tuple[str, str, bool, str]]:
    """Return the same of what Python knows."""
    parameters = list(inspect.signature(called).parameters.values())[1 if skips_first else 0 :]
    return [
        (
            one.name,
            one.kind.name,
            one.default is not one.empty,
            "" if one.annotation is one.empty else _annotation(one.annotation),
        )
        for one in parameters
    ]


def _annotation(text: object) -> str:
    """Return an annotation as source; empty for what is none any more: what pydantic made of one."""
    # A named tuple keeps what it was told as a reference that nobody has followed.
    text = getattr(text, "__forward_arg__", text)
    if not isinstance(text, str):
        return ""
    return _PRIVATE.sub("", ast.unparse(ast.parse(str(text), mode="eval")))


def _has_signature(one: Any) -> bool:
    """Return whether a class says itself what makes its objects."""
    if issubclass(one, Enum) or getattr(one, "_is_protocol", False):
        return False
    return isinstance(one.__init__, FunctionType) or hasattr(one, "_fields")


def test_every_class_is_described_in_the_words_of_its_docstring() -> None:
    for page, name, one in _classes():
        said = _first_paragraph(one)
        if said:
            assert said in _paragraphs(_section(page, name)), (page, name)
        else:
            _section(page, name)


def test_signatures_are_those_of_python() -> None:
    for page, name, one in _classes():
        section = _section(page, name)
        shown = _SIGNATURE.search(section)
        if page.startswith("reference/"):
            continue  # Nobody makes objects of these but clients.
        if not _has_signature(one):
            assert shown is None or not shown[1].startswith(f"{name}("), name
            continue
        assert shown is not None, name
        if issubclass(one, pydantic.BaseModel):
            # Until then it does not know bodies that are defined below it.
            one.model_rebuild()
        written, real = _written(shown[1]), _real(one)
        if issubclass(one, pydantic.BaseModel):
            # What pydantic says of annotations is what they have become.
            written, real = [(*w[:3], "") for w in written], [(*r[:3], "") for r in real]
        assert written == real, (page, name)


def test_methods_are_described_or_named_where_they_are_inherited() -> None:
    for page, name, one in _classes():
        section = _section(page, name)
        for method, found in vars(one).items():
            if method.startswith("_") or not inspect.isfunction(found):
                continue
            part = _sections(page).get(f"{name}.{method}".lower())
            if part is None:
                everything = _whole_class(page, name)
                assert issubclass(one, pydantic.BaseModel) or f"`{method}`" in everything, (
                    name,
                    method,
                )
                continue
            shown = _SIGNATURE.search(part)
            assert shown is not None
            assert _written(shown[1]) == _real(found, skips_first=True), (page, name, method)
            assert inspect.iscoroutinefunction(found) == shown[1].startswith("async def ")
            said = _first_paragraph(getattr(one, method))
            assert said in _paragraphs(part), (page, name, method)
        assert section


def _whole_class(page: str, name: str) -> str:
    parts = _sections(page)
    start = f"{name}.".lower()
    return "".join(text for anchor, text in parts.items() if f"{anchor}.".startswith(start))


def test_every_exception_leads_to_its_page() -> None:
    public = {one for _, _, one in _classes()}
    known = _documented(errors.Documented)
    raised = {one for one in public if issubclass(one, BaseException)}
    assert raised <= known
    for one in known:
        path, _, anchor = one.documentation.partition("#")
        text = (ROOT / "generated" / path).read_text("utf-8")
        assert f'<a id="{anchor}"></a>' in text, one
        if one in raised:
            assert anchor == one.__name__.lower()


def _documented(one: type[Any]) -> set[type[Any]]:
    found: set[type[Any]] = set()
    for each in type.__subclasses__(one):
        if each.__module__.startswith(PACKAGE):
            found |= {each, *_documented(each)}
    return found


def test_what_others_derive_is_documented_where_its_base_is() -> None:
    class OwnError(errors.RateLimitError):
        pass

    assert OwnError.documentation == errors.RateLimitError.documentation


def test_docs_url_is_where_exceptions_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_own_errors = cast(Api, SimpleNamespace(errors=()))
    address = "https://docs.example.com/{page}.html"
    text = with_own_errors(Templates(None).plain_text(TEMPLATE), no_own_errors, address)
    (tmp_path / "errors_of_example.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = importlib.import_module("errors_of_example").RateLimitError.documentation
    assert found == "https://docs.example.com/classes/errors.html#ratelimiterror"
