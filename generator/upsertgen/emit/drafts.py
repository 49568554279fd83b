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
from upsertgen.emit.encode import comment, json_text, raw
from upsertgen.emit.imports import import_groups
from upsertgen.emit.models import GeneratedClasses
from upsertgen.emit.proof import Expectation
from upsertgen.emit.readme import readme_example
from upsertgen.emit.renamed import (
    RUNTIME_FILE,
    old_name,
    renamed_members,
    renamed_modules,
)
from upsertgen.emit.resources import expected_definitions, policy_name, resource_view
from upsertgen.emit.sandbox import Fixtures, sandbox_contract
from upsertgen.emit.templates import TemplateFile, Templates
from upsertgen.emit.upserts import bulk_methods, distinct_roles, roles_name, upsert_catalogue
from upsertgen.inputs import generator_digest
from upsertgen.ir.tree import Api, Version
from upsertgen.lock.aliases import Aliases
from upsertgen.lock.names import Kind

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
        name: The name of the module.
        classes: What it consists of.
        rendered: The digest of everything it is made from.
        template: The template it is laid out with.
    """

    version: Version
    name: str
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
        aliases: Old names to emit too.
    """

    def __init__(
        self, api: Api, templates: Templates, settings: Settings, aliases: Aliases | None = None
    ) -> None:
        self._aliases = aliases or Aliases()
        self._api = api
        self._templates = templates
        self._settings = settings
        self._roles = distinct_roles(api)
        resources = sum(len(version.resources) for version in api.versions)
        self.count = resources + 4 * len(api.versions) + 8 + len(templates.plain_files())

    def classes_modules(self) -> dict[str, PlannedClasses]:
        """Return the modules of models and TypedDicts, by their path."""
        modules: dict[str, PlannedClasses] = {}
        generator = generator_digest()
        for version in self._api.versions:
            for typed_dicts, name in ((False, "models"), (True, "typed_dicts")):
                template = self._templates.files[f"package/version/{name}.py.jinja"]
                classes = classes_module(self._api, version, self._aliases, typed_dicts=typed_dicts)
                parts = json.dumps(
                    [asdict(classes), raw(version.label)], sort_keys=True, default=sorted
                )
                # The generator itself is among what they are made from: it rewrites what the tools write.
                rendered = _digest(
                    parts, template.path.read_text("utf-8"), generator, *tool_versions().values()
                )
                modules[self._path(version, f"{name}.py")] = PlannedClasses(
                    version, name, classes, rendered, template
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
        imports = dict(generated.imports) if generated is not None else {}
        task = module.classes.task
        if generated is not None and task is not None and not task.typed_dicts:
            imports[_RUNTIME] = set(task.bases.values())
        for package, name, alias in module.classes.elsewhere:
            names = imports.setdefault(f"..{package}.{module.name}", set())
            names.add(name if name == alias else f"{name} as {alias}")
        if module.classes.mappings:
            imports["collections.abc"] = {"Mapping"}
            imports["typing"] = imports.get("typing", set()) | {"Any", "TypeAlias"}
        for package, used in module.classes.renamed.imports:
            imports[package] = imports.get(package, set()) | {*used}
        context = {
            **self._context(f"{module.version.package}'s specs"),
            "version": module.version,
            "imports": import_groups(imports),
            "mappings": module.classes.mappings,
            "aliases": module.classes.aliases,
            "name": module.name,
            "renamed": module.classes.renamed,
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
            if file.name != RUNTIME_FILE or self._aliases:
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
        yield from self._for_tests()
        roles = frozenset(f"assign {roles_name(index)}" for index in range(len(self._roles)))
        yield self._draft(
            f"{package}/_upserts.py", "package/_upserts.py.jinja", {"roles": self._roles}, roles
        )
        yield self._draft(
            f"{package}/_cli/catalogue.py",
            "package/_cli/catalogue.py.jinja",
            {"catalogue": upsert_catalogue(self._api, self._roles)},
            frozenset(("assign CATALOGUE",)),
        )
        for version in self._api.versions:
            yield from self._version(version)
        yield from self._renamed()

    def _for_tests(self) -> Iterator[Draft]:
        """Yield what the sandbox has to know, and the fixtures that run it."""
        package = self._settings.package
        yield self._draft(
            f"{package}/sandbox/contract.json",
            "package/sandbox/contract.json.jinja",
            {"contract": json_text(sandbox_contract(self._api))},
        )
        fixtures = [Fixtures(version) for version in self._api.versions]
        names = [name for one in fixtures for name in (one.sync, one.asynchronous)]
        definitions = {
            f"def {name}" for name in ("upsert_sandbox_options", "upsert_sandbox", *names)
        }
        yield self._draft(
            f"{package}/testing.py",
            "package/testing.py.jinja",
            {"fixtures": fixtures},
            frozenset(definitions),
        )

    def _renamed(self) -> Iterator[Draft]:
        """Yield the modules and packages that have an old name."""
        package = self._settings.package
        for retired in self._aliases.within(Kind.VERSION):
            names = {"package": retired.old.own, "target": retired.new.own}
            yield self._draft(
                f"{package}/{retired.old.own}/__init__.py",
                "package/renamed/__init__.py.jinja",
                names,
                frozenset(("assign __all__", "assign __getattr__")),
            )
        for module in renamed_modules(self._api, self._aliases):
            names_here = {f"assign {name}" for name, _ in module.names}
            yield self._draft(
                f"{package}/{module.package}/{module.name}.py",
                "package/renamed/module.py.jinja",
                {"module": module},
                frozenset(("assign __getattr__", *names_here)),
            )

    def _version(self, version: Version) -> Iterator[Draft]:
        context: dict[str, Any] = {
            "version": version,
            "user_agent": f"{self._settings.distribution}/{self._settings.distribution_version}",
        }
        init = frozenset(("assign __all__", "def __getattr__"))
        yield self._draft(
            self._path(version, "__init__.py"), "package/version/__init__.py.jinja", context, init
        )
        resources = {one.name: one for one in version.resources}
        renamed = [
            (old_name(one), resources[one.new.own])
            for one in self._aliases.modules(version.package)
        ]
        clients = {"assign __all__"}
        for name in ("Client", "AsyncClient"):
            clients |= {f"class {name}", f"assign {name}._BASE_URL", f"assign {name}._USER_AGENT"}
            clients |= {f"def {name}.{resource.name}" for resource in version.resources}
            clients |= {f"def {name}.{old.name}" for old, _ in renamed}
        yield self._draft(
            self._path(version, "client.py"),
            "package/version/client.py.jinja",
            {**context, "renamed": renamed},
            frozenset(clients),
        )
        names = class_names(self._api, version)
        for resource in version.resources:
            members = renamed_members(version.package, resource, self._aliases)
            bulk = bulk_methods(resource, self._api, self._roles)
            view = resource_view(resource, names, members, bulk)
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
        header = _header(f"templates/{file.name}")
        if file.name.endswith(".py"):
            text = f"{header}\n{text}"
        elif file.name.endswith(".html"):
            text = f"<!-- {header.removeprefix('# ')} -->\n{text}"
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
