"""What tests ask of the sandbox itself, below `/_sandbox`: faults, locks, properties, a fresh start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .encoding import JsonResponse
from .faults import FaultError, Pending, parse_fault
from .inputs import Problem, brief, field_of, hint, json_object, parameters
from .properties import Property, as_json, from_json
from .readback import ReadBack, known_type, objects_body, record_body
from .state import State
from .store import StoreError

__all__ = ["EXCEPTION_HANDLERS", "Administration", "declared_properties", "record_body"]

_MOST_TIMES = 1_000_000
_LONGEST_LOCK = 24 * 3600
_LONGEST_PATH = 200
_PREFIX = "/_sandbox/"
_PATHS = ("objects", "faults", "lock", "properties/{type}", "requests", "reset", "state")


def declared_properties(object_type: str, declarations: Mapping[str, Any]) -> list[Property]:
    """Read declarations of properties.

    Args:
        object_type: What has them.
        declarations: What is declared of each property, by its name.

    Raises:
        Problem: A declaration makes no sense.
    """
    properties: list[Property] = []
    for name, fields in declarations.items():
        try:
            properties.append(from_json(name, fields))
        except ValueError as error:
            raise Problem(f"{object_type}.{name}: {error}") from None
    return properties


class Administration:
    """Answers the requests that are for the sandbox itself.

    Args:
        state: What is looked at and changed.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes, read-back included."""
        return [
            *ReadBack(self._state).routes(),
            Route("/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/lock", self._lock, methods=["POST"]),
            Route("/properties/{type}", self._properties, methods=["GET", "PUT"]),
            Route("/requests", self._requests),
            Route("/reset", self._reset, methods=["POST"]),
            Route("/state", self._show),
        ]

    async def _faults(self, request: Request) -> JsonResponse:
        parameters(request)
        faults = self._state.faults
        if request.method == "POST":
            await self._add_fault(request)
        elif request.method == "DELETE":
            faults.clear()
        status = 201 if request.method == "POST" else 200
        return JsonResponse({"pending": _pending_body(faults.pending())}, status)

    async def _add_fault(self, request: Request) -> None:
        fields = await json_object(request, ("fault", "times", "resource"))
        fault = field_of(fields, "fault", str, "a text such as 'server;status=503'")
        times = field_of(fields, "times", int, "a whole number")
        resource = field_of(fields, "resource", str, "an object type")
        if fault is None:
            raise Problem("the field 'fault' is missing; expected one such as 'server;status=503'")
        if times is not None and not 1 <= times <= _MOST_TIMES:
            raise Problem(
                f"times must be a whole number from 1 to {_MOST_TIMES}; got {brief(times)}"
            )
        known = {operation.resource for operation in self._state.contract.operations}
        if resource is not None and resource not in known:
            raise Problem(f"there is no resource {resource!r}; {hint(resource, known)}")
        self._state.faults.add(
            parse_fault(fault), times=1 if times is None else times, operation=resource
        )

    async def _lock(self, request: Request) -> JsonResponse:
        parameters(request)
        fields = await json_object(request, ("seconds",))
        expected = f"a number above 0, up to {_LONGEST_LOCK}"
        seconds = field_of(fields, "seconds", (int, float), expected)
        if seconds is not None and not 0 < seconds <= _LONGEST_LOCK:
            raise Problem(f"seconds must be {expected}; got {brief(seconds)}")
        self._state.limits.lock(seconds)
        return JsonResponse({"locked_seconds": self._state.limits.locked_seconds()})

    async def _properties(self, request: Request) -> JsonResponse:
        parameters(request)
        asked, store = request.path_params["type"], self._state.store
        if request.method == "PUT":
            object_type = self._state.contract.object_types.get(asked, asked)
            declared = declared_properties(object_type, await json_object(request))
            try:
                store.declare(object_type, declared)
            except StoreError as error:
                raise Problem(str(error), 409) from None
        else:
            object_type = known_type(self._state, asked)
        properties = store.properties(object_type)
        return JsonResponse(
            {
                "object_type": object_type,
                "properties": {name: as_json(one) for name, one in sorted(properties.items())},
            }
        )

    async def _requests(self, request: Request) -> JsonResponse:
        parameters(request)
        return JsonResponse({"requests": _requests_body(self._state)})

    async def _reset(self, request: Request) -> JsonResponse:
        parameters(request)
        await json_object(request, ())
        self._state.reset()
        return JsonResponse({"objects": objects_body(self._state)})

    async def _show(self, request: Request) -> JsonResponse:
        parameters(request)
        state = self._state
        database = state.options.database
        return JsonResponse(
            {
                "versions": list(state.contract.versions),
                "database": None if database is None else str(database),
                "objects": objects_body(state),
                "requests": _requests_body(state),
                "request_count": state.request_count,
                "limits": _limits_body(state),
                "faults": {
                    "pending": _pending_body(state.faults.pending()),
                    "schedule": state.options.faults,
                },
            }
        )


def _pending_body(pending: Iterable[Pending]) -> list[dict[str, Any]]:
    return [
        {"fault": str(one.fault), "times": one.times, "resource": one.operation} for one in pending
    ]


def _requests_body(state: State) -> list[dict[str, Any]]:
    """Return the last requests, newest first."""
    return [entry.as_json() for entry in reversed(list(state.requests))]


def _limits_body(state: State) -> dict[str, Any]:
    account = state.limits.remaining("")
    interval = account.interval_milliseconds
    return {
        "burst": account.maximum,
        "burst_seconds": None if interval is None else interval / 1000,
        "daily": account.daily_maximum,
        "daily_remaining": account.daily_remaining,
        "locked_seconds": state.limits.locked_seconds(),
        # A token may be a real one, used here by mistake: enough to tell it from others is shown.
        "tokens": [
            {"token": f"…{token[-4:]}", "remaining": state.limits.remaining(token).remaining}
            for token in reversed(list(state.tokens))
        ],
    }


async def _handle(request: Request, error: Exception) -> JsonResponse:
    status, headers = 400, None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
        line = _unknown_path(request, headers or {})
    elif isinstance(error, Problem):
        line, status = error.message, error.status
    else:
        line = str(error)
        status = 500 if isinstance(error, StoreError) else 400
    return JsonResponse({"error": line}, status, headers)


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
    dict.fromkeys((HTTPException, Problem, FaultError, StoreError), _handle)
)
"""Turns what goes wrong below `/_sandbox` into JSON with one line."""
