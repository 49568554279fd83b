"""What the sandbox refuses and in which words, and whether the log says that the words are ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hubspot_upsert.sandbox import Options, Sandbox

CONTACTS = "/crm/v3/objects/contacts/batch/upsert"
OBJECTS = "/crm/v3/objects/{}/batch/upsert"
FLAGS = "/feature-flags/v3/1/flags/beta/portals/batch/upsert"
HEADERS = {"Authorization": "Bearer a-token"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def send(sandbox: Sandbox, body: Any, path: str = CONTACTS, **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{sandbox.url}{path}", json=body, headers={**HEADERS, **headers}, timeout=60
    )


def upsert(
    sandbox: Sandbox,
    key: str = "a@example.com",
    by: str = "email",
    path: str = CONTACTS,
    **values: Any,
) -> httpx2.Response:
    """Upsert one record that can be refused alone."""
    one = {"id": key, "idProperty": by, "objectWriteTraceId": "1", "properties": values}
    return send(sandbox, {"inputs": [one]}, path)


def listed(message: str) -> list[dict[str, Any]]:
    """The list that stands in a message."""
    prefix, _, items = message.partition(": ")
    assert prefix == "Property values were not valid"
    found: list[dict[str, Any]] = json.loads(items)
    assert all(one["isValid"] is False for one in found)
    return found


def refused(answer: httpx2.Response) -> list[tuple[str, str, str]]:
    """What is wrong with the values of a record that was refused alone: property, code and words."""
    assert answer.status_code == 207
    (error,) = answer.json()["errors"]
    return [(one["name"], one["error"], one["message"]) for one in listed(error["message"])]


@pytest.mark.parametrize(
    ("given", "stored"),
    [(5, "5"), (1.5, "1.5"), (True, "true"), (False, "false"), (0, "0"), (10**400, str(10**400))],
)
def test_values_may_be_numbers_and_booleans(sandbox: Sandbox, given: Any, stored: str) -> None:
    assert upsert(sandbox, firstname=given).status_code == 200
    assert sandbox.records("contacts")[0]["properties"]["firstname"] == stored


@pytest.mark.parametrize("given", [["a"], {"a": "b"}])
def test_values_are_neither_lists_nor_objects(sandbox: Sandbox, given: Any) -> None:
    assert upsert(sandbox, firstname=given).status_code == 400


@pytest.mark.parametrize(
    ("number", "situation"), [("NaN", "invalid-json"), ("1e400", "invalid-body")]
)
def test_what_is_no_number_or_too_large_for_one_is_refused(
    sandbox: Sandbox, number: str, situation: str
) -> None:
    content = '{"inputs": [{"id": "a@b.example", "idProperty": "email", "properties": {"firstname": %s}}]}'
    headers = {**HEADERS, "Content-Type": "application/json"}
    answer = httpx2.post(
        f"{sandbox.url}{CONTACTS}", content=content % number, headers=headers, timeout=60
    )
    assert answer.status_code == 400
    assert sandbox.requests[-1].situation == situation


DECLARED: dict[str, Any] = {
    "of_number": {"type": "number"},
    "of_datetime": {"type": "datetime"},
    "of_date": {"type": "date"},
    "of_bool": {"type": "bool"},
    "colour": {"type": "enumeration", "options": ["red", "green"]},
    "locked": {"read_only": True},
    "sum": {"calculated": True},
}


@pytest.mark.parametrize(
    ("name", "value", "code", "words", "chosen"),
    [
        ("of_number", "x", "INVALID_INTEGER", "x was not a valid number.", False),
        ("of_datetime", "x", "INVALID_LONG", "x was not a valid long.", False),
        (
            *("of_date", "1625177935865", "INVALID_DATE"),
            *("1625177935865 is at 22:18:55.865 UTC, not midnight!", False),
        ),
        ("of_date", "x", "INVALID_DATE", "x is no date", True),
        ("of_bool", "x", "INVALID_BOOLEAN", "x is neither true nor false", True),
        (
            *("colour", "blue", "INVALID_OPTION"),
            *("blue was not one of the allowed options: [red, green]", False),
        ),
        ("email", "x", "INVALID_EMAIL", "Email address x is invalid", False),
        *(
            (
                *(name, "1", "READ_ONLY_VALUE"),
                *(f'"{name}" is a read only property; its value cannot be set.', False),
            )
            for name in ("locked", "sum")
        ),
        (
            "email",
            "b@example.com",
            "DIFFERENT_KEYS",
            "email is b@example.com, which is not the id",
            True,
        ),
        ("email", "", "MISSING_KEY", "email finds the record and cannot be cleared", True),
    ],
)
def test_a_wrong_value_is_refused_in_known_words_or_chosen_ones(
    sandbox: Sandbox, name: str, value: str, code: str, words: str, chosen: bool
) -> None:
    sandbox.declare("contacts", **DECLARED)
    for _ in ("new", "known"):
        assert refused(upsert(sandbox, **{name: value})) == [(name, code, words)]
        assert sandbox.requests[-1].chosen is chosen
        upsert(sandbox)
    assert sandbox.records("contacts")[0]["properties"] == {"email": "a@example.com"}


def test_the_same_key_in_other_letters_is_the_same(sandbox: Sandbox) -> None:
    assert upsert(sandbox, email="A@Example.com").status_code == 200


def test_without_trace_ids_details_say_which_property(sandbox: Sandbox) -> None:
    sandbox.declare("contacts", **DECLARED)
    one = {"id": "a@example.com", "idProperty": "email", "properties": {"of_number": "x"}}
    answer = send(sandbox, {"inputs": [one]})
    assert answer.status_code == 400
    (item,), (detail,) = listed(answer.json()["message"]), answer.json()["errors"]
    assert (item["name"], item["error"]) == ("of_number", "INVALID_INTEGER")
    assert detail["context"] == {"propertyName": ["of_number"]}
    assert (detail["code"], detail["message"]) == (item["error"], item["message"])


def test_an_unknown_property_is_refused_in_the_same_words(sandbox: Sandbox) -> None:
    answer = upsert(sandbox, colour="red")
    assert answer.status_code == 400
    (item,) = listed(answer.json()["message"])
    assert item["message"] == 'Property "colour" does not exist'
    assert item["error"] == answer.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert sandbox.requests[-1].chosen is False


@pytest.mark.parametrize("path", [CONTACTS, OBJECTS.format("contacts")])
def test_a_key_that_is_not_unique_is_told_with_type_and_account(
    sandbox: Sandbox, path: str
) -> None:
    answer = upsert(sandbox, by="firstname", path=path)
    details = httpx2.get(
        f"{sandbox.url}/account-info/v3/details", headers=HEADERS, timeout=60
    ).json()
    begin = "Unable to perform update/upsert by non-unique "
    assert answer.json()["message"].startswith(begin)
    assert answer.json()["message"].endswith(
        f" property firstname in portal ID {details['portalId']}"
    )
    deals = upsert(sandbox, by="dealname", path=OBJECTS.format("0-3"))
    assert deals.json()["message"].startswith(f"{begin}0-3 property dealname")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        *((path, 409, "Contact already exists") for path in (CONTACTS, OBJECTS.format("contacts"))),
        (OBJECTS.format("tickets"), 400, "already has that value."),
    ],
)
def test_a_taken_value_is_told_in_the_words_of_the_type(
    sandbox: Sandbox, path: str, status: int, words: str
) -> None:
    object_type = "tickets" if "tickets" in path else "contacts"
    sandbox.declare(object_type, number={"unique": True}, other={"unique": True})
    upsert(sandbox, "1", "number", path, other="x")
    answer = upsert(sandbox, "2", "number", path, other="x")
    assert answer.status_code == status
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (CONTACTS, "crm.objects.contacts.write"),
        (OBJECTS.format("0-1"), "crm.objects.contacts.write"),
        (OBJECTS.format("contact"), "crm.objects.contacts.write"),
        ("/crm/objects/2026-03/deals/batch/upsert", "crm.objects.deals.write"),
    ],
)
def test_a_lacking_scope_is_named_whatever_an_object_type_is_called(path: str, scope: str) -> None:
    with Sandbox(Options(tokens={"a-token": frozenset()})) as sandbox:
        answer = upsert(sandbox, path=path)
        assert answer.status_code == 403
        body = answer.json()
        assert body["message"].startswith("This app hasn't been granted all required scopes")
        assert body["errors"][0]["context"] == {"requiredGranularScopes": [scope]}
        assert body["links"]["scopes"]
        assert body["category"] == "MISSING_SCOPES"
        assert sandbox.requests[-1].chosen is False


def test_a_stage_moves_forward_only_unless_it_is_cleared(sandbox: Sandbox) -> None:
    def move(stage: str) -> int:
        return upsert(sandbox, lifecyclestage=stage).status_code

    assert [move(one) for one in ("lead", "lead", "customer")] == [200, 200, 200]
    ((name, code, _),) = refused(upsert(sandbox, lifecyclestage="subscriber"))
    assert (name, code) == ("lifecyclestage", "BACKWARD_VALUE")
    assert sandbox.requests[-1].chosen is True
    assert [move(one) for one in ("", "subscriber")] == [200, 200]
    assert sandbox.records("contacts")[0]["properties"]["lifecyclestage"] == "subscriber"


def test_options_are_appended_after_a_separator(sandbox: Sandbox) -> None:
    options = {"type": "enumeration", "multiple": True, "options": ["red", "green", "blue"]}
    sandbox.declare("contacts", colours=options, colour={**options, "multiple": False})
    for given in ("red", ";blue", ";red;green"):
        assert upsert(sandbox, colours=given).status_code == 200
    assert sandbox.records("contacts")[0]["properties"]["colours"] == "red;blue;green"
    for name, given in (("colours", "red; blue"), ("colours", "red;"), ("colour", ";blue")):
        assert [code for _, code, _ in refused(upsert(sandbox, **{name: given}))] == [
            "INVALID_OPTION"
        ]


def test_what_an_export_marks_is_refused(tmp_path: Path) -> None:
    rows = [
        {"name": "email", "type": "string", "hasUniqueValue": True},
        {"name": "sum", "type": "number", "calculated": True},
        {"name": "old", "type": "string", "archived": True},
        {"name": "fixed", "type": "string", "modificationMetadata": {"readOnlyValue": True}},
    ]
    file = tmp_path / "contacts.json"
    file.write_text(json.dumps({"results": rows}), encoding="utf-8")
    with Sandbox(Options(properties=(f"contacts={file}",))) as sandbox:
        for name in ("sum", "fixed"):
            assert [code for _, code, _ in refused(upsert(sandbox, **{name: "1"}))] == [
                "READ_ONLY_VALUE"
            ]
        answer = upsert(sandbox, old="1")
        assert answer.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


def test_the_state_of_a_flag_is_one_of_those_that_are_named(sandbox: Sandbox) -> None:
    states = [{"portalId": 1, "flagState": state} for state in ("ON", "MAYBE")]
    assert send(sandbox, {"portalStates": states[:1]}, FLAGS).status_code == 200
    answer = send(sandbox, {"portalStates": states}, FLAGS)
    assert answer.status_code == 400
    assert "ABSENT, OFF, ON" in answer.json()["message"]


def test_what_an_upsert_by_email_leaves_out_stays_and_that_is_chosen(sandbox: Sandbox) -> None:
    upsert(sandbox, firstname="Ada", lastname="Lovelace")
    chosen: list[bool] = []
    for values in ({"firstname": "Ada", "lastname": "L"}, {"lastname": "King"}):
        upsert(sandbox, **values)
        chosen.append(sandbox.requests[-1].chosen)
    assert chosen == [False, True]
    assert sandbox.records("contacts")[0]["properties"]["firstname"] == "Ada"


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        ("rate-limit", {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Max": "190"}),
        ("daily-limit", {"X-HubSpot-RateLimit-Daily-Remaining": "0"}),
        ("account-moving", {"Retry-After": "3600"}),
        ("account-moving;retry-after=5", {"Retry-After": "5"}),
    ],
)
def test_the_headers_of_a_fault_agree_with_it(
    sandbox: Sandbox, fault: str, headers: dict[str, str]
) -> None:
    answer = send(sandbox, {}, **{"sandbox-fault": fault})
    assert {name: answer.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize(
    ("fault", "chosen"),
    [("rate-limit", False), ("server", True), ("html-error", True), ("created-status", False)],
)
def test_the_log_says_of_a_fault_whether_its_words_are_ours(
    sandbox: Sandbox, fault: str, chosen: bool
) -> None:
    send(sandbox, {}, **{"sandbox-fault": fault})
    assert sandbox.requests[-1].chosen is chosen


@pytest.mark.parametrize("path", ["/nothing", "/crm/v3/objects/contacts/batch/upset"])
def test_the_words_for_what_nobody_knows_are_ours(sandbox: Sandbox, path: str) -> None:
    assert send(sandbox, {}, path).status_code == 404
    assert sandbox.requests[-1].chosen is True


def test_that_an_upsert_does_not_meet_an_archived_record_is_chosen(sandbox: Sandbox) -> None:
    (first,) = upsert(sandbox).json()["results"]
    httpx2.delete(
        f"{sandbox.url}/crm/v3/objects/contacts/{first['id']}", headers=HEADERS, timeout=60
    )
    chosen: list[bool] = []
    for key in ("b@example.com", "A@example.com", "a@example.com"):
        assert upsert(sandbox, key).status_code == 200
        chosen.append(sandbox.requests[-1].chosen)
    assert chosen == [False, True, False]
