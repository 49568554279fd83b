"""The page in a real browser: it shows what is so, by itself, to everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from package.sandbox import Options

from tests.browser import CONTRAST, OVERFLOWING, WIDTHS, Browser
from tests.sandbox.page import (
    DESK,
    PHONE,
    SMALLEST,
    TABLET,
    TITLE,
    is_open,
    rows,
    show,
    text,
    wait,
)
from tests.sandbox.small_api import PEOPLE, SmallApi
from tests.servers import free_port

HOSTILE = "<img src=x onerror=\"document.title='owned'\">&amp;"

pytestmark = [pytest.mark.chromium, pytest.mark.usefixtures("without_complaints")]


@pytest.fixture
def api() -> Iterator[SmallApi]:
    with SmallApi(Options(create_properties=True, faults="seed=7,rate=0")) as running:
        yield running


def fill(api: SmallApi) -> None:
    """Let everything happen that the page tells apart."""
    api.upsert("a@example.com", "b@example.com")
    api.upsert("c@example.com", "no-email")
    api.upsert("a@example.com", path="/objects/0-3/batch/upsert")
    api.upsert("a@example.com", headers={"Sandbox-Fault": "server;status=502"})
    api.ask("POST", PEOPLE, json={})
    api.ask("POST", f"/{'a-long-path/' * 20}?{'q' * 300}")
    api.upsert("a@example.com", path="/objects/cats%20and%20dogs/batch/upsert")
    api.upsert(*(f"{number}@example.com" for number in range(100)))
    api.fail("account-moving;retry-after=86400", times=3, resource="deals")


def test_it_shows_what_is_stored_and_what_was_asked(page: Browser, api: SmallApi) -> None:
    show(page, api)
    assert text(page, "#no-requests").endswith(f'base_url="{api.url}".')
    assert text(page, "#others summary") == "2 object types without records"
    fill(api)
    # What is done last is shown with all that came before.
    wait(page, "document.querySelector('#faults-figure').textContent === '3'")
    assert rows(page, "#types") == [
        ["cats and dogs", "2", "1"],
        ["deals", "2", "1"],
        ["people", "2", "103"],
    ]
    assert text(page, "#records") == "105"
    assert text(page, "#total") == "8"
    shown = [[status, outcome, fault] for _, _, status, outcome, fault in rows(page, "#requests")]
    assert shown == [
        ["200", "100 written", ""],
        ["200", "1 written", ""],
        ["404", "nothing written: no such path words chosen", ""],
        ["401", "nothing written: unauthenticated words chosen", ""],
        ["502", "nothing written: server words chosen", "server;status=502"],
        ["200", "1 written", ""],
        ["207", "1 written, 1 refused words chosen", ""],
        ["200", "2 written", ""],
    ]
    assert rows(page, "#requests")[0][1] == f"POST {PEOPLE}"
    assert text(page, "#limits-figure") == "95 of 100 left"
    assert "995 of 1,000 left today" in text(page, "#limits-notes")
    assert text(page, "#faults-figure") == "3"
    assert (
        text(page, "#faults")
        == "account-moving;retry-after=86400 3 times for deals schedule seed=7,rate=0"
    )
    api.lock(3600)
    wait(page, "document.querySelector('#limits-figure').textContent === 'locked'")
    api.reset()
    wait(page, "document.querySelector('#records').textContent === '0'")
    assert text(page, "#requests-title + .start").startswith("None yet.")
    own = (f"{api.url}/_page/", "about:", "data:")
    assert {address for address in page.fetched if not address.startswith(own)} == {
        f"{api.url}/",
        f"{api.url}/_sandbox/state",
    }


def test_connections_that_were_reset_are_told(page: Browser, api: SmallApi) -> None:
    with pytest.raises(httpx2.TransportError):
        api.upsert("a@example.com", headers={"Sandbox-Fault": "reset-after"})
    show(page, api)
    assert rows(page, "#requests")[0][2:] == ["reset", "1 written", "reset-after"]


def test_data_is_text_and_never_markup(page: Browser, api: SmallApi) -> None:
    api.declare(HOSTILE)
    path = f"/objects/{HOSTILE.replace('/', '%2F').replace('<', '%3C').replace(' ', '%20')}"
    api.upsert("a@example.com", path=f"{path}/batch/upsert")
    show(page, api)
    assert rows(page, "#types")[0][0] == HOSTILE
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.title") == TITLE
    api.seed("people", [{"email": "z@example.com", HOSTILE: HOSTILE}])
    api.upsert(HOSTILE)
    id = api.records("people")[0]["id"]
    for place, where in (
        ("#objects=people", "#records-table"),
        (f"#objects=people&id={id}", "#record-table"),
        (f"#objects={quote(HOSTILE)}", "#records-heading"),
        (f"#objects=people&search={quote(HOSTILE)}", "#records-summary"),
        ("#request=2", "#request-body"),
        ("#request=2", "#outcomes-table"),
    ):
        show(page, api, place=place)
        wait(page, f"document.querySelector('{where}').textContent.includes('<img src=x')")
        assert page.evaluate("document.querySelectorAll('img').length") == 0
        assert "owned" not in page.evaluate("document.title").replace(HOSTILE, "")


def test_what_did_not_change_stays_as_it_is(page: Browser, api: SmallApi) -> None:
    for number in range(60):
        api.upsert(f"{number}@example.com")
    show(page, api)
    page.evaluate("document.querySelector('#others').open = true")
    page.evaluate(
        "(() => { const row = document.querySelectorAll('#requests tbody tr')[30];"
        "row.id = 'read'; row.scrollIntoView();"
        "getSelection().selectAllChildren(row.querySelector('.outcome')) })()"
    )
    where = "document.querySelector('#read').getBoundingClientRect().top"
    before = page.evaluate(where)
    for _ in range(2):
        count = page.evaluate("document.querySelectorAll('#requests tbody tr').length")
        api.upsert("c@example.com", "no-email")
        api.upsert("d@example.com")
        wait(page, f"document.querySelectorAll('#requests tbody tr').length === {count + 2}")
        assert abs(page.evaluate(where) - before) <= 1
        assert page.evaluate("getSelection().toString()") == "1 written"
        assert page.evaluate("document.querySelector('#others').open") is True


def test_at_the_top_new_requests_push_the_others_down(page: Browser, api: SmallApi) -> None:
    api.upsert("a@example.com")
    show(page, api)
    api.upsert("b@example.com", "c@example.com")
    wait(page, "document.querySelectorAll('#requests tbody tr').length === 2")
    assert page.evaluate("scrollY") == 0
    assert rows(page, "#requests")[0][3] == "2 written"


def test_it_says_when_the_server_is_gone_and_when_it_is_back(page: Browser) -> None:
    port = free_port()
    with SmallApi(port=port) as api:
        api.upsert("a@example.com")
        show(page, api)
        assert text(page, "#connection") == "Live"
        assert page.evaluate("document.querySelector('#notice').hidden") is True
    wait(page, "document.body.className === 'gone'")
    assert text(page, "#connection") == "Gone"
    assert "The server has been gone since" in text(page, "#notice")
    assert page.evaluate("document.title") == f"Gone \u2013 {TITLE}"
    # What was there can still be read.
    assert rows(page, "#requests")[0][3] == "1 written"
    with SmallApi(port=port):
        wait(page, "document.body.className === 'live'")
        assert page.evaluate("document.querySelector('#notice').hidden") is True
        assert page.evaluate("document.title") == TITLE
        assert rows(page, "#requests") == []


def test_it_can_be_paused(page: Browser, api: SmallApi) -> None:
    show(page, api)
    page.click("#pause")
    assert (text(page, "#pause"), text(page, "#connection")) == ("Resume", "Paused")
    page.click("#pause")
    api.upsert("a@example.com")
    wait(page, "document.querySelectorAll('#requests tbody tr').length === 1")
    assert (text(page, "#pause"), text(page, "#connection")) == ("Pause", "Live")


PLACES = {
    "requests": "",
    "records": "#objects=people",
    "no records": "#objects=deals&search=nothing",
    "record": "#objects=people&id=1",
    "request": "#request=2",
    "refused": "#request=5",
    "unknown": "#request=4711",
    "reset": "",
    "lock": "",
    "faults": "",
}


@pytest.mark.parametrize("view", PLACES)
def test_every_view_fits_and_can_be_read(page: Browser, api: SmallApi, view: str) -> None:
    fill(api)
    api.declare("people", **{"a-name-without-any-end-" * 6: {}, HOSTILE: {}})
    api.seed("people", [{"email": "z@example.com", "a-name-without-any-end-" * 6: "x" * 5000}])
    place = PLACES[view].replace("id=1", f"id={api.records('people')[-1]['id']}")
    show(page, api, place=place)
    wait(page, "document.querySelectorAll('#requests tbody tr').length === 8")
    if view in {"reset", "lock", "faults"}:
        page.click(f"#{view}-open")
        wait(page, is_open(view))
    else:
        loaded = "#request-parts:not([hidden]), #records-summary:not(:empty), #record-table td"
        told = ".view:not([hidden]) .problem:not([hidden]), #requests-view:not([hidden])"
        wait(page, f"document.querySelector({json.dumps(f'{loaded}, {told}')})")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for scheme in ("light", "dark"):
        for size in (SMALLEST, PHONE, TABLET, DESK):
            page.emulate(*size, scheme)
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(14, 17, 22)") is (scheme == "dark")
            scrolled, width = page.evaluate(WIDTHS)
            assert scrolled == width == size[0]
            assert page.evaluate(OVERFLOWING) == [], size
            assert page.evaluate(CONTRAST) >= 4.5
            assert page.violations() == [], (size, scheme)


def test_it_is_used_without_a_mouse(page: Browser, api: SmallApi) -> None:
    api.upsert("a@example.com")
    show(page, api)
    page.evaluate("document.querySelector('#types a').focus()")
    page.press("Enter")
    # Who cannot see what changed is led there.
    wait(page, "document.activeElement.id === 'records-heading'")
    for expected in ("search-text", "", ""):
        page.press("Tab")
        assert page.evaluate("document.activeElement.id") == expected
    # What scrolls is reached by keys, and so is what is in it.
    assert page.evaluate("document.activeElement.className") == "scroller"
    page.press("Tab")
    page.press("Enter")
    wait(page, "document.activeElement.id === 'record-heading'")


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_it_is_read_without_eyes_or_a_mouse(
    page: Browser, api: SmallApi, size: tuple[int, int]
) -> None:
    fill(api)
    show(page, api, size)
    nodes: list[dict[str, Any]] = page.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            name = str(node.get("name", {}).get("value", ""))
            roles.setdefault(str(node["role"]["value"]), []).append(name)
    assert page.evaluate("document.documentElement.lang") == "en"
    # Whatever the layout, tables stay tables.
    assert {"Object types", "Last requests"} <= set(roles["table"])
    assert {"Time", "Request", "Status", "Outcome", "Fault", "Type"} <= set(roles["columnheader"])
    assert {"deals", "people"} <= set(roles["rowheader"])
    assert {"Object types", "Last requests", "Limits"} <= set(roles["heading"])
    assert "Pause" in roles["button"]
    live = page.evaluate(
        "[...document.querySelectorAll('[aria-live]')].map(one => one.getAttribute('aria-live'))"
    )
    assert set(live) == {"polite"}
    api.upsert("z@example.com")
    wait(page, "document.querySelector('#announcement').textContent")
    assert text(page, "#announcement") == "1 new request; the last one: 1 written"
