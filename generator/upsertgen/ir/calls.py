"""Calls: the method and path of operations, compared within an API version and between versions.

Two operations of a version that send the same are one too many, unless an argument of the path names the
object type: then two object types are two names for any type. A path that names another version than its own
was copied, unless that is so on purpose, which shows in the other versions, or in the other upserts of the
same version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from upsertgen.errors import Problems, quoted
from upsertgen.ir.tree import Operation
from upsertgen.specs.openapi import PATH_ARGUMENT
from upsertgen.specs.references import Node

_FEWEST_OTHERS = 2
"""How many others have to change from version to version before one that does not is worth a note."""


@dataclass(frozen=True)
class _Call:
    """What an operation sends.

    Attributes:
        version: The label of its version.
        node: Where it stands.
        operation: The operation.
        sent: Its method and path, whatever arguments are called.
        member: Its object type and its name, by which it is found in other versions.
    """

    version: str
    node: Node = field(compare=False)
    operation: Operation = field(compare=False)
    sent: tuple[str, str]
    member: tuple[str, str]

    @property
    def shown(self) -> str:
        """The method and path, for people."""
        return f"{self.operation.method} {self.operation.path.raw}"

    def names(self, label: str) -> bool:
        """Return whether its path names a version."""
        return label in self.operation.path.raw.split("/")


def check_calls(
    operations: Mapping[str, Sequence[tuple[Node, Operation]]], problems: Problems
) -> None:
    """Note operations that send what another one sends, or was copied from.

    Args:
        operations: The operations of each version, each with its node; the oldest version first.
        problems: Where to note them.
    """
    calls = [
        _Call(
            label,
            node,
            operation,
            (operation.method, PATH_ARGUMENT.sub("{}", operation.path.raw)),
            (node.document.object_type, operation.name),
        )
        for label, found in operations.items()
        for node, operation in found
    ]
    _check_equal(calls, problems)
    _check_copied(calls, list(operations), problems)


def _check_equal(calls: Sequence[_Call], problems: Problems) -> None:
    named = [one.operation for one in calls]
    types = {one.upsert.object_type for one in named if one.upsert is not None}
    types |= {one.property_query.object_type for one in named if one.property_query is not None}
    type_arguments = {one.raw for one in types if one is not None}
    groups: dict[tuple[str, tuple[str, str]], list[_Call]] = defaultdict(list)
    for call in calls:
        groups[call.version, call.sent].append(call)
    for first, *others in groups.values():
        for other in others:
            arguments = [
                set(PATH_ARGUMENT.findall(one.operation.path.raw)) for one in (first, other)
            ]
            if all(names & type_arguments for names in arguments):
                continue
            wrong = (
                f"this operation and the one at {first.operation.location} both send {other.shown}"
            )
            if all(arguments) and not type_arguments:
                problems.add_note(
                    other.node.locate(key=True),
                    f"{wrong}, which is right only if an argument of the path names the object type; say "
                    "so with object-type of x-upsert",
                )
                continue
            problems.add(
                other.node.locate(key=True),
                wrong,
                "a method and path of its own for each operation of a version",
                "correct the path of the one that was copied, or remove it",
            )


def _check_copied(calls: Sequence[_Call], labels: Sequence[str], problems: Problems) -> None:
    members: dict[tuple[str, str], list[_Call]] = defaultdict(list)
    upserts: dict[str, list[_Call]] = defaultdict(list)
    for call in calls:
        members[call.member].append(call)
        if call.operation.upsert is not None:
            upserts[call.version].append(call)
    for call in calls:
        elsewhere = [one for one in members[call.member] if one.version != call.version]
        twins = [one for one in elsewhere if one.sent == call.sent]
        strangers = _strangers(call, labels)
        if strangers and _belongs_elsewhere(call, elsewhere, upserts[call.version], labels):
            named = strangers[0]
            wrong = f"the path {quoted(call.operation.path.raw)} names the version {quoted(named)}, not "
            wrong += quoted(call.version)
            if twins:
                problems.add(
                    call.node.locate(key=True),
                    f"{wrong}, and is that of the operation at {twins[0].operation.location}",
                    f"a path of {quoted(call.version)}, as its other operations have",
                    "correct the path of the one that was copied",
                )
            else:
                problems.add_note(call.node.locate(key=True), wrong)
    _note_unchanged(upserts, labels, problems)


def _strangers(call: _Call, labels: Sequence[str]) -> list[str]:
    """Return the versions that a path names, if its own is none of them."""
    return [] if call.names(call.version) else [one for one in labels if call.names(one)]


def _belongs_elsewhere(
    call: _Call, elsewhere: Sequence[_Call], upserts: Sequence[_Call], labels: Sequence[str]
) -> bool:
    """Return whether a call that names another version than its own should name its own."""
    strangers = _strangers(call, labels)
    if any(one.version not in strangers and one.names(one.version) for one in elsewhere):
        # The path changes with the version, and was copied from one that it names.
        return True
    others = [one for one in upserts if one is not call]
    return (
        call.operation.upsert is not None
        and any(one.names(one.version) for one in others)
        and not any(_strangers(one, labels) for one in others)
    )


def _note_unchanged(
    upserts: Mapping[str, Sequence[_Call]], labels: Sequence[str], problems: Problems
) -> None:
    """Note an upsert that an older version has as well, where all others of both versions differ."""
    for older, newer in combinations(labels, 2):
        before = {one.member: one.sent for one in upserts[older]}
        common = [one for one in upserts[newer] if one.member in before]
        equal = [one for one in common if one.sent == before[one.member]]
        if len(equal) == 1 and len(common) > _FEWEST_OTHERS:
            problems.add_note(
                equal[0].node.locate(key=True),
                f"{equal[0].shown} is what {quoted(older)} sends, too, where all other upserts differ",
            )
