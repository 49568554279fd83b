"""Names of fields in extensions, compared with what the bodies of operations have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from upsertgen.errors import Location, Problems, quoted
from upsertgen.ir.bodies import Bodies
from upsertgen.ir.body_search import BodySearch, steps_of
from upsertgen.ir.tree import Operation, Type
from upsertgen.ir.words import Owner, texts
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node


class FieldChecks:
    """Looks for what extensions name, and keeps what many of them name until all were looked at.

    Args:
        bodies: The distinct bodies.
        problems: Where to note what is missing.

    Attributes:
        bodies: The distinct bodies.
        search: Looks for what they have.
        problems: Where to note what is missing.
    """

    def __init__(self, bodies: Bodies, problems: Problems) -> None:
        self.bodies = bodies
        self.search = BodySearch(bodies)
        self.problems = problems
        self._named: dict[tuple[Location, str], bool] = {}

    def finish(self) -> None:
        """Note what is named for operations none of which has it."""
        for (location, text), is_found in self._named.items():
            if not is_found:
                self.problems.add_note(location, text)

    def name(self, place: Location, text: str, *, found: bool) -> None:
        """Keep what to note of a place unless one of the operations that take it from there has the name.

        Args:
            place: The place.
            text: What to note.
            found: Whether the operation has it.
        """
        self._named[place, text] = found or self._named.get((place, text), False)

    def check_fields(
        self,
        node: Node,
        place: tuple[str, ...],
        record: object,
        owners: Mapping[Owner, Sequence[Type | None]],
        passed: Collection[str] = (),
    ) -> None:
        """Note each field that an object of an extension names and its owners do not have.

        What has no owner, because a list is none, is not looked for: that is a problem already.

        Args:
            node: The operation.
            place: The way to the object from there.
            record: The object.
            owners: What has to have the fields.
            passed: The words that are passed over.
        """
        for word, name in texts(record):
            if word.spelling in passed:
                continue
            having = [(owner, one) for owner in word.about.owners for one in owners.get(owner, ())]
            # Records may have fields that only an account knows.
            is_had = (
                self.search.has(one, name)
                or (
                    owner is Owner.RECORD
                    and one is not None
                    and self.search.leads(one, steps_of(name))
                )
                for owner, one in having
            )
            if not all(is_had):
                called = " and of ".join(word.about.owners)
                self.problems.add(
                    node.locate(*place, word.spelling),
                    f"{word.spelling} of {place[0]} names {quoted(name.raw)}, which is no field of {called}",
                    f"a field of {called}",
                    "correct the name, or the schema in an overlay",
                )

    def check_list(
        self, node: Node, place: tuple[str, ...], name: SpecText, owners: Sequence[Type | None]
    ) -> bool:
        """Return whether a field of all its owners is a list of objects, and note if it is something else.

        Args:
            node: The operation.
            place: The way to the word from there.
            name: The field.
            owners: What has to have it.
        """
        if not self.have(name, owners):
            # Noted with the other names.
            return False
        if all(self.search.is_object(self.search.items(one, name)) for one in owners):
            return True
        self.problems.add(
            node.locate(*place),
            f"{place[-1]} of {place[0]} names {quoted(name.raw)}, which is no list of objects",
            "a list whose items are objects",
            "correct the name, or the schema in an overlay",
        )
        return False

    def have(self, name: SpecText, owners: Sequence[Type | None]) -> bool:
        """Return whether all owners have a field."""
        return all(self.search.has(one, name) for one in owners)


def answers_of(operation: Operation) -> list[Type]:
    """Return the bodies of the success responses of an operation."""
    return [one.type for one in operation.responses if one.type is not None]
