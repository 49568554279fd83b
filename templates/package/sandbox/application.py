"""The application: every operation that the contract knows, the read-back routes, and the page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from .administration import EXCEPTION_HANDLERS, Administration
from .answers import Reply, answer
from .connections import Connections
from .contract import NoMatch, Operation
from .delivery import deliver
from .effects import failing, with_effect
from .encoding import json_bytes
from .faults import FAULT_HEADER, INSTEAD, SITUATIONS, Fault, FaultError
from .page import page
from .state import RequestEntry, State
from .store import StoreError
from .upserting import Outcome, upsert

__all__ = ["State", "create_application"]

_HTML_ERROR = b"""<!doctype html>
<html><head><title>Bad Gateway</title></head>
<body><h1>Bad Gateway</h1><p>The sandbox was asked for this page by a fault.</p></body></html>
"""


def create_application(state: State, connections: Connections) -> Starlette:
    """Return the application that serves a sandbox.

    Args:
        state: What it serves.
        connections: The open connections, for faults that break them.
    """
    return Starlette(
        routes=[
            Route("/", page),
            Mount("/_sandbox", routes=Administration(state).routes()),
            Route("/{path:path}", _Api(state, connections)),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )


class _Api:
    """Answers the requests that are for the API.

    Args:
        state: What is served.
        connections: The open connections.
    """

    def __init__(self, state: State, connections: Connections) -> None:
        self._state = state
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. What became of it is known before the answer is sent."""
        request = Request(scope, receive)
        # Read first: nothing that breaks off should depend on how much had been sent.
        body = await request.body()
        reply, fault, entry = self._answer(request, body)
        self._state.remember(entry)
        content = _HTML_ERROR if isinstance(reply.body, _Html) else json_bytes(reply.body)
        media_type = "text/html" if isinstance(reply.body, _Html) else "application/json"
        headers = {"Content-Type": f"{media_type};charset=utf-8", **reply.headers}
        await deliver(
            content, reply.status, headers, fault, scope, receive, send, self._connections
        )

    def _answer(self, request: Request, body: bytes) -> tuple[Reply, Fault | None, RequestEntry]:
        path = _raw_path(request)
        entry = RequestEntry(
            at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            method=request.method,
            path=path + (f"?{request.url.query}" if request.url.query else ""),
            status=None,
        )
        match = self._state.contract.find(request.method, path)
        if isinstance(match, NoMatch):
            reply = self._unknown(match, request.method, path)
            situation = "no such method" if match.status == 405 else "no such path"
            return reply, None, replace(entry, status=reply.status, situation=situation)
        operation = match.operation
        entry = replace(
            entry, operation=f"{operation.version} {operation.resource}.{operation.name}"
        )
        token = _token(request.headers.get("authorization", ""))
        fault: Fault | None = None
        try:
            fault = self._state.faults.choose(
                request.headers.get(FAULT_HEADER), operation.resource, operation.retryable_statuses
            )
        except FaultError as error:
            reply = Reply(400, self._error(operation, f"{FAULT_HEADER}: {error}"))
            outcome = Outcome(reply, situation="invalid fault")
        else:
            if fault is not None and fault.kind in INSTEAD:
                outcome = _instead(operation, fault)
            else:
                outcome = self._done(operation, match.arguments, token, request, body)
        reply = outcome.reply
        if fault is not None:
            reply = with_effect(fault, reply, operation, self._state.contract)
        reply = self._with_headers(reply, operation, token, fault)
        is_reset = fault is not None and fault.kind.startswith("reset-")
        return (
            reply,
            fault,
            replace(
                entry,
                status=None if is_reset else reply.status,
                situation=outcome.situation,
                fault=None if fault is None else str(fault),
                inputs=outcome.inputs,
                written=outcome.written,
                refused=outcome.refused,
            ),
        )

    def _done(
        self,
        operation: Operation,
        arguments: Mapping[str, str],
        token: str | None,
        request: Request,
        body: bytes,
    ) -> Outcome:
        """Do what is asked for, if the token may ask for it and not too often."""
        state = self._state
        situation, values = self._refusal(operation, token)
        if situation is not None:
            return Outcome(answer(operation, situation, values), situation=situation)
        try:
            outcome = upsert(
                operation,
                arguments,
                request.headers.get("content-type", ""),
                body,
                state.store,
                state.contract,
                create_properties=state.options.create_properties,
            )
        except StoreError as error:
            return Outcome(Reply(500, self._error(operation, str(error))), situation="database")
        state.limits.wrote(outcome.written)
        return outcome

    def _refusal(
        self, operation: Operation, token: str | None
    ) -> tuple[str | None, Mapping[str, Any]]:
        """Return the situation that keeps a request from being done, and what there is to say."""
        tokens = self._state.options.tokens
        if token is None or (tokens and token not in tokens):
            known = "it is none of the tokens of this sandbox" if token else "it is missing"
            detail = f"The header Authorization must be 'Bearer <token>'; {known}."
            return "unauthenticated", {"detail": detail}
        lacking = _lacking_scopes(operation, tokens.get(token))
        if lacking:
            shown = ", ".join(lacking)
            detail = f"The token lacks a scope that this needs: {shown}."
            return "missing-scope", {"scopes": lacking, "shown": shown, "detail": detail}
        self._state.remember_token(token)
        return self._state.limits.admit(token), {}

    def _with_headers(
        self, reply: Reply, operation: Operation, token: str | None, fault: Fault | None
    ) -> Reply:
        limits = self._state.limits.remaining(token or "")
        told = {
            header: str(value)
            for what, header in operation.rate_limit_headers.items()
            if (value := getattr(limits, what, None)) is not None
        }
        if fault is not None and fault.retry_after is not None:
            told["Retry-After"] = f"{fault.retry_after:g}"
        return replace(reply, headers={**told, **reply.headers})

    def _unknown(self, match: NoMatch, method: str, path: str) -> Reply:
        if match.status == 405:
            allowed = ", ".join(match.allowed)
            line = f"{method} is not possible at {path}, only {allowed}."
            return Reply(405, self._error(None, line), {"Allow": allowed})
        near = f"; did you mean {match.nearest}?" if match.nearest else "."
        return Reply(404, self._error(None, f"There is no path {path}{near}"))

    def _error(self, operation: Operation | None, line: str) -> dict[str, Any]:
        """Return an error body for what the specification knows nothing of."""
        described = operation or next(iter(self._state.contract.operations), None)
        if described is None:
            return {"message": line}
        body: dict[str, Any] = {described.message_field: line}
        if described.correlation_field is not None:
            body[described.correlation_field] = str(uuid.uuid4())
        return body


class _Html:
    """Stands for a body that is a page for people."""


def _instead(operation: Operation, fault: Fault) -> Outcome:
    """Return what a fault answers in place of the operation."""
    if fault.kind in SITUATIONS:
        return Outcome(failing(operation, fault, fault.kind), situation=fault.kind)
    return Outcome(Reply(fault.status or 502, _Html()), situation=fault.kind)


def _lacking_scopes(operation: Operation, scopes: frozenset[str] | None) -> list[str]:
    """Return the scopes that a token lacks, of the alternative that it comes nearest to."""
    if scopes is None or not operation.scopes:
        return []
    return min((sorted(needed - scopes) for needed in operation.scopes), key=len)


def _token(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _raw_path(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    return raw.decode("ascii", "replace")
