"""The manifest: what the files of the output folder were made from, and so why a file is stale.

It stands beside them as `.upsertgen.json`, and answers without reading a spec whether anything changed.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

MANIFEST = ".upsertgen.json"
_FORMAT = 1
_MOST_NAMED = 4
"""How many specs, say, are named that changed; what else did is counted."""


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
    return hashlib.sha256(as_bytes(text) if isinstance(text, str) else text).hexdigest()


def as_text(content: bytes) -> str:
    """Return the contents of a file as text in UTF-8; what is none, such as a picture, is kept (PEP 383)."""
    return content.decode(errors="surrogateescape")


def as_bytes(text: str) -> bytes:
    """Return the contents of a file of which `as_text` made a text."""
    return text.encode(errors="surrogateescape")


def reasons_for(
    path: str, template: str, specs: tuple[str, ...], old: Manifest, new: Inputs
) -> list[str]:
    """Return why a file differs from what the last run wrote, in words.

    Args:
        path: The file.
        template: The template it comes from.
        specs: The spec files it comes from; empty for all.
        old: What the last run wrote.
        new: What this run reads.
    """
    if old.inputs is None:
        return ["there is no manifest of an earlier run of everything"]
    if path not in old.outputs:
        return ["it is new", *_changes(template, specs, old.inputs, new)]
    return list(_changes(template, specs, old.inputs, new)) or ["what it is made from changed"]


def reasons_for_removal(output: Output, new: Inputs) -> list[str]:
    """Return why a file that the last run wrote is not emitted any more."""
    gone = [spec for spec in output.specs if spec not in new.specs]
    return [f"spec {spec} is gone" for spec in gone] or ["nothing emits it any more"]


def _changes(template: str, specs: tuple[str, ...], old: Inputs, new: Inputs) -> Iterator[str]:
    own = {spec: digest for spec, digest in new.specs.items() if not specs or spec in specs}
    before = {spec: digest for spec, digest in old.specs.items() if not specs or spec in specs}
    changed = list(_differing("spec", before, own))
    # A resource also depends on the documents that its spec refers to.
    yield from changed or (_differing("spec", old.specs, new.specs) if specs else ())
    yield from _differing("overlay", old.overlays, new.overlays)
    yield from _differing(
        "template", _only(old.templates, template), _only(new.templates, template)
    )
    for tool, version in new.tools.items():
        if old.tools.get(tool) != version:
            yield f"{tool} changed from {old.tools.get(tool, 'none')} to {version}"
    yield from _differing("setting", old.settings, new.settings)
    if old.generator != new.generator:
        yield "generator changed"


def _only(digests: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: digests[name]} if name in digests else {}


def _differing(
    kind: str, old: Mapping[str, str | None], new: Mapping[str, str | None]
) -> Iterator[str]:
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    for name in names[:_MOST_NAMED]:
        what = "is new" if name not in old else "is gone" if name not in new else "changed"
        yield f"{kind} {name.replace('_', '-') if kind == 'setting' else name} {what}"
    if len(names) > _MOST_NAMED:
        yield f"and {len(names) - _MOST_NAMED} more {kind}s"
