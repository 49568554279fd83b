"""Files of the distribution before they are formatted, rendered when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from upsertgen.emit.dcg import ModelsTask
from upsertgen.emit.proof import prove_json, prove_markdown, prove_toml

Context = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """A file before it is formatted.

    Attributes:
        path: Its path in the output folder, with `/`.
        template: The template it comes from.
        render: Renders it; told whether with our own template where the user has another.
        is_python: Whether it is laid out as Python, and so has to be formatted and proven.
        specs: The spec files it comes from, by their path inside the specs folder; empty for all.
        data: Returns what it must say, for a file of data.
        made_from: What else than its text its digest tells of.
    """

    path: str
    template: str
    render: Callable[[bool], str]
    is_python: bool = False
    specs: tuple[str, ...] = ()
    data: Callable[[], Any] | None = None
    made_from: tuple[str, ...] = ()

    @cached_property
    def text(self) -> str:
        """Its contents."""
        return self.render(False)

    @cached_property
    def rendered(self) -> str:
        """The digest of what it is made from."""
        return digest_of(self.text, *self.made_from)

    def prove(self) -> None:
        """Check a file that is no Python.

        Raises:
            UnprovenFile: It is not what it was meant to be.
        """
        data = self.data() if self.data is not None else None
        if self.path.endswith(".md"):
            prove_markdown(self.path, self.text)
        elif self.path.endswith(".toml") and data is not None:
            prove_toml(self.path, self.text, data)
        elif self.path.endswith(".json") and data is not None:
            prove_json(self.path, self.text, data)


@dataclass(frozen=True)
class Models:
    """A module of models, whose classes may have to be generated.

    Attributes:
        path: Its path in the output folder.
        task: What to generate; nothing when all its classes come from older versions.
        imports: What it takes over from older versions, by module.
        context: What its template lays out.
        rendered: The digest of everything it is made from.
        template: The template it comes from.
    """

    path: str
    task: ModelsTask | None
    imports: Mapping[str, list[str]]
    context: Context
    rendered: str
    template: str = "package/version/models.py.jinja"


@dataclass(frozen=True)
class Names:
    """What a version calls its bodies, in its module of models or of TypedDicts.

    Attributes:
        elsewhere: Those of older versions, by the module that defines them.
        aliases: Second names of classes: the name, and the second name.
        exported: Every name that the module exports, sorted.
    """

    elsewhere: Mapping[str, list[str]]
    aliases: tuple[tuple[str, str], ...]
    exported: tuple[str, ...]


def digest_of(*parts: str) -> str:
    """Return the digest of what a file is made from."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
