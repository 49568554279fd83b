"""Records that are JSON, through either client to a real server: what is sent, and how much at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.batcher import Batcher
from package._bulk.duplicates import DUPLICATES
from package._bulk.envelope import Envelope
from package._bulk.report import UpsertReport
from package._bulk.request_body import Arguments, RequestBody
from package._bulk.resource import BulkOperation, upsert, upsert_async
from package._runtime.client import AsyncClientBase, SyncClient
from package._runtime.models import RequestModel
from package._runtime.operation import Operation, Parameter
from package._runtime.roles import ErrorShape, Roles

from tests.bulk.vectors import VectorServer
from tests.runtime.emitted_client import POLICY
from tests.servers import TOKEN

MAXIMUM, MOST = 20, 2000
ROLES = Roles(
    inputs="vectors",
    key="id",
    results="results",
    maximum=MAXIMUM,
    maximum_bytes=MOST,
    error=ErrorShape(message="message"),
)


class Vector(RequestModel):
    id: str
    values: list[float]
    metadata: dict[str, str | float | bool] | None = None


OPERATION: Operation[Any] = Operation(
    name="vectors.upsert",
    method="POST",
    path="/vectors/upsert",
    responses={"200": json.loads},
    error=None,
    policy=POLICY,
)
BULK = BulkOperation(OPERATION, ROLES, record=Vector)
NONE = Arguments()


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def connection(self) -> Any:
        return self._connection


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def connection(self) -> Any:
        return self._connection


@pytest.fixture
def server() -> Iterator[VectorServer]:
    server = VectorServer(MAXIMUM, MOST)
    yield server
    server.close()


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest, server: VectorServer) -> Any:
    def sync(
        records: Any, bulk: BulkOperation = BULK, arguments: Any = NONE, **options: Any
    ) -> UpsertReport:
        with Client(TOKEN, base_url=server.url) as client:
            return upsert(client.connection, bulk, records, arguments, **options)

    def asynchronous(
        records: Any, bulk: BulkOperation = BULK, arguments: Any = NONE, **options: Any
    ) -> UpsertReport:
        async def run() -> UpsertReport:
            async with AsyncClient(TOKEN, base_url=server.url) as client:
                return await upsert_async(client.connection, bulk, records, arguments, **options)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


def vector(number: int, size: int = 8, **more: Any) -> dict[str, Any]:
    return {"id": f"v{number}", "values": [number + 0.25] * size, **more}


def test_requests_have_no_more_bytes_than_the_api_takes(send: Any, server: VectorServer) -> None:
    records = [vector(number, 1 + number % 40) for number in range(300)]
    report = send(records)
    assert not server.refused
    assert {one.status.value for one in report.outcomes} == {"written"}
    assert server.stored == {one["id"]: one for one in records}
    # No request could have held the next vector, too, and none is smaller than it has to be.
    assert len(server.sizes) <= sum(server.sizes) // (MOST - 500) + 1
    assert max(server.counts) <= MAXIMUM


def test_a_record_that_no_request_has_room_for_is_told_its_size(
    send: Any, server: VectorServer
) -> None:
    report = send([vector(1), vector(2, 1000), vector(3)])
    large = report.outcomes[1]
    assert [one.status.value for one in report.outcomes] == ["written", "rejected", "written"]
    (problem,) = large.problems
    size = len(json.dumps({"vectors": [vector(2, 1000)]}, separators=(",", ":")))
    assert problem.code == "TOO_LARGE"
    assert problem.message == (
        f"a request with this record alone has {size:,} bytes, and the API takes 2,000"
    )
    assert {*server.stored} == {"v1", "v3"}


def test_what_the_api_does_not_take_costs_no_request(send: Any, server: VectorServer) -> None:
    wrong = [
        {"id": 1, "values": [1]},
        {"id": "a", "values": ["x"]},
        {"id": "b", "vals": [1]},
        {"id": "c", "values": [1], "metadata": {"a": {"b": 1}}},
    ]
    report = send([vector(1), *wrong, vector(2)], concurrency=1)
    assert [one.status.value for one in report.outcomes].count("rejected") == len(wrong)
    assert [[each.property for each in one.problems] for one in report.outcomes[1:-1]] == [
        *[["id"], ["values.0"], ["values", "vals"], ["metadata.a"]]
    ]
    assert server.counts == [2]


def test_what_is_sent_again_after_a_fault_is_the_same(send: Any, server: VectorServer) -> None:
    server.faults = [429, 429]
    records = [vector(number) for number in range(50)]
    report = send(records)
    assert server.stored == {one["id"]: one for one in records}
    assert report.retries == 2


def test_constants_stand_in_each_record(send: Any, server: VectorServer) -> None:
    bulk = replace(BULK, record=None, constants={"kind": "dense", "metadata": {"by": "us"}})
    send([vector(1), vector(2, metadata={"a": 1})], bulk)
    assert server.stored["v1"] == {"kind": "dense", "metadata": {"by": "us"}, **vector(1)}
    assert server.stored["v2"]["metadata"] == {"by": "us", "a": 1}


def test_an_argument_names_the_keys(send: Any, server: VectorServer) -> None:
    roles = replace(ROLES, results=None, key_argument="match", case_insensitive=("code",))
    body = RequestBody(arguments=(Parameter("match", "field", "match", list[str]),))
    bulk = replace(BULK, roles=roles, record=None, body=body)
    records = [vector(1, code="A"), vector(2, code="a"), vector(3), vector(4, name="A")]
    named = Arguments(fields={"match": ["code", "name"]})
    report = send(records, bulk, named, concurrency=1)
    assert [one.status.value for one in report.outcomes] == [
        *["written", "rejected", "rejected", "written"]
    ]
    same, missing = (report.outcomes[index].problems[0] for index in (1, 2))
    assert (same.property, same.code) == ("code", "DUPLICATE_KEY")
    assert missing.message == "the record has no value for 'code' or 'name', which it is found by"
    # Without the argument, the key that the specification names counts.
    assert {one.status.value for one in send(records, bulk).outcomes} == {"written"}


def test_a_state_knows_what_was_sent(send: Any, server: VectorServer, tmp_path: Path) -> None:
    records = [vector(number, 30) for number in range(60)]
    assert send(records, state=tmp_path / "state").requests > 1
    again = send([*records[:50], vector(50, 31), *records[51:]], state=tmp_path / "state")
    assert [one.status.value for one in again.outcomes].count("unchanged") == 59
    assert again.requests == 1
    whole = send(records, state=tmp_path / "state", full=True)
    assert not server.refused
    assert whole.requests > 1


def test_what_is_left_to_be_sent_is_joined_within_the_bytes(
    send: Any, server: VectorServer, tmp_path: Path
) -> None:
    records = [vector(number, 30) for number in range(100)]
    send(records, state=tmp_path / "state")
    server.sizes.clear()
    changed = [vector(n, 30, metadata={"a": 1.5}) if n % 3 else records[n] for n in range(100)]
    report = send(changed, state=tmp_path / "state")
    assert not server.refused
    assert server.stored == {one["id"]: one for one in changed}
    assert report.requests == len(server.sizes) < 100 // 3


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 60)), max_size=60),
    st.sampled_from(DUPLICATES),
    st.integers(300, 900),
)
def test_no_batch_is_too_large_whatever_is_done_about_duplicates(
    shapes: list[tuple[int, int]], duplicates: Any, most: int
) -> None:
    roles = replace(ROLES, maximum=7, maximum_bytes=most, trace_id="meta.trace")
    batcher = Batcher(roles, None, duplicates, envelope=Envelope.of("vectors"))
    records = [vector(number, size, **{f"x{size}": size}) for number, size in shapes]
    batches = batcher.extend(records)
    last = batcher.close()
    batches += [] if last is None else [last]
    assert sum(len(one.records) for one in batches) == len(records)
    for batch in batches:
        assert len(batch.inputs) <= roles.maximum
        if batch.inputs:
            assert len(json.dumps({"vectors": batch.inputs}, separators=(",", ":"))) <= most
        codes = {each.code for one in batch.outcomes.values() for each in one.problems}
        assert codes <= {"TOO_LARGE", "DUPLICATE_KEY"}


def test_keys_of_several_fields_are_told_apart() -> None:
    roles = Roles(
        inputs="data", key="email", alternative_keys=("phone",), case_insensitive=("email",)
    )
    batcher = Batcher(roles, None, "error")
    same = [{"email": "A@b"}, {"phone": "A@b"}, {"email": "a@b"}, {"phone": "a@b"}]
    assert batcher.extend([*same, {"phone": " a@b "}, {}]) == []
    batch = batcher.close()
    assert batch is not None
    assert batch.keys == ["email\0a@b", "phone\0A@b", "phone\0a@b"]
    told = {index: one.problems[0] for index, one in batch.outcomes.items()}
    assert {index: (one.property, one.code) for index, one in told.items()} == {
        2: ("email", "DUPLICATE_KEY"),
        4: ("phone", "DUPLICATE_KEY"),
        5: ("email", "MISSING_KEY"),
    }
