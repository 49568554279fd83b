"""Which properties the columns of a file mean: by name, or by what people call them. Pure decisions."""

from __future__ import annotations

import difflib
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from .._properties.files import ObjectProperties
from .._properties.property import Property, may_be_key
from .._runtime.fork import with_cached_properties
from .._runtime.roles import PropertyRules
from .errors import listed

_MOST_KEYS = 3
_REMEMBERED = 10_000
_NEAR = 0.7
"""How alike a column and a property must be called, from 0 to 1, for one to be suggested for the other."""


@with_cached_properties
class PropertyNames:
    """What the properties of an object type are called, by programs and by people.

    Args:
        known: The properties.
        rules: What holds for those of any account.

    Attributes:
        properties: The properties by name.
    """

    def __init__(self, known: ObjectProperties, rules: PropertyRules) -> None:
        self.properties: Mapping[str, Property] = known.properties
        self._object_type, self._rules = known.object_type, rules
        self._meant: dict[str, tuple[str, ...]] = {}
        self._labelled: dict[str, list[str]] = {}
        for name, declared in known.properties.items():
            label = _plain(declared.label)
            if label and not declared.archived:
                self._labelled.setdefault(label, []).append(name)

    def meant_by(self, column: str) -> tuple[str, ...]:
        """Give the names of the properties that a column may mean.

        Its own name comes first; then the labels, which are compared without case, blanks and punctuation.
        More than one have the same label; if it is none, no property is called like that.
        """
        if column in self.properties:
            return (column,)
        meant = self._meant.get(column)
        if meant is None:
            meant = tuple(self._labelled.get(_plain(column), ()))
            if len(self._meant) < _REMEMBERED:
                self._meant[column] = meant
        return meant

    def nearest(self, column: str) -> str | None:
        """Give the name of the property that a misspelt column may mean; None if none is near."""
        near = difflib.get_close_matches(_plain(column), self._called, n=1, cutoff=_NEAR)
        return self._called[near[0]] if near else None

    @cached_property
    def _called(self) -> Mapping[str, str]:
        labelled = {label: names[0] for label, names in self._labelled.items()}
        return {_plain(name): name for name in self.properties} | labelled

    def problem_of(
        self,
        columns: Iterable[str],
        renamed: Mapping[str, str] = MappingProxyType({}),
        saved: Mapping[str, str] = MappingProxyType({}),
    ) -> str | None:
        """Say which columns are no property, or may be several, with the options that settle it.

        Args:
            columns: The columns that are sent.
            renamed: By column, the name of the property that it becomes, where somebody said so.
            saved: By column, the file that says so, where that is no option.

        Returns:
            One line; None if each column is one property.
        """
        problems: list[str] = []
        unknown: list[str] = []
        for column in dict.fromkeys(columns):
            if column in renamed:
                who = saved.get(column, "--map")
                problems.extend(self._unless_known(column, renamed[column], who))
                continue
            meant = self.meant_by(column)
            if not meant:
                unknown.append(column)
            elif len(meant) > 1:
                choices = listed([option("--map", f"{column}={name}") for name in meant], "or")
                problems.append(f"several properties are called {column!r}: give {choices}")
        if unknown:
            problems.append(self._unknown(unknown))
        return "; ".join(problems) or None

    def problem_of_key(self, name: str) -> str | None:
        """Say that there is no property of this name, which is meant to be the key; None if there is."""
        if name in self.properties:
            return None
        meant = self.meant_by(name)
        near = meant or [*filter(None, [self.nearest(name)])] or [*self._keys()][:_MOST_KEYS]
        choices = listed([option("--id-property", each) for each in near], "or") if near else ""
        what = "is the label of a property, not its name" if meant else f"is {self._no_property}"
        return f"the id property {name!r} {what}{choices and f'; give {choices}'}"

    def _keys(self) -> Iterator[str]:
        for name, declared in self.properties.items():
            if may_be_key(declared, self._rules):
                yield name

    @property
    def _no_property(self) -> str:
        return f"no property of {self._object_type}"

    def _unless_known(self, column: str, name: str, who: str) -> Iterator[str]:
        if name not in self.properties:
            near = self.nearest(name)
            mended = f"; give {option('--map', f'{column}={near}')}" if near else ""
            yield f"{who} makes {column!r} {name!r}, which is {self._no_property}{mended}"

    def _unknown(self, columns: list[str]) -> str:
        near = {column: self.nearest(column) for column in columns}
        skipped = " ".join(option("--skip", column) for column in columns)
        mended = " ".join(
            option("--map", f"{column}={name}") if name else option("--skip", column)
            for column, name in near.items()
        )
        what = (
            f"the column {columns[0]!r} is {self._no_property}"
            if len(columns) == 1
            else f"the columns {listed(map(repr, columns))} are no properties of {self._object_type}"
        )
        return f"{what}: give {mended}" + (f", or {skipped}" if skipped != mended else "")


def option(name: str, value: str) -> str:
    """Write an option as it can be pasted into a shell."""
    return f"{name} {shlex.quote(value)}"


def _plain(called: str) -> str:
    """Leave out of what something is called what people write in different ways."""
    folded = unicodedata.normalize("NFKC", called).casefold()
    return "".join(character for character in folded if character.isalnum())
