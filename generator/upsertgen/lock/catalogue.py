"""The public names of a distribution, as a tree of mappings: those that are recorded, or those of an Api."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upsertgen.emit.encode import raw
from upsertgen.ir.tree import Api, Operation, Role, Version
from upsertgen.lock.names import Kind, PublicName


@dataclass(frozen=True)
class MethodNames:
    """One method.

    Attributes:
        call: The HTTP method and path that it calls, by which it is known again under another name.
        parameters: Its keyword arguments, sorted.
    """

    call: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class ObjectNames:
    """One object type: the name of its synchronous class, and its methods."""

    class_name: str
    methods: Mapping[str, MethodNames]


@dataclass(frozen=True)
class VersionNames:
    """One version package.

    Attributes:
        objects: Its object types.
        models: The fields of each model that `models` exports, sorted.
        typed_dicts: The names that `typed_dicts` exports, sorted.
    """

    objects: Mapping[str, ObjectNames]
    models: Mapping[str, tuple[str, ...]]
    typed_dicts: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Every public name.

    Attributes:
        versions: The version packages by name.
        identity: What several names of one class have in common, by the name of the model; empty where
            that is not known.
    """

    versions: Mapping[str, VersionNames]
    identity: Mapping[PublicName, PublicName] = field(default_factory=dict)

    def names(self) -> list[PublicName]:
        """Return every name, what stands in something after it."""
        found: list[PublicName] = []
        for package, version in self.versions.items():
            found.append(PublicName(Kind.VERSION, (package,)))
            for name, one in version.objects.items():
                found.append(PublicName(Kind.OBJECT, (package, name)))
                found.append(PublicName(Kind.CLASS, (package, name, one.class_name)))
                for method, names in one.methods.items():
                    found.append(PublicName(Kind.METHOD, (package, name, method)))
                    found += [
                        PublicName(Kind.PARAMETER, (package, name, method, parameter))
                        for parameter in names.parameters
                    ]
            for model, fields in version.models.items():
                found.append(PublicName(Kind.MODEL, (package, "models", model)))
                found += [PublicName(Kind.FIELD, (package, "models", model, one)) for one in fields]
            found += [
                PublicName(Kind.TYPED_DICT, (package, "typed_dicts", one))
                for one in version.typed_dicts
            ]
        return found

    def object_names(self, name: PublicName) -> ObjectNames:
        """Return what stands in an object type, given by its own name or that of a member."""
        return self.versions[name.parts[0]].objects[name.parts[1]]

    def same(self, name: PublicName) -> PublicName:
        """Return the name of a field in the model that defines it; any other name as it is."""
        if name.kind is not Kind.FIELD or name.parent is None:
            return name
        return name.moved(self.identity.get(name.parent, name.parent))


def catalogue_of(api: Api) -> Catalogue:
    """Return the public names of what would be emitted."""
    identity: dict[PublicName, PublicName] = {}
    for version in api.versions:
        for exported in version.models:
            model = api.models[exported.model]
            name = PublicName(Kind.MODEL, (version.package, "models", exported.name))
            identity[name] = PublicName(Kind.MODEL, (model.owner, "models", model.class_name))
    versions = {version.package: _version(api, version) for version in api.versions}
    return Catalogue(dict(sorted(versions.items())), identity)


def _version(api: Api, version: Version) -> VersionNames:
    objects = {
        resource.name: ObjectNames(
            resource.class_name, {one.name: _method(one) for one in resource.operations}
        )
        for resource in version.resources
    }
    models = {
        one.name: tuple(sorted(field.name for field in api.models[one.model].fields))
        for one in version.models
    }
    sent = [one.name for one in version.models if api.models[one.model].role is Role.REQUEST]
    return VersionNames(objects, models, tuple(sorted(f"{name}Dict" for name in sent)))


def _method(operation: Operation) -> MethodNames:
    return MethodNames(
        f"{operation.method} {raw(operation.path)}",
        tuple(sorted(parameter.name for parameter in operation.parameters)),
    )
