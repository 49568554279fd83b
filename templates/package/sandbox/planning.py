"""What each input of an upsert leads to: a record to write, or what is wrong with its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from .contract import Contract
from .properties import InvalidValue, Property, check_value, key_of
from .requests import Refused, UpsertRequest
from .store import Change, Record, Store


@dataclass(frozen=True)
class Plan:
    """What is to be written for an input.

    Attributes:
        change: The record after the write.
        created: Whether there was none before.
        cleared: The properties that the input clears.
    """

    change: Change
    created: bool
    cleared: tuple[str, ...] = ()


Plans = list[Plan | list[InvalidValue]]
"""For each input, in their order: what to write, or what is wrong with it."""


def plan_by_field(request: UpsertRequest, store: Store) -> Plans:
    """Return what inputs lead to that are found by a field of theirs, and are replaced as a whole.

    Raises:
        Refused: Several inputs have the same key.
    """
    field, object_type = request.roles.key, request.operation.label
    # The arguments in the path belong to what identifies a record.
    path = [*request.arguments.values()]
    keys = ["/".join([*path, str(one[field])]) for one in request.inputs]
    _refuse_repeated(keys)
    known = store.find(object_type, field, keys)
    return [
        Plan(
            Change(object_type, {**request.arguments, **one}, {field: key}, known.get(key)),
            created=key not in known,
        )
        for one, key in zip(request.inputs, keys, strict=True)
    ]


def plan_by_property(
    request: UpsertRequest, field: str, store: Store, contract: Contract, *, create: bool
) -> Plans:
    """Return what inputs lead to that are found by the value of a unique property.

    Args:
        request: The inputs.
        field: Their field for the values of properties.
        store: Where records and declared properties are.
        contract: What the specification says about object types.
        create: Whether properties and object types that are not known are created.

    Raises:
        Refused: The batch is refused as a whole: the key cannot be one, keys repeat, properties are
            unknown, or a record would take a unique value of another one.
    """
    object_type = _object_type(request, store, contract, create=create)
    key = _key_property(request, object_type, store, create=create)
    used = {name for one in request.inputs for name in one[field]}
    _check_known(object_type, used, store, create=create)
    key_values = [key_of(key, one[request.roles.key]) for one in request.inputs]
    _refuse_repeated(key_values)
    known = store.find(object_type, key.name, key_values)
    records = store.read(known.values())
    declared = store.properties(object_type)
    plans: Plans = [
        _plan(
            records[known[value]] if value in known else None,
            object_type,
            declared,
            key,
            one[request.roles.key],
            one[field],
        )
        for one, value in zip(request.inputs, key_values, strict=True)
    ]
    _check_conflicts(object_type, plans, key.name, {*key_values}, known, store)
    return plans


def _object_type(request: UpsertRequest, store: Store, contract: Contract, *, create: bool) -> str:
    operation, argument = request.operation, request.roles.object_type
    if argument is None or argument not in operation.arguments:
        return operation.label
    asked = request.arguments[argument]
    named = contract.object_types.get(asked)
    if named is None and not create and not store.properties(asked):
        detail = f"There is no object type {asked!r}."
        raise Refused("unknown-object-type", object_type=asked, detail=detail)
    return named or asked


def _key_property(
    request: UpsertRequest, object_type: str, store: Store, *, create: bool
) -> Property:
    roles = request.roles
    names = {one.get(roles.key_property or "") for one in request.inputs}
    # Whether the API has a default key, or takes several at once, is not known: what passes here
    # should pass there.
    if len(names) > 1 or not all(names):
        wrong = "differs between inputs" if all(names) else "is missing"
        raise Refused("missing-key-property", detail=f"{roles.key_property} {wrong}.")
    if not all(one[roles.key] for one in request.inputs):
        raise Refused("missing-key-property", detail=f"{roles.key} is empty.")
    name = str(names.pop())
    refused = name in request.operation.behaviour.refused_keys
    declared = store.properties(object_type).get(name)
    if declared is None and not refused:
        if not create:
            _refuse_unknown([name])
        declared = Property(name, unique=True)
        store.declare(object_type, [declared])
    if declared is None or refused or not declared.unique:
        detail = f"{name} cannot be a key: its values are not unique."
        raise Refused("non-unique-key", property=name, detail=detail)
    return declared


def _check_known(object_type: str, used: Collection[str], store: Store, *, create: bool) -> None:
    unknown = sorted({*used} - store.properties(object_type).keys())
    if unknown and not create:
        _refuse_unknown(unknown)
    if unknown:
        store.declare(object_type, [Property(name) for name in unknown])


def _plan(
    record: Record | None,
    object_type: str,
    declared: Mapping[str, Property],
    key: Property,
    key_value: str,
    given: Mapping[str, str | None],
) -> Plan | list[InvalidValue]:
    # Null is ignored, and an empty string clears.
    values = {name: value for name, value in given.items() if value is not None}
    checked = {name: check_value(declared[name], value) for name, value in values.items()}
    checked_key = check_value(key, key_value)
    if isinstance(checked_key, InvalidValue):
        checked[key.name] = checked_key
    elif record is None:
        checked.setdefault(key.name, checked_key)
    problems = [one for one in checked.values() if isinstance(one, InvalidValue)]
    if problems:
        return problems
    before = {} if record is None else record.properties
    texts = {name: str(value) for name, value in {**before, **checked}.items()}
    after = {name: value for name, value in texts.items() if value}
    keys = {
        name: key_of(declared[name], after[name])
        for name in after
        if name in declared and declared[name].unique
    }
    return Plan(
        Change(object_type, after, keys, None if record is None else record.id),
        created=record is None,
        cleared=tuple(name for name, value in values.items() if value == ""),
    )


def _check_conflicts(
    object_type: str,
    plans: Plans,
    key_name: str,
    looked_up: Collection[str],
    known: Mapping[str, int],
    store: Store,
) -> None:
    """Refuse the batch if a record would take a unique value that another record has."""
    wanted: dict[str, dict[str, int | None]] = {}
    for plan in plans:
        if isinstance(plan, Plan):
            for name, value in plan.change.keys.items():
                if value in wanted.setdefault(name, {}):
                    _refuse_conflict(object_type, name, value)
                wanted[name][value] = plan.change.id
    for name, owners in wanted.items():
        # Who has the key values of the batch is known already, unless an input changes its key.
        at_hand = name == key_name and all(value in looked_up for value in owners)
        stored = known if at_hand else store.find(object_type, name, owners.keys())
        for value, owner in stored.items():
            if value in owners and owners[value] != owner:
                _refuse_conflict(object_type, name, value)


def _refuse_repeated(keys: Sequence[str]) -> None:
    repeated = [value for value, count in Counter(keys).items() if count > 1]
    if repeated:
        shown = ", ".join(repeated)
        detail = f"Several inputs have the key {shown}."
        raise Refused("duplicate-keys", keys=repeated, shown=shown, detail=detail)


def _refuse_unknown(names: Sequence[str]) -> NoReturn:
    things = [{"property": name} for name in names]
    shown = ", ".join(names)
    detail = f"There is no property {shown}."
    raise Refused("unknown-property", things=things, shown=shown, detail=detail)


def _refuse_conflict(object_type: str, name: str, value: str) -> NoReturn:
    detail = f"Another record has the {name} {value}."
    raise Refused("conflict", object_type=object_type, property=name, value=value, detail=detail)
