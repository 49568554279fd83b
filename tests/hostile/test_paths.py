"""Specs folders with links, pipes and names that are out to hurt."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from upsertgen.commands.messages import annotation, print_changes
from upsertgen.errors import Location
from upsertgen.write import Action, Change

from tests.bad_input.project import CONTACTS, OVERLAY, PROJECT, SCHEMAS
from tests.command_line import write_files
from tests.hostile.bounded_runs import assert_shown, assert_told, refused, run, with_schemas

# Hundreds of runs of the command line, which CI does with `make test-large`.
pytestmark = pytest.mark.large


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is in order, and the current folder; beside it, a folder with a secret."""
    folder = tmp_path / "project"
    outside = tmp_path / "outside"
    write_files(folder, {**PROJECT, "pyproject.toml": "[tool.upsertgen]\n"})
    write_files(outside, {"secret.yaml": "password: hunter2\n", "upsert.yaml": PROJECT[OVERLAY]})
    monkeypatch.chdir(folder)
    return folder


def _bind(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)


def _link(*links: tuple[str, str]) -> None:
    """Make links, each from a path to a target."""
    for path, target in links:
        Path(path).unlink(missing_ok=True)
        Path(path).symlink_to(target)


_SPEC, _LOCK = "specs/v1/a.yaml", "specs/names.lock.yaml"
_OUT, _NOWHERE = "the link leads out of the specs folder", "the link leads nowhere"
_THROUGH = (
    "the link leads through what is outside the specs folder; expected a relative link that stays"
)
_LINKS = {
    "a link to a file outside": (_SPEC, "../../../outside/secret.yaml", f"{_SPEC}:1:1: {_OUT}"),
    "an absolute link": (_SPEC, "/etc/hostname", _OUT),
    "a link to a folder outside": ("specs/v2", "../../outside", f"specs/v2:1:1: {_OUT}"),
    "an overlay outside": (OVERLAY, "../../../outside/upsert.yaml", f"{OVERLAY}:1:1: {_OUT}"),
    "a lock outside": (_LOCK, "../../outside/secret.yaml", _OUT),
    "a link to a device": (_SPEC, "/dev/zero", _OUT),
    "a lock that is a device": (_LOCK, "/dev/zero", _OUT),
    "a link to nothing": (_SPEC, "gone.yaml", _NOWHERE),
    "a folder in itself": ("specs/v1/loop", "..", "the link leads to a folder that contains it"),
}
_ODD: dict[str, tuple[Callable[[], object], str]] = {
    **{
        name: (partial(_link, (path, target)), told)
        for name, (path, target, told) in _LINKS.items()
    },
    "a link over a link": (
        partial(_link, (_SPEC, "b"), ("specs/v1/b", "/etc/hostname")),
        _OUT,
    ),
    "an absolute link inside": (
        lambda: _link((_SPEC, str(Path("specs/v1/contacts.yaml").absolute()))),
        f"{_SPEC}:1:1: {_THROUGH} inside the specs folder; let it lead to contacts.yaml",
    ),
    "an absolute link inside, over a link": (
        lambda: _link((_SPEC, "b"), ("specs/v1/b", str(Path("specs/v1/contacts.yaml").absolute()))),
        _THROUGH,
    ),
    "a link out and in again": (
        partial(_link, (_SPEC, "../../specs/v1/contacts.yaml")),
        _THROUGH,
    ),
    "links to each other": (
        partial(_link, (_SPEC, "b.yaml"), ("specs/v1/b.yaml", "a.yaml")),
        _NOWHERE,
    ),
    "a pipe": (lambda: os.mkfifo(_SPEC), "this is a pipe"),
    "a lock that is a pipe": (lambda: os.mkfifo(_LOCK), "this is a pipe"),
    "a socket": (lambda: _bind(_SPEC), "this is a socket"),
    "a folder that looks like a file": (lambda: Path(_SPEC).mkdir(), "this is a folder"),
    "folders in folders": (
        lambda: Path("specs", *"abcdefghijk").mkdir(parents=True),
        "folders stand more than 8 deep in each other",
    ),
}


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (name, command)
        for name in _ODD
        for command in ("validate", "generate", "list", "diff")
        # These read no lock.
        if not ("lock" in name and command in ("list", "diff"))
    ],
)
def test_files_that_are_none(project: Path, name: str, command: str) -> None:
    make, told = _ODD[name]
    make()
    outcome = run(project, command)
    assert_told(outcome)
    assert told in outcome.err
    assert "hunter2" not in outcome.err
    assert not Path("generated").exists()


def test_links_inside_are_followed(project: Path) -> None:
    _link(("specs/v1/deals.yaml", "contacts.yaml"))
    outcome = run(project, "validate")
    assert outcome.code == 0
    # They are one file, and so send the same.
    assert outcome.err.startswith("note: specs/v1/deals.yaml:9:5: this operation and the one at")
    assert "2 specs of object types" in outcome.out


def test_a_specs_folder_that_is_a_link(project: Path) -> None:
    """Whoever runs the command has named it."""
    Path("specs").rename("../elsewhere")
    _link(("specs", "../elsewhere"))
    assert run(project, "validate").code == 0


_NAMES = {
    "escape sequences": b"a\x1b[31m\x07.yaml",
    "a line of its own": b"a\n::error::b.yaml",
    "a carriage return": b"a\r.yaml",
    "text that runs backwards": "a\u202eb.yaml".encode(),
    "a line separator": "a\u2028b.yaml".encode(),
    "bytes that are not UTF-8": b"a\xff.yaml",
    "a very long name": b"a" * 250 + b".yaml",
}


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("name", _NAMES)
def test_names_of_files(project: Path, name: str, folder: bool) -> None:
    path = os.fsencode("specs/") + (b"" if folder else b"v1/") + _NAMES[name]
    if folder:
        Path(os.fsdecode(path)).mkdir()
        path += b"/a.yaml"
    Path(os.fsdecode(path)).write_text(PROJECT[CONTACTS])
    outcome = run(project, "generate", "--check", "--format", "github")
    assert outcome.code == 2
    assert outcome.out.startswith("::error file=specs/")
    assert_shown(outcome)
    for command in (["generate"], ["list"], ["diff"]):
        outcome = run(project, *command)
        assert_told(outcome)
        assert len(outcome.problems) == 1
        assert "; expected printable characters" in outcome.err or "more than 120" in outcome.err


@pytest.mark.parametrize(
    "name", ["con", "AUX", "Nul", "com1", "LPT9", "a'\"`$(x){{7*7}}%s", " ", "..."]
)
def test_names_that_are_odd(project: Path, name: str) -> None:
    Path(f"specs/v1/{name}.yaml").write_text(PROJECT[CONTACTS])
    outcome = run(project, "generate", "--jobs", "1")
    assert outcome.code == 0, outcome.err
    assert_shown(outcome)
    reserved = {"con", "aux", "nul", "prn", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}
    assert not {path.stem.lower() for path in Path("generated").rglob("*")} & reserved


@pytest.mark.parametrize(
    "reference",
    [
        "../../../outside/secret.yaml#/password",
        "../../outside/secret.yaml",
        "/etc/passwd#/x",
        "%2e%2e/%2e%2e/%2e%2e/outside/secret.yaml#/password",
        "file:///etc/passwd#/x",
        "http://127.0.0.1:9/x#/y",
        "//127.0.0.1/x#/y",
        "HTTPS://127.0.0.1/x",
        "a%00b.yaml#/x",
        r"\\127.0.0.1\share\x.yaml#/y",
    ],
)
def test_references_that_lead_out(tmp_path: Path, reference: str) -> None:
    write_files(tmp_path / "outside", {"secret.yaml": "password: hunter2\n"})
    told = refused(tmp_path / "project", with_schemas(f"X0: {{$ref: '{reference}'}}"))
    assert "a schema in the specs folder" in told
    assert "hunter2" not in told


def test_what_is_printed_about_files_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("specs/a\x1b[2J\n::error::\r\udcff\u202e.py")
    change = Change(path.as_posix(), Action.CREATED, ("because\n::error::of \x1b[1m",), None, "")
    for count in (1, 9):
        print_changes([(change, path)] * count, every=False, err=False)
        assert capsys.readouterr().out.removesuffix("\n").isprintable()
    assert annotation("error", Location(str(path)), change.reasons[0]).isprintable()


def test_differences_are_shown(project: Path) -> None:
    """What somebody put into the output is printed by `--diff`, and obeyed by no terminal."""
    assert run(project, "generate", "--jobs", "1").code == 0
    for path in Path("generated").rglob("contacts.py"):
        path.write_text(f"{path.read_text()}# \x1b[2J\x07\u202e\n", "utf-8")
    outcome = run(project, "generate", "--diff")
    assert outcome.code == 0
    assert "# \\x1b[2J" in outcome.out
    assert_shown(outcome)


def test_text_of_specs_is_shown(project: Path) -> None:
    odd = '"\\e[2J\\u202E\\a\\L::error::\\r"'
    write_files(
        project,
        {
            CONTACTS: PROJECT[CONTACTS]
            .replace("title: Contacts", f"title: {odd}, x-y: 1")
            .replace("description: The contacts.", f"description: {odd}")
            .replace(", x-y: 1", ""),
            OVERLAY: PROJECT[OVERLAY].replace(
                "    update:", f"    description: {odd}\n    update:"
            ),
            "specs/v2/contacts.yaml": PROJECT[CONTACTS],
            "specs/v2/schemas.yaml": PROJECT[SCHEMAS],
        },
    )
    for command in (
        "validate",
        "list",
        "generate --diff",
        "diff --format terminal",
        "diff --format markdown",
    ):
        outcome = run(project, *command.split())
        assert outcome.code == 0, outcome.err
        assert_shown(outcome)
