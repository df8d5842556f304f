"""Designs that cannot carry an inference: withheld with the reason, never a number from nowhere (cases 55 to 63)."""

from __future__ import annotations

import pytest

from mixablate.claims import Status
from mixablate.estimate import Effect
from mixablate.findings import Findings, analyse
from mixablate.study import ComponentType, Scale
from small_studies import claim, flag, study_of, tables_of

DROP = claim(kind="reduces")
SPREAD = [60, 55, 58, 61, 62]


def found(cells, *claims, components=("tools",)) -> Findings:
    study = study_of(components, claims or (DROP,), draws=199)
    return analyse(study, tables_of(study, cells))


def numbers(effect: Effect) -> list[float]:
    shown = (effect.std_error, effect.df, effect.lower, effect.upper, effect.p_value, effect.detectable)
    return [value for value in shown if value is not None]


def dose(name: str, **keys: object):
    return flag(name, type=ComponentType.DOSE, **keys)


def test_one_run_an_arm_is_described_and_carries_no_inference() -> None:
    findings = found([({"tools": 0}, [60]), ({"tools": 1}, [20])])
    for effect in findings.effects:
        assert numbers(effect) == []
        assert effect.reason == "1 run against 1; at least 3 training runs are needed on each side"
    assert [numbers(effect) for effect in findings.regression] == [[], []]
    assert all("nothing shows how much they vary" in effect.reason for effect in findings.regression)
    (verdict,) = findings.verdicts
    assert verdict.status is Status.UNTESTABLE
    assert verdict.p_value is verdict.p_adjusted is None
    assert verdict.reason.startswith("1 run against 1")
    assert verdict.would_settle == "at least 3 training runs on each side"
    # What these very models show stays visible, named as such.
    (difference,) = (e for e in findings.effects if e.scale is Scale.RISK_DIFFERENCE)
    assert difference.estimate == pytest.approx(-0.4)
    assert difference.within_lower is not None
    assert difference.within_upper is not None
    assert difference.within_lower < -0.4 < difference.within_upper < 0
    assert list(findings.rates["interval"]) == ["within this run", "within this run"]
    assert any("Every arm is a single training run" in sentence for sentence in findings.limits)


def test_two_runs_an_arm_lie_outside_the_supported_region() -> None:
    findings = found([({"tools": 0}, [60, 55]), ({"tools": 1}, [20, 22])])
    for effect in findings.effects:
        assert numbers(effect) == []
        assert "2 runs against 2; at least 3" in effect.reason
    assert findings.verdicts[0].status is Status.UNTESTABLE
    assert "2 runs against 2" in findings.verdicts[0].reason
    assert list(findings.rates["interval"]) == ["none", "none"]


@pytest.mark.parametrize("side", [0, 1])
def test_a_level_without_runs_is_named(side: int) -> None:
    findings = found([({"tools": 1 - side}, [60, 55, 58])])
    absent = f"no run stands at tools={side}"
    for effect in findings.effects:
        assert (effect.estimate, effect.reason, numbers(effect)) == (None, absent, [])
    assert findings.regression == ()
    assert findings.verdicts[0].status is Status.UNTESTABLE
    assert findings.verdicts[0].reason.lower() == absent
    assert any(absent in sentence and f"an arm with tools={side}" in sentence for sentence in findings.limits)


@pytest.mark.parametrize(
    ("extreme", "status", "exact"),
    [(0, Status.SUPPORTED, (0.0, 0.0362167)), (100, Status.CONTRADICTED, (0.9637833, 1.0))],
)
def test_an_arm_at_zero_or_one_has_exact_bounds_and_a_penalised_regression(
    extreme: int, status: Status, exact: tuple[float, float]
) -> None:
    findings = found([({"tools": 0}, SPREAD), ({"tools": 1}, [extreme] * 5)])
    ratio, difference = findings.regression
    for effect in (ratio, difference):
        assert effect.method.startswith("Firth's penalised logit (separation found by linear programming: quasi")
    assert ratio.estimate is not None
    assert (ratio.estimate < 0.0) == (extreme == 0)
    assert numbers(ratio) == []
    assert '"tools"' in ratio.reason  # the column
    assert "no spread between runs" in ratio.reason
    assert ratio.within_lower is not None
    assert ratio.within_upper is not None
    assert ratio.within_lower < ratio.estimate < ratio.within_upper
    # The difference rests on the other arm's runs: an interval, and none of these models alone.
    assert len(numbers(difference)) == 5
    assert (difference.reason, difference.within_lower) == ("", None)
    by_scale = {effect.scale: effect for effect in findings.effects}
    assert numbers(by_scale[Scale.LOG_ODDS]) == []
    assert "in one group" in by_scale[Scale.LOG_ODDS].reason
    p_value = by_scale[Scale.RISK_DIFFERENCE].p_value
    assert p_value is not None
    assert 0.0 < p_value < 1e-4
    # 1 - 0.025 ** (1 / 100) is the exact bound of 0 of 100.
    treated = findings.run_rates[findings.run_rates["arm_id"] == "tools=1"]
    assert len(treated) == 5
    for row in treated.itertuples():
        assert (row.lower, row.upper) == pytest.approx(exact, abs=1e-6)
    (verdict,) = findings.verdicts
    assert verdict.status is status
    assert verdict.p_value is not None
    assert verdict.p_value > 0.0
    (line,) = (o for o in verdict.second_opinions if not o.decides)
    assert line.p_value is None
    assert line.abstains
    assert "separation" in line.note


def test_an_arm_without_events_has_no_ratio_but_a_clustered_bound() -> None:
    findings = found([({"tools": 0}, SPREAD), ({"tools": 1}, [0] * 5)])
    (ratio,) = (e for e in findings.effects if e.scale is Scale.RISK_RATIO)
    assert numbers(ratio) == []
    assert ratio.reason == "a side without events has no ratio"
    assert any("one-sided 95% bound, clustered over runs" in note for note in ratio.notes)


def test_no_events_in_any_arm_are_too_few_for_any_verdict() -> None:
    findings = found([({"tools": t}, [0] * 5) for t in (0, 1)])
    assert findings.verdicts[0].status is Status.UNTESTABLE
    assert "events a run" in findings.verdicts[0].reason
    assert all(numbers(effect) == [] for effect in (*findings.effects, *findings.regression))


def test_separation_names_the_column_that_separates_and_only_it() -> None:
    cells = [({"tools": t, "prompts": p}, [0] * 4 if t else [50 - 5 * p, 45, 48, 52]) for t in (0, 1) for p in (0, 1)]
    findings = found(cells, components=("tools", "prompts"))
    assert len(findings.regression) == 4
    for effect in findings.regression:
        assert "separation" in effect.method
        assert '"tools"' in effect.method
        assert '"prompts"' not in effect.method
    # The log odds of tools rest on runs without events; every other effect on runs that have them.
    assert [len(numbers(effect)) for effect in findings.regression] == [0, 5, 5, 5]
    assert "separation" in findings.regression[0].reason


def test_an_intercept_beside_all_shares_is_named_and_gives_no_numbers() -> None:
    mixes = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (0.5, 0.0, 0.5)]
    names = ("chat", "code", "web")
    cells = [(dict(zip(names, mix, strict=True)), [40 + i, 42 - i, 38 + 2 * i]) for i, mix in enumerate(mixes)]
    findings = found(cells, claim(kind="reduces", components=("code",)), components=[dose(name) for name in names])
    assert any(
        "linearly dependent" in s and "rank 3 of 4" in s and all(name in s for name in ("intercept", *names))
        for s in findings.limits
    )
    assert {effect.contrast for effect in findings.effects} == set(names)
    for effect in (*findings.effects, *findings.regression):
        assert effect.estimate is None
        assert numbers(effect) == []
        assert effect.reason
    (verdict,) = findings.verdicts
    assert verdict.status is Status.UNTESTABLE
    assert "never run with all else equal" in verdict.reason


def test_a_constant_component_is_named_and_leaves_the_others_testable() -> None:
    cells = [({"tools": t, "prompts": 1}, [60 - 40 * t, 55 - 30 * t, 58 - 33 * t]) for t in (0, 1)]
    both = (DROP, claim(id="p", kind="reduces", components=("prompts",)))
    findings = found(cells, *both, components=("tools", "prompts"))
    assert any('"Prompts" has the same level in every run' in sentence for sentence in findings.limits)
    assert [v.status for v in findings.verdicts] == [Status.SUPPORTED, Status.UNTESTABLE]
    assert findings.verdicts[1].reason == "No run stands at prompts=0"
    assert "prompts=0" in findings.verdicts[1].would_settle
    assert all(e.estimate is None and numbers(e) == [] for e in findings.effects if e.contrast == "prompts")


def test_proportional_components_are_named_and_give_no_numbers() -> None:
    cells = [({"tools": t, "share": 2.0 * t}, [60 - 20 * t, 55 - 18 * t, 58 - 19 * t]) for t in (0, 1)]
    findings = found(cells, components=("tools", dose("share", target=2.0)))
    assert any('"Tools" and "Share" only ever appear together' in sentence for sentence in findings.limits)
    assert all(e.estimate is None and numbers(e) == [] for e in (*findings.effects, *findings.regression))
    assert findings.verdicts[0].status is Status.UNTESTABLE


def test_components_that_only_come_together_are_not_attributable_but_testable_jointly() -> None:
    cells = [({"tools": t, "prompts": t}, [60 - 40 * t, 55 - 30 * t, 58 - 33 * t]) for t in (0, 1)]
    joint = claim(id="joint", kind="reduces", components=("tools", "prompts"))
    findings = found(cells, DROP, joint, components=("tools", "prompts"))
    alone, together = findings.verdicts
    assert alone.status is Status.UNTESTABLE
    assert "never run with all else equal" in alone.reason
    assert alone.would_settle == "an arm with tools=1 beside prompts=0"
    assert together.status is Status.SUPPORTED
    assert any("their joint effect and cannot split it" in s and "would separate them" in s for s in findings.limits)
    for name in ("Tools", "Prompts"):
        assert any(s.startswith(f'The effect of "{name}" cannot be estimated') for s in findings.limits)
    for split in findings.attributions:
        assert not [part for part in split.parts if part.component == "tools" and part.estimate is not None]
