"""Components of a version: which schemas and security schemes object types share, and how schemes are named.

What is shared stands in one file of the version, and variants with their type. Two schemas are the same when
they, and all that they refer to, differ in nothing but texts and order; two security schemes when they differ
in nothing but texts and scopes.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from upsertgen.importing.document import Object, closure, dict_of, list_of, references
from upsertgen.importing.normalization import FORMS
from upsertgen.specs.openapi import TOKEN_SCHEMES, objects

_KEPT = "\0"
"""What the owners of schemas begin with that are files that stay as they are."""


@dataclass(frozen=True)
class _Body:
    """A schema as several documents have it: one candidate for its name."""

    owners: tuple[str, ...]
    digest: str

    @property
    def kept(self) -> bool:
        return any(owner.startswith(_KEPT) for owner in self.owners)

    @property
    def is_common(self) -> bool:
        return self.kept or len(self.owners) > 1


class Sharing:
    """Which schemas the documents of a version share.

    The body that most documents have is the shared one. It has to fit: it can only be shared if all that it
    refers to is, in the very form that its documents have. A body of one document alone stays with it, unless
    another version shares a schema of that name and an operation or another shared schema refers to it: so
    corrections that name the shared file find it there.

    Attributes:
        schemas: The shared schemas by name, in the order in which documents reach them.

    Args:
        documents: The schemas of each object type, by name.
        kept: The same for files that stay as they are and use the shared file.
        hinted: Names that are shared even if one document alone has them.
        roots: The names that operations of each object type refer to.
    """

    def __init__(
        self,
        documents: Mapping[str, Mapping[str, Object]],
        kept: Mapping[str, Mapping[str, Object]],
        hinted: Collection[str],
        roots: Mapping[str, Collection[str]],
    ) -> None:
        voters = {**{f"{_KEPT}{name}": schemas for name, schemas in kept.items()}, **documents}
        self._references = {owner: references(schemas) for owner, schemas in voters.items()}
        self._digests = {
            owner: schema_digests(schemas, self._references[owner])
            for owner, schemas in voters.items()
        }
        chosen = self._wanted(self._fitting(self._candidates(hinted)), roots)
        self._shared = {name: body.digest for name, body in chosen.items()}
        self.schemas: dict[str, Object] = {}
        reached = [name for schemas in documents.values() for name in schemas]
        for name in (*reached, *sorted(chosen)):
            if name in chosen:
                # What files have that stay as they are counts where no document has it.
                owners = chosen[name].owners
                owner = next((one for one in owners if one in documents), owners[0])
                self.schemas[name] = voters[owner][name]

    def is_shared(self, owner: str, name: str) -> bool:
        """Return whether a schema of a document is the shared one."""
        digest = self._digests[owner].get(name)
        return digest is not None and self._shared.get(name) == digest

    def _candidates(self, hinted: Collection[str]) -> dict[str, list[_Body]]:
        owners: dict[str, dict[str, list[str]]] = {}
        for owner, digests in sorted(self._digests.items()):
            for name, digest in digests.items():
                owners.setdefault(name, {}).setdefault(digest, []).append(owner)
        candidates: dict[str, list[_Body]] = {}
        for name, groups in owners.items():
            bodies = [_Body(tuple(group), digest) for digest, group in groups.items()]
            # A file that stays cannot follow, so it decides where counts are equal.
            candidates[name] = sorted(
                (body for body in bodies if body.is_common or name in hinted),
                key=lambda body: (-len(body.owners), not body.kept, body.owners),
            )
        return candidates

    def _fitting(self, candidates: dict[str, list[_Body]]) -> dict[str, _Body]:
        """Return the first candidate of each name that fits what is chosen for the others."""
        changed = True
        while changed:
            changed = False
            for name, bodies in candidates.items():
                if bodies and not self._fits(name, bodies[0], candidates):
                    bodies.pop(0)
                    changed = True
        return {name: bodies[0] for name, bodies in candidates.items() if bodies}

    def _fits(self, name: str, body: _Body, candidates: dict[str, list[_Body]]) -> bool:
        digests = self._digests[body.owners[0]]
        return all(
            candidates.get(other) and candidates[other][0].digest == digests.get(other)
            for other in self._references[body.owners[0]][name]
            if other in digests
        )

    def _wanted(
        self, chosen: dict[str, _Body], roots: Mapping[str, Collection[str]]
    ) -> dict[str, _Body]:
        """Return what was chosen without hinted names that only variants refer to."""
        wanted = [
            name
            for name, body in chosen.items()
            if body.is_common or name in roots.get(body.owners[0], ())
        ]
        edges = {name: self._references[body.owners[0]][name] for name, body in chosen.items()}
        reached = set(closure(wanted, edges))
        return {name: body for name, body in chosen.items() if name in reached}


def schema_digests(schemas: Mapping[str, Object], edges: Mapping[str, list[str]]) -> dict[str, str]:
    """Return a digest of each schema together with all that it refers to."""
    bodies = {name: _body(json.dumps(schema)) for name, schema in schemas.items()}
    digests: dict[str, str] = {}
    for name in schemas:
        reached = sorted(closure([name], edges))
        text = json.dumps([name, [(one, bodies[one]) for one in reached]])
        digests[name] = hashlib.sha256(text.encode()).hexdigest()
    return digests


@lru_cache(maxsize=1024)
def _body(text: str) -> str:
    """Return what a schema says, without texts and without an order that means nothing.

    Documents of a collection repeat each other, so most bodies are asked for again and again.
    """
    schema = json.loads(text)
    for kind, _, inner in objects(schema, "schema"):
        for name in FORMS[kind].texts:
            inner.pop(name, None)
        for name in ("required", "enum"):
            if isinstance(inner.get(name), list):
                inner[name] = sorted(inner[name], key=repr)
    return json.dumps(schema, sort_keys=True)


def named_schemes(declared: Iterable[Any]) -> list[str]:
    """Return the names of the schemes of a list of security requirements."""
    return list(dict.fromkeys(name for one in declared for name in dict_of(one)))


def requirements(
    declared: list[Any], schemes: Mapping[str, Object], most_scopes: int
) -> tuple[list[Any], list[tuple[str, int]]]:
    """Return security requirements: alternatives, each once and sorted, with the scopes that mean something.

    Only schemes that have scopes keep them: published documents repeat them for others as well. A scheme
    of which so many scopes are named that any will do keeps none.

    Args:
        declared: The requirements as published; an empty list means that none is needed.
        schemes: The schemes that the document declares; one that is not declared may have scopes.
        most_scopes: How many scopes of one scheme may be named.

    Returns:
        The requirements, and the schemes that any scope opens with the number of scopes.
    """
    named: dict[str, set[str]] = {}
    for requirement in declared:
        for name, scopes in dict_of(requirement).items():
            named.setdefault(name, set()).update(_texts(scopes))
    scoped = {
        name
        for name in named
        if name not in schemes or str(schemes[name].get("type")) in TOKEN_SCHEMES
    }
    broad = {name: len(scopes) for name, scopes in named.items() if len(scopes) > most_scopes}
    kept: list[Any] = []
    for requirement in declared:
        if isinstance(requirement, dict):
            requirement = {
                name: sorted(set(_texts(scopes))) if name in scoped - broad.keys() else []
                for name, scopes in sorted(requirement.items())
            }
            if requirement in kept:
                continue
        kept.append(requirement)
    kept.sort(key=lambda one: repr(sorted(one.items())) if isinstance(one, dict) else "")
    return kept, [(name, count) for name, count in sorted(broad.items()) if name in scoped]


def flows(scheme: Any) -> dict[str, Object]:
    """Return the flows of a security scheme that have scopes, by name."""
    return {
        name: flow
        for name, flow in dict_of(dict_of(scheme).get("flows")).items()
        if isinstance(flow, dict) and isinstance(flow.get("scopes"), dict)
    }


def scheme_body(scheme: Object) -> str:
    """Return what a security scheme says, without texts and scopes."""
    scheme = copy.deepcopy(scheme)
    scheme.pop("description", None)
    for flow in flows(scheme).values():
        del flow["scopes"]
    return json.dumps(scheme, sort_keys=True)


def shared_schemes(
    documents: Mapping[str, Mapping[str, Object]], kept: Mapping[str, Object]
) -> dict[str, Object]:
    """Return the security schemes of a version: for each name, the one that most documents have.

    Scopes of all documents come together.

    Args:
        documents: The schemes of each object type, by name.
        kept: The schemes that have to stay, because files that stay as they are use them.
    """
    groups: dict[str, dict[str, list[Object]]] = {}
    for one in (kept, *(documents[owner] for owner in sorted(documents))):
        for name, scheme in one.items():
            groups.setdefault(name, {}).setdefault(scheme_body(scheme), []).append(scheme)
    result: dict[str, Object] = {}
    for name, bodies in sorted(groups.items()):
        schemes = max(
            bodies.values(), key=lambda group: (name in kept and kept[name] in group, len(group))
        )
        merged = copy.deepcopy(schemes[0])
        for flow, value in flows(merged).items():
            scopes = {
                scope: text
                for scheme in reversed(schemes)
                for scope, text in flows(scheme).get(flow, {}).get("scopes", {}).items()
            }
            value["scopes"] = dict(sorted(scopes.items()))
        result[name] = merged
    return result


def _texts(scopes: Any) -> list[str]:
    return [scope for scope in list_of(scopes) if isinstance(scope, str)]
