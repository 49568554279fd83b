"""Outcomes of all kinds, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from package._bulk.outcomes import Outcome, Problem, Status

# Texts hold anything, lone surrogates too: some programs leave them behind.
ANY_TEXT = st.text(st.characters(categories=None) | st.sampled_from("\x00\x1b\n\r\x85\u2028\ud800"))

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(ANY_TEXT, values, max_size=4),
    max_leaves=8,
)
RECORDS = st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=4)
OBJECTS = st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=3)

PROBLEMS = st.builds(Problem, st.none() | ANY_TEXT, st.none() | ANY_TEXT, ANY_TEXT)

OUTCOMES = st.builds(
    Outcome,
    index=st.integers(0, 2**40),
    status=st.sampled_from(Status),
    record=RECORDS,
    id=st.none() | ANY_TEXT,
    problems=st.lists(PROBLEMS, max_size=3).map(tuple),
    merged_into=st.none() | st.integers(0, 2**40),
    warnings=st.lists(OBJECTS, max_size=2).map(tuple),
    reason=st.none() | ANY_TEXT,
)
