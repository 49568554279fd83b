"""Code that uses the client of the vector database: it is checked, and never run."""

from collections.abc import Iterator

from vectors_upsert.bulk import UpsertReport
from vectors_upsert.v2025_10 import AsyncClient, Client
from vectors_upsert.v2025_10.models import Vector
from vectors_upsert.v2025_10.typed_dicts import VectorDict


def vectors() -> Iterator[VectorDict]:
    yield {"id": "b1", "values": [0.25, 1, -2], "metadata": {"genre": "crime", "year": 1934}}


def load(client: Client) -> UpsertReport:
    return client.vectors.upsert(vectors(), namespace="books", journal="load.sqlite")


async def wait(client: AsyncClient) -> UpsertReport:
    return await client.vectors.upsert(list(vectors()))


def one_request(client: Client) -> int | None:
    vector = Vector(id="b1", values=[0.25, 1, -2])
    return client.vectors.upsert_vectors(vectors=[vector], namespace="books").upserted_count


def misuse(client: Client) -> None:
    client.vectors.upsert(vectors(), namespace=7)  # misuse
    client.vectors.upsert(vectors(), name_space="books")  # misuse
    client.vectors.upsert(vectors(), id_property="id")  # misuse
    client.vectors.upsert_vectors(vectors=[{"id": "b1"}])  # misuse
    client.vectors.upsert_vectors(vectors=[], x_pinecone_api_version="2025-10")  # misuse
