"""What a bulk upsert is asked to do."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._runtime.operation import Operation
from .duplicates import DUPLICATES, Duplicates
from .roles import Roles

if TYPE_CHECKING:
    from .limiter import RateLimiter
    from .progress import ProgressCallback


@dataclass(frozen=True)
class Plan:
    """What a run is to do, as far as it decides what is sent and when.

    Attributes:
        operation: What is called.
        roles: Which fields play which part.
        id_property: The property that finds records; None if inputs have a field for their key.
        duplicates: What to do about several records with the same key.
        concurrency: How many requests may be under way.
        patience: Seconds that all attempts to send one request may take, with the delays between them.
        time_budget: Seconds that the run may take, or None for no limit.
        dry_run: Whether nothing is sent.
    """

    operation: Operation[Any]
    roles: Roles
    id_property: str | None = None
    duplicates: Duplicates = "error"
    concurrency: int = 4
    patience: float = math.inf
    time_budget: float | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Options:
    """The options of a bulk upsert, checked; `operation.IterUpsertOptions` explains them."""

    duplicates: Duplicates = "error"
    concurrency: int = 4
    limiter: RateLimiter | None = field(default=None, repr=False)
    time_budget: float | None = None
    journal: str | os.PathLike[str] | None = None
    progress: ProgressCallback | None = field(default=None, repr=False)
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.duplicates not in DUPLICATES:
            allowed = ", ".join(map(repr, DUPLICATES))
            raise ValueError(f"duplicates must be one of {allowed}, and not {self.duplicates!r}")
        if isinstance(self.concurrency, bool) or self.concurrency < 1:
            raise ValueError(
                "concurrency must be at least 1: it is how many requests may be under way"
            )
        if self.time_budget is not None and not (
            math.isfinite(self.time_budget) and self.time_budget > 0
        ):
            raise ValueError("time_budget must be more than 0 seconds, or None for no limit")


def check_id_property(roles: Roles, id_property: str | None) -> None:
    """Check that records can be found.

    Args:
        roles: Which fields play which part.
        id_property: The property that finds records, if one was named.

    Raises:
        ValueError: One is needed and was not named, or the other way round.
    """
    if roles.properties is not None and not id_property:
        raise ValueError("id_property must name the unique property that records are found by")
    if roles.properties is None and id_property is not None:
        raise ValueError(
            f"records of this operation are found by {roles.key!r}; leave id_property out"
        )
