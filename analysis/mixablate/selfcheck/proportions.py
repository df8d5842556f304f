"""The cases of intervals and tests from counts alone, each a list of two-by-two tables or single rates.

The inputs are taken from `data.csv` (see `paired_rows`), and must be those that the reference repeats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mixablate.estimate import (
    EquivalenceTest,
    UnconditionalTest,
    agresti_caffo_difference,
    agresti_coull,
    barnard,
    boschloo,
    clopper_pearson,
    conditional_odds_ratio,
    equivalence_test,
    fisher,
    fisher_mid_p,
    jeffreys,
    katz_risk_ratio,
    likelihood_ratio_interval,
    mee_difference,
    mid_p_interval,
    miettinen_nurminen_difference,
    newcombe_difference,
    probability_at,
    rule_of_three,
    upper_bound,
    wald_difference,
    wald_interval,
    wald_odds_ratio,
    wilson,
    wilson_continuity,
)
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close, each_close, same
from mixablate.selfcheck.paired_rows import paired_entries, wrong_inputs

__all__ = [
    "check_difference_interval",
    "check_equivalence",
    "check_exact_two_by_two",
    "check_proportion_interval",
]

LEVEL, ALPHA = 0.95, 0.05
"""Those of a case that states none."""

R_ROOT = 2.0**-13
"""Where R's `uniroot` stops unless told otherwise: so far may `fisher.test` be from an odds ratio, or its inverse."""

ONE_RATE: Mapping[str, Callable[[float, float, float], tuple[float, float]]] = {
    "wald": wald_interval,
    "wilson": wilson,
    "wilson_cc": wilson_continuity,
    "clopper_pearson": clopper_pearson,
    "mid_p": mid_p_interval,
    "likelihood_ratio": likelihood_ratio_interval,
    "jeffreys": jeffreys,
    "agresti_coull": agresti_coull,
}

DIFFERENCE: Mapping[str, Callable[[float, float, float, float, float], tuple[float, float]]] = {
    "wald": wald_difference,
    "newcombe_score": newcombe_difference,
    "miettinen_nurminen": miettinen_nurminen_difference,
    "mee": mee_difference,
    "agresti_caffo": agresti_caffo_difference,
}

RATIO = {"or_wald": wald_odds_ratio, "rr_katz": katz_risk_ratio}


def check_proportion_interval(case: GoldCase) -> Iterator[Comparison]:
    """The intervals of single rates, the one-sided exact bound and the rule of three."""
    tolerance = case.tolerance("abs")
    inputs = ("x", "n", "conf")
    for name, (events, trials, level), entry in paired_entries(case, "cases", inputs, {"conf": LEVEL}):
        yield from wrong_inputs(name, inputs, (events, trials, level), entry)
        for method in filter(ONE_RATE.__contains__, entry):
            yield from each_close(f"{name}.{method}", ONE_RATE[method](events, trials, level), entry[method], tolerance)
        if "upper_one_sided_cp" in entry:
            bound = upper_bound(events, trials, level)
            yield close(f"{name}.upper_one_sided_cp", bound, entry["upper_one_sided_cp"], tolerance)
        if "rule_of_three" in entry:
            three = rule_of_three(trials) if events == 0 else None
            yield close(f"{name}.rule_of_three", three, entry["rule_of_three"], tolerance)


def check_difference_interval(case: GoldCase) -> Iterator[Comparison]:
    """The difference of two rates and its intervals; the odds ratio and risk ratio with theirs, relative to them."""
    tolerance = case.tolerance("abs")
    inputs = ("x1", "n1", "x2", "n2", "conf")
    for name, given, entry in paired_entries(case, "cases", inputs, {"conf": LEVEL}):
        yield from wrong_inputs(name, inputs, given, entry)
        x1, n1, x2, n2, level = given
        if "diff" in entry:
            yield close(f"{name}.diff", x1 / n1 - x2 / n2, entry["diff"], tolerance)
        for method in filter(DIFFERENCE.__contains__, entry):
            yield from each_close(
                f"{name}.{method}", DIFFERENCE[method](x1, n1, x2, n2, level), entry[method], tolerance
            )
        for method in filter(RATIO.__contains__, entry):
            found = RATIO[method](x1, n1, x2, n2, level)
            if entry[method] is None:
                # Both of theirs are missing wherever a cell is empty; our estimate may still be 0 or infinite.
                yield from each_close(f"{name}.{method}", (found.lower, found.upper), (None, None), tolerance)
            else:
                ours = (found.estimate, found.lower, found.upper)
                yield from each_close(f"{name}.{method}", ours, entry[method], tolerance, relative=True)


def check_exact_two_by_two(case: GoldCase) -> Iterator[Comparison]:
    """Fisher's test, its mid-p and odds ratio, Boschloo's and Barnard's test."""
    tolerance, unconditional = case.tolerance("fisher"), case.tolerance("boschloo_barnard", default=1e-6)
    inputs = ("x1", "n1", "x2", "n2")
    for name, given, entry in paired_entries(case, "cases", inputs, {}):
        yield from wrong_inputs(name, inputs, given, entry)
        exact, mid = fisher(*given), fisher_mid_p(*given)
        conditional = {
            "fisher_two_sided": exact.two_sided,
            "fisher_less": exact.less,
            "fisher_greater": exact.greater,
            "midp_less": mid.less,
            "midp_greater": mid.greater,
            "midp_two_sided_doubled": mid.doubled,
            "fisher_midp_two_sided_minlik": mid.two_sided,
        }
        for label in filter(conditional.__contains__, entry):
            yield close(f"{name}.{label}", conditional[label], entry[label], tolerance)
        yield from _odds_ratio(name, given, entry, case.tolerance("odds_ratio", default=R_ROOT))
        if "boschloo_two_sided" in entry:
            theirs = entry["boschloo_two_sided"]
            yield from _largest(f"{name}.boschloo_two_sided", boschloo(*given), theirs, unconditional)
        if "barnard_pooled_z" in entry:
            found, theirs = barnard(*given), entry["barnard_pooled_z"]
            yield close(f"{name}.barnard_pooled_z.z", found.statistic, theirs["z"], unconditional)
            yield from _largest(f"{name}.barnard_pooled_z", found, theirs, unconditional)


def check_equivalence(case: GoldCase) -> Iterator[Comparison]:
    """The tests against each margin, their intervals, and what is decided from these."""
    tolerance = case.tolerance("abs")
    inputs = ("x1", "n1", "x2", "n2", "margin", "alpha")
    for name, given, entry in paired_entries(case, "cases", inputs, {"alpha": ALPHA}):
        yield from wrong_inputs(name, inputs, given, entry)
        found, (x1, n1, x2, n2) = equivalence_test(*given), given[:4]
        for label, test in (("fm_lower", found.above), ("fm_upper", found.below)):
            if label in entry:
                ours = {"z": test.z, "p_upper": test.p_value}
                yield from each_close(f"{name}.{label}", ours, entry[label], tolerance)
        if "tost_p" in entry:
            yield close(f"{name}.tost_p", found.p_value, entry["tost_p"], tolerance)
        intervals = {
            "mee_ci_1_2alpha": (found.lower, found.upper),
            "wald_ci_1_2alpha": wald_difference(x1, n1, x2, n2, 1 - 2 * found.alpha),
        }
        for label in filter(intervals.__contains__, entry):
            yield from each_close(f"{name}.{label}", intervals[label], entry[label], tolerance)
        yield from _decisions(name, found, entry)


def _decisions(name: str, found: EquivalenceTest, entry: Mapping[str, Any]) -> Iterator[Comparison]:
    above, below = found.lower > -found.margin, found.upper < found.margin
    for label, decided in (("equivalent_score", above and below), ("noninferior_score", above)):
        if label in entry:
            yield same(f"{name}.{label}", decided, entry[label])


def _odds_ratio(name: str, given: Sequence[float], entry: Mapping[str, Any], tolerance: float) -> Iterator[Comparison]:
    """The conditional odds ratio and its limits, to what R solves for; an infinite one is missing from JSON."""
    found = conditional_odds_ratio(*given)
    numbers: dict[str, tuple[float, float | None]] = {}
    # Where every odds ratio fits R reports an estimate of 0, which is no estimate.
    if "cond_mle_or" in entry and not math.isnan(found.estimate):
        numbers["cond_mle_or"] = (found.estimate, entry["cond_mle_or"])
    if "cond_or_ci" in entry:
        numbers["cond_or_ci.0"] = (found.lower, entry["cond_or_ci"][0])
        numbers["cond_or_ci.1"] = (found.upper, entry["cond_or_ci"][1])
    for label, (ours, theirs) in numbers.items():
        if theirs is None or math.isinf(ours):
            yield close(f"{name}.{label}", None if math.isinf(ours) else ours, theirs, tolerance)
        else:
            error = abs(ours - theirs) if theirs <= 1 else abs(1 / ours - 1 / theirs) if ours > 0 else math.inf
            yield Comparison(f"{name}.{label}", theirs, ours, error, tolerance)


def _largest(name: str, found: UnconditionalTest, theirs: Mapping[str, Any], tolerance: float) -> Iterator[Comparison]:
    yield close(f"{name}.p", found.p_value, theirs["p"], tolerance)
    if theirs.get("nuisance") is not None:
        # Where the maximum is flat, or reached twice, its place is arbitrary; what must agree is the height there.
        yield close(f"{name}.p_at_nuisance", probability_at(found, theirs["nuisance"]), theirs["p"], tolerance)
