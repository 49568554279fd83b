"""What single documents lack and others have: security schemes, and servers."""

from __future__ import annotations

from typing import Any

from upsertgen.importing import security
from upsertgen.importing.grammar import Object
from upsertgen.importing.keeping import Kept
from upsertgen.importing.known import KnownSpecs, section
from upsertgen.importing.naming import SHARED
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.report import Report
from upsertgen.importing.servers import agreed_servers, encrypted
from upsertgen.importing.settings import ImportSettings
from upsertgen.importing.sharing import flows


def find_schemes(
    types: list[ObjectType],
    known: KnownSpecs,
    kept: Kept,
    settings: ImportSettings,
    report: Report,
) -> None:
    """Give documents the security schemes that they name and do not declare, from where there are any."""
    declared: dict[str, Object] = dict(kept.schemes)
    for files in (known.present, known.base):
        if SHARED in files:
            declared = {**declared, **section(files[SHARED].data, "securitySchemes")}
    for one in types:
        declared = {**declared, **one.reduced.schemes}
    for one in types:
        for name in one.reduced.schemes_missing:
            if name in declared:
                one.reduced.schemes[name] = declared[name]
                report.notes.append(f"{one.name}: {name} is not declared; taken from elsewhere")
        if one.reduced.schemes_missing:
            for operation in one.reduced.operations:
                operation.value["security"], _ = security.requirements(
                    operation.value["security"], one.reduced.schemes, settings.most_scopes
                )


def used_scopes(one: ObjectType) -> dict[str, Object]:
    """Return the security schemes of a type with the scopes alone that its operations name."""
    used = {
        scope
        for operation in one.reduced.operations
        for requirement in operation.value.get("security") or ()
        for scopes in (requirement.values() if isinstance(requirement, dict) else ())
        for scope in scopes
    }
    result: dict[str, Object] = {}
    for name, scheme in one.reduced.schemes.items():
        narrowed: dict[str, Any] = dict(scheme)
        if flows(scheme):
            narrowed["flows"] = {
                flow: (
                    {
                        **value,
                        "scopes": {
                            key: text for key, text in value["scopes"].items() if key in used
                        },
                    }
                    if flow in flows(scheme)
                    else value
                )
                for flow, value in scheme["flows"].items()
            }
        result[name] = narrowed
    return result


def servers_of(types: list[ObjectType], known: KnownSpecs, report: Report) -> dict[str, list[str]]:
    """Return the servers of each object type: encrypted where any document has them so."""
    everywhere = {url for one in types for url in one.reduced.servers} | set(known.servers())
    named = {
        one.name: list(dict.fromkeys(encrypted(url, everywhere) for url in one.reduced.servers))
        for one in types
    }
    agreed = agreed_servers(named.values(), known.servers())
    result: dict[str, list[str]] = {}
    for one in types:
        urls = named[one.name]
        if urls != one.reduced.servers:
            report.notes.append(f"{one.name}: http://… written as https://…, as elsewhere")
        if not urls and agreed:
            report.notes.append(f"{one.name}: no server is named; taken to be {agreed[0]}")
        result[one.name] = urls or agreed
    return result
