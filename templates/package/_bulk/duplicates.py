"""Which records have the same key: within a batch, and over a whole run in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
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

_ENTRY = Struct("q")
_WIDTH = _ENTRY.size
_BUCKETS = 4096
_MEAN_SIZE = 512
"""How many keys a bucket holds on average, at most. Searching 4 kB for eight bytes is as quick as a few
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
    """Finds the first record with a key, in some 14 bytes a key.

    It keeps 64 bits of each key's hash, not the key: the chance that two of a million different keys
    are taken for the same is 1 in 40 million. It grows bucket by bucket (linear hashing), so that there
    is never a moment at which all of it exists twice.
    """

    def __init__(self) -> None:
        self._hashes = [bytearray() for _ in range(_BUCKETS)]
        self._indexes = [array("I") for _ in range(_BUCKETS)]
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
        place = self._find(bucket, _ENTRY.pack(code))
        if place >= 0:
            return self._indexes[bucket][place // _WIDTH]
        self._hashes[bucket] += _ENTRY.pack(code)
        self._indexes[bucket].append(index)
        self._count += 1
        if self._count > _MEAN_SIZE * len(self._hashes):
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
        entries = list(map(_ENTRY.pack, codes))
        buckets = [code & self._mask for code in codes]
        if self._split:
            buckets = list(map(self._bucket, codes))
        hashes, indexes = self._hashes, self._indexes
        for bucket, entry in zip(buckets, entries, strict=True):
            if entry in hashes[bucket] and self._find(bucket, entry) >= 0:
                return False
        if len(set(codes)) < len(codes):
            return False
        for number, (bucket, entry) in enumerate(zip(buckets, entries, strict=True), index):
            hashes[bucket] += entry
            indexes[bucket].append(number)
        self._count += len(codes)
        while self._count > _MEAN_SIZE * len(self._hashes):
            self._grow()
        return True

    def _bucket(self, code: int) -> int:
        bucket = code & self._mask
        return bucket if bucket >= self._split else code & self._next_mask

    def _find(self, bucket: int, entry: bytes) -> int:
        hashes = self._hashes[bucket]
        place = hashes.find(entry)
        while place >= 0 and place % _WIDTH:  # The end of one hash and the beginning of the next.
            place = hashes.find(entry, place + 1)
        return place

    def _grow(self) -> None:
        """Split the next bucket in two, by one more bit of the hashes."""
        hashes, indexes = self._hashes[self._split], self._indexes[self._split]
        halves = (bytearray(), bytearray())
        index_halves = (array("I"), array("I"))
        bit = self._mask + 1
        codes = array("q")
        codes.frombytes(hashes)
        for code, index in zip(codes, indexes, strict=True):
            half = 1 if code & bit else 0
            halves[half].extend(_ENTRY.pack(code))
            index_halves[half].append(index)
        self._hashes[self._split], self._indexes[self._split] = halves[0], index_halves[0]
        self._hashes.append(halves[1])
        self._indexes.append(index_halves[1])
        self._split += 1
        if self._split > self._mask:
            self._mask, self._split = self._next_mask, 0
            self._next_mask = 2 * self._mask + 1
