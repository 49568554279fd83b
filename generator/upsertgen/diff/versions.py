"""Versions: two trees of specs to changes, each seen as published and as corrected by overlays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from upsertgen.diff.changes import (
    Comparison,
    Finding,
    Impact,
    Kind,
    Part,
    Presence,
    about_object_type,
)
from upsertgen.diff.grouping import Seen, grouped
from upsertgen.diff.operations import OperationComparison, Side, shape
from upsertgen.diff.pairs import Pair, paired
from upsertgen.diff.places import Place
from upsertgen.diff.reach import Users, models_by_name
from upsertgen.ir.tree import (
    Api,
    AppliedCorrection,
    Operation,
    ReferenceType,
    Resource,
    Role,
    Version,
)
from upsertgen.spec_text import SpecText

_NOTHING = SpecText("")


def compare_versions(
    old: tuple[Api | None, Api], new: tuple[Api | None, Api], labels: tuple[SpecText, SpecText]
) -> Comparison:
    """Return what differs between two API versions.

    Args:
        old: The older tree, as published and as corrected. As published it may be missing, on both sides.
        new: The newer tree in the same two ways; the same tree when both versions stand in it.
        labels: The version of each.
    """
    corrected = _View(Side(old[1], labels[0]), Side(new[1], labels[1]))
    published = None
    if old[0] is not None and new[0] is not None:
        published = _View(Side(old[0], labels[0]), Side(new[0], labels[1]))
    findings: dict[str, Seen] = defaultdict(Seen)
    for name, finding in corrected.findings():
        findings[name].corrected.append(finding)
    for name, finding in (published or corrected).findings():
        findings[name].published.append(finding)
    for name, finding in corrected.of_client():
        findings[name].client.append(finding)
    names = tuple((pair.name, pair.presence) for pair in corrected.pairs)
    return Comparison(*labels, names, grouped(findings, corrected.masks()))


def only_in_one(version: Version, *, added: bool) -> Comparison:
    """Return the comparison of a version that is new, or gone, with nothing."""
    kind = Kind.VERSION_ADDED if added else Kind.VERSION_REMOVED
    finding = about_object_type(kind, Impact.ADDITIVE if added else Impact.BREAKING)
    presence = Presence.ADDED if added else Presence.REMOVED
    findings = {resource.name: Seen([finding], [finding]) for resource in version.resources}
    return Comparison(
        None if added else version.label,
        version.label if added else None,
        tuple((resource.name, presence) for resource in version.resources),
        grouped(findings, {}),
    )


class _View:
    """Two versions, seen in one of the two ways."""

    def __init__(self, old: Side, new: Side) -> None:
        self._sides = old, new
        self._versions = version_of(old.api, old.label), version_of(new.api, new.label)
        self._comparison = OperationComparison(old, new)
        self.pairs: list[Pair[Resource]] = paired(
            self._versions[0].resources,
            self._versions[1].resources,
            lambda one, side: tuple(self._address(operation, side) for operation in one.operations),
        )

    def _address(self, operation: Operation, side: int) -> tuple[str, str]:
        return operation.method, shape(operation.path, self._sides[side].label)

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Yield what differs, with the object type that it concerns."""
        for pair in self.pairs:
            match pair:
                case Pair(Resource() as old, Resource() as new):
                    for finding in self._resources(old, new):
                        yield pair.name, finding
                case Pair(None, _):
                    yield pair.name, about_object_type(Kind.OBJECT_TYPE_ADDED, Impact.ADDITIVE)
                case _:
                    yield pair.name, about_object_type(Kind.OBJECT_TYPE_REMOVED, Impact.BREAKING)

    def _resources(self, old: Resource, new: Resource) -> Iterator[Finding]:
        if old.name != new.name:
            yield about_object_type(
                Kind.OBJECT_TYPE_RENAMED,
                Impact.BREAKING,
                Impact.NONE,
                before=SpecText(old.name),
                after=SpecText(new.name),
            )
        before, after = (version.base_url for version in self._versions)
        if before != after:
            yield about_object_type(
                Kind.SERVER_CHANGED, Impact.NONE, Impact.BREAKING, before=before, after=after
            )
        for pair in paired(old.operations, new.operations, self._address):
            match pair:
                case Pair(Operation() as one, Operation() as other):
                    yield from self._comparison.compare(one, other)
                case Pair(None, _):
                    yield about_object_type(Kind.METHOD_ADDED, Impact.ADDITIVE, operation=pair.name)
                case _:
                    yield about_object_type(
                        Kind.METHOD_REMOVED, Impact.BREAKING, operation=pair.name
                    )

    def of_client(self) -> Iterator[tuple[str, Finding]]:
        """Yield what differs for callers alone: the classes they import, and the overlays behind them.

        It has to be asked after `findings`, which tell what has become of the bodies of operations.
        """
        exported = [
            models_by_name(side.api, version)
            for side, version in zip(self._sides, self._versions, strict=True)
        ]
        for finding, users, side in self._classes(*exported):
            for pair in self.pairs:
                one = (pair.old, pair.new)[side]
                if pair.presence is Presence.BOTH and one is not None and one.name in users:
                    yield pair.name, finding
        for pair in self.pairs:
            if pair.old is not None and pair.new is not None:
                before = [*self._versions[0].corrections, *pair.old.corrections]
                after = [*self._versions[1].corrections, *pair.new.corrections]
                for finding in _overlays(before, after):
                    yield pair.name, finding

    def _classes(
        self, old: Mapping[str, Users], new: Mapping[str, Users]
    ) -> Iterator[tuple[Finding, frozenset[str], int]]:
        """Yield what became of each class that is exported, its users, and on which side they are."""
        for name in sorted(old.keys() | new.keys()):
            subject = SpecText(name)
            if name not in new:
                removed = about_object_type(
                    Kind.CLASS_REMOVED, Impact.BREAKING, Impact.NONE, subject=subject
                )
                yield removed, old[name][1], 0
            elif name not in old:
                added = about_object_type(
                    Kind.CLASS_ADDED, Impact.ADDITIVE, Impact.NONE, subject=subject
                )
                yield added, new[name][1], 1
            else:
                impact = self._renamed(old[name][0], new[name][0])
                if impact is not Impact.NONE:
                    changed = about_object_type(
                        Kind.CLASS_CHANGED, impact, Impact.NONE, subject=subject
                    )
                    yield changed, new[name][1], 1

    def _renamed(self, old: str, new: str) -> Impact:
        """Return what it means to who imports a class that the name stands for another body now.

        A body that changed where it was is told with the operations that use it.
        """
        types = self._comparison.types
        if types.has_compared(old, new):
            return Impact.NONE
        place = Place("", Part.CLIENT, Role.RESPONSE)
        differences = types.compare(ReferenceType(old), ReferenceType(new), place)
        return max((one.caller for one in differences), default=Impact.NONE)

    def masks(self) -> Mapping[str, str]:
        """Return the segment of its path that names each object type: what none of the others has."""
        counts = [_segment_counts(version) for version in self._versions]
        found: dict[str, str] = {}
        if min(len(version.resources) for version in self._versions) < 2:
            return found
        for pair in self.pairs:
            if pair.old is None or pair.new is None:
                continue
            before = pair.old.operations[0].path.raw.split("/")
            own = [
                segment
                for segment in pair.new.operations[0].path.raw.split("/")
                if segment in before and counts[0][segment] == counts[1][segment] == 1
            ]
            if len(own) == 1:
                found[pair.name] = own[0]
        return found


def _segment_counts(version: Version) -> Counter[str]:
    """Return how many object types have each segment in their paths."""
    counts: Counter[str] = Counter()
    for resource in version.resources:
        counts.update(
            {segment for one in resource.operations for segment in one.path.raw.split("/")}
        )
    return counts


def version_of(api: Api, label: SpecText) -> Version:
    """Return the version of a tree that has a label; an empty one if none has."""
    return next(
        (version for version in api.versions if version.label == label),
        Version(label, "", _NOTHING, (), (), ()),
    )


def _overlays(
    old: Iterable[AppliedCorrection], new: Iterable[AppliedCorrection]
) -> Iterator[Finding]:
    before, after = _actions(old), _actions(new)
    for kind, more, less in (
        (Kind.OVERLAY_REMOVED, before, after),
        (Kind.OVERLAY_ADDED, after, before),
    ):
        for action, places in more.items():
            if len(places) > len(less.get(action, ())):
                yield about_object_type(
                    kind, Impact.NONE, place=SpecText(places[0]), subject=SpecText(action[1])
                )


def _actions(corrections: Iterable[AppliedCorrection]) -> dict[tuple[str, str], list[str]]:
    """Return the places of overlay actions, by what makes an action the same one in another tree.

    That is its file and what it says: its line may differ.
    """
    actions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for correction in corrections:
        path, line, _ = correction.location.rsplit(":", 2)
        file = path.rpartition("/")[2]
        description = " ".join(correction.description.raw.split())
        actions[file, description or f"line {line}"].append(f"{file}:{line}")
    return actions
