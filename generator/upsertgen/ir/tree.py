"""The Api tree: everything that is emitted, decided, and nothing else.

Frozen dataclasses, complete before anything is emitted. Text from a spec is `SpecText`; every `str` is
a name or a constant of ours and safe to emit as it is.
"""

# long because: it is one tree, and what reads a part of it mostly reads others.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from upsertgen.errors import Note
from upsertgen.ir.vocabulary import AccountQuery, ErrorPolicy, OwnError, PropertyQuery, Roles
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Correction

T = TypeVar("T")

Scalar: TypeAlias = SpecText | int | float | bool | None
"""A JSON scalar of a spec."""


@dataclass(frozen=True)
class ObjectValue:
    """A JSON object of a spec, frozen: its fields in order."""

    fields: tuple[tuple[SpecText, Value], ...]


Value: TypeAlias = "Scalar | ObjectValue | tuple[Value, ...]"
"""A JSON value of a spec, frozen; a tuple is a JSON array."""


class Direction(StrEnum):
    """Where a body goes. Requests are checked strictly, responses are read leniently."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True)
class AnyType:
    """Any JSON value."""


TYPED_FORMATS = frozenset(("date-time", "date", "uuid", "byte"))
"""The formats of strings that have a type of their own in Python."""


@dataclass(frozen=True)
class ScalarType:
    """A JSON scalar, by its JSON Schema type and a format that changes its Python type.

    Attributes:
        name: `string`, `integer`, `number`, `boolean`, or a format of `TYPED_FORMATS`.
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


def with_references(value: T, change: Callable[[str], str]) -> T:
    """Return a part of the tree with each reference to a body changed.

    Args:
        value: The part.
        change: Given what a reference leads to, returns what it is to lead to.
    """

    def changed(part: Any) -> Any:
        if isinstance(part, ReferenceType):
            return ReferenceType(change(part.body))
        if isinstance(part, tuple):
            return tuple(map(changed, part))
        if isinstance(part, _WITH_TYPES):
            inner = {one.name: changed(getattr(part, one.name)) for one in fields(part)}
            return replace(part, **inner)
        return part

    result: T = changed(value)
    return result


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
        deprecated: Whether the spec calls it deprecated.
        filled: Whether it need not be given though it is required: its constant or its default is sent.
    """

    wire_name: SpecText
    name: str
    type: Type
    required: bool
    default: Default | None = None
    description: SpecText | None = None
    deprecated: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Model:
    """One distinct body: one class, however often and in however many versions it is published.

    Attributes:
        key: Identifies the model in the tree.
        owner: The package of the oldest version that has the body.
        class_name: The name of the class in its owner.
        direction: Whether it is sent or received.
        fields: Its fields, in the order of the spec.
        additional: The type of the fields that are not named, where the spec allows such.
        description: What the spec says about it.
        deprecated: Whether the spec calls its schema deprecated.
    """

    key: str
    owner: str
    class_name: str
    direction: Direction
    fields: tuple[Field, ...]
    additional: Type | None
    description: SpecText | None
    deprecated: bool = False


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
        sends_default: Whether the default is sent where it is left out, because the API needs it.
        deprecated: Whether the spec calls it deprecated.
    """

    wire_name: SpecText
    name: str
    location: str
    explode: bool
    type: Type
    required: bool
    default: Default | None
    description: SpecText | None
    sends_default: bool = False
    deprecated: bool = False


@dataclass(frozen=True)
class Constant:
    """What is sent with every call, because a request needs it and it has but one value.

    Attributes:
        wire_name: The name in HTTP, or in the JSON body.
        location: `query`, `header` or `field` (of the body).
        value: The value.
    """

    wire_name: SpecText
    location: str
    value: Scalar


@dataclass(frozen=True)
class Body:
    """What a method sends.

    Attributes:
        type: The type of the JSON body. A reference whose fields are arguments, or any other type that
            is one argument.
        by_fields: Whether the fields of the body are arguments of their own.
        required: Whether there always is one.
        media_type: The media type it is sent as.
        description: What the spec says about it.
        lines: Whether each item of the list that it is is sent on a line of its own.
    """

    type: Type
    by_fields: bool
    required: bool
    media_type: SpecText
    description: SpecText | None
    lines: bool = False


class Form(StrEnum):
    """How a request holds records: in a list, each on a line of its own, or but one of them."""

    LIST = "list"
    LINES = "lines"
    ONE = "one"


@dataclass(frozen=True)
class RequestShape:
    """What a request of an upsert looks like.

    Attributes:
        form: How it holds records.
        record: The type of a record.
        maximum: The most records that it may hold, if there is a limit.
        constants: What its body always holds besides.
        arguments: What it takes besides, required ones first: parameters in the path but for one that takes
            the key, in the query and the headers, and fields of the body, each called by the way to it.
        media_type: The media type that it is sent as, where that is not plain JSON.
        key_is_sent: Whether a record holds its key although the path does.
    """

    form: Form
    record: Type
    maximum: int | None
    constants: ObjectValue
    arguments: tuple[Parameter, ...]
    media_type: SpecText | None
    key_is_sent: bool

    @property
    def is_plain(self) -> bool:
        """Whether there is no more to say of its body than that it holds a list of records."""
        is_list = self.form is Form.LIST and self.key_is_sent and self.media_type is None
        return is_list and not (self.constants.fields or self.fields)

    @property
    def fields(self) -> tuple[Parameter, ...]:
        """The arguments that are fields of the body."""
        return tuple(one for one in self.arguments if one.location == "field")


@dataclass(frozen=True)
class Response:
    """One response.

    Attributes:
        status: `200`, a range such as `2XX`, or `default`.
        type: The type of its JSON body, or nothing when it has none.
        description: What the spec says about it.
        examples: Examples of its body.
    """

    status: str
    type: Type | None
    description: SpecText
    examples: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Credential:
    """What meets a security scheme, and where clients send it.

    Attributes:
        scheme: The name of the scheme.
        location: `header`, `query` or `cookie`.
        parameter: What it is called there.
        place: Both as one text; what stands in the same place excludes each other.
        prefix: What stands before it, with a space between.
        is_bearer: Whether it is a bearer token (RFC 6750).
        is_basic: Whether it is a user name and a password (RFC 7617).
        token_url: Where clients get it by themselves, with an id and a secret of theirs (OAuth2 client
            credentials).
    """

    scheme: SpecText
    location: str
    parameter: SpecText
    place: str
    prefix: SpecText | None = None
    is_bearer: bool = False
    is_basic: bool = False
    token_url: SpecText | None = None


@dataclass(frozen=True)
class Operation:
    """One method of a resource.

    Attributes:
        name: The method's name.
        method: The HTTP method, in upper case.
        path: The path, with constant parameters filled in and arguments as `{name}`.
        parameters: Its keyword arguments, required ones first.
        constants: What it sends besides; those of a path are part of that.
        body: What it sends, if anything.
        accept: The media types of answers that it reads, where JSON is not the only one.
        responses: Its success responses, sorted by status.
        failures: Its other responses, sorted by status.
        error: The type of error bodies, where the spec declares one.
        policy: The index of its policy in `Api.policies`.
        summary: A short sentence of the spec.
        description: A long one.
        deprecated: Whether the spec calls it deprecated.
        scopes: The scopes that the spec names, sorted.
        security: Its security requirements, one of which has to be met: schemes and their scopes.
        credentials: What clients send to meet them: alternatives, each of which needs all that it names;
            nothing if the spec says nothing of security.
        upsert: What makes it a batch upsert.
        request: What its requests look like then, if they can hold records.
        property_query: What makes it list the account's properties.
        account_query: What makes it tell of the token and its account.
        example: An example of its request body.
        sandbox: How a stand-in for the API behaves (the extension `x-sandbox`), with the bodies of the
            examples that it names.
        keys: The unique properties that every account has, as far as a file of properties names any.
        location: Where it stands, as `path:line:column`.
        operation_id: What the spec calls it.
    """

    name: str
    method: str
    path: SpecText
    parameters: tuple[Parameter, ...]
    constants: tuple[Constant, ...]
    body: Body | None
    accept: SpecText | None
    responses: tuple[Response, ...]
    failures: tuple[Response, ...]
    error: Type | None
    policy: int
    summary: SpecText | None
    description: SpecText | None
    deprecated: bool
    scopes: tuple[SpecText, ...]
    security: tuple[tuple[tuple[SpecText, tuple[SpecText, ...]], ...], ...]
    credentials: tuple[tuple[Credential, ...], ...] | None
    upsert: Roles | None
    request: RequestShape | None
    property_query: PropertyQuery | None
    account_query: AccountQuery | None
    example: ObjectValue | None
    sandbox: ObjectValue | None
    keys: tuple[SpecText, ...]
    location: str
    operation_id: SpecText

    @property
    def scope_sets(self) -> tuple[tuple[SpecText, ...], ...]:
        """Sets of scopes, one of which a token has to have.

        A requirement without scopes says nothing about a token's scopes where another one names some.
        """
        named = (
            tuple(scope for _, scopes in requirement for scope in scopes)
            for requirement in self.security
        )
        return tuple(scopes for scopes in named if scopes)


_WITH_TYPES = (
    ArrayType,
    MapType,
    NullableType,
    UnionType,
    Field,
    Parameter,
    Body,
    Response,
    Operation,
)


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
        sources: The paths of its spec files inside the specs folder.
        corrections: What overlays did to the document.
    """

    name: str
    class_name: str
    label: SpecText
    title: SpecText
    description: SpecText | None
    operations: tuple[Operation, ...]
    sources: tuple[SpecText, ...]
    corrections: tuple[Correction, ...]


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
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class StandardProperties:
    """The properties of an object type that every account has.

    Attributes:
        object_type: The object type.
        declarations: What its file says of each, by name, as JSON data.
        source: The path of that file inside the specs folder.
    """

    object_type: str
    declarations: Mapping[str, Any]
    source: str


@dataclass(frozen=True)
class Facts:
    """What is known of the API, with requests that show it.

    Attributes:
        declare: The properties that the requests need, by object type and name, as JSON data.
        facts: The facts, as JSON data.
    """

    declare: Mapping[str, Any] = field(default_factory=dict[str, Any])
    facts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Api:
    """Everything that is emitted.

    Attributes:
        versions: The API versions, oldest first.
        models: Every distinct body, by its key.
        policies: Every distinct policy.
        properties: The properties that every account has, sorted by object type.
        aliases: What else object types are called, by their label.
        facts: What is known of the API, with requests that show it.
        errors: What errors mean for it alone, sorted by name.
        notes: What has to be said about the specs, by its place.
    """

    versions: tuple[Version, ...]
    models: dict[str, Model] = field(default_factory=dict)
    policies: tuple[ErrorPolicy, ...] = ()
    properties: tuple[StandardProperties, ...] = ()
    aliases: tuple[tuple[SpecText, tuple[SpecText, ...]], ...] = ()
    facts: Facts = Facts()
    errors: tuple[OwnError, ...] = ()
    notes: tuple[Note, ...] = ()
