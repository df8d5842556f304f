"""Necessary, sufficient, synergy, stacks: truth tables by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from mixablate.claims import Flag, Status, Verdict, judge, region_of
from mixablate.design import design_of, interaction
from mixablate.errors import ClaimError
from mixablate.estimate import outcome_of, summarise
from small_studies import claim, study_of, tables_of

INF = math.inf
FOUR = ((0, 0), (1, 0), (0, 1), (1, 1))
STEADY = (-2, -1, 0, 1, 2)  # events around an arm's mean, one run each
TOGETHER = {"components": ("tools",), "together_with": ("prompts",)}


def verdict(means: tuple[float, ...], asked, *, spread=STEADY, trials: int = 100, runs: int = 5, **keys) -> Verdict:
    """The verdict on four arms (neither, tools, prompts, both) with these mean event counts."""
    study = study_of(claims=[asked], draws=999)
    cells = [
        ({"tools": t, "prompts": p}, [int(mean + d) for d in spread[:runs]])
        for (t, p), mean in zip(FOUR, means, strict=True)
    ]
    tables = tables_of(study, cells, trials=trials, **keys)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def synergy(scale: str = "risk_difference", **keys):
    return claim(kind="synergy", scale=scale, **TOGETHER, **keys)


def stacks(scale: str = "risk_difference", **keys):
    return claim(kind="stacks", scale=scale, **TOGETHER, **keys)


@pytest.mark.parametrize(
    ("means", "kind", "keys", "status"),
    [
        # Full mix 10, without tools 50: the drop lost is 40 points. Alone tools drop 60 to 30.
        ((60, 30, 50, 10), "necessary", {"minimum": 0.2}, "supported"),
        ((60, 30, 12, 10), "necessary", {"minimum": 0.2}, "contradicted"),
        ((60, 30, 10, 10), "necessary", {"minimum": 0.2, "margin": 0.045}, "contradicted"),
        ((60, 30, 10, 10), "necessary", {"margin": 0.045}, "equivalent"),
        ((60, 30, 12, 10), "necessary", {"minimum": 0.02}, "undecided"),
        ((60, 30, 50, 10), "sufficient", {"minimum": 0.2}, "supported"),
        ((60, 55, 50, 10), "sufficient", {"minimum": 0.2}, "contradicted"),
        ((60, 60, 50, 10), "sufficient", {"margin": 0.1}, "equivalent"),
        ((60, 55, 50, 10), "sufficient", {"minimum": 0.05}, "undecided"),
    ],
)
def test_necessity_is_asked_in_the_full_mix_and_sufficiency_on_the_baseline(means, kind, keys, status) -> None:
    found = verdict(means, claim(kind=kind, **keys))
    assert found.status == status
    # The other component stands where the kind says, whatever its other arms did.
    low = 2 if kind == "necessary" else 0
    assert found.evidence[0].estimate == pytest.approx((means[low + 1] - means[low]) / 100)


@pytest.mark.parametrize(("kind", "lacking"), [("necessary", (1, 1)), ("sufficient", (1, 0))])
def test_an_arm_that_was_not_run_makes_them_untestable_and_is_named(kind: str, lacking: tuple[int, int]) -> None:
    study = study_of(claims=[claim(kind=kind)])
    cells = [({"tools": t, "prompts": p}, [20, 22, 24]) for t, p in FOUR if (t, p) != lacking]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE
    where = "target" if kind == "necessary" else "baseline"
    assert f"every other component at its {where}" in found.reason
    assert "tools=1" in found.would_settle


@pytest.mark.parametrize(
    ("keys", "if_lower", "if_higher"),
    [
        ({"kind": "necessary", "minimum": 0.1}, (-INF, -0.1), (0.1, INF)),
        ({"kind": "sufficient", "minimum": 0.1}, (-INF, -0.1), (0.1, INF)),
        ({"kind": "synergy", "scale": "risk_difference"} | TOGETHER, (-INF, 0.0), (0.0, INF)),
        ({"kind": "synergy", "scale": "risk_ratio", "minimum": 0.2} | TOGETHER, (-INF, 0.8), (1.2, INF)),
        ({"kind": "stacks", "scale": "risk_difference", "margin": 0.05} | TOGETHER, (-INF, 0.05), (-0.05, INF)),
        ({"kind": "stacks", "scale": "risk_ratio", "margin": 1.25} | TOGETHER, (-INF, 1.25), (0.8, INF)),
    ],
)
def test_their_regions(keys: dict[str, object], if_lower: tuple, if_higher: tuple) -> None:
    for lower_is_better, ends in ((True, if_lower), (False, if_higher)):
        region = region_of(claim(**keys), lower_is_better=lower_is_better)
        assert (region.lower, region.upper) == pytest.approx(ends)
        assert region.words
        # A region of no interaction begins at none on its own scale: no test on another scale stands in for it.
        assert region.at_no_effect is False or keys["kind"] in ("necessary", "sufficient")


@pytest.mark.parametrize(
    ("means", "asked", "estimate", "status"),
    [
        # neither 60, tools 50, prompts 50: adding up gives 40; observed 10, that is 30 points beyond.
        ((60, 50, 50, 10), synergy(minimum=0.1), -0.30, "supported"),
        ((60, 50, 50, 40), synergy(minimum=0.1), 0.0, "contradicted"),
        ((60, 50, 50, 40), synergy(margin=0.09), 0.0, "equivalent"),
        ((60, 50, 50, 38), synergy(), -0.02, "undecided"),
        ((60, 50, 50, 40), stacks(margin=0.1), 0.0, "supported"),
        ((60, 30, 30, 28), stacks(margin=0.1), 0.28, "contradicted"),
        ((60, 40, 40, 29), stacks(margin=0.1), 0.09, "undecided"),
        # (10/60)/((30/60)(30/60)) = 2/3 on the ratio; 15 of 60 is a ratio of exactly 1.
        ((60, 30, 30, 15), stacks("risk_ratio", margin=1.5), 1.0, "supported"),
        ((60, 30, 30, 5), synergy("risk_ratio", minimum=0.1), 1 / 3, "supported"),
        ((60, 30, 30, 28), synergy("risk_ratio"), 28 * 60 / 900, "contradicted"),
    ],
)
def test_an_interaction_is_the_joint_change_less_the_sum_of_the_separate_ones(means, asked, estimate, status) -> None:
    found = verdict(means, asked)
    assert found.status == status, found.reason
    assert found.evidence[0].estimate == pytest.approx(estimate, abs=1e-12)
    effect = found.evidence[0]
    against = effect.treated / effect.reference if asked.scale == "risk_ratio" else effect.treated - effect.reference
    assert against == pytest.approx(estimate, abs=1e-12)  # both, against what adding up would give
    assert "wild cluster bootstrap" in found.second_opinions[0].method


def test_an_interaction_in_log_odds_is_that_of_the_runs_log_odds() -> None:
    means, spread = (60, 40, 45, 12), (0, 0, 0, 0, 1)
    found = verdict(means, synergy("log_odds"), spread=spread)
    logits = [np.mean([math.log((m + d + 0.5) / (100 - m - d + 0.5)) for d in spread]) for m in means]
    assert found.evidence[0].estimate == pytest.approx(logits[3] - logits[1] - logits[2] + logits[0])
    assert found.status is Status.SUPPORTED


def test_the_words_say_where_the_sign_depends_on_the_scale() -> None:
    # 60, 20, 20, 5: adding up in points gives -20; the ratios give 6.7, so 5 is more than the product of both.
    both_ways = verdict((60, 20, 20, 5), stacks(margin=0.19))
    assert "the interaction's sign depends on the scale" in both_ways.reason
    assert "25.0 points" in both_ways.reason
    one_way = verdict((60, 50, 50, 10), synergy())
    assert "depends on the scale" not in one_way.reason


def test_all_four_combinations_must_have_been_run() -> None:
    study = study_of(claims=[synergy()])
    tables = tables_of(study, [({"tools": t, "prompts": p}, [20, 22, 24]) for t, p in FOUR[:3]])
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE
    assert "all four combinations" in found.reason
    assert found.would_settle == "an arm with tools=1, prompts=1"


def test_each_combination_needs_runs_and_ratios_events_of_its_own() -> None:
    few = verdict((60, 50, 50, 10), synergy(), runs=2)
    assert few.status is Status.UNTESTABLE
    assert "2 runs in one of the four combinations" in few.reason
    rare = verdict((60, 30, 30, 1), synergy("risk_ratio"), spread=(0, 0, 0, 1, 0))
    assert rare.status is Status.UNTESTABLE
    assert "1.20 events a run with both of the sets" in rare.reason
    three = verdict((60, 50, 50, 10), synergy(minimum=0.1), runs=3)
    assert Flag.FEW_RUNS in three.flags


def test_a_margin_of_half_the_rate_with_neither_is_refused() -> None:
    refused = verdict((20, 15, 15, 10), stacks(margin=0.1))
    assert refused.status is Status.UNTESTABLE
    assert "Margin refused" in refused.reason


def test_strata_of_a_third_component_are_weighted_equally() -> None:
    study = study_of(("tools", "prompts", "advice"))
    means = {(0, 0, 0): 60, (1, 0, 0): 50, (0, 1, 0): 50, (1, 1, 0): 30}  # -10 points
    means |= {(0, 0, 1): 40, (1, 0, 1): 30, (0, 1, 1): 30, (1, 1, 1): 14}  # -6 points
    cells = [({"tools": t, "prompts": p, "advice": a}, [m, m + 2]) for (t, p, a), m in means.items()]
    tables = tables_of(study, cells)
    design = design_of(study, tables)
    found = interaction(design, ["tools"], ["prompts"], name="x")
    summaries = summarise(tables, design, outcome_of(tables, ("blackmail",)))
    level = dict(zip(summaries.arm_ids, summaries.level, strict=True))
    assert len(found.contrast.strata_used) == 2
    assert sum(c * level[a] for a, c in found.contrast.coefficients) == pytest.approx(-0.08)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"kind": "synergy", "components": ("tools",), "together_with": ("prompts",)}, "scale"),
        ({"kind": "synergy", "scale": "log_odds", "components": ("tools",)}, "together_with"),
        ({"kind": "synergy", "scale": "log_odds", "components": ("tools",), "together_with": ("tools",)}, "in both"),
        ({"kind": "stacks", "scale": "log_odds"} | TOGETHER, "margin"),
        ({"kind": "synergy", "scale": "log_odds", "minimum": -1.0} | TOGETHER, "greater than or equal to 0"),
        ({"kind": "necessary", "at": "baseline"}, "full"),
        ({"kind": "sufficient", "at": "average"}, "baseline"),
    ],
)
def test_wrong_declarations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        claim(**keys)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"kind": "stacks", "scale": "risk_ratio", "margin": 0.25} | TOGETHER, "margin = 0.25"),
        ({"kind": "synergy", "scale": "risk_difference", "minimum": 5.0} | TOGETHER, "rates are fractions"),
        ({"kind": "necessary", "scale": "risk_ratio", "minimum": 1.0}, "minimum = 1"),
        ({"kind": "sufficient", "minimum": 5.0}, "rates are fractions"),
    ],
)
def test_numbers_without_meaning_on_their_scale_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ClaimError, match=found):
        region_of(claim(**keys), lower_is_better=True)


def test_limits_of_a_paired_interaction_end_where_rates_cannot_be_further_apart() -> None:
    # Per seed -192, 192 and 20 points between what both do and what adding up gives: t(2) = 4.30 times 192/sqrt(3) is
    # far beyond the 200 points that four rates between 0 and 1 can bring about.
    study = study_of(("tools", "prompts"), [synergy()], pair="seed", draws=99)
    counts = [2, 98, 50], [98, 2, 40], [98, 2, 60], [2, 98, 70]
    cells = [({"tools": t, "prompts": p}, list(n)) for (t, p), n in zip(FOUR, counts, strict=True)]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    (row,) = found.evidence
    assert any("interval cut" in note for note in row.notes)
    assert (row.lower, row.upper) == (-2.0, 2.0)
