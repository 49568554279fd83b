"""Which bodies are the same, which version owns them, and what their classes are called.

Across versions the same bodies are published again and again, sometimes under two names. Two bodies are
the same when they have the same role and the same fields of the same types, whatever they are called and
however they are described. The oldest version that has a body owns its class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from upsertgen.errors import Problems
from upsertgen.ir.names import RESERVED_FIELDS, class_name, distinct_names, pascal_case
from upsertgen.ir.schemas import RawBody
from upsertgen.ir.tree import (
    ArrayType,
    Field,
    MapType,
    Model,
    ModelName,
    NullableType,
    ReferenceType,
    Role,
    Type,
    UnionType,
)
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class Bodies:
    """The distinct bodies of all versions.

    Attributes:
        models: Every distinct body, by its key.
        names: The names that each version's package exports, sorted, by the version's label.
        model_of: The key of the model that stands for each raw body.
    """

    models: dict[str, Model]
    names: Mapping[str, tuple[ModelName, ...]]
    model_of: Mapping[str, str]

    def resolve(self, kind: Type) -> Type:
        """Return a type with its references leading to models instead of raw bodies."""
        return map_references(kind, lambda body: self.model_of[body])


def map_references(kind: Type, change: Callable[[str], str]) -> Type:
    """Return a type with each reference changed."""
    match kind:
        case ReferenceType(body):
            return ReferenceType(change(body))
        case ArrayType(items, constraints):
            return ArrayType(map_references(items, change), constraints)
        case MapType(values):
            return MapType(map_references(values, change))
        case NullableType(inner):
            return NullableType(map_references(inner, change))
        case UnionType(alternatives, discriminator):
            return UnionType(
                tuple(map_references(one, change) for one in alternatives), discriminator
            )
        case _:
            return kind


def distinct_bodies(
    bodies: Iterable[RawBody],
    packages: Mapping[str, str],
    resource_files: frozenset[str],
    problems: Problems,
) -> Bodies:
    """Find the distinct bodies and name them.

    Args:
        bodies: Every body that operations reach.
        packages: The package of each version by its label, oldest version first.
        resource_files: The documents of object types, by their path inside the specs folder; the others
            are shared.
        problems: Where to note bodies that would get one name.
    """
    bodies = sorted(bodies, key=lambda body: body.key)
    classes = _equivalence_classes(bodies)
    model_of = {
        body.key: min(members, key=_seniority(packages)).key
        for members in classes
        for body in members
    }
    names: dict[str, dict[str, RawBody]] = {
        label: _names(
            [body for body in bodies if body.node.document.version == label],
            model_of,
            resource_files,
            problems,
        )
        for label in packages
    }
    models: dict[str, Model] = {}
    for members in classes:
        senior = min(members, key=_seniority(packages))
        label = senior.node.document.version
        # Among several names of one body the shortest is the plain one, without a suffix for a variant.
        candidates = [
            name for name, body in names[label].items() if model_of[body.key] == senior.key
        ]
        # A body whose only name another one got has none; that is a problem already.
        chosen = min(candidates or [senior.name], key=lambda name: (len(name), name))
        named = names[label].get(chosen, senior)
        models[senior.key] = _model(senior, packages[label], chosen, named, model_of)
    exported = {
        label: tuple(ModelName(name, model_of[body.key]) for name, body in sorted(named.items()))
        for label, named in names.items()
    }
    return Bodies(models, exported, model_of)


def _seniority(packages: Mapping[str, str]) -> Callable[[RawBody], tuple[int, str]]:
    order = {label: index for index, label in enumerate(packages)}
    return lambda body: (order[body.node.document.version], body.key)


def _equivalence_classes(bodies: list[RawBody]) -> list[list[RawBody]]:
    """Return the bodies in groups of equal ones, by refining the partition until it holds still.

    Bodies may contain each other, so equality cannot be worked out from the leaves up: all bodies begin
    as equal, and are told apart as long as what they refer to is told apart.
    """
    colour = {body.key: 0 for body in bodies}
    while True:
        shapes = {body.key: _shape(body, colour) for body in bodies}
        number = {shape: index for index, shape in enumerate(dict.fromkeys(shapes.values()))}
        refined = {key: number[shape] for key, shape in shapes.items()}
        if len(set(refined.values())) == len(set(colour.values())):
            break
        colour = refined
    groups: dict[int, list[RawBody]] = defaultdict(list)
    for body in bodies:
        groups[refined[body.key]].append(body)
    return list(groups.values())


def _shape(body: RawBody, colour: Mapping[str, int]) -> tuple[object, ...]:
    def coloured(kind: Type) -> Type:
        return map_references(kind, lambda key: str(colour[key]))

    # `True == 1` in Python and not in JSON, so a shape is compared by its text.
    fields = sorted(
        (f.wire_name, repr(coloured(f.type)), f.required, repr(f.default)) for f in body.fields
    )
    return (body.role, tuple(fields), repr(body.additional and coloured(body.additional)))


def _names(
    bodies: list[RawBody],
    model_of: Mapping[str, str],
    resource_files: frozenset[str],
    problems: Problems,
) -> dict[str, RawBody]:
    """Return the bodies of one version by class name.

    A name that means two things belongs to the shared document; an object type's own variant carries the
    type's name in front. A schema that is both sent and received is two bodies, and the one that is sent
    is called `...Input`.
    """
    received = {body.key.rpartition("|")[0] for body in bodies if body.role is Role.RESPONSE}
    wanted: dict[str, dict[str, list[RawBody]]] = defaultdict(lambda: defaultdict(list))
    for body in bodies:
        name = class_name(body.name)
        if body.role is Role.REQUEST and body.key.rpartition("|")[0] in received:
            name = f"{name}Input"
        wanted[name][model_of[body.key]].append(body)
    names: dict[str, RawBody] = {}
    for name, variants in sorted(wanted.items()):
        shared = [
            members
            for members in variants.values()
            if len(variants) == 1
            or any(body.node.document.key not in resource_files for body in members)
        ]
        for members in variants.values():
            plain = len(shared) == 1 and members is shared[0]
            for body in members if not plain else members[:1]:
                own = name if plain else f"{pascal_case(body.node.document.name, 'Objects')}{name}"
                other = names.setdefault(own, body)
                if model_of[other.key] != model_of[body.key]:
                    place = other.node.document.locate(other.node.pointer, key=True)
                    problems.add(
                        body.node.document.locate(body.node.pointer, key=True),
                        f"this schema and the one at {place} would both get the class name {name}",
                        "different names for different schemas",
                        "rename one of them",
                    )
    return names


def _model(
    body: RawBody, owner: str, name: str, named: RawBody, model_of: Mapping[str, str]
) -> Model:
    names = distinct_names([field.wire_name for field in body.fields], RESERVED_FIELDS, "field")

    def resolved(kind: Type) -> Type:
        return map_references(kind, lambda key: model_of[key])

    fields = tuple(
        Field(
            wire_name=SpecText(field.wire_name),
            name=names[field.wire_name],
            type=resolved(field.type),
            required=field.required,
            default=field.default,
            description=field.description,
        )
        for field in body.fields
    )
    additional = resolved(body.additional) if body.additional is not None else None
    return Model(body.key, owner, name, body.role, fields, additional, named.description)
