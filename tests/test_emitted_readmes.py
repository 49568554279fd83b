"""READMEs of other APIs: their examples run, and nothing is said that is only true of another one."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.command_line import upsertgen, write_files
from tests.servers import PROGRAM_PATIENCE, Server, answer

PYPROJECT = '[tool.upsertgen]\npackage = "stock_upsert"\njobs = 1\n'
RUN = """\
import importlib, os, runpy, sys
from stock_upsert.sandbox import Options, Sandbox

os.environ["ACCESS_TOKEN"] = "any"
package = importlib.import_module("stock_upsert.v1")
with Sandbox(Options(create_properties=True)) as sandbox:
    for client in (package.Client, package.AsyncClient):
        client._BASE_URL = sys.argv[1] or sandbox.url
    for block in sys.argv[2:]:
        runpy.run_path(block, run_name="__main__")
"""
ROWS = {
    "type": "object",
    "required": ["sku", "price", "since", "kind", "code", "part", "path", "tags"],
    "properties": {
        "sku": {"type": "string", "minLength": 8},
        "price": {"type": "number", "minimum": 2, "exclusiveMinimum": True, "multipleOf": 0.5},
        "since": {"type": "string", "format": "date-time"},
        "kind": {"type": "string", "enum": ["new", "used"]},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
        "part": {"type": "string", "pattern": r"^P-\d{5}(_[^a-z\s]{2,})*[a.]?$", "minLength": 12},
        "path": {"type": "string", "pattern": r"^(?:u?rn|q)(:[^-\]]+|\.{3}\\)$"},
        "tags": {"type": "array", "minItems": 2, "items": {"type": "string"}},
        "note": {"type": "string"},
    },
}
KEYED = {
    "type": "object",
    "required": ["value", "field", "values"],
    "properties": {
        "value": {"type": "string"},
        "field": {"type": "string"},
        "values": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
ANSWER = {
    "type": "object",
    "required": ["done"],
    "properties": {
        "done": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number"],
                "properties": {
                    "number": {"type": "string"},
                    "sku": {"type": "string"},
                    "values": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        }
    },
}


def operation(
    record: Mapping[str, Any] | None, answer: Mapping[str, Any] | None, **others: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": "put_all", **others}
    if record is not None:
        items: dict[str, Any] = {"type": "array", "maxItems": 20, "items": record}
        schema: dict[str, Any] = {
            "type": "object",
            "required": ["rows"],
            "properties": {"rows": items},
        }
        content = {"application/json": {"schema": schema}}
        made["requestBody"] = {"required": True, "content": content}
    responses: dict[str, Any] = {"204": {"description": "Done."}}
    if answer is not None:
        content = {"application/json": {"schema": dict(answer)}}
        responses = {"200": {"description": "Done.", "content": content}}
    return {**made, "responses": responses}


def spec(method: str, path: str, held: Mapping[str, Any]) -> str:
    return yaml.safe_dump(
        {
            "openapi": "3.0.3",
            "info": {"title": "Stock", "version": "v1"},
            "servers": [{"url": "https://api.stock.example"}],
            "paths": {path: {method: dict(held)}},
        },
        sort_keys=False,
    )


class Shape(NamedTuple):
    """A spec, and what its README is to say and not to say."""

    spec: str
    says: tuple[str, ...] = ()
    keeps_to_itself: tuple[str, ...] = ()


BULK = ("## Upsert any number", "[redis]", "[cli]", "stock-upsert items", "upsert.records")
BY_PROPERTY = ("id_property=", "### Converted on request", "--null clear", "## Where one machine")
UPSERT = {"inputs": "rows", "key": "sku", "results": "done"}
FIND = {"name": "shelf", "in": "path", "required": True, "schema": {"type": "integer"}}
RETRIED = [{"status": [429], "error": "rate-limit", "retry": True}]

SHAPES = {
    "a list of rows": Shape(
        spec("put", "/items", operation(ROWS, ANSWER, **{"x-upsert": UPSERT})),
        BULK,
        (*BY_PROPERTY, "DailyLimitError", "AccountMovingError", "LockedError"),
    ),
    "rows on a path": Shape(
        spec(
            "put",
            "/shelves/{shelf}",
            operation(ROWS, ANSWER, parameters=[FIND], **{"x-upsert": UPSERT}),
        ),
        (*BULK, "upsert(records, shelf=1)", "items.csv --api-version v1 --argument shelf=1 "),
        BY_PROPERTY,
    ),
    "one row a request": Shape(
        spec(
            "put",
            "/items/{sku}",
            operation(
                None,
                {"type": "object", "properties": {"id": {"type": "string"}}},
                parameters=[
                    {"name": "sku", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                requestBody={
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["title"],
                                "properties": {"title": {"type": "string"}},
                            }
                        }
                    },
                },
                **{
                    "x-upsert": {
                        "inputs": "$",
                        "key": "sku",
                        "key-parameter": "sku",
                        "results": "$",
                        "result-id": "id",
                    }
                },
            ),
        ),
        (*BULK, '{"sku": "text", "title": "text"}', "upsert(records)"),
        BY_PROPERTY,
    ),
    "found by a property": Shape(
        spec(
            "post",
            "/items",
            operation(
                KEYED,
                ANSWER,
                **{
                    "x-upsert": {
                        "inputs": "rows",
                        "key": "value",
                        "key-property": "field",
                        "properties": "values",
                        "results": "done",
                    },
                    "x-errors": {"rules": RETRIED, "defaults": False},
                    "x-retry": {"transport": True},
                },
            ),
        ),
        (*BULK, *BY_PROPERTY, "declare("),
        ("## Which properties?", "DailyLimitError", "| `AuthenticationError`", "--sensitive"),
    ),
    "nothing in bulk": Shape(
        spec("put", "/items", operation(ROWS, None)),
        ("client.items.put_all(",),
        (*BULK, *BY_PROPERTY, "sandbox", "response ="),
    ),
    "no body": Shape(
        spec("get", "/shelves/{shelf}", operation(None, ANSWER, parameters=[FIND])),
        ("client.items.put_all(\n        shelf=1,",),
        (*BULK, *BY_PROPERTY),
    ),
}
NOT_OF_THIS_API = ("people", "email", "contacts", "deals", "firstname", "crm")
"""Words of another API; some say what a type is called, or what a page is for."""
GENERAL = (
    "string, email, number",
    "datetime, bool or email",
    "| email | without blanks",
    "whether an email is in it",
    "about people or times",
    "headers for people",
    "a page for people",
)


@pytest.fixture(scope="module", params=SHAPES)
def emitted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shape, Path]:
    shape = SHAPES[request.param]
    folder = tmp_path_factory.mktemp("emitted")
    write_files(folder, {"pyproject.toml": PYPROJECT, "specs/v1/items.yaml": shape.spec})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = upsertgen("generate")
    assert done.code == 0, done.err
    return shape, folder / "generated"


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_of_any_api_run(emitted: tuple[Shape, Path], server: Server) -> None:
    _, folder = emitted
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (folder / "README.md").read_text("utf-8"), re.M | re.S
    )
    tests = [one for one in blocks if one.lstrip().startswith(("def test_", "import pytest"))]
    files = {f"example_{number}.py": one for number, one in enumerate(blocks) if one not in tests}
    assert len(files) >= 3
    write_files(folder, {**files, "run.py": RUN, "test_shown.py": "".join(tests)})
    # Where the sandbox can do nothing, another server answers.
    server.script = [answer(200, {"done": []}) for _ in files]
    run(folder, "run.py", "" if tests else server.url, *files)
    if not tests:
        return
    said = run(
        folder, *"-m pytest -q -p no:cacheprovider -p stock_upsert.testing test_shown.py".split()
    )
    assert "2 passed" in said


def test_a_readme_says_what_is_there_and_no_more(emitted: tuple[Shape, Path]) -> None:
    shape, folder = emitted
    text = (folder / "README.md").read_text("utf-8")
    for part in shape.says:
        assert part in text, part
    for part in shape.keeps_to_itself:
        assert part not in text, part
    for part in GENERAL:
        text = text.replace(part, "")
    found = re.findall(rf"\b(?:{'|'.join(NOT_OF_THIS_API)})\b.*", text, re.IGNORECASE)
    assert found == []
    assert "\n\n\n\n" not in text
    assert not re.findall(r" +$", text, re.MULTILINE)


def test_docstrings_and_help_name_no_other_api(emitted: tuple[Shape, Path]) -> None:
    _, folder = emitted
    for file in sorted((folder / "stock_upsert").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        texts = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)]
        found = [
            one for one in texts if isinstance(one, str) and re.search(r"contacts|deals|crm\b", one)
        ]
        assert found == [], file.name


@pytest.mark.parametrize("wanted", [True, False])
def test_an_example_that_cannot_be_made_is_said_to_be_missing(tmp_path: Path, wanted: bool) -> None:
    odd: dict[str, Any] = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^q{99}z$"}},
    }
    files = {
        "pyproject.toml": PYPROJECT + 'example = "items"\n' * wanted,
        "specs/v1/items.yaml": spec(
            "put",
            "/items",
            operation(
                None,
                None,
                parameters=[
                    {"name": "a", "in": "query", "required": True, "schema": odd["properties"]["a"]}
                ],
            ),
        ),
    }
    write_files(tmp_path, files)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        said = upsertgen("generate")
    if wanted:
        assert said.code == 2
        assert "there is no example for the object type 'items'" in said.err
        assert "add an example to its request body" in said.err
    else:
        assert said.code == 0
        told = r"^note: specs/v1/items\.yaml:\d+:\d+: README\.md shows no use .*add an example"
        assert re.search(told, said.err, re.M), said.err


def test_an_example_of_bodies_that_multiply_is_given_up(tmp_path: Path) -> None:
    """Each holds the next twice: written out, the first one would hold 2 to the power of 40."""
    bodies: dict[str, Any] = {
        f"B{depth}": {
            "type": "object",
            "required": ["a", "b"],
            "properties": {key: {"$ref": f"#/components/schemas/B{depth + 1}"} for key in "ab"},
        }
        for depth in range(40)
    }
    bodies["B40"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    text = spec("put", "/items", operation(ROWS, None))
    document = yaml.safe_load(text)
    (content,) = document["paths"]["/items"]["put"]["requestBody"]["content"].values()
    content["schema"]["properties"]["rows"]["items"] = {"$ref": "#/components/schemas/B0"}
    document["components"] = {"schemas": bodies}
    files = {"pyproject.toml": PYPROJECT, "specs/v1/items.yaml": yaml.safe_dump(document)}
    write_files(tmp_path, files)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert upsertgen("generate").code == 0
    assert "rows=[]," in (tmp_path / "generated/README.md").read_text("utf-8")
