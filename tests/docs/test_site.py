"""The site that Zensical builds of pages: what is in it, what is not left of what was, and what is told."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from html import escape
from pathlib import Path

import httpx2
import pytest
from upsertgen.docs.site import build_site
from upsertgen.errors import InvalidInput
from upsertgen.spec_text import SpecText

from tests.command_line import contents, upsertgen, write_files
from tests.docs.links import check_markdown, check_site
from tests.docs.sites import Entry, Section, write_docs
from tests.servers import PATIENCE, free_port

HOSTILE = "\"]<img src=x onerror=\"document.title='owned'\"></title>&amp;{{ 7*7 }}'\n# \\x"
HOME = "# Home\n\n[Other](other.md#a-part)\n"
OTHER = "# Other\n\n## A part\n\nNothing but words.\n"
SERVE = """
import sys
from pathlib import Path
from upsertgen.docs.site import serve_site
sys.exit(serve_site(Path(sys.argv[1]), sys.argv[2]))
"""


def test_no_link_of_the_real_site_is_dead_and_nothing_is_loaded_from_elsewhere(docs: Path) -> None:
    assert check_site(docs / "site") == []
    assert check_markdown(docs / "pages") == []


def test_each_real_page_is_there_for_people_and_for_tools(docs: Path) -> None:
    pages = [one.relative_to(docs / "pages") for one in (docs / "pages").rglob("*.md")]
    assert pages
    for page in pages:
        text = (docs / "site" / page).with_suffix(".html").read_text("utf-8")
        assert f'<link rel="alternate" type="text/markdown" href="{page.name}">' in " ".join(
            re.findall("<link [^>]+>", text.replace("./", ""))
        ), page
        assert (docs / "site" / page).read_bytes() == (docs / "pages" / page).read_bytes()
    assert (docs / "site" / "llms.txt").is_file()


def test_nothing_is_left_of_a_page_that_is_gone(tmp_path: Path) -> None:
    write_docs(
        tmp_path, {"index.md": HOME, "other.md": OTHER, "folder/gone.md": "# Gone for good\n"}
    )
    site = build_site(tmp_path)
    assert (site / "folder" / "gone.html").is_file()
    assert (site / "folder" / "gone.md").is_file()
    (site / "stray.html").write_text("from elsewhere")
    write_docs(tmp_path, {"index.md": HOME, "other.md": OTHER})
    build_site(tmp_path)
    left = {path for path, content in contents(site).items() if b"one for good" in content}
    assert left == set()
    assert not (site / "folder").exists()
    assert not (site / "stray.html").exists()


def test_what_changed_is_built_again_and_the_rest_as_it_was(tmp_path: Path) -> None:
    write_docs(tmp_path, {"index.md": HOME, "other.md": OTHER})
    site = build_site(tmp_path)
    before = contents(site)
    build_site(tmp_path)
    assert contents(site) == before
    write_docs(tmp_path, {"index.md": HOME, "other.md": f"{OTHER}\nMore of it.\n"})
    build_site(tmp_path)
    after = contents(site)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {"other.html", "other.md", "search.js", "search.json"}
    assert b"More of it." in after["other.html"]
    assert b"More of it." in after["search.js"]


def test_a_page_shows_the_version_of_the_distribution(tmp_path: Path) -> None:
    site = build_site(write_docs(tmp_path, {"index.md": HOME, "other.md": OTHER}))
    assert "small-client 0.1.0" in (site / "other.html").read_text("utf-8")


@pytest.mark.parametrize("link", ["gone.md", "other.md#gone", "#gone", "gone.svg", "deep/gone.md"])
def test_a_dead_link_is_told_with_its_place(tmp_path: Path, link: str) -> None:
    page = (
        f'# Home\n\n[Other](other.md#a-part) `<a href="no-link.html">`\n\nIt is [there]({link}).\n'
    )
    write_docs(tmp_path, {"index.md": page, "other.md": OTHER})
    with pytest.raises(InvalidInput) as refused:
        build_site(tmp_path)
    (problem,) = refused.value.problems
    told = f"index.md:5:15: the link to {link} leads nowhere; expected a page, or a place in one"
    assert told in str(problem)
    build_site(tmp_path, strict=False)


@pytest.mark.parametrize(
    "picture",
    ["![It](gone.svg)", "<img src='gone.svg'>", "<img src=gone.svg>", '<IMG SRC="gone.svg">'],
)
def test_a_picture_that_is_not_there_is_told(tmp_path: Path, picture: str) -> None:
    write_docs(tmp_path, {"index.md": f"# Home\n\nLook: {picture}\n"})
    with pytest.raises(InvalidInput) as refused:
        build_site(tmp_path)
    (problem,) = refused.value.problems
    column = f"Look: {picture}".index("gone") + 1
    assert f"pages/index.md:3:{column}: the link to gone.svg leads nowhere" in str(problem)


def test_a_dead_link_in_what_people_wrote_is_told_there(tmp_path: Path) -> None:
    page = "# Home\n\n[There](gone.md)\n"
    write_docs(tmp_path, {"index.md": page, "other.md": page})
    written = write_files(tmp_path / "specs" / "docs", {"other.md": page})
    with pytest.raises(InvalidInput) as refused:
        build_site(tmp_path, written)
    assert {(one.location.path, one.location.line) for one in refused.value.problems} == {
        ((tmp_path / "pages" / "index.md").as_posix(), 3),
        ((written / "other.md").as_posix(), 3),
    }


def test_the_last_that_the_tool_says_is_told_and_no_traceback(tmp_path: Path) -> None:
    write_docs(tmp_path, {"index.md": "# Home\n"})
    (tmp_path / "zensical.toml").write_text("[project\n")
    told = r"zensical could not build the site: [\w.]+: .*line 1"
    with pytest.raises(InvalidInput, match=told) as refused:
        build_site(tmp_path)
    assert "Traceback" not in str(refused.value)


def test_a_site_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    write_docs(tmp_path, {"index.md": "# Home\n"})
    (tmp_path / "site").write_text("A file")
    with pytest.raises(InvalidInput) as refused:
        build_site(tmp_path)
    (problem,) = refused.value.problems
    assert problem.wrong.startswith(f"{(tmp_path / 'site').as_posix()} cannot be written: ")
    assert "Traceback" not in str(problem)
    assert "os error" not in str(problem)


@pytest.mark.parametrize("address", ["8000", "nonsense", ":8000", "127.0.0.1:", "127.0.0.1:65536"])
def test_what_is_no_address_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = upsertgen("docs", "--serve", "--address", address)
    assert outcome.code == 2
    told = f"--address: '{address}' is no address; expected HOST:PORT such as 127.0.0.1:8000"
    assert told in outcome.err
    assert contents(tmp_path) == {}


def test_an_address_where_something_is_served_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        outcome = upsertgen("docs", "--serve", "--address", address)
    assert outcome.code == 2
    assert f"--address: nothing can be served at {address}: " in outcome.err


def test_an_address_of_nothing_that_is_served_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = upsertgen("docs", "--address", "127.0.0.1:8000")
    assert outcome.code == 2
    assert "--address says where --serve serves the site: give both" in outcome.err


def test_without_pages_it_is_told_how_they_are_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="have the pages written: upsertgen docs"):
        build_site(tmp_path)


def test_without_the_tool_it_is_told_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_docs(tmp_path, {"index.md": "# Home\n"})
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InvalidInput, match=r"install it: pip install 'upsertgen\[docs\]'"):
        build_site(tmp_path)


def test_titles_and_descriptions_are_text_and_never_markup(tmp_path: Path) -> None:
    title = SpecText(HOSTILE)
    inner = Section(title, [Entry(title, "other.md")])
    sections = [Section("", [Entry(title, "index.md")]), Section(title, [inner])]
    pages = {"index.md": HOME, "other.md": OTHER}
    site = build_site(write_docs(tmp_path, pages, sections, description=HOSTILE))
    for page in site.glob("*.html"):
        text = page.read_text("utf-8")
        assert "<img" not in text
        assert text.count("</title>") == 1
        assert "49" not in re.sub("<svg.*?</svg>|<script.*?</script>", "", text)
    shown = escape(" ".join(HOSTILE.split())).replace("&#x27;", "'")
    assert shown in (site / "index.html").read_text("utf-8")


def test_git_knows_nothing_of_what_is_built(tmp_path: Path) -> None:
    build_site(write_docs(tmp_path, {"index.md": "# Home\n"}))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "pages/index.md" in told.splitlines()
    assert not [one for one in told.splitlines() if one.startswith(("site/", ".cache/"))]


def test_it_is_served_and_follows_changes_until_ctrl_c(tmp_path: Path) -> None:
    write_docs(tmp_path, {"index.md": HOME, "other.md": OTHER})
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-c", SERVE, str(tmp_path), address]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            wait_for(f"http://{address}/other.html", "Nothing but words.")
            (tmp_path / "pages" / "other.md").write_text("# Other\n\n## A part\n\nOther words.\n")
            wait_for(f"http://{address}/other.html", "Other words.")
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(url: str, text: str) -> None:
    """Wait until a page holds a text."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            if text in httpx2.get(url).text:
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < ends, f"{url} does not show {text}"
        time.sleep(0.1)
