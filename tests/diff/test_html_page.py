"""The HTML page in a real browser: it fits phones and desks, and each cell opens its changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from upsertgen.diff import between_versions

from tests.browser import CONTRAST, OVERFLOWING, WIDTHS, Browser
from tests.diff.compared_specs import SPECS, between, diff, write_specs
from tests.diff.test_hostile_text import HOSTILE
from tests.inventory import object_types

PHONE, DESK = (390, 844), (1280, 900)

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    hostile = between(write_specs(folder / "old"), write_specs(folder / "new", HOSTILE))
    runs: dict[str, tuple[str | Path, ...]] = {
        "two versions": ("2025-09", "2026-03", "--specs", SPECS),
        "all versions": ("--specs", SPECS),
        "hostile": hostile,
    }
    paths = {name: folder / f"{name}.html" for name in runs}
    for name, arguments in runs.items():
        assert diff(*arguments, "--format", "html", "--output", paths[name]).exit_code == 0
    return paths


@pytest.fixture(autouse=True)
def without_complaints(page: Browser) -> Iterator[None]:
    page.complaints.clear()
    page.fetched.clear()
    yield
    assert page.complaints == []
    assert {address.partition(":")[0] for address in page.fetched} <= {"about", "data", "file"}
    assert len({address for address in page.fetched if address.startswith("file:")}) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("name", ["two versions", "all versions", "hostile"])
def test_nothing_overflows(
    page: Browser, reports: dict[str, Path], name: str, size: tuple[int, int], scheme: str
) -> None:
    page.open(reports[name].as_uri(), *size, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    scrolled, width = page.evaluate(WIDTHS)
    assert scrolled == width == size[0]
    assert page.evaluate(OVERFLOWING) == []
    for cell in page.evaluate("[...document.querySelectorAll('a.cell')].map(one => one.hash)")[:3]:
        page.evaluate(f"location.hash = '{cell}'")
        assert page.evaluate(WIDTHS)[0] == size[0]
        assert page.evaluate(OVERFLOWING) == []


SHOWN = """
(() => {
  const panel = document.querySelector(location.hash);
  const bar = panel.querySelector(".bar").getBoundingClientRect();
  const above = document.elementFromPoint(bar.x + bar.width / 2, bar.y + bar.height / 2);
  return {
    hash: location.hash,
    panels: [...document.querySelectorAll(".panel")].filter(one => one.getClientRects().length).length,
    visible: panel.contains(above),
    title: panel.querySelector("h2 code").textContent,
    changes: panel.querySelectorAll(".change").length,
    text: panel.innerText,
  };
})()
"""


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_every_cell_of_the_matrix_opens_its_changes(
    page: Browser, reports: dict[str, Path], size: tuple[int, int]
) -> None:
    comparisons = between_versions(SPECS, ()).comparisons
    names = sorted({name for one in comparisons for name, _ in one.object_types})
    page.open(reports["all versions"].as_uri(), *size, "light")
    cells = page.evaluate(
        "[...document.querySelectorAll('td a')].map(one => one.getAttribute('href'))"
    )
    assert cells == [f"#cell-{index}-{name}" for name in names for index in range(len(comparisons))]
    for cell in cells:
        page.click(f"td a[href='{cell}']")
        shown: dict[str, Any] = page.evaluate(SHOWN)
        _, index, name = cell.split("-", 2)
        changes = comparisons[int(index)].of(name)
        assert shown["hash"] == cell
        assert shown["panels"] == 1 and shown["visible"], cell
        assert shown["title"] == name
        assert shown["changes"] == len(changes)
        assert changes or "Nothing changed" in shown["text"] or "in neither" in shown["text"]
        if size == PHONE:
            # Here the panel lies over the matrix.
            page.click(f"{cell} .close")
    if size == DESK:
        page.click(f"{cells[-1]} .close")
    assert page.evaluate("document.querySelector('.everything').getClientRects().length") == 1
    assert page.evaluate("document.querySelector('.panel:target')") is None


def test_light_and_dark_can_be_read(page: Browser, reports: dict[str, Path]) -> None:
    for scheme in ("light", "dark"):
        page.open(reports["two versions"].as_uri(), *DESK, scheme)
        page.evaluate("location.hash = '#cell-0-contacts'")
        worst: float = page.evaluate(CONTRAST)
        assert worst >= 4.5, scheme
    grounds = []
    for scheme in ("light", "dark"):
        page.open(reports["two versions"].as_uri(), *PHONE, scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_the_page_is_read_without_a_mouse(page: Browser, reports: dict[str, Path]) -> None:
    page.open(reports["two versions"].as_uri(), *DESK, "light")
    shown = page.evaluate("[...document.querySelectorAll('th[scope]')].map(one => one.textContent)")
    assert {one.strip() for one in shown} >= object_types("2025-09") | object_types("2026-03")
    assert page.evaluate("document.documentElement.lang") == "en"
    label = page.evaluate(
        "document.querySelector('#matrix a[href=\"#cell-0-contacts\"]').textContent"
    )
    assert "callers additive" in " ".join(label.split())
    assert "wire breaking" in " ".join(label.split())
