"""Several documents of one object type to one: components of the same name that differ are told apart."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from upsertgen.importing.components import flows, named_schemes, schema_digests, scheme_body
from upsertgen.importing.document import (
    Object,
    closure,
    dict_of,
    elements,
    list_of,
    references,
    schema_name,
)
from upsertgen.importing.reduction import Excerpt, Operation
from upsertgen.specs.references import fragment_of, steps_of

_SCHEMAS = ("components", "schemas")


@dataclass
class Part:
    """What one document gives to an object type.

    Attributes:
        document: The document, as messages name it.
        excerpt: What it holds that is wanted.
        operations: Those of its operations that count.
        schemas: What its schemas are called in the whole, where that is something else, by their names.
    """

    document: str
    excerpt: Excerpt
    operations: list[Operation]
    schemas: dict[str, str] = field(default_factory=dict)


def combined(parts: list[Part]) -> tuple[Excerpt, list[str]]:
    """Return what documents give together, and what a person should know about it.

    The first keeps its names, its title and its servers. A schema or security scheme of another that has a
    name of the first, and says something else, gets a number behind it.

    Args:
        parts: What each document gives, the newest first; each is told what its schemas are called.
    """
    first = parts[0]
    if len(parts) == 1 and first.operations == first.excerpt.operations:
        return first.excerpt, []
    servers = next((part.excerpt.servers for part in parts if part.excerpt.servers), [])
    whole = replace(
        first.excerpt, servers=servers, operations=[], schemas={}, schemes={}, schemes_missing=[]
    )
    notes: list[str] = []
    for part in parts:
        schemas, schemes = _reached(part), _reached_schemes(part)
        part.schemas = _names(_digests(schemas), _digests(whole.schemas))
        scheme_names = _names(_bodies(schemes), _bodies(whole.schemes))
        notes += [
            f"{old} of {part.document} is not that of {first.document}; called {new}"
            for old, new in (*part.schemas.items(), *scheme_names.items())
        ]
        _add(whole, part, schemas, schemes, scheme_names)
        if part.excerpt.servers and part.excerpt.servers != servers:
            notes.append(
                f"{part.document} names the server {part.excerpt.servers[0]}; taken is {servers[0]}"
            )
    whole.operations.sort(key=lambda one: one.path)
    return whole, notes


def _add(
    whole: Excerpt,
    part: Part,
    schemas: Mapping[str, Object],
    schemes: Mapping[str, Object],
    scheme_names: Mapping[str, str],
) -> None:
    """Add what a document gives, under the names that it has in the whole."""
    for name, schema in schemas.items():
        renamed = _renamed("schema", schema, part.schemas)
        whole.schemas.setdefault(part.schemas.get(name, name), renamed)
    for name, scheme in schemes.items():
        known = whole.schemes.setdefault(scheme_names.get(name, name), copy.deepcopy(scheme))
        for flow, value in flows(scheme).items():
            flows(known)[flow]["scopes"].update(value["scopes"])
    missing = part.excerpt.schemes_missing
    whole.schemes_missing += [one for one in missing if one not in whole.schemes_missing]
    for operation in part.operations:
        value = _renamed("operation", operation.value, part.schemas)
        if "security" in value:
            value["security"] = [
                (
                    {scheme_names.get(name, name): scopes for name, scopes in one.items()}
                    if isinstance(one, dict)
                    else one
                )
                for one in value["security"]
            ]
        whole.operations.append(replace(operation, value=value))


def _reached(part: Part) -> dict[str, Object]:
    """Return the schemas that the operations reach which count."""
    schemas = part.excerpt.schemas
    roots = replace(part.excerpt, operations=part.operations).roots()
    found = set(closure(roots, references(schemas)))
    return {name: schema for name, schema in schemas.items() if name in found}


def _reached_schemes(part: Part) -> dict[str, Object]:
    named = {
        name
        for one in part.operations
        for name in named_schemes(list_of(one.value.get("security")))
    }
    return {name: one for name, one in part.excerpt.schemes.items() if name in named}


def _digests(schemas: Mapping[str, Object]) -> dict[str, str]:
    return schema_digests(schemas, references(schemas))


def _bodies(schemes: Mapping[str, Object]) -> dict[str, str]:
    return {name: scheme_body(one) for name, one in schemes.items()}


def _names(digests: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return new names for components that have the name of a known one, and are something else."""
    names: dict[str, str] = {}
    taken = {*digests, *known}
    for name, digest in digests.items():
        if known.get(name, digest) != digest:
            numbered = (f"{name}{number}" for number in count(2))
            names[name] = next(one for one in numbered if one not in taken)
            taken.add(names[name])
    return names


def _renamed(kind: str, value: Object, names: Mapping[str, str]) -> Object:
    """Return a copy of an object whose references lead to schemas under their new names."""
    value = copy.deepcopy(value)

    def renamed(reference: Any) -> Any:
        name = schema_name(reference)
        if name is None or name not in names:
            return reference
        return fragment_of((*_SCHEMAS, names[name], *steps_of(reference[1:])[3:]))

    for inner_kind, _, node in elements(kind, value) if names else ():
        if inner_kind != "schema":
            continue
        if "$ref" in node:
            node["$ref"] = renamed(node["$ref"])
        discriminator = node.get("discriminator")
        if isinstance(discriminator, dict):
            mapping = dict_of(discriminator.get("mapping"))
            told = set(map(schema_name, mapping.values()))
            alternatives = [*list_of(node.get("oneOf")), *list_of(node.get("anyOf"))]
            # Without a mapping the name of a schema is its tag, and that is not to change.
            tags = {schema_name(dict_of(one).get("$ref")) for one in alternatives} - told
            mapping = {tag: renamed(one) for tag, one in mapping.items()}
            mapping |= {tag: fragment_of((*_SCHEMAS, names[tag])) for tag in names if tag in tags}
            if mapping:
                discriminator["mapping"] = mapping
    return value
