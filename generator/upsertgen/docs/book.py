"""All pages together, in their order, and what leads through them: `llms.txt`, and the site's navigation."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from upsertgen.docs.classes import Classes
from upsertgen.docs.guides import HOME, Guides
from upsertgen.docs.knowledge import knowledge
from upsertgen.docs.page import Page, Section, Sources
from upsertgen.docs.reference import reference
from upsertgen.docs.site import PAGES, SETTINGS
from upsertgen.docs.versions import which_version
from upsertgen.emit.encode import html_text, page_text
from upsertgen.emit.proof import prove_page, prove_toml
from upsertgen.write import NewFile
from upsertgen.write.manifest import digest

_FOLDER = "docs/"
_LEADING = {f"{PAGES}/llms.txt": "llms.txt.jinja", SETTINGS: f"{SETTINGS}.jinja"}
"""What leads through the pages, and the templates that lay it out."""


def book_files(sources: Sources) -> dict[str, NewFile]:
    """Return the files of the documentation, by their path in its folder, with `/`.

    Args:
        sources: What pages are made from.

    Raises:
        InvalidInput: A page that people wrote is wrong, or a template of the user's own.
        UnprovenFile: A page is not what it was meant to be.
    """
    guides = Guides(sources.settings.specs)
    sections = tuple(_sections(sources, guides))
    pages = [page for one in sections for page in one.pages()]
    guides.check_names(_taken(sources, pages))
    files: dict[str, NewFile] = {}
    for page in pages:
        if page.template:
            prove_page(page.path, page.text)
        files[f"{PAGES}/{page.path}"] = NewFile(
            page.text, digest(page.text), page.specs, page.template
        )
    for path, text in guides.others.items():
        files[f"{PAGES}/{path}"] = NewFile(text, digest(text), (f"docs/{path}",), "")
    context = {"sections": sections, "listed": _listed(sections)}
    for path, template in _LEADING.items():
        page = sources.page(path, "", template, context)
        if path == SETTINGS:
            _prove_settings(sources, page.text, sections)
        else:
            prove_page(path, page.text)
        files[path] = NewFile(page.text, digest(page.text), (), page.template)
    for file in sources.templates.plain_files():
        if file.name.startswith(_FOLDER):
            text = file.path.read_text("utf-8")
            path = file.name.removeprefix(_FOLDER)
            files[path] = NewFile(text, digest(text), (), file.name)
    return files


def _taken(sources: Sources, pages: list[Page]) -> set[str]:
    """Return the names in the folder of pages, and of the site, that no file of people may have."""
    theme = f"{_FOLDER}theme/"
    return {
        *(page.path for page in pages if page.template),
        *(f"{page.path.removesuffix('.md')}.html" for page in pages),
        *(path.removeprefix(f"{PAGES}/") for path in _LEADING),
        *(
            file.name.removeprefix(theme)
            for file in sources.templates.plain_files()
            if file.name.startswith(theme)
        ),
    }


def _sections(sources: Sources, guides: Guides) -> Iterator[Section]:
    """Yield all sections, in order."""
    written = guides.pages.get(HOME)
    classes = Classes(sources)
    made = reference(sources, classes)
    home = written or sources.page(HOME, sources.settings.distribution, "index.md.jinja", {})
    yield Section("", (home,))
    yield from guides.sections
    yield which_version(sources)
    yield Section("Reference", (*made, *knowledge(sources)))
    yield classes.section()


def _prove_settings(sources: Sources, text: str, sections: tuple[Section, ...]) -> None:
    """Check that what the site is built with is what it is without a text, and the texts beside."""
    name = f"{_FOLDER}{_LEADING[SETTINGS]}"
    if sources.templates.files[name].overridden:
        return
    harmless = replace(
        sources.settings, description="", distribution="harmless", distribution_version="1"
    )
    bare = replace(sources, settings=harmless)
    expected = tomllib.loads(
        bare.page(SETTINGS, "", _LEADING[SETTINGS], {"sections": (), "listed": []}).text
    )
    settings = sources.settings
    expected["project"] |= {
        "site_name": html_text(f"{settings.distribution} {settings.distribution_version}"),
        "site_description": html_text(settings.description),
        "nav": [
            _entry(one)
            for section in sections
            for one in ([section] if section.title else section.items)
        ],
    }
    prove_toml(SETTINGS, text, expected)


def _entry(one: Page | Section) -> dict[str, Any]:
    """Return how the navigation lists a page or a section."""
    listed = one.path if isinstance(one, Page) else [_entry(inner) for inner in one.items]
    return {html_text(one.title): listed}


def _listed(sections: tuple[Section, ...], above: str = "") -> list[tuple[str, list[Page]]]:
    """Return the title of each section, ready to be laid out, and its own pages; outer ones first.

    Pages that stand alone have no title above them.
    """
    found: list[tuple[str, list[Page]]] = []
    for one in sections:
        title = f"{above}{page_text(one.title)}" if one.title else above.removesuffix(", ")
        pages = [item for item in one.items if isinstance(item, Page)]
        inner = tuple(item for item in one.items if isinstance(item, Section))
        found += [(title, pages)] if pages else []
        found += _listed(inner, f"{title}, " if title else "")
    return found
