"""How much a source may be, so that a broken or hostile one ends in a message and not in a full machine."""

from __future__ import annotations

from dataclasses import dataclass

from upsertgen.errors import InvalidInput, Location, Problem


@dataclass(frozen=True)
class Limits:
    """Bounds of a source. The published collections that are known stay a factor of ten below them.

    Attributes:
        document: Bytes of one document.
        total: Bytes of all documents that are read, and of an archive when it is unpacked.
        members: Files of a folder tree or archive.
        seconds: How long a download may take, from the first byte to the last.
        redirects: How often a download may be sent on.
    """

    document: int = 32 * 2**20
    total: int = 2**30
    members: int = 50_000
    seconds: float = 30
    redirects: int = 5


def refused(path: str, wrong: str, expected: str, mend: str) -> InvalidInput:
    """Return the error for a source that cannot be used."""
    return InvalidInput([Problem(Location(path, 0), wrong, expected, mend)])


def megabytes(count: int) -> str:
    """Return a number of bytes for people to read."""
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{count} bytes"
