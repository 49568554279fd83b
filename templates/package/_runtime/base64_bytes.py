"""Bytes that JSON holds as text in base64 (RFC 4648, section 4: the standard alphabet, with padding)."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import CoreSchema, core_schema


def encoded(data: bytes) -> str:
    """Return bytes as they are sent."""
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if encoded(data) != text:
        raise ValueError("it is not what its bytes are in base64")
    return data


def _schema(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    del handler
    return core_schema.json_or_python_schema(
        json_schema=core_schema.no_info_after_validator_function(
            _decoded, core_schema.str_schema(strict=True)
        ),
        # Text would leave open whether it is encoded already.
        python_schema=core_schema.bytes_schema(strict=True),
        serialization=core_schema.plain_serializer_function_ser_schema(
            encoded, return_schema=core_schema.str_schema(), when_used="json"
        ),
    )


Base64Bytes = Annotated[bytes, GetPydanticSchema(_schema)]
"""Bytes in Python, base64 in JSON; what is no base64 is refused."""
