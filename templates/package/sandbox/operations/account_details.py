"""What the sandbox tells of a token and its account: what `x-sandbox` says, with what is known filled in."""

from __future__ import annotations

from typing import Any

from ..account import Account
from ..answers import Reply, fill
from ..bodies import Bodies
from .request import Call, Outcome, Refused, check_body, read_object


def tell(account: Account, call: Call) -> Outcome:
    """Answer a request for what a token may do, or what is known of its account.

    Args:
        account: The account.
        call: The request, whose body may name another token.

    Raises:
        Refused: It cannot be read, or names a token that is not known.
    """
    operation, token = call.operation, call.token
    query, tokens = operation.account_query, account.options.tokens
    if query is not None and query.token is not None:
        data = read_object(call)
        check_body(operation, data)
        token = data[query.token]
        if tokens and token not in tokens:
            raise Refused("unauthenticated", detail="The sandbox does not know this token.")
    scopes = tokens.get(token)
    if scopes is None:
        known = (one.scopes for one in account.contract.operations)
        scopes = frozenset(scope for sets in known for each in sets for scope in each)
    limits = account.limits.remaining(token)
    daily, left = limits.daily_maximum, limits.daily_remaining
    values: dict[str, Any] = {
        "now": account.clock.text(),
        "scopes": sorted(scopes),
        "daily_maximum": daily or 0,
        "daily_used": (daily or 0) - (left or 0),
    }
    (status, schema), *_ = operation.responses.items()
    bodies = Bodies(account.contract, values["now"])
    fields = bodies.fields(schema)
    template = {name: value for name, value in operation.behaviour.batch.items() if name in fields}
    if query is not None and query.usage is not None and daily is None:
        template[query.usage.list] = []
    code = 200 if status == "2XX" else int(status)
    return Outcome(Reply(code, bodies.complete(schema, fill(template, values), {})))
