"""The files of a version: object types, what they share, what it is called, and how it is told.

One file an object type with its paths, responses and security and with the schemas that are its own; what
types share stands in `schemas.yaml`, and is referred to by a relative `$ref`. Fields come in the order that
the version before has, so that a comparison of two versions shows what changed.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from upsertgen.importing.components import (
    Sharing,
    flows,
    named_schemes,
    requirements,
    scheme_body,
    shared_schemes,
)
from upsertgen.importing.document import Object, dict_of, elements, list_of, schema_name, section
from upsertgen.importing.inventory import (
    SHARED,
    SHARED_FILE,
    Inventory,
    OtherFiles,
    is_numeric,
    shared,
)
from upsertgen.importing.normalization import PREFERRED, openapi_version
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.provenance import Provenance
from upsertgen.importing.report import Report
from upsertgen.importing.selection import Selector
from upsertgen.importing.settings import OPERATION_ID, ImportSettings, Request
from upsertgen.importing.texts import Texts, carry, corrected
from upsertgen.importing.yaml_writer import house_yaml
from upsertgen.inputs import editor_comment, has_schemas
from upsertgen.ir.names import BULK_METHODS, snake_case
from upsertgen.specs.openapi import PATH_ARGUMENT

_GOOD_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ ._-][A-Za-z0-9]+)*\Z")
_MOST_WORDS = 5
"""More of them tell how a document was made, and not what is done."""


def lay_out(
    request: Request,
    inventory: Inventory,
    before: Provenance,
    types: list[ObjectType],
    others: OtherFiles,
    report: Report,
) -> dict[str, str]:
    """Return the text of each file of a version, by the file's name.

    Args:
        request: What to import, and how.
        inventory: What the specs folder knows.
        before: Where earlier imports came from.
        types: The object types.
        others: Files that stay as they are.
        report: Told what is shared, and what came from elsewhere.
    """
    _find_schemes(types, inventory, others, request.settings.most_scopes, report)
    documents = {one.name: one.excerpt.schemas for one in types}
    roots = {one.name: set(one.excerpt.roots()) for one in types}
    sharing = Sharing(documents, others.schemas, inventory.shared_names, roots)
    report.shared = list(sharing.schemas)
    schemes = shared_schemes({one.name: _used_scopes(one) for one in types}, others.schemes)
    servers = _servers(types, inventory, report)
    data: dict[str, Object] = {}
    for one in types:
        is_shared = partial(sharing.is_shared, one.name)
        for name in one.excerpt.schemas:
            if name in sharing.schemas and not is_shared(name):
                report.variants.setdefault(name, []).append(one.name)
        data[one.name] = _type_file(one, request, servers[one.name], is_shared, schemes, inventory)
    if sharing.schemas or schemes:
        data[SHARED] = _shared_file(request.label, sharing.schemas, schemes, inventory)
    texts = _texts(request, inventory, before)
    # Variants get what the shared schema of their name got: the next import would find it there.
    for _ in range(2):
        for name, file in data.items():
            carry(name, file, texts)
        texts = [Texts(data)]
    # What editors need for it may not be there.
    comment = editor_comment("specs") if has_schemas(request.specs) else ""
    return {f"{name}.yaml": house_yaml(file, comment) for name, file in sorted(data.items())}


def operation_names(
    one: ObjectType, settings: ImportSettings, inventory: Inventory
) -> dict[tuple[str, str], str]:
    """Return a name for each operation of a document, no two alike, by its path and method.

    What an earlier version calls the same operation comes first. Where names are taken from operationIds,
    one that would be a good name follows. Otherwise the name is the part of the path by which operations are
    selected: `batch_upsert` for `…/batch/upsert`. Where a document has several of that name, the one with the
    shortest path keeps it, and the others are told apart by what stands before it in the path, and then by
    their methods.
    """
    operations = [(operation.path, operation.method) for operation in one.excerpt.operations]
    names: dict[tuple[str, str], str] = {}
    for operation in operations:
        name = inventory.operation_name(one.name, *operation)
        if name is not None and name not in names.values():
            names[operation] = name

    def order(operation: tuple[str, str]) -> tuple[bool, int, str]:
        path, method = operation
        return method != "post", path.count("/"), path

    if settings.names == OPERATION_ID:
        published = {it: _good_name(one, *it) for it in operations if it not in names}
        counts = Counter([*names.values(), *published.values()])
        names |= {it: name for it, name in published.items() if name and counts[name] == 1}
    for operation in sorted(operations, key=order):
        if operation not in names:
            candidates = _candidates(*operation, settings.select)
            names[operation] = next(name for name in candidates if name not in names.values())
    return names


def _good_name(one: ObjectType, path: str, method: str) -> str:
    """Return the operationId of an operation as a name, if it is one that a person would choose."""
    operation = next(it for it in one.excerpt.operations if (it.path, it.method) == (path, method))
    published = str(operation.value.get("operationId", ""))
    if not _GOOD_ID.match(published):
        return ""
    words = snake_case(published, "").split("_")
    name = "_".join(words)
    is_plain = len(words) <= _MOST_WORDS and not any(one.isdecimal() for one in words)
    return name if is_plain and name not in BULK_METHODS else ""


def _candidates(path: str, method: str, select: Sequence[str]) -> Sequence[str]:
    segments = path.strip("/").split("/")
    selectors = [it for text in select if (it := Selector.of(text)) is not None]
    lengths = [len(it.ending) for it in selectors if it.selects(path, method)]
    names = [
        snake_case("_".join(words), "operation")
        for start in range(len(segments) - max(lengths, default=1), -1, -1)
        if (words := _words(segments[start:]))
    ]
    names = list(dict.fromkeys(names)) or ["operation"]
    numbered = [f"{names[-1]}_{method}_{number}" for number in range(2, 1000)]
    return [*names, *(f"{name}_{method}" for name in names), *numbered]


def _words(segments: Sequence[str]) -> list[str]:
    """Return the words of a path; ids show in no name, and placeholders go by what they stand for."""
    words: list[str] = []
    for segment in segments:
        placeholder = PATH_ARGUMENT.fullmatch(segment)
        if placeholder is not None:
            words += ["by", placeholder[1]]
        elif not is_numeric(segment):
            words.append(segment)
    return words


def _find_schemes(
    types: list[ObjectType],
    inventory: Inventory,
    others: OtherFiles,
    most_scopes: int,
    report: Report,
) -> None:
    """Give documents the security schemes that they name and do not declare, from where there are any."""
    declared = {
        **others.schemes,
        **shared(inventory.present, "securitySchemes"),
        **shared(inventory.base, "securitySchemes"),
    }
    for one in types:
        declared |= one.excerpt.schemes
    for one in types:
        excerpt = one.excerpt
        for name in excerpt.schemes_missing:
            # One of several documents of the type may declare it.
            if name in declared and name not in excerpt.schemes:
                excerpt.schemes[name] = declared[name]
                report.note(f"{name} is not declared; taken from elsewhere", one.name)
        if excerpt.schemes_missing:
            for operation in excerpt.operations:
                if "security" in operation.value:
                    operation.value["security"], _ = requirements(
                        operation.value["security"], excerpt.schemes, most_scopes
                    )


def _used_scopes(one: ObjectType) -> dict[str, Object]:
    """Return the security schemes of a type with the scopes alone that its operations name."""
    used = {
        scope
        for operation in one.excerpt.operations
        for requirement in operation.value.get("security") or ()
        for scopes in dict_of(requirement).values()
        for scope in scopes
    }
    schemes = copy.deepcopy(one.excerpt.schemes)
    for scheme in schemes.values():
        for flow in flows(scheme).values():
            flow["scopes"] = {key: text for key, text in flow["scopes"].items() if key in used}
    return schemes


def _servers(types: list[ObjectType], inventory: Inventory, report: Report) -> dict[str, list[str]]:
    """Return the servers of each object type: encrypted where any document has them so.

    Documents that name none have those that most others name, or else those of the version before.
    """
    known = inventory.servers()
    everywhere = {url for one in types for url in one.excerpt.servers} | set(known)

    def encrypted(url: str) -> str:
        secure = f"https://{url.removeprefix('http://')}"
        return secure if url.startswith("http://") and secure in everywhere else url

    named = {one.name: list(dict.fromkeys(map(encrypted, one.excerpt.servers))) for one in types}
    counts = Counter(tuple(urls) for urls in named.values() if urls)
    most = max(counts.values(), default=0)
    agreed = list(min((urls for urls in counts if counts[urls] == most), default=known))
    for one in types:
        if named[one.name] != one.excerpt.servers:
            report.note("http://… written as https://…, as elsewhere", one.name)
        if not named[one.name] and agreed:
            report.note(f"no server is named; taken to be {agreed[0]}", one.name)
    return {name: urls or agreed for name, urls in named.items()}


def _type_file(
    one: ObjectType,
    request: Request,
    servers: list[str],
    is_shared: Callable[[str], bool],
    schemes: Mapping[str, Object],
    inventory: Inventory,
) -> Object:
    """Return the data of the file of an object type, but for its texts."""
    excerpt = one.excerpt
    names = operation_names(one, request.settings, inventory)
    paths: dict[str, Object] = {}
    used: set[str] = set()
    inline: list[Object] = []
    for operation in excerpt.operations:
        name = names[operation.path, operation.method]
        value = copy.deepcopy({**operation.value, "operationId": name})
        _redirect("operation", value, is_shared)
        _arrange("operation", value, {})
        paths.setdefault(operation.path, {})[operation.method] = value
        used.update(named_schemes(value.get("security") or []))
        inline += [inner for kind, _, inner in elements("operation", value) if kind == "schema"]
    own = {name: schema for name, schema in excerpt.schemas.items() if not is_shared(name)}
    components: Object = {}
    if own:
        components["schemas"] = _schemas(own, one.name, inventory, is_shared)
    security = {
        name: _scheme(name, excerpt.schemes.get(name), schemes)
        for name in sorted(used)
        if name in excerpt.schemes or name in schemes
    }
    if security:
        components["securitySchemes"] = security
    data: Object = {
        "openapi": openapi_version([*inline, *components.get("schemas", {}).values()]),
        "info": {
            "title": excerpt.title,
            "version": request.label,
            "description": excerpt.description,
        },
    }
    if servers:
        data["servers"] = [{"url": url} for url in servers]
    data["paths"] = paths
    if components:
        data["components"] = components
    return data


def _shared_file(
    label: str,
    schemas: Mapping[str, Object],
    schemes: Mapping[str, Object],
    inventory: Inventory,
) -> Object:
    """Return the data of the shared file, but for its texts."""
    components: Object = {}
    if schemas:
        components["schemas"] = _schemas(schemas, SHARED, inventory, None)
    if schemes:
        components["securitySchemes"] = copy.deepcopy(dict(schemes))
    return {
        "openapi": openapi_version(components["schemas"].values()) if schemas else PREFERRED,
        "info": {"title": "", "version": label, "description": ""},
        "paths": {},
        "components": components,
    }


def _scheme(name: str, own: Object | None, schemes: Mapping[str, Object]) -> Object:
    if name in schemes and (own is None or scheme_body(own) == scheme_body(schemes[name])):
        return {"$ref": f"{SHARED_FILE}#/components/securitySchemes/{name}"}
    return copy.deepcopy(own or {})


def _schemas(
    schemas: Mapping[str, Object],
    file: str,
    inventory: Inventory,
    is_shared: Callable[[str], bool] | None,
) -> dict[str, Object]:
    """Return schemas for a file: those that the version before has in its order, then the others."""
    base = {name: section(spec.data, "schemas") for name, spec in inventory.base.items()}
    known = base.get(file, {})
    result: dict[str, Object] = {}
    for name in dict.fromkeys([*(one for one in known if one in schemas), *schemas]):
        schema = copy.deepcopy(schemas[name])
        _redirect("schema", schema, is_shared)
        # What the file does not know may be the shared schema of the name, or another type's own.
        places = (base.get(SHARED, {}), *base.values())
        anywhere = (place[name] for place in places if place.get(name) is not None)
        before: Object = known.get(name) or next(anywhere, {})
        _arrange("schema", schema, before)
        result[name] = schema
    return result


def _redirect(kind: str, value: Object, is_shared: Callable[[str], bool] | None) -> None:
    """Lead each reference to the file in which its schema stands; the shared file refers to itself alone."""

    def redirected(reference: Any) -> Any:
        name = schema_name(reference)
        leaves = name is not None and is_shared is not None and is_shared(name)
        return f"{SHARED_FILE}{reference}" if leaves else reference

    for inner_kind, _, node in elements(kind, value):
        if inner_kind != "schema":
            continue
        if "$ref" in node:
            node["$ref"] = redirected(node["$ref"])
        mapping = dict_of(node.get("discriminator")).get("mapping")
        if isinstance(mapping, dict):
            mapping.update({tag: redirected(one) for tag, one in mapping.items()})


def _arrange(kind: str, value: Object, before: Any) -> None:
    """Put fields, required fields and enum values into the order of the version before."""
    known = {way: node for _, way, node in elements(kind, before)}
    for inner_kind, way, node in elements(kind, value):
        if inner_kind != "schema":
            continue
        for field in ("properties", "required", "enum"):
            old = known.get(way, {}).get(field)
            old = list(old) if isinstance(old, (dict, list)) else []
            inner = node.get(field)
            are_names = all(isinstance(one, str) for one in list_of(inner))
            if field == "properties" and isinstance(inner, dict):
                node[field] = {name: inner[name] for name in _in_order(inner, old)}
            elif field == "enum" and isinstance(inner, list):
                # Told apart by how they are written: to Python 1 and true are equal.
                values = {repr(one): one for one in inner}
                kept = {repr(one): one for one in old if repr(one) in values}
                node[field] = list((kept | values).values())
            elif field == "required" and isinstance(inner, list) and are_names:
                node[field] = _in_order(inner, old)


def _in_order(names: Iterable[str], before: list[Any]) -> list[str]:
    """Return names in an order that does not depend on theirs: that of before, new ones by alphabet."""
    present = set(names)
    if before == sorted(before, key=str):
        return sorted(present)
    known = [name for name in before if name in present]
    return known + sorted(present.difference(known))


def _texts(request: Request, inventory: Inventory, before: Provenance) -> list[Texts]:
    """Return where texts come from: the version as it stands, then the one before it."""
    result: list[Texts] = []
    published = any(one.descriptions == "keep" for one in before.imports(request.label))
    if request.keep_texts or not published:
        result.append(Texts({name: spec.data for name, spec in inventory.present.items()}))
    if request.base is not None:
        result.append(Texts({name: spec.data for name, spec in inventory.base.items()}))
        result.append(Texts(corrected(inventory.base, request.base, request.specs)))
    return result
