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
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem

SETTINGS = "zensical.toml"
"""What the tool is told, in the folder of the documentation."""
PAGES = "pages"
"""Where the pages stand in that folder."""
SITE = "site"

_TOOL = "zensical"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FINDING = re.compile(
    r"^Warning: (?P<wrong>.+)\n\W*\[ (?P<path>.+):(?P<line>\d+):(?P<column>\d+) \]$", re.M
)


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
        [*_command("build", folder), *(["--strict"] if strict else [])],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise InvalidInput(_problems(folder, done.stdout + done.stderr))
    pages = folder / PAGES
    for page in pages.rglob("*.md"):
        shutil.copyfile(page, site / page.relative_to(pages))
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


def _problems(folder: Path, told: str) -> Iterator[Problem]:
    """Yield what the tool found wrong, by the place that it names; all that it said, where it names none."""
    plain = _COLOUR.sub("", told)
    found = False
    for match in _FINDING.finditer(plain):
        found = True
        path = (folder / PAGES / match["path"]).as_posix()
        place = Location(path, int(match["line"]), int(match["column"]))
        expected = "a link that leads somewhere"
        yield Problem(place, match["wrong"], expected, "correct the link, or add what it leads to")
    if not found:
        place = Location((folder / SETTINGS).as_posix(), 0)
        wrong = f"{_TOOL} could not build the site: {' '.join(plain.split())}"
        yield Problem(place, wrong, "a site", "mend what it says")
