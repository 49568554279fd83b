"""The report as a page: it holds what it says, whatever records and answers hold, and fits each screen."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from package._bulk.figures import Figures, FrequentKey, Interval, SlowBatch
from package._bulk.outcomes import Outcome, Problem, Status, Stop
from package._bulk.report import UpsertReport
from package._properties.conversion import ConvertedColumn

from tests.browser import CONTRAST, OVERFLOWING, WIDTHS, Browser
from tests.bulk.contacts import contact
from tests.bulk.outcome_strategies import ANY_TEXT, OUTCOMES
from tests.bulk.server import Client, ContactsServer
from tests.servers import TOKEN

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"></style></title><script>document.title='owned'"
    '</script>" onmouseover="\'\u202e&amp;\ud800 http://example.com/' + "long" * 200
)
PHONE, SMALL, DESK = (390, 844), (320, 640), (1280, 900)


class Tags(HTMLParser):
    """Collects tags, the names of attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def written(report: UpsertReport, folder: Path) -> str:
    report.write_html(folder / "load.html")
    return (folder / "load.html").read_text(encoding="utf-8")


def full() -> UpsertReport:
    """A report in which there is everything that a page shows."""
    intervals = [Interval(100 * (n % 7), n % 5 + 2, n % 5 // 4) for n in range(100)]
    figures = Figures(
        4,
        1_234.5,
        30_000,
        20,
        250.0,
        90.0,
        3.0,
        12.5,
        intervals,
        [SlowBatch(4_700, 100, 61.2, 3, 503), SlowBatch(0, 100, 0.2, 1, None)],
        [FrequentKey("shared@example.com", 4_000)],
    )
    report = UpsertReport("contacts.upsert", requests=400, retries=21, batches=301, figures=figures)
    report.stop = Stop("the day's requests are spent", "wait for tomorrow", 20_100)
    for index in range(150):
        problems = (Problem("email", "INVALID_EMAIL", f"Email address {index} is invalid"),)
        report.add(Outcome(index, Status.REJECTED, contact(index, age=3.5), problems=problems))
    report.add(Outcome(150, Status.UNKNOWN, contact(150), reason="502 Bad Gateway"))
    report.add(Outcome(151, Status.CREATED, {}, warnings=({"code": "X"},)))
    return report


def hostile() -> UpsertReport:
    """A report in which every text is an attack."""
    figures = Figures(
        elapsed=1.0, interval=0.5, intervals=[Interval(1, 1, 1)], keys=[FrequentKey(HOSTILE, 9)]
    )
    converted = ConvertedColumn(HOSTILE, "text", 1, HOSTILE, HOSTILE)
    report = UpsertReport(
        HOSTILE, figures=figures, stop=Stop(HOSTILE, HOSTILE, 3), conversions=[converted]
    )
    record = {HOSTILE: HOSTILE, "list": [HOSTILE], **{f"{HOSTILE}{n}": n for n in range(50)}}
    problems = tuple(Problem(f"{HOSTILE}{n}", f"{HOSTILE}{n}", HOSTILE) for n in range(50))
    report.add(Outcome(0, Status.REJECTED, record, problems=problems))
    report.add(Outcome(1, Status.UNKNOWN, record, reason=HOSTILE))
    return report


# What it holds


def test_a_run_as_a_page(contacts_server: ContactsServer, tmp_path: Path) -> None:
    contacts_server.faults = [None, "429"]
    records = [
        contact(number, firstname="invalid") if number % 9 == 0 else contact(number)
        for number in range(90)
    ]
    with Client(TOKEN, base_url=contacts_server.url) as client:
        report = client.contacts.upsert(records, id_property="email")
    page = written(report, tmp_path)
    text = " ".join(Tags(page).text)
    for told in (
        "contacts.batch_upsert: 10 rejected",
        "80 created",
        "1 retry among them",
        "1 answered 429",
        "records/s",
        "records 0, 9, 18, 27, 36, …",
        "0@example.com",
        "All 10. Long texts are cut.",
    ):
        assert told in text
    assert page.count('<rect class="refused"') == 1
    assert TOKEN not in page


def test_it_says_what_it_leaves_out(tmp_path: Path) -> None:
    report = full()
    for index in range(120):
        report.add(
            Outcome(200 + index, Status.REJECTED, {}, problems=(Problem(None, f"C{index}", "no"),))
        )
    text = " ".join(Tags(written(report, tmp_path)).text)
    assert "The first 100 of 270. Long texts are cut." in text
    # Of 122 causes 100 are told apart, and 50 are shown.
    assert "Causes that are left out concern records 72 times." in text
    text = " ".join(Tags(written(hostile(), tmp_path)).text)
    assert "and 40 more" in text


def test_a_dry_run_and_nothing(tmp_path: Path) -> None:
    planned = UpsertReport("contacts.upsert", dry_run=True, batches=2, figures=Figures())
    planned.extend(Outcome(n, Status.NOT_SENT, {}, reason="dry run") for n in range(150))
    text = " ".join(Tags(written(planned, tmp_path)).text)
    assert "all would be sent" in text
    assert "Over time" not in text
    assert "no records" in written(UpsertReport(), tmp_path)


def test_the_page_of_many_records_has_a_size(tmp_path: Path) -> None:
    report = UpsertReport("contacts.upsert")
    problems = (Problem("email", "INVALID", "x" * 100_000),)
    record = {f"property_{n}": "y" * 100_000 for n in range(30)}
    report.extend(Outcome(n, Status.REJECTED, record, problems=problems) for n in range(1_000))
    assert len(written(report, tmp_path)) < 400_000


def test_a_report_that_was_read_gives_the_same_page(tmp_path: Path) -> None:
    report = full()
    report.write_jsonl(tmp_path / "report.jsonl")
    again = UpsertReport.read_jsonl(tmp_path / "report.jsonl")
    stamp = re.compile(r"Written [^.]*\.")
    assert stamp.sub("", written(again, tmp_path)) == stamp.sub("", written(report, tmp_path))


# Whatever records and answers hold


def test_no_text_is_markup(tmp_path: Path) -> None:
    tame, evil = Tags(written(full(), tmp_path)), Tags(written(hostile(), tmp_path))
    assert evil.tags <= tame.tags
    assert evil.attributes <= tame.attributes
    assert not {"script", "img", "iframe"} & tame.tags
    assert not any(name.startswith("on") or name in {"style", "src"} for name in tame.attributes)
    fragment = Tags(hostile()._repr_html_())
    assert fragment.tags <= tame.tags


@settings(max_examples=25, deadline=None)
@given(st.lists(OUTCOMES, max_size=8), ANY_TEXT)
def test_the_page_of_anything_is_a_page(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome], operation: str
) -> None:
    page = written(UpsertReport(operation, outcomes=outcomes), tmp_path_factory.getbasetemp())
    assert Tags(page).tags <= Tags(written(full(), tmp_path_factory.getbasetemp())).tags
    assert "\u202e" not in page


# In notebooks


def test_a_notebook_shows_the_most_important() -> None:
    shown = full()._repr_html_()
    text = " ".join(Tags(shown).text)
    for told in (
        "stopped, 150 rejected, 1 unknown",
        "INVALID_EMAIL",
        "wait for tomorrow",
        "400 requests",
    ):
        assert told in text
    assert "<style" not in shown


def test_without_pandas_there_is_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^to_frame needs pandas .*; pip install pandas$"
    ):
        UpsertReport(outcomes=[Outcome(0, Status.CREATED, {})]).to_frame()


# In a browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    reports = {
        "full": full(),
        "hostile": hostile(),
        "short": UpsertReport("contacts.upsert", outcomes=[Outcome(0, Status.CREATED, {})]),
    }
    for name, report in reports.items():
        report.write_html(folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in reports}


@pytest.fixture
def quiet_page(page: Browser) -> Iterator[Browser]:
    page.complaints.clear()
    page.fetched.clear()
    yield page
    assert page.complaints == []
    assert {address.partition(":")[0] for address in page.fetched} <= {"about", "data", "file"}
    assert len({address for address in page.fetched if address.startswith("file:")}) == 1


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, PHONE, DESK])
@pytest.mark.parametrize("name", ["full", "hostile", "short"])
def test_it_fits_and_can_be_read(
    quiet_page: Browser, pages: dict[str, Path], name: str, size: tuple[int, int], scheme: str
) -> None:
    page = quiet_page
    page.open(pages[name].as_uri(), *size, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(WIDTHS) == [size[0], size[0]]
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(CONTRAST) >= 4.5
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(14, 17, 22)") is (scheme == "dark")
    assert page.evaluate("document.title") != "owned"


BROKEN = """
[...document.querySelectorAll("#causes th, #causes td > code")]
  .filter(one => one.getClientRects().length > 1 || one.offsetHeight > 40).map(one => one.textContent)
"""


@pytest.mark.chromium
def test_no_code_and_no_heading_is_broken(quiet_page: Browser, tmp_path: Path) -> None:
    told = "there are 2 fields, and the header has 3; is a delimiter or a quote missing?"
    problems = (Problem("lifecyclestage", "UNREADABLE_RECORD", told),)
    outcomes = [
        Outcome(100_000 + index, Status.REJECTED, {}, problems=problems) for index in range(9)
    ]
    UpsertReport(outcomes=outcomes).write_html(tmp_path / "load.html")
    for width in (760, DESK[0]):
        quiet_page.open((tmp_path / "load.html").as_uri(), width, DESK[1], "light")
        assert quiet_page.evaluate(BROKEN) == []


HEIGHTS = """
[...document.querySelectorAll("svg")].map(svg => [...svg.querySelectorAll("g")].map(group =>
  [...group.querySelectorAll("rect:not(.ground)")].map(bar => bar.getBoundingClientRect().height)))
"""


EDGES = """
(() => {
  const strip = document.querySelectorAll("svg")[1], { top } = strip.getBoundingClientRect();
  return [...strip.querySelectorAll("g")].map(group =>
    [...group.querySelectorAll("rect:not(.ground)")].map(bar => bar.getBoundingClientRect())
      .map(box => ({ top: box.top - top, bottom: box.bottom - top })));
})()
"""


@pytest.mark.chromium
@pytest.mark.parametrize("size", [SMALL, DESK])
def test_bars_stand_for_what_happened(
    quiet_page: Browser, pages: dict[str, Path], size: tuple[int, int]
) -> None:
    page = quiet_page
    page.open(pages["full"].as_uri(), *size, "light")
    records, requests = page.evaluate(HEIGHTS)
    figures = full().figures
    assert figures is not None
    assert [bool(bars) for bars in records] == [bool(one.records) for one in figures.intervals]
    assert [len(bars) for bars in requests] == [
        2 if one.refused else 1 for one in figures.intervals
    ]
    highest = max(bars[0] for bars in records if bars)
    assert records[1][0] == pytest.approx(highest / 6, rel=0.05)
    box = page.evaluate(
        "(() => { const box = document.querySelector('svg').getBoundingClientRect();"
        "return [box.width, box.height]; })()"
    )
    assert 0.9 * box[1] < highest <= box[1]
    (refused, answered), *_ = [bars for bars in page.evaluate(EDGES) if len(bars) == 2]
    # Upon each other, and no higher than the strip.
    assert answered["bottom"] == pytest.approx(refused["top"], abs=0.1)
    assert refused["bottom"] == pytest.approx(box[1], abs=2)
    told = page.evaluate(
        "document.querySelectorAll('svg')[1].querySelectorAll('title')[4].textContent"
    )
    assert told == "50.0 s to 1 min 2 s: 400 records, 6 requests, 1 answered 429"


@pytest.mark.chromium
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_it_is_read_without_eyes(
    quiet_page: Browser, pages: dict[str, Path], size: tuple[int, int]
) -> None:
    page = quiet_page
    page.open(pages["full"].as_uri(), *size, "light")
    nodes: list[dict[str, Any]] = page.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            roles.setdefault(str(node["role"]["value"]), []).append(
                str(node.get("name", {}).get("value", ""))
            )
    assert {"Why records were not written", "Slowest batches", "Rejected records"} <= set(
        roles["table"]
    )
    assert {"Records", "Cause", "Property", "Problems"} <= set(roles["columnheader"])
    assert {"Stopped", "Over time", "Keys of many records"} <= set(roles["heading"])
    images = roles.get("image", []) + roles.get("img", [])
    assert any(
        name.startswith("Records per second over 20 min 34 s") for name in images
    ), json.dumps(roles)
    assert page.evaluate("document.documentElement.lang") == "en"
