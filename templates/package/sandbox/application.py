"""The application: every operation that the contract knows, what tests ask of the sandbox, and the page."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from . import page
from .account import Account
from .administration import EXCEPTION_HANDLERS, Administration, refused
from .answers import Reply, answer, error_body, json_bytes, with_effect
from .body import BodyTooLargeError, read_body
from .clock import Clock
from .contract import Match, NoMatch, Operation
from .errors import FaultError, StoreError
from .fault_answers import fits, instead
from .faults import FAULT_HEADER, INSTEAD, SITUATIONS, Fault
from .guard import ADMINISTRATION, Guard, Refusal, is_administration
from .jobs import JobMatch
from .operations import Call, Outcome, perform
from .protocol import EXTENSION, HttpConnection
from .request_log import Body, RequestEntry, body_of, token_id
from .security import Sender, sender_of, without_tokens
from .worker import Worker

_HTML_ERROR = b"""<!doctype html>
<html><head><title>Bad Gateway</title></head>
<body><h1>Bad Gateway</h1><p>The sandbox was asked for this page by a fault.</p></body></html>
"""
_HTML = object()
"""Stands for a body that is a page for people."""
_USUAL_SECONDS = 1.0
# Often enough that it is the whole that takes too long, and no single wait for data.
_PIECES_PER_SECOND = 10


def create_application(account: Account, guard: Guard, worker: Worker) -> ASGIApp:
    """Return the application that serves an account.

    Args:
        account: The account.
        guard: Decides which requests are answered.
        worker: Does what needs the database.
    """
    own = Starlette(
        routes=[
            *page.routes(),
            Mount(ADMINISTRATION, routes=Administration(account, worker).routes()),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    api = _Api(account, worker)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        refusal, path = guard.refusal(scope), scope["path"]
        if not page.is_part(path) and not is_administration(path):
            await api.answer(refusal, scope, receive, send)
        elif refusal is not None:
            await refused(refusal)(scope, receive, send)
        else:
            await own(scope, receive, send)

    return application


@dataclass(frozen=True)
class _Done:
    """What came of a request, what it asked for, the fault that it met, and its body if that was read."""

    outcome: Outcome
    operation: Operation | None = None
    fault: Fault | None = None
    body: bytes | None = None


class _Api:
    """Answers the requests that are for the API."""

    def __init__(self, account: Account, worker: Worker) -> None:
        self._account = account
        self._worker = worker

    async def answer(
        self, refusal: Refusal | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request. What became of it is known before the answer is sent.

        Args:
            refusal: Why it may not be done, if it may not.
            scope: As ASGI gives it, as what follows.
            receive: Gives the body, which is read only for a token that is accepted.
            send: Where the answer goes.
        """
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii", "replace")
        shown = without_tokens(request.url.query, self._account.contract.schemes)
        query = f"?{shown}" if shown else ""
        came, began = Clock().text(), time.perf_counter()
        if self._account.latency is not None:
            await asyncio.sleep(self._account.latency.draw())
        done = await self._done(refusal, request, path)
        outcome, operation, fault = done.outcome, done.operation, done.fault
        reply = outcome.reply
        is_page = reply.body is _HTML
        content = _HTML_ERROR if is_page else b"" if reply.body is None else json_bytes(reply.body)
        sender = sender_of(request) if operation is None else sender_of(request, operation.security)
        is_reset = fault is not None and fault.kind.startswith("reset-")
        named = None
        if operation is not None:
            named = f"{operation.version} {operation.resource}.{operation.name}"
        self._account.requests.add(
            RequestEntry(
                at=came,
                method=request.method,
                path=path + query,
                status=None if is_reset else reply.status,
                operation=named,
                situation=outcome.situation,
                fault=None if fault is None else str(fault),
                inputs=outcome.inputs,
                written=outcome.written,
                refused=outcome.refused,
                found=outcome.found,
                token_id=None if sender.token is None else token_id(sender.token),
                trace_ids=outcome.trace_ids,
                records=outcome.records,
                chosen=reply.chosen,
                duration=time.perf_counter() - began,
                body=_kept_body(done),
                answer=body_of(content),
            )
        )
        media_type = "text/html" if is_page else "application/json"
        headers = {"Content-Type": f"{media_type};charset=utf-8", **reply.headers}
        await deliver(content, reply.status, headers, fault, scope, receive, send)

    async def _done(self, refusal: Refusal | None, request: Request, path: str) -> _Done:
        """Do what a request asks for, unless it may not be done."""
        match = self._account.contract.find(request.method, path)
        if isinstance(match, NoMatch) and request.method == "GET":
            match = self._account.jobs.at(path) or match
        if refusal is not None:
            operation = match.operation if isinstance(match, Match) else None
            reply = Reply(refusal.status, self._error_body(operation, refusal.line), chosen=True)
            return _Done(Outcome(reply, situation="not allowed"), operation)
        if isinstance(match, NoMatch):
            return _Done(self._unknown(match, request.method, path))
        sender = sender_of(request, match.operation.security, self._account.options.tokens)
        unknown = self._unknown_sender(match.operation, sender)
        if unknown is not None:
            return self._done_or_failed(match, sender, unknown, request, None)
        # Read before anything goes wrong: nothing that breaks off should depend on how much had been sent.
        try:
            body = await read_body(request)
        except BodyTooLargeError as error:
            reply = Reply(413, error_body(match.operation, str(error)), chosen=True)
            return _Done(Outcome(reply, situation="body too large"), match.operation)
        return await self._worker.do(
            partial(self._done_or_failed, match, sender, None, request, body)
        )

    def _done_or_failed(
        self,
        match: Match,
        sender: Sender,
        unknown: Outcome | None,
        request: Request,
        body: bytes | None,
    ) -> _Done:
        """Do what is asked for, or what a fault wants instead; or refuse it for its token."""
        operation, token = match.operation, sender.token
        fault: Fault | None = None
        try:
            fault = self._account.faults.choose(
                request.headers.get(FAULT_HEADER),
                operation.resource,
                operation.retryable_statuses,
                lambda kind: fits(kind, operation),
                is_known=unknown is None,
            )
        except FaultError as error:
            reply = Reply(400, error_body(operation, f"{FAULT_HEADER}: {error}"), chosen=True)
            outcome = Outcome(reply, situation="invalid fault")
        else:
            if fault is not None and fault.kind in INSTEAD:
                outcome = self._instead(operation, fault, token)
            else:
                outcome = unknown or self._performed(match, sender, request, body or b"", fault)
        reply = outcome.reply
        if fault is not None:
            reply = with_effect(fault, reply, operation, self._account.contract)
        reply = self._with_headers(reply, operation, token, fault)
        return _Done(replace(outcome, reply=reply), operation, fault, body)

    def _performed(
        self, match: Match, sender: Sender, request: Request, body: bytes, fault: Fault | None
    ) -> Outcome:
        """Do what is asked for, if the token may ask for it and not too often."""
        account, operation = self._account, match.operation
        situation, values = self._refusal(match, sender)
        if situation is not None:
            return Outcome(answer(operation, situation, values), situation=situation)
        call = Call(
            operation,
            match.arguments,
            request.query_params,
            sender.token or "",
            request.headers.get("content-type", ""),
            body,
            request.headers.get("content-encoding", ""),
            request.headers,
            request.cookies,
            str(request.base_url).rstrip("/"),
            request.scope["raw_path"].decode("ascii", "replace"),
            fault,
            match.job if isinstance(match, JobMatch) else None,
        )
        try:
            outcome = perform(account, call)
        except StoreError as error:
            reply = Reply(500, error_body(operation, str(error)), chosen=True)
            return Outcome(reply, situation="database")
        account.limits.wrote(outcome.written)
        return outcome

    def _instead(self, operation: Operation, fault: Fault, token: str | None) -> Outcome:
        """Return what a fault answers in place of the operation."""
        if fault.kind == "expired-token" and token is not None:
            self._account.expired.add(token)
        reply = instead(operation, fault, self._account.contract, self._account.clock.text())
        return Outcome(
            reply or Reply(fault.status or 502, _HTML, chosen=True), situation=fault.kind
        )

    def _unknown_sender(self, operation: Operation, sender: Sender) -> Outcome | None:
        """Return the answer to a request whose token is not accepted, or None if it is."""
        if sender.token in self._account.expired:
            detail = "The token has expired by a fault; send another one, or reset the sandbox."
            return Outcome(
                answer(operation, "expired-token", {"detail": detail}), situation="expired-token"
            )
        if not sender.lacks:
            return None
        reply = answer(operation, "unauthenticated", {"detail": sender.lacks})
        return Outcome(reply, situation="unauthenticated")

    def _refusal(self, match: Match, sender: Sender) -> tuple[str | None, Mapping[str, Any]]:
        """Return the situation that keeps a request from being done, and what there is to say."""
        operation = match.operation
        argument = None if operation.roles is None else operation.roles.object_type
        needing = operation
        if argument is not None and argument in match.arguments:
            # Whichever way a type was named, it needs the same scopes.
            label = self._account.label_of(match.arguments[argument])
            needing = self._account.contract.operation_on(operation, label)
        known = (self._account.options.tokens.get(one) for one in sender.tokens)
        lacking = _lacking_scopes(needing, next((one for one in known if one is not None), None))
        if lacking:
            shown = ", ".join(lacking)
            detail = f"The token lacks a scope that this needs: {shown}."
            return "missing-scope", {"scopes": lacking, "shown": shown, "detail": detail}
        if sender.token is not None:
            self._account.remember_token(sender.token)
        return self._account.limits.admit(sender.token or "", operation.behaviour.own_limit), {}

    def _with_headers(
        self, reply: Reply, operation: Operation, token: str | None, fault: Fault | None
    ) -> Reply:
        limits = self._account.limits.remaining(token or "", None if fault is None else fault.kind)
        told = {
            header: str(value)
            for what, header in operation.policy.rate_limit_headers.items()
            if (value := getattr(limits, what, None)) is not None
            and operation.behaviour.own_limit is None
        }
        if fault is not None and fault.retry_after is not None:
            known = operation.situations.get(SITUATIONS.get(fault.kind, ""))
            header = None if known is None else known.delay_header
            if known is None or header is None:
                told["Retry-After"] = f"{fault.retry_after:g}"
            else:
                told[header] = known.delay(fault.retry_after)
        return replace(reply, headers={**reply.headers, **told})

    def _unknown(self, match: NoMatch, method: str, path: str) -> Outcome:
        headers: dict[str, str] = {}
        if match.status == 405:
            situation, headers["Allow"] = "no such method", ", ".join(match.allowed)
            line = f"{method} is not possible at {path}, only {headers['Allow']}."
        else:
            near = f"; did you mean {match.nearest}?" if match.nearest else "."
            situation, line = "no such path", f"There is no path {path}{near}"
        reply = Reply(match.status, self._error_body(None, line), headers, chosen=True)
        return Outcome(reply, situation=situation)

    def _error_body(self, operation: Operation | None, line: str) -> Any:
        # Of what the specification does not know, it tells only how its errors look.
        some = operation or next(iter(self._account.contract.operations), None)
        return {"message": line} if some is None else error_body(some, line)


def _lacking_scopes(operation: Operation, scopes: frozenset[str] | None) -> list[str]:
    """Return the scopes that a token lacks, of the alternative that it comes nearest to."""
    if scopes is None or not operation.scopes:
        return []
    return min((sorted(needed - scopes) for needed in operation.scopes), key=len)


def _kept_body(done: _Done) -> Body | None:
    query = None if done.operation is None else done.operation.account_query
    # No token is kept, whosesoever it is.
    holds_token = query is not None and query.token is not None
    return None if holds_token or done.body is None else body_of(done.body)


async def deliver(
    body: bytes,
    status: int,
    headers: Mapping[str, str],
    fault: Fault | None,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send an answer in the way that a fault wants it. Kinds that are not about that change nothing.

    The request should have been read by then: a client that still sends may take a reset for an end.

    Args:
        body: The body.
        status: The status.
        headers: All headers but `Content-Length`.
        fault: What goes wrong, if anything; it may end the connection, which is in the scope.
        scope: As ASGI gives it, as all that follows.
        receive: Tells when the client has gone.
        send: Where the answer goes.
    """
    kind = None if fault is None else fault.kind
    seconds = _USUAL_SECONDS if fault is None or fault.seconds is None else fault.seconds
    connection: HttpConnection = scope["extensions"][EXTENSION]["connection"]
    if kind in {"reset-before", "reset-after"}:
        connection.reset()
        await _until_gone(receive)
        return
    if kind == "slow-first-byte" and not await _is_there_after(seconds, receive):
        return
    fields = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]
    fields.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    if kind == "truncated-body":
        await send(_part(body[: len(body) // 2], more=True))
        connection.cut()
        await _until_gone(receive)
        return
    if kind == "slow-body":
        await send(_part(b"", more=True))  # The headers are not what is slow.
        pieces = _pieces(body, math.ceil(seconds * _PIECES_PER_SECOND))
        for piece in pieces:
            if not await _is_there_after(seconds / len(pieces), receive):
                return
            await send(_part(piece, more=True))
        body = b""
    await send(_part(body, more=False))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _is_there_after(seconds: float, receive: Receive) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
            return False
    return True


def _pieces(body: bytes, count: int) -> list[bytes]:
    size = math.ceil(len(body) / max(1, count)) or 1
    return [body[start : start + size] for start in range(0, len(body), size)]


def _part(body: bytes, *, more: bool) -> MutableMapping[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}
