"""Files of a version that an import leaves as they are, and what they need to stay in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from upsertgen.importing.grammar import Object
from upsertgen.importing.house_form import SHARED_FILE
from upsertgen.importing.known import KnownSpec, KnownSpecs, section
from upsertgen.importing.naming import SHARED
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.pointers import references


@dataclass(frozen=True)
class Kept:
    """Files that stay, and what they use of the shared file.

    Attributes:
        specs: The files, by name.
        schemas: For each, the shared schemas that it reaches.
        schemes: The shared security schemes that any of them uses.
    """

    specs: dict[str, KnownSpec]
    schemas: dict[str, dict[str, Object]]
    schemes: dict[str, Object]

    def schema(self, name: str) -> Object:
        """Return a shared schema that one of the files uses."""
        return next(schemas[name] for schemas in self.schemas.values() if name in schemas)


def kept_files(
    known: KnownSpecs, imported: Collection[str], types: list[ObjectType], *, single: bool
) -> Kept:
    """Return the files of a version that stay as they are.

    After the import of one document all other files stay; after that of a collection those alone that no
    import ever wrote.

    Args:
        known: The specs as they are.
        imported: The object types that earlier imports wrote.
        types: The object types that are imported now.
        single: Whether the source is one document.
    """
    present = known.present
    names = {one.name for one in types} | {SHARED}
    specs = {
        name: spec
        for name, spec in present.items()
        if name not in names and (single or name not in imported)
    }
    shared = present[SHARED].data if SHARED in present else {}
    all_schemas, all_schemes = section(shared, "schemas"), section(shared, "securitySchemes")
    schemas: dict[str, dict[str, Object]] = {}
    schemes: dict[str, Object] = {}
    for name, spec in specs.items():
        wanted = list(_shared_names(spec.data, "schemas"))
        reached: dict[str, Object] = {}
        while wanted:
            one = wanted.pop()
            if one in all_schemas and one not in reached:
                reached[one] = all_schemas[one]
                wanted += references("schema", all_schemas[one])
        schemas[name] = reached
        for one in _shared_names(spec.data, "securitySchemes"):
            if one in all_schemes:
                schemes[one] = all_schemes[one]
    return Kept(specs, schemas, schemes)


def _shared_names(value: Any, part: str) -> Iterator[str]:
    """Yield the names of the shared components of a kind that a file refers to."""
    prefix = f"{SHARED_FILE}#/components/{part}/"
    if isinstance(value, list):
        for item in value:
            yield from _shared_names(item, part)
    elif isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.removeprefix("./").startswith(prefix):
            yield reference.removeprefix("./").removeprefix(prefix).split("/")[0]
        for inner in value.values():
            yield from _shared_names(inner, part)
