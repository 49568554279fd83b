"""Which documents of a collection belong to an API version, as far as their paths tell.

A pattern says where documents lie, such as

    {version}/{type}.json                     a folder a version, a file an object type
    releases/{rollout}/{version}/{type}

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

from upsertgen.errors import InvalidInput, Location, quoted
from upsertgen.importing.report import Report
from upsertgen.importing.source import Source
from upsertgen.inputs import SPEC_ENDINGS
from upsertgen.ir.names import snake_case

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/?)|(\*)|([^{}*]+)")


@dataclass(frozen=True)
class Entry:
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
        ending = "" if text.lower().endswith(SPEC_ENDINGS) else r"\.(?i:json|ya?ml)"
        body = "".join(self._parts(text.strip("/")))
        self._expression = re.compile(f"(?:.*/)?{body}{ending}")

    def match(self, name: str) -> Entry | None:
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
        return Entry(name, stem, found.get("version"), rollout, identity)

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
        return InvalidInput.at(
            Location(self._origin, 0),
            what,
            "a path with placeholders, such as '{version}/{type}.json'",
            "correct the pattern",
        )


def entries(
    source: Source, label: str, pattern: str, exclude: Iterable[str], report: Report
) -> list[Entry]:
    """Return the documents of a version, of all rollouts, without those that are excluded.

    Args:
        source: The source. One that is a single document is taken as it is.
        label: The API version.
        pattern: Where documents lie.
        exclude: Patterns for documents to pass over.
        report: Told what was passed over.

    Raises:
        InvalidInput: There are none.
    """
    names = source.names()
    report.unread += source.unread
    if source.single:
        return [Entry(name, _stem(name), identity=name) for name in names]
    placed = Pattern(pattern, "--pattern")
    found: list[Entry] = []
    for name in names:
        entry = placed.match(name)
        if entry is None:
            report.elsewhere.append(name)
        elif entry.version not in (None, label):
            report.versions[str(entry.version)] += 1
        elif (excluded := excluding(name, exclude)) is not None:
            report.excluded[excluded] += 1
        else:
            found.append(entry)
    if not found:
        told = _nothing(label, pattern, names, report)
        raise InvalidInput.at(Location(source.shown, 0), *told)
    return found


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


def natural_order(text: str | None) -> tuple[tuple[int, str], ...]:
    """Return a sort key that puts numbers within texts in their order: 9 before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text or "")
    plain = (part.lstrip("0") if part.isdecimal() else part for part in parts)
    # Numbers of more digits are larger; texts come before them. Their length is no bound for `int`.
    return tuple(
        (len(one) + 1 if part.isdecimal() else 0, one)
        for part, one in zip(parts, plain, strict=True)
    )


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in SPEC_ENDINGS else name


def _nothing(label: str, pattern: str, names: list[str], report: Report) -> tuple[str, str, str]:
    """Return why no document counts, what was expected, and how to mend it."""
    if by := ", ".join(map(quoted, report.excluded)):
        return (
            f"every document of {label} is excluded, by {by}",
            "at least one document",
            "correct exclude in [tool.upsertgen.import] or --exclude",
        )
    if report.versions:
        return (
            f"no document belongs to the version {quoted(label)}",
            f"one of {', '.join(sorted(report.versions))}",
            "correct --api-version",
        )
    if not names and report.unread:
        return (
            f"it holds no JSON and YAML files, but {quoted(report.unread[0])}",
            "documents; links are not followed, and archives within archives not unpacked",
            "unpack it",
        )
    example = f", such as {quoted(names[0])}" if names else ""
    return (
        f"none of its {len(names)} JSON and YAML files lies as the pattern {quoted(pattern)} says{example}",
        "documents that match the pattern",
        "say with --pattern where they lie, such as --pattern '{version}/{type}.json'",
    )
