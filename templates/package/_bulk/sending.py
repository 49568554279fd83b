"""From a part to its request, and how long that may take."""

from __future__ import annotations

import math
from dataclasses import replace

from .._runtime.deadline import Deadline
from .._runtime.request import Request
from .batching import Part
from .conductor import Course


def request_for(course: Course, part: Part) -> Request:
    """Give the request that sends a part."""
    return replace(course.request, content=part.content(course.plan.roles.inputs))


def attempt_deadline(course: Course, part: Part, deadline: Deadline) -> Deadline:
    """Give the end of an attempt.

    Args:
        course: What is being done.
        part: What is sent.
        deadline: When the run must be over.

    Returns:
        The end of the time that is left to the run or, if that is sooner, to the part.
    """
    left = min(course.plan.patience - part.spent - part.delay, deadline.left())
    return Deadline(None if math.isinf(left) else left)
