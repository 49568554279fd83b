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
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from upsertgen.errors import InvalidInput, Location, Problem, quoted

SETTINGS = "zensical.toml"
"""What the tool is told, in the folder of the documentation."""
PAGES = "pages"
"""Where the pages stand in that folder."""
SITE = "site"

_TOOL = "zensical"
_PORT = re.compile(r"[0-9]{1,5}\Z", re.ASCII)
_PORTS = 2**16
_NOT_WRITTEN = re.compile(r"(.*)\(os error [0-9]+\)|.*\[Errno [0-9]+\](.*)")
"""How the tool says that the operating system has let it down."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(
    r"""<[a-z]+[^<>]*\s(?:href|src)=(?:"([^"#:?]*)(?:#([^"]*))?"|'([^'#:?]*)(?:#([^']*))?')""",
    re.IGNORECASE,
)
"""A link to a page of the site, or to a place in it, or a picture; what is text and no tag has no `<`."""
_BARE_PICTURE = re.compile(r"""<img\s(?:[^<>"']*\s)?src=([^\s"'<>#:?]+)(?=[\s>])""", re.IGNORECASE)
"""A picture in HTML of a page whose address has no quotes, and stands before any that has."""
_PLACE = re.compile(r'<[a-z0-9]+[^<>]* (?:id|name)="([^"]*)"')


def build_site(folder: Path, written: Path | None = None, *, strict: bool = True) -> Path:
    """Build the site of the pages in a folder of documentation, or bring it up to date.

    Args:
        folder: The folder that holds the pages and what the tool is told.
        written: The folder of the pages that people wrote: what is wrong with one is told there.
        strict: Whether a link that leads nowhere is an error.

    Returns:
        The folder of the site, which holds nothing else.

    Raises:
        InvalidInput: The tool is not installed, there are no pages, the site cannot be written, a link leads
            nowhere, or the tool fails for another reason.
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
        raise _failure(folder, _COLOUR.sub("", done.stdout + done.stderr))
    pages = folder / PAGES
    try:
        for page in pages.rglob("*.md"):
            shutil.copyfile(page, site / page.relative_to(pages))
    except OSError as error:
        raise _not_written(site, error.strerror or str(error)) from None
    if strict and (problems := list(_dead_links([pages, *filter(None, [written])], site))):
        raise InvalidInput(problems)
    return site


def _failure(folder: Path, told: str) -> InvalidInput:
    """Return what is wrong where the tool fails: the last that it says, which no traceback stands before."""
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    last = lines[-1] if lines else "it does not say why"
    system = _NOT_WRITTEN.match(last)
    if system:
        return _not_written(
            folder / SITE, (system[1] or system[2] or "").rpartition(": ")[2].strip()
        )
    place = Location((folder / SETTINGS).as_posix(), 0)
    wrong = f"{_TOOL} could not build the site: {last}"
    return InvalidInput.at(place, wrong, "a site", "mend what it says")


def _not_written(site: Path, reason: str) -> InvalidInput:
    place, expected = Location(site.as_posix(), 0), "a folder that can be written, or none"
    wrong = f"{site.as_posix()} cannot be written: {reason}"
    return InvalidInput.at(place, wrong, expected, "check its permissions, or remove it")


def check_address(address: str) -> None:
    """Check that a site can be served at an address, without serving one.

    Args:
        address: The address, as `host:port`, with an IPv6 address in brackets.

    Raises:
        InvalidInput: It is no address of this machine, or something else is served there.
    """
    place = Location("--address", 0)
    host, _, port = address.rpartition(":")
    if not host or not _PORT.match(port) or int(port) >= _PORTS:
        expected = "HOST:PORT such as 127.0.0.1:8000"
        raise InvalidInput.at(place, f"{quoted(address)} is no address", expected, "correct it")
    try:
        (family, kind, protocol, _, end), *_ = socket.getaddrinfo(
            host.removeprefix("[").removesuffix("]"), int(port), type=socket.SOCK_STREAM
        )
        with socket.socket(family, kind, protocol) as tried:
            if os.name == "posix":
                # As servers do: a connection that has just ended does not count.
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(end)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        wrong = f"nothing can be served at {address}: {reason}"
        expected = "an address of this machine where nothing else is served"
        raise InvalidInput.at(place, wrong, expected, "choose another one") from None


def serve_site(folder: Path, address: str) -> int:
    """Build the site, serve it, and build it again whenever a page changes, until Ctrl-C.

    The tool empties the folder of the site each time, so what is served has no Markdown beside its pages.

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


def _dead_links(folders: Sequence[Path], site: Path) -> Iterator[Problem]:
    """Yield the links and pictures of a site that lead nowhere.

    Args:
        folders: Where its pages stand as Markdown; what stands in several is told in the last.
        site: The folder of the site.

    The tool could tell them, too, but reads each page again for that whenever one has changed.
    """
    texts = {
        path.relative_to(site).as_posix(): path.read_text("utf-8")
        for path in sorted(site.rglob("*.html"))
    }
    places = {name: set(map(unescape, _PLACE.findall(text))) for name, text in texts.items()}
    for name, text in texts.items():
        links = [(one or three, two or four) for one, two, three, four in _LINK.findall(text)]
        links += [(address, "") for address in _BARE_PICTURE.findall(text)]
        for address, place in dict.fromkeys(links):
            target = unquote(unescape(address))
            path = normpath(join(dirname(name), target)) if target else name
            held = places.get(path)
            lost = held is not None and place and unquote(unescape(place)) not in held
            if lost or (held is None and not (site / path).is_file()):
                source = Path(name).with_suffix(".md")
                page = [one / source for one in folders if (one / source).is_file()]
                yield _dead_link((page or [folders[0] / source])[-1], target, unquote(place))


def _dead_link(page: Path, target: str, place: str) -> Problem:
    """Return the problem of a link, at the place in the page of Markdown where it seems to stand."""
    stem = target.removesuffix(".html")
    written = f"{stem}.md" if stem != target else target
    written += f"#{place}" if place else ""
    lines = page.read_text("utf-8").split("\n") if page.is_file() else []
    # HTML in Markdown leads to pages as they are called on the site.
    found = (
        (row, line.find(one))
        for one in (written, target)
        if one
        for row, line in enumerate(lines, 1)
    )
    row, column = next(((row, at + 1) for row, at in found if at >= 0), (1, 1))
    return Problem(
        Location(page.as_posix(), row, column),
        f"the link to {written} leads nowhere",
        "a page, or a place in one, that there is",
        "correct the link, or add what it leads to",
    )
