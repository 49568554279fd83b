"""Both READMEs: their examples run, and what they say about files, commands and settings is so."""

from __future__ import annotations

import inspect
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import httpx2
import hubspot_upsert.bulk
import hubspot_upsert.v3
import pytest
from hubspot_upsert import errors
from hubspot_upsert._bulk.operation import UpsertOptions
from hubspot_upsert._policies import POLICY
from hubspot_upsert.bulk import Status, UpsertReport
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.sandbox.declarations import read_declarations
from hubspot_upsert.sandbox.fault_kinds import KINDS
from hubspot_upsert.sandbox.properties import PROPERTY_TYPES
from upsertgen.cli import _group as command_line
from upsertgen.configuration import Settings, read_configuration
from upsertgen.ir.extensions import ERRORS
from werkzeug import Response

from tests.endpoints import SUCCESS
from tests.inventory import PACKAGES
from tests.servers import Server, answer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
GENERATED_README = (ROOT / "generated" / "README.md").read_text("utf-8")
VERSIONS = tuple(PACKAGES.values())

TWO_RESULTS = {
    **SUCCESS,
    "results": [SUCCESS["results"][0], {**SUCCESS["results"][0], "id": "513", "new": False}],
}
ONE_REFUSED = {**SUCCESS, "errors": [{"category": "VALIDATION_ERROR", "message": "no email"}]}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def outside_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def local_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what examples send to a server of this machine."""
    for version in VERSIONS:
        monkeypatch.setattr(version.Client, "_BASE_URL", server.url)
        monkeypatch.setattr(version.AsyncClient, "_BASE_URL", server.url)
    monkeypatch.setenv("ACCESS_TOKEN", "token-of-the-environment")


def limit(policy: str, headers: dict[str, str]) -> Response:
    return answer(429, {"message": "Too much.", "policyName": policy}, headers)


REFUSED = {"message": "It is wrong.", "category": "VALIDATION_ERROR", "correlationId": "c-1"}


@pytest.mark.parametrize(
    ("text", "index", "response", "printed"),
    [
        (README, 0, answer(200, TWO_RESULTS), ["512 created", "513 updated"]),
        (GENERATED_README, 0, answer(207, ONE_REFUSED), ["id='512'", "'VALIDATION_ERROR'"]),
        (GENERATED_README, 1, answer(200, TWO_RESULTS), ["status='COMPLETE'"]),
        (
            GENERATED_README,
            3,
            limit("DAILY", {}),
            ["nothing more today: contacts.batch_upsert: 429 Too much."],
        ),
        (
            GENERATED_README,
            3,
            limit("SECONDLY", {"Retry-After": "31"}),
            ["try again in 31.0 seconds"],
        ),
        (
            GENERATED_README,
            3,
            answer(400, REFUSED),
            ["400 VALIDATION_ERROR c-1 contacts.batch_upsert: 400 It is wrong."],
        ),
        (GENERATED_README, 3, answer(200, SUCCESS), []),
    ],
)
def test_examples_run(
    server: Server,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str,
    index: int,
    response: Response,
    printed: list[str],
) -> None:
    server.script = [response]
    (tmp_path / "example.py").write_text(blocks(text, "python")[index], "utf-8")
    runpy.run_path(str(tmp_path / "example.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(printed)
    for line, part in zip(lines, printed, strict=True):
        assert part in line
    (request,) = server.requests
    assert request.path.endswith("/contacts/batch/upsert")
    assert request.headers["Authorization"] == "Bearer token-of-the-environment"
    assert request.json["inputs"][0]["id"] == "ada@example.com"


@pytest.mark.parametrize(("text", "index", "created"), [(README, 1, 250), (GENERATED_README, 2, 2)])
def test_bulk_examples_run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    index: int,
    created: int,
) -> None:
    (tmp_path / "example.py").write_text(blocks(text, "python")[index], "utf-8")
    with Sandbox() as sandbox:
        for version in VERSIONS:
            monkeypatch.setattr(version.Client, "_BASE_URL", sandbox.url)
        runpy.run_path(str(tmp_path / "example.py"), run_name="__main__")
        assert sandbox.count("contacts") == created
    assert re.search(rf"^created +{created}$", capsys.readouterr().out, re.MULTILINE)


def test_the_bulk_section_names_every_option_and_status() -> None:
    text = section(GENERATED_README, "Upsert any number of records")
    rows = [
        {
            name
            for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
            for name in re.findall(r"`([^`]+)`", cell)
        }
        for table in text.split("\n\n")
        if table.startswith("| ")
    ]
    statuses, options = rows
    assert statuses - {"outcome.status"} == {one.value for one in Status} - {"written"}
    assert "`written`" in text
    assert options == set(UpsertOptions.__annotations__)
    for name in re.findall(r"`(?:report\.)?(\w+)(?:\(\))?`", text):
        if name.endswith(("_jsonl", "_records")) or name == "warnings":
            assert hasattr(UpsertReport, name), name
    assert "from hubspot_upsert.bulk import RedisRateLimiter" in text
    assert hasattr(hubspot_upsert.bulk, "RedisRateLimiter")


def test_no_example_is_left_out() -> None:
    assert len(blocks(README, "python")) == 2
    assert len(blocks(GENERATED_README, "python")) == 5
    assert README.count("```python") + GENERATED_README.count("```python") == 7


def test_the_tests_that_are_shown_pass(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(blocks(GENERATED_README, "python")[4], "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ada@example.com" in done.stdout


def test_the_properties_and_faults_that_are_shown_are_known(tmp_path: Path) -> None:
    text = section(GENERATED_README, "Test without an account")
    (shown,) = blocks(text, "yaml")
    (tmp_path / "properties.yaml").write_text(shown, "utf-8")
    declared = read_declarations([tmp_path / "properties.yaml"], None)
    assert [one.name for one in declared["contacts"]] == ["number", "since", "colour", "score"]
    told = re.search(r"string, email, .* or enumeration", shown)
    assert told is not None
    assert set(re.findall(r"\w+", told[0])) - {"or"} == set(PROPERTY_TYPES)
    named = text[text.index("\nFaults: ") :]
    assert set(re.findall(r"`([a-z-]+)`", named)) == set(KINDS)
    with Sandbox() as sandbox, httpx2.Client(base_url=sandbox.url) as http:
        for methods, route in re.findall(r"`((?:GET|PUT|POST)[`, A-Z]*) ?(/_sandbox/\w+)", text):
            for method in re.findall(r"[A-Z]+", methods):
                path = f"{route}/contacts" if "properties" in route else route
                body = {"fault": "locked"} if "faults" in route else {}
                assert http.request(method, path, json=body).status_code < 300, (method, path)


def test_the_first_examples_have_ten_lines() -> None:
    assert all(len(example.splitlines()) <= 10 for example in blocks(README, "python"))


def test_the_sections_stand_in_the_order_that_readers_need() -> None:
    assert re.findall(r"^## (.*)$", outside_blocks(README), flags=re.MULTILINE) == [
        "Two commands",
        "Upsert contacts",
        "Upsert any number of records",
        "Test without an account",
        "Add an object type",
        "A new API version ships",
        "Rename a public name",
        "Use it for another API",
        "Contributing",
        "What no spec can do",
        "How the parts fit",
    ]


def test_the_configuration_shown_has_exactly_the_settings_that_there_are(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(README, "toml") if one.startswith("[tool.upsertgen]\n")]
    shown = tomllib.loads(block)["tool"]["upsertgen"]
    # Renames are shown in a section of their own, and have no flag.
    assert set(shown) == {one.name.replace("_", "-") for one in fields(Settings)} - {"renames"}
    (tmp_path / "pyproject.toml").write_text(block, "utf-8")
    settings = read_configuration(tmp_path / "pyproject.toml")
    for name, value in shown.items():
        held = getattr(settings, name.replace("-", "_"))
        assert held == (tmp_path / value if isinstance(held, Path) else value)
    (generate,) = [command for name, command in commands() if name == "generate"]
    assert {f"--{name}" for name in shown} <= flags(generate)


def test_the_renames_that_are_shown_are_settings(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(README, "toml") if "[[tool.upsertgen.renames]]" in one]
    (tmp_path / "pyproject.toml").write_text(block, "utf-8")
    (rename,) = read_configuration(tmp_path / "pyproject.toml").renames
    assert (rename.old, rename.new, rename.until) == ("v3.contacts", "v3.people", "2.0")


def commands() -> list[tuple[str, click.Command]]:
    return list(command_line.commands.items())


def flags(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts} | {"--help"}


def test_the_commands_that_are_shown_exist() -> None:
    known = dict(commands())
    shown = re.findall(r"\bupsertgen ([a-z]+)((?: --[a-z-]+)*)", README)
    used = {name for name, _ in shown if name in known}
    assert used == set(known)
    for name, options in shown:
        if options:
            assert set(options.split()) <= flags(known[name])


def test_the_targets_of_make_that_are_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    code = re.findall(r"`make ([a-z-]+)`|^ +make ([a-z-]+)", README, flags=re.MULTILINE)
    shown = {one for pair in code for one in pair if one}
    assert {"test", "check", "bench", "golden"} <= shown <= targets
    assert ".DEFAULT_GOAL := generate" in makefile


def test_the_files_and_folders_that_are_named_exist() -> None:
    prose = outside_blocks(README)
    rows = re.findall(r"^\| (`.*?) \|", prose, flags=re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    named += re.findall(r"`((?:specs|generated|\.ci)/[^`<]*)`", prose)
    named += [
        link.partition("#")[0]
        for link in re.findall(r"\]\(([^)]+)\)", prose)
        if not link.startswith("https://")
    ]
    assert len(named) > 12
    folder = ROOT
    for name in named:
        # "generator/upsertgen/cli.py", "run.py": the second stands beside the first.
        path = ROOT / name if (ROOT / name).exists() else folder / name
        assert path.exists(), f"README.md names {name}, which does not exist"
        folder = path if path.is_dir() else path.parent


def test_the_other_names_that_are_mentioned_exist() -> None:
    source = "".join(
        path.read_text("utf-8") for path in (ROOT / "generator" / "upsertgen").rglob("*.py")
    )
    for name in re.findall(r"`(x-[a-z-]+)`", README):
        assert f'"{name}"' in source, name
    for file, folder in [("encode.py", "emit"), ("names.py", "ir")]:
        assert f"`{file}`" in README
        assert (ROOT / "generator" / "upsertgen" / folder / file).is_file()
    for kind in ("package", "version", "resource"):
        assert f"`{kind}` stands for" in README or f"`{kind}` for" in README
        assert list((ROOT / "templates").rglob(f"{kind}*"))
    assert (ROOT / "generated" / ".upsertgen.json").is_file()


def test_generated_readme_names_every_exception(server: Server) -> None:
    table = section(GENERATED_README, "Errors")
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) | {
        "ApiError",
        "RateLimit",
    } == set(errors.__all__)
    assert set(ERRORS.values()) <= set(errors.__all__)
    server.script = [answer(400, {})]
    with pytest.raises(errors.ApiError) as caught:
        hubspot_upsert.v3.Client("t").tasks.batch_upsert(inputs=[])
    named = re.search(r"`ApiError` with (.*?):\n", table, flags=re.DOTALL)
    assert named is not None
    for attribute in re.findall(r"`(\w+)`", named[1]):
        assert hasattr(caught.value, attribute)


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_the_generated_readme_says_what_the_policy_does() -> None:
    rows = re.findall(
        r"^\| (\d.*?|none) \| (.*?) \| `(\w+)` \| (.*?) \|$", GENERATED_README, re.MULTILINE
    )
    *told, transport = [
        (statuses, error, again.startswith("yes"), re.search(r"[\d.]+", again))
        for statuses, _, error, again in rows
    ]
    assert len(told) == len(POLICY.rules)
    for (statuses, error, again, delay), rule in zip(told, POLICY.rules, strict=True):
        assert statuses == ", ".join(map(str, rule.statuses))
        assert (error, again) == (rule.error.__name__, rule.retry)
        assert (float(delay[0]) if delay else 0.0) == rule.minimum_delay
    assert transport[:3] == ("none", "TransportError", POLICY.retry_transport)


def test_the_generated_readme_names_every_setting_of_a_client() -> None:
    text = section(GENERATED_README, "Settings")
    parameters = list(inspect.signature(hubspot_upsert.v3.Client).parameters)
    for name in parameters[1:]:
        assert f"`{name}`" in text
    assert parameters[0] == "token"


def test_the_generated_readme_lists_the_object_types_of_each_version() -> None:
    listed = dict(
        re.findall(r"^- `(hubspot_upsert\.\w+)` \([\w-]+\): (.*)$", GENERATED_README, re.MULTILINE)
    )
    assert {version.__name__: names_of(version) for version in VERSIONS} == {
        name: re.findall(r"`(\w+)`", names) for name, names in listed.items()
    }


def names_of(version: ModuleType) -> list[str]:
    members: Iterator[tuple[str, Any]] = iter(vars(version.Client).items())
    return [name for name, member in members if isinstance(member, cached_property)]


def test_both_distributions_support_the_versions_of_python_that_the_readme_names() -> None:
    (sentence,) = re.findall(r"and Python ([0-9., or]+) with its venv module", README)
    named = re.findall(r"3\.\d+", sentence)
    for file in (ROOT / "pyproject.toml", ROOT / "generated" / "pyproject.toml"):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        assert project["requires-python"] == f">={named[0]}"
        prefix = "Programming Language :: Python :: "
        classifiers = [one for one in project["classifiers"] if one.startswith(prefix)]
        assert [one.removeprefix(prefix) for one in classifiers] == named
