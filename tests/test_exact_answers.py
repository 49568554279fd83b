"""What is read is what came: moments, texts among several types, names, and all of it written again."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from package._runtime.models import ResponseModel
from package._runtime.operation import Decoder
from package._runtime.timestamp import Timestamp
from pydantic import ValidationError

from tests.exact_values import MOMENTS, NOON, TEXTS, Scenarios, sent
from tests.scenarios import Scenario
from tests.servers import Server, answer


@pytest.fixture(scope="session")
def meters(scenario: Scenarios) -> Scenario:
    return scenario("exact_values")


@pytest.mark.parametrize("text", MOMENTS)
def test_moments_of_answers_keep_their_digits(
    meters: Scenario, kind: str, server: Server, text: str
) -> None:
    server.script = [answer(200, {"at": text, "moment_or_text": text})]
    read = meters.call(kind, server.url, "meters.record", kind="gas")
    assert isinstance(read.at, datetime)
    assert read.at.utcoffset() is not None
    written = json.loads(read.model_dump_json(exclude_unset=True))
    assert written["moment_or_text"] == text
    assert Timestamp.parse(written["at"]) == read.at
    if len(text) > len("2026-01-01T00:00:00.123456Z") or ":60" in text:
        assert written["at"] == getattr(read.at, "text", None) == text
        assert json.loads(copy.deepcopy(read).model_dump_json(exclude_unset=True)) == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T00:00:00.1234567Z", datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999, UTC)),
        ("2026-01-01t05:30:00+05:30", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2025-12-31 19:00:00.0-05:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01", datetime(2026, 1, 1)),
    ],
)
def test_a_timestamp_is_the_datetime_before_it_and_its_text(text: str, expected: datetime) -> None:
    moment = Timestamp.parse(text)
    assert (moment, moment.text) == (expected, text)
    assert pickle.loads(pickle.dumps(moment)).text == copy.deepcopy(moment).text == text
    # What is calculated from it is another moment.
    later = moment + timedelta(seconds=1)
    assert Timestamp.fromisoformat(getattr(later, "text", later.isoformat())) == later
    assert pickle.loads(pickle.dumps(later)) == copy.copy(later) == later


@pytest.mark.parametrize("text", ["2026-01-01T01:00:00+0100", "2026-01-01T00:00:00"])
def test_a_moment_of_an_answer_may_be_written_nearly_as_rfc_3339_says(
    meters: Scenario, text: str
) -> None:
    read = meters.answered("meters.record", 200, json.dumps({"at": text})).at
    assert read.replace(tzinfo=read.tzinfo or UTC) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["20260101", "1e5", "yesterday", "2026-13-01T00:00:00Z", "", True])
def test_a_moment_that_cannot_be_read_is_said(meters: Scenario, text: object) -> None:
    error = meters.answered("meters.record", 200, json.dumps({"part": {"at": text}}))
    assert type(error).__name__ == "DecodingError"
    assert "part.at: Input should be a date and time of RFC 3339" in str(error)


def test_an_answer_made_by_hand_takes_python_values(meters: Scenario) -> None:
    made = meters.model("Reading")(
        at=NOON,
        day=date(2026, 1, 1),
        id=UUID(int=5),
        number=1,
        moment_or_text=NOON,
        text_or_moment=NOON,
        id_or_day=date(2026, 1, 1),
        list_=[1.5],
        state="x",
    )
    assert (made.at, made.moment_or_text, made.text_or_moment) == (NOON, NOON, NOON)
    assert (made.list_, made.state) == ([1.5], "x")


# Unions, and everything else that is read.


MIXED = (
    "moment_or_text text_or_moment moment_or_number number_or_moment id_or_day id_or_text number_or_text"
    " flag_or_text part_or_moment"
).split()


@pytest.mark.parametrize("text", [*TEXTS, *MOMENTS])
def test_text_among_several_types_stays_that_text(meters: Scenario, text: str) -> None:
    body = dict.fromkeys(MIXED, text)
    read = meters.answered("meters.record", 200, json.dumps(body))
    assert json.loads(read.model_dump_json(exclude_unset=True)) == body
    values = [getattr(read, name) for name in MIXED]
    assert all(isinstance(value, (str, UUID, date)) for value in values)
    assert any(isinstance(value, datetime) for value in values) == (text in MOMENTS)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("moment_or_text", MOMENTS[0], datetime),
        ("moment_or_number", MOMENTS[1], datetime),
        ("id_or_day", "5c9a6b5e-0000-4000-8000-000000000001", UUID),
        ("id_or_day", "2026-01-01", date),
        ("number_or_moment", 5, int),
        ("flag_or_number", 1, int),
        ("flag_or_number", True, bool),
        ("numbers_or_texts", ["1"], list),
    ],
)
def test_what_one_of_several_types_writes_just_so_is_read_as_that(
    meters: Scenario, name: str, value: object, kind: type
) -> None:
    read = meters.answered("meters.record", 200, json.dumps({name: value}))
    assert isinstance(getattr(read, name), kind)


def test_a_wrong_member_of_a_union_is_named_by_its_type(meters: Scenario) -> None:
    error = meters.answered("meters.record", 200, '{"moment_or_number": [], "number_or_text": {}}')
    assert "moment_or_number.datetime: Input should be the text of a datetime" in str(error)
    assert "moment_or_number.other.int: Input should be a valid integer" in str(error)
    assert "function" not in str(error)
    with pytest.raises(ValidationError) as refused:
        sent(meters, id_or_day=1, number_or_text=[], numbers_or_texts=[{}])
    places = {one["loc"][1] for one in refused.value.errors()}
    assert places == {"uuid", "date", "float", "str", "list"}


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from([*TEXTS, *MOMENTS]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([*TEXTS, *MOMENTS])
NUMBER = (
    st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | st.just(1.0)
)
PART = st.fixed_dictionaries({}, optional={"any": ANY, "note": st.none() | TEXT, "label": TEXT})
READING = st.fixed_dictionaries(
    {},
    optional={
        "number": NUMBER,
        "count": st.integers(),
        "on": st.booleans(),
        "day": st.dates().map(date.isoformat),
        "id": st.uuids().map(str),
        "any": ANY,
        "map": st.dictionaries(TEXT, ANY, max_size=3),
        "list": st.lists(NUMBER, max_size=3),
        "note": st.none() | TEXT,
        "label": TEXT,
        "part": PART,
        "parts": st.lists(PART, max_size=2),
        "moment_or_text": TEXT,
        "text_or_moment": TEXT,
        "moment_or_number": TEXT | st.integers(),
        "number_or_moment": TEXT | NUMBER,
        "id_or_day": TEXT | st.uuids().map(str) | st.dates().map(date.isoformat),
        "id_or_text": st.none() | TEXT | st.uuids().map(str),
        "number_or_text": TEXT | NUMBER,
        "flag_or_text": TEXT | st.booleans(),
        "flag_or_number": st.booleans() | st.integers(),
        "numbers_or_texts": st.lists(NUMBER, max_size=3) | st.lists(TEXT, max_size=3),
        "part_or_moment": PART | TEXT,
        "$state": TEXT,
        "state": ANY,
        "copy": ANY,
        "model_config": ANY,
    },
)


def written(value: object) -> str:
    """Return JSON by which 1 and 1.0 differ, and True and 1."""
    return json.dumps(value, sort_keys=True)


@given(READING)
@example({"number": 2**53 + 1, "any": [1, 1.0, True, 1e300], "number_or_text": "1e5"})
@example({"$state": "a", "state": "b", "model_fields": 1, "model_": 2, "json": 3, "__dict__": 4})
def test_what_is_read_is_written_as_it_came(meters: Scenario, body: dict[str, Any]) -> None:
    if "$state" not in body:
        # pydantic then takes the field that Python calls so for one that was there, and null.
        body.pop("state", None)
    read = meters.answered("meters.record", 200, json.dumps(body))
    assert written(json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))) == written(
        body
    )


@given(READING)
@example({"id_or_text": str(UUID(int=10)).upper()})
def test_what_is_given_is_what_is_sent(meters: Scenario, body: dict[str, Any]) -> None:
    # Such text is refused in a request, where no string is among the types.
    for name in ("moment_or_number", "number_or_moment", "id_or_day", "part_or_moment"):
        if isinstance(body.get(name), str):
            del body[name]
    body = {name: body[name] for name in body.keys() - {"state", "copy", "model_config"}}
    model = meters.model("ReadingInput")
    content = meters.module("_runtime.operation").encode_body(model, body)
    assert written(json.loads(content)) == written(body)


# Names.


def test_answers_are_filled_by_the_names_of_json_alone(
    meters: Scenario, kind: str, server: Server
) -> None:
    body = {"state": "undeclared", "list_": [1], "model_config": 1, "copy": 2, "json": 3}
    server.script = [answer(200, body), answer(200, {**body, "$state": "declared"})]
    read, other = (meters.call(kind, server.url, "meters.record", kind="gas") for _ in range(2))
    assert (read.state, read.list_) == (None, None)
    assert read.model_extra == other.model_extra == body
    assert other.state == "declared"
    assert json.loads(other.model_dump_json(by_alias=True, exclude_unset=True)) == {
        **body,
        "$state": "declared",
        "list": None,
    }
    assert copy.deepcopy(other) == pickle.loads(pickle.dumps(other)) == other
    assert callable(other.copy)


def test_answers_in_lists_are_filled_by_the_names_of_json_alone() -> None:
    class Thing(ResponseModel):
        first_name: str = ""

    read = Decoder(list[Thing] | dict[str, Thing])(b'{"a": {"firstName": "x"}}')
    assert read["a"].model_extra == {"firstName": "x"}
