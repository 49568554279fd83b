"""What `x-upsert` says of requests and records, compared with what its operation sends.

What it says of answers has a module of its own, `upsert_answer_checks`.
"""

from __future__ import annotations

from collections.abc import Sequence

from upsertgen.errors import quoted
from upsertgen.ir.body_search import WHOLE, steps_of
from upsertgen.ir.field_checks import FieldChecks
from upsertgen.ir.tree import (
    ArrayType,
    EnumerationType,
    Form,
    NullableType,
    Operation,
    RequestShape,
    ScalarType,
    Type,
)
from upsertgen.ir.upsert_answer_checks import UpsertAnswerChecks
from upsertgen.ir.upsert_requests import is_constant, unfit_fields
from upsertgen.ir.vocabulary import Roles
from upsertgen.ir.words import Owner, texts, words
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node

_WRITES = ("POST", "PUT", "PATCH")
_UPSERT = "x-upsert"


class UpsertChecks:
    """Checks what upserts say.

    Args:
        fields: Looks for fields.
    """

    def __init__(self, fields: FieldChecks) -> None:
        self._fields = fields
        self._bodies = fields.bodies
        self._search = fields.search
        self._problems = fields.problems
        self._answers = UpsertAnswerChecks(fields)

    def check(self, node: Node, operation: Operation) -> None:
        """Note what an operation says that it is no upsert of, or that it does not have."""
        upsert = operation.upsert
        if upsert is None or not self._check_call(node, operation, upsert):
            return
        request = operation.body.type if operation.body else None
        shape = operation.request
        told = self._answers.owners(node, operation, upsert)
        owners: dict[Owner, Sequence[Type | None]] = {
            Owner.REQUEST: [request],
            Owner.RECORD: [shape.record] if shape is not None else [],
            **told,
        }
        # A key in the path need not be a field of the body as well.
        passed = () if shape is None or shape.key_is_sent else ("key",)
        if operation.body is not None and operation.body.lines:
            passed = (*passed, "inputs")
        self._fields.check_fields(node, (_UPSERT,), upsert, owners, passed)
        if shape is None:
            self._check_inputs(node, operation, upsert)
        else:
            self._check_ways(node, upsert, shape.record)
            self._check_records(node, upsert, shape.record)
            self._check_arguments(node, operation, upsert, shape)
        if upsert.object_type is not None:
            self._fields.name(
                node.locate(_UPSERT, "object-type"),
                f"object-type of x-upsert names {quoted(upsert.object_type.raw)}, which is no argument of "
                "a path",
                found=any(
                    one.location == "path" and one.wire_name == upsert.object_type
                    for one in operation.parameters
                ),
            )
        self._answers.check(node, operation, upsert, told)

    def check_listing(self, node: Node, operation: Operation, answers: Sequence[Type]) -> None:
        """Check what an upsert says of the listing of properties; `answers` are the bodies of that."""
        said = operation.upsert.property_rules.listing if operation.upsert else None
        if said is not None and answers:
            self._answers.check_listing(node, said, answers)

    def _check_call(self, node: Node, operation: Operation, upsert: Roles) -> bool:
        """Note why an operation with `x-upsert` cannot send any number of records, if it cannot."""
        place = node.locate(_UPSERT, key=True)
        body = operation.body
        if operation.method not in _WRITES or body is None:
            self._problems.add(
                place,
                (
                    f"a {operation.method} cannot be the upsert that x-upsert makes of it"
                    if operation.method not in _WRITES
                    else "an operation that sends nothing cannot be the upsert that x-upsert makes of it"
                ),
                f"an operation that sends records in its body: a {', '.join(_WRITES[:-1])} or {_WRITES[-1]}",
                "move x-upsert there, or give the operation a requestBody",
            )
            return False
        return self._answers.check_call(node, operation, upsert)

    def _check_inputs(self, node: Node, operation: Operation, upsert: Roles) -> None:
        """Note why a request holds no records where it is said to."""
        body, name = operation.body, upsert.inputs
        if body is not None and body.lines and name.raw != WHOLE:
            self._problems.add(
                node.locate(_UPSERT, "inputs"),
                f"requests hold a record on each line, and inputs of x-upsert names {quoted(name.raw)}",
                "'$', the whole body",
                "write inputs: $",
            )
            return
        if body is None or not self._search.has(body.type, name):
            # Noted with the other names.
            return
        is_whole = name.raw == WHOLE
        self._problems.add(
            node.locate(_UPSERT, "inputs"),
            (
                "inputs of x-upsert is '$', and the request body is neither a list of objects nor an object"
                if is_whole
                else f"inputs of x-upsert names {quoted(name.raw)}, which is no list of objects and no object"
            ),
            "a list whose items are objects, or an object for one record a request, within plain objects",
            "correct the name, or the schema in an overlay",
        )

    def _check_ways(self, node: Node, upsert: Roles, record: Type) -> None:
        """Note the words that do not lead to a place within a record."""
        for word, name in texts(upsert):
            steps = steps_of(name)
            is_written = word.name in ("trace_id", "key_property", "properties")
            if Owner.RECORD in word.about.owners and (
                not steps or (is_written and any(one.isdecimal() for one in steps))
            ):
                self._problems.add(
                    node.locate(_UPSERT, word.spelling),
                    f"{word.spelling} of x-upsert is {quoted(name.raw)}, which is no field of a record",
                    "a field, or a way through objects to one",
                    "correct the name",
                )
        for number, name in enumerate(upsert.alternative_keys):
            if not self._search.leads(record, steps_of(name)):
                self._problems.add(
                    node.locate(_UPSERT, "alternative-keys", number),
                    f"alternative-keys of x-upsert names {quoted(name.raw)}, which is no field of a record",
                    "a field of a record",
                    "correct the name, or the schema in an overlay",
                )
        if upsert.alternative_keys:
            self._refuse_pair(node, "alternative-keys", upsert, ("key-property",))

    def _check_arguments(
        self, node: Node, operation: Operation, upsert: Roles, shape: RequestShape
    ) -> None:
        """Note what is said of arguments that the operation does not have, or that means nothing there."""
        for name, is_required in unfit_fields(operation, self._bodies.models):
            text = (
                f"the field {quoted(name.raw)} cannot be an argument of bulk methods: dots are ways"
            )
            place = node.locate(_UPSERT, "inputs")
            if is_required:
                mend = "make it optional in an overlay, or remove x-upsert"
                self._problems.add(place, text, "a name without dots and '$'", mend)
            else:
                self._problems.add_note(place, f"{text}, so they do not send it")
        key = upsert.key_parameter
        if key is not None:
            self._check_key_parameter(node, operation, upsert, key, shape)
        named = upsert.key_argument
        if named is None:
            return
        kinds = [one.type for one in shape.arguments if one.wire_name == named]
        if not any(map(_names_fields, kinds)):
            self._problems.add(
                node.locate(_UPSERT, "key-argument"),
                f"key-argument of x-upsert names {quoted(named.raw)}, which is "
                + ("no list of texts and no text" if kinds else "no argument of bulk methods"),
                "a parameter of the query or the headers, or a field of the body beside the records, "
                "that takes names of fields",
                "correct the name, or the schema in an overlay",
            )
        self._refuse_pair(node, "key-argument", upsert, ("key-property", "key-parameter"))

    def _check_key_parameter(
        self, node: Node, operation: Operation, upsert: Roles, key: SpecText, shape: RequestShape
    ) -> None:
        places = {(one.location, one.wire_name) for one in operation.parameters}
        if ("path", key) not in places:
            self._problems.add(
                node.locate(_UPSERT, "key-parameter"),
                f"key-parameter of x-upsert names {quoted(key.raw)}, which is no argument of the path",
                "an argument of the path",
                "correct the name, or the path",
            )
        elif shape.form is not Form.ONE:
            self._problems.add(
                node.locate(_UPSERT, "key-parameter"),
                "key-parameter of x-upsert puts a key into the path, and a request holds a list",
                "a request of one record: inputs that lead to an object",
                "correct inputs, or remove key-parameter",
            )
        if key == upsert.object_type:
            self._problems.add(
                node.locate(_UPSERT, "object-type"),
                f"object-type and key-parameter of x-upsert both name {quoted(key.raw)}",
                "two arguments of the path",
                "remove one of them",
            )
        self._refuse_pair(node, "key-parameter", upsert, ("alternative-keys", "key-property"))

    def _refuse_pair(self, node: Node, one: str, upsert: Roles, others: Sequence[str]) -> None:
        """Note each word that says otherwise than another one what finds a record."""
        said = {word.spelling for word in words(Roles) if getattr(upsert, word.name)}
        for other in said.intersection(others):
            self._problems.add(
                node.locate(_UPSERT, one),
                f"x-upsert has {quoted(one)} and {quoted(other)}, which both say what finds a record",
                "one of them",
                "remove the other",
            )

    def _check_records(self, node: Node, upsert: Roles, record: Type | None) -> None:
        """Note what records of properties need and nobody gives them."""
        if upsert.properties is None:
            # They are sent as callers write them.
            return
        filled = (upsert.key, upsert.key_property, upsert.properties, upsert.trace_id)
        ways = [*filled, *upsert.alternative_keys]
        given = {step for way in ways if way is not None for step in steps_of(way)[:1]}
        for field in self._bodies.fields(record):
            if (
                field.required
                and field.wire_name.raw not in given
                and not is_constant(field.type, self._bodies.models)
            ):
                self._problems.add(
                    node.locate(_UPSERT, key=True),
                    f"a record needs {quoted(field.wire_name.raw)}, which no word of x-upsert fills",
                    "records that need nothing but keys, key-property, properties and trace-id",
                    "make it optional in an overlay, or leave out properties and key-property: then "
                    "records are sent as they are",
                )


def _names_fields(kind: Type) -> bool:
    """Return whether a value of a type is a text or a list of texts."""
    match kind:
        case NullableType(inner) | ArrayType(inner):
            return _names_fields(inner)
        case EnumerationType(values):
            return all(isinstance(one, SpecText) for one in values)
        case _:
            return isinstance(kind, ScalarType) and kind.name == "string"
