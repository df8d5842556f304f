"""Correlates and transfers: arms or runs as units of a correlation, blocks as units of a prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats
from scipy.stats import pearsonr, spearmanr

from mixablate.claims import Flag, Status, Verdict, judge, region_of
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.estimate import correlation, correlation_limits
from mixablate.resample import permuted_correlation_test
from mixablate.study import ComponentType
from small_studies import claim, flag, study_of, tables_of

MIXES = flag("tools", type=ComponentType.CATEGORY, baseline=None, target=None)
EXACT = 1e-12  # the same numbers by another road


def correlates(**keys):
    evals = {} if "evals" in keys else {"evals": ("blackmail",)}
    return claim(kind="correlates", components=(), **({"column": "feature.variety"} | evals | keys))


def verdict(asked, events, feature, *, runs: int = 1, audit=None, tokens=None, spread=(0, 1, -1)) -> Verdict:
    """One arm for each number of events (of 100), with its feature and `runs` runs."""
    study = study_of([MIXES], [asked], draws=999)
    cells = []
    for index, count in enumerate(events):
        columns = {"tools": f"mix{index:02d}", "feature.variety": feature[index]}
        columns |= {"tokens": tokens[index]} if tokens is not None else {}
        counts = {"blackmail": [count + d for d in spread[:runs]]}
        counts |= {"audit": [audit[index] + d for d in spread[:runs]]} if audit is not None else {}
        cells.append((columns, counts))
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


RISING = [20, 24, 26, 33, 35, 41, 44, 52, 55, 61]
NOISE = [30, 22, 41, 27, 38, 25, 43, 29, 36, 33]
FEATURE = list(range(10))


@pytest.mark.parametrize(
    ("events", "keys", "status"),
    [
        (RISING, {}, "supported"),
        (RISING[::-1], {"direction": "negative"}, "supported"),
        (RISING[::-1], {}, "contradicted"),
        (RISING, {"minimum": 0.5}, "supported"),
        (RISING, {"minimum": 0.99, "method": "pearson"}, "undecided"),
        (NOISE, {}, "undecided"),
        (NOISE, {"minimum": 0.9}, "contradicted"),
        (RISING, {"method": "pearson", "given": ("tokens",)}, "supported"),
    ],
)
def test_a_correlation_over_mixes_is_judged_by_its_sign_and_size(events, keys, status) -> None:
    found = verdict(correlates(**keys), events, FEATURE, tokens=NOISE)
    assert found.status == status, found.reason
    assert found.evidence[0].n_treated == 10
    assert -1.0 <= found.evidence[0].lower <= found.evidence[0].estimate <= found.evidence[0].upper <= 1.0
    assert found.evidence[0].lower < found.evidence[0].upper


def test_the_estimates_are_scipys() -> None:
    logits = np.log((np.array(NOISE) + 0.5) / (100.5 - np.array(NOISE)))
    ranked = verdict(correlates(), NOISE, FEATURE)
    linear = verdict(correlates(method="pearson"), NOISE, FEATURE)
    assert ranked.evidence[0].estimate == pytest.approx(spearmanr(logits, FEATURE).statistic, abs=EXACT)
    by_scipy = pearsonr(logits, FEATURE)
    assert linear.evidence[0].estimate == pytest.approx(by_scipy.statistic, abs=EXACT)
    limits = by_scipy.confidence_interval(0.95)  # Fisher's z with n - 3
    assert (linear.evidence[0].lower, linear.evidence[0].upper) == pytest.approx((limits.low, limits.high))


def test_a_partial_correlation_by_its_formula() -> None:
    x, y, z = np.array(FEATURE, float), np.array(NOISE, float), np.array(RISING, float) ** 2
    a, b, c = np.corrcoef(x, y)[0, 1], np.corrcoef(x, z)[0, 1], np.corrcoef(y, z)[0, 1]
    expected = (a - b * c) / math.sqrt((1 - b**2) * (1 - c**2))
    found = correlation(x, y, z[:, None], np.zeros(10, dtype=np.intp), "pearson")
    assert found.estimate == pytest.approx(expected)
    assert found.std_error == pytest.approx(1 / math.sqrt(10 - 1 - 3))
    low, high = correlation_limits(found, 0.95)
    assert math.atanh(high) - math.atanh(low) == pytest.approx(2 * 1.959964 * found.std_error, rel=1e-6)


def test_runs_of_one_mix_are_one_observation_of_what_belongs_to_the_mix() -> None:
    # Ten times the runs of the same mixes do not make ten times the evidence.
    one, three = (verdict(correlates(), NOISE, FEATURE, runs=runs) for runs in (1, 3))
    assert one.evidence[0].n_treated == three.evidence[0].n_treated == 10
    assert one.evidence[0].std_error == pytest.approx(three.evidence[0].std_error, rel=0.05)


def test_within_arms_the_runs_are_units_and_arm_means_are_taken_off() -> None:
    asked = correlates(column="", other=("audit",), across="runs_within_arms", method="pearson")
    study = study_of(["tools"], [asked], draws=999)
    near, far = [[20, 25, 30, 35, 40], [60, 65, 70, 75, 80]], [[70, 66, 75, 81, 84], [12, 14, 22, 20, 29]]
    cells = [({"tools": t}, {"blackmail": near[t], "audit": far[t]}) for t in (0, 1)]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    logits = [[np.log((np.array(v) + 0.5) / (100.5 - np.array(v))) for v in side] for side in (near, far)]
    left, right = (np.concatenate([v - v.mean() for v in side]) for side in logits)
    assert found.evidence[0].estimate == pytest.approx(float(np.corrcoef(left, right)[0, 1]), abs=EXACT)
    assert found.evidence[0].std_error == pytest.approx(1 / math.sqrt(10 - 1 - 3))  # one arm mean beyond the first
    assert found.status is Status.SUPPORTED  # although over all runs the two would go opposite ways


@pytest.mark.parametrize(
    ("events", "feature", "words"),
    [
        ([20, 30, 40, 50, 60], range(5), "5 arms, 3 beyond what is fitted"),
        (RISING, [0] * 10, "does not vary"),
        (NOISE, [0] * 9 + [5], "one of the arms carries the correlation"),
        ([0, 1, 2, 0, 1, 3, 2, 1, 0, 2], FEATURE, "events a run"),
    ],
)
def test_what_cannot_carry_a_correlation_is_untestable(events, feature, words: str) -> None:
    found = verdict(correlates(method="pearson"), events, list(feature))
    assert found.status is Status.UNTESTABLE
    assert words.lower() in found.reason.lower()
    assert found.would_settle


def test_the_second_opinion_shuffles_and_speaks_about_the_sign_only() -> None:
    supported = verdict(correlates(minimum=0.5), RISING, FEATURE)
    assert "shuffles" in supported.second_opinions[0].method
    assert supported.second_opinions[0].agrees is True
    size = verdict(correlates(minimum=0.9), NOISE, FEATURE)
    assert size.second_opinions[0].abstains
    assert Flag.FEW_RUNS in size.flags
    assert "arms (mixes) in place of 10" in verdict(correlates(), NOISE, FEATURE).would_settle


def test_shuffles_of_four_units_by_hand() -> None:
    # 4! orders; 1 of 24 gives the largest correlation of distinct values: p about 1/24 by drawing.
    side = np.array([-1.5, -0.5, 0.5, 1.5])
    rng = np.random.default_rng(1)
    found = permuted_correlation_test(side, side, np.zeros(4, dtype=np.intp), draws=20_000, rng=rng)
    assert found.observed == pytest.approx(1.0)
    assert found.smallest == pytest.approx(1 / 24)
    assert found.p_above == pytest.approx(1 / 24, abs=0.006)  # 4 standard errors of 20,000 draws


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"column": ""}, "exactly one"),
        ({"other": ("audit",)}, "exactly one"),
        ({"components": ("tools",)}, "nothing is switched"),
        ({"minimum": 1.0}, "less than 1"),
        ({"across": "runs"}, "runs_within_arms"),
        ({"scale": "log_odds"}, "value"),
    ],
)
def test_wrong_correlations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        claim(**{"kind": "correlates", "components": (), "column": "feature.variety"} | keys)


def test_a_correlation_with_an_unknown_column_is_refused() -> None:
    with pytest.raises(ClaimError, match="CLAIM_COLUMN"):
        verdict(correlates(column="feature.varietty"), RISING, FEATURE)


def blocks(drops: list[int], asked, *, spread=(-2, 0, 2), block=("base_model",), runs: int = 3) -> Verdict:
    """Base models with these drops (events of 100, from 60), `runs` runs a side."""
    study = study_of(["tools"], [asked], draws=999, block=block)
    cells = [
        ({"tools": t, "base_model": f"model{i}"}, [60 - t * drop + d for d in spread[:runs]])
        for i, drop in enumerate(drops)
        for t in (0, 1)
    ]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def transfers(**keys):
    return claim(kind="transfers", **({"scale": "risk_difference"} | keys))


@pytest.mark.parametrize(
    ("drops", "keys", "status"),
    [
        ([30, 32, 28, 31, 29], {"minimum": 0.1}, "supported"),
        ([30, 2, 28, 1, 29], {"minimum": 0.1}, "undecided"),  # the mean is clear, the next base model is not
        ([5, 4, 6, 5, 5], {"minimum": 0.3}, "contradicted"),
        ([-20, -22, -21, -19, -20], {}, "contradicted"),
        ([30, 32, 28, 31, 29], {"scale": "log_odds", "minimum": 0.5}, "supported"),
    ],
)
def test_a_transfer_is_judged_by_where_a_further_base_model_would_lie(drops, keys, status) -> None:
    found = blocks(drops, transfers(**keys))
    assert found.status == status, found.reason
    assert found.second_opinions[0].abstains  # 1/6 is the smallest p that five blocks can give
    assert found.second_opinions[0].smallest == pytest.approx(1 / 6)


def test_its_interval_is_that_of_one_more_value_like_the_blocks_estimates() -> None:
    drops = [30, 20, 28, 24]
    found = blocks(drops, transfers()).evidence[0]
    alone = [blocks([drop], claim(kind="reduces")).evidence[0] for drop in drops]
    values = np.array([e.estimate for e in alone])
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    assert (found.lower, found.upper) == pytest.approx((values.mean() - reach, values.mean() + reach))
    assert found.estimate == pytest.approx(values.mean())
    assert "model0: -30.0 points" in found.notes


@pytest.mark.parametrize(
    ("drops", "keys", "words", "settles"),
    [
        ([30, 31], {}, "2 blocks", "at least 3 blocks"),
        ([30, 31, 32], {"runs": 2}, "0 blocks", "at least 3 blocks"),
        ([30, 31, 32], {"block": ()}, "declares no block", 'block = ["base_model"]'),
    ],
)
def test_too_few_blocks_predict_no_other(drops, keys, words: str, settles: str) -> None:
    found = blocks(drops, transfers(), **keys)
    assert found.status is Status.UNTESTABLE
    assert found.evidence[0].lower is None
    assert words in found.reason
    assert settles in found.would_settle


def test_transfers_on_a_ratio_is_refused() -> None:
    with pytest.raises(ValidationError, match="log_odds"):
        transfers(scale="risk_ratio")


def test_their_regions() -> None:
    positive = region_of(correlates(minimum=0.3), lower_is_better=True)
    assert (positive.lower, positive.upper) == (0.3, math.inf)
    negative = region_of(correlates(direction="negative"), lower_is_better=True)
    assert (negative.lower, negative.upper) == (-math.inf, 0.0)
    further = region_of(transfers(minimum=0.1), lower_is_better=True)
    assert (further.lower, further.upper, further.at_no_effect) == (-math.inf, -0.1, False)
