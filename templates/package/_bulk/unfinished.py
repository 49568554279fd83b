"""What a report raises when asked whether everything went well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..errors import ApiError

if TYPE_CHECKING:
    from .report import UpsertReport


class UnfinishedUpsert(ApiError):
    """Not every record was written.

    Attributes:
        report: What came of the run.
    """

    report: UpsertReport

    @classmethod
    def of(cls, report: UpsertReport, message: str) -> Self:
        """Make the error that a report calls for.

        Args:
            report: What came of the run.
            message: What is wrong.
        """
        cause = None if report.stop is None else report.stop.error
        error = cls(
            operation=report.operation or "upsert",
            message=message,
            status=None if cause is None else cause.status,
            category=None if cause is None else cause.category,
            correlation_id=None if cause is None else cause.correlation_id,
        )
        error.report = report
        error.__cause__ = cause
        return error


class RejectedRecords(UnfinishedUpsert):
    """Records were rejected, or nobody knows what became of them. All others were written."""


class UpsertStopped(UnfinishedUpsert):
    """The run was stopped before its end."""
