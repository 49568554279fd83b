"""A server of members that tells what became of them in many forms, on a real socket, and clients for it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import Any

from package._bulk.report import UpsertReport
from package._bulk.request_body import RequestBody
from package._bulk.resource import BulkOperation, upsert, upsert_async
from package._runtime.client import AsyncClientBase, AsyncResource, SyncClient, SyncResource
from package._runtime.operation import Operation, no_content
from package._runtime.policy import Backoff
from package._runtime.roles import ErrorShape, ResultStatus, Roles

from tests.runtime.emitted_client import POLICY
from tests.servers import TOKEN, ThreadedServer

SIZE = 4
"""The most members in a request."""

_SHAPE = ErrorShape(message="why.text", code="why.code")
_ROLES = Roles("members", "email", error=_SHAPE, case_insensitive=("email",), maximum=SIZE)


@dataclass(frozen=True)
class Written:
    """What became of a member of a request.

    Attributes:
        position: Where it stands in the request.
        email: Its email.
        id: Its id.
        is_new: Whether it was not there before.
        refused: Whether it was refused.
        reference: What it is called, if it is.
    """

    position: int
    email: str
    id: int
    is_new: bool
    refused: bool
    reference: str | None = None

    @property
    def why(self) -> dict[str, Any]:
        return {"why": {"code": "BAD", "text": f"{self.email} is bad"}}


@dataclass(frozen=True)
class Form:
    """A form of answers.

    Attributes:
        roles: How the specification tells it.
        tell: Gives the body of an answer; None for none.
        status: Its status.
        is_whole: Whether one bad member spoils a request.
        tells: What it tells of those that were written: "each", "no more than that" they were, or "all" of a
            request at once.
    """

    roles: Roles
    tell: Callable[[list[Written]], Any]
    status: int = 200
    is_whole: bool = False
    tells: str = "each"


def _good(told: list[Written]) -> list[Written]:
    return [one for one in told if not one.refused]


def _bad(told: list[Written]) -> list[Written]:
    return [one for one in told if one.refused]


def _item(one: Written) -> dict[str, Any]:
    if one.refused:
        return {"code": "BAD_DATA", **one.why}
    action = "insert" if one.is_new else "update"
    return {"code": "SUCCESS", "action": action, "details": {"id": one.id}}


def _row(one: Written) -> dict[str, Any]:
    return {"id": f"m{one.id}", "email": one.email.lower(), "fresh": one.is_new}


_BY_STATUS = replace(
    _ROLES,
    results="data",
    results_by="position",
    result_status=ResultStatus("code", ("SUCCESS",)),
    created="action",
    created_values=("insert",),
    updated_values=("update",),
    result_id="details.id",
)
_ROWS = replace(_ROLES, results="rows", created="fresh", result_id="id")

FORMS = {
    "nothing": Form(_ROLES, lambda told: {"state": "fine"}, is_whole=True, tells="no more"),
    "no body": Form(_ROLES, lambda told: None, 204, is_whole=True, tells="no more"),
    "count": Form(
        replace(_ROLES, count="totals.written"),
        lambda told: {"totals": {"written": len(_good(told))}},
        tells="all",
    ),
    "count and errors by key": Form(
        replace(_ROLES, count="done", errors="faults", error=replace(_SHAPE, keys="email")),
        lambda told: {
            "done": len(_good(told)),
            "faults": [{"email": one.email.upper(), **one.why} for one in _bad(told)],
        },
        tells="no more",
    ),
    "errors by position": Form(
        replace(_ROLES, errors="faults", error=replace(_SHAPE, position="at")),
        lambda told: {
            "faults": [{"at": f"/members/{one.position}/name", **one.why} for one in _bad(told)]
        },
        tells="no more",
    ),
    "by position": Form(_BY_STATUS, lambda told: {"data": [_item(one) for one in told]}, 202),
    "by position alone": Form(
        replace(_BY_STATUS, results="$"), lambda told: [_item(one) for one in told], 207
    ),
    "null for no error": Form(
        replace(
            _ROLES,
            results="data",
            results_by="position",
            result_status=ResultStatus("why", ("null",)),
            created="new",
            result_id="id",
        ),
        lambda told: {
            "data": [
                one.why if one.refused else {"id": one.id, "new": one.is_new, "why": None}
                for one in told
            ]
        },
    ),
    "by key": Form(
        replace(_ROWS, errors="faults", error=replace(_SHAPE, position="at")),
        lambda told: {
            "rows": [_row(one) for one in _good(told)][::-1],
            "faults": [{"at": one.position, **one.why} for one in _bad(told)],
        },
    ),
    "by a key within": Form(
        replace(
            _ROWS,
            key="about.email",
            properties="about",
            results="told.rows",
            created="told.fresh",
            errors="told.faults",
            error=replace(_SHAPE, keys="about.email"),
        ),
        lambda told: {
            "told": {
                "rows": [
                    {"id": one.id, "told": {"fresh": one.is_new}, "about": {"email": one.email}}
                    for one in _good(told)
                ][::-1],
                "faults": [{"about": {"email": one.email}, **one.why} for one in _bad(told)],
            }
        },
    ),
    "by a trace id within": Form(
        replace(
            _ROWS,
            trace_id="meta.reference",
            errors="faults",
            error=replace(_SHAPE, trace_ids="references"),
        ),
        lambda told: {
            "rows": [
                {"id": one.id, "fresh": one.is_new, "meta": {"reference": one.reference}}
                for one in _good(told)
            ][::-1],
            "faults": [{"references": [one.reference], **one.why} for one in _bad(told)],
        },
    ),
    "by one of two keys": Form(
        replace(_ROWS, key="phone", alternative_keys=("email",)),
        lambda told: {"rows": [_row(one) for one in told][::-1]},
        is_whole=True,
    ),
    "by name": Form(
        replace(_ROWS, results="members", results_by="name", errors="faults"),
        lambda told: {
            "members": {one.email.upper(): _row(one) for one in _good(told)},
            "faults": {one.email: one.why for one in _bad(told)},
        },
    ),
    "one": Form(
        replace(_ROWS, inputs="$", results="$", maximum=1),
        lambda told: _row(told[0]),
        is_whole=True,
    ),
}


def member(number: int) -> dict[str, Any]:
    return {"email": f"{number}@a.org", "name": f"Name {number}"}


def members(count: int) -> list[dict[str, Any]]:
    return [member(number) for number in range(count)]


@dataclass
class MembersServer:
    """Stores members by email, and knows who came how often.

    Attributes:
        form: How it answers.
        fault: What becomes of the body of an answer; it gives None for a connection that breaks.
        faults: How many answers that happens to.
        refused: The emails that are refused.
        stored: The ids of members.
        received: The emails of each request.
    """

    form: Form
    fault: Callable[[Any], bytes | None] = lambda body: None
    faults: int = 0
    refused: set[str] = field(default_factory=set[str])
    stored: dict[str, int] = field(default_factory=dict[str, int])
    received: list[list[str]] = field(default_factory=list[list[str]])

    def __post_init__(self) -> None:
        lock, outer = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    status, told = outer._answer(body)
                    outer.faults -= 1
                    is_good = outer.faults < 0 or status >= 400
                    content = _json(told) if is_good else outer.fault(told)
                if content is None:
                    self.close_connection = True
                    return
                length = "" if status == 204 else f"Content-Length: {len(content)}\r\n"
                self.wfile.write(f"HTTP/1.1 {status} X\r\n{length}\r\n".encode() + content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def _answer(self, body: Any) -> tuple[int, Any]:
        given = body.get("members", [body])
        emails = [one.get("about", one)["email"] for one in given]
        references = [one.get("meta", {}).get("reference") for one in given]
        self.received.append(emails)
        bad = [one for one in emails if one in self.refused]
        if self.form.is_whole and bad:
            # Nothing is stored, and what is wrong is said in the same shape.
            return 422, [{"why": {"code": "BAD", "text": f"{bad[0]} is bad"}}]
        told: list[Written] = []
        for position, (email, reference) in enumerate(zip(emails, references, strict=True)):
            is_new = email not in self.stored and email not in bad
            if is_new:
                self.stored[email] = len(self.stored)
            identifier = self.stored.get(email, -1)
            told.append(Written(position, email, identifier, is_new, email in bad, reference))
        status = 200 if self.form.status == 204 and self.faults > 0 else self.form.status
        return status, self.form.tell(told)


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


class _Members(SyncResource):
    def upsert(self, bulk: BulkOperation, records: Iterable[Any]) -> UpsertReport:
        return upsert(self._connection, bulk, records)


class _AsyncMembers(AsyncResource):
    async def upsert(self, bulk: BulkOperation, records: Iterable[Any]) -> UpsertReport:
        return await upsert_async(self._connection, bulk, records)


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def members(self) -> _Members:
        return _Members(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def members(self) -> _AsyncMembers:
        return _AsyncMembers(self._connection)


def load(server: MembersServer, records: Iterable[Any], *, is_async: bool) -> UpsertReport:
    """Upsert members. A request is tried again at once."""
    form = server.form
    decoder = no_content if form.status == 204 else json.loads
    policy = replace(POLICY, backoff=Backoff(initial=0.001, multiplier=2, maximum=0.01))
    responses = {str(form.status): decoder}
    operation: Operation[Any] = Operation("members.put", "POST", "/m", responses, None, policy)
    is_one = form.roles.maximum == 1
    bulk = BulkOperation(operation, form.roles, body=RequestBody("one" if is_one else "list"))
    if not is_async:
        with Client(TOKEN, base_url=server.url) as client:
            return client.members.upsert(bulk, records)

    async def run() -> UpsertReport:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            return await client.members.upsert(bulk, records)

    return asyncio.run(run())
