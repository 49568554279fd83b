"""Wheels and sdists: those of the generator and its output, and of projects downstream with fresh clients."""

from __future__ import annotations

import contextlib
import email
import functools
import importlib.util
import os
import shutil
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from upsertgen.shipped_metadata import fields_of

from tests.command_line import contents, upsertgen, write_files
from tests.downstream_project import (
    PROJECT,
    SETTINGS,
    SPEC,
    build,
    hatchling,
    in_sdist,
    in_wheel,
    project,
    run,
    unpack,
)
from tests.servers import Server

ROOT = Path(__file__).parent.parent
USE = """\
import sys
import people_app
assert "upsertgen" not in sys.modules
with people_app.Client("token", base_url=sys.argv[1]) as client:
    client.people.batch_upsert(inputs=["ada"])
print(sys.modules["people_client"].__file__)
"""
# What hatchling needs of its own; upsertgen is not among it.
BACKEND = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove_classifiers")


def test_the_wheel_of_the_client_is_complete_and_needs_little(tmp_path: Path) -> None:
    files = in_wheel(build(ROOT / "generated", tmp_path))
    (metadata,) = [files[name] for name in files if name.endswith(".dist-info/METADATA")]
    needed = email.message_from_bytes(metadata).get_all("Requires-Dist", [])
    sources = {
        path.relative_to(ROOT / "generated").as_posix()
        for path in (ROOT / "generated" / "hubspot_upsert").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "hubspot_upsert/py.typed" in sources
    assert {name for name in files if ".dist-info/" not in name} == sources
    always = [one for one in needed if "extra ==" not in one]
    assert sorted(one.partition(">")[0] for one in always) == [
        "httpcore2",
        "httpx2",
        "pydantic",
        "pydantic-core",
        "tenacity",
        "typing-extensions",
    ]
    assert all(">=" in one for one in needed)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the generator, unpacked: what an installation would put on the path."""
    target = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(build(ROOT, tmp_path_factory.mktemp("wheel"))) as wheel:
        wheel.extractall(target)
    return target


def test_the_wheel_of_the_generator_has_its_templates_and_nothing_else(unpacked: Path) -> None:
    expected = {
        f"upsertgen/{path.relative_to(folder).as_posix()}"
        for folder in (ROOT / "generator" / "upsertgen", ROOT)
        for path in (folder / "templates" if folder == ROOT else folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {
        path.relative_to(unpacked).as_posix()
        for path in (unpacked / "upsertgen").rglob("*")
        if path.is_file()
    }
    assert found == expected
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (points,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert project["scripts"]["upsertgen"] == "upsertgen.cli:main"
    assert "upsertgen = upsertgen.cli:main" in points.read_text("utf-8")


def test_a_downstream_project_generates_with_the_installed_generator(
    unpacked: Path, tmp_path: Path
) -> None:
    write_files(tmp_path, {"pyproject.toml": SETTINGS, "api/v1/people.yaml": SPEC})
    path = str(unpacked)
    where = run("-c", "import upsertgen; print(upsertgen.__file__)", cwd=tmp_path, path=path).stdout
    assert Path(where.strip()).is_relative_to(unpacked)
    run("-m", "upsertgen", "generate", cwd=tmp_path, path=path)
    run("-m", "upsertgen", "generate", "--check", cwd=tmp_path, path=path)
    use = (
        "from people_client.v1 import Client\nprint(Client('token').people.batch_upsert.__module__)"
    )
    used = run("-c", use, cwd=tmp_path, path=str(tmp_path / "client"))
    assert used.stdout == "people_client.v1.people\n"
    assert "people_client/v1/people.py" in in_wheel(build(tmp_path / "client", tmp_path / "dist"))


@dataclass(frozen=True)
class Built:
    """A wheel and an sdist, and the project that they were built from."""

    folder: Path
    wheel: Path
    sdist: Path
    said: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The project, built as everybody builds: an sdist from the project, and a wheel from the project."""
    folder = project(tmp_path_factory.mktemp("project"))
    options = ("--no-isolation", "--skip-dependency-check", "--sdist", "--wheel", folder)
    # Not in the folder of the project, where "build" might be something else.
    result = run("-m", "build", *options, cwd=folder.parent)
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return Built(folder, wheel, sdist, result.stdout + result.stderr)


@pytest.fixture(scope="module")
def generated(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `upsertgen generate` makes from the same specs, by path."""
    folder = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(built.folder)
        assert upsertgen("generate", "--output", folder / "out").code == 0
    package = contents(folder / "out" / "people_client")
    return {f"people_client/{path}": content for path, content in package.items()}


def test_a_wheel_holds_fresh_clients(built: Built, generated: dict[str, bytes]) -> None:
    files = in_wheel(built.wheel)
    own = {name: files[name] for name in files if ".dist-info/" not in name}
    assert own == {
        **generated,
        "people_app/__init__.py": PROJECT["people_app/__init__.py"].encode(),
    }
    assert "people_client/py.typed" in own


def test_an_sdist_holds_fresh_clients(built: Built, generated: dict[str, bytes]) -> None:
    files = in_sdist(built.sdist)
    clients = {name.partition("/clients/")[2]: files[name] for name in files if "/clients/" in name}
    assert clients == generated
    assert files["api/v1/people.yaml"] == SPEC.encode()


def test_a_build_leaves_nothing_in_the_project(built: Built, generated: dict[str, bytes]) -> None:
    assert generated
    left = {path for path in contents(built.folder) if not path.startswith("dist/")}
    assert left == set(PROJECT)


def test_the_pyproject_of_an_sdist_asks_for_no_generator(built: Built) -> None:
    text = in_sdist(built.sdist)["pyproject.toml"].decode()
    data = tomllib.loads(text)
    assert data["build-system"]["requires"] == ["hatchling"]
    assert "hooks" not in str(data["tool"]["hatch"])
    assert "dynamic" not in data["project"]
    assert data["project"]["name"] == "people-app"
    assert text.startswith("# The people project.\n")


def test_a_complete_project_is_built_without_a_warning(built: Built) -> None:
    assert "depend" not in built.said


def test_the_installed_wheel_sends_requests(built: Built, tmp_path: Path, server: Server) -> None:
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index")
    run(*pip, "--no-compile", "--target", tmp_path / "site", built.wheel, cwd=tmp_path)
    where = run("-c", USE, server.url, cwd=tmp_path, path=str(tmp_path / "site")).stdout
    assert Path(where.strip()).is_relative_to(tmp_path / "site")
    assert server.targets == ["POST /people/batch/upsert"]
    assert server.bodies == [b'{"inputs":["ada"]}']


@functools.cache
def place(module: str) -> Path:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def test_a_wheel_from_the_sdist_needs_no_generator(built: Built, tmp_path: Path) -> None:
    for module in BACKEND:
        (tmp_path / "backend").mkdir(exist_ok=True)
        (tmp_path / "backend" / module).symlink_to(place(module))
    folder = unpack(built.sdist, tmp_path / "sdist")
    # Without `site`, there is no site-packages and no editable install.
    path = str(tmp_path / "backend")
    run("-S", "-c", "import upsertgen", cwd=folder, path=path, code=1)
    run("-S", "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=folder, path=path)
    (wheel,) = tmp_path.glob("*.whl")
    assert in_wheel(wheel) == in_wheel(built.wheel)


def test_builds_are_the_same_byte_for_byte(built: Built, tmp_path: Path) -> None:
    folder = project(tmp_path / "another" / "place")
    os.utime(folder / "api/v1/people.yaml", (1_000_000_000, 1_000_000_000))
    hatchling(folder, "build_sdist")
    hatchling(folder, "build_wheel")
    for one in (built.wheel, built.sdist):
        assert (folder / "dist" / one.name).read_bytes() == one.read_bytes()


def metadata(wheel: Path) -> tuple[email.message.Message, str]:
    """Return what a wheel says of itself, and its entry points."""
    files = {name.partition(".dist-info/")[2]: text for name, text in in_wheel(wheel).items()}
    return email.message_from_bytes(files["METADATA"]), files["entry_points.txt"].decode()


def test_the_metadata_hook_gives_what_the_distribution_alone_would_have(built: Built) -> None:
    said, points = metadata(built.wheel)
    needed = [one.replace(" ", "").replace('"', "'") for one in said.get_all("Requires-Dist", [])]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(built.folder)
        assert upsertgen("generate", "--output", "alone").code == 0
    alone = fields_of((built.folder / "alone/pyproject.toml").read_text("utf-8"))
    shutil.rmtree(built.folder / "alone")
    assert {*alone["dependencies"], "attrs>=23"} <= set(needed)
    extras = alone["optional-dependencies"]
    assert set(said.get_all("Provides-Extra", [])) == {*extras, "cli", "plots"}
    assert {f"{one};extra=='sandbox'" for one in extras["sandbox"]} <= set(needed)
    assert {"tqdm;extra=='cli'", "matplotlib;extra=='plots'"} <= set(needed)
    assert "people = people_app:main" in points
    assert "[pytest11]\npeople_client = people_client.testing" in points


HOOKS = ROOT / ".pre-commit-hooks.yaml"


def test_the_hook_of_pre_commit_is_complete() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    texts = {"id", "name", "description", "entry", "language"}
    assert set(hook) == {*texts, "pass_filenames", "always_run"}
    assert all(isinstance(hook[key], str) and hook[key] for key in texts)
    assert (hook["id"], hook["language"]) == ("upsertgen-check", "python")
    # Which folders are concerned stands in a configuration that pre-commit does not read.
    assert (hook["pass_filenames"], hook["always_run"]) == (False, True)


def test_the_hook_of_pre_commit_runs(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "upsertgen"
    assert shutil.which(program, path=str(Path(sys.executable).parent)) is not None
    project(tmp_path)
    with contextlib.chdir(tmp_path):
        codes = [upsertgen(*one).code for one in (arguments, ["generate"], arguments)]
    assert codes == [1, 0, 0]
