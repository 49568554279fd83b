"""What of two versions belongs together: by name, and else by address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from upsertgen.diff.changes import Presence
from upsertgen.ir.tree import Operation, Resource

Named = TypeVar("Named", Resource, Operation)


@dataclass(frozen=True)
class Pair(Generic[Named]):
    """An object type, or a method, before and after; nothing on one side when it came or went."""

    old: Named | None
    new: Named | None

    @property
    def name(self) -> str:
        """What it is called now, or was called last."""
        return self.new.name if self.new is not None else self.old.name if self.old else ""

    @property
    def presence(self) -> Presence:
        """On which sides it is."""
        if self.old is None:
            return Presence.ADDED
        return Presence.REMOVED if self.new is None else Presence.BOTH


def paired(
    old: Sequence[Named], new: Sequence[Named], address: Callable[[Named, int], object]
) -> list[Pair[Named]]:
    """Pair what has the same name, and of the rest what alone has the same address: it was renamed.

    Args:
        old: What there was.
        new: What there is.
        address: Gives what requests are sent to, on side 0 or 1.

    Returns:
        The pairs, sorted by name.
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
    pairs = [Pair(before.get(renamed.get(name, name)), one) for name, one in after.items()]
    earlier = set(renamed.values())
    pairs += [Pair(before[name], None) for name in gone if name not in earlier]
    return sorted(pairs, key=lambda pair: pair.name)
