"""Upserts the parts of a table that is spread over several processes or machines.

The functions take what such programs give to a function that they call for each part: Spark
(`mapInPandas`), Ray Data (`map_batches`) and Dask (`map_partitions`). What to call is named by a method of
a client, which is pickled with it:

    rows.map_partitions(
        upsert_partition, upsert=client.items.iter_upsert, id_property="number", limiter=limiter
    )

Each process that loads it opens connections of its own. For all of them together to keep to the limits of
the account, `limiter` must be a `RedisRateLimiter`. Such programs may work on a part twice, when a process
dies for example; an upsert does no harm then, but says "updated" for what it created before.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypedDict, cast

from .._bulk.outcomes import to_json
from .._properties.texts import UnsupportedValue, value_text
from ..bulk import Outcome, OutcomeStream, UpsertReport

Frame: TypeAlias = Any
"""A `DataFrame` of pandas, which need not be installed."""

Upsert: TypeAlias = Callable[..., OutcomeStream]
"""A method of a client that gives outcomes, such as `client.items.iter_upsert`."""

OnStop: TypeAlias = Literal["raise", "return"]

_ROWS_AT_ONCE = 1000
_KEY = "id"


class OutcomeRow(TypedDict):
    """What became of one row."""

    index: int
    """The position of the row in its part, counted from 0."""

    status: str
    """The value of a `Status`, such as "created" or "rejected"."""

    key: str | None
    """What the row is found by: its value of the id property, or of the field `id`."""

    id: str | None
    """The id that the API gave it."""

    merged_into: int | None
    """The position of the row that was sent in the place of this duplicate."""

    problems: str | None
    """Why it was rejected, as JSON: a list of objects with `property`, `code` and `message`."""

    warnings: str | None
    """What the API changed or doubts, as JSON."""

    reason: str | None
    """Why it is not known what became of it, or why it was not sent."""


OUTCOME_SCHEMA = (
    "index bigint, status string, key string, id string, merged_into bigint, problems string, "
    "warnings string, reason string"
)
"""The columns of the outcomes, as Spark wants to be told them."""

_TYPES = {
    name: {"index": "int64", "merged_into": "Int64"}.get(name, "string")
    for name in OutcomeRow.__annotations__
}


def upsert_partition(
    rows: Iterable[Any],
    *,
    upsert: Upsert,
    id_property: str | None = None,
    on_stop: OnStop = "raise",
    **options: Any,
) -> list[OutcomeRow]:
    """Upsert the rows of one part of a table.

    Args:
        rows: Mappings of the names of properties to their values, or the rows of Spark.
        upsert: The method to call, such as `client.items.iter_upsert`.
        id_property: The property that finds records, if there are properties.
        on_stop: What to do when the run is stopped by what is not about single rows, such as a token
            that is not accepted: "raise", so that the part fails as a whole and may be tried again, or
            "return" the rows that were not sent as such.
        options: Further arguments of the method.

    Returns:
        What became of each row, in their order.

    Raises:
        UpsertStopped: The run was stopped.
        Exception: What the method raises.
    """
    outcomes = _outcomes(rows, upsert, id_property, on_stop, options)
    # A list: some programs cannot send on what gives one row after the other.
    return [_outcome_row(outcome, id_property) for outcome in outcomes]


def upsert_frames(
    frames: Iterable[Frame],
    *,
    upsert: Upsert,
    id_property: str | None = None,
    on_stop: OnStop = "raise",
    **options: Any,
) -> Iterator[Frame]:
    """Upsert the rows of one part of a table that comes in several frames of pandas.

    Args:
        frames: The frames. Their columns are properties; what is missing in a row is left out.
        upsert: As for `upsert_partition`.
        id_property: As for `upsert_partition`.
        on_stop: As for `upsert_partition`.
        options: As for `upsert_partition`.

    Returns:
        For each frame one of the same length and index, whose columns are those of `OutcomeRow`, as it
        becomes known. Nothing begins before the first is asked for.

    Raises:
        UpsertStopped: The run was stopped.
        Exception: What the method raises.
    """
    indexes: deque[Any] = deque()  # Of the frames that were read and not answered as a whole.

    def records() -> Iterator[Mapping[str, Any]]:
        for frame in frames:
            indexes.append(frame.index)
            yield from _records(frame)

    outcomes = _outcomes(records(), upsert, id_property, on_stop, options)
    rows: list[OutcomeRow] = []
    for outcome in outcomes:
        while len(rows) == len(indexes[0]):
            yield _frame(rows, indexes.popleft())
            rows = []
        rows.append(_outcome_row(outcome, id_property))
    while indexes:
        index = indexes.popleft()
        yield _frame(rows, index)
        rows = []


def upsert_frame(
    frame: Frame,
    *,
    upsert: Upsert,
    id_property: str | None = None,
    on_stop: OnStop = "raise",
    **options: Any,
) -> Frame:
    """Upsert the rows of a frame of pandas. Otherwise like `upsert_frames`, with one frame.

    Returns:
        A frame of the same length and index, whose columns are those of `OutcomeRow`.
    """
    (outcomes,) = upsert_frames(
        [frame], upsert=upsert, id_property=id_property, on_stop=on_stop, **options
    )
    return outcomes


def outcome_meta() -> Frame:
    """Give an empty frame with the columns of the outcomes, as Dask wants to be told them."""
    return _frame([], None)


def _outcomes(
    records: Iterable[Mapping[str, Any]],
    upsert: Upsert,
    id_property: str | None,
    on_stop: OnStop,
    options: dict[str, Any],
) -> Iterator[Outcome]:
    if id_property is not None:
        options = {**options, "id_property": id_property}
    with upsert(records, **options) as stream:
        yield from stream
        if stream.stop is not None and on_stop == "raise":
            report = UpsertReport(
                stop=stream.stop, requests=stream.requests, retries=stream.retries
            )
            report.raise_for_rejections()


def _outcome_row(outcome: Outcome, id_property: str | None) -> OutcomeRow:
    problems = [problem._asdict() for problem in outcome.problems]
    return OutcomeRow(
        index=outcome.index,
        status=str(outcome.status),
        key=_key(outcome.record, id_property or _KEY),
        id=outcome.id,
        merged_into=outcome.merged_into,
        problems=to_json(problems) if problems else None,
        warnings=to_json(outcome.warnings) if outcome.warnings else None,
        reason=outcome.reason,
    )


def _key(record: object, name: str) -> str | None:
    if not isinstance(record, Mapping):  # Which is why it was rejected.
        return None
    key: object = cast("Mapping[str, object]", record).get(name)
    try:
        return value_text(key, None)
    except UnsupportedValue:
        return str(key)


def _records(frame: Frame) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        rows = frame.iloc[start : start + _ROWS_AT_ONCE].to_dict("records")
        yield from cast("list[dict[str, Any]]", rows)


def _frame(rows: list[OutcomeRow], index: Any) -> Frame:
    pandas: Any = importlib.import_module("pandas")
    return pandas.DataFrame(rows, columns=list(_TYPES), index=index).astype(_TYPES)
