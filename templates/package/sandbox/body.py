"""The body of a request: how much of it is read, and what it is packed in."""

from __future__ import annotations

from starlette.requests import Request

from .errors import SandboxError

LARGEST_BODY = 16 * 1024 * 1024
"""How many bytes a body may have; what the API takes is not known."""

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""How bodies begin that somebody packed."""


class BodyTooLargeError(SandboxError):
    """A body has more bytes than are read."""


async def read_body(request: Request) -> bytes:
    """Read the body of a request, unless it is too large: then no more of it than may be kept.

    Raises:
        BodyTooLargeError: It is too large.
    """
    said = int(request.headers.get("content-length", "0"))
    parts: list[bytes] = []
    size = 0
    if said <= LARGEST_BODY:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                break
            parts.append(part)
        else:
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise BodyTooLargeError(
        f"The body has {said or f'at least {size}'} bytes; at most {LARGEST_BODY} are read."
    )


def why_unreadable(content_encoding: str, body: bytes) -> str | None:
    """Return why a body cannot be read as JSON because it is packed, or None if it is not.

    Args:
        content_encoding: The header of that name, empty without one.
        body: The body.
    """
    named = content_encoding.strip().lower()
    if named not in {"", "identity"}:
        # Whether the API unpacks bodies is not known.
        return f"The body is packed (Content-Encoding: {named}); send it as plain JSON."
    found = next((name for magic, name in _MAGIC.items() if body.startswith(magic)), None)
    if found is not None:
        return f"The body is packed ({found}, without saying so); send it as plain JSON."
    return None
