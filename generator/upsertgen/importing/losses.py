"""What was there before and is not published any more: nothing goes without a word.

Before means: in the version that is imported anew, as far as an import wrote it, and in the one that it
follows. Paths move between versions, so an operation of the version before is there if its name is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from upsertgen.errors import Problem
from upsertgen.importing.document import Object, operations
from upsertgen.importing.inventory import Inventory, OtherFiles, SpecFile
from upsertgen.importing.layout import operation_names
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.provenance import Origin, Provenance
from upsertgen.importing.selection import is_selected, selected
from upsertgen.importing.settings import Request
from upsertgen.specs.document import locate
from upsertgen.specs.openapi import PATH_ARGUMENT


@dataclass(frozen=True)
class Loss:
    """Operations of an object type that are not published any more.

    Attributes:
        name: The object type.
        version: The version that has them.
        operations: Their methods and paths.
        problem: The same, for a person who did not mean it.
    """

    name: str
    version: str
    operations: tuple[str, ...]
    problem: Problem


def losses(
    request: Request,
    inventory: Inventory,
    before: Provenance,
    types: Collection[ObjectType],
    others: OtherFiles,
    *,
    single: bool,
) -> list[Loss]:
    """Return what was there before and is not published any more, once for each object type.

    Args:
        request: What is imported.
        inventory: What the specs folder knows.
        before: Where earlier imports came from.
        types: The object types.
        others: Files that stay as they are.
        single: Whether the source is one document, and tells of its own type alone.
    """
    by_name = {one.name: one for one in types}
    written = before.origins(request.label)
    present = {name: spec for name, spec in inventory.present.items() if name in written}
    versions = [(request.label, present)]
    if request.base not in (None, request.label):
        versions.append((str(request.base), inventory.base))
    found: dict[str, Loss] = {}
    for version, files in versions:
        for stem, spec in files.items():
            name = stem.partition(".")[0]
            if name in found or name in others.specs or (single and name not in by_name):
                continue
            is_there = _there(by_name.get(name), request, inventory, version)
            selection = selected(spec.data, request.settings.select)
            lost = [
                (path, method)
                for path, method, operation in operations(spec.data)
                if is_selected(selection, path, method) and not is_there(path, method, operation)
            ]
            if lost:
                origins = before.origins(version).get(name, ())
                found[name] = _loss(name, version, spec, lost, origins)
    return list(found.values())


def _there(
    one: ObjectType | None, request: Request, inventory: Inventory, version: str
) -> Callable[[str, str, Object], bool]:
    """Return what tells whether an object type has an operation of a version."""
    if one is None:
        return lambda *_: False
    if version != request.label:
        names = set(operation_names(one, request.settings, inventory).values())
        return lambda path, method, operation: operation.get("operationId") in names
    # Whether a part of a path is a constant or an argument may have been decided anew.
    places = {
        (PATH_ARGUMENT.sub("{}", path), it.method)
        for it in one.excerpt.operations
        for path in (it.path, it.constant_path)
    }
    return lambda path, method, _: (PATH_ARGUMENT.sub("{}", path), method) in places


def _loss(
    name: str,
    version: str,
    spec: SpecFile,
    lost: list[tuple[str, str]],
    origins: Collection[Origin],
) -> Loss:
    told = tuple(f"{method.upper()} {path}" for path, method in lost)
    documents = " and ".join(one.document for one in origins)
    return Loss(
        name,
        version,
        told,
        Problem(
            locate(spec.data, ("paths", *lost[0]), key=True),
            f"SOURCE has no {' and no '.join(told)} for {name}"
            + (f", which came from {documents}" if documents else ""),
            f"every operation of {version}",
            f"complete SOURCE, or say --drop {name} if it is meant to go",
        ),
    )
