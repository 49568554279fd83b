"""Every file of the distribution, before it is formatted.

In come the Api tree and the templates; out come `Draft`s, whose text is rendered when it is asked for.
Start with `Files.drafts`. Modules of models are apart (`Files.models`), because datamodel-code-generator
writes their classes (`upsertgen.emit.dcg`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.emit.annotations import import_lines
from upsertgen.emit.bulk_methods import BulkMethods, bulk_methods, distinct_roles
from upsertgen.emit.catalogue import command_catalogue, old_versions
from upsertgen.emit.dcg import Classes, models_task
from upsertgen.emit.deprecation import deprecated_names, warns
from upsertgen.emit.drafts import Context, Draft, Models, Names, digest_of
from upsertgen.emit.encode import comment, file_name, json_text, raw
from upsertgen.emit.old_names import (
    OldName,
    old_object_types,
    renamed_fields,
    renamed_members,
    renamed_modules,
    with_old_object_types,
)
from upsertgen.emit.own_errors import TEMPLATE as ERRORS
from upsertgen.emit.own_errors import exported_errors, with_own_errors
from upsertgen.emit.readme import facts_of_readme, readme_example
from upsertgen.emit.resources import resource_view
from upsertgen.emit.sandbox import (
    can_stand_in,
    facts_data,
    fixtures_of,
    properties_data,
    properties_text,
    sandbox_contract,
)
from upsertgen.emit.security import client_security
from upsertgen.emit.templates import TemplateFile, Templates
from upsertgen.emit.twin import Twin
from upsertgen.emit.typed_dicts import typed_dicts
from upsertgen.inputs import generator_digest, tool_versions
from upsertgen.ir.tree import Api, Direction, Model, Resource, StandardProperties, Version
from upsertgen.public_name import Aliases, Kind
from upsertgen.spec_text import SpecText

_RUNTIME_OF_DEPRECATION = "package/_runtime/deprecation.py"
_DEPRECATION = {".._runtime": ["deprecation as _deprecation"]}


class Files:
    """The files of a distribution.

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
        self._old_types = old_object_types(api, self._aliases)
        self._api = api = with_old_object_types(api, self._aliases)
        self._templates = templates
        self._settings = settings
        self._roles = distinct_roles(api)
        resources = sum(len(version.resources) for version in api.versions)
        self.count = resources + 4 * len(api.versions) + len(api.properties) + 9
        self.count += len(self._plain_files())

    def drafts(self) -> Iterator[Draft]:
        """Yield every file but the modules of models."""
        yield from map(self._plain, self._plain_files())
        yield self._errors()
        package, api = self._settings.package, self._api
        yield self.pyproject()
        if self._uses["sandbox"]:
            yield self._data("Dockerfile", "Dockerfile.jinja", dict)
        yield self._data("README.md", "README.md.jinja", self._readme)
        yield self._data(
            f"{package}/sandbox/contract.json",
            "package/sandbox/contract.json.jinja",
            lambda: {"contract": json_text(sandbox_contract(api, self._old_types))},
            lambda: sandbox_contract(api, self._old_types),
        )
        yield self._data(
            f"{package}/sandbox/facts.json",
            "package/sandbox/facts.json.jinja",
            lambda: {"facts": json_text(facts_data(api.facts))},
            lambda: facts_data(api.facts),
        )
        for known in api.properties:
            yield self._properties(known)
        contexts: dict[str, Callable[[], Context]] = {
            "__init__.py": lambda: {"exported_errors": exported_errors(self._error_module(False))},
            "_policies.py": dict,
            "_upserts.py": lambda: {"roles": self._roles},
            "_cli/catalogue.py": lambda: {
                "catalogue": command_catalogue(api, self._aliases),
                "renamed": old_versions(api, self._aliases),
                "roles": self._roles,
            },
            "testing.py": self._fixtures,
        }
        if not self._uses["sandbox"]:
            del contexts["testing.py"]
        for path, context in contexts.items():
            yield self._python(f"{package}/{path}", f"package/{path}.jinja", context)
        for version in api.versions:
            yield from self._version(version)
        yield from self._renamed()

    def _readme(self) -> Context:
        """Return what the README is made of."""
        example = readme_example(self._api, self._settings.example, self._bulk)
        security = client_security(example.version if example else self._api.versions[-1])
        shown = example.operation if example else None
        return {
            "example": example,
            "security": security,
            "token": security.example(self._settings.package, shown),
            "exports": security.exports(self._settings.package, shown),
            "knows": facts_of_readme(self._api),
            **self._uses,
            **self._fixtures(),
            "deprecated": list(deprecated_names(self._api)),
        }

    def pyproject(self) -> Draft:
        """Return the `pyproject.toml` of the distribution, which says what the package needs."""
        return self._data(
            "pyproject.toml", "pyproject.toml.jinja", lambda: self._uses, self._project
        )

    def models(self) -> Iterator[Models]:
        """Yield the modules of models."""
        template = self._templates.files[Models.template].path.read_text("utf-8")
        for version in self._api.versions:
            called = class_names(self._api, version)
            names = self._names(version, called, typed_dicts=False)
            own = owned(self._api, version)
            fields = renamed_fields(version.package, self._aliases)
            task = (
                models_task(own, called, self._api.models, fields, names.exported) if own else None
            )
            context = {
                **self._context(f"{version.package}'s specs"),
                "version": version,
                "names": names,
                "renamed": self._old_classes(version, Kind.MODEL, "models"),
            }
            made_from = [task and asdict(task), asdict(names), *map(asdict, context["renamed"])]
            yield Models(
                path=self._path(version, "models.py"),
                task=task,
                imports=names.elsewhere,
                context=context,
                # The generator itself is among what they are made from: it tells the tool what to write.
                rendered=digest_of(
                    json.dumps(made_from, sort_keys=True, default=raw),
                    raw(version.label),
                    template,
                    generator_digest(),
                    *tool_versions().values(),
                ),
            )

    def models_text(
        self, models: Models, classes: Classes | None
    ) -> tuple[str, Callable[[], Twin]]:
        """Return the text of a module of models, and what renders what it is held against.

        Args:
            models: What it consists of.
            classes: Its classes; nothing if there are none.
        """
        context, imports = dict(models.context), dict(models.imports)
        code, worded, modules = "", "", frozenset[str]()
        texts: Mapping[str, SpecText] = {}
        if models.task is not None and classes is not None:
            texts, modules, worded = models.task.texts, classes.modules, classes.worded
            code = classes.code(texts)
            imports |= {module: sorted(names) for module, names in classes.imports.items()}
        if models.context["renamed"] or "_deprecation" in modules:
            imports |= _DEPRECATION
        if models.context["renamed"]:
            modules |= {"_typing"}
        context["imports"] = import_lines(modules, imports)
        overridden = self._templates.files[models.template].overridden

        def twin() -> Twin:
            meant = {word: frozenset([raw(text)]) for word, text in texts.items()}
            given = {**context, "code": worded}
            text = self._templates.render(models.template, given, ours=overridden)
            return Twin(text, meant, exact=not overridden)

        return self._templates.render(models.template, {**context, "code": code}), twin

    def _fixtures(self) -> Context:
        """The names of the fixtures for tests, and the short ones that a distribution may have, too."""
        package, short = self._settings.package, self._settings.fixture_prefix
        prefixes = [package] if short in (None, package) else [package, short]
        found = fixtures_of(self._api.versions, *prefixes)
        return {"fixtures": found[0], "short": found[1] if len(found) > 1 else None}

    @cached_property
    def _uses(self) -> Context:
        """What the distribution is for: upserts in bulk, a command, a sandbox that can do something."""
        resources = [(one, held) for one in self._api.versions for held in one.resources]
        catalogue = command_catalogue(self._api, self._aliases)
        return {
            "bulk": any(self._bulk(version, resource) for version, resource in resources),
            "command": bool(catalogue),
            "sandbox": any(can_stand_in(one) for _, held in resources for one in held.operations),
        }

    def _bulk(self, version: Version, resource: Resource) -> Mapping[str, BulkMethods]:
        return bulk_methods(version.package, resource, self._api, self._aliases)

    def _plain_files(self) -> list[TemplateFile]:
        return [
            file
            for file in self._templates.plain_files()
            if file.name.startswith("package/")
            and file.name != ERRORS
            and (file.name != _RUNTIME_OF_DEPRECATION or self._aliases or warns(self._api))
        ]

    def _project(self) -> Context | None:
        """Return what the distribution's own `pyproject.toml` must say."""
        if self._templates.files["pyproject.toml.jinja"].overridden:
            return None
        import tomllib

        harmless = replace(self._settings, description="harmless")
        context = {**self._context(), **self._uses, "settings": harmless}
        project = tomllib.loads(self._templates.render("pyproject.toml.jinja", context))
        project["project"]["description"] = self._settings.description
        return project

    def _renamed(self) -> Iterator[Draft]:
        """Yield the modules and packages that have an old name."""
        package = self._settings.package
        for retired in self._aliases.within(Kind.VERSION):
            names = {"package": retired.old.own, "target": retired.new.own}
            path = f"{package}/{file_name(retired.old.own)}/__init__.py"
            yield self._python(path, "package/renamed/__init__.py.jinja", partial(dict, names))
        for module in renamed_modules(self._api, self._aliases):
            path = f"{package}/{file_name(module.package)}/{file_name(module.name)}.py"
            yield self._python(
                path, "package/renamed/module.py.jinja", partial(dict, {"module": module})
            )

    def _version(self, version: Version) -> Iterator[Draft]:
        settings = self._settings
        renamed = [
            (OldName.of(one), next(r for r in version.resources if r.name == one.new.own))
            for one in self._aliases.within(Kind.OBJECT, version.package)
        ]
        client = {
            "user_agent": f"{settings.distribution}/{settings.distribution_version}",
            "renamed": renamed,
            "security": client_security(version),
        }
        yield self._python(
            self._path(version, "__init__.py"),
            "package/version/__init__.py.jinja",
            partial(dict, version=version),
        )
        yield self._python(
            self._path(version, "client.py"),
            "package/version/client.py.jinja",
            partial(dict, client, version=version),
        )
        yield self._python(
            self._path(version, "typed_dicts.py"),
            "package/version/typed_dicts.py.jinja",
            partial(self._typed_dicts, version),
            (f"{version.package}'s specs",),
        )
        names = class_names(self._api, version)
        for resource in version.resources:
            specs = tuple(map(raw, resource.sources))
            own = [
                one.source for one in self._api.properties if one.object_type == raw(resource.label)
            ]
            yield self._python(
                self._path(version, f"{file_name(resource.name)}.py"),
                "package/version/resource.py.jinja",
                partial(self._resource, version, resource, names),
                specs,
                (*specs, *own),
            )

    def _resource(self, version: Version, resource: Resource, names: Mapping[str, str]) -> Context:
        members = renamed_members(version.package, resource, self._aliases)
        bulk = bulk_methods(version.package, resource, self._api, self._aliases)
        needs = client_security(version).needs
        view = resource_view(version.package, resource, names, members, bulk, needs)
        return {"version": version, "resource": resource, "view": view, "roles": self._roles}

    def _typed_dicts(self, version: Version) -> Context:
        """Return what a module of TypedDicts consists of."""
        called = class_names(self._api, version)
        names = self._names(version, called, typed_dicts=True)
        sent = [
            model for model in owned(self._api, version) if model.direction is Direction.REQUEST
        ]
        found = typed_dicts(sent, called)
        renamed = self._old_classes(version, Kind.TYPED_DICT, "typed_dicts")
        modules = found.modules | ({"_typing"} if renamed else set())
        imports = {**names.elsewhere, **(_DEPRECATION if renamed else {})}
        return {
            "version": version,
            "names": names,
            "imports": import_lines(modules, imports),
            "mappings": found.mappings,
            "classes": found.classes,
            "renamed": renamed,
        }

    def _old_classes(self, version: Version, kind: Kind, module: str) -> list[OldName]:
        return [OldName.of(one) for one in self._aliases.within(kind, version.package, module)]

    def _names(self, version: Version, called: Mapping[str, str], *, typed_dicts: bool) -> Names:
        suffix, module = ("Dict", "typed_dicts") if typed_dicts else ("", "models")
        elsewhere: dict[str, list[str]] = {}
        aliases: list[tuple[str, str]] = []
        exported: list[str] = []
        for one in version.models:
            model = self._api.models[one.model]
            if typed_dicts and model.direction is not Direction.REQUEST:
                continue
            name, there = f"{one.name}{suffix}", f"{model.class_name}{suffix}"
            exported.append(name)
            if one.name != called[one.model]:
                aliases.append((f"{called[one.model]}{suffix}", name))
            elif model.owner != version.package:
                imported = name if name == there else f"{there} as {name}"
                elsewhere.setdefault(f"..{model.owner}.{module}", []).append(imported)
        return Names(elsewhere, tuple(aliases), tuple(sorted(exported)))

    def _properties(self, known: StandardProperties) -> Draft:
        """Return the file of the properties of an object type that every account has."""
        template = "package/sandbox/properties/resource.json.jinja"
        path = f"{self._settings.package}/sandbox/properties/{known.object_type}.json"
        context = partial(lambda one: {"properties": properties_text(one)}, known)
        data = partial(properties_data, known)
        return replace(self._data(path, template, context, data), specs=(known.source,))

    def _python(
        self,
        path: str,
        template: str,
        context: Callable[[], Context],
        origin: tuple[str, ...] = (),
        specs: tuple[str, ...] = (),
    ) -> Draft:
        made_from = (tool_versions()["black"],)
        render = partial(self._rendered, template, context, origin)
        return Draft(path, template, render, True, specs, made_from=made_from)

    def _data(
        self,
        path: str,
        template: str,
        context: Callable[[], Context],
        data: Callable[[], Any] | None = None,
    ) -> Draft:
        """Return a file that is no Python, with what it must say if that is known."""
        return Draft(path, template, partial(self._rendered, template, context, ()), data=data)

    def _plain(self, file: TemplateFile) -> Draft:
        path = file.name.replace("package/", f"{self._settings.package}/", 1)
        return Draft(path, file.name, lambda ours: _copied(file))

    def _errors(self) -> Draft:
        """Return the module of exceptions."""
        made_from = (tool_versions()["black"],)
        path = f"{self._settings.package}/errors.py"
        return Draft(path, ERRORS, self._error_module, is_python=True, made_from=made_from)

    def _error_module(self, ours: bool) -> str:
        text = self._templates.plain_text(ERRORS, ours=ours)
        try:
            module = with_own_errors(text, self._api, self._settings.docs_url)
        except (SyntaxError, ValueError) as error:
            self._templates.refuse_override(ERRORS, f"the template cannot be used: {error}")
            raise
        return f"{_header(f'templates/{ERRORS}')}\n{module}"

    def _rendered(
        self, template: str, context: Callable[[], Context], origin: tuple[str, ...], ours: bool
    ) -> str:
        whole = {**self._context(*origin), **context()}
        return self._templates.render(template, whole, ours=ours)

    def _context(self, *origin: str) -> Context:
        return {"api": self._api, "settings": self._settings, "header": _header(*origin)}

    def _path(self, version: Version, name: str) -> str:
        return f"{self._settings.package}/{file_name(version.package)}/{name}"


def class_names(api: Api, version: Version) -> dict[str, str]:
    """Return the name by which a version knows each of its models, by the model's key.

    Where it has several, that is the one of its owner, or else the shortest.
    """
    names: dict[str, list[str]] = {}
    for exported in version.models:
        names.setdefault(exported.model, []).append(exported.name)
    return {
        key: min(found, key=lambda name: (name != api.models[key].class_name, len(name), name))
        for key, found in names.items()
    }


def owned(api: Api, version: Version) -> list[Model]:
    """Return the models whose classes a version defines, by name."""
    models = (model for model in api.models.values() if model.owner == version.package)
    return sorted(models, key=lambda model: model.class_name)


def _copied(file: TemplateFile) -> str:
    text, header = file.path.read_text("utf-8"), _header(f"templates/{file.name}")
    if file.name.endswith(".py"):
        return f"{header}\n{text}"
    return f"<!-- {header.removeprefix('# ')} -->\n{text}" if file.name.endswith(".html") else text


def _header(*origin: str) -> str:
    source = f" from {' and '.join(map(comment, origin))}" if origin else ""
    return f"# Generated by upsertgen{source}; do not edit."
