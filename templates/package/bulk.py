"""What bulk upserts give and take: outcomes and reports, rate limiters, and what they raise.

`client.<object type>.upsert(records, ...)` returns an `UpsertReport`, and `iter_upsert` gives an
`Outcome` for each record.
"""

from __future__ import annotations

from ._bulk.async_driver import AsyncOutcomeStream
from ._bulk.duplicates import Duplicates
from ._bulk.figures import Figures
from ._bulk.journal import JournalError, JournalMismatch
from ._bulk.limiter import LocalRateLimiter, RateLimiter, RateLimiterError
from ._bulk.outcomes import Outcome, Problem, Status, Stop
from ._bulk.progress import Progress
from ._bulk.property_check import UnknownOptions
from ._bulk.redis_limiter import RedisRateLimiter
from ._bulk.report import RejectedRecords, UpsertReport, UpsertStopped, report_of
from ._bulk.report_contents import Cause
from ._bulk.resource import UpsertOptions
from ._bulk.source import StartBeyondEnd, UnreadableRecord
from ._bulk.state import StateError, StateMismatch
from ._bulk.sync_driver import OutcomeStream
from ._bulk.values import Null
from ._properties.conversion import ConvertedColumn
from ._properties.declarations import PropertiesError
from ._properties.files import ObjectProperties
from ._properties.property import Property

__all__ = [
    "AsyncOutcomeStream",
    "Cause",
    "ConvertedColumn",
    "Duplicates",
    "Figures",
    "JournalError",
    "JournalMismatch",
    "LocalRateLimiter",
    "Null",
    "ObjectProperties",
    "Outcome",
    "OutcomeStream",
    "Problem",
    "Progress",
    "PropertiesError",
    "Property",
    "RateLimiter",
    "RateLimiterError",
    "RedisRateLimiter",
    "RejectedRecords",
    "StartBeyondEnd",
    "StateError",
    "StateMismatch",
    "Status",
    "Stop",
    "UnknownOptions",
    "UnreadableRecord",
    "UpsertOptions",
    "UpsertReport",
    "UpsertStopped",
    "report_of",
]
