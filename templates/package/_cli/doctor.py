"""Looks at all that a load needs before it begins: token, limits, key, columns and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from .._bulk.report_text import cause_line
from .._bulk.table import counted
from .._properties.files import ObjectProperties
from .._properties.property import Property, may_be_key
from ..bulk import Outcome, Status, UpsertReport
from ..errors import ApiError
from .account import (
    PATIENCE,
    Reply,
    account_of,
    ask,
    limit_finding,
    other_account,
    scopes_finding,
    token_finding,
)
from .advice import told
from .columns import Mapper
from .connection import open_client
from .display import BriefReport, progress_bar
from .errors import BadInput, listed
from .findings import Finding, State
from .header import PropertyNames, option
from .object_types import Choice
from .property_source import AccountProperties, Unavailable
from .run import Load, LoadOptions, id_property, method_of, send
from .tokens import CommandTokens

_NO_KEY = "create a property with unique values in the account, and pull its properties again"
_SHOWN_CAUSES = 10
_SHOWN_KEYS = 5


def examine(choice: Choice, options: LoadOptions, tokens: CommandTokens) -> Iterator[Finding]:
    """Find out what keeps the records of a file from being upserted.

    Args:
        choice: What is upserted.
        options: What to load, and where to.
        tokens: The tokens that there are.

    Yields:
        What was found out, in the order in which it matters.

    Raises:
        BadInput: An option cannot be used.
    """
    may_ask = tokens.is_given or not tokens.is_needed
    token = next(tokens.secrets, "")
    load = Load(choice, options)
    with ExitStack() as stack:
        client: Any = stack.enter_context(
            open_client(
                choice.version,
                token_variable=options.token_variable,
                base_url=options.base_url,
                allow_plain_http=options.allow_plain_http,
                needs_token=False,
            )
        ).with_options(time_budget=PATIENCE)
        replies = [*ask(client, choice.version.account, token)] if may_ask else []
        limit = client.rate_limit
        known, properties, calls = _properties(
            choice, load, options, replies, client if may_ask else None
        )
        key = _key(choice, options, known)
        file, batches = _file(choice, load, options, known, key, client)
        if may_ask:
            yield token_finding(replies, calls, tokens.mend)
            yield scopes_finding(replies, choice.resource.scopes)
            yield limit_finding(replies, client.rate_limit or limit, batches)
        else:
            yield Finding("token", State.PROBLEM, *tokens.problem)
        yield from (*properties, key, *file)


def _properties(
    choice: Choice, load: Load, options: LoadOptions, replies: Sequence[Reply], client: Any
) -> tuple[ObjectProperties | None, list[Finding], list[ApiError | None]]:
    """Return the properties if they can be had, what to say about that, and what came of asking for them."""
    if not choice.resource.has_id_property:
        return None, [], []
    subject = "properties"
    if options.properties is not None:
        try:
            known = load.properties()
        except BadInput as error:
            return None, [Finding(subject, State.PROBLEM, str(error))], []
        wrong = None if known is None else other_account(known, account_of(replies))
        if wrong is not None:
            return known, [Finding(subject, State.PROBLEM, *wrong)], []
        return known, [_found(known)], []
    mend = "name a file of them with --properties"
    if not client:
        return None, [Finding(subject, State.UNKNOWN, "not asked for without a token", mend)], []
    label = options.api_version or ""
    try:
        known = AccountProperties(client, choice.version, label).read(load.object_type)
    except (Unavailable, BadInput) as error:
        calls = [error.__cause__] if isinstance(error.__cause__, ApiError) else []
        return None, [Finding(subject, State.UNKNOWN, str(error), mend)], [*calls]
    return known, [_found(known)], [None]


def _found(known: ObjectProperties | None) -> Finding:
    count = 0 if known is None else len(known.properties)
    source = "" if known is None else f", from {known.source}"
    return Finding("properties", State.OK, f"{counted(count, 'property', 'properties')}{source}")


def _key(choice: Choice, options: LoadOptions, known: ObjectProperties | None) -> Finding:
    """Say whether the property that is meant to find records can do so."""
    name, rules = options.id_property, choice.resource.rules
    properties: Mapping[str, Property] = {} if known is None else known.properties
    keys = [each.name for each in properties.values() if may_be_key(each, rules)][:_SHOWN_KEYS]
    mend = (
        f"give {listed([option('--id-property', each) for each in keys], 'or')}"
        if keys
        else _NO_KEY
    )
    try:
        id_property(choice, name)
    except BadInput as error:
        return Finding("key", State.PROBLEM, str(error), mend)
    if name is None:
        return Finding("key", State.OK, "none is needed: records are found by an id of theirs")
    if known is None:
        return Finding("key", State.UNKNOWN, f"whether {name!r} exists, and is unique")
    problem = PropertyNames(known, rules).problem_of_key(name)
    if problem is not None:
        return Finding("key", State.PROBLEM, problem, "" if keys else _NO_KEY)
    declared = properties[name]
    if may_be_key(declared, rules):
        return Finding("key", State.OK, f"{name!r} exists, and is unique")
    if not declared.unique:
        wrong = f"the values of {name!r} are not unique"
    elif declared.is_writable:
        wrong = f"the API finds no records by {name!r}"
    else:
        wrong = f"{name!r} is archived, or only the API writes it"
    return Finding("key", State.PROBLEM, wrong, mend)


def _file(
    choice: Choice,
    load: Load,
    options: LoadOptions,
    known: ObjectProperties | None,
    key: Finding,
    client: Any,
) -> tuple[list[Finding], int | None]:
    """Say what becomes of columns and rows, and how many requests they take if that is known."""
    mapper = load.mapper(known)
    is_key = key.state is not State.PROBLEM
    with ExitStack() as stack:
        try:
            source = stack.enter_context(load.source())
        except BadInput as error:
            mend = "name a file that can be read, with --format, --delimiter or --encoding as it has them"
            return [Finding("file", State.PROBLEM, str(error), mend)], None
        try:
            records = mapper.records(source, options.id_property if is_key else None)
        except BadInput as error:
            rows = Finding(
                "rows", State.UNKNOWN, "not looked at before it is clear what columns become"
            )
            return [Finding("columns", State.PROBLEM, str(error)), rows], None
        columns = _columns(mapper, known)
        if not is_key:
            return [columns, Finding("rows", State.UNKNOWN, "not looked at without a key")], None
        report = BriefReport(dry_run=True)
        arguments = load.arguments(known) | id_property(choice, options.id_property)

        def take(outcome: Outcome) -> None:
            report.add(told(outcome, mapper.lines.of))

        try:
            with progress_bar(choice.name, source.fraction) as arguments["progress"]:
                send(
                    method_of(client, choice),
                    records,
                    arguments | {"dry_run": True},
                    report,
                    take,
                )
        except BadInput as error:
            return [columns, Finding("rows", State.PROBLEM, str(error))], None
    doubts = [each for each in (mapper.unnamed, mapper.doubtful) if each is not None]
    return [columns, _rows(report, doubts, is_checked=known is not None)], report.batches


def _columns(mapper: Mapper, known: ObjectProperties | None) -> Finding:
    mapping = mapper.mapping
    sent = counted(len(mapping.columns), "column is sent", "columns are sent")
    skipped = f", {len(mapping.skipped):,} skipped" if mapping.skipped else ""
    if known is None:
        told = f"whether their properties exist; {sent}{skipped}"
        return Finding("columns", State.UNKNOWN, told, details=mapper.notes)
    return Finding("columns", State.OK, f"{sent}{skipped}", details=mapper.notes)


def _rows(report: UpsertReport, doubts: Sequence[str], *, is_checked: bool) -> Finding:
    refused = report.counts[Status.REJECTED]
    rows = counted(report.records, "row", "rows")
    if not report.records:
        return Finding("rows", State.PROBLEM, "there are none", details=doubts)
    if report.stop is not None:
        stop = report.stop
        return Finding("rows", State.PROBLEM, stop.reason, stop.mend, doubts)
    if refused:
        causes = report.causes
        details = [f"{cause_line('line', each)}: {each.message}" for each in causes]
        more = len(details) - _SHOWN_CAUSES
        shown = [*details[:_SHOWN_CAUSES], *([f"and {more:,} other causes"] if more > 0 else [])]
        mend = "correct them; or --rejects FILE keeps them, and the others are sent"
        would = f"{refused:,} of {rows} would be refused"
        return Finding("rows", State.PROBLEM, would, mend, [*shown, *doubts])
    batches = counted(report.batches, "request", "requests")
    if not is_checked:
        told = f"whether the account takes the values of {rows}, in {batches}"
        return Finding("rows", State.UNKNOWN, told, details=doubts)
    return Finding("rows", State.OK, f"{rows}, in {batches}; none would be refused", "", doubts)
