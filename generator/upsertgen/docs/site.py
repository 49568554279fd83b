"""The site: HTML that Zensical builds of the pages, and the Markdown of each page beside it.

What the tool is told stands in `zensical.toml`, which `templates/docs/zensical.toml.jinja` lays out, and what
mends its theme in `templates/docs/theme`. The tool is a program of its own: only who builds a site needs it.
It empties the folder of the site each time, so nothing is left of a page that is gone, and keeps in `.cache`
what it made of pages that did not change.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from upsertgen.errors import InvalidInput, Location, Problem

SETTINGS = "zensical.toml"
"""What the tool is told, in the folder of the documentation."""
PAGES = "pages"
"""Where the pages stand in that folder."""
SITE = "site"

_TOOL = "zensical"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(r'<[a-z]+[^<>]* href="([^"#:?]*)(?:#([^"]*))?"')
"""A link to a page of the site, or to a place in it; what is text and no tag has no `<`."""
_PLACE = re.compile(r'<[a-z0-9]+[^<>]* (?:id|name)="([^"]*)"')


def build_site(folder: Path, *, strict: bool = True) -> Path:
    """Build the site of the pages in a folder of documentation, or bring it up to date.

    Args:
        folder: The folder that holds the pages and what the tool is told.
        strict: Whether a link that leads nowhere is an error.

    Returns:
        The folder of the site, which holds nothing else.

    Raises:
        InvalidInput: The tool is not installed, there are no pages, a link leads nowhere, or the tool
            fails for another reason.
    """
    _check(folder)
    site = folder / SITE
    done = subprocess.run(  # noqa: S603
        _command("build", folder),
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        told = " ".join(_COLOUR.sub("", done.stdout + done.stderr).split())
        place = Location((folder / SETTINGS).as_posix(), 0)
        wrong = f"{_TOOL} could not build the site: {told}"
        raise InvalidInput.at(place, wrong, "a site", "mend what it says")
    pages = folder / PAGES
    for page in pages.rglob("*.md"):
        shutil.copyfile(page, site / page.relative_to(pages))
    if strict and (problems := list(_dead_links(pages, site))):
        raise InvalidInput(problems)
    return site


def serve_site(folder: Path, address: str) -> int:
    """Build the site, serve it, and build it again whenever a page changes, until Ctrl-C.

    Args:
        folder: The folder that holds the pages and what the tool is told.
        address: Where to serve it, as `host:port`.

    Returns:
        The exit code of the tool.

    Raises:
        InvalidInput: The tool is not installed, or there are no pages.
    """
    _check(folder)
    command = [*_command("serve", folder), "--dev-addr", address]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has told it, too.
            process.terminate()
            return 0


def _command(verb: str, folder: Path) -> list[str]:
    # `-P`: nothing in the folder of the documentation is taken for a module.
    settings = str((folder / SETTINGS).resolve())
    return [sys.executable, "-P", "-m", _TOOL, verb, "--config-file", settings]


def _check(folder: Path) -> None:
    """Raise `InvalidInput` if no site can be built here."""
    if importlib.util.find_spec(_TOOL) is None:
        wrong = f"the package {_TOOL} is not installed"
        mend = "install it: pip install 'upsertgen[docs]'"
        raise InvalidInput.at(Location("upsertgen docs", 0), wrong, "what builds the site", mend)
    for name in (SETTINGS, PAGES):
        if not (folder / name).exists():
            place = Location((folder / name).as_posix(), 0)
            mend = "have the pages written: upsertgen docs"
            raise InvalidInput.at(place, "there is no such thing", "pages of documentation", mend)


def _dead_links(pages: Path, site: Path) -> Iterator[Problem]:
    """Yield the links of a site that lead nowhere.

    The tool could tell them, too, but reads each page again for that whenever one has changed.
    """
    texts = {
        path.relative_to(site).as_posix(): path.read_text("utf-8")
        for path in sorted(site.rglob("*.html"))
    }
    places = {name: set(map(unescape, _PLACE.findall(text))) for name, text in texts.items()}
    for name, text in texts.items():
        for address, place in dict.fromkeys(_LINK.findall(text)):
            target = unquote(unescape(address))
            path = normpath(join(dirname(name), target)) if target else name
            held = places.get(path)
            lost = held is not None and place and unquote(unescape(place)) not in held
            if lost or (held is None and not (site / path).is_file()):
                yield _dead_link(pages / Path(name).with_suffix(".md"), target, unquote(place))


def _dead_link(page: Path, target: str, place: str) -> Problem:
    """Return the problem of a link, at the place in the page of Markdown where it seems to stand."""
    stem = target.removesuffix(".html")
    written = f"{stem}.md" if stem != target else target
    written += f"#{place}" if place else ""
    lines = page.read_text("utf-8").split("\n") if page.is_file() else []
    found = ((row, line.find(written)) for row, line in enumerate(lines, 1))
    row, column = next(((row, at + 1) for row, at in found if at >= 0), (1, 1))
    return Problem(
        Location(page.as_posix(), row, column),
        f"the link to {written} leads nowhere",
        "a page, or a place in one, that there is",
        "correct the link, or add what it leads to",
    )
