"""The span and the counter of a bulk upsert, for applications that use OpenTelemetry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from .._runtime.telemetry import loaded, meter, tracer
from .outcomes import Outcome, Status


class RunRecord:
    """Records a run: a span around those of its requests, and how many records came to what.

    Args:
        operation: What is called.

    Attributes:
        context: The context in which the requests of the run are traced; None if it is the present one.
    """

    def __init__(self, operation: str) -> None:
        self.context: Any = None
        self._operation = operation
        self._trace, self._metrics = loaded("trace"), loaded("metrics")
        self._counts: Counter[Status] = Counter()
        self._span: Any = None
        if self._trace is not None:
            self._span = tracer(self._trace).start_span(operation)
            self.context = self._trace.set_span_in_context(self._span)

    def gave(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes."""
        counts = Counter(outcome.status for outcome in outcomes)
        self._counts += counts
        if self._metrics is not None:
            counter = _records_of(meter(self._metrics))
            for status, count in counts.items():
                told = {"upsert.operation": self._operation, "upsert.status": str(status)}
                counter.add(count, told)

    def end(self, *, requests: int, retries: int, stopped: bool) -> None:
        """End the span.

        Args:
            requests: How many requests were sent.
            retries: How many of them sent something again.
            stopped: Whether the run was stopped before its end.
        """
        span, self._span = self._span, None
        if span is None:
            return
        counts = {
            f"upsert.records.{status.name.lower()}": count for status, count in self._counts.items()
        }
        span.set_attributes({"upsert.requests": requests, "upsert.retries": retries, **counts})
        if stopped:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()


def run_record(operation: str) -> RunRecord | None:
    """Give what records a run, which begins now; None if nobody wants to know.

    Args:
        operation: What is called.
    """
    return None if loaded("trace") is loaded("metrics") is None else RunRecord(operation)


@lru_cache(maxsize=4)
def _records_of(meter: Any) -> Any:
    return meter.create_counter(
        "upsert.records",
        unit="{record}",
        description="Records of bulk upserts by what became of them.",
    )
