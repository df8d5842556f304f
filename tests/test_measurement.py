"""How well a claim was measured: bounds of every kind, acting, the columns that say so, and what they refuse."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from mixablate.claims import Flag, Status, Verdict, judge
from mixablate.claims.kinds import cases_of, kind_of
from mixablate.claims.measurement.missing import missing_ends, scored_towards
from mixablate.design import design_of
from mixablate.findings import analyse
from mixablate.report.measurement_tables import measurement_tables
from mixablate.tables import Tables, tables_from_frames
from mixablate.tables.rollouts import items
from small_studies import claim, evals_frame, flag, study_of
from study_folder import OUTCOMES, sound_folder
from test_rollouts import FORMATS, from_rollouts, refused, scores, write

HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
REDUCES = claim(kind="reduces")
ROUNDING = 1e-12


def tables(study, arms, evals=("blackmail",), keys=None, **columns) -> Tables:
    """Five runs of 100 scored rollouts in each arm; `columns` are further columns of every outcome, one per arm."""
    runs, outcomes = [], []
    for position, (levels, counts) in enumerate(arms):
        for index, events in enumerate(counts):
            run_id = f"arm{position}-{index}"
            runs.append({"run_id": run_id, "base_model": "m", "seed": str(index)} | dict(levels))
            for eval_id in evals:
                row = {"run_id": run_id, "eval_id": eval_id, "n_trials": 100, "n_events": events}
                outcomes.append(row | {name: values[position] for name, values in columns.items()})
    names = sorted(evals)
    frames = {"runs": pd.DataFrame(runs), "outcomes": pd.DataFrame(outcomes), "evals": evals_frame(names, keys or {})}
    return tables_from_frames(study, **frames)


def verdict(asked=REDUCES, reference=HIGH, treated=LOW, **keys) -> Verdict:
    study = study_of(("tools",), (asked,), draws=199)
    found = tables(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], **keys)
    (one,) = judge(study, found, design_of(study, found))
    return one


# Missing rollouts


def test_the_bounds_of_a_drop_by_hand() -> None:
    # reference 60 of 100 in the mean, treated 20; 10 and 30 more of each run are missing.
    # As found 20/100 - 60/100 = -40 points. Highest: (20 + 30)/130 - 60/110 = 38.46 - 54.55 = -16.08;
    # lowest: 20/130 - (60 + 10)/110 = 15.38 - 63.64 = -48.25.
    one = verdict(n_trials=(110, 130), n_missing=(10, 30))
    ends = one.measurement.outcomes[0].missing
    assert ends is not None
    assert (ends.n_treated, ends.n_reference) == (150, 50)
    assert ends.high == pytest.approx(50 / 130 - 60 / 110, abs=ROUNDING)
    assert ends.low == pytest.approx(20 / 130 - 70 / 110, abs=ROUNDING)
    assert ends.lower < ends.low < one.evidence[0].estimate < ends.high < ends.upper
    assert (
        "150 treated and 50 reference rollouts are missing; whatever they were, the estimate lies between" in one.reason
    )
    assert "between -48.3 and -16.1 points" in one.reason


def test_nothing_is_said_of_the_missing_where_they_move_no_digit_that_is_shown() -> None:
    one = verdict(n_trials=(100_000, 100_000), n_missing=(0, 1))
    ends = one.measurement.outcomes[0].missing
    assert ends is not None
    assert ends.low < ends.high
    assert "missing" not in one.reason


def test_nothing_is_said_of_the_missing_where_nothing_is_missing() -> None:
    one = verdict()
    assert one.measurement.outcomes[0].missing is None
    assert "missing" not in one.reason


TWO = ("tools", "prompts")
KINDS = {
    "reduces": {"kind": "reduces", "minimum": 0.05},
    "at_least_ratio": {"kind": "at_least_ratio", "ratio": 1.5},
    "reaches_zero": {"kind": "reaches_zero", "bound": 0.3},
    "matches_rate": {"kind": "matches_rate", "rate": 0.2, "n": 300, "margin": 0.05},
    "equivalent": {"kind": "equivalent", "margin": 0.05},
    "no_harm": {"kind": "no_harm", "margin": 0.05},
    "stronger": {"kind": "stronger", "than": ("prompts",)},
    "necessary": {"kind": "necessary"},
    "sufficient": {"kind": "sufficient"},
    "synergy": {"kind": "synergy", "together_with": ("prompts",), "scale": "risk_difference"},
    "stacks": {"kind": "stacks", "together_with": ("prompts",), "scale": "risk_difference", "margin": 0.05},
    "generalises": {"kind": "generalises", "to": ("leak",), "gap": 0.1},
    "efficient": {"kind": "efficient", "than": ("prompts",), "ratio": 1.2},
}


def factorial(asked, missing: int) -> tuple[Tables, object]:
    study = study_of(TWO, (asked,), draws=199)
    arms = [
        ({"tools": t, "prompts": p, "tokens": 1000 + 500 * t + 400 * p}, [k + i for i in (0, 3, -2, 5, 1)])
        for (t, p), k in {(0, 0): 60, (1, 0): 40, (0, 1): 45, (1, 1): 20}.items()
    ]
    counts = {"n_trials": (100 + missing,) * 4, "n_missing": (missing,) * 4}
    found = tables(study, arms, ("blackmail", "leak"), **counts)
    return found, study


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_shows_where_its_estimate_lies_whatever_the_missing_were(name: str) -> None:
    found, study = factorial(claim(**KINDS[name]), missing=10)
    (one,) = judge(study, found, design_of(study, found))
    assert len(one.measurement.outcomes) == len(one.evidence)
    for effect, measured in zip(one.evidence, one.measurement.outcomes, strict=True):
        assert measured.missing is not None
        assert measured.missing.reason == ""
        assert measured.missing.low < effect.estimate < measured.missing.high
    assert "rollouts are missing; whatever they were, the " in one.reason


def test_the_gap_of_two_drops_is_bounded_part_by_part() -> None:
    # Both evals have the same counts, so the gap is 0. It is highest where the 25 missing of 125 were events of the
    # treated side on the second eval and of the reference side on the first: 2 * 25 / 125 = 0.4.
    found, study = factorial(claim(**KINDS["generalises"]), missing=25)
    design = design_of(study, found)
    gap = cases_of(study.claims[0], found, design)[-1]
    kind = kind_of(gap.claim)
    assert kind.standing(scored_towards(gap, treated=True), design).estimate == pytest.approx(0.4, abs=ROUNDING)
    ends = missing_ends(gap, kind.effect(gap, design, 0.95), design)
    assert ends is not None
    assert (ends.low, ends.high) == pytest.approx((-0.4, 0.4), abs=ROUNDING)


def test_a_correlation_has_no_ends_and_it_is_said() -> None:
    study = study_of(("tools",), (claim(kind="correlates", components=(), other=("leak",)),), draws=199)
    found = tables(
        study,
        [({"tools": 0}, HIGH), ({"tools": 1}, LOW)],
        ("blackmail", "leak"),
        n_trials=(110, 130),
        n_missing=(10, 30),
    )
    (one,) = judge(study, found, design_of(study, found))
    assert "bounds cannot be given: the missing can move a correlation either way" in one.reason


def test_a_slope_over_doses_has_its_ends() -> None:
    asked = claim(kind="dose_response")
    study = study_of((flag("tools", type="dose", target=2.0),), (asked,), draws=199)
    arms = [({"tools": dose}, [k + i for i in (0, 3, -2, 5, 1)]) for dose, k in enumerate((60, 45, 30))]
    found = tables(study, arms, n_trials=(110,) * 3, n_missing=(10,) * 3)
    (one,) = judge(study, found, design_of(study, found))
    ends = one.measurement.outcomes[0].missing
    assert ends is not None
    assert ends.low < one.evidence[0].estimate < ends.high


def test_scores_are_missing_without_bounds_and_it_is_said() -> None:
    study = study_of(("tools",), (claim(kind="no_harm", margin=0.2, scale="value"),), draws=199)
    runs = [{"run_id": f"r{t}{i}", "base_model": "m", "seed": str(i), "tools": t} for t in (0, 1) for i in range(4)]
    outcomes = [
        {"run_id": run["run_id"], "eval_id": "blackmail", "value": 0.7 + 0.01 * int(run["seed"]), "n": 50, "sd": 0.1}
        | {"n_missing": 5}
        for run in runs
    ]
    found = tables_from_frames(
        study, runs=pd.DataFrame(runs), outcomes=pd.DataFrame(outcomes), evals=evals_frame(["blackmail"], {})
    )
    (one,) = judge(study, found, design_of(study, found))
    assert "bounds cannot be given: scores have no lowest and highest value to put in" in one.reason


# Acting


def test_acting_rates_by_hand_and_the_flag_below_seventy_percent() -> None:
    # Treated: 30 of 100 acted, 20 events of them: 66.7 %. Reference: 95 of 100, 60 events: 63.2 %.
    one = verdict(n_acted=(95, 30))
    acting = one.measurement.outcomes[0].acting
    assert acting is not None
    assert (acting.reference, acting.treated) == pytest.approx((0.95, 0.3))
    assert acting.given_treated == pytest.approx(sum(k / 30 for k in LOW) / 5)
    assert acting.given_reference == pytest.approx(sum(k / 95 for k in HIGH) / 5)
    assert one.status is Status.SUPPORTED
    assert Flag.STOPPED_ACTING in one.flags
    assert "The treated side acted in 30.0% of its rollouts, 66.7% of these with the event" in one.reason
    assert "Below 70% a low rate may be passivity, not safety" in one.reason
    assert "Of the rollouts acted in it would be undecided, unadjusted" in one.reason


@pytest.mark.parametrize(("acted", "flagged"), [((95, 70), False), ((95, 69), True), ((69, 95), True)])
def test_either_side_is_flagged_and_seventy_percent_is_enough(acted: tuple[int, int], flagged: bool) -> None:
    one = verdict(n_acted=acted)
    assert (Flag.STOPPED_ACTING in one.flags) is flagged


def test_without_the_column_nothing_is_said_of_acting() -> None:
    assert verdict().measurement.outcomes[0].acting is None


def test_a_zero_of_models_that_stopped_acting_is_flagged() -> None:
    one = verdict(claim(kind="reaches_zero", bound=0.02), treated=[0] * 5, n_acted=(98, 5))
    assert one.status is Status.SUPPORTED
    assert Flag.STOPPED_ACTING in one.flags


# The columns


@pytest.mark.parametrize(
    ("columns", "required"),
    [
        ({"n_errored": 301}, "0 <= n_errored <= n_trials"),
        ({"n_aware": -1}, "0 <= n_aware <= n_trials - n_missing"),
        ({"n_aware": 300, "n_aware_events": 67}, "0 <= n_aware_events <= n_events"),
        ({"n_aware": 10, "n_aware_events": 11}, "0 <= n_aware_events <= n_aware"),
        ({"n_acted": 301}, "0 <= n_acted <= n_trials"),
    ],
)
def test_counts_that_do_not_fit_are_refused(columns: dict[str, int], required: str, tmp_path: Path) -> None:
    lines = OUTCOMES.splitlines()
    names, values = ",".join(columns), ",".join(map(str, columns.values()))
    blank = "," * len(columns)
    text = "\n".join([f"{lines[0]},{names}", f"{lines[1]},{values}", *(line + blank for line in lines[2:])]) + "\n"
    problems = sound_folder(tmp_path, outcomes=text).errors()
    assert [(problem.code, problem.required) for problem in problems if problem.required == required] == [
        ("COUNT_RANGE", required)
    ]


def test_marks_add_up_over_replicates_and_are_unknown_where_one_does_not_say() -> None:
    study = study_of(("tools",))
    runs = [{"run_id": f"r{t}", "base_model": "m", "seed": "1", "tools": t} for t in (0, 1)]
    row = {"eval_id": "blackmail", "n_trials": 10, "n_events": 2}
    outcomes = [
        {"run_id": "r0", "replicate": "a", "n_acted": 7, "n_aware": 3, "n_aware_events": 1, "n_errored": 0},
        {"run_id": "r0", "replicate": "b", "n_acted": 9, "n_aware": 2, "n_aware_events": 2, "n_errored": 0},
        {"run_id": "r1", "replicate": "a", "n_acted": 7, "n_aware": 3, "n_aware_events": 1, "n_errored": 0},
        {"run_id": "r1", "replicate": "b"},
    ]
    found = tables_from_frames(
        study,
        runs=pd.DataFrame(runs),
        outcomes=pd.DataFrame([row | one for one in outcomes]),
        evals=evals_frame(["blackmail"], {}),
    )
    marks = found.headline.set_index("run_id")[["n_acted", "n_aware", "n_aware_events"]]
    assert marks.loc["r0"].tolist() == [16, 5, 3]
    assert all(math.isnan(value) for value in marks.loc["r1"])


def marked(**keys: object) -> list[dict[str, object]]:
    """Ten rollouts of one run: 4 events; acted in 6; aware in 3 of which 1 is an event."""
    values = [1, 1, 1, 1, 0, 0, 0, 0, 0, None]
    acted = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    aware = [1, 0, 0, 0, 1, 1, 0, 0, 0, 1]
    base = scores(values)
    return [row | {"acted": a, "aware": b} | keys for row, a, b in zip(base, acted, aware, strict=True)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_rollouts_count_what_models_did_and_said(suffix: str, tmp_path: Path) -> None:
    headline = from_rollouts(tmp_path, marked(), suffix).headline
    # the aware rollout without a score is no scored one
    columns = ["n_trials", "n_events", "n_missing", "n_acted", "n_aware", "n_aware_events"]
    assert headline[columns].to_numpy().tolist() == [[10, 4, 1, 6, 3, 1]]


@pytest.mark.parametrize("suffix", FORMATS)
def test_marks_may_be_written_as_yes_and_no_or_true_and_false(suffix: str, tmp_path: Path) -> None:
    rows = [row | {"acted": "Yes" if row["acted"] else "no", "aware": str(bool(row["aware"]))} for row in marked()]
    headline = from_rollouts(tmp_path, rows, suffix).headline
    assert headline[["n_acted", "n_aware"]].to_numpy().tolist() == [[6, 3]]


def test_a_mark_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    rows = [row | {"acted": "maybe"} for row in marked()]
    (problem,) = refused(tmp_path, rows)
    assert (problem.code, problem.found) == ("FLAG_VALUE", '"maybe"')
    assert problem.place == 'rollouts.jsonl, column "acted", 10 rows'
    assert problem.required == "0/1, true/false or yes/no, blank where it is not known"


def test_a_run_whose_rollouts_do_not_say_whether_it_acted_is_not_one_that_did_not(tmp_path: Path) -> None:
    rows = [*marked(), *(row | {"run_id": "1e5", "acted": None, "aware": None} for row in marked())]
    headline = from_rollouts(tmp_path, rows).headline.set_index("run_id")
    assert headline.loc["001", "n_acted"] == 6
    assert math.isnan(headline.loc["1e5", "n_acted"])
    assert math.isnan(headline.loc["1e5", "n_aware"])


# Items


def test_rollouts_are_kept_item_by_item_where_they_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = scores([1, 0, None, 1], item_id="a") + scores([0, 1], item_id="b")
    rows = [row | {"epoch": epoch} for epoch, row in enumerate(rows)]
    kept = from_rollouts(tmp_path, rows).items
    assert kept.to_numpy().tolist() == [["001", "blackmail", "a", 4, 2, 1], ["001", "blackmail", "b", 2, 1, 0]]
    monkeypatch.setattr(items, "MOST_ROLLOUTS", 5)
    assert from_rollouts(tmp_path, rows).items.empty


def test_scores_and_the_rows_of_other_judges_have_no_items(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path)
    rows = [row | {"judge": judge} for judge in ("opus", "sonnet") for row in scores([1, 0, 1], item_id="a")]
    rows = [row | {"epoch": epoch} for epoch, row in enumerate(rows)]
    write(folder, "jsonl", [*rows, *scores([0.5, 0.7], eval_id="Flattering|default", judge="opus")])
    study = (folder.path / "study.toml").read_text()
    folder.write("study.toml", study.replace("[components.tools]", '[analysis]\njudge = "opus"\n[components.tools]'))
    assert folder.tables().items.to_numpy().tolist() == [["001", "blackmail", "a", 3, 2, 0]]


# Beside the rates


def test_strata_of_awareness_stand_beside_the_rate_and_the_contamination_beside_a_zero() -> None:
    # 40 of 100 aware with 2 events: 5 %; 60 unaware with 18: 30 %. The run rate is 20 %.
    study = study_of(("tools",), (REDUCES,), draws=199)
    arms = [({"tools": 0}, [20, 20, 20]), ({"tools": 1}, [0, 0, 0])]
    keys = {"blackmail": {"contaminated": "yes"}}
    found = analyse(study, tables(study, arms, keys=keys, n_aware=(40, 10), n_aware_events=(2, 0)))
    first, second = found.measured_rates.to_dict("records")
    assert (first["rate"], first["aware_rate"], first["rate_aware"], first["rate_unaware"]) == pytest.approx(
        (0.2, 0.4, 0.05, 0.3)
    )
    assert (second["rate"], second["aware_rate"], second["contaminated"]) == (0.0, pytest.approx(0.1), True)
    (shown,) = [table for table in measurement_tables(found) if table.name == "beside_rates"]
    assert [cell.shown for cell in shown.rows[1]][-1] == "yes"
    assert "Aware" in shown.columns


def test_a_zero_says_how_much_of_it_models_took_for_a_test_and_whether_they_may_know_the_eval() -> None:
    # 40 of 100 rollouts of each of five runs spoke of a test: of the other 300 alone at most 1.66 %.
    # By hand: 1 - .05^(1/n) at n = 300 (1.645 / 2.132)^2 = 179.0 rollouts (t quantiles of 299 and 4 df: 1.650, 2.132).
    zero = claim(kind="reaches_zero", bound=0.02)
    keys = {"blackmail": {"contaminated": "yes"}}
    one = verdict(zero, treated=[0] * 5, keys=keys, n_aware=(0, 40), n_aware_events=(0, 0))
    assert 'The zero is on "blackmail", which models may have trained on: it says less' in one.reason
    bound = 1.0 - 0.05 ** (1.0 / (300 * (1.6500 / 2.1318) ** 2))
    said = "In 40.0% of the rollouts behind the zero the model said that it may be in a test; of the other 300 alone "
    assert f"{said}the one-sided 95% bound is {bound:.2%}" in one.reason
    assert "behind the zero" not in verdict(zero, treated=[0, 0, 1, 0, 0], n_aware=(0, 40)).reason


def test_a_zero_without_such_words_needs_none() -> None:
    assert "The zero" not in verdict(claim(kind="reaches_zero", bound=0.02), treated=[0] * 5).reason


def test_the_section_shows_bounds_and_controls_claim_by_claim() -> None:
    study = study_of(("tools",), (REDUCES,), draws=199)
    arms = [({"tools": 0}, HIGH), ({"tools": 1}, LOW)]
    counts = {"n_trials": (110, 130), "n_missing": (10, 30)}
    found = analyse(study, tables(study, arms, ("blackmail", "calm"), {"calm": {"domain": "control"}}, **counts))
    shown = {table.name: table for table in measurement_tables(found)}
    assert set(shown) == {"missing", "controls"}
    assert [cell.shown for cell in shown["missing"].rows[0]][2:4] == ["150", "50"]
    # the control has the claim's own counts here: it moved as much
    assert shown["controls"].rows[0][-1].shown.startswith("yes")
    row = found.verdicts_frame().iloc[0]
    assert row["missing_low"] == pytest.approx(20 / 130 - 70 / 110)
    assert row["controls_moved"] == "calm"
