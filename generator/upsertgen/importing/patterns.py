"""Patterns for the paths of a collection: which part of a path is what, and which paths to pass over.

    {version}/{type}.json              a folder a version, a file an object type
    Rollouts/{rollout}/{version}/{type}

A placeholder stands for one name of a path, or for a part of one. Three are understood: `{version}` is the
API version, `{rollout}` the number of a publication, `{type}` the object type (without it the file's name
is). Others are free. `*` stands for any part of a name, `**` for any folders. A pattern is compared with the
end of a path; without an ending it means `.json`, `.yaml` and `.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from upsertgen.errors import quoted
from upsertgen.importing.limits import refused
from upsertgen.inputs import SPEC_ENDINGS
from upsertgen.ir.names import snake_case

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/?)|(\*)|([^{}*]+)")


@dataclass(frozen=True)
class Placed:
    """A document of a collection, as far as its path tells.

    Attributes:
        name: Its path within the source.
        stem: What it calls its object type.
        version: Its API version, or nothing when paths do not tell.
        rollout: The publication it belongs to, or nothing when paths do not tell.
        identity: What its publications have in common: the path without the rollout.
    """

    name: str
    stem: str
    version: str | None = None
    rollout: str | None = None
    identity: str = ""


class Pattern:
    """A pattern for the paths of a collection.

    Args:
        text: The pattern.
        origin: Where it is set, for messages.

    Raises:
        InvalidInput: The text is no pattern.
    """

    def __init__(self, text: str, origin: str) -> None:
        self.text = text
        self._origin = origin
        ending = "" if text.endswith(SPEC_ENDINGS) else r"\.(?:json|ya?ml)"
        body = "".join(self._parts(text.strip("/")))
        self._expression = re.compile(f"(?:.*/)?{body}{ending}")

    def match(self, name: str) -> Placed | None:
        """Return what a path says about its document, or nothing when it does not fit."""
        match = self._expression.fullmatch(name)
        if match is None:
            return None
        found = match.groupdict()
        rollout = found.get("rollout")
        identity = name
        if rollout is not None:
            identity = name[: match.start("rollout")] + name[match.end("rollout") :]
        stem = found.get("type") or PurePosixPath(name).stem
        return Placed(name, stem, found.get("version"), rollout, identity)

    def _parts(self, text: str) -> Iterable[str]:
        known: set[str] = set()
        if not text or "".join(match[0] for match in _TOKEN.finditer(text)) != text:
            raise self._wrong(f"the pattern is {quoted(self.text)}")
        for match in _TOKEN.finditer(text):
            name, folders, star, literal = match.groups()
            if literal is not None:
                yield re.escape(literal)
            elif star is not None:
                yield "[^/]*"
            elif folders is not None:
                yield "(?:.*/)?" if folders.endswith("/") else ".*"
            elif name in known:
                yield f"(?P={name})"
            elif name.isidentifier() and name.isascii():
                known.add(name)
                yield f"(?P<{name}>[^/]+)"
            else:
                raise self._wrong(f"the pattern has the placeholder {quoted('{' + name + '}')}")

    def _wrong(self, what: str) -> Exception:
        return refused(
            self._origin,
            what,
            "a path with placeholders, such as '{version}/{type}.json'",
            "correct the pattern",
        )


def excluding(name: str, patterns: Iterable[str]) -> str | None:
    """Return the first pattern that excludes a path, or nothing.

    A pattern with `/` is compared with the whole path; any other with each folder's and the file's name,
    as they are and in snake case, so that `*_test` means `Contact Test` and `ContactTest` as well.
    """
    path = PurePosixPath(name)
    parts = [*path.parts[:-1], path.stem]
    names = {one for part in parts for one in (part, snake_case(part, ""))}
    for pattern in patterns:
        if "/" in pattern:
            if fnmatchcase(name, pattern):
                return pattern
        elif any(fnmatchcase(one, pattern) for one in names):
            return pattern
    return None


def natural_order(text: str | None) -> tuple[tuple[bool, int, str], ...]:
    """Return a sort key that puts numbers within texts in their order: 9 before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text or "")
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)
