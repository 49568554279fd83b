"""An upsert of contacts as the emitted code has it, and a server for it without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from package._bulk.operation import BulkOperation
from package._bulk.roles import ErrorShape, Roles, Systemic
from package._runtime.answer import Answer, Failure
from package._runtime.operation import Operation
from package._runtime.policy import (
    Backoff,
    ErrorFields,
    ErrorPolicy,
    ErrorRule,
    RateLimitHeaders,
)
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

POLICY = ErrorPolicy(
    rules=(
        ErrorRule((400, 414), ValidationError),
        ErrorRule((401,), AuthenticationError),
        ErrorRule((403,), PermissionDeniedError),
        ErrorRule((409,), ConflictError),
        ErrorRule((423,), LockedError, retry=True, minimum_delay=0.05),
        ErrorRule((429,), DailyLimitError, when=(("policyName", "DAILY"),)),
        ErrorRule((429,), RateLimitError, retry=True),
        ErrorRule((477,), AccountMovingError, retry=True),
        ErrorRule((502, 503, 504), ServerError, retry=True),
        ErrorRule(("5XX",), ServerError),
    ),
    retry_transport=True,
    backoff=Backoff(initial=0.01, multiplier=2.0, maximum=0.02),
    fields=ErrorFields(message="message", category="category", correlation_id="correlationId"),
    rate_limit_headers=RateLimitHeaders(maximum="X-Limit-Max", remaining="X-Limit-Remaining"),
)

SHAPE = ErrorShape(
    message="message",
    code="category",
    trace_ids="context.objectWriteTraceId",
    details="errors",
    detail_code="code",
    detail_message="message",
    detail_property="context.propertyName",
    problem_property="name",
    problem_code="error",
    problem_message="message",
)

ROLES = Roles(
    inputs="inputs",
    key="id",
    results="results",
    key_property="idProperty",
    properties="properties",
    trace_id="objectWriteTraceId",
    errors="errors",
    created="new",
    result_id="id",
    warnings="warnings",
    case_insensitive=frozenset({"email"}),
    separator=";",
    error=SHAPE,
    systemic=(
        Systemic((400,), code="PROPERTY_DOESNT_EXIST", mend="create the property"),
        Systemic((400,), message="non-unique", mend="choose another property"),
    ),
)
PLAIN_ROLES = Roles(inputs="inputs", key="id", results="results", errors="errors", error=SHAPE)

OPERATION: Operation[Any] = Operation(
    name="contacts.batch_upsert",
    method="POST",
    path="/contacts/batch/upsert",
    responses={"200": json.loads},
    error=None,
    policy=POLICY,
)
BULK = BulkOperation(OPERATION, replace(ROLES, maximum=10), version="v1")

Faulty = Callable[[int], Answer | Failure | str | None]


def contact(number: int, **properties: Any) -> dict[str, Any]:
    """A good record."""
    return {"email": f"{number}@example.com", "firstname": f"Name {number}", **properties}


def error_body(message: str, category: str = "VALIDATION_ERROR", **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "category": category, **more}


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, json.dumps(body).encode())


def invalid(name: str, code: str, trace_ids: Iterable[str]) -> dict[str, Any]:
    """An error of one input, as the live API words it."""
    things = [{"isValid": False, "message": f"{name} is invalid", "error": code, "name": name}]
    message = f"Property values were not valid: {json.dumps(things)}"
    return error_body(message, context={"objectWriteTraceId": list(trace_ids)})


@dataclass
class Contacts:
    """The server's side: stores contacts by email, and refuses the bad ones.

    A record is bad if its first name says so: "invalid" is an error of its own, "conflict" makes the
    whole request a 409, "refused" makes it a 400.

    Attributes:
        stored: The properties of each contact, by email in lower case.
        ids: The id of each.
        requests: The emails of each request.
    """

    stored: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[list[str]] = field(default_factory=list[list[str]])

    def answer(self, body: bytes, fault: str | None = None) -> Answer | Failure:
        """Answer a request, perhaps with a fault.

        Args:
            body: What was sent.
            fault: "before" or "after": the connection breaks then; "html": a page instead of JSON;
                "missing": every second result is missing; or a status that says that nothing was done.
        """
        inputs = json.loads(body)["inputs"]
        self.requests.append([one["id"] for one in inputs])
        if fault == "before":
            return Failure("ReadError: reset", retryable=True)
        if fault is not None and fault.isdigit():
            return json_answer(int(fault), error_body("busy"))
        given = self._upsert(inputs)
        if fault == "after":
            return Failure("ReadError: reset", retryable=True)
        if fault == "html":
            return Answer(200, {}, b"<html>")
        if fault == "missing" and given.status == 200:
            whole = json.loads(given.content)
            return json_answer(200, {**whole, "results": whole["results"][::2]})
        return given

    def _upsert(self, inputs: list[dict[str, Any]]) -> Answer:
        assert len({one["id"].lower() for one in inputs}) == len(inputs), "a key twice in a request"
        names = [one["properties"].get("firstname") for one in inputs]
        if "conflict" in names:
            return json_answer(409, error_body("Contact already exists", "CONFLICT"))
        if "refused" in names:
            return json_answer(400, error_body("That will not do"))
        if any("unknown_property" in one["properties"] for one in inputs):
            details = [{"code": "PROPERTY_DOESNT_EXIST", "message": "there is no such property"}]
            return json_answer(400, error_body("Properties do not exist", errors=details))
        results: list[dict[str, Any]] = []
        bad: list[str] = []
        for one in inputs:
            key, trace = one["id"].lower(), one["objectWriteTraceId"]
            if one["properties"].get("firstname") == "invalid":
                bad.append(trace)
                continue
            is_new = key not in self.stored
            self.stored.setdefault(key, {}).update(one["properties"])
            identifier = self.ids.setdefault(key, str(len(self.ids) + 101))
            properties = {"email": key, **self.stored[key]}
            results.append(
                {
                    "id": identifier,
                    "new": is_new,
                    "properties": properties,
                    "objectWriteTraceId": trace,
                }
            )
        results.reverse()
        errors = [invalid("firstname", "INVALID", bad)] if bad else []
        return json_answer(207 if bad else 200, {"results": results, "errors": errors})
