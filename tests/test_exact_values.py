"""What is sent is what was given: values, null, times, numbers, arguments."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from package._runtime.timestamp import Timestamp
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from tests.exact_values import MOMENTS, NOON, Scenarios, sent
from tests.scenarios import Scenario
from tests.servers import Server, answer

NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture(scope="session")
def meters(scenario: Scenarios) -> Scenario:
    return scenario("exact_values")


# None.


@pytest.mark.parametrize("others", [{}, {"note": "x"}, {"label": "x", "part": {}}])
@pytest.mark.parametrize("name", ["note", "id_or_text", "any"])
def test_none_is_sent_where_it_may_be_whatever_else_is_sent(
    meters: Scenario, name: str, others: dict[str, Any]
) -> None:
    others = {**others, name: None}
    assert sent(meters, **others) == others


@pytest.mark.parametrize("value", [{"any": None, "note": None}, {"map": {"a": None}}])
def test_none_is_sent_at_any_depth(meters: Scenario, value: dict[str, Any]) -> None:
    if "map" in value:
        assert sent(meters, **value) == value
        return
    part = meters.model("PartInput")(**value)
    assert sent(meters, part=value, parts=[value, part], any={"a": [part, value]}) == {
        "part": value,
        "parts": [value, value],
        "any": {"a": [value, value]},
    }


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"label": None}, "label"),
        ({"number": None}, "number"),
        ({"at": None}, "at"),
        ({"part": None}, "part"),
        ({"map": None}, "map"),
        ({"list_": [None]}, "list.0"),
        ({"part": {"label": None}}, "part.label"),
        ({"parts": [{"at": None}]}, "parts.0.at"),
    ],
)
def test_none_is_refused_where_the_api_takes_no_null(
    meters: Scenario, kind: str, server: Server, fields: dict[str, Any], place: str
) -> None:
    with pytest.raises(ValidationError, match=rf"^1 validation error.*\n{place}\n"):
        meters.call(kind, server.url, "meters.record", kind="gas", **fields)
    assert server.requests == []


def test_a_model_takes_none_as_a_body_does(meters: Scenario) -> None:
    part = meters.model("PartInput")
    with pytest.raises(ValidationError, match="label"):
        part(label=None)
    made = part(label="x")
    with pytest.raises(ValidationError, match="label"):
        made.label = None
    made.note = None
    assert sent(meters, part=made) == {"part": {"label": "x", "note": None}}


@pytest.mark.parametrize(
    ("arguments", "body"), [({}, b""), ({"body": None}, b"null"), ({"body": {}}, b"{}")]
)
def test_a_body_of_any_value_may_be_null_or_left_out(
    meters: Scenario, kind: str, server: Server, arguments: dict[str, Any], body: bytes
) -> None:
    server.script = [answer(200, 1)]
    assert meters.call(kind, server.url, "meters.keep", **arguments) == 1
    assert server.bodies == [body]


# Numbers.


class Float32(float):
    """What numpy's float64 is: a float."""


class HasFloat:
    """What other numbers of numpy are."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return self.value


class Rate(Enum):
    NONE = NAN
    HALF = 0.5


@dataclass
class Point:
    x: Any


class Foreign(BaseModel):
    x: Any = 7


@pytest.mark.parametrize(
    "value",
    [
        NAN,
        INFINITY,
        -INFINITY,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Float32("nan"),
        Decimal("1e400"),
    ],
)
@pytest.mark.parametrize(
    "fields",
    [
        lambda value: {"number": value},
        lambda value: {"list_": [1, value]},
        lambda value: {"number_or_text": value},
        lambda value: {"any": value},
        lambda value: {"map": {"a": [{"b": (1, value)}]}},
        lambda value: {"part": {"any": {"a": deque([value])}}},
        lambda value: {"any": Point(value)},
        lambda value: {"any": [Foreign(x=value)]},
        lambda value: {"any": (one for one in [value])},
    ],
)
def test_what_is_no_finite_number_is_refused(
    meters: Scenario, fields: Callable[[Any], dict[str, Any]], value: Any
) -> None:
    with pytest.raises(ValidationError, match="finite"):
        sent(meters, **fields(value))


@pytest.mark.parametrize(
    "fields", [{"number": HasFloat(NAN)}, {"any": Rate.NONE}, {"any": HasFloat(1.5)}]
)
def test_what_is_like_a_number_is_checked_or_refused(
    meters: Scenario, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match=r"finite|a value that JSON has, and not HasFloat"):
        sent(meters, **fields)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**60 + 1, "1152921504606846977"),
        (-(2**70), "-1180591620717411303424"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (Decimal("0.1"), "0.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal(2**60 + 1), "1152921504606846977"),
        (Fraction(1, 4), "0.25"),
        (Float32(0.5), "0.5"),
    ],
)
@pytest.mark.parametrize("name", ["number", "any", "number_or_text", "number_or_moment"])
def test_numbers_are_sent_with_all_their_digits(
    meters: Scenario, name: str, value: Any, text: str
) -> None:
    content = meters.request("meters.record", kind="gas", **{name: value}).content
    assert content.decode() == f'{{"{name}":{text}}}'


@pytest.mark.parametrize(
    "fields",
    [
        *({"number": "1.5"}, {"number": "nan"}, {"number": True}, {"number": Fraction(1, 3)}),
        *({"number": Decimal("0.10000000000000000001")}, {"any": Decimal("0." + "3" * 30)}),
        *({"count": "5"}, {"count": True}, {"count": 1.5}, {"on": 1}, {"on": "true"}),
        *({"flag_or_text": 1}, {"flag_or_number": "1"}, {"moment_or_number": "20260101"}),
        *({"number_or_moment": "1e5"}, {"id_or_day": "a" * 32}, {"id": "a" * 32}),
        *({"id": str(UUID(int=10)).upper()}, {"id_or_day": str(UUID(int=10)).upper()}),
        *({"label": b"x"}, {"note": bytearray(b"x")}, {"id_or_text": b"x"}, {"any": [b"x"]}),
        *({"map": {b"x": 1}}, {"map": {"a": {1: 1, "1": 2}}}, {"any": {datetime(2026, 1, 1): 1}}),
        *({"any": {NAN: 1}}, {"any": {None: 1}}, {"any": {True: 1}}, {"any": 1j}),
    ],
)
def test_nothing_is_sent_as_something_else(meters: Scenario, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(fields))):
        sent(meters, **fields)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        *(("numbers", True, None), ("flag", 1, None), ("flag", 1.0, None), ("whole", True, None)),
        *(("mixed", 1.0, "1"), ("mixed", 1, "1"), ("mixed", True, "true"), ("flag", True, "true")),
    ],
)
def test_a_truth_value_of_an_enumeration_is_no_number(
    scenario: Scenarios, field: str, value: object, text: str | None
) -> None:
    required = {"switch": "ON"}
    if text is None:
        with pytest.raises(ValidationError, match=field):
            scenario("enums").request("signals.send", **required, **{field: value})
        return
    request = scenario("enums").request("signals.send", **required, **{field: value})
    assert request.content.decode().endswith(f'"{field}":{text}}}')
    read = scenario("enums").answered(
        "signals.send", 200, json.dumps({"kind": "signal", **required, field: value})
    )
    assert read.model_dump_json(exclude_unset=True).endswith(f'"{field}":{text}}}')


def test_any_value_is_sent_as_json_has_it(meters: Scenario) -> None:
    value = {
        "enum": Rate.HALF,
        "point": Point(x={1}),
        "foreign": Foreign(),
        "date": date(2026, 1, 2),
        "moment": NOON,
        "id": UUID(int=5),
        "big": 2**70,
        "nothing": None,
    }
    assert sent(meters, any=value)["any"] == {
        "enum": 0.5,
        "point": {"x": [1]},
        "foreign": {"x": 7},
        "date": "2026-01-02",
        "moment": "2026-03-01T12:00:00Z",
        "id": str(UUID(int=5)),
        "big": 2**70,
        "nothing": None,
    }


def test_models_that_were_changed_after_they_were_made_are_checked_again(meters: Scenario) -> None:
    reading = meters.model("ReadingInput")
    fields: list[dict[str, Any]] = [{"list_": [1.5]}, {"parts": []}, {"map": {}}, {"label": "x"}]
    for wrong in fields:
        body = reading(**wrong)
        if body.list_:
            body.list_.append(NAN)
        elif body.map is not None:
            body.map["a"] = datetime(2026, 1, 1)
        elif body.parts is not None:
            body.parts.append(meters.model("PartInput").model_construct(at=datetime(2026, 1, 1)))
        else:
            body.__dict__["label"] = NAN
        with pytest.raises((ValidationError, PydanticSerializationError)):
            meters.module("_runtime.operation").encode_body(reading, dict(body))


# Times.


@pytest.mark.parametrize(
    "fields",
    [
        *({"at": datetime(2026, 1, 1)}, {"at": date(2026, 1, 1)}, {"at": "2026-01-01"}),
        *({"at": "2026-01-01T00:00:00"}, {"at": "20260101"}, {"at": 1760000000}, {"at": "now"}),
        *({"day_field": NOON}, {"day_field": datetime(2026, 1, 1)}, {"day_field": "20260101"}),
        *({"day_field": "2026-01-01T00:00:00Z"}, {"day_field": 5}, {"day_field": "2026-02-30"}),
        *({"any": [datetime(2026, 1, 1)]}, {"map": {"a": datetime(2026, 1, 1)}}),
        *({"part": {"at": datetime(2026, 1, 1)}}, {"moment_or_text": datetime(2026, 1, 1)}),
        *({"moment_or_number": date(2026, 1, 1)}, {"moment_or_number": "2026-01-01"}),
    ],
)
def test_what_is_no_moment_or_date_is_refused(meters: Scenario, fields: dict[str, Any]) -> None:
    with pytest.raises(
        ValidationError, match=r"should be a date|should have timezone|Input should"
    ):
        sent(meters, **fields)


@pytest.mark.parametrize("text", MOMENTS)
def test_the_text_of_a_moment_is_sent_as_it_stands(meters: Scenario, text: str) -> None:
    fields = dict.fromkeys(("at", "moment_or_text", "moment_or_number", "number_or_moment"), text)
    assert sent(meters, **fields) == fields
    request = meters.request("meters.record", kind="gas", since=text)
    assert request.url.rpartition("since=")[2] == re.sub(
        "[:+ ]", lambda found: f"%{ord(found[0]):02X}", text
    )


def test_moments_and_dates_are_sent_in_rfc_3339(meters: Scenario) -> None:
    later = NOON.astimezone().replace(microsecond=5)
    assert datetime.fromisoformat(sent(meters, at=later)["at"]) == later
    assert sent(meters, at=NOON, day_field=date(2026, 1, 2)) == {
        "at": "2026-03-01T12:00:00Z",
        "day": "2026-01-02",
    }


class NanosecondMoment(datetime):
    """What a timestamp of pandas is."""

    nanosecond = 789

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        return super().isoformat(sep, "microseconds").replace("+00:00", f"{self.nanosecond}+00:00")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NanosecondMoment(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000000789+00:00"),
        (
            datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=19, seconds=32))),
            "1889-12-31T23:40:28Z",
        ),
    ],
)
def test_moments_are_sent_with_all_that_they_have(
    meters: Scenario, moment: datetime, text: str
) -> None:
    fields: dict[str, Any] = {"at": moment, "any": [moment], "moment_or_text": moment}
    assert sent(meters, **fields) == {"at": text, "any": [text], "moment_or_text": text}
    query = meters.request("meters.record", kind="gas", since=moment).url.rpartition("since=")[2]
    assert Timestamp.parse(unquote(query)) == Timestamp.parse(text)


def test_moments_of_answers_are_sent_with_all_their_digits(meters: Scenario) -> None:
    moment = meters.answered("meters.record", 200, json.dumps({"at": MOMENTS[2]})).at
    fields = {"at": moment, "any": [moment], "moment_or_text": moment}
    assert sent(meters, **fields) == {
        "at": MOMENTS[2],
        "any": [MOMENTS[2]],
        "moment_or_text": MOMENTS[2],
    }


def test_a_moment_that_has_no_text_is_refused(meters: Scenario) -> None:
    first = datetime.min.replace(tzinfo=timezone(timedelta(seconds=1)))
    with pytest.raises(ValidationError, match="at\n"):
        sent(meters, at=first)


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "place", "told"),
    [
        ({"kind": "GAS"}, "kind", "match pattern"),
        ({"kind": "steamy"}, "kind", "at most 5 characters"),
        ({"kind": 7}, "kind", "valid string"),
        ({"kind": None}, "kind", "has to be given"),
        ({"limit": 0}, "limit", "greater than or equal to 1"),
        ({"limit": 101}, "limit", "less than or equal to 100"),
        ({"limit": "x"}, "limit", "valid integer"),
        ({"limit": True}, "limit", "valid integer"),
        ({"share": 0}, "share", "greater than 0"),
        ({"share": NAN}, "share", "finite number"),
        ({"since": datetime(2026, 1, 1)}, "since", "timezone"),
        ({"since": date(2026, 1, 1)}, "since", "a datetime with a time zone"),
        ({"day": NOON}, "day", "a date, or its text"),
        ({"order": 1}, "order", "'up' or 'down'"),
        ({"exact": "yes"}, "exact", "valid boolean"),
        ({"ids": []}, "ids", "at least 1 item"),
        ({"ids": str(UUID(int=1))}, "ids", "valid list"),
        ({"ids": ["x"]}, "ids.0", "a UUID"),
        ({"x_key": "secret"}, "x_key", "at least 8 characters"),
    ],
)
def test_arguments_are_checked_before_anything_is_sent(
    meters: Scenario,
    kind: str,
    server: Server,
    arguments: dict[str, Any],
    place: str,
    told: str,
) -> None:
    with pytest.raises(ValidationError) as caught:
        meters.call(kind, server.url, "meters.record", **{"kind": "gas", **arguments})
    assert re.match(
        rf"\d validation errors? for meters.record\n{place}\b.*\n.*{told}", str(caught.value)
    )
    assert "secret" not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_argument_that_would_change_the_path_names_operation_and_parameter(
    scenario: Scenarios, text: str
) -> None:
    with pytest.raises(
        ValueError, match=r"^objects\.batch_upsert: the path parameter 'objectType'"
    ):
        scenario("path_constants").request("objects.batch_upsert", object_type=text, mode="safe")


def test_all_wrong_arguments_are_told_at_once(meters: Scenario) -> None:
    with pytest.raises(ValidationError, match=r"^3 validation errors for meters\.record\n"):
        meters.request("meters.record", kind="", limit=0, exact=5)


def test_what_the_api_needs_is_sent_with_its_default(
    meters: Scenario, kind: str, server: Server
) -> None:
    server.script = [answer(200, {})]
    for arguments in ({}, {"mode": "fast", "x_api_version": "2027-01", "order": "sideways"}):
        meters.call(kind, server.url, "meters.record", kind="gas", **arguments)
    plain, told = server.requests
    assert [plain.headers["X-Api-Version"], told.headers["X-Api-Version"]] == ["2026-03", "2027-01"]
    # What may be left out is left out: the server knows its default.
    assert server.targets == [
        "POST /meters/gas/readings?mode=safe",
        "POST /meters/gas/readings?mode=fast&order=sideways",
    ]


def test_arguments_are_sent_as_they_were_given(meters: Scenario) -> None:
    request = meters.request(
        "meters.record",
        kind="gas",
        ids={UUID(int=1)},
        share=Decimal("0.5"),
        exact=True,
        limit=5,
        day="2026-01-02",
    )
    assert request.url.partition("?")[2] == (
        "mode=safe&limit=5&share=0.5&day=2026-01-02&exact=true"
        "&ids=00000000-0000-0000-0000-000000000001"
    )
