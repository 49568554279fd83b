"""Why a file of the output folder is stale: pure comparisons of two manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upsertgen.write.manifest import Inputs, Manifest, Output


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
        return ["there is no manifest of an earlier run"]
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
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{kind} {name} is new"
        elif name not in new:
            yield f"{kind} {name} is gone"
        elif old[name] != new[name]:
            yield f"{kind} {name} changed"
