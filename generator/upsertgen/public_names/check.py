"""What a run has to know about names: whether one would vanish, which aliases to emit, what to record."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput, Location, Problem, Problems, nearest
from upsertgen.inputs import LOCK, RELEASES
from upsertgen.ir.tree import Api
from upsertgen.public_name import (
    Aliases,
    Kind,
    PublicName,
    model_of,
    parse_name,
    typed_dict_of,
)
from upsertgen.public_names.causes import Cause, Causes
from upsertgen.public_names.record import (
    Catalogue,
    Record,
    catalogue_of,
    read_record,
    record_text,
)
from upsertgen.public_names.resolution import DeclaredRenames
from upsertgen.renames import SECTION

_MOST_NAMED = 4
"""How many names a reason tells; what else there is is counted."""

_LIKE = 0.5
"""How much of their fields two models have to share to be taken for one."""


@dataclass(frozen=True)
class CheckedNames:
    """Names that are in order.

    Attributes:
        aliases: The old names to emit.
        text: The lock as it should be; nothing where names are not recorded yet.
        reasons: Why the lock that is there is not so, in words; empty where it is.
    """

    aliases: Aliases
    text: str | None
    reasons: tuple[str, ...]


def names_are_free(settings: Settings) -> bool:
    """Return whether public names may change: until the first release, or as `free-names` says."""
    folder = settings.specs
    return settings.free_names or not any(
        os.path.lexists(folder / name) for name in (LOCK, RELEASES)
    )


def check_names(api: Api, settings: Settings, *, releases: bool = False) -> CheckedNames:
    """Compare the names that would be emitted with those that are recorded.

    They are recorded from the first release on. A lock that is there although names are free is kept up
    to date, and keeps no name.

    Args:
        api: What would be emitted.
        settings: The specs folder, which holds the lock, the declared renames, and the version.
        releases: Whether a release is about to be made, which begins the lock.

    Raises:
        InvalidInput: The lock or a rename is wrong, or a recorded name would vanish. In that case the
            remedy declares what became of it, as far as that can be guessed.
    """
    folder, version = settings.specs, settings.distribution_version
    record = read_record(folder)
    problems = Problems()
    # What bulk methods are called depends on the old names of methods, and these on all other names.
    first = DeclaredRenames(settings.renames, catalogue_of(api, Aliases()), problems)
    problems.raise_if_any()
    current = catalogue_of(api, Aliases(first.aliases(version)))
    declared = DeclaredRenames(settings.renames, current, problems)
    free = names_are_free(settings)
    declared.check(None if free else record, problems)
    problems.raise_if_any()
    if record is not None and not free:
        _refuse_lost(record, current, declared, settings)
    aliases = Aliases(declared.aliases(version))
    if record is None and free and (settings.free_names or not releases):
        return CheckedNames(aliases, None, ())
    known = declared.old_names()
    working = {one.told: str(one.new) for one in aliases.all if one.told in known}
    text = record_text(current, working, (name for name in known if name not in working))
    return CheckedNames(aliases, text, tuple(_reasons(folder / LOCK, text, record, current)))


def _refuse_lost(
    record: Record, current: Catalogue, declared: DeclaredRenames, settings: Settings
) -> None:
    problems: list[Problem] = []
    remedy = ""
    lost = _lost(record, declared)
    causes = Causes(settings.specs) if lost else None
    together: dict[tuple[PublicName, Cause | None], list[PublicName]] = {}
    for name in lost:
        sender = record.names.senders.get(name)
        cause = _cause(name, sender, declared, causes) if causes is not None else None
        place = declared.resolve(name.parent) if name.parent is not None else None
        new = _guess(name, place, record.names, current) if cause is None else None
        if sender is not None and new is None:
            together.setdefault((sender, cause), []).append(name)
            continue
        if new is not None:
            remedy += f'\n[[{SECTION}]]\nfrom = "{name}"\nto = "{new}"\n'
        problems.append(_vanished(record.locate(name), name, new, cause))
    for (_, cause), names in together.items():
        problems.append(_vanished(record.locate(names[0]), names[0], None, cause, names))
    for old, new_name in record.aliases.items():
        if not _is_told(old, declared):
            version = settings.distribution_version
            problems.append(_alias_lost(record.locate(old), old, new_name, version))
    if problems:
        raise InvalidInput(problems, remedy)


def _lost(record: Record, declared: DeclaredRenames) -> list[PublicName]:
    """Return the recorded names that nothing stands for, but for those that vanish with another."""
    lost: set[PublicName] = set()
    # Versions share classes: a field that is gone from one is reported once, where it was defined.
    reported: dict[PublicName, PublicName] = {}
    for name in record.names.names:
        resolved = declared.resolve(name)
        if resolved is None or declared.exists(resolved):
            continue
        lost.add(name)
        sender = record.names.senders.get(name)
        if sender is not None and not _works(sender, declared):
            continue
        if name.parent in lost or (name.kind is Kind.TYPED_DICT and model_of(name) in lost):
            continue
        place = declared.placed(name) or name
        if name.parent is None or place not in reported or place == name:
            reported[place] = name
    return list(reported.values())


def _works(name: PublicName, declared: DeclaredRenames) -> bool:
    """Return whether something stands for a name."""
    resolved = declared.resolve(name)
    return resolved is not None and declared.exists(resolved)


def _cause(
    name: PublicName, sender: PublicName | None, declared: DeclaredRenames, causes: Causes
) -> Cause | None:
    """Return why a name would vanish, as far as overlays have a part in it."""
    if sender is not None:
        sender = declared.resolve(sender) or sender
    return causes.find(declared.placed(name) or name, sender)


def _is_told(old: str, declared: DeclaredRenames) -> bool:
    """Return whether an old name that was emitted is declared, or stands for something all the same."""
    name = parse_name(old)
    if name is None or name in declared:
        return True
    resolved = declared.resolve(name)
    return resolved is None or declared.exists(resolved)


def _vanished(
    location: Location,
    name: PublicName,
    new: PublicName | None,
    cause: Cause | None,
    names: Sequence[PublicName] = (),
) -> Problem:
    """Return the problem of a name that would vanish, or of several that would together.

    Args:
        location: Where it is recorded.
        name: The name.
        new: What it seems to be called now.
        cause: Why, as far as that is known.
        names: All of them, if there are several.
    """
    names = names or [name]
    now = f", and seems to be called {new} now" if new is not None else ""
    now = f", because {cause.why}" if cause is not None else now
    to = (
        f"'to = \"{new}\"'"
        if new is not None
        else "its new name as 'to', or no 'to' if it is retired,"
    )
    declared = " and ".join(f"'from = \"{one}\"'" for one in names)
    mend = f"{cause.mend}, or " if cause is not None else ""
    return Problem(
        location,
        f"the {name.kind}{'s' if len(names) > 1 else ''} {' and '.join(map(str, names))} would vanish{now}",
        "every recorded name, or a rename that is declared",
        f"{mend}declare {declared} with {to} under [[{SECTION}]] in pyproject.toml, give it its name back, "
        "or delete its record if nobody ever used it",
    )


def _alias_lost(location: Location, old: str, new: str, version: str) -> Problem:
    return Problem(
        location,
        f"the old name {old} of {new} would vanish, because its rename is not declared any more",
        "every old name until the version that its rename names",
        f"declare 'from = \"{old}\"' with 'to = \"{new}\"' under [[{SECTION}]] in pyproject.toml again, "
        f"with 'until = \"{version}\"' if it is to end now",
    )


def _reasons(path: Path, text: str, record: Record | None, current: Catalogue) -> Iterable[str]:
    if record is None:
        yield "names were not recorded"
        return
    if path.read_bytes() == text.encode():
        return
    before, now = set(record.names.names), set(current.names)
    for names, what in ((now - before, "new"), (before - now, "gone")):
        if names:
            shown = [str(one) for one in sorted(names, key=str)[:_MOST_NAMED]]
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            yield f"{what}: {', '.join(shown)}{more}"
    if before == now:
        yield "what is declared or called changed, or it was edited by hand"


def _guess(
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
    there, known = new.inside(name.kind, place), old.inside(name.kind, name.parent)
    fresh = [one for one in there if one not in known]
    found: str | None = None
    match name.kind:
        case Kind.CLASS:
            found = there[0] if there else None
        case Kind.OBJECT | Kind.METHOD:
            calls = _calls(old, name)
            found = _first(fresh, lambda one: calls & _calls(new, place.inner(name.kind, one)))
            if name.kind is Kind.OBJECT:
                found = found or nearest(name.own, fresh)
            elif name not in old.senders:
                found = found or _alike(name.own, there, known)
        case Kind.PARAMETER | Kind.FIELD:
            found = _alike(name.own, there, known)
        case Kind.MODEL:
            found = _model(name, place, old, new)
        case Kind.TYPED_DICT:
            model = _model(model_of(name), place, old, new)
            found = typed_dict_of(place.inner(Kind.MODEL, model)).own if model else None
            found = found if found in there else None
    return None if found is None else name.moved(place).sibling(found)


def _version(name: PublicName, old: Catalogue, new: Catalogue) -> PublicName | None:
    """Return a version that is new, or the first that is still there, with most of the object types."""
    objects = set(old.inside(Kind.OBJECT, name))
    there = new.inside(Kind.VERSION)
    fresh = [one for one in there if one not in old.inside(Kind.VERSION)]
    candidates = [name.sibling(one) for one in fresh or there]
    return max(
        candidates, key=lambda one: len(objects & {*new.inside(Kind.OBJECT, one)}), default=None
    )


def _calls(names: Catalogue, name: PublicName) -> set[str]:
    """Return what a method calls, or all methods of an object type."""
    depth = len(name.parts)
    return {call for method, call in names.calls.items() if method.parts[:depth] == name.parts}


def _model(name: PublicName, version: PublicName, old: Catalogue, new: Catalogue) -> str | None:
    known = old.inside(Kind.MODEL, name.parent)
    if name.own not in known:
        return None
    fields = frozenset(old.inside(Kind.FIELD, name))
    there = {
        one: frozenset(new.inside(Kind.FIELD, version.inner(Kind.MODEL, one)))
        for one in sorted(new.inside(Kind.MODEL, version))
    }

    def likeness(one: str) -> float:
        both = fields | there[one]
        return len(fields & there[one]) / len(both) if both else 1.0

    best = max((one for one in there if one not in known), key=likeness, default=None)
    if best is not None and likeness(best) >= _LIKE:
        return best
    # One body may be published under several names, of which one is gone.
    return _first(there, lambda one: fields == there[one])


def _alike(name: str, new: Collection[str], old: Collection[str]) -> str | None:
    """Return the only new name in the place of the only one that is gone, or the one most like it."""
    fresh = [one for one in new if one not in old]
    gone = [one for one in old if one not in new]
    return fresh[0] if len(fresh) == len(gone) == 1 else nearest(name, fresh)


def _first(names: Iterable[str], fits: Callable[[str], object]) -> str | None:
    return next((one for one in sorted(names) if fits(one)), None)
