"""The marketing platform: a job writes the records, is asked about, and lists what it refused on pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.vendors.profiles_service import KEY, MEDIA_TYPE, REVISION, ProfilesService
from tests.vendors.project import Project, statuses

Upsert = Callable[..., Any]
_JOBS = "/api/profile-bulk-import-jobs"


def people(count: int, **others: Any) -> list[dict[str, Any]]:
    return [
        {"email": f"p{number}@x.example", "first_name": f"Name {number}", **others}
        for number in range(count)
    ]


@pytest.fixture
def upsert(project: Callable[[str], Project], profiles: ProfilesService, kind: str) -> Upsert:
    """Upserts profiles through either kind of client."""

    def run(records: Iterable[Any], *, token: Any = KEY, **options: Any) -> Any:
        return project("profiles").upsert(kind, profiles.url, token, records, **options)

    return run


def test_a_job_is_asked_about_until_it_wrote_the_records(
    upsert: Upsert, profiles: ProfilesService
) -> None:
    report = upsert(people(3, location={"city": "London"}))
    assert statuses(report) == ["written"] * 3
    assert [f"{one.method} {one.path}" for one in profiles.asked] == [
        f"POST {_JOBS}",
        *[f"GET {_JOBS}/job-0"] * 3,
        f"GET {_JOBS}/job-0/import-errors",
    ]
    for one in profiles.asked:
        assert one.headers["authorization"] == f"Klaviyo-API-Key {KEY}"
        assert one.headers["revision"] == REVISION
    assert profiles.asked[0].headers["content-type"] == MEDIA_TYPE
    profile = {"email": "p0@x.example", "first_name": "Name 0", "location": {"city": "London"}}
    sent = profiles.asked[0].body["data"]
    assert sent["type"] == "profile-bulk-import-job"
    assert sent["attributes"]["profiles"]["data"][0] == {"type": "profile", "attributes": profile}


def test_what_a_job_refused_is_found_on_its_pages(
    upsert: Upsert, profiles: ProfilesService
) -> None:
    records = people(60)
    wrong = {*range(3, 60, 2)}
    for number in wrong:
        records[number]["email"] = f"p{number}"
    report = upsert(records)
    assert statuses(report) == [
        "rejected" if number in wrong else "written" for number in range(60)
    ]
    (problem,) = report.outcomes[3].problems
    assert (problem.code, problem.message) == ("invalid_email", "p3 is no email address")
    pages = [one for one in profiles.asked if one.path.endswith("/import-errors")]
    assert len(pages) == 2


def test_the_first_key_that_a_record_has_finds_it(
    upsert: Upsert, profiles: ProfilesService
) -> None:
    records = [
        {"email": "ada@x.example", "external_id": "7"},
        {"phone_number": "+15550100", "external_id": "8"},
        {"external_id": "7", "first_name": "Grace"},
        {"external_id": "7", "first_name": "Other"},
        {"first_name": "Nobody"},
    ]
    report = upsert(records)
    assert statuses(report) == ["written", "written", "written", "rejected", "rejected"]
    assert {*profiles.stored} == {
        ("email", "ada@x.example"),
        ("phone_number", "+15550100"),
        ("external_id", "7"),
    }


def test_what_the_model_of_a_profile_refuses_is_not_sent(
    upsert: Upsert, profiles: ProfilesService
) -> None:
    wrong = people(2)
    wrong[0]["location"] = {"latitude": "north"}
    wrong[1]["first_nam"] = "Ada"
    report = upsert([*wrong, {"email": "b@x.example", "properties": {"any": ["thing"]}}])
    assert statuses(report) == ["rejected", "rejected", "written"]
    named = [one.property for outcome in report.outcomes for one in outcome.problems]
    assert named == ["location.latitude", "first_nam"]


@pytest.mark.parametrize("fate", ["cancelled", "lost", "slow"])
def test_records_of_a_job_that_does_not_complete_are_in_doubt(
    upsert: Upsert, profiles: ProfilesService, fate: str
) -> None:
    profiles.fates = [fate]
    report = upsert(people(3))
    assert statuses(report) == ["unknown"] * 3
    assert "job-0" in report.outcomes[0].reason
    assert len(profiles.sent("POST")) == 1


@pytest.mark.parametrize("fault", ["unavailable", "busy", "cut", "page"])
@pytest.mark.parametrize("before", range(4))
def test_faults_while_a_job_is_asked_about_lose_nothing(
    upsert: Upsert, profiles: ProfilesService, fault: str, before: int
) -> None:
    profiles.fail(*[None] * before, fault, method="GET")
    records = people(30)
    records[4]["email"] = "nobody"
    report = upsert(records)
    assert statuses(report) == ["written"] * 4 + ["rejected"] + ["written"] * 25
    assert len(profiles.jobs) == 1


def test_records_that_were_accepted_without_a_job_are_in_doubt(
    upsert: Upsert, profiles: ProfilesService
) -> None:
    profiles.fail("page")
    report = upsert(people(3))
    assert statuses(report) == ["unknown"] * 3
    assert "look the records up" in report.outcomes[0].reason


@pytest.mark.parametrize("fault", ["unavailable", "busy", "gateway", "cut"])
def test_faults_lose_nothing(upsert: Upsert, profiles: ProfilesService, fault: str) -> None:
    profiles.fail(fault)
    assert statuses(upsert(people(30))) == ["written"] * 30
    assert len(profiles.stored) == 30


@pytest.mark.parametrize("asked", range(5))
def test_a_load_that_is_killed_asks_about_the_job_and_sends_nothing_twice(
    project: Callable[[str], Project], profiles: ProfilesService, tmp_path: Path, asked: int
) -> None:
    records, journal = people(30), str(tmp_path / "load.sqlite")
    records[4]["email"] = "nobody"
    client = project("profiles")
    method = "GET" if asked else "POST"
    profiles.hold(after=max(asked - 1, 0), method=method)
    load = client.start(profiles.url, KEY, records, journal=journal)
    profiles.wait_for(max(asked, 1), method)
    load.kill()
    load.communicate()
    profiles.release()
    report = client.upsert("sync", profiles.url, KEY, records, journal=journal)
    # If the load was killed before it knew of the job, another one has to write the records, and what that
    # refuses the first one may have stored.
    refused = "rejected" if asked else "unknown"
    assert statuses(report) == ["written"] * 4 + [refused] + ["written"] * 25
    assert [one.code for one in report.outcomes[4].problems] == ["invalid_email"]
    assert len(profiles.stored) == 29
    assert len(profiles.jobs) == (1 if asked else 2)
