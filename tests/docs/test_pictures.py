"""The pictures of the documentation: there are all of them, they show what is, and they can be made again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from package._bulk.outcomes import Status

from tests.browser import Browser
from tests.docs.pictures import drawings, timeline
from tests.docs.pictures.__main__ import main
from tests.docs.pictures.listing import (
    FOLDER,
    LIST,
    ROOT,
    SHOWN,
    Picture,
    pictures,
    shown_digests,
)
from tests.docs.pictures.palette import SCHEMES
from tests.docs.pictures.screenshots import HEIGHT, WIDTH

PICTURES = {one.name: one for one in pictures()}
DRAWINGS = [one for one in PICTURES.values() if one.source]
SCREENSHOTS = [one for one in PICTURES.values() if not one.source]
COPIES = "generated/docs/pages/pictures"
MOST_BYTES = 150 * 1024


def source(name: str) -> Any:
    return yaml.safe_load((FOLDER / PICTURES[name].source).read_text("utf-8"))


def size(image: bytes) -> tuple[int, int]:
    """Give width and height of an image, as its header says it."""
    if image.startswith(b"\x89PNG"):
        return int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big")
    assert image[8:16] == b"WEBPVP8X"
    width, height = image[24:27], image[27:30]
    return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1


# What is there


def test_there_are_all_pictures_and_nothing_else() -> None:
    expected = {LIST, SHOWN}
    for picture in PICTURES.values():
        expected |= {picture.path(scheme) for scheme in SCHEMES}
        expected |= {FOLDER / picture.source} if picture.source else set()
    assert set(FOLDER.iterdir()) == expected
    assert len(PICTURES) == len(pictures())


def test_pages_come_with_the_pictures_and_not_with_what_these_are_made_from() -> None:
    expected = {picture.path(scheme) for picture in PICTURES.values() for scheme in SCHEMES}
    copies = {path.name: path.read_bytes() for path in (ROOT / COPIES).iterdir()}
    assert copies == {path.name: path.read_bytes() for path in expected}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_is_small_and_described(picture: Picture) -> None:
    assert 40 < len(picture.alt) < 300 and "\n" not in picture.alt
    for scheme in SCHEMES:
        image = picture.path(scheme).read_bytes()
        assert len(image) <= MOST_BYTES
        if picture in SCREENSHOTS:
            assert size(image) == (WIDTH, HEIGHT)


def test_pages_refer_to_pictures_with_their_text() -> None:
    shown = re.compile(r"!\[([^]]*)\]\([./]*pictures/([\w-]+)-(light|dark)\.(\w+)(#[\w-]+)?\)")
    for page in FOLDER.parent.rglob("*.md"):
        for alt, name, scheme, ending, fragment in shown.findall(page.read_text("utf-8")):
            assert (alt, ending) == (PICTURES[name].alt, PICTURES[name].ending), page
            assert fragment in ("", f"#only-{scheme}"), page


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_is_shown_where_it_is_said(picture: Picture) -> None:
    text = (FOLDER.parent / picture.page).read_text("utf-8")
    for scheme in SCHEMES:
        assert f"pictures/{picture.path(scheme).name}#only-{scheme})" in text


# What they show


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("picture", DRAWINGS, ids=lambda one: one.name)
def test_a_drawing_is_drawn_from_its_source(picture: Picture, scheme: str) -> None:
    drawn = drawings.draw(picture, scheme)
    assert picture.path(scheme).read_text("utf-8") == drawn, "draw it again: make pictures"
    root = ElementTree.fromstring(drawn)  # noqa: S314 -- our own
    named = {one.get("id"): one.text for one in root if one.get("id")}
    assert all(named[one] for one in root.attrib["aria-labelledby"].split())
    assert re.findall(r"https?:[^\"]*|url\(|@import", drawn) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize("picture", SCREENSHOTS, ids=lambda one: one.name)
def test_a_screenshot_shows_the_page_as_it_is(picture: Picture) -> None:
    changed = f"{', '.join(picture.shown)} changed; make it again: make pictures"
    assert shown_digests()[picture.name] == picture.digest(), changed


def test_the_states_of_a_record_are_those_of_its_outcome() -> None:
    states = source("record-states")
    leaves, comes = ({one[end] for one in states["arrows"]} for end in ("from", "to"))
    outcomes = {box["name"] for box in states["boxes"] if box["name"] not in leaves}
    assert outcomes == set(map(str, Status))
    assert outcomes <= comes
    described = states["description"]
    assert [one for one in outcomes if one not in described] == []


def test_the_pipeline_leads_through_rooms_that_there_are() -> None:
    pipeline = source("pipeline")
    parts = [*pipeline["boxes"], *pipeline["arrows"]]
    rooms = ROOT / pipeline["rooms"]
    missing = [one["by"] for one in parts if "by" in one and not (rooms / one["by"]).is_dir()]
    missing += [one["path"] for one in parts if "path" in one and not (ROOT / one["path"]).exists()]
    assert missing == []


def test_the_load_is_one_that_waits() -> None:
    load = source("load-timeline")
    written = sum(count for *_, count in load["requests"])
    statuses = [status for _, _, status, _ in load["requests"]]
    assert written == load["records"]
    assert set(statuses) == {200, 429}


# How they look

LAYOUT = """
(() => {
  const root = document.documentElement, box = one => one.getBBox();
  const texts = [...document.querySelectorAll("text")].map(one => ({ told: one.textContent, ...at(box(one)),
    colour: getComputedStyle(one).fill }));
  function at({ x, y, width, height }) { return { left: x, top: y, right: x + width, bottom: y + height }; }
  const rects = [...document.querySelectorAll("rect")].map(one => ({ kind: one.getAttribute("class"),
    ...at(box(one)), colour: getComputedStyle(one).fill }));
  const lines = [...document.querySelectorAll("polyline")].flatMap(one => [...one.points].slice(1)
    .map((to, index) => [one.points[index], to]))
    .map(([one, to]) => ({ left: Math.min(one.x, to.x), right: Math.max(one.x, to.x),
      top: Math.min(one.y, to.y), bottom: Math.max(one.y, to.y) }));
  const meets = (one, other) => one.left < other.right && other.left < one.right &&
    one.top < other.bottom && other.top < one.bottom;
  const holds = (one, other) => one.left <= other.left && other.right <= one.right &&
    one.top <= other.top && other.bottom <= one.bottom;
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(one => one / 255)
      .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const wrong = [];
  for (const text of texts) {
    const ground = rects.filter(one => holds(one, text)).pop();
    if (!ground) { wrong.push(`${text.told}: outside`); continue; }
    const [more, less] = [light(text.colour), light(ground.colour)].sort((a, b) => b - a);
    const contrast = (more + 0.05) / (less + 0.05);
    if (contrast < 4.5) wrong.push(`${text.told}: contrast ${contrast}`);
    for (const one of rects) if (meets(one, text) && !holds(one, text)) wrong.push(`${text.told}: an edge`);
    for (const one of lines) if (meets(one, text)) wrong.push(`${text.told}: a line`);
    for (const one of texts) if (one !== text && meets(one, text)) wrong.push(`${text.told}: ${one.told}`);
  }
  return wrong;
})()
"""


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("picture", DRAWINGS, ids=lambda one: one.name)
def test_texts_of_a_drawing_have_room_and_contrast(
    page: Browser, picture: Picture, scheme: str
) -> None:
    page.open(picture.path(scheme).as_uri(), 1280, 1100, scheme)
    assert page.evaluate(LAYOUT) == []


# How they are made


def test_what_is_no_picture_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pipelines"])
    assert "no picture is called pipelines; there are load-timeline, " in capsys.readouterr().err


def is_made(picture: Picture, folder: Path) -> None:
    before = {path: path.read_bytes() for path in FOLDER.iterdir()}
    assert main([picture.name, "--output", str(folder)]) == 0
    light, dark = (picture.path(scheme, folder).read_bytes() for scheme in SCHEMES)
    assert light != dark
    if picture in SCREENSHOTS:
        assert size(light) == size(dark) == (WIDTH, HEIGHT)
    assert {path: path.read_bytes() for path in FOLDER.iterdir()} == before


@pytest.mark.chromium
@pytest.mark.parametrize("name", ["pipeline", "version-diff"])
def test_a_picture_is_made_again(name: str, tmp_path: Path) -> None:
    is_made(PICTURES[name], tmp_path)


@pytest.mark.large
@pytest.mark.chromium
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_every_picture_is_made_again(picture: Picture, tmp_path: Path) -> None:
    is_made(picture, tmp_path)


@pytest.mark.large
def test_a_load_is_run_again() -> None:
    # After a 429 among the first requests, a load goes on too slowly for a test.
    load = timeline.record(2_000, fault="server;status=503", latency="30ms±20")
    assert sum(count for *_, count in load["requests"]) == load["records"] == 2_000
    assert {status for _, _, status, _ in load["requests"]} == {200, 503}
    assert "2,000 records" in timeline.draw(load, "dark")
