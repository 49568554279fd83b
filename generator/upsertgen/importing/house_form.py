"""Object types to the files of a version, in the house form.

One file an object type with its paths, responses and security and with the schemas that are its own; what
types share stands in `schemas.yaml`, and is referred to by a relative `$ref`. Fields come in the order that
the version before has, so that a comparison of two versions shows what changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard

from upsertgen.importing.dialect import PREFERRED, openapi_version
from upsertgen.importing.grammar import Object, objects
from upsertgen.importing.known import KnownSpec, section
from upsertgen.importing.naming import SHARED
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.pointers import SCHEMAS
from upsertgen.importing.security import named_schemes
from upsertgen.importing.sharing import Sharing, scheme_body

SHARED_FILE = f"{SHARED}.yaml"


def type_file(
    one: ObjectType,
    label: str,
    names: list[str],
    servers: list[str],
    sharing: Sharing,
    schemes: Mapping[str, Object],
    base: Mapping[str, KnownSpec],
) -> Object:
    """Return the data of the file of an object type, but for its texts.

    Args:
        one: The object type.
        label: The API version.
        names: The names of its operations.
        servers: The addresses of its servers.
        sharing: Which schemas are shared.
        schemes: The security schemes that are shared.
        base: The files of the version before.
    """

    def is_shared(name: str) -> bool:
        return sharing.is_shared(one.name, name)

    reduced = one.reduced
    paths: dict[str, Object] = {}
    used: list[str] = []
    for operation, name in zip(reduced.operations, names, strict=True):
        value = {"operationId": name, **copy.deepcopy(operation.value)}
        value["operationId"] = name
        _redirect("operation", value, is_shared, in_shared=False)
        _arrange_inner("operation", value, {})
        paths.setdefault(operation.path, {})[operation.method] = value
        used += named_schemes(value.get("security") or [])
    own = {name: reduced.schemas[name] for name in reduced.schemas if not is_shared(name)}
    components: Object = {}
    if own:
        known = section(base[one.name].data, "schemas") if one.name in base else {}
        components["schemas"] = _schemas(own, known, base, is_shared, in_shared=False)
    security = {
        name: _scheme(name, reduced.schemes.get(name), schemes)
        for name in sorted(set(used))
        if name in reduced.schemes or name in schemes
    }
    if security:
        components["securitySchemes"] = security
    info: Object = {"title": reduced.title, "version": label, "description": reduced.description}
    operations = [value for item in paths.values() for value in item.values()]
    inline = [
        inner
        for value in operations
        for kind, _, inner in objects("operation", value)
        if kind == "schema"
    ]
    data: Object = {
        "openapi": openapi_version([*inline, *components.get("schemas", {}).values()]),
        "info": info,
    }
    if servers:
        data["servers"] = [{"url": url} for url in servers]
    data["paths"] = paths
    if components:
        data["components"] = components
    return data


def shared_file(
    label: str,
    schemas: Mapping[str, Object],
    schemes: Mapping[str, Object],
    base: Mapping[str, KnownSpec],
) -> Object | None:
    """Return the data of the shared file, but for its texts, or nothing when nothing is shared.

    Args:
        label: The API version.
        schemas: The schemas that are shared, by name.
        schemes: The security schemes that are shared.
        base: The files of the version before.
    """
    components: Object = {}
    if schemas:
        known = section(base[SHARED].data, "schemas") if SHARED in base else {}
        components["schemas"] = _schemas(schemas, known, base, lambda name: True, in_shared=True)
    if schemes:
        components["securitySchemes"] = copy.deepcopy(dict(schemes))
    if not components:
        return None
    return {
        "openapi": (
            openapi_version(components.get("schemas", {}).values()) if schemas else PREFERRED
        ),
        "info": {"title": "", "version": label, "description": ""},
        "paths": {},
        "components": components,
    }


def _scheme(name: str, own: Object | None, shared: Mapping[str, Object]) -> Object:
    if name in shared and (own is None or scheme_body(own) == scheme_body(shared[name])):
        return {"$ref": f"{SHARED_FILE}#/components/securitySchemes/{name}"}
    return copy.deepcopy(own or {})


def _schemas(
    schemas: Mapping[str, Object],
    known: Mapping[str, Any],
    base: Mapping[str, KnownSpec],
    is_shared: Callable[[str], bool],
    *,
    in_shared: bool,
) -> dict[str, Object]:
    """Return schemas for a file: those that the version before has in its order, then the others."""
    order = [name for name in known if name in schemas]
    result: dict[str, Object] = {}
    for name in [*order, *(name for name in schemas if name not in known)]:
        schema = copy.deepcopy(schemas[name])
        _redirect("schema", schema, is_shared, in_shared=in_shared)
        before = known.get(name) or _anywhere(name, base)
        _arrange_inner("schema", schema, before)
        result[name] = schema
    return result


def _anywhere(name: str, base: Mapping[str, KnownSpec]) -> Any:
    """Return the schema of a name in the version before: the shared one, or a type's own."""
    for file in (SHARED, *base):
        found = section(base[file].data, "schemas").get(name) if file in base else None
        if found is not None:
            return found
    return {}


def _redirect(
    kind: str, value: Object, is_shared: Callable[[str], bool], *, in_shared: bool
) -> None:
    """Lead each reference to the file in which its schema stands."""

    def redirected(reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith(SCHEMAS) or in_shared:
            return reference
        name = reference.split("/")[3].replace("~1", "/").replace("~0", "~")
        return f"{SHARED_FILE}{reference}" if is_shared(name) else reference

    for inner_kind, _, node in objects(kind, value):
        if inner_kind != "schema":
            continue
        if "$ref" in node:
            node["$ref"] = redirected(node["$ref"])
        discriminator = node.get("discriminator")
        if isinstance(discriminator, dict) and isinstance(discriminator.get("mapping"), dict):
            discriminator["mapping"] = {
                tag: redirected(one) for tag, one in discriminator["mapping"].items()
            }


def _arrange_inner(kind: str, value: Object, before: Any) -> None:
    """Put fields, required fields and enum values into the order of the version before."""
    known = {way: node for _, way, node in objects(kind, before)}
    for inner_kind, way, node in objects(kind, value):
        if inner_kind != "schema":
            continue
        earlier = known.get(way, {})
        for field in ("properties", "required", "enum"):
            old = earlier.get(field)
            old = list(old) if isinstance(old, (dict, list)) else []
            inner = node.get(field)
            if field == "properties" and isinstance(inner, dict):
                node[field] = {name: inner[name] for name in _arranged(inner, old)}
            elif field == "required" and _are_texts(inner):
                node[field] = _arranged(inner, old)
            elif field == "enum" and isinstance(inner, list):
                # Told apart by how they are written: to Python 1 and true are equal.
                values = {repr(one): one for one in inner}
                kept = {repr(one): one for one in old if repr(one) in values}
                node[field] = list((kept | values).values())


def _arranged(names: Iterable[str], before: list[Any]) -> list[str]:
    """Return names in an order that does not depend on theirs: that of before, new ones by alphabet."""
    present = set(names)
    if before == sorted(before, key=str):
        return sorted(present)
    known = [name for name in before if name in present]
    return known + sorted(present.difference(known))


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
