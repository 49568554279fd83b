"""The pages for contributors: every file, folder, target and command that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from upsertgen.cli import _group as command_line

from tests.docs.guides import GUIDES, ROOT

PAGES = sorted((GUIDES.parent / "contributing").glob("*.md"))
PICTURES = {
    "spec-text.md": ROOT / "generator" / "upsertgen",
    "record.md": ROOT / "templates" / "package",
}
PLACES = (ROOT, ROOT / "generator" / "upsertgen", ROOT / "templates" / "package")


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def outside_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def named_paths(text: str) -> list[str]:
    """Return what looks like a path: a folder with a slash at its end, or a file with an ending."""
    code = re.findall(r"`([^`\s]+)`", outside_blocks(text))
    return [one for one in code if re.fullmatch(r"[\w./*-]+(/|\.(py|md|yaml|toml|txt|css))", one)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_paths_that_are_named_exist(page: Path) -> None:
    names = named_paths(text_of(page))
    assert names
    before = ROOT
    for name in names:
        # "`generator/upsertgen/importing/`, `diff/`": the second stands beside the first. And
        # "`_bulk/`: `run.py`": the second stands in the first.
        around = [before, before.parent, *PLACES, *(place.parent for place in PLACES)]
        found = [path for place in around for path in place.glob(name.rstrip("/"))]
        found += [path for place in PLACES[1:] for path in place.rglob(name.rstrip("/"))]
        assert found, f"{page.name} names {name}, which does not exist"
        assert all(path.is_dir() for path in found[:1]) or not name.endswith("/"), name
        before = found[0] if found[0].is_dir() else found[0].parent


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_names_files_where_they_are(name: str) -> None:
    (picture,) = re.findall(
        r"^```text\n(.*?)^```$", text_of(GUIDES.parent / "contributing" / name), re.M | re.S
    )
    folder = base = PICTURES[name]
    files = 0
    for line in picture.splitlines():
        if step := re.search(r" (\w+/)  ", line):
            folder = base / step[1]
        for file in re.findall(r"[\w/]+\.py\b", line):
            places = (folder / file, base / file, ROOT / file)
            assert any(place.is_file() for place in places), f"{file} is not in {folder}"
            files += 1
    assert files


def test_the_text_that_is_followed_stands_where_it_is_said() -> None:
    (picture,) = re.findall(
        r"^```text\n(.*?)^```$", text_of(GUIDES.parent / "contributing/spec-text.md"), re.M | re.S
    )
    first, *_, last = picture.splitlines()
    found = re.fullmatch(r"(specs/\S+):(\d+) +(.*)", first)
    assert found is not None
    file, line, text = found.groups()
    assert (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1].strip() == text
    assert f'"""{text.removeprefix("description: ")}"""' in (ROOT / last).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_targets_and_commands_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = text_of(page)
    made = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert made <= targets
    used = set(re.findall(r"`(?:\.venv/bin/)?upsertgen ([a-z]+)", text))
    assert used <= set(command_line.commands)


def test_the_page_about_changes_names_every_target_that_tests() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^(test[a-z-]*|check):", makefile, re.MULTILINE))
    text = text_of(GUIDES.parent / "contributing" / "changes.md")
    assert {target for target in targets if f"make {target}" not in text} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_to_other_pages_lead_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", text_of(page)):
        assert link.startswith("https://") or (page.parent / link).is_file(), link
