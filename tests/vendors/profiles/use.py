"""Code that uses the client of the marketing platform: it is checked, and never run."""

from profiles_upsert.bulk import UpsertReport
from profiles_upsert.v2025_10_15 import AsyncClient, Client

PEOPLE = [{"email": "ada@x.example", "location": {"city": "London", "latitude": 51.5}}]


def load(client: Client) -> UpsertReport:
    return client.profiles.upsert(PEOPLE, journal="load.sqlite")


async def wait(client: AsyncClient) -> UpsertReport:
    return await client.profiles.upsert(PEOPLE)


def state(client: Client) -> str:
    job = client.profiles.get_bulk_profile_import_job(job_id="job-7")
    return job.data.attributes.status


def misuse(client: Client) -> None:
    client.profiles.upsert(PEOPLE, id_property="email")  # misuse
    client.profiles.get_bulk_profile_import_job(job_id="7", revision="2025-10-15")  # misuse
    client.profiles.get_errors_for_bulk_profile_import_job(job_id=7)  # misuse
