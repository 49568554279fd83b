"""Places in operations, and the findings that are made at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from upsertgen.diff.changes import Finding, Impact, Kind, Part
from upsertgen.diff.variance import value_text
from upsertgen.ir.tree import Default, Role
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class Place:
    """Where a type is used.

    Attributes:
        operation: The name of the method.
        part: The part of the operation.
        role: Whether its values are sent or received.
        path: The path of the field inside the part: names joined with `.`, `[]` for the items of a list,
            `{}` for the values of a map.
        statuses: The responses that it belongs to.
        model: The class that has the field.
    """

    operation: str
    part: Part
    role: Role
    path: str = ""
    statuses: tuple[str, ...] = ()
    model: str | None = None

    def field(self, name: SpecText, model: str) -> Place:
        """Return the place of a field of the body that is here."""
        return replace(self, path=f"{self.path}.{name.raw}".lstrip("."), model=model)

    def inner(self, mark: str) -> Place:
        """Return the place of the items or values of what is here."""
        return replace(self, path=f"{self.path}{mark}")

    def finding(
        self,
        kind: Kind,
        caller: Impact,
        wire: Impact | None = None,
        *,
        subject: SpecText | None = None,
        before: SpecText | None = None,
        after: SpecText | None = None,
    ) -> Finding:
        """Return a finding at this place, which means the same to the wire unless that is told."""
        return Finding(
            kind=kind,
            operation=self.operation,
            part=self.part,
            place=SpecText(self.path),
            subject=subject,
            before=before,
            after=after,
            caller=caller,
            wire=caller if wire is None else wire,
            statuses=self.statuses,
            model=self.model,
        )


def python_name(place: Place, old: str, new: str) -> Finding:
    """Return the finding that a name in Python changed."""
    return place.finding(
        Kind.PYTHON_NAME_CHANGED,
        Impact.BREAKING,
        Impact.NONE,
        before=SpecText(old),
        after=SpecText(new),
    )


def defaults(place: Place, old: Default | None, new: Default | None) -> Iterator[Finding]:
    """Yield that a default changed: whoever leaves a value out means another one now."""
    before, after = (value_text(one.value) if one is not None else None for one in (old, new))
    if before != after:
        impact = Impact.ADDITIVE if old is None else Impact.BREAKING
        yield place.finding(Kind.DEFAULT_CHANGED, impact, before=before, after=after)
