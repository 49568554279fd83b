"""Each problem of a file of properties is told with its place, what was expected and how to mend it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from upsertgen.errors import Location
from upsertgen.ir import property_files
from upsertgen.properties import reader

from tests.command_line import upsertgen, write_files

HEAD = "object_type: contacts\nproperties:\n"


def problems_of(folder: Path, *texts: str | bytes, code: int = 2) -> list[str]:
    """Return the problems of files, which are called a.yaml, b.yaml and so on, without the folder."""
    names = [f"{chr(ord('a') + index)}.yaml" for index in range(len(texts))]
    write_files(folder, dict(zip(names, texts, strict=True)))
    outcome = upsertgen(
        "properties", *(folder / name for name in names), "--output", folder / "crm.py"
    )
    assert outcome.code == code, outcome.err
    assert (folder / "crm.py").exists() == (code == 0)
    assert "Traceback" not in outcome.err
    return [one.removeprefix(f"{folder.as_posix()}/") for one in outcome.problems]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "",
            "a.yaml:1:1: the document is empty; expected a mapping with object_type and properties; "
            "name a file of properties, such as properties/contacts.yaml",
        ),
        ("[1]", "a.yaml:1:1: the document is a list; expected a mapping with object_type"),
        ("{", "a.yaml:2:1: this is not YAML: "),
        (b"\xff", "a.yaml:1:1: this is not UTF-8; expected text in UTF-8; save the file as UTF-8"),
        (
            '{"results": [{"name": "email"}]}',
            "a.yaml:1:2: this is what the API lists, and does not say of which object type; expected a "
            "file with object_type and properties; let the client write it, with the command "
            "'properties pull'",
        ),
        ("properties: {}", "a.yaml:1:1: the document lacks the field 'object_type'; "),
        ("object_type: contacts", "a.yaml:1:1: the document lacks the field 'properties'; "),
        (
            "object_type: a/b\nproperties: {}",
            "a.yaml:1:14: the field 'object_type' is 'a/b'; expected text that matches ",
        ),
        (
            f"{HEAD}  email: {{uniqe: true}}\n",
            "a.yaml:3:11: 'uniqe' is not known in 'email'; expected only the fields archived, "
            "calculated, label, multiple, options, read_only, type, unique; did you mean 'unique'?",
        ),
        (
            f"{HEAD}  email: {{x-note: a}}\n",
            "a.yaml:3:11: 'x-note' is not known in 'email'; expected only the fields archived, "
            "calculated, label, multiple, options, read_only, type, unique; remove it\n",
        ),
        (
            f"{HEAD}  email: {{type: emial}}\n",
            "a.yaml:3:17: the field 'type' is 'emial'; expected one of 'string', 'email', 'number', "
            "'bool', 'date', 'datetime', 'enumeration'; did you mean 'email'?",
        ),
        (
            f"{HEAD}  email: {{unique: yes}}\n",
            "a.yaml:3:19: the field 'unique' is 'yes'; expected true or false; write true or false "
            "without quotes",
        ),
        (
            f"{HEAD}  email: {{label: 5}}\n",
            "a.yaml:3:18: the field 'label' is 5; expected text; put it in quotes",
        ),
        (
            f"{HEAD}  a: {{type: enumeration, options: [1]}}\n",
            "a.yaml:3:36: item 1 of 'options' is 1; expected text; put it in quotes",
        ),
        (
            f"{HEAD}  a: {{type: enumeration, options: [x, y, x]}}\n",
            "a.yaml:3:42: the option 'x' stands there twice; expected each option once; remove one",
        ),
        (
            f"{HEAD}  a: {{type: enumeration, options: {{x: X, x: Y}}}}\n",
            "a.yaml:3:42: the key 'x' stands twice in this mapping, first in line 3; expected ",
        ),
        (
            f"{HEAD}  a: {{options: [x]}}\n",
            "a.yaml:3:7: the property 'a' has options, and is no enumeration; expected options only "
            "beside type: enumeration; add type: enumeration, or remove options",
        ),
        (
            f"{HEAD}  a: {{multiple: true}}\n",
            "a.yaml:3:7: the property 'a' has multiple, and is no",
        ),
        (
            f"{HEAD}  '': {{}}\n",
            "a.yaml:3:3: the name of a property is empty; expected its name in",
        ),
        (
            f"{HEAD}  a: {{}}\n  a: {{}}\n",
            "a.yaml:4:3: the key 'a' stands twice in this mapping, first",
        ),
        (
            "object_type: Literal\nproperties: {}\n",
            "a.yaml:1:14: the class of 'Literal' would be called Literal, like something of the module "
            "itself; expected object types whose names differ in more than punctuation; call it by its "
            "id, such as 2-123, or leave its file out",
        ),
        (
            "object_type: none\nproperties: {}\n",
            "a.yaml:1:14: the class of 'none' would be called None",
        ),
    ],
)
def test_a_problem_is_told_with_its_place(tmp_path: Path, text: str | bytes, told: str) -> None:
    found = problems_of(tmp_path, text)
    assert len(found) == 1, found
    assert f"{found[0]}\n".startswith(told), found


def test_two_files_of_one_object_type_are_refused(tmp_path: Path) -> None:
    (told,) = problems_of(tmp_path, f"{HEAD}  a:\n", f"# again\n{HEAD}  b:\n")
    assert told.startswith("b.yaml:2:14: the properties of 'contacts' were declared before, in ")
    assert told.endswith("a.yaml; expected a file for each object type; leave one of the files out")


def test_two_object_types_of_one_class_are_refused(tmp_path: Path) -> None:
    texts = (f"object_type: {name}\nproperties: {{a: {{}}}}\n" for name in ("p_pets", "p.pets"))
    told = problems_of(tmp_path, *texts)
    assert told[0].startswith(
        "b.yaml:1:14: the class of 'p.pets' would be called PPets, like something of that of 'p_pets'"
    )


def test_all_problems_of_all_files_are_told(tmp_path: Path) -> None:
    texts = (f"{HEAD}  a: {{type: {kind}}}\n  b: {{labl: x}}\n" for kind in ("x", "y"))
    assert [one.partition(": ")[0] for one in problems_of(tmp_path, *texts)] == [
        *("a.yaml:3:13", "a.yaml:4:7", "b.yaml:3:13", "b.yaml:4:7"),
    ]


def test_a_folder_that_is_called_like_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "files/a.yaml").mkdir(parents=True)
    os.mkfifo(tmp_path / "files/b.yaml")
    outcome = upsertgen("properties", tmp_path / "files", "--output", tmp_path / "crm.py")
    assert outcome.code == 2
    assert [one.partition("yaml:")[2] for one in outcome.problems] == [
        "1:1: this is a folder; expected a plain file; remove it",
        "1:1: this is a pipe; expected a plain file; remove it",
    ]


def test_more_than_an_account_can_have_is_refused(tmp_path: Path) -> None:
    names = {f"p{index}": None for index in range(property_files.MOST_PROPERTIES + 1)}
    options = [f"o{index}" for index in range(property_files.MOST_OPTIONS + 1)]
    texts = (
        json.dumps({"object_type": "a", "properties": names}),
        json.dumps(
            {"object_type": "b", "properties": {"p": {"type": "enumeration", "options": options}}}
        ),
        json.dumps({"object_type": "c", "properties": {"p": {"label": "x" * 10_001}}}),
    )
    found = problems_of(tmp_path, *texts)
    assert ["expected at most 10000 field(s)" in found[0], len(found)] == [True, 3]
    assert "expected at most 10000 item(s)" in found[1]
    assert "expected text of at most 10000 character(s)" in found[2]


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    files = {f"{index}.yaml": "" for index in range(reader.MOST_FILES + 1)}
    write_files(tmp_path / "many", files)
    outcome = upsertgen("properties", tmp_path / "many", "--output", tmp_path / "crm.py")
    (told,) = outcome.problems
    assert f"there are more than {reader.MOST_FILES} files of properties" in told


@pytest.mark.parametrize("nested", ["[" * 5_000, "{a: " * 5_000])
def test_what_is_nested_too_deeply_is_refused(tmp_path: Path, nested: str) -> None:
    (told,) = problems_of(tmp_path, f"{HEAD}  a: {nested}")
    assert "it is nested more than" in told


def test_aliases_cannot_fill_the_memory(tmp_path: Path) -> None:
    bomb = "".join(
        f"  p{level}: &a{level} {{x: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n"
        for level in range(1, 9)
    )
    found = problems_of(tmp_path, f"{HEAD}  p0: &a0 {{label: x}}\n{bomb}")
    assert any("aliases repeat more than" in one for one in found), found


def test_two_thousand_properties_are_read_in_their_two_forms(tmp_path: Path) -> None:
    options = {f"option_{index}": f"Option {index}" for index in range(10)}
    declared = {
        f"property_{index}": (
            {"label": f"Property {index}", "type": "enumeration", "options": options}
            if index % 4 == 0
            else {"label": f"Property {index}"}
        )
        for index in range(2_000)
    }
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in declared.items()]
    flow = '{"object_type": "contacts", "properties": {\n' + ",\n".join(lines) + "}}\n"
    block = HEAD + "".join(f"  {name}: {json.dumps(one)}\n" for name, one in declared.items())
    read = []
    for text in (flow, block):
        path = tmp_path / "contacts.yaml"
        path.write_text(text, "utf-8")
        object_types, _ = reader.read_object_types([path], {}, Location("--key", 0))
        read.append(object_types)
    assert read[0] == read[1]
    assert len(read[0][0].properties) == 2_000
