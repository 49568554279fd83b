"""From a call to the HTTP request that makes it. Pure: the same call gives the same request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast
from urllib.parse import quote

from .operation import UNSET, Call, CommaSeparated

_PARAMETER = re.compile(r"\{([^{}]+)\}")
# Control characters end lines and headers; lone surrogates have no UTF-8.
_UNFIT_FOR_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


@dataclass(frozen=True)
class Request:
    """An HTTP request without credentials.

    Attributes:
        method: The HTTP method.
        url: The whole URL, encoded.
        headers: Names and values.
        content: The body, if there is one. Not part of the representation.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None = field(default=None, repr=False)


def build_request(base_url: str, call: Call[object]) -> Request:
    """Work out the request that makes a call.

    Args:
        base_url: Where the API is, possibly below a path, without a slash at the end.
        call: The call.

    Returns:
        The request.

    Raises:
        ValueError: A path or header parameter has a value that must not be sent. The message names
            the parameter.
    """
    path = _PARAMETER.sub(
        lambda match: _path_segment(match[1], call.path_arguments.get(match[1], UNSET)),
        call.operation.path,
    )
    query = "&".join(_query_parts(call.query))
    headers = [("Accept", "application/json")]
    if call.content is not None and call.content_type is not None:
        headers.append(("Content-Type", call.content_type))
    headers.extend(
        (name, _header_value(name, value))
        for name, value in call.headers.items()
        if value is not None and value is not UNSET
    )
    return Request(
        method=call.operation.method,
        url=f"{base_url}{path}{'?' if query else ''}{query}",
        headers=tuple(headers),
        content=call.content,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _path_segment(name: str, value: object) -> str:
    text = "" if value is None or value is UNSET else _text(value)
    # "." and ".." would be resolved on the way, and lead to another operation.
    if text in {"", ".", ".."}:
        raise ValueError(f"the path parameter {name!r} must not be empty, '.' or '..'")
    if _UNFIT_FOR_PATH.search(text):
        raise ValueError(f"the path parameter {name!r} must not hold control characters")
    return quote(text, safe="")


def _query_parts(query: Mapping[str, object]) -> Iterable[str]:
    for name, given in query.items():
        values: Iterable[object] = (given,)
        if isinstance(given, CommaSeparated):
            values = given.values or ()
        elif isinstance(given, Iterable) and not isinstance(given, str):
            values = cast("Iterable[object]", given)
        encoded = [
            quote(_text(one), safe="") for one in values if one is not None and one is not UNSET
        ]
        if encoded and isinstance(given, CommaSeparated):
            encoded = [",".join(encoded)]
        yield from (f"{quote(name, safe='')}={one}" for one in encoded)


def _header_value(name: str, value: object) -> str:
    text = _text(value)
    if not _HEADER_VALUE.fullmatch(text):
        # The value stays out of the message: headers hold secrets.
        raise ValueError(
            f"the header parameter {name!r} must be printable ASCII without line breaks or NUL"
        )
    return text
