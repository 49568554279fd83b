"""What is named on the command line: versions, object types, arguments, columns and properties."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from package._cli.columns import Mapper, UnreadableRow, parse_mappings
from package._cli.entry import run_command
from package._cli.errors import BadInput, listed
from package._cli.object_types import (
    Argument,
    Catalogue,
    Listing,
    Resource,
    Version,
    call_arguments,
    choose,
    overview,
)
from package._cli.rows import PROBLEM_COLUMNS, Source
from package._cli.source import open_source
from package._runtime.suggestion import nearest

TYPED = Resource(arguments=(Argument("object_type", "The type of the objects."),))
CATALOGUE = Catalogue(
    program="example-upsert",
    versions={
        "v3": Version("v3", {"contacts": Resource(), "old_things": Resource()}),
        "2026-03": Version(
            "v2026_03",
            {
                "contacts": Resource(),
                "custom_objects": TYPED,
                "deal_splits": Resource(has_id_property=False),
            },
        ),
    },
)


def test_a_resource_is_found() -> None:
    choice = choose(CATALOGUE, "2026-03", "contacts")
    assert choice == (CATALOGUE.versions["2026-03"], "contacts", Resource())
    assert choose(CATALOGUE, "2026-03", "deal-splits").name == "deal_splits"


def test_arguments_of_the_path() -> None:
    choice = choose(CATALOGUE, "2026-03", "custom_objects")
    assert call_arguments(choice, ["object_type=2-7=x"]) == {"object_type": "2-7=x"}
    assert call_arguments(choice, ["object-type=2-7"]) == {"object_type": "2-7"}
    assert call_arguments(choose(CATALOGUE, "v3", "contacts"), []) == {}
    shelf = choice._replace(resource=Resource((Argument("shelf", is_json=True),)))
    assert call_arguments(shelf, ["shelf=7"]) == {"shelf": 7}
    with pytest.raises(
        BadInput, match="--argument shelf must be JSON, such as 7, true or a list; got 'a'"
    ):
        call_arguments(shelf, ["shelf=a"])


NO_TYPE = "there is no object type"


@pytest.mark.parametrize(
    ("label", "object_type", "texts", "message"),
    [
        (None, "contacts", [], "say which version of the API with --api-version: v3 or 2026-03"),
        (
            *("2026-3", "contacts", []),
            "there is no version '2026-3' of the API; did you mean '2026-03'?",
        ),
        ("x", "contacts", [], "there is no version 'x' of the API; there is v3 and 2026-03"),
        (
            *("2026-03", "contact", []),
            f"{NO_TYPE} 'contact' to upsert in the version 2026-03; did you mean 'contacts'?; "
            "'example-upsert --list' shows all",
        ),
        (
            *("2026-03", "old-things", []),
            f"{NO_TYPE} 'old-things' to upsert in the version 2026-03; there is in v3; "
            "'example-upsert --list' shows all",
        ),
        (
            *("v3", "zzz", []),
            f"{NO_TYPE} 'zzz' to upsert in the version v3; 'example-upsert --list' shows all",
        ),
        (
            *("2026-03", "custom_objects", []),
            "custom_objects needs --argument object_type=…: The type of the objects.",
        ),
        (
            *("2026-03", "custom_objects", ["object_typ=2"]),
            "custom_objects has no argument 'object_typ'; did you mean 'object_type'?",
        ),
        (
            *("2026-03", "custom_objects", ["x=2"]),
            "custom_objects has no argument 'x'; it has object_type",
        ),
        (
            *("2026-03", "custom_objects", ["object_type="]),
            "--argument must be NAME=VALUE; got 'object_type='",
        ),
        (
            *("2026-03", "custom_objects", ["object_type"]),
            "--argument must be NAME=VALUE; got 'object_type'",
        ),
        ("2026-03", "contacts", ["x=2"], "contacts has no argument 'x'; it has none"),
    ],
)
def test_names_that_there_are_not(
    label: str | None, object_type: str, texts: list[str], message: str
) -> None:
    with pytest.raises(BadInput) as raised:
        call_arguments(choose(CATALOGUE, label, object_type), texts)
    assert str(raised.value) == message


def test_an_overview() -> None:
    assert list(overview(CATALOGUE, None)) == [
        "v3  contacts",
        "v3  old_things",
        "2026-03  contacts",
        "2026-03  custom_objects  --argument object_type=…",
        "2026-03  deal_splits  (no --id-property)",
    ]
    assert list(overview(CATALOGUE, "v3")) == ["v3  contacts", "v3  old_things"]
    with pytest.raises(BadInput, match="there is no version 'v4' of the API; there is v3"):
        list(overview(CATALOGUE, "v4"))


def test_names_in_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert nearest("EMAIL", ["email", "e"]) == "; did you mean 'email'?"
    assert nearest("email", []) == ""


# Columns and properties


PEOPLE = "E-Mail,First Name,note\nada@x.example,Ada,\nbob@x.example,,hi\n"


def opened(tmp_path: Path, content: str) -> Source:
    path = tmp_path / ("a.csv" if "mail," in content.lower() else "a.jsonl")
    path.write_text(content)
    return open_source(str(path))


def records(
    tmp_path: Path, mapper: Mapper, id_property: str | None = "email", content: str = PEOPLE
) -> list[Any]:
    with opened(tmp_path, content) as source:
        return list(mapper.records(source, id_property))


def refusal(tmp_path: Path, mapper: Mapper, content: str = PEOPLE) -> str:
    with pytest.raises(BadInput) as raised:
        records(tmp_path, mapper, content=content)
    assert "\n" not in str(raised.value)
    return str(raised.value).partition(": ")[2]


def lines(*values: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in values)


def test_columns_become_properties(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "email", "First Name": "firstname"})
    ada, bob = records(tmp_path, mapper)
    assert ada == {"email": "ada@x.example", "firstname": "Ada", "note": ""}
    assert bob == {"email": "bob@x.example", "firstname": "", "note": "hi"}
    assert bob.row.line == 3
    assert bob.row.values == {"E-Mail": "bob@x.example", "First Name": "", "note": "hi"}


def test_empty_cells_are_left_out_where_they_do_not_clear(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "email"}, clears=False)
    assert records(tmp_path, mapper) == [
        {"email": "ada@x.example", "First Name": "Ada"},
        {"email": "bob@x.example", "note": "hi"},
    ]


@pytest.mark.parametrize(("as_text", "sent"), [(True, ["1001", "19.99"]), (False, [1001, 19.99])])
def test_numbers_are_text_only_where_values_are(
    tmp_path: Path, as_text: bool, sent: list[object]
) -> None:
    mapper = Mapper({}, numbers=["size"], as_text=as_text)
    found = records(tmp_path, mapper, None, "email,size\na,1001.0\nb,19.99\n")
    assert [one["size"] for one in found] == sent


def test_only_some_columns_are_sent(tmp_path: Path) -> None:
    renamed = {"E-Mail": "email"}
    assert records(tmp_path, Mapper(renamed, only=["E-Mail", "note"])) == [
        {"email": "ada@x.example", "note": ""},
        {"email": "bob@x.example", "note": "hi"},
    ]
    assert records(tmp_path, Mapper(renamed, skipped=["First Name"])) == records(
        tmp_path, Mapper(renamed, only=["E-Mail", "note"])
    )


def test_two_columns_can_be_swapped(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "note", "note": "E-Mail"})
    assert records(tmp_path, mapper, None)[1] == {
        "note": "bob@x.example",
        "First Name": "",
        "E-Mail": "hi",
    }


def test_columns_of_rejected_records_are_never_sent(tmp_path: Path) -> None:
    content = lines({"email": "a@x", **dict.fromkeys(PROBLEM_COLUMNS, "?")})
    assert records(tmp_path, Mapper({}), content=content) == [{"email": "a@x"}]


NO_COLUMN = (
    "no column becomes the id property 'email'; name it with --map 'COLUMN=email'; "
    "did you mean 'E-Mail'?"
)


@pytest.mark.parametrize(
    ("mapper", "message"),
    [
        (
            Mapper({"e-mail": "email"}),
            "--map names 'e-mail', and there is no such column; did you mean 'E-Mail'?",
        ),
        (
            Mapper({"E-Mail": "email", "zzz": "x"}),
            "--map names 'zzz', and there is no such column; there are 'E-Mail', 'First Name', 'note'",
        ),
        (
            Mapper({"E-Mail": "email"}, only=["E-Mail", "notes"]),
            "--only names 'notes', and there is no such column; did you mean 'note'?",
        ),
        (
            Mapper({"E-Mail": "email"}, skipped=["Firstname"]),
            "--skip names 'Firstname', and there is no such column; did you mean 'First Name'?",
        ),
        (Mapper({}), NO_COLUMN),
        (Mapper({"E-Mail": "email"}, skipped=["E-Mail"]), NO_COLUMN),
        (
            Mapper({"E-Mail": "email", "note": "email"}),
            "the columns 'E-Mail' and 'note' both become 'email'; leave one out with --skip E-Mail or "
            "--skip note",
        ),
        (
            Mapper({"E-Mail": "email", "First Name": "note"}),
            "the columns 'First Name' and 'note' both become 'note'; leave one out with "
            "--skip 'First Name' or --skip note",
        ),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, mapper: Mapper, message: str) -> None:
    assert refusal(tmp_path, mapper) == message


def test_names_are_checked_before_a_record_is_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path, PEOPLE) as source, pytest.raises(BadInput):
        Mapper({}).records(source, "email")


# Records that differ in their fields


def test_fields_may_differ(tmp_path: Path) -> None:
    content = lines({"E-Mail": "a@x"}, {"E-Mail": "b@x", "note": "hi"}, {"note": ""})
    mapper = Mapper({"E-Mail": "email", "note": "remark"})
    assert records(tmp_path, mapper, content=content) == [
        {"email": "a@x"},
        {"email": "b@x", "remark": "hi"},
        {"remark": ""},
    ]


def test_the_first_records_tell_which_fields_there_are(tmp_path: Path) -> None:
    content = lines(*[{"email": f"{n}@x"} for n in range(99)], {"note": "hi"}, {"late": 1})
    assert len(records(tmp_path, Mapper({"note": "remark"}), content=content)) == 101
    assert refusal(tmp_path, Mapper({"late": "x"}), content) == (
        "--map names 'late', and there is no such column in the first 100 records; "
        "there are 'email', 'note'"
    )
    assert refusal(tmp_path, Mapper({"email": "id"}), content).startswith(
        "no column becomes the id property 'email'"
    )


@pytest.mark.parametrize("before", [0, 200])
def test_a_record_whose_fields_become_the_same(tmp_path: Path, before: int) -> None:
    content = lines(
        *[{"email": f"{n}@x"} for n in range(before)],
        {"email": "a@x", "mail": "b@x"},
        {"mail": "c@x"},
    )
    *_, bad, good = records(tmp_path, Mapper({"email": "mail"}), "mail", content)
    assert isinstance(bad, UnreadableRow)
    assert bad.row.line == before + 1
    assert bad.problem.message == (
        "the columns 'email' and 'mail' both become 'mail'; leave one out with --skip email or "
        "--skip mail"
    )
    assert good == {"mail": "c@x"}


def csv_records(tmp_path: Path, mapper: Mapper, content: str) -> list[Any]:
    path = tmp_path / "any.csv"
    path.write_text(content)
    with open_source(str(path)) as source:
        return list(mapper.records(source, "email"))


@pytest.mark.parametrize(
    ("content", "options", "unnamed"),
    [
        ("email,note,,\na@x,hi,,\n", {}, None),
        ("email,note,note\na@x,hi,ho\n", {"skipped": ["note"]}, None),
        ("email,x,x\na@x,hi,ho\n", {"only": ["email"]}, None),
        (",email\n0,a@x\n", {"skipped": [""]}, None),
        (
            *(",email, \n,b@x,\n,a@x,7\n", {}),
            "any.csv: column 3 has no name, and is not sent; line 3 has '7' there: name it, or leave it "
            "out with --skip ''",
        ),
    ],
)
def test_columns_that_nobody_sends(
    tmp_path: Path, content: str, options: dict[str, Any], unnamed: str | None
) -> None:
    mapper = Mapper({}, **options)
    *_, last = csv_records(tmp_path, mapper, content)
    assert last["email"] == "a@x"
    assert set(last) <= {"email", "note"}
    assert mapper.unnamed == (None if unnamed is None else f"{tmp_path}/{unnamed}")


def test_two_columns_of_one_name_that_are_sent(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        csv_records(tmp_path, Mapper({}), "email,x,x\n")
    assert str(raised.value).endswith(
        "there are two columns 'x'; rename one, or leave both out with --skip"
    )


def test_no_record_has_no_field(tmp_path: Path) -> None:
    assert records(tmp_path, Mapper({"a": "b"}), content="") == []
    (bad,) = records(tmp_path, Mapper({"a": "b"}), content="nonsense")
    assert bad == {}


# What is given on the command line


def test_mappings_are_read() -> None:
    assert parse_mappings(["E-Mail=email", " a = b =c", "x==y"]) == {
        "E-Mail": "email",
        "a = b": "c",
        "x=": "y",
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        *(
            (["a=b", text], "must be COLUMN=PROPERTY")
            for text in ("email", "=email", "E=", "=", "")
        ),
        (["a=b", "a=c"], "names the column 'a' twice"),
    ],
)
def test_mappings_that_will_not_do(texts: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=f"--map {message}"):
        parse_mappings(texts)


def test_a_catalogue_without_anything_to_do_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in ([], ["--help"], ["contacts", "people.csv"], ["properties", "pull"]):
        assert run_command(Catalogue("a-program", {}), arguments) == 2
        assert re.match(
            "a-program: there is nothing to do from the command line: ", capsys.readouterr().err
        )


def test_the_help_of_a_version_that_only_lists_properties_names_no_upsert(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listing = Listing("properties", "read_all", "object_type")
    versions = {"v1": Version("v1", {}, listing)}
    assert run_command(Catalogue("a-program", versions), ["--help"]) == 0
    said = capsys.readouterr().out
    assert "a-program properties --help" in said
    assert "records.csv" not in said
    assert "doctor" not in said
