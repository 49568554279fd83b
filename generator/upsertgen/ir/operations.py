"""Operations of the documents, as far as one document can tell: before bodies are compared and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from upsertgen.errors import Problems, quoted
from upsertgen.ir.extensions import (
    check_extension_names,
    check_no_extensions,
    read_policy,
    read_sandbox,
    read_upsert,
)
from upsertgen.ir.names import method_name, pascal_case
from upsertgen.ir.reader import SpecReader
from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Default,
    EnumerationType,
    NullableType,
    ObjectValue,
    Policy,
    Response,
    Role,
    ScalarType,
    Type,
    UnionType,
    Upsert,
)
from upsertgen.ir.values import fits, freeze, text_of
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Document
from upsertgen.specs.references import Node, References

HTTP_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%{}/-]*\Z")
_PARAMETER = re.compile(r"{([^{}/]*)}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
# What can be the value of a header.
_MEDIA_TYPE = re.compile(r"[!-~](?:[\t -~]*[!-~])?\Z")
_HEADERS_OF_THE_CLIENT = frozenset(("accept", "content-type", "authorization"))
_BEARER_TYPES = frozenset(("oauth2", "openIdConnect"))


@dataclass(frozen=True)
class RawParameter:
    """A parameter of an operation, before names are decided."""

    wire_name: str
    location: str
    explode: bool
    type: Type
    required: bool
    default: Default | None
    description: SpecText | None


@dataclass(frozen=True)
class RawBody:
    """A request body, before bodies are compared."""

    type: Type
    required: bool
    media_type: SpecText
    description: SpecText | None


@dataclass(frozen=True)
class RawOperation:
    """An operation whose types still lead to the bodies of its own document."""

    node: Node
    name: str
    method: str
    path: SpecText
    parameters: tuple[RawParameter, ...]
    body: RawBody | None
    responses: tuple[Response, ...]
    error: Type | None
    policy: Policy
    summary: SpecText | None
    description: SpecText | None
    scopes: tuple[SpecText, ...]
    security: tuple[tuple[tuple[SpecText, tuple[SpecText, ...]], ...], ...]
    upsert: Upsert | None
    example: ObjectValue | None
    sandbox: ObjectValue | None


class OperationReader(SpecReader):
    """Reads the operations of documents.

    Args:
        references: Follows `$ref`s.
        schemas: Reads the schemas that operations use.
        problems: Where to note what is wrong or cannot be expressed.
    """

    def __init__(self, references: References, schemas: SchemaReader, problems: Problems) -> None:
        super().__init__(references, problems)
        self._schemas = schemas

    def read(self, document: Document) -> list[RawOperation]:
        """Return the operations of one document, sorted by name."""
        operations: dict[str, RawOperation] = {}
        if document.data.get("webhooks"):
            node = Node(document, ("webhooks",), document.data["webhooks"])
            self._unsupported(node, "webhooks", "operations under paths")
        for node, method, path, shared in self._nodes(document):
            operation = self._operation(node, method, path, shared)
            if operation is None:
                continue
            earlier = operations.setdefault(operation.name, operation)
            if earlier is not operation:
                place = document.locate(earlier.node.pointer, key=True)
                self._problem(
                    node,
                    f"this operation and the one at {place} would both get the name "
                    f"{operation.name}",
                    "a different operationId for each operation of a file",
                    "change one of them",
                )
        return [operations[name] for name in sorted(operations)]

    def _nodes(self, document: Document) -> Iterator[tuple[Node, str, str, list[Node]]]:
        count = 0
        paths = Node(document, ("paths",), document.data.get("paths") or {})
        check_no_extensions(Node(document, (), document.data), self._problems)
        for path in paths.value:
            if path.startswith("x-"):
                continue
            item = self._follow(paths.child(path))
            if item is None:
                continue
            check_no_extensions(item, self._problems)
            if "servers" in item.value:
                self._unsupported(
                    item.child("servers"), "servers of a path", "servers of the document"
                )
            shared = [
                item.child("parameters", index)
                for index in range(len(item.value.get("parameters", ())))
            ]
            for method in HTTP_METHODS:
                if method in item.value:
                    count += 1
                    self._at_most(LIMITS.operations, count, item, "operations in this document")
                    yield item.child(method), method, path, shared

    def _operation(
        self, node: Node, method: str, path: str, shared: list[Node]
    ) -> RawOperation | None:
        value: dict[str, Any] = node.value
        if not value.get("operationId"):
            self._problem(
                node,
                "the operation has no operationId",
                "an operationId, which names the method",
                "add operationId",
            )
            return None
        for unsupported in ("callbacks", "servers"):
            if unsupported in value:
                self._unsupported(node.child(unsupported), f"{unsupported} of an operation", "none")
        check_extension_names(node, self._problems)
        name = method_name(value["operationId"])
        called = pascal_case(f"{node.document.name}_{name}", "Operation")
        parameters, constants = self._parameters(node, shared, called)
        responses, error = self._responses(node, called)
        return RawOperation(
            node=node,
            name=name,
            method=method.upper(),
            path=SpecText(self._path(node, path, parameters, constants)),
            parameters=tuple(parameters),
            body=self._body(node, called),
            responses=responses,
            error=error,
            policy=read_policy(node, self._problems),
            summary=text_of(value.get("summary")),
            description=text_of(value.get("description")),
            scopes=self._scopes(node),
            security=_security(node),
            upsert=read_upsert(node, self._problems),
            example=self._example(node),
            sandbox=read_sandbox(node, self._references, self._problems),
        )

    def _path(
        self, node: Node, path: str, parameters: list[RawParameter], constants: dict[str, str]
    ) -> str:
        place = Node(node.document, node.pointer[:-1], None)
        if not _PATH.match(path) or any(part in (".", "..") for part in path.split("/")):
            self._problem(
                place,
                f"the path {quoted(path)} is not a URL path",
                "a path of URL characters",
                "percent-encode the rest",
            )
        used = _PARAMETER.findall(path)
        declared = {
            one.wire_name for one in parameters if one.location == "path"
        } | constants.keys()
        if "" in used or set(_PARAMETER.sub("", path)) & {*"{}"}:
            self._problem(
                place,
                f"the path {quoted(path)} has braces that name no parameter",
                "{name} for each parameter",
                "name the parameter, or percent-encode the braces",
            )
        for missing in sorted(set(used) - declared):
            self._problem(
                place,
                f"the path parameter {quoted(missing)} is not declared",
                "a parameter with 'in: path' for each {name} in the path",
                "declare it under parameters",
            )
        for unused in sorted(declared - set(used)):
            self._problem(
                place,
                f"the path parameter {quoted(unused)} does not occur in the path",
                f"{{{unused}}} in the path",
                "remove the parameter or correct the path",
            )
        return _PARAMETER.sub(
            lambda match: (
                quote(constants[match[1]], safe="") if match[1] in constants else match[0]
            ),
            path,
        )

    def _parameters(
        self, node: Node, shared: list[Node], called: str
    ) -> tuple[list[RawParameter], dict[str, str]]:
        own = [
            node.child("parameters", index)
            for index in range(len(node.value.get("parameters", ())))
        ]
        found: dict[tuple[str, str], Node] = {}
        for declaration in [*shared, *own]:
            target = self._follow(declaration)
            if target is not None:
                found[target.value["in"], target.value["name"]] = target
        parameters: list[RawParameter] = []
        constants: dict[str, str] = {}
        for (location, wire_name), target in found.items():
            constant = self._constant(target)
            if location == "path" and constant is not None:
                constants[wire_name] = constant
            elif location != "header" or wire_name.lower() not in _HEADERS_OF_THE_CLIENT:
                parameter = self._parameter(target, called)
                parameters += [parameter] if parameter else []
        return parameters, constants

    def _constant(self, parameter: Node) -> str | None:
        """Return the only value that a parameter can have, if there is but one."""
        schema = self._follow(parameter.child("schema")) if "schema" in parameter.value else None
        if schema is None or not isinstance(schema.value, dict):
            return None
        values = (
            [schema.value["const"]] if "const" in schema.value else schema.value.get("enum", ())
        )
        return (
            str(values[0]) if len(values) == 1 and values[0] not in (None, "", ".", "..") else None
        )

    def _parameter(self, node: Node, called: str) -> RawParameter | None:
        value: dict[str, Any] = node.value
        wire_name, location = value["name"], value["in"]
        default_style = "form" if location == "query" else "simple"
        if location == "cookie":
            self._unsupported(node, "a cookie parameter", "parameters in path, query or header")
            return None
        if "schema" not in value:
            self._unsupported(node, "a parameter with a media type", "a parameter with a schema")
            return None
        if value.get("style", default_style) != default_style:
            self._unsupported(
                node.child("style"), f"the style {quoted(value['style'])}", f"style {default_style}"
            )
        if location == "header" and not _HEADER.match(wire_name):
            self._problem(
                node,
                f"{quoted(wire_name)} is not a header name",
                "a token of RFC 9110",
                "correct the name",
            )
        schema = node.child("schema")
        kind = self._schemas.read(
            schema, Role.REQUEST, pascal_case(f"{called}_{wire_name}", "Parameter")
        )
        lists = location == "query"
        if not _is_parameter_type(kind, lists=lists):
            self._unsupported(
                node,
                f"the type of the parameter {quoted(wire_name)}",
                "a scalar" + (" or a list of scalars" if lists else ""),
            )
        default = schema.value.get("default") if isinstance(schema.value, dict) else None
        fitting = default is not None and fits(default, kind) and not isinstance(default, list)
        return RawParameter(
            wire_name=wire_name,
            location=location,
            explode=bool(value.get("explode", location == "query")),
            type=kind,
            required=bool(value.get("required", False)),
            default=Default(freeze(default)) if fitting else None,
            description=text_of(value.get("description")),
        )

    def _body(self, node: Node, called: str) -> RawBody | None:
        if "requestBody" not in node.value:
            return None
        body = self._follow(node.child("requestBody"))
        if body is None:
            return None
        content = self._json_content(body)
        if content is None:
            return None
        media_type = str(content.pointer[-1])
        kind = (
            self._schemas.read(content.child("schema"), Role.REQUEST, f"{called}Request")
            if "schema" in content.value
            else AnyType()
        )
        sent_as = "application/json" if "*" in media_type else media_type
        if not _MEDIA_TYPE.match(sent_as):
            self._problem(
                content,
                f"{quoted(media_type)} is not a media type",
                "printable ASCII, such as application/json",
                "correct it",
            )
        return RawBody(
            kind,
            bool(body.value.get("required", False)),
            SpecText(sent_as),
            text_of(body.value.get("description")),
        )

    def _responses(self, node: Node, called: str) -> tuple[tuple[Response, ...], Type | None]:
        # OpenAPI 3.1 lets an operation have none.
        responses = Node(
            node.document, (*node.pointer, "responses"), node.value.get("responses", {})
        )
        successes: list[Response] = []
        errors: list[Type] = []
        for status in sorted(key for key in responses.value if not key.startswith("x-")):
            response = self._follow(responses.child(status))
            if response is None or status.startswith(("1", "3")):
                continue
            content = self._json_content(response) if response.value.get("content") else None
            success = status.startswith("2")
            suffix = f"Response{status}" if success else "Error"
            kind = (
                self._schemas.read(content.child("schema"), Role.RESPONSE, f"{called}{suffix}")
                if content is not None and "schema" in content.value
                else None
            )
            if success:
                successes.append(
                    Response(status.upper(), kind, SpecText(response.value.get("description", "")))
                )
            elif kind is not None and kind not in errors:
                errors.append(kind)
        if not successes:
            self._problem(
                responses,
                "no response with a status of 2xx is declared",
                "at least one success response",
                "declare it",
            )
        error = errors[0] if len(errors) == 1 else UnionType(tuple(errors)) if errors else None
        return tuple(successes), error

    def _json_content(self, node: Node) -> Node | None:
        """Return the JSON representation among several media types."""
        media_types = list(node.value.get("content", {}))
        for fits_type in (
            lambda one: one == "application/json",
            lambda one: one.partition(";")[0].strip() == "application/json"
            or one.partition(";")[0].endswith("+json"),
            lambda one: one in ("*/*", "application/*"),
        ):
            for media_type in media_types:
                if fits_type(media_type.lower()):
                    return node.child("content", media_type)
        self._unsupported(
            node,
            f"a body of {', '.join(media_types) or 'no media type'}",
            "application/json among them",
        )
        return None

    def _scopes(self, node: Node) -> tuple[SpecText, ...]:
        """Return the scopes that an operation names, and note when a bearer token cannot open it."""
        document = node.document
        declared = node.value.get("security", document.data.get("security"))
        if not declared:
            return ()
        schemes = Node(document, (), document.data)
        for step in ("components", "securitySchemes"):
            schemes = schemes.child(step) if step in schemes.value else Node(document, (), {})
        scopes: set[str] = set()
        bearer = False
        for requirement in declared:
            usable = True
            for name, names in requirement.items():
                scheme = self._follow(schemes.child(name)) if name in schemes.value else None
                if scheme is None:
                    self._problem(
                        node.child("security") if "security" in node.value else node,
                        f"the security scheme {quoted(name)} is not declared",
                        "a scheme of components.securitySchemes",
                        "declare it or correct the name",
                    )
                    return ()
                kind = scheme.value["type"]
                is_bearer = (
                    kind == "http" and str(scheme.value.get("scheme", "")).lower() == "bearer"
                )
                usable = usable and (kind in _BEARER_TYPES or is_bearer)
                scopes.update(names)
            bearer = bearer or usable
        if not bearer:
            self._unsupported(
                node,
                "security without a bearer token",
                "a scheme of type oauth2, or http with bearer",
            )
        return tuple(SpecText(scope) for scope in sorted(scopes))

    def _example(self, node: Node) -> ObjectValue | None:
        body = self._follow(node.child("requestBody")) if "requestBody" in node.value else None
        content = self._json_content(body) if body is not None else None
        if content is None:
            return None
        named = [example.get("value") for example in content.value.get("examples", {}).values()]
        example = content.value.get("example", named[0] if named else None)
        frozen = freeze(example) if isinstance(example, dict) else None
        return frozen if isinstance(frozen, ObjectValue) else None


def _security(node: Node) -> tuple[tuple[tuple[SpecText, tuple[SpecText, ...]], ...], ...]:
    """Return the security requirements of an operation, one of which has to be met."""
    declared = node.value.get("security", node.document.data.get("security")) or ()
    return tuple(
        tuple(
            (SpecText(name), tuple(SpecText(scope) for scope in sorted(scopes)))
            for name, scopes in sorted(requirement.items())
        )
        for requirement in declared
    )


def _is_parameter_type(kind: Type, *, lists: bool) -> bool:
    match kind:
        case NullableType(inner):
            return _is_parameter_type(inner, lists=lists)
        case ArrayType(items):
            return lists and _is_parameter_type(items, lists=False)
        case UnionType(alternatives):
            return all(_is_parameter_type(one, lists=lists) for one in alternatives)
        case ScalarType() | EnumerationType() | AnyType():
            return True
        case _:
            return False
