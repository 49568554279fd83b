"""The page as tests open it and look at it."""

from __future__ import annotations

import json

from package._runtime.extras import distribution

from tests.browser import Browser
from tests.sandbox.small_api import SmallApi

SMALLEST, PHONE, TABLET, DESK = (320, 700), (390, 820), (800, 1000), (1280, 900)
TITLE = f"{distribution()} sandbox"


def show(
    page: Browser,
    api: SmallApi,
    size: tuple[int, int] = DESK,
    scheme: str = "light",
    place: str = "",
) -> None:
    """Open the page and wait until it shows something."""
    page.open(f"{api.url}/{place}", *size, scheme)
    wait(page, "document.body.className === 'live'")


def wait(page: Browser, condition: str) -> None:
    page.wait(condition)


def text(page: Browser, selector: str) -> str:
    found: str = page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
    return " ".join(found.split())


def rows(page: Browser, table: str) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        f"[...document.querySelectorAll({json.dumps(table + ' tbody tr')})]"
        ".map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return found


def is_open(name: str) -> str:
    return f"document.querySelector('#{name}-dialog').open"
