"""Shapes of schemas that generators are known to get wrong: what is sent, and what is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.scenarios import Scenario
from tests.test_scenario_models import refused, round_trip

Scenarios = Callable[[str], Scenario]
DATA = bytes(range(256))


def kinds(value: Any) -> Any:
    """Return the names of the classes of what was read."""
    return [kinds(one) for one in value] if isinstance(value, list) else type(value).__name__


def sent(request: Any) -> Any:
    """Return the body of a request."""
    return json.loads(request.content)


def test_bytes_are_sent_in_base64_and_read_back(scenario: Scenarios) -> None:
    files = scenario("bytes")
    body = sent(
        files.request(
            "files.store",
            content=DATA,
            preview=b"\xfb\xff",
            pages=[b"", b"a"],
            parts={"x": b"ab"},
            digest=b"abc",
            note="abcd",
        )
    )
    assert body["content"].startswith("AAECAwQF")
    assert body["content"].endswith("+fr7/P3+/w==")
    assert {key: body[key] for key in body.keys() - {"content"}} == {
        "preview": "+/8=",
        "pages": ["", "YQ=="],
        "parts": {"x": "YWI="},
        "digest": "YWJj",
        "note": "abcd",
    }
    read = round_trip(files.model("File"), body)
    assert (read.content, read.preview, read.pages) == (DATA, b"\xfb\xff", [b"", b"a"])
    assert (read.parts, read.digest, read.note) == ({"x": b"ab"}, b"abc", "abcd")
    assert files.model("FileInput")(content=b"a").model_dump() == {
        **dict.fromkeys(files.model("FileInput").model_fields),
        "content": b"a",
    }


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "Y Q==", "-_8=", "YWJj\n", "é", "*"])
def test_an_answer_that_is_no_base64_stays_text(scenario: Scenarios, text: str) -> None:
    read = round_trip(scenario("bytes").model("File"), {"content": text, "pages": [text, "YQ=="]})
    assert (read.content, read.pages) == (text, [text, b"a"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("content", "YQ=="), ("preview", b"1234567"), ("pages", "YQ=="), ("digest", "YQ==")],
)
def test_text_and_too_many_bytes_are_not_sent(
    scenario: Scenarios, field: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=field):
        scenario("bytes").request("files.store", **{"content": b"a", field: value})


def test_parameters_and_bodies_of_bytes(scenario: Scenarios) -> None:
    files = scenario("bytes")
    request = files.request(
        "files.put_chunk", key=b"\xfb\xff", body=b"a", tags=[b"x", b"yz"], x_sum=b"abc"
    )
    assert request.url.endswith("/chunks/%2B%2F8%3D?tags=eA%3D%3D&tags=eXo%3D")
    assert dict(request.headers)["X-Sum"] == "YWJj"
    assert request.content == b'"YQ=="'
    assert files.answered("files.put_chunk", 200, '["YQ==", "?"]') == [b"a", "?"]


def test_content_encoding_of_openapi_3_1(scenario: Scenarios) -> None:
    files = scenario("content_encoding")
    request = files.request("files.store", content=b"a", preview=None, quoted="=3D")
    assert sent(request) == {"content": "YQ==", "preview": None, "quoted": "=3D"}
    with pytest.raises(ValidationError, match="preview"):
        files.request("files.store", content=b"a", preview=b"")
    assert round_trip(files.model("File"), {"content": "YQ==", "preview": "?"}).content == b"a"


CAT = {"petType": "Cat", "lives": 9, "friend": {"petType": "Hamster"}}
CAR = {"kind": "estate", "doors": 5}


@pytest.mark.parametrize(
    ("field", "value", "sent_as", "read_as"),
    [
        ("pet", CAT, "CatInput", "Cat"),
        ("pets", [CAT, {"petType": "Feline"}], ["CatInput", "FelineInput"], ["Cat", "Feline"]),
        ("pet", {"petType": "Pet"}, "PetInput", "Pet"),
        ("pet", {"petType": "Hamster"}, "HamsterInput", "Hamster"),
        ("cat", CAT, "CatInput", "Cat"),
        ("feline", CAT, "CatInput", "Cat"),
        ("guest", CAT, "CatInput", "Cat"),
        ("guest", None, "NoneType", "NoneType"),
        ("vehicle", CAR, "CarInput", "Car"),
        ("vehicle", {"kind": "Bicycle", "gears": 3}, "BicycleInput", "Bicycle"),
        ("vehicle", {"kind": "scooter"}, "ScooterInput", "Scooter"),
        ("vehicle", {"kind": "semi", "load": 1.5}, "SemiTrailerInput", "SemiTrailer"),
        ("trailer", {"kind": "semi"}, "SemiTrailerInput", "SemiTrailer"),
    ],
)
def test_what_is_built_on_a_base_stands_in_its_place(
    scenario: Scenarios, field: str, value: object, sent_as: object, read_as: object
) -> None:
    for name, expected in (("HouseholdInput", sent_as), ("Household", read_as)):
        read = getattr(round_trip(scenario("inheritance").model(name), {field: value}), field)
        assert kinds(read) == expected
    assert sent(scenario("inheritance").request("pets.register", **{field: value})) == {
        field: value
    }


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("pet", {"petType": "Lizard"}, "pet"),
        ("pet", {"petType": "Hamster", "lives": 9}, "pet.Hamster.lives"),
        ("guest", {"petType": "Hamster", "lives": 9}, "guest.Hamster.lives"),
        ("cat", {**CAT, "petType": "Hamster"}, "cat.petType"),
        ("vehicle", {"kind": "Vehicle"}, "vehicle"),
        ("vehicle", {"kind": "Trailer"}, "vehicle"),
        ("vehicle", {"kind": "Car", "doors": 5}, "vehicle"),
        ("trailer", CAR, "trailer.doors"),
    ],
)
def test_what_no_value_of_the_discriminator_selects_is_not_sent(
    scenario: Scenarios, field: str, value: object, wrong: str
) -> None:
    assert wrong in refused(scenario("inheritance").model("HouseholdInput"), {field: value})


@pytest.mark.parametrize(
    ("field", "value", "read_as"),
    [
        ("pet", {"petType": "Lizard", "tail": True}, "Pet"),
        ("pets", [{"petType": "Lizard"}, CAT], ["Pet", "Cat"]),
        ("vehicle", {"kind": "Tractor", "wheels": 4}, "Vehicle"),
        ("trailer", {"kind": "Caravan"}, "dict"),
        ("record", {"kind": "Death", "value": "2026-01-01"}, "Record"),
    ],
)
def test_an_answer_of_a_kind_that_nobody_knows_stays_readable(
    scenario: Scenarios, field: str, value: object, read_as: object
) -> None:
    read = round_trip(scenario("inheritance").model("Household"), {field: value})
    assert kinds(getattr(read, field)) == read_as


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Birth", "2026-01-01T00:00:00Z"),
        ("Birth", "2026-01-01T00:00:00.123456789Z"),
        ("Adoption", "2026-01-01"),
    ],
)
def test_what_narrows_its_base_is_read_as_itself(
    scenario: Scenarios, kind: str, value: str
) -> None:
    record = {"record": {"kind": kind, "value": value}}
    read = scenario("inheritance").answered("pets.register", 200, json.dumps(record)).record
    assert kinds(read) == kind
    assert not isinstance(read.value, str)


def test_an_object_is_of_no_type_only_where_nothing_else_takes_it(scenario: Scenarios) -> None:
    circle = {"shape": {"kind": "circle", "radius": "1.5"}}
    read = scenario("nested_unions").answered("scenes.draw", 200, json.dumps(circle)).shape
    assert kinds(read) == "Circle"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("shape", {"kind": "Square", "side": 1.5}, "Square"),
        ("shape", {"kind": "circle", "radius": 1.5}, "Circle"),
        ("shape", {"kind": "circle", "radius": 1.5, "drawn": "2026-01-01T00:00:00Z"}, "Circle"),
        ("shape", {"kind": "ellipse"}, "Ellipse"),
        ("item", {"kind": "ellipse", "width": 1.5}, "Ellipse"),
        ("item", {"layer": "back", "text": "x"}, "Label"),
        ("size", 1, "int"),
        ("size", "1", "str"),
        ("size", {"x": 1}, "Point"),
        ("inline", {"at": "top", "x": 1}, "SceneInlineOption1"),
        ("inline", {"at": "bottom", "y": 1}, "SceneInlineOption2"),
    ],
)
def test_unions_within_unions(
    scenario: Scenarios, field: str, value: object, expected: str
) -> None:
    for name in ("Scene", "SceneInput"):
        read = round_trip(scenario("nested_unions").model(name), {field: value})
        assert kinds(getattr(read, field)).removesuffix("Input") == expected


def test_a_flat_union_names_the_alternative_that_was_meant(scenario: Scenarios) -> None:
    model = scenario("nested_unions").model("SceneInput")
    assert refused(model, {"shape": {"kind": "circle", "side": 1}}) == [
        "shape.circle.radius",
        "shape.circle.side",
    ]
    assert refused(model, {"shape": {"kind": "Round"}}) == ["shape"]
    read = round_trip(scenario("nested_unions").model("Scene"), {"shape": {"kind": "star"}})
    assert read.shape == {"kind": "star"}


def test_an_all_of_of_one_reference_keeps_its_class_and_what_is_said_besides(
    scenario: Scenarios,
) -> None:
    orders = scenario("refined_references")
    item: dict[str, Any] = {"price": 1.5}
    order = orders.model("OrderInput")
    same: dict[str, Any] = {"item": item, "maybe": item, "typed": item, "described": item}
    read = round_trip(order, {**same, "items": [item], "complete": {**item, "note": "x"}})
    assert {kinds(getattr(read, name)) for name in same} == {"ItemInput"}
    assert kinds(read.complete) == "OrderCompleteInput"
    assert round_trip(order, {"item": None, "maybe": None}).item is None
    assert refused(order, {"code": "a", "count": 6, "items": [item] * 3, "complete": item}) == [
        "code",
        "complete.note",
        "count",
        "items",
    ]
    assert refused(order, {"code": "a" * 11, "count": 0, "whole": 10}) == ["code", "count", "whole"]
    assert refused(order, {"whole": 1.5, "typed": "x", "warm": "green"}) == [
        "typed",
        "warm",
        "whole",
    ]
    # What a part says of a field whose type another part says.
    round_trip(order, {"dear": {"price": 3.5}, "cheap": {"price": 2.5}})
    assert refused(order, {"dear": {"price": 2.5}, "cheap": {"price": 3.5}}) == [
        "cheap.price",
        "dear.price",
    ]
    assert (order().colour, order().plain, order().warm) == ("red", "green", "red")
    assert order.model_fields["item"].description is None
    assert "id" not in order.model_fields
    answer = orders.model("Order")
    assert "secret" not in answer.model_fields
    assert refused(answer, {}) == ["id"]


def test_keywords_beside_a_reference_count_in_openapi_3_1(scenario: Scenarios) -> None:
    orders = scenario("siblings_of_references")
    item: dict[str, Any] = {"price": 1.5}
    order = orders.model("OrderInput")
    assert "id" not in order.model_fields
    read = round_trip(order, {"item": item, "maybe": None, "more": {**item, "note": "x"}})
    assert (kinds(read.item), read.count) == ("ItemInput", 3)
    assert kinds(round_trip(order, {"maybe": item}).maybe) == "ItemInput"
    wrong = {"code": "a" * 11, "count": 6, "item": "x", "complete": {}, "chained": "abcd"}
    assert refused(order, wrong) == ["chained", "code", "complete.price", "count", "item"]
    assert refused(order, {"chained": "a" * 21, "items": [1, 0]}) == ["chained", "items.1"]


def test_references_lead_into_schemas_and_on(scenario: Scenarios) -> None:
    store = {
        "address": {"street": "Main"},
        "phone": {"number": "1"},
        "chained": {"x": 1},
        "slash": 1,
        "tilde": 1.5,
        "space": True,
        "percent": "2026-01-02",
    }
    for name in ("Store", "StoreInput"):
        owner = {"address": store["address"], "phones": [store["phone"]], "in/out": 1}
        read = round_trip(scenario("references").model(name), {**store, "owner": owner})
        assert (read.address.street, read.phone.number, read.chained.x) == ("Main", "1", 1)
        assert read.owner.in_out == 1
        assert refused(scenario("references").model(name), {"slash": "x", "space": 7}) == [
            "slash",
            "space",
        ]


@pytest.mark.parametrize(
    ("field", "values", "wrong"),
    [
        ("nullable", ["a", None], [1]),
        ("several", ["a", 1, None], [[]]),
        ("any_of", ["a", None], [1]),
        ("referred", [{"x": 1}, None], ["a"]),
        ("constant", ["fixed"], ["other", 1]),
        ("number", [3], [4]),
        ("constants", ["low", "high"], ["other"]),
        ("nullable_enum", ["a", None, "other"], [1]),
        ("enum_without_null", ["b", None], [1]),
        ("items", [["a", None]], [[1]]),
        ("object", [{"x": 1}, None], [{"y": 1}, "a"]),
        ("list", [[["a"]], None], [["a"]]),
        ("anything", [1, "a", None, [{}]], []),
        ("positive", [1], [0]),
    ],
)
def test_types_of_openapi_3_1(
    scenario: Scenarios, field: str, values: list[object], wrong: list[object]
) -> None:
    readings = scenario("types_of_openapi_3_1")
    for value in values:
        round_trip(readings.model("Reading"), {field: value})
        round_trip(readings.model("ReadingInput"), {field: value})
    for value in wrong:
        assert refused(readings.model("ReadingInput"), {field: value})


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("either", {"x": 1}, "Small"),
        ("either", {"x": 1, "y": 2}, "Large"),
        ("mixed", {"x": 1}, "Small"),
        ("mixed", "1", "str"),
        ("mixed", 1, "int"),
        ("nullable", {"x": 1}, "Small"),
        ("nullable", None, "NoneType"),
        ("one_of_two", {"a": "x"}, "JobOneOfTwo"),
        ("grid", [[[1], []], []], [[["int"], []], []]),
    ],
)
def test_objects_that_nothing_names(
    scenario: Scenarios, field: str, value: object, expected: object
) -> None:
    for name in ("Job", "JobInput"):
        job = {"id": "1", "undeclared": [None], field: value}
        read = kinds(getattr(round_trip(scenario("unequal_objects").model(name), job), field))
        assert (read.removesuffix("Input") if isinstance(read, str) else read) == expected
        assert refused(scenario("unequal_objects").model(name), {"id": "1"}) == ["undeclared"]
