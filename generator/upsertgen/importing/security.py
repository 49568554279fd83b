"""Security in the house form: alternatives in a fixed order, with the scopes that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upsertgen.importing.grammar import Object

_SCOPED = frozenset(("oauth2", "openIdConnect"))


def named_schemes(declared: list[Any]) -> list[str]:
    """Return the names of the schemes of a list of security requirements."""
    return list(dict.fromkeys(name for one in declared if isinstance(one, dict) for name in one))


def requirements(
    declared: list[Any], schemes: Mapping[str, Object], most_scopes: int
) -> tuple[list[Any], list[tuple[str, int]]]:
    """Return security requirements, each once and sorted.

    Only schemes that have scopes keep them: published documents repeat them for others as well. A scheme
    of which so many scopes are named that any will do keeps none.

    Args:
        declared: The requirements as published; an empty list means that none is needed.
        schemes: The schemes that the document declares.
        most_scopes: How many scopes of one scheme may be named.

    Returns:
        The requirements, and the schemes that any scope opens with the number of scopes.
    """
    named: dict[str, set[str]] = {}
    for requirement in declared:
        if isinstance(requirement, dict):
            for scheme, scopes in requirement.items():
                named.setdefault(scheme, set()).update(_texts(scopes))
    broad = {scheme: len(scopes) for scheme, scopes in named.items() if len(scopes) > most_scopes}
    kept: list[Any] = []
    for requirement in declared:
        if not isinstance(requirement, dict):
            kept.append(requirement)
            continue
        written = {
            scheme: (
                sorted(set(_texts(scopes)))
                if scheme not in broad and _has_scopes(schemes, scheme)
                else []
            )
            for scheme, scopes in sorted(requirement.items())
        }
        if written not in kept:
            kept.append(written)
    return sorted(kept, key=_order), [
        (scheme, count) for scheme, count in sorted(broad.items()) if _has_scopes(schemes, scheme)
    ]


def _has_scopes(schemes: Mapping[str, Object], name: str) -> bool:
    """Return whether a scheme has scopes; one that is not declared may have some."""
    return name not in schemes or str(schemes[name].get("type")) in _SCOPED


def _texts(scopes: Any) -> list[str]:
    return [scope for scope in scopes if isinstance(scope, str)] if isinstance(scopes, list) else []


def _order(requirement: Any) -> str:
    return repr(sorted(requirement.items())) if isinstance(requirement, dict) else ""
