"""What tests ask of the sandbox itself, below `/_sandbox`: records, faults, locks, a fresh start."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .._properties.declarations import PropertiesError, as_json, properties_from_json
from .account import Account, record_json
from .answers import json_bytes
from .body import BodyTooLargeError, read_body, why_unreadable
from .database import LARGEST_ID
from .errors import BusyError, NotFoundError, SandboxError, StoreError, brief, hint
from .guard import Refusal
from .request_log import token_id
from .seeding import seed
from .store import Snapshot
from .worker import Worker

T = TypeVar("T")

_USUAL_PAGE = 100
_LARGEST_PAGE = 1000
_MOST_TIMES = 1_000_000
_LONGEST_LOCK = 24 * 3600
_LONGEST_PATH = 200
_KEPT_SNAPSHOTS = 10
_PREFIX = "/_sandbox/"
_PATIENCE_SECONDS = 0.5
_STATUSES: Mapping[type[Exception], int] = {
    NotFoundError: 404,
    BodyTooLargeError: 413,
    BusyError: 503,
    StoreError: 500,
}
_PATHS = "objects faults lock properties/{type} requests reset restore seed/{type} snapshots state".split()


class Administration:
    """Answers the requests that are for the sandbox itself, and look at or change an account."""

    def __init__(self, account: Account, worker: Worker) -> None:
        self._account = account
        self._worker = worker
        self._last_objects: list[dict[str, Any]] = []
        self._snapshots: dict[int, Snapshot] = {}
        self._snapshot_numbers = itertools.count(1)

    def routes(self) -> list[Route]:
        """Return the routes, from the most special to the most general."""
        return [
            Route("/objects", self._objects),
            Route("/objects/{type}", self._list),
            Route("/objects/{type}/count", self._count),
            Route("/objects/{type}/{id:path}", self._record),
            Route("/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/faults/kinds", self._fault_kinds),
            Route("/lock", self._lock, methods=["POST"]),
            Route("/properties/{type}", self._properties, methods=["GET", "PUT"]),
            Route("/requests", self._requests),
            Route("/requests/{number}", self._request),
            Route("/reset", self._reset, methods=["POST"]),
            Route("/restore", self._restore, methods=["POST"]),
            Route("/seed/{type}", self._seed, methods=["POST"]),
            Route("/snapshots", self._snapshot, methods=["POST"]),
            Route("/state", self._state),
        ]

    async def _objects(self, request: Request) -> Response:
        _parameters(request)
        return _json(await self._read(self._all_json))

    async def _list(self, request: Request) -> Response:
        given = _parameters(request, "after", "limit", "search")
        after = _whole_number(given.get("after", "0"), "after", 0, LARGEST_ID)
        limit = _whole_number(given.get("limit", str(_USUAL_PAGE)), "limit", 1, _LARGEST_PAGE)
        asked = request.path_params["type"]
        # One more than asked for tells whether there is a next page.
        search, account = given.get("search", ""), self._account
        records = await self._read(
            lambda: account.records(account.known_type(asked), search, after, limit + 1)
        )
        shown = records[:limit]
        return _json(
            {
                "results": [record_json(one) for one in shown],
                "after": str(shown[-1].id) if len(records) > limit else None,
            }
        )

    async def _count(self, request: Request) -> Response:
        if "id_property" in request.query_params:
            # A key may be called anything.
            request.path_params["id"] = "count"
            return await self._record(request)
        _parameters(request)
        return _json(await self._read(partial(self._count_json, request.path_params["type"])))

    async def _record(self, request: Request) -> Response:
        given = _parameters(request, "id_property")
        asked, key = request.path_params["type"], request.path_params["id"]
        record = partial(self._account.record, asked, key, given.get("id_property"))
        return _json(record_json(await self._read(record)))

    async def _faults(self, request: Request) -> Response:
        _parameters(request)
        status = 200
        if request.method == "POST":
            await self._add_fault(request)
            status = 201
        elif request.method == "DELETE":
            self._account.faults.clear()
        return _json({"pending": self._pending_json()}, status)

    async def _fault_kinds(self, request: Request) -> Response:
        _parameters(request)
        known = self._account
        return _json({"kinds": known.fault_kinds(), "resources": known.resources()})

    async def _add_fault(self, request: Request) -> None:
        fields = await _object(request, ("fault", "resource", "times"))
        fault = _field(fields, "fault", str, "a text such as 'server;status=503'")
        times = _field(fields, "times", int, "a whole number")
        resource = _field(fields, "resource", str, "an object type")
        if fault is None:
            raise SandboxError(
                "the field 'fault' is missing; expected one such as 'server;status=503'"
            )
        if times is not None and not 1 <= times <= _MOST_TIMES:
            raise SandboxError(
                f"times must be a whole number from 1 to {_MOST_TIMES}; got {brief(times)}"
            )
        self._account.add_fault(fault, 1 if times is None else times, resource)

    async def _lock(self, request: Request) -> Response:
        _parameters(request)
        fields = await _object(request, ("seconds",))
        expected = f"a number above 0, up to {_LONGEST_LOCK}"
        seconds = _field(fields, "seconds", (int, float), expected)
        if seconds is not None and not 0 < seconds <= _LONGEST_LOCK:
            raise SandboxError(f"seconds must be {expected}; got {brief(seconds)}")
        self._account.limits.lock(seconds)
        return _json({"locked_seconds": self._account.limits.locked_seconds()})

    async def _properties(self, request: Request) -> Response:
        _parameters(request)
        asked, store = request.path_params["type"], self._account.store
        if request.method == "PUT":
            object_type = self._account.label_of(asked)
            try:
                declared = properties_from_json(object_type, await _object(request))
            except PropertiesError as error:
                raise SandboxError(str(error)) from error
            try:
                return await self._changed(
                    lambda: store.declare(object_type, declared.values()),
                    partial(self._properties_json, asked),
                )
            except StoreError as error:
                return _json({"error": str(error)}, 409)
        return _json(await self._read(partial(self._properties_json, asked)))

    async def _requests(self, request: Request) -> Response:
        _parameters(request)
        return _json({"requests": self._requests_json()})

    async def _request(self, request: Request) -> Response:
        _parameters(request)
        number = _whole_number(request.path_params["number"], "number", 1, LARGEST_ID)
        return _json(self._account.requests.entry(number).as_json())

    async def _reset(self, request: Request) -> Response:
        _parameters(request)
        await _object(request, ())
        return await self._changed(self._account.reset, self._all_json)

    async def _seed(self, request: Request) -> Response:
        _parameters(request)
        asked = request.path_params["type"]
        fields = await _object(request, ("records",))
        records = _field(fields, "records", list, "a list of records")
        if records is None:
            raise SandboxError("the field 'records' is missing; expected a list of records")
        change = partial(seed, self._account, asked, records)
        return await self._changed(change, partial(self._count_json, asked), 201)

    async def _snapshot(self, request: Request) -> Response:
        _parameters(request)
        await _object(request, ())
        snapshot = await self._worker.do(self._account.store.snapshot, urgent=True)
        number = next(self._snapshot_numbers)
        self._snapshots[number] = snapshot
        if len(self._snapshots) > _KEPT_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        return _json({"snapshot": number}, 201)

    async def _restore(self, request: Request) -> Response:
        _parameters(request)
        fields = await _object(request, ("snapshot",))
        number = _field(fields, "snapshot", int, "the number of a snapshot")
        snapshot = self._snapshots.get(number)
        if snapshot is None:
            last = f"the last {_KEPT_SNAPSHOTS} are kept"
            raise NotFoundError(f"there is no snapshot {brief(number)}; {last}")
        return await self._changed(partial(self._account.restore, snapshot), self._all_json)

    async def _state(self, request: Request) -> Response:
        _parameters(request)
        account = self._account
        database = account.options.database
        is_busy = False
        try:
            self._last_objects = await self._read(self._objects_json)
        except BusyError:
            is_busy = True
        return _json(
            {
                "versions": list(account.contract.versions),
                "database": None if database is None else str(database),
                "database_busy": is_busy,
                "objects": self._last_objects,
                "requests": self._requests_json(),
                "request_count": account.requests.count,
                "limits": self._limits_json(),
                "faults": {"pending": self._pending_json(), "schedule": account.options.faults},
            }
        )

    async def _read(self, work: Callable[[], T]) -> T:
        """Return what needs the database, unless that has to wait for another program.

        Raises:
            BusyError: It has to wait.
        """
        try:
            return await self._worker.do(work, urgent=True, patience=_PATIENCE_SECONDS)
        except TimeoutError:
            raise BusyError(
                "the database is busy: another program may have locked its file; "
                "stop that program, or try again"
            ) from None

    async def _changed(
        self, change: Callable[[], object], told: Callable[[], Mapping[str, Any]], status: int = 200
    ) -> Response:
        """Change something, and tell what is so afterwards, however long that takes."""

        def work() -> Mapping[str, Any]:
            change()
            return told()

        return _json(await self._worker.do(work, urgent=True), status)

    def _all_json(self) -> dict[str, Any]:
        return {"objects": self._objects_json()}

    def _count_json(self, asked: str) -> dict[str, Any]:
        object_type = self._account.known_type(asked)
        return {"object_type": object_type, "count": self._account.store.count(object_type)}

    def _properties_json(self, asked: str) -> dict[str, Any]:
        object_type = self._account.known_type(asked)
        properties = sorted(self._account.store.properties(object_type).items())
        listed = {name: as_json(one) for name, one in properties}
        return {"object_type": object_type, "properties": listed}

    def _objects_json(self) -> list[dict[str, Any]]:
        """Return the object types, with the numbers of their records and properties."""
        store = self._account.store
        declared = set(store.declared_types())
        return [
            {
                "object_type": name,
                "count": count,
                "properties": len(store.properties(name)),
                "declared": name in declared,
            }
            for name, count in self._account.object_types().items()
        ]

    def _pending_json(self) -> list[dict[str, Any]]:
        return [
            {"fault": str(one.fault), "times": one.times, "resource": one.resource}
            for one in self._account.faults.pending()
        ]

    def _requests_json(self) -> list[dict[str, Any]]:
        """Return the last requests, newest first."""
        return [entry.summary() for entry in reversed(self._account.requests.entries())]

    def _limits_json(self) -> dict[str, Any]:
        limits = self._account.limits
        shared = limits.remaining("")
        interval = shared.interval_milliseconds
        return {
            "burst": shared.maximum,
            "burst_seconds": None if interval is None else interval / 1000,
            "daily": shared.daily_maximum,
            "daily_remaining": shared.daily_remaining,
            "locked_seconds": limits.locked_seconds(),
            # A token may be a real one, used here by mistake: enough to tell it from others is shown.
            "tokens": [
                {
                    "token": f"…{token[-4:]}",
                    "token_id": token_id(token),
                    "remaining": limits.remaining(token).remaining,
                }
                for token in reversed(list(self._account.tokens))
            ],
        }


def refused(refusal: Refusal) -> Response:
    """Return the answer to a request for the page or the sandbox itself that is not allowed."""
    return _json({"error": refusal.line}, refusal.status, refusal.headers)


def _json(
    content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    safe = {"X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(json_bytes(content), status, safe, "application/json")


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the parameters of the query, each of them known and given once."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            expected = hint(name, known) if known else "this takes none"
            raise SandboxError(f"unknown parameter {name!r}; {expected}")
        if name in found:
            raise SandboxError(f"the parameter {name!r} is given twice; expected it once")
        found[name] = value
    return found


def _whole_number(text: str, name: str, least: int, most: int) -> int:
    # Digits are counted first: Python refuses to read thousands of them.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise SandboxError(
            f"{name} must be a whole number from {least} to {most}; got {brief(text)}"
        )
    return int(text)


async def _object(request: Request, known: Collection[str] | None = None) -> dict[str, Any]:
    """Read the body, a JSON object with the fields that are known, or any. An empty body is an empty one."""
    content = await read_body(request)
    packed = why_unreadable(request.headers.get("content-encoding", ""), content)
    if packed is not None:
        raise SandboxError(packed)
    if not content.strip():
        return {}
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"the body is not JSON ({error}); expected a JSON object") from None
    if not isinstance(data, dict):
        raise SandboxError(f"the body is {brief(data)}; expected a JSON object")
    fields = cast("dict[str, Any]", data)
    for name in fields if known is not None else ():
        if name not in (known or ()):
            raise SandboxError(f"unknown field {brief(name)}; {hint(name, known or ())}")
    return fields


def _field(fields: dict[str, Any], name: str, kind: type | tuple[type, ...], expected: str) -> Any:
    """Return a field of a body, or None if it is missing or null."""
    value = fields.get(name)
    # True and false count as numbers for Python, but for nobody else.
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise SandboxError(f"{name} must be {expected}; got {brief(value)}")
    return value


async def _handle(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        line = _unknown_path(request, error.headers or {})
        return _json({"error": line}, error.status_code, error.headers)
    status = next((one for kind, one in _STATUSES.items() if isinstance(error, kind)), 400)
    return _json({"error": str(error)}, status)


def _unknown_path(request: Request, headers: Mapping[str, str]) -> str:
    path = request.url.path
    shown = path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
    if "Allow" in headers:
        allowed = sorted(headers["Allow"].split(", "))
        return f"{request.method} is not possible at {shown}; expected {' or '.join(allowed)}"
    near = get_close_matches(shown.removeprefix(_PREFIX), _PATHS, 1)
    known = [_PREFIX + name for name in near or _PATHS]
    expected = f"did you mean {known[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"there is no {shown}; {expected}"


EXCEPTION_HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = (
    dict.fromkeys((HTTPException, SandboxError), _handle)
)
"""Turns what goes wrong below `/_sandbox` into JSON with one line."""
