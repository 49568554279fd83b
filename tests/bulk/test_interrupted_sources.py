"""Sources that are read while somebody presses Ctrl-C, at any step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from package._bulk.source import Chunk, SourceReader

from tests.bulk.contacts import contact


def failing() -> Iterator[dict[str, Any]]:
    yield contact(0)
    raise ZeroDivisionError


def interrupted(source: Iterator[dict[str, Any]], moment: int) -> tuple[Chunk, bool, int]:
    """Read with a signal at a step of the interpreter, or the next that it can interrupt.

    Returns:
        What was read, whether it was interrupted, and how many steps it took.
    """
    reader, steps, raised = SourceReader(source), 0, False

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps, raised
        if frame.f_code is not SourceReader.read.__code__:
            return None
        frame.f_trace_opcodes = True
        steps += 1
        if steps >= moment and reader.is_waiting and not raised:
            raised = True
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        chunk = reader.read(10)
    finally:
        sys.settrace(before)
    assert not reader.is_waiting
    return chunk, raised, steps


@pytest.mark.parametrize("source", [lambda: iter([contact(0), contact(1)]), failing])
def test_an_interrupt_while_a_source_is_read_is_taken_for_its_failure(
    source: Callable[[], Iterator[dict[str, Any]]],
) -> None:
    _, _, steps = interrupted(source(), sys.maxsize)
    found = [interrupted(source(), moment) for moment in range(steps)]
    assert any(raised for _, raised, _ in found)
    for chunk, raised, _ in found:
        assert isinstance(chunk.failure, KeyboardInterrupt) == raised
