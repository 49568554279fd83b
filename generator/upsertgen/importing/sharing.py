"""Which schemas object types share: they stand in one file of the version, and variants with their type.

Two schemas are the same when they, and all that they refer to, differ in nothing but texts and order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from upsertgen.importing.grammar import KINDS, Object, objects
from upsertgen.importing.pointers import references

_ENOUGH = 2


@dataclass(frozen=True)
class _Body:
    """A schema as several documents have it: one candidate for its name."""

    owners: tuple[str, ...]
    digest: str
    kept: bool


class Sharing:
    """What is shared by the documents of a version.

    The body that most documents have is the shared one. It has to fit: it can only be shared if all that it
    refers to is, in the very form that its documents have. A body of one document alone stays with it, unless
    another version shares a schema of that name and an operation or another shared schema refers to it: so
    corrections that name the shared file find it there.

    Attributes:
        shared: For each name that is shared, a document that has the shared body.

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
        voters = {**{f"\0{name}": schemas for name, schemas in kept.items()}, **documents}
        self._references = {
            owner: {name: set(references("schema", one)) for name, one in schemas.items()}
            for owner, schemas in voters.items()
        }
        self._digests = {
            owner: _digests(schemas, self._references[owner]) for owner, schemas in voters.items()
        }
        candidates = self._candidates(kept, hinted)
        chosen = self._wanted(self._fitting(candidates), roots)
        self._shared = {name: body.digest for name, body in chosen.items()}
        self.shared: dict[str, str] = {
            name: next((one for one in body.owners if one in documents), "")
            for name, body in chosen.items()
        }

    def is_shared(self, owner: str, name: str) -> bool:
        """Return whether a schema of a document is the shared one."""
        digest = self._digests[owner].get(name)
        return digest is not None and self._shared.get(name) == digest

    def _candidates(
        self, kept: Mapping[str, Mapping[str, Object]], hinted: Collection[str]
    ) -> dict[str, list[_Body]]:
        owners: dict[str, dict[str, list[str]]] = {}
        for owner, digests in sorted(self._digests.items()):
            for name, digest in digests.items():
                owners.setdefault(name, {}).setdefault(digest, []).append(owner)
        candidates: dict[str, list[_Body]] = {}
        for name, groups in owners.items():
            bodies = [
                _Body(tuple(group), digest, any(owner[0] == "\0" for owner in group))
                for digest, group in groups.items()
            ]
            bodies = [
                body
                for body in bodies
                if len(body.owners) >= _ENOUGH or body.kept or name in hinted
            ]
            # A file that stays cannot follow, so it decides where counts are equal.
            bodies.sort(key=lambda body: (-len(body.owners), not body.kept, body.owners))
            candidates[name] = bodies
        return candidates

    def _fitting(self, candidates: dict[str, list[_Body]]) -> dict[str, _Body]:
        changed = True
        while changed:
            changed = False
            for name, bodies in candidates.items():
                if bodies and not self._fits(name, bodies[0], candidates):
                    bodies.pop(0)
                    changed = True
        return {name: bodies[0] for name, bodies in candidates.items() if bodies}

    def _wanted(
        self, chosen: dict[str, _Body], roots: Mapping[str, Collection[str]]
    ) -> dict[str, _Body]:
        """Return what was chosen without hinted names that only variants refer to."""
        wanted = [
            name
            for name, body in chosen.items()
            if len(body.owners) >= _ENOUGH or body.kept or name in roots.get(body.owners[0], ())
        ]
        reached: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in chosen and name not in reached:
                reached.add(name)
                wanted += self._references[chosen[name].owners[0]][name]
        return {name: body for name, body in chosen.items() if name in reached}

    def _fits(self, name: str, body: _Body, candidates: dict[str, list[_Body]]) -> bool:
        owner = body.owners[0]
        digests = self._digests[owner]
        return all(
            candidates.get(other) and candidates[other][0].digest == digests.get(other)
            for other in self._references[owner][name]
            if other in digests
        )


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
        merged: Object = json.loads(json.dumps(schemes[0]))
        for flow, value in flows(merged).items():
            scopes = {
                scope: text
                for scheme in reversed(schemes)
                for scope, text in flows(scheme).get(flow, {}).get("scopes", {}).items()
            }
            value["scopes"] = dict(sorted(scopes.items()))
        result[name] = merged
    return result


def flows(scheme: Object) -> dict[str, Object]:
    """Return the flows of a security scheme that have scopes, by name."""
    declared = scheme.get("flows")
    return {
        name: flow
        for name, flow in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(flow, dict) and isinstance(flow.get("scopes"), dict)
    }


def scheme_body(scheme: Object) -> str:
    """Return what identifies a security scheme: everything but texts and scopes."""
    copy: Object = json.loads(json.dumps(scheme))
    copy.pop("description", None)
    for flow in flows(copy).values():
        del flow["scopes"]
    return json.dumps(copy, sort_keys=True)


def _digests(
    schemas: Mapping[str, Object], direct: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return a digest of each schema together with all that it refers to."""
    bodies = {name: _body(json.dumps(schema)) for name, schema in schemas.items()}
    digests: dict[str, str] = {}
    for name in schemas:
        reached: set[str] = set()
        wanted = [name]
        while wanted:
            one = wanted.pop()
            if one in bodies and one not in reached:
                reached.add(one)
                wanted += direct[one]
        text = json.dumps([name, [(one, bodies[one]) for one in sorted(reached)]])
        digests[name] = hashlib.sha256(text.encode()).hexdigest()
    return digests


@lru_cache(maxsize=1024)
def _body(text: str) -> str:
    """Return what a schema says, without texts and without an order that means nothing.

    Documents of a collection repeat each other, so most bodies are asked for again and again.
    """
    copy = json.loads(text)
    for kind, _, inner in objects("schema", copy):
        for text in KINDS[kind].texts:
            inner.pop(text, None)
        for field in ("required", "enum"):
            if isinstance(inner.get(field), list):
                inner[field] = sorted(inner[field], key=repr)
    return json.dumps(copy, sort_keys=True)
