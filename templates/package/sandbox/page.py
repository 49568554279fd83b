"""The page for people: files that a browser asks for, which say nothing of the account themselves."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .._runtime.extras import distribution
from .guard import PAGE

_FOLDER = Path(__file__).with_name("static")
_PREFIX = "/_page/"
_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}
_PARTS = (
    "page.css",
    *(f"{name}.js" for name in "actions dom overview page records request server".split()),
)
_FILES = {PAGE: "page.html", **{_PREFIX + name: name for name in _PARTS}}
_HEADERS = {
    "Cache-Control": "no-store",
    # Whatever is stored, it cannot make the page load or send anything elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"  # Nobody may be led to click here without seeing it.
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def is_part(path: str) -> bool:
    """Return whether a decoded path is for the page or a file that it needs."""
    return path in _FILES


def routes() -> list[Route]:
    """Return the routes of the page and of the files that it needs."""
    return [Route(path, _file) for path in _FILES]


async def _file(request: Request) -> Response:
    name = _FILES[request.url.path]
    return Response(_text(name), 200, _HEADERS, _MEDIA_TYPES[Path(name).suffix])


@cache
def _text(name: str) -> str:
    text = (_FOLDER / name).read_text("utf-8")
    # Only the page itself names the product, in its title and its heading.
    return text.replace("{product}", html.escape(distribution())) if name == "page.html" else text
