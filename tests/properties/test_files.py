"""Files of properties, read and written."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package._properties.declarations import PropertiesError
from package._properties.files import (
    ANY_TYPE,
    ObjectProperties,
    Rules,
    read_file,
    read_files,
    text_of,
)
from package._properties.property import Property
from package._runtime.roles import Choice, PropertyListing, PropertyRules

LISTING = PropertyListing(
    list="results",
    name="name",
    type="type",
    unique="hasUniqueValue",
    read_only="modificationMetadata.readOnlyValue",
    options="options",
    option="value",
    option_label="label",
    multiple=Choice("fieldType", "checkbox"),
    types=(("phone_number", "string"), ("boolean", "bool")),
)
EXPORT: Rules = {ANY_TYPE: PropertyRules(listing=LISTING)}
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
    Property("colors", "enumeration", options={"red": "Red", "green": "Green"}, multiple=True),
    Property("phone"),
    Property("vip", "bool"),
    Property("place"),
    Property("number", "number", unique=True),
    Property("seen", "datetime", read_only=True),
)
AS_WRITTEN = dict.fromkeys(("red", "no", "010"), "")
Write = Callable[[str, Any], str]


def declared(specs: list[str], rules: Rules) -> dict[str, tuple[Property, ...]]:
    found = read_files(specs, rules)
    return {name: tuple(each.properties.values()) for name, each in found.items()}


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
    assert declared([file], {}) == {
        "contacts": (
            # As they are written, and not as False and 8.
            Property(
                "favorite_color",
                "enumeration",
                options=dict.fromkeys(("red", "no", "010"), ""),
                multiple=True,
            ),
            Property("my_key", unique=True),
            Property("score", "number", read_only=True),
            Property("note"),
            Property("yes"),
            Property("empty"),
        ),
        "tasks": (Property("note"),),
        "deals": (),
    }


@pytest.mark.parametrize("name", ["properties.json", "a=b.yaml"])
def test_small_form_in_json_whatever_its_file_is_called(write: Write, name: str) -> None:
    file = write(name, {"contacts": {"my_key": {"unique": True}, "note": None}})
    assert declared([file], EXPORT) == {
        "contacts": (Property("my_key", unique=True), Property("note"))
    }


@pytest.mark.parametrize("content", [EXPORTED, EXPORTED["results"]], ids=["whole", "list alone"])
@pytest.mark.parametrize("name", ["export.json", "export.yaml", "a=b.JSON"])
def test_export(write: Write, name: str, content: Any) -> None:
    file = write(name, content)
    assert declared([f"contacts={file}"], EXPORT) == {"contacts": PROPERTIES}


def test_export_within_a_mapping_of_object_types(write: Write) -> None:
    write("export.json", EXPORTED)
    file = write("all.yaml", f"contacts: export.json\ntasks: {json.dumps(EXPORTED)}\n")
    assert declared([file], EXPORT) == {"contacts": PROPERTIES, "tasks": PROPERTIES}


def test_later_file_decides(write: Write) -> None:
    export = write("export.json", EXPORTED)
    own = write("own.yaml", "contacts: {phone: {unique: true}, extra: }")
    found = declared([f"contacts={export}", own], EXPORT)["contacts"]
    assert {one.name: one for one in found} == {
        **{one.name: one for one in PROPERTIES},
        "phone": Property("phone", unique=True),
        "extra": Property("extra"),
    }


def test_property_that_is_called_like_the_list_of_an_export(write: Write) -> None:
    file = write("properties.yaml", "contacts: {results: {type: number}}")
    assert declared([file], EXPORT) == {"contacts": (Property("results", "number"),)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["export.json", "export.yaml"])
def test_file_that_an_editor_saved_in_its_own_encoding(
    write: Write, name: str, encoding: str
) -> None:
    file = write(name, '{"contacts": {"größe": {"type": "number"}}}'.encode(encoding))
    assert declared([file], {}) == {"contacts": (Property("größe", "number"),)}


EXPECTED = "such as items: {note: {type: string}}, not"
MISTAKES: list[tuple[Any, str]] = [
    ("contacts: {a: {uniqe: true}}", "contacts.a: unknown field 'uniqe'; did you mean 'unique'?"),
    (
        {"contacts": {"a": {"type": "strin"}}},
        "contacts.a: unknown type 'strin'; did you mean 'string'?",
    ),
    (
        "contacts: {note: {options: [{value: red}]}}",
        "contacts.note: options must be a list of texts, such as [red, green], or labels by option, "
        "such as {red: Red}, not [{'value': 'red'}]",
    ),
    ("contacts:\n- note\n", "contacts: property 1: expected a text at 'name', not nothing"),
    ("", f"expected object types with their properties, {EXPECTED} nothing"),
    ("contacts", f"expected object types with their properties, {EXPECTED} 'contacts'"),
    (
        {"contacts": 5},
        "contacts: expected properties, such as {note: {type: string}}, or an export of the API, not 5",
    ),
    ("contacts: {note: , note: }", "line 1: 'note' stands there twice; leave one out"),
    ("contacts:\n  note:\n  b:\n  note:\n", "line 4: 'note' stands there twice; leave one out"),
    ('{"a": {}, "a": {}}', "'a' stands there twice; leave one out"),
    ("? [a, b]\n: c", "line 1: expected a name before the colon"),
    ('{"a": ', "line 1, column 7: not valid JSON: Expecting value"),
    (
        EXPORTED,
        "looks like an export, which does not say of which object type it is; write TYPE=FILE, such "
        "as items=FILE",
    ),
    (
        {"contacts": {"results": [{"name": "a"}, {"type": "string"}]}},
        "contacts: property 2: expected a text at 'name', not nothing",
    ),
    (
        {"contacts": [{"name": "a", "type": "enumeration", "options": ["red"]}]},
        "contacts: property 1 (a): expected a list at 'options', with a text at 'value' in each",
    ),
    (
        "contacts:\n  note: [\n",
        "line 3, column 1: not valid YAML: while parsing a flow node, expected the node content, but "
        "found '<stream end>'",
    ),
    ("note: *all", "line 1, column 7: not valid YAML: found undefined alias 'all'"),
    ("a: 1\n---\nb: 2\n", "line 2, column 1: not valid YAML: …single document…"),
    ("é: 1\né: \x01\n", "line 2: not valid YAML: unacceptable character #x0001: …"),
    (b"a: 1\nb: \xff\n", "line 2: not valid YAML: …position 8: invalid start byte"),
    (b'"\n\xff\xff"', "line 2: not valid JSON: …position 2: invalid start byte"),
    ("[" * 200_000, "nested too deeply to be a file that declares properties"),
    *(
        (f"- {'[' * count}", "nested too deeply to be a file that declares properties")
        for count in (5_000, 200_000)
    ),
    ("contacts: &all {note: *all}", "nested too deeply to be a file that declares properties"),
]


@pytest.mark.parametrize(("content", "message"), MISTAKES)
def test_mistake_is_named_in_one_line(write: Write, content: Any, message: str) -> None:
    is_json = not isinstance(content, str | bytes) or content[:1] in ("[", "{", b'"')
    file = write("a.json" if is_json else "a.yaml", content)
    with pytest.raises(PropertiesError) as raised:
        declared([file], EXPORT)
    wanted = re.escape(f"{file}: {message.replace('FILE', file)}").replace("…", ".*")
    assert re.fullmatch(wanted, str(raised.value))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("FOLDER/no.yaml", "cannot be read: No such file"),
        ("contacts=FOLDER/no.yaml", "cannot be read: No such file"),
        ("contacts=FOLDER", "cannot be read: Is a directory"),
        ("FOLDER", r"holds no file of properties \(.yaml, .yml, .json\)"),
        ("contacts=", "expected FILE or TYPE=FILE"),
        ("=contacts.json", "expected FILE or TYPE=FILE"),
    ],
)
def test_file_that_is_not_there(tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(PropertiesError, match=message):
        declared([spec.replace("FOLDER", str(tmp_path))], {})


def test_list_means_nothing_without_an_export_format(write: Write) -> None:
    file = write("export.json", [])
    with pytest.raises(PropertiesError, match=r"contacts: expected properties.*, not a list"):
        declared([f"contacts={file}"], {})


def test_what_is_written_is_read_again_and_is_json(tmp_path: Path) -> None:
    properties = {each.name: each for each in (*PROPERTIES, Property("größe", label='"ß"\u2028'))}
    options = {"": "None", "b": "", "a;c": "ä"}
    properties["open"] = Property("open", "enumeration", options=options, archived=True)
    properties["keys"] = Property("keys", "enumeration", options=AS_WRITTEN, calculated=True)
    source = str(tmp_path / "pets.yaml")
    known = ObjectProperties("2-123", properties, "2026-03", "42", ("a", "b"), source)
    (tmp_path / "pets.yaml").write_text(text_of(known), "utf-8")
    assert json.loads(text_of(known))["object_type"] == "2-123"
    assert read_files([tmp_path / "pets.yaml"], {}) == {"2-123": known}
    assert read_file(tmp_path / "pets.yaml", "2-123", PropertyRules()) == known
    assert [*json.loads(text_of(known))["properties"]] == sorted(properties)


def test_a_line_changes_for_each_property_and_option(tmp_path: Path) -> None:
    first = ObjectProperties("deals", {each.name: each for each in PROPERTIES})
    more = {**PROPERTIES[0].options, "blue": "Blue"}
    changed = {**first.properties, "colors": replace(PROPERTIES[0], options=more)}
    lines = text_of(ObjectProperties("deals", changed)).splitlines()
    differs = [line for line in lines if line not in text_of(first).splitlines()]
    assert [line.strip() for line in differs] == ['"green": "Green",', '"blue": "Blue"}},']


def test_folder_of_files(write: Write, tmp_path: Path) -> None:
    write("contacts.json", EXPORTED)
    write("others.yaml", "deals: {note: }\n")
    write("pets.yml", text_of(ObjectProperties("2-123", {"name": Property("name")})))
    write("README.md", "no properties")
    assert declared([str(tmp_path)], EXPORT) == {
        "contacts": PROPERTIES,
        "deals": (Property("note"),),
        "2-123": (Property("name"),),
    }
    assert read_file(tmp_path, "contacts", EXPORT[ANY_TYPE]).properties["vip"] == PROPERTIES[2]
    with pytest.raises(PropertiesError, match="has no file of tasks; pull its properties"):
        read_file(tmp_path, "tasks", EXPORT[ANY_TYPE])


def test_an_email_that_is_listed_as_a_text(write: Write) -> None:
    file = write("contacts.json", [{"name": "email", "type": "string"}])
    rules = PropertyRules(listing=LISTING, emails=("email",))
    assert read_file(file, "contacts", rules).properties == {"email": Property("email", "email")}


def test_a_file_is_read_again_only_when_it_has_changed(write: Write) -> None:
    rules = EXPORT[ANY_TYPE]
    file = write("contacts.json", EXPORTED)
    os.utime(file, (0, 0))
    first = read_file(file, "contacts", rules)
    assert read_file(file, "contacts", rules) is first
    write("contacts.json", {"results": []})
    assert read_file(file, "contacts", rules).properties == {}


def test_a_file_that_is_written_twice_at_the_same_time_is_read_twice(write: Write) -> None:
    """The clock of a file system moves in steps, of up to two seconds."""
    moment = time.time_ns()
    for name in ("one", "two"):
        file = write("contacts.json", {"contacts": {name: {}}})
        os.utime(file, ns=(moment, moment))
        assert list(read_file(file, "contacts", EXPORT[ANY_TYPE]).properties) == [name]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("deals.yaml", "deals: {note: }", "holds the properties of deals, and not of contacts"),
        ("a.json", {"object_type": "deals", "properties": {}}, "holds the properties of deals"),
        ("a.json", {"object_type": "contacts"}, "'properties' is not like that"),
        ("a.json", {"object_type": "contacts", "properties": {}, "acount": "1"}, "'acount' is not"),
        ("a.json", {"object_type": "contacts", "properties": {}, "account": 1}, "'account' is not"),
    ],
)
def test_a_file_that_is_no_use(write: Write, name: str, content: Any, message: str) -> None:
    with pytest.raises(PropertiesError, match=message):
        read_file(write(name, content), "contacts", EXPORT[ANY_TYPE])
