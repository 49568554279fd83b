"""The command `doctor`, against a server that lists properties and tells of a token: each of its lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command

from tests.bulk.command_runs import VERSION, Said
from tests.properties.server import PropertiesServer
from tests.servers import TOKEN

DETAILS = "/account-info/v3/details"
USAGE = "/account-info/v3/api-usage/daily/private-apps"
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"
SCOPE = "crm.objects.contacts.write"
TIMES = "\N{MULTIPLICATION SIGN}"
PEOPLE = "Email,First Name\nada@x.example,Ada\nbob@x.example,Bob\n"


def used(count: int, limit: int = 250_000) -> dict[str, Any]:
    entry = {"name": "private-apps-api-calls-daily", "usageLimit": limit, "currentUsage": count}
    return {"results": [entry | {"resetsAt": "2026-01-02T00:00:00Z"}]}


@pytest.fixture
def doctor(
    in_folder: None, account: PropertiesServer, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Run the command for contacts, with an account where all is well."""
    account.answers |= {
        DETAILS: (200, {"portalId": 77}, {}),
        USAGE: (200, used(50), {}),
        TOKEN_INFO: (200, {"hubId": 77, "scopes": ["oauth", SCOPE]}, {}),
    }
    Path("people.csv").write_text(PEOPLE)

    def run(*options: str, key: str | None = "email", object_type: str = "contacts") -> Said:
        file = () if "people.csv" in options else ("people.csv",)
        named = () if key is None else ("--id-property", key)
        where = ("--api-version", VERSION, "--base-url", account.url)
        capsys.readouterr()
        code = run_command(CATALOGUE, ["doctor", object_type, *file, *named, *where, *options])
        said = Said(code, *capsys.readouterr())
        assert TOKEN not in said.out + said.err
        return said

    return run


def line(said: Said, subject: str) -> str:
    """The state of a subject, and what is told of it, in one line."""
    lines = said.out.splitlines()
    start = next(number for number, each in enumerate(lines) if each[11:].startswith(subject))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    state, told = lines[start][:11].strip(), lines[start][24:]
    return " | ".join([f"{state}: {told}", *map(str.strip, lines[start + 1 : end])])


def test_all_is_well(doctor: Callable[..., Said], account: PropertiesServer) -> None:
    said = doctor()
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "ok         token        the API accepts it; it is for the account 77",
        f"ok         scopes       {SCOPE} is there; the token has 2: {SCOPE}, oauth",
        "ok         daily limit  249,950 of 250,000 requests are left of "
        "private-apps-api-calls-daily, until 2026-01-02T00:00:00Z",
        f"ok         properties   {len(account.rows['contacts'])} properties, from the account",
        "ok         key          'email' exists, and is unique",
        "ok         columns      2 columns are sent",
        f"{'':24}by their labels, 'Email' is 'email' and 'First Name' is 'firstname'",
        "ok         rows         2 rows, in 1 request; none would be refused",
    ]
    # Nothing was written, and the token went to none but the API.
    assert [json.loads(body) for body in account.bodies] == [{"tokenKey": TOKEN}]


def refusal(status: int, category: str, message: str = "no") -> tuple[int, Any, dict[str, str]]:
    return status, {"status": "error", "category": category, "message": message}, {}


EXPIRED = refusal(401, "EXPIRED_AUTHENTICATION", f"{TOKEN} expired 5 second(s) ago")
FORBIDDEN = refusal(403, "MISSING_SCOPES")
GONE = refusal(404, "OBJECT_NOT_FOUND")


@pytest.mark.parametrize(
    ("answer", "token", "scopes", "limit"),
    [
        (
            EXPIRED,
            "problem: the API refuses it: account.daily_usage: 401 (the token) expired 5 second(s) ago "
            "(category EXPIRED_AUTHENTICATION) | to mend: set the environment variable ACCESS_TOKEN to "
            "a token that is valid",
            "not known: account.private_app_token: 401 (the token) expired",
            "not known: account.daily_usage: 401 (the token) expired",
        ),
        (
            FORBIDDEN,
            "ok: the API accepts it",
            "not known: account.private_app_token: 403 no (category MISSING_SCOPES); nobody knows for sure "
            f"how that is asked, so it says nothing about the token; needed: {SCOPE}",
            "not known: account.daily_usage: 403 no",
        ),
        (
            GONE,
            "ok: the API accepts it",
            "not known: account.private_app_token: 404 no",
            "not known: account.daily_usage: 404 no",
        ),
    ],
)
def test_an_account_that_does_not_tell(
    doctor: Callable[..., Said],
    account: PropertiesServer,
    answer: tuple[int, Any, dict[str, str]],
    token: str,
    scopes: str,
    limit: str,
) -> None:
    account.answers |= dict.fromkeys((DETAILS, USAGE, TOKEN_INFO), answer)
    if answer is EXPIRED:
        account.refused["contacts"] = answer[:2]
    said = doctor()
    assert line(said, "token") == token
    assert line(said, "scopes").startswith(scopes)
    assert line(said, "daily limit").startswith(limit)
    assert said.code == (1 if answer is EXPIRED else 0)


def test_nobody_tells_anything_of_the_token(
    doctor: Callable[..., Said], account: PropertiesServer
) -> None:
    account.answers.clear()
    account.refused["contacts"] = 404, None
    said = doctor()
    assert line(said, "token").startswith("not known: no operation tells: account.daily_usage: 404")
    assert line(said, "properties").endswith("| to mend: name a file of them with --properties")
    assert line(said, "key") == "not known: whether 'email' exists, and is unique"
    assert line(said, "columns").startswith(
        "problem: people.csv: no column becomes the id property"
    )
    assert line(said, "rows") == "not known: not looked at before it is clear what columns become"
    assert said.code == 1
    said = doctor("--map", "Email=email")
    assert line(said, "columns") == "not known: whether their properties exist; 2 columns are sent"
    assert (
        line(said, "rows")
        == "not known: whether the account takes the values of 2 rows, in 1 request"
    )
    assert said.code == 0


def test_an_oauth_token_of_which_only_headers_tell(
    doctor: Callable[..., Said], account: PropertiesServer
) -> None:
    limits = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "1"}
    refused = refusal(401, "INVALID_AUTHENTICATION")
    account.answers |= {USAGE: GONE, DETAILS: (200, {}, limits), TOKEN_INFO: (*refused[:2], limits)}
    said = doctor()
    assert line(said, "token") == "ok: the API accepts it"
    assert line(said, "daily limit") == "ok: 1 of 1,000 requests are left"
    Path("people.csv").write_text("Email\n" + "".join(f"p{n}@x.example\n" for n in range(101)))
    said = doctor()
    assert line(said, "daily limit").startswith(
        "problem: 1 of 1,000 requests are left, and the file needs 2 at least | to mend: "
    )
    assert said.code == 1


@pytest.mark.parametrize(
    ("path", "body", "subject", "told"),
    [
        (
            *(TOKEN_INFO, {"scopes": ["oauth"]}, "scopes"),
            f"problem: {SCOPE} is missing; the token has 1: oauth | to mend: grant the app {SCOPE}, and "
            "take the token that it gives then",
        ),
        (
            TOKEN_INFO,
            {"scopes": []},
            "scopes",
            f"problem: {SCOPE} is missing; the token has 0: none",
        ),
        (TOKEN_INFO, {}, "scopes", "not known: no operation tells which it has"),
        (USAGE, used(250_000), "daily limit", "problem: 0 of 250,000 requests are left"),
        (USAGE, used(250_001), "daily limit", "problem: 0 of 250,000 requests are left"),
        (USAGE, {"results": [{"name": "x"}]}, "daily limit", "not known: no answer tells"),
    ],
)
def test_what_the_account_tells(
    doctor: Callable[..., Said],
    account: PropertiesServer,
    path: str,
    body: Any,
    subject: str,
    told: str,
) -> None:
    account.answers[path] = 200, body, {}
    said = doctor()
    assert line(said, subject).startswith(told)
    assert said.code == (1 if told.startswith("problem") else 0)


def test_an_object_type_that_no_scopes_are_known_of(doctor: Callable[..., Said]) -> None:
    Path("people.csv").write_text("plate\nB-1\n")
    said = doctor("--argument", "object_type=2-123", object_type="custom_objects", key="plate")
    assert line(said, "scopes") == (
        f"not known: which ones are needed; the token has 2: {SCOPE}, oauth"
    )
    assert line(said, "key") == "ok: 'plate' exists, and is unique"
    assert said.code == 0


def test_without_a_token(doctor: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCESS_TOKEN")
    said = doctor("--map", "Email=email")
    assert line(said, "token").startswith(
        "problem: there is no token | to mend: set the environment"
    )
    assert line(said, "properties").startswith("not known: not asked for without a token")
    assert said.code == 1


def test_an_account_that_cannot_be_reached(
    doctor: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubspot_upsert._cli.doctor.PATIENCE", 0.2)
    declare()
    said = doctor("--base-url", "http://127.0.0.1:1", "--properties", "contacts.yaml")
    assert line(said, "token").startswith(
        "problem: the API cannot be reached: account.daily_usage: "
    )
    assert line(said, "rows").startswith("ok: 2 rows")
    assert said.code == 1


def declare(**more: Any) -> None:
    """Write a file of properties."""
    properties = {
        "email": {"label": "Email", "type": "email", "unique": True},
        "firstname": {"label": "First Name"},
        "lead": {"label": "Lead", "type": "enumeration", "options": {"new": "New", "old": "Old"}},
        "hs_object_id": {"unique": True},
        "hs_key": {"unique": True, "read_only": True},
    }
    Path("contacts.yaml").write_text(
        json.dumps({"object_type": "contacts", **more, "properties": properties})
    )


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (
            None,
            "problem: name the unique property that finds a record with --id-property | to mend: give "
            "--id-property email",
        ),
        (
            "firstname",
            "problem: the values of 'firstname' are not unique | to mend: give --id-property email",
        ),
        (
            "hs_object_id",
            "problem: the API finds no records by 'hs_object_id' | to mend: give --id-property email",
        ),
        (
            "hs_key",
            "problem: 'hs_key' is archived, or only the API writes it | to mend: give "
            "--id-property email",
        ),
        (
            "Email",
            "problem: the id property 'Email' is the label of a property, not its name; give "
            "--id-property email",
        ),
    ],
)
def test_a_key_that_will_not_do(doctor: Callable[..., Said], key: str | None, told: str) -> None:
    declare()
    said = doctor("--properties", "contacts.yaml", key=key)
    assert line(said, "key") == told
    assert line(said, "rows") == "not known: not looked at without a key"
    assert said.code == 1


@pytest.mark.parametrize(
    ("text", "subject", "told"),
    [
        (
            "Email,Frist Name,Notes\n",
            "columns",
            "problem: people.csv: the columns 'Frist Name' and 'Notes' are no properties of contacts: give "
            "--map 'Frist Name=firstname' --skip Notes, or --skip 'Frist Name' --skip Notes",
        ),
        ("Email,E-Mail\n", "columns", "problem: people.csv: the columns 'Email' and 'E-Mail' both"),
        ("Email,First Name\n", "rows", "problem: there are none"),
        ("", "file", "problem: people.csv: the file is empty"),
        (None, "file", "problem: people.csv: No such file"),
        (
            "Email,Lead\na@x.example,new\nb@x.example,New\nno,old\nc@x.example,bad\na@x.example,new\n",
            "rows",
            f"problem: 4 of 5 rows would be refused | 2 {TIMES} INVALID_OPTION of lead, lines 3, 5: "
            "New was not one of the allowed options: [new, old]; that is the option's label; "
            "its value is 'new'",
        ),
    ],
)
def test_files_that_will_not_do(
    doctor: Callable[..., Said], text: str | None, subject: str, told: str
) -> None:
    declare()
    Path("people.csv").unlink() if text is None else Path("people.csv").write_text(text)
    said = doctor("--properties", "contacts.yaml")
    assert line(said, subject).startswith(told)
    assert said.code == 1


def test_causes_are_told_by_frequency(doctor: Callable[..., Said]) -> None:
    declare()
    rows = ["a@x.example,new", "b@x.example,?", "no,old", "c@x.example,?", "a@x.example,new"]
    Path("people.csv").write_text("\n".join(["Email,Lead", *rows, ""]))
    _, *causes, mend = line(doctor("--properties", "contacts.yaml"), "rows").split(" | ")
    assert [cause.partition(":")[0] for cause in causes] == [
        f"2 {TIMES} INVALID_OPTION of lead, lines 3, 5",
        f"1 {TIMES} INVALID_EMAIL of email, line 4",
        f"1 {TIMES} DUPLICATE_KEY of email, line 6",
    ]
    assert mend.startswith("to mend: correct them")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"account": "77"}, "ok: 5 properties, from contacts.yaml"),
        ({}, "ok: 5 properties, from contacts.yaml"),
        (
            {"account": "78"},
            "problem: contacts.yaml is of the account 78, and the token of 77 | to mend: take the token of "
            "that account, or pull the properties of this one",
        ),
        ({"object_type": "deals"}, "problem: contacts.yaml: holds the properties of deals"),
    ],
)
def test_files_of_properties(doctor: Callable[..., Said], more: dict[str, str], told: str) -> None:
    declare(**more)
    said = doctor("--properties", "contacts.yaml", "--map", "Email=email")
    assert line(said, "properties").startswith(told)
    assert said.code == (1 if told.startswith("problem") else 0)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--token-variable", "pat-1"], "--token-variable must be the name"),
        (["--map", "x"], "--map must be COLUMN=PROPERTY"),
        (["--mapping", "none.yaml"], "none.yaml: cannot be read"),
        (["--format", "x"], "'hubspot-upsert doctor --help' explains"),
    ],
)
def test_bad_usage(doctor: Callable[..., Said], options: list[str], problem: str) -> None:
    assert problem in doctor(*options).problem


@pytest.mark.parametrize(("account_id", "code"), [("77", 1), ("78", 2)])
def test_a_load_takes_no_properties_of_another_account(
    doctor: Callable[..., Said],
    account: PropertiesServer,
    capsys: pytest.CaptureFixture[str],
    account_id: str,
    code: int,
) -> None:
    declare(account=account_id)
    # Its only row is refused without a request.
    Path("people.csv").write_text("Email\nnobody\n")
    load = ["contacts", "people.csv", "--properties", "contacts.yaml", "--id-property", "email"]
    where = ["--api-version", VERSION, "--base-url", account.url]
    assert run_command(CATALOGUE, [*load, *where]) == code
    said = capsys.readouterr().err
    assert ("contacts.yaml is of the account 78, and the token of 77; take the" in said) is (
        code == 2
    )
    assert account.bodies == []
