"""Understand: documents to one frozen `Api` tree in which everything is decided.

Bodies are compared across all versions and named, every public name is chosen, and what cannot be
expressed in a client is reported. Nothing after this stage looks at a spec again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from upsertgen.errors import Location, Problems, quoted
from upsertgen.ir.bodies import Bodies, distinct_bodies
from upsertgen.ir.completion import complete
from upsertgen.ir.names import module_name, package_name, resource_class_name, version_order
from upsertgen.ir.operations import OperationReader, RawOperation
from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.tree import Api, AppliedCorrection, Policy, Resource, Version
from upsertgen.ir.values import text_of
from upsertgen.ir.wire_formats import WireSchemaReader
from upsertgen.spec_text import SpecText
from upsertgen.specs import Specs
from upsertgen.specs.document import Document

_SERVER = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*\Z"
)


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
    schemas = (WireSchemaReader if wire_formats else SchemaReader)(specs.references, problems)
    reader = OperationReader(specs.references, schemas, problems)
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
    bodies = distinct_bodies(schemas.bodies.values(), packages, frozenset(operations), problems)
    policies = _policies(operations.values())
    versions = tuple(
        _version(label, packages[label], documents[label], operations, bodies, policies, problems)
        for label in labels
    )
    if not problems and not any(version.resources for version in versions):
        problems.add(
            Location(min(document.path for document in specs.documents.values())),
            "no document has an operation",
            "an operation under 'paths' in one of them at least",
            "add one, such as a post with an operationId",
        )
    problems.raise_if_any()
    return Api(
        tuple(version for version in versions if version.resources), bodies.models, tuple(policies)
    )


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


def _policies(operations: Iterable[list[RawOperation]]) -> dict[Policy, int]:
    policies: dict[Policy, int] = {}
    for resource in operations:
        for operation in resource:
            policies.setdefault(operation.policy, len(policies))
    return policies


def _version(
    label: str,
    package: str,
    documents: list[Document],
    operations: dict[str, list[RawOperation]],
    bodies: Bodies,
    policies: dict[Policy, int],
    problems: Problems,
) -> Version:
    resources: dict[str, Resource] = {}
    places: dict[str, Document] = {}
    for document in documents:
        if not operations.get(document.key):
            continue
        name = module_name(document.name)
        if name in resources:
            problems.add(
                document.locate(()),
                f"this file and {places[name].path} would both get the module name {name}",
                "file names that differ in letters and digits",
                "rename one of the files",
            )
        places[name] = document
        resources[name] = Resource(
            name=name,
            class_name=resource_class_name(document.name),
            label=SpecText(document.name),
            title=SpecText(document.data["info"]["title"]),
            description=text_of(document.data["info"].get("description")),
            operations=tuple(
                complete(operation, bodies, policies[operation.policy], problems)
                for operation in operations[document.key]
            ),
            source=SpecText(document.key),
            corrections=_corrections(document),
        )
    shared = [document for document in documents if not operations.get(document.key)]
    return Version(
        label=SpecText(label),
        package=package,
        base_url=SpecText(_base_url([places[name] for name in resources], problems)),
        resources=tuple(resources[name] for name in sorted(resources)),
        models=bodies.names[label],
        corrections=tuple(
            correction for document in shared for correction in _corrections(document)
        ),
    )


def _corrections(document: Document) -> tuple[AppliedCorrection, ...]:
    return tuple(
        AppliedCorrection(str(correction.location), SpecText(correction.description))
        for correction in document.corrections
    )


def _base_url(documents: list[Document], problems: Problems) -> str:
    """Return the one server that the documents of a version name."""
    base_url = ""
    for document in documents:
        servers = document.data.get("servers") or []
        url = servers[0]["url"].rstrip("/") if servers else ""
        if not _SERVER.match(url) or any(part in (".", "..") for part in url.split("/")):
            problems.add(
                document.locate(("servers", 0, "url")),
                (
                    f"the server {quoted(url)} is not an absolute URL of a host"
                    if servers
                    else "the document names no server"
                ),
                "servers with an absolute http(s) URL first, without variables, names of users and queries",
                "add servers, such as '- url: https://api.example.com'",
            )
        elif base_url and url != base_url:
            problems.add(
                document.locate(("servers", 0, "url")),
                f"the server {quoted(url)} differs from {quoted(base_url)} of {documents[0].path}",
                "one server for all documents of a version",
                "correct the server",
            )
        base_url = base_url or url
    return base_url
