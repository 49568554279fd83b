"""Specs that are in order, and of which something has to be said all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bad_input.project import Case, cases


@pytest.mark.parametrize("case", [pytest.param(one, id=one.name) for one in cases("notes")])
def test_notes(case: Case, check_notes: Callable[[Case], None]) -> None:
    check_notes(case)
