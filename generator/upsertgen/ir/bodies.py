"""Which bodies are the same, which version owns them, and what their classes are called.

Across versions the same bodies are published again and again, sometimes under two names. Two bodies are
the same when they go in the same direction and have the same fields of the same types, as deprecated as each
other, whatever they are called and however they are described. The oldest version that has a body owns its
class.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from upsertgen.errors import Problems
from upsertgen.ir.names import RESERVED_FIELDS, class_name, distinct_names, pascal_case
from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.tree import (
    Direction,
    Field,
    Model,
    ModelName,
    ReferenceType,
    Type,
    with_references,
)
from upsertgen.specs.references import Node

T = TypeVar("T")


@dataclass(frozen=True)
class Bodies:
    """The distinct bodies of all versions.

    Attributes:
        models: Every distinct body, by its key.
        names: The names that each version's package exports, sorted, by the version's label.
        model_of: The key of the model that stands for each single body.
    """

    models: dict[str, Model]
    names: Mapping[str, tuple[ModelName, ...]]
    model_of: Mapping[str, str]

    def resolve(self, value: T) -> T:
        """Return a part of the tree with its references leading to models instead of single bodies."""
        return with_references(value, self.model_of.__getitem__)

    def fields(self, kind: Type | None) -> tuple[Field, ...]:
        """Return the fields of a body; none for a type that is no body."""
        return self.models[kind.body].fields if isinstance(kind, ReferenceType) else ()


def distinct_bodies(
    schemas: SchemaReader,
    packages: Mapping[str, str],
    resource_files: frozenset[str],
    problems: Problems,
) -> Bodies:
    """Find the distinct bodies and name them.

    Args:
        schemas: Has every body that operations reach.
        packages: The package of each version by its label, oldest version first.
        resource_files: The documents of object types, by their path inside the specs folder; the others
            are shared.
        problems: Where to note bodies that would get one name.
    """
    places = schemas.places
    order = {label: index for index, label in enumerate(packages)}

    def seniority(body: Model) -> tuple[int, str]:
        return order[places[body.key].document.version], body.key

    bodies = sorted(schemas.bodies.values(), key=lambda body: body.key)
    classes = _equivalence_classes(bodies)
    model_of = {
        body.key: min(members, key=seniority).key for members in classes for body in members
    }
    names: dict[str, dict[str, Model]] = {
        label: _names(
            [body for body in bodies if places[body.key].document.version == label],
            places,
            model_of,
            resource_files,
            problems,
        )
        for label in packages
    }
    candidates_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for label, named in names.items():
        for name, body in named.items():
            candidates_of[label, model_of[body.key]].append(name)
    models: dict[str, Model] = {}
    for members in classes:
        senior = min(members, key=seniority)
        label = places[senior.key].document.version
        # Among several names of one body the shortest is the plain one, without a suffix for a variant.
        candidates = candidates_of[label, senior.key]
        # A body whose only name another one got has none; that is a problem already.
        chosen = min(candidates or [senior.class_name], key=lambda name: (len(name), name))
        bearer = names[label].get(chosen, senior)
        models[senior.key] = replace(
            senior,
            owner=packages[label],
            class_name=chosen,
            fields=with_references(_named(senior.fields), model_of.__getitem__),
            additional=with_references(senior.additional, model_of.__getitem__),
            description=bearer.description,
        )
    exported = {
        label: tuple(ModelName(name, model_of[body.key]) for name, body in sorted(named.items()))
        for label, named in names.items()
    }
    return Bodies(models, exported, model_of)


def _equivalence_classes(bodies: list[Model]) -> list[list[Model]]:
    """Return the bodies in groups of equal ones, by refining the partition until it holds still.

    Bodies may contain each other, so equality cannot be worked out from the leaves up: all bodies begin
    as equal, and are told apart as long as what they refer to is told apart. Only bodies that refer to one
    whose class has changed are looked at again, or a chain of bodies would take the square of its length.
    """
    shapes = {body.key: _shape(body) for body in bodies}
    users: dict[str, list[str]] = defaultdict(list)
    for key, (_, referred) in shapes.items():
        for other in dict.fromkeys(referred):
            users[other].append(key)
    number = {
        text: index for index, text in enumerate(dict.fromkeys(s for s, _ in shapes.values()))
    }
    colour = {key: number[text] for key, (text, _) in shapes.items()}
    size: dict[int, int] = Counter(colour.values())
    # What the references of the members that stay in a class have in common.
    common: dict[int, tuple[int, ...]] = {}
    fresh = len(number)
    changed = list(colour)
    while changed:
        groups: dict[int, dict[tuple[int, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
        for key in changed:
            groups[colour[key]][tuple(colour[other] for other in shapes[key][1])].append(key)
        moved: dict[str, None] = {}
        for before, alike in groups.items():
            rest = size[before] - sum(map(len, alike.values()))
            kept = common.get(before) if rest else next(iter(alike))
            for signature, members in alike.items():
                if signature == kept:
                    common[before] = signature
                    continue
                colour.update(dict.fromkeys(members, fresh))
                moved.update(dict.fromkeys(members))
                size[before] -= len(members)
                size[fresh], common[fresh] = len(members), signature
                fresh += 1
        changed = list(dict.fromkeys(user for key in moved for user in users[key]))
    classes: dict[int, list[Model]] = defaultdict(list)
    for body in bodies:
        classes[colour[body.key]].append(body)
    return list(classes.values())


def _shape(body: Model) -> tuple[str, tuple[str, ...]]:
    """Return what a body is apart from the bodies it refers to, and those, in their order."""
    referred: list[str] = []

    def noted(key: str) -> str:
        referred.append(key)
        return ""

    # `True == 1` in Python and not in JSON, so a shape is compared by its text.
    fields = [
        (
            one.wire_name,
            repr(with_references(one.type, noted)),
            one.required,
            repr(one.default),
            one.deprecated,
        )
        for one in sorted(body.fields, key=lambda field: field.wire_name)
    ]
    additional = repr(with_references(body.additional, noted))
    return repr((body.direction, fields, additional, body.deprecated)), tuple(referred)


def _names(
    bodies: list[Model],
    places: Mapping[str, Node],
    model_of: Mapping[str, str],
    resource_files: frozenset[str],
    problems: Problems,
) -> dict[str, Model]:
    """Return the bodies of one version by class name.

    A name that means two things belongs to the shared document; an object type's own variant carries the
    type's name in front. A schema that is both sent and received is two bodies, and the one that is sent
    is called `...Input`.
    """
    received = {
        body.key.rpartition("|")[0] for body in bodies if body.direction is Direction.RESPONSE
    }
    wanted: dict[str, dict[str, list[Model]]] = defaultdict(lambda: defaultdict(list))
    for body in bodies:
        name = class_name(body.class_name)
        if body.direction is Direction.REQUEST and body.key.rpartition("|")[0] in received:
            name = f"{name}Input"
        wanted[name][model_of[body.key]].append(body)
    names: dict[str, Model] = {}
    for name, variants in sorted(wanted.items()):
        shared = [
            members
            for members in variants.values()
            if len(variants) == 1
            or any(places[body.key].document.key not in resource_files for body in members)
        ]
        for members in variants.values():
            plain = len(shared) == 1 and members is shared[0]
            for body in members if not plain else members[:1]:
                node = places[body.key]
                own = name if plain else f"{pascal_case(node.document.name, 'Objects')}{name}"
                other = names.setdefault(own, body)
                if model_of[other.key] != model_of[body.key]:
                    place = places[other.key].locate(key=True)
                    problems.add(
                        node.locate(key=True),
                        f"this schema and the one at {place} would both get the class name {name}",
                        "different names for different schemas",
                        "rename one of them",
                    )
    return names


def _named(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    wire_names = [field.wire_name.raw for field in fields]
    names = distinct_names(wire_names, RESERVED_FIELDS, "field")
    return tuple(replace(field, name=names[field.wire_name.raw]) for field in fields)
