"""`upsertgen init` as it is typed: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from upsertgen.configuration import Settings
from upsertgen.new_project import NewProject, plan_project
from upsertgen.write.transaction import recover

from tests.command_line import contents, upsertgen
from tests.hostile.kill_points import survives, tree
from tests.new_project import documents
from tests.new_project.conftest import Begin
from tests.new_project.documents import Document
from tests.new_project.test_guesses import ways
from tests.servers import PROGRAM_PATIENCE


def is_green() -> None:
    assert upsertgen("validate").code == 0
    checked = upsertgen("generate", "--check")
    assert checked.code == 0, checked.out


@pytest.mark.parametrize("make", documents.ALL)
def test_a_project_from_a_document_is_green(
    begin: Begin, folder: Path, make: Callable[[], Document]
) -> None:
    done = begin(make())
    assert done.code == 0, done.err
    assert all(line.startswith("note: ") for line in done.err.splitlines())
    *_, last = done.out.splitlines()
    assert last.startswith("Next: ")
    is_green()
    for path in ("Makefile", ".gitignore", ".github/workflows/upsertgen.yml", "pyproject.toml"):
        assert f"wrote    {path}" in done.out
        assert (folder / path).is_file()
    overlay = folder / "specs" / "overlays" / "upsert.yaml"
    assert overlay.is_file() == ("\nguessed: " in done.out) != ("\nnot guessed: " in done.out)


def test_a_type_as_argument_beside_types_that_are_named(begin: Begin, folder: Path) -> None:
    one = documents.by_property()
    path = "/crm/v3/objects/{objectType}/batch/upsert"
    parameter = {"name": "objectType", "in": "path", "required": True, "schema": {"type": "string"}}
    operation = one["paths"]["/crm/v3/objects/deals/batch/upsert"]["post"]
    one["paths"][path] = {"post": operation, "parameters": [parameter]}
    done = begin(one)
    assert done.code == 0, done.err
    assert "is not selected" not in done.err
    assert {path.stem for path in (folder / "specs/v3").iterdir()} == {
        *("contacts", "deals", "objects", "schemas")
    }
    is_green()


@pytest.mark.parametrize(
    ("schemes", "token"),
    [
        ({"login": {"type": "http", "scheme": "basic"}}, '"user:password"'),
        (
            {
                "login": {"type": "http", "scheme": "basic"},
                "key": {"type": "apiKey", "in": "query", "name": "key"},
            },
            '{"key": "token", "login": "user:password"}',
        ),
    ],
)
def test_the_first_test_gives_what_the_security_schemes_take(
    begin: Begin, folder: Path, schemes: Document, token: str
) -> None:
    one = documents.external_id()
    one["components"]["securitySchemes"] = schemes
    (path,) = one["paths"]
    one["paths"][path]["post"]["security"] = [{name: [] for name in schemes}]
    assert begin(one).code == 0
    assert f"client(Client, {token})" in (folder / "tests" / "test_acme_client.py").read_text()
    is_green()


def test_the_first_test_is_of_a_type_that_is_upserted(begin: Begin, folder: Path) -> None:
    one = documents.external_id()
    (path,) = one["paths"]
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    job = {"parameters": [parameter], "responses": {"200": {"description": "The job."}}}
    one["paths"]["/api/v2/jobs/{id}"] = {"get": job}
    assert begin(one, "--select", "GET /jobs/{id}", "--select", f"POST {path}").code == 0
    assert "users.upsert(" in (folder / "tests" / "test_acme_client.py").read_text()
    is_green()


@pytest.mark.parametrize("name", ["new", "a/b c", "../beside"])
def test_a_folder_that_is_not_there_is_made(folder: Path, name: str) -> None:
    done = upsertgen("init", name, "--yes", "--package", "acme")
    assert done.code == 0, done.err
    assert f"All paths are those in {name}: cd " in done.out
    with contextlib.chdir(folder / name):
        is_green()
    assert sorted(one.name for one in (folder / name).parent.glob(".*")) == []


@pytest.mark.parametrize("name", ["taken", "taken/below"])
def test_a_file_is_no_folder(folder: Path, name: str) -> None:
    (folder / "taken").touch()
    done = upsertgen("init", name, "--yes")
    assert done.code == 2
    assert done.err.startswith(f"{name}: ")
    assert "is not a folder; expected a folder that" in done.err


def test_a_project_by_hand_is_green(begin: Begin, folder: Path) -> None:
    done = begin(None, "--object-type", "orders", "--api-version", "v7")
    assert done.out.splitlines()[-1] == (
        "Next: fill in specs/v7/orders.yaml, run 'make', then 'make test'."
    )
    is_green()
    assert "orders.upsert" in (folder / "tests" / "test_acme_client.py").read_text()


def test_each_word_that_is_guessed_is_marked_with_its_reason(begin: Begin, folder: Path) -> None:
    done = begin(documents.by_property())
    text = (folder / "specs/overlays/upsert.yaml").read_text()
    (action,) = yaml.safe_load(text)["actions"]
    assert action["x-source"] == ["guessed"]
    assert action["x-documents"] == ["*/contacts.yaml", "*/deals.yaml"]
    words = {**action["update"]["x-upsert"], **action["update"]["x-upsert"].pop("error")}
    said = [line.strip() for line in text.splitlines() if "# guessed: " in line]
    assert {line.partition(":")[0] for line in said} == {*words} - {"error"} | {"message", "code"}
    assert all(line.endswith("; check it") for line in said)
    for word, value in words.items():
        assert f"{word}: {value}  (" in done.out or word == "error"


def test_an_upsert_that_is_called_so_itself_has_a_command(begin: Begin, folder: Path) -> None:
    one = documents.external_id()
    ((_, item),) = one["paths"].items()
    item["post"]["operationId"] = "upsert"
    assert begin(one).code == 0
    (folder / "users.csv").write_text("external_id\n7\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "acme_client", "users", str(folder / "users.csv")),
            *("--api-version", "v2", "--dry-run"),
        ],
        cwd=folder / "generated",
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "would be sent in 1 batch" in done.stdout


def test_files_tell_editors_their_schemas(begin: Begin, folder: Path) -> None:
    begin(documents.by_property())
    for name, path in (("specs", "v3/contacts.yaml"), ("overlays", "overlays/upsert.yaml")):
        first = (folder / "specs" / path).read_text().splitlines()[0]
        given = first.removeprefix("# yaml-language-server: $schema=")
        schema = (folder / "specs" / path).parent / given
        assert json.loads(schema.read_text())["title"] == f"upsertgen: {name}"
    assert upsertgen("schema", "--check").code == 0


def test_what_is_there_stays(begin: Begin, folder: Path) -> None:
    (folder / "Makefile").write_text("mine:\n")
    (folder / "pyproject.toml").write_text(
        '# mine\n[project]\nname = "acme"  # too\nversion = "1"\n\n[tool.black]\nline-length = 90\n'
    )
    done = begin(documents.external_id())
    assert done.code == 0
    assert "kept     Makefile: it is there already" in done.out
    assert (folder / "Makefile").read_text() == "mine:\n"
    text = (folder / "pyproject.toml").read_text()
    assert text.startswith('# mine\n[project]\nname = "acme"  # too\n')
    data = tomllib.loads(text)["tool"]
    assert data["black"] == {"line-length": 90}
    assert data["upsertgen"]["import"] == {"select": ["users:batchUpsert"]}


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("pyproject.toml", "the project has a [tool.upsertgen] already"),
        ("specs/v1/things.yaml", "the specs folder is not empty"),
        ("generated/README.md", "this is there already"),
        ("tests/test_acme_client.py", "this is there already"),
    ],
)
def test_nothing_is_written_over_unless_it_is_forced(
    begin: Begin, folder: Path, path: str, wrong: str
) -> None:
    there = folder / path
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_text("[tool.upsertgen]\njobs = 1\n" if path == "pyproject.toml" else "mine: 1\n")
    begin_text = json.dumps(documents.external_id(), indent=1)
    (folder / "openapi.json").write_text(begin_text)
    before = contents(folder)
    done = begin(documents.external_id())
    assert done.code == 2
    assert wrong in done.err
    assert contents(folder) == before
    if path.startswith("specs"):
        there.unlink()
    assert begin(documents.external_id(), "--force").code == 0
    is_green()
    if path == "pyproject.toml":
        assert tomllib.loads(there.read_text())["tool"]["upsertgen"]["jobs"] == 1


def test_builds_make_the_clients_where_that_is_wanted(begin: Begin, folder: Path) -> None:
    assert begin(documents.external_id(), "--build-hook").code == 0
    data = tomllib.loads((folder / "pyproject.toml").read_text())
    assert data["build-system"]["build-backend"] == "hatchling.build"
    assert "upsertgen" in data["build-system"]["requires"]
    assert data["tool"]["hatch"]["build"]["hooks"]["upsertgen"] == {}
    assert "/generated/" in (folder / ".gitignore").read_text()
    is_green()
    shutil.rmtree(folder / "generated")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    built = subprocess.run(command, capture_output=True, timeout=PROGRAM_PATIENCE, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("acme_client-0.1.0-*.whl")
    assert "acme_client/v2/users.py" in zipfile.ZipFile(wheel).namelist()


def test_another_build_backend_has_no_hook(begin: Begin, folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[build-system]\nbuild-backend = "other.build"\n')
    done = begin(documents.external_id(), "--build-hook")
    assert done.code == 2
    assert done.err.startswith("pyproject.toml:1:1: the project is built by 'other.build'")


SCALAR = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}}


@pytest.mark.parametrize(
    ("one", "flags", "wrong"),
    [
        (
            {**SCALAR, "paths": {"/a/{id}": {"get": {}}, "/b": {"post": {}}}},
            (),
            "openapi.json: no operation looks like a batch upsert: none is called so and sends a list; its "
            "paths are GET /a/{id}, POST /b; expected",
        ),
        (
            documents.by_property(),
            ("--select", "batch/upsert", "--select", "nothing"),
            "no operation is selected by 'nothing'; its paths are",
        ),
        (
            documents.by_property(),
            ("--select", "batch/upsert", "--select", "GET nothing"),
            "no operation is selected by 'GET nothing'; its paths are",
        ),
        (documents.by_property(), ("--select", "PSOT upsert"), "--select has 'PSOT upsert'"),
        (
            {**SCALAR, "paths": {"/a": {"get": {}}}},
            ("--select", "GET a"),
            "no operation that is selected sends anything; its paths are GET /a; expected",
        ),
        ({"swagger": "2.0", "paths": {}}, (), "has no field 'openapi'"),
        ("[]", (), "has no field 'openapi'"),
        ("", (), "openapi.json"),
        ("{", (), "this is not JSON"),
        ("a: [", (), "openapi.json:2:1: this is not YAML"),
        (documents.by_property(), ("--package", "Not One"), "package is 'Not One'"),
        (documents.by_property(), ("--api-version", "../up"), "the version is called '../up'"),
        (documents.by_property(), ("--object-type", "../up"), "is to be called '../up'"),
        ({**documents.by_property(), "servers": []}, (), "give it with --server"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    begin: Begin, folder: Path, one: Document | str, flags: tuple[str, ...], wrong: str
) -> None:
    done = begin(one, *flags)
    assert done.code == 2
    assert wrong in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in folder.iterdir()] == ["openapi.json"]


def test_what_stands_in_other_files_is_looked_at(begin: Begin, folder: Path) -> None:
    one = documents.key_in_a_fixed_field()
    path = "/products/bulk"
    item = one["paths"][path]
    (folder / "parts").mkdir()
    body = item["put"].pop("requestBody")
    item["put"]["requestBody"] = {"$ref": "../body.json"}
    (folder / "parts" / "item.json").write_text(json.dumps(item).replace("#/", "../openapi.json#/"))
    (folder / "body.json").write_text(json.dumps(body).replace("#/", "openapi.json#/"))
    done = begin({**one, "paths": {path: {"$ref": "parts/item.json"}}}, "--select", f"PUT {path}")
    assert done.code == 0, done.err
    assert f"guessed: PUT {path}\n  inputs: " in done.out
    is_green()


def test_operations_that_are_chosen_are_taken_and_no_others(begin: Begin, folder: Path) -> None:
    one = documents.key_in_a_fixed_field()
    path = "/products/bulk"
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    reading = {
        "operationId": "readJob",
        "parameters": [parameter],
        "responses": {"200": {"description": "It."}},
        "security": [],
    }
    paths = {
        path: {**one["paths"][path], "get": reading},
        "/jobs/{id}": {"get": reading, "delete": reading},
    }
    select = [f"PUT {path}", "GET jobs/{job}"]
    done = begin({**one, "paths": paths}, *(flag for text in select for flag in ("--select", text)))
    assert done.code == 0, done.err
    specs = [yaml.safe_load(each.read_text()) for each in folder.glob("specs/*/*.yaml")]
    taken = {(path, *item) for spec in specs for path, item in spec.get("paths", {}).items()}
    assert taken == {(path, "put"), ("/jobs/{id}", "get")}
    settings = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["upsertgen"]
    assert settings["import"] == {"select": select}


def test_a_collection_and_an_address_are_refused(folder: Path) -> None:
    (folder / "documents").mkdir()
    assert "is a collection of documents" in upsertgen("init", "--from", "documents").err
    assert "nothing is fetched" in upsertgen("init", "--from", "https://example.com/a.json").err


def test_a_document_without_a_server_gets_one(begin: Begin, folder: Path) -> None:
    one = {**documents.by_property(), "servers": [{"url": "/relative"}]}
    assert begin(one, "--server", "https://crm.example.com").code == 0
    is_green()
    assert "https://crm.example.com" in (folder / "generated/acme_client/v3/client.py").read_text()


def test_a_server_that_is_wrong_or_not_needed_is_told(begin: Begin) -> None:
    one = {**documents.by_property(), "servers": []}
    wrong = begin(one, "--server", "ftp://crm")
    assert wrong.err.startswith(
        "--server: the server 'ftp://crm' is not an absolute URL of a host;"
    )
    done = begin(documents.by_property(), "--server", "https://crm.example.com")
    assert "note: --server is not used, for openapi.json names a server\n" in done.out


def test_yaml_is_read_and_the_object_type_may_be_given(folder: Path) -> None:
    (folder / "openapi.yaml").write_text(yaml.safe_dump(documents.key_in_a_fixed_field()))
    flags = ("--from", "openapi.yaml", "--object-type", "goods", "--api-version", "2026-03")
    assert upsertgen("init", *flags).code == 0
    is_green()
    assert (folder / "specs/2026-03/goods.yaml").is_file()


HOSTILE = 'a\'] # """\n${x} {{ y }} \x1b[31m \u202e : \'\\'


def test_nothing_of_a_document_becomes_anything_but_text(begin: Begin, folder: Path) -> None:
    """Names of fields, paths, titles and descriptions: each is hostile at once."""
    text = json.dumps(documents.key_in_a_fixed_field())
    for name in ('products"', 'sku"', 'wasCreated"', 'failures"', 'message"'):
        text = text.replace(f'"{name}', f'"{name[:-1]}{json.dumps(HOSTILE)[1:-1]}"')
    text = text.replace("An API", json.dumps(HOSTILE)[1:-1])
    done = begin(text, "--descriptions", "keep")
    assert "Traceback" not in done.err
    assert done.code == 0, done.err
    is_green()
    assert "\x1b" not in done.out
    overlay = folder / "specs/overlays/upsert.yaml"
    if overlay.exists():
        assert set(yaml.safe_load(overlay.read_text())) == {"overlay", "info", "actions"}


@pytest.mark.parametrize("seed", range(12))
def test_a_document_that_is_wrong_somewhere_ends_in_a_message_or_a_project(
    begin: Begin, folder: Path, seed: int
) -> None:
    chance = random.Random(seed)
    one = json.loads(json.dumps(chance.choice(documents.ALL)()))
    *way, last = chance.choice(ways(one))
    inner: Any = one
    for step in way:
        inner = inner[step]
    wrongs: tuple[Any, ...] = (
        None,
        1,
        "",
        [],
        {},
        [None],
        HOSTILE,
        "\ud800",
        {"$ref": "#"},
        {"$ref": 1},
        2**80,
    )
    inner[last] = chance.choice(wrongs)
    done = begin(one)
    assert done.code in (0, 2)
    assert ("nothing was written" in done.err.lower()) == (done.code == 2)
    assert (folder / "pyproject.toml").exists() == (done.code == 0)


def test_paths_of_any_text_are_found_again(begin: Begin) -> None:
    one = documents.external_id()
    (item,) = one["paths"].values()
    one["paths"] = {
        "/it's/batch/upsert": item,
        "/it's/more/batch/upsert": json.loads(json.dumps(item)),
    }
    done = begin(one, "--object-type", "its")
    assert "Traceback" not in done.err
    if done.code == 0:
        is_green()


@pytest.mark.parametrize("every", [9])
def test_a_run_that_is_killed_leaves_all_or_nothing(folder: Path, every: int) -> None:
    (folder / "notes.txt").write_text("mine")
    plan = plan_project(
        NewProject(folder, Settings().with_flags({"package": "acme"})), lambda *_: None
    )
    # Each further file takes the same steps.
    plan.files = dict([*plan.files.items()][:12])
    before = tree(folder)
    point, after = 0, set[str]()
    while not survives(point, plan.apply):
        recover(folder)
        left = tree(folder)
        after.add("before" if left == before else "complete")
        written = {name for name, (kind, _) in left.items() if kind == "file"} - {"notes.txt"}
        assert not written or written == plan.files.keys()
        for name in written:
            (folder / name).unlink()
        for path in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
            path.rmdir()
        point += every
    assert after == {"before", "complete"}


def test_a_terminal_is_asked(folder: Path) -> None:
    """On a pseudo-terminal, with the answers of a person who takes what is proposed but the package."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "upsertgen", "init"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, b"\n\nasked_client\n\n")
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            # Linux says so when the other end is closed.
            pass
        assert process.wait(PROGRAM_PATIENCE) == 0, shown
    os.close(ours)
    assert b"Import name of the client [acme_client]:" in shown
    assert tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["upsertgen"][
        "package"
    ] == ("asked_client")


@pytest.mark.parametrize("make", [documents.key_in_a_fixed_field, documents.no_key])
def test_the_test_of_a_new_project_passes(
    begin: Begin, folder: Path, make: Callable[[], Document]
) -> None:
    one = json.loads(json.dumps(make()).replace('"sku"', '"true key"'))
    begin(one, "--object-type", "line_items")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        env={**os.environ, "PYTHONPATH": "generated"},
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (test,) = (folder / "tests").glob("*.py")
    upserts = "test_records_are_upserted" in test.read_text()
    assert upserts == ("true key" in json.dumps(one))


def test_the_documents_are_as_different_as_they_look() -> None:
    assert len({json.dumps(make()) for make in documents.ALL}) == len(documents.ALL)
