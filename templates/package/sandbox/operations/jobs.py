"""What tells of a job: the answer to the request that began it, how far it is, and what became of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from ..._runtime.roles import Job as JobWords
from ..._runtime.roles import ResultPages, Roles
from ..account import Account
from ..answers import Reply
from ..bodies import Bodies, lay
from ..contract import Contract, Operation
from ..faults import FAILED_JOB, LOST_JOB
from ..jobs import Job
from .request import Call, Outcome, Refused, check_needed
from .upsert_answers import Became, UpsertAnswers, status_of

_PAGE = 100
_AFTER = "after"
_LONGEST_NUMBER = 10


def begin_job(
    account: Account,
    call: Call,
    words: JobWords,
    answers: UpsertAnswers,
    became: Sequence[Became],
) -> Reply:
    """Begin a job that tells later what became of records, and return the answer until then.

    Args:
        account: Whose job it is.
        call: The request that begins it.
        words: Where the API tells of it.
        answers: Lays out what became of records.
        became: What became of each.
    """
    fault = call.fault
    kind, seconds = (None, None) if fault is None else (fault.kind, fault.seconds)
    number = account.jobs.next_number()
    job = Job(
        number,
        call.operation,
        f"{call.path}/jobs/{number}",
        account.jobs.due(kind, seconds),
        kind == FAILED_JOB,
        sum(one.record is not None for one in became),
        *_told(account.contract, call.operation, words, answers, became),
    )
    if kind != LOST_JOB:
        account.jobs.add(job)
    bodies = Bodies(account.contract, account.clock.text())
    status, declared = status_of(call.operation.responses)
    schema, url = call.operation.responses[declared], f"{call.base_url}{job.path}"
    headers = {} if words.url_header is None else {words.url_header: url}
    if schema is None:
        return Reply(status, None, headers)
    body: Any = {}
    if bodies.at(schema, words.status):
        body = lay(body, words.status, _status(words, bodies.at(schema, words.status)))
    body = _with_id(body, schema, words, job, bodies)
    if words.url is not None:
        body = lay(body, words.url, url)
    return Reply(status, bodies.filled(schema, body), headers)


def tell_job(account: Account, call: Call) -> Outcome:
    """Answer a request for how far a job is, or for what became of its records.

    Raises:
        Refused: There is no such job, or the request lacks an argument.
    """
    check_needed(call)
    operation, job = call.operation, call.job
    if job is None:
        asked = call.argument(operation.job_argument or "") or ""
        job = account.jobs.get(asked)
        if job is None:
            detail = f"There is no job {asked!r}."
            raise Refused("unknown-record", id=asked, object_type="job", detail=detail)
    words = cast("JobWords", cast("Roles", job.upsert.roles).job)
    status, declared = status_of(operation.responses)
    schema: Any = operation.responses[declared] or {}
    bodies = Bodies(account.contract, account.clock.text())
    is_complete = account.jobs.is_complete(job)
    if call.job is None and operation.id != words.operation:
        body = _page(call, words, job if is_complete and not job.is_given_up else None)
    else:
        body = _with_id({}, schema, words, job, bodies)
        state = _status(words, bodies.at(schema, words.status), job, is_complete=is_complete)
        body = lay(body, words.status, state)
        if is_complete and not job.is_given_up:
            body = _with_results(body, job, words)
    return Outcome(Reply(status, bodies.filled(schema, body)), found=1)


def _told(
    contract: Contract,
    upsert: Operation,
    words: JobWords,
    answers: UpsertAnswers,
    became: Sequence[Became],
) -> tuple[Any, Any]:
    """Return what tells of results and of errors, as the operations have it that are asked for them."""
    roles = cast("Roles", upsert.roles)
    found: list[Any] = []
    bodies = Bodies(contract, "")
    for pages, way, lay_out in (
        (words.result_pages, roles.results, answers.results),
        (words.error_pages, roles.errors, answers.errors),
    ):
        asked = contract.job_operation(
            upsert, words.operation if pages is None else pages.operation
        )
        place = way if pages is None else pages.list
        schema = None if asked is None else next(iter(asked.responses.values()))
        items: Any = bodies.items(schema or {}, place) if place is not None else {}
        found.append(() if place is None else lay_out(became, items))
    return found[0], found[1]


def _status(
    words: JobWords, schema: Mapping[str, Any], job: Job | None = None, *, is_complete: bool = False
) -> str:
    """Return the value that says how far a job is."""
    if job is not None and is_complete:
        return words.failed[0] if job.is_given_up and words.failed else words.complete[0]
    named = (*words.complete, *words.failed)
    others = (one for one in schema.get("enum", ()) if one not in named)
    return words.running[0] if words.running else next(others, "running")


def _with_id(body: Any, schema: Any, words: JobWords, job: Job, bodies: Bodies) -> Any:
    """Give a body the id of a job, if it has a place for it."""
    place: Mapping[str, Any] = {} if words.id is None else bodies.at(schema, words.id)
    if words.id is None or not place:
        return body
    return lay(body, words.id, job.number if place.get("type") == "integer" else str(job.number))


def _with_results(body: Any, job: Job, words: JobWords) -> Any:
    roles = cast("Roles", job.upsert.roles)
    if roles.results is not None and words.result_pages is None:
        body = lay(body, roles.results, job.results)
    if roles.errors is not None and words.error_pages is None and job.errors:
        body = lay(body, roles.errors, job.errors)
    if roles.count is not None:
        body = lay(body, roles.count, job.written)
    return body


def _page(call: Call, words: JobWords, job: Job | None) -> Any:
    """Return a page of what became of the records of a job; an empty one as long as nobody knows."""
    tells_results = (
        words.result_pages is not None and words.result_pages.operation == call.operation.id
    )
    pages = cast("ResultPages", words.result_pages if tells_results else words.error_pages)
    told: Any = () if job is None else job.results if tells_results else job.errors
    items: list[Any] = [
        *(cast("dict[str, Any]", told).values() if isinstance(told, dict) else told)
    ]
    if pages.next is None:
        return lay({}, pages.list, items)
    name = pages.next_parameter or _AFTER
    text = call.parameters.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER):
        raise Refused("invalid-query", detail=f"{name} is none that a page told: {text!r}.")
    start = int(text)
    body: Any = lay({}, pages.list, items[start : start + _PAGE])
    following: str | None = None
    if start + _PAGE < len(items):
        following = str(start + _PAGE)
        if pages.next_parameter is None:
            others = [(key, one) for key, one in call.parameters.multi_items() if key != name]
            query = urlencode([*others, (name, following)])
            following = f"{call.base_url}{call.path}?{query}"
    return lay(body, pages.next, following)
