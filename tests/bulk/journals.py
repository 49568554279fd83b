"""Journals and the batches that they are told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from package._bulk.batch import Batch
from package._bulk.journal import Journal, JournalError, JournalHeader
from package._bulk.outcomes import Outcome, Problem, Status

HEADER = JournalHeader(
    operation="contacts.upsert",
    version="2026-03",
    path="/crm/objects/2026-03/contacts/batch/upsert",
    id_property="email",
    maximum=100,
    duplicates="error",
)
SIZE = 100


def batch_of(
    number: int = 0,
    first_index: int = 0,
    count: int = 1,
    digest: bytes = b"digest",
    *,
    outcomes: Iterable[Outcome] = (),
    keys: Iterable[str] = (),
) -> Batch:
    """Give a batch with what a journal asks of it."""
    records: list[Mapping[str, Any]] = [{}] * count
    known = dict(enumerate(outcomes))
    return Batch(number, first_index, records, known, keys=list(keys), digest=digest)


def full_batch(number: int, *, sent: bool = False) -> Batch:
    """Give a batch of a run that goes on, with outcomes if it was sent."""
    indexes = range(number * SIZE, (number + 1) * SIZE)
    outcomes = [Outcome(index, Status.CREATED, {}, id=f"id-{index}") for index in indexes]
    digest = b"batch %d" % number
    return batch_of(number, indexes.start, SIZE, digest, outcomes=outcomes if sent else ())


def refusal(path: Path, header: JournalHeader = HEADER) -> str:
    with pytest.raises(JournalError) as raised:
        Journal(path, header)
    message = str(raised.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    return message.removeprefix(f"{path} ")


def filled(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        for batch in range(50):
            journal.sending(full_batch(batch))
            bad = Outcome(0, Status.REJECTED, {}, problems=(Problem("a", "b", "c"),))
            journal.sent(batch_of(batch, outcomes=[bad]))
