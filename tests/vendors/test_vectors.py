"""The vector database: a count tells what was written, a request has limits in records and bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.vendors.project import Project, statuses
from tests.vendors.vectors_service import KEY, MOST_BYTES, MOST_VECTORS, VERSION, VectorsService

Upsert = Callable[..., Any]


def vectors_of(count: int, **others: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"v{number}", "values": [number, 0.5, -1.0], **others} for number in range(count)
    ]


@pytest.fixture
def upsert(project: Callable[[str], Project], vectors: VectorsService, kind: str) -> Upsert:
    """Upserts vectors through either kind of client."""

    def run(records: Iterable[Any], *, token: Any = KEY, **options: Any) -> Any:
        return project("vectors").upsert(kind, vectors.url, token, records, **options)

    return run


def test_all_that_is_counted_is_written(upsert: Upsert, vectors: VectorsService) -> None:
    report = upsert(vectors_of(2 * MOST_VECTORS + 1), namespace="books")
    assert statuses(report) == ["written"] * (2 * MOST_VECTORS + 1)
    assert vectors.stored.keys() == {"books"}
    assert vectors.stored["books"]["v1"] == {"values": [1, 0.5, -1.0]}
    assert set(vectors.written.values()) == {1}
    assert sorted(len(one.body["vectors"]) for one in vectors.asked) == [
        1,
        MOST_VECTORS,
        MOST_VECTORS,
    ]
    for one in vectors.asked:
        assert one.headers["api-key"] == KEY
        assert one.headers["x-pinecone-api-version"] == VERSION
        assert "authorization" not in one.headers


def test_what_is_said_for_all_records_may_be_left_out(
    upsert: Upsert, vectors: VectorsService
) -> None:
    upsert(vectors_of(1, metadata={"genre": "crime", "year": 1934, "tags": ["old"]}))
    assert [one.body for one in vectors.asked] == [
        {
            "vectors": [
                {
                    "id": "v0",
                    "values": [0, 0.5, -1.0],
                    "metadata": {"genre": "crime", "year": 1934, "tags": ["old"]},
                }
            ]
        }
    ]


def test_a_vector_that_is_refused_is_found_among_many(
    upsert: Upsert, vectors: VectorsService
) -> None:
    records = vectors_of(50)
    records[31]["values"] = [1.0, 2.0]
    report = upsert(records)
    assert statuses(report) == ["written"] * 31 + ["rejected"] + ["written"] * 18
    (problem,) = report.outcomes[31].problems
    assert problem.code == "3"
    assert problem.message == "Vector dimension 2 does not match the dimension of the index 3"
    assert "v31" not in vectors.written


def test_what_the_model_of_a_vector_refuses_is_not_sent(
    upsert: Upsert, vectors: VectorsService
) -> None:
    wrong: list[dict[str, Any]] = [
        {"id": "text", "values": "0.5"},
        {"id": "words", "values": [0.5, "many", 1.0]},
        {"id": "none"},
        {"id": "", "values": [0.5]},
        {"id": "misspelt", "values": [0.5, 0.5, 0.5], "metdata": {}},
        {"values": [0.5, 0.5, 0.5]},
        {
            "id": "sparse",
            "values": [0.5, 0.5, 0.5],
            "sparseValues": {"indices": [1.5], "values": [1]},
        },
    ]
    report = upsert([*wrong, *vectors_of(1)])
    assert statuses(report) == ["rejected"] * len(wrong) + ["written"]
    named = [[one.property for one in outcome.problems] for outcome in report.outcomes[:-1]]
    assert named == [
        ["values"],
        ["values.1"],
        ["values"],
        ["id"],
        ["metdata"],
        ["id"],
        ["sparseValues.indices.0"],
    ]
    assert vectors.written == {"v0": 1}


def test_requests_keep_to_the_limit_in_bytes(upsert: Upsert, vectors: VectorsService) -> None:
    records = vectors_of(300, metadata={"text": "ä" * 5000})
    records[7]["metadata"] = {"text": "x" * MOST_BYTES}
    report = upsert(records, namespace="books")
    assert statuses(report) == ["written"] * 7 + ["rejected"] + ["written"] * 292
    (problem,) = report.outcomes[7].problems
    assert "2,097,152" in problem.message
    sizes = [len(one.content) for one in vectors.asked]
    assert max(sizes) <= MOST_BYTES
    assert max(sizes) > MOST_BYTES * 0.9, "requests are full"


def test_vectors_that_were_not_counted_are_sent_again_and_then_in_doubt(
    upsert: Upsert, vectors: VectorsService
) -> None:
    vectors.fail("short")
    assert statuses(upsert(vectors_of(3))) == ["written"] * 3
    vectors.fail("short", "short", "short")
    report = upsert(vectors_of(3))
    assert statuses(report) == ["unknown"] * 3
    assert "2 were written" in report.outcomes[0].reason
    assert len(vectors.asked) == 5


@pytest.mark.parametrize("fault", ["unavailable", "busy", "gateway", "cut", "page"])
def test_faults_lose_nothing(upsert: Upsert, vectors: VectorsService, fault: str) -> None:
    vectors.fail(fault, None, fault)
    report = upsert(vectors_of(2500), namespace="books")
    assert statuses(report) == ["written"] * 2500
    assert len(vectors.stored["books"]) == 2500
    assert len(vectors.asked) == 5


def test_a_wrong_key_stops_the_run_and_is_told_nowhere(
    upsert: Upsert, vectors: VectorsService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    report = upsert(vectors_of(2500), token="pcsk-of-another-index", concurrency=1)
    assert statuses(report) == ["not sent"] * 2500
    assert report.stop.error.status == 401
    assert len(vectors.asked) == 1
    assert (
        "pcsk-of-another-index" not in f"{report}{report.stop!r}{report.stop.error!r}{caplog.text}"
    )


def test_a_journal_and_a_state_are_for_one_namespace(
    project: Callable[[str], Project], upsert: Upsert, vectors: VectorsService, tmp_path: Path
) -> None:
    bulk = project("vectors").module("bulk")
    for option, told in (("journal", bulk.JournalMismatch), ("state", bulk.StateMismatch)):
        file = {option: str(tmp_path / option)}
        upsert(vectors_of(2), namespace="books", **file)
        with pytest.raises(told, match="belongs to another"):
            upsert(vectors_of(2), namespace="films", **file)
    assert vectors.stored.keys() == {"books"}


def test_a_load_that_is_killed_goes_on_where_it_was(
    project: Callable[[str], Project], vectors: VectorsService, tmp_path: Path
) -> None:
    records, journal = vectors_of(4500), str(tmp_path / "load.sqlite")
    client = project("vectors")
    vectors.hold(after=2)
    load = client.start(vectors.url, KEY, records, journal=journal, concurrency=1)
    vectors.wait_for(3)
    load.kill()
    load.communicate()
    vectors.release()
    report = client.upsert("sync", vectors.url, KEY, records, journal=journal)
    assert statuses(report) == ["written"] * 4500
    assert len(vectors.stored[""]) == 4500
    twice = {number for number in range(4500) if vectors.written[f"v{number}"] == 2}
    assert twice <= {*range(2000, 3000)}, "only what was under way is sent again"
    assert sum(vectors.written.values()) == 4500 + len(twice)
