"""Every kind of claim on simulated studies: true, on the edge and false, judged right at the stated rates.

The studies are those of benchmarks/claims, where 2,000 of each are drawn by hand; here a few, seeded.
"""

from __future__ import annotations

import pytest
from claims.scenarios import SCENARIOS, Place, status_of

from mixablate.claims import Status

STUDIES = 4
FIRST_SEED = 20261125
# `supported` has a chance of at most 2.5 % on the edge: more than 1 of 4 have probability 4e-3 or less. Of a clear true
# case it has one of 80 % or more: none of 4 has probability 1.6e-3. Seeded, so it fails always or never.
MOST_FALSE, FEWEST_TRUE = 1, 1


def statuses(name: str, place: Place, studies: int = STUDIES) -> list[Status]:
    return [status_of(SCENARIOS[name], place, FIRST_SEED + i, draws=199) for i in range(studies)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kind_is_judged_right_at_the_stated_rates(name: str) -> None:
    assert statuses(name, "true").count(Status.SUPPORTED) >= FEWEST_TRUE
    assert statuses(name, "edge").count(Status.SUPPORTED) <= MOST_FALSE
    assert statuses(name, "false", 2).count(Status.SUPPORTED) == 0
