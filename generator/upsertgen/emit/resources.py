"""What the template of an object type's module lays out: arguments, annotations, decoders, imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from upsertgen.emit.annotations import Annotations
from upsertgen.emit.encode import (
    identifier,
    joined,
    string_literal,
    value_literal,
    without_full_stop,
)
from upsertgen.emit.imports import ImportGroups, import_groups
from upsertgen.emit.renamed import RenamedMembers
from upsertgen.emit.upserts import BulkMethods
from upsertgen.ir.names import RESOURCE_IMPORTS
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Operation,
    Parameter,
    ReferenceType,
    Resource,
    Type,
)
from upsertgen.spec_text import SpecText

_BASES = (("", "SyncResource"), ("Async", "AsyncResource"))
_UPSERT_BASES = (("", "UpsertResource"), ("Async", "AsyncUpsertResource"))
_CALLED_BULK = ("iter_upsert", "iter_upsert_async", "upsert", "upsert_async")
_TYPED_BULK = {
    "typing": ("Unpack",),
    ".._bulk.operation": ("AsyncRecords", "IterUpsertOptions", "Records", "UpsertOptions"),
    ".._bulk.report": ("UpsertReport",),
    ".._bulk.streams": ("AsyncOutcomeStream", "OutcomeStream"),
}


@dataclass(frozen=True)
class Argument:
    """One keyword argument as it is written."""

    parameter: Parameter
    name: str
    annotation: str
    default: str
    sent: str
    help: SpecText


@dataclass(frozen=True)
class Method:
    """One method as it is written. What is an expression is ready to be emitted."""

    operation: Operation
    constant: str
    summary: SpecText
    returns: str
    returns_help: SpecText
    arguments: tuple[Argument, ...]
    groups: tuple[tuple[str, tuple[Argument, ...]], ...]
    passed: str
    decoders: tuple[tuple[str, str], ...]
    error_decoder: str
    body_adapter: str | None
    body_constant: str
    bulk_constant: str
    content: str | None
    bulk: BulkMethods | None

    @property
    def path_types(self) -> dict[SpecText, str]:
        """The annotation of each argument of the path, by its name there."""
        return {
            one.parameter.wire_name: one.annotation
            for one in self.arguments
            if one.parameter.location == "path"
        }


@dataclass(frozen=True)
class ResourceView:
    """One module as it is written.

    Attributes:
        bases: The base of each of its two classes, by what the class's name begins with.
        methods: Its methods.
        imports: What it imports.
        typed_imports: What only type checkers import.
        renamed: Old names of what stands in it.
    """

    bases: tuple[tuple[str, str], ...]
    methods: tuple[Method, ...]
    imports: ImportGroups
    typed_imports: ImportGroups
    renamed: RenamedMembers


def resource_view(
    resource: Resource,
    names: Mapping[str, str],
    renamed: RenamedMembers,
    bulk: Mapping[str, BulkMethods],
) -> ResourceView:
    """Return what the module of an object type consists of.

    Args:
        resource: The object type.
        names: The class name of each model in the resource's version, by its key.
        renamed: Old names of what stands in it.
        bulk: The methods that send any number of records, by the name of their operation.
    """
    policies = {policy_name(operation.policy) for operation in resource.operations}
    roles = {methods.roles for methods in bulk.values()}
    taken = {
        *RESOURCE_IMPORTS,
        *policies,
        *roles,
        resource.class_name,
        f"Async{resource.class_name}",
    }
    called = _called(names.values(), taken)
    constants = {f"_{identifier(one.name).upper()}" for one in resource.operations}
    writer = _Writer({key: called[name] for key, name in names.items()}, constants)
    methods = tuple(
        writer.method(operation, bulk.get(operation.name)) for operation in resource.operations
    )
    bases = _UPSERT_BASES if any(one.inherited for one in bulk.values()) else _BASES
    imports = writer.imports(bases, policies, called, renamed)
    return ResourceView(bases, methods, *imports, renamed)


def policy_name(index: int) -> str:
    """Return the name of a policy in the emitted module of policies."""
    return "POLICY" if index == 0 else f"POLICY_{index + 1}"


def _called(names: Iterable[str], taken: set[str]) -> dict[str, str]:
    """Return what a module calls each model: its name, unless that means something else there."""
    called: dict[str, str] = {}
    for name in sorted(names):
        free = name
        while {free, f"{free}Dict"} & taken:
            free += "Model"
        taken |= {free, f"{free}Dict"}
        called[name] = free
    return called


class _Writer:
    def __init__(self, names: Mapping[str, str], constants: set[str]) -> None:
        self._annotations = Annotations(names)
        self._constants = constants
        self._helpers: set[str] = {"Call", "Operation"}
        self._adapter = False
        self._bulk: list[BulkMethods] = []

    def method(self, operation: Operation, bulk: BulkMethods | None) -> Method:
        constant = f"_{identifier(operation.name).upper()}"
        if bulk is not None:
            self._bulk.append(bulk)
        types = tuple(dict.fromkeys(response.type for response in operation.responses))
        returns = " | ".join(
            dict.fromkeys(self._annotations.returned(one) if one else "None" for one in types)
        )
        arguments = tuple(
            self._argument(operation, parameter) for parameter in operation.parameters
        )
        body_constant = self._free(f"{constant}_BODY")
        adapter, content = self._content(operation, body_constant, arguments)
        return Method(
            operation=operation,
            constant=constant,
            summary=self._summary(operation),
            returns=returns,
            returns_help=joined(
                *(
                    part
                    for number, one in enumerate(operation.responses)
                    for part in (" " if number else "", f"{one.status}: ", one.description)
                )
            ),
            arguments=arguments,
            groups=self._groups(arguments),
            passed=", ".join(f"{argument.name}={argument.name}" for argument in arguments),
            decoders=tuple(
                (response.status, self._decoder(response.type)) for response in operation.responses
            ),
            error_decoder=self._decoder(operation.error) if operation.error is not None else "None",
            body_adapter=adapter,
            body_constant=body_constant,
            bulk_constant=self._free(f"{constant}_BULK"),
            content=content,
            bulk=bulk,
        )

    def imports(
        self,
        bases: tuple[tuple[str, str], ...],
        policies: set[str],
        called: Mapping[str, str],
        renamed: RenamedMembers,
    ) -> tuple[ImportGroups, ImportGroups]:
        """Return the imports of the module, and those that only type checkers need.

        Args:
            bases: The bases of its classes.
            policies: The names of the policies that it uses.
            called: What it calls each model, by the model's name.
            renamed: Old names of what stands in it.
        """
        emitted = [one for one in self._bulk if not one.inherited]
        modules = self._annotations.imports()
        for module, helpers in renamed.imports().items():
            modules.setdefault(module, set()).update(helpers)
        if self._annotations.typed_dicts or emitted:
            modules.setdefault("typing", set()).add("TYPE_CHECKING")
        if self._adapter:
            modules.setdefault("pydantic", set()).add("TypeAdapter")
        modules[".._policies"] = policies
        modules[".._runtime.operation"] = self._helpers
        module = ".._bulk.resource" if bases == _UPSERT_BASES else ".._runtime.resource"
        modules[module] = {base for _, base in bases}
        models = _imported(called, "", self._annotations.models)
        typed: dict[str, Iterable[str]] = {
            ".typed_dicts": _imported(called, "Dict", self._annotations.typed_dicts)
        }
        if self._bulk:
            modules[".._bulk.operation"] = {"BulkOperation", *(_CALLED_BULK if emitted else ())}
            modules[".._upserts"] = {one.roles for one in self._bulk}
        if emitted:
            typed |= _TYPED_BULK
        return import_groups({**modules, ".models": models}), import_groups(typed)

    def _free(self, constant: str) -> str:
        """Return the name of a constant; another one if an operation is called so."""
        while constant in self._constants:
            constant += "_"
        return constant

    @staticmethod
    def _summary(operation: Operation) -> SpecText:
        if operation.summary:
            return without_full_stop(operation.summary)
        return SpecText(operation.name.replace("_", " ").strip().capitalize())

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
            self._helpers.add("CommaSeparated")
            sent = f"CommaSeparated({name})"
        return Argument(parameter, name, annotation, default, sent, self._help(parameter))

    @staticmethod
    def _help(parameter: Parameter) -> SpecText:
        if parameter.description:
            text = parameter.description
        elif parameter.location == "body":
            text = SpecText("The request's body.")
        elif parameter.location == "field":
            text = joined("The field `", parameter.wire_name, "` of the request's body.")
        else:
            text = joined(f"The {parameter.location} parameter `", parameter.wire_name, "`.")
        if parameter.default is not None and not parameter.required:
            default = value_literal(parameter.default.value)
            text = joined(text, f" By default `{default}`.")
        constraints = (
            dict(parameter.type.constraints) if isinstance(parameter.type, ArrayType) else {}
        )
        if "maxItems" in constraints:
            text = joined(text, f" At most {constraints['maxItems']} in one request.")
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
        """Return the type of the body's adapter, if it needs one, and the expression of the content.

        Args:
            operation: The operation.
            constant: The name of the adapter.
            arguments: The arguments of the method.
        """
        body = operation.body
        if body is None:
            return None, None
        null = ", send_null=True" if body.sends_null else ""
        if body.by_fields and isinstance(body.type, ReferenceType):
            self._helpers.add("encode_body")
            model = self._annotations.returned(body.type)
            fields = ", ".join(
                f"{string_literal(a.parameter.wire_name)}: {a.name}"
                for a in arguments
                if a.parameter.location == "field"
            )
            return None, f"encode_body({model}, {{{fields}}}{null})"
        self._helpers.add("encode_value")
        self._adapter = True
        name = next(a.name for a in arguments if a.parameter.location == "body")
        adapter = self._annotations.checked(body.type)
        self._annotations.returned(AnyType())
        encoded = f"encode_value({constant}, {name}{null})"
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


def _imported(called: Mapping[str, str], suffix: str, used: set[str]) -> tuple[str, ...]:
    """Return the names to import, each with what the module calls it where that is another name."""
    return tuple(
        f"{name}{suffix}" if name == here else f"{name}{suffix} as {here}{suffix}"
        for name, here in sorted(called.items())
        if f"{here}{suffix}" in used
    )
