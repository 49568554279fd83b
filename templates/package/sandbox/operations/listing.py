"""What a listing does: it answers with the declared properties of an object type, as the API lists them."""

from __future__ import annotations

from typing import Any, cast

from ..._properties.files import ANY_TYPE
from ..._properties.property import Property
from ..._runtime.roles import PropertyListing
from ..account import Account
from ..answers import Reply, fill
from ..bodies import Bodies
from ..contract import Behaviour
from .request import Call, Outcome, Refused, check_parameters, known_type, read_flag


def list_properties(account: Account, call: Call) -> Outcome:
    """Answer a request for the properties of an object type.

    Args:
        account: Which has them.
        call: The request for an operation that lists properties.

    Raises:
        Refused: It makes no sense, or there is no such object type.
        StoreError: The database cannot be read.
    """
    operation = call.operation
    query = operation.property_query
    rules = account.contract.property_rules
    listing = None if query is None else rules[ANY_TYPE].listing
    if query is None or listing is None:
        raise Refused("no-upsert", detail="The sandbox does not know what this answers.")
    check_parameters(call)
    archived = read_flag(call, query.archived)
    sensitivity = call.parameters.get(query.sensitivity or "")
    label = known_type(account, call.arguments[query.object_type])
    bodies = Bodies(account.contract, account.clock.text())
    (status, schema), *_ = operation.responses.items()
    items = bodies.items(schema, listing.list)
    properties = account.store.properties(label).values()
    rows = [
        bodies.complete(items, listed_property(one, listing, operation.behaviour), {})
        for one in properties
        if one.archived is archived
    ]
    if query.sensitivity is not None and sensitivity is not None:
        rows = [row for row in rows if row.get(query.sensitivity) == sensitivity]
    body: dict[str, Any] = dict(
        fill(dict(operation.behaviour.batch), {"now": account.clock.text()})
    )
    _put(body, listing.list, rows)
    code = 200 if status == "2XX" else int(status)
    return Outcome(Reply(code, bodies.complete(schema, body, {})), found=len(rows))


def listed_property(
    declared: Property, listing: PropertyListing, behaviour: Behaviour
) -> dict[str, Any]:
    """Give a property as a listing has it, from which `from_listing` reads it again.

    Args:
        declared: The property.
        listing: Where a listing says what.
        behaviour: What else a listing says.
    """
    template = {**behaviour.result, **behaviour.by_type.get(declared.type, {})}
    row: dict[str, Any] = {}
    if listing.options is not None:
        _put(row, listing.options, [])
    row |= fill(template, {})
    names = {ours: theirs for theirs, ours in reversed(listing.types)}
    said: dict[str | None, Any] = {
        listing.name: declared.name,
        # What the API has no type for, such as emails, is a text there.
        listing.type: names.get(declared.type) or names.get("string") or declared.type,
        listing.label: declared.label,
        listing.unique: declared.unique,
        listing.read_only: declared.read_only,
        listing.calculated: declared.calculated,
        listing.archived: declared.archived,
    }
    if declared.type == "enumeration":
        said[listing.options] = [
            _option(number, value, label, listing, behaviour)
            for number, (value, label) in enumerate(declared.options.items())
        ]
    if declared.multiple and listing.multiple is not None:
        said[listing.multiple.field] = listing.multiple.value
    for way, value in said.items():
        if way is not None:
            _put(row, way, value)
    return row


def _option(
    number: int, value: str, label: str, listing: PropertyListing, behaviour: Behaviour
) -> dict[str, Any]:
    option: dict[str, Any] = fill(dict(behaviour.option), {"number": number})
    for way, text in ((listing.option, value), (listing.option_label, label)):
        if way is not None:
            _put(option, way, text)
    return option


def _put(body: dict[str, Any], way: str, value: object) -> None:
    *steps, last = way.split(".")
    for step in steps:
        body = cast("dict[str, Any]", body.setdefault(step, {}))
    body[last] = value
