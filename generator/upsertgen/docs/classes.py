"""The pages of what the package defines: classes, exceptions, functions and fixtures, with their signatures.

In come the emitted modules, out come pages that say the same words as `help`. `Classes` knows which page
describes what, so that other pages can lead there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import griffe

from upsertgen.docs.answers import again, condition
from upsertgen.docs.class_views import ClassView, Views
from upsertgen.docs.docstrings import Table, cell, first_sentence, told_of
from upsertgen.docs.package import Definition, Package
from upsertgen.docs.page import Page, Section, Sources, relative
from upsertgen.docs.signatures import source_of, value_in
from upsertgen.emit.encode import joined, page_code, page_text
from upsertgen.ir.tree import Api, Resource, Version
from upsertgen.spec_text import SpecText

CLASSES = "classes"
"""The folder of these pages."""
_BASES = f"{CLASSES}/client.md"
_ERRORS = f"{CLASSES}/errors.md"
_GENERAL = "Clients in general"
_SHARED = "What clients, object types and bodies of all versions have"
_PAGES = (
    (_ERRORS, "Errors", ("errors",)),
    (f"{CLASSES}/bulk.md", "Bulk upserts", ("bulk",)),
    (f"{CLASSES}/oauth.md", "OAuth", ("oauth",)),
    (f"{CLASSES}/sandbox.md", "Sandbox", ("sandbox",)),
    (f"{CLASSES}/testing.md", "Fixtures", ("testing",)),
    (f"{CLASSES}/integrations.md", "Integrations", ("integrations.dlt", "integrations.partitions")),
)
"""The other pages: path, title, and the modules that they describe."""

_HOOK = "pytest_"
"""How the names of functions begin that nobody but pytest calls."""


@dataclass(frozen=True)
class Part:
    """A module on a page; every text is ready to be emitted.

    Attributes:
        name: Its name, as code.
        blocks: What it says about itself.
        fixtures: Its fixtures for pytest.
        entries: What it gives to others.
    """

    name: str
    blocks: tuple[str, ...]
    fixtures: Table | None
    entries: tuple[ClassView, ...]


@dataclass(frozen=True)
class _Plan:
    """What a page describes: definitions by module, and by the names that they have there."""

    path: str
    title: SpecText | str
    modules: Mapping[str, Mapping[str, Definition]]
    version: Version | None = None
    introduction: str = ""


class Classes:
    """What pages say about the package.

    Args:
        sources: What pages are made from.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._name = sources.settings.package
        self._package = Package(sources.files, self._name)
        self._shared: dict[tuple[str, str], ClassView] = {}

    def section(self) -> Section:
        """Return all pages.

        Raises:
            InvalidInput: A template of the user's own is wrong.
        """
        return Section("Python", tuple(self._page(one) for one in self._plans))

    def error_link(self, page: str, name: str) -> str | None:
        """Return the relative address of what is said of an exception.

        Args:
            page: The path of the page with the link.
            name: The name of the exception.
        """
        found = self._errors.get(name)
        return None if found is None else self._way(page, found)

    def body_link(self, page: str, version: Version, name: str) -> str:
        """Return the relative address of what is said of a body; empty where nothing is.

        Args:
            page: The path of the page with the link.
            version: The version that has it.
            name: Its class.
        """
        path, module = _models_path(version), f"{self._name}.{version.package}.models"
        anchor = self._anchors.get((path, module, name))
        return "" if anchor is None else self._way(page, (path, anchor))

    def of_resource(self, page: str, version: Version, resource: Resource) -> list[ClassView]:
        """Return the classes of an object type, in brief: its page says the rest.

        Args:
            page: The path of that page.
            version: The version.
            resource: The object type.
        """
        views = self._views(page)
        exported = self._package.exported(f"{self._name}.{version.package}.{resource.name}")
        # Only clients make objects of them.
        return [
            replace(views.view(name, one, name.lower(), brief=True), signature="")
            for name, one in exported.items()
            if isinstance(one, griffe.Class)
        ]

    @cached_property
    def _plans(self) -> list[_Plan]:
        """What each page describes, in order."""
        plans = [
            _Plan(
                path,
                title,
                {
                    f"{self._name}.{one}": found
                    for one in modules
                    if (found := self._package.exported(f"{self._name}.{one}"))
                },
            )
            for path, title, modules in _PAGES
        ]
        for version in reversed(self._sources.api.versions):
            start = f"{self._name}.{version.package}"
            for path, title, names in (
                (_client_path(version), "Client", ("client",)),
                (_models_path(version), "Bodies", ("models", "typed_dicts")),
            ):
                modules = {
                    f"{start}.{one}": self._package.exported(f"{start}.{one}") for one in names
                }
                whole = joined(title, " (", version.label, ")")
                plans.append(_Plan(path, whole, {k: v for k, v in modules.items() if v}, version))
        shown = {
            each.path for one in plans for found in one.modules.values() for each in found.values()
        }
        plans = [self._with_bases(one, shown) for one in plans]
        return [self._general(plans, shown), *(one for one in plans if one.modules)]

    def _with_bases(self, plan: _Plan, shown: set[str]) -> _Plan:
        """Return a plan with the bases of its classes that no module gives to others.

        Args:
            plan: The plan.
            shown: What pages describe, by where it is defined. What is added is added there, too.
        """
        if plan.version is not None:
            return plan
        modules = dict(plan.modules)
        for path, one in self._hidden_bases(plan.modules, shown):
            modules[path] = {**modules.get(path, {}), one.name: one}
        return replace(plan, modules=modules)

    def _general(self, plans: list[_Plan], shown: set[str]) -> _Plan:
        """Return the plan of the page of what clients, object types and bodies of all versions have."""
        modules: dict[str, dict[str, Definition]] = {}
        found = [one.modules for one in plans if one.version is not None]
        found += [
            {path: self._package.exported(path)}
            for version in self._sources.api.versions
            for resource in version.resources
            for path in [f"{self._name}.{version.package}.{resource.name}"]
        ]
        for each in found:
            for path, one in self._hidden_bases(each, shown):
                modules.setdefault(path, {})[one.name] = one
        ordered = {
            path: dict(sorted(found.items(), key=lambda item: item[1].lineno or 0))
            for path, found in modules.items()
        }
        return _Plan(_BASES, _GENERAL, ordered, introduction=f"{_SHARED}.")

    def _hidden_bases(
        self, modules: Mapping[str, Mapping[str, Definition]], shown: set[str]
    ) -> Iterator[tuple[str, griffe.Class]]:
        """Yield bases that no page describes yet, each with its module; private ones are parts of others."""
        for found in modules.values():
            for one in found.values():
                for base in self._package.bases(one) if isinstance(one, griffe.Class) else ():
                    if base.path not in shown and not base.name.startswith("_"):
                        shown.add(base.path)
                        yield base.module.path, base

    @cached_property
    def _anchors(self) -> dict[tuple[str, str, str], str]:
        """What links to a name end with, by page, module and name."""
        anchors: dict[tuple[str, str, str], str] = {}
        for plan in self._plans:
            taken: Counter[str] = Counter()
            for path, name in ((p, n) for p, found in plan.modules.items() for n in found):
                taken[name.lower()] += 1
                count = taken[name.lower()]
                anchors[plan.path, path, name] = f"{name.lower()}{f'-{count}' if count > 1 else ''}"
        return anchors

    @cached_property
    def _places(self) -> dict[str, tuple[str, str]]:
        """The page and the anchor of each class, by where it is defined; the newest version first."""
        places: dict[str, tuple[str, str]] = {}
        for plan in self._plans:
            for path, found in plan.modules.items():
                for name, one in found.items():
                    place = (plan.path, self._anchors[plan.path, path, name])
                    places.setdefault(one.path, place)
        return places

    @cached_property
    def _resources(self) -> dict[str, str]:
        """The page of each object type, by its module."""
        return {
            f"{self._name}.{version.package}.{one.name}": f"reference/{version.package}/{one.name}.md"
            for version in self._sources.api.versions
            for one in version.resources
        }

    @cached_property
    def _errors(self) -> dict[str, tuple[str, str]]:
        """The page and the anchor of each exception, by its name."""
        return {one.name: self._places[one.path] for one in self._exceptions}

    @cached_property
    def _exceptions(self) -> list[griffe.Class]:
        """All exceptions that pages describe."""
        found: dict[str, griffe.Class] = {}
        for plan in self._plans:
            for one in (each for module in plan.modules.values() for each in module.values()):
                if isinstance(one, griffe.Class) and self._is_exception(one):
                    found[one.path] = one
        return list(found.values())

    def _is_exception(self, one: griffe.Class) -> bool:
        bases = [one, *self._package.bases(one)]
        names = [name for each in bases for name, _ in self._package.parents(each)]
        return any(name.endswith(("Error", "Exception")) for name in names)

    def _way(self, page: str, place: tuple[str, str]) -> str:
        path, anchor = place
        return f"#{anchor}" if path == page else f"{relative(page, path)}#{anchor}"

    def _views(self, page: str) -> Views:
        here = {
            one.path: (page, self._anchors[page, path, name])
            for plan in self._plans
            if plan.path == page
            for path, found in plan.modules.items()
            for name, one in found.items()
        }

        def address(one: griffe.Class) -> str | None:
            place = here.get(one.path) or self._places.get(one.path)
            if place is None and one.module.path in self._resources:
                place = (self._resources[one.module.path], one.name.lower())
            return None if place is None else self._way(page, place)

        return Views(self._package, address, lambda name: self.error_link(page, name))

    def _page(self, plan: _Plan) -> Page:
        views = self._views(plan.path)
        parts = [self._part(views, plan, path, found) for path, found in plan.modules.items()]
        context = {
            "parts": parts,
            "introduction": plan.introduction,
            "tree": self._tree(plan.path) if plan.path == _ERRORS else [],
        }
        return self._sources.page(plan.path, plan.title, "classes.md.jinja", context)

    def _part(self, views: Views, plan: _Plan, path: str, found: Mapping[str, Definition]) -> Part:
        module = self._package.module(path)
        fixtures = {name: one for name, one in found.items() if _is_fixture(one)}
        entries = []
        for name, one in found.items():
            if name in fixtures or name.startswith(_HOOK):
                continue
            anchor = self._anchors[plan.path, path, name]
            # Versions share bodies, whose pages differ in nothing that a view shows.
            known = self._shared.get((one.path, anchor)) if plan.version is not None else None
            view = known or views.view(name, one, anchor)
            self._shared[one.path, anchor] = view
            is_error = isinstance(one, griffe.Class) and self._is_exception(one)
            if isinstance(one, griffe.Class) and is_error:
                view = self._with_statuses(view, one)
            entries.append(view)
        public = not any(one.startswith("_") for one in path.split("."))
        text = module.docstring.value if module is not None and module.docstring else ""
        return Part(
            page_code(path) if public else "",
            tuple(told_of(text, {}, lambda _: None).blocks) if public else (),
            _fixture_table(fixtures) if fixtures else None,
            tuple(entries),
        )

    def _with_statuses(self, view: ClassView, one: griffe.Class) -> ClassView:
        """Return what a page shows of an exception, with the answers that it is raised for."""
        passes = value_in(self._package, one, "may_pass")
        notes = ["The cause may pass by itself: `may_pass` is true."] if passes == "True" else []
        rows = tuple(_raised_for(self._sources.api, one.name))
        table = Table("Raised for", ("status", "when", "tried again"), rows)
        return replace(view, notes=tuple(notes), more=(table,) if rows else ())

    def _tree(self, page: str) -> list[str]:
        """Return all exceptions as items of a list, each below what it derives from."""
        known = {one.path for one in self._exceptions}
        below: dict[str, list[griffe.Class]] = {}
        for one in self._exceptions:
            parents = [base.path for _, base in self._package.parents(one) if base is not None]
            above = next((path for path in parents if path in known), "")
            below.setdefault(above, []).append(one)
        return [
            f"{'    ' * depth}- [{page_code(one.name)}]({self._way(page, self._places[one.path])}): "
            f"{page_text(first_sentence(one.docstring.value if one.docstring else ''))}"
            for depth, one in _in_order(below, "", 0)
        ]


def _in_order(
    below: Mapping[str, list[griffe.Class]], path: str, depth: int
) -> Iterator[tuple[int, griffe.Class]]:
    for one in below.get(path, []):
        yield depth, one
        yield from _in_order(below, one.path, depth + 1)


def _client_path(version: Version) -> str:
    return f"{CLASSES}/{version.package}/client.md"


def _models_path(version: Version) -> str:
    return f"{CLASSES}/{version.package}/models.md"


def _is_fixture(one: Definition) -> bool:
    return isinstance(one, griffe.Function) and any(
        each.callable_path == "pytest.fixture" for each in one.decorators
    )


def _fixture_table(fixtures: Mapping[str, Definition]) -> Table:
    rows = [
        (
            page_code(name),
            page_code(source_of(one.returns).removeprefix("Iterator[").rstrip("]")),
            "session" if "session" in str(one.decorators[0].value) else "test",
            cell(one.docstring.value if one.docstring else ""),
        )
        for name, one in fixtures.items()
        if isinstance(one, griffe.Function)
    ]
    return Table("Fixtures", ("name", "gives", "one for each", "meaning"), tuple(rows))


def _raised_for(api: Api, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield the answers for which an exception is raised, as rows: status, condition, and tried again."""
    rows: dict[tuple[str, str, str], None] = {}
    for policy in api.policies:
        for rule in policy.rules:
            if str(rule.error) == name:
                statuses = ", ".join(page_code(str(one)) for one in rule.statuses)
                rows[statuses, condition(rule), again(rule, policy)] = None
    yield from rows
