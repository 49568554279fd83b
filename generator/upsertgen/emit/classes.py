"""The modules of models and TypedDicts: which classes a version defines and which it takes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from upsertgen.emit.encode import raw
from upsertgen.emit.models import BASES, ModelsTask
from upsertgen.emit.proof import Expectation
from upsertgen.emit.renamed import RenamedClasses, renamed_classes
from upsertgen.emit.schema import declares_additional, is_plain_name, model_schema
from upsertgen.ir.tree import (
    AnyType,
    Api,
    ArrayType,
    EnumerationType,
    Model,
    ReferenceType,
    Role,
    ScalarType,
    Type,
    UnionType,
    Value,
    Version,
    inner_types,
)
from upsertgen.lock.aliases import Aliases
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class ClassesModule:
    """One module of classes.

    Attributes:
        task: What to generate, or nothing when all its classes come from older versions.
        elsewhere: Classes of older versions: their package, their name there, their name here.
        mappings: TypedDicts that cannot be: the names of mappings that may have any keys.
        aliases: Second names of classes: the name, and the second name.
        exported: Every name that the module exports, sorted.
        renamed: Old names of classes and fields.
    """

    task: ModelsTask | None
    elsewhere: tuple[tuple[str, str, str], ...]
    mappings: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...]
    exported: tuple[str, ...]
    renamed: RenamedClasses

    def expectation(
        self, api: Api, version: Version, imports: frozenset[str], *, exact: bool
    ) -> Expectation:
        """Return what the emitted module must define.

        Args:
            api: What is emitted.
            version: The version of the module.
            imports: What it must import, as `upsertgen.emit.proof` words it.
            exact: Whether it may define nothing else.
        """
        found = {"assign __all__"} | {f"assign {alias}" for _, alias in self.aliases}
        found |= {f"assign {name}" for name in self.mappings}
        found |= {*self.renamed.definitions, *imports}
        found |= {"import builtins"} if self.renamed.additions else set()
        literals = {"__all__": frozenset(self.exported)}
        possible: dict[str, frozenset[str]] = {}
        if self.task is not None:
            suffix = "Dict" if self.task.typed_dicts else ""
            for model in owned(api, version, typed_dicts=self.task.typed_dicts):
                name = f"{model.class_name}{suffix}"
                found |= self._definitions(model, name, self.task.typed_dicts)
                literals[name] = frozenset(_literals(model, self.task.typed_dicts))
                # A TypedDict that is no class refers to those that follow it in quotes.
                possible[name] = frozenset(
                    self.exported
                    if self.task.typed_dicts
                    else (*_discriminators(model, api.models), "allow", "forbid")
                )
        return Expectation(frozenset(found), exact, None, literals, possible)

    @staticmethod
    def _definitions(model: Model, name: str, typed_dicts: bool) -> set[str]:
        if not typed_dicts:
            found = {f"class {name}"} | {f"field {name}.{field.name}" for field in model.fields}
            if declares_additional(model):
                found.add(f"assign {name}.model_config")
                if not isinstance(model.additional, AnyType):
                    found.add(f"field {name}.__pydantic_extra__")
            return found
        if not _is_written_as_class(model):
            return {f"assign {name}"}
        return {f"class {name}"} | {
            f"field {name}.{raw(field.wire_name)}" for field in model.fields
        }


def _is_written_as_class(model: Model) -> bool:
    """Return whether a TypedDict is a class: the names of its fields in JSON are such in Python too."""
    return all(is_plain_name(field.wire_name) for field in model.fields)


def _literals(model: Model, typed_dicts: bool) -> Iterator[str]:
    """Yield the strings that a class holds, beside docstrings."""
    if typed_dicts and not _is_written_as_class(model):
        yield f"{model.class_name}Dict"
        yield from (raw(field.wire_name) for field in model.fields)
    for field in model.fields:
        if not typed_dicts and raw(field.wire_name) != field.name:
            yield raw(field.wire_name)
        if not typed_dicts and field.default is not None:
            yield from _strings(field.default.value)
        yield from _strings_of(field.type, typed_dicts)
    if not typed_dicts and model.additional is not None and declares_additional(model):
        yield from _strings_of(model.additional, typed_dicts)


def _strings(value: Value) -> Iterator[str]:
    if isinstance(value, SpecText):
        yield raw(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item)


def _strings_of(kind: Type, typed_dicts: bool) -> Iterator[str]:
    match kind:
        case EnumerationType(values):
            yield from _strings(values)
        case ScalarType(_, constraints) | ArrayType(_, constraints) if not typed_dicts:
            yield from _strings(tuple(value for _, value in constraints))
        case _:
            pass
    for inner in inner_types(kind):
        yield from _strings_of(inner, typed_dicts)


def _discriminators(model: Model, models: Mapping[str, Model]) -> Iterator[str]:
    """Yield the names of fields that tell the alternatives of unions apart."""
    kinds = [field.type for field in model.fields]
    kinds += [model.additional] if model.additional is not None else []
    while kinds:
        kind = kinds.pop()
        kinds += inner_types(kind)
        if isinstance(kind, UnionType) and kind.discriminator is not None:
            for one in kind.alternatives:
                if isinstance(one, ReferenceType):
                    fields = models[one.body].fields
                    yield from (f.name for f in fields if f.wire_name == kind.discriminator)


def class_names(api: Api, version: Version) -> dict[str, str]:
    """Return the name by which a version knows each of its models, by the model's key."""
    names: dict[str, str] = {}
    for exported in version.models:
        model = api.models[exported.model]
        current = names.get(exported.model)
        preferred = current is None or exported.name == model.class_name
        better = (
            current is not None
            and current != model.class_name
            and _plainness(exported.name) < _plainness(current)
        )
        if preferred or better:
            names[exported.model] = exported.name
    return names


def _plainness(name: str) -> tuple[int, str]:
    return (len(name), name)


def owned(api: Api, version: Version, *, typed_dicts: bool) -> list[Model]:
    """Return the models whose classes, or whose TypedDicts, a version defines, by name."""
    models = [
        model
        for model in api.models.values()
        if model.owner == version.package
        and not (typed_dicts and (model.role is Role.RESPONSE or _is_mapping(model)))
    ]
    return sorted(models, key=lambda model: model.class_name)


def classes_module(
    api: Api, version: Version, old_names: Aliases, *, typed_dicts: bool
) -> ClassesModule:
    """Return what a version's module of models, or of TypedDicts, consists of."""
    suffix = "Dict" if typed_dicts else ""
    names = class_names(api, version)
    elsewhere: list[tuple[str, str, str]] = []
    aliases: list[tuple[str, str]] = []
    exported: list[str] = []
    for one in version.models:
        model = api.models[one.model]
        if typed_dicts and model.role is not Role.REQUEST:
            continue
        exported.append(f"{one.name}{suffix}")
        if model.owner != version.package and one.name == names[one.model]:
            elsewhere.append((model.owner, f"{model.class_name}{suffix}", f"{one.name}{suffix}"))
        elif one.name != names[one.model]:
            aliases.append((f"{names[one.model]}{suffix}", f"{one.name}{suffix}"))
    models = owned(api, version, typed_dicts=typed_dicts)
    mappings = [
        f"{model.class_name}Dict"
        for model in owned(api, version, typed_dicts=False)
        if typed_dicts and _is_mapping(model)
    ]
    renamed = renamed_classes(api, version, names, old_names, typed_dicts=typed_dicts)
    task = _task(models, names, api.models, renamed, typed_dicts=typed_dicts) if models else None
    return ClassesModule(
        task, tuple(elsewhere), tuple(mappings), tuple(aliases), tuple(sorted(exported)), renamed
    )


def _is_mapping(model: Model) -> bool:
    """Return whether a body may have keys that no TypedDict can name."""
    return model.role is Role.REQUEST and model.additional is not None


def _task(
    models: list[Model],
    names: Mapping[str, str],
    known: Mapping[str, Model],
    renamed: RenamedClasses,
    *,
    typed_dicts: bool,
) -> ModelsTask:
    schema, stubs = model_schema(models, names, known, typed_dicts=typed_dicts)
    return ModelsTask(
        schema=schema,
        stubs=stubs,
        bases={names[model.key]: BASES[model.role] for model in models},
        names={
            f"{names[model.key]}.{raw(field.wire_name)}": field.name
            for model in models
            for field in model.fields
            if raw(field.wire_name) != field.name
        },
        typed_dicts=typed_dicts,
        additions=renamed.additions or {},
    )
