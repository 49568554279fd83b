"""Releases: what each version of the distribution brought, as `releases.yaml` of a specs folder records it.

A release is compared with the one before while both are at hand, and written down as data, so that the
changelog says the same wherever it is made anew: without network, and without the history of a repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upsertgen.diff.findings import Finding, Impact, Kind, Part, Place
from upsertgen.diff.report import Bump, Change, Comparison, Origin, Presence
from upsertgen.errors import InvalidInput, Location, Problems
from upsertgen.inputs import RELEASES
from upsertgen.renames import is_version
from upsertgen.spec_file import spec_text
from upsertgen.spec_text import SpecText
from upsertgen.specs.yaml_reader import read_yaml

COMMENT = (
    "Written by 'upsertgen release': what each release brought, for CHANGELOG.md. Not to be edited."
)
_FORM = "a record as 'upsertgen release' writes it"
_MEND = "restore it from the history of the project"
_KINDS = {kind.value: kind for kind in Kind}
_ALL = "all"
"""What stands for the object types of a change that concerns all that both sides have."""


@dataclass(frozen=True)
class PastRelease:
    """One release.

    Attributes:
        version: The version of the distribution.
        bump: By what it had to be raised; none for the first release.
        specs: The digest of the specs that it was made from.
        imported: The API versions that were imported for it.
        renames: Old names that still work, and what they are called since.
        retired: Old names that are gone since.
        comparisons: What the specs changed, by API version.
    """

    version: str
    bump: Bump
    specs: str
    imported: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    retired: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


def read_releases(folder: Path) -> tuple[PastRelease, ...]:
    """Return the releases that are recorded in a specs folder, in order.

    Raises:
        InvalidInput: The record is damaged.
    """
    path = folder / RELEASES
    if not os.path.lexists(path):
        return ()
    shown = path.as_posix()
    problems = Problems()
    data = read_yaml(spec_text(path, folder), shown, problems)
    if problems:
        try:
            problems.raise_if_any()
        except InvalidInput as error:
            # The reader's own words are about specs.
            told = [replace(one, expected=_FORM, mend=_MEND) for one in error.problems]
            raise InvalidInput(told) from None
    try:
        return tuple(_release(one) for one in _list(_mapping(data)["releases"], dict))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput.at(
            Location(shown),
            "this is no record of releases",
            _FORM,
            _MEND,
        ) from None


def releases_data(releases: Iterable[PastRelease]) -> dict[str, Any]:
    """Return the contents of the record of releases."""
    return {"releases": [_release_data(one) for one in releases]}


def for_callers(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """Return what of comparisons callers see, and what overlays correct; what is on the wire alone is not."""
    seen = (
        replace(one, changes=tuple(x for x in one.changes if x.origin is not Origin.PUBLISHED))
        for one in comparisons
    )
    return tuple(one for one in seen if one.changes)


def _release_data(one: PastRelease) -> dict[str, Any]:
    return _said(
        {
            "version": one.version,
            "bump": one.bump.value,
            "specs": one.specs,
            "imported": [*one.imported],
            "renames": dict(one.renames),
            "retired": [*one.retired],
            "changes": [_comparison_data(each) for each in one.comparisons],
        }
    )


def _release(data: Mapping[str, Any]) -> PastRelease:
    version = _text(data["version"])
    if not is_version(version):
        raise ValueError(version)
    renames = _mapping(data.get("renames", {}))
    return PastRelease(
        version,
        Bump(data["bump"]),
        _text(data["specs"]),
        tuple(_list(data.get("imported", []))),
        tuple((old, _text(new)) for old, new in renames.items()),
        tuple(_list(data.get("retired", []))),
        tuple(_comparison(one) for one in _list(data.get("changes", []), dict)),
    )


def _comparison_data(one: Comparison) -> dict[str, Any]:
    presences = {
        presence.value: [name for name, there in one.object_types if there is presence]
        for presence in Presence
    }
    return _said(
        {
            "old": _raw(one.old),
            "new": _raw(one.new),
            "object-types": _said(presences),
            "changes": [_change_data(change, one) for change in one.changes],
        }
    )


def _comparison(data: Mapping[str, Any]) -> Comparison:
    presences = _mapping(data.get("object-types", {}))
    types = [(name, Presence(there)) for there, names in presences.items() for name in _list(names)]
    empty = Comparison(_spec_text(data, "old"), _spec_text(data, "new"), tuple(sorted(types)), ())
    changes = _list(data.get("changes", []), dict)
    return replace(empty, changes=tuple(_change(one, empty) for one in changes))


def _change_data(change: Change, comparison: Comparison) -> dict[str, Any]:
    finding, place = change.finding, change.finding.place
    names = [*change.object_types]
    every = _every(comparison)
    return _said(
        {
            "kind": finding.kind.value,
            "caller": finding.caller.word,
            "wire": finding.wire.word,
            "origin": change.origin.value,
            "method": place.operation,
            "part": place.part.value,
            "place": place.path.raw,
            "statuses": [*place.statuses],
            "class": place.model,
            "subject": _raw(finding.subject),
            "before": _raw(finding.before),
            "after": _raw(finding.after),
            "object-types": _ALL if names == [*every] else names,
        }
    )


def _change(data: Mapping[str, Any], comparison: Comparison) -> Change:
    named = data["object-types"]
    place = Place(
        operation=_text(data["method"]) if "method" in data else None,
        part=Part(data["part"]),
        path=_spec_text(data, "place") or SpecText(""),
        statuses=tuple(_list(data.get("statuses", []))),
        model=_text(data["class"]) if "class" in data else None,
    )
    finding = Finding(
        _KINDS[data["kind"]],
        place,
        _spec_text(data, "subject"),
        _spec_text(data, "before"),
        _spec_text(data, "after"),
        Impact[_text(data["caller"]).upper()],
        Impact[_text(data["wire"]).upper()],
    )
    names = _every(comparison) if named == _ALL else tuple(_list(named))
    return Change(finding, Origin(data["origin"]), names)


def _every(comparison: Comparison) -> tuple[str, ...]:
    """Return the object types that both sides have, or all of a version that is new or gone."""
    return comparison.common or tuple(name for name, _ in comparison.object_types)


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """Return data without what is not there."""
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _raw(text: SpecText | None) -> str | None:
    return text.raw if text is not None else None


def _spec_text(data: Mapping[str, Any], key: str) -> SpecText | None:
    return SpecText(_text(data[key])) if key in data else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _list(value: Any, kind: type = str) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
        raise TypeError(value)
    return value
