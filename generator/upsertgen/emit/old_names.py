"""Old names as they are written: what templates and classes say of `upsertgen.public_name`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from upsertgen.ir.names import class_name
from upsertgen.ir.tree import Api, Resource, Version
from upsertgen.public_name import Alias, Aliases, Kind
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class OldName:
    """An old name beside the new one.

    Attributes:
        name: The old name.
        now: The new name.
        told: The old name as warnings tell it.
        told_now: The new name as warnings tell it.
        warning: What warnings say.
    """

    name: str
    now: str
    told: str
    told_now: str
    warning: str

    @classmethod
    def of(cls, alias: Alias, prefix: str = "") -> OldName:
        """Return an alias as it is written.

        Args:
            alias: The alias.
            prefix: What both names begin with.
        """
        new = alias.new
        return cls(
            f"{prefix}{alias.old.own}",
            f"{prefix}{new.own}",
            alias.told,
            str(new),
            f"{alias.told} is deprecated: it is called {new} now",
        )


@dataclass(frozen=True)
class RenamedMembers:
    """Old names in the module of an object type.

    Attributes:
        methods: Those of methods.
        parameters: Those of parameters, by the name of the method.
        classes: Those of classes, of both kinds of clients.
    """

    methods: tuple[OldName, ...] = ()
    parameters: dict[str, tuple[OldName, ...]] = field(default_factory=dict)
    classes: tuple[OldName, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.methods or self.parameters or self.classes)


@dataclass(frozen=True)
class RenamedModule:
    """A module with an old name.

    Attributes:
        package: The version package that it stands in.
        name: Its name.
        target: What it is now, relative to its package.
        old: Its name as warnings tell it.
        new: What it is now, as warnings tell it.
        names: Old names of classes in it, and the new ones.
    """

    package: str
    name: str
    target: str
    old: str
    new: str
    names: tuple[tuple[str, str], ...] = ()


def old_object_types(api: Api, aliases: Aliases) -> dict[SpecText, tuple[SpecText, ...]]:
    """Return the old names of object types, by their label, that mean nothing else in any version."""
    taken = {resource.name for version in api.versions for resource in version.resources}
    found: dict[SpecText, dict[SpecText, None]] = {}
    for version in api.versions:
        labels = {resource.name: resource.label for resource in version.resources}
        for alias in aliases.within(Kind.OBJECT, version.package):
            if alias.old.own not in taken:
                found.setdefault(labels[alias.new.own], {})[SpecText(alias.old.own)] = None
    return {label: tuple(names) for label, names in found.items()}


def with_old_object_types(api: Api, aliases: Aliases) -> Api:
    """Return a tree whose object types are called by their old names, too, where files or data name them."""
    called = dict(api.aliases)
    for label, names in old_object_types(api, aliases).items():
        called[label] = tuple(dict.fromkeys((*called.get(label, ()), *names)))
    # In the order in which the tree has them, which is not that of texts: their twins are ordered otherwise.
    return replace(api, aliases=tuple(called.items()))


def renamed_members(package: str, resource: Resource, aliases: Aliases) -> RenamedMembers:
    """Return the old names in the module of an object type."""
    parts = (package, resource.name)
    parameters: dict[str, tuple[OldName, ...]] = {}
    for alias in aliases.within(Kind.PARAMETER, *parts):
        method = alias.old.parts[2]
        parameters[method] = (*parameters.get(method, ()), OldName.of(alias))
    return RenamedMembers(
        tuple(OldName.of(one) for one in aliases.within(Kind.METHOD, *parts)),
        parameters,
        tuple(
            OldName.of(one, prefix)
            for one in aliases.within(Kind.CLASS, *parts)
            for prefix in ("", "Async")
        ),
    )


def renamed_fields(package: str, aliases: Aliases) -> dict[str, tuple[OldName, ...]]:
    """Return the old names of fields of a version, by the name of their class."""
    found: dict[str, tuple[OldName, ...]] = {}
    for alias in aliases.within(Kind.FIELD, package):
        name = alias.old.parts[2]
        found[name] = (*found.get(name, ()), OldName.of(alias))
    return found


def renamed_modules(api: Api, aliases: Aliases) -> Iterator[RenamedModule]:
    """Yield every module with an old name: those of object types, and all of versions with an old name."""
    packages = {version.package: version for version in api.versions}
    for version in api.versions:
        for alias in aliases.within(Kind.OBJECT, version.package):
            target = f".{alias.new.own}"
            yield _object_module(version, alias, version.package, target, alias.told, aliases)
    for retired in aliases.within(Kind.VERSION):
        package, version = retired.old.own, packages[retired.new.own]
        for name in ("client", "models", "typed_dicts", *(one.name for one in version.resources)):
            new = f"{version.package}.{name}"
            yield RenamedModule(package, name, f"..{new}", f"{package}.{name}", new)
        for alias in aliases.within(Kind.OBJECT, version.package):
            target = f"..{version.package}.{alias.new.own}"
            told = f"{package}.{alias.old.own}"
            yield _object_module(version, alias, package, target, told, aliases)


def _object_module(
    version: Version, alias: Alias, package: str, target: str, told: str, aliases: Aliases
) -> RenamedModule:
    resource = next(one for one in version.resources if one.name == alias.new.own)
    old = {class_name(alias.old.own): resource.class_name}
    old |= {one.old.own: one.new.own for one in aliases.within(Kind.CLASS, *alias.new.parts)}
    names = tuple(
        (f"{prefix}{name}", f"{prefix}{now}")
        for name, now in sorted(old.items())
        for prefix in ("", "Async")
        if name != now
    )
    return RenamedModule(package, alias.old.own, target, told, str(alias.new), names)
