"""An operation of the API, a call of it, and the request that makes the call. Pure."""

from __future__ import annotations

import base64
import enum
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

from .policy import ErrorPolicy
from .security import Security
from .timestamp import Timestamp

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from .models import RequestModel

T_co = TypeVar("T_co", covariant=True)

PATH_ARGUMENT = re.compile(r"\{([^{}/]+)\}")
"""Where the path of an operation, or a URL made of it, has an argument."""
# Control characters end lines and headers; lone surrogates have no UTF-8.
_UNFIT_FOR_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


class Unset(enum.Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self.name


UNSET: Final = Unset.UNSET
"""Stands for an argument that was not given, where None means to send null."""


@dataclass(frozen=True)
class CommaSeparated:
    """A list in one query parameter, joined with commas, instead of one that repeats its name.

    Attributes:
        values: The items; None or `UNSET` for a parameter that is left out.
    """

    values: Any


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter of an operation in the path, the query or the headers.

    Attributes:
        argument: What callers call it.
        location: `path`, `query` or `header`.
        name: What HTTP calls it.
        kind: The type of its values, with constraints as metadata.
        required: Whether it has to be given.
        default: What is sent if it is not given.
    """

    argument: str
    location: str
    name: str
    kind: Any
    required: bool = False
    default: object = UNSET


def _no_values() -> dict[str, object]:
    return {}


@dataclass(frozen=True)
class Operation(Generic[T_co]):
    """An operation of the API.

    Attributes:
        name: What callers call it, such as "items.batch_upsert".
        method: The HTTP method.
        path: The path below the base URL, with `{name}` for each path parameter.
        responses: At least one decoder of a body, by status ("200") or class of statuses ("2XX").
        error: The decoder of error bodies, if the API declares any.
        policy: What errors mean.
        parameters: What is known of the values in the path, the query and the headers.
        constant_query: Query parameters that are sent with every call.
        constant_headers: Header parameters that are sent with every call.
        accept: The media types of the answers that are read.
        security: What it needs of the client's tokens; None for all that there are.
    """

    name: str
    method: str
    path: str
    responses: Mapping[str, Callable[[bytes], T_co]]
    error: Callable[[bytes], object] | None
    policy: ErrorPolicy
    parameters: tuple[Parameter, ...] = ()
    constant_query: Mapping[str, object] = field(default_factory=_no_values)
    constant_headers: Mapping[str, object] = field(default_factory=_no_values)
    accept: str = "application/json"
    security: Security | None = None


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """One call of an operation.

    Attributes:
        operation: What is called.
        path_arguments: The value of each path parameter.
        query: Query parameters; None and `UNSET` are left out, a list repeats its name.
        headers: Header parameters; None and `UNSET` are left out.
        content: The body, if there is one. Not part of the representation: it holds people's data.
        content_type: The media type of the body.
    """

    operation: Operation[T_co]
    path_arguments: Mapping[str, object] = field(default_factory=_no_values)
    query: Mapping[str, object] = field(default_factory=_no_values)
    headers: Mapping[str, object] = field(default_factory=_no_values)
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None


def encode_body(
    model: type[RequestModel], values: Mapping[str, object], *, bulk: str | None = None
) -> bytes:
    """Check and encode a body that is an object. At any depth, fields that were not given are left out.

    Args:
        model: What the body must be like.
        values: The value of each field, by its Python name or its name in JSON; those that are
            `UNSET` are left out.
        bulk: The method that sends any number of records, which an error names if there are too many.

    Returns:
        JSON in UTF-8.

    Raises:
        pydantic.ValidationError: The values are not what the model says: None where the API takes no null,
            a moment without a time zone, what is no finite number.
    """
    from .body_check import encoded_model

    given = {name: value for name, value in values.items() if value is not UNSET}
    return encoded_model(model, given, bulk)


def encode_value(adapter: TypeAdapter[Any], value: object) -> bytes:
    """Check and encode a body that is one value, such as a list. Otherwise as `encode_body`.

    Args:
        adapter: What the body must be like.
        value: The body.
    """
    from .body_check import encoded_value

    return encoded_value(adapter, value)


def encode_lines(adapter: TypeAdapter[Any], value: object) -> bytes:
    """Check and encode a body that is a list, with each item on a line of its own (NDJSON)."""
    from .body_check import encoded_lines

    return encoded_lines(adapter, value)


def body_adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what checks and encodes a body of a type, or an argument."""
    from .json_values import sent_adapter

    return sent_adapter(kind)


@dataclass(frozen=True)
class Decoder:
    """Reads bodies of a type, by the names of JSON alone.

    Attributes:
        kind: A model, or any other type.
    """

    kind: Any

    def __call__(self, body: bytes) -> Any:
        """Read a body.

        Raises:
            pydantic.ValidationError: It is not of the type.
        """
        from .json_values import reader

        return reader(self.kind)(body)


def no_content(body: bytes) -> None:
    """Decode the body of an answer that has none to speak of, by ignoring it."""


@dataclass(frozen=True)
class Request:
    """An HTTP request without credentials.

    Attributes:
        method: The HTTP method.
        url: The whole URL, encoded.
        headers: Names and values.
        content: The body, if there is one. Not part of the representation.
        policy: What errors mean; None if that is not known.
        template: The URL without a query, with `{name}` for each path parameter.
        resends: How often it was sent before.
        trace: The context of OpenTelemetry that it belongs to; None for the present one.
        security: What it needs of the client's tokens; None for all that there are.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None = field(default=None, repr=False)
    policy: ErrorPolicy | None = field(default=None, repr=False)
    template: str = field(default="", repr=False, compare=False)
    resends: int = field(default=0, repr=False, compare=False)
    trace: object = field(default=None, repr=False, compare=False)
    security: Security | None = field(default=None, repr=False)


def build_request(base_url: str, call: Call[object]) -> Request:
    """Work out the request that makes a call.

    Args:
        base_url: Where the API is, possibly below a path, without a slash at the end.
        call: The call.

    Returns:
        The request.

    Raises:
        ValueError: A parameter has a value that it does not take, or that must not be sent. The message
            names operation and parameter.
    """
    if call.operation.parameters:
        call = _with_checked_arguments(call)
    try:
        return _request(base_url, call)
    except _Unfit as error:
        raise ValueError(f"{call.operation.name}: {error}") from None


def _with_checked_arguments(call: Call[object]) -> Call[object]:
    """Return a call with its arguments as they are sent, and defaults where the API needs them."""
    from .argument_check import Argument, checked_values

    groups = {
        "path": {**call.path_arguments},
        "query": {**call.query},
        "header": {**call.headers},
    }
    sent: list[Parameter] = []
    arguments: list[Argument] = []
    for parameter in call.operation.parameters:
        given = groups[parameter.location].get(parameter.name, UNSET)
        value = given.values if isinstance(given, CommaSeparated) else given
        if value is None or value is UNSET:
            value = parameter.default
        if value is not UNSET or parameter.required:
            sent.append(parameter)
            adapter = None if value is UNSET else argument_adapter(parameter)
            is_secret = parameter.location == "header"
            arguments.append(Argument(parameter.argument, adapter, value, is_secret))
    for parameter, value in zip(sent, checked_values(call.operation.name, arguments), strict=True):
        group = groups[parameter.location]
        is_joined = isinstance(group.get(parameter.name), CommaSeparated)
        group[parameter.name] = CommaSeparated(value) if is_joined else value
    return replace(
        call, path_arguments=groups["path"], query=groups["query"], headers=groups["header"]
    )


@cache
def argument_adapter(parameter: Parameter) -> TypeAdapter[Any]:
    """Return what checks an argument."""
    return body_adapter(parameter.kind)


def path_segment(operation: Operation[Any], name: str, value: object) -> str:
    """Work out what stands in the path for an argument.

    Args:
        operation: What is called.
        name: The path parameter.
        value: The argument, or the text of one.

    Returns:
        What stands there, encoded.

    Raises:
        ValueError: There is no such value, or it must not be sent. The message names operation and parameter.
    """
    from .argument_check import Argument, checked_values

    places = {(one.location, one.name): one for one in operation.parameters}
    parameter = places.get(("path", name))
    try:
        if parameter is not None:
            adapter = argument_adapter(parameter)
            argument = Argument(parameter.argument, adapter, value, is_secret=False)
            [value] = checked_values(operation.name, [argument])
        return _path_segment(name, value)
    except _Unfit as error:
        raise ValueError(f"{operation.name}: {error}") from None


class _Unfit(ValueError):
    """A value cannot stand in a request."""


def _request(base_url: str, call: Call[object]) -> Request:
    path = PATH_ARGUMENT.sub(
        lambda match: _path_segment(match[1], call.path_arguments.get(match[1], UNSET)),
        call.operation.path,
    )
    query = "&".join(_query_parts({**call.operation.constant_query, **call.query}))
    headers = [("Accept", call.operation.accept)]
    if call.content is not None and call.content_type is not None:
        headers.append(("Content-Type", call.content_type))
    headers.extend(
        (name, _header_value(name, value))
        for name, value in {**call.operation.constant_headers, **call.headers}.items()
        if value is not None and value is not UNSET
    )
    return Request(
        method=call.operation.method,
        url=f"{base_url}{path}{'?' if query else ''}{query}",
        headers=tuple(headers),
        content=call.content,
        policy=call.operation.policy,
        template=f"{base_url}{call.operation.path}",
        security=call.operation.security,
    )


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unfit(f"the parameter {name!r} must be a finite number, and not {value}")
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise _Unfit(f"the parameter {name!r} must have a time zone, which {value} has not")
    if isinstance(value, Timestamp):
        return value.text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def _path_segment(name: str, value: object) -> str:
    text = "" if value is None or value is UNSET else _text(name, value)
    # "." and ".." would be resolved on the way, and lead to another operation.
    if text in {"", ".", ".."}:
        raise _Unfit(f"the path parameter {name!r} must not be empty, '.' or '..'")
    if _UNFIT_FOR_PATH.search(text):
        raise _Unfit(f"the path parameter {name!r} must not hold control characters")
    return quote(text, safe="")


def _query_parts(query: Mapping[str, object]) -> Iterable[str]:
    for name, given in query.items():
        values: Iterable[object] = (given,)
        if isinstance(given, CommaSeparated):
            values = cast("Iterable[object]", given.values or ())
        elif isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
            values = cast("Iterable[object]", given)
        encoded = [
            quote(_text(name, one), safe="")
            for one in values
            if one is not None and one is not UNSET
        ]
        if encoded and isinstance(given, CommaSeparated):
            encoded = [",".join(encoded)]
        yield from (f"{quote(name, safe='')}={one}" for one in encoded)


def _header_value(name: str, value: object) -> str:
    text = _text(name, value)
    if not _HEADER_VALUE.fullmatch(text):
        # The value stays out of the message: headers hold secrets.
        raise _Unfit(
            f"the header parameter {name!r} must be printable ASCII without line breaks or NUL"
        )
    return text
