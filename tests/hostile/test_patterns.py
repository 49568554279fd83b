"""Regular expressions: those of specs, which clients check, and those of the generator itself."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from upsertgen.diff.operations import _is_one_of
from upsertgen.limits import LIMITS
from upsertgen.specs.expressions import cost, fault

from tests.bad_input.project import PROJECT
from tests.command_line import write_files
from tests.hostile.bounded_runs import MEMORY, PATIENCE, run, with_schemas

# Hundreds of runs of the command line, which CI does with `make test-large`.
pytestmark = pytest.mark.large

ROOT = Path(__file__).parent.parent.parent
_BACKTRACKING = ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", r"^(\s*a*)*$", "^([a-z]+)*[a-z]*$"]
_CHECK = """
import pydantic
from upsert_client.v1.models import Contact, ContactInput
for name in NAMES:
    try:
        ContactInput(id="1", attack={name: "a" * 200_000 + "!"})
    except pydantic.ValidationError:
        continue
    raise SystemExit(f"{name} was not checked")
ContactInput(id="1", attack=dict.fromkeys(NAMES, "aaa"))
"""


def test_patterns_that_backtrack_cannot_hang_a_client(tmp_path: Path) -> None:
    names = [f"v{number}" for number in range(len(_BACKTRACKING))]
    lines = [
        f"    {name}: {{type: string, pattern: '{pattern}'}}"
        for name, pattern in zip(names, _BACKTRACKING, strict=True)
    ]
    schemas = with_schemas("X0:", "  type: object", "  properties:", *lines)
    write_files(tmp_path, {**PROJECT, **schemas})
    outcome = run(tmp_path, "generate", "--jobs", "1")
    assert outcome.code == 0, outcome.err
    subprocess.run(
        [sys.executable, "-c", f"NAMES = {names}\n{_CHECK}"],
        cwd=tmp_path / "generated",
        check=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
        "^[A-Za-z0-9_-]{1,255}$",
        r"^\d{4}-\d{2}-\d{2}$",
        r"^\+?[1-9]\d{1,14}$",
        "^.{1,2000}$",
        "^(?i)(https?)://[^/]{1,253}(/.*)?$",
        "^[^,;]{1,1000}$",
        "[]a]",
    ],
)
def test_patterns_that_mean_well(pattern: str) -> None:
    assert fault(pattern) is None


def test_what_a_pattern_costs() -> None:
    assert cost("") == 0
    assert cost("a{2}(b{3}c){10}") == 42
    assert cost("[^]]{3}") < 1_000
    assert cost("a{") >= 1
    assert cost("(" * 10_000) == 0
    assert cost("{5}" * 1_000) == 0
    assert cost("a" + "{9}" * 20_000) > LIMITS.pattern_cost


_EVIL = [
    "a" * 50_000 + "!",
    "1" * 50_000 + "!",
    "1." * 25_000 + "!",
    "0" * 50_000 + "e",
    "1-" * 25_000 + "!",
    "a/" * 25_000 + " ",
    "/" * 50_000 + "{",
    "{" * 50_000,
    "{a" * 25_000,
    "*" * 50_000 + "!",
    " " * 50_000 + "!",
    "\n" * 50_000 + "!",
    "\n " * 25_000 + "!",
    "- " * 25_000 + "!",
    "3.1." + "0" * 50_000 + "-",
    "aA" * 25_000 + "!",
    "[[" + " " * 50_000,
    "_" * 50_000 + "!",
    "a.b" * 16_000 + "(",
]


def own_expressions() -> dict[str, str]:
    """Return the regular expressions that are written in the generator, by where they stand."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "generator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                found[f"{path.name}:{node.lineno}"] = node.args[0].value
    return found


@pytest.mark.parametrize(("place", "expression"), own_expressions().items())
def test_own_expressions_do_not_backtrack_without_end(place: str, expression: str) -> None:
    """A text of 50,000 characters is matched from its start. What is exponential would never end."""
    script = (
        "import re, sys\n"
        f"pattern = re.compile({expression!r})\n"
        f"for text in {_EVIL!r}:\n"
        "    pattern.match(text), pattern.fullmatch(text)\n"
    )
    subprocess.run([sys.executable, "-"], input=script, text=True, check=True, timeout=PATIENCE)


def test_paths_with_many_arguments_are_compared_at_once() -> None:
    shape = "/v1/" + "{a}x" * 60
    assert not _is_one_of("/v1/" + "x" * 5_000 + "y", shape)
    assert _is_one_of("/v1/" + "x" * 5_000, shape)
    assert _is_one_of("/v1/contacts", "/v1/{kind}")
    assert not _is_one_of("/v1/a", "/v1/a{x}a")
    assert not _is_one_of("/v1/a/b", "/v1/{kind}")


@pytest.mark.parametrize("number", ["-0.0", "1e-999", "1e308", "9" * 100, "-" + "9" * 99, "+.5"])
def test_numbers_at_the_edge(tmp_path: Path, number: str) -> None:
    limits = f"X0: {{type: number, minimum: {number}, default: {number}}}"
    write_files(tmp_path, {**PROJECT, **with_schemas(limits)})
    outcome = run(tmp_path, "generate", "--jobs", "1")
    assert outcome.code == 0, outcome.err
    script = "from upsert_client.v1.models import ContactInput; ContactInput(id='1')"
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path / "generated", check=True, timeout=PATIENCE
    )
