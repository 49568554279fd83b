"""Every file of the distribution as text, before it is formatted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version as installed_version
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.emit import meant
from upsertgen.emit.classes import ClassesModule, class_names, classes_module
from upsertgen.emit.encode import comment, file_name, json_text, raw
from upsertgen.emit.harmless import Harmless
from upsertgen.emit.imports import import_groups
from upsertgen.emit.models import GeneratedClasses
from upsertgen.emit.proof import (
    Expectation,
    Twin,
    imports_as_definitions,
    prove_json,
    prove_markdown,
    prove_toml,
)
from upsertgen.emit.readme import readme_example
from upsertgen.emit.renamed import (
    RUNTIME_FILE,
    old_name,
    renamed_members,
    renamed_modules,
)
from upsertgen.emit.resources import policy_name, resource_view
from upsertgen.emit.sandbox import fixtures_of, sandbox_contract
from upsertgen.emit.templates import TemplateFile, Templates
from upsertgen.emit.upserts import (
    bulk_methods,
    catalogue_names,
    distinct_roles,
    roles_name,
    upsert_catalogue,
)
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
        data: What it must say, for a file of data.
    """

    path: str
    text: str
    rendered: str
    specs: tuple[str, ...]
    template: str
    expectation: Expectation | None = None
    data: Any = None

    def prove(self) -> None:
        """Check a file that is no Python.

        Raises:
            UnprovenFile: It is not what it was meant to be.
        """
        if self.path.endswith(".toml") and self.data is not None:
            prove_toml(self.path, self.text, self.data)
        elif self.path.endswith(".json") and self.data is not None:
            prove_json(self.path, self.text, self.data)
        elif self.path.endswith(".md"):
            prove_markdown(self.path, self.text)


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
        only: The files that are wanted; nothing for all. The others have no text.
    """

    def __init__(
        self,
        api: Api,
        templates: Templates,
        settings: Settings,
        aliases: Aliases | None = None,
        only: frozenset[str] | None = None,
    ) -> None:
        self._only = only
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
            imports["collections.abc"] = imports.get("collections.abc", set()) | {"Mapping"}
            imports["typing"] = imports.get("typing", set()) | {"Any", "TypeAlias"}
        for package, used in module.classes.renamed.imports:
            imports[package] = imports.get(package, set()) | {*used}
        groups = import_groups(imports)
        context = {
            **self._context(f"{module.version.package}'s specs"),
            "version": module.version,
            "imports": groups,
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
                self._api,
                module.version,
                frozenset().union(*map(imports_as_definitions, groups)),
                exact=not module.template.overridden,
            ),
        )

    def others(self) -> Iterator[Draft]:
        """Yield every file but the modules of classes."""
        for file in self._templates.plain_files() if self._only is None else ():
            if file.name != RUNTIME_FILE or self._aliases:
                yield self._plain(file)
        package = self._settings.package
        yield self._data("pyproject.toml", "pyproject.toml.jinja", {}, self._project())
        example = readme_example(self._api, self._settings.example)
        yield self._data("README.md", "README.md.jinja", {"example": example}, None)
        yield self._draft(
            f"{package}/__init__.py", "package/__init__.py.jinja", {}, meant.of_package()
        )
        yield self._draft(
            f"{package}/_policies.py",
            "package/_policies.py.jinja",
            {},
            meant.of_policies(map(policy_name, range(len(self._api.policies)))),
        )
        yield from self._for_tests()
        yield self._draft(
            f"{package}/_upserts.py",
            "package/_upserts.py.jinja",
            {"roles": self._roles},
            meant.of_upserts(map(roles_name, range(len(self._roles)))),
        )
        catalogue = upsert_catalogue(self._api, self._roles, self._aliases)
        yield self._draft(
            f"{package}/_cli/catalogue.py",
            "package/_cli/catalogue.py.jinja",
            {"catalogue": catalogue, "names": catalogue_names(catalogue)},
            meant.of_catalogue(catalogue_names(catalogue)),
        )
        for version in self._api.versions:
            yield from self._version(version)
        yield from self._renamed()

    def _project(self) -> dict[str, Any] | None:
        """Return what the distribution's own `pyproject.toml` must say."""
        if self._templates.files["pyproject.toml.jinja"].overridden:
            return None
        import tomllib

        harmless = replace(self._settings, description="harmless")
        text = self._templates.render(
            "pyproject.toml.jinja", {**self._context(), "settings": harmless}
        )
        project = tomllib.loads(text)
        project["project"]["description"] = self._settings.description
        return project

    def _for_tests(self) -> Iterator[Draft]:
        """Yield what the sandbox has to know, and the fixtures that run it."""
        package = self._settings.package
        contract = sandbox_contract(self._api)
        yield self._data(
            f"{package}/sandbox/contract.json",
            "package/sandbox/contract.json.jinja",
            {"contract": json_text(contract)},
            contract,
        )
        fixtures = fixtures_of(self._api.versions)
        yield self._draft(
            f"{package}/testing.py",
            "package/testing.py.jinja",
            {"fixtures": fixtures},
            meant.of_fixtures(fixtures),
        )

    def _renamed(self) -> Iterator[Draft]:
        """Yield the modules and packages that have an old name."""
        package = self._settings.package
        for retired in self._aliases.within(Kind.VERSION):
            names = {"package": retired.old.own, "target": retired.new.own}
            yield self._draft(
                f"{package}/{file_name(retired.old.own)}/__init__.py",
                "package/renamed/__init__.py.jinja",
                names,
                meant.of_renamed_version(retired.new.own),
            )
        for module in renamed_modules(self._api, self._aliases):
            yield self._draft(
                f"{package}/{file_name(module.package)}/{file_name(module.name)}.py",
                "package/renamed/module.py.jinja",
                {"module": module},
                meant.of_renamed_module(module),
            )

    def _version(self, version: Version) -> Iterator[Draft]:
        context: dict[str, Any] = {
            "version": version,
            "user_agent": f"{self._settings.distribution}/{self._settings.distribution_version}",
        }
        yield self._draft(
            self._path(version, "__init__.py"),
            "package/version/__init__.py.jinja",
            context,
            meant.of_version(),
        )
        resources = {one.name: one for one in version.resources}
        renamed = [
            (old_name(one), resources[one.new.own])
            for one in self._aliases.modules(version.package)
        ]
        yield self._draft(
            self._path(version, "client.py"),
            "package/version/client.py.jinja",
            {**context, "renamed": renamed},
            meant.of_clients(version, renamed),
        )
        names = class_names(self._api, version)
        for resource in version.resources:
            members = renamed_members(version.package, resource, self._aliases)
            bulk = bulk_methods(version.package, resource, self._api, self._roles, self._aliases)
            view = resource_view(resource, names, members, bulk)
            yield self._draft(
                self._path(version, f"{file_name(resource.name)}.py"),
                "package/version/resource.py.jinja",
                {**context, "resource": resource, "view": view},
                meant.of_object_type(resource, view),
                (raw(resource.source),),
            )

    def _draft(
        self,
        path: str,
        template: str,
        context: dict[str, Any],
        definitions: frozenset[str],
        specs: tuple[str, ...] = (),
    ) -> Draft:
        """Return a Python file."""
        text = self._rendered(path, template, {**self._context(*specs), **context})
        exact = not self._templates.files[template].overridden
        expectation = Expectation(definitions, exact)
        rendered = _digest(text, tool_versions()["black"])
        return Draft(path, text, rendered, specs, template, expectation)

    def _data(self, path: str, template: str, context: dict[str, Any], data: Any) -> Draft:
        """Return a file that is no Python, with what it must say if that is known."""
        text = self._rendered(path, template, {**self._context(), **context})
        return Draft(path, text, _digest(text, ""), (), template, data=data)

    def _rendered(self, path: str, template: str, context: dict[str, Any]) -> str:
        wanted = self._only is None or path in self._only
        return self._templates.render(template, context) if wanted else ""

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
        return f"{self._settings.package}/{file_name(version.package)}/{name}"


def with_twins(
    drafts: list[Draft], api: Api, templates: Templates, settings: Settings, aliases: Aliases
) -> list[Draft]:
    """Return drafts of Python files with what they would be if all texts of the specs were harmless.

    Args:
        drafts: The drafts, none of them a module of classes.
        api: What is emitted.
        templates: How it is laid out.
        settings: How it is called.
        aliases: Old names that are emitted too.
    """
    paths = frozenset(draft.path for draft in drafts)
    harmless = Harmless()
    twins = Drafts(harmless.tree(api), templates, settings, aliases, paths)
    texts = {draft.path: draft.text for draft in twins.others() if draft.path in paths}
    meant_by = harmless.meant()
    return [
        replace(one, expectation=replace(one.expectation, twin=Twin(texts[one.path], meant_by)))
        for one in drafts
        if one.expectation is not None
    ]


def _header(*origin: str) -> str:
    source = f" from {comment(origin[0])}" if origin else ""
    return f"# Generated by upsertgen{source}; do not edit."


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
