"""What the records of a batch lead to: how each is found, and what is written or wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, cast

from ..._properties.property import (
    SEPARATOR,
    InvalidValue,
    ProblemKind,
    Property,
    check_value,
    is_chosen,
    key_of,
    problem_of,
)
from ..._runtime.roles import PropertyRules
from ..._runtime.ways import dig
from ..contract import Contract
from ..store import Change, Record, Store
from .batch import Batch, Problem, Problems
from .request import Refused

Changes: TypeAlias = list[Change | Problems]
"""For each input, in their order: what to write, or what is wrong with it."""


def changes_of(batch: Batch, store: Store, contract: Contract, *, create: bool) -> Changes:
    """Return what the inputs of a batch lead to.

    Args:
        batch: The inputs.
        store: Where records and declared properties are.
        contract: What the specification says about object types.
        create: Whether properties and object types that are not known are created.

    Raises:
        Refused: The batch is refused as a whole: the key cannot be one, keys repeat, properties are
            unknown, or a record would take a unique value of another one.
    """
    if batch.operation.has_properties and batch.roles.properties is not None:
        return _by_property(batch, batch.roles.properties, store, contract, create)
    return _by_field(batch, store)


def _by_field(batch: Batch, store: Store) -> Changes:
    """Find records by fields of the inputs, and replace them; or change what their `properties` hold."""
    object_type, keys = batch.operation.label, batch.keys
    # The arguments in the path belong to what identifies a record.
    path = [*batch.arguments.values()]
    found: list[tuple[str, str] | None] = []
    for one in batch.inputs:
        key = keys.of(one)
        found.append(None if key is None else (key.name, "/".join([*path, key.text])))
    _refuse_repeated([text for _, text in filter(None, found)])
    known = {
        (name, text): id_
        for name in {name for name, _ in filter(None, found)}
        for text, id_ in store.find(
            object_type, name, [each for other, each in filter(None, found) if other == name]
        ).items()
    }
    before = store.read(known.values()) if keys.properties is not None else {}
    changes: Changes = []
    for number, (one, place) in enumerate(zip(batch.inputs, found, strict=True)):
        problems = batch.problems.get(number, ())
        if place is None:
            detail = f"It has no {' and no '.join(keys.ways)}."
            problems = (*problems, Problem(keys.ways[0], "", "NO_KEY", detail, chosen=True))
        if place is None or problems:
            changes.append(problems)
            continue
        id_ = known.get(place)
        values = {**(before[id_].properties if id_ in before else {}), **keys.values(one)}
        unique = {name: "/".join([*path, text]) for name, text in keys.texts(values).items()}
        changes.append(Change(object_type, {**batch.arguments, **values}, unique, id_))
    return changes if len(keys.ways) == 1 else _without_taken(object_type, changes, store)


def _without_taken(object_type: str, changes: Changes, store: Store) -> Changes:
    """Return the changes, but problems in the place of those that would take another record's key."""
    wanted: dict[str, dict[str, int]] = {}
    taken: dict[int, Problem] = {}
    for number, change in enumerate(changes):
        for name, text in change.keys.items() if isinstance(change, Change) else ():
            if wanted.setdefault(name, {}).setdefault(text, number) != number:
                taken[number] = _taken(name, text)
    for name, numbers in wanted.items():
        for text, owner in store.find(object_type, name, numbers.keys()).items():
            change = changes[numbers[text]]
            if isinstance(change, Change) and change.id != owner:
                taken[numbers[text]] = _taken(name, text)
    return [
        (taken[number],) if number in taken else change for number, change in enumerate(changes)
    ]


def _taken(name: str, value: str) -> Problem:
    return Problem(name, value, "TAKEN", f"Another record has the {name} {value}.", chosen=True)


def _by_property(
    batch: Batch, values: str, store: Store, contract: Contract, create: bool
) -> Changes:
    """Find records by the value of a unique property, and change what `values` holds."""
    object_type = _object_type(batch, store, contract, create)
    key = _key_property(batch, object_type, store, contract, create)
    given = [cast("dict[str, str | None]", dig(one, values)) for one in batch.inputs]
    used = sorted({name for each in given for name in each})
    rules = batch.roles.property_rules
    _ensure_known(object_type, map(Property, used), store, create, rules)
    asked = [str(dig(one, batch.roles.key)) for one in batch.inputs]
    keys = [key_of(key, value) for value in asked]
    _refuse_repeated(keys)
    known = store.find(object_type, key.name, keys)
    records = store.read(known.values())
    declared = store.properties(object_type)
    kind = _Kind(
        object_type,
        declared,
        [name for name, one in declared.items() if one.unique],
        key,
        contract.behaviour_of(object_type).forward,
        rules,
    )
    changes: Changes = [
        _change(kind, records.get(known.get(keyed, 0)), value, each)
        for each, value, keyed in zip(given, asked, keys, strict=True)
    ]
    _check_conflicts(object_type, changes, key.name, known, store)
    return changes


def _object_type(batch: Batch, store: Store, contract: Contract, create: bool) -> str:
    operation, argument = batch.operation, batch.roles.object_type
    if argument is None or argument not in operation.arguments:
        return operation.label
    asked = batch.arguments[argument]
    named = contract.object_types.get(asked)
    if named is None and not create and not store.properties(asked):
        detail = f"There is no object type {asked!r}."
        raise Refused("unknown-object-type", object_type=asked, detail=detail)
    return named or asked


def _key_property(
    batch: Batch, object_type: str, store: Store, contract: Contract, create: bool
) -> Property:
    roles = batch.roles
    names = {dig(one, roles.key_property) for one in batch.inputs}
    # Whether the API has a default key, or takes several at once, is not known: what passes here
    # should pass there.
    if len(names) > 1 or not all(names):
        wrong = "differs between inputs" if all(names) else "is missing"
        raise Refused("missing-key-property", detail=f"{roles.key_property} {wrong}.")
    if not all(dig(one, roles.key) for one in batch.inputs):
        raise Refused("missing-key-property", detail=f"{roles.key} is empty.")
    name = str(names.pop())
    is_refused = name in roles.property_rules.refused_keys
    if not is_refused:
        unique = Property(name, unique=True)
        _ensure_known(object_type, [unique], store, create, roles.property_rules)
    key = store.properties(object_type).get(name)
    if is_refused or key is None or not key.unique:
        detail = f"{name} cannot be a key: its values are not unique."
        raise Refused(
            "non-unique-key",
            property=name,
            type_id=contract.type_id(object_type),
            account=contract.account_id,
            detail=detail,
        )
    return key


def _ensure_known(
    object_type: str, wanted: Iterable[Property], store: Store, create: bool, rules: PropertyRules
) -> None:
    """Refuse properties that are not declared, or declare them if they may be created."""
    known = store.in_use(object_type)
    unknown = [one for one in wanted if one.name not in known]
    # What has no name cannot be created either.
    if unknown and not (create and all(one.name for one in unknown)):
        shown = ", ".join(one.name for one in unknown)
        things = [_said_of(InvalidValue(one.name, "unknown", one.name), rules) for one in unknown]
        detail = f"There is no property {shown}."
        raise Refused(
            "unknown-property", things=[one.words() for one in things], shown=shown, detail=detail
        )
    store.declare(object_type, unknown)


@dataclass(frozen=True)
class _Kind:
    """What the records of a batch have in common.

    Attributes:
        object_type: What they are.
        declared: The properties that they may have.
        unique: Those of them whose values are unique.
        key: The one that they are found by.
        forward: Those whose values only move forward.
        rules: What is known of properties.
    """

    object_type: str
    declared: Mapping[str, Property]
    unique: Sequence[str]
    key: Property
    forward: Collection[str]
    rules: PropertyRules


def _change(
    kind: _Kind, record: Record | None, key_value: str, given: Mapping[str, str | None]
) -> Change | Problems:
    declared, key, rules = kind.declared, kind.key, kind.rules
    before = {} if record is None else record.properties
    # Null is ignored, and an empty string clears.
    checked = {
        name: check_value(declared[name], value, longest_text=rules.longest_text)
        for name, value in given.items()
        if value is not None
    }
    checked_key = check_value(key, key_value, longest_text=rules.longest_text)
    if isinstance(checked_key, InvalidValue):
        checked[key.name] = checked_key
    else:
        # Whether the API lets a record change or lose what finds it is not known.
        again = checked.setdefault(key.name, checked_key)
        if isinstance(again, str) and key_of(key, again) != key_of(key, checked_key):
            wrong: ProblemKind = "two_keys" if again else "no_key"
            checked[key.name] = InvalidValue(key.name, wrong, again)
    for name in kind.forward:
        if isinstance(stage := checked.get(name), str) and _moves_back(
            declared[name], before.get(name, ""), stage
        ):
            checked[name] = InvalidValue(name, "backward", stage)
    wrongs = [one for one in checked.values() if isinstance(one, InvalidValue)]
    if wrongs:
        return tuple(_said_of(one, rules) for one in wrongs)
    after = {**before, **cast("dict[str, str]", checked)}
    for name in checked:
        value = after[name]
        if value.startswith(SEPARATOR) and declared[name].multiple:
            after[name] = value = _appended(before.get(name, ""), value)
        if not value:
            del after[name]
    keys = {name: key_of(declared[name], after[name]) for name in kind.unique if name in after}
    return Change(kind.object_type, after, keys, None if record is None else record.id)


def _moves_back(declared: Property, before: str, after: str) -> bool:
    """Tell whether a value comes before another one among the options; what is cleared has none."""
    order = [*declared.options]
    known = before in declared.options and after in declared.options
    return known and order.index(after) < order.index(before)


def _appended(before: str, given: str) -> str:
    """Give the options of a record and further ones, each once."""
    options = f"{before}{given}".strip(SEPARATOR).split(SEPARATOR)
    return SEPARATOR.join(dict.fromkeys(options))


def _said_of(wrong: InvalidValue, rules: PropertyRules) -> Problem:
    code, message = problem_of(wrong, rules)
    chosen = is_chosen(wrong, rules)
    return Problem(wrong.property, wrong.value, code, message, chosen)


def _check_conflicts(
    object_type: str,
    changes: Changes,
    key_name: str,
    known: Mapping[str, int],
    store: Store,
) -> None:
    """Refuse the batch if a record would take a unique value that another record has."""
    wanted: dict[str, dict[str, int | None]] = {}
    for change in changes:
        if isinstance(change, Change):
            for name, value in change.keys.items():
                owners = wanted.setdefault(name, {})
                if value in owners:
                    _refuse_conflict(object_type, name, value, change.id, owners[value])
                owners[value] = change.id
    for name, owners in wanted.items():
        # Who has the key values of the batch is known already: no input changes its key.
        stored = known if name == key_name else store.find(object_type, name, owners.keys())
        for value, owner in stored.items():
            if value in owners and owners[value] != owner:
                _refuse_conflict(object_type, name, value, owners[value], owner)


def _refuse_repeated(keys: Sequence[str]) -> None:
    repeated = [value for value, count in Counter(keys).items() if count > 1]
    if repeated:
        shown = ", ".join(repeated)
        detail = f"Several inputs have the key {shown}."
        raise Refused("duplicate-keys", keys=repeated, shown=shown, detail=detail)


def _refuse_conflict(
    object_type: str, name: str, value: str, record: int | None, owner: int | None
) -> NoReturn:
    raise Refused(
        "taken-value",
        object_type=object_type,
        property=name,
        value=value,
        record_id=str(record or "a new record"),
        owner_id=str(owner or "Another new record"),
        detail=f"Another record has the {name} {value}.",
    )
