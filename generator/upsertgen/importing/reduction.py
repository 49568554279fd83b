"""One published document, reduced to the operations that are wanted and the components that they reach.

Objects lose what means nothing to a client: extensions, tags, titles and examples (`example: null` stands in
published documents by the ten thousand), values that are the default, media types beside JSON, and what
stands beside a `$ref` of OpenAPI 3.0. Parameters, responses and request bodies among the components are
written out where they are used; schemas keep their names.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from upsertgen.errors import MOST_NOTES, Note, Problem, quoted
from upsertgen.importing.components import named_schemes, requirements
from upsertgen.importing.document import (
    Object,
    PublishedDocument,
    dict_of,
    list_of,
    methods,
    schema_names,
    section,
    target,
)
from upsertgen.importing.inheritance import Inheritance
from upsertgen.importing.normalization import FORMS, in_older_words
from upsertgen.specs.document import Pointer
from upsertgen.specs.notes import ignored_beside, unread
from upsertgen.specs.openapi import (
    PATH_ARGUMENT,
    SCHEMAS,
    json_media_type,
    kind_below,
    sent_media_type,
)
from upsertgen.specs.references import DanglingReference, fragment_of, steps_of

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_TEXTS = ("description", "summary", "title", "example", "examples")
"""Fields that look like a text or an example in an object of a kind that is not known."""


@dataclass
class Operation:
    """An operation of a published document, in the house form but for its name.

    Attributes:
        path: Its path, as published.
        method: Its method, in lower case.
        value: What the document says of it.
        notes: What a person should know about it.
        constants: What parameters of its path stand for.
    """

    path: str
    method: str
    value: Object
    notes: tuple[str, ...] = ()
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def constant_path(self) -> str:
        """Its path with its constants in place."""
        return PATH_ARGUMENT.sub(lambda match: self.constants.get(match[1], match[0]), self.path)

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from other operations: its path, whatever arguments are called, and its method."""
        return PATH_ARGUMENT.sub("{}", self.constant_path), self.method

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.constant_path}"


@dataclass
class Excerpt:
    """What is left of a published document.

    Attributes:
        title: Its title, if texts are kept.
        description: Its description, if texts are kept.
        servers: The addresses of its servers, absolute ones only.
        operations: The operations that are wanted, by path.
        schemas: The schemas that they reach, in the order in which they do.
        schemes: The security schemes that they name, as far as the document declares them.
        schemes_missing: Those that it does not.
        unread: What of all this says something that nothing heeds, and goes.
    """

    title: str = ""
    description: str = ""
    servers: list[str] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    schemas: dict[str, Object] = field(default_factory=dict)
    schemes: dict[str, Object] = field(default_factory=dict)
    schemes_missing: list[str] = field(default_factory=list)
    unread: list[Note] = field(default_factory=list)

    def roots(self) -> Iterator[str]:
        """Yield the names of the schemas that the operations refer to."""
        for operation in self.operations:
            yield from schema_names("operation", operation.value)


def reduce_document(
    document: PublishedDocument,
    selection: Mapping[str, Collection[str]],
    *,
    keep_texts: bool,
    most_scopes: int,
) -> tuple[Excerpt, list[Problem]]:
    """Reduce a published document.

    Args:
        document: The document.
        selection: The operations to keep: the methods of each path, all where there are none.
        keep_texts: Whether its descriptions may be kept.
        most_scopes: How many scopes of one scheme an operation may name; above that any of them will do.

    Returns:
        What is left of it, and what cannot be imported.
    """
    reducer = _Reducer(document, keep_texts, most_scopes)
    try:
        document.check_keys()
        reducer.reduce(selection)
    except RecursionError:
        raise document.too_deep() from None
    return reducer.excerpt, reducer.problems


class _Reducer:
    """Reduces one document: its excerpt, and what of it cannot be imported."""

    def __init__(self, document: PublishedDocument, keep_texts: bool, most_scopes: int) -> None:
        self.excerpt = Excerpt()
        self.problems: list[Problem] = []
        self._document = document
        self._data = document.data
        self._keep_texts = keep_texts
        self._most_scopes = most_scopes
        self._newer = str(self._data.get("openapi", "")).startswith("3.1")
        self._open: list[str] = []
        self._inheritance = Inheritance(section(self._data, "schemas"))
        self._notes: list[str] = []

    def reduce(self, selection: Mapping[str, Collection[str]]) -> None:
        if self._data.get("openapi") is None and "swagger" in self._data:
            self._problem(
                ("swagger",),
                f"Swagger {quoted(self._data['swagger'])} is not supported",
                "openapi: 3.0.x or 3.1.x",
                "convert the document",
            )
            return
        info = dict_of(self._data.get("info"))
        self.excerpt.title = self._text(info.get("title"))
        self.excerpt.description = self._text(info.get("description"))
        self.excerpt.servers = _server_urls(self._data.get("servers"))
        self._note_servers()
        for path, kept in selection.items():
            self.excerpt.operations += self._operations(path, kept)
        self._reach()
        self._check_text()

    def _note_servers(self) -> None:
        """Note servers that are left out, and what becomes of their variables."""
        for index, server in enumerate(map(dict_of, list_of(self._data.get("servers")))):
            url = str(server.get("url", ""))
            way = ("servers", index)
            if not url.startswith(("https://", "http://")):
                self._note(way, f"the server {quoted(url)} is no absolute URL, and is left out")
            elif dict_of(server.get("variables")):
                self._note(way, f"the variables of the server {quoted(url)} get their defaults")

    def _operations(self, path: str, kept: Collection[str]) -> Iterator[Operation]:
        way: Pointer = ("paths", path)
        item = self._data["paths"][path]
        if isinstance(item, dict) and isinstance(item.get("$ref"), str):
            followed = self._follow(item["$ref"], way)
            if followed is None:
                return
            way, item = followed
        if not isinstance(item, dict):
            self._problem(way, "the path holds no operations", "a mapping", "correct the document")
            return
        for method, node in methods(item):
            if not kept or method in kept:
                yield self._operation(
                    path, method, node, list_of(item.get("parameters")), (*way, method)
                )
        if item.get("servers") not in (None, [], self._data.get("servers")):
            self._problem(
                (*way, "servers"), "a path has servers of its own", "one server", "remove them"
            )

    def _operation(
        self, path: str, method: str, node: Object, shared: list[Any], way: Pointer
    ) -> Operation:
        """Return an operation; its own parameters replace those that it shares with others of its path."""
        self._notes = []
        operation = self._cleaned("operation", {**node, "parameters": []}, way)
        parameters = self._parameters(path, [*shared, *list_of(node.get("parameters"))], way)
        if parameters:
            operation["parameters"] = parameters
        if operation.get("servers") in ([], self._data.get("servers")):
            operation.pop("servers", None)
        responses = operation.get("responses")
        if isinstance(responses, dict):
            statuses = sorted(responses, key=lambda status: (status == "default", status))
            operation["responses"] = {
                status: responses[status] for status in statuses if not status.startswith("x-")
            }
        self._security(operation, node)
        return Operation(path, method, FORMS["operation"].ordered(operation), tuple(self._notes))

    def _parameters(self, path: str, declared: list[Any], way: Pointer) -> list[Any]:
        used = PATH_ARGUMENT.findall(path)
        found: dict[tuple[str, str], Any] = {}
        for index, node in enumerate(declared):
            parameter = self._cleaned("parameter", node, (*way, "parameters", index))
            name, place = dict_of(parameter).get("name"), dict_of(parameter).get("in")
            if not isinstance(name, str) or not isinstance(place, str):
                # What is wrong with it is told when the result is checked.
                found["", str(index)] = parameter
                continue
            style = {"query": "form", "cookie": "form"}.get(place, "simple")
            if parameter.get("style", style) == style:
                parameter.pop("style", None)
            if parameter.get("explode") is (style == "form"):
                del parameter["explode"]
            if place == "path":
                parameter = FORMS["parameter"].ordered(parameter | {"required": True})
                if name not in used:
                    self._notes.append(
                        f"the path parameter {quoted(name)} does not occur in {path}; left out"
                    )
                    continue
            found[place, name] = parameter
        return list(found.values())

    def _security(self, operation: Object, node: Object) -> None:
        declared = node.get("security", self._data.get("security"))
        operation.pop("security", None)
        if not isinstance(declared, list):
            return
        schemes, excerpt = section(self._data, "securitySchemes"), self.excerpt
        for name in named_schemes(declared):
            if name in schemes:
                way = ("components", "securitySchemes", name)
                scheme = self._cleaned("security scheme", schemes[name], way)
                if isinstance(scheme, dict):
                    excerpt.schemes.setdefault(name, scheme)
            elif name not in excerpt.schemes_missing:
                excerpt.schemes_missing.append(name)
        operation["security"], broad = requirements(declared, excerpt.schemes, self._most_scopes)
        self._notes += [
            f"any of {count} scopes of {name} will do; written as no scope" for name, count in broad
        ]

    def _reach(self) -> None:
        """Collect the schemas: those of requests first, then of successes, then of errors, as used."""
        roots: list[list[str]] = [[], [], []]
        for operation in self.excerpt.operations:
            sent = {key: one for key, one in operation.value.items() if key != "responses"}
            roots[0] += schema_names("operation", sent)
            for status, response in dict_of(operation.value.get("responses")).items():
                roots[1 if status.startswith("2") else 2] += schema_names("response", response)
        schemas, found = section(self._data, "schemas"), self.excerpt.schemas
        for group in roots:
            queue = deque(group)
            while queue:
                name = queue.popleft()
                if name in found or name not in schemas:
                    continue
                way = ("components", "schemas", name)
                found[name] = self._cleaned("schema", schemas[name], way)
                queue.extend(schema_names("schema", found[name]))

    def _check_text(self) -> None:
        """Note text that is not Unicode: JSON can spell halves of characters, and files cannot hold them."""
        values = [operation.value for operation in self.excerpt.operations]
        try:
            json.dumps([values, self.excerpt.schemas], ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            self._problem(
                (),
                f"the document holds the character {quoted(error.object[error.start])}, which is half of one",
                "Unicode text",
                "correct the document",
            )

    def _cleaned(self, kind: str, value: Any, way: Pointer) -> Any:
        """Return an object of a kind, to which a way leads, without noise and with its fields in order.

        What is no object comes back as it is.
        """
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            return self._reference(kind, value, way)
        form = FORMS[kind]
        result: Object = {}
        for name, inner in value.items():
            unset = inner is None and name != "const"
            if unset or name in form.noise or name.startswith("x-"):
                continue
            if name in form.texts:
                text = self._text(inner)
                if text:
                    result[name] = text
                continue
            cleaned = self._field(kind, name, inner, (*way, name))
            if name not in form.defaults or cleaned != form.defaults[name]:
                result[name] = cleaned
        if kind == "flow" and isinstance(result.get("scopes"), dict) and not self._keep_texts:
            result["scopes"] = dict.fromkeys(result["scopes"], "")
        if kind == "schema":
            self._mapping(result, way)
            result = in_older_words(result)
        for name, text in unread(kind, value):
            if name not in result:
                self._note((*way, name), text)
        return form.ordered(result)

    def _field(self, kind: str, name: str, value: Any, way: Pointer) -> Any:
        below = kind_below(kind, name) or ""
        inner = below.strip("[]{}")
        if inner in FORMS:
            if inner == below:
                return self._cleaned(below, value, way)
            if below[0] == "[" and isinstance(value, list):
                return [self._cleaned(inner, one, (*way, at)) for at, one in enumerate(value)]
            if below[0] == "{" and isinstance(value, dict):
                if name == "content" and kind in ("request body", "response"):
                    kept = _json_only(value)
                    others = ", ".join(
                        quoted(one) for one, body in value.items() if body not in kept.values()
                    )
                    if others:
                        self._note(way, f"the media types {others} are passed over")
                    value = kept
                return {at: self._cleaned(inner, one, (*way, at)) for at, one in value.items()}
        known = name in FORMS[kind].order or self._keep_texts
        return value if known else _without_texts(value)

    def _reference(self, kind: str, value: Object, way: Pointer) -> Any:
        reference: str = value["$ref"]
        followed = self._follow(reference, way)
        if kind == "schema" and reference.startswith(SCHEMAS):
            form = FORMS[kind]
            kept: Object = {"$ref": fragment_of(steps_of(reference[1:]))}
            beside = {
                name: inner
                for name, inner in value.items()
                if name not in ("$ref", *form.texts, *form.noise) and not name.startswith("x-")
                # In OpenAPI 3.1 keywords beside a $ref count; whoever writes this one in 3.0 means it, too.
                and (name == "deprecated" or self._newer)
            }
            heeded = ("deprecated", *form.texts)
            for name, text in () if self._newer else ignored_beside(kind, value, heeded):
                self._note((*way, name), text)
            if beside.get("deprecated") is False:
                del beside["deprecated"]
            if beside:
                beside["allOf"] = [kept, *list_of(beside.get("allOf"))]
                return self._cleaned("schema", beside, way)
            return kept
        if kind != "schema":
            for name, text in ignored_beside(
                kind, value, FORMS[kind].texts if kind in FORMS else ()
            ):
                self._note((*way, name), text)
        if reference in self._open:
            self._problem(
                way,
                f"the $ref {quoted(reference)} leads back to itself",
                "a definition",
                "point it at one",
            )
            return {}
        if followed is None:
            return {}
        self._open.append(reference)
        try:
            return self._cleaned(kind, followed[1], followed[0])
        finally:
            self._open.pop()

    def _follow(self, reference: str, way: Pointer) -> tuple[Pointer, Any] | None:
        """Return the way to what a `$ref` leads to, and what stands there; note when nothing does."""
        try:
            return target(self._data, reference)
        except DanglingReference as error:
            self._problem(
                way, error.wrong, "a definition in the document or in one of SOURCE", error.mend
            )
            return None

    def _mapping(self, schema: Object, way: Pointer) -> None:
        """Write the values of a discriminator's mapping as `$ref`s; a bare name means a component."""
        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict):
            return
        kept: Object = {"propertyName": discriminator.get("propertyName")}
        for tag, reference in dict_of(discriminator.get("mapping")).items():
            if isinstance(reference, str) and "/" not in reference and "#" not in reference:
                reference = fragment_of(("components", "schemas", reference))
            kept.setdefault("mapping", {})[tag] = reference
            self._follow(str(reference), (*way, "discriminator", "mapping", tag))
        is_base = len(way) == 3 and not {"oneOf", "anyOf"} & schema.keys()
        whole = self._inheritance.mapping(str(way[-1]), kept) if is_base else {}
        schema["discriminator"] = {**kept, "mapping": whole} if whole else kept

    def _text(self, value: Any) -> str:
        """Return a text for people, if such are kept, without spaces at the ends of its lines."""
        if not self._keep_texts or not isinstance(value, str):
            return ""
        return "\n".join(line.rstrip() for line in value.strip().splitlines())

    def _note(self, way: Pointer, text: str) -> None:
        if len(self.excerpt.unread) < MOST_NOTES:
            self.excerpt.unread.append(Note(self._document.locate(way), text))

    def _problem(self, way: Pointer, wrong: str, expected: str, mend: str) -> None:
        self.problems.append(Problem(self._document.locate(way), wrong, expected, mend))


def _json_only(content: Object) -> Object:
    """Return the JSON representation of a body alone."""
    media_type = json_media_type(content)
    if media_type is None:
        return content
    return {sent_media_type(media_type): content[media_type]}


def _without_texts(value: Any) -> Any:
    """Return a value of a field that is not known, without what looks like a text or an example."""
    if isinstance(value, list):
        return [_without_texts(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_texts(inner)
        for name, inner in value.items()
        if not (name in _TEXTS and not isinstance(inner, dict)) and not name.startswith("x-")
    }


def _server_urls(declared: Any) -> list[str]:
    """Return the addresses of `servers`: absolute ones, each once, encrypted ones first.

    Variables get their defaults. A token has to be sent with every request, so where a document offers
    https as well as http, the client uses https.
    """
    urls: list[str] = []
    for server in map(dict_of, list_of(declared)):
        url = server.get("url")
        if isinstance(url, str):
            url = _VARIABLE.sub(partial(_default, server), url).strip().rstrip("/")
            if url.startswith(("https://", "http://")) and url not in urls:
                urls.append(url)
    return sorted(urls, key=lambda url: not url.startswith("https://"))


def _default(server: Object, match: re.Match[str]) -> str:
    variable = dict_of(dict_of(server.get("variables")).get(match[1]))
    return str(variable.get("default", match[0]))
