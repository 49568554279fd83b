"""What is to happen to an output folder, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from upsertgen.write.manifest import Manifest


class Action(StrEnum):
    """What happens to a file."""

    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class NewFile:
    """A file as it should be.

    Attributes:
        text: Its contents.
        rendered: The digest of what it was made from.
        specs: The spec files it comes from; empty for all.
        template: The template it comes from.
    """

    text: str
    rendered: str
    specs: tuple[str, ...]
    template: str


@dataclass(frozen=True)
class Change:
    """One file that is not as it should be.

    Attributes:
        path: Its path in the output folder, with `/`.
        action: What is to happen to it.
        reasons: Why, in words.
        before: Its contents now, or nothing when there is no such file.
        after: Its contents as they should be, or nothing when it should not be there.
    """

    path: str
    action: Action
    reasons: tuple[str, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What it takes to bring an output folder up to date.

    Attributes:
        changes: The files that are not as they should be, by path.
        unchanged: How many files are.
        manifest: The manifest as it should be.
        lock: The record of public names, if it is not as it should be. It stands with the specs, and its
            path is that of the file.
        displaced: Links, and files where a folder has to be, that give way because of `--force`.
    """

    changes: tuple[Change, ...]
    unchanged: int
    manifest: Manifest
    lock: Change | None = None
    displaced: tuple[str, ...] = ()
