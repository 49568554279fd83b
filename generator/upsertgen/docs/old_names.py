"""The page of deprecated and renamed names: since when, and until when, as far as that is known.

Renames are those that the settings declare, since when is what `releases.yaml` of the specs folder records,
and deprecated is what a spec calls so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from upsertgen.diff.findings import Finding
from upsertgen.diff.findings import Kind as Change
from upsertgen.diff.releases import PastRelease, read_releases
from upsertgen.docs.page import Page, Sources
from upsertgen.docs.reference import page_path
from upsertgen.docs.support import Support
from upsertgen.emit.deprecation import deprecated_names
from upsertgen.emit.encode import page_code, page_text, raw
from upsertgen.ir.tree import Api, Version
from upsertgen.public_name import Alias, Kind, PublicName, model_of, parse_name
from upsertgen.renames import Rename

NAMES = "names.md"
_UNKNOWN = "unknown"
_DEPRECATIONS = {
    Kind.METHOD: Change.METHOD_DEPRECATED,
    Kind.PARAMETER: Change.PARAMETER_DEPRECATED,
    Kind.MODEL: Change.SCHEMA_DEPRECATED,
    Kind.FIELD: Change.FIELD_DEPRECATED,
}


@dataclass(frozen=True)
class NameRow:
    """A name as a table lists it; every text is ready to be emitted.

    Attributes:
        old: The name.
        new: What to write instead; empty where nobody knows, or nothing replaces it.
        since: Since which version of the distribution.
        until: In which version it is gone.
    """

    old: str
    new: str
    since: str
    until: str


def names_page(sources: Sources, support: Mapping[str, Support]) -> Page:
    """Return the page of deprecated and renamed names.

    Args:
        sources: What pages are made from.
        support: How long versions of the API are supported, by label.

    Raises:
        InvalidInput: The record of releases is damaged.
    """
    settings, api = sources.settings, sources.api
    releases = read_releases(settings.specs)
    context = {
        "renamed": [_renamed(sources, one, releases) for one in sources.aliases.all],
        "gone": list(_gone(sources, releases)),
        "deprecated": [
            _deprecated(sources, text, support, releases) for text in deprecated_names(api)
        ],
        "releases": bool(releases),
    }
    return sources.page(NAMES, "Deprecated and renamed names", "names.md.jinja", context)


def _renamed(sources: Sources, alias: Alias, releases: Iterable[PastRelease]) -> NameRow:
    known = {alias.told}
    told = parse_name(alias.told)
    if told is not None and told.kind is Kind.TYPED_DICT:
        # It goes with its model, which is what releases tell of.
        known.add(str(model_of(told)))
    since = next(
        (one.version for one in releases if known.intersection(old for old, _ in one.renames)), None
    )
    until = "no version is named" if alias.until is None else page_code(alias.until)
    return NameRow(
        _written(sources, alias.told), _linked(sources, alias.new), _release(since), until
    )


def _gone(sources: Sources, releases: Iterable[PastRelease]) -> Iterator[NameRow]:
    """Yield the names that are gone, sorted."""
    settings = sources.settings
    since = {name: one.version for one in releases for name in one.retired}
    renames: dict[str, Rename] = {
        one.old: one
        for one in settings.renames
        if one.new is None or one.is_over(settings.distribution_version)
    }
    for name in sorted({*since, *renames}):
        rename = renames.get(name)
        new = parse_name(rename.new) if rename is not None and rename.new is not None else None
        instead = "" if new is None else page_code(f"{settings.package}.{new}")
        version = since.get(name) or (rename.until if rename is not None else None)
        yield NameRow(_written(sources, name), instead, _release(version), "")


def _release(version: str | None) -> str:
    return _UNKNOWN if version is None else page_code(version)


def _deprecated(
    sources: Sources,
    text: str,
    support: Mapping[str, Support],
    releases: Iterable[PastRelease],
) -> NameRow:
    name = parse_name(text)
    if name is None:
        return NameRow(_written(sources, text), "", _UNKNOWN, _UNKNOWN)
    version = next(one for one in sources.api.versions if one.package == name.parts[0])
    since = next(
        (one.version for one in releases if _deprecates(one, sources.api, version, name)), None
    )
    end = support.get(raw(version.label), Support()).unsupported_from
    until = _UNKNOWN
    # A class of models may be one of later versions, too.
    if end is not None and name.kind in (Kind.METHOD, Kind.PARAMETER):
        until = f"unknown; {page_text(version.label)} is unsupported from {page_text(end.date)}"
    return NameRow(_linked(sources, name), "", _release(since), until)


def _deprecates(release: PastRelease, api: Api, version: Version, name: PublicName) -> bool:
    """Return whether a release tells that a name is deprecated since."""
    return any(
        change.finding.kind is _DEPRECATIONS.get(name.kind)
        and _is_about(change.finding, change.object_types, api, version, name)
        for one in release.comparisons
        if one.old == one.new == version.label
        for change in one.changes
    )


def _is_about(
    finding: Finding, types: tuple[str, ...], api: Api, version: Version, name: PublicName
) -> bool:
    place = finding.place
    if name.kind in (Kind.MODEL, Kind.FIELD):
        models = [
            one
            for one in api.models.values()
            if one.owner == version.package and one.class_name == name.parts[2]
        ]
        last = place.path.raw.rpartition(".")[2]
        fields = {
            raw(one.wire_name) for model in models for one in model.fields if one.name == name.own
        }
        return place.model == name.parts[2] and (name.kind is Kind.MODEL or last in fields)
    if name.parts[1] not in types or place.operation != name.parts[2]:
        return False
    parameters = {
        raw(one.wire_name)
        for resource in version.resources
        if resource.name == name.parts[1]
        for operation in resource.operations
        if operation.name == name.parts[2]
        for one in operation.parameters
        if one.name == name.own
    }
    return name.kind is Kind.METHOD or place.path.raw in parameters


def _written(sources: Sources, name: str) -> str:
    return page_code(f"{sources.settings.package}.{name}")


def _linked(sources: Sources, name: PublicName) -> str:
    """Return a name with a link to the page of its object type, where it has one."""
    written = _written(sources, str(name))
    for version in sources.api.versions:
        for resource in version.resources:
            if name.parts[:2] == (version.package, resource.name):
                return f"[{written}]({page_path(version, resource)})"
    return written
