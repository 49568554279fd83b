"""Several processes of Dask upsert one table, and share the limit of the account."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dask
import dask.bag
import dask.dataframe
import pandas
import pytest
from distributed import Client as DaskClient
from distributed import LocalCluster
from hubspot_upsert.bulk import RedisRateLimiter
from hubspot_upsert.integrations.partitions import (
    outcome_meta,
    upsert_frame,
    upsert_partition,
)
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.bulk.redis_server import RedisServer
from tests.integrations.conftest import TOKEN, emails, is_bad, person

WORKERS = 4
# In 255 requests or more: without a limiter, the sandbox refuses what is above its 190 in ten seconds.
RECORDS = 25_500


def read_token() -> str:
    return os.environ["INTEGRATIONS_TOKEN"]


def upsert_and_tell_who(rows: Iterable[Any], **options: Any) -> list[dict[str, Any]]:
    return [{**outcome, "process": os.getpid()} for outcome in upsert_partition(rows, **options)]


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaskClient]:
    monkeypatch.setenv("INTEGRATIONS_TOKEN", TOKEN)
    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        DaskClient(cluster) as client,
    ):
        yield client


@pytest.fixture
def options(sandbox: Sandbox, shared_redis: RedisServer) -> Iterator[dict[str, Any]]:
    with (
        Client(read_token, base_url=sandbox.url) as client,
        RedisRateLimiter("account", shared_redis.url, requests=190, seconds=10) as limiter,
    ):
        yield {
            "upsert": client.contacts.iter_upsert,
            "id_property": "email",
            "limiter": limiter,
        }


def test_processes_share_the_limit_and_lose_nothing(
    workers: DaskClient, sandbox: Sandbox, options: dict[str, Any]
) -> None:
    records = [person(number) for number in range(RECORDS)]
    bag = dask.bag.from_sequence(records, npartitions=16)
    outcomes = bag.map_partitions(upsert_and_tell_who, **options).compute()

    # Results come in the order of the parts, so that each stands where its record does.
    assert [outcome["key"] for outcome in outcomes] == [record["email"] for record in records]
    expected = ["rejected" if is_bad(record) else "created" for record in records]
    assert [outcome["status"] for outcome in outcomes] == expected
    created = {each["key"]: each["id"] for each in outcomes if each["status"] == "created"}
    assert created == emails(sandbox)

    statuses = [request.status for request in sandbox.requests]
    assert len(statuses) >= RECORDS / 100
    assert 429 not in statuses
    assert len({outcome["process"] for outcome in outcomes}) == WORKERS


def test_frames_keep_their_index(
    workers: DaskClient, sandbox: Sandbox, options: dict[str, Any]
) -> None:
    people = pandas.DataFrame([person(number) for number in range(1200)])
    people.index = people.index * 3 + 1
    parts = dask.dataframe.from_pandas(people, npartitions=8)
    outcomes = parts.map_partitions(upsert_frame, **options, meta=outcome_meta()).compute()

    joined = people.join(outcomes)
    assert list(joined["email"]) == list(joined["key"])
    assert set(joined[joined["status"] == "created"]["email"]) == set(emails(sandbox))
    assert list(joined["status"] == "rejected") == [
        is_bad(row) for row in people.to_dict("records")
    ]
    assert 429 not in [request.status for request in sandbox.requests]
