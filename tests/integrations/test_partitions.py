"""Functions for the parts of a table, without the programs that call them."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy
import pandas
import pytest
from hubspot_upsert.bulk import ObjectProperties, Property, UpsertStopped
from hubspot_upsert.integrations.partitions import (
    OUTCOME_SCHEMA,
    OutcomeRow,
    outcome_meta,
    upsert_frame,
    upsert_frames,
    upsert_partition,
)
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.integrations.conftest import emails

Options = dict[str, Any]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.client(Client) as client:
        yield client


@pytest.fixture
def options(client: Client) -> Options:
    return {"upsert": client.contacts.iter_upsert, "id_property": "email"}


def test_ctrl_c_is_raised_again(options: Options) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"email": "a@example.com"}
        signal.raise_signal(signal.SIGINT)
        yield {"email": "b@example.com"}

    # It is ignored where a shell has started the tests in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            upsert_partition(rows(), **options)
    finally:
        signal.signal(signal.SIGINT, before)


def test_each_row_has_an_outcome(sandbox: Sandbox, options: Options) -> None:
    rows = [{"email": "a@example.com"}, {"email": "bad"}, {"email": "A@example.com"}, ["bad"]]
    first, second, third, fourth = upsert_partition(rows, **options)
    assert first == OutcomeRow(
        index=0,
        status="created",
        key="a@example.com",
        id=emails(sandbox)["a@example.com"],
        merged_into=None,
        problems=None,
        warnings=None,
        reason=None,
    )
    assert (second["index"], second["status"], second["key"]) == (1, "rejected", "bad")
    (problem,) = json.loads(second["problems"] or "")
    assert problem["property"] == "email"
    assert [third["status"], fourth["status"]] == ["rejected"] * 2
    assert fourth["key"] is None


def test_rows_of_spark_are_taken(sandbox: Sandbox, options: Options) -> None:
    class Row(tuple[Any, ...]):
        """As far as it matters, what `pyspark.sql.Row` is."""

        def asDict(self) -> dict[str, Any]:  # noqa: N802 - it is called so.
            return {"email": self[0], "firstname": self[1]}

    (outcome,) = upsert_partition([Row(("a@example.com", "Ada"))], **options)
    assert outcome["status"] == "created"
    assert sandbox.records("contacts")[0]["properties"]["firstname"] == "Ada"


def test_a_frame_becomes_a_frame_with_its_index(sandbox: Sandbox, options: Options) -> None:
    frame = pandas.DataFrame(
        {"email": ["a@example.com", "bad", "b@example.com"], "firstname": ["Ada", "x", None]},
        index=[7, 3, 5],
    )
    outcomes = upsert_frame(frame, **options)
    assert list(outcomes.index) == [7, 3, 5]
    assert list(outcomes["status"]) == ["created", "rejected", "created"]
    assert (
        dict(zip(outcomes["key"], outcomes["id"], strict=True)).items() >= emails(sandbox).items()
    )
    assert outcomes.dtypes.equals(outcome_meta().dtypes)
    assert list(outcomes.columns) == [column.split()[0] for column in OUTCOME_SCHEMA.split(", ")]


def test_values_of_frames_are_sent_as_what_they_are(sandbox: Sandbox, options: Options) -> None:
    sandbox.declare(
        "contacts",
        number={"type": "number"},
        flag={"type": "bool"},
        since={"type": "datetime"},
        colours={"type": "enumeration", "options": ["red", "blue"], "multiple": True},
    )
    frame = pandas.DataFrame(
        {
            "email": ["a@example.com", "b@example.com"],
            "number": [3, None],
            "flag": [True, False],
            "since": pandas.to_datetime(["2026-03-01T12:00:00+02:00", None]),
            "colours": [numpy.array(["red", "blue"]), None],
        }
    )
    outcomes = upsert_frame(frame, **options)
    assert list(outcomes["status"]) == ["created"] * 2
    first, second = (record["properties"] for record in sandbox.records("contacts"))
    assert first["number"] == "3"
    assert first["flag"] == "true"
    assert first["since"] == "2026-03-01T10:00:00.000Z"
    assert first["colours"] == "red;blue"
    assert not {"number", "since", "colours"} & {name for name in second if second[name]}


def test_frames_give_frames_of_their_lengths(options: Options) -> None:
    lengths = [0, 3, 0, 0, 250, 1, 0]
    frames = [
        pandas.DataFrame({"email": [f"{part}.{row}@example.com" for row in range(length)]})
        for part, length in enumerate(lengths)
    ]
    outcomes = list(upsert_frames(iter(frames), **options))
    assert [len(frame) for frame in outcomes] == lengths
    for frame, answered in zip(frames, outcomes, strict=True):
        assert list(answered["key"]) == list(frame["email"])
    assert list(upsert_frames(iter([]), **options)) == []


def test_frames_are_not_read_ahead_without_bound(options: Options) -> None:
    read = 0

    def frames() -> Iterator[pandas.DataFrame]:
        nonlocal read
        for part in range(100):
            read += 1
            yield pandas.DataFrame({"email": [f"{part}.{row}@example.com" for row in range(100)]})

    outcomes: Any = upsert_frames(frames(), concurrency=2, **options)
    next(outcomes)
    assert read < 10
    outcomes.close()


def test_functions_can_be_pickled(sandbox: Sandbox, options: Options) -> None:
    task = pickle.loads(pickle.dumps(partial(upsert_partition, **options)))
    (outcome,) = task([{"email": "a@example.com"}])
    assert outcome["id"] == emails(sandbox)["a@example.com"]


@pytest.mark.parametrize("function", [upsert_partition, upsert_frames])
def test_a_run_that_is_stopped_fails(function: Any, options: Options) -> None:
    row = {"email": "a@example.com", "no_such_property": "x"}
    part = [row] if function is upsert_partition else [pandas.DataFrame([row])]
    with pytest.raises(UpsertStopped, match="no_such_property") as caught:
        list(function(part, **options))
    assert "no_such_property" in str(pickle.loads(pickle.dumps(caught.value)))


def test_a_run_that_is_stopped_can_return_its_outcomes(options: Options) -> None:
    rows = [{"email": f"{number}@example.com", "no_such_property": "x"} for number in range(3)]
    outcomes = list(upsert_partition(rows, on_stop="return", **options))
    assert [outcome["status"] for outcome in outcomes] == ["not sent"] * 3
    assert all(outcome["reason"] for outcome in outcomes)


def test_rows_need_no_pandas() -> None:
    program = """
import sys
import hubspot_upsert.integrations.dlt, hubspot_upsert.integrations.partitions
print(sorted({"dlt", "pandas", "numpy", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"


def test_rows_that_the_properties_do_not_take_are_not_sent(
    sandbox: Sandbox, options: Options
) -> None:
    properties = ObjectProperties(
        "contacts",
        {
            "email": Property("email", "email", unique=True),
            "stage": Property("stage", "enumeration", options={"1": "One"}),
        },
    )
    sandbox.declare("contacts", stage={})
    frame = pandas.DataFrame(
        {"email": [f"{number}@example.com" for number in range(4)], "stage": [1, 2, 1.0, None]},
        dtype=object,
    )
    rows = upsert_frame(frame, properties=properties, **options)
    assert list(rows["status"]) == ["created", "rejected", "rejected", "created"]
    assert "INVALID_OPTION" in rows["problems"][1]
    assert "the option convert" in rows["problems"][2]
    (request,) = sandbox.requests
    assert request.inputs == 2
    converted = upsert_frame(frame, properties=properties, convert=True, **options)
    assert list(converted["status"]) == ["updated", "rejected", "created", "updated"]
