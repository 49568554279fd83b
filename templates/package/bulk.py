"""What bulk upserts give and take: outcomes and reports, rate limiters, and what they raise.

`client.<object type>.upsert(records, ...)` returns an `UpsertReport`, and `iter_upsert` gives an
`Outcome` for each record.
"""

from __future__ import annotations

from ._bulk.attached import report_of
from ._bulk.duplicates import Duplicates
from ._bulk.journal_file import JournalError, JournalMismatch
from ._bulk.limiter import LocalRateLimiter, RateLimiter, RateLimiterError
from ._bulk.outcomes import Outcome, Problem, Status, Stop
from ._bulk.progress import Progress
from ._bulk.redis_limiter import RedisRateLimiter
from ._bulk.report import RejectedRecords, UpsertReport, UpsertStopped
from ._bulk.streams import AsyncOutcomeStream, OutcomeStream

__all__ = [
    "AsyncOutcomeStream",
    "Duplicates",
    "JournalError",
    "JournalMismatch",
    "LocalRateLimiter",
    "Outcome",
    "OutcomeStream",
    "Problem",
    "Progress",
    "RateLimiter",
    "RateLimiterError",
    "RedisRateLimiter",
    "RejectedRecords",
    "Status",
    "Stop",
    "UpsertReport",
    "UpsertStopped",
    "report_of",
]
