"""Object types as the templates lay them out: methods, arguments, annotations, decoders, bulk upserts.

In comes a `Resource` of the tree; out comes a `ResourceView`, in which every `str` is ready to be emitted.
Start with `resource_view`. What all object types share, the policies and the roles of fields, has a module
of its own, and `policy_name` says what is called how there; methods that send any number of records have
`bulk_methods`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from upsertgen.emit.annotations import ACCEPTED, CHECKED, DECODED, RETURNED, Annotations
from upsertgen.emit.bulk_methods import BulkMethods, JobOperation
from upsertgen.emit.deprecation import described, is_discouraged, told
from upsertgen.emit.encode import (
    header_name,
    header_value,
    identifier,
    joined,
    scalar_literal,
    string_literal,
    value_literal,
    without_full_stop,
)
from upsertgen.emit.old_names import OldName, RenamedMembers
from upsertgen.ir.tree import (
    ArrayType,
    Constant,
    Operation,
    Parameter,
    ReferenceType,
    Resource,
    Type,
)
from upsertgen.spec_text import SpecText

_GROUPS = {"path": "path_arguments", "query": "query", "header": "headers"}
_CONSTANT_GROUPS = {"query": "constant_query", "header": "constant_headers"}


@dataclass(frozen=True)
class Argument:
    """One keyword argument as it is written.

    Attributes:
        parameter: What it is an argument for.
        name: What it is called.
        annotation: The type of its values.
        default: Its default, with a sign of equality before it; nothing if it has to be given.
        sent: The expression of what is sent.
        help: What it means.
        checked: What the runtime knows of it, if it is no part of the body.
    """

    parameter: Parameter
    name: str
    annotation: str
    default: str
    sent: str
    help: SpecText
    checked: str


@dataclass(frozen=True)
class Overload:
    """One way to call a method, as type checkers are told it.

    Attributes:
        arguments: Its arguments.
        warning: Why to call it otherwise; nothing if there is no reason.
    """

    arguments: tuple[Argument, ...]
    warning: str | None


@dataclass(frozen=True)
class JobQuestion:
    """An operation that tells of jobs, as it is written beside what begins them.

    Attributes:
        job_operation: The operation, and what it tells of.
        parameters: What the runtime knows of each argument.
        constants: As of a method.
        accept: As of a method.
        security: As of a method.
    """

    job_operation: JobOperation
    parameters: tuple[str, ...]
    constants: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    accept: str | None
    security: str | None


@dataclass(frozen=True)
class Method:
    """One method as it is written.

    Attributes:
        operation: What it sends.
        constant: The name of the operation in the module.
        called: Its public name.
        summary: What it does, without a full stop.
        returns: The annotation of what it returns.
        returns_help: What the spec says about that.
        arguments: Its arguments.
        overloads: The ways to call it, if some of them are deprecated.
        groups: Those of the path, the query and the headers, by what a call names them.
        constants: Names and values of what every call sends there, by what an operation names them.
        accept: The expression of the media types that it reads, if JSON is not all of them.
        decoders: The expression that reads each answer, by its status.
        error_decoder: The expression that reads an error.
        body_adapter: The type of the adapter that encodes the body, if it needs one.
        content: The expression of the body, if it sends one.
        bulk: The methods that send any number of records with it, if there are any.
        questions: What asks about the jobs that write these.
        bulk_arguments: Their arguments that are the same for all records.
        record: The type that the records of these are checked against, if they are not sent as text.
        security: The expression of what it needs of the client's tokens, if not all that there are.
    """

    operation: Operation
    constant: str
    called: str
    summary: SpecText
    returns: str
    returns_help: SpecText
    arguments: tuple[Argument, ...]
    overloads: tuple[Overload, ...]
    groups: tuple[tuple[str, tuple[Argument, ...]], ...]
    constants: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    accept: str | None
    decoders: tuple[tuple[str, str], ...]
    error_decoder: str
    body_adapter: str | None
    content: str | None
    bulk: BulkMethods | None
    questions: tuple[JobQuestion, ...]
    bulk_arguments: tuple[Argument, ...]
    record: str | None
    security: str | None

    def warning(self, name: str) -> str | None:
        """Return why not to call it, or what does the same by another name; nothing for no reason."""
        place = self.called.removesuffix(self.operation.name)
        return told(f"{place}{name}") if self.operation.deprecated else None

    @property
    def discouraged(self) -> dict[str, str]:
        """What is said of each argument that callers are warned of, by its name."""
        return {
            one.name: told(f"{self.called}({one.name})")
            for one in self.arguments
            if is_discouraged(self.operation, one.parameter)
        }

    def bulk_discouraged(self, name: str) -> dict[str, str]:
        """Return what is said of each argument that callers of a bulk method are warned of, by its name."""
        place = self.called.removesuffix(self.operation.name)
        return {
            one.name: told(f"{place}{name}({one.name})")
            for one in self.bulk_arguments
            if is_discouraged(self.operation, one.parameter)
        }

    def bulk_group(self, location: str) -> tuple[Argument, ...]:
        """Return the arguments of bulk methods that go to one place."""
        return tuple(one for one in self.bulk_arguments if one.parameter.location == location)


@dataclass(frozen=True)
class ResourceView:
    """One module as it is written.

    Attributes:
        methods: Its methods.
        modules: The modules that its annotations and expressions mention, as it calls them.
        renamed: Old names of what stands in it.
    """

    methods: tuple[Method, ...]
    modules: frozenset[str]
    renamed: RenamedMembers

    @property
    def emits_bulk(self) -> bool:
        """Whether bulk methods are emitted that no base class has, be it under an old name."""
        old = {one.now for one in self.renamed.methods}
        return any(
            not one.bulk.inherited or old & {one.bulk.name, one.bulk.iter_name}
            for one in self.methods
            if one.bulk is not None
        )

    @property
    def asks_jobs(self) -> bool:
        """Whether bulk methods ask about jobs by operations."""
        return any(one.questions for one in self.methods)

    @property
    def emits_requests(self) -> bool:
        """Whether bulk methods are emitted that say more of their requests than which path they have."""
        return any(
            not one.bulk.request.is_plain
            or any(each.parameter.location != "path" for each in one.bulk_arguments)
            for one in self.methods
            if one.bulk is not None
        )

    @property
    def warns(self) -> bool:
        """Whether callers of some methods are warned of arguments."""
        return any(
            one.discouraged or (one.bulk and one.bulk_discouraged(one.bulk.name))
            for one in self.methods
        )

    @property
    def inherits_bulk(self) -> bool:
        """Whether its classes inherit bulk methods."""
        return any(one.bulk is not None and one.bulk.inherited for one in self.methods)


def resource_view(
    package: str,
    resource: Resource,
    names: Mapping[str, str],
    renamed: RenamedMembers,
    bulk: Mapping[str, BulkMethods],
    needs: Callable[[Operation], str | None],
) -> ResourceView:
    """Return what the module of an object type consists of.

    Args:
        package: The package of its version.
        resource: The object type.
        names: The class name of each model in the resource's version, by its key.
        renamed: Old names of what stands in it.
        bulk: The methods that send any number of records, by the name of their operation.
        needs: Returns the expression of what an operation needs of the client's tokens.
    """
    writer = _Writer(names, needs)
    methods = tuple(
        writer.method(
            one,
            f"{package}.{resource.name}.{one.name}",
            bulk.get(one.name),
            renamed.parameters.get(one.name, ()),
        )
        for one in resource.operations
    )
    view = ResourceView(methods, frozenset(writer.annotations.modules), renamed)
    modules = set(view.modules)
    if view.emits_bulk or renamed or view.warns or "_typed_dicts" in modules:
        modules.add("_typing")
    if renamed.methods or any(one.overloads or one.operation.deprecated for one in methods):
        modules.add("_typing_extensions")
    if renamed.methods:
        modules.add("_abc")
    return replace(view, modules=frozenset(modules))


def policy_name(index: int) -> str:
    """Return the name of a policy in the emitted module of policies."""
    return "POLICY" if index == 0 else f"POLICY_{index + 1}"


class _Writer:
    def __init__(self, names: Mapping[str, str], needs: Callable[[Operation], str | None]) -> None:
        self.annotations = Annotations(names)
        self._needs = needs

    def method(
        self,
        operation: Operation,
        called: str,
        bulk: BulkMethods | None,
        renamed: tuple[OldName, ...],
    ) -> Method:
        types = dict.fromkeys(response.type for response in operation.responses)
        arguments = tuple(self._argument(one) for one in operation.parameters)
        constant = f"_{identifier(operation.name).upper()}"
        adapter, content = self._content(operation, constant, arguments, bulk)
        groups = (
            (name, tuple(one for one in arguments if one.parameter.location == location))
            for location, name in _GROUPS.items()
        )
        return Method(
            operation=operation,
            constant=constant,
            called=called,
            summary=self._summary(operation),
            returns=" | ".join(
                dict.fromkeys(self._annotation(one) if one else "None" for one in types)
            ),
            returns_help=joined(
                *(
                    part
                    for number, one in enumerate(operation.responses)
                    for part in (" " if number else "", f"{one.status}: ", one.description)
                )
            ),
            arguments=arguments,
            overloads=_overloads(called, operation, arguments, renamed),
            groups=tuple((name, members) for name, members in groups if members),
            constants=_constant_groups(operation),
            accept=_accept(operation),
            decoders=tuple((one.status, self._decoder(one.type)) for one in operation.responses),
            error_decoder=self._decoder(operation.error) if operation.error is not None else "None",
            body_adapter=adapter,
            content=content,
            bulk=bulk,
            questions=tuple(map(self._question, bulk.jobs)) if bulk else (),
            # The runtime makes their fields part of the body.
            bulk_arguments=tuple(
                self._argument(one, is_checked=True) for one in (bulk.arguments if bulk else ())
            ),
            record=self._record(bulk),
            security=self._needs(operation),
        )

    def _question(self, job_operation: JobOperation) -> JobQuestion:
        operation = job_operation.operation
        parameters = (one for one in operation.parameters if one.location in _GROUPS)
        return JobQuestion(
            job_operation,
            tuple(map(self._checked, parameters)),
            _constant_groups(operation),
            _accept(operation),
            self._needs(operation),
        )

    def _record(self, bulk: BulkMethods | None) -> str | None:
        if bulk is None or bulk.record is None:
            return None
        return self.annotations.annotation(bulk.record, CHECKED)

    def _annotation(self, kind: Type) -> str:
        return self.annotations.annotation(kind, RETURNED)

    @staticmethod
    def _summary(operation: Operation) -> SpecText:
        if operation.summary:
            return without_full_stop(operation.summary)
        return SpecText(operation.name.replace("_", " ").strip().capitalize())

    def _argument(self, parameter: Parameter, *, is_checked: bool = False) -> Argument:
        annotation = self.annotations.annotation(parameter.type, ACCEPTED)
        default = ""
        if not parameter.required and parameter.location in ("field", "body"):
            annotation, default = f"{annotation} | _operation.Unset", " = _operation.UNSET"
        elif not parameter.required:
            has_none = annotation.endswith(("None", "_typing.Any"))
            annotation = annotation if has_none else f"{annotation} | None"
            default = " = None"
        name = sent = identifier(parameter.name)
        is_list = isinstance(parameter.type, ArrayType)
        if parameter.location == "query" and is_list and not parameter.explode:
            sent = f"_operation.CommaSeparated({name})"
        checked = self._checked(parameter) if is_checked or parameter.location in _GROUPS else ""
        return Argument(parameter, name, annotation, default, sent, self._help(parameter), checked)

    def _checked(self, parameter: Parameter) -> str:
        name = parameter.wire_name
        words = [parameter.name, parameter.location]
        written = header_name(name) if parameter.location == "header" else name
        arguments = [*map(repr, words), string_literal(written)]
        arguments.append(self.annotations.annotation(parameter.type, CHECKED))
        if parameter.sends_default and parameter.default is not None:
            arguments.append(f"default={value_literal(parameter.default.value)}")
        elif parameter.required:
            arguments.append("required=True")
        return f"_operation.Parameter({', '.join(arguments)})"

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
            told = "Where it is not given" if parameter.sends_default else "By default"
            text = joined(text, f" {told} `{default}`{' is sent' * parameter.sends_default}.")
        if isinstance(parameter.type, ArrayType) and dict(parameter.type.constraints).get(
            "maxItems"
        ):
            most = dict(parameter.type.constraints)["maxItems"]
            text = joined(text, f" At most {most} in one request.")
        return described(text, deprecated=parameter.deprecated) or text

    def _content(
        self,
        operation: Operation,
        constant: str,
        arguments: tuple[Argument, ...],
        bulk: BulkMethods | None,
    ) -> tuple[str | None, str | None]:
        """Return the type of the body's adapter, if it needs one, and the expression of the content.

        Args:
            operation: The operation, and what it sends.
            constant: The name of the operation.
            arguments: The arguments of the method.
            bulk: The methods that send any number of records with it, if there are any.
        """
        body = operation.body
        if body is None:
            return None, None
        if body.by_fields and isinstance(body.type, ReferenceType):
            values = [
                *(
                    (one.wire_name, scalar_literal(one.value))
                    for one in _constants(operation, "field")
                ),
                *(
                    (one.parameter.wire_name, one.name)
                    for one in arguments
                    if one.parameter.location == "field"
                ),
            ]
            fields = ", ".join(f"{string_literal(name)}: {value}" for name, value in values)
            model = self._annotation(body.type)
            more = f", bulk={string_literal(bulk.name)}" if bulk else ""
            return None, f"_operation.encode_body({model}, {{{fields}}}{more})"
        adapter = self.annotations.annotation(body.type, CHECKED)
        encode = "encode_lines" if body.lines else "encode_value"
        name = next((one.name for one in arguments if one.parameter.location == "body"), None)
        if name is None:
            (only,) = _constants(operation, "body")
            return adapter, f"_operation.{encode}({constant}__BODY, {scalar_literal(only.value)})"
        encoded = f"_operation.{encode}({constant}__BODY, {name})"
        unset = f"None if {name} is _operation.UNSET else "
        return adapter, encoded if body.required else f"{unset}{encoded}"

    def _decoder(self, kind: Type | None) -> str:
        if kind is None:
            return "_operation.no_content"
        return f"_operation.Decoder({self.annotations.annotation(kind, DECODED)})"


def _constants(operation: Operation, location: str) -> tuple[Constant, ...]:
    return tuple(one for one in operation.constants if one.location == location)


def _constant_groups(
    operation: Operation,
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (name, tuple(map(_constant, members)))
        for location, name in _CONSTANT_GROUPS.items()
        if (members := _constants(operation, location))
    )


def _accept(operation: Operation) -> str | None:
    return string_literal(header_value(operation.accept)) if operation.accept else None


def _constant(constant: Constant) -> tuple[str, str]:
    """Return the name of a constant and its value, as expressions."""
    name = constant.wire_name
    written = header_name(name) if constant.location == "header" else name
    return string_literal(written), scalar_literal(constant.value)


def _overloads(
    called: str,
    operation: Operation,
    arguments: tuple[Argument, ...],
    renamed: tuple[OldName, ...],
) -> tuple[Overload, ...]:
    """Return the ways to call a method, the best one first; nothing if there is but one.

    Args:
        called: Its public name.
        operation: What it sends.
        arguments: All its arguments.
        renamed: The old names of arguments. Whoever gives two of them is told by none.
    """
    whole = told(called) if operation.deprecated else None
    discouraged = [one for one in arguments if is_discouraged(operation, one.parameter)]
    best = tuple(one for one in arguments if one not in discouraged)
    found = [Overload(best, whole)]
    if discouraged:
        names = ", ".join(one.name for one in discouraged)
        found.append(Overload(arguments, told(f"{called}({names})")))
    for old in renamed:
        swapped = tuple(
            replace(one, name=old.name) if one.name == old.now else one for one in arguments
        )
        found.append(Overload(swapped, whole or old.warning))
    return tuple(found) if len(found) > 1 else ()
