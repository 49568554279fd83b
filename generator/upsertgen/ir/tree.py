"""The Api tree: everything that is emitted, decided, and nothing else.

Frozen dataclasses, complete before anything is emitted. Text from a spec is `SpecText`; every `str` is
a name or a constant of ours and safe to emit as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from upsertgen.spec_text import SpecText

Scalar: TypeAlias = SpecText | int | float | bool | None
"""A JSON scalar of a spec."""


@dataclass(frozen=True)
class ObjectValue:
    """A JSON object of a spec, frozen: its fields in order."""

    fields: tuple[tuple[SpecText, Value], ...]


Value: TypeAlias = "Scalar | ObjectValue | tuple[Value, ...]"
"""A JSON value of a spec, frozen; a tuple is a JSON array."""


class Role(StrEnum):
    """What a body is for. Requests are checked strictly, responses are read leniently."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True)
class AnyType:
    """Any JSON value."""


@dataclass(frozen=True)
class ScalarType:
    """A JSON scalar, by its JSON Schema type and a format that changes its Python type.

    Attributes:
        name: `string`, `integer`, `number`, `boolean`, `date-time`, `date` or `uuid`.
        constraints: JSON Schema keywords to check, with their values; requests only.
    """

    name: str
    constraints: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True)
class EnumerationType:
    """One of several scalars.

    Attributes:
        values: The values that the spec names, none of them null.
        is_open: Whether other values of the same types are accepted too.
    """

    values: tuple[Scalar, ...]
    is_open: bool


@dataclass(frozen=True)
class ArrayType:
    """A JSON array."""

    items: Type
    constraints: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True)
class MapType:
    """A JSON object with arbitrary keys."""

    values: Type


@dataclass(frozen=True)
class UnionType:
    """One of several types.

    Attributes:
        alternatives: The types, at least two.
        discriminator: The field that tells them apart, where a wrong value should be refused.
    """

    alternatives: tuple[Type, ...]
    discriminator: SpecText | None = None


@dataclass(frozen=True)
class NullableType:
    """A type or null."""

    inner: Type


@dataclass(frozen=True)
class ReferenceType:
    """A body.

    Attributes:
        body: While specs are read, the place of the body's schema; in the finished tree, the key of a
            `Model` in `Api.models`.
    """

    body: str


Type: TypeAlias = (
    AnyType
    | ScalarType
    | EnumerationType
    | ArrayType
    | MapType
    | UnionType
    | NullableType
    | ReferenceType
)


def inner_types(kind: Type) -> tuple[Type, ...]:
    """Return the types that a type consists of; a body is not opened."""
    match kind:
        case ArrayType(inner) | MapType(inner) | NullableType(inner):
            return (inner,)
        case UnionType(alternatives):
            return alternatives
        case _:
            return ()


@dataclass(frozen=True)
class Default:
    """The default of an optional field."""

    value: Value


@dataclass(frozen=True)
class Field:
    """One field of a body.

    Attributes:
        wire_name: The name in JSON.
        name: The Python name.
        type: The type of its value.
        required: Whether it always has to be there.
        default: What an absent field stands for, if the spec says so.
        description: What the spec says about it.
    """

    wire_name: SpecText
    name: str
    type: Type
    required: bool
    default: Default | None = None
    description: SpecText | None = None


@dataclass(frozen=True)
class Model:
    """One distinct body: one class, however often and in however many versions it is published.

    Attributes:
        key: Identifies the model in the tree.
        owner: The package of the oldest version that has the body.
        class_name: The name of the class in its owner.
        role: Whether it is sent or received.
        fields: Its fields, in the order of the spec.
        additional: The type of the fields that are not named, where the spec allows such.
        description: What the spec says about it.
    """

    key: str
    owner: str
    class_name: str
    role: Role
    fields: tuple[Field, ...]
    additional: Type | None
    description: SpecText | None


@dataclass(frozen=True)
class Parameter:
    """One keyword argument of a method.

    Attributes:
        wire_name: The name in HTTP, or in the JSON body.
        name: The Python name.
        location: `path`, `query`, `header`, `field` (of the body) or `body` (all of it).
        explode: Whether the items of a list are sent one by one instead of joined with commas.
        type: The type of its value.
        required: Whether it has to be given.
        default: What leaving it out means, if the spec says so.
        description: What the spec says about it.
    """

    wire_name: SpecText
    name: str
    location: str
    explode: bool
    type: Type
    required: bool
    default: Default | None
    description: SpecText | None


@dataclass(frozen=True)
class Body:
    """What a method sends.

    Attributes:
        type: The type of the JSON body. A reference whose fields are arguments, or any other type that
            is one argument.
        by_fields: Whether the fields of the body are arguments of their own.
        sends_null: Whether null means something in it, so that None is sent and not left out.
        required: Whether there always is one.
        media_type: The media type it is sent as.
    """

    type: Type
    by_fields: bool
    sends_null: bool
    required: bool
    media_type: SpecText


@dataclass(frozen=True)
class Response:
    """One success response.

    Attributes:
        status: `200`, or a range such as `2XX`.
        type: The type of its JSON body, or nothing when it has none.
        description: What the spec says about it.
    """

    status: str
    type: Type | None
    description: SpecText


@dataclass(frozen=True)
class SystemicError:
    """An error that every record would meet, so that sending more of them is a waste.

    Attributes:
        statuses: The statuses that it comes with.
        code: A code that the body, or one of its details, has.
        message: A text that its message holds.
        mend: What to change before trying again.
    """

    statuses: tuple[int, ...]
    code: SpecText | None
    message: SpecText | None
    mend: SpecText | None


@dataclass(frozen=True)
class Upsert:
    """What makes an operation a batch upsert (the extension `x-upsert`): field names in its bodies.

    Attributes:
        inputs: The request's field that holds the records.
        key: The record's field that holds the value of its unique property.
        key_property: The record's field that names the unique property.
        properties: The field of records and results that holds the values of properties.
        object_type: The path parameter that names the object type, where it is an argument.
        trace_id: The record's field that holds an id of the caller's choice, repeated in the answer.
        results: The response's field that holds what was written.
        errors: The response's field that holds what failed.
        created: The result's field that tells created from updated.
        result_id: The result's field for the id that the API gave the record.
        warnings: The result's field for what the API changed or doubts.
        case_insensitive: The unique properties whose values compare without case.
        separator: What joins several values of one property.
        error: How an error says what is wrong: the name of a part, and the way to its field.
        systemic: The errors that every record would meet.
    """

    inputs: SpecText
    key: SpecText
    key_property: SpecText | None
    properties: SpecText | None
    object_type: SpecText | None
    trace_id: SpecText | None
    results: SpecText
    errors: SpecText | None
    created: SpecText | None
    result_id: SpecText | None
    warnings: SpecText | None
    case_insensitive: tuple[SpecText, ...]
    separator: SpecText | None
    error: tuple[tuple[str, SpecText], ...]
    systemic: tuple[SystemicError, ...]


@dataclass(frozen=True)
class ErrorRule:
    """What one kind of error response means (an item of the extension `x-errors`).

    Attributes:
        statuses: Status codes, or ranges such as `5XX`.
        when: Fields of the body and the values they must have.
        error: The name of the exception class.
        retry: Whether to send the same request again.
        minimum_delay: The least delay before that, in seconds.
        delay_header: A response header that holds the delay in milliseconds.
    """

    statuses: tuple[int | str, ...]
    when: tuple[tuple[SpecText, SpecText], ...]
    error: str
    retry: bool
    minimum_delay: float
    delay_header: SpecText | None


@dataclass(frozen=True)
class Policy:
    """How errors are read and which requests are sent again.

    Attributes:
        rules: What error responses mean; the first rule that fits counts.
        retry_transport: Whether to send again after a failure of the transport.
        backoff: Initial delay and maximum delay in seconds, and the factor between delays.
        fields: The error body's fields for message, category and correlation id.
        rate_limit_headers: The response headers that tell the rate limit, by what they tell.
    """

    rules: tuple[ErrorRule, ...]
    retry_transport: bool
    backoff: tuple[tuple[str, float], ...]
    fields: tuple[tuple[str, SpecText], ...]
    rate_limit_headers: tuple[tuple[str, SpecText], ...]


@dataclass(frozen=True)
class Operation:
    """One method of a resource.

    Attributes:
        name: The method's name.
        method: The HTTP method, in upper case.
        path: The path, with constant parameters filled in and arguments as `{name}`.
        parameters: Its keyword arguments, required ones first.
        body: What it sends, if anything.
        responses: Its success responses, sorted by status.
        error: The type of error bodies, where the spec declares one.
        policy: The index of its policy in `Api.policies`.
        summary: A short sentence of the spec.
        description: A long one.
        scopes: The scopes that the spec names, sorted.
        security: Its security requirements, one of which has to be met: schemes and their scopes.
        upsert: What makes it a batch upsert.
        example: An example of its request body.
        sandbox: How a stand-in for the API behaves (the extension `x-sandbox`), with the bodies of the
            examples that it names.
        location: Where it stands, as `path:line:column`.
    """

    name: str
    method: str
    path: SpecText
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    error: Type | None
    policy: int
    summary: SpecText | None
    description: SpecText | None
    scopes: tuple[SpecText, ...]
    security: tuple[tuple[tuple[SpecText, tuple[SpecText, ...]], ...], ...]
    upsert: Upsert | None
    example: ObjectValue | None
    sandbox: ObjectValue | None
    location: str


@dataclass(frozen=True)
class AppliedCorrection:
    """What an overlay action did to a document, for reports."""

    location: str
    description: SpecText


@dataclass(frozen=True)
class Resource:
    """One object type in one version: one module with a client class, sync and async.

    Attributes:
        name: The module's name, and the attribute of the client.
        class_name: The name of the sync class.
        label: The object type as the spec file's name says it.
        title: The title of the document.
        description: Its description.
        operations: Its methods, sorted by name.
        source: The spec file's path inside the specs folder.
        corrections: What overlays did to the document.
    """

    name: str
    class_name: str
    label: SpecText
    title: SpecText
    description: SpecText | None
    operations: tuple[Operation, ...]
    source: SpecText
    corrections: tuple[AppliedCorrection, ...]


@dataclass(frozen=True)
class ModelName:
    """A name that a version's `models` module exports, and the model it stands for."""

    name: str
    model: str


@dataclass(frozen=True)
class Version:
    """One API version: one package.

    Attributes:
        label: The version as the API calls it.
        package: The name of its package.
        base_url: The server that its documents name.
        resources: Its object types, sorted by name.
        models: The names that its `models` module exports, sorted.
        corrections: What overlays did to the documents that object types share.
    """

    label: SpecText
    package: str
    base_url: SpecText
    resources: tuple[Resource, ...]
    models: tuple[ModelName, ...]
    corrections: tuple[AppliedCorrection, ...]


@dataclass(frozen=True)
class Api:
    """Everything that is emitted.

    Attributes:
        versions: The API versions, oldest first.
        models: Every distinct body, by its key.
        policies: Every distinct policy.
    """

    versions: tuple[Version, ...]
    models: dict[str, Model] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
