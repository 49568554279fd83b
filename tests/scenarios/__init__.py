"""Small specs, one folder for each shape that OpenAPI allows, beside the output that is expected of them.

    nullable/specs/v1/*.yaml     the spec
    nullable/expected/v1/*.py    what is generated from it, as far as it depends on the scenario

`python -m tests.scenarios.update` (`make golden`) rewrites the expected output; look at the diff.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.run import Selection, plan_output

FOLDER = Path(__file__).parent
PACKAGE = "example"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/specs"))

# What only some scenarios change, and is compared for these alone.
_ALSO_COMPARED = {
    "policies": ["_policies.py"],
    "reserved_words": ["v1/client.py"],
    "texts": ["v1/__init__.py", "v1/client.py"],
    "upserts": ["v1/client.py"],
}


def generate(name: str, output: Path) -> Path:
    """Generate a scenario into a folder, in this process, and return the folder of its package."""
    settings = Settings(specs=FOLDER / name / "specs", output=output, package=PACKAGE, jobs=1)
    folder, plan = plan_output(
        settings.with_flags({}), Selection(), lambda stage, done, total: None
    )
    folder.apply(plan)
    return output / PACKAGE


def compared(name: str, package: Path) -> dict[str, str]:
    """Return the files of a generated package that are compared, by their path in it."""
    paths = [
        path.relative_to(package).as_posix()
        for path in package.glob("v*/*.py")
        if path.name not in {"__init__.py", "client.py"}
    ]
    return {
        path: (package / path).read_text("utf-8")
        for path in sorted([*paths, *_ALSO_COMPARED.get(name, [])])
    }


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
        call = getattr(self.module(f"v1.{resource}"), f"_{operation}")(**arguments)
        return self.module("_runtime.request").build_request("https://api.example.com", call)

    def decode(self, method: str, status: str, body: str) -> Any:
        """Return what a method of v1 makes of an answer with this status, or of an `error`."""
        resource, _, operation = method.partition(".")
        operations = vars(self.module(f"v1.{resource}"))
        operation = operations[f"_{operation.upper()}"]
        decode = operation.error if status == "error" else operation.responses[status]
        return decode(body.encode())

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
