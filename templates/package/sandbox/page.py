"""The page for people."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse

_HEADERS = {
    "Cache-Control": "no-store",
    # Whatever is stored, it cannot make the page load or send anything elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
    ),
}


async def page(_: Request) -> HTMLResponse:
    """Answer with the page."""
    return HTMLResponse(_text(), headers=_HEADERS)


@cache
def _text() -> str:
    return Path(__file__).with_name("page.html").read_text("utf-8")
