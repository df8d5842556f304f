"""Gold cases of power."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.stats import binom

from mixablate.estimate.counts.two_by_two import fisher
from mixablate.estimate.runs.detectable import power
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.paired_rows import paired_entries, wrong_inputs

__all__ = ["check_power"]

DESIGN = ("K", "m", "p0", "p1", "icc")
TIE = 1e-9
"""A p-value is at the level if it is so but for rounding."""


def check_power(case: GoldCase) -> Iterator[Comparison]:
    """The power of two arms of K runs of m rollouts by the noncentral t (2K - 2 df) and by the normal.

    The standard error is that of rates p0 and p1 with the design effect 1 + (m - 1) icc, or stated. Of independent
    rollouts the power of Fisher's test, over all tables. Not compared: `power_prop_test` and `n_for_80`, the normal
    approximation for independent rollouts, which has no counterpart here.
    """
    tolerance, level = case.tolerance("abs"), float(case.reference.get("level", 0.95))
    for name, given, entry in paired_entries(case, "cluster", DESIGN, {"m": math.nan, "icc": math.nan}):
        yield from wrong_inputs(name, DESIGN, given, entry)
        runs, rollouts, p0, p1, icc = given
        inflation = 1 + (rollouts - 1) * icc
        std_error = math.sqrt((p0 * (1 - p0) + p1 * (1 - p1)) * inflation / (runs * rollouts))
        if math.isnan(std_error):
            inflation, std_error = (float(entry.get(key, math.nan)) for key in ("design_effect", "se"))
        ours = {
            "design_effect": inflation,
            "se": std_error,
            "power_t": power(abs(p0 - p1), std_error, 2.0 * (runs - 1), level),
            "power_z": power(abs(p0 - p1), std_error, math.inf, level),
        }
        for key in filter(ours.__contains__, entry):
            yield close(f"{name}.{key}", ours[key], float(entry[key]), tolerance, relative=key == "design_effect")
    for place, entry in enumerate(case.reference.get("fisher_exact_power", [])):
        yield close(f"fisher_exact_power.{place}.power", _of_fisher(entry, 1 - level), entry["power"], tolerance)


def _of_fisher(entry: Mapping[str, Any], alpha: float) -> float:
    """The probability of the tables that Fisher's two-sided test rejects."""
    sides = [(int(entry[f"n{side}"]), float(entry[f"p{side}"])) for side in (1, 2)]
    (n1, first), (n2, second) = ((n, binom.pmf(np.arange(n + 1), n, rate)) for n, rate in sides)
    rejected = [[fisher(x1, n1, x2, n2).two_sided <= alpha * (1 + TIE) for x2 in range(n2 + 1)] for x1 in range(n1 + 1)]
    return float(first @ np.array(rejected) @ second)
