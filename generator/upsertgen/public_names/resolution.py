"""Resolution: which name that is there an old one stands for, as renames declare it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upsertgen.errors import Location, Problems, nearest, quoted, suggestion
from upsertgen.ir.names import class_name
from upsertgen.public_name import (
    Alias,
    Kind,
    PublicName,
    model_of,
    parse_name,
    typed_dict_of,
)
from upsertgen.public_names.record import Catalogue, Record
from upsertgen.renames import Rename

_FORMS = (
    "a public name such as v3, v3.contacts, v3.contacts.upsert(inputs) or v3.models.Error.status"
)


class DeclaredRenames:
    """Follows declared renames from names that are not there any more to those that are.

    Attributes:
        current: The names that are there.

    Args:
        renames: The declarations.
        current: The names that are there.
        problems: Where to note declarations that cannot be read.
    """

    def __init__(self, renames: Iterable[Rename], current: Catalogue, problems: Problems) -> None:
        self.current = current
        self._there = frozenset(current.names)
        self._renames: dict[PublicName, Rename] = {}
        self._new: dict[PublicName, PublicName | None] = {}
        for rename in renames:
            self._add(rename, problems)
        # By the place where an old name would be today, so that renames of what it stands in do not count.
        self._by_place: dict[PublicName, PublicName | None] = {}
        for old in sorted(self._new, key=lambda one: len(one.parts)):
            placed = self.placed(old)
            if placed is not None:
                self._by_place.setdefault(placed, self._new[old])

    def _add(self, rename: Rename, problems: Problems) -> None:
        old, new = (
            None if text is None else _read(text, rename.location, problems)
            for text in (rename.old, rename.new)
        )
        if old is None or (new is None and rename.new is not None):
            return
        if old in self._new:
            wrong = f"two renames say what became of {old}"
            problems.add(rename.location, wrong, "one for each name", "remove one of them")
        elif new is not None and new.kind is not old.kind:
            problems.add(
                rename.location,
                f"{old} stands for {old.kind.with_article}, and {new} for {new.kind.with_article}",
                "two names of one kind",
                "correct one of them",
            )
        self._new[old], self._renames[old] = new, rename

    def __contains__(self, name: PublicName) -> bool:
        return name in self._renames

    def exists(self, name: PublicName) -> bool:
        """Return whether a name is there."""
        return name in self._there

    def resolve(self, name: PublicName) -> PublicName | None:
        """Return what a name is called now, whether or not that exists; nothing for a retired one."""
        return self._resolve(name, frozenset())

    def placed(self, name: PublicName) -> PublicName | None:
        """Return a name in the place where it would be today, if only what it stands in was renamed."""
        return self._placed(name, frozenset())

    def _resolve(self, name: PublicName | None, seen: frozenset[PublicName]) -> PublicName | None:
        # Renames in a circle lead nowhere; that nothing is there is reported elsewhere.
        if name is None or name in seen or name in self._there:
            return name
        seen |= {name}
        if name in self._new:
            return self._resolve(self._new[name], seen)
        placed = self._placed(name, seen)
        if placed is None:
            return None
        if placed in self._by_place:
            return self._resolve(self._by_place[placed], seen)
        if placed != name and (placed in self._new or placed in self._there):
            return self._resolve(placed, seen)
        return self._implied(name, placed, seen)

    def _placed(self, name: PublicName, seen: frozenset[PublicName]) -> PublicName | None:
        if name.parent is None:
            return name
        parent = self._resolve(name.parent, seen)
        return None if parent is None else self.current.same(name.moved(parent))

    def _implied(
        self, name: PublicName, placed: PublicName, seen: frozenset[PublicName]
    ) -> PublicName | None:
        """Return what became of a name that goes with another: the class of a type, the dict of a model."""
        if name.kind is Kind.CLASS and name.own == class_name(name.parts[1]):
            type_now = placed.parent
            if type_now is not None and type_now != name.parent and type_now in self._there:
                return placed.sibling(self.current.inside(Kind.CLASS, type_now)[0])
        if name.kind is Kind.TYPED_DICT:
            model = model_of(placed)
            resolved = self._resolve(model, seen)
            if resolved is None:
                return None
            if resolved != model and resolved.kind is Kind.MODEL:
                return typed_dict_of(resolved)
        return placed

    def check(self, record: Record | None, problems: Problems) -> None:
        """Note every declaration that means nothing.

        Args:
            record: What is recorded, if anything is.
            problems: Where to note them.
        """
        for old, rename in self._renames.items():
            mistake = self._mistake(old, rename, record)
            if mistake is not None:
                problems.add(rename.location, *mistake)

    def _mistake(
        self, old: PublicName, rename: Rename, record: Record | None
    ) -> tuple[str, str, str] | None:
        """Return what is wrong with a declaration, what was expected, and how to mend it."""
        placed = self.placed(old)
        if self.exists(old) or (placed is not None and self.exists(placed)):
            wrong = f"{old} is declared as gone, but there is {old.kind.with_article} of that name"
            return wrong, "a name that is not there any more", "remove the rename"
        if record is not None and not record.knows(old):
            wrong = f"no {old.kind} was ever called {old}, as far as {record.path} knows"
            return wrong, "a recorded name", _nearest(old, record.names) or "remove the rename"
        if rename.new is None:
            return None
        resolved = self.resolve(old)
        renamed = f"{old} is declared as renamed to {rename.new},"
        something = "the name of something that is there"
        if resolved is None:
            mend = "choose another name, or remove 'to' if there is no replacement"
            return f"{renamed} which is retired", something, mend
        if not self.exists(resolved):
            wrong = f"{renamed} but no {old.kind} is called {resolved}"
            otherwise = "correct 'to', or remove it if there is no replacement"
            return wrong, something, _nearest(resolved, self.current) or otherwise
        where = placed.parent if placed is not None else None
        if placed is None or self.current.same(resolved).parent != self.current.same(placed).parent:
            expected = f"a name in {where}" if where else "a name in the same place"
            mend = "name what replaces it there, or remove 'to' if nothing does"
            return f"{renamed} which stands somewhere else", expected, mend
        return None

    def aliases(self, version: str) -> Iterator[Alias]:
        """Yield the old names to emit; the declarations have been checked.

        Args:
            version: That of the distribution; names whose `until` it reaches are gone.
        """
        for old, rename in self._renames.items():
            placed, new = self.placed(old), self.resolve(old)
            if rename.new is None or new is None or placed is None or rename.is_over(version):
                continue
            new = self.current.same(new)
            yield Alias(placed, new, str(old), rename.until)
            if old.kind is not Kind.MODEL or typed_dict_of(old) in self._renames:
                continue
            plain, plain_new = typed_dict_of(placed), typed_dict_of(new)
            if self.exists(plain_new) and not self.exists(plain):
                yield Alias(plain, plain_new, str(typed_dict_of(old)), rename.until)

    def old_names(self) -> list[str]:
        """Return every old name that is declared."""
        return [str(old) for old in self._renames]


def _read(text: str, place: Location, problems: Problems) -> PublicName | None:
    name = parse_name(text)
    if name is None:
        problems.add(place, f"{quoted(text)} is no public name", _FORMS, "correct it")
    return name


def _nearest(name: PublicName, known: Catalogue) -> str | None:
    near = nearest(str(name), [str(one) for one in known.names if one.kind is name.kind])
    return suggestion(near) if near else None
