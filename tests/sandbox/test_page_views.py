"""What the page shows of records and requests in a real browser, and what it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from package.sandbox import Options
from package.sandbox.faults import KINDS

from tests.browser import Browser
from tests.sandbox.page import DESK, TITLE, is_open, rows, show, text, wait
from tests.sandbox.small_api import EVERYWHERE, SmallApi

pytestmark = [pytest.mark.chromium, pytest.mark.usefixtures("without_complaints")]


@pytest.fixture
def api() -> Iterator[SmallApi]:
    with SmallApi(Options(create_properties=True)) as running:
        yield running


# Records


@pytest.fixture
def people(api: SmallApi) -> SmallApi:
    """Enough people for three pages, whose ids begin at 1."""
    for start in (0, 60):
        api.upsert(*(f"p{number}@example.com" for number in range(start, start + 60)))
    return api


def summary(page: Browser, expected: str) -> None:
    wait(page, f"document.querySelector('#records-summary').innerText === {json.dumps(expected)}")


def test_declared_object_types_are_listed_without_records(page: Browser, api: SmallApi) -> None:
    api.declare("cats", name={})
    show(page, api)
    assert rows(page, "#types") == [["cats", "1", "0"]]
    page.click("#types a")
    summary(page, "There are no records.")


def test_records_are_shown_page_by_page(page: Browser, people: SmallApi) -> None:
    show(page, people)
    page.click("#types a")
    summary(page, "1 to 50 of 120 records")
    assert text(page, "#records-table thead").startswith("Id email name Created (UTC)")
    shown = rows(page, "#records-table")
    assert (len(shown), shown[0][1:3]) == (50, ["p0@example.com", "N0"])
    assert page.evaluate("document.title") == f"Records of people \u2013 {TITLE}"
    page.click("#next-page")
    summary(page, "51 to 100 of 120 records")
    page.click("#next-page")
    summary(page, "101 to 120 of 120 records")
    assert page.evaluate("document.querySelector('#next-page').hidden") is True
    people.upsert("later@example.com")
    summary(page, "101 to 121 of 121 records")
    page.click("#previous-page")
    summary(page, "51 to 100 of 121 records")


def test_records_are_searched(page: Browser, people: SmallApi) -> None:
    show(page, people, place="#objects=people")
    summary(page, "1 to 50 of 120 records")
    page.enter("#search-text", "P7")
    page.press("Enter")
    summary(page, "1 to 11 of those that hold \u201cP7\u201d")
    assert rows(page, "#records-table")[0][1] == "p7@example.com"
    page.enter("#search-text", "nothing of that kind")
    page.click("#search button")
    summary(page, "No record holds this text.")
    assert page.evaluate("document.querySelector('#records-table').hidden") is True


def test_a_record_is_shown_with_all_its_values(page: Browser, api: SmallApi) -> None:
    long = "long " * 100
    api.declare("people", note={})
    api.seed("people", [{"email": "a@example.com", "note": long}])
    show(page, api, place="#objects=people&search=a")
    wait(page, "document.querySelector('#records-table a')")
    assert long not in text(page, "#records-table")
    page.click("#records-table a")
    wait(page, "document.querySelector('#record-table td')")
    assert rows(page, "#record-table") == [["email", "a@example.com"], ["note", long.strip()]]
    page.click("#record-back")
    summary(page, "1 to 1 of those that hold \u201ca\u201d")


# Requests


def test_a_request_is_shown_with_what_became_of_it(page: Browser, api: SmallApi) -> None:
    api.upsert("a@example.com")
    api.upsert("a@example.com", "b@example.com", "no-email")
    entry = api.body("/requests/2")
    show(page, api)
    page.click("#requests a")
    wait(page, "document.querySelector('#outcomes-table td')")
    outcomes = rows(page, "#outcomes-table")
    ids = [one["id"] for one in entry["records"]]
    assert [one[:4] for one in outcomes] == [
        ["a@example.com", "updated", ids[0], "t0"],
        ["b@example.com", "created", ids[1], "t1"],
        ["no-email", "refused", "", "t2"],
    ]
    assert [one[4] for one in outcomes] == ["", "", entry["records"][2]["problems"][0]]
    facts = text(page, "#request-facts")
    assert "Status 207" in facts
    assert "Outcome 2 written, 1 refused" in facts
    assert f"Took {entry['duration'] * 1000:.1f} ms" in facts
    for part in ("body", "answer"):
        shown = page.evaluate(f"document.querySelector('#request-{part}').textContent")
        assert json.loads(shown) == entry[part]["json"]


def test_words_that_are_chosen_are_marked(page: Browser, api: SmallApi) -> None:
    api.upsert("a@example.com")
    api.ask("POST", "/nowhere")
    show(page, api)
    assert [one["chosen"] for one in api.body("/requests")["requests"]] == [True, False]
    marked = "[...document.querySelectorAll('#requests .mark')].map(one => one.innerText)"
    assert page.evaluate(marked) == ["words chosen"]
    for number, hidden in ((2, False), (1, True)):
        show(page, api, place=f"#request={number}")
        wait(page, "!document.querySelector('#request-parts').hidden")
        assert page.evaluate("document.querySelector('#request-chosen').hidden") is hidden


def test_a_request_that_is_forgotten_is_told(page: Browser, api: SmallApi) -> None:
    show(page, api, place="#request=7")
    wait(page, "document.querySelector('#request-view .problem').innerText")
    assert text(page, "#request-view .problem") == "there is no request 7; none has come yet"


# Changes


def test_nothing_is_reset_before_it_is_confirmed(page: Browser, api: SmallApi) -> None:
    api.upsert("a@example.com")
    show(page, api)
    for leave in ("page.click", "page.press"):
        page.click("#reset-open")
        assert page.evaluate(is_open("reset")) is True
        if leave == "page.click":
            page.click("#reset-dialog .cancel")
        else:
            page.press("Escape")
        wait(page, f"!{is_open('reset')}")
        assert page.evaluate("document.activeElement.id") == "reset-open"
    assert api.count("people") == 1
    page.click("#reset-open")
    page.click("#reset-dialog .danger")
    wait(page, f"!{is_open('reset')}")
    wait(page, "document.querySelector('#records').textContent === '0'")
    assert text(page, "#announcement") == "The sandbox was reset."
    assert api.count("people") == 0


def test_the_account_is_locked_as_long_as_asked(page: Browser, api: SmallApi) -> None:
    show(page, api)
    for given, least in (("", 0), ("3600", 3000)):
        page.click("#lock-open")
        page.enter("#lock-seconds", given)
        page.click("#lock-dialog .danger")
        wait(page, f"!{is_open('lock')}")
        assert least < api.body("/state")["limits"]["locked_seconds"] <= 3600
    page.click("#lock-open")
    page.enter("#lock-seconds", "1e9")
    page.click("#lock-dialog .danger")
    wait(page, "document.querySelector('#lock-dialog .problem').innerText")
    assert text(page, "#lock-dialog .problem").startswith("seconds must be a number above 0")


def choose(page: Browser, selector: str, value: str) -> None:
    page.evaluate(
        f"(select => {{ select.value = {json.dumps(value)};"
        f"select.dispatchEvent(new Event('change')) }})(document.querySelector('{selector}'))"
    )


def test_faults_are_queued_and_removed(page: Browser, api: SmallApi) -> None:
    show(page, api)
    page.click("#faults-open")
    wait(page, is_open("faults"))
    offered = page.evaluate(
        "[...document.querySelector('#fault-kind').options].map(it => it.value)"
    )
    unfit = {"cancelled", "refused-records", "failed-job", "lost-job", "slow-job"}
    assert offered == [kind for kind in KINDS if kind not in unfit]
    choose(page, "#fault-kind", "server")
    choose(page, "#fault-resource", "deals")
    page.enter("#fault-status", "200")
    page.enter("#fault-times", "2")
    page.click("#faults-dialog .buttons .danger")
    wait(page, "document.querySelector('#faults-dialog .problem').innerText")
    assert "from 400 to 599" in text(page, "#faults-dialog .problem")
    page.enter("#fault-status", "502")
    page.click("#faults-dialog .buttons .danger")
    wait(page, f"!{is_open('faults')}")
    wait(page, "document.querySelector('#faults-figure').textContent === '2'")
    assert text(page, "#faults") == "server;status=502 2 times for deals"
    page.click("#faults-open")
    wait(page, is_open("faults"))
    assert text(page, "#pending") == text(page, "#faults")
    page.click("#faults-clear")
    wait(page, "document.querySelector('#faults-figure').textContent === 'none'")
    assert api.body("/faults") == {"pending": []}


def test_where_other_machines_reach_it_the_token_is_asked_for(page: Browser) -> None:
    with SmallApi(host=EVERYWHERE) as api:
        page.open(f"{api.url}/#objects=people", *DESK, "light")
        for token in ("wrong", api.admin_token or ""):
            wait(page, "document.querySelector('#connection').innerText === 'Locked'")
            assert page.evaluate("document.querySelector('#faults-open').offsetParent") is None
            page.enter("#token", token)
            page.press("Enter")
        wait(page, "document.body.className === 'live'")
        summary(page, "There are no records.")
        page.open(api.page_url, *DESK, "light")
        wait(page, "document.body.className === 'live'")
        # It stays with the tab, and not in an address that somebody may pass on.
        assert page.evaluate("location.hash") == ""
