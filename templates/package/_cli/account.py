"""What the API tells of a token and its account: asked for, and what follows from the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import to_jsonable_python

from .._properties.files import ObjectProperties
from .._runtime.credentials import MissingTokenError
from .._runtime.roles import LimitUsage
from ..errors import ApiError, AuthenticationError, PermissionDeniedError, RateLimit, TransportError
from .advice import in_flags
from .errors import BadInput, listed
from .findings import Finding, State
from .object_types import AccountMethod, Version

PATIENCE = 10.0
"""Seconds that one answer about the token or the account may take."""

_MOST_SCOPES = 8
_DOUBT = "nobody knows for sure how that is asked, so it says nothing about the token"


@dataclass(frozen=True)
class Reply:
    """What came of asking.

    Attributes:
        method: What was asked.
        body: The answer, as JSON data.
        error: Why there is none.
    """

    method: AccountMethod
    body: Any = None
    error: ApiError | None = None


def ask(client: Any, methods: Sequence[AccountMethod], token: str) -> Iterator[Reply]:
    """Ask all there is to ask; where there is no way to the API, only once.

    Args:
        client: The client of the version.
        methods: What to ask.
        token: The token, for methods that have to be told.

    Raises:
        BadInput: There is no token that a method needs.
    """
    for each in methods:
        arguments = {} if each.token is None else {each.token: token}
        try:
            answer = getattr(getattr(client, each.resource), each.method)(**arguments)
        except MissingTokenError as error:
            raise BadInput(in_flags(str(error))) from None
        except ApiError as error:
            yield Reply(each, error=error)
            if isinstance(error, TransportError):
                return
        else:
            yield Reply(each, to_jsonable_python(answer, by_alias=True))


def account_of(replies: Sequence[Reply]) -> str | None:
    """Give the id of the account, if an answer tells it."""
    for each in replies:
        found = _field(each.body, each.method.query.account)
        if isinstance(found, int | str) and found != "":
            return str(found)
    return None


def account_id(client: Any, version: Version) -> str | None:
    """Ask for the id of the account that the client's token is for; None if nothing tells it."""
    asked = [one for one in version.account if one.query.account is not None and one.token is None]
    return account_of([*ask(client.with_options(time_budget=PATIENCE), asked, "")])


def other_account(known: ObjectProperties, account: str | None) -> tuple[str, str] | None:
    """Say that properties are those of another account, and how to mend it; None if they are not.

    Args:
        known: The properties.
        account: The id of the account that the token is for; None if nobody knows.
    """
    if None in (account, known.account) or known.account == account:
        return None
    told = f"{known.source} is of the account {known.account}, and the token of {account}"
    return told, "take the token of that account, or pull the properties of this one"


def token_finding(
    replies: Sequence[Reply], others: Sequence[ApiError | None], mend: str
) -> Finding:
    """Say whether the API accepts the token.

    Args:
        replies: What came of asking about it.
        others: What came of other calls with it; None for an answer.
        mend: What to do where it is refused.
    """
    outcomes = [*(each.error for each in replies), *others]
    # An answer about a token that is told apart says nothing about the one of the request.
    own = [*(each.error for each in replies if each.method.token is None), *others]
    if any(each is None or isinstance(each, PermissionDeniedError) for each in outcomes):
        account = account_of(replies)
        of = "" if account is None else f"; it is for the account {account}"
        return Finding("token", State.OK, f"the API accepts it{of}")
    for error in own:
        if isinstance(error, AuthenticationError):
            return Finding("token", State.PROBLEM, f"the API refuses it: {error}", mend)
        if isinstance(error, TransportError):
            mend = "look into the network, the proxy and --base-url"
            return Finding("token", State.PROBLEM, f"the API cannot be reached: {error}", mend)
    reason = next((f": {error}" for error in outcomes if error is not None), "")
    return Finding("token", State.UNKNOWN, f"no operation tells{reason}")


def scopes_finding(replies: Sequence[Reply], needed: Sequence[Sequence[str]]) -> Finding:
    """Say whether the token has the scopes that an upsert needs.

    Args:
        replies: What came of asking.
        needed: Sets of scopes, one of which it needs; empty if the specification names none.
    """
    asked = [each for each in replies if each.method.query.scopes is not None]
    scopes: list[str] | None = None
    for each in asked:
        found = _field(each.body, each.method.query.scopes)
        if isinstance(found, list):
            scopes = sorted(map(str, cast("list[object]", found)))
            break
    wanted = f"needed: {listed([' '.join(each) for each in needed], 'or')}" if needed else ""
    if scopes is None:
        failed = next((each for each in asked if each.error is not None), None)
        reason, doubt = "no operation tells which it has", ""
        if failed is not None:
            reason = str(failed.error)
            is_answer = not isinstance(failed.error, TransportError)
            doubt = _DOUBT if is_answer and failed.method.query.assumed else ""
        told = "; ".join(filter(None, [reason, doubt, wanted]))
        return Finding("scopes", State.UNKNOWN, told)
    shown = ", ".join([*scopes[:_MOST_SCOPES], *["…"][: len(scopes) > _MOST_SCOPES]]) or "none"
    if not needed:
        told = f"which ones are needed; the token has {len(scopes)}: {shown}"
        return Finding("scopes", State.UNKNOWN, told)
    lacking = min((sorted(set(each) - set(scopes)) for each in needed), key=len)
    if lacking:
        mend = f"grant the app {listed(lacking)}, and take the token that it gives then"
        told = f"{listed(lacking)} is missing; the token has {len(scopes)}: {shown}"
        return Finding("scopes", State.PROBLEM, told, mend)
    there = next(each for each in needed if set(each) <= set(scopes))
    return Finding(
        "scopes", State.OK, f"{listed(there)} is there; the token has {len(scopes)}: {shown}"
    )


@dataclass(frozen=True)
class Allowance:
    """How many requests of a day are left.

    Attributes:
        left: How many are left.
        limit: How many there may be; None if nobody knows.
        told: Further facts, for people.
    """

    left: int
    limit: int | None
    told: str = ""

    def __str__(self) -> str:
        of = "" if self.limit is None else f" of {self.limit:,}"
        return f"{self.left:,}{of} requests are left{self.told}"


def limit_finding(
    replies: Sequence[Reply], limit: RateLimit | None, batches: int | None
) -> Finding:
    """Say how many requests of the day are left, and whether a file needs more.

    Args:
        replies: What came of asking.
        limit: What the headers of an answer said about limits.
        batches: How many requests the file needs at least, if that is known.
    """
    asked = [each for each in replies if each.method.query.usage is not None]
    found = [
        one for each in asked for one in _allowances(each.body, cast(Any, each.method.query.usage))
    ]
    if limit is not None and limit.daily_remaining is not None:
        found.append(Allowance(limit.daily_remaining, limit.daily_maximum))
    if not found:
        reason = next((str(each.error) for each in asked if each.error is not None), "")
        return Finding("daily limit", State.UNKNOWN, reason or "no answer tells")
    least = min(found, key=lambda each: each.left)
    if batches is not None and batches > least.left:
        mend = (
            "wait for the next day, or leave the rest to it: --journal FILE remembers what is done"
        )
        told = f"{least}, and the file needs {batches:,} at least"
        return Finding("daily limit", State.PROBLEM, told, mend)
    if least.left <= 0:
        return Finding("daily limit", State.PROBLEM, str(least), "wait for the next day")
    return Finding("daily limit", State.OK, str(least))


def _allowances(body: object, usage: LimitUsage) -> Iterator[Allowance]:
    entries = _field(body, usage.list)
    for entry in cast("list[object]", entries) if isinstance(entries, list) else []:
        limit, used = _field(entry, usage.limit), _field(entry, usage.used)
        if isinstance(limit, int) and isinstance(used, int):
            name, resets = _field(entry, usage.name), _field(entry, usage.resets_at)
            told = f" of {name}" if isinstance(name, str) and name else ""
            told += f", until {resets}" if isinstance(resets, str) and resets else ""
            yield Allowance(max(0, limit - used), limit, told)


def _field(body: object, name: str | None) -> object:
    return cast("dict[str, object]", body).get(name or "") if isinstance(body, dict) else None
