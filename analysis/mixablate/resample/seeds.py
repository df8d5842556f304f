"""Named, spawned random streams: adding a figure or a claim moves no other number."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["stage_rng"]


def stage_rng(seed: int, *stage: str) -> np.random.Generator:
    """The generator of a named stage, e.g. `stage_rng(seed, "randomisation", claim_id)`.

    The stage's name is hashed (SHA-256) into the spawn key of one SeedSequence, so streams are independent of the order
    in which stages run. Draws are consumed row by row: the first 999 of 9,999 draws are the 999 draws.
    """
    digest = hashlib.sha256("\x1f".join(stage).encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
