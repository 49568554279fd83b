"""Pages that people wrote: taken over as they are, in the order that `navigation.yaml` gives them.

`docs/` in the specs folder holds them, with their pictures and whatever else they lead to. Their Markdown is
trusted as the project's own text is; nothing of a spec gets into it. YAML and JSON there is data about them,
such as what their pictures are drawn from, and stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from upsertgen.docs.page import Page, Section
from upsertgen.errors import Location, Problems, did_you_mean, quoted
from upsertgen.inputs import DOCS, SPEC_ENDINGS, guide_files
from upsertgen.write.manifest import as_text

NAVIGATION = "navigation.yaml"
"""The order of the pages that people wrote: a list of sections, each with a `title` and `pages`."""
HOME = "index.md"
_EXPECTED = "a list of sections with a title and pages: {title: Guides, pages: [guides/csv.md]}"


class Guides:
    """The pages that people wrote.

    Attributes:
        pages: The pages, by their path.
        sections: The sections that `navigation.yaml` names, in order.
        others: What else stands there and is no data, such as pictures: contents by path.

    Args:
        specs: The specs folder.

    Raises:
        InvalidInput: `navigation.yaml` is wrong, a page has no title, or one is missing in either place.
    """

    def __init__(self, specs: Path) -> None:
        self._folder = specs / DOCS
        self.pages: dict[str, Page] = {}
        self.others: dict[str, str] = {}
        problems = Problems()
        for path in guide_files(specs):
            name = path.relative_to(self._folder).as_posix()
            text = as_text(path.read_bytes())
            if path.suffix == ".md":
                self.pages[name] = self._page(name, text, problems)
            elif path.suffix not in SPEC_ENDINGS:
                self.others[name] = text
        self.sections = tuple(self._sections(problems))
        listed = {page.path for one in self.sections for page in one.pages()}
        for name in sorted(self.pages.keys() - listed - {HOME}):
            problems.add(
                Location((self._folder / name).as_posix()),
                f"the page is not listed in {NAVIGATION}, and nobody would find it",
                "each page in one section",
                f"add it to {(self._folder / NAVIGATION).as_posix()}",
            )
        problems.raise_if_any()

    def _page(self, name: str, text: str, problems: Problems) -> Page:
        first = text.partition("\n")[0]
        if not first.startswith("# "):
            problems.add(
                Location((self._folder / name).as_posix(), 1),
                "the page does not begin with its title",
                "'# ' and the title in the first line",
                "write its title there",
            )
        return Page(name, first.removeprefix("# ").strip(), text, specs=(f"{DOCS}/{name}",))

    def _sections(self, problems: Problems) -> Iterator[Section]:
        path = self._folder / NAVIGATION
        if not path.is_file():
            return
        try:
            found: Any = yaml.safe_load(path.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
            problems.add(
                Location(path.as_posix(), line), "this is no YAML", _EXPECTED, "correct it"
            )
            return
        for one in found if isinstance(found, list) else [found]:
            title, pages = (
                (one.get("title"), one.get("pages")) if isinstance(one, dict) else (None, None)
            )
            if not (isinstance(title, str) and isinstance(pages, list)):
                problems.add(
                    Location(path.as_posix()), f"{one!r:.60} is no section", _EXPECTED, "correct it"
                )
                continue
            items: list[Page] = []
            for name in pages:
                if isinstance(name, str) and name in self.pages:
                    items.append(self.pages[name])
                else:
                    mend = did_you_mean(
                        str(name), self.pages, "write the page, or take it out of the list"
                    )
                    wrong = f"there is no page {quoted(str(name))}"
                    problems.add(Location(path.as_posix()), wrong, "a file below this folder", mend)
            yield Section(title, tuple(items))
