"""What asks how far a job is, and what the answers mean. Pure: time and chance are passed in.

A question changes nothing, so that it may be asked again whatever came of it. Records are not sent again
because of an answer to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

from .._runtime.answer import Answer
from .._runtime.attempt import Attempt
from .._runtime.operation import PATH_ARGUMENT, UNSET, Call, Operation, Request, build_request
from .._runtime.policy import ErrorPolicy
from .._runtime.retry import delay_of
from .._runtime.roles import Job, ResultPages, Roles
from .._runtime.ways import dig
from ..errors import AuthenticationError, DailyLimitError, PermissionDeniedError
from .answer_body import decode_all, message_of
from .answers import Lost, Retry, Split, Stopping, classify
from .batch import Part
from .jobs import JobOperations, PendingJob

_FOR_ALL = (AuthenticationError, PermissionDeniedError, DailyLimitError)
"""The errors that every request would meet."""

_FORGOTTEN = frozenset({404, 410})
_MOST_ITEMS = 100_000
_PORTS = {"http": 80, "https": 443}
_RESULTS, _ERRORS, _COUNT = "results", "errors", "count"
_ASK_LATER = "the same call with the same journal asks again what became of it"
_LOOK = "look the records up before you send them again"


@dataclass(frozen=True)
class Pending:
    """A job has not told what became of its records.

    Attributes:
        delay: Seconds to wait before it is asked about.
    """

    delay: float


@dataclass(frozen=True)
class Finished:
    """A job has come to its end.

    Attributes:
        body: What it told of its records.
        roles: Which fields of that play which part.
    """

    body: Mapping[str, Any]
    roles: Roles


@dataclass(frozen=True)
class Gone(Lost):
    """A job was given up, or is known no longer, so that nobody can be asked any more."""


JobVerdict: TypeAlias = Pending | Finished | Retry | Stopping | Lost


class JobInquiry:
    """Asks about the jobs of a run.

    Args:
        job: Where the API tells of a job.
        roles: Where it tells of records.
        operations: What tells of jobs.
        request: What sends records, but for its body.
        call: A call that does. What it is given has the same meaning, by name, where it is asked.
        base_url: Where the API is.
    """

    def __init__(
        self,
        job: Job,
        roles: Roles,
        operations: JobOperations,
        request: Request,
        call: Call[Any],
        base_url: str,
    ) -> None:
        self._job = job
        self._all_roles = roles
        self._operations = operations
        self._send = request
        self._base_url = base_url
        self._call = call
        operation = call.operation
        asked = operations.status or replace(operation, name=f"the job of {operation.name}")
        self._operation = replace(asked, policy=replace(asked.policy, retry_transport=True))
        self._headers = tuple(
            (name, value) for name, value in request.headers if name.lower() != "content-type"
        )
        self._pages: dict[str, tuple[ResultPages, Operation[Any]]] = {}
        for name, pages, listing in (
            (_RESULTS, self._job.result_pages, operations.results),
            (_ERRORS, self._job.error_pages, operations.errors),
        ):
            if pages is not None and listing is not None:
                self._pages[name] = pages, listing
        self._roles = replace(
            roles,
            job=None,
            results=_RESULTS if roles.results or _RESULTS in self._pages else None,
            errors=_ERRORS if roles.errors or _ERRORS in self._pages else None,
            count=_COUNT if roles.count else None,
        )

    def resume(self, job: PendingJob) -> None:
        """Get ready to ask about a job that an earlier run knew.

        Args:
            job: The job.

        Raises:
            ValueError: It cannot be asked about.
        """
        job.request = self._status_request(job)

    def verdict(
        self,
        part: Part,
        attempt: Attempt,
        *,
        prefix: str,
        clock: float,
        time_left: float,
        random: float,
        now: float,
    ) -> JobVerdict | None:
        """Say what came of a request that sent records, and was accepted, or asked about their job.

        Args:
            part: The records. Of the job that they get here, or have, what is known is noted.
            attempt: What came of it.
            prefix: What the trace ids of the run begin with.
            clock: The time by the driver's clock.
            time_left: Seconds that further attempts may take.
            random: A random number from 0 up to but not including 1.
            now: The time, in seconds since the epoch.

        Returns:
            What it means; None if no job can have begun.
        """
        job = part.job
        if job is None:
            if isinstance(attempt, Answer) and attempt.is_success:
                return self._begun(part, attempt, prefix, clock, now)
            return None
        job.began = clock if job.began is None else job.began
        job.asked += 1
        found = self._answered(job, attempt, part.attempt, time_left, random, now)
        if not isinstance(found, (Pending, Retry)):
            return found
        most, longest = self._job.maximum_requests, self._job.maximum_seconds
        if job.asked >= most:
            return Lost(None, self._given_up(job, f"it was asked about {most:,} times"))
        if clock + found.delay - job.began > longest:
            return Lost(None, self._given_up(job, f"it was asked about for {longest:,.0f} s"))
        return found

    def _begun(
        self, part: Part, answer: Answer, prefix: str, clock: float, now: float
    ) -> Pending | Lost:
        in_doubt = part.in_doubt or not part.batch.earlier.keys().isdisjoint(part.positions)
        job = PendingJob(part.positions, prefix, began=clock, in_doubt=in_doubt)
        try:
            body = _decoded(answer) if answer.content or answer.defect else None
            job.id = _scalar(dig(body, self._job.id))
            url = dig(body, self._job.url) if self._job.url is not None else None
            if self._job.url_header is not None:
                url = answer.headers.get(self._job.url_header.lower())
            if isinstance(url, str) and url:
                job.url = self._own(urljoin(self._send.url, url))
            job.request = self._status_request(job)
        except ValueError as error:
            return Lost(
                None,
                "the API accepted the records, but nobody can ask what became of them: "
                f"{error}; {_LOOK}",
            )
        part.job = job
        part.batch.jobs.append(job)
        return Pending(self._delay(self._operation.policy, answer, now))

    def _answered(
        self,
        job: PendingJob,
        attempt: Attempt,
        number: int,
        time_left: float,
        random: float,
        now: float,
    ) -> JobVerdict:
        if isinstance(attempt, Answer) and attempt.is_success:
            try:
                body = _decoded(attempt)
                return self._page(job, body) if job.pages else self._status(job, attempt, body, now)
            except ValueError as error:
                job.trouble = f"{job}: {error}"
                return self._again(number, time_left, random, Lost(None, job.trouble))
        found = classify(
            self._operation,
            replace(self._all_roles, systemic=()),
            attempt,
            number=number,
            time_left=time_left,
            random=random,
            now=now,
        )
        job.trouble = f"{job} could not be asked about"
        if isinstance(found, Retry):
            return Retry(found.delay, in_doubt=False)
        if isinstance(found, Stopping) and (found.is_late or isinstance(found.error, _FOR_ALL)):
            return found
        if isinstance(attempt, Answer) and attempt.status < 500:
            told = found.error if isinstance(found, (Split, Stopping, Lost)) else None
            if attempt.status in _FORGOTTEN:
                reason = f"the API does not know {job} any more: {told}; {_LOOK}"
                return Gone(told, reason)
            return Lost(told, self._given_up(job, f"{told}"))
        if isinstance(found, Lost):
            return self._again(number, time_left, random, found)
        return found if isinstance(found, Stopping) else Lost(None, job.trouble)

    def _again(self, number: int, time_left: float, random: float, late: Lost) -> Retry | Lost:
        delay = delay_of(self._operation.policy, number, random=random)
        return Retry(delay, in_doubt=False) if delay < time_left else late

    def _status(self, job: PendingJob, answer: Answer, body: object, now: float) -> JobVerdict:
        said, way = self._job, self._job.status
        word = _word(dig(body, way))
        if word is None:
            raise ValueError(f"its answer has no {way!r} that says how far it is")
        if word in said.complete:
            return self._complete(job, body)
        if word in said.failed:
            message = message_of(self._all_roles.error, body)
            told = f"{job} failed, with {way} {word!r}" + (f": {message}" if message else "")
            return Gone(None, f"{told}; some of its records may be stored: {_LOOK}")
        is_known = not said.running or word in said.running
        job.trouble = f"{job} has {way} {word!r}" + (
            "" if is_known else ", which no word of the job explains"
        )
        return Pending(self._delay(self._operation.policy, answer, now))

    def _complete(self, job: PendingJob, body: object) -> JobVerdict:
        roles = self._all_roles
        ways = ((_RESULTS, roles.results), (_ERRORS, roles.errors), (_COUNT, roles.count))
        for name, way in ways:
            if name in self._pages:
                job.told[name] = []
                job.pages.append(name)
            elif (value := dig(body, way)) is not None:
                job.told[name] = value
        return self._next_pages(job)

    def _next_pages(self, job: PendingJob) -> Pending | Finished:
        if not job.pages:
            return Finished(job.told, self._roles)
        _, operation = self._pages[job.pages[0]]
        job.request = self._request(operation, job)
        job.trouble = f"{job} is complete, and lists its {job.pages[0]}"
        return Pending(0.0)

    def _page(self, job: PendingJob, body: object) -> JobVerdict:
        name = job.pages[0]
        pages, operation = self._pages[name]
        items = dig(body, pages.list)
        if not isinstance(items, list):
            raise ValueError(f"a page of its {name} has no list {pages.list!r}")
        found: list[Any] = job.told[name]
        found += items
        if len(found) > _MOST_ITEMS:
            return Lost(None, self._given_up(job, f"it lists more than {_MOST_ITEMS:,} {name}"))
        following = _scalar(dig(body, pages.next))
        if following is None:
            del job.pages[0]
            return self._next_pages(job)
        before = job.request
        try:
            if pages.next_parameter is not None:
                job.request = self._request(operation, job, {pages.next_parameter: following})
            else:
                here = self._base_url if before is None else before.url
                url = self._own(urljoin(here, str(following)))
                job.request = replace(self._request(operation, job), url=url)
        except ValueError as error:
            return Lost(None, self._given_up(job, f"the next page of its {name}: {error}"))
        if job.request == before:
            return Lost(None, self._given_up(job, f"a page of its {name} is followed by itself"))
        return Pending(0.0)

    def _delay(self, policy: ErrorPolicy, answer: Answer, now: float) -> float:
        return max(self._job.interval, policy.asked_delay(answer, now=now) or 0.0)

    def _given_up(self, job: PendingJob, why: str) -> str:
        trouble = f" ({job.trouble})" if job.trouble else ""
        return f"nobody knows what became of {job}: {why}{trouble}; {_ASK_LATER}"

    def _status_request(self, job: PendingJob) -> Request:
        if self._operations.status is not None:
            return self._request(self._operations.status, job)
        if job.url is None:
            where = self._job.url or f"the header {self._job.url_header}"
            raise ValueError(f"its answer has no URL in {where}")
        url = urlsplit(self._base_url)
        return replace(
            self._send,
            method="GET",
            url=self._own(job.url),
            headers=self._headers,
            policy=self._operation.policy,
            template=f"{url.scheme}://{url.netloc}/{{job}}",
        )

    def _request(
        self, operation: Operation[Any], job: PendingJob, query: Mapping[str, object] = {}
    ) -> Request:
        if job.id is None:
            raise ValueError(f"its answer has no id of the job in {self._job.id}")
        known = self._call
        names = PATH_ARGUMENT.findall(operation.path)
        path_arguments = {name: known.path_arguments.get(name, job.id) for name in names}
        given = {
            one.name: known.query.get(one.name, job.id if one.required else UNSET)
            for one in operation.parameters
            if one.location == "query"
        }
        headers = {
            one.name: known.headers.get(one.name, UNSET)
            for one in operation.parameters
            if one.location == "header"
        }
        call = Call(operation, path_arguments, {**given, **query}, headers)
        request = build_request(self._base_url, call)
        return replace(request, policy=replace(operation.policy, retry_transport=True))

    def _own(self, url: str) -> str:
        """Give a URL back if it is one of the API, which alone may have the token.

        Raises:
            ValueError: It is not.
        """
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("its URL has characters that no URL has")
        if _origin(url) != _origin(self._base_url):
            raise ValueError(
                "its URL leads elsewhere than the base URL, and the token stays here: "
                f"{urlsplit(url).netloc.rpartition('@')[2]!r}"
            )
        return urlsplit(url)._replace(fragment="").geturl()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("its URL has a user in it")
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _decoded(answer: Answer) -> object:
    if answer.defect is not None:
        raise ValueError(f"an answer cannot be read: {answer.defect}")
    try:
        return decode_all(answer.content)
    except ValueError as error:
        raise ValueError(f"an answer cannot be read: {error}") from None


def _scalar(value: object) -> str | int | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        return None
    return value


def _word(value: object) -> str | None:
    """Give a status as specifications write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None
