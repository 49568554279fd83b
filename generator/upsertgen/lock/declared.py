"""Declared renames, checked against the names that are there and those that are recorded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from upsertgen.errors import Location, Problems, quoted
from upsertgen.lock.aliases import Alias, typed_dict_of
from upsertgen.lock.catalogue import Catalogue
from upsertgen.lock.declarations import Rename
from upsertgen.lock.names import Kind, PublicName, parse_name
from upsertgen.lock.record import Record
from upsertgen.lock.resolution import Resolution

_FORMS = (
    "a public name such as v3, v3.contacts, v3.contacts.upsert(inputs) or v3.models.Error.status"
)


class DeclaredRenames:
    """What the settings say about names that are not there any more.

    Attributes:
        resolution: Follows them.

    Args:
        renames: The declarations.
        current: The names that are there.
        problems: Where to note declarations that cannot be read.
    """

    def __init__(self, renames: Iterable[Rename], current: Catalogue, problems: Problems) -> None:
        self._renames: dict[PublicName, Rename] = {}
        declared: dict[PublicName, PublicName | None] = {}
        for rename in renames:
            old = _read(rename.old, rename.location, problems)
            new = _read(rename.new, rename.location, problems) if rename.new is not None else None
            if old is None or (new is None and rename.new is not None):
                continue
            if old in declared:
                wrong = f"two renames say what became of {old}"
                problems.add(rename.location, wrong, "one for each name", "remove one of them")
            elif new is not None and new.kind is not old.kind:
                problems.add(
                    rename.location,
                    f"{old} stands for a{_n(old.kind)} {old.kind}, and {new} for a{_n(new.kind)} {new.kind}",
                    "two names of one kind",
                    "correct one of them",
                )
            declared[old] = new
            self._renames[old] = rename
        self.resolution = Resolution(current, declared)

    def __contains__(self, name: PublicName) -> bool:
        return name in self._renames

    def check(self, record: Record | None, problems: Problems) -> None:
        """Note every declaration that means nothing.

        Args:
            record: What is recorded, if anything is.
            problems: Where to note them.
        """
        for old, rename in self._renames.items():
            if self._is_there(old):
                problems.add(
                    rename.location,
                    f"{old} is declared as gone, but there is a{_n(old.kind)} {old.kind} of that name",
                    "a name that is not there any more",
                    "remove the rename",
                )
            elif record is not None and not _is_known(old, record):
                known = [str(one) for one in record.names.names() if one.kind is old.kind]
                problems.add(
                    rename.location,
                    f"no {old.kind} was ever called {old}, as far as {record.path} knows",
                    "a recorded name",
                    _nearest(str(old), known) or "remove the rename",
                )
            elif rename.new is not None:
                self._check_new(old, rename, rename.new, problems)

    def _is_there(self, old: PublicName) -> bool:
        placed = self.resolution.placed(old)
        return self.resolution.exists(old) or (
            placed is not None and placed != old and self.resolution.exists(placed)
        )

    def _check_new(self, old: PublicName, rename: Rename, new: str, problems: Problems) -> None:
        placed, resolved = self.resolution.placed(old), self.resolution.resolve(old)
        if resolved is None:
            problems.add(
                rename.location,
                f"{old} is declared as renamed to {new}, which is retired",
                "the name of something that is there",
                "choose another name, or remove 'to' if there is no replacement",
            )
        elif not self.resolution.exists(resolved):
            names = (str(one) for one in self.resolution.current.names() if one.kind is old.kind)
            problems.add(
                rename.location,
                f"{old} is declared as renamed to {new}, but no {old.kind} is called {resolved}",
                "the name of something that is there",
                _nearest(str(resolved), names)
                or "correct 'to', or remove it if there is no replacement",
            )
        elif placed is None or self._place(resolved) != self._place(placed):
            where = placed.parent if placed is not None else None
            problems.add(
                rename.location,
                f"{old} is declared as renamed to {new}, which stands somewhere else",
                f"a name in {where}" if where else "a name in the same place",
                "name what replaces it there, or remove 'to' if nothing does",
            )

    def _place(self, name: PublicName) -> PublicName | None:
        return self.resolution.current.same(name).parent

    def aliases(self, is_over: Iterable[str]) -> Iterator[Alias]:
        """Yield the old names to emit; the declarations have been checked.

        Args:
            is_over: The values of `until` that have been reached.
        """
        over = frozenset(is_over)
        for old, rename in self._renames.items():
            placed, new = self.resolution.placed(old), self.resolution.resolve(old)
            if rename.new is None or new is None or placed is None or rename.until in over:
                continue
            new = self.resolution.current.same(new)
            yield Alias(placed, new, str(old))
            if old.kind is not Kind.MODEL or typed_dict_of(old) in self._renames:
                continue
            plain, plain_new = typed_dict_of(placed), typed_dict_of(new)
            if self.resolution.exists(plain_new) and not self.resolution.exists(plain):
                yield Alias(plain, plain_new, str(typed_dict_of(old)))

    def old_names(self) -> list[str]:
        """Return every old name that is declared."""
        return [str(old) for old in self._renames]


def _read(text: str, place: Location, problems: Problems) -> PublicName | None:
    name = parse_name(text)
    if name is None:
        problems.add(place, f"{quoted(text)} is no public name", _FORMS, "correct it")
    return name


def _n(kind: Kind) -> str:
    """Return what makes of the article "a" that of a kind."""
    return "n" if kind[0] in "Ao" else ""


def _is_known(old: PublicName, record: Record) -> bool:
    return old in record.names.names() or str(old) in record.aliases or str(old) in record.retired


def _nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]}?" if near else None
