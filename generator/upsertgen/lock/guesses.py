"""Guesses at what a name that vanished is called now, by what stands behind it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable

from upsertgen.lock.aliases import model_of, typed_dict_of
from upsertgen.lock.catalogue import Catalogue, VersionNames
from upsertgen.lock.names import Kind, PublicName

_LIKE = 0.5
"""How much of their fields two models have to share to be taken for one."""


def guess(
    name: PublicName, place: PublicName | None, old: Catalogue, new: Catalogue
) -> PublicName | None:
    """Return the name that most likely stands for what another one stood for.

    Args:
        name: The name that vanished.
        place: What it stood in, by its present name; nothing for a version.
        old: The recorded names.
        new: The names that are there.
    """
    if place is None:
        return _version(name, old, new)
    if place.parts[0] not in new.versions:
        return None
    before, now = old.versions[name.parts[0]], new.versions[place.parts[0]]
    found: str | None = None
    match name.kind:
        case Kind.OBJECT:
            found = _object(name.own, before, now)
        case Kind.CLASS:
            found = new.object_names(place).class_name
        case Kind.METHOD:
            methods, known = new.object_names(place).methods, old.object_names(name).methods
            call = known[name.own].call
            found = _first(methods, lambda one: methods[one].call == call and one not in known)
            found = found or _alike(name.own, methods, known)
        case Kind.PARAMETER:
            found = _alike(
                name.own,
                new.object_names(place).methods[place.own].parameters,
                old.object_names(name).methods[name.parts[2]].parameters,
            )
        case Kind.MODEL:
            found = _model(name.own, before, now)
        case Kind.FIELD:
            found = _alike(name.own, now.models.get(place.own, ()), before.models[name.parts[2]])
        case Kind.TYPED_DICT:
            model = model_of(name).own
            near = _model(model, before, now) if model in before.models else None
            found = typed_dict_of(model_of(name).sibling(near)).own if near else None
            found = found if found in now.typed_dicts else None
    return None if found is None else name.moved(place).sibling(found)


def _version(name: PublicName, old: Catalogue, new: Catalogue) -> PublicName | None:
    """Return a version that is new, or the first that is still there, with most of the object types."""
    objects = old.versions[name.own].objects.keys()
    fresh = [one for one in new.versions if one not in old.versions]
    candidates = fresh or list(new.versions)
    best = max(
        candidates, key=lambda one: len(objects & new.versions[one].objects.keys()), default=None
    )
    return None if best is None else name.sibling(best)


def _object(name: str, old: VersionNames, new: VersionNames) -> str | None:
    calls = {method.call for method in old.objects[name].methods.values()}
    same = _first(
        new.objects,
        lambda one: one not in old.objects
        and any(method.call in calls for method in new.objects[one].methods.values()),
    )
    return same or _near(name, (one for one in new.objects if one not in old.objects))


def _model(name: str, old: VersionNames, new: VersionNames) -> str | None:
    fields = frozenset(old.models[name])

    def likeness(one: str) -> float:
        other = frozenset(new.models[one])
        return len(fields & other) / len(fields | other) if fields | other else 1.0

    fresh = [one for one in sorted(new.models) if one not in old.models]
    best = max(fresh, key=likeness, default=None)
    if best is not None and likeness(best) >= _LIKE:
        return best
    # One body may be published under several names, of which one is gone.
    return _first(new.models, lambda one: fields == frozenset(new.models[one]))


def _alike(name: str, new: Iterable[str], old: Collection[str]) -> str | None:
    """Return the only new name in the place of the only one that is gone, or the one most like it."""
    there = list(new)
    fresh = [one for one in there if one not in old]
    gone = [one for one in old if one not in there]
    return fresh[0] if len(fresh) == len(gone) == 1 else _near(name, fresh)


def _near(name: str, candidates: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(candidates), 1)
    return near[0] if near else None


def _first(names: Iterable[str], fits: Callable[[str], bool]) -> str | None:
    return next((one for one in sorted(names) if fits(one)), None)
