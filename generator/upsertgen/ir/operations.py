"""Operations of the documents, as far as one document can tell: before bodies are compared and named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from upsertgen.errors import Location, quoted
from upsertgen.ir.constants import constant
from upsertgen.ir.extensions import (
    check_extension_names,
    read_account_query,
    read_policy,
    read_property_query,
    read_sandbox,
    read_upsert,
)
from upsertgen.ir.names import method_name, pascal_case
from upsertgen.ir.property_files import keys_of
from upsertgen.ir.reader import Reader
from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.security import SecurityReader, place_of
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Body,
    Constant,
    Default,
    Direction,
    MapType,
    ObjectValue,
    Operation,
    Parameter,
    ReferenceType,
    Response,
    Scalar,
    StandardProperties,
    Type,
    UnionType,
    Value,
    inner_types,
)
from upsertgen.ir.values import fits, freeze, is_deprecated, text_of
from upsertgen.ir.vocabulary import ErrorPolicy, OwnError
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Document
from upsertgen.specs.openapi import (
    HEADER_NAME,
    HEADER_VALUE,
    JSON,
    METHODS,
    PATH_ARGUMENT,
    accepted_media_types,
    is_url_path,
    json_media_type,
    lines_media_type,
    sent_media_type,
)
from upsertgen.specs.references import Node

_HEADERS_OF_THE_CLIENT = frozenset(("accept", "content-type", "authorization"))
_APART = {
    "callbacks": "operations that clients send, each under 'paths'",
    "servers": "servers of the document, which all its operations share",
}
"""What an operation must not have, and what is expected instead."""


class OperationReader(Reader):
    """Reads the operations of documents.

    Attributes:
        policies: Every distinct policy, with its index.
        errors: What errors mean for this API alone, by the name of the exception.

    Args:
        schemas: Reads the schemas that operations use.
        properties: The properties that every account has.
    """

    def __init__(
        self, schemas: SchemaReader, properties: Iterable[StandardProperties] = ()
    ) -> None:
        super().__init__(schemas.specs, schemas.problems)
        self.policies: dict[ErrorPolicy, int] = {}
        self.errors: dict[str, OwnError] = {}
        self._schemas = schemas
        self._security = SecurityReader(self)
        self._properties = {one.object_type: one for one in properties}

    def read(self, document: Document) -> list[tuple[Node, Operation]]:
        """Return the operations of one document, each with its node.

        Their types still lead to the bodies of their own document, and their parameters have no names.
        """
        if document.data.get("webhooks"):
            node = Node(document, ("webhooks",), document.data["webhooks"])
            self.unsupported(node, "webhooks", _APART["callbacks"])
        operations: list[tuple[Node, Operation]] = []
        nodes = sorted(self._nodes(document), key=lambda found: _name(found[0]))
        for node, method, path, shared in nodes:
            operation = self._operation(node, method, path, shared)
            if operation is not None:
                operations.append((node, operation))
        return operations

    def _nodes(self, document: Document) -> Iterator[tuple[Node, str, str, list[Node]]]:
        count = 0
        paths = Node(document, ("paths",), document.data.get("paths") or {})
        for path in paths.value:
            if path.startswith("x-"):
                continue
            item = self.follow(paths.child(path))
            if item is None:
                continue
            if "servers" in item.value:
                self.unsupported(item.child("servers"), "servers of a path", _APART["servers"])
            shared = item.children("parameters")
            for method in METHODS:
                if method in item.value:
                    count += 1
                    self.at_most(LIMITS.operations, count, item, "operations in this document")
                    yield item.child(method), method, path, shared

    def _operation(
        self, node: Node, method: str, path: str, shared: list[Node]
    ) -> Operation | None:
        value: dict[str, Any] = node.value
        if not value.get("operationId"):
            self.problem(
                node,
                "the operation has no operationId",
                "an operationId, which names the method",
                "add operationId",
            )
            return None
        for unsupported, expected in _APART.items():
            if unsupported in value:
                what = f"{unsupported} of an operation"
                self.unsupported(node.child(unsupported), what, expected)
        check_extension_names(node, self.problems)
        name = _name(node)
        called = pascal_case(f"{node.document.name}_{name}", "Operation")
        security, credentials = self._security.read(node)
        taken = {one.place for needed in credentials or () for one in needed}
        parameters, constants, filled = self._parameters(node, shared, called, taken)
        responses, failures, error, accept = self._responses(node, called)
        body, example = self._body(node, called)
        policy, classes = read_policy(node, self.problems)
        for place, one in classes:
            self._keep(place, one)
        upsert = read_upsert(node, self.problems)
        sandbox = read_sandbox(node, self.specs, self.problems)
        return Operation(
            name=name,
            method=method.upper(),
            path=SpecText(self._path(node, path, parameters, filled)),
            parameters=tuple(parameters),
            constants=tuple(constants),
            body=body,
            accept=accept,
            responses=responses,
            failures=failures,
            error=error,
            policy=self.policies.setdefault(policy, len(self.policies)),
            summary=text_of(value.get("summary")),
            description=text_of(value.get("description")),
            deprecated=value.get("deprecated") is True,
            scopes=tuple(
                sorted({one for needed in security for _, scopes in needed for one in scopes})
            ),
            security=security,
            credentials=credentials,
            upsert=upsert,
            request=None,
            property_query=read_property_query(node, self.problems),
            account_query=read_account_query(node, self.problems),
            example=example,
            sandbox=sandbox,
            keys=keys_of(upsert, self._properties.get(node.document.name)),
            location=str(node.locate(key=True)),
            operation_id=SpecText(value["operationId"]),
        )

    def _keep(self, place: Location, error: OwnError) -> None:
        if self.errors.setdefault(error.name, error) != error:
            self.problems.add(
                place,
                f"the class {error.name} is described otherwise than at another operation",
                "one meaning and one description for each class",
                "describe it once, in an overlay for all operations",
            )

    def _path(
        self, node: Node, path: str, parameters: list[Parameter], constants: dict[str, str]
    ) -> str:
        place = Node(node.document, node.pointer[:-1], None)
        if not is_url_path(path):
            self.problem(
                place,
                f"the path {quoted(path)} is not a URL path",
                "letters, digits and -._~!$&'()*+,;=:@%/, with {name} for each argument",
                "percent-encode the rest",
            )
        used = PATH_ARGUMENT.findall(path)
        declared = {
            one.wire_name.raw for one in parameters if one.location == "path"
        } | constants.keys()
        if "" in used or set(PATH_ARGUMENT.sub("", path)) & {*"{}"}:
            self.problem(
                place,
                f"the path {quoted(path)} has braces that name no parameter",
                "{name} for each parameter",
                "name the parameter, or percent-encode the braces",
            )
        for missing in sorted(set(used) - declared):
            self.problem(
                place,
                f"the path parameter {quoted(missing)} is not declared",
                "a parameter with 'in: path' for each {name} in the path",
                "declare it under parameters",
            )
        for unused in sorted(declared - set(used)):
            self.problem(
                place,
                f"the path parameter {quoted(unused)} does not occur in the path",
                f"{{{unused}}} in the path",
                "remove the parameter or correct the path",
            )
        return PATH_ARGUMENT.sub(
            lambda match: (
                quote(constants[match[1]], safe="") if match[1] in constants else match[0]
            ),
            path,
        )

    def _parameters(
        self, node: Node, shared: list[Node], called: str, taken: set[str]
    ) -> tuple[list[Parameter], list[Constant], dict[str, str]]:
        """Return the arguments outside the body, constants there, and those of the path by their name."""
        found: dict[tuple[str, str], Node] = {}
        for declaration in [*shared, *node.children("parameters")]:
            target = self.follow(declaration)
            if target is not None:
                found[target.value["in"], target.value["name"]] = target
        parameters: list[Parameter] = []
        constants: list[Constant] = []
        filled: dict[str, str] = {}
        for (location, wire_name), target in found.items():
            segment = self._segment(target) if location == "path" else None
            if segment is not None:
                filled[wire_name] = segment
            elif location == "header" and wire_name.lower() in _HEADERS_OF_THE_CLIENT:
                self.note(
                    target,
                    f"the header {quoted(wire_name)} is no argument: clients set it themselves",
                )
            elif place_of(location, wire_name) in taken:
                what = f"the {location} parameter {quoted(wire_name)}"
                self.note(target, f"{what} is no argument: clients send their credentials there")
            else:
                parameter = self._parameter(target, called)
                only = self._only_value(target, parameter) if parameter is not None else None
                if only is not None:
                    constants.append(Constant(SpecText(wire_name), location, only))
                elif parameter is not None:
                    parameters.append(parameter)
        return parameters, constants, filled

    def _only_value(self, node: Node, parameter: Parameter) -> Scalar:
        """Return the only value of a parameter that requests need, or that leaving it out means, too."""
        only = constant(parameter.type)
        if parameter.location == "path" or not (parameter.required or parameter.default):
            return None
        if parameter.location == "header" and only is not None:
            text = only.raw if isinstance(only, SpecText) else str(only)
            if text and not HEADER_VALUE.match(text):
                self.problem(
                    node,
                    f"the header {quoted(parameter.wire_name.raw)} cannot be {quoted(text)}",
                    "printable ASCII",
                    "correct the value in its schema",
                )
        return only

    def _segment(self, parameter: Node) -> str | None:
        """Return the only value that a parameter of a path can have, if there is but one."""
        schema = self.follow(parameter.child("schema")) if "schema" in parameter.value else None
        if schema is None or not isinstance(schema.value, dict):
            return None
        values = (
            [schema.value["const"]] if "const" in schema.value else schema.value.get("enum", ())
        )
        return (
            str(values[0]) if len(values) == 1 and values[0] not in (None, "", ".", "..") else None
        )

    def _parameter(self, node: Node, called: str) -> Parameter | None:
        value: dict[str, Any] = node.value
        wire_name, location = value["name"], value["in"]
        default_style = "form" if location == "query" else "simple"
        if location == "cookie":
            self.unsupported(node, "a cookie parameter", "parameters in path, query or header")
            return None
        if "schema" not in value:
            self.unsupported(node, "a parameter with a media type", "a parameter with a schema")
            return None
        if value.get("style", default_style) != default_style:
            self.unsupported(
                node.child("style"), f"the style {quoted(value['style'])}", f"style {default_style}"
            )
        if location == "header" and not HEADER_NAME.match(wire_name):
            self.problem(
                node,
                f"{quoted(wire_name)} is not a header name",
                "letters, digits and !#$%&'*+.^_`|~-",
                "correct the name",
            )
        schema = node.child("schema")
        kind = self._schemas.read(
            schema, Direction.REQUEST, pascal_case(f"{called}_{wire_name}", "Parameter")
        )
        lists = location == "query"
        if not _is_parameter_type(kind, lists=lists):
            self.unsupported(
                node,
                f"the type of the parameter {quoted(wire_name)}",
                "a scalar" + (" or a list of scalars" if lists else ""),
            )
        target = self.follow(schema) or schema
        default = target.value.get("default") if isinstance(target.value, dict) else None
        fitting = default is not None and fits(default, kind) and not isinstance(default, list)
        required = bool(value.get("required", False))
        if default is not None and not fitting:
            text = f"the default {quoted(default)} is no scalar of its schema's type, and is not heeded"
            self.note(target.child("default"), text)
        return Parameter(
            wire_name=SpecText(wire_name),
            name="",
            location=location,
            explode=bool(value.get("explode", location == "query")),
            type=kind,
            # What has a default need not be given.
            required=required and not fitting,
            default=Default(freeze(default)) if fitting else None,
            description=text_of(value.get("description")),
            sends_default=required and fitting,
            deprecated=is_deprecated(node, schema, self.follow(schema)),
        )

    def _body(self, node: Node, called: str) -> tuple[Body | None, ObjectValue | None]:
        """Return what an operation sends, and an example of it."""
        body = self.follow(node.child("requestBody")) if "requestBody" in node.value else None
        content = self._json_content(body, sent=True) if body is not None else None
        if body is None or content is None:
            return None, None
        media_type = str(content.pointer[-1])
        lines = json_media_type([media_type]) is None
        kind = (
            self._schemas.read(content.child("schema"), Direction.REQUEST, f"{called}Request")
            if "schema" in content.value
            else AnyType()
        )
        if lines and not isinstance(kind, ArrayType):
            kind = self._list_of_lines(content, kind)
        sent_as = sent_media_type(media_type)
        if not HEADER_VALUE.match(sent_as):
            self.problem(
                content,
                f"{quoted(media_type)} is not a media type",
                "printable ASCII, such as application/json",
                "correct it",
            )
        named = [example.get("value") for example in content.value.get("examples", {}).values()]
        example = freeze(content.value.get("example", named[0] if named else None))
        return (
            Body(
                type=kind,
                by_fields=False,
                required=bool(body.value.get("required", False)),
                media_type=SpecText(sent_as),
                description=text_of(body.value.get("description")),
                lines=lines,
            ),
            example if isinstance(example, ObjectValue) else None,
        )

    def _list_of_lines(self, content: Node, line: Type) -> Type:
        """Return the type of a body of lines whose schema is that of a line."""
        if not isinstance(line, (AnyType, MapType, ReferenceType, UnionType)):
            self.unsupported(
                content.child("schema"),
                f"the type of a line of {quoted(content.pointer[-1])}",
                "an object, or an array of such",
            )
        return ArrayType(line)

    def _responses(
        self, node: Node, called: str
    ) -> tuple[tuple[Response, ...], tuple[Response, ...], Type | None, SpecText | None]:
        """Return the success responses, the others, the type of error bodies, and the media types of all."""
        # OpenAPI 3.1 lets an operation have none.
        responses = Node(
            node.document, (*node.pointer, "responses"), node.value.get("responses", {})
        )
        successes: list[Response] = []
        failures: list[Response] = []
        errors: list[Type] = []
        media_types: tuple[list[str], list[str]] = ([], [])
        for status in sorted(key for key in responses.value if not key.startswith("x-")):
            response = self.follow(responses.child(status))
            if response is not None and status.startswith(("1", "3")):
                text = (
                    f"what is said of answers with {status} is not read: to clients they are errors"
                )
                self.note(responses.child(status), text)
            if response is None or status.startswith(("1", "3")):
                continue
            content = self._json_content(response) if response.value.get("content") else None
            success = status.startswith("2")
            suffix = f"Response{status}" if success else "Error"
            if content is not None:
                media_types[not success].append(str(content.pointer[-1]))
            kind = (
                self._schemas.read(content.child("schema"), Direction.RESPONSE, f"{called}{suffix}")
                if content is not None and "schema" in content.value
                else None
            )
            if content is not None and "schema" not in content.value:
                self.note(content, "the body has no schema, so clients read nothing of it")
            told = SpecText(response.value.get("description", ""))
            called_so = status if status == "default" else status.upper()
            (successes if success else failures).append(
                Response(called_so, kind, told, self._examples(content))
            )
            if not success and kind is not None and kind not in errors:
                errors.append(kind)
        if not successes:
            self.problem(
                responses,
                "no response with a status of 2xx is declared",
                "at least one success response",
                "declare it",
            )
        error = errors[0] if len(errors) == 1 else UnionType(tuple(errors)) if errors else None
        accept = accepted_media_types([*media_types[0], *media_types[1]])
        if not HEADER_VALUE.match(accept):
            self.problem(
                responses,
                f"{quoted(accept)} are no media types",
                "printable ASCII, such as application/json",
                "correct them",
            )
        read = SpecText(accept) if accept != JSON else None
        return tuple(successes), tuple(failures), error, read

    def _examples(self, content: Node | None) -> tuple[Value, ...]:
        """Return the examples of a body."""
        if content is None:
            return ()
        named = [
            self.follow(content.child("examples", one)) for one in content.value.get("examples", {})
        ]
        values = [one.value["value"] for one in named if one is not None and "value" in one.value]
        values += [content.value["example"]] if "example" in content.value else []
        return tuple(freeze(one) for one in values)

    def _json_content(self, node: Node, *, sent: bool = False) -> Node | None:
        """Return the JSON representation among several media types; what is sent may be JSON on lines."""
        media_types = node.value.get("content", {})
        media_type = json_media_type(media_types)
        if media_type is None and sent:
            media_type = lines_media_type(media_types)
        if media_type is not None:
            if len(media_types) > 1:
                others = ", ".join(quoted(one) for one in media_types if one != media_type)
                self.note(
                    node.child("content"),
                    f"of several media types clients use {quoted(media_type)}, and not {others}",
                )
            return node.child("content", media_type)
        self.unsupported(
            node,
            f"a body of {', '.join(media_types) or 'no media type'}",
            "application/json among them",
        )
        return None


def _name(operation: Node) -> str:
    return method_name(operation.value.get("operationId") or "")


def _is_parameter_type(kind: Type, *, lists: bool) -> bool:
    if isinstance(kind, (MapType, ReferenceType)) or (isinstance(kind, ArrayType) and not lists):
        return False
    lists = lists and not isinstance(kind, ArrayType)
    return all(_is_parameter_type(one, lists=lists) for one in inner_types(kind))
