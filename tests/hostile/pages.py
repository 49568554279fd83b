"""Pages of documentation, read as the site and as GitHub read them: nothing of a spec has an effect there.

Each page is laid out twice: from the texts of a spec, and from a word for each of them. Both are read by what
the documentation tool and GitHub read Markdown with. The second with texts in the place of their words, as
they were meant to be seen, has to be the first: the same elements, attributes and visible text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest import mock

import markdown  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from pymdownx import slugs  # type: ignore[import-untyped]
from upsertgen.configuration import Settings
from upsertgen.diff.sources import understand_folder
from upsertgen.docs import pages_of, reference
from upsertgen.docs.requests import Call, call_of
from upsertgen.emit import encode
from upsertgen.emit.own_errors import TEMPLATE as ERRORS
from upsertgen.emit.proof import prove_page
from upsertgen.emit.templates import Templates
from upsertgen.public_name import Aliases
from upsertgen.spec_text import SpecText
from upsertgen.write import NewFile
from upsertgen.write.manifest import digest

from tests.hostile.project import Project

PACKAGE = "hostile_package"
EXTENSIONS: Mapping[str, Mapping[str, Any]] = {
    "abbr": {},
    "admonition": {},
    "attr_list": {},
    "def_list": {},
    "footnotes": {},
    "md_in_html": {},
    "tables": {},
    "toc": {"permalink": True, "slugify": slugs.slugify(case="lower")},
    "pymdownx.betterem": {},
    "pymdownx.details": {},
    "pymdownx.highlight": {"use_pygments": False},
    "pymdownx.inlinehilite": {},
    "pymdownx.quotes": {"callouts": True},
    "pymdownx.superfences": {},
    "pymdownx.tabbed": {"alternate_style": True},
}
"""The extensions of Python-Markdown that read pages: those of the site, and others that are usual."""
_WORD = re.compile(r"harmless(\d+)x", re.IGNORECASE)
# A code span that a description may have; what else stands between backquotes is text.
_SPAN = re.compile(r"(?<![`\\])`([A-Za-z0-9_./:,{}()\"'-]+)`(?!`)")
_SLUG = re.compile(r"#?[\w-]*\Z")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")


def visible(text: str) -> str:
    """Return a text as a reader of a page has to see it: on one line, with what is hidden as an escape."""
    return "".join(
        one.encode("unicode_escape").decode("ascii") if _is_hidden(one) else one
        for one in " ".join(text.split())
    )


def _is_hidden(character: str) -> bool:
    is_ascii = " " <= character <= "~"
    return not is_ascii and unicodedata.ucd_3_2_0.category(character) in _HIDDEN


@dataclass
class Words:
    """A word for each text that is laid out; the same for what looks the same.

    Attributes:
        numbers: The number of the word for what a reader has to see.
    """

    numbers: dict[str, int] = field(default_factory=dict)

    def word(self, shown: str) -> str:
        """Return the word for what a reader has to see."""
        return f"Harmless{self.numbers.setdefault(shown, len(self.numbers))}x" if shown else ""

    def text(self, text: SpecText | str) -> str:
        """Return what stands for a text in prose: a word, and one in code for each code span in it."""
        parts = _SPAN.split(visible(encode.raw(text)))
        # The blanks around a code span are not the word's.
        pairs = [(self.word(one.strip(" ")), one) for one in parts]
        return "".join(
            f"`{word}`" if index % 2 else part.replace(part.strip(" "), word) if word else part
            for index, (word, part) in enumerate(pairs)
        )

    def code(self, text: SpecText | str) -> str:
        """Return what stands for a text in a code span."""
        return f"`{self.word(visible(encode.raw(text))) or ' '}`"

    def call(self, call: Call) -> Call:
        """Return a call with a word for each of its lines."""
        example = call.example
        bulk = example.bulk
        if bulk is not None:
            bulk = replace(bulk, records=self._lines(bulk.records))
        example = replace(example, arguments=self._lines(example.arguments), bulk=bulk)
        return replace(call, example=example, curl=self._lines(call.curl))

    def _lines(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.word, lines))

    def put_back(self, shown: str) -> str:
        """Return visible text with the texts in the place of their words."""
        meant = list(self.numbers)
        return _WORD.sub(lambda word: meant[int(word[1])], shown)


@contextmanager
def _worded(words: Words, templates: Templates) -> Iterator[None]:
    """Let what lays out pages give words in the place of texts."""
    environment = templates._environment = templates._build()

    def verbatim(name: str) -> Callable[..., str]:
        true = environment.filters[name]
        return lambda value: words.word(true(value))

    names = ("json_text", "markdown_literal", "shell_word", "string_literal")
    environment.filters |= {name: verbatim(name) for name in names}
    with (
        encoding(templates, page_text=words.text, page_code=words.code),
        mock.patch.object(reference, "call_of", lambda *given: words.call(call_of(*given))),
    ):
        yield


@contextmanager
def encoding(templates: Templates, **encoders: Callable[..., str]) -> Iterator[None]:
    """Let what lays out pages encode texts otherwise.

    Args:
        templates: How pages are laid out.
        encoders: What encodes, by the name of the encoder in whose place it stands.
    """
    environment = templates._environment = templates._environment or templates._build()
    modules = [one for name, one in sys.modules.items() if name.startswith("upsertgen.docs.")]
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(environment.filters, encoders))
        for module in modules:
            for name in encoders.keys() & vars(module).keys():
                stack.enter_context(mock.patch.object(module, name, encoders[name]))
        yield


def given_for(project: Project, specs: Path) -> tuple[Any, ...]:
    """Return what `pages_of` is given for a project that is written into a folder.

    Raises:
        InvalidInput: The project is refused.
    """
    project.write(specs)
    settings = Settings(specs=specs).with_flags({"package": PACKAGE, **project.settings})
    templates = Templates(None)
    errors = templates.plain_text(ERRORS)
    files = {f"{settings.package}/errors.py": NewFile(errors, digest(errors), (), ERRORS)}
    return understand_folder(specs), settings, templates, Aliases(), files


def check_pages(
    files: Mapping[str, NewFile], given: tuple[Any, ...], most: int | None = None
) -> None:
    """Check pages that were made.

    Args:
        files: The files of the documentation.
        given: What `pages_of` was given for them.
        most: How many of them are read at most; None for all.

    Raises:
        AssertionError: Something of a text has an effect, or is not seen as it was meant.
    """
    words, (understood, settings, _, *others) = Words(), given
    templates = Templates(settings.templates)
    with _worded(words, templates):
        twins = pages_of(understood, settings, templates, *others)
    assert twins.keys() == files.keys()
    pages = [path for path, file in files.items() if file.text != twins[path].text]
    step = 1 if most is None else len(pages) // most + 1
    for path in pages[::step]:
        if path.endswith((".md", ".txt")):
            check_page(path, files[path].text, twins[path].text, words)


def check_page(path: str, text: str, twin: str, words: Words) -> None:
    """Check a page.

    Args:
        path: The page, for messages.
        text: What it says.
        twin: What it says with a word for each text.
        words: What the words stand for.

    Raises:
        AssertionError: Read by one of the readers, it says more, less or something else than the twin with
            texts in the place of words.
    """
    prove_page(path, text)
    for reader, read in READERS.items():
        found, wanted = events(read(text)), events(read(twin))
        for one, other in zip_longest(found, wanted):
            told = f"{path}, read by {reader}: {one!r:.900} instead of {other!r:.900}"
            assert one is not None and other is not None, told
            meant = (*other[:-1], words.put_back(other[-1])) if other[0] == "text" else other
            assert _alike(one, meant), told


Event = tuple[str, ...]


def _alike(one: Event, other: Event) -> bool:
    if one == other:
        return True
    if one[0] == other[0] == "text":
        return "".join(one[1].split()) == "".join(other[1].split())
    # Headings have addresses that are made from what they say, by the reader.
    return (
        one[:-1] == other[:-1]
        and _WORD.search(other[-1]) is not None
        and _SLUG.match(one[-1]) is not None
    )


class _Events(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Event] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add("start", tag)
        for name, value in sorted(attrs):
            self.found.append(("attribute", tag, name, value or ""))

    def handle_endtag(self, tag: str) -> None:
        self._add("end", tag)

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self._add("comment", data)

    def handle_decl(self, decl: str) -> None:
        self._add("declaration", decl)

    def handle_pi(self, data: str) -> None:
        self._add("instruction", data)

    def unknown_decl(self, data: str) -> None:
        self._add("unknown", data)

    def close(self) -> None:
        super().close()
        self._add("end of the page")

    def _add(self, *event: str) -> None:
        shown = " ".join("".join(self._text).split())
        self._text.clear()
        if shown:
            self.found.append(("text", shown))
        self.found.append(event)


def events(html: str) -> list[Event]:
    """Return the elements, attributes and texts of HTML in their order."""
    parser = _Events()
    parser.feed(html)
    parser.close()
    return parser.found


@cache
def _site() -> markdown.Markdown:
    configs = {name: dict(given) for name, given in EXTENSIONS.items() if given}
    return markdown.Markdown(extensions=list(EXTENSIONS), extension_configs=configs)


@cache
def _github() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _by_site(text: str) -> str:
    rendered: str = _site().reset().convert(text)
    return rendered


def _by_github(text: str) -> str:
    rendered: str = _github().render(text)
    return rendered


READERS: Mapping[str, Callable[[str], str]] = {"the site": _by_site, "GitHub": _by_github}
"""What makes HTML of a page."""
