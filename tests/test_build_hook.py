"""Builds of a project downstream: wheels and sdists with fresh clients, that need no generator."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hatchling import build as hatchling_backend
from upsertgen.hatch_hook import independent_pyproject, missing_dependencies

from tests.command_line import contents, upsertgen, write_files
from tests.servers import Server

ROOT = Path(__file__).parent.parent
PYPROJECT = """\
# The people project.
[build-system]
requires = ["hatchling", "upsertgen"] # both
build-backend = "hatchling.build"

[project]
name = "people-app"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["httpcore2", "httpx2", "Pydantic>=2", "pydantic-core", "tenacity"]

[tool.hatch.build.targets.wheel]
packages = ["people_app"]

[tool.hatch.build.hooks.upsertgen]

[tool.upsertgen]
specs = "api"
output = "client"
package = "people_client"
jobs = 1
"""
SPEC = """\
openapi: 3.0.3
info: {title: People, version: v1}
servers:
  - url: https://api.example.com
paths:
  /people/batch/upsert:
    post:
      operationId: batch_upsert
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [inputs]
              properties: {inputs: {type: array, items: {type: string}}}
      responses: {"204": {description: Done.}}
"""
PROJECT: Mapping[str, str] = {
    "pyproject.toml": PYPROJECT,
    "people_app/__init__.py": "from people_client.v1 import Client\n",
    "api/v1/people.yaml": SPEC,
}
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


def run(
    *program: str | Path, cwd: Path, path: str = "", code: int = 0
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, *map(str, program)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (result.returncode != 0) == bool(code), result.stdout + result.stderr
    return result


def hatchling(folder: Path, hook: str) -> str:
    """Call a hook of the backend as a frontend does, but in this process, and return what it said."""
    said = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        getattr(hatchling_backend, hook)("dist")
    return said.getvalue()


def hatchling_fails(folder: Path, target: str) -> str:
    """Fail to build in a process of the backend, and return what it said."""
    result = run("-m", "hatchling", "build", "-t", target, "-d", "dist", cwd=folder, code=1)
    return result.stdout + result.stderr


def project(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    write_files(folder, {**PROJECT, **(changes or {})})
    return folder


def in_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def in_sdist(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as sdist:
        found = {one.name.partition("/")[2]: sdist.extractfile(one) for one in sdist}
        return {name: file.read() for name, file in found.items() if file is not None}


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
    (built.folder / "api" / "names.lock.yaml").unlink()
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
    assert {name: files[name] for name in files if name.startswith("people_client/")} == generated
    assert files["api/v1/people.yaml"] == SPEC.encode()


def test_a_build_leaves_nothing_in_the_project(built: Built, generated: dict[str, bytes]) -> None:
    assert generated
    left = {path for path in contents(built.folder) if not path.startswith("dist/")}
    assert left == set(PROJECT)


def test_the_pyproject_of_an_sdist_asks_for_no_generator(built: Built) -> None:
    text = in_sdist(built.sdist)["pyproject.toml"].decode()
    data = tomllib.loads(text)
    assert data["build-system"]["requires"] == ["hatchling"]
    assert "hooks" not in data["tool"]["hatch"]["build"]
    assert data["project"] == tomllib.loads(PYPROJECT)["project"]
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
    with tarfile.open(built.sdist) as sdist:
        # Python 3.11 has filters from 3.11.4 on, and later versions want one.
        if hasattr(tarfile, "data_filter"):
            sdist.extraction_filter = tarfile.data_filter
        sdist.extractall(tmp_path / "sdist")
    (folder,) = (tmp_path / "sdist").iterdir()
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


def test_a_broken_spec_stops_the_build(tmp_path: Path) -> None:
    broken = SPEC.replace("type: array, items", "type: arrray, items")
    folder = project(tmp_path, {"api/v1/people.yaml": broken})
    said = hatchling_fails(folder, "wheel")
    assert re.search(r"^\S*api/v1/people\.yaml:16:\d+: .*arrray.*; expected .*; ", said, re.M), said
    assert "upsertgen: the clients cannot be generated" in said
    assert "Traceback" not in said
    assert not list((folder / "dist").glob("*"))


def test_a_name_that_would_vanish_stops_the_build(tmp_path: Path) -> None:
    lock = tmp_path / "api/names.lock.yaml"
    folder = project(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert upsertgen("generate").code == 0
    before = lock.read_bytes()
    (folder / "api/v1/people.yaml").rename(folder / "api/v1/persons.yaml")
    said = hatchling_fails(folder, "wheel")
    assert "v1.people" in said
    assert "[[tool.upsertgen.renames]]" in said
    assert lock.read_bytes() == before


def test_missing_dependencies_are_told(tmp_path: Path) -> None:
    text = PYPROJECT.replace(
        '"httpcore2", "httpx2", "Pydantic>=2", "pydantic-core", "tenacity"', '"Pydantic>=2"'
    )
    said = hatchling(project(tmp_path, {"pyproject.toml": text}), "build_wheel")
    (line,) = [one for one in said.splitlines() if "depend" in one]
    assert line.startswith("pyproject.toml: the package people_client imports what the project ")
    names = "httpcore2", "httpx2", "pydantic-core", "tenacity"
    added = ", ".join(f'"{name}>=[\\d.]+"' for name in names)
    assert re.search(f"add {added} to dependencies", line), line


def test_dependencies_are_compared_by_their_normal_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": '[project]\ndependencies = ["a-b>=1", "c"]\n'})
    assert missing_dependencies(tmp_path, ["A_b"]) == ["c"]
    assert missing_dependencies(tmp_path, ["a.b[x]>=3", "C ; python_version > '3'"]) == []


def test_a_hook_in_hatch_toml_is_refused(tmp_path: Path) -> None:
    text = PYPROJECT.replace("[tool.hatch.build.hooks.upsertgen]\n", "")
    wheel = '[build.targets.wheel]\npackages = ["people_app"]\n'
    files = {"pyproject.toml": text, "hatch.toml": wheel + "[build.hooks.upsertgen]\n"}
    said = hatchling_fails(project(tmp_path, files), "sdist")
    assert "hatch.toml:1:1: the build hook is asked for here" in said
    assert "Traceback" not in said


def test_an_editable_install_uses_the_output_folder(tmp_path: Path) -> None:
    text = PYPROJECT.replace(
        "[tool.hatch.build.hooks",
        '[tool.hatch.build]\ndev-mode-dirs = ["."]\n\n[tool.hatch.build.hooks',
    )
    folder = project(tmp_path / "project", {"pyproject.toml": text})
    hatchling(folder, "build_editable")
    (wheel,) = (folder / "dist").glob("*.whl")
    files = in_wheel(wheel)
    assert files["_people_client.pth"].decode().splitlines() == [str(folder / "client")]
    assert not any(name.startswith("people_client/") for name in files)
    assert (folder / "client/people_client/v1/people.py").is_file()


@pytest.mark.parametrize(
    "requires",
    ['["hatchling", "upsertgen"]', '["Upsertgen[x]>=0.1 ; os_name != \'q\'","hatchling"]'],
)
def test_the_rest_of_a_pyproject_stays(requires: str) -> None:
    text = (
        f"[build-system]\nrequires = {requires}  # all\n\n[tool.other]\nx = 1 # one\n\n"
        "[tool.hatch.build.targets.sdist.hooks.upsertgen]\n\n"
        '[tool.hatch.build.hooks.vcs]\nversion-file = "v.py"\n'
    )
    changed = independent_pyproject(text, "a_client")
    data = tomllib.loads(changed)
    assert data["build-system"]["requires"] == ["hatchling"]
    assert data["tool"]["other"] == {"x": 1}
    assert data["tool"]["hatch"]["build"] == {
        "hooks": {"vcs": {"version-file": "v.py"}},
        "targets": {"wheel": {"force-include": {"a_client": "a_client"}}},
    }
    assert "# all" in changed
    assert "x = 1 # one" in changed


HOOKS = ROOT / ".pre-commit-hooks.yaml"


def test_the_hook_of_pre_commit_is_complete() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    texts = {"id", "name", "description", "entry", "language", "files"}
    assert set(hook) == {*texts, "pass_filenames"}
    assert all(isinstance(hook[key], str) and hook[key] for key in texts)
    assert (hook["id"], hook["language"]) == ("upsertgen-check", "python")
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        ("specs/v1/contacts.yaml", True),
        ("specs/2026-09/line-items.yml", True),
        ("services/crm/specs/v1/contacts.json", True),
        ("specs/overlays/corrections.yaml", True),
        ("specs/names.lock.yaml", True),
        ("pyproject.toml", True),
        ("services/crm/pyproject.toml", True),
        ("specs/README.md", False),
        ("src/app.py", False),
        ("myspecs/a.yaml", False),
        ("docs/a.yaml", False),
        ("mypyproject.toml", False),
        ("specs/v1/contacts.yaml.orig", False),
    ],
)
def test_the_hook_of_pre_commit_looks_at_specs(path: str, concerned: bool) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    # As pre-commit does it.
    assert (re.search(hook["files"], path) is not None) == concerned


def test_the_hook_of_pre_commit_runs(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "upsertgen"
    assert shutil.which(program, path=str(Path(sys.executable).parent)) is not None
    project(tmp_path)
    with contextlib.chdir(tmp_path):
        codes = [upsertgen(*one).code for one in (arguments, ["generate"], arguments)]
    assert codes == [1, 0, 0]
