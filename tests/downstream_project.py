"""A project downstream that ships clients: its files, how it is built, and what comes of it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hatchling import build as hatchling_backend

from tests.command_line import write_files

PYPROJECT = """\
# The people project.
[build-system]
requires = ["hatchling", "upsertgen"] # both
build-backend = "hatchling.build"

[project]
name = "people-app"
version = "1.2.0"
requires-python = ">=3.11"
dynamic = ["dependencies", "optional-dependencies", "scripts", "entry-points"]

[tool.hatch.build.targets.wheel]
packages = ["people_app"]

[tool.hatch.build.hooks.upsertgen]

[tool.hatch.metadata.hooks.upsertgen]
dependencies = ["attrs>=23"]
optional-dependencies = { cli = ["tqdm"], plots = ["matplotlib"] }
scripts = { people = "people_app:main" }

"""
SETTINGS = """\
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
STOCK = """\
openapi: 3.0.3
info: {title: Stock, version: v1}
servers: [{url: https://api.example.com}]
paths:
  /items/upsert:
    post:
      operationId: batch_upsert
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Rows"}}}
      responses:
        "200":
          description: Done.
          content: {application/json: {schema: {$ref: "#/components/schemas/Answer"}}}
      x-upsert: {inputs: rows, key: sku, results: rows, created: created}
components:
  schemas:
    Rows:
      type: object
      required: [rows]
      properties:
        rows:
          type: array
          maxItems: 50
          items: {type: object, required: [sku], properties: {sku: {type: string}}}
    Answer:
      type: object
      required: [rows]
      properties:
        rows:
          type: array
          items:
            type: object
            required: [sku]
            properties: {sku: {type: string}, created: {type: boolean}}
"""
"""A spec with what makes a command, a sandbox and a plugin for pytest."""
PROJECT: Mapping[str, str] = {
    "pyproject.toml": PYPROJECT + SETTINGS,
    "people_app/__init__.py": "from people_client.v1 import Client\n",
    "api/v1/people.yaml": SPEC,
    "api/v1/stock.yaml": STOCK,
}


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


def build(folder: Path, target: Path) -> Path:
    """Build a wheel with the backend that `pyproject.toml` names, without downloading it again."""
    run("-m", "hatchling", "build", "-t", "wheel", "-d", target, cwd=folder)
    (wheel,) = target.glob("*.whl")
    return wheel


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
    return write_files(folder, {**PROJECT, **(changes or {})})


def in_wheel(path: Path) -> dict[str, bytes]:
    """Return what a wheel holds; its order, and so that of the lines of RECORD, means nothing."""
    with zipfile.ZipFile(path) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}
    return {
        name: b"\n".join(sorted(text.splitlines())) if name.endswith("/RECORD") else text
        for name, text in files.items()
    }


def in_sdist(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as sdist:
        found = {one.name.partition("/")[2]: sdist.extractfile(one) for one in sdist}
        return {name: file.read() for name, file in found.items() if file is not None}


def unpack(path: Path, target: Path) -> Path:
    with tarfile.open(path) as sdist:
        # Python 3.11 has filters from 3.11.4 on, and later versions want one.
        if hasattr(tarfile, "data_filter"):
            sdist.extraction_filter = tarfile.data_filter
        sdist.extractall(target)
    (folder,) = target.iterdir()
    return folder
