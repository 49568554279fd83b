"""A run of the command, once it is clear what was asked for."""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from .._bulk.journal import JournalError
from .._bulk.limiter import LocalRateLimiter, RateLimiter, RateLimiterError
from .._bulk.outcomes import Outcome
from .._bulk.report import UpsertReport
from .bar import progress_bar
from .brief import BriefReport
from .choosing import Choice
from .mapping import Mapper, SourceRecord
from .problems import BadInput
from .reading import open_source
from .rejects import Rejects
from .source import Format, Source

if TYPE_CHECKING:
    from .._bulk.streams import OutcomeStream

T = TypeVar("T")

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STOPPING = b"\nstopping; requests in flight are waited for, unless you press Ctrl-C again\n"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Task:
    """What the command was asked for.

    Attributes:
        choice: The version and the object type.
        arguments: Further arguments of the client's method.
        path: The file with the records, or `-`.
        format: Its format; None to tell it from the name.
        delimiter: What stands between the fields of CSV.
        encoding: How its text is encoded.
        mapper: What becomes of its columns.
        id_property: The property by which records are found.
        duplicates: What to do about records with the same key.
        concurrency: How many requests may be in flight.
        time_budget: Seconds that the run may take; None for no limit.
        journal: The path of the journal; None for none.
        rejects: Where to write rejected records; None for nowhere.
        dry_run: Whether nothing is to be sent.
        token_variable: The name of the environment variable that holds the token.
        base_url: Where the API is; None for where it usually is.
        allow_plain_http: Whether that may be another machine without encryption.
        limiter: The URL of the Redis that holds the limit; None for a limit of this process.
        limiter_name: Whose limit it is.
        limit: Requests and seconds; None for what the API says.
    """

    choice: Choice
    arguments: dict[str, str]
    path: str
    format: Format | None
    delimiter: str | None
    encoding: str
    mapper: Mapper
    id_property: str | None
    duplicates: str
    concurrency: int
    time_budget: float | None
    journal: str | None
    rejects: str | None
    dry_run: bool
    token_variable: str
    base_url: str | None
    allow_plain_http: bool
    limiter: str | None
    limiter_name: str
    limit: tuple[float, float] | None


@dataclass(frozen=True)
class Result:
    """What came of a run.

    Attributes:
        report: The counts, and the first failures.
        rejected: How many records were written to the file of rejected ones; None if there is none.
        problem: Why it ended before its end, if that was no stop of the run itself.
    """

    report: UpsertReport
    rejected: int | None
    problem: str | None = None


def run(task: Task) -> Result:
    """Do what the command was asked for.

    Args:
        task: That.

    Raises:
        BadInput: Something cannot be used. Nothing was sent.
    """
    with ExitStack() as stack:
        source = stack.enter_context(
            open_source(task.path, task.format, delimiter=task.delimiter, encoding=task.encoding)
        )
        records = task.mapper.records(source, task.id_property)
        resource = getattr(stack.enter_context(_client(task)), task.choice.name)
        options: dict[str, Any] = {**task.arguments, "duplicates": task.duplicates}
        if task.id_property is not None:
            options["id_property"] = task.id_property
        if not task.dry_run:
            options.update(
                concurrency=task.concurrency,
                time_budget=task.time_budget,
                journal=task.journal,
                limiter=_limiter(task, stack),
            )
        rejects = _rejects(task, source, stack)
        title = f"{task.choice.name}.upsert"
        report = BriefReport(title, dry_run=task.dry_run)

        def take(outcome: Outcome) -> None:
            report.add(outcome)
            if rejects is not None:
                rejects.add(outcome)

        problem = None
        try:
            with progress_bar(title, source.fraction) as options["progress"]:
                if task.dry_run:
                    _plan(resource, records, options, report, take)
                else:
                    _send(resource, records, options, report, take)
            if rejects is not None:
                rejects.finish()
        except (BadInput, JournalError, RateLimiterError) as error:
            problem = str(error)
        except OSError as error:
            problem = f"{error.filename or task.rejects}: {error.strerror or error}"
        return Result(report, None if rejects is None else rejects.count, problem)


def _plan(
    resource: Any,
    records: Iterator[SourceRecord],
    options: Mapping[str, Any],
    report: UpsertReport,
    take: Callable[[Outcome], None],
) -> None:
    whole: UpsertReport = resource.upsert(records, dry_run=True, **options)
    for outcome in whole.outcomes:
        take(outcome)
    report.batches, report.stop = whole.batches, whole.stop


def _send(
    resource: Any,
    records: Iterator[SourceRecord],
    options: Mapping[str, Any],
    report: UpsertReport,
    take: Callable[[Outcome], None],
) -> None:
    outcomes: OutcomeStream = _used(lambda: resource.iter_upsert(records, **options))
    try:
        with _signals(outcomes.ask_to_stop), closing(outcomes), suppress(KeyboardInterrupt):
            for outcome in outcomes:
                take(outcome)
        report.stop = outcomes.stop
    finally:
        report.requests = outcomes.requests


@contextmanager
def _signals(ask_to_stop: Callable[[], None]) -> Generator[None, None, None]:
    """Let Ctrl-C, and the signal that ends a process, ask for a stop instead of breaking in anywhere."""
    came = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came += 1
        if came == 1:
            # Not through `sys.stderr`, which the signal may have come in the middle of.
            os.write(sys.stderr.fileno(), _STOPPING)
        ask_to_stop()

    before = {each: signal.signal(each, handle) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _client(task: Task) -> AbstractContextManager[Any]:
    version: Any = importlib.import_module(f"..{task.choice.version.package}", __package__)
    return _used(
        lambda: version.Client(
            _token(task), base_url=task.base_url, allow_plain_http=task.allow_plain_http
        )
    )


def _token(task: Task) -> str:
    variable = task.token_variable
    if not _VARIABLE.fullmatch(variable):
        # It is not shown: it may be the token itself.
        raise BadInput(
            "--token-variable must be the name of an environment variable that holds the token, "
            "not the token itself"
        )
    token = os.environ.get(variable, "").strip()
    if not token and not task.dry_run:
        raise BadInput(
            f"there is no token: set the environment variable {variable}, or name the one that holds "
            "it with --token-variable"
        )
    return token or "none"


def _limiter(task: Task, stack: ExitStack) -> RateLimiter | None:
    if task.limiter is None:
        return None if task.limit is None else _used(lambda: LocalRateLimiter(*(task.limit or ())))
    if task.limit is None:
        raise BadInput("--limiter needs --limit REQUESTS/SECONDS, the same for all who share it")
    from .._bulk.redis_limiter import RedisRateLimiter

    requests, seconds = task.limit
    url = task.limiter
    return stack.enter_context(
        _used(lambda: RedisRateLimiter(task.limiter_name, url, requests=requests, seconds=seconds))
    )


def _rejects(task: Task, source: Source, stack: ExitStack) -> Rejects | None:
    if task.rejects is None:
        return None
    return stack.enter_context(Rejects(task.rejects, source, task.path, delimiter=task.delimiter))


def _used(make: Callable[[], T]) -> T:
    """Make something from what was given, before anything is sent."""
    try:
        return make()
    except (ValueError, RateLimiterError) as error:
        raise BadInput(str(error)) from None
