"""What is sent twice, or was copied from another version with its path unchanged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
import yaml

from tests.bad_input.project import CONTACTS, OVERLAY, PROJECT, SCHEMAS, Case
from tests.command_line import upsertgen
from tests.inventory import SPECS

_UPSERTS = PROJECT[OVERLAY].replace('["v1/contacts.yaml"]', '["v?/*s.yaml"]')
_VERSIONS = sorted(one.name for one in SPECS.iterdir() if (one / "schemas.yaml").is_file())
_TWICE = "this operation and the one at specs/v1/contacts.yaml:9:5 both send POST "
_EXPECTED = (
    "; expected a method and path of its own for each operation of a version; correct the path…"
)


def _spec(path: str, place: str = "") -> str:
    """Return a spec with an upsert at a path, and with a caret at that if it is told about."""
    text = PROJECT[CONTACTS].replace("/v1/{kind}/upsert:", f"{path}:")
    text = text.replace("    post:", f"    {place}post:") if place else text
    if "{kind}" in path:
        return text
    before, _, after = text.partition("        - name: kind\n")
    return before + after[after.index("        - name: dry_run") :]


def _project(*specs: tuple[str, str, str], overlay: str = _UPSERTS) -> dict[str, str | bytes]:
    """Return a project of specs: the name of each, its path, and a caret if it is told about."""
    files: dict[str, str | bytes] = {f"specs/{name}.yaml": _spec(*rest) for name, *rest in specs}
    schemas = {f"specs/{name.split('/')[0]}/schemas.yaml": PROJECT[SCHEMAS] for name, *_ in specs}
    return {**files, **schemas, OVERLAY: overlay}


_TYPED = _UPSERTS.replace("results: results", "results: results\n        object-type: kind")
_OWN = [
    (f"v{number}/{name}", f"/v{number}/{name}", "") for number in (1, 2) for name in ("as", "bs")
]
_PLAIN = [
    (f"v{number}/{name}", f"/{number}/{name}", "") for number in (1, 2) for name in ("as", "bs")
]

PROBLEMS = {
    "two types on one path": Case(
        _project(("v1/contacts", "/v1/a", ""), ("v1/deals", "/v1/a", "‸")),
        [f"{_TWICE}/v1/a{_EXPECTED}"],
    ),
    "two types on one path, whose arguments are called otherwise": Case(
        _project(
            ("v1/contacts", "/v1/{kind}", ""),
            ("v1/deals", "/v1/{kind}", "‸"),
            overlay=_TYPED.replace("kind", "other"),
        ),
        [f"{_TWICE}/v1/{{kind}}{_EXPECTED}"],
    ),
    "a copy in a version whose other upserts name it": Case(
        _project(*_OWN, ("v1/cs", "/v1/cs", ""), ("v2/cs", "/v1/cs", "‸")),
        [
            "the path '/v1/cs' names the version 'v1', not 'v2', and is that of the operation at "
            "specs/v1/cs.yaml:9:5; expected a path of 'v2', as its other operations have; correct…"
        ],
    ),
    "a copy that other versions name in their own way": Case(
        {
            **_project(("v1/cs", "/v1/cs", ""), ("v2/cs", "/v1/cs", "‸"), ("v3/cs", "/v3/cs", "")),
            OVERLAY: PROJECT[OVERLAY].replace("v1/contacts", "v1/cs"),
        },
        ["the path '/v1/cs' names the version 'v1', not 'v2', and is that of …"],
    ),
}
NOTES = {
    "two types on one path, whose argument may be the type": Case(
        _project(("v1/contacts", "/v1/{kind}", ""), ("v1/deals", "/v1/{kind}", "‸")),
        [
            f"{_TWICE}/v1/{{kind}}, which is right only if an argument of the path names the object type; …"
        ],
    ),
    "two names for any type": Case(
        _project(("v1/contacts", "/v1/{kind}", ""), ("v1/deals", "/v1/{kind}", ""), overlay=_TYPED),
        [],
    ),
    "a type whose path names an older version": Case(
        _project(*_OWN, ("v2/cs", "/v1/cs", "‸")),
        ["the path '/v1/cs' names the version 'v1', not 'v2'"],
    ),
    "a path that changes in no version": Case(
        {
            **_project(*_OWN, *((f"v{number}/about", "/about/v1", "") for number in (1, 2))),
            CONTACTS: _spec("/v1/contacts"),
        },
        [],
    ),
    "the only path of all upserts that does not change": Case(
        _project(*_PLAIN, ("v1/cs", "/cs", ""), ("v2/cs", "/cs", "‸")),
        ["POST /cs is what 'v1' sends, too, where all other upserts differ"],
    ),
    "one of several paths that do not change": Case(
        _project(
            *_PLAIN,
            *((f"v{number}/{name}", f"/{name}", "") for number in (1, 2) for name in ("cs", "ds")),
        ),
        [],
    ),
}


@pytest.mark.parametrize("case", [pytest.param(one, id=name) for name, one in PROBLEMS.items()])
def test_operations_that_send_the_same(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


@pytest.mark.parametrize("case", [pytest.param(one, id=name) for name, one in NOTES.items()])
def test_operations_that_may_send_the_same(case: Case, check_notes: Callable[[Case], None]) -> None:
    check_notes(case)


def _paths(text: str) -> dict[str, str]:
    """Return the path of each operation of a spec, by its name."""
    paths = yaml.safe_load(text)["paths"]
    return {one["operationId"]: path for path, item in paths.items() for one in item.values()}


@pytest.mark.parametrize(("version", "other"), [*permutations(_VERSIONS, 2)])
def test_paths_that_are_copied_from_another_version(
    version: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SPECS, "specs")
    names = ("deal_splits", "objects.records", "properties")
    for name in names:
        file = Path(f"specs/{version}/{name}.yaml")
        text = file.read_text("utf-8")
        copied = _paths(Path(f"specs/{other}/{name}.yaml").read_text("utf-8"))
        for operation, path in _paths(text).items():
            text = text.replace(f"  {path}:", f"  {copied[operation]}:")
        file.write_text(text, "utf-8")
    outcome = upsertgen("validate")
    assert outcome.code == 2
    told = {line.split(":")[0] for line in outcome.problems if "names the version" in line}
    assert told == {f"specs/{version}/{name}.yaml" for name in names}, outcome.err
