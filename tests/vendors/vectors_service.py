"""A vector database: writes vectors of three dimensions into namespaces, and tells how many."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.vendors.service import Service, to_answer

KEY = "pcsk-secret-0123456789"
VERSION = "2025-10"
DIMENSION = 3
MOST_VECTORS = 1000
MOST_BYTES = 2 * 1024 * 1024
_INVALID, _UNAUTHENTICATED = 3, 16


class VectorsService(Service):
    """The database.

    Attributes:
        stored: The vectors, by namespace and id.
        written: How often each id was written.
    """

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.written: Counter[str] = Counter()
        super().__init__()

    def routes(self) -> list[Route]:
        return [Route("/vectors/upsert", self._upsert, methods=["POST"])]

    async def _upsert(self, request: Request) -> Response:
        content = await request.body()
        if request.headers.get("api-key") != KEY:
            return _refused(_UNAUTHENTICATED, "Invalid API Key", 401)
        if request.headers.get("x-pinecone-api-version") != VERSION:
            return _refused(_INVALID, "unknown API version")
        if len(content) > MOST_BYTES:
            return _refused(
                11, f"Request size {len(content)} exceeds the maximum {MOST_BYTES}", 413
            )
        body = await request.json()
        vectors = body["vectors"]
        if not 0 < len(vectors) <= MOST_VECTORS:
            return _refused(_INVALID, f"{len(vectors)} vectors are none, or too many")
        for one in vectors:
            if not all(isinstance(value, int | float) for value in one["values"]):
                return _refused(_INVALID, f"values of {one['id']}: no numbers")
            if len(one["values"]) != DIMENSION:
                found = f"Vector dimension {len(one['values'])} does not match the dimension"
                return _refused(_INVALID, f"{found} of the index {DIMENSION}")
        if request.scope["fault"] == "short":
            vectors = vectors[:-1]
        space = self.stored.setdefault(body.get("namespace", ""), {})
        for one in vectors:
            space[one["id"]] = {name: value for name, value in one.items() if name != "id"}
        self.written.update(one["id"] for one in vectors)
        return to_answer({"upsertedCount": len(vectors)})


def _refused(code: int, message: str, status: int = 400) -> Response:
    return to_answer({"code": code, "message": message, "details": []}, status)
