"""What is in the wheels, and that a downstream project can do with them what it should."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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
CONFIGURATION = """\
[tool.upsertgen]
specs = "api"
output = "client"
package = "people_client"
"""
USE = """\
from people_client.v1 import Client
print(Client("token").people.batch_upsert.__module__)
"""


def build(folder: Path, target: Path) -> zipfile.ZipFile:
    """Build a wheel with the backend that `pyproject.toml` names, without downloading it again."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def dependencies(wheel: zipfile.ZipFile) -> list[str]:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(wheel.read(name))
    return metadata.get_all("Requires-Dist", [])


def run(program: list[str], folder: Path, *paths: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    result = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_of_the_client_is_complete_and_needs_little(tmp_path: Path) -> None:
    with build(ROOT / "generated", tmp_path) as wheel:
        names = set(wheel.namelist())
        needed = dependencies(wheel)
    sources = {
        path.relative_to(ROOT / "generated").as_posix()
        for path in (ROOT / "generated" / "hubspot_upsert").rglob("*")
        if path.suffix in {".py", ".typed", ".json", ".html"}
    }
    assert "hubspot_upsert/py.typed" in sources
    assert {name for name in names if ".dist-info/" not in name} == sources
    always = [one for one in needed if "extra ==" not in one]
    assert sorted(one.partition(">")[0] for one in always) == [
        "httpcore2",
        "httpx2",
        "pydantic",
        "pydantic-core",
        "tenacity",
    ]
    assert all(">=" in one for one in needed)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the generator, unpacked: what an installation would put on the path."""
    target = tmp_path_factory.mktemp("unpacked")
    with build(ROOT, tmp_path_factory.mktemp("wheel")) as wheel:
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
    (tmp_path / "api" / "v1").mkdir(parents=True)
    (tmp_path / "api" / "v1" / "people.yaml").write_text(SPEC, "utf-8")
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION, "utf-8")
    where = run(["-c", "import upsertgen; print(upsertgen.__file__)"], tmp_path, unpacked)
    assert Path(where.strip()).is_relative_to(unpacked)
    run(["-m", "upsertgen", "generate"], tmp_path, unpacked)
    run(["-m", "upsertgen", "generate", "--check"], tmp_path, unpacked)
    assert run(["-c", USE], tmp_path, tmp_path / "client") == "people_client.v1.people\n"
    with build(tmp_path / "client", tmp_path / "dist") as wheel:
        assert "people_client/v1/people.py" in wheel.namelist()
