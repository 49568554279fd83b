"""The link checker finds each kind of link that leads nowhere, and whatever is loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import write_files
from tests.docs.links import check_markdown, check_site

HOSTS = {"known.example"}
INDEX = '<h1 id="top">Top</h1><a name="old"></a>{}'
PAGE = """# The Title: of `it`, *all*

## Again
## Again

<a id="anchor"></a>

{}
"""
CODE = """
```python
[gone](gone.md)
```
"""

GOOD_HTML = [
    '<a href="">here</a> <a href="#top">up</a> <a href="#old">up</a> <a href="index.html#top">up</a>',
    '<a href="deep/page.html#a%20b">there</a> <link rel="next" href="deep/page.html">',
    '<a href="https://known.example/x#y">elsewhere</a> <a href="picture.svg">picture</a>',
    '<img src="picture.svg#only-light"> <img src="data:image/png;base64,AA==">',
    "<style>a { background: url(picture.svg) }</style> <p style=\"background: url('picture.svg')\">",
    "<code>url(https://other.example)</code> <code>src=https://other.example</code>",
]
BAD_HTML = {
    '<a href="gone.html">': "gone.html, which is not there",
    '<a href="deep/">': "deep/, which is not there",
    '<a href="#gone">': "#gone, where there is no such place",
    '<a href="deep/page.html#gone">': "deep/page.html#gone, where there is no such place",
    '<a href="picture.svg#top">': "picture.svg#top, where there is no such place",
    '<a href="../outside.html">': "../outside.html, which is outside",
    '<a href="https://other.example/x">': "https://other.example/x, whose host is not among those",
    '<a href="http://known.example/">': "http://known.example/, whose host is not among those",
    '<a href="javascript:alert(1)">': "javascript:alert(1), whose host is not among those",
    '<link rel="next" href="gone.html">': "gone.html, which is not there",
    '<script src="https://known.example/x.js"></script>': "loaded from elsewhere",
    '<script src="//known.example/x.js"></script>': "loaded from elsewhere",
    '<link rel="stylesheet" href="https://known.example/x.css">': "loaded from elsewhere",
    '<link rel="preconnect" href="https://known.example">': "loaded from elsewhere",
    '<img src="https://known.example/x.png">': "loaded from elsewhere",
    '<img srcset="picture.svg 1x, https://known.example/x.png 2x">': "loaded from elsewhere",
    '<iframe src="https://known.example/"></iframe>': "loaded from elsewhere",
    '<svg><use href="https://known.example/x.svg#y"/></svg>': "loaded from elsewhere",
    '<img src="gone.png">': "gone.png loaded, which is not there",
    "<style>@import 'https://known.example/x.css'</style>": "loaded from elsewhere",
    "<style>a { background: url(https://known.example/x.png) }</style>": "loaded from elsewhere",
    "<p style='background: url(\"https://known.example/x.png\")'>": "loaded from elsewhere",
    '<base href="https://known.example/">': "a base",
}
GOOD_MARKDOWN = [
    "[up](#the-title-of-it-all) [again](#again-1) [anchor](#anchor) [there](deep/page.md#again)",
    "![picture](picture.svg#only-dark) <https://known.example/> <br>",
    "`[code](gone.md)`",
    CODE,
    f"!!! note\n{CODE}".replace("\n", "\n    "),
]
BAD_MARKDOWN = {
    "[gone](gone.md)": "gone.md, which is not there",
    "[gone](#gone)": "#gone, where there is no such place",
    "[gone](deep/page.md#gone)": "deep/page.md#gone, where there is no such place",
    "[out](../outside.md)": "../outside.md, which is outside",
    "[other](https://other.example)": "https://other.example, whose host is not among those",
    "<a href='gone.md'>gone</a>": "gone.md, which is not there",
    "![picture](https://known.example/x.png)": "loaded from elsewhere",
    "<img src='gone.png'>": "gone.png loaded, which is not there",
    "| a |\n|---|\n| [gone](gone.md) |": "gone.md, which is not there",
    "> [!NOTE]\n> [gone](gone.md)": "gone.md, which is not there",
    "!!! note\n\n    [gone](gone.md)": "gone.md, which is not there",
    '=== "One"\n\n    ??? note\n\n        [gone](gone.md)': "gone.md, which is not there",
}


def site(folder: Path, body: str, css: str = "", found: str = "index.html#top") -> list[str]:
    files = {
        "site/index.html": INDEX.format(body),
        "site/deep/page.html": '<h1 id="a b">Page</h1><a href="../index.html#top">up</a>',
        "site/picture.svg": "",
        "site/assets/theme.css": css,
        "site/search.json": f'{{"items": [{{"location": "{found}"}}]}}',
        "outside.html": "",
    }
    write_files(folder, files)
    return check_site(folder / "site", HOSTS)


def pages(folder: Path, body: str) -> list[str]:
    files = {
        "pages/index.md": PAGE.format(body),
        "pages/deep/page.md": PAGE.format("[up](../index.md#again)"),
        "pages/picture.svg": "",
        "outside.md": "",
    }
    write_files(folder, files)
    return check_markdown(folder / "pages", HOSTS)


@pytest.mark.parametrize("body", GOOD_HTML)
def test_a_site_whose_links_lead_somewhere_has_no_problems(tmp_path: Path, body: str) -> None:
    assert site(tmp_path, body, "a { background: url(../picture.svg) }") == []


@pytest.mark.parametrize(("body", "told"), BAD_HTML.items())
def test_what_is_wrong_with_a_site_is_told(tmp_path: Path, body: str, told: str) -> None:
    (problem,) = site(tmp_path, body)
    assert problem.startswith("index.html ")
    assert told in problem


def test_style_sheets_and_the_index_of_the_search_are_looked_at(tmp_path: Path) -> None:
    css = '@import url("https://known.example/x.css"); a { background: url(gone.png) }'
    assert site(tmp_path, "", css, "gone.html") == [
        "assets/theme.css has https://known.example/x.css loaded from elsewhere",
        "assets/theme.css has gone.png loaded, which is not there",
        "search.json leads to gone.html, which is not there",
    ]


@pytest.mark.parametrize("body", GOOD_MARKDOWN)
def test_pages_whose_links_lead_somewhere_have_no_problems(tmp_path: Path, body: str) -> None:
    assert pages(tmp_path, body) == []


@pytest.mark.parametrize(("body", "told"), BAD_MARKDOWN.items())
def test_what_is_wrong_with_pages_is_told(tmp_path: Path, body: str, told: str) -> None:
    (problem,) = pages(tmp_path, body)
    assert problem.startswith("index.md ")
    assert told in problem
