"""Gold cases of power."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mixablate.estimate.runs.detectable import power
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close

__all__ = ["check_power"]


def check_power(case: GoldCase) -> Iterator[Comparison]:
    """The power of two arms of K runs by the noncentral t (2K - 2 degrees of freedom) and by the normal.

    Not compared: `power_prop_test`, `n_for_80` and `fisher_exact_power`, which take rollouts as independent and have no
    counterpart here, and `design_effect` and `se`, which the power is computed from.
    """
    tolerance, level = case.tolerance("abs"), float(case.reference.get("level", 0.95))
    for place, row in enumerate(case.reference["cluster"]):
        effect, std_error = abs(row["p0"] - row["p1"]), float(row["se"])
        by_t = power(effect, std_error, 2.0 * (row["K"] - 1), level)
        by_normal = power(effect, std_error, math.inf, level)
        yield close(f"cluster.{place}.power_t", by_t, float(row["power_t"]), tolerance)
        yield close(f"cluster.{place}.power_z", by_normal, float(row["power_z"]), tolerance)
