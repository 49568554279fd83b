"""Documents of one source that refer to each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.importing.documents import document
from tests.importing.import_runs import accepted, imported, plan, problems, spec

COMMON = "common/schemas.yaml"


def published() -> dict[str, Any]:
    """Return files of a collection: a document, and what it shares with others, in two files."""
    one = document()
    schemas = one["components"]["schemas"]
    schemas["Batch"]["properties"]["inputs"]["items"] = {"$ref": f"../{COMMON}#/Thing"}
    operation = next(iter(one["paths"].values()))["post"]
    operation["responses"]["default"] = {"$ref": "../common/error.yaml"}
    schema = {"$ref": "schemas.yaml#/Fault"}
    content = {"application/json": {"schema": schema}}
    return {
        "v1/things.json": one,
        COMMON: {
            "Id": {"type": "string", "maxLength": 20},
            "Thing": {
                "type": "object",
                "properties": {"id": {"$ref": "#/Id"}},
                "required": ["id"],
            },
            "Fault": {"type": "object", "properties": {"message": {"type": "string"}}},
        },
        "common/error.yaml": {"description": "It failed.", "content": content},
    }


def written(folder: Path, files: dict[str, Any]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data) if name.endswith("json") else yaml.safe_dump(data))
    return folder


PATTERN = {"pattern": "{version}/{type}"}


def test_what_a_document_uses_of_others_comes_along(tmp_path: Path, specs: Path) -> None:
    imported(written(tmp_path / "source", published()), specs, **PATTERN)
    schemas = spec(specs, "things")["components"]["schemas"]
    assert schemas["Id"] == {"type": "string", "maxLength": 20}
    assert schemas["Thing"]["properties"]["id"] == {"$ref": "#/components/schemas/Id"}
    assert schemas["Fault"]["properties"] == {"message": {"type": "string"}}
    accepted(specs)


def test_a_single_document_finds_what_lies_beside_it(tmp_path: Path, specs: Path) -> None:
    files = {name.removeprefix("v1/"): one for name, one in published().items()}
    text = json.dumps(files["things.json"]).replace("../common/", "common/")
    source = written(tmp_path / "source", {**files, "things.json": json.loads(text)})
    imported(source / "things.json", specs)
    assert "Id" in spec(specs, "things")["components"]["schemas"]


def test_names_that_are_taken_get_a_number(tmp_path: Path, specs: Path) -> None:
    files = published()
    files["v1/things.json"]["components"]["schemas"]["Id"] = {"type": "integer"}
    properties = files["v1/things.json"]["components"]["schemas"]["Batch"]["properties"]
    properties["number"] = {"$ref": "#/components/schemas/Id"}
    imported(written(tmp_path / "source", files), specs, **PATTERN)
    schemas = spec(specs, "things")["components"]["schemas"]
    assert schemas["Id"] == {"type": "integer"}
    assert schemas["Thing"]["properties"]["id"] == {"$ref": "#/components/schemas/Id2"}


def test_a_change_of_another_document_is_a_difference(tmp_path: Path, specs: Path) -> None:
    source = written(tmp_path / "source", published())
    imported(source, specs, **PATTERN)
    assert not plan(source, specs, **PATTERN).differences
    files = published()
    files[COMMON]["Id"]["maxLength"] = 30
    written(source, files)
    (difference,) = plan(source, specs, **PATTERN).differences
    assert difference == "things: v1/things.json is not what was imported"


@pytest.mark.parametrize(
    ("name", "reference", "expected"),
    [
        (
            "v1/things.json",
            "../../outside.yaml#/Id",
            "'../outside.yaml#/Id' names another document",
        ),
        ("v1/things.json", "nowhere.yaml", "'v1/nowhere.yaml#' names another document"),
        (
            COMMON,
            "#/Ix",
            f"'{COMMON}#/Ix' names another document, and SOURCE has none, or none with that",
        ),
        (COMMON, "https://example.com/a.yaml", "names another document"),
    ],
)
def test_what_is_not_there_is_told_where_it_is_referred_to(
    name: str, reference: str, expected: str, tmp_path: Path, specs: Path
) -> None:
    (tmp_path / "outside.yaml").write_text("Id: {type: string}")
    files = published()
    if name == COMMON:
        files[COMMON]["Thing"]["properties"]["id"] = {"$ref": reference}
    else:
        schemas = files[name]["components"]["schemas"]
        schemas["Batch"]["properties"]["inputs"]["items"] = {"$ref": reference}
    (told,) = problems(written(tmp_path / "source", files), specs, **PATTERN)
    assert told.startswith(f"source/{name}:")
    assert expected in told


def test_kinds_that_are_files_of_their_own(tmp_path: Path, specs: Path) -> None:
    files = published()
    for kind in ("cat", "dog"):
        files[f"common/{kind}.yaml"] = {
            "type": "object",
            "properties": {"kind": {"type": "string", "enum": [kind]}},
            "required": ["kind"],
        }
    files[COMMON]["Thing"] = {
        "oneOf": [{"$ref": "cat.yaml"}, {"$ref": "./dog.yaml"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "cat.yaml", "dog": "./dog.yaml"},
        },
    }
    imported(written(tmp_path / "source", files), specs, **PATTERN)
    mapping = spec(specs, "things")["components"]["schemas"]["Thing"]["discriminator"]["mapping"]
    assert mapping == {kind: f"#/components/schemas/{kind}" for kind in ("cat", "dog")}
    accepted(specs)


def test_documents_that_refer_to_each_other_in_a_circle(tmp_path: Path, specs: Path) -> None:
    files = published()
    files[COMMON]["Thing"]["properties"]["whole"] = {
        "$ref": "../v1/things.json#/components/schemas/Batch"
    }
    imported(written(tmp_path / "source", files), specs, **PATTERN)
    schemas = spec(specs, "things")["components"]["schemas"]
    assert schemas["Thing"]["properties"]["whole"] == {"$ref": "#/components/schemas/Batch"}
