"""Components that others are built on by `allOf`, where a discriminator tells these apart.

Nothing refers to what is built on such a base. Its mapping is written out, so that all is reached that may
stand in its place, and that each is still selected by what selected it before it was renamed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from upsertgen.importing.document import Object, dict_of, list_of, schema_name
from upsertgen.specs.references import fragment_of

_USES = frozenset(("nullable", "default", "readOnly", "writeOnly"))


class Inheritance:
    """Knows which components of a document are built on which others.

    Args:
        schemas: The components, by name.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._below: dict[str, list[str]] = defaultdict(list)
        for name, schema in schemas.items():
            for base in dict.fromkeys(_bases(dict_of(schema))):
                self._below[base].append(name)

    def mapping(self, name: str, discriminator: Object) -> dict[str, str]:
        """Return the whole mapping of a discriminator that a component has.

        Args:
            name: The component.
            discriminator: The discriminator, whose mapping consists of `$ref`s.
        """
        mapping: dict[str, str] = dict(dict_of(discriminator.get("mapping")))
        told = set(map(schema_name, mapping.values()))
        heirs = list(self._heirs(name))
        # Where a mapping names what there is, what others are built on is no more than their base.
        candidates = [one for one in heirs if not self._below.get(one)] if told else [name, *heirs]
        for one in candidates if heirs else ():
            if one not in told:
                tag = self._tag(one, discriminator.get("propertyName"))
                mapping.setdefault(tag, fragment_of(("components", "schemas", one)))
        return mapping

    def _heirs(self, name: str) -> Iterator[str]:
        found = {name}
        waiting = [name]
        for base in waiting:
            for heir in self._below.get(base, ()):
                if heir not in found:
                    found.add(heir)
                    waiting.append(heir)
                    yield heir

    def _tag(self, name: str, field: Any) -> str:
        """Return what selects a component that no mapping names: its only value, or its name."""
        schema = dict_of(self._schemas[name])
        for part in (schema, *map(dict_of, list_of(schema.get("allOf")))):
            said = dict_of(dict_of(part.get("properties")).get(field))
            values = [said["const"]] if "const" in said else list_of(said.get("enum"))
            if len(values) == 1 and isinstance(values[0], str):
                return values[0]
        return name


def _bases(schema: Object) -> Iterator[str]:
    parts = list_of(schema.get("allOf"))
    if len(parts) == 1 and _USES & schema.keys() and "properties" not in schema:
        # How another one is used, such as one that may be null as well.
        return
    for part in parts:
        name = schema_name(dict_of(part).get("$ref"))
        if name is not None:
            yield name
