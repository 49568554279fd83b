"""Versions: what belongs together in two of them, and what differs, as published and as corrected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from upsertgen.diff.findings import ADDITIVE, BREAKING, NONE, Finding, Impact, Kind, Part, Place
from upsertgen.diff.operations import OperationComparison, Side, compare_bulk_methods, shape
from upsertgen.diff.report import Comparison, Found, Presence, grouped
from upsertgen.diff.sources import Understood
from upsertgen.ir.tree import (
    Api,
    Operation,
    ReferenceType,
    Resource,
    Type,
    Version,
    inner_types,
)
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Correction

Named = TypeVar("Named", Resource, Operation)


def compare_versions(
    old: Understood, new: Understood, labels: tuple[SpecText, SpecText]
) -> Comparison:
    """Return what differs between two API versions.

    Args:
        old: The older specs. As published they may be missing, on both sides.
        new: The newer specs; the same ones when both versions stand in them.
        labels: The version of each.
    """
    one, other = labels
    corrected = published = _View(Side(old.corrected, one), Side(new.corrected, other))
    if old.published is not None and new.published is not None:
        published = _View(Side(old.published, one), Side(new.published, other))
    names = tuple((name, _presence(*pair)) for name, *pair in corrected.pairs)
    seen = corrected.findings(), published.findings(), corrected.of_client()
    return Comparison(one, other, names, grouped(*seen, corrected.masks()))


def only_in_one(version: Version, *, added: bool) -> Comparison:
    """Return the comparison of a version that is new, or gone, with nothing."""
    kind = Kind.VERSION_ADDED if added else Kind.VERSION_REMOVED
    finding = Place().finding(kind, ADDITIVE if added else BREAKING)
    presence = Presence.ADDED if added else Presence.REMOVED
    findings = [(resource.name, finding) for resource in version.resources]
    return Comparison(
        None if added else version.label,
        version.label if added else None,
        tuple((resource.name, presence) for resource in version.resources),
        grouped(findings, findings, (), {}),
    )


def _paired(
    old: Sequence[Named], new: Sequence[Named], address: Callable[[Named, int], object]
) -> list[tuple[str, Named | None, Named | None]]:
    """Pair what has the same name, and of the rest what alone has the same address: it was renamed.

    Addresses, which are what requests are sent to, are asked for on side 0 or 1. Pairs are sorted by their
    name, the new one if there is one.
    """
    before = {one.name: one for one in old}
    after = {one.name: one for one in new}
    gone = {name: address(one, 0) for name, one in before.items() if name not in after}
    come = {name: address(one, 1) for name, one in after.items() if name not in before}
    renamed: dict[str, str] = {}
    for name, place in come.items():
        candidates = [other for other, theirs in gone.items() if theirs == place]
        if len(candidates) == 1 and list(come.values()).count(place) == 1:
            renamed[name] = candidates[0]
    pairs: list[tuple[str, Named | None, Named | None]] = [
        (name, before.get(renamed.get(name, name)), one) for name, one in after.items()
    ]
    earlier = set(renamed.values())
    pairs += [(name, before[name], None) for name in gone if name not in earlier]
    return sorted(pairs, key=lambda pair: pair[0])


def _presence(old: Resource | None, new: Resource | None) -> Presence:
    if old is None:
        return Presence.ADDED
    return Presence.REMOVED if new is None else Presence.BOTH


class _View:
    """Two versions, seen in one of the two ways."""

    def __init__(self, old: Side, new: Side) -> None:
        self._sides = old, new
        self._versions = old.version, new.version
        self._comparison = OperationComparison(old, new)
        self.pairs = _paired(
            self._versions[0].resources,
            self._versions[1].resources,
            lambda one, side: tuple(self._address(operation, side) for operation in one.operations),
        )
        self._common = [
            (name, old, new) for name, old, new in self.pairs if old is not None and new is not None
        ]

    def _address(self, operation: Operation, side: int) -> tuple[str, str]:
        return operation.method, shape(operation.path, self._sides[side].label)

    def findings(self) -> Iterator[Found]:
        """Yield what differs, with the object type that it concerns."""
        for name, old, new in self.pairs:
            if old is None:
                yield name, Place().finding(Kind.OBJECT_TYPE_ADDED, ADDITIVE)
            elif new is None:
                yield name, Place().finding(Kind.OBJECT_TYPE_REMOVED, BREAKING)
            else:
                for finding in self._resources(old, new):
                    yield name, finding

    def _resources(self, old: Resource, new: Resource) -> Iterator[Finding]:
        place = Place()
        yield from place.changed(Kind.OBJECT_TYPE_RENAMED, old.name, new.name, BREAKING, NONE)
        servers = [version.base_url for version in self._versions]
        yield from place.changed(Kind.SERVER_CHANGED, servers[0], servers[1], NONE, BREAKING)
        bulk = self._sides[0].bulk_methods(old), self._sides[1].bulk_methods(new)
        for name, one, other in _paired(old.operations, new.operations, self._address):
            if one is None:
                yield Place(name).finding(Kind.METHOD_ADDED, ADDITIVE)
            elif other is None:
                yield Place(name).finding(Kind.METHOD_REMOVED, BREAKING)
            else:
                yield from self._comparison.compare(one, other)
                client = Place(other.name, Part.CLIENT)
                methods = bulk[0].get(one.name), bulk[1].get(other.name)
                yield from compare_bulk_methods(client, *methods)

    def of_client(self) -> Iterator[Found]:
        """Yield what differs for callers alone: the classes they import, and the overlays behind them.

        It has to be asked after `findings`, which tell what has become of the bodies of operations.
        """
        for finding, users, side in self._classes():
            for name, old, new in self._common:
                if (old, new)[side].name in users:
                    yield name, finding
        for name, old, new in self._common:
            before = [*self._versions[0].corrections, *old.corrections]
            after = [*self._versions[1].corrections, *new.corrections]
            for finding in _overlays(before, after):
                yield name, finding

    def _classes(self) -> Iterator[tuple[Finding, frozenset[str], int]]:
        """Yield what became of each class that is exported, its users, and on which side they are."""
        old, new = (
            _models_by_name(side.api, version)
            for side, version in zip(self._sides, self._versions, strict=True)
        )
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                kind, impact, side = Kind.CLASS_REMOVED, BREAKING, 0
            elif name not in old:
                kind, impact, side = Kind.CLASS_ADDED, ADDITIVE, 1
            else:
                impact = self._renamed(old[name][0], new[name][0])
                kind, side = Kind.CLASS_CHANGED, 1
            if impact is not NONE:
                users = (old, new)[side][name][1]
                yield Place().finding(kind, impact, NONE, subject=name), users, side

    def _renamed(self, old: str, new: str) -> Impact:
        """Return what it means to who imports a class that the name stands for another body now.

        A body that changed where it was is told with the operations that use it.
        """
        types = self._comparison.types
        if types.has_compared(old, new):
            return NONE
        place = Place(part=Part.RESPONSE)
        differences = types.compare(ReferenceType(old), ReferenceType(new), place)
        return max((one.caller for one in differences), default=NONE)

    def masks(self) -> Mapping[str, str]:
        """Return the segment of its path that names each object type: what none of the others has."""
        if min(len(version.resources) for version in self._versions) < 2:
            return {}
        counts: list[Counter[str]] = [Counter(), Counter()]
        for count, version in zip(counts, self._versions, strict=True):
            for resource in version.resources:
                paths = (one.path.raw.split("/") for one in resource.operations)
                count.update({segment for path in paths for segment in path})
        found: dict[str, str] = {}
        for name, old, new in self._common:
            before, after = (one.operations[0].path.raw.split("/") for one in (old, new))
            own = [one for one in after if one in before and counts[0][one] == counts[1][one] == 1]
            if len(own) == 1:
                found[name] = own[0]
        return found


Users = tuple[str, frozenset[str]]
"""The key of a model, and the object types that use it."""


def _models_by_name(api: Api, version: Version) -> Mapping[str, Users]:
    """Return the classes that a version's `models` exports, each with the object types that use it."""
    users: dict[str, set[str]] = defaultdict(set)
    for resource in version.resources:
        reached: set[str] = set()
        for operation in resource.operations:
            used = [operation.body, *operation.parameters, *operation.responses]
            for kind in (operation.error, *(one.type for one in used if one is not None)):
                if kind is not None:
                    _reach(kind, api, reached)
        for key in reached:
            users[key].add(resource.name)
    return {
        exported.name: (exported.model, frozenset(users[exported.model]))
        for exported in version.models
    }


def _reach(kind: Type, api: Api, reached: set[str]) -> None:
    inner = inner_types(kind)
    if isinstance(kind, ReferenceType) and kind.body not in reached:
        reached.add(kind.body)
        model = api.models[kind.body]
        inner = tuple(field.type for field in model.fields)
        inner += () if model.additional is None else (model.additional,)
    for one in inner:
        _reach(one, api, reached)


def _overlays(old: Iterable[Correction], new: Iterable[Correction]) -> Iterator[Finding]:
    before, after = _actions(old), _actions(new)
    for kind, more, less in (
        (Kind.OVERLAY_REMOVED, before, after),
        (Kind.OVERLAY_ADDED, after, before),
    ):
        for action, places in more.items():
            if len(places) > len(less.get(action, ())):
                yield Place(path=SpecText(places[0])).finding(kind, NONE, subject=action[1])


def _actions(corrections: Iterable[Correction]) -> dict[tuple[str, str], list[str]]:
    """Return the places of overlay actions, by what makes an action the same one in another tree.

    That is its file and what it says: its line may differ.
    """
    actions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for correction in corrections:
        path, line, _ = str(correction.location).rsplit(":", 2)
        file = path.rpartition("/")[2]
        description = " ".join(correction.description.raw.split())
        actions[file, description or f"line {line}"].append(f"{file}:{line}")
    return actions
