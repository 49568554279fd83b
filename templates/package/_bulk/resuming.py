"""What an earlier run knows of a batch, and what of the batch is left to be sent."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from hashlib import blake2b

from .batching import Batch
from .outcomes import Outcome, Status

_DIGEST_SIZE = 16
_SENT_AGAIN = "it was being sent again when the run ended"


def digest_of(batch: Batch) -> bytes:
    """Give a digest of the records of a batch of which nothing has been settled yet."""
    digest = blake2b(batch.content, digest_size=_DIGEST_SIZE)
    # Which records are not sent is part of what makes a batch, although their values are not.
    digest.update(repr((batch.positions, batch.repeats)).encode())
    return digest.digest()


def resume(
    batch: Batch, known: Iterable[Outcome] | None, outdated: Container[str] = frozenset()
) -> None:
    """Settle what an earlier run knows of a batch, and leave in it what is to be sent.

    Args:
        batch: The batch, of which nothing was sent in this run.
        known: What became of its records, without the records; None if they may have been sent, and
            nothing more is known.
        outdated: Keys of which earlier records were sent again since. What this batch says of them has
            to be sent after these, although it was written once.
    """
    outcomes = None if known is None else {outcome.index: outcome for outcome in known}
    left: list[int] = []
    for place, position in enumerate(batch.positions):
        index = batch.first_index + position
        if outcomes is None or index not in outcomes:
            batch.earlier[position] = Status.WRITTEN
            left.append(place)
            continue
        outcome = outcomes[index]
        if outcome.status is Status.NOT_SENT:
            left.append(place)
        elif outcome.status is Status.UNKNOWN:
            batch.earlier[position] = Status.WRITTEN
            left.append(place)
        elif outcome.status is not Status.REJECTED and batch.keys[place] in outdated:
            batch.earlier[position] = outcome.status
            left.append(place)
        else:
            batch.settle(position, replace(outcome, record=batch.records[position]))
    if len(left) < len(batch.inputs):
        batch.keep(left)


def outcomes_so_far(batch: Batch) -> list[Outcome]:
    """Give what a journal is to know of a batch while it is sent again: what is left is unknown."""
    unknown = (
        Outcome(batch.first_index + position, Status.UNKNOWN, {}, reason=_SENT_AGAIN)
        for position in batch.positions
    )
    return [*batch.outcomes.values(), *unknown]
