"""Why a file of the output folder is stale: pure comparisons of two manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upsertgen.write.manifest import Inputs, Manifest, Output

_MOST_NAMED = 4
"""How many specs, say, are named that changed; what else did is counted."""


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


def reasons_for_removal(path: str, output: Output, new: Inputs) -> list[str]:
    """Return why a file that the last run wrote is not emitted any more."""
    gone = [spec for spec in output.specs if spec not in new.specs]
    return [f"spec {spec} is gone" for spec in gone] or [
        f"nothing emits {path.rpartition('/')[2]} any more"
    ]


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
