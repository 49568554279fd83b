"""Each scenario gives the output that is expected of it, and all of that output is sound Python."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator

import pytest
from upsertgen.ir.names import RESERVED_CLASSES, RESOURCE_IMPORTS

from tests.scenarios import NAMES, Scenario, compared, expected


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_gives_the_expected_output(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    found, wanted = compared(name, scenario(name).folder), expected(name)
    difference = "".join(
        line
        for path in sorted(found.keys() | wanted.keys())
        for line in difflib.unified_diff(
            wanted.get(path, "").splitlines(keepends=True),
            found.get(path, "").splitlines(keepends=True),
            f"tests/scenarios/{name}/expected/{path}",
            f"generated/{path}",
        )
    )
    if difference or found.keys() != wanted.keys():
        pytest.fail(
            f"{name} gives other output; if it should, run"
            f" 'python -m tests.scenarios.update {name}' and look at the diff\n{difference}",
            pytrace=False,
        )


@pytest.mark.parametrize("name", NAMES)
def test_no_module_imports_what_it_does_not_use(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    for path, text in compared(name, scenario(name).folder).items():
        tree = ast.parse(text)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        # Annotations of mappings that are no identifiers are quoted.
        quoted = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert set(_imported(tree)) <= used | quoted, path


@pytest.mark.parametrize("name", NAMES)
def test_what_a_module_imports_cannot_be_the_name_of_a_class(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    for path, text in compared(name, scenario(name).folder).items():
        module = path.rpartition("/")[2]
        if module in ("client.py", "__init__.py", "_policies.py", "typed_dicts.py"):
            continue
        imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
        helpers = {
            one.name
            for node in imports
            if node.module and not node.module.endswith(("models", "_policies", "_upserts"))
            for one in node.names
            if one.name[0].isupper()
        }
        # A class has a capital, and never an underscore.
        helpers = {one for one in helpers if "_" not in one}
        reserved = RESERVED_CLASSES if module == "models.py" else RESOURCE_IMPORTS
        assert helpers <= reserved, path


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", ".typed_dicts"):
            # Models of an older version are exported, as their names in __all__ say.
            yield from (one.asname or one.name for one in node.names)
