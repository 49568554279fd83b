"""Which records have the same key: within a batch, and over a whole run in little memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from operator import contains
from struct import Struct
from typing import Literal, TypeAlias

from .outcomes import Problem

Duplicates: TypeAlias = Literal["error", "first", "last", "merge"]
"""What to do about several records with the same key.

Whatever it is, a request never holds a key twice, and a batch that holds a key of a batch that is still
being sent waits for that one.

- `"error"`: the first record of the run is sent, and each later one is rejected.
- `"first"`: the first record of the run is sent, and each later one is merged into it: its values are
  dropped, and its outcome has the status of the first.
- `"last"`: within a batch only the last record is sent, and the others are merged into it. Across
  batches each is sent, one after the other, so that the last one wins there too.
- `"merge"`: as `"last"`, but within a batch the values of all are sent, of which later ones win.
"""

DUPLICATES: tuple[Duplicates, ...] = ("error", "first", "last", "merge")
DUPLICATE_KEY = "DUPLICATE_KEY"

_HASH = Struct("=q")
_ENTRY = Struct("=qI")
_WIDTH = _ENTRY.size
_BUCKETS = 4096
_MEAN_SIZE = 512
"""How many keys a bucket holds on average, at most. Searching 6 kB for eight bytes is as quick as a few
steps in Python, so that few and large buckets are best, and splitting them is put off until there are
two million keys."""


def duplicate_problem(property_name: str, first: int) -> Problem:
    """Say that a record has the key of an earlier one.

    Args:
        property_name: The property that finds records.
        first: The index of the earlier record.
    """
    return Problem(property_name, DUPLICATE_KEY, f"record {first} has the same {property_name}")


class KeyIndex:
    """Finds the first record with a key, in some 13 bytes a key.

    It keeps 64 bits of each key's hash and the index of the record, but not the key: the chance that
    two of a million different keys are taken for the same is 1 in 40 million. It grows bucket by bucket
    (linear hashing), so that there is never a moment at which all of it exists twice.
    """

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]
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
        code = hash(key)
        bucket = self._bucket(code)
        place = _find(bucket, _HASH.pack(code))
        if place >= 0:
            del bucket[place : place + _WIDTH]
            self._count -= 1

    def _bucket(self, code: int) -> bytearray:
        number = code & self._mask
        return self._buckets[number if number >= self._split else code & self._next_mask]

    def _grow(self) -> None:
        """Split buckets in two, by one more bit of the hashes, until they are small enough."""
        while self._count > _MEAN_SIZE * len(self._buckets):
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


def _find(bucket: bytearray, code: bytes) -> int:
    """Find the place of a hash in a bucket; -1 if it is not there."""
    place = bucket.find(code)
    while place >= 0 and place % _WIDTH:  # It may also begin within an entry.
        place = bucket.find(code, place + 1)
    return place
