"""A server that writes people in jobs, on a real socket, and clients for it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from package._bulk.jobs import JobOperations
from package._bulk.report import UpsertReport
from package._bulk.resource import BulkOperation, upsert, upsert_async
from package._runtime.client import AsyncClientBase, AsyncResource, SyncClient, SyncResource
from package._runtime.operation import Operation, Parameter
from package._runtime.roles import ErrorShape, Job, ResultPages, Roles

from tests.runtime.emitted_client import POLICY
from tests.servers import PATIENCE, TOKEN, ThreadedServer

SIZE = 4
"""The most people in a request."""

PAGE = 3
"""How many items a page lists."""


def _operation(name: str, method: str, path: str, *parameters: Parameter) -> Operation[Any]:
    return Operation(name, method, path, {"2XX": json.loads}, None, POLICY, parameters)


_ID = Parameter("job_id", "path", "job_id", str, required=True)
_CURSOR = Parameter("cursor", "query", "cursor", str)
OPERATIONS = JobOperations(
    _operation("jobs.get", "GET", "/jobs/{job_id}", _ID),
    _operation("jobs.rows", "GET", "/jobs/{job_id}/rows", _ID, _CURSOR),
    _operation("jobs.faults", "GET", "/faults", replace(_ID, location="query", name="job")),
)
_ACCOUNT = Parameter("account", "path", "account", str, required=True)
OF_ACCOUNT = JobOperations(
    _operation("jobs.get", "GET", "/accounts/{account}/jobs/{job_id}", _ACCOUNT, _ID)
)
JOB = Job(
    status="job.state",
    complete=("done",),
    running=("queued", "working"),
    failed=("failed",),
    operation="get_job",
    id="job.id",
    interval=0.01,
)
PAGED = replace(
    JOB,
    result_pages=ResultPages("list_rows", "rows", "next", "cursor"),
    error_pages=ResultPages("list_faults", "faults", "links.next"),
)
BY_URL = replace(JOB, operation=None, id=None, url="job.url")
BY_HEADER = replace(JOB, operation=None, id=None, url_header="Location")
SHAPE = ErrorShape(message="message", code="code", trace_ids="references")
ROLES = Roles(
    inputs="people",
    key="email",
    results="job.rows",
    errors="job.faults",
    created="new",
    result_id="id",
    trace_id="reference",
    case_insensitive=("email",),
    maximum=SIZE,
    error=SHAPE,
    job=JOB,
)
_IMPORT = _operation("people.import", "POST", "/people/import")
_IMPORT_OF_ACCOUNT = _operation("people.import", "POST", "/accounts/{account}/people", _ACCOUNT)


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"email": f"{number}@a.org", **more}


def people(count: int) -> list[dict[str, Any]]:
    return [person(number) for number in range(count)]


@dataclass
class _Job:
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: int = 0


@dataclass
class Fault:
    """What is answered in place of the truth.

    Attributes:
        status: The status; None for none, and a connection that breaks.
        content: The body.
        headers: Headers besides the usual ones.
    """

    status: int | None
    content: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict[str, str])


class JobsServer:
    """Writes people when their job has been asked about a few times, and knows who came how often.

    Attributes:
        turns: How many answers about a job say that it goes on.
        received: The emails of each request that brought people.
        targets: The method and target of each request.
        faults: What is answered to the next requests that ask; None for the truth.
        on_request: Called with each method and target, before it is answered.
        refused: The emails that jobs refuse.
        elsewhere: What stands before the URLs of jobs.
        posted: What is answered to the next request that brings people, whose job begins all the same.
    """

    def __init__(self) -> None:
        self.turns = 2
        self.received: list[list[str]] = []
        self.targets: list[str] = []
        self.faults: list[Fault | None] = []
        self.on_request: Callable[[str], None] = lambda target: None
        self.refused: set[str] = set()
        self.elsewhere = ""
        self.posted: Fault | None = None
        self.stored: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, _Job] = {}
        self.tokens: set[str | None] = set()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_GET(self) -> None:
                self._answer(None)

            def _answer(self, body: Any) -> None:
                target = f"{self.command} {self.path}"
                outer.tokens.add(self.headers["Authorization"])
                outer.on_request(target)
                with outer._lock:
                    outer.targets.append(target)
                    given = outer._begin(body) if body is not None else outer._tell(self.path)
                if given.status is None:
                    self.close_connection = True
                    return
                headers = {"Content-Length": str(len(given.content)), **given.headers}
                more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = f"HTTP/1.1 {given.status} X\r\n{more}\r\n"
                self.wfile.write(head.encode() + given.content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    @property
    def questions(self) -> list[str]:
        """The targets of the requests that asked."""
        return [one.removeprefix("GET ") for one in self.targets if one.startswith("GET ")]

    def close(self) -> None:
        self._server.close()

    def _begin(self, body: Any) -> Fault:
        people = body["people"]
        self.received.append([one["email"] for one in people])
        job, name = _Job(), str(len(self.jobs) + 1)
        self.jobs[name] = job
        for one in reversed(people):
            email = one["email"].lower()
            if email in self.refused:
                fault = {"message": f"{email} is refused", "code": "REFUSED"}
                job.faults.append({**fault, "references": [one["reference"]]})
                continue
            is_new = email not in self.stored
            known = self.stored.setdefault(email, {"id": f"p{len(self.stored)}"})
            known.update({key: value for key, value in one.items() if key != "reference"})
            row = {"id": known["id"], "new": is_new, "reference": one["reference"]}
            job.rows.append({**row, "email": email})
        url = f"{self.elsewhere}/jobs/{name}"
        told = Fault(202, json.dumps({"job": {"id": name, "url": url}}).encode())
        posted, self.posted = self.posted, None
        return replace(posted or told, headers={"Location": url})

    def _tell(self, target: str) -> Fault:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return fault
        url = urlsplit(target)
        query = parse_qs(url.query)
        parts = url.path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "accounts" else parts
        if parts[0] == "faults":
            faults = self.jobs[query["job"][0]].faults
            start = int(query.get("from", ["0"])[0])
            following = f"/faults?job={query['job'][0]}&from={start + PAGE}"
            link = following if start + PAGE < len(faults) else None
            return _json({"faults": faults[start : start + PAGE], "links": {"next": link}})
        job = self.jobs[parts[1]]
        if parts[2:] == ["rows"]:
            start = int(query.get("cursor", ["0"])[0])
            cursor = str(start + PAGE) if start + PAGE < len(job.rows) else None
            return _json({"rows": job.rows[start : start + PAGE], "next": cursor})
        job.asked += 1
        if job.asked <= self.turns:
            return _json({"job": {"state": "working"}})
        return _json({"job": {"state": "done", "rows": job.rows, "faults": job.faults}})


def _json(body: object) -> Fault:
    return Fault(200, json.dumps(body).encode())


def state(word: str, **more: Any) -> Fault:
    """An answer that says how far a job is."""
    return _json({"job": {"state": word, **more}})


class _People(SyncResource):
    def upsert(self, bulk: BulkOperation, records: Iterable[Any], **options: Any) -> UpsertReport:
        return upsert(self._connection, bulk, records, **options)


class _AsyncPeople(AsyncResource):
    async def upsert(
        self, bulk: BulkOperation, records: Iterable[Any], **options: Any
    ) -> UpsertReport:
        return await upsert_async(self._connection, bulk, records, **options)


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def people(self) -> _People:
        return _People(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def people(self) -> _AsyncPeople:
        return _AsyncPeople(self._connection)


def load(
    url: str,
    records: Iterable[Any],
    job: Job = JOB,
    *,
    is_async: bool = False,
    roles: Roles = ROLES,
    patience: float = PATIENCE,
    account: str | None = None,
    **options: Any,
) -> UpsertReport:
    """Upsert people, perhaps of an account."""
    bulk = BulkOperation(_IMPORT, replace(roles, job=job), jobs=OPERATIONS)
    if job.operation is None:
        bulk = replace(bulk, jobs=None)
    if account is not None:
        bulk = replace(bulk, operation=_IMPORT_OF_ACCOUNT, jobs=OF_ACCOUNT)
        options["path_arguments"] = {"account": account}
    if not is_async:
        with Client(TOKEN, base_url=url, time_budget=patience) as client:
            return client.people.upsert(bulk, records, **options)

    async def run() -> UpsertReport:
        async with AsyncClient(TOKEN, base_url=url, time_budget=patience) as client:
            return await client.people.upsert(bulk, records, **options)

    return asyncio.run(run())
