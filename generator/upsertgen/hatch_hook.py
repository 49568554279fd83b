"""Hooks for hatchling: wheels and sdists of a project ship clients made from its specs.

A project with `[tool.upsertgen]` asks for them in its `pyproject.toml`:

    [build-system]
    requires = ["hatchling", "upsertgen"]
    build-backend = "hatchling.build"

    [project]
    requires-python = ">=3.11"
    dynamic = ["dependencies", "optional-dependencies", "scripts", "entry-points"]

    [tool.hatch.build.hooks.upsertgen]

    [tool.hatch.metadata.hooks.upsertgen]
    dependencies = ["attrs"]  # What the project needs itself.

The generated package lies beside the project's own in the wheel, and the second hook says what it needs,
with its extras, command and pytest plugin. An sdist holds the package too, and its `pyproject.toml` asks for
neither hook nor for upsertgen, so that installing from it needs no generator.

With `[tool.upsertgen.properties]`, the module that it names is brought up to date where it stands, and is
shipped even if version control ignores it. Where `[tool.upsertgen]` holds nothing else, there are no clients.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from hatchling.plugin import hookimpl

from upsertgen.configuration import (
    Settings,
    has_client_settings,
    locate_setting,
    read_configuration,
    read_toml,
)
from upsertgen.errors import InvalidInput, Location, quoted
from upsertgen.independent_sdist import CLIENTS, NAME, make_independent
from upsertgen.properties.run import write_module
from upsertgen.properties.settings import has_property_settings, read_property_settings
from upsertgen.run import Selection, exclusive_run, plan_output
from upsertgen.shipped_metadata import (
    FIELDS,
    HOOK,
    as_project,
    fields_of,
    missing_metadata,
    shipped_metadata,
)
from upsertgen.write import OutputFolder
from upsertgen.write.manifest import MANIFEST
from upsertgen.write.transaction import commit


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
        configuration = Path(self.root, "pyproject.toml")
        made = "clients"
        try:
            _refuse_hatch_toml(Path(self.root))
            if has_property_settings(configuration):
                made = "types of properties"
                build_data["artifacts"].append(f"/{_write_properties(configuration)}")
            made = "clients"
            if not has_client_settings(configuration):
                return
            settings = _settings(Path(self.root))
            self._refuse_own_package(settings)
            committed = settings.output
            if version != "editable":
                settings = replace(settings, output=Path(self._folder.name))
            _generate(configuration, settings)
        except InvalidInput as error:
            self._folder.cleanup()
            self.app.abort(f"{error.remedy}{error}\n{NAME}: the {made} cannot be generated")
            return
        package = settings.output / settings.package
        self._leave_out({committed, settings.output}, committed)
        if version == "editable":
            path = Path(self._folder.name, f"_{NAME}_{settings.package}.pth")
            path.write_text(f"{settings.output}\n", "utf-8")
            build_data["force_include_editable"][str(path)] = path.name
            # Or else hatchling misses the files of a project that has none but these.
            build_data["force_include"][str(path)] = path.name
        elif self.target_name == "sdist":
            target = f"{CLIENTS}/{settings.package}"
            build_data["force_include"][str(package)] = target
        else:
            # File by file, so that hatchling prefers them to what else is found at their place.
            for file in filter(Path.is_file, package.rglob("*")):
                target = file.relative_to(settings.output).as_posix()
                build_data["force_include"][str(file)] = target
        self._warn_of_missing_metadata(settings)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up, and make an sdist independent of the generator.

        Args:
            version: `standard`, or `editable` for an editable wheel.
            build_data: What was built from.
            artifact_path: The wheel or sdist.
        """
        self._folder.cleanup()
        if self.target_name == "sdist":
            configuration = Path(self.root, "pyproject.toml")
            ships_clients = has_client_settings(configuration)
            package = read_configuration(configuration).package if ships_clients else None
            dynamic, own = _left_to_hook(configuration)
            core = self.metadata.core.config
            given = {name: core[name] for name in FIELDS if name in dynamic and name in core}
            make_independent(Path(artifact_path), package, given if own is not None else {})

    def _refuse_own_package(self, settings: Settings) -> None:
        """Make sure that no package of the project's own has the name of the generated one.

        Raises:
            InvalidInput: There is one: of two packages of one name, Python finds only one.
        """
        root = Path(self.root)
        config = self.build_config
        named = config.target_config.get("packages", config.build_config.get("packages", []))
        folders = {root, root / "src", *((root / one).parent for one in named)}
        for folder in sorted(folders - {settings.output}):
            inside, module = folder / settings.package, folder / f"{settings.package}.py"
            found = next(inside.rglob("*.py"), module if module.is_file() else None)
            if found is not None:
                raise InvalidInput.at(
                    locate_setting(root / "pyproject.toml", "package"),
                    f"the generated package is called {quoted(settings.package)}, and so is what "
                    f"{quoted(found.relative_to(root).as_posix())} belongs to",
                    "a name of its own for the generated package",
                    "set another 'package', or move what is written by hand into another package",
                )

    def _leave_out(self, folders: set[Path], committed: Path) -> None:
        """Have hatchling pass over the files of an output folder in the project: fresh ones are shipped."""
        root = Path(self.root).resolve()
        if root not in committed.resolve().parents:
            return
        names = {
            MANIFEST,
            *(name for one in folders for name in OutputFolder(one).manifest.outputs),
        }
        place = committed.resolve().relative_to(root).as_posix()
        config = self.build_config
        own = config.target_config.get("exclude", config.build_config.get("exclude", []))
        patterns = (
            re.sub(r"([\\*?\[\]!# ])", r"\\\1", f"/{place}/{name}") for name in sorted(names)
        )
        config.target_config["exclude"] = [*own, *patterns]

    def _warn_of_missing_metadata(self, settings: Settings) -> None:
        core = self.metadata.core
        declared = {
            "dependencies": core.dependencies,
            "optional-dependencies": core.optional_dependencies,
            "scripts": core.scripts,
            "entry-points": core.entry_points,
        }
        generated = (settings.output / "pyproject.toml").read_text("utf-8")
        if not core.requires_python:
            python = quoted(tomllib.loads(generated)["project"]["requires-python"])
            self.app.display_warning(
                "pyproject.toml: [project] has no requires-python, and pip installs what is built where "
                f"the package {settings.package} cannot run; expected what it needs; "
                f"add requires-python = {python}"
            )
        missing = missing_metadata(declared, fields_of(generated))
        if missing:
            names = ", ".join(f'"{one}"' for one in missing)
            self.app.display_warning(
                f"pyproject.toml: [project] does not say what the package {settings.package} needs; "
                f"expected its {', '.join(missing)}; set dynamic = [{names}] and add the table "
                f"[{HOOK}], which gives them and holds the project's own, or add:\n\n"
                f"{as_project(missing)}\n"
            )


class UpsertgenMetadataHook(MetadataHookInterface):
    """Says what the generated package of a project needs, in the fields that the project leaves to it."""

    PLUGIN_NAME = NAME

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill the fields that are dynamic, or say what is wrong and stop the build.

        Args:
            metadata: The table `[project]`.
        """
        configuration = Path(self.root, "pyproject.toml")
        dynamic = list(metadata.get("dynamic", ()))
        try:
            ships = has_client_settings(configuration)
            settings = _settings(Path(self.root)) if ships else None
            metadata.update(shipped_metadata(configuration, self.config, dynamic, settings))
        except InvalidInput as error:
            print(
                f"{error.remedy}{error}\n{NAME}: the clients cannot be generated",
                file=sys.stderr,
            )
            sys.exit(1)


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface[Any]]:
    """Tell hatchling about the hook."""
    return UpsertgenBuildHook


@hookimpl
def hatch_register_metadata_hook() -> type[MetadataHookInterface]:
    """Tell hatchling about the hook."""
    return UpsertgenMetadataHook


def _left_to_hook(configuration: Path) -> tuple[list[str], dict[str, Any] | None]:
    """Return the dynamic fields of a project, and the table of the metadata hook if it is there."""
    data = read_toml(configuration)
    hatch = data.get("tool", {}).get("hatch", {})
    own = hatch.get("metadata", {}).get("hooks", {}).get(NAME)
    return list(data["project"].get("dynamic", ())), own


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
        # Pages of documentation are no part of what is built, and the record of public names is left to who
        # reviews it.
        commit(plan_output(replace(settings, docs=False), Selection(), silent).change())


def _write_properties(configuration: Path) -> str:
    """Bring the module of properties up to date, and return its path in the project.

    Raises:
        InvalidInput: A file of properties or a setting is wrong, or the module is not in the project.
    """
    settings = read_property_settings(configuration).with_flags((), None, {})
    output = (settings.output or Path()).absolute()
    root = configuration.parent.resolve()
    if root not in output.parents:
        raise InvalidInput.at(
            settings.locate("output"),
            f"the module {quoted(output.as_posix())} is not in the project, and cannot be shipped",
            "a module of a package of the project",
            "correct it",
        )
    write_module(settings, lambda: None)
    return output.relative_to(root).as_posix()


def _refuse_hatch_toml(root: Path) -> None:
    """Make sure that the hook is asked for in a file that it can be taken out of.

    Raises:
        InvalidInput: It is asked for in a `hatch.toml`.
    """
    path = root / "hatch.toml"
    build = tomllib.loads(path.read_text("utf-8")).get("build", {}) if path.is_file() else {}
    if any(NAME in one.get("hooks", {}) for one in (build, *build.get("targets", {}).values())):
        raise InvalidInput.at(
            Location(path.name),
            "the build hook is asked for here, and an sdist could not be installed without upsertgen",
            "the table [tool.hatch.build.hooks.upsertgen] in pyproject.toml",
            "move it there",
        )
