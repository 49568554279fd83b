"""Sites that tests build: the real one, and small ones of pages of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.docs.site import PAGES, SETTINGS
from upsertgen.emit.templates import Templates
from upsertgen.spec_text import SpecText

from tests.command_line import write_files
from tests.servers import ThreadedServer

REAL = Path(__file__).parent.parent.parent / "generated" / "docs"
"""The pages of this project."""


@dataclass(frozen=True)
class Entry:
    """A page, as the navigation lists it."""

    title: SpecText | str
    path: str


@dataclass(frozen=True)
class Section:
    """Pages that belong together, as the navigation lists them."""

    title: SpecText | str
    items: Sequence[Entry | Section]


def write_docs(
    folder: Path,
    pages: Mapping[str, str],
    sections: Sequence[Section] | None = None,
    description: str = "What it is",
) -> Path:
    """Write a folder of documentation as the generator does, and return it.

    Args:
        folder: Where to.
        pages: Pages of Markdown, by their path.
        sections: How they are listed; by default one by one.
        description: What the distribution is said to be.
    """
    listed = [Entry(path.removesuffix(".md").title(), path) for path in pages]
    templates = Templates(None)
    context = {
        "settings": Settings(specs=folder, distribution="small-client", description=description),
        "sections": sections or [Section("", listed)],
    }
    files = {f"{PAGES}/{path}": text for path, text in pages.items()}
    files[SETTINGS] = templates.render(f"docs/{SETTINGS}.jinja", context)
    for file in templates.plain_files():
        if file.name.startswith("docs/"):
            files[file.name.removeprefix("docs/")] = templates.plain_text(file.name)
    shutil.rmtree(folder / PAGES, ignore_errors=True)
    return write_files(folder, files)


def copy_real(folder: Path) -> None:
    """Copy what the site of this project is built of."""
    shutil.copytree(
        REAL, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("site", ".cache")
    )


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, and give its address."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadedServer(Handler)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.close()
