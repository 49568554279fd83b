"""Imports into a folder, run as the command line runs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from upsertgen.commands.importing import import_command
from upsertgen.errors import InvalidInput
from upsertgen.importing import ImportPlan, ImportSettings, Request, plan_import
from upsertgen.importing.limits import Limits
from upsertgen.ir import understand
from upsertgen.ir.tree import Api
from upsertgen.specs import read

GENERIC = ("objects", "custom_objects")


@dataclass(frozen=True)
class Outcome:
    """What a run of the command said and returned."""

    code: int
    out: str
    problems: tuple[str, ...]


def run(*arguments: str | Path) -> Outcome:
    """Run `upsertgen import` in the current folder."""
    result = CliRunner().invoke(import_command, [str(one) for one in arguments])
    if isinstance(result.exception, InvalidInput):
        return Outcome(2, result.output, tuple(map(str, result.exception.problems)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.output, ())


def plan(
    source: Path | str,
    specs: Path,
    label: str = "v1",
    *,
    base: str | None = None,
    keep_texts: bool = False,
    proven: bool = True,
    limits: Limits | None = None,
    today: str = "2026-11-21",
    **settings: Any,
) -> ImportPlan:
    """Plan an import."""
    settings.setdefault("generic", GENERIC)
    request = Request(
        str(source),
        label,
        base,
        specs,
        ImportSettings().with_flags(settings),
        keep_texts=keep_texts,
        proven=proven,
        limits=limits or Limits(),
        today=today,
    )
    return plan_import(request, lambda *_: None)


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
