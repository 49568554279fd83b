"""The pages "Which version?": what they say is so, and the lines of code that they show run."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import runpy
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import hubspot_upsert.testing
import pytest
import yaml
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Sandbox
from upsertgen.docs.support import read_support
from upsertgen.errors import InvalidInput

from tests.command_line import write_files
from tests.conftest import Once
from tests.docs.links import check_markdown
from tests.docs.version_pages import head, links, programs, sections, tables
from tests.inventory import LABELS, NEWEST, OLDEST, PACKAGES, SPECS, attributes
from tests.public_names.project import Project
from tests.servers import Server, answer

PAGES = Path(__file__).parent.parent.parent / "generated" / "docs" / "pages"
NOT_THERE = "—"
_SHORT = {label: module.__name__.rpartition(".")[2] for label, module in PACKAGES.items()}
WAYS = {*pairwise(LABELS), (OLDEST, NEWEST)}


def page(name: str, pages: Path = PAGES) -> str:
    return (pages / name).read_text("utf-8")


def moving(way: tuple[str, str]) -> Path:
    return PAGES / "moving" / f"{_SHORT[way[0]]}-to-{_SHORT[way[1]]}.md"


@pytest.fixture(params=sorted(WAYS), ids=" to ".join)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A way from one version of the specs to another."""
    found: tuple[str, str] = request.param
    return found


def test_the_matrix_leads_to_every_operation_of_every_version() -> None:
    text = page("versions.md")
    matrix = tables(text)[-1]
    columns = [index for index, one in enumerate(head(text, -1)) if one in LABELS]
    assert [head(text, -1)[index] for index in columns] == LABELS
    found: dict[str, dict[str, set[str]]] = {label: {} for label in LABELS}
    for row in matrix:
        for label, index in zip(LABELS, columns, strict=True):
            if row[index] != NOT_THERE:
                cell = links(row[index])
                found[label][row[0].strip("`")] = set(cell)
                for operation, address in cell.items():
                    name = row[0].strip("`")
                    assert address == f"reference/{_SHORT[label]}/{name}.md#{operation}"
    for label, module in PACKAGES.items():
        assert found[label].keys() == set(attributes(module))
        client = module.Client("token")
        for name, operations in found[label].items():
            assert operations
            for one in operations:
                assert callable(getattr(getattr(client, name), one))


def test_dates_are_shown_with_their_sources_and_what_is_unknown_is_said() -> None:
    support = yaml.safe_load((SPECS / "docs" / "versions.yaml").read_text("utf-8"))["versions"]
    text = page("versions.md")
    overview, sources = tables(text)[:2]
    fields = ("since", "current-until", "unsupported-from")
    shown = {row[0].strip("*"): row[2:5] for row in overview}
    assert list(shown) == LABELS
    told: list[list[str]] = []
    for one in support:
        dates = [one[field] for field in fields]
        assert shown[one["version"]] == [
            date if date == "unknown" else date["date"] for date in dates
        ]
        known = [date for date in dates if date != "unknown"]
        told += [[one["version"], date["date"], date["source"]] for date in known]
    assert [[row[0], row[2], row[3]] for row in sources] == told


@pytest.mark.parametrize("side", [0, 1], ids=["before", "after"])
def test_the_lines_before_and_after_run(
    way: tuple[str, str],
    side: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    label = way[side]
    shown = {title: both[side] for title, both in programs(moving(way)).items()}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_TOKEN", "a-token-of-tests")
    with Sandbox() as sandbox:
        for version in PACKAGES.values():
            monkeypatch.setattr(version.Client, "_BASE_URL", sandbox.url)
        for title in ("Imports", "A call", "Any number of records"):
            Path("program.py").write_text(shown[title], "utf-8")
            names = runpy.run_path("program.py", run_name="__main__")
            assert names["Client"] is PACKAGES[label].Client
        sent = len(sandbox.requests)
        program, *arguments = shlex.split(shown["The command line"])
        assert program == "hubspot-upsert"
        Path(arguments[1]).write_text("email,firstname\nmary@example.com,Mary\n", "utf-8")
        assert run_command(CATALOGUE, [*arguments, "--base-url", sandbox.url]) == 0
        assert sandbox.record(arguments[0], "mary@example.com", "email") is not None
        assert sent >= 2
        assert len(sandbox.requests) > sent
        for request in sandbox.requests:
            assert request.status in (200, 207)
            assert f"/{label}/" in request.path
    test = shown["A test with pytest"]
    (fixture,) = set(re.findall(r"\((\w+)\)", test))
    assert hasattr(hubspot_upsert.testing, fixture)
    assert _SHORT[label] in fixture
    assert "Mary" not in capsys.readouterr().err


def _methods(label: str, name: str) -> dict[str, inspect.Signature]:
    found = getattr(PACKAGES[label].Client("token"), name)
    members = inspect.getmembers(type(found), inspect.isfunction)
    return {key: inspect.signature(one) for key, one in members if not key.startswith("_")}


def test_where_no_line_changes_the_new_version_takes_every_call_of_the_old_one(
    way: tuple[str, str],
) -> None:
    old, new = way
    text = moving(way).read_text("utf-8")
    common = set(attributes(PACKAGES[old])) & set(attributes(PACKAGES[new]))
    told = sections(text)
    unchanged = links(told.get("Nothing else changes", "")).keys()
    same = told.get("No other line of code changes")
    names = set(links(same or "")) or (common if same else set())
    for name in names | unchanged:
        before, after = _methods(old, name), _methods(new, name)
        for method, signature in before.items():
            given = after[method].parameters
            assert signature.parameters.keys() <= given.keys(), (name, method)
            for key, one in given.items():
                is_new = key not in signature.parameters
                assert one.default is not inspect.Parameter.empty or not is_new, (name, method, key)
    gone = set(attributes(PACKAGES[old])) - common
    come = set(attributes(PACKAGES[new])) - common
    assert set(links(told.get("Object types", ""))) == gone | come
    for name in gone | come:
        assert f"`{name}`" not in told.get("Nothing else changes", "")


class Shop(NamedTuple):
    """A project with three versions, of which no person wrote about support.

    Attributes:
        folder: Its folder.
        package: The name of its package.
    """

    folder: Path
    package: str

    @property
    def pages(self) -> Path:
        return self.folder / "generated" / "docs" / "pages"


SUPPORT = "specs/docs/versions.yaml"
RELEASE = """\
  - version: "1.1"
    bump: minor
    specs: abc
    renames: {v1.people: v1.humans}
    retired: [v1.pets, v1.pets.Pets]
"""


def with_docs(folder: Path) -> None:
    """Have a project write pages, too."""
    path = folder / "pyproject.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[tool.upsertgen]\n", "[tool.upsertgen]\ndocs = true\n", 1))


@pytest.fixture(scope="module")
def shop(once: Once) -> Shop:
    """Three versions: of people an argument changes, pets stay, plants go, and stones come."""

    def make(folder: Path) -> None:
        with contextlib.chdir(folder):
            project = Project(folder, "v1", "v2", "v3", package="shop_of_versions")
            spec = (folder / "specs/v1/people.yaml").read_text("utf-8")
            for version in ("v1", "v2", "v3"):
                project.add_pets(version)
            project.write("v1", "plants.yaml", spec.replace("people", "plants"))
            project.write("v3", "stones.yaml", spec.replace("people", "stones"))
            required = "{name: region, in: query, required: true, schema: {type: string}}"
            optional = "{name: dry_run, in: query, schema: {type: boolean}}"
            project.edit("v3/people.yaml", (optional, required))
            deprecated = (
                "operationId: batch_upsert",
                "operationId: batch_upsert\n      deprecated: true",
            )
            project.edit("v2/pets.yaml", deprecated)
            project.edit("v3/pets.yaml", deprecated)
            with_docs(folder)
            project.generated()

    return Shop(once("shop-of-versions", make), "shop_of_versions")


def test_every_link_leads_somewhere(shop: Shop) -> None:
    assert check_markdown(shop.pages) == []
    assert {one.name for one in (shop.pages / "moving").iterdir()} == {
        "v1-to-v2.md",
        "v2-to-v3.md",
        "v1-to-v3.md",
    }


def test_nothing_is_said_of_support_where_nobody_wrote_it_down(shop: Shop) -> None:
    text = page("versions.md", shop.pages)
    for word in ("support", "current", "available", "unknown"):
        assert word not in text


def test_the_matrix_tells_what_came_went_and_changed(shop: Shop) -> None:
    text = page("versions.md", shop.pages)
    rows = {row[0].strip("`"): row[1:] for row in tables(text)[-1]}
    assert head(text, -1) == ["object type", "v1", "v2", "against v1", "v3", "against v2"]
    assert rows["stones"][:2] == [NOT_THERE, NOT_THERE]
    assert rows["stones"][2] == NOT_THERE
    assert rows["stones"][4] == "new"
    assert rows["plants"][1:] == [NOT_THERE, "gone", NOT_THERE, NOT_THERE]
    assert rows["people"][2] == "the same"
    assert rows["people"][4].startswith("**[arguments")
    assert rows["pets"][4] == "the same"
    ((_, address),) = links(rows["people"][4]).items()
    path, _, anchor = address.partition("#")
    told = page(path, shop.pages).partition(f'<a id="{anchor}"></a>')[2].partition("<a id=")[0]
    assert "`region`" in told
    assert "`dry_run`" in told
    assert "**breaking**" in told


def test_an_argument_that_changes_is_a_line_that_changes(
    shop: Shop, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = programs(shop.pages / "moving" / "v2-to-v3.md")["A call"]
    monkeypatch.syspath_prepend(str(shop.folder / "generated"))
    server.script = [answer(body={"results": [], "status": "done"})]
    for label, program in (("v2", before), ("v3", after)):
        client: Any = importlib.import_module(f"{shop.package}.{label}").Client
        monkeypatch.setattr(client, "_BASE_URL", server.url)
        file = tmp_path / f"{label}.py"
        file.write_text(program, "utf-8")
        runpy.run_path(str(file), run_name="__main__")
    assert [bool(one.args.get("region")) for one in server.requests] == [False, True]


def test_nothing_else_changes_only_where_that_is_so(shop: Shop) -> None:
    told = {
        name: sections(page(f"moving/{name}.md", shop.pages)) for name in ("v1-to-v2", "v2-to-v3")
    }
    first, second = told["v1-to-v2"], told["v2-to-v3"]
    assert set(links(first["Nothing else changes"])) == {"people"}
    assert "`plants`" in first["Object types"]
    assert "deprecated" in first["What else differs"]
    assert set(links(second["Nothing else changes"])) == {"pets"}
    assert "No other line of code changes" not in second
    assert "`region`" in second["Arguments, and what is sent"]
    assert set(links(second["Object types"])) == {"stones"}


def test_what_is_called_otherwise_is_a_line_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, "v1", "v2")
    project.move("v2/people.yaml", "v2/humans.yaml")
    project.edit("v2/humans.yaml", ("batch_upsert", "upsert_many"))
    with_docs(tmp_path)
    project.generated()
    pages = tmp_path / "generated" / "docs" / "pages"
    before, after = programs(pages / "moving" / "v1-to-v2.md")["A call"]
    assert "client.people.batch_upsert(" in before
    assert "client.humans.upsert_many(" in after
    rows = {row[0].strip("`"): row[1:] for row in tables(page("versions.md", pages))[-1]}
    assert rows["people"][1:] == [NOT_THERE, "called otherwise"]
    assert rows["humans"][0] == NOT_THERE
    assert "name" in rows["humans"][2]
    assert check_markdown(pages) == []


def test_deprecated_names_are_listed(shop: Shop) -> None:
    told = sections(page("names.md", shop.pages))
    assert "No name that works today is an old one." in told["Renamed"]
    (rows,) = tables(told["Deprecated in the specification of the API"])
    assert [list(links(row[0])) for row in rows] == [
        [f"{shop.package}.{version}.pets.batch_upsert"] for version in ("v2", "v3")
    ]
    assert {row[1] for row in rows} == {"unknown"}


def test_old_names_tell_since_when_and_until_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, "v1")
    project.add_pets()
    project.released()
    (tmp_path / "specs/v1/people.yaml").rename(tmp_path / "specs/v1/humans.yaml")
    (tmp_path / "specs/v1/pets.yaml").unlink()
    project.edit("v1/schemas.yaml", ("Person", "Human"))
    project.version = "1.1"
    project.declare(
        "v1.people -> v1.humans until 2.0",
        "v1.models.Person -> v1.models.Human",
        "v1.pets -> ",
        "v1.pets.Pets -> ",
    )
    with_docs(tmp_path)
    with (tmp_path / "specs/releases.yaml").open("a", encoding="utf-8") as file:
        file.write(RELEASE)
    project.generated()
    told = sections(page("names.md", tmp_path / "generated" / "docs" / "pages"))
    name = f"{project.package}.v1"
    renamed = {row[0].strip("`"): row[1:] for row in tables(told["Renamed"])[0]}
    new, *times = renamed[f"{name}.people"]
    assert links(new) == {f"{name}.humans": "reference/v1/humans.md"}
    assert times == ["`1.1`", "`2.0`"]
    # No release has told of this one.
    for end in ("models.Person", "typed_dicts.PersonDict"):
        new, *times = renamed[f"{name}.{end}"]
        assert new.strip("`") == f"{name}.{end}".replace("Person", "Human")
        assert times == ["unknown", "no version is named"]
    assert [f"`{name}.pets`", "nothing", "`1.1`"] in tables(told["Gone"])[0]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("versions: 1\n", 1, "this is no list of versions"),
        ("others: []\n", 1, "this is no list of versions"),
        ("versions:\n  - v1\n", 2, "'v1' is no version with its dates"),
        ("versions:\n  - {version: v4, since: unknown}\n", 2, "no API version is called 'v4'"),
        (
            "versions:\n  - version: v1\n    since: unknown\n",
            2,
            "'v1' says nothing of current-until",
        ),
        ("versions:\n  - version: v1\n    from: unknown\n", 3, "a version has no 'from'"),
        ("versions:\n  - version: v1\n    since: 2025-09\n", 3, "since is '2025-09'"),
        (
            "versions:\n  - version: v1\n    since: {date: 2025-13, source: a}\n",
            3,
            "the date of since is '2025-13'",
        ),
        (
            "versions:\n  - version: v1\n    since: {date: 2025-02-30, source: a}\n",
            3,
            "the date of since is '2025-02-30'",
        ),
        (
            "versions:\n  - version: v1\n    since: {date: 2025-02, source: ''}\n",
            3,
            "the source of since is ''",
        ),
        (
            "versions:\n  - version: v1\n    since: {date: 2025-09, source: a}\n"
            "    current-until: {date: 2025-08-31, source: a}\n",
            4,
            "current-until 2025-08-31 is before since 2025-09",
        ),
        ("versions: [\n", 2, "this is not YAML"),
    ],
)
def test_what_is_wrong_with_dates_is_told_with_its_place(
    text: str, line: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {SUPPORT: text})
    with pytest.raises(InvalidInput) as caught:
        read_support(Path("specs"), ["v1", "v2"])
    found = [str(one) for one in caught.value.problems if told in one.wrong]
    assert len(found) == 1, caught.value.problems
    assert found[0].startswith(f"{SUPPORT}:{line}:")
    assert "; expected " in found[0]


def test_nothing_is_written_while_dates_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, "v1")
    with_docs(tmp_path)
    write_files(tmp_path, {SUPPORT: "versions:\n  - {version: v2}\n"})
    outcome = project.generate()
    assert outcome.code == 2
    (problem,) = outcome.problems
    assert problem.startswith(f"{SUPPORT}:2:")
    assert not (tmp_path / "generated").exists()
