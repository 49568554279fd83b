"""A client as emitted code makes one, with operations and a policy that the tests can rely on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, NotRequired, TypeAlias

from package import errors
from package._runtime.client import AsyncClientBase, AsyncResource, SyncClient, SyncResource
from package._runtime.models import RequestModel, ResponseModel
from package._runtime.operation import UNSET, Call, Operation, Unset, encode_body, no_content
from package._runtime.policy import Backoff, ErrorFields, ErrorPolicy, ErrorRule, RateLimitHeaders
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


class AccountMovingError(errors.StatusError):
    """An error of this API alone."""


POLICY = ErrorPolicy(
    rules=(
        ErrorRule((400, 414), errors.ValidationError),
        ErrorRule(
            (401,), errors.AuthenticationError, when=(("category", "EXPIRED"),), expired_token=True
        ),
        ErrorRule((401,), errors.AuthenticationError),
        ErrorRule((403,), errors.PermissionDeniedError),
        ErrorRule((409,), errors.ConflictError),
        ErrorRule((423,), errors.LockedError, retry=True, minimum_delay=0.1),
        ErrorRule((429,), errors.DailyLimitError, when=(("policyName", "DAILY"),)),
        ErrorRule((429,), errors.RateLimitError, retry=True, delay_header="X-Limit-Milliseconds"),
        ErrorRule((477,), AccountMovingError, retry=True),
        ErrorRule((522, 525), errors.ServerError),
        ErrorRule(("5XX",), errors.ServerError, retry=True),
    ),
    retry_transport=True,
    backoff=Backoff(initial=0.01, multiplier=2.0, maximum=0.02),
    fields=ErrorFields(
        message="message",
        category="category",
        correlation_id="correlationId",
        scopes="errors.context.scopes",
    ),
    rate_limit_headers=RateLimitHeaders(
        maximum="X-Limit-Max",
        remaining="X-Limit-Remaining",
        interval_milliseconds="X-Limit-Milliseconds",
        daily_maximum="X-Limit-Daily",
        daily_remaining="X-Limit-Daily-Remaining",
    ),
)

Upserted: TypeAlias = BatchResponse | BatchResponseWithErrors

# mypy joins the decoders' results to their common base unless the union is written down.
_BATCH_UPSERT: Operation[Upserted] = Operation(
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


def _batch_upsert(
    *, inputs: Sequence[Item | ItemDict], source_id: str | Unset = UNSET
) -> Call[Upserted]:
    return Call(
        _BATCH_UPSERT,
        content=encode_body(BatchInput, {"inputs": inputs, "source_id": source_id}),
        content_type="application/json",
    )


def _get(
    *,
    contact_id: str,
    part: str = "all",
    fields: Sequence[str] | None = None,
    archived: bool | Unset | None = UNSET,
    trace: str | None = None,
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
    def batch_upsert(self, **arguments: Any) -> Upserted:
        return self._connection.send(_batch_upsert(**arguments))

    def get(self, **arguments: Any) -> Result:
        return self._connection.send(_get(**arguments))

    def delete(self, **arguments: Any) -> None:
        return self._connection.send(_delete(**arguments))


class AsyncContacts(AsyncResource):
    async def batch_upsert(self, **arguments: Any) -> Upserted:
        return await self._connection.send(_batch_upsert(**arguments))

    async def get(self, **arguments: Any) -> Result:
        return await self._connection.send(_get(**arguments))

    async def delete(self, **arguments: Any) -> None:
        return await self._connection.send(_delete(**arguments))


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
