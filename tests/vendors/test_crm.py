"""The CRM: results by position, refusals among them, fields that find records, tokens that are renewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.vendors.crm_service import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, CrmService
from tests.vendors.project import Project, statuses

Upsert = Callable[..., Any]


def leads(count: int, **others: Any) -> list[dict[str, Any]]:
    return [
        {"Email": f"p{number}@x.example", "Last_Name": f"Name {number}", **others}
        for number in range(count)
    ]


@pytest.fixture
def upsert(project: Callable[[str], Project], crm: CrmService, kind: str) -> Upsert:
    """Upserts leads through either kind of client."""

    def run(
        records: Iterable[Any], *, module: str = "Leads", token: Any = None, **options: Any
    ) -> Any:
        given = token or crm.token()
        return project("crm").upsert(kind, crm.url, given, records, module=module, **options)

    return run


def test_each_result_is_that_of_the_record_in_its_place(upsert: Upsert, crm: CrmService) -> None:
    assert statuses(upsert(leads(3))) == ["created"] * 3
    report = upsert([*leads(250, Company="Analytical Engines")], trigger=["workflow"])
    assert statuses(report) == ["updated"] * 3 + ["created"] * 247
    for outcome in report.outcomes:
        assert crm.stored["Leads"][outcome.id] == outcome.record
    assert [one.path for one in crm.asked] == ["/crm/v8/Leads/upsert"] * 4
    assert [*crm.triggers] == [[], *[["workflow"]] * 3]
    assert all(one.headers["authorization"].startswith("Zoho-oauthtoken ") for one in crm.asked)


@pytest.mark.parametrize("status", [200, 202, 207])
def test_refusals_stand_among_results(upsert: Upsert, crm: CrmService, status: int) -> None:
    crm.refusal_status = status
    records = leads(120)
    records[5]["Email"] = "nobody"
    records[110] = {"Email": "without@x.example"}
    report = upsert(records)
    expected = ["created"] * 120
    expected[5] = expected[110] = "rejected"
    assert statuses(report) == expected
    assert [one for n in (5, 110) for one in report.outcomes[n].problems] == [
        ("Email", "INVALID_DATA", "invalid data"),
        ("Last_Name", "MANDATORY_NOT_FOUND", "required field not found"),
    ]
    assert len(crm.asked) == 2, "nothing is sent again"
    for number in (0, 119):
        outcome = report.outcomes[number]
        assert crm.stored["Leads"][outcome.id] == outcome.record


def test_fields_that_find_records_are_keys(upsert: Upsert, crm: CrmService) -> None:
    upsert([{"Phone": "+1 555 0100", "Last_Name": "Ada"}], duplicate_check_fields=["Phone"])
    records = [
        {"Phone": "+1 555 0100", "Company": "Engines"},
        {"Email": "bob@x.example", "Last_Name": "Bob"},
        {"Phone": "+1 555 0100", "Company": "Others"},
        {"Last_Name": "Nobody"},
    ]
    report = upsert(records, duplicate_check_fields=["Phone", "Email"])
    assert statuses(report) == ["updated", "created", "rejected", "rejected"]
    assert crm.found("Leads", Phone="+1 555 0100")["Company"] == "Engines"
    assert crm.asked[-1].body["duplicate_check_fields"] == ["Phone", "Email"]


def test_the_same_address_in_other_letters_is_the_same_key(upsert: Upsert, crm: CrmService) -> None:
    report = upsert([*leads(1), {"Email": "P0@X.example", "Last_Name": "Other"}])
    assert statuses(report) == ["created", "rejected"]
    assert len(crm.asked) == 1


def test_what_the_model_of_a_record_refuses_is_not_sent(upsert: Upsert, crm: CrmService) -> None:
    wrong = [
        {"Email": "a@x.example", "Last_Name": "A", "Annual_Revenue": "much"},
        {"Email": "b@x.example", "Last_Name": "B", "Tags": ["new", 7]},
        {"Email": f"{'c' * 100}@x.example", "Last_Name": "C"},
    ]
    report = upsert([*wrong, *leads(1, Own_Field__c={"any": ["thing", 1]})])
    assert statuses(report) == ["rejected"] * 3 + ["created"]
    named = [one.property for outcome in report.outcomes[:-1] for one in outcome.problems]
    assert named == ["Annual_Revenue", "Tags.1", "Email"]
    assert crm.found("Leads", Last_Name="Name 0")["Own_Field__c"] == {"any": ["thing", 1]}


def test_a_module_that_is_not_there_stops_the_run(upsert: Upsert, crm: CrmService) -> None:
    report = upsert(leads(250), module="Leeds", concurrency=1)
    assert statuses(report) == ["not sent"] * 250
    assert "the module name given seems to be invalid" in report.stop.reason
    assert report.stop.mend == "Name a module that the account has."
    assert len(crm.asked) == 1


def test_results_of_fewer_records_leave_all_in_doubt(upsert: Upsert, crm: CrmService) -> None:
    crm.fail("short", "short", "short")
    report = upsert(leads(3))
    assert statuses(report) == ["unknown"] * 3
    assert "2 results for 3 records" in report.outcomes[0].reason


@pytest.mark.parametrize("fault", ["unavailable", "busy", "gateway", "cut", "page"])
def test_faults_lose_nothing(upsert: Upsert, crm: CrmService, fault: str) -> None:
    crm.fail(fault, None, fault)
    report = upsert(leads(250))
    assert {*statuses(report)} <= {"created", "updated", "written"}
    assert len(crm.stored["Leads"]) == 250
    assert len(crm.asked) == 5


def test_tokens_are_asked_for_and_renewed(
    project: Callable[[str], Project],
    upsert: Upsert,
    crm: CrmService,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    oauth = project("crm").module("oauth")
    source = {
        "sync": oauth.ClientCredentialsSource,
        "async": oauth.AsyncClientCredentialsSource,
    }[kind]
    crm.uses = 2
    token = source(crm.url + TOKEN_PATH, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    report = upsert(leads(500), token=token, concurrency=1)
    assert statuses(report) == ["created"] * 500
    assert crm.tokens == 3
    assert CLIENT_SECRET not in f"{token!r}{report}{caplog.text}"
    assert "1000.token" not in f"{token!r}{report}{caplog.text}"


def test_a_load_that_is_killed_goes_on_where_it_was(
    project: Callable[[str], Project], crm: CrmService, tmp_path: Path
) -> None:
    records, journal = leads(450), str(tmp_path / "load.sqlite")
    client, token = project("crm"), crm.token()
    crm.hold(after=2)
    options: dict[str, Any] = {"journal": journal, "module": "Leads"}
    load = client.start(crm.url, token, records, concurrency=1, **options)
    crm.wait_for(3)
    load.kill()
    load.communicate()
    crm.release()
    report = client.upsert("sync", crm.url, token, records, **options)
    assert {*statuses(report)} <= {"created", "updated", "written"}
    assert len(crm.stored["Leads"]) == 450
    twice = {number for number in range(450) if crm.written[f"Name {number}"] == 2}
    assert twice <= {*range(200, 300)}, "only what was under way is sent again"
    assert sum(crm.written.values()) == 450 + len(twice)
