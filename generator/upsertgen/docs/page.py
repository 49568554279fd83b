"""A page of the documentation, and what pages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.diff.sources import Understood
from upsertgen.emit.encode import page_text
from upsertgen.emit.templates import Templates
from upsertgen.inputs import DOCS
from upsertgen.ir.tree import Api
from upsertgen.public_name import Aliases
from upsertgen.spec_text import SpecText
from upsertgen.write import NewFile


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: Its path below the folder of pages, with `/`.
        title: What it is called, as plain text.
        text: The whole page, as Markdown.
        template: The template it comes from; empty for one that people wrote.
        specs: The files it comes from, by their path in the specs folder; empty for all.
    """

    path: str
    title: SpecText | str
    text: str
    template: str = ""
    specs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Pages that belong together, in the order in which they are listed.

    Attributes:
        title: What they are about, as plain text; empty for pages that stand alone.
        items: The pages, and sections among them.
    """

    title: SpecText | str
    items: tuple[Page | Section, ...]

    def pages(self) -> list[Page]:
        """Return its pages and those of the sections in it, in order."""
        found: list[Page] = []
        for one in self.items:
            found += [one] if isinstance(one, Page) else one.pages()
        return found


@dataclass(frozen=True)
class Sources:
    """What pages are made from.

    Attributes:
        understood: The specs, as published and as corrected.
        settings: What the distribution is called, and where its specs are.
        templates: How pages are laid out.
        aliases: Old names that the distribution has, too.
        files: The files of the distribution, by their path.
    """

    understood: Understood
    settings: Settings
    templates: Templates
    aliases: Aliases
    files: Mapping[str, NewFile] = field(repr=False)

    @cached_property
    def api(self) -> Api:
        """The specs as corrected."""
        return self.understood.corrected

    @property
    def folder(self) -> Path:
        """Where pages stand that people wrote."""
        return self.settings.specs / DOCS

    def place(self, path: str, line: int | str) -> SpecText:
        """Return where something stands in the specs, the same from wherever the command is run.

        Args:
            path: A file of the specs, as the person who runs the command would name it.
            line: The line.
        """
        specs = self.settings.specs
        inside = path.removeprefix(f"{specs.as_posix()}/")
        return SpecText(f"{specs.resolve().name}/{inside}:{line}")

    def page(
        self,
        path: str,
        title: SpecText | str,
        template: str,
        context: Mapping[str, Any],
        specs: tuple[str, ...] = (),
    ) -> Page:
        """Return a page that a template lays out.

        Args:
            path: Its path below the folder of pages, with `/`.
            title: What it is called, as plain text.
            template: The template, below `templates/docs/`.
            context: What it lays out, besides `api`, `settings`, `title` and `root`: the way from the page
                to the folder of pages, such as `../../`, to put before a link.
            specs: The files it comes from, by their path in the specs folder; empty for all.

        Raises:
            InvalidInput: A template of the user's own is wrong.
        """
        name = f"docs/{template}"
        whole = {
            "api": self.api,
            "settings": self.settings,
            "title": page_text(title),
            "root": "../" * path.count("/"),
            **context,
        }
        text = self.templates.render(name, whole)
        return Page(path, title, text, name, specs)


def relative(start: str, target: str) -> str:
    """Return the relative address of a page, as seen from another one; both below the folder of pages."""
    here, there = start.split("/")[:-1], target.split("/")
    while here and len(there) > 1 and here[0] == there[0]:
        here, there = here[1:], there[1:]
    return "/".join([".."] * len(here) + there)
