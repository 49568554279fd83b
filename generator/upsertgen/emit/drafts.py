"""Every file of the distribution as text, before it is formatted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version as installed_version
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.emit.classes import ClassesModule, class_names, classes_module
from upsertgen.emit.encode import comment, raw
from upsertgen.emit.models import GeneratedClasses
from upsertgen.emit.proof import Expectation
from upsertgen.emit.readme import readme_example
from upsertgen.emit.resources import expected_definitions, policy_name, resource_view
from upsertgen.emit.templates import TemplateFile, Templates
from upsertgen.ir.tree import Api, Version

PINNED = ("black", "datamodel-code-generator")
"""The tools whose version decides about the output, byte for byte."""

_RUNTIME = ".._runtime.models"


@dataclass(frozen=True)
class Draft:
    """A file before it is formatted.

    Attributes:
        path: Its path in the output folder, with `/`.
        text: Its contents.
        rendered: The digest of what it is made from.
        specs: The spec files it comes from, by their path inside the specs folder; empty for all.
        template: The template it comes from.
        expectation: What it must define; nothing for a file that is not formatted.
    """

    path: str
    text: str
    rendered: str
    specs: tuple[str, ...]
    template: str
    expectation: Expectation | None = None


@dataclass(frozen=True)
class PlannedClasses:
    """A module of classes that may have to be generated.

    Attributes:
        version: The version it belongs to.
        classes: What it consists of.
        rendered: The digest of everything it is made from.
        template: The template it is laid out with.
    """

    version: Version
    classes: ClassesModule
    rendered: str
    template: TemplateFile


@cache
def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that decide about the output, without importing them."""
    return {name: installed_version(name) for name in PINNED}


class Drafts:
    """Renders the files of a distribution.

    Args:
        api: What to emit.
        templates: How to lay it out.
        settings: How to call it.
    """

    def __init__(self, api: Api, templates: Templates, settings: Settings) -> None:
        self._api = api
        self._templates = templates
        self._settings = settings
        resources = sum(len(version.resources) for version in api.versions)
        self.count = resources + 4 * len(api.versions) + 4 + len(templates.plain_files())

    def classes_modules(self) -> dict[str, PlannedClasses]:
        """Return the modules of models and TypedDicts, by their path."""
        modules: dict[str, PlannedClasses] = {}
        for version in self._api.versions:
            for typed_dicts, name in ((False, "models.py"), (True, "typed_dicts.py")):
                template = self._templates.files[f"package/version/{name}.jinja"]
                classes = classes_module(self._api, version, typed_dicts=typed_dicts)
                parts = json.dumps(
                    [asdict(classes), raw(version.label)], sort_keys=True, default=sorted
                )
                rendered = _digest(
                    parts, template.path.read_text("utf-8"), *tool_versions().values()
                )
                modules[self._path(version, name)] = PlannedClasses(
                    version, classes, rendered, template
                )
        return modules

    def classes(
        self, path: str, module: PlannedClasses, generated: GeneratedClasses | None
    ) -> Draft:
        """Return a module of models or TypedDicts.

        Args:
            path: Its path.
            module: What it consists of.
            generated: Its classes; nothing if there are none, or the text is not needed.
        """
        imports = generated.imports if generated is not None else ()
        bases = (
            sorted(set(module.classes.task.bases.values()))
            if module.classes.task is not None
            else []
        )
        if bases and generated is not None and not path.endswith("typed_dicts.py"):
            imports = (*imports, (_RUNTIME, tuple(bases)))
        context = {
            **self._context(f"{module.version.package}'s specs"),
            "version": module.version,
            "imports": imports,
            "elsewhere": module.classes.elsewhere,
            "aliases": module.classes.aliases,
            "exported": module.classes.exported,
            "code": generated.code if generated is not None else "",
        }
        return Draft(
            path=path,
            text=self._templates.render(module.template.name, context),
            rendered=module.rendered,
            specs=(),
            template=module.template.name,
            expectation=module.classes.expectation(
                self._api, module.version, exact=not module.template.overridden
            ),
        )

    def others(self) -> Iterator[Draft]:
        """Yield every file but the modules of classes."""
        for file in self._templates.plain_files():
            yield self._plain(file)
        example = readme_example(self._api, self._settings.example)
        package = self._settings.package
        yield self._draft("pyproject.toml", "pyproject.toml.jinja", {})
        yield self._draft("README.md", "README.md.jinja", {"example": example})
        exports = frozenset(("assign __all__", "assign __version__"))
        yield self._draft(f"{package}/__init__.py", "package/__init__.py.jinja", {}, exports)
        policies = frozenset(
            f"assign {policy_name(index)}" for index in range(len(self._api.policies))
        )
        yield self._draft(f"{package}/_policies.py", "package/_policies.py.jinja", {}, policies)
        for version in self._api.versions:
            yield from self._version(version)

    def _version(self, version: Version) -> Iterator[Draft]:
        context: dict[str, Any] = {
            "version": version,
            "user_agent": f"{self._settings.distribution}/{self._settings.distribution_version}",
        }
        init = frozenset(("assign __all__", "def __getattr__"))
        yield self._draft(
            self._path(version, "__init__.py"), "package/version/__init__.py.jinja", context, init
        )
        clients = {"assign __all__"}
        for name in ("Client", "AsyncClient"):
            clients |= {f"class {name}", f"assign {name}._BASE_URL", f"assign {name}._USER_AGENT"}
            clients |= {f"def {name}.{resource.name}" for resource in version.resources}
        yield self._draft(
            self._path(version, "client.py"),
            "package/version/client.py.jinja",
            context,
            frozenset(clients),
        )
        names = class_names(self._api, version)
        for resource in version.resources:
            view = resource_view(resource, names)
            yield self._draft(
                self._path(version, f"{resource.name}.py"),
                "package/version/resource.py.jinja",
                {**context, "resource": resource, "view": view},
                expected_definitions(resource, view),
                (raw(resource.source),),
            )

    def _draft(
        self,
        path: str,
        template: str,
        context: dict[str, Any],
        definitions: frozenset[str] | None = None,
        specs: tuple[str, ...] = (),
    ) -> Draft:
        text = self._templates.render(template, {**self._context(*specs), **context})
        expectation = None
        if definitions is not None:
            expectation = Expectation(
                definitions, exact=not self._templates.files[template].overridden
            )
        formatter = tool_versions()["black"] if expectation is not None else ""
        return Draft(path, text, _digest(text, formatter), specs, template, expectation)

    def _plain(self, file: TemplateFile) -> Draft:
        text = file.path.read_text("utf-8")
        if file.name.endswith(".py"):
            text = f"{_header('templates/' + file.name)}\n{text}"
        path = file.name.replace("package/", f"{self._settings.package}/", 1)
        return Draft(path, text, _digest(text), (), file.name)

    def _context(self, *origin: str) -> dict[str, Any]:
        return {"api": self._api, "settings": self._settings, "header": _header(*origin)}

    def _path(self, version: Version, name: str) -> str:
        return f"{self._settings.package}/{version.package}/{name}"


def _header(*origin: str) -> str:
    source = f" from {comment(origin[0])}" if origin else ""
    return f"# Generated by upsertgen{source}; do not edit."


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
