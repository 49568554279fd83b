"""Pages that people wrote: taken over as they are, in the order that `navigation.yaml` gives them.

`docs/` in the specs folder holds them, with their pictures and whatever else they lead to. Their Markdown is
trusted as the project's own text is; nothing of a spec gets into it. YAML and JSON there is data about them,
such as what their pictures are drawn from, and stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from upsertgen.docs.page import Page, Section
from upsertgen.errors import InvalidInput, Location, Problem, Problems, did_you_mean, quoted
from upsertgen.inputs import DOCS, SPEC_ENDINGS, guide_files
from upsertgen.spec_file import spec_text
from upsertgen.specs.document import LocatedList, LocatedMapping, mark_location
from upsertgen.specs.yaml_reader import read_yaml_list
from upsertgen.write.manifest import as_text

NAVIGATION = "navigation.yaml"
"""The order of the pages that people wrote: a list of sections, each with a `title` and `pages`."""
HOME = "index.md"
_EXPECTED = "a list of sections with a title and pages: {title: Guides, pages: [guides/csv.md]}"
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\Z")
"""What pages may be called: such a name is the same in an address, in Markdown and on every file system."""
_OTHER_MARKDOWN = (".md", ".markdown", ".mdown", ".mkd")


class Guides:
    """The pages that people wrote.

    Attributes:
        pages: The pages, by their path.
        sections: The sections that `navigation.yaml` names, in order.
        others: What else stands there and is no data, such as pictures: contents by path.

    Args:
        specs: The specs folder.

    Raises:
        InvalidInput: `navigation.yaml` is wrong, a page has no title or a name that no link can hold, or one
            is missing in either place.
    """

    def __init__(self, specs: Path) -> None:
        self._specs = specs
        self._folder = specs / DOCS
        self.pages: dict[str, Page] = {}
        self.others: dict[str, str] = {}
        problems = Problems()
        for path in guide_files(specs):
            name = path.relative_to(self._folder).as_posix()
            if path.suffix == ".md":
                self.pages[name] = self._page(name, path.read_bytes(), problems)
            elif path.suffix.lower() in _OTHER_MARKDOWN:
                wrong = f"a page does not end with {path.suffix}"
                mend = f"rename it to {path.with_suffix('.md').name}"
                problems.add(Location(path.as_posix()), wrong, "a name that ends with .md", mend)
            elif path.suffix not in SPEC_ENDINGS:
                self.others[name] = as_text(path.read_bytes())
        navigation = Problems()
        self.sections = tuple(self._sections(navigation))
        try:
            navigation.raise_if_any()
            self._check_listed(problems)
        except InvalidInput as error:
            # Which pages are listed is not known before these are mended.
            for one in error.problems:
                problems.note(one)
        problems.raise_if_any()

    def check_names(self, taken: Collection[str]) -> None:
        """Check that nothing here is called as something is that is written besides.

        Args:
            taken: What is written besides, by its path in the folder of pages, or of the site.

        Raises:
            InvalidInput: Something is.
        """
        # On some file systems `Versions.md` and `versions.md` are one file.
        names = {one.casefold() for one in taken}
        problems = [
            Problem(
                Location((self._folder / name).as_posix()),
                f"the documentation has a {name} of its own, and one of them would be lost",
                "a name that nothing else has there",
                "rename it",
            )
            for name in (*self.pages, *self.others)
            if name.casefold() in names
        ]
        if problems:
            raise InvalidInput(problems)

    def _check_listed(self, problems: Problems) -> None:
        """Note which pages nobody would find."""
        path = self._folder / NAVIGATION
        unlisted = self.pages.keys() - {HOME}
        if unlisted and not path.is_file():
            wrong = "there is no such file, and nobody would find the pages"
            mend = f"write it, and list {', '.join(sorted(unlisted)[:3])}"
            mend += f" and {len(unlisted) - 3} more" if len(unlisted) > 3 else ""
            problems.add(Location(path.as_posix(), 0), wrong, _EXPECTED, mend)
            return
        for name in sorted(unlisted - {page.path for one in self.sections for page in one.pages()}):
            problems.add(
                Location((self._folder / name).as_posix()),
                f"the page is not listed in {NAVIGATION}, and nobody would find it",
                "each page in one section",
                f"add it to {path.as_posix()}",
            )

    def _page(self, name: str, content: bytes, problems: Problems) -> Page:
        path = (self._folder / name).as_posix()
        if not _NAME.match(name):
            wrong = f"no page can be called {quoted(name)}"
            expected = "a name of the letters a to z and A to Z, digits, '.', '_' and '-'"
            problems.add(Location(path, 0), wrong, expected, "rename it")
        try:
            # A mark of the byte order, which some editors write, says nothing in UTF-8.
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problems.add(
                Location(path, line), "this is not UTF-8", "text in UTF-8", "save the file as UTF-8"
            )
            return Page(name, name, "")
        first = text.partition("\n")[0]
        title = first.removeprefix("# ").strip()
        if not first.startswith("# ") or not title:
            problems.add(
                Location(path, 1),
                "the page does not begin with its title",
                "'# ' and the title in the first line",
                "write its title there",
            )
        return Page(name, title, text, specs=(f"{DOCS}/{name}",))

    def _sections(self, problems: Problems) -> Iterator[Section]:
        path = self._folder / NAVIGATION
        if not path.is_file():
            return
        read = Problems()
        try:
            text = spec_text(path, self._specs)
            found = read_yaml_list(text, path.as_posix(), read, (_EXPECTED, "correct it"))
            read.raise_if_any()
        except InvalidInput as error:
            for problem in error.problems:
                # The reader's own words are about specs.
                problems.note(replace(problem, expected=_EXPECTED))
            return
        listed: dict[str, Location] = {}
        for one, mark in zip(found or (), found.places if found else (), strict=True):
            section = self._section(one, mark_location(mark), listed, problems)
            if section is not None:
                yield section

    def _section(
        self, one: Any, place: Location, listed: dict[str, Location], problems: Problems
    ) -> Section | None:
        """Return a section, or nothing, with a problem, where it is none.

        Args:
            one: What stands in the list of sections.
            place: Where.
            listed: Where pages are listed already; those of this section are added.
            problems: Where to note what is wrong.
        """
        title, pages = (
            (one.get("title"), one.get("pages"))
            if isinstance(one, LocatedMapping) and set(one) <= {"title", "pages"}
            else (None, None)
        )
        if not (isinstance(title, str) and isinstance(pages, LocatedList)):
            problems.add(place, f"{quoted(one)} is no section", _EXPECTED, "correct it")
            return None
        if not title.strip():
            mend = "write what its pages are about"
            problems.add(place, "the section has an empty title", "a title", mend)
        if not pages:
            wrong = f"the section {quoted(title)} has no pages"
            problems.add(place, wrong, "one or more pages", "list some, or remove the section")
        items: list[Page] = []
        for name, mark in zip(pages, pages.places, strict=True):
            at = mark_location(mark)
            if not (isinstance(name, str) and name in self.pages):
                mend = did_you_mean(
                    str(name), self.pages, "write the page, or take it out of the list"
                )
                wrong = f"there is no page {quoted(str(name))}"
                problems.add(at, wrong, "a file below this folder", mend)
            elif name == HOME:
                wrong = f"{HOME} is the home page, and stands before all sections"
                problems.add(at, wrong, "the other pages", "take it out of the list")
            elif name in listed:
                wrong = f"{quoted(name)} is listed twice, first in line {listed[name].line}"
                problems.add(at, wrong, "each page in one section", "remove one of them")
            else:
                listed[name] = at
                items.append(self.pages[name])
        return Section(title, tuple(items))
