"""A build hook for hatchling: wheels and sdists of a project ship clients made from its specs.

A project with `[tool.upsertgen]` asks for it in its `pyproject.toml`:

    [build-system]
    requires = ["hatchling", "upsertgen"]
    build-backend = "hatchling.build"

    [tool.hatch.build.hooks.upsertgen]

The generated package lies beside the project's own in the wheel. An sdist holds it too, and its
`pyproject.toml` asks for neither the hook nor upsertgen, so that installing from it needs no generator.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from upsertgen.configuration import Settings, read_configuration
from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.run import Selection, exclusive_run, plan_output
from upsertgen.write.transaction import commit

NAME = "upsertgen"


class UpsertgenBuildHook(BuildHookInterface[Any]):
    """Generates the clients of a project while it is built."""

    PLUGIN_NAME = NAME

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate the package and add it to what is built, or say what is wrong and stop the build.

        An editable install uses the output folder, so that what is generated later is seen at once.

        Args:
            version: `standard`, or `editable` for an editable wheel.
            build_data: What hatchling builds from.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="upsertgen-")
        try:
            _refuse_hatch_toml(Path(self.root))
            settings = _settings(Path(self.root))
            if version != "editable":
                settings = replace(settings, output=Path(self._folder.name))
            _generate(Path(self.root, "pyproject.toml"), settings)
        except InvalidInput as error:
            self._folder.cleanup()
            self.app.abort(f"{error.remedy}{error}\n{NAME}: the clients cannot be generated")
            return
        if version == "editable":
            path = Path(self._folder.name, f"_{settings.package}.pth")
            path.write_text(f"{settings.output}\n", "utf-8")
            build_data["force_include_editable"][str(path)] = path.name
        else:
            package = settings.output / settings.package
            build_data["force_include"][str(package)] = settings.package
        missing = missing_dependencies(settings.output, self.metadata.core.dependencies)
        if missing:
            names = ", ".join(f'"{one}"' for one in missing)
            self.app.display_warning(
                f"pyproject.toml: the package {settings.package} imports what the project does not "
                f"depend on; expected dependencies on it; add {names} to dependencies in [project]"
            )

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up, and make an sdist independent of the generator.

        Args:
            version: `standard`, or `editable` for an editable wheel.
            build_data: What was built from.
            artifact_path: The wheel or sdist.
        """
        self._folder.cleanup()
        if self.target_name == "sdist":
            _make_independent(Path(artifact_path), _settings(Path(self.root)).package)


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface[Any]]:
    """Tell hatchling about the hook."""
    return UpsertgenBuildHook


def _settings(root: Path) -> Settings:
    """Return the settings of a project, with paths that do not depend on the current folder."""
    settings = read_configuration(root / "pyproject.toml")
    return replace(
        settings,
        specs=settings.specs.resolve(),
        output=settings.output.absolute(),
        templates=settings.templates.resolve() if settings.templates is not None else None,
    )


def _generate(configuration: Path, settings: Settings) -> None:
    def silent(stage: str, done: int, total: int) -> None:
        pass

    with exclusive_run(configuration, lambda: settings, silent):
        folder, plan = plan_output(settings, Selection(), silent)
        # The record of public names is left to who reviews it.
        commit(folder.change(plan))


def _refuse_hatch_toml(root: Path) -> None:
    """Make sure that the hook is asked for in a file that it can be taken out of.

    Raises:
        InvalidInput: It is asked for in a `hatch.toml`.
    """
    path = root / "hatch.toml"
    build = tomllib.loads(path.read_text("utf-8")).get("build", {}) if path.is_file() else {}
    if any(NAME in one.get("hooks", {}) for one in (build, *build.get("targets", {}).values())):
        problem = Problem(
            Location(path.name),
            "the build hook is asked for here, and an sdist could not be installed without upsertgen",
            "the table [tool.hatch.build.hooks.upsertgen] in pyproject.toml",
            "move it there",
        )
        raise InvalidInput([problem])


def missing_dependencies(generated: Path, declared: list[str]) -> list[str]:
    """Return what a generated distribution depends on and a project that ships its package does not.

    Args:
        generated: The folder of the distribution.
        declared: The dependencies of the project.
    """
    project = tomllib.loads((generated / "pyproject.toml").read_text("utf-8"))["project"]
    known = {canonicalize_name(Requirement(one).name) for one in declared}
    return [
        one
        for one in project.get("dependencies", [])
        if canonicalize_name(Requirement(one).name) not in known
    ]


def independent_pyproject(text: str, package: str) -> str:
    """Return a `pyproject.toml` that ships a generated package and does not ask for the generator.

    Args:
        text: The `pyproject.toml` of the project.
        package: The name of the generated package, which lies beside the file.
    """
    document: Any = tomlkit.parse(text)
    requires = document["build-system"]["requires"]
    for index in reversed(range(len(requires))):
        if canonicalize_name(Requirement(requires[index]).name) == NAME:
            del requires[index]
    build = document["tool"]["hatch"]["build"]
    for holder in (build, *build.get("targets", {}).values()):
        hooks = holder.get("hooks", {})
        hooks.pop(NAME, None)
        if "hooks" in holder and not hooks:
            del holder["hooks"]
    included = (
        build.setdefault("targets", {}).setdefault("wheel", {}).setdefault("force-include", {})
    )
    included[package] = package
    return tomlkit.dumps(document)


def _make_independent(sdist: Path, package: str) -> None:
    """Replace the `pyproject.toml` in an sdist, and keep everything else of it as it is."""
    rewritten = io.BytesIO()
    with tarfile.open(sdist) as old, tarfile.open(fileobj=rewritten, mode="w") as new:
        for member in old.getmembers():
            file = old.extractfile(member) if member.isfile() else None
            content = file.read() if file is not None else None
            if content is not None and member.name.split("/")[1:] == ["pyproject.toml"]:
                content = independent_pyproject(content.decode(), package).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content) if content is not None else None)
    with gzip.GzipFile(sdist, "wb", mtime=int(os.environ.get("SOURCE_DATE_EPOCH", "0"))) as archive:
        archive.write(rewritten.getvalue())
