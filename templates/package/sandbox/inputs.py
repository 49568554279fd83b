"""What read-back and administration are asked for: parameters and bodies, checked one by one."""

from __future__ import annotations

import json
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, cast

from starlette.requests import Request


class Problem(Exception):
    """A request to the sandbox itself cannot be done.

    Attributes:
        message: One line that says what is wrong and what was expected.
        status: The status that says so.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def hint(name: str, known: Collection[str]) -> str:
    """Say which name was probably meant, or which ones there are."""
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"expected one of {', '.join(sorted(known))}" if known else "there are none"


def parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the parameters of the query.

    Args:
        request: The request.
        known: The parameters that make sense.

    Raises:
        Problem: There is another one, or one stands there twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            expected = hint(name, known) if known else "this takes none"
            raise Problem(f"unknown parameter {name!r}; {expected}")
        if name in found:
            raise Problem(f"the parameter {name!r} is given twice; expected it once")
        found[name] = value
    return found


def whole_number(text: str, name: str, least: int, most: int) -> int:
    """Read a whole number.

    Args:
        text: What was given.
        name: What it is for.
        least: The smallest that makes sense.
        most: The largest that makes sense.

    Raises:
        Problem: That is none between the two.
    """
    # Digits are counted first: Python refuses to read thousands of them.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise Problem(f"{name} must be a whole number from {least} to {most}; got {brief(text)}")
    return int(text)


async def json_object(request: Request, known: Collection[str] | None = None) -> dict[str, Any]:
    """Read the body, a JSON object. An empty body is an empty object.

    Args:
        request: The request.
        known: The fields that make sense; None for any.

    Raises:
        Problem: It is something else, or has other fields.
    """
    content = await request.body()
    if not content.strip():
        return {}
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Problem(f"the body is not JSON ({error}); expected a JSON object") from None
    if not isinstance(data, dict):
        raise Problem(f"the body is {brief(data)}; expected a JSON object")
    fields = cast("dict[str, Any]", data)
    for name in fields if known is not None else ():
        if name not in (known or ()):
            raise Problem(f"unknown field {brief(name)}; {hint(name, known or ())}")
    return fields


def field_of(
    fields: dict[str, Any], name: str, kind: type | tuple[type, ...], expected: str
) -> Any:
    """Return a field of a body, or None if it is missing or null.

    Args:
        fields: The body.
        name: The field.
        kind: What its value must be an instance of.
        expected: How to say that.

    Raises:
        Problem: It is something else.
    """
    value = fields.get(name)
    # True and false count as numbers for Python, but for nobody else.
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise Problem(f"{name} must be {expected}; got {brief(value)}")
    return value


def brief(value: Any) -> str:
    """Show a JSON value in a message, shortened if it is long."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
