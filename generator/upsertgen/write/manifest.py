"""The manifest: what the files of the output folder were made from.

It stands beside them as `.upsertgen.json`. It answers without reading a spec whether anything changed,
and says for each file why it is stale.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

MANIFEST = ".upsertgen.json"
_FORMAT = 1


@dataclass(frozen=True)
class Inputs:
    """Everything the output depends on.

    Attributes:
        specs: The digest of each spec file, by its path inside the specs folder.
        overlays: The digest of each overlay, likewise.
        templates: The digest of each template, by its path inside the templates folder.
        tools: The version of each tool that decides about the output.
        generator: The digest of the generator's own source.
        settings: The settings that show in the output.
        lock: The digest of the record of public names; empty if there is none.
    """

    specs: Mapping[str, str]
    overlays: Mapping[str, str]
    templates: Mapping[str, str]
    tools: Mapping[str, str]
    generator: str
    settings: Mapping[str, str | None]
    lock: str = ""


@dataclass(frozen=True)
class Output:
    """One file of the output folder.

    Attributes:
        digest: The digest of its contents.
        rendered: The digest of what it was made from.
        specs: The spec files it comes from; empty for all.
        template: The template it comes from.
    """

    digest: str
    rendered: str
    specs: tuple[str, ...]
    template: str


@dataclass(frozen=True)
class Manifest:
    """What the last run wrote, and from what.

    Attributes:
        inputs: What it was made from; nothing before the first run, or when the manifest is unreadable.
        outputs: The files, by their path in the output folder.
    """

    inputs: Inputs | None = None
    outputs: Mapping[str, Output] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the manifest as text, the same for the same contents."""
        data = {
            "format": _FORMAT,
            "inputs": vars(self.inputs) if self.inputs is not None else None,
            "outputs": {path: vars(output) for path, output in self.outputs.items()},
        }
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of an output folder; an empty one if there is none that can be read."""
    try:
        path = folder / MANIFEST
        if not stat.S_ISREG(path.lstat().st_mode):
            return Manifest()
        data: Any = json.loads(path.read_text("utf-8"))
        if data["format"] != _FORMAT:
            return Manifest()
        outputs = {
            path: Output(one["digest"], one["rendered"], tuple(one["specs"]), one["template"])
            for path, one in data["outputs"].items()
        }
        inputs = Inputs(**data["inputs"]) if data["inputs"] is not None else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Manifest()
    return Manifest(inputs, outputs) if _is_sound(inputs, outputs) else Manifest()


def _is_sound(inputs: Inputs | None, outputs: Mapping[str, Output]) -> bool:
    """Return whether a manifest holds text where it should, and names files of its own folder only."""
    maps: list[Any] = []
    if inputs is not None:
        maps = [inputs.specs, inputs.overlays, inputs.templates, inputs.tools, inputs.settings]
    texts: list[Any] = [inputs.generator, inputs.lock] if inputs is not None else []
    for path, output in outputs.items():
        texts += [output.digest, output.rendered, output.template, *output.specs]
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            return False
    return all(isinstance(one, dict) for one in maps) and all(isinstance(one, str) for one in texts)


def digest(text: str | bytes) -> str:
    """Return the SHA-256 of a text in UTF-8, or of bytes, in hexadecimal."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
