"""Which 64-bit hashes occur more than once, in memory that does not grow with their number."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["repeated_hashes"]

Hashes = npt.NDArray[np.uint64]

PER_BUCKET = 2**23
"""Hashes sorted at a time: 64 MiB."""

MOST_BUCKETS = 512
"""Files held open at a time."""


def repeated_hashes(chunks: Iterable[Hashes], n_expected: int) -> Iterator[Hashes]:
    """The hashes that occur more than once, each once; sorted, in parts.

    They are spread by their leading bits over files in the temporary folder (8 bytes a hash), and each file is sorted
    by itself: sorting 64-bit numbers is several times cheaper than the hash table of a GROUP BY, and needs no more
    memory than one bucket. Wrong only if the hashes of unequal things are equal, which the caller must check.

    Args:
        chunks: the hashes, in any order.
        n_expected: about how many there are; it fixes the number of buckets.

    >>> list(repeated_hashes([np.array([7, 2**63], np.uint64), np.array([9, 7, 7], np.uint64)], 5))
    [array([7], dtype=uint64)]
    """
    buckets = min(max(-(-n_expected // PER_BUCKET), 1), MOST_BUCKETS)
    edges = np.array([2**64 * bucket // buckets for bucket in range(1, buckets)], dtype=np.uint64)
    with tempfile.TemporaryDirectory(prefix="mixablate-keys-") as folder:
        names = [Path(folder) / str(bucket) for bucket in range(buckets)]
        files = [name.open("wb") for name in names]
        try:
            for chunk in chunks:
                ordered = np.sort(chunk)
                for part, file in zip(np.split(ordered, np.searchsorted(ordered, edges)), files, strict=True):
                    part.tofile(file)
        finally:
            for file in files:
                file.close()
        yield from filter(len, map(_repeated, names))


def _repeated(bucket: Path) -> Hashes:
    hashes = np.fromfile(bucket, dtype=np.uint64)
    bucket.unlink()
    hashes.sort()
    again = hashes[1:] == hashes[:-1]
    again[1:] &= ~again[:-1]  # the second of three or more, not the third
    repeated: Hashes = hashes[1:][again]
    return repeated
