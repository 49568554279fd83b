"""The site in a real browser: nobody is kept from reading it, and it asks nobody else for anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from upsertgen.docs.site import build_site
from upsertgen.spec_text import SpecText

from tests.browser import WIDTHS, Browser
from tests.conftest import Once
from tests.docs.sites import REAL, Entry, Section, served, write_docs
from tests.docs.test_site import HOSTILE
from tests.sandbox.page import DESK, PHONE, wait

SIZES = (PHONE, DESK)
SCHEMES = {"light": "default", "dark": "slate"}
WIDE = " | ".join("a_name_without_any_end" for _ in range(12))
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='40'/>"
EVERYTHING = f"""# Everything

Words, `code`, [a link](other.md) and **more**.

> [!NOTE]
> A note with a [link](other.md).

> [!WARNING]
> A warning.

> [!IMPORTANT]
> It matters.

> [!CAUTION]
> Take care.

> [!TIP]
> Do so.

!!! danger "A title"

    It is dangerous.

??? info "More"

    It was hidden.

<details>
<summary>More</summary>

It was hidden as well.

</details>

## Tables

| {WIDE} |
|{"---|" * 12}
| {WIDE} |

| | |
|---|---|
| Without | a head |

## Code

=== "Python"

    ```python
    import os

    # A remark, a number, a text and names.
    @decorated
    class Loaded(Exception):
        \"\"\"Said of it.\"\"\"

        number: int = 0x10 + len(f"{{os.name}}" + {"'a' + " * 40}'b')
    ```

=== "curl"

    ```sh
    curl -X POST "https://api.example.com" -H "Authorization: Bearer $TOKEN" # {"so on " * 30}
    ```

```json
{{"text": "a", "number": 1.5, "nothing": null, "yes": true}}
```

```yaml
a: b # c
```

```toml
[tool.a]
b = "c"
```

```diff
- a
+ b
```

```console
$ load people.csv
5 created
```

### Pictures

![By day](day.svg#only-light)
![By night](night.svg#only-dark)

1. First
2. Second

> Somebody said so.

<a id="everything"></a>

### Everything
"""
FOUND = """
[...document.body.children].flatMap(one => one.shadowRoot ? [...one.shadowRoot.querySelectorAll('a')] : [])
"""

pytestmark = pytest.mark.chromium


def sample() -> list[str]:
    """Return a page of each kind: of each folder one that is neither the largest nor the smallest."""
    kinds: dict[str, list[Path]] = {}
    for page in (REAL / "pages").rglob("*.md"):
        kinds.setdefault("/".join(_html(page).split("/")[:-1][:1]), []).append(page)
    chosen = [sorted(pages, key=_size)[len(pages) // 2] for pages in kinds.values()]
    return sorted(_html(page) for page in chosen)


def _size(page: Path) -> int:
    return page.stat().st_size


def _html(page: Path) -> str:
    return page.relative_to(REAL / "pages").with_suffix(".html").as_posix()


@pytest.fixture(scope="session")
def everything(once: Once) -> Path:
    """The site of a page that has whatever pages have."""

    def build(folder: Path) -> None:
        pages = {
            "index.md": "# Home\n\n[Everything](part/everything.md)\n",
            "part/index.md": "# The part\n",
            "part/everything.md": EVERYTHING,
            "part/other.md": "# Other\n\n## A place\n\nNothing but zebras.\n",
            "part/deep/one.md": "# One\n\nOf zebras, too.\n",
            "part/day.svg": PICTURE,
            "part/night.svg": PICTURE,
        }
        title = SpecText(HOSTILE)
        inner = Section("Deep", [Entry(title, "part/deep/one.md")])
        listed = [Entry(one, f"part/{one}.md") for one in ("index", "everything", "other")]
        part = Section("Part", [Section("The part", [*listed, inner])])
        build_site(write_docs(folder, pages, [Section("", [Entry("Home", "index.md")]), part]))

    return once("everything", build) / "site"


@pytest.fixture(autouse=True)
def without_complaints(page: Browser) -> Iterator[None]:
    page.complaints.clear()
    yield
    assert page.complaints == []


def visit(page: Browser, base: str, path: str) -> None:
    page.open(f"{base}/{path}", *DESK, "light")
    settle(page, "light")


def settle(page: Browser, scheme: str) -> None:
    """Wait until the page has done whatever its size and its colours ask for."""
    page.evaluate(
        "window.settled = false;"
        "requestAnimationFrame(() => requestAnimationFrame(() => { window.settled = true; })); undefined"
    )
    wait(page, "window.settled")
    # A page that nobody laid out has no colours of the theme.
    wait(page, f"[undefined, '{SCHEMES[scheme]}'].includes(document.body.dataset.mdColorScheme)")


def foreign(page: Browser, base: str) -> list[str]:
    """Return what the page has asked others for."""
    return [one for one in page.fetched if not one.startswith((base, "about:", "data:", "blob:"))]


def check_page(page: Browser, base: str, path: str) -> None:
    visit(page, base, path)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for size in SIZES:
        for scheme in SCHEMES:
            page.emulate(*size, scheme)
            settle(page, scheme)
            assert page.evaluate(WIDTHS)[0] <= size[0], (path, size)
            assert page.violations() == [], (path, size, scheme)
    assert foreign(page, base) == []


@pytest.mark.parametrize(
    "path", ["index.html", "part/everything.html", "part/other.html", "404.html"]
)
def test_whatever_a_page_has_can_be_read_by_everybody(
    page: Browser, everything: Path, path: str
) -> None:
    check_page(page, everything.as_uri(), path)


@pytest.mark.parametrize("path", sample())
def test_real_pages_can_be_read_by_everybody(page: Browser, docs: Path, path: str) -> None:
    check_page(page, (docs / "site").as_uri(), path)


@pytest.mark.large
def test_every_real_page_can_be_read_by_everybody(page: Browser, docs: Path) -> None:
    for path in sorted((docs / "site").rglob("*.html")):
        check_page(page, (docs / "site").as_uri(), path.relative_to(docs / "site").as_posix())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("by", ["file", "server"])
def test_the_search_finds_pages(page: Browser, everything: Path, by: str, scheme: str) -> None:
    with served(everything) as address:
        base = everything.as_uri() if by == "file" else address
        for size in SIZES:
            page.open(f"{base}/part/everything.html", *size, scheme)
            settle(page, scheme)
            page.click(".md-search__button" if size == DESK else "label[for=__search]")
            wait(page, "document.activeElement.shadowRoot?.activeElement?.tagName === 'INPUT'")
            page.call("Input.insertText", text="zebras")
            wait(page, f"{FOUND}.length >= 2")
            addresses = page.evaluate(f"{FOUND}.map(one => one.href.split(/[?#]/)[0])")
            expected = {f"{base}/part/other.html", f"{base}/part/deep/one.html"}
            assert set(addresses) == expected
            images = "document.activeElement.shadowRoot.querySelectorAll('img').length"
            assert page.evaluate(images) == 0
            assert "owned" not in page.evaluate("document.title")
            assert page.violations() == [], (size, scheme)
            assert foreign(page, base) == []
        page.press("Enter")
        wait(page, f"{json.dumps(sorted(expected))}.includes(location.href.split(/[?#]/)[0])")
        # The browser is on a page that is not served any more.
        page.open("about:blank", *DESK, scheme)


def test_pictures_are_those_of_the_scheme(page: Browser, everything: Path) -> None:
    visit(page, everything.as_uri(), "part/everything.html")
    shown = (
        "[...document.querySelectorAll('article img')]"
        ".filter(one => one.getClientRects().length).map(one => one.alt)"
    )
    for scheme, expected in {"light": "By day", "dark": "By night"}.items():
        page.emulate(*DESK, scheme)
        settle(page, scheme)
        assert page.evaluate(shown) == [expected]


def test_colours_can_be_chosen_whatever_the_system_has(page: Browser, everything: Path) -> None:
    visit(page, everything.as_uri(), "index.html")
    chosen = []
    for _ in range(3):
        page.click("[data-md-component=palette] label:not([hidden])")
        settle(
            page,
            page.evaluate("document.body.dataset.mdColorScheme === 'slate' ? 'dark' : 'light'"),
        )
        chosen.append(page.evaluate("document.body.dataset.mdColorScheme"))
        assert page.violations() == []
    assert chosen == ["default", "slate", "default"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_menu_of_a_phone_can_be_read(page: Browser, everything: Path, scheme: str) -> None:
    page.open(f"{everything.as_uri()}/part/everything.html", *PHONE, scheme)
    settle(page, scheme)
    page.click(".md-header label[for=__drawer]")
    wait(page, "document.querySelector('.md-sidebar--primary').getBoundingClientRect().left >= 0")
    assert page.violations() == []


def test_a_named_place_goes_before_a_heading_that_is_called_the_same(
    page: Browser, everything: Path
) -> None:
    visit(page, everything.as_uri(), "part/everything.html#everything")
    place = "document.getElementById('everything').getBoundingClientRect().top"
    assert page.evaluate("document.querySelectorAll('[id=everything]').length") == 1
    assert page.evaluate("scrollY") > 0
    assert 0 <= page.evaluate(place) < DESK[1]


def test_what_is_cut_off_is_reached_by_keys(page: Browser, everything: Path) -> None:
    visit(page, everything.as_uri(), "part/everything.html")
    reached = "[...document.querySelectorAll('article [tabindex=\"0\"]')].map(one => one.tagName)"
    assert {"DIV", "CODE"} <= set(page.evaluate(reached))
    # What fits is in nobody's way.
    fits = (
        "[...document.querySelectorAll('article [tabindex=\"0\"]')]"
        ".filter(one => one.scrollWidth <= one.clientWidth).length"
    )
    assert page.evaluate(fits) == 0
