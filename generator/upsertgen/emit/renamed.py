"""Old names as they are written: what templates and classes say of `upsertgen.lock.aliases`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from upsertgen.emit.annotations import Annotations
from upsertgen.emit.encode import identifier, string_literal
from upsertgen.ir.tree import Api, Field, Resource, Role, Version
from upsertgen.lock.aliases import Alias, Aliases, class_of
from upsertgen.lock.names import Kind

RUNTIME = ".._runtime.renamed"
RUNTIME_FILE = "package/_runtime/renamed.py"


@dataclass(frozen=True)
class OldName:
    """An old name beside the new one.

    Attributes:
        name: The old name.
        now: The new name.
        told: The old name as warnings tell it.
        told_now: The new name as warnings tell it.
    """

    name: str
    now: str
    told: str
    told_now: str


@dataclass(frozen=True)
class RenamedClasses:
    """Old names in a module of models or TypedDicts.

    Attributes:
        names: Old names of classes.
        additions: What old names of fields add to the body of a class, by its name.
        imports: What that needs, by module.
        definitions: What that defines, as `upsertgen.emit.proof` words it.
    """

    names: tuple[OldName, ...] = ()
    additions: Mapping[str, str] | None = None
    imports: tuple[tuple[str, tuple[str, ...]], ...] = ()
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenamedMembers:
    """Old names in the module of an object type.

    Attributes:
        methods: Those of methods.
        parameters: Those of parameters, by the name of the method.
        classes: Those of classes, of both kinds of clients.
    """

    methods: tuple[OldName, ...] = ()
    parameters: Mapping[str, tuple[OldName, ...]] | None = None
    classes: tuple[OldName, ...] = ()

    def imports(self) -> dict[str, set[str]]:
        """Return what the module has to import for them, by module."""
        helpers = {"renamed_method"} if self.methods else set()
        helpers |= {"renamed_parameter"} if self.parameters else set()
        helpers |= {"renamed_names"} if self.classes else set()
        modules = {RUNTIME: helpers} if helpers else {}
        return {**modules, "typing": {"TYPE_CHECKING"}} if self.classes else modules

    def definitions(self, class_name: str) -> set[str]:
        """Return what they define, as `upsertgen.emit.proof` words it."""
        found = {
            f"assign {kind}{class_name}.{one.name}"
            for kind in ("", "Async")
            for one in self.methods
        }
        found |= {f"assign {one.name}" for one in self.classes}
        return found | {"assign __getattr__"} if self.classes else found


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
    names: tuple[tuple[str, str], ...]


def old_name(alias: Alias) -> OldName:
    """Return an alias as it is written."""
    return OldName(alias.old.own, alias.new.own, alias.told, str(alias.new))


def renamed_members(package: str, resource: Resource, aliases: Aliases) -> RenamedMembers:
    """Return the old names in the module of an object type."""
    parts = (package, resource.name)
    parameters: dict[str, tuple[OldName, ...]] = {}
    for alias in aliases.within(Kind.PARAMETER, *parts):
        method = alias.old.parts[2]
        parameters[method] = (*parameters.get(method, ()), old_name(alias))
    return RenamedMembers(
        tuple(old_name(one) for one in aliases.within(Kind.METHOD, *parts)),
        parameters or None,
        tuple(
            OldName(f"{kind}{one.old.own}", f"{kind}{one.new.own}", one.told, str(one.new))
            for one in aliases.within(Kind.CLASS, *parts)
            for kind in ("", "Async")
        ),
    )


def renamed_classes(
    api: Api, version: Version, names: Mapping[str, str], aliases: Aliases, *, typed_dicts: bool
) -> RenamedClasses:
    """Return the old names in a module of models or TypedDicts.

    Args:
        api: What is emitted.
        version: The version of the module.
        names: The class name of each model in the version, by its key.
        aliases: The old names.
        typed_dicts: Which of the modules is meant.
    """
    kind, section = (Kind.TYPED_DICT, "typed_dicts") if typed_dicts else (Kind.MODEL, "models")
    classes = tuple(old_name(one) for one in aliases.within(kind, version.package, section))
    imports: dict[str, set[str]] = {}
    definitions: set[str] = set()
    if classes:
        imports = {RUNTIME: {"renamed_names"}, "typing": {"TYPE_CHECKING"}}
        definitions = {"assign __getattr__", *(f"assign {one.name}" for one in classes)}
    additions: dict[str, str] = {}
    by_class: dict[str, list[OldName]] = {}
    for alias in aliases.within(Kind.FIELD, version.package) if not typed_dicts else ():
        by_class.setdefault(alias.old.parts[2], []).append(old_name(alias))
    annotations = Annotations(names)
    for model in api.models.values():
        renamed = by_class.get(model.class_name) if model.owner == version.package else None
        if renamed is None:
            continue
        fields = {field.name: field for field in model.fields}
        text = "".join(_property(one, _read(fields[one.now], annotations)) for one in renamed)
        definitions |= {f"def {model.class_name}.{one.name}" for one in renamed}
        imports.setdefault(RUNTIME, set()).add("warn_renamed")
        if model.role is Role.REQUEST:
            text += _validator(renamed)
            definitions.add(f"def {model.class_name}._accept_renamed_fields")
            imports[RUNTIME].add("renamed_fields")
            imports.setdefault("pydantic", set()).add("model_validator")
            imports.setdefault("typing", set()).add("Any")
        additions[model.class_name] = text
    for module, used in annotations.imports().items():
        imports.setdefault(module, set()).update(used)
    return RenamedClasses(
        classes,
        additions or None,
        tuple((module, tuple(sorted(imports[module]))) for module in sorted(imports)),
        tuple(sorted(definitions)),
    )


def _read(field: Field, annotations: Annotations) -> str:
    """Return the annotation of a field as it is read."""
    text = annotations.returned(field.type)
    optional = not field.required and field.default is None
    return f"{text} | None" if optional and not text.endswith(("None", "Any")) else text


def _property(one: OldName, annotation: str) -> str:
    # A field may be called property, which would stand for it in the body of its class.
    return (
        "\n    @builtins.property"
        f"\n    def {identifier(one.name)}(self) -> {annotation}:"
        f'\n        """Deprecated: it is called `{one.now}` now."""'
        f"\n        warn_renamed({string_literal(one.told)}, {string_literal(one.told_now)})"
        f"\n        return self.{identifier(one.now)}\n"
    )


def _validator(renamed: list[OldName]) -> str:
    names = ", ".join(
        f"{string_literal(one.name)}: ({string_literal(one.now)}, {string_literal(one.told)}, "
        f"{string_literal(one.told_now)})"
        for one in renamed
    )
    return (
        '\n    @model_validator(mode="before")'
        "\n    @builtins.classmethod"
        "\n    def _accept_renamed_fields(cls, values: Any) -> Any:"
        f"\n        return renamed_fields(values, {{{names}}})\n"
    )


def renamed_modules(api: Api, aliases: Aliases) -> Iterator[RenamedModule]:
    """Yield every module with an old name: those of object types, and all of versions with an old name."""
    packages = {version.package: version for version in api.versions}
    for version in api.versions:
        for alias in aliases.modules(version.package):
            yield _object_module(
                version, alias, version.package, f".{alias.new.own}", alias.told, aliases
            )
    for retired in aliases.within(Kind.VERSION):
        package, version = retired.old.own, packages[retired.new.own]
        names = ["client", "models", "typed_dicts", *(one.name for one in version.resources)]
        for name in names:
            target = f"..{version.package}.{name}"
            new = f"{version.package}.{name}"
            yield RenamedModule(package, name, target, f"{package}.{name}", new, ())
        for alias in aliases.modules(version.package):
            target = f"..{version.package}.{alias.new.own}"
            told = f"{package}.{alias.old.own}"
            yield _object_module(version, alias, package, target, told, aliases)


def _object_module(
    version: Version, alias: Alias, package: str, target: str, told: str, aliases: Aliases
) -> RenamedModule:
    resource = next(one for one in version.resources if one.name == alias.new.own)
    old = {class_of(alias.old.own): resource.class_name}
    old |= {one.old.own: one.new.own for one in aliases.within(Kind.CLASS, *alias.new.parts)}
    names = [
        (f"{kind}{name}", f"{kind}{now}")
        for name, now in sorted(old.items())
        for kind in ("", "Async")
        if name != now
    ]
    return RenamedModule(package, alias.old.own, target, told, str(alias.new), tuple(names))
