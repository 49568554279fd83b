"""What the template of an object type's module lays out: arguments, annotations, decoders, imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upsertgen.emit.annotations import Annotations
from upsertgen.emit.encode import identifier, raw
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Operation,
    Parameter,
    ReferenceType,
    Resource,
    Type,
)


@dataclass(frozen=True)
class Argument:
    """One keyword argument as it is written."""

    parameter: Parameter
    name: str
    annotation: str
    default: str
    sent: str
    help: str


@dataclass(frozen=True)
class Method:
    """One method as it is written. What is an expression is ready to be emitted."""

    operation: Operation
    constant: str
    summary: str
    returns: str
    returns_help: str
    arguments: tuple[Argument, ...]
    groups: tuple[tuple[str, tuple[Argument, ...]], ...]
    passed: str
    decoders: tuple[tuple[str, str], ...]
    error_decoder: str
    body_adapter: str | None
    content: str | None


@dataclass(frozen=True)
class ResourceView:
    """One module as it is written.

    Attributes:
        methods: Its methods.
        standard_imports: Names of the standard library, by module.
        imports: Other names, by module.
        typed_dicts: Names that only type checkers import.
    """

    methods: tuple[Method, ...]
    standard_imports: tuple[tuple[str, tuple[str, ...]], ...]
    imports: tuple[tuple[str, tuple[str, ...]], ...]
    typed_dicts: tuple[str, ...]


def resource_view(resource: Resource, names: Mapping[str, str]) -> ResourceView:
    """Return what the module of an object type consists of.

    Args:
        resource: The object type.
        names: The class name of each model in the resource's version, by its key.
    """
    writer = _Writer(names)
    methods = tuple(writer.method(operation) for operation in resource.operations)
    return ResourceView(
        methods, *writer.imports({operation.policy for operation in resource.operations})
    )


def policy_name(index: int) -> str:
    """Return the name of a policy in the emitted module of policies."""
    return "POLICY" if index == 0 else f"POLICY_{index + 1}"


class _Writer:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._annotations = Annotations(names)
        self._helpers: set[str] = {"Call", "Operation"}
        self._adapter = False

    def method(self, operation: Operation) -> Method:
        constant = f"_{identifier(operation.name).upper()}"
        types = tuple(dict.fromkeys(response.type for response in operation.responses))
        returns = " | ".join(
            dict.fromkeys(self._annotations.returned(one) if one else "None" for one in types)
        )
        arguments = tuple(
            self._argument(operation, parameter) for parameter in operation.parameters
        )
        adapter, content = self._content(operation, constant, arguments)
        return Method(
            operation=operation,
            constant=constant,
            summary=self._summary(operation),
            returns=returns,
            returns_help=" ".join(
                f"{one.status}: {raw(one.description)}" for one in operation.responses
            ),
            arguments=arguments,
            groups=self._groups(arguments),
            passed=", ".join(f"{argument.name}={argument.name}" for argument in arguments),
            decoders=tuple(
                (response.status, self._decoder(response.type)) for response in operation.responses
            ),
            error_decoder=self._decoder(operation.error) if operation.error is not None else "None",
            body_adapter=adapter,
            content=content,
        )

    def imports(self, policies: set[int]) -> tuple[
        tuple[tuple[str, tuple[str, ...]], ...],
        tuple[tuple[str, tuple[str, ...]], ...],
        tuple[str, ...],
    ]:
        standard = {module: set(names) for module, names in self._annotations.imports()}
        if self._annotations.typed_dicts:
            standard.setdefault("typing", set()).add("TYPE_CHECKING")
        others: dict[str, set[str]] = {
            ".._policies": {policy_name(index) for index in policies},
            ".._runtime.operation": self._helpers,
            ".._runtime.resource": {"AsyncResource", "SyncResource"},
        }
        if self._adapter:
            others["pydantic"] = {"TypeAdapter"}
        if self._annotations.models:
            others[".models"] = self._annotations.models
        return _sorted(standard), _sorted(others), tuple(sorted(self._annotations.typed_dicts))

    @staticmethod
    def _summary(operation: Operation) -> str:
        text = (
            raw(operation.summary)
            if operation.summary
            else f"Send {operation.method} {raw(operation.path)}"
        )
        return text.removesuffix(".")

    def _argument(self, operation: Operation, parameter: Parameter) -> Argument:
        annotation = self._annotations.accepted(parameter.type)
        default = ""
        sends_null = (
            operation.body is not None
            and operation.body.sends_null
            and parameter.location == "field"
        )
        if not parameter.required and sends_null:
            self._helpers |= {"UNSET", "Unset"}
            annotation, default = f"{annotation} | Unset", " = UNSET"
        elif not parameter.required:
            annotation = (
                annotation if annotation.endswith(("None", "Any")) else f"{annotation} | None"
            )
            default = " = None"
        name = identifier(parameter.name)
        sent = name
        if (
            parameter.location == "query"
            and isinstance(parameter.type, ArrayType)
            and not parameter.explode
        ):
            self._helpers.add("comma_separated")
            sent = f"comma_separated({name})"
        return Argument(parameter, name, annotation, default, sent, self._help(parameter))

    @staticmethod
    def _help(parameter: Parameter) -> str:
        text = (
            raw(parameter.description)
            if parameter.description
            else f"The {parameter.location} parameter."
        )
        if parameter.description is None and parameter.location in ("field", "body"):
            text = (
                "The request's body."
                if parameter.location == "body"
                else "A field of the request's body."
            )
        constraints = (
            dict(parameter.type.constraints) if isinstance(parameter.type, ArrayType) else {}
        )
        if "maxItems" in constraints:
            text = f"{text} At most {constraints['maxItems']} in one request."
        return text

    @staticmethod
    def _groups(arguments: tuple[Argument, ...]) -> tuple[tuple[str, tuple[Argument, ...]], ...]:
        names = {"path": "path_arguments", "query": "query", "header": "headers"}
        groups = (
            (name, tuple(a for a in arguments if a.parameter.location == where))
            for where, name in names.items()
        )
        return tuple((name, members) for name, members in groups if members)

    def _content(
        self, operation: Operation, constant: str, arguments: tuple[Argument, ...]
    ) -> tuple[str | None, str | None]:
        """Return the type of the body's adapter, if it needs one, and the expression of the content."""
        body = operation.body
        if body is None:
            return None, None
        null = ", send_null=True" if body.sends_null else ""
        if body.by_fields and isinstance(body.type, ReferenceType):
            self._helpers.add("encode_body")
            model = self._annotations.returned(body.type)
            fields = ", ".join(
                f'"{a.name}": {a.name}' for a in arguments if a.parameter.location == "field"
            )
            return None, f"encode_body({model}, {{{fields}}}{null})"
        self._helpers.add("encode_value")
        self._adapter = True
        name = next(a.name for a in arguments if a.parameter.location == "body")
        adapter = self._annotations.returned(body.type)
        self._annotations.returned(AnyType())
        encoded = f"encode_value({constant}_BODY, {name}{null})"
        return adapter, encoded if body.required else f"None if {name} is None else {encoded}"

    def _decoder(self, kind: Type | None) -> str:
        if kind is None:
            self._helpers.add("no_content")
            return "no_content"
        written = self._annotations.returned(kind)
        if isinstance(kind, ReferenceType):
            return f"{written}.model_validate_json"
        self._adapter = True
        return f"TypeAdapter[{written}]({written}).validate_json"


def _sorted(modules: Mapping[str, set[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (module, tuple(sorted(modules[module]))) for module in sorted(modules, key=_import_order)
    )


def _import_order(module: str) -> tuple[int, str]:
    dots = len(module) - len(module.lstrip("."))
    return (-dots if dots else -9, module)


def expected_definitions(resource: Resource, view: ResourceView) -> frozenset[str]:
    """Return what the module of an object type must define, as `upsertgen.emit.proof` words it."""
    name = resource.class_name
    found = {"assign __all__", f"class {name}", f"class Async{name}"}
    for method in view.methods:
        found |= {f"assign {method.constant}", f"def _{method.operation.name}"}
        found |= {f"def {name}.{method.operation.name}", f"def Async{name}.{method.operation.name}"}
        if method.body_adapter:
            found.add(f"assign {method.constant}_BODY")
    return frozenset(found)
