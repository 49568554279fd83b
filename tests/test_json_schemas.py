"""The JSON Schemas for editors say what `validate` says, and what each word means."""

from __future__ import annotations

import copy
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import tomlkit
from upsertgen.errors import InvalidInput, Problems
from upsertgen.importing import read_import_settings
from upsertgen.inputs import DOCS
from upsertgen.ir.extensions import SCHEMAS
from upsertgen.json_schemas import NAMES, schema_of
from upsertgen.properties import read_property_settings
from upsertgen.specs.yaml_reader import read_yaml

from tests.command_line import upsertgen
from tests.importing.documents import document, single

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
FILES = sorted(
    path
    for path in SPECS.glob("*/*.yaml")
    if path.parent.name != DOCS and not path.parent.name.startswith(".")
)


def refuses(name: str, data: Any) -> bool:
    return not jsonschema_rs.validator_for(schema_of(name)).is_valid(data)


def name_of(path: Path) -> str:
    """Return the name of the schema of a file."""
    return path.parent.name if path.parent.name in NAMES else "specs"


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_of_draft_2020_12(name: str) -> None:
    done = upsertgen("schema", name)
    schema = json.loads(done.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)
    assert schema == schema_of(name)


def test_what_this_project_says_is_accepted() -> None:
    assert {name_of(path) for path in FILES} == NAMES.keys() - {"configuration"}
    validators = {name: jsonschema_rs.validator_for(schema_of(name)) for name in NAMES}
    for path in FILES:
        data = read_yaml(path.read_text("utf-8"), path.as_posix(), Problems())
        errors = [*validators[name_of(path)].iter_errors(data)]
        assert not errors, f"{path}: {errors[0]}"
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    validators["configuration"].validate(pyproject["tool"]["upsertgen"])


def undescribed(schema: Any, way: str = "") -> Iterator[str]:
    """Yield the words of a schema that say nothing of themselves."""
    if isinstance(schema, dict):
        for word, one in schema["properties"].items() if "properties" in schema else ():
            if isinstance(one, dict) and not {"description", "$ref"} & one.keys():
                yield f"{way}/{word}"
            yield from undescribed(one, f"{way}/{word}")
        for key, one in schema.items():
            if key != "properties":
                yield from undescribed(one, f"{way}/{key}")
    elif isinstance(schema, list):
        for one in schema:
            yield from undescribed(one, way)


@pytest.mark.parametrize("name", ["overlays", "properties", "facts", "configuration"])
def test_each_word_says_what_it_means(name: str) -> None:
    assert not [*undescribed({"$": schema_of(name)})]


UPSERT = {"inputs": "inputs", "key": "id", "key-property": "idProperty", "results": "results"}
RULE = {"status": [429], "error": "rate-limit"}
SAID: dict[str, Any] = {
    "x-upsert": {**UPSERT, "error": {"message": "message"}, "systemic": [{"status": [400]}]},
    "x-errors": {"rules": [{**RULE, "retry": True}], "fields": {"message": "message"}},
    "x-retry": {"transport": True, "backoff": {"initial": 1}},
    "x-rate-limit": {"headers": {"remaining": "X-Left"}},
    "x-sandbox": {"limits": {"burst": 1}, "scalar-values": True},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Specs whose overlay is to say something."""
    shutil.copytree(ROOT / "tests/scenarios/upserts/specs", tmp_path / "specs")
    (tmp_path / "specs/overlays/upsert.yaml").unlink()
    (tmp_path / "specs/names.lock.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def accepted_alike(project: Path, update: Any) -> bool:
    """Return whether an update of an operation is accepted, by `validate` and by the schema."""
    action = {"target": "$.paths['/people/batch/upsert'].post", "update": update}
    overlay = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": [action]}
    (project / "specs/overlays/one.yaml").write_text(json.dumps(overlay))
    done = upsertgen("validate")
    assert done.code in (0, 2)
    assert refuses("overlays", overlay) == (done.code == 2), done.err
    return done.code == 0


def misspelt(value: Any) -> Iterator[Any]:
    """Yield data with one of its words misspelt."""
    steps = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for step in steps:
        if isinstance(value, dict):
            yield {f"{key}s" if key == step else key: one for key, one in value.items()}
        for inner in misspelt(value[step]):
            changed = copy.copy(value)
            changed[step] = inner
            yield changed


@pytest.mark.parametrize("name", SAID)
def test_words_and_misspelt_ones_are_judged_alike(project: Path, name: str) -> None:
    assert accepted_alike(project, {name: SAID[name]})
    found = [*misspelt(SAID[name])]
    assert found
    for one in found:
        assert not accepted_alike(project, {name: one})


def test_all_extensions_are_there() -> None:
    for name in ("specs", "overlays"):
        assert SCHEMAS.keys() <= schema_of(name)["$defs"].keys()


@pytest.mark.parametrize(
    "table",
    [
        {"package": "crm", "distribution-version": "1.0", "jobs": 2},
        {"pakage": "crm"},
        {"package": "Not One"},
        {"jobs": 0},
        {"jobs": "2"},
        {"distribution": "-"},
        {"output": 1},
        {"output": ""},
        {"specs": "a\x00b"},
        {"templates": "a" * 1001},
        {"description": "a\nb"},
        {"description": "a" * 513},
        {"renames": [{"from": "v1.a", "to": "v1.b", "until": "2.0"}]},
        {"renames": [{"from": "v1.a", "until": "2.0"}]},
        {"renames": [{"too": "v1.b"}]},
    ],
)
def test_settings_are_judged_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: dict[str, Any]
) -> None:
    shutil.copytree(ROOT / "tests/scenarios/upserts/specs", tmp_path / "specs")
    text = tomlkit.dumps({"tool": {"upsertgen": table}})
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    done = upsertgen("list")
    assert refuses("configuration", table) == (done.code == 2), done.err


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("import", {"select": ["batch/upsert"], "most-scopes": 2, "map": {"deals": "0-3"}}),
        ("import", {"selects": ["batch/upsert"]}),
        ("import", {"names": "title"}),
        ("import", {"select": []}),
        ("import", {"most-scopes": 0}),
        ("import", {"map": {"deals": 3}}),
        ("properties", {"files": ["a.yaml"], "output": "a.py", "keys": {"deals": "code"}}),
        ("properties", {"file": ["a.yaml"]}),
        ("properties", {"files": []}),
        ("properties", {"keys": {"deals": 1}}),
    ],
)
def test_settings_of_other_commands_are_judged_alike(
    tmp_path: Path, table: str, values: dict[str, Any]
) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(tomlkit.dumps({"tool": {"upsertgen": {table: values}}}))
    refused = False
    try:
        read_import_settings(path)
        read_property_settings(path)
    except InvalidInput:
        refused = True
    assert refuses("configuration", {table: values}) == refused


def test_written_schemas_are_named_by_what_an_import_writes(project: Path) -> None:
    assert upsertgen("schema", "--check").code == 1
    written = upsertgen("schema", "--write")
    assert [line.split()[-1] for line in written.out.splitlines()] == [
        f"specs/.schemas/{name}.json" for name in NAMES
    ]
    assert upsertgen("schema", "--check").code == upsertgen("validate").code == 0
    source = single(project, document())
    assert upsertgen("import", source, "--api-version", "v2").code == 0
    first, *_ = (project / "specs/v2/things.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=../.schemas/specs.json"
    assert upsertgen("import", source, "--api-version", "v2").err == "2 unchanged.\n"


def test_what_is_no_schema_is_told() -> None:
    assert "did you mean 'overlays'?" in upsertgen("schema", "overlay").err
    assert "give a NAME" in upsertgen("schema").err
    assert upsertgen("schema", "specs", "--write").code == 2


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"x-upsert": UPSERT}, True),
        ({"x-upsert": {**UPSERT, "keys": "id"}}, False),
        ({"x-errors": {"rules": [{**RULE, "retyr": True}]}}, False),
        ({"respones": {}}, False),
    ],
)
def test_specs_are_judged_with_their_extensions(
    version: str, change: dict[str, Any], accepted: bool
) -> None:
    one = document(openapi=version)
    (item,) = one["paths"].values()
    item["post"] |= change
    assert refuses("specs", one) != accepted
