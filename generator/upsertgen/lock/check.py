"""What a run has to know about names: whether one would vanish, which aliases to emit, what to record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from upsertgen.errors import InvalidInput, Location, Problem, Problems
from upsertgen.inputs import LOCK
from upsertgen.ir.tree import Api
from upsertgen.lock.aliases import Aliases, model_of
from upsertgen.lock.catalogue import Catalogue, catalogue_of
from upsertgen.lock.declarations import SECTION, Rename
from upsertgen.lock.declared import DeclaredRenames
from upsertgen.lock.guesses import guess
from upsertgen.lock.names import Kind, PublicName, parse_name
from upsertgen.lock.record import Record, read_record, record_text

_MOST_NAMED = 4
"""How many names a reason tells; what else there is is counted."""


@dataclass(frozen=True)
class CheckedNames:
    """Names that are in order.

    Attributes:
        aliases: The old names to emit.
        text: The lock as it should be.
        reasons: Why the lock that is there is not so, in words; empty where it is.
    """

    aliases: Aliases
    text: str
    reasons: tuple[str, ...]


def check_names(api: Api, folder: Path, renames: tuple[Rename, ...], version: str) -> CheckedNames:
    """Compare the names that would be emitted with those that are recorded.

    Args:
        api: What would be emitted.
        folder: The specs folder, which holds the lock.
        renames: The declared renames.
        version: The version of the distribution.

    Raises:
        InvalidInput: The lock or a rename is wrong, or a recorded name would vanish. In that case the
            remedy declares what became of it, as far as that can be guessed.
    """
    record = read_record(folder)
    current = catalogue_of(api)
    problems = Problems()
    declared = DeclaredRenames(renames, current, problems)
    problems.raise_if_any()
    declared.check(record, problems)
    problems.raise_if_any()
    if record is not None:
        _refuse_lost(record, current, declared, version)
    over = {one.until for one in renames if one.until and Version(one.until) <= Version(version)}
    aliases = Aliases(declared.aliases(over))
    known = declared.old_names()
    working = {one.told: str(one.new) for one in aliases.all if one.told in known}
    text = record_text(current, working, (name for name in known if name not in working))
    return CheckedNames(aliases, text, tuple(_reasons(folder / LOCK, text, record, current)))


def _refuse_lost(
    record: Record, current: Catalogue, declared: DeclaredRenames, version: str
) -> None:
    problems: list[Problem] = []
    remedy = ""
    for name in _lost(record, declared):
        place = declared.resolution.resolve(name.parent) if name.parent is not None else None
        new = guess(name, place, record.names, current)
        if new is not None:
            remedy += f'\n[[{SECTION}]]\nfrom = "{name}"\nto = "{new}"\n'
        problems.append(_vanished(record.locate(name), name, new))
    for old, new_name in record.aliases.items():
        if not _works(old, declared):
            problems.append(_alias_lost(record.locate(old), old, new_name, version))
    if problems:
        raise InvalidInput(problems, remedy)


def _lost(record: Record, declared: DeclaredRenames) -> list[PublicName]:
    """Return the recorded names that nothing stands for, but for those that vanish with another."""
    resolution = declared.resolution
    lost: set[PublicName] = set()
    # Versions share classes: a field that is gone from one is reported once, where it was defined.
    reported: dict[PublicName, PublicName] = {}
    for name in record.names.names():
        resolved = resolution.resolve(name)
        if resolved is None or resolution.exists(resolved):
            continue
        lost.add(name)
        if name.parent in lost or (name.kind is Kind.TYPED_DICT and model_of(name) in lost):
            continue
        place = resolution.placed(name) or name
        if name.parent is None or place not in reported or place == name:
            reported[place] = name
    return list(reported.values())


def _works(old: str, declared: DeclaredRenames) -> bool:
    """Return whether an old name that was emitted is declared, or stands for something all the same."""
    name = parse_name(old)
    if name is None or name in declared:
        return True
    resolved = declared.resolution.resolve(name)
    return resolved is None or declared.resolution.exists(resolved)


def _vanished(location: Location, name: PublicName, new: PublicName | None) -> Problem:
    now = f", and seems to be called {new} now" if new is not None else ""
    to = (
        f"'to = \"{new}\"'"
        if new is not None
        else "its new name as 'to', or no 'to' if it is retired,"
    )
    return Problem(
        location,
        f"the {name.kind} {name} would vanish{now}",
        "every recorded name, or a rename that is declared",
        f"declare 'from = \"{name}\"' with {to} under [[{SECTION}]] in pyproject.toml, give it its name "
        "back, or delete its record if nobody ever used it",
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
    before, now = set(record.names.names()), set(current.names())
    told = False
    for names, what in ((now - before, "new"), (before - now, "gone")):
        if names:
            told = True
            shown = [str(one) for one in sorted(names, key=str)[:_MOST_NAMED]]
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            yield f"{what}: {', '.join(shown)}{more}"
    if not told:
        yield "what is declared or called changed, or it was edited by hand"
