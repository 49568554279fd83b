"""The reference: a page of each object type of each version, which says all that is known of its operations.

In comes the Api tree; out come pages, in which every `str` is ready to be emitted. How an operation
is called is made by what makes the README (`upsertgen.emit.readme`), so that both say the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from upsertgen.diff.data_types import notation, value_text
from upsertgen.docs.answers import Answer, answers_of
from upsertgen.docs.classes import Classes
from upsertgen.docs.page import Page, Section, Sources, relative
from upsertgen.docs.requests import Call, call_of
from upsertgen.emit.bulk_methods import BulkMethods, bulk_methods
from upsertgen.emit.encode import joined, page_code, page_text, raw
from upsertgen.emit.readme import Shown, example_arguments, example_of
from upsertgen.ir.tree import (
    Api,
    ArrayType,
    Direction,
    EnumerationType,
    Field,
    Model,
    NullableType,
    Operation,
    Parameter,
    ReferenceType,
    Resource,
    ScalarType,
    Type,
    Version,
    inner_types,
)
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Correction

REFERENCE = "reference"
"""The folder of these pages."""
PROPERTIES = "properties"
"""The folder of the pages of properties."""
_MOST_SHOWN = 12
"""How many values of an enumeration stand in a table."""


@dataclass(frozen=True)
class Row:
    """A field or an argument, as a table lists it; every text is ready to be emitted.

    Attributes:
        name: Its name in JSON or in HTTP.
        argument: Its name in Python, where that is another one; else empty.
        type: The type of its values.
        need: Whether it has to be given.
        null: Whether it may be null.
        rules: What values have to keep to.
        meaning: What the spec says about it.
    """

    name: str
    argument: str
    type: str
    need: str
    null: str
    rules: str
    meaning: str


@dataclass(frozen=True)
class BodyTable:
    """A body and its fields.

    Attributes:
        name: The class.
        address: The relative address of what is said of the class, or empty where nothing is.
        meaning: What the spec says about it.
        rows: Its fields.
        more: The type of fields that are not named, or empty where there are none.
    """

    name: str
    address: str
    meaning: str
    rows: tuple[Row, ...]
    more: str


@dataclass(frozen=True)
class OperationView:
    """An operation as its page shows it.

    Attributes:
        operation: The operation.
        place: Where the specs have it.
        call: How it is called, in several ways; nothing where no example can be made.
        scopes: Sets of scopes, of which a token needs one.
        keys: What finds a record.
        maximum: The most records of one request, if there is a limit.
        arguments: What it takes besides the fields of its body.
        sent: The bodies of its request.
        received: Those of its answers.
        answers: What each status means to clients.
        declared: The statuses of failures that the spec declares: what it says of each, and its body.
        bulk: The methods that send any number of records with it, if there are any.
    """

    operation: Operation
    place: SpecText
    call: Call | None
    scopes: tuple[tuple[SpecText, ...], ...]
    keys: tuple[SpecText, ...]
    maximum: int | None
    arguments: tuple[Row, ...]
    sent: tuple[BodyTable, ...]
    received: tuple[BodyTable, ...]
    answers: tuple[Answer, ...]
    declared: tuple[tuple[str, str, str], ...]
    bulk: BulkMethods | None


def reference(sources: Sources, classes: Classes) -> tuple[Section, ...]:
    """Return the pages of all object types, a section for each version, newest first.

    Args:
        sources: What pages are made from.
        classes: Where classes are described.
    """
    return tuple(
        Section(version.label, tuple(_pages(sources, version, classes)))
        for version in reversed(sources.api.versions)
    )


def page_path(version: Version, resource: Resource) -> str:
    """Return the path of the page of an object type of a version."""
    return f"{REFERENCE}/{version.package}/{resource.name}.md"


def operation_page(version: Version, resource: Resource, operation: Operation) -> str:
    """Return the address of an operation: the path of its page, and its place there."""
    return f"{page_path(version, resource)}#{operation.name}"


def error_meanings(sources: Sources) -> dict[str, str]:
    """Return the first sentence of the docstring of each exception of the distribution, by its name."""
    module = sources.files[f"{sources.settings.package}/errors.py"].text
    return {
        one.name: (ast.get_docstring(one) or "").split("\n\n")[0].replace("\n", " ")
        for one in ast.parse(module).body
        if isinstance(one, ast.ClassDef)
    }


def _pages(sources: Sources, version: Version, classes: Classes) -> Iterator[Page]:
    api, meanings = sources.api, error_meanings(sources)
    # All pages of a version stand in one folder, so that their links are the same.
    links = _Links(classes, f"{REFERENCE}/{version.package}/", meanings)
    tables = _Tables(api, version, links)
    for resource in version.resources:
        path = page_path(version, resource)
        elsewhere = [
            (one.label, relative(path, page_path(one, found)), one is version)
            for one in reversed(api.versions)
            for found in one.resources
            if found.name == resource.name
        ]
        methods = bulk_methods(version.package, resource, api, sources.aliases)
        operations = [
            _operation(sources, version, resource, one, methods, tables)
            for one in resource.operations
        ]
        corrections = dict.fromkeys((*resource.corrections, *version.corrections))
        context = {
            "version": version,
            "resource": resource,
            "elsewhere": elsewhere,
            "operations": operations,
            "corrections": list(_distinct(sources, corrections)),
            "facts": _facts(api, resource),
            "classes": classes.of_resource(path, version, resource),
            "properties": _property_page(api, resource),
        }
        names = tuple(raw(one) for one in resource.sources)
        alike = [one for one in version.resources if one.title == resource.title]
        name = resource.title if len(alike) == 1 else joined(resource.title, ", ", resource.label)
        title = joined(name, " (", version.label, ")")
        yield sources.page(path, title, "resource.md.jinja", context, names)


def property_page(object_type: str) -> str:
    """Return the path of the page of the properties that every account has of an object type."""
    return f"{PROPERTIES}/{object_type}.md"


def _property_page(api: Api, resource: Resource) -> str:
    known = (one.object_type for one in api.properties)
    return next((property_page(one) for one in known if one == raw(resource.label)), "")


def _operation(
    sources: Sources,
    version: Version,
    resource: Resource,
    operation: Operation,
    methods: Mapping[str, BulkMethods],
    tables: _Tables,
) -> OperationView:
    api, bulk = sources.api, methods.get(operation.name)
    links = tables.links
    given = example_arguments(api, operation)
    call = None
    if given is not None:
        shown = Shown(version, resource, operation, given)
        example = example_of(api, shown, lambda _version, _resource: methods)
        call = call_of(sources.settings, api, shown, example)
    return OperationView(
        operation=operation,
        place=sources.place(*operation.location.rsplit(":", 2)[:2]),
        call=call,
        scopes=operation.scope_sets,
        keys=operation.keys,
        maximum=operation.request.maximum if operation.request is not None else None,
        arguments=tuple(
            tables.row(one, Direction.REQUEST, one.name)
            for one in operation.parameters
            if one.location != "field"
        ),
        sent=tables.bodies(None if operation.body is None else [operation.body.type]),
        received=tables.bodies(
            [
                one.type
                for one in (*operation.responses, *operation.failures)
                if one.type is not None
            ]
        ),
        answers=answers_of(api, operation, tables.models, links.meanings, links.error),
        declared=tuple(
            (page_code(one.status), page_text(one.description), tables.type_of(one.type))
            for one in operation.failures
        ),
        bulk=bulk,
    )


@dataclass(frozen=True)
class _Links:
    """Where the pages of a version lead to.

    Attributes:
        classes: Where classes are described.
        path: The folder of the pages, with `/`.
        meanings: What each exception means, by its name.
    """

    classes: Classes
    path: str
    meanings: Mapping[str, str]

    def error(self, name: str) -> str | None:
        """Return the relative address of what is said of an exception, if anything is."""
        return self.classes.error_link(self.path, name)

    def body(self, version: Version, name: str) -> str:
        """Return the relative address of what is said of a body."""
        return self.classes.body_link(self.path, version, name)


class _Tables:
    """Makes tables of bodies and their fields.

    Args:
        api: Where bodies are.
        version: The version that names them.
        links: Where their classes are described.

    Attributes:
        links: As above.
        models: Every body, called as the version calls it.
    """

    def __init__(self, api: Api, version: Version, links: _Links) -> None:
        self._version = version
        self.links = links
        self._names = {one.model: one.name for one in version.models}
        self.models = {
            key: replace(model, class_name=self._names.get(key, model.class_name))
            for key, model in api.models.items()
        }
        self._tables: dict[str, BodyTable] = {}

    def bodies(self, kinds: list[Type | None] | list[Type] | None) -> tuple[BodyTable, ...]:
        """Return a table of each body that types consist of, outer ones first."""
        found: dict[str, None] = {}
        waiting = [one for one in kinds or () if one is not None]
        while waiting:
            kind = waiting.pop(0)
            if isinstance(kind, ReferenceType):
                if kind.body not in found:
                    found[kind.body] = None
                    waiting += [one.type for one in self.models[kind.body].fields]
            else:
                waiting += inner_types(kind)
        for key in found.keys() - self._tables.keys():
            self._tables[key] = self._body(key, self.models[key])
        return tuple(self._tables[key] for key in found)

    def type_of(self, kind: Type | None) -> str:
        """Return the type of a body, ready to be emitted."""
        return "" if kind is None else page_code(notation(kind, self.models))

    def _body(self, key: str, model: Model) -> BodyTable:
        more = (
            "" if model.additional is None else page_code(notation(model.additional, self.models))
        )
        name = self._names.get(key)
        return BodyTable(
            name=model.class_name if name is None else name,
            address="" if name is None else self.links.body(self._version, name),
            meaning=_meaning(model.description, deprecated=model.deprecated),
            rows=tuple(self.row(one, model.direction, "") for one in model.fields),
            more=more,
        )

    def row(self, one: Field | Parameter, direction: Direction, argument: str) -> Row:
        """Return the row of a field, or of an argument.

        Args:
            one: The field or parameter.
            direction: Whether it is sent or received.
            argument: What it is called in Python, for an argument.
        """
        kind, default = one.type, one.default
        inner = kind.inner if isinstance(kind, NullableType) else kind
        said = [
            _rules(inner),
            *([f"default {page_code(value_text(default.value))}"] if default else []),
        ]
        is_sent = direction is Direction.REQUEST
        filled = one.filled if isinstance(one, Field) else one.sends_default
        required = one.required and not filled
        return Row(
            name=page_code(one.wire_name),
            argument=argument,
            type=page_code(notation(inner, self.models)),
            need=("yes" if required else "no") if is_sent else ("always" if required else "maybe"),
            null="yes" if isinstance(kind, NullableType) else "no",
            rules="; ".join(filter(None, said)),
            meaning=_meaning(one.description, deprecated=one.deprecated),
        )


def _meaning(text: SpecText | None, *, deprecated: bool) -> str:
    told = "" if text is None else page_text(text)
    return f"**Deprecated.** {told}".rstrip() if deprecated else told


def _rules(kind: Type) -> str:
    """Return what values of a type have to keep to, ready to be emitted."""
    match kind:
        case ScalarType(_, constraints):
            return "; ".join(_rule(name, value) for name, value in constraints)
        case ArrayType(items, constraints):
            said = [_rule(name, value) for name, value in constraints]
            of_items = _rules(items)
            return "; ".join([*said, *([f"each: {of_items}"] if of_items else [])])
        case EnumerationType(values, is_open):
            shown = ", ".join(page_code(value_text(one)) for one in values[:_MOST_SHOWN])
            rest = f" and {len(values) - _MOST_SHOWN} more" if len(values) > _MOST_SHOWN else ""
            return f"one of {shown}{rest}{', or another one' if is_open else ''}"
        case _:
            return ""


def _rule(name: str, value: object) -> str:
    return f"`{name}` {page_code(value_text(value))}"


def _distinct(
    sources: Sources, corrections: Mapping[Correction, None]
) -> Iterator[tuple[str, str, str]]:
    """Yield what each correction says, how that is known, and where it stands; ready to be emitted."""
    places: dict[tuple[str, str], list[str]] = {}
    for one in corrections:
        known = page_text(SpecText(", ".join(map(raw, one.sources))))
        place = page_code(sources.place(one.location.path, one.location.line))
        places.setdefault((page_text(one.description), known), []).append(place)
    for (text, known), found in places.items():
        yield text, known, ", ".join(found)


def _facts(api: Api, resource: Resource) -> list[tuple[str, str]]:
    """Return what is known of the behaviour of an object type: each fact, and how it is known."""
    paths = {raw(one.path) for one in resource.operations}
    found: list[tuple[str, str]] = []
    for fact in api.facts.facts:
        asked = [str(one["send"]).partition(" ")[2].partition("?")[0] for one in fact["requests"]]
        if paths.intersection(asked):
            found.append((page_text(SpecText(fact["fact"])), fact["mark"]))
    return found
