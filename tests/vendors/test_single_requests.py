"""What one request of each vendor's API answers, typed, and how its errors are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import Caller
from tests.vendors import profiles_service, vectors_service
from tests.vendors.crm_service import CrmService
from tests.vendors.profiles_service import ProfilesService
from tests.vendors.project import Project
from tests.vendors.test_vectors import vectors_of
from tests.vendors.vectors_service import VectorsService


def caller(project: Project, kind: str) -> Caller:
    return Caller(kind, project.version.Client, project.version.AsyncClient)


def test_vectors(project: Callable[[str], Project], vectors: VectorsService, kind: str) -> None:
    client = caller(project("vectors"), kind)

    def upsert(token: str, records: list[Any]) -> Any:
        return client.call(
            lambda client: client.vectors.upsert_vectors(vectors=records, namespace="books"),
            token=token,
            base_url=vectors.url,
        )

    assert upsert(vectors_service.KEY, vectors_of(2)).upserted_count == 2
    errors = project("vectors").module("errors")
    with pytest.raises(errors.ValidationError, match="does not match the dimension") as refused:
        upsert(vectors_service.KEY, [{"id": "v", "values": [1.0]}])
    assert refused.value.status == 400
    with pytest.raises(errors.AuthenticationError, match="Invalid API Key"):
        upsert("another", vectors_of(1))


def test_records(project: Callable[[str], Project], crm: CrmService, kind: str) -> None:
    token = crm.token()

    def upsert(module: str) -> Any:
        return caller(project("crm"), kind).call(
            lambda client: client.records.upsert_records(
                module=module, data=[{"Email": "ada@x.example", "Last_Name": "L"}, {"Email": "b"}]
            ),
            token=token,
            base_url=crm.url,
        )

    done, refused = upsert("Leads").data
    assert (done.action, done.details.id in crm.stored["Leads"]) == ("insert", True)
    assert (refused.code, refused.details.api_name) == ("INVALID_DATA", "Email")
    with pytest.raises(project("crm").module("errors").ValidationError) as error:
        upsert("Leeds")
    assert error.value.category == "INVALID_MODULE"


def test_profiles(project: Callable[[str], Project], profiles: ProfilesService, kind: str) -> None:
    def call(action: Callable[[Any], Any], token: str = profiles_service.KEY) -> Any:
        client = caller(project("profiles"), kind)
        return client.call(
            lambda client: action(client.profiles), token=token, base_url=profiles.url
        )

    people = {"attributes": {"profiles": {"data": [{"attributes": {"email": "ada@x.example"}}]}}}
    job = call(lambda them: them.spawn_bulk_profile_import_job(data=people)).data
    assert (job.id, job.attributes.status, job.attributes.total_count) == ("job-0", "queued", 1)
    listed = call(lambda them: them.get_errors_for_bulk_profile_import_job(job_id="job-0"))
    assert (listed.data, listed.links.next) == ([], None)
    errors = project("profiles").module("errors")
    with pytest.raises(errors.StatusError, match="A job with this id does not exist") as missing:
        call(lambda them: them.get_bulk_profile_import_job(job_id="job-7"))
    assert (missing.value.status, missing.value.category) == (404, "not_found")
    with pytest.raises(errors.AuthenticationError, match="Missing or invalid private key"):
        call(lambda them: them.get_bulk_profile_import_job(job_id="job-0"), "another")
