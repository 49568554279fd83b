"""What emitted code looks like. The tests use it, and type checkers prove that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, NotRequired, TypeAlias, assert_type

from package._runtime.client import AsyncClientBase, SyncClient
from package._runtime.models import RequestModel, ResponseModel
from package._runtime.operation import UNSET, Call, Operation, Unset, encode_body, no_content
from package._runtime.policy import (
    Backoff,
    ErrorFields,
    ErrorPolicy,
    ErrorRule,
    RateLimitHeaders,
)
from package._runtime.resource import AsyncResource, SyncResource
from package.errors import (
    AccountMovingError,
    AuthenticationError,
    ConflictError,
    DailyLimitError,
    LockedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from pydantic import Field
from typing_extensions import TypedDict


class Item(RequestModel):
    id: str
    id_property: Annotated[str | None, Field(alias="idProperty")] = None
    properties: dict[str, str | None]


class ItemDict(TypedDict):
    id: str
    idProperty: NotRequired[str | None]
    properties: dict[str, str | None]


class BatchInput(RequestModel):
    inputs: list[Item]
    source_id: Annotated[str | None, Field(alias="sourceId")] = None


class Result(ResponseModel):
    id: str
    new: bool | None = None


class BatchResponse(ResponseModel):
    status: str
    results: list[Result]


class BatchResponseWithErrors(BatchResponse):
    num_errors: Annotated[int, Field(alias="numErrors")]


class Error(ResponseModel):
    message: str
    category: str | None = None


POLICY = ErrorPolicy(
    rules=(
        ErrorRule((400, 414), ValidationError),
        ErrorRule((401,), AuthenticationError),
        ErrorRule((403,), PermissionDeniedError),
        ErrorRule((409,), ConflictError),
        ErrorRule((423,), LockedError, retry=True, minimum_delay=0.1),
        ErrorRule((429,), DailyLimitError, when=(("policyName", "DAILY"),)),
        ErrorRule((429,), RateLimitError, retry=True, delay_header="X-Limit-Milliseconds"),
        ErrorRule((477,), AccountMovingError, retry=True),
        ErrorRule((522, 525), ServerError),
        ErrorRule(("5XX",), ServerError, retry=True),
    ),
    retry_transport=True,
    backoff=Backoff(initial=0.01, multiplier=2.0, maximum=0.02),
    fields=ErrorFields(message="message", category="category", correlation_id="correlationId"),
    rate_limit_headers=RateLimitHeaders(
        maximum="X-Limit-Max",
        remaining="X-Limit-Remaining",
        interval_milliseconds="X-Limit-Milliseconds",
        daily_maximum="X-Limit-Daily",
        daily_remaining="X-Limit-Daily-Remaining",
    ),
)

# mypy joins the decoders' results to their common base unless the union is written down.
_BATCH_UPSERT: Operation[BatchResponse | BatchResponseWithErrors] = Operation(
    name="contacts.batch_upsert",
    method="POST",
    path="/contacts/batch/upsert",
    responses={
        "200": BatchResponse.model_validate_json,
        "207": BatchResponseWithErrors.model_validate_json,
    },
    error=Error.model_validate_json,
    policy=POLICY,
)
_GET: Operation[Result] = Operation(
    name="contacts.get",
    method="GET",
    path="/contacts/{contactId}/parts/{part}",
    responses={"2XX": Result.model_validate_json},
    error=None,
    policy=POLICY,
)
_DELETE: Operation[None] = Operation(
    name="contacts.delete",
    method="DELETE",
    path="/contacts/{contactId}",
    responses={"204": no_content},
    error=None,
    policy=POLICY,
)

Upserted: TypeAlias = BatchResponse | BatchResponseWithErrors


def _batch_upsert(
    *, inputs: Sequence[Item | ItemDict], source_id: str | None = None
) -> Call[BatchResponse | BatchResponseWithErrors]:
    return Call(
        _BATCH_UPSERT,
        content=encode_body(BatchInput, {"inputs": inputs, "source_id": source_id}),
        content_type="application/json",
    )


def _get(
    *,
    contact_id: str,
    part: str,
    fields: Sequence[str] | None,
    archived: bool | Unset | None,
    trace: str | None,
) -> Call[Result]:
    return Call(
        _GET,
        path_arguments={"contactId": contact_id, "part": part},
        query={"fields": fields, "archived": archived},
        headers={"X-Trace": trace},
    )


def _delete(*, contact_id: str) -> Call[None]:
    return Call(_DELETE, path_arguments={"contactId": contact_id})


class Contacts(SyncResource):
    def batch_upsert(
        self, *, inputs: Sequence[Item | ItemDict], source_id: str | None = None
    ) -> BatchResponse | BatchResponseWithErrors:
        return self._connection.send(_batch_upsert(inputs=inputs, source_id=source_id))

    def get(
        self,
        *,
        contact_id: str,
        part: str = "all",
        fields: Sequence[str] | None = None,
        archived: bool | Unset | None = UNSET,
        trace: str | None = None,
    ) -> Result:
        return self._connection.send(
            _get(contact_id=contact_id, part=part, fields=fields, archived=archived, trace=trace)
        )

    def delete(self, *, contact_id: str) -> None:
        return self._connection.send(_delete(contact_id=contact_id))


class AsyncContacts(AsyncResource):
    async def batch_upsert(
        self, *, inputs: Sequence[Item | ItemDict], source_id: str | None = None
    ) -> BatchResponse | BatchResponseWithErrors:
        return await self._connection.send(_batch_upsert(inputs=inputs, source_id=source_id))

    async def get(
        self,
        *,
        contact_id: str,
        part: str = "all",
        fields: Sequence[str] | None = None,
        archived: bool | Unset | None = UNSET,
        trace: str | None = None,
    ) -> Result:
        return await self._connection.send(
            _get(contact_id=contact_id, part=part, fields=fields, archived=archived, trace=trace)
        )

    async def delete(self, *, contact_id: str) -> None:
        return await self._connection.send(_delete(contact_id=contact_id))


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "emitted-client/1.0"

    @cached_property
    def contacts(self) -> Contacts:
        return Contacts(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "emitted-client/1.0"

    @cached_property
    def contacts(self) -> AsyncContacts:
        return AsyncContacts(self._connection)


def consumer(client: Client) -> None:
    """What type checkers must make of calls; never run."""
    inputs: list[Item] = [Item(id="1", properties={})]
    assert_type(
        client.contacts.batch_upsert(inputs=inputs), BatchResponse | BatchResponseWithErrors
    )
    client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {"a": None}}])
    assert_type(client.contacts.get(contact_id="1"), Result)
    assert_type(client.with_options(time_budget=None, timeout=3), Client)


async def async_consumer(client: AsyncClient) -> None:
    """What type checkers must make of awaited calls; never run."""
    answer = await client.contacts.batch_upsert(inputs=[Item(id="1", properties={})])
    assert_type(answer, BatchResponse | BatchResponseWithErrors)
    assert_type(client.with_options(timeout=None), AsyncClient)
