"""Records that are JSON: where their fields go, what finds them, and what is said of wrong ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from package._bulk.json_inputs import JsonInputMaker
from package._bulk.outcomes import Problem
from package._bulk.record_check import RecordCheck
from package._bulk.values import Input, InputMaker
from package._runtime.models import Nullable, RequestModel
from package._runtime.roles import Roles
from pydantic import Field

from tests.bulk.contacts import ROLES


class Place(RequestModel):
    zip_code: Annotated[str | None, Field(alias="zipCode")] = None
    rank: int | None = None


class Attributes(RequestModel):
    email: str | None = None
    phone: str | None = None
    score: float | None = None
    born: dt.date | None = None
    seen: Annotated[dt.datetime | None, Nullable] = None
    tags: list[str] | None = None
    place: Place | None = None


class Profile(RequestModel):
    type: Literal["profile"]
    id: str | None = None
    attributes: Attributes


class Vector(RequestModel):
    id: str
    values: list[float]
    metadata: dict[str, str | float | bool | list[str]] | None = None


FLAT = Roles(
    inputs="data.profiles",
    key="attributes.email",
    alternative_keys=("attributes.phone", "id"),
    properties="attributes",
)
PLAIN = Roles(inputs="vectors", key="id")


def profiles(**options: Any) -> JsonInputMaker:
    check = RecordCheck(Profile, "attributes")
    return JsonInputMaker(FLAT, check=check, constants={"type": "profile"}, **options)


def vectors(**options: Any) -> JsonInputMaker:
    return JsonInputMaker(PLAIN, check=RecordCheck(Vector), **options)


def problems_of(made: Input | tuple[Problem, ...]) -> tuple[Problem, ...]:
    assert not isinstance(made, Input)
    return made


def told(made: Input | tuple[Problem, ...]) -> list[tuple[Any, ...]]:
    return [(one.property, one.code) for one in problems_of(made)]


def test_flat_records_are_put_where_the_input_has_them() -> None:
    record = {
        "email": "ada@b.c",
        "score": 1,
        "place": {"zipCode": "10115"},
        "id": "7",
        "tags": None,
    }
    made = profiles().make(record)
    assert made == Input(
        None,
        "ada@b.c",
        {
            "type": "profile",
            "id": "7",
            "attributes": {"email": "ada@b.c", "score": 1, "place": {"zipCode": "10115"}},
        },
        "email",
    )
    assert record["tags"] is None


@pytest.mark.parametrize(
    ("record", "by", "key"),
    [
        ({"email": "", "phone": "1"}, "phone", "1"),
        ({"email": None, "id": "x"}, "id", "x"),
        ({"phone": "1", "email": "e"}, "email", "e"),
    ],
)
def test_the_first_key_that_a_record_has_finds_it(record: Any, by: str, key: str) -> None:
    made = profiles().make(record)
    assert isinstance(made, Input)
    assert (made.by, made.key) == (by, key)


def test_a_record_without_any_key_is_told_all_of_them() -> None:
    (problem,) = problems_of(profiles().make({"score": 1}))
    assert problem == Problem(
        "email",
        "MISSING_KEY",
        "the record has no value for 'email', 'phone' or 'id', which it is found by",
    )


def test_the_caller_may_name_the_keys() -> None:
    maker = profiles(keys=("phone", "place.zipCode"))
    made = maker.make({"email": "e", "id": "7", "place": {"zipCode": "10115"}})
    assert isinstance(made, Input)
    assert (made.by, made.key, made.fields["id"]) == ("place.zipCode", "10115", "7")
    (alone,) = problems_of(profiles(keys=("phone",)).make({"email": "e"}))
    assert alone.property == "phone"


@pytest.mark.parametrize(("null", "sent"), [("leave", {}), ("clear", {"seen": None})])
def test_what_is_missing_is_left_or_cleared(null: Any, sent: Mapping[str, Any]) -> None:
    made = profiles(null=null).make({"email": "e", "seen": float("nan")})
    assert isinstance(made, Input)
    assert made.fields["attributes"] == {"email": "e", **sent}


def test_each_wrong_field_is_told_once_by_its_name() -> None:
    problems = profiles().make(
        {
            "email": 7,
            "score": "high",
            "place": {"zipcode": "1", "rank": "first"},
            "tags": ["a", 1],
            "fone": "1",
        }
    )
    assert told(problems) == [
        ("email", "UNSUPPORTED_VALUE"),
        ("score", "UNSUPPORTED_VALUE"),
        ("tags.1", "UNSUPPORTED_VALUE"),
        ("place.rank", "UNSUPPORTED_VALUE"),
        ("place.zipcode", "UNKNOWN_FIELD"),
        ("fone", "UNKNOWN_FIELD"),
    ]


def test_alternatives_are_told_in_one_sentence() -> None:
    problems: Any = vectors().make({"id": "1", "values": [0.5], "metadata": {"genre": {"a": 1}}})
    told = (
        "a valid string; or Input should be a valid number; or Input should be a valid boolean; or "
    )
    message = f"Input should be {told}Input should be a valid list, and not {{'a': 1}}"
    assert problems == (Problem("metadata.genre", "UNSUPPORTED_VALUE", message),)


def test_a_field_that_is_not_known_may_be_a_misspelt_one() -> None:
    missing, unknown = problems_of(vectors().make({"id": "1", "value": [0.5]}))
    message = "the API has no such field; did you mean 'values'?"
    assert unknown == Problem("value", "UNKNOWN_FIELD", message)
    message = "the record has no value here, and the API needs one"
    assert missing == Problem("values", "MISSING_VALUE", message)
    (nested,) = problems_of(profiles().make({"email": "e", "place": {"zipcode": "1"}}))
    assert "'zipCode'" in nested.message


def test_a_missing_key_is_told_as_such_alone() -> None:
    assert told(vectors().make({"values": [1]})) == [("id", "MISSING_KEY")]
    assert told(vectors().make({"id": " ", "values": "x"})) == [
        ("id", "MISSING_KEY"),
        ("values", "UNSUPPORTED_VALUE"),
    ]


class Size(Enum):
    LARGE = "L"


def test_values_are_taken_as_by_the_method_for_one_request() -> None:
    zone = dt.timezone(dt.timedelta(hours=1))
    record = {
        "email": Size.LARGE,
        "score": Decimal("0.10"),
        "born": dt.date(2026, 1, 31),
        "seen": dt.datetime(2026, 1, 31, 12, tzinfo=zone),
        "tags": ("a", "b"),
        "place": Place(zip_code="1"),
    }
    made = profiles().make(record)
    assert isinstance(made, Input)
    assert made.fields["attributes"] == {
        "email": "L",
        "score": 0.1,
        "born": "2026-01-31",
        "seen": "2026-01-31T12:00:00+01:00",
        "tags": ["a", "b"],
        "place": {"zipCode": "1"},
    }
    naive = {"email": "e", "seen": dt.datetime(2026, 1, 31, 12)}
    assert told(profiles().make(naive)) == [("seen", "UNSUPPORTED_VALUE")]
    placed = profiles(timezone=dt.UTC).make(naive)
    assert isinstance(placed, Input)
    assert placed.fields["attributes"]["seen"] == "2026-01-31T12:00:00.000Z"
    assert told(vectors().make({"id": UUID(int=1), "values": []})) == [("id", "UNSUPPORTED_VALUE")]


@dataclass
class Row:
    id: str
    values: list[float]


@pytest.mark.parametrize("record", [Row("1", [0.5]), Vector(id="1", values=[0.5])])
def test_models_and_data_classes_are_records(record: Any) -> None:
    assert vectors().make(record) == Input(None, "1", {"id": "1", "values": [0.5]})


@pytest.mark.parametrize("values", [[float("nan")], [float("inf")], [True], ["1"], [None], "1"])
def test_what_the_api_would_not_take_is_refused(values: Any) -> None:
    made = problems_of(vectors().make({"id": "1", "values": values}))
    assert {one.code for one in made} == {"UNSUPPORTED_VALUE"}


def test_a_trace_id_that_is_needed_is_no_concern_of_the_caller() -> None:
    class Traced(RequestModel):
        id: int
        meta: dict[str, str]

    maker = JsonInputMaker(
        Roles(inputs="inputs", key="id", trace_id="meta.trace"), check=RecordCheck(Traced)
    )
    made = maker.make({"id": 7})
    assert isinstance(made, Input)
    assert (made.key, [*made.fields["meta"]]) == ("7", ["trace"])


def test_text_goes_into_nested_fields_too() -> None:
    roles = Roles(inputs="inputs", key="by.value", key_property="by.name", properties="data.traits")
    made = InputMaker(roles, "email", constants={"kind": "person"}).make({"email": "e", "age": 7})
    assert made == Input(
        None,
        "e",
        {
            "kind": "person",
            "by": {"value": "e", "name": "email"},
            "data": {"traits": {"age": "7"}},
        },
    )


def test_typed_properties_keep_their_types() -> None:
    class Traits(RequestModel):
        age: int | None = None

    class Person(RequestModel):
        id: str
        id_property: Annotated[str, Field(alias="idProperty")]
        properties: Traits

    roles = replace(ROLES, trace_id=None)
    maker = JsonInputMaker(roles, "email", check=RecordCheck(Person, "properties"))
    assert told(maker.make({"email": "e", "age": "7"})) == [("age", "UNSUPPORTED_VALUE")]
    made = maker.make({"email": "e", "age": 7})
    assert isinstance(made, Input)
    assert (made.key, made.fields["properties"]) == ("e", {"age": 7})
