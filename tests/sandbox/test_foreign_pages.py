"""Pages from elsewhere in a real browser: none of them can read the sandbox or change anything in it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from package.sandbox import Options
from pytest_httpserver import HTTPServer

from tests.browser import REBOUND, Browser
from tests.sandbox.small_api import EVERYWHERE, HEADERS, PEOPLE, SmallApi, inputs

pytestmark = pytest.mark.chromium

SIZE = (1280, 900)
RESULT = "window.result = undefined; (async () => %s)().then(String, String).then(it => window.result = it)"


@pytest.fixture
def api() -> Iterator[SmallApi]:
    """A sandbox with a record and a fault to come, which nobody may take away."""
    with SmallApi(Options(create_properties=True)) as running:
        running.upsert("a@example.com")
        running.fail("server", resource="deals")
        yield running
        assert running.count("people") == 1
        state = running.body("/state")
        assert state["limits"]["locked_seconds"] == 0
        assert state["faults"]["pending"] == [{"fault": "server", "times": 1, "resource": "deals"}]


@pytest.fixture
def elsewhere(page: Browser, httpserver: HTTPServer) -> Browser:
    """A page of another origin on this machine, which is the most that an attacker's page may be."""
    httpserver.expect_request("/").respond_with_data("<!doctype html>", content_type="text/html")
    page.open(httpserver.url_for("/"), *SIZE, "light")
    return page


def run(page: Browser, script: str) -> str:
    """Run the body of an asynchronous function in the page, and give what it returns or raises."""
    page.evaluate(RESULT % script)
    end = time.monotonic() + 60
    while (found := page.evaluate("window.result")) is None:
        assert time.monotonic() < end, script
        time.sleep(0.02)
    return str(found)


def post(url: str, body: object, mode: str, media_type: str) -> str:
    options = {
        "method": "POST",
        "mode": mode,
        "headers": {"Content-Type": media_type},
        "body": json.dumps(body),
    }
    return f"(await fetch({json.dumps(url)}, {json.dumps(options)})).status"


@pytest.mark.parametrize("media_type", ["text/plain", "application/json"])
@pytest.mark.parametrize("mode", ["no-cors", "cors"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sandbox/reset", {}),
        ("/_sandbox/lock", {"seconds": 3600}),
        ("/_sandbox/faults", {"fault": "locked", "times": 9}),
        (PEOPLE, {"inputs": inputs(["b@example.com"])}),
    ],
)
def test_it_changes_nothing(
    elsewhere: Browser, api: SmallApi, path: str, body: object, mode: str, media_type: str
) -> None:
    answered = run(elsewhere, post(api.url + path, body, mode, media_type))
    # A status of 0 is one that the page may not see.
    assert answered == ("0" if mode == "no-cors" else "TypeError: Failed to fetch")


def test_a_form_changes_nothing(elsewhere: Browser, api: SmallApi) -> None:
    form = """{
      const frame = document.createElement("iframe"), form = document.createElement("form");
      frame.name = "target";
      document.body.append(frame, form);
      form.target = "target"; form.method = "post"; form.enctype = "text/plain";
      form.action = ADDRESS;
      const sent = new Promise(done => frame.onload = done);
      form.submit();
      await sent;
    }""".replace("ADDRESS", json.dumps(f"{api.url}/_sandbox/reset"))
    assert run(elsewhere, form) == "undefined"


@pytest.mark.parametrize("path", ["/", "/_sandbox/state", "/_sandbox/objects/people"])
def test_it_reads_nothing(elsewhere: Browser, api: SmallApi, path: str) -> None:
    address = json.dumps(api.url + path)
    assert run(elsewhere, f"(await fetch({address})).text()") == "TypeError: Failed to fetch"
    opaque = f"(await fetch({address}, {{mode: 'no-cors'}})).text()"
    assert run(elsewhere, opaque) == ""


def test_it_does_not_show_the_page_within_itself(elsewhere: Browser, api: SmallApi) -> None:
    embed = """new Promise(done => {
      const frame = document.createElement("iframe");
      frame.src = ADDRESS;
      frame.onload = () => setTimeout(done);
      document.body.append(frame);
    })""".replace("ADDRESS", json.dumps(f"{api.url}/"))
    elsewhere.fetched.clear()
    run(elsewhere, embed)
    # A page that ran would read the state at once.
    assert f"{api.url}/" in elsewhere.fetched
    assert f"{api.url}/_sandbox/state" not in elsewhere.fetched


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_sandbox/state"), ("POST", "/_sandbox/reset"), ("POST", PEOPLE)],
)
def test_a_name_that_is_rebound_leads_nowhere(
    page: Browser, api: SmallApi, method: str, path: str
) -> None:
    address = api.url.replace("127.0.0.1", REBOUND)
    page.open(f"{address}/", *SIZE, "light")
    # For the browser, this is a page of the sandbox's own origin: it sends and reads anything.
    assert page.evaluate("location.origin") == address
    headers = json.dumps({"Content-Type": "application/json", **HEADERS})
    body = "undefined" if method == "GET" else "'{}'"
    script = (
        f"(await fetch('{path}', {{method: '{method}', headers: {headers}, body: {body}}})).status"
    )
    assert run(page, script) == "403"
    assert "does not go by the name" in page.evaluate("document.body.innerText")


def test_a_link_from_elsewhere_opens_the_page(elsewhere: Browser, api: SmallApi) -> None:
    elsewhere.evaluate(
        f"document.body.innerHTML = '<a href=\"{api.url}/\">to the sandbox</a>'; undefined"
    )
    elsewhere.follow("a")
    end = time.monotonic() + 60
    while elsewhere.evaluate("document.body?.className") != "live":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_page_brings_the_token_of_its_address(page: Browser) -> None:
    with SmallApi(host=EVERYWHERE) as api:
        for address, state in ((f"{api.url}/", "Locked"), (api.page_url, "Live")):
            page.open(address, *SIZE, "light")
            end = time.monotonic() + 60
            while (
                shown := page.evaluate("document.querySelector('#connection').innerText")
            ) != state:
                assert time.monotonic() < end, shown
                time.sleep(0.05)
