"""Reading declared properties from files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from package.sandbox.contract import ExportFormat
from package.sandbox.declarations import DeclarationError, read_declarations
from package.sandbox.properties import Property

EXPORT = ExportFormat(
    list="results",
    name="name",
    type="type",
    unique="hasUniqueValue",
    read_only="modificationMetadata.readOnlyValue",
    options="options",
    option="value",
    multiple=("fieldType", "checkbox"),
    types={"phone_number": "string", "boolean": "bool"},
)
EXPORTED: dict[str, Any] = {
    "results": [
        {
            "name": "colors",
            "type": "enumeration",
            "fieldType": "checkbox",
            "options": [{"label": "Red", "value": "red"}, {"label": "Green", "value": "green"}],
            "hasUniqueValue": False,
            "modificationMetadata": {"archivable": True, "readOnlyValue": False},
        },
        {"name": "phone", "type": "phone_number", "fieldType": "phonenumber", "options": []},
        {"name": "vip", "type": "boolean", "options": [{"value": "true"}, {"value": "false"}]},
        {"name": "place", "type": "object_coordinates"},
        {"name": "number", "type": "number", "hasUniqueValue": True},
        {"name": "seen", "type": "datetime", "modificationMetadata": {"readOnlyValue": True}},
    ],
    "paging": {"next": {"after": "100"}},
}
PROPERTIES = (
    Property("colors", "enumeration", options=("red", "green"), multiple=True),
    Property("phone"),
    Property("vip", "bool"),
    Property("place"),
    Property("number", "number", unique=True),
    Property("seen", "datetime", read_only=True),
)
Write = Callable[[str, Any], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, as JSON if it is not text, and gives its path."""

    def write(name: str, content: Any) -> str:
        path = tmp_path / name
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)
        return str(path)

    return write


def test_small_form_in_yaml(write: Write) -> None:
    file = write(
        "properties.yaml",
        """
        contacts:
          favorite_color: {type: enumeration, options: [red, no, 010], multiple: true}
          my_key: {unique: true}
          score: {type: number, read_only: true}
          note: {}
          yes:
          empty: null
        tasks: {note: {type: string}}
        deals:
        """,
    )
    assert read_declarations([file], None) == {
        "contacts": (
            # As they are written, and not as False and 8.
            Property("favorite_color", "enumeration", options=("red", "no", "010"), multiple=True),
            Property("my_key", unique=True),
            Property("score", "number", read_only=True),
            Property("note"),
            Property("yes"),
            Property("empty"),
        ),
        "tasks": (Property("note"),),
        "deals": (),
    }


def test_small_form_in_json(write: Write) -> None:
    file = write("properties.json", {"contacts": {"my_key": {"unique": True}, "note": None}})
    assert read_declarations([file], EXPORT) == {
        "contacts": (Property("my_key", unique=True), Property("note"))
    }


@pytest.mark.parametrize("content", [EXPORTED, EXPORTED["results"]], ids=["whole", "list alone"])
@pytest.mark.parametrize("name", ["export.json", "export.yaml", "a=b.JSON"])
def test_export(write: Write, name: str, content: Any) -> None:
    file = write(name, content)
    assert read_declarations([f"contacts={file}"], EXPORT) == {"contacts": PROPERTIES}


def test_export_within_a_mapping_of_object_types(write: Write) -> None:
    write("export.json", EXPORTED)
    file = write("all.yaml", f"contacts: export.json\ntasks: {json.dumps(EXPORTED)}\n")
    assert read_declarations([file], EXPORT) == {"contacts": PROPERTIES, "tasks": PROPERTIES}


def test_later_file_decides(write: Write) -> None:
    export = write("export.json", EXPORTED)
    own = write("own.yaml", "contacts: {phone: {unique: true}, extra: }")
    declared = read_declarations([f"contacts={export}", own], EXPORT)["contacts"]
    assert {one.name: one for one in declared} == {
        **{one.name: one for one in PROPERTIES},
        "phone": Property("phone", unique=True),
        "extra": Property("extra"),
    }


def test_property_that_is_called_like_the_list_of_an_export(write: Write) -> None:
    file = write("properties.yaml", "contacts: {results: {type: number}}")
    assert read_declarations([file], EXPORT) == {"contacts": (Property("results", "number"),)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["export.json", "export.yaml"])
def test_file_that_an_editor_saved_in_its_own_encoding(
    write: Write, name: str, encoding: str
) -> None:
    file = write(name, '{"contacts": {"größe": {"type": "number"}}}'.encode(encoding))
    assert read_declarations([file], None) == {"contacts": (Property("größe", "number"),)}


def test_file_whose_name_holds_an_equals_sign(write: Write) -> None:
    file = write("a=b.yaml", "contacts: {note: }")
    assert read_declarations([file], None) == {"contacts": (Property("note"),)}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.yaml",
            "contacts: {note: {uniqe: true}}",
            "FILE: contacts.note: unknown field 'uniqe'; did you mean 'unique'?",
        ),
        (
            "a.json",
            {"contacts": {"note": {"type": "strin"}}},
            "FILE: contacts.note: unknown type 'strin'; did you mean 'string'?",
        ),
        (
            "a.yaml",
            "contacts: {note: {options: [{value: red}]}}",
            "FILE: contacts.note: options must be a list of texts, such as [red, green], not "
            "[{'value': 'red'}]",
        ),
        (
            "a.yaml",
            "contacts:\n- note\n",
            "FILE: contacts: property 1: expected a text at 'name', not nothing",
        ),
        (
            "a.yaml",
            "",
            "FILE: expected object types with their properties, such as "
            "contacts: {note: {type: string}}, not nothing",
        ),
        (
            "a.yaml",
            "contacts",
            "FILE: expected object types with their properties, such as "
            "contacts: {note: {type: string}}, not 'contacts'",
        ),
        (
            "a.json",
            {"contacts": 5},
            "FILE: contacts: expected properties, such as {note: {type: string}}, or an export of "
            "the API, not 5",
        ),
        ("a.yaml", "contacts: {note: , note: }", "FILE: 'note' stands there twice; leave one out"),
        ("a.json", '{"a": {}, "a": {}}', "FILE: 'a' stands there twice; leave one out"),
        ("a.yaml", "? [a, b]\n: c", "FILE: line 1: expected a name before the colon"),
        (
            "a.json",
            '{"a": ',
            "FILE: not valid JSON: Expecting value: line 1 column 7 (char 6)",
        ),
        (
            "export.json",
            EXPORTED,
            "FILE: looks like an export, which does not say of which object type it is; write "
            "TYPE=FILE, such as contacts=FILE",
        ),
        (
            "a.json",
            {"contacts": {"results": [{"name": "a"}, {"type": "string"}]}},
            "FILE: contacts: property 2: expected a text at 'name', not nothing",
        ),
        (
            "a.json",
            {"contacts": [{"name": "a", "type": "enumeration", "options": ["red"]}]},
            "FILE: contacts: property 1 (a): expected a list at 'options', with a text at 'value' "
            "in each",
        ),
    ],
)
def test_mistake_is_named(write: Write, name: str, content: Any, message: str) -> None:
    file = write(name, content)
    with pytest.raises(DeclarationError) as raised:
        read_declarations([file], EXPORT)
    assert str(raised.value) == message.replace("FILE", file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "contacts: {note: [", "not valid YAML: .*line 1"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "not valid YAML: .*single document"),
        ("a.yaml", b"\xff\xff\xff", "not valid YAML"),
        ("a.json", b'"\xff\xff\xff"', "not valid JSON"),
        ("a.json", "[" * 200_000, "nested too deeply"),
        ("a.yaml", "[" * 5_000, "nested too deeply"),
        ("a.yaml", "contacts: &all {note: *all}", "nested too deeply"),
    ],
)
def test_file_that_cannot_be_read_is_one_clear_line(
    write: Write, name: str, content: Any, message: str
) -> None:
    file = write(name, content)
    with pytest.raises(DeclarationError, match=re.escape(file) + ": " + message) as raised:
        read_declarations([file], None)
    assert "\n" not in str(raised.value)


def test_missing_file(tmp_path: Path) -> None:
    for spec in (f"{tmp_path}/no.yaml", f"contacts={tmp_path}/no.yaml", f"contacts={tmp_path}"):
        with pytest.raises(
            DeclarationError, match=r"cannot be read: (No such file|Is a directory)"
        ):
            read_declarations([spec], None)


@pytest.mark.parametrize("spec", ["contacts=", "=contacts.json"])
def test_half_of_a_pair(spec: str) -> None:
    with pytest.raises(DeclarationError, match="expected FILE or TYPE=FILE"):
        read_declarations([spec], None)


def test_list_means_nothing_without_an_export_format(write: Write) -> None:
    file = write("export.json", [])
    with pytest.raises(DeclarationError, match=r"contacts: expected properties.*, not a list"):
        read_declarations([f"contacts={file}"], None)
