"""Code that uses the client of the CRM: it is checked, and never run."""

from crm_upsert.bulk import UpsertReport
from crm_upsert.oauth import AsyncClientCredentialsSource, ClientCredentialsSource
from crm_upsert.v8 import AsyncClient, Client

LEADS = [{"Email": "ada@x.example", "Last_Name": "Lovelace", "Annual_Revenue": 1.5}]
URL = "https://accounts.crm.example.com/oauth/v2/token"


def load(secret: str) -> UpsertReport:
    with Client(ClientCredentialsSource(URL, client_id="1000.A", client_secret=secret)) as client:
        return client.records.upsert(
            LEADS, module="Leads", duplicate_check_fields=["Email"], trigger=["workflow"]
        )


async def wait(secret: str) -> UpsertReport:
    source = AsyncClientCredentialsSource(URL, client_id="1000.A", client_secret=secret)
    async with AsyncClient(source) as client:
        return await client.records.upsert(LEADS, module="Leads")


def one_request(client: Client) -> list[str | None]:
    answer = client.records.upsert_records(module="Leads", data=[{"Email": "ada@x.example"}])
    return [one.details.id if one.details else None for one in answer.data]


def misuse(client: Client) -> None:
    client.records.upsert(LEADS)  # misuse
    client.records.upsert(LEADS, module="Leads", trigger=[7])  # misuse
    client.records.upsert(LEADS, module="Leads", duplicate_check_fields=["Email", None])  # misuse
