"""Causes: what in specs and overlays makes a name vanish that they used to give.

An overlay action that no longer matches an operation is no error by itself, as long as it matches others.
Which action gave a name, and what it misses now, is tried out: a copy of the published document gets, one
at a time, what differs in a sibling that has the name, until the overlays give it again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problem, Problems
from upsertgen.inputs import OVERLAYS, spec_files
from upsertgen.ir.extensions import SCHEMAS, required_words
from upsertgen.ir.names import class_name, method_name, module_name, package_name, snake_case
from upsertgen.limits import Budget
from upsertgen.public_name import Kind, PublicName
from upsertgen.spec_file import spec_text
from upsertgen.specs import Specs, read
from upsertgen.specs.document import Document, LocatedMapping, Pointer, value_at
from upsertgen.specs.explanation import shown
from upsertgen.specs.openapi import METHODS
from upsertgen.specs.overlays import Overlay
from upsertgen.specs.yaml_reader import read_yaml

UPSERT = "x-upsert"
_MOST_TRIALS = 200
"""How often overlays are applied to copies. A name whose cause is not found by then is told without."""

_MOST_SIBLINGS = 4
_LONGEST_WHOLE = 200
_ABSENT = object()

Gives = Callable[[Any], bool]
"""Whether what stands somewhere gives a name."""


@dataclass(frozen=True)
class Cause:
    """Why a name would vanish.

    Attributes:
        why: A clause that goes on after `because`.
        mend: What to do about it, as an imperative.
    """

    why: str
    mend: str


@dataclass(frozen=True)
class _Place:
    """A place that a name may come from, as published and as corrected.

    Attributes:
        published: The document before the overlays changed it.
        corrected: The document after that.
        pointer: The way to an operation or a schema.
    """

    published: Document
    corrected: Document
    pointer: Pointer

    def is_given(self, gives: Gives) -> bool:
        """Return whether overlays, and not what was published, give the name here."""
        return gives(_at(self.corrected, self.pointer)) and not gives(
            _at(self.published, self.pointer)
        )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Tell of an extension that lacks words which overlay action does not give them any more.

    Args:
        folder: The specs folder that is understood meanwhile.

    Raises:
        InvalidInput: What was raised, with other words for that.
    """
    try:
        yield
    except InvalidInput as error:
        if not any(Path(one.location.path).parent.name == OVERLAYS for one in error.problems):
            raise
        try:
            told = Causes(folder).incomplete({one.location for one in error.problems})
        except InvalidInput:
            # The specs cannot even be read.
            raise error from None
        kept = (one for one in error.problems if one.location not in told)
        found = (one for problems in told.values() for one in problems)
        raise InvalidInput((*kept, *found), error.remedy) from None


class Causes:
    """Looks for the causes of lost names, in specs that are read when they are first needed.

    Args:
        folder: The specs folder, which has no problems but for lost names.
    """

    def __init__(self, folder: Path) -> None:
        published: dict[str, Document] = {}

        def keep(specs: Specs) -> None:
            published.update(copy.deepcopy(dict(specs.documents)))

        self._specs = read(folder, keep)
        self._published = published
        self._overlays = [
            Overlay(data, Problems())
            for path in spec_files(folder)
            if path.parent.name == OVERLAYS
            and (data := read_yaml(spec_text(path, folder), path.as_posix(), Problems()))
        ]
        self._trials = 0
        self._budget = Budget()

    def find(self, name: PublicName, sender: PublicName | None) -> Cause | None:
        """Return why a name would vanish, if it is overlays that used to give it.

        Args:
            name: The name, in the place where it would be today.
            sender: The method that it sends records with, for a bulk method.
        """
        if sender is not None:
            return self._bulk(sender)
        if name.kind is Kind.FIELD:
            package, _, model, field = name.parts
            places = [one for one in self._schemas(model) if _package(one) == package]
            siblings = self._schemas(model)
            return self._missed(places, siblings, lambda value: _has_field(value, field))
        if name.kind is Kind.PARAMETER and name.parent is not None:
            places = self._operations(name.parent)
            siblings = self._siblings(*name.parent.parts[:2])
            return self._missed(places, siblings, lambda value: _has_parameter(value, name.own))
        return None

    def incomplete(self, locations: Collection[Location]) -> dict[Location, list[Problem]]:
        """Return which extensions at some places lack words, where an action that misses explains it."""
        found: dict[Location, list[Problem]] = {}
        for place in self._operations(None):
            value = _at(place.corrected, place.pointer)
            for extension in SCHEMAS.keys() & value.keys():
                location = place.corrected.locate((*place.pointer, extension), key=True)
                lacking = _lacking(value, extension)
                problem = (
                    self._incomplete(place, extension, lacking)
                    if lacking and location in locations
                    else None
                )
                if problem is not None:
                    found.setdefault(location, []).append(problem)
        return found

    def _incomplete(self, place: _Place, extension: str, lacking: frozenset[str]) -> Problem | None:
        """Return that an extension of an operation lacks words, if an action that misses it is why."""
        siblings = self._siblings(_package(place), module_name(place.published.object_type))
        cause = self._missed([place], siblings, lambda value: not _lacking(value, extension))
        if cause is None:
            return None
        words = ", ".join(map(repr, sorted(lacking)))
        return Problem(
            place.corrected.locate((*place.pointer, extension), key=True),
            f"{extension} of the operation {_shown(place)} lacks {words}, because {cause.why}",
            "every word that it needs",
            cause.mend,
        )

    def _bulk(self, sender: PublicName) -> Cause | None:
        for place in self._operations(sender):
            value = _at(place.corrected, place.pointer)
            if UPSERT in value:
                continue
            if UPSERT in value.places:
                where = place.corrected.locate((*place.pointer, UPSERT))
                why = f"the overlay action at {where} removes {UPSERT} from its operation"
                return Cause(why, "narrow the target of the action")
            break
        else:
            return None
        cause = self._missed(
            [place], self._siblings(*sender.parts[:2]), lambda value: UPSERT in value
        )
        if cause is not None:
            return cause
        where = place.corrected.locate(place.pointer, key=True)
        return Cause(
            f"its operation, {where}, has no {UPSERT} any more",
            f"give it {UPSERT}, there or in an overlay",
        )

    def _missed(
        self, places: Sequence[_Place], siblings: Sequence[_Place], gives: Gives
    ) -> Cause | None:
        """Return which overlay action gives a name to siblings and misses these places, and why."""
        places = [one for one in places if not gives(_at(one.corrected, one.pointer))]
        given = [one for one in siblings if one.is_given(gives)]
        try:
            for place in places:
                for sibling in given[:_MOST_SIBLINGS]:
                    cause = self._difference(place, sibling, gives)
                    if cause is not None:
                        return cause
        except InvalidInput:
            # Overlays take more than they may.
            return None
        return self._elsewhere(places[0], given[0], gives) if places and given else None

    def _difference(self, place: _Place, sibling: _Place, gives: Gives) -> Cause | None:
        """Return what differs so that an action gives a name to a sibling and not here."""
        here, there = (_at(one.published, one.pointer) for one in (place, sibling))
        for way, ours, theirs in _differences(here, there):
            if self._trials >= _MOST_TRIALS:
                return None
            trial = _with(place.published, (*place.pointer, *way), theirs)
            action = self._giving(trial, place.pointer, gives)
            if action is None:
                continue
            where = place.published.locate((*place.pointer, *way), key=ours is not _ABSENT)
            what = ".".join(map(str, way))
            if ours is _ABSENT:
                differs = f"there is no {what} at {where}"
            elif theirs is _ABSENT:
                differs = f"there is {what} at {where}"
            else:
                differs = f"{what} at {where} is {_whole(ours)}, not {_whole(theirs)}"
            return Cause(
                f"the overlay action at {action} does not match {_shown(place)} any more: {differs}",
                "let the target of the action match it again",
            )
        return None

    def _elsewhere(self, place: _Place, sibling: _Place, gives: Gives) -> Cause | None:
        """Return which action gives a name to a sibling, where no single difference tells why not here."""
        action = self._giving(copy.deepcopy(sibling.published), sibling.pointer, gives)
        if action is None:
            return None
        return Cause(
            f"the overlay action at {action}, which matches {_shown(sibling)}, does not match "
            f"{_shown(place)}",
            "let the target of the action, and its x-documents, match it",
        )

    def _giving(self, document: Document, pointer: Pointer, gives: Gives) -> Location | None:
        """Apply the overlays to a document, and return the action that gives a name there."""
        self._trials += 1
        for overlay in self._overlays:
            for action in overlay.replay(document, self._budget):
                if gives(_at(document, pointer)):
                    return action
        return None

    def _places(self) -> Iterator[tuple[Document, Document]]:
        """Yield each document as published and as corrected, the newest version first."""
        for key in sorted(self._published, reverse=True):
            yield self._published[key], self._specs.documents[key]

    def _operations(self, method: PublicName | None) -> list[_Place]:
        """Return the places of a method's operation; of all operations if none is named."""
        return [
            _Place(published, corrected, ("paths", path, verb))
            for published, corrected in self._places()
            if method is None
            or (package_name(published.version), module_name(published.object_type))
            == method.parts[:2]
            for path, item in (corrected.data.get("paths") or {}).items()
            if isinstance(item, LocatedMapping)
            for verb in METHODS
            if isinstance(item.get(verb), LocatedMapping)
            and (method is None or method_name(str(item[verb].get("operationId"))) == method.own)
        ]

    def _siblings(self, package: str, object_type: str) -> list[_Place]:
        """Return all operations, those first that most resemble the ones of an object type."""

        def unlike(place: _Place) -> tuple[bool, bool]:
            own = module_name(place.published.object_type)
            return own != object_type, _package(place) != package

        return sorted(self._operations(None), key=unlike)

    def _schemas(self, model: str) -> list[_Place]:
        return [
            _Place(published, corrected, ("components", "schemas", name))
            for published, corrected in self._places()
            for name in (corrected.data.get("components") or {}).get("schemas") or {}
            if class_name(name) == model
        ]


def _package(place: _Place) -> str:
    return package_name(place.published.version)


def _shown(place: _Place) -> str:
    return str(place.published.locate(place.pointer, key=True))


def _whole(value: Any) -> str:
    """Return a value as a message shows it: a `$ref` with its end, which is where two of them differ."""
    is_short = isinstance(value, str) and len(value) <= _LONGEST_WHOLE
    return repr(value) if is_short else shown(value)


def _has_field(schema: Any, field: str) -> bool:
    names = schema.get("properties") if isinstance(schema, dict) else None
    return any(snake_case(one, "field") == field for one in names or ())


def _has_parameter(operation: Any, parameter: str) -> bool:
    found = operation.get("parameters") if isinstance(operation, dict) else None
    return any(
        isinstance(one, dict) and snake_case(str(one.get("name")), "parameter") == parameter
        for one in found or ()
    )


def _lacking(operation: Any, extension: str) -> frozenset[str]:
    """Return the words that an extension of an operation needs and does not have."""
    said = operation.get(extension, {})
    return required_words(extension) - said.keys() if isinstance(said, dict) else frozenset()


def _at(document: Document, pointer: Pointer) -> Any:
    """Return what stands somewhere; an empty mapping where nothing does."""
    try:
        return value_at(document.data, pointer)
    except (KeyError, IndexError, TypeError):
        return LocatedMapping(document.data.start)


def _differences(ours: Any, theirs: Any, way: Pointer = ()) -> Iterator[tuple[Pointer, Any, Any]]:
    """Yield the way to each value that differs in two parts of documents, and both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys((*ours, *theirs)):
            yield from _differences(ours.get(key, _ABSENT), theirs.get(key, _ABSENT), (*way, key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, (*way, index))
    elif ours != theirs and way:
        yield way, ours, theirs


def _with(document: Document, pointer: Pointer, value: Any) -> Document:
    """Return a copy of a document with another value somewhere."""
    changed = replace(document, data=copy.deepcopy(document.data), corrections=[])
    parent = value_at(changed.data, pointer[:-1])
    if value is _ABSENT:
        del parent[pointer[-1]]
    else:
        parent[pointer[-1]] = copy.deepcopy(value)
    return changed
