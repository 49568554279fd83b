"""The guides for those who integrate, each followed in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.sandbox.faults import KINDS

from tests.bulk.redis_server import server_program
from tests.docs.guides import GUIDES, ROOT, File, GuideError, follow, steps
from tests.servers import kept_port

PAGES = "csv keys properties failures resume processes testing".split()


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_leads_where_it_says(page: str, tmp_path: Path) -> None:
    folder, programs = tmp_path / "reader", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    (programs / "valkey-server").symlink_to(server_program())
    text = (GUIDES / f"{page}.md").read_text("utf-8")
    with kept_port() as sandbox, kept_port() as redis:
        follow(text, folder, {"8090": sandbox, "6379": redis}, programs)


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_begins_with_what_one_will_have(page: str) -> None:
    title, blank, sentence, *_ = (GUIDES / f"{page}.md").read_text("utf-8").splitlines()
    assert title.startswith("# ")
    assert not blank
    assert sentence.startswith("In ")
    assert "minutes" in sentence


@pytest.mark.parametrize("page", ["README.md", "specs/docs/index.md"])
def test_the_first_command_loads_a_file_as_it_stands(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = re.findall(
        r"hubspot-upsert (contacts people\.csv[^`\n]*)", (ROOT / page).read_text()
    )
    (tmp_path / "people.csv").write_text("email,firstname\nada@example.com,Ada\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_TOKEN", "any")
    with Sandbox() as sandbox:
        assert run_command(CATALOGUE, [*shlex.split(command), "--base-url", sandbox.url]) == 0
        assert sandbox.count("contacts") == 1


def test_the_faults_that_are_named_are_known() -> None:
    text = (GUIDES / "testing.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith('| `"')]
    named = {name for row in rows for name in re.findall(r'`"([a-z-]+)"`', row)}
    assert named
    assert named <= set(KINDS)


GOOD = """\
# Title

`names.txt`:

```text-file
ada
```

```console
$ cat names.txt
ada
$ false
$ echo $?
1
$ echo one two \\
    three; echo four; echo five
one … three
…
```
"""


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("$ cat names.txt", "$ cat name.txt", "expected: 0"),
        ("\nada\n$", "\nalan\n$", "shown:\nalan"),
        ("$ echo $?\n1\n", "", "expected: 0"),
        ("\n1\n", "\n0\n", "shown:\n0"),
        ("one … three\n…\n", "one … three\n", "shown:\none … three"),
        ("one … three", "one … four", "shown:\none … four"),
        ("`names.txt`:", "The names:", "line 5: .* without a name"),
        ("$ cat", "cat", "line 10: output of no command"),
        ("$ cat", "$ pip install 'hubspot-upsert[cli,nonsense]'; cat", "called nonsense"),
    ],
)
def test_what_a_reader_would_stumble_over_is_told(
    right: str, wrong: str, problem: str, tmp_path: Path
) -> None:
    folders = [tmp_path / "good", tmp_path / "bad"]
    for folder in folders:
        folder.mkdir()
    follow(GOOD, folders[0], {})
    assert right in GOOD
    with pytest.raises(GuideError, match=problem):
        follow(GOOD.replace(right, wrong, 1), folders[1], {})


def test_boxes_and_tabs_are_followed_as_well() -> None:
    shown = (
        '=== "Sync"\n\n    `a.py`:\n\n    ```python\n    if True:\n        pass\n    ```\n\nEnd.\n'
    )
    (file,) = steps(shown)
    assert isinstance(file, File)
    assert (file.line, file.text) == (5, "if True:\n    pass\n")
