"""Small specs, one folder for each shape that OpenAPI allows, beside the output that shows what becomes of it.

    nullable/specs/v1/*.yaml     the spec
    nullable/expected/v1/*.py    the generated modules that show what the scenario is about

`python -m tests.scenarios.update` (`make golden`) rewrites the expected output; look at the diff. A new
scenario that is named gets all its modules: keep those that show what no other does, and what the tables in
`test_scenario_calls.py` and `test_scenario_models.py` do not say.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.run import Selection, plan_output

from tests.servers import Caller

FOLDER = Path(__file__).parent
PACKAGE = "example"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/specs"))


def generate(name: str, output: Path) -> Path:
    """Generate a scenario into a folder, in this process, and return the folder of its package."""
    settings = Settings(specs=FOLDER / name / "specs", output=output, package=PACKAGE, jobs=1)
    plan_output(settings.with_flags({}), Selection(), lambda stage, done, total: None).apply()
    return output / PACKAGE


def modules(package: Path) -> dict[str, str]:
    """Return the modules of a generated package that depend on its specs, by their path in it."""
    paths = [package / "_policies.py", *package.glob("v*/*.py")]
    return {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in sorted(paths)}


def expected(name: str) -> dict[str, str]:
    """Return the files that a scenario expects, by their path in the package."""
    folder = FOLDER / name / "expected"
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


class Scenario:
    """A generated scenario whose modules can be imported: each scenario as a package of its own.

    Attributes:
        folder: The folder of the generated package.

    Args:
        name: The name of the scenario.
        folder: The folder of the generated package.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._package = f"scenario_{name}"
        self.folder = folder

    def module(self, path: str) -> Any:
        """Import a module by its dotted path in the package."""
        if self._package not in sys.modules:
            self._import_package()
        return importlib.import_module(f"{self._package}.{path}")

    def model(self, name: str, version: str = "v1") -> Any:
        """Return a model by its name."""
        return getattr(self.module(f"{version}.models"), name)

    def request(self, method: str, /, **arguments: Any) -> Any:
        """Return the request that a method such as `contacts.batch_upsert` of v1 sends."""
        resource, _, operation = method.partition(".")
        call = getattr(self.module(f"v1.{resource}"), f"_call_{operation}")(**arguments)
        return self.module("_runtime.operation").build_request("https://api.example.com", call)

    def operation(self, method: str) -> Any:
        """Return the operation that a method such as `contacts.batch_upsert` of v1 calls."""
        resource, _, operation = method.partition(".")
        return vars(self.module(f"v1.{resource}"))[f"_{operation.upper()}"]

    def answered(
        self, method: str, status: int, body: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Any:
        """Return what a method of v1 makes of an answer, or the exception that it raises.

        Args:
            method: Such as `contacts.batch_upsert`.
            status: The status of the only answer.
            body: Its body.
            headers: Its headers, by their names in lower case.
        """
        attempt = self.module("_runtime.answer").Answer(status, headers, body.encode())
        conclude = self.module("_runtime.result").conclude
        try:
            return conclude(self.operation(method), attempt, 1, now=0.0)
        except self.module("errors").ApiError as error:
            return error

    def call(self, kind: str, url: str, method: str, /, **arguments: Any) -> Any:
        """Call a method of v1 through a synchronous or an asynchronous client."""
        version, (resource, _, name) = self.module("v1"), method.partition(".")
        return Caller(kind, version.Client, version.AsyncClient).call(
            lambda client: getattr(getattr(client, resource), name)(**arguments), base_url=url
        )

    def _import_package(self) -> ModuleType:
        # Inside a generated package all imports are relative, so that it can be imported by any name.
        spec = importlib.util.spec_from_file_location(
            self._package,
            self.folder / "__init__.py",
            submodule_search_locations=[str(self.folder)],
        )
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules[self._package] = package
        spec.loader.exec_module(package)
        return package
