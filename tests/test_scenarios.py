"""Each scenario gives the output that is expected of it, and all of that output is sound Python."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from collections.abc import Callable, Iterator

import pytest
from upsertgen.ir.names import RESERVED_CLASSES

from tests.scenarios import NAMES, Scenario, expected, modules


@pytest.mark.parametrize("name", [name for name in NAMES if expected(name)])
def test_a_scenario_gives_the_expected_output(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    wanted, folder = expected(name), scenario(name).folder
    found = {path: text for path, text in modules(folder).items() if path in wanted}
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


@pytest.mark.parametrize("prefix", ["", "Async"])
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("request_bodies.jobs.without_body", "() -> None"),
        ("request_bodies.jobs.referenced", "(name: str, note: str | Unset = UNSET) -> None"),
        ("request_bodies.jobs.optional_object", "(body: Job | JobDict | Unset = UNSET) -> None"),
        ("request_bodies.jobs.nullable_object", "(body: Job | JobDict | None) -> None"),
        ("request_bodies.jobs.array", "(body: Sequence[Job | JobDict]) -> None"),
        ("request_bodies.jobs.map", "(body: Mapping[str, Job | JobDict]) -> None"),
        ("request_bodies.jobs.scalar", "(body: str) -> None"),
        ("request_bodies.jobs.optional_scalar", "(body: int | None | Unset = UNSET) -> None"),
        ("request_bodies.jobs.anything", "(body: Any) -> None"),
        ("request_bodies.jobs.union", "(body: Job | JobDict | str) -> None"),
        ("content_types.documents.with_charset", "(title: str) -> Document"),
        ("path_constants.contacts.batch_upsert", "() -> None"),
        (
            "path_constants.objects.batch_upsert",
            "(object_type: str, mode: Literal[fast, safe] | str) -> None",
        ),
        ("responses.orders.nothing", "() -> None"),
        ("responses.orders.range", "() -> Order | Ticket"),
        (
            "responses.orders.scalars",
            "() -> int | list[str | None] | dict[str, Order] | Order | None | Any",
        ),
        ("responses.orders.several_successes", "() -> Order | Ticket | None"),
        (
            "nullable.gadgets.replace",
            "(label: str | None, size: int, note: str | None | Unset = UNSET,"
            " weight: float | Unset = UNSET,"
            " colour: Literal[red, green] | str | None | Unset = UNSET,"
            " part: PartInput | PartInputDict | None | Unset = UNSET,"
            " tags: Sequence[str | None] | None | Unset = UNSET,"
            " prices: Mapping[str, float | None] | Unset = UNSET,"
            " limit: int | None | Unset = UNSET) -> Gadget",
        ),
    ],
)
def test_methods_are_typed_as_the_spec_says(
    scenario: Callable[[str], Scenario], method: str, expected: str, prefix: str
) -> None:
    name, resource, operation = method.split(".")
    client = getattr(scenario(name).module(f"v1.{resource}"), prefix + resource.capitalize())
    signature = str(inspect.signature(getattr(client, operation)))
    plain = re.sub(r"['\"]|\b_\w+\.|self(, \*, )?", "", signature)
    assert plain == expected


@pytest.mark.parametrize(
    ("method", "explained"),
    [
        ("request_bodies.jobs.optional_object", ["body: The job, if it is not the usual one."]),
        ("request_bodies.jobs.array", ["body: The jobs. At most 2 in one request."]),
        ("request_bodies.jobs.scalar", ["body: The request's body."]),
        ("path_constants.objects.batch_upsert", ["object_type: The type of the objects."]),
        ("responses.orders.range", ["Returns: 200: An order. 2XX: Some other success."]),
        ("responses.orders.several_successes", ["202: It will be made. 204: There was nothing"]),
        ("nullable.gadgets.replace", ["note: Optional and nullable.", "Raises: ApiError: The API"]),
        (
            "defaults.settings.save",
            [
                "name: The field `name` of the request's body. Where it is not given "
                '`"sent unless it is given"` is sent. text: The',
                "dry: The query parameter `dry`. By default `False`.",
                "limit: The query parameter `limit`. By default `10`.",
                r"""By default `'it\'s "here" \\ {{ x }}'`. empty: The field""",
                'By default `""`. count: The field',
                "By default `0`. share: The field",
                "By default `0.5`. whole: The field",
                "By default `1`. on: The field",
                "By default `True`. level: The field",
                'By default `"low"`. maybe: The field `maybe` of the request\'s body. tags: The field',
                'By default `["a", "b"]`. none: The field',
                "By default `[]`. page: The field `page` of the request's body. Returns:",
            ],
        ),
    ],
)
def test_methods_are_explained_as_the_spec_says(
    scenario: Callable[[str], Scenario], method: str, explained: list[str]
) -> None:
    name, resource, operation = method.split(".")
    client = getattr(scenario(name).module(f"v1.{resource}"), resource.capitalize())
    text = " ".join(getattr(client, operation).__doc__.split())
    assert [part for part in explained if part not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_module_imports_what_it_does_not_use(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    for path, text in modules(scenario(name).folder).items():
        tree = ast.parse(text)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        # Models of an older version are exported, as their names in __all__ say.
        exported = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert set(_imported(tree)) <= used | exported, path


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_spec_can_be_called_as_what_a_module_imports(
    name: str, scenario: Callable[[str], Scenario]
) -> None:
    for path, text in modules(scenario(name).folder).items():
        module = path.rpartition("/")[2]
        if module not in ("client.py", "__init__.py", "_policies.py"):
            # Names of specs begin with no underscore; classes of models have capitals, or other names.
            known = RESERVED_CLASSES | {"date", "datetime"} if module == "models.py" else set[str]()
            imported = set(_imported(ast.parse(text), bodies=False))
            assert {one for one in imported if not one.startswith("_")} <= known, path


def _imported(tree: ast.Module, *, bodies: bool = True) -> Iterator[str]:
    """Yield the names that a module imports, those of bodies of older versions among them or not."""
    for node in ast.walk(tree):
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        is_body = module.startswith("v") and module.endswith((".models", ".typed_dicts"))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and module != "__future__":
            yield from (one.asname or one.name for one in node.names if bodies or not is_body)
