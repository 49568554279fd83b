"""The commands `properties pull` and `properties diff`, with an account that is no sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bulk.command_runs import VERSION
from tests.properties.command_runs import PropertiesCommand
from tests.properties.exports import CONTACTS, listing, option, row
from tests.properties.server import PropertiesServer

# What is pulled


def pulled(object_type: str) -> dict[str, Any]:
    return dict(json.loads(Path(f"properties/{object_type}.yaml").read_text("utf-8")))


def test_each_object_type_has_a_file(command: PropertiesCommand, account: PropertiesServer) -> None:
    said = command.pull("contacts", "2-123", "contacts")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"properties/contacts.yaml: {len(CONTACTS)} properties, new",
        "  'Email hard bounce reason' is the label of hs_email_hard_bounce_reason, "
        "hs_email_hard_bounce_reason_enum",
        "properties/2-123.yaml: 1 property, new",
    ]
    names = sorted(each.name for each in Path("properties").iterdir())
    assert names == ["2-123.yaml", "contacts.yaml"]
    assert pulled("2-123") == {
        "object_type": "2-123",
        "api_version": VERSION,
        "properties": {"plate": {"label": "Plate", "unique": True}},
    }
    assert pulled("contacts")["refused_keys"] == ["hs_object_id"]
    found = pulled("contacts")["properties"]
    assert [*found] == sorted(each["name"] for each in CONTACTS)
    for name, declared in {
        "email": {"label": "Email", "type": "email", "unique": True},
        "hs_email_hard_bounce_reason": {"label": "Email hard bounce reason", "read_only": True},
        "hs_place": {"label": "Hs Place", "read_only": True},
        "mobilephone": {"label": "Mobile Phone Number"},
        "seen_first_at": {"label": "Seen First At", "type": "datetime"},
        "vip": {"label": "Vip", "type": "bool"},
        "lifecyclestage": {
            "label": "Lifecyclestage",
            "type": "enumeration",
            "options": {"lead": "Lead", "customer": "Customer", "51439524": "VIP"},
        },
    }.items():
        assert found[name] == declared
    assert found["hs_emailconfirmationstatus"]["options"][""] == "None"
    assert len(found["hs_keywords"]["options"]) == 1583


def test_a_file_holds_nothing_about_people_or_times(command: PropertiesCommand) -> None:
    command.pull("contacts")
    text = Path("properties/contacts.yaml").read_text("utf-8")
    for fact in ("90210", "90211", "2020-01", "2024-02", "not the year"):
        assert fact in json.dumps(CONTACTS)
        assert fact not in text


def test_what_did_not_change_is_not_written_again(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("contacts")
    before = Path("properties/contacts.yaml").stat()
    account.rows["contacts"] = [dict(reversed(each.items())) for each in reversed(CONTACTS)]
    assert command.pull("contacts").out.splitlines()[0].endswith(" properties, unchanged")
    after = Path("properties/contacts.yaml").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_what_changed_against_the_file_is_counted(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("deals")
    account.rows["deals"] = [row("dealname", label="Name"), row("a"), row("b")]
    assert command.pull("deals").out == (
        "properties/deals.yaml: 3 properties, 2 added, 1 removed, 1 changed\n"
    )
    assert [*pulled("deals")["properties"]] == ["a", "b", "dealname"]


def test_a_file_is_replaced_at_once_and_stays_where_it_is(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("deals", "--output", "elsewhere")
    Path("properties").mkdir()
    Path("properties/deals.yaml").symlink_to("../elsewhere/deals.yaml")
    Path("before.yaml").hardlink_to("elsewhere/deals.yaml")
    account.rows["deals"] = [row("dealname")]
    assert "1 removed" in command.pull("deals").out
    assert Path("properties/deals.yaml").is_symlink()
    assert "amount" not in Path("elsewhere/deals.yaml").read_text("utf-8")
    # Whoever had it open reads on.
    assert "amount" in Path("before.yaml").read_text("utf-8")
    assert [each.name for each in Path("elsewhere").iterdir()] == ["deals.yaml"]


def test_a_listing_that_was_there_becomes_a_small_file(command: PropertiesCommand) -> None:
    Path("properties").mkdir()
    Path("properties/contacts.yaml").write_text(json.dumps(listing(CONTACTS[1:])), "utf-8")
    assert "1 added" in command.pull("contacts").out
    assert pulled("contacts")["object_type"] == "contacts"


def test_sensitive_and_archived_properties_are_asked_for(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    account.sensitive["deals", "secret"] = [row("iban")]
    account.archived["deals"] = [row("old", archived=True), row("older")]
    command.pull("deals")
    assert account.queries == [("deals", {})]
    assert [*pulled("deals")["properties"]] == ["amount", "dealname"]
    said = command.pull("deals", "--sensitive", "secret", "--archived", "--output", "all")
    assert said.out.splitlines() == [
        "all/deals.yaml: 5 properties, new",
        "  2 archived: records cannot have values for them",
    ]
    assert account.queries[1:] == [
        ("deals", {}),
        ("deals", {"dataSensitivity": "secret"}),
        ("deals", {"archived": "true"}),
        ("deals", {"archived": "true", "dataSensitivity": "secret"}),
    ]
    found = json.loads(Path("all/deals.yaml").read_text("utf-8"))["properties"]
    assert [name for name, each in found.items() if each.get("archived")] == ["old", "older"]


def test_what_was_asked_for_as_sensitive_is_asked_for_again(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    account.sensitive["deals", "secret"] = [row("iban")]
    command.pull("deals", "--sensitive", "secret")
    assert pulled("deals")["sensitive"] == ["secret"]
    said = command.asking("diff", "--fail-on", "any")
    assert (said.code, said.err) == (0, "")
    assert command.pull("deals").out == "properties/deals.yaml: 3 properties, unchanged\n"
    account.sensitive.clear()
    said = command.asking("diff", "--fail-on", "breaking")
    assert said.code == 1
    assert "iban  removed" in said.out


def test_the_account_is_noted_and_another_one_refused(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    account.answers["/account-info/v3/details"] = (200, {"portalId": 4711}, {})
    command.pull("deals")
    assert pulled("deals")["account"] == "4711"
    assert command.asking("diff").code == 0
    account.answers["/account-info/v3/details"] = (200, {"portalId": 4712}, {})
    problem = "properties/deals.yaml is of the account 4711, and the token of 4712; take the token"
    for said in (command.pull("deals"), command.asking("diff")):
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith(problem)
    assert pulled("deals")["account"] == "4711"
    # A token that may not tell is no other account.
    account.answers["/account-info/v3/details"] = (403, MISSING_SCOPE, {})
    assert command.asking("diff").code == 0


# What cannot be pulled

MISSING_SCOPE = {
    "status": "error",
    "message": "This app hasn't been granted all required scopes",
    "errors": [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": ["crm.schemas.deals.read"]},
        }
    ],
    "category": "MISSING_SCOPES",
}


@pytest.mark.parametrize(
    ("asked", "answer", "problem"),
    [
        (
            "contcts",
            None,
            "contcts: its properties are not listed: 400 Unable to infer object type from: contcts; did "
            "you mean 'contacts'?",
        ),
        (
            "deals",
            (403, MISSING_SCOPE),
            "deals: 403 This app hasn't been granted all required scopes; it needs crm.schemas.deals.read",
        ),
        ("deals", (404, {"message": "no"}), "deals: its properties are not listed: 404 no"),
        ("deals", (200, {"results": [{"name": "a"}]}), "deals: the body cannot be read (results.0"),
        ("deals", (200, [1]), "deals: the body cannot be read ("),
        ("deals", (200, {"results": []}), "deals: the API lists no properties; nothing is written"),
        ("../deals", None, "'../deals' is no object type: expected letters, digits"),
    ],
)
def test_one_object_type_that_fails_does_not_stop_others(
    command: PropertiesCommand,
    account: PropertiesServer,
    asked: str,
    answer: tuple[int, Any] | None,
    problem: str,
) -> None:
    if answer is not None:
        account.refused[asked] = answer
    said = command.pull(asked, "2-123")
    assert said.code == 1
    assert said.out == "properties/2-123.yaml: 1 property, new\n"
    (line,) = said.err.splitlines()
    assert line.startswith(problem)
    assert f"did you mean {asked!r}" not in line
    assert "applied" not in line
    assert command.pull(asked).code == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a note\n", "expected object types with their properties"),
        ('{"object_type": "deals", "properties": {}}', "holds the properties of deals, and not of"),
        ('{"contacts": {"a": {}}, "deals": {}}', "is about several object types"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone(
    command: PropertiesCommand, account: PropertiesServer, content: str, problem: str
) -> None:
    Path("properties").mkdir()
    Path("properties/contacts.yaml").write_text(content, "utf-8")
    said = command.pull("contacts")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("properties/contacts.yaml: ")
    assert problem in said.err
    assert "it is left as it is" in said.err
    assert Path("properties/contacts.yaml").read_text("utf-8") == content
    assert account.queries == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("pull", "contacts"), "say which version of the API with --api-version: v3, 2025-09"),
        (
            ("pull", "contacts", "--api-version", "v4"),
            "there is no version 'v4' of the API; there is v3",
        ),
        (("pull",), "Missing argument 'OBJECT_TYPE...'"),
        (
            ("pull", "contacts", "--api-version", "v3", "--output", "file"),
            "file: it cannot be made:",
        ),
        (
            ("pull", "contacts", "--api-version", "v3", "--token-variable", "NONE"),
            "there is no token: set the environment variable NONE",
        ),
        (
            ("pull", "contacts", "--api-version", "v3", "--token-variable", "PATH"),
            "properties.get_all: 401 no (category INVALID_AUTHENTICATION)",
        ),
        (
            ("show", "contacts", "--api-version", "v3", "--properties", "file"),
            "--properties shows a file, and --api-version the account; give one of them",
        ),
        (("diff",), "there is no folder properties; write one with 'properties pull', or name"),
        (
            ("diff", "--properties", "no.yaml"),
            "no.yaml: cannot be read: No such file or directory;",
        ),
    ],
)
def test_what_concerns_everything_ends_the_command(
    command: PropertiesCommand, arguments: tuple[str, ...], problem: str
) -> None:
    Path("file").touch()
    assert command.asking(*arguments).problem.startswith(problem)


# What is shown of the account


def test_properties_of_the_account_are_shown(command: PropertiesCommand) -> None:
    said = command.asking("show", "contacts", "--api-version", "v3", "--search", "PHONE N")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == [
        *("name", "hs_calculated_phone_number", "mobilephone", "phone")
    ]
    said = command.asking("show", "contcts", "--api-version", "v3")
    assert said.problem.endswith("contcts; did you mean 'contacts'?")


def test_a_table_of_every_oddity_fits_80_columns(command: PropertiesCommand) -> None:
    said = command.asking("show", "contacts", "--api-version", "v3")
    assert max(map(len, said.out.splitlines())) <= 80
    names = "".join(line[:26].strip() for line in said.out.splitlines()[1:])
    assert names == "".join(sorted(each["name"] for each in CONTACTS))


# What changed


def change(name: str, **fields: Any) -> Callable[[list[dict[str, Any]]], None]:
    """Give a property other fields."""

    def change(rows: list[dict[str, Any]]) -> None:
        next(each for each in rows if each["name"] == name).update(fields)

    return change


def without(name: str) -> Callable[[list[dict[str, Any]]], None]:
    """Take a property away."""

    def remove(rows: list[dict[str, Any]]) -> None:
        rows[:] = [each for each in rows if each["name"] != name]

    return remove


STAGES = [option("lead", "Lead"), option("customer", "Customer"), option("51439524", "VIP")]
CHANGES: list[tuple[Callable[[list[dict[str, Any]]], None], str, bool]] = [
    (lambda rows: rows.append(row("nickname")), "nickname  added (string)", False),
    (without("birthday"), "birthday  removed", True),
    (change("phone", label="Phone"), "phone  label: 'Phone Number' is 'Phone' now", False),
    (change("age__c", type="string"), "age__c  type: number is string now", True),
    (
        change("phone", modificationMetadata={"readOnlyValue": True}),
        "phone  read-only now",
        True,
    ),
    (
        change("hs_place", modificationMetadata={"readOnlyValue": False}),
        "hs_place  writable now",
        False,
    ),
    (change("phone", hasUniqueValue=True), "phone  its values are unique now", False),
    (change("email", hasUniqueValue=False), "email  its values are not unique any more", True),
    (
        change("lifecyclestage", fieldType="checkbox"),
        "lifecyclestage  takes several options now",
        False,
    ),
    (
        change("hs_legal_basis", fieldType="radio"),
        "hs_legal_basis  takes one option only now",
        True,
    ),
    (
        change("lifecyclestage", options=[*STAGES, option("a", "A"), option("b")]),
        "lifecyclestage  2 options added: a (A), b",
        False,
    ),
    (
        change("lifecyclestage", options=STAGES[:2]),
        "lifecyclestage  options removed: 51439524 (VIP)",
        True,
    ),
    (
        change("lifecyclestage", options=[option("lead", "New"), *STAGES[1:]]),
        "lifecyclestage  options with another label: lead (New)",
        False,
    ),
    (change("lifecyclestage", options=[]), "lifecyclestage  takes any value now", False),
    (
        change("hs_persona", options=[option("a")]),
        "hs_persona  takes only the options that are listed now",
        True,
    ),
]


@pytest.mark.parametrize(
    ("make", "line", "is_breaking"), CHANGES, ids=[each[1] for each in CHANGES]
)
def test_each_kind_of_change_is_told(
    command: PropertiesCommand,
    account: PropertiesServer,
    make: Callable[[list[dict[str, Any]]], None],
    line: str,
    is_breaking: bool,
) -> None:
    command.pull("contacts")
    assert command.asking("diff", "--fail-on", "any").code == 0
    account.rows["contacts"] = deepcopy(CONTACTS)
    make(account.rows["contacts"])
    said = command.asking("diff")
    assert (said.code, said.err) == (0, "")
    head, told, *more = said.out.splitlines()
    assert head.startswith("contacts: 1 ")
    assert head.endswith(" since properties/contacts.yaml")
    assert told == f"  {'!' if is_breaking else ' '}  {line}"
    assert more == (["! may keep records from being accepted"] if is_breaking else [])
    assert command.asking("diff", "contacts", "--fail-on", "any").code == 1
    assert command.asking("diff", "--fail-on", "breaking").code == is_breaking


def test_an_archived_property_is_told_from_one_that_is_gone(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("deals")
    account.queries.clear()
    assert command.asking("diff").out == "deals: no change since properties/deals.yaml\n"
    assert account.queries == [("deals", {})]
    account.archived["deals"] = [row("amount", "number", archived=True)]
    account.rows["deals"] = []
    assert [line.split()[-2:] for line in command.asking("diff").out.splitlines()[1:3]] == [
        ["amount", "archived"],
        ["dealname", "removed"],
    ]
    command.pull("deals", "--archived")
    assert command.asking("diff").out == "deals: no change since properties/deals.yaml\n"
    account.rows["deals"] = [row("amount", "number")]
    assert "amount  no longer archived" in command.asking("diff").out


def test_changes_for_programs_and_pull_requests(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("deals")
    account.rows["deals"] = [row("amount", "string"), row("dealname")]
    found = json.loads(command.asking("diff", "--format", "json").out)
    assert found == [
        {
            "object_type": "deals",
            "before": "properties/deals.yaml",
            "after": "the account",
            "changes": [
                {
                    "name": "amount",
                    "kind": "type",
                    "option": None,
                    "before": "number",
                    "after": "string",
                    "is_breaking": True,
                }
            ],
        }
    ]
    assert command.asking("diff", "--format", "markdown").out.splitlines() == [
        "### deals: 1 changed",
        "",
        "| property | change | may break loads |",
        "| --- | --- | --- |",
        "| `amount` | type: number is string now | yes |",
    ]


def test_files_are_compared_without_the_account(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    command.pull("deals", "2-123")
    account.rows["deals"] = [row("dealname")]
    command.pull("deals", "--output", "later")
    account.queries.clear()
    said = command("diff", "--against", "later")
    assert said.code == 2
    assert said.out.splitlines()[:2] == [
        "deals: 1 removed since properties/deals.yaml",
        "  !  amount  removed",
    ]
    assert said.err == ("later: has no file of 2-123; 'properties pull 2-123' writes one\n")
    assert command("diff", "deals", "--against", "later/deals.yaml").code == 0
    assert account.queries == []


def test_the_version_that_was_pulled_is_asked(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    Path("own.yaml").write_text('{"object_type": "deals", "properties": {}}', "utf-8")
    said = command.asking("diff", "--properties", "own.yaml")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("own.yaml: does not say which version of the API it is of; say it")
    said = command.asking("diff", "--properties", "own.yaml", "--api-version", "v3")
    assert "deals: 2 added since own.yaml" in said.out


def test_a_sandbox_with_the_files_lists_the_same(
    command: PropertiesCommand, tmp_path: Path
) -> None:
    command.pull("contacts", "deals")
    before = [pulled(each)["properties"] for each in ("contacts", "deals")]
    with Sandbox(Options(properties=(str(tmp_path / "properties"),))) as sandbox:
        changes = command("diff", "--base-url", sandbox.url, "--fail-on", "any")
        arguments = ("contacts", "deals", "--api-version", VERSION, "--base-url", sandbox.url)
        said = command("pull", *arguments)
    assert (said.code, changes.code) == (0, 0)
    assert [pulled(each)["properties"] for each in ("contacts", "deals")] == before
    assert [list(each) for each in before] == [sorted(each) for each in before]
