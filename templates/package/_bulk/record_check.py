"""Checks what is sent for a record as the method that sends a single request does, and says what is wrong.

Nothing is built before there is a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .._runtime.fork import with_cached_properties
from .._runtime.operation import body_adapter
from .._runtime.suggestion import nearest
from .._runtime.ways import dig
from .outcomes import Problem
from .record_fields import names_at, shown
from .values import UNSUPPORTED_VALUE

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# Codes of ours: what they stand for never reaches an API.
MISSING_VALUE = "MISSING_VALUE"
UNKNOWN_FIELD = "UNKNOWN_FIELD"

_CODES = {"missing": MISSING_VALUE, "extra_forbidden": UNKNOWN_FIELD}


@with_cached_properties
class RecordCheck:
    """Checks inputs.

    Args:
        kind: The type of an input.
        within: The way to the object whose fields are told without it; None if there is none.
    """

    def __init__(self, kind: Any, within: str | None = None) -> None:
        self._kind = kind
        self._within = () if within is None else tuple(within.split("."))

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return body_adapter(self._kind)

    def checked(self, fields: Mapping[str, Any]) -> dict[str, Any] | tuple[Problem, ...]:
        """Check an input.

        Args:
            fields: The input, with any values that the API's types take.

        Returns:
            It as JSON has it, or what is wrong: one problem for each field.
        """
        try:
            value = self._adapter.validate_python(fields)
        except ValidationError as error:
            return self._problems(fields, error.errors(include_url=False))
        sent: dict[str, Any] = self._adapter.dump_python(
            value, mode="json", by_alias=True, exclude_unset=True, warnings="error"
        )
        return sent

    def _problems(
        self, fields: Mapping[str, Any], errors: Iterable[ErrorDetails]
    ) -> tuple[Problem, ...]:
        told: dict[tuple[str, str, str], dict[str, None]] = {}
        for one in errors:
            steps = _steps(fields, one)
            name = ".".join(self._told(steps)) or ".".join(map(str, one["loc"]))
            code = _CODES.get(one["type"], UNSUPPORTED_VALUE)
            message, given = self._message(fields, steps, one)
            told.setdefault((name, code, given), {})[message] = None
        return tuple(
            Problem(name or None, code, f"{'; or '.join(messages)}{given}")
            for (name, code, given), messages in told.items()
        )

    def _told(self, steps: tuple[str, ...]) -> tuple[str, ...]:
        within = len(self._within)
        return steps[within:] if steps[:within] == self._within else steps

    def _message(
        self, fields: Mapping[str, Any], steps: tuple[str, ...], error: ErrorDetails
    ) -> tuple[str, str]:
        """Say what is wrong, and what was given in its place."""
        if error["type"] == "missing":
            return "the record has no value here, and the API needs one", ""
        if error["type"] == "extra_forbidden":
            known = names_at(self._kind, steps[:-1])
            return f"the API has no such field{nearest(steps[-1], known)}", ""
        given = dig(fields, ".".join(steps)) if steps else fields
        return error["msg"], f", and not {shown(given)}"


def _steps(fields: Mapping[str, Any], error: ErrorDetails) -> tuple[str, ...]:
    """Give the way to what an error is about. Where there are alternatives, its place names these as well."""
    value: object = fields
    found: list[str] = []
    for step in error["loc"]:
        if isinstance(value, Mapping) and step in value:
            value = cast("Mapping[object, object]", value)[step]
        elif (
            isinstance(value, (list, tuple))
            and isinstance(step, int)
            and step < len(cast("list[object]", value))
        ):
            value = cast("list[object]", value)[step]
        elif error["type"] == "missing" and step == error["loc"][-1]:
            pass
        else:
            continue
        found.append(str(step))
    return tuple(found)
