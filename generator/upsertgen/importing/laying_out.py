"""Object types to the texts of a version's files: what they share, what it is called, how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from upsertgen.errors import Problems
from upsertgen.importing.completing import find_schemes, servers_of, used_scopes
from upsertgen.importing.grammar import Object
from upsertgen.importing.house_form import shared_file, type_file
from upsertgen.importing.house_yaml import house_yaml
from upsertgen.importing.keeping import Kept
from upsertgen.importing.known import KnownSpecs
from upsertgen.importing.naming import SHARED, operation_names
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.pointers import references
from upsertgen.importing.provenance import Provenance
from upsertgen.importing.report import Report
from upsertgen.importing.request import Request
from upsertgen.importing.sharing import Sharing, shared_schemes
from upsertgen.importing.texts import Texts, carry, corrected
from upsertgen.inputs import OVERLAYS
from upsertgen.spec_file import spec_text
from upsertgen.specs.yaml_reader import read_yaml


def lay_out(
    request: Request,
    known: KnownSpecs,
    before: Provenance,
    types: list[ObjectType],
    kept: Kept,
    report: Report,
) -> dict[str, str]:
    """Return the text of each file of a version, by the file's name.

    Args:
        request: What to import, and how.
        known: What the specs folder knows.
        before: Where earlier imports came from.
        types: The object types.
        kept: Files that stay as they are.
        report: Told what is shared, and what came from elsewhere.
    """
    find_schemes(types, known, kept, request.settings, report)
    documents = {one.name: one.reduced.schemas for one in types}
    roots = {
        one.name: {
            name
            for operation in one.reduced.operations
            for name in references("operation", operation.value)
        }
        for one in types
    }
    sharing = Sharing(documents, kept.schemas, known.shared_names, roots)
    schemes = shared_schemes({one.name: used_scopes(one) for one in types}, kept.schemes)
    schemas = {
        name: documents[owner][name] if owner else kept.schema(name)
        for name, owner in _in_order(sharing, documents).items()
    }
    report.shared = list(schemas)
    servers = servers_of(types, known, report)
    data: dict[str, Object] = {}
    for one in types:
        variants = [name for name in one.reduced.schemas if name in schemas]
        for name in variants:
            if not sharing.is_shared(one.name, name):
                report.variants.setdefault(name, []).append(one.name)
        names = operation_names(
            [(operation.path, operation.method) for operation in one.reduced.operations],
            request.settings.select,
            partial(known.operation_name, one.name),
        )
        data[one.name] = type_file(
            one, request.label, names, servers[one.name], sharing, schemes, known.base
        )
    shared = shared_file(request.label, schemas, schemes, known.base)
    if shared is not None:
        data[SHARED] = shared
    texts = _texts(request, known, before)
    # Variants get what the shared schema of their name got: the next import would find it there.
    for _ in range(2):
        for name, file in data.items():
            carry(name, file, texts)
        texts = [Texts(data)]
    return {f"{name}.yaml": house_yaml(file) for name, file in sorted(data.items())}


def _in_order(sharing: Sharing, documents: Mapping[str, Mapping[str, Object]]) -> dict[str, str]:
    """Return the shared schemas and their owners in the order in which documents reach them."""
    reached = {name: None for schemas in documents.values() for name in schemas}
    names = [*(name for name in reached if name in sharing.shared), *sorted(sharing.shared)]
    return {name: sharing.shared[name] for name in names}


def _texts(request: Request, known: KnownSpecs, before: Provenance) -> list[Texts]:
    """Return where texts come from: the version as it stands, then the one before it."""
    result: list[Texts] = []
    published = any(one.descriptions == "keep" for one in before.imports(request.label))
    if request.keep_texts or not published:
        present = {name: spec.data for name, spec in known.present.items()}
        result.append(Texts(present))
    if request.base is not None:
        base = {name: spec.data for name, spec in known.base.items()}
        overlays: list[tuple[str, Any]] = []
        for path in sorted((request.specs / OVERLAYS).glob("*.y*ml")):
            parsed = read_yaml(spec_text(path, request.specs), path.as_posix(), Problems())
            overlays += [(path.as_posix(), parsed)] if parsed else []
        result.append(Texts(base))
        result.append(Texts(corrected(known.base, request.base, overlays)))
    return result
