"""Both READMEs: their examples run, and what they say about files, commands and settings is so."""

from __future__ import annotations

import inspect
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import httpx2
import hubspot_upsert.bulk
import hubspot_upsert.v3
import pytest
from hubspot_upsert import errors
from hubspot_upsert._bulk.resource import UpsertOptions
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert._policies import POLICY
from hubspot_upsert._properties.files import read_files
from hubspot_upsert._properties.property import PROPERTY_TYPES
from hubspot_upsert.bulk import Status, UpsertReport
from hubspot_upsert.sandbox import Sandbox
from upsertgen.cli import _group as command_line
from upsertgen.configuration import Settings, read_configuration
from upsertgen.ir.words import ERRORS
from upsertgen.properties import read_property_settings
from werkzeug import Response

from tests.endpoints import SUCCESS
from tests.inventory import PACKAGES, attributes
from tests.servers import PROGRAM_PATIENCE, Server, answer, free_port

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
        (GENERATED_README, 1, answer(207, ONE_REFUSED), ["id='512'", "'VALIDATION_ERROR'"]),
        (GENERATED_README, 2, answer(200, TWO_RESULTS), ["status='COMPLETE'"]),
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


@pytest.mark.parametrize(("text", "index", "created"), [(README, 1, 250), (GENERATED_README, 0, 2)])
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


def test_the_example_that_reads_back_finds_what_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "example.py").write_text(blocks(README, "python")[3], "utf-8")
    with Sandbox() as sandbox:
        sandbox.seed("contacts", [{"email": "ada@example.com", "firstname": "Ada"}])
        for version in VERSIONS:
            monkeypatch.setattr(version.Client, "_BASE_URL", sandbox.url)
        runpy.run_path(str(tmp_path / "example.py"), run_name="__main__")
    assert "'firstname': 'Ada'" in capsys.readouterr().out


def test_the_bulk_section_names_every_option_and_status() -> None:
    text = section(GENERATED_README, "Upsert any number of records")
    statuses, options = (
        {
            name
            for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
            for name in re.findall(r"`([^`]+)`", cell)
        }
        for table in text.split("\n\n")
        if table.startswith(("| `outcome.status` |", "| option |"))
    )
    assert statuses - {"outcome.status"} == {one.value for one in Status} - {"written"}
    assert "`written`" in text
    assert options == set(UpsertOptions.__annotations__)
    for name in re.findall(r"`(?:report|bulk\.UpsertReport)\.(\w+)", text):
        assert hasattr(UpsertReport(), name), name
    assert "from hubspot_upsert.bulk import RedisRateLimiter" in text
    assert hasattr(hubspot_upsert.bulk, "RedisRateLimiter")


def test_the_lines_about_properties_run(tmp_path: Path) -> None:
    text = section(GENERATED_README, "Which properties?")
    install, *lines = blocks(text, "")[0].splitlines()
    assert install == "pip install 'hubspot-upsert[cli,sandbox]'"
    assert len(lines) < 10
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines).replace("8090", str(free_port()))],
        cwd=tmp_path,
        env={**os.environ, "PATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for line in (
        r"properties/contacts\.yaml: \d+ properties, new",
        r"email +email +yes +yes *",
        r"contacts: no change since properties/contacts\.yaml",
        r"created +1",
        r" *3  email     INVALID_EMAIL  Email address nobody is invalid",
    ):
        assert re.search(f"^{line}", done.stdout, re.MULTILINE), (line, done.stdout)


def test_the_other_commands_about_properties_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = section(GENERATED_README, "Which properties?")
    shown = [
        each
        for each in re.findall(r"`(properties (?:pull|show|diff)\b[^`]* [^`]*)`", text)
        if each != "properties pull"
    ]
    assert len(shown) == 4
    with Sandbox() as sandbox:
        at = ["--base-url", sandbox.url]
        for folder in ("properties", "other-account"):
            pull = ["pull", "contacts", "--api-version", "2026-03", "--output", folder, *at]
            assert run_command(CATALOGUE, ["properties", *pull]) == 0
        for line in shown:
            code = run_command(CATALOGUE, [*shlex.split(line.replace("TEXT", "phone")), *at])
            assert code == 0, line
    assert re.search(r"^phone\b", capsys.readouterr().out, re.MULTILINE)


def test_the_lines_about_headers_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_TOKEN", "any")
    text = section(GENERATED_README, "Which properties?").partition("### Files with headers")[2]
    lines = [line for block in blocks(text, "") for line in block.splitlines()]
    assert len(lines) == 3
    Path("contacts.csv").write_text("My key,First Name,Notes\nada@example.com,Ada,\n")
    Path("properties").mkdir()
    properties = {"email": {"unique": True}, "firstname": {"label": "First Name"}}
    file = Path("properties/contacts.yaml")
    file.write_text(json.dumps({"object_type": "contacts", "properties": properties}))
    with Sandbox() as sandbox:
        sandbox.declare("contacts", firstname={"label": "First Name"})
        for line in lines:
            program, *arguments = shlex.split(line)
            assert program == "hubspot-upsert"
            assert run_command(CATALOGUE, [*arguments, "--base-url", sandbox.url]) == 0, line
        record = sandbox.record("contacts", "ada@example.com", "email")
    assert record is not None
    assert record["properties"]["firstname"] == "Ada"
    said = capsys.readouterr()
    assert "by their labels, 'First Name' is 'firstname'" in said.err
    assert [line[:9].strip() for line in said.out.splitlines()[-7:]] == ["ok"] * 7


def test_no_example_is_left_out() -> None:
    # The third is checked, and never runs: tests/types/test_property_types.py.
    assert len(blocks(README, "python")) == 4
    assert len(blocks(GENERATED_README, "python")) == 5
    assert README.count("```python") + GENERATED_README.count("```python") == 9


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
    declared = read_files([tmp_path / "properties.yaml"], {})
    assert [*declared["contacts"].properties] == ["number", "since", "colour", "score"]
    told = re.search(r"string, email, .* or enumeration", shown)
    assert told is not None
    assert set(re.findall(r"\w+", told[0])) - {"or"} == set(PROPERTY_TYPES)
    named = text[text.index("\nFaults: ") :]
    with Sandbox() as sandbox, httpx2.Client(base_url=sandbox.url, timeout=60) as http:
        # Those that fit an operation of the API.
        kinds = http.get("/_sandbox/faults/kinds").json()["kinds"]
        assert set(re.findall(r"`([a-z-]+)`", named)) == set(kinds)
        for methods, route in re.findall(r"`((?:GET|PUT|POST)[`, A-Z]*) ?(/_sandbox/\w+)", text):
            for method in re.findall(r"[A-Z]+", methods):
                what = route.rpartition("/")[2]
                path = f"{route}/contacts" if what in {"properties", "seed"} else route
                body = {"faults": {"fault": "locked"}, "seed": {"records": []}}.get(what, {})
                assert http.request(method, path, json=body).status_code < 300, (method, path)


def test_the_first_examples_have_ten_lines() -> None:
    assert all(len(example.splitlines()) <= 10 for example in blocks(README, "python"))


def test_the_sections_stand_in_the_order_that_readers_need() -> None:
    assert re.findall(r"^## (.*)$", outside_blocks(README), flags=re.MULTILINE) == [
        "Two commands",
        "Upsert contacts",
        "Upsert any number of records",
        "Catch a misspelt property in the editor",
        "Read back what was written",
        "Test without an account",
        "Add an object type",
        "A new API version ships",
        "Rename a public name",
        "Use it for another API",
        "Contributing",
        "What no spec can do",
        "How the parts fit",
    ]


def test_the_pictures_name_files_where_they_are() -> None:
    pictures = re.findall(
        r"files below `(\S+)/`.*?:\n\n(.*?)\n\n(?=\S)",
        section(README, "How the parts fit"),
        flags=re.DOTALL,
    )
    assert len(pictures) == 2
    for base, picture in pictures:
        folder = ROOT / base
        named = 0
        for line in picture.splitlines():
            if step := re.search(r" (\w+/)  ", line):
                folder = ROOT / base / step[1]
            for name in re.findall(r"[\w/]+\.py\b", line):
                places = (folder / name, ROOT / base / name, ROOT / name)
                assert any(place.is_file() for place in places), f"{name} is not in {folder}"
                named += 1
        assert named, "a picture names files"
    file, line, text = re.findall(r"^    (specs/\S+):(\d+) +(.*)$", pictures[0][1], re.MULTILINE)[0]
    assert (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1].strip() == text
    emitted = pictures[0][1].splitlines()[-1].strip()
    assert f'"""{text.removeprefix("description: ")}"""' in (ROOT / emitted).read_text("utf-8")


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
    assert {f"--{name}" for name in shown if name != "free-names"} <= flags(generate)


def test_the_settings_of_properties_that_are_shown_are_such(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(README, "toml") if "[tool.upsertgen.properties]" in one]
    (tmp_path / "pyproject.toml").write_text(block, "utf-8")
    settings = read_property_settings(tmp_path / "pyproject.toml")
    assert settings.output == tmp_path / "my_app/crm_types.py"
    assert settings.files == (f"{tmp_path}/properties/*.yaml",)
    assert settings.keys == {"deals": "deal_code"}


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
    assert "`encode.py`" in README
    assert (ROOT / "generator" / "upsertgen" / "emit" / "encode.py").is_file()
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
    assert {version.__name__: attributes(version) for version in VERSIONS} == {
        name: re.findall(r"`(\w+)`", names) for name, names in listed.items()
    }


def test_both_distributions_support_the_versions_of_python_that_the_readme_names() -> None:
    (sentence,) = re.findall(r"and Python ([0-9., or]+) with its venv module", README)
    named = re.findall(r"3\.\d+", sentence)
    for file in (ROOT / "pyproject.toml", ROOT / "generated" / "pyproject.toml"):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        assert project["requires-python"] == f">={named[0]}"
        prefix = "Programming Language :: Python :: "
        classifiers = [one for one in project["classifiers"] if one.startswith(prefix)]
        assert [one.removeprefix(prefix) for one in classifiers] == named
