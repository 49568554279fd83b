"""Columns of tables whose fields are no text: numbers, lists and objects, found from the type of records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from package._bulk.record_check import RecordCheck
from package._cli.columns import Mapper, UnreadableRow
from package._cli.errors import BadInput
from package._cli.record_fields import RecordFields
from package._cli.source import open_source
from package._runtime.roles import Roles

from tests.bulk.test_json_inputs import FLAT, PLAIN, Attributes, Profile, Vector

PROFILES, VECTORS = RecordFields(Profile, FLAT), RecordFields(Vector, PLAIN)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("email", "7", "7"),
        ("id", "07", "07"),
        ("born", "2026-01-31", "2026-01-31"),
        ("score", "7", 7),
        ("score", " -1.50e1 ", -15.0),
        ("score", "", None),
        ("score", "high", "high"),
        ("tags", '["a", "b"]', ["a", "b"]),
        ("tags", "a, b", "a, b"),
        ("place", '{"zipCode": "10115"}', {"zipCode": "10115"}),
        ("place.zipCode", "10115", "10115"),
        ("place.rank", "3", 3),
        ("unknown", "3", "3"),
    ],
)
def test_a_text_means_what_its_field_takes(name: str, text: str, value: object) -> None:
    found = PROFILES.value(name, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("name", ["metadata.genre", "metadata.a.b", "values.0"])
def test_what_may_be_text_stays_text(name: str) -> None:
    assert VECTORS.value(name, "1") == "1"


def records(folder: Path, text: str, fields: RecordFields, **options: Any) -> list[Any]:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    mapper = Mapper({}, as_text=False, fields=fields, **options)
    with open_source(str(path)) as source:
        found = list(mapper.records(source, None))
    return [one.problem.message if isinstance(one, UnreadableRow) else dict(one) for one in found]


def test_names_with_dots_are_fields_of_objects(tmp_path: Path) -> None:
    text = 'email,place.zipCode,place.rank,tags,a.b\ne,10115,2,"[""x""]",c\nf,,,,\n'
    assert records(tmp_path, text, PROFILES, clears=False) == [
        {"email": "e", "place": {"zipCode": "10115", "rank": 2}, "tags": ["x"], "a.b": "c"},
        {"email": "f"},
    ]
    cleared = records(tmp_path, text, PROFILES, clears=True)[1]
    assert cleared == {
        "email": "f",
        "place": {"zipCode": "", "rank": None},
        "tags": None,
        "a.b": "",
    }


def test_the_key_may_be_a_field_of_an_object(tmp_path: Path) -> None:
    roles = Roles(inputs="$", key="place.zipCode", alternative_keys=("other.id",))
    fields = RecordFields(Attributes, roles)
    assert records(tmp_path, "place.zipCode,place.rank,other.id\n07,1,9\n", fields) == [
        {"place": {"zipCode": "07", "rank": 1}, "other": {"id": "9"}}
    ]


def test_numbers_of_free_fields_are_named(tmp_path: Path) -> None:
    text = 'id,values,metadata.year\n1,"[0.5, 1]",1999\n'
    (made,) = records(tmp_path, text, VECTORS, numbers=["metadata.year"])
    assert made == {"id": "1", "values": [0.5, 1], "metadata": {"year": 1999}}
    assert isinstance(RecordCheck(Vector).checked(made), dict)


def test_a_column_for_an_object_and_one_for_its_field_are_too_many(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'place.rank' is a field of 'place'.*--skip place"):
        records(tmp_path, f"place,place.rank\n{json.dumps({})},1\n", PROFILES)
