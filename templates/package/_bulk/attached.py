"""Reports that travel with an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .report import UpsertReport

E = TypeVar("E", bound=BaseException)

_NAME = "upsert_report"


def with_report(error: E, report: UpsertReport) -> E:
    """Attach what came of a run to the exception that ended it.

    Args:
        error: The exception; it is changed: its attribute `upsert_report` is the report, and a note
            says so.
        report: The report.

    Returns:
        The same exception, to be raised.
    """
    setattr(error, _NAME, report)
    error.add_note(f"The upsert was not finished; upsert_report of this exception is {report!r}")
    return error


def report_of(error: BaseException) -> UpsertReport | None:
    """Give the report that an exception carries.

    Args:
        error: What `upsert` raised after it had begun.

    Returns:
        What came of the records until then, or None if the exception is not about a run.
    """
    return getattr(error, _NAME, None)
