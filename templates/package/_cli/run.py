"""A run of the command: from what was asked for to what is told when it is done."""

from __future__ import annotations

import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

from .._bulk.table import one_line
from .._properties.declarations import PropertiesError
from .._properties.files import ObjectProperties, read_file
from .._properties.texts import time_zone
from ..bulk import (
    JournalError,
    LocalRateLimiter,
    Outcome,
    OutcomeStream,
    RateLimiter,
    RateLimiterError,
    RedisRateLimiter,
    StartBeyondEnd,
    StateError,
    Status,
    UpsertReport,
    report_of,
)
from ..errors import ApiError, Documented
from .account import account_id, other_account
from .advice import CommandLine, in_flags, is_convertible, next_steps, told
from .columns import NOTHING_SAVED, Mapper, SourceRecord, UnreadableRow, parse_mappings
from .connection import open_client
from .display import FAILED, BriefReport, progress_bar
from .errors import BadInput
from .header import PropertyNames
from .mapping import read_mapping, write_mapping
from .object_types import Catalogue, Choice, Version, call_arguments, choose
from .page import ReportPage
from .record_fields import fields_of
from .rejects import Rejects, is_same_file
from .rows import Source
from .source import Format, format_of, open_source

T = TypeVar("T")

ACCEPTED, REJECTED, STOPPED = 0, 1, 2

_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)/([0-9]+(?:\.[0-9]+)?)")
_STOPPING = b"\nstopping; requests in flight are waited for, unless you press Ctrl-C again\n"
_WIDEST = 500
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class LoadOptions:
    """What to load and where to: arguments and options by their names, as `command` explains them."""

    object_type: str
    file: str
    id_property: str | None
    api_version: str | None
    arguments: tuple[str, ...]
    format: Format | None
    delimiter: str | None
    encoding: str
    map: tuple[str, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    mapping: str | None
    clear_empty: bool
    number: tuple[str, ...]
    null: str
    timezone: str | None
    properties: str | None
    unknown_options: str
    convert: bool
    locale: str | None
    duplicates: str
    token_variable: str
    base_url: str | None
    allow_plain_http: bool


@dataclass(frozen=True)
class Options(LoadOptions):
    """What the command was asked for."""

    words: tuple[str, ...]
    save_mapping: str | None
    concurrency: int
    time_budget: float | None
    journal: str | None
    retry_rejected: bool
    only_failed: bool
    start_at: int
    state: str | None
    full: bool
    rejects: str | None
    report: str | None
    dry_run: bool
    limit: str | None
    limiter: str | None
    limiter_name: str


def run(catalogue: Catalogue, options: Options) -> int:
    """Do what the command was asked for, and print what came of it.

    Args:
        catalogue: What can be upserted.
        options: What was asked for.

    Returns:
        The exit code.

    Raises:
        BadInput: Something cannot be used; nothing was sent. Or something broke on the way; what came of
            the run until then was printed.
    """
    choice = choose(catalogue, options.api_version, options.object_type)
    if options.full and options.state is None:
        raise BadInput(
            "--full needs --state FILE: it sends what that knows to be unchanged as well"
        )
    _check_files(options)
    load = Load(choice, options)
    known = load.properties()
    arguments = load.arguments(known) | {"state": options.state, "full": options.full}
    arguments |= id_property(choice, options.id_property)
    mapper = load.mapper(known)
    limit = _limit(options.limit)
    with ExitStack() as stack:
        source = stack.enter_context(load.source())
        records = mapper.records(source, options.id_property)
        for note in mapper.notes:
            click.echo(f"{catalogue.program}: {source.name}: {note}", err=True)
        if options.save_mapping is not None:
            write_mapping(options.save_mapping, load.object_type, mapper.mapping)
        client = stack.enter_context(_client(choice.version, options))
        upsert = method_of(client, choice)
        if known is not None and known.account is not None and not options.dry_run:
            wrong = other_account(known, account_id(client, choice.version))
            if wrong is not None:
                raise BadInput("; ".join(wrong))
        arguments["start_at"] = options.start_at
        if options.dry_run:
            arguments["dry_run"] = True
        else:
            arguments.update(
                retry_rejected=options.retry_rejected,
                only_failed=options.only_failed,
                concurrency=options.concurrency,
                time_budget=options.time_budget,
                journal=options.journal,
                limiter=_limiter(options, limit, stack),
            )
        rejects = None
        if options.rejects is not None:
            rejects = Rejects(
                options.rejects,
                source,
                options.file,
                format=options.format,
                delimiter=load.delimiter,
                timezone=_used(lambda: time_zone(options.timezone)),
            )
            stack.enter_context(rejects)
        page = None
        if options.report is not None:
            page = stack.enter_context(ReportPage(options.report, options.file))
        report = BriefReport(dry_run=options.dry_run)
        remembered = convertible = 0

        def take(outcome: Outcome) -> None:
            nonlocal remembered, convertible
            convertible += is_convertible(outcome)
            outcome = told(outcome, mapper.lines.of)
            report.add(outcome)
            remembered += outcome.remembered and outcome.is_refused
            if rejects is not None:
                rejects.add(outcome)
            elif options.dry_run and outcome.status is Status.REJECTED:
                _name(source.name, report.place_of(outcome), outcome)

        problem = None
        cause: Exception | None = None
        try:
            with progress_bar(choice.name, source.fraction) as arguments["progress"]:
                send(upsert, records, arguments, report, take)
            if rejects is not None:
                rejects.finish()
        # An error of the API that ends all is about the token that an app asks for.
        except (BadInput, JournalError, RateLimiterError, StateError, ApiError) as error:
            problem, cause = in_flags(str(error)), error
            failed = report_of(error)
            if failed is not None and failed.stop is not None and not options.dry_run:
                report.stop = replace(failed.stop, reason=problem, mend="")
        except StartBeyondEnd as error:
            problem = f"{source.name}: {in_flags(str(error))}"
        except OSError as error:
            problem = f"{error.filename or options.rejects}: {error.strerror or error}"
        if page is not None and (problem is None or report.records):
            try:
                page.write(report)
            except BadInput as error:
                problem = problem or str(error)
    if problem is None or report.records:
        click.echo(str(report))
    unread = "--dry-run plans all records: it does not look into --journal"
    is_unread = options.dry_run and options.journal is not None
    for doubt in filter(None, (mapper.unnamed, mapper.doubtful, is_unread and unread)):
        click.echo(f"{catalogue.program}: {doubt}", err=True)
    if rejects is not None and rejects.count:
        what = "record is" if rejects.count == 1 else "records are"
        click.echo(f"\n{rejects.count:,} {what} in {options.rejects}, with what is wrong")
    refused = () if report.stop is None else report.stop.problems
    for step in next_steps(
        CommandLine(catalogue.program, options.words, options.file),
        report,
        journal=options.journal,
        rejects=options.rejects if rejects is not None and rejects.count else None,
        is_parquet=load.format == "parquet",
        remembered=remembered,
        # Without the column of the id property no record is found.
        refused_columns=mapper.columns_of(
            {each.property for each in refused} - {options.id_property}
        ),
        convertible=convertible,
    ):
        click.echo(step)
    cause = cause if report.stop is None else report.stop.error
    # The path of a page in a repository is of no use here.
    if isinstance(cause, Documented) and "://" in cause.documentation:
        click.echo(f"{catalogue.program}: {cause.documentation} says more", err=True)
    if problem is not None:
        raise BadInput(problem)
    if report.stop is not None or (report.not_sent and not options.dry_run):
        return STOPPED
    return REJECTED if any(report.counts[each] for each in FAILED) else ACCEPTED


class Load:
    """What records come from, and what else their upsert is told.

    Args:
        choice: What is to be upserted.
        options: What was asked for.

    Attributes:
        object_type: Whose properties columns become.
        format: The format of the file.
        delimiter: What stands between the fields of CSV; None for what is usual.

    Raises:
        BadInput: An option cannot be used, or the format of the file cannot be told.
    """

    def __init__(self, choice: Choice, options: LoadOptions) -> None:
        self._choice, self._options = choice, options
        self._arguments = call_arguments(choice, options.arguments)
        named = (self._arguments[one.name] for one in choice.resource.arguments if one.in_path)
        self.object_type = str(next(named, choice.name))
        self.format: Format = options.format or format_of(options.file)
        self.delimiter = "\t" if options.delimiter == "tab" else options.delimiter

    def properties(self) -> ObjectProperties | None:
        """Read the properties that were named, if any were and the records have such.

        Raises:
            BadInput: They cannot be read, or are those of another object type.
        """
        path, resource = self._options.properties, self._choice.resource
        if path is None or not resource.has_id_property:
            return None
        try:
            return read_file(path, self.object_type, resource.rules, self._choice.version.aliases)
        except PropertiesError as error:
            raise BadInput(str(error)) from None

    def arguments(self, known: ObjectProperties | None) -> dict[str, Any]:
        """Give the arguments of the client's method that say what values mean.

        Args:
            known: The properties, if they are known.
        """
        options = self._options
        return {
            "duplicates": options.duplicates,
            "null": options.null,
            "timezone": options.timezone,
            "properties": options.properties if known is None else known,
            "unknown_options": options.unknown_options,
            "convert": options.convert,
            "locale": options.locale,
            **self._arguments,
        }

    def mapper(self, known: ObjectProperties | None) -> Mapper:
        """Make what decides what becomes of the columns.

        Args:
            known: The properties, if they are known.

        Raises:
            BadInput: An option cannot be used, or the mapping that was named cannot.
        """
        options, path = self._options, self._options.mapping
        return Mapper(
            parse_mappings(options.map),
            only=options.only,
            skipped=options.skip,
            numbers=options.number,
            as_text=self._choice.resource.has_id_property and self._choice.resource.bulk is None,
            # Whoever writes JSON or Parquet tells an empty text from nothing; in CSV they look the same.
            clears=options.clear_empty or options.null == "clear" or self.format != "csv",
            saved=NOTHING_SAVED if path is None else read_mapping(path, self.object_type),
            names=None if known is None else PropertyNames(known, self._choice.resource.rules),
            fields=fields_of(self._choice) if self.format != "jsonl" else None,
        )

    def source(self) -> Source:
        """Open the file.

        Raises:
            BadInput: It cannot be read, or its columns cannot.
        """
        return open_source(
            self._options.file,
            self.format,
            delimiter=self.delimiter,
            encoding=self._options.encoding,
        )


def method_of(client: Any, choice: Choice) -> Callable[..., OutcomeStream]:
    """Give the method of a client that upserts what was chosen, and gives an outcome for each record."""
    found: Callable[..., OutcomeStream] = getattr(
        getattr(client, choice.name), f"iter_{choice.resource.method}"
    )
    return found


def send(
    upsert: Callable[..., OutcomeStream],
    records: Iterator[SourceRecord | UnreadableRow],
    arguments: Mapping[str, Any],
    report: UpsertReport,
    take: Callable[[Outcome], None],
) -> None:
    """Upsert records, and tell of each what came of it.

    Args:
        upsert: The method of the client.
        records: The records.
        arguments: Further arguments of the client's method.
        report: Where to note what holds for all of them.
        take: Told of each outcome.

    Raises:
        BadInput: An argument cannot be used.
        Exception: What reading the file and sending raise.
    """
    with warnings.catch_warnings():
        # An upsert that is deprecated was told of when it was chosen.
        warnings.simplefilter("ignore", DeprecationWarning)
        outcomes: OutcomeStream = _used(lambda: upsert(records, **arguments))
    report.operation = outcomes.operation
    try:
        with _signals(outcomes.ask_to_stop), closing(outcomes), suppress(KeyboardInterrupt):
            for outcome in outcomes:
                take(outcome)
        stop = outcomes.stop
        report.stop = None if stop is None else replace(stop, mend=in_flags(stop.mend))
    finally:
        report.requests, report.retries = outcomes.requests, outcomes.retries
        report.batches, report.figures = outcomes.batches, outcomes.figures
        report.conversions = outcomes.conversions


def _check_files(options: Options) -> None:
    files = (
        *(("--rejects", options.rejects), ("--journal", options.journal)),
        *(("--state", options.state), ("--report", options.report)),
        ("--save-mapping", options.save_mapping),
    )
    for (one, path), (other, same) in combinations(files, 2):
        if path and same and Path(path).resolve() == Path(same).resolve():
            raise BadInput(f"{one} and {other} must be two files; both are {path}")
    if options.save_mapping is not None and is_same_file(options.save_mapping, options.file):
        raise BadInput(f"{options.file} is the file that is read; give --save-mapping another one")


def _name(source: str, line: int, outcome: Outcome) -> None:
    """Say of one record what is wrong with it, and where it stands."""
    told = "; ".join(each.message for each in outcome.problems)
    click.echo(one_line(f"{source}: line {line}: {told}", _WIDEST), err=True)


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


def id_property(choice: Choice, name: str | None) -> dict[str, str]:
    """Give the argument of the client's method that names the key, if there is one.

    Raises:
        BadInput: None was named where one is needed, or one where there is none.
    """
    if choice.resource.has_id_property and name is None:
        raise BadInput("name the unique property that finds a record with --id-property")
    if not choice.resource.has_id_property and name is not None:
        raise BadInput(
            f"{choice.name} has no --id-property: its records are found by an id of theirs"
        )
    return {} if name is None else {"id_property": name}


def _client(version: Version, options: Options) -> AbstractContextManager[Any]:
    return open_client(
        version,
        token_variable=options.token_variable,
        base_url=options.base_url,
        allow_plain_http=options.allow_plain_http,
        needs_token=not options.dry_run,
    )


def _limit(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise BadInput(f"--limit must be REQUESTS/SECONDS, such as 190/10; got {text!r}")
    return float(match[1]), float(match[2])


def _limiter(
    options: Options, limit: tuple[float, float] | None, stack: ExitStack
) -> RateLimiter | None:
    url = options.limiter
    if limit is None:
        if url is not None:
            raise BadInput(
                "--limiter needs --limit REQUESTS/SECONDS, the same for all who share it"
            )
        return None
    requests, seconds = limit
    if url is None:
        return _used(lambda: LocalRateLimiter(requests, seconds))
    name = options.limiter_name
    return stack.enter_context(
        _used(lambda: RedisRateLimiter(name, url, requests=requests, seconds=seconds))
    )


def _used(make: Callable[[], T]) -> T:
    """Make something from what was given, before anything is sent."""
    try:
        return make()
    except (ValueError, RateLimiterError) as error:
        raise BadInput(in_flags(str(error))) from None
