"""Searches find what their filters ask for, in the order and on the pages that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from package.sandbox import Options
from package.sandbox.store import Change

from tests.sandbox.small_api import HEADERS, SmallApi

PROPERTIES: dict[str, dict[str, Any]] = {
    "amount": {"type": "number"},
    "day": {"type": "date"},
    "at": {"type": "datetime"},
    "kind": {"type": "enumeration", "options": ["a", "b", "A"]},
    "tags": {"type": "enumeration", "multiple": True},
    "code": {"unique": True},
    "note": {},
}
RECORDS: list[dict[str, str]] = [
    {"email": "ada@x.example", "name": "Ada Lovelace", "amount": "9", "kind": "a", "code": "K1"},
    {"email": "bob@y.example", "name": "bob", "amount": "10", "kind": "A", "tags": "red;blue"},
    {"email": "eve@x.example", "name": "ÉVE", "amount": "-1.5e1", "tags": "blue", "note": "[x]"},
    {"email": "dan@z.example", "day": "2026-01-31", "at": "2026-01-31T10:00:00.000Z", "note": "no"},
    {
        "email": "fay@z.example",
        "day": "2026-02-01",
        "at": "2026-01-31T10:00:00.001Z",
        "amount": "x",
    },
]


@pytest.fixture
def people() -> Iterator[SmallApi]:
    with SmallApi() as api:
        api.declare("people", **PROPERTIES)
        store = api._run().account.store
        keys = ("email", "code")
        store.write(
            [
                Change("people", {**one}, {name: one[name] for name in keys if name in one})
                for one in RECORDS
            ],
            "2026-01-01T00:00:00.000Z",
        )
        yield api


def search(api: SmallApi, body: Any) -> Any:
    return api.ask("POST", "/objects/people/search", json=body, headers=HEADERS)


def names(api: SmallApi, *groups: list[dict[str, Any]], **others: Any) -> str:
    """Give the first letters of what is found."""
    body = {"any": [{"all": group} for group in groups], "most": 5, "values": ["email"], **others}
    answer = search(api, body)
    assert answer.status_code == 200, answer.text
    found = "".join(one["values"]["email"][0] for one in answer.json()["things"])
    assert answer.json()["count"] == len(found)
    return found


@pytest.mark.parametrize(
    ("what", "how", "given", "found"),
    [
        ("amount", "IS", "10.0", "b"),
        ("amount", "NOT", "10", "ae"),
        ("amount", "LESS", "9", "e"),
        ("amount", "UPTO", "9", "ae"),
        ("amount", "MORE", "9", "b"),
        ("amount", "FROM", "9", "ab"),
        ("amount", "RANGE", ("-15", "9"), "ae"),
        ("amount", "ONE_OF", ["9", "10.0"], "ab"),
        ("amount", "NONE_OF", ["9"], "bef"),
        ("amount", "SET", None, "abef"),
        ("amount", "UNSET", None, "d"),
        ("day", "FROM", "2026-02-01", "f"),
        ("day", "LESS", "1769904000000", "d"),
        ("at", "MORE", "2026-01-31T11:00:00+01:00", "f"),
        ("at", "IS", "1769853600000", "d"),
        ("at", "RANGE", ("2026-01-31", "2026-02-01"), "df"),
        ("born", "LESS", "2026-01-01T00:00:01Z", "abedf"),
        ("number", "IS", "10002", "b"),
        ("kind", "IS", "a", "a"),
        ("kind", "ONE_OF", ["a", "b"], "a"),
        ("kind", "NONE_OF", ["a"], "b"),
        ("tags", "ONE_OF", ["blue", "green"], "be"),
        ("tags", "NONE_OF", ["red"], "e"),
        ("tags", "IS", "blue", "e"),
        ("name", "IS", "BOB", "b"),
        ("name", "IS", "éve", "e"),
        ("name", "WORD", "lovelace", "a"),
        ("name", "WORD", "lovelace ADA", "a"),
        ("name", "WORD", "love", ""),
        ("name", "WORD", "love*", "a"),
        ("name", "NO_WORD", "ada", "be"),
        ("email", "WORD", "*@x.example", "ae"),
        ("email", "WORD", "dan", "d"),
        ("note", "WORD", "[x]", "e"),
        ("note", "WORD", "?o", ""),
        ("email", "IS", "Ada@X.example", "a"),
        ("email", "ONE_OF", ["BOB@y.example", "eve@x.example", "nobody@x.example"], "be"),
        ("code", "IS", "k1", "a"),
    ],
)
def test_a_filter_finds(people: SmallApi, what: str, how: str, given: Any, found: str) -> None:
    one: dict[str, Any] = {"what": what, "how": how}
    if isinstance(given, list):
        one["several"] = given
    elif isinstance(given, tuple):
        one["one"], one["to"] = given
    elif given is not None:
        one["one"] = given
    assert names(people, [one]) == found


def test_filters_of_a_group_hold_together_and_groups_each_for_itself(people: SmallApi) -> None:
    blue = {"what": "tags", "how": "ONE_OF", "several": ["blue"]}
    many = {"what": "amount", "how": "MORE", "one": "0"}
    ada = {"what": "email", "how": "IS", "one": "ada@x.example"}
    assert names(people, [blue, many]) == "b"
    assert names(people, [blue], [many]) == "abe"
    assert names(people, [ada, blue], [blue, many]) == "b"
    assert names(people, [ada], [ada, many]) == "a"
    assert names(people) == names(people, []) == "abedf"


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([("amount", "")], "eabdf"),
        ([("amount", "DOWN")], "baedf"),
        (["amount"], "eabdf"),
        (["!amount", "email"], "baedf"),
        ([("name", "")], "abedf"),
        ([("born", "DOWN"), ("email", "DOWN")], "fedba"),
        ([("at", "DOWN")], "fdabe"),
    ],
)
def test_results_are_sorted_and_what_has_no_value_comes_last(
    people: SmallApi, order: list[tuple[str, str] | str], found: str
) -> None:
    sorts = [
        one if isinstance(one, str) else dict(zip(("what", "way"), one, strict=True))
        for one in order
    ]
    assert names(people, order=sorts) == found


def test_a_text_is_looked_for_in_all_values(people: SmallApi) -> None:
    assert names(people, text="LOVE") == "a"
    assert names(people, text="x.example") == "ae"


def test_what_is_archived_is_not_found(people: SmallApi) -> None:
    people.ask("DELETE", "/objects/people/10001", headers=HEADERS)
    assert names(people) == "bedf"
    assert names(people, [{"what": "email", "how": "IS", "one": "ada@x.example"}]) == ""


def test_pages_end_where_no_more_results_can_be_reached() -> None:
    with SmallApi() as api:
        api.upsert(*(f"{number:02}@x.example" for number in range(14)))
        found: list[str] = []
        after = ""
        while True:
            answer = search(api, {"most": 5, "from": after}).json()
            assert answer["count"] == 14
            found += [one["id"] for one in answer["things"]]
            after = answer["more"]["from"]
            if int(after) >= 12:
                break
        assert found == [str(number) for number in range(10_001, 10_013)]
        answer = search(api, {"from": after})
        assert (answer.status_code, answer.json()["message"]) == (
            400,
            "from must be a whole number from 0 to 11, not '12'.",
        )


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"any": [{"all": [{"what": "amout", "how": "SET"}]}]}, "did you mean 'amount'?"),
        ({"any": [{"all": [{"what": "name", "how": "EQUALS"}]}]}, "no operator 'EQUALS'; expected"),
        ({"any": [{"all": [{"what": "name", "how": "IS"}]}]}, "IS of name needs one."),
        ({"any": [{"all": [{"what": "name", "how": "ONE_OF"}]}]}, "ONE_OF of name needs several."),
        (
            {"any": [{"all": [{"what": "amount", "how": "RANGE", "one": "1"}]}]},
            "RANGE of amount needs to.",
        ),
        (
            {"any": [{"all": [{"what": "amount", "how": "MORE", "one": "many"}]}]},
            "'many' cannot be compared with amount, a number.",
        ),
        (
            {"any": [{"all": [{"what": "day", "how": "ONE_OF", "several": ["soon"]}]}]},
            "'soon' cannot be compared with day, a date.",
        ),
        ({"order": [{"what": "nothing"}]}, "people has no property 'nothing'"),
        ({"most": 6}, "most must be a whole number from 1 to 5, not '6'."),
    ],
)
def test_what_makes_no_sense_is_refused(people: SmallApi, body: Any, line: str) -> None:
    answer = search(people, body)
    assert (answer.status_code, line in answer.json()["message"]) == (400, True), answer.text


def test_searches_have_a_limit_of_their_own_and_say_nothing_of_it() -> None:
    with SmallApi(Options(burst_limit=1)) as api:
        answers = [search(api, {}) for _ in range(3)]
        assert {one.status_code for one in answers} == {200}
        assert not any(name.startswith("x-") for one in answers for name in one.headers)
        assert api.upsert("a@x.example").status_code == 200
