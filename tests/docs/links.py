"""Whether links of a site, or of pages of Markdown, lead somewhere, and nothing is loaded from elsewhere.

python -m tests.docs.links generated/docs/site
python -m tests.docs.links generated/docs/pages
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

HOSTS = frozenset(("developers.hubspot.com", "github.com", "pypi.org", "spec.openapis.org"))
"""Where links of the documentation may lead, besides to itself."""

_LINKS = {("a", "href"), ("area", "href"), ("form", "action")}
_LOADED = {
    *(("audio", "src"), ("embed", "src"), ("iframe", "src"), ("image", "href"), ("img", "src")),
    *(("input", "src"), ("object", "data"), ("script", "src"), ("source", "src"), ("track", "src")),
    *(("use", "href"), ("video", "poster"), ("video", "src"), ("image", "xlink:href")),
    *(("use", "xlink:href"),),
}
_SETS = {("img", "srcset"), ("source", "srcset")}
_TOLD = {"alternate", "canonical", "next", "prev"}
"""What a `link` may be that only tells of another page; any other is loaded."""
_CSS = re.compile(
    r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)\"']*))\s*\)|@import\s+[\"']([^\"']+)[\"']"
)
_NO_SLUG = re.compile(r"[^\w\- ]")
_PLAIN = re.compile(
    r"</?(?:code|em|li|p|path|pre|span|strong|td|th|tr|ul)(?: (?:class|d)=\"[^\"]*\")?/?>"
)
"""Tags that fill a page, lead nowhere and are no place: to leave them out saves most of the time."""


@dataclass
class _Document:
    """What a page leads to, what it has loaded, and which places in it others may lead to."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    """Reads a page of HTML into a document."""

    def __init__(self) -> None:
        super().__init__()
        self.document = _Document()
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.document.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "link":
            told = set(given.get("rel", "").split()) <= _TOLD
            (self.document.links if told else self.document.loaded).append(given.get("href", ""))
        if tag == "base":
            self.document.loaded.append("a base, which moves every link of the page")
        for name, value in given.items():
            if (tag, name) in _LINKS:
                self.document.links.append(value)
            elif (tag, name) in _LOADED:
                self.document.loaded.append(value)
            elif (tag, name) in _SETS:
                self.document.loaded += [one.split()[0] for one in value.split(",") if one.split()]
            elif name == "style":
                self.document.loaded += _addresses(value)
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.document.loaded += _addresses(data)


def check_site(site: Path, hosts: Collection[str] = HOSTS) -> list[str]:
    """Return what is wrong with the links of a site, one sentence for each.

    Args:
        site: The folder of the site.
        hosts: The hosts that links may lead to.
    """
    site = site.resolve()
    pages = {path: _read_html(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    problems = [one for path in pages for one in _check(path, site, pages, hosts)]
    for path in sorted(site.rglob("*.css")):
        found = _Document(loaded=_addresses(path.read_text("utf-8")))
        problems += _check(path, site, {path: found}, hosts)
    for path in sorted(site.glob("search.json")):
        locations = [one["location"] for one in json.loads(path.read_text("utf-8"))["items"]]
        problems += _check(path, site, {**pages, path: _Document(links=locations)}, hosts)
    return problems


def check_markdown(folder: Path, hosts: Collection[str] = HOSTS) -> list[str]:
    """Return what is wrong with the links of pages of Markdown, one sentence for each.

    Args:
        folder: The folder of the pages. Headings are called as GitHub calls them.
        hosts: The hosts that links may lead to.
    """
    folder = folder.resolve()
    pages = {path: _read_markdown(path) for path in sorted(folder.rglob("*.md"))}
    for path in sorted(folder.glob("llms.txt")):
        pages[path] = _read_markdown(path)
    return [one for path in pages for one in _check(path, folder, pages, hosts)]


def _check(
    path: Path, root: Path, pages: dict[Path, _Document], hosts: Collection[str]
) -> Iterator[str]:
    """Yield what is wrong with one page."""
    here = path.relative_to(root).as_posix()
    for address in dict.fromkeys(pages[path].loaded):
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            yield f"{here} has {address} loaded from elsewhere"
        elif not _target(path, root, parts.path).is_file():
            yield f"{here} has {address} loaded, which is not there"
    for address in dict.fromkeys(pages[path].links):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            if parts.scheme != "https" or parts.hostname not in hosts:
                yield f"{here} leads to {address}, whose host is not among those that are known"
            continue
        target = _target(path, root, parts.path) if parts.path else path
        if not target.is_relative_to(root):
            yield f"{here} leads to {address}, which is outside"
        elif not target.is_file():
            yield f"{here} leads to {address}, which is not there"
        elif not parts.fragment:
            continue
        elif target not in pages or unquote(parts.fragment) not in pages[target].places:
            yield f"{here} leads to {address}, where there is no such place"


def _target(path: Path, root: Path, address: str) -> Path:
    start = root if address.startswith("/") else path.parent
    return (start / unquote(address).lstrip("/")).resolve()


def _read_html(source: str) -> _Document:
    reader = _Reader()
    reader.feed(_PLAIN.sub("", source))
    reader.close()
    return reader.document


def _read_markdown(path: Path) -> _Document:
    """Read a page of Markdown as the tool that builds the site does, as far as links are concerned.

    What stands in admonitions and content tabs is indented there, and a block of code to others.
    """
    document = _Document()
    slugs: dict[str, int] = {}
    tokens = _parser().parse(path.read_text("utf-8"))
    for opening, token in pairwise([*tokens[:1], *tokens]):
        children = token.children or []
        for one in children:
            if one.type == "link_open":
                document.links.append(str(one.attrs["href"]))
            elif one.type == "image":
                document.loaded.append(str(one.attrs["src"]))
        source = "".join(one.content for one in (token, *children) if one.type.startswith("html_"))
        if source:
            found = _read_html(source)
            document.links += found.links
            document.loaded += found.loaded
            document.places |= found.places
        if opening.type == "heading_open":
            slug = _slug(children)
            number = slugs.get(slug, 0)
            slugs[slug] = number + 1
            document.places.add(f"{slug}-{number}" if number else slug)
    return document


def _slug(tokens: list[Token]) -> str:
    told = "".join(one.content for one in tokens if one.type in ("text", "code_inline"))
    return _NO_SLUG.sub("", html.unescape(told).lower()).replace(" ", "-")


def _addresses(css: str) -> list[str]:
    return ["".join(found).strip() for found in _CSS.findall(css)]


@cache
def _parser() -> MarkdownIt:
    # What stands in admonitions and content tabs is indented, and no block of code to the tool.
    return MarkdownIt("gfm-like", {"linkify": False}).disable("code")


def main() -> None:
    """Print what is wrong with a folder, and exit 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    check = check_site if (folder / "index.html").exists() else check_markdown
    problems = check(folder)
    print("\n".join([*problems, f"{len(problems)} links are wrong"]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
