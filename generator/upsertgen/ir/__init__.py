"""Understand: validated documents come in, one frozen `Api` in which everything is decided goes out.

Start with `tree`, which is what goes out, and with `understand`. `operations` and `schemas` read documents
into the tree's classes, with what stands in them (`values`, `extensions`, whose words `vocabulary` lists and
`words` understands) and what lets clients in (`security`), and `property_files` reads what every account has;
`bodies` finds which bodies are the same in all versions, and `resolve` puts them in place; `extension_checks`
and `calls` look at the result. Every public name comes from `names`. What cannot be expressed is reported,
and nothing after this stage looks at a spec again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from upsertgen.errors import Location, Problems, quoted
from upsertgen.ir.bodies import Bodies, distinct_bodies
from upsertgen.ir.calls import check_calls
from upsertgen.ir.constants import with_filled_fields
from upsertgen.ir.extension_checks import check_extensions
from upsertgen.ir.extensions import check_places
from upsertgen.ir.fact_files import facts_of
from upsertgen.ir.names import class_name, module_name, package_name, version_order
from upsertgen.ir.operations import OperationReader
from upsertgen.ir.property_files import standard_properties
from upsertgen.ir.resolve import resolve
from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.security import check_security
from upsertgen.ir.servers import base_url
from upsertgen.ir.tree import Api, Operation, Resource, Version
from upsertgen.ir.values import text_of
from upsertgen.spec_text import SpecText
from upsertgen.specs import Specs
from upsertgen.specs.document import Document
from upsertgen.specs.references import Node


def understand(specs: Specs, *, wire_formats: bool = False) -> Api:
    """Return everything that is to be emitted for a specs folder.

    Args:
        specs: The documents, validated and corrected.
        wire_formats: Whether formats that no client tells apart, such as int32 and int64, tell bodies apart
            and stand among the constraints. Such a tree is for comparing, not for emitting.

    Raises:
        InvalidInput: With every construct that cannot be expressed and every name that two things claim.
    """
    problems = Problems()
    for document in specs.documents.values():
        check_places(document, problems)
    schemas = SchemaReader(specs, problems, wire_formats=wire_formats)
    properties = standard_properties(specs.properties.values(), problems)
    facts = facts_of(specs.facts.values(), problems)
    reader = OperationReader(schemas, properties)
    documents: dict[str, list[Document]] = defaultdict(list)
    for document in specs.documents.values():
        documents[document.version].append(document)
    labels = sorted(documents, key=version_order)
    operations = {
        document.key: reader.read(document)
        for label in labels
        for document in documents[label]
        if document.data.get("paths")
    }
    schemas.finish()
    packages = _packages(labels, documents, problems)
    bodies = distinct_bodies(schemas, packages, frozenset(operations), problems)
    kinds = (one.body.type for found in operations.values() for _, one in found if one.body)
    models = with_filled_fields(bodies.models, map(bodies.resolve, kinds))
    bodies = replace(bodies, models=models)
    complete: dict[str, list[tuple[Node, Operation]]] = {label: [] for label in labels}
    versions = tuple(
        _version(label, packages[label], documents[label], operations, bodies, complete, problems)
        for label in labels
    )
    check_extensions(complete.values(), bodies, specs, tuple(reader.policies), problems)
    check_calls(complete, problems)
    if (
        not wire_formats
    ):  # Names of schemes are names of arguments, which matter to what is emitted only.
        check_security(complete.values(), problems)
    if not problems and not any(version.resources for version in versions):
        problems.add(
            Location(min(document.path for document in specs.documents.values())),
            "no document has an operation",
            "an operation under 'paths' in one of them at least",
            "add one, such as a post with an operationId",
        )
    aliases = _aliases(operations.values(), problems)
    problems.raise_if_any()
    return Api(
        tuple(version for version in versions if version.resources),
        bodies.models,
        tuple(reader.policies),
        properties,
        aliases,
        facts,
        tuple(one for _, one in sorted(reader.errors.items())),
        tuple(sorted({*specs.notes, *problems.notes})),
    )


def _aliases(
    operations: Iterable[list[tuple[Node, Operation]]], problems: Problems
) -> tuple[tuple[SpecText, tuple[SpecText, ...]], ...]:
    """Return what else object types are called, by their label; in all versions they are called alike."""
    upserts = [(node, one.upsert) for found in operations for node, one in found if one.upsert]
    owners = {node.document.name: node.document.name for node, _ in upserts}
    aliases: dict[str, dict[SpecText, None]] = defaultdict(dict)
    for node, upsert in upserts:
        label = node.document.name
        for number, alias in enumerate(upsert.aliases):
            aliases[label][alias] = None
            owner = owners.setdefault(alias.raw, label)
            if owner != label:
                problems.add(
                    node.locate("x-upsert", "aliases", number),
                    f"{quoted(alias.raw)} is to stand for {quoted(label)}, and stands for {quoted(owner)}",
                    "names that no other object type has",
                    "leave it out at one of them",
                )
    return tuple((SpecText(label), tuple(found)) for label, found in sorted(aliases.items()))


def _packages(
    labels: list[str], documents: dict[str, list[Document]], problems: Problems
) -> dict[str, str]:
    packages: dict[str, str] = {}
    for label in labels:
        package = package_name(label)
        if package in packages.values():
            other = next(one for one, name in packages.items() if name == package)
            problems.add(
                Location(documents[label][0].path),
                f"the versions {quoted(other)} and {quoted(label)} would both get the package name {package}",
                "folder names that differ in letters and digits",
                "rename one of the folders",
            )
        packages[label] = package
    return packages


def _version(
    label: str,
    package: str,
    documents: list[Document],
    operations: dict[str, list[tuple[Node, Operation]]],
    bodies: Bodies,
    complete: dict[str, list[tuple[Node, Operation]]],
    problems: Problems,
) -> Version:
    parts: dict[str, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda one: one.name):
        if operations.get(document.key):
            parts[document.object_type].append(document)
    resources: dict[str, Resource] = {}
    places: dict[str, Document] = {}
    for object_type, files in parts.items():
        first, name = files[0], module_name(object_type)
        if name in resources:
            problems.add(
                first.locate(()),
                f"this file and {places[name].path} would both get the module name {name}",
                "file names that differ in letters and digits",
                "rename one of the files",
            )
        places[name] = first
        resolved = [
            (node, resolve(operation, bodies))
            for node, operation in _joined(
                [one for document in files for one in operations[document.key]], problems
            )
        ]
        complete[label] += resolved
        resources[name] = Resource(
            name=name,
            class_name=class_name(object_type),
            label=SpecText(object_type),
            title=SpecText(first.data["info"]["title"]),
            description=text_of(first.data["info"].get("description")),
            operations=tuple(operation for _, operation in resolved),
            sources=tuple(SpecText(document.key) for document in files),
            corrections=tuple(one for document in files for one in document.corrections),
        )
    listings = [
        (node, operation)
        for document in documents
        for node, operation in operations.get(document.key, ())
        if operation.property_query is not None
    ]
    for node, _ in listings[1:]:
        problems.add(
            node.locate("x-properties", key=True),
            f"this operation and the one at {listings[0][1].location} would both list the properties of "
            f"{quoted(label)}",
            "x-properties at one operation of a version",
            "remove it from the other one",
        )
    shared = [document for document in documents if not operations.get(document.key)]
    return Version(
        label=SpecText(label),
        package=package,
        base_url=SpecText(base_url([one for files in parts.values() for one in files], problems)),
        resources=tuple(resources[name] for name in sorted(resources)),
        models=bodies.names[label],
        corrections=tuple(correction for document in shared for correction in document.corrections),
    )


def _joined(
    operations: list[tuple[Node, Operation]], problems: Problems
) -> Iterable[tuple[Node, Operation]]:
    """Return the operations that several files have for one object type, sorted by name."""
    named: dict[str, tuple[Node, Operation]] = {}
    for node, operation in operations:
        earlier = named.setdefault(operation.name, (node, operation))[1]
        if earlier is not operation:
            problems.add(
                node.locate(key=True),
                f"this operation and the one at {earlier.location} would both get the name "
                f"{operation.name}",
                "a different operationId for each operation of an object type",
                "change one of them",
            )
    return [named[name] for name in sorted(named)]
