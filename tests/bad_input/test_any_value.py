"""Whatever stands in a field: it is generated from, or it is a problem with a place. Never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput
from upsertgen.ir import understand
from upsertgen.run import Selection, plan_output
from upsertgen.specs import read

_REMOVED = object()
_VALUES = {
    "null": None,
    "text": "text",
    "number": 7,
    "list": [1],
    "mapping": {"a": 1},
    "empty": {},
    "removed": _REMOVED,
}
_CONTACTS = """\
openapi: 3.0.3
info: {title: Contacts, version: v1, description: About contacts.}
servers: [{url: https://api.example.com}]
tags: [{name: crm}]
paths:
  /v1/{kind}/upsert:
    parameters:
      - {name: dry_run, in: query, required: false, schema: {type: boolean, default: false}}
    post:
      operationId: batch_upsert
      summary: Create or update
      description: More.
      tags: [crm]
      security: [{oauth: [write]}]
      parameters:
        - {name: kind, in: path, required: true, schema: {type: string, enum: [a]}}
        - $ref: "#/components/parameters/trace"
      requestBody:
        required: true
        description: The contacts.
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Batch"}
            examples: {one: {summary: One, value: {inputs: [{id: "1", size: 3}]}}}
      responses:
        "200":
          description: Written.
          headers: {X-Left: {schema: {type: integer}}}
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Answer"}
        default:
          $ref: "#/components/responses/Failure"
      x-upsert: {inputs: inputs, key: id, results: results}
      x-errors:
        fields: {message: message}
        rules: [{status: [400, 5XX], when: {a: b}, error: server, retry: true, minimum-delay: 1}]
      x-retry: {transport: true, backoff: {initial: 1}}
      x-rate-limit: {headers: {maximum: X-Max}}
components:
  parameters:
    trace: {name: X-Trace, in: header, schema: {type: string, minLength: 1, pattern: ^a}}
  responses:
    Failure:
      description: Not written.
      content:
        application/json:
          schema: {type: object, required: [message], properties: {message: {type: string}}}
  schemas:
    Batch:
      type: object
      required: [inputs]
      properties:
        inputs: {type: array, maxItems: 100, items: {$ref: "#/components/schemas/Input"}}
    Input:
      type: object
      required: [id]
      additionalProperties: false
      properties:
        id: {type: string}
        size: {type: integer, minimum: 0, default: 1}
        colour: {type: string, enum: [red, green], nullable: true}
        values: {type: object, additionalProperties: {type: string}}
        pet:
          oneOf: [{$ref: "#/components/schemas/Cat"}, {$ref: "#/components/schemas/Dog"}]
          discriminator: {propertyName: kind, mapping: {cat: Cat}}
        any: {anyOf: [{type: string}, {type: number}]}
        both:
          allOf:
            - $ref: "#/components/schemas/Cat"
            - {type: object, properties: {at: {type: string, format: date-time, readOnly: true}}}
    Cat: {type: object, required: [kind], properties: {kind: {type: string}}}
    Dog: {type: object, properties: {parent: {$ref: "#/components/schemas/Dog"}}}
    Answer:
      type: object
      properties:
        results: {type: array, items: {$ref: "#/components/schemas/Input"}}
  securitySchemes:
    oauth: {type: http, scheme: bearer}
"""
_OVERLAY = """\
overlay: 1.0.0
info: {title: Corrections, version: "1"}
actions:
  - target: $.info
    description: A better description.
    x-documents: ["*/contacts.json"]
    update: {description: Better.}
  - target: $.paths.*.post.summary
    remove: true
"""


# Each place is tried with some of the values, and in `make test-large` with all.
_SHARES = [5, pytest.param(1, marks=pytest.mark.large)]


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield place
    items: Any = ()
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in items:
        yield from _places(item, (*place, step))


def _variants(whole: Any, name: str, share: int = 1) -> Iterator[Any]:
    """Yield the document with one node replaced by the value of this name, for one in so many nodes.

    Which nodes these are depends on the value, so that each is replaced by one or two of them.
    """
    value = _VALUES[name]
    first = list(_VALUES).index(name) % share
    for *way, last in list(filter(None, _places(whole)))[first::share]:
        variant = copy.deepcopy(whole)
        parent = variant
        for step in way:
            parent = parent[step]
        if value is _REMOVED:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(value)
        yield variant


def _newer(value: Any) -> Any:
    """Return the document as one of OpenAPI 3.1."""
    if isinstance(value, dict):
        value = {key: _newer(item) for key, item in value.items() if key != "nullable"}
        return value | {"openapi": "3.1.0"} if "openapi" in value else value
    return [_newer(item) for item in value] if isinstance(value, list) else value


def _is_understood(contacts: Any, overlay: Any) -> bool:
    """Return whether a project can be understood; if not, check what is told about it."""
    files = {"specs/v1/contacts.json": contacts, "specs/overlays/more.json": overlay}
    for path, data in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(data, indent=1), "utf-8")
    try:
        understand(read(Path("specs")))
    except InvalidInput as error:
        assert error.problems
        assert len({str(problem) for problem in error.problems}) == len(error.problems)
        for problem in error.problems:
            lines = Path(problem.location.path).read_text("utf-8").splitlines()
            line = lines[problem.location.line - 1]
            assert 1 <= problem.location.column <= len(line) + 1
            assert problem.location.path in files
            assert problem.wrong and problem.expected and problem.mend
            assert "{'" not in problem.expected
        return False
    return True


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("share", _SHARES, ids="one in {}".format)
@pytest.mark.parametrize("value", _VALUES)
def test_anything_in_a_spec(value: str, share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = yaml.safe_load(_OVERLAY)
    understood = [
        variant
        for variant in _variants(yaml.safe_load(_CONTACTS), value, share)
        if _is_understood(variant, overlay)
    ]
    # What can be understood can be emitted, and is proven; that it can be formatted follows.
    monkeypatch.setattr(
        "upsertgen.emit.formatting.format_texts", lambda sources: [text for _, text in sources]
    )
    for number, variant in enumerate(understood):
        folder = Path(f"all/v{number}")
        folder.mkdir(parents=True)
        (folder / "contacts.json").write_text(json.dumps(variant), "utf-8")
    Path("all/overlays").mkdir()
    Path("all/overlays/more.yaml").write_text(_OVERLAY, "utf-8")
    settings = Settings(specs=Path("all"), jobs=1).with_flags({})
    _, plan = plan_output(settings, Selection(), lambda stage, done, total: None)
    assert len(plan.changes) > len(understood)


@pytest.mark.parametrize("share", _SHARES, ids="one in {}".format)
@pytest.mark.parametrize("value", _VALUES)
def test_anything_in_a_spec_of_openapi_3_1(value: str, share: int) -> None:
    overlay = yaml.safe_load(_OVERLAY)
    contacts = _newer(yaml.safe_load(_CONTACTS))
    assert _is_understood(contacts, overlay)
    for variant in _variants(contacts, value, share):
        _is_understood(variant, overlay)


@pytest.mark.parametrize("value", _VALUES)
def test_anything_in_an_overlay(value: str) -> None:
    contacts = yaml.safe_load(_CONTACTS)
    for variant in _variants(yaml.safe_load(_OVERLAY), value):
        _is_understood(contacts, variant)


@pytest.mark.parametrize("share", _SHARES, ids="one in {}".format)
def test_any_reference(share: int) -> None:
    contacts, overlay = yaml.safe_load(_CONTACTS), yaml.safe_load(_OVERLAY)
    targets = [
        "/".join(["#", *(str(step).replace("~", "~0").replace("/", "~1") for step in place)])
        for place in _places(contacts)
        if len(place) < 6
    ]
    references = [place for place in _places(contacts) if place[-1:] == ("$ref",)]
    for number, place in enumerate(references[:4]):
        for target in targets[number % share :: share]:
            variant = copy.deepcopy(contacts)
            parent = variant
            for step in place[:-1]:
                parent = parent[step]
            parent["$ref"] = target
            _is_understood(variant, overlay)
