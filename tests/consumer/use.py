"""A consumer of the generated package, as type checkers see one. It is checked, and never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, assert_type

import httpx2
import hubspot_upsert
from hubspot_upsert import (
    ApiError,
    DailyLimitError,
    DecodingError,
    RateLimit,
    RateLimitError,
    StatusError,
    TransportError,
    ValidationError,
)
from hubspot_upsert.bulk import AsyncOutcomeStream, OutcomeStream, UpsertReport
from hubspot_upsert.v3 import Client as ClientV3
from hubspot_upsert.v3.models import (
    BatchResponseSimplePublicUpsertObject,
    Error,
    ErrorDetail,
    SimplePublicObjectBatchInputUpsert,
    StandardError,
)
from hubspot_upsert.v2025_09 import AsyncClient, Client
from hubspot_upsert.v2025_09 import models as models_2025_09
from hubspot_upsert.v2025_09.contacts import AsyncContacts, Contacts
from hubspot_upsert.v2025_09.typed_dicts import SimplePublicObjectBatchInputUpsertDict
from hubspot_upsert.v2026_03 import Client as Client2026
from hubspot_upsert.v2026_03 import models as models_2026_03


def read_token() -> str:
    return "token"


async def fetch_token() -> str:
    return "token"


def rows(lines: Sequence[tuple[str, str]]) -> Iterator[SimplePublicObjectBatchInputUpsertDict]:
    for number, (email, name) in enumerate(lines):
        yield {
            "id": email,
            "idProperty": "email",
            "objectWriteTraceId": str(number),
            "properties": {"firstname": name, "lastname": None},
        }


def upsert_plain(client: ClientV3) -> list[str]:
    response = client.contacts.batch_upsert(
        inputs=[{"id": "ada@example.com", "idProperty": "email", "properties": {"firstname": None}}]
    )
    assert_type(response, BatchResponseSimplePublicUpsertObject)
    assert_type(response.errors, list[StandardError] | None)
    for error in response.errors or []:
        assert_type(error.category, str | None)
        assert_type(error.context, dict[str, Any] | None)
        for detail in error.errors or []:
            assert_type(detail, ErrorDetail)
            assert_type(detail.in_, str | None)
    return [result.id for result in response.results if result.new]


def upsert_in_batches(client: Client, lines: Sequence[tuple[str, str]]) -> dict[str, bool]:
    """Write any number of records, a hundred in each request, and tell which were created."""
    created: dict[str, bool] = {}
    for start in range(0, len(lines), 100):
        inputs = list(rows(lines[start : start + 100]))
        response = client.contacts.batch_upsert(inputs=inputs)
        for result in response.results:
            assert_type(result.created_at, datetime | None)
            assert_type(result.properties, dict[str, str | None])
            if result.object_write_trace_id is not None:
                created[result.object_write_trace_id] = result.new or False
    return created


def upsert_models(client: Client) -> str:
    one = SimplePublicObjectBatchInputUpsert(id="1", properties={})
    other = models_2025_09.SimplePublicObjectBatchInputUpsert(
        id="2", id_property="my_key", object_write_trace_id="2", properties={"a": "b", "c": None}
    )
    response = client.tasks.batch_upsert(inputs=(one, other))
    assert_type(response, models_2025_09.BatchResponseSimplePublicUpsertObject)
    assert_type(
        response.status, Literal["CANCELED", "COMPLETE", "PENDING", "PROCESSING"] | str | None
    )
    return response.status or "unknown"


def upsert_mixed(client: Client2026, inputs: list[SimplePublicObjectBatchInputUpsertDict]) -> None:
    response = client.objects.batch_upsert(object_type="2-123456", inputs=inputs)
    assert_type(response, models_2026_03.BatchResponseSimplePublicUpsertObject)
    splits = client.deal_splits.batch_upsert(
        inputs=[{"id": 1, "splits": [{"ownerId": 2, "percentage": 50.0}]}]
    )
    assert_type(splits.results[0].splits[0].id, str)
    flags = client.public_app_feature_flags_v3.batch_upsert(
        app_id=1, flag_name="beta", portal_states=[{"portalId": 1, "flagState": "ON"}]
    )
    assert_type(flags.portal_flag_states[0].portal_id, int)


def upsert_with_any_version(client: ClientV3 | Client | Client2026) -> int:
    """Names and parameters do not change between versions."""
    response = client.companies.batch_upsert(inputs=[{"id": "1", "properties": {"name": "Acme"}}])
    return len(response.results) + (response.num_errors or 0)


def upsert_by_resource(contacts: Contacts, later: AsyncContacts) -> None:
    assert_type(contacts.batch_upsert(inputs=[]).results[0].new, bool | None)
    pending: Awaitable[models_2025_09.BatchResponseSimplePublicUpsertObject]
    pending = later.batch_upsert(inputs=[])
    print(pending)


def upsert_any_number(client: Client2026, records: Iterator[dict[str, str]]) -> None:
    contacts, objects, splits = client.contacts, client.objects, client.deal_splits
    assert_type(contacts.upsert(records, id_property="email", dry_run=True), UpsertReport)
    assert_type(contacts.iter_upsert(records, id_property="email"), OutcomeStream)
    assert_type(
        objects.upsert(records, id_property="sku", object_type="2-1", concurrency=2), UpsertReport
    )
    assert_type(splits.upsert([{"id": 1, "splits": []}], duplicates="last"), UpsertReport)


async def upsert_any_number_later(
    client: AsyncClient, records: AsyncIterator[dict[str, str]]
) -> None:
    assert_type(await client.contacts.upsert(records, id_property="email"), UpsertReport)
    stream = client.contacts.iter_upsert(records, id_property="email", time_budget=60)
    assert_type(stream, AsyncOutcomeStream)


async def upsert_later() -> None:
    async with AsyncClient(fetch_token, time_budget=5.0) as client:
        first, second = await asyncio.gather(
            client.companies.batch_upsert(inputs=[]),
            client.with_options(timeout=3, time_budget=None).contacts.batch_upsert(inputs=[]),
        )
        assert_type(first, models_2025_09.BatchResponseSimplePublicUpsertObject)
        assert_type(second, models_2025_09.BatchResponseSimplePublicUpsertObject)


def with_everything(read: Callable[[], str]) -> Client2026:
    return Client2026(
        read,
        base_url="https://api.example.com",
        timeout=httpx2.Timeout(10.0, connect=1.0),
        limits=httpx2.Limits(max_connections=5),
        transport=httpx2.HTTPTransport(),
        time_budget=None,
        allow_plain_http=False,
    )


def report(error: ApiError) -> str:
    match error:
        case DailyLimitError():
            return "nothing more today"
        case RateLimitError(retry_after=float(seconds)):
            return f"again in {seconds} s"
        case ValidationError() if isinstance(error.body, Error):
            assert_type(error.body.errors, list[ErrorDetail] | None)
            return error.body.message or error.message
        case TransportError() | DecodingError():
            return "it may have been written"
        case StatusError():
            assert_type(error.status, int | None)
            return error.category or "unknown"
        case _:
            assert_type(error.rate_limit, RateLimit | None)
            assert_type(error.correlation_id, str | None)
            assert_type(error.attempts, int)
            return error.text or ""


def main() -> None:
    with Client(read_token, base_url="http://127.0.0.1:1", timeout=3) as client:
        assert_type(client, Client)
        assert_type(client.with_options(time_budget=5), Client)
        try:
            upsert_models(client)
        except ApiError as error:
            print(report(error))
    asyncio.run(upsert_later())
    print(hubspot_upsert.__version__)
