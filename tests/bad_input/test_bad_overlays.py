"""Overlays that are none, that change nothing, or that break what they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from upsertgen.specs import read

from tests.bad_input.cases import CONTACTS, OVERLAY, PROJECT, SCHEMAS, Case, broken, several, whole
from tests.command_line import write_files

_HEAD = "overlay: 1.0.0\ninfo: {title: Corrections, version: '1'}\nactions:\n"


def _actions(name: str, actions: str, *told: str) -> object:
    """Return a case with one more overlay, of these actions."""
    return whole(name, "specs/overlays/more.yaml", _HEAD + actions, *told)


_NOT_OVERLAYS = [
    whole(
        "no overlay",
        OVERLAY,
        "‸actions: []\n",
        "this is not an overlay: it has no field 'overlay'",
        "expected overlay: 1.0.0",
    ),
    whole("an OpenAPI document", OVERLAY, "‸" + PROJECT[SCHEMAS], "this is not an overlay"),
    broken("version 1.1", OVERLAY, "overlay: 1.0.0", "overlay: ‸1.1.0", "Overlay '1.1.0'"),
    broken("a number", OVERLAY, "overlay: 1.0.0", "overlay: ‸1.0", "Overlay 1.0 is not supported"),
    broken(
        "a misspelt field",
        OVERLAY,
        "    update:\n",
        "    ‸updat:\n",
        "'updat' is not known in item 1 of 'actions'",
        "did you mean 'update'?",
    ),
    broken(
        "a misspelt extension",
        OVERLAY,
        "    x-documents:",
        "    ‸x-document:",
        "the extension 'x-document' is not known",
        "did you mean 'x-documents'?",
    ),
    whole(
        "no actions",
        OVERLAY,
        "overlay: 1.0.0\ninfo: {title: Nothing, version: '1'}\n‸actions: []\n",
        "the field 'actions' is a list",
        "at least 1 item(s)",
    ),
]

_TARGETS = [
    broken(
        "no JSONPath",
        OVERLAY,
        "target: $.paths.*.post",
        "target: ‸paths.*.post",
        "the target 'paths.*.post' is not a JSONPath",
        "such as $.paths.*.post",
    ),
    broken(
        "brackets that are not closed",
        OVERLAY,
        "target: $.paths.*.post",
        "target: ‸$.paths[?@.post",
        "is not a JSONPath",
    ),
    broken(
        "a function that nobody knows",
        OVERLAY,
        "target: $.paths.*.post",
        "target: ‸$.paths[?size(@) > 1].post",
        "is not a JSONPath",
    ),
    broken(
        "nothing in the chosen documents",
        OVERLAY,
        "target: $.paths.*.post",
        "target: ‸$.paths.*.patch",
        "the target '$.paths.*.patch' matches nothing in 'v1/contacts.yaml'",
        "remove the action if the specs no longer need it",
    ),
    _actions(
        "nothing in any document",
        "  - target: ‸$.paths.*.patch\n    remove: true\n",
        "the target '$.paths.*.patch' matches nothing; expected at least one node to change",
    ),
    broken(
        "documents that are not there",
        OVERLAY,
        'x-documents: ["v1/contacts.yaml"]',
        'x-documents: ["v1/contacts.yaml", ‸"v1/contact.yaml"]',
        "no document is called 'v1/contact.yaml'",
        "did you mean 'v1/contacts.yaml'?",
    ),
]

_EFFECTS = [
    _actions(
        "neither update nor remove",
        "  - ‸target: $.info\n",
        "the action has neither 'update' nor 'remove'",
        "add one of them",
    ),
    _actions(
        "remove: false",
        "  - ‸target: $.info\n    remove: false\n",
        "the action has neither 'update' nor 'remove'",
    ),
    _actions(
        "both update and remove",
        "  - ‸target: $.info\n    remove: true\n    update: {title: New}\n",
        "the action has both 'update' and 'remove'",
        "split the action in two",
    ),
    _actions(
        "a scalar for a mapping",
        "  - target: $.info\n    x-documents: [v1/contacts.yaml]\n    ‸update: New\n",
        "finds a mapping in specs/v1/contacts.yaml, and its update is 'New'",
        "a mapping for a mapping, or an item for a list",
    ),
    _actions(
        "a mapping for a scalar",
        "  - target: $.info.title\n    x-documents: [v1/contacts.yaml]\n    ‸update: {en: New}\n",
        "finds 'Contacts' in specs/v1/contacts.yaml, and its update is a mapping",
    ),
    _actions(
        "a whole document removed",
        "  - target: ‸$\n    x-documents: [v1/contacts.yaml]\n    remove: true\n",
        "the action removes a whole document",
    ),
]

_CONSEQUENCES = [
    _actions(
        "an update of a wrong type",
        "  - target: $.components.schemas.Cat\n    x-documents: [v1/schemas.yaml]\n"
        "    update:\n      properties:\n        lives:\n          maximum: ‸nine\n",
        "the field 'maximum' is 'nine'",
        "expected a number",
    ),
    _actions(
        "an update of a field that nobody knows",
        "  - target: $.components.schemas.Cat\n    x-documents: [v1/schemas.yaml]\n"
        "    update:\n      ‸typ: object\n",
        "'typ' is not known in 'Cat'",
    ),
    _actions(
        "an item of a wrong type",
        "  - target: $.paths.*.post.parameters\n    x-documents: [v1/contacts.yaml]\n    update: ‸x\n",
        "item 3 of 'parameters' is 'x'",
        "expected a mapping",
    ),
    _actions(
        "items of a list inside an update",
        "  - target: $.paths.*.post\n    x-documents: [v1/contacts.yaml]\n"
        "    update:\n      parameters:\n        - {name: b, in: ‸body, schema: {}}\n",
        "the field 'in' is 'body'",
    ),
    _actions(
        "a required field removed",
        "  - target: ‸$.paths.*.post.responses\n    x-documents: [v1/contacts.yaml]\n    remove: true\n",
        "the field 'post' lacks the field 'responses'",
    ),
    _actions(
        "a dangling $ref",
        "  - target: $.components.schemas.Cat.properties.kind\n    x-documents: [v1/schemas.yaml]\n"
        "    update:\n      $ref: ‸'#/components/schemas/Kind'\n",
        "finds no 'Kind' in specs/v1/schemas.yaml",
    ),
    several(
        "an item removed before one that is wrong",
        ("the field 'in' is 'qury'",),
        changes=((CONTACTS, "          in: query", "          in: ‸qury"),),
        files={
            "specs/overlays/more.yaml": _HEAD + "  - target: $.paths.*.post.parameters[0]\n"
            "    x-documents: [v1/contacts.yaml]\n    remove: true\n"
        },
    ),
    several(
        "what a later overlay changes in the update of an earlier one",
        ("the field 'maximum' is 'nine'",),
        files={
            "specs/overlays/a.yaml": _HEAD + "  - target: $.components.schemas.Cat\n"
            "    x-documents: [v1/schemas.yaml]\n    update: {properties: {lives: {type: integer}}}\n",
            "specs/overlays/b.yaml": _HEAD
            + "  - target: $.components.schemas.Cat.properties.lives\n"
            "    x-documents: [v1/schemas.yaml]\n    update: {maximum: ‸nine}\n",
        },
    ),
    several(
        "no word about targets of documents that are wrong",
        ("'reponses' is not known",),
        changes=((CONTACTS, "      responses:\n", "      ‸reponses:\n"),),
        files={
            "specs/overlays/more.yaml": _HEAD + "  - target: $.paths.*.post.responses['200']\n"
            "    update: {description: New}\n"
        },
    ),
]


@pytest.mark.parametrize("case", [*_NOT_OVERLAYS, *_TARGETS, *_EFFECTS, *_CONSEQUENCES])
def test_overlays(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_an_overlay_mends_what_the_official_schema_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what overlays are for: the spec may be somebody else's."""
    monkeypatch.chdir(tmp_path)
    actions = (
        "  - target: $.components.schemas.Cat.typ\n    remove: true\n"
        "  - target: $.components.schemas['Cat', 'Cat'].required[2, 0]\n    remove: true\n"
    )
    wrong = "    Cat:\n      typ: object\n      required: [a, kind, b]\n"
    files = {
        **PROJECT,
        SCHEMAS: PROJECT[SCHEMAS].replace("    Cat:\n", wrong),
        "specs/overlays/more.yaml": _HEAD + actions,
    }
    write_files(tmp_path, files)
    specs = read(Path("specs"))
    assert specs.documents["v1/schemas.yaml"].data["components"]["schemas"]["Cat"] == {
        "required": ["kind"],
        "type": "object",
        "properties": {"kind": {"type": "string"}},
    }
