"""Specs about things to compare, and what a comparison of them finds."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from upsertgen.commands.diff import diff_command
from upsertgen.diff import between_folders
from upsertgen.diff.report import Report

ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"
THINGS = Path(__file__).with_name("things.yaml")
BREAKING, ADDITIVE, NONE = "breaking", "additive", "none"

Edit = Mapping[str, Any]
Action = dict[str, Any]
Types = Mapping[str, Edit]
"""Changes of the document, by the name of the object type."""

UNCHANGED: Edit = {}
WIDER: Edit = {"result": {"url": {"type": "string"}}}
NARROWER: Edit = {"result": {"number": None}}


def spec(edit: Edit) -> dict[str, Any]:
    """Return the document about things with changes, each a JSON merge patch (RFC 7396) of a part.

    The parts are `document`, `operation`, `thing` and `result` (the properties of these schemas), and each
    schema by its name; parameters are told by their names. What no patch can say: another `path`, HTTP
    `method`, `media_type` or `names` of classes, a `response` with another body, a `copy` of the operation.
    """
    document: dict[str, Any] = yaml.safe_load(THINGS.read_text("utf-8"))
    schemas = document["components"]["schemas"]
    (item,) = document["paths"].values()
    operation = item["post"]
    for part, patch in edit.items():
        match part:
            case "path":
                document["paths"] = {patch: item}
            case "method":
                item[patch] = item.pop("post")
            case "media_type":
                content = operation["requestBody"]["content"]
                content[patch] = content.pop("application/json")
            case "names":
                document = _renamed(document, patch)
            case "response":
                operation["responses"] |= {one: _response(name) for one, name in patch.items()}
            case "copy":
                copied = {**operation, "operationId": patch["operationId"]}
                document["paths"][patch["path"]] = {"post": copied}
            case "parameters":
                named = {one["name"]: one for one in operation["parameters"]}
                merged = _merged(named, patch)
                operation["parameters"] = [{"name": key, **merged[key]} for key in merged]
            case "thing" | "result":
                schema = schemas[part.capitalize()]
                schema["properties"] = _merged(schema["properties"], patch)
            case "operation":
                item["post"] = operation = _merged(operation, patch)
            case "document":
                document = _merged(document, patch)
            case _:
                schemas[part] = _merged(schemas[part], patch)
    return document


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged


def _renamed(document: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    whole = re.compile(rf'(?<=["/])({"|".join(names)})(?=")')
    text = whole.sub(lambda found: names[found[0]], json.dumps(document))
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _response(schema: str) -> dict[str, Any]:
    body = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": "", "content": {"application/json": body}}


def write_specs(
    folder: Path,
    edit: Edit = UNCHANGED,
    actions: Iterable[Action] = (),
    others: Types | None = None,
) -> Path:
    """Write a specs folder: the version v1 with things and other object types, and an overlay."""
    for name, change in {"things": edit, **(others or {})}.items():
        path = folder / "v1" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(spec(change)))
    listed = list(actions)
    if listed:
        overlay = {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": listed}
        path = folder / "overlays" / "corrections.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(overlay, indent=1))
    return folder


def add_version(folder: Path, label: str, source: Path | None = None) -> None:
    """Add a version to a specs folder, with the things of a folder's v1."""
    (folder / label).mkdir()
    text = ((source or folder) / "v1/things.json").read_text()
    (folder / label / "things.json").write_text(text)


class Compare:
    """Writes specs before and after, and compares them; each takes the arguments of `write_specs`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def specs(self, edit: Edit = UNCHANGED, **more: Any) -> Path:
        return write_specs(self._folder / f"specs-{next(self._numbers)}", edit, **more)

    def __call__(
        self,
        old: Edit = UNCHANGED,
        new: Edit = UNCHANGED,
        *,
        actions: tuple[Iterable[Action], Iterable[Action]] = ((), ()),
        others: tuple[Types, Types] = ({}, {}),
    ) -> Report:
        sides = zip((old, new), actions, others, strict=True)
        before, after = (self.specs(edit, actions=one, others=types) for edit, one, types in sides)
        return between_folders(before, after, ())


def between(old: Path, new: Path) -> tuple[str, str, str, str]:
    """Return the arguments that name two folders to compare."""
    return "--old-specs", str(old), "--new-specs", str(new)


Found = tuple[str, str, str, str]


def found(report: Report) -> list[Found]:
    """Return each change as kind, place (or subject), and what it means to callers and to the wire."""
    findings = [change.finding for change in report.changes]
    return [
        (
            one.kind.value,
            one.place.path.raw or (one.subject.raw if one.subject else ""),
            one.caller.word,
            one.wire.word,
        )
        for one in findings
    ]


def diff(*arguments: str | Path) -> Result:
    """Run the command. What it raises is the outcome's `exception`."""
    return CliRunner().invoke(diff_command, [str(one) for one in arguments])


def diff_json(*arguments: str | Path) -> dict[str, Any]:
    outcome = diff(*arguments, "--format", "json")
    assert outcome.exit_code == 0, outcome.output + repr(outcome.exception)
    report: dict[str, Any] = json.loads(outcome.output)
    return report
