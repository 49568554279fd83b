"""The projects of vendors, generated, and loads through their clients, in this process and in others."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.command_line import upsertgen
from tests.servers import Caller

FOLDER = Path(__file__).parent
VERSIONS = {"vectors": "v2025_10", "crm": "v8", "profiles": "v2025_10_15"}
RESOURCES = {"vectors": "vectors", "crm": "records", "profiles": "profiles"}
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
_LOAD = """\
import importlib, json, sys
given = json.load(sys.stdin)
client = importlib.import_module(given["version"]).Client
with client(given["token"], base_url=given["url"]) as client:
    print(getattr(client, given["resource"]).upsert(given["records"], **given["options"]))
"""


def generate(name: str, folder: Path) -> None:
    """Generate a project, in a copy of it."""
    shutil.copytree(FOLDER / name, folder, dirs_exist_ok=True)
    with contextlib.chdir(folder):
        done = upsertgen("generate", "--jobs", "1")
    assert done.code == 0, done.err
    assert "note: " not in done.err, done.err


@dataclass(frozen=True)
class Project:
    """A project that was generated, and whose package can be imported.

    Attributes:
        name: Its name.
        folder: Where it is.
    """

    name: str
    folder: Path

    @property
    def package(self) -> str:
        """The name of its package."""
        return f"{self.name}_upsert"

    @property
    def output(self) -> Path:
        """Where its distribution is."""
        return self.folder / "generated"

    def module(self, path: str) -> Any:
        """Import a module by its dotted path in the package."""
        return importlib.import_module(f"{self.package}.{path}")

    @property
    def version(self) -> Any:
        """The package of its only version, which has the clients."""
        return self.module(VERSIONS[self.name])

    def upsert(
        self,
        kind: str,
        url: str,
        token: Any,
        records: Iterable[Any],
        *,
        client_options: Mapping[str, Any] = _NO_OPTIONS,
        **options: Any,
    ) -> Any:
        """Upsert records through a synchronous or an asynchronous client, and return the report."""
        caller = Caller(kind, self.version.Client, self.version.AsyncClient)
        return caller.call(
            lambda client: getattr(client, RESOURCES[self.name]).upsert(records, **options),
            token=token,
            base_url=url,
            **client_options,
        )

    def start(
        self, url: str, token: str, records: Iterable[Any], **options: Any
    ) -> subprocess.Popen[str]:
        """Upsert records in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-c", _LOAD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(self.output)},
        )
        given = {
            "version": f"{self.package}.{VERSIONS[self.name]}",
            "resource": RESOURCES[self.name],
            "token": token,
            "url": url,
            "records": list(records),
            "options": options,
        }
        assert process.stdin is not None
        json.dump(given, process.stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def command(self, *arguments: str | Path) -> int:
        """Run the command of the package in this process, and return its exit code."""
        run, catalogue = self.module("_cli.entry").run_command, self.module("_cli.catalogue")
        code: int = run(catalogue.CATALOGUE, [*map(str, arguments)])
        return code


def statuses(report: Any) -> list[str]:
    """What became of each record."""
    return [str(one.status) for one in report.outcomes]
