"""What the models of each scenario accept, refuse and send: they mean what the spec says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, ValidationError
from typing_extensions import is_typeddict

from tests.scenarios import NAMES, Scenario

Scenarios = Callable[[str], Scenario]


def round_trip(model: Any, body: object) -> Any:
    """Read a body, check that it is written as it was read, and return what was read."""
    read = model.model_validate_json(json.dumps(body))
    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)) == body
    return read


def refused(model: Any, body: object) -> list[str]:
    """Return which fields of a body a model refuses."""
    with pytest.raises(ValidationError) as failure:
        model.model_validate_json(json.dumps(body))
    return sorted({".".join(map(str, error["loc"])) for error in failure.value.errors()})


@pytest.mark.parametrize("name", ["Widget", "Gadget"])
def test_nullable(scenario: Scenarios, name: str) -> None:
    sent = scenario("nullable").model(f"{name}Input")
    nulls = {"label": None, "note": None, "size": 1, "colour": None, "part": None, "tags": [None]}
    assert round_trip(sent, {**nulls, "prices": {"a": None, "b": 1.5}, "limit": None}).tags == [
        None
    ]
    assert round_trip(sent, {"label": "x", "size": 1, "part": {"number": 2}}).part.number == 2
    assert refused(sent, {"label": None, "size": None, "limit": 0}) == ["limit", "size"]
    assert refused(sent, {"size": 1}) == ["label"]
    assert round_trip(scenario("nullable").model(name), {**nulls, "limit": 0}).limit == 0


def test_nullable_has_one_class_for_both_versions_of_openapi(scenario: Scenarios) -> None:
    models = scenario("nullable").module("v1.models")
    assert models.Widget is models.Gadget
    assert models.WidgetInput is models.GadgetInput


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("quotes", ["it's", 'say "hi"', "both ' and \"", '"""', "'''"]),
        ("backslashes", ["\\", "\\n", "ends with \\", "C:\\temp"]),
        ("unicode", ["naïve", "日本語", "😀", "\u202e", "\u200b", "tab\there", "\0"]),
        ("braces", ["{{ jinja }}", "{% raw %}", "{name}", "%s", "$x"]),
        ("empty", ["", " ", "x"]),
        ("words", ["class", "None", "null", "true", "1"]),
        ("numbers", [0, 1, -1, 9007199254740993]),
        ("flag", [True]),
        ("mixed", [1, True, "1", None]),
        ("mixed_fractions", [0.5, 7.25, "half"]),
        ("doubled", ["a", "b"]),
    ],
)
def test_enums(scenario: Scenarios, field: str, values: list[object]) -> None:
    for name in ("Signal", "SignalInput"):
        for value in values:
            body = {"kind": "signal", "switch": "ON", field: value}
            read = getattr(round_trip(scenario("enums").model(name), body), field)
            assert (read, type(read)) == (value, type(value))


def test_enums_name_the_values_of_the_spec(scenario: Scenarios) -> None:
    schema = scenario("enums").model("Signal").model_json_schema()["properties"]
    assert schema["switch"]["anyOf"][0]["enum"] == ["ON", "OFF"]
    assert schema["unicode"]["anyOf"][0]["enum"][2:5] == ["😀", "\u202e", "\u200b"]


def test_enums_are_open_but_for_a_single_value_that_is_sent(scenario: Scenarios) -> None:
    received, sent = scenario("enums").model("Signal"), scenario("enums").model("SignalInput")
    new = {"kind": "new", "switch": "HALF", "numbers": 7, "many": ["middle"], "whole": 1.5}
    assert round_trip(received, new).kind == "new"
    assert refused(sent, {**new, "constant": "other", "flag": False}) == [
        "constant",
        "flag",
        "kind",
    ]
    assert refused(received, {"kind": 1, "switch": "ON", "numbers": "one"}) == [
        "kind.literal['signal']",
        "kind.str",
        "numbers.int",
        "numbers.literal[0,1,-1,9007199254740993]",
    ]


def test_nested(scenario: Scenarios) -> None:
    house = {
        "address": {"street": "Main", "geo-point": {"lat": 1.5, "lon": 2.5}},
        "rooms": [{"name": "hall", "windows": [{"width": 0.5}]}],
    }
    read = round_trip(scenario("nested").model("HousesBuildRequest"), house)
    assert read.address.geo_point.lat == 1.5
    assert read.rooms[0].windows[0].width == 0.5
    wrong = {"address": {"street": "Main", "geopoint": {}}}
    assert refused(scenario("nested").model("HousesBuildRequest"), wrong) == ["address.geopoint"]
    answered = scenario("nested").answered
    assert answered("houses.build", 200, '{"owner": {"name": "Ada"}}').owner.name == "Ada"
    error = answered("houses.build", 400, '{"reasons": [{"text": "no"}]}')
    assert error.body.reasons[0].text == "no"


def test_recursive(scenario: Scenarios) -> None:
    leaf = {"name": "leaf"}
    tree = {"name": "root", "parent": leaf, "children": [leaf], "named": {"a": leaf}}
    read = round_trip(scenario("recursive").model("Tree"), tree)
    assert (read.parent.name, read.children[0].name, read.named["a"].name) == ("leaf",) * 3
    expression = {"terms": [1, {"negated": {"terms": [2, {"negated": 3}]}}]}
    forest = {"oldest": {"home": {"oldest": {"friend": None}}}, "expression": expression}
    read = round_trip(scenario("recursive").model("Forest"), forest)
    assert read.expression.terms[1].negated.terms[1].negated == 3


def test_all_of(scenario: Scenarios) -> None:
    sent, received = scenario("all_of").model("Car"), scenario("all_of").model("StoredCar")
    car = {"wheels": 4, "owner": "Ada", "engine": {"power": 1}, "spare": None, "doors": 2}
    assert round_trip(sent, car).engine.power == 1
    assert refused(sent, {"wheels": 4, "engine": {"power": 0}}) == ["engine.power", "owner"]
    assert round_trip(received, {**car, "id": "7", "engine": {"power": 0}}).id == "7"
    assert refused(received, car) == ["id"]


def test_one_of(scenario: Scenarios) -> None:
    sent = scenario("one_of").model("EventsSendRequest")
    event = {"eventType": "double-click", "x": 1, "y": 2}
    others = [{"eventType": "key", "key": "a"}, {"eventType": "click", "x": 1, "y": 2}]
    link = {"kind": "Link", "address": "/"}
    read = round_trip(sent, {"event": event, "target": link, "others": others, "amount": 3})
    kinds = [type(one).__name__ for one in (read.event, read.target, *read.others)]
    assert kinds == ["ClickInput", "LinkInput", "KeyPressInput", "ClickInput"]
    for amount in (3, "three", {"value": 3.5, "currency": "EUR"}, [{"value": 1, "currency": "X"}]):
        assert round_trip(sent, {"event": event, "amount": amount})
    # With a discriminator the message is about the alternative that was meant, and about no other.
    assert refused(sent, {"event": {"eventType": "key", "x": 1}}) == [
        "event.key.key",
        "event.key.x",
    ]
    for unknown in ({"eventType": "ClickInput"}, {}):
        assert refused(sent, {"event": {**unknown, "x": 1, "y": 2}}) == ["event"]


def test_one_of_whose_alternatives_are_those_of_another_version(scenario: Scenarios) -> None:
    sent = scenario("one_of").model("EventsSendRequest", "v2")
    click = {"eventType": "click", "x": 1, "y": 2}
    assert sent.model_validate({"event": click}).event.event_type == "click"
    with pytest.raises(ValidationError, match="eventType"):
        sent.model_validate({"event": {**click, "eventType": "tap"}})


def test_one_of_accepts_a_new_kind_of_object_in_an_answer(scenario: Scenarios) -> None:
    received = scenario("one_of").model("EventsSendResponse200")
    known = {"event": {"eventType": "key", "key": "a", "new": 1}, "target": {"kind": "Button"}}
    read = round_trip(received, known)
    assert (type(read.event).__name__, type(read.target).__name__) == ("KeyPress", "Button")
    new = {"event": {"eventType": "swipe", "way": "left"}, "target": {"kind": "Slider"}}
    assert round_trip(received, new).event == {"eventType": "swipe", "way": "left"}


def test_any_of(scenario: Scenarios) -> None:
    sent = scenario("any_of").model("FiltersApplyRequest")
    for value in ("text", 1.5, True):
        assert round_trip(sent, {"value": value}).value is not None
    both = {"several_types": None, "optional": None, "inline": {"b": 1}, "single": "x"}
    assert round_trip(sent, both).inline.b == 1
    assert round_trip(sent, {"range_or_name": {"from": 1.0}}).range_or_name.from_ == 1.0
    assert "range_or_name.str" in refused(sent, {"range_or_name": ""})
    answered = scenario("any_of").answered
    assert answered("filters.apply", 200, '{"id": "1"}').id == "1"
    assert [one.id for one in answered("filters.apply", 200, '[{"id": "1"}]')] == ["1"]


@pytest.mark.parametrize(
    "field",
    "list list_1 any annotated field literal request_model names type_alias_type warning".split(),
)
def test_a_type_without_a_name_takes_none_that_is_taken(scenario: Scenarios, field: str) -> None:
    sent = scenario("nameless_types").model("Sent")
    assert round_trip(sent, {field: "ab", "lists": [{"size": 1}]}).lists[0].size == 1
    assert round_trip(sent, {field: 1})
    assert refused(sent, {field: "a"}) == [f"{field}.int", f"{field}.str"]


def test_additional_properties(scenario: Scenarios) -> None:
    sent = scenario("additional_properties").model("BoxInput")
    box = {
        "anything": {"a": [1]},
        "strings": {"a": "b"},
        "objects": {"a": {"name": "x"}},
        "nothing": {},
        "closed": {"size": 1},
        "open": {"size": 1, "more": [2]},
        "typed": {"size": 1, "more": 2},
        "of_items": {"name": "x", "first": {"name": "y"}},
    }
    read = round_trip(sent, box)
    assert read.open.more == [2]
    assert read.typed.more == 2
    assert read.of_items.first.name == "y"
    wrong = {
        "nothing": {"a": 1},
        "closed": {"a": 1},
        "strings": {"a": 1},
        "typed": {"size": 1, "more": "x"},
        "of_items": {"first": {"nam": "y"}},
        "unknown": 1,
    }
    places = ["closed.a", "nothing.a", "of_items.first.nam", "strings.a", "typed.more", "unknown"]
    assert refused(sent, wrong) == places
    assert refused(sent, {"typed": {"size": 1, "more": 0}}) == ["typed.more"]


def test_additional_properties_of_an_answer(scenario: Scenarios) -> None:
    received = scenario("additional_properties").model("Box")
    box: dict[str, object] = {"closed": {"a": 1}, "open": {"size": 1, "a": 1}}
    box |= {"typed": {"size": 1, "a": 0}, "of_items": {"a": {"name": "b"}}}
    assert round_trip(received, {**box, "unknown": 1}).of_items.a.name == "b"


def test_arrays_and_maps(scenario: Scenarios) -> None:
    sent = scenario("arrays_and_maps").model("ShelfInput")
    book = {
        "title": "Ada",
        "printed": "1843-09-01",
        "sold_at": "2026-01-01T00:00:00Z",
        "id": "5c9a6b5e-0000-4000-8000-000000000001",
    }
    shelf = {"rows": [{"a": 9}], "by_name": {"x": [book]}, "grid": [[1.0], []], "untyped": [{}]}
    assert round_trip(sent, shelf).by_name["x"][0].printed.year == 1843
    assert refused(sent, {"rows": []}) == ["rows"]
    assert refused(sent, {"rows": [{"a": 10}], "by_name": {"x": [book] * 3}}) == [
        "by_name.x",
        "rows.0.a",
    ]
    assert refused(sent, {"rows": [{}], "by_name": {"x": [{"title": "ada"}]}}) == [
        "by_name.x.0.title"
    ]
    received = scenario("arrays_and_maps").model("Shelf")
    assert round_trip(received, {"rows": [], "by_name": {"x": [{"title": ""}] * 3}})


def test_defaults(scenario: Scenarios) -> None:
    expected = {
        "text": 'it\'s "here" \\ {{ x }}',
        "empty": "",
        "count": 0,
        "share": 0.5,
        "whole": 1,
        "on": True,
        "level": "low",
        "maybe": None,
        "tags": ["a", "b"],
        "none": [],
        "page": None,
    }
    for name in ("Setting", "SettingInput"):
        model = scenario("defaults").model(name)
        assert model(name="x").model_dump() == {"name": "x", **expected}
        model(name="x").tags.append("c")
        assert model(name="y").tags == ["a", "b"]
    assert refused(scenario("defaults").model("Setting"), {}) == ["name"]
    filled = scenario("defaults").model("SettingInput")()
    # What the API needs is sent, and what else is left out is left to the server.
    assert filled.model_dump(exclude_unset=True) == {"name": "sent unless it is given"}


def test_reserved_words(scenario: Scenarios) -> None:
    words = scenario("reserved_words").model("Class")
    names = ("class", "import", "model_config", "copy", "json", "str")
    read = round_trip(words, {**dict.fromkeys(names, "x"), "int": 1})
    assert (read.import_, read.model_config_, read.copy_, read.int_) == ("x", "x", "x", 1)
    assert read.model_copy() == read
    answer = {"None": {"a": "x"}, "list": [{"c": "x"}], "date": "2026-01-01"}
    read = round_trip(scenario("reserved_words").model("AnyModel"), answer)
    assert (read.none.a, read.list_[0].c, read.date_.year) == ("x", "x", 2026)


def test_colliding_names(scenario: Scenarios) -> None:
    names = "id fooBar foo_bar foo-bar FooBar foo_bar_2 field_2fa copy copy_ 日本".split()
    record = {name: name for name in names if name != "field_2fa"}
    odd = {"2fa": True, "field_2fa": False, "": "empty", "with space": "space"}
    read = round_trip(scenario("colliding_names").model("Record"), {**record, **odd})
    assert (read.foo_bar, read.foo_bar_2, read.copy_) == ("foo_bar", "foo_bar_2", "copy_")
    assert sorted(read.model_dump(exclude_unset=True).values(), key=str) == sorted(
        [*record.values(), *odd.values()], key=str
    )


def test_read_only_write_only(scenario: Scenarios) -> None:
    sent = scenario("read_only_write_only").model("AccountInput")
    received = scenario("read_only_write_only").model("Account")
    assert round_trip(sent, {"name": "x", "password": "y", "owner": {"email": "z"}})
    assert refused(sent, {"id": "1", "name": "x", "owner": {"verified": True}}) == [
        "id",
        "owner.verified",
        "password",
    ]
    assert round_trip(received, {"id": "1", "name": "x", "owner": {"verified": True}}).id == "1"
    assert "password" not in received.model_fields


def test_sent_and_received(scenario: Scenarios) -> None:
    sent = scenario("sent_and_received").model("NoteListInput")
    received = scenario("sent_and_received").model("NoteList")
    note = {"text": "short", "mood": "mixed", "kind": "note"}
    assert round_trip(sent, {"notes": [note]}).notes[0].mood == "mixed"
    longer = {"text": "longer", "kind": "letter", "new": 1}
    assert refused(sent, {"notes": [longer]}) == ["notes.0.kind", "notes.0.new", "notes.0.text"]
    assert refused(sent, {"notes": [note] * 3}) == ["notes"]
    assert round_trip(received, {"notes": [longer] * 3}).notes[2].new == 1


def test_versions(scenario: Scenarios) -> None:
    old, new = (scenario("versions").module(f"{one}.models") for one in ("v1", "v2"))
    assert new.Error is old.Error
    assert new.Item is old.Item
    assert new.Label is old.Tag
    assert new.StoredItem is not old.StoredItem
    assert not hasattr(new, "Tag")
    assert round_trip(old.StoredItem, {"id": "1", "size": 2}).size == 2
    assert round_trip(new.StoredItem, {"id": "1", "size": "two"}).size == "two"
    assert round_trip(new.Item, {"name": "x", "tags": [{"text": "y"}]}).tags[0].text == "y"
    urls = [scenario("versions").module(f"{one}.client").Client._BASE_URL for one in ("v1", "v2")]
    assert urls == ["https://api.example.com/v1", "https://api.example.com/v2"]


def test_texts(scenario: Scenarios) -> None:
    names = ['quote"d', "quote'd", "back\\slash", "new\nline", "{{ jinja }}", "bell\x07"]
    body = dict.fromkeys(names, "x")
    assert round_trip(scenario("texts").model("TextInput"), body).jinja == "x"
    assert scenario("texts").model("Text").__doc__ == '"""); import os #'
    send = scenario("texts").module("v1.texts").Texts.send
    assert send.__doc__.startswith('Sends """ \\N{BULLET} {braces} {{ jinja }}.\n')
    assert "Second: C:\\new\\temp \\x \\u1234 {{ 7 * 7 }} {% for x in y %}" in send.__doc__
    assert all(character.isprintable() or character == "\n" for character in send.__doc__)


def mappings(scenario: Scenario) -> Iterator[tuple[Any, Any]]:
    """Yield each mapping that a scenario sends, with the model that it stands for."""
    for path in sorted(scenario.folder.glob("v*/typed_dicts.py")):
        typed_dicts = scenario.module(f"{path.parent.name}.typed_dicts")
        for name in typed_dicts.__all__:
            model = scenario.model(name.removesuffix("Dict"), path.parent.name)
            # What may be added has no names: such a model stands for a mapping of anything.
            if model.model_config["extra"] == "forbid":
                yield getattr(typed_dicts, name), model


def test_typed_dicts_have_the_fields_of_their_models(scenario: Scenarios) -> None:
    pairs = [pair for name in NAMES for pair in mappings(scenario(name))]
    assert pairs
    for typed_dict, model in pairs:
        model.model_rebuild()
        hints = get_type_hints(typed_dict, include_extras=True)
        assert {key: plain(hint) for key, hint in hints.items()} == {
            field if known.alias is None else known.alias: plain(
                known.annotation if known.is_required() else NotRequired[known.annotation]
            )
            for field, known in model.model_fields.items()
        }


def plain(hint: Any) -> object:
    """Return a type in which models, and the mappings that stand for them, are their names."""
    if is_typeddict(hint):
        return hint.__name__.removesuffix("Dict")
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint.__name__ if hint.model_config["extra"] == "forbid" else plain(dict[str, Any])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return plain(arguments[0])
    if origin is NotRequired:
        # A model has a default instead, which may be None.
        return (NotRequired, plain(arguments[0] | None))
    if origin in (Union, UnionType):
        return frozenset(map(plain, arguments))
    if origin in (list, Sequence):
        return (list, *map(plain, arguments))
    if origin in (dict, Mapping):
        return (dict, *map(plain, arguments))
    return hint
