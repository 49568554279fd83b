"""Imports into a folder, run as the command line runs them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from upsertgen.errors import InvalidInput
from upsertgen.importing import ImportPlan, ImportSettings, Request, plan_import
from upsertgen.ir import understand
from upsertgen.ir.tree import Api
from upsertgen.specs import read

COLLECTION = {
    "select": ("batch/upsert",),
    "generic": ("objects", "custom_objects"),
    "pattern": "Rollouts/{rollout}/{version}/{type}",
    "type_parameter": "objectType",
    "names": "path",
}
"""The settings of a collection that is published as the one that this project began with."""


def plan(source: Path | str, specs: Path, label: str = "v1", **options: Any) -> ImportPlan:
    """Plan an import; `options` are fields of the request, or settings."""
    names = {one.name for one in fields(Request)}
    request = {"today": "2026-11-21", **{k: v for k, v in options.items() if k in names}}
    flags = {**COLLECTION, **{k: v for k, v in options.items() if k not in names}}
    settings = ImportSettings().with_flags(flags)
    return plan_import(
        Request(str(source), label, specs=specs, settings=settings, **request), lambda *_: None
    )


def imported(source: Path | str, specs: Path, label: str = "v1", **options: Any) -> ImportPlan:
    """Import, and return what was planned."""
    done = plan(source, specs, label, **options)
    done.apply()
    return done


def problems(source: Path | str, specs: Path, label: str = "v1", **options: Any) -> list[str]:
    """Return the problems of an import that has to fail, and that must not write anything."""
    before = sorted(specs.rglob("*"))
    try:
        plan(source, specs, label, **options)
    except InvalidInput as error:
        assert sorted(specs.rglob("*")) == before
        return [str(problem) for problem in error.problems]
    raise AssertionError("the import found no problem")


def spec(specs: Path, name: str, label: str = "v1") -> Any:
    """Return the data of an imported file."""
    return yaml.safe_load((specs / label / f"{name}.yaml").read_text("utf-8"))


def operation(specs: Path, name: str, label: str = "v1") -> Any:
    """Return the only operation of an imported file."""
    (item,) = spec(specs, name, label)["paths"].values()
    (only,) = item.values()
    return only


def accepted(specs: Path) -> Api:
    """Return what the generator understands of a specs folder; it has to accept it."""
    return understand(read(specs))
