"""What creates a property: a declaration in the form in which the API lists properties."""

from __future__ import annotations

from ..._properties.declarations import PropertiesError
from ..._properties.files import ANY_TYPE, from_listing
from ..._properties.property import Property
from ..account import Account
from ..answers import Reply
from ..bodies import Bodies
from ..errors import hint
from .listing import listed_property
from .record_answers import subject_of
from .request import Call, Outcome, Refused, check_body, check_parameters, read_object


def create_property(account: Account, call: Call) -> Outcome:
    """Declare a property, and answer with it as a listing has it, and with what else was sent of it.

    Args:
        account: Which will have it.
        call: The request.

    Raises:
        Refused: It cannot be read, or there is such a property.
        StoreError: The database cannot be written.
    """
    check_parameters(call)
    subject = subject_of(account, call)
    operation, label = subject.operation, subject.object_type
    rules = account.contract.property_rules
    own = rules.get(label, rules[ANY_TYPE])
    if own.listing is None:
        raise Refused("no-upsert", detail="The sandbox does not know what properties look like.")
    data = read_object(call)
    check_body(operation, data)
    (status, schema), *_ = operation.responses.items()
    types = dict(own.listing.types)
    given = data.get(own.listing.type)
    if types and given not in types:
        detail = f"There is no type {given!r}; {hint(given, types)}"
        raise Refused("invalid-body", detail=detail)
    try:
        (declared,) = from_listing(label, [data], own, call.operation.name).properties.values()
    except PropertiesError as error:
        raise Refused("invalid-body", detail=f"{error}.") from error
    with account.store.transaction():
        _refuse_known(account, label, declared)
        account.store.declare(label, [declared])
    body = {**listed_property(declared, own.listing, operation.behaviour), **data}
    bodies = Bodies(account.contract, account.clock.text())
    return Outcome(Reply(int(status), bodies.complete(schema, body, {})), inputs=1, written=1)


def _refuse_known(account: Account, label: str, declared: Property) -> None:
    if declared.name in account.store.properties(label):
        detail = f"There is a property {declared.name!r} of {label}."
        raise Refused("known-property", property=declared.name, object_type=label, detail=detail)
