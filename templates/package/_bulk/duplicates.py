"""Which records have the same key: within a batch, and over a whole run in little memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from operator import contains
from struct import Struct
from typing import Literal, TypeAlias

from .batch import Batch
from .outcomes import Outcome, Problem

Duplicates: TypeAlias = Literal["error", "first", "last", "merge"]
"""What to do about several records with the same key.

Whatever it is, a request never holds a key twice, and a batch that holds a key of an earlier one that is
not done waits for that one, while others pass both.

- `"error"`: the first record of the run is sent, and each later one is rejected.
- `"first"`: the first record of the run is sent, and each later one is merged into it: its values are
  dropped, and its outcome has the status of the first.
- `"last"`: within a batch only the last record is sent, and the others are merged into it. Across
  batches each is sent, one after the other, so that the last one wins there too.
- `"merge"`: as `"last"`, but within a batch the values of all are sent, of which later ones win.
"""

DUPLICATES: tuple[Duplicates, ...] = ("error", "first", "last", "merge")
DUPLICATE_KEY = "DUPLICATE_KEY"
SAME_ID = "SAME_ID"

_EARLIER = re.compile(r"record ([0-9]+)")

_HASH = Struct("=q")
_ENTRY = Struct("=qI")
_WIDTH = _ENTRY.size
_FEW = 20_000
_BUCKETS = 4096
_MEAN_SIZE = 512
"""How many keys a bucket holds on average, at most. Searching 6 kB for eight bytes is as quick as a few
steps in Python, so that few and large buckets are best, and splitting them is put off until there are
two million keys."""


def comparable(key: str, *, folds: bool) -> str:
    """Give a key in the form in which keys are compared: without the blanks around it.

    Args:
        key: The key.
        folds: Whether it compares without case.
    """
    key = key.strip()
    return key.lower() if folds else key


def duplicate_problem(property_name: str, first: int) -> Problem:
    """Say that a record has the key of an earlier one.

    Args:
        property_name: The property that finds records.
        first: The index of the earlier record.
    """
    return Problem(property_name, DUPLICATE_KEY, f"record {first} has the same {property_name}")


def same_id_warning(first: int, identifier: str) -> Mapping[str, str]:
    """Warn of a record whose key finds what an earlier one was written to.

    Args:
        first: The index of the earlier record.
        identifier: The id of both.
    """
    message = (
        f"record {first} has another key and the same id, {identifier}: both wrote to one record"
    )
    return {"category": SAME_ID, "message": message}


def with_lines(outcome: Outcome, line_of: Callable[[int], int]) -> Outcome:
    """Name the earlier record of a duplicate by its line, for those who see a file.

    Args:
        outcome: Any outcome.
        line_of: Gives the line of a record by its index.
    """

    def told(message: str) -> str:
        return _EARLIER.sub(lambda found: f"line {line_of(int(found[1]))}", message, count=1)

    problems, warnings = outcome.problems, outcome.warnings
    if not any(each.code == DUPLICATE_KEY for each in problems) and not any(
        each.get("category") == SAME_ID for each in warnings
    ):
        return outcome
    return replace(
        outcome,
        problems=tuple(
            each._replace(message=told(each.message)) if each.code == DUPLICATE_KEY else each
            for each in problems
        ),
        warnings=tuple(
            (
                {**each, "message": told(str(each["message"]))}
                if each.get("category") == SAME_ID
                else each
            )
            for each in warnings
        ),
    )


class KeyIndex:
    """Finds the first record with a key, in some 13 bytes a key once there are many.

    It keeps 64 bits of each key's hash and the index of the record, but then not the key: the chance that
    two of a million different keys are taken for the same is 1 in 40 million. It grows bucket by bucket
    (linear hashing), so that there is never a moment at which all of it exists twice.
    """

    def __init__(self) -> None:
        # As long as no key was claimed twice, only whether one was has to be known.
        self._once: set[str] | None = set()
        self._claimed: list[tuple[Sequence[str], int]] = []
        # Quicker than the buckets, and ten times as large. None once these hold what there is.
        self._few: dict[str, int] | None = {}
        self._buckets: list[bytearray] = []
        # Buckets before `_split` have been split already, and are told apart by one more bit.
        self._mask = _BUCKETS - 1
        self._next_mask = 2 * _BUCKETS - 1
        self._split = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def claim(self, key: str, index: int) -> int:
        """Find the first record with a key, which is this one if there was none.

        Args:
            key: The key, in the form in which keys are compared.
            index: The index of the record.

        Returns:
            The index of the first record with the key.
        """
        self._note_claimed()
        if self._few is not None:
            first = self._few.setdefault(key, index)
            self._count = len(self._few)
            self._grow()
            return first
        code = hash(key)
        bucket = self._bucket(code)
        place = _find(bucket, _HASH.pack(code))
        if place >= 0:
            _, first = _ENTRY.unpack_from(bucket, place)
            return int(first)
        bucket += _ENTRY.pack(code, index)
        self._count += 1
        self._grow()
        return index

    def claim_all(self, keys: Sequence[str], index: int) -> bool:
        """Claim keys for records that follow each other, unless one of them has been claimed before.

        Args:
            keys: Different keys.
            index: The index of the first record.

        Returns:
            Whether they were claimed; if not, nothing was changed.
        """
        if self._once is not None:
            self._once.update(keys)
            if len(self._once) == self._count + len(keys):
                self._claimed.append((keys, index))
                self._count = len(self._once)
                self._grow()
                return True
            self._note_claimed()
        if self._few is not None:
            firsts = list(map(self._few.setdefault, keys, count(index)))
            if firsts != list(range(index, index + len(keys))):
                for key, first, own in zip(keys, firsts, count(index), strict=False):
                    if first == own:
                        del self._few[key]
                return False
            self._count = len(self._few)
            self._grow()
            return True
        codes = list(map(hash, keys))
        if len(set(codes)) < len(codes):
            return False
        if self._split:
            buckets = list(map(self._bucket, codes))
        else:
            all_buckets, mask = self._buckets, self._mask
            buckets = [all_buckets[code & mask] for code in codes]
        hashes = list(map(_HASH.pack, codes))
        if any(map(contains, buckets, hashes)) and any(
            _find(bucket, one) >= 0 for bucket, one in zip(buckets, hashes, strict=True)
        ):
            return False
        for bucket, entry in zip(buckets, map(_ENTRY.pack, codes, count(index)), strict=False):
            bucket += entry
        self._count += len(codes)
        self._grow()
        return True

    def release(self, key: str) -> None:
        """Forget a key, as if no record had claimed it.

        Args:
            key: A key that was claimed.
        """
        self._note_claimed()
        if self._few is not None:
            self._few.pop(key, None)
            self._count = len(self._few)
            return
        code = hash(key)
        bucket = self._bucket(code)
        place = _find(bucket, _HASH.pack(code))
        if place >= 0:
            del bucket[place : place + _WIDTH]
            self._count -= 1

    def _note_claimed(self) -> None:
        """Note the index of each key that was claimed only as one of several until now."""
        if self._once is None:
            return
        self._once = None
        claimed, self._claimed = self._claimed, []
        if self._few is not None:
            for keys, index in claimed:
                self._few.update(zip(keys, count(index), strict=False))

    def _bucket(self, code: int) -> bytearray:
        number = code & self._mask
        return self._buckets[number if number >= self._split else code & self._next_mask]

    def _grow(self) -> None:
        """Split buckets in two, by one more bit of the hashes, until they are small enough."""
        if self._few is not None and self._count > _FEW:
            self._note_claimed()
            self._buckets = [bytearray() for _ in range(self._mask + 1)]
            for key, index in self._few.items():
                code = hash(key)
                bucket = self._bucket(code)
                bucket += _ENTRY.pack(code, index)
            self._few = None
        while self._few is None and self._count > _MEAN_SIZE * len(self._buckets):
            halves = (bytearray(), bytearray())
            bit = self._mask + 1
            for code, index in _ENTRY.iter_unpack(self._buckets[self._split]):
                halves[1 if code & bit else 0].extend(_ENTRY.pack(code, index))
            self._buckets[self._split] = halves[0]
            self._buckets.append(halves[1])
            self._split += 1
            if self._split > self._mask:
                self._mask, self._split = self._next_mask, 0
                self._next_mask = 2 * self._mask + 1


class KeyOrder:
    """Keeps batches that share a key in their order, and lets all others pass them.

    The API would write two requests with the same key in any order, or refuse one.
    """

    def __init__(self) -> None:
        self._last: dict[str, Batch] = {}  # With each key, of those that are not done.
        self._followers: dict[Batch, list[Batch]] = {}
        self._waiting: dict[Batch, int] = {}  # For how many others.

    def add(self, batch: Batch) -> bool:
        """Add a batch after all others, and tell whether it may be sent already."""
        before = {self._last[key] for key in batch.keys if key in self._last}
        self._last.update(dict.fromkeys(batch.keys, batch))
        for one in before:
            self._followers.setdefault(one, []).append(batch)
        if before:
            self._waiting[batch] = len(before)
        return not before

    def remove(self, batch: Batch) -> list[Batch]:
        """Remove a batch that is done.

        Returns:
            The batches that may be sent now.
        """
        for key in batch.keys:
            if self._last.get(key) is batch:
                del self._last[key]
        followers = self._followers.pop(batch, [])
        for follower in followers:
            self._waiting[follower] -= 1
        freed = [follower for follower in followers if not self._waiting[follower]]
        for follower in freed:
            del self._waiting[follower]
        return freed

    def clear(self) -> list[Batch]:
        """Remove all, and give those that wait for others, in order."""
        waiting = list(self._waiting)
        for one in (self._last, self._followers, self._waiting):
            one.clear()
        return waiting


def _find(bucket: bytearray, code: bytes) -> int:
    """Find the place of a hash in a bucket; -1 if it is not there."""
    place = bucket.find(code)
    while place >= 0 and place % _WIDTH:  # It may also begin within an entry.
        place = bucket.find(code, place + 1)
    return place
