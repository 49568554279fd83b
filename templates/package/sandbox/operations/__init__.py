"""What operations do with the account, each in a module of its own, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..account import Account
from ..answers import answer
from ..record_words import Action
from .account_details import tell
from .definition import create_property
from .jobs import tell_job
from .listing import list_properties
from .records import archive, archive_records, list_records, read, read_records
from .request import Call, Outcome, Refused
from .search import search
from .upsert import upsert

__all__ = ["Call", "Outcome", "perform"]

_Perform: TypeAlias = Callable[[Account, Call], Outcome]
_ACTIONS: Mapping[Action, _Perform] = {
    "read": read,
    "list": list_records,
    "archive": archive,
    "batch-read": read_records,
    "batch-archive": archive_records,
    "search": search,
    "create-property": create_property,
}


def perform(account: Account, call: Call) -> Outcome:
    """Do what a request asks for, and answer it.

    Args:
        account: What it is done to.
        call: The request, whose token may ask for it.

    Raises:
        StoreError: The database cannot be read or written.
    """
    operation = call.operation
    if call.job is not None or operation.job_argument is not None:
        action: _Perform = tell_job
    elif operation.behaviour.records is not None:
        action = _ACTIONS[operation.behaviour.records.action]
    elif operation.property_query is not None:
        action = list_properties
    elif operation.account_query is not None:
        action = tell
    else:
        action = upsert
    try:
        return action(account, call)
    except Refused as refused:
        # Whichever way a type was named, it is answered in its own words.
        label = account.label_of(str(refused.values.get("object_type", operation.label)))
        said = account.contract.operation_on(operation, label)
        reply = answer(said, refused.situation, refused.values)
        return Outcome(
            reply, refused.inputs, situation=refused.situation, trace_ids=refused.trace_ids
        )
