"""Jobs: they are told of later, by an operation or a URL, at once or page by page."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.sandbox.forms.conftest import Api, Serve
from tests.sandbox.forms.test_requests import item


def begin(api: Api, *skus: str, **options: Any) -> str:
    answer = api.ask("POST", "/paged_jobs", {"items": [*map(item, skus)]}, **options)
    assert answer.status_code == 202, answer.text
    told = answer.json()["import"]
    assert told["state"] == "queued"
    return str(told["id"])


def state(api: Api, job: str) -> Any:
    return api.ask("GET", f"/paged_jobs/{job}").json()["import"]


def test_a_job_tells_by_pages_what_became_of_records(api: Api) -> None:
    job = begin(api, *(f"sku-{number}" for number in range(230)))
    assert state(api, job) == {"id": job, "state": "done"}
    pages: list[Any] = []
    path: str | None = f"/paged_jobs/{job}/results"
    while path is not None:
        page = api.ask("GET", path).json()
        pages.append(page["results"])
        path = page["next"] and page["next"].removeprefix(api.url)
    assert [len(page) for page in pages] == [100, 100, 30]
    told = [one for page in pages for one in page]
    assert {one["sku"] for one in told} == {f"sku-{number}" for number in range(230)}
    assert all(one["new"] is True and type(one["ref"]) is int for one in told)
    assert api.ask("GET", f"/paged_jobs/{job}/errors").json() == {"errors": [], "cursor": None}


def test_errors_stand_on_pages_of_their_own(api: Api) -> None:
    body = {"items": [item(f"s{number}", name="N" * 10) for number in range(101)] + [item("good")]}
    job = api.ask("POST", "/paged_jobs", body).json()["import"]["id"]
    assert [one["sku"] for one in api.records("paged_jobs")] == ["good"]
    first = api.ask("GET", f"/paged_jobs/{job}/errors").json()
    last = api.ask("GET", f"/paged_jobs/{job}/errors", params={"from": first["cursor"]}).json()
    assert (len(first["errors"]), last["cursor"]) == (100, None)
    assert [one["source"]["pointer"] for one in last["errors"]] == ["/items/100"]
    assert api.ask("GET", f"/paged_jobs/{job}/errors", params={"from": "x"}).status_code == 400


def test_a_header_may_tell_where_to_ask(api: Api) -> None:
    answer = api.ask("POST", "/linked_jobs", {"items": [item("a")]})
    assert (answer.status_code, answer.content) == (202, b"")
    where = answer.headers["Location"]
    assert httpx2.get(where, timeout=60).json() == {"state": "done", "written": 1}
    assert api.ask("GET", "/linked_jobs/jobs/1").status_code == 404
    assert httpx2.delete(where, timeout=60).status_code == 404


def test_a_job_takes_its_time(serve: Serve) -> None:
    api = serve("--job-time", "3600s")
    job = begin(api, "a")
    assert state(api, job) == {"id": job, "state": "queued"}
    assert api.ask("GET", f"/paged_jobs/{job}/results").json()["results"] == []


@pytest.mark.parametrize(
    ("fault", "then", "kept"),
    [
        ("failed-job", "failed", 0),
        ("slow-job;seconds=3600", "queued", 1),
        ("slow-job;seconds=0", "done", 1),
    ],
)
def test_faults_befall_jobs(api: Api, fault: str, then: str, kept: int) -> None:
    job = begin(api, "a", headers={"Sandbox-Fault": fault})
    assert state(api, job)["state"] == then
    assert len(api.records("paged_jobs")) == kept


def test_a_slow_job_takes_more_than_no_time(serve: Serve) -> None:
    # The clock stands still, so that none passes meanwhile.
    api = serve("--clock", "2026-03-01T12:00:00Z")
    job = begin(api, "a", headers={"Sandbox-Fault": "slow-job"})
    assert state(api, job)["state"] == "queued"


def test_a_job_may_be_lost(api: Api) -> None:
    job = begin(api, "a", headers={"Sandbox-Fault": "lost-job"})
    for path in (f"/paged_jobs/{job}", f"/paged_jobs/{job}/results"):
        answer = api.ask("GET", path)
        assert answer.status_code == 404
        assert f"There is no job '{job}'." in answer.text
    assert len(api.records("paged_jobs")) == 1


def test_other_requests_meet_no_such_fault(api: Api) -> None:
    for path, fault in (("/nothing", "slow-job"), ("/linked_jobs", "failed-job")):
        sent = {"headers": {"Sandbox-Fault": fault}}
        answer = api.ask("POST", path, {"items": [item("a")]}, **sent)
        assert answer.status_code == 400
        assert "does not fit" in answer.text


def test_a_reset_forgets_jobs(api: Api) -> None:
    job = begin(api, "a")
    api.ask("POST", "/_sandbox/reset", {})
    assert api.ask("GET", f"/paged_jobs/{job}").status_code == 404
    assert begin(api, "a") != job
