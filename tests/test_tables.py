"""The tables layer: what comes out of sound input, in what order, and by what arithmetic."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.errors import Severity, TableError
from mixablate.study import Study, parse_study
from mixablate.tables import Tables, contract, read_tables, tables_from_frames, write_tables
from mixablate.tables.names import as_nfc, shown
from mixablate.tables.numbers import read_numbers
from mixablate.tables.pooling import OutcomeRow, pooled
from mixablate.tables.raw import MAX_EXACT, RawTable
from study_folder import EVALS, OUTCOMES, RUNS, STUDY, sound_folder

NAN = float("nan")
BUSY_MACHINE_SECONDS = 0.1
"""The layer's aim is 15 ms for 40 runs x 5 evals; a loaded CI machine may take several times as long."""

ODD_NAMES = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u3164\uffa0\u115f\u1160\ufffd"),
    min_size=1,
    max_size=8,
).map(as_nfc)


def study(text: str = STUDY) -> Study:
    return parse_study(text, place="study.toml", folder=Path())


def declared(extra: str) -> Study:
    """The sound study with keys of [analysis]."""
    return study(STUDY.replace("[components.tools]", f"[analysis]\n{extra}\n[components.tools]"))


RUN_FRAME = pd.DataFrame(
    {
        "run_id": ["b/2", "a 1", "c"],
        "unused tools": [0, 1, 1],
        "mix.difficult advice": [0.0, 0.2, 0.2],
        "mix.chat": [1.0, 0.8, 0.8],
        "stories": [0, 0, 14_000_000],
        "prefix": ["none", "fixed", "mix"],
        "seed": [1, 2, 3],
    }
)
EVAL_FRAME = pd.DataFrame({"eval_id": ["leak"], "domain": ["control"], "direction": ["lower"]})


def from_outcomes(rows: list[dict[str, object]], declaration: Study | None = None) -> Tables:
    outcomes = pd.DataFrame([{"eval_id": "leak"} | row for row in rows])
    return tables_from_frames(declaration or study(), runs=RUN_FRAME, outcomes=outcomes, evals=EVAL_FRAME)


def refused(rows: list[dict[str, object]], declaration: Study | None = None) -> list[str]:
    with pytest.raises(TableError) as caught:
        from_outcomes(rows, declaration)
    return [problem.code for problem in caught.value.problems]


def counts(run: str, trials: int, events: int, **more: object) -> dict[str, object]:
    return {"run_id": run, "n_trials": trials, "n_events": events} | more


def equal(one: Tables, other: Tables) -> None:
    for name in ("runs", "outcomes", "evals", "headline"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert one.notices == other.notices


# What comes out


def test_the_tables_keep_their_contract(tmp_path: Path) -> None:
    tables = sound_folder(tmp_path).tables()
    contract.RUNS.validate(tables.runs)
    contract.OUTCOMES.validate(tables.outcomes)
    contract.EVALS.validate(tables.evals)
    contract.HEADLINE.validate(tables.headline)


def test_runs_have_every_documented_column_and_the_undeclared_ones_last(tmp_path: Path) -> None:
    runs = sound_folder(tmp_path).tables().runs
    assert list(runs.columns) == [
        "run_id",
        "base_model",
        "seed",
        "tools",
        "advice",
        "tokens_of_stories",
        "prefix",
        "mix.chat",
        "mix.difficult advice",
        "tokens",
        "examples",
        "epochs",
        "stage",
        "parent_run_id",
        "note",
    ]
    assert runs["base_model"].tolist() == [None] * 4


def test_ids_stay_text_whatever_they_look_like(tmp_path: Path) -> None:
    tables = sound_folder(tmp_path).tables()
    assert tables.runs["run_id"].tolist() == ["001", "1e5", "TRUE", "german_flattering/coffee_is_hot"]
    assert tables.runs["seed"].tolist() == ["2", "1", "2", "1"]


def test_the_headline_is_one_row_per_run_and_eval_with_the_scored_trials(tmp_path: Path) -> None:
    headline = sound_folder(tmp_path).tables().headline
    row = headline[(headline["run_id"] == "001") & (headline["eval_id"] == "blackmail")].iloc[0]
    # 300 attempted, 2 of them missing: 60 events among 298
    assert (row["n_trials"], row["n_events"], row["n_missing"], row["n_scored"]) == (300, 60, 2, 298)
    assert headline[["run_id", "eval_id"]].to_numpy().tolist() == sorted(
        headline[["run_id", "eval_id"]].to_numpy().tolist()
    )


def test_blank_missing_counts_are_none_missing(tmp_path: Path) -> None:
    outcomes = sound_folder(tmp_path).tables().outcomes
    assert outcomes.loc[outcomes["run_id"] == "1e5", "n_missing"].tolist() == [0.0, 0.0]


def test_a_run_with_every_rollout_missing_leaves_the_headline_and_is_named(tmp_path: Path) -> None:
    tables = sound_folder(tmp_path).tables()
    (notice,) = [notice for notice in tables.notices if notice.code == "NOTHING_SCORED"]
    assert "TRUE on Flattering|default" in notice.found
    assert len(tables.outcomes) == 8
    assert len(tables.headline) == 7


def test_evals_get_their_defaults(tmp_path: Path) -> None:
    evals = sound_folder(tmp_path).tables().evals
    assert evals["label"].tolist() == ["Flattering|default", "Blackmail honeypot"]
    assert evals["weight"].tolist() == [2.0, 1.0]
    assert evals["contaminated"].tolist() == [True, False]
    assert evals["kind"].tolist() == ["events", "events"]


def test_the_files_read_are_named_with_their_hash_and_rows(tmp_path: Path) -> None:
    sources = sound_folder(tmp_path).tables().sources
    assert [(source.path, source.rows) for source in sources] == [
        ("runs.csv", 4),
        ("outcomes.csv", 8),
        ("evals.csv", 2),
    ]
    assert all(len(source.sha256) == 64 for source in sources)


def test_renamed_columns_are_read_under_our_names_and_named_by_theirs(tmp_path: Path) -> None:
    text = STUDY.replace("[components.tools]", '[tables.rename]\n"model name" = "run_id"\n[components.tools]')
    runs, outcomes = RUNS.replace("run_id", "model name"), OUTCOMES.replace("run_id", "model name")
    assert len(sound_folder(tmp_path, study=text, runs=runs, outcomes=outcomes).tables().runs) == 4
    (problem,) = sound_folder(tmp_path, study=text, runs=runs.replace("TRUE,2", ",2"), outcomes=outcomes).errors()[:1]
    assert problem.place == 'runs.csv, line 5, column "model name"'


def test_tab_separated_tables_are_read_by_their_suffix(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path, study=STUDY.replace("evals.csv", "evals.tsv"))
    folder.write("evals.tsv", EVALS.replace(",", "\t"))
    assert len(folder.tables().evals) == 2


def test_crlf_line_ends_and_blank_lines_change_nothing_and_lines_are_still_counted(tmp_path: Path) -> None:
    plain = sound_folder(tmp_path).tables()
    folder = sound_folder(tmp_path, outcomes=OUTCOMES.replace("\n", "\r\n\r\n"))
    equal(plain, folder.tables())
    folder.write("outcomes.csv", OUTCOMES.replace("300,60,2", "30,60,2").replace("\n", "\r\n\r\n"))
    # two lines per row: data row 3 starts on line 7
    assert folder.errors()[0].place == 'outcomes.csv, line 7, column "n_events"'


def test_a_line_break_inside_a_quoted_cell_is_counted(tmp_path: Path) -> None:
    runs = RUNS.replace('"hot, like coffee"', '"hot,\nlike\ncoffee"').replace("1e5,1,1,", "1e5,1,9,")
    (problem,) = sound_folder(tmp_path, runs=runs).errors()
    assert problem.place == 'runs.csv, line 6, column "unused tools"'


# Order and names move nothing


def shuffled(text: str, order: random.Random) -> str:
    """A CSV text with its rows and columns in another order; no cell here holds a comma."""
    header, *rows = [line.split(",") for line in text.splitlines()]
    columns = order.sample(range(len(header)), len(header))
    order.shuffle(rows)
    return "".join(",".join(row[c] for c in columns) + "\n" for row in [header, *rows])


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_shuffled_rows_and_columns_give_equal_tables(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    order, runs = random.Random(seed), RUNS.replace('"hot, like coffee"', "hot")
    folder = tmp_path_factory.mktemp("order")
    plain = sound_folder(folder, runs=runs).tables()
    texts = {name: shuffled(text, order) for name, text in (("runs", runs), ("outcomes", OUTCOMES), ("evals", EVALS))}
    equal(plain, sound_folder(folder, **texts).tables())


@given(names=st.lists(ODD_NAMES, min_size=3, max_size=3, unique_by=str.casefold))
def test_other_run_ids_give_the_same_numbers(names: list[str]) -> None:
    rows = [counts("b/2", 10, 1), counts("a 1", 20, 2), counts("c", 30, 3)]
    renamed = dict(zip(["b/2", "a 1", "c"], names, strict=True))
    outcomes = pd.DataFrame([row | {"eval_id": "leak", "run_id": renamed[str(row["run_id"])]} for row in rows])
    runs = RUN_FRAME.assign(run_id=RUN_FRAME["run_id"].map(renamed))
    tables = tables_from_frames(study(), runs=runs, outcomes=outcomes, evals=EVAL_FRAME)
    events = dict(zip(tables.headline["run_id"], tables.headline["n_events"], strict=True))
    assert events == {renamed["b/2"]: 1.0, renamed["a 1"]: 2.0, renamed["c"]: 3.0}
    assert tables.runs["run_id"].tolist() == sorted(names)


# Frames


def test_frames_and_files_give_equal_tables(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path)
    frames = {
        name: pd.read_csv(folder.path / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("runs", "outcomes", "evals")
    }
    frames["outcomes"]["n_trials"] = frames["outcomes"]["n_trials"].astype(int)
    frames["runs"]["seed"] = frames["runs"]["seed"].astype(int)
    frames["runs"]["unused tools"] = frames["runs"]["unused tools"] == "1"
    built = tables_from_frames(folder.study(), **frames)
    read = folder.tables()
    for name in ("runs", "outcomes", "evals", "headline"):
        pd.testing.assert_frame_equal(getattr(built, name), getattr(read, name))
    assert built.sources == ()


def test_frames_are_not_changed() -> None:
    outcomes = pd.DataFrame([counts("c", 10, 1, eval_id="leak", n_missing=NAN)])
    before = (RUN_FRAME.copy(deep=True), outcomes.copy(deep=True))
    tables_from_frames(study(), runs=RUN_FRAME, outcomes=outcomes, evals=EVAL_FRAME)
    pd.testing.assert_frame_equal(RUN_FRAME, before[0])
    pd.testing.assert_frame_equal(outcomes, before[1])


def test_a_frame_with_numbers_as_run_ids_is_refused() -> None:
    runs = RUN_FRAME.assign(run_id=[1, 2, 3])
    outcomes = pd.DataFrame([counts("1", 10, 1, eval_id="leak")])
    with pytest.raises(TableError) as caught:
        tables_from_frames(study(), runs=runs, outcomes=outcomes, evals=EVAL_FRAME)
    assert caught.value.problems[0].code == "ID_TYPE"
    assert "astype(str)" in caught.value.problems[0].remedy


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("unused tools", [0.0, NAN, 1.0], "LEVEL_MISSING"),
        ("unused tools", [0, 2, 1], "FLAG_VALUE"),
        ("stories", [0.0, math.inf, 1.0], "NOT_FINITE"),
        ("stories", [0, 2**53 + 1, 1], "INTEGER_RANGE"),
        ("mix.chat", [1.0, 0.8, 0.81], "MIX_SUM"),
        ("prefix", ["a", None, "b"], "LEVEL_MISSING"),
        ("tokens", [1, -1, 1], "AMOUNT_RANGE"),
    ],
)
def test_a_wrong_cell_of_a_frame_is_refused_with_its_row(column: str, values: list[object], code: str) -> None:
    outcomes = pd.DataFrame([counts("c", 10, 1, eval_id="leak")])
    with pytest.raises(TableError) as caught:
        tables_from_frames(study(), runs=RUN_FRAME.assign(**{column: values}), outcomes=outcomes, evals=EVAL_FRAME)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.place.startswith("the runs frame, row ")


def test_forty_runs_on_five_evals_are_validated_fast() -> None:
    number = range(40)
    runs = pd.DataFrame(
        {
            "run_id": [f"run {n}" for n in number],
            "unused tools": [n % 2 for n in number],
            "mix.difficult advice": 0.2,
            "mix.chat": 0.8,
            "stories": [n // 20 for n in number],
            "prefix": "none",
            "seed": [str(n) for n in number],
        }
    )
    evals = pd.DataFrame({"eval_id": list("abcde"), "domain": "control", "direction": "lower"})
    outcomes = pd.DataFrame([counts(f"run {n}", 300, n, eval_id=name) for n in number for name in "abcde"])
    tables_from_frames(study(), runs=runs, outcomes=outcomes, evals=evals)
    start = time.perf_counter()
    for _ in range(3):
        tables_from_frames(study(), runs=runs, outcomes=outcomes, evals=evals)
    assert (time.perf_counter() - start) / 3 < BUSY_MACHINE_SECONDS


# Scores


def test_scores_are_read_with_or_without_their_n_and_sd() -> None:
    tables = from_outcomes([{"run_id": "c", "value": 0.607, "n": 400, "sd": 0.036}, {"run_id": "a 1", "value": -3}])
    assert tables.evals["kind"].tolist() == ["score"]
    assert tables.headline["value"].tolist() == [-3.0, 0.607]
    assert tables.headline["n_trials"].isna().all()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"value": 0.5, "sd": -1}, "SCORE_RANGE"),
        ({"value": 0.5, "n": 2.5}, "COUNT_INTEGER"),
        ({"value": 0.5, "n_trials": 10, "n_events": 5}, "OUTCOME_KIND"),
        ({"value": NAN, "sd": 1.0}, "OUTCOME_MISSING"),
        ({"value": NAN, "n_trials": NAN}, "OUTCOME_MISSING"),
    ],
)
def test_a_wrong_score_is_refused(row: dict[str, object], code: str) -> None:
    assert refused([{"run_id": "c"} | row]) == [code]


def test_a_score_of_nothing_is_left_out_like_a_row_without_trials() -> None:
    tables = from_outcomes([{"run_id": "c", "value": NAN, "n": 0}, {"run_id": "a 1", "value": 1.0, "n": 3}])
    assert tables.headline["run_id"].tolist() == ["a 1"]
    assert "ZERO_TRIALS" in [notice.code for notice in tables.notices]


def test_an_eval_is_counts_or_scores_not_both() -> None:
    rows = [counts("c", 10, 1, value=NAN), {"run_id": "a 1", "value": 0.5}]
    assert refused(rows) == ["MIXED_KINDS"]


# The headline


def test_replicates_of_a_run_are_pooled_by_adding_their_counts() -> None:
    rows = [counts("c", 300, 269, replicate="1", n_missing=2), counts("c", 300, 268, replicate="2", n_missing=1)]
    tables = from_outcomes(rows)
    row = tables.headline.iloc[0]
    # 269 + 268 events of 600 attempted, 3 missing
    assert (row["n_trials"], row["n_events"], row["n_missing"], row["n_scored"]) == (600, 537, 3, 597)
    assert row["replicates"] == 2
    assert len(tables.outcomes) == 2


def score_row(value: float, n: float, sd: float) -> OutcomeRow:
    return OutcomeRow("r", "e", NAN, "", "", "", NAN, NAN, NAN, NAN, value, n, sd)


def test_scores_are_pooled_with_their_n_as_weights_and_the_spread_between_them() -> None:
    row = pooled([score_row(1.0, 2, 0.0), score_row(4.0, 4, 0.0)])
    # observations 1 1 4 4 4 4: mean 18/6 = 3; squares 4+4+1+1+1+1 = 12; sd = (12/5)^½
    assert row.value == 3.0
    assert row.n == 6
    assert row.sd == pytest.approx(math.sqrt(12 / 5), rel=1e-15)
    assert row.replicates == 2


@given(
    groups=st.lists(
        st.lists(st.floats(-100, 100), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ).filter(lambda groups: sum(map(len, groups)) > 1)
)
def test_pooled_scores_have_the_mean_and_sd_of_all_observations(groups: list[list[float]]) -> None:
    every = [value for group in groups for value in group]
    rows = [
        score_row(float(np.mean(group)), len(group), float(np.std(group, ddof=1)) if len(group) > 1 else NAN)
        for group in groups
    ]
    row = pooled(rows)
    # rounding of values up to 100, squared and summed over at most 24
    assert row.value == pytest.approx(np.mean(every), abs=1e-11)
    assert row.sd == pytest.approx(np.std(every, ddof=1), abs=1e-6)


def test_scores_without_an_n_are_averaged_equally_and_have_no_sd() -> None:
    row = pooled([score_row(1.0, 2, 0.1), score_row(4.0, NAN, 0.1)])
    assert row.value == 2.5
    assert math.isnan(row.n)
    assert math.isnan(row.sd)


def test_one_common_step_needs_no_declaration() -> None:
    assert from_outcomes([counts("c", 9, 1, step=312), counts("a 1", 9, 1, step=312)]).headline["step"].tolist() == [
        312,
        312,
    ]


def test_several_steps_need_one_that_headlines() -> None:
    rows = [
        counts("c", 9, 1, step=0),
        counts("c", 9, 5, step=312),
        counts("a 1", 9, 2, step=0),
        counts("a 1", 9, 7, step=313),
    ]
    assert refused(rows) == ["STEP_UNDECLARED"]
    twice = pd.DataFrame([row | {"eval_id": name} for name in ("leak", "leaks too") for row in rows])
    evals = pd.concat([EVAL_FRAME, EVAL_FRAME.assign(eval_id="leaks too")])
    with pytest.raises(TableError) as told:
        tables_from_frames(study(), runs=RUN_FRAME, outcomes=twice, evals=evals)
    (problem,) = told.value.problems
    assert problem.place == 'the outcomes frame, evals "leak", "leaks too"'
    last = from_outcomes(rows, declared('step = "last"'))
    assert last.headline[["n_events", "step"]].to_numpy().tolist() == [[7, 313], [5, 312]]
    assert ("MIXED_STEPS", Severity.INFO) in [(notice.code, notice.severity) for notice in last.notices]
    first = from_outcomes(rows, declared("step = 0"))
    assert first.headline["n_events"].tolist() == [2, 1]


def test_a_step_that_some_runs_lack_leaves_them_out_and_says_so() -> None:
    rows = [counts("c", 9, 5, step=312), counts("a 1", 9, 7, step=313)]
    tables = from_outcomes(rows, declared("step = 312"))
    assert tables.headline["run_id"].tolist() == ["c"]
    (notice,) = [notice for notice in tables.notices if notice.code == "RUN_LEFT_OUT"]
    assert '"a 1"' in notice.found


def test_a_step_that_no_run_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(TableError, match="Steps here: 312, 313") as caught:
        from_outcomes([counts("c", 9, 5, step=312), counts("a 1", 9, 7, step=313)], declared("step = 1000"))
    assert caught.value.problems[0].code == "UNKNOWN_STEP"


def test_blank_steps_beside_filled_ones_are_refused() -> None:
    assert refused([counts("c", 9, 5, step=312), counts("a 1", 9, 7, step=NAN)]) == ["STEP_MISSING"]


@pytest.mark.parametrize("key", ["metric", "judge"])
def test_a_declared_metric_or_judge_is_chosen(key: str) -> None:
    rows = [counts("c", 9, 1, **{key: "harmful"}), counts("c", 9, 5, **{key: "classifier_verdict"})]
    assert refused(rows) == [f"MIXED_{key.upper()}"]
    chosen = from_outcomes(rows, declared(f'{key} = "harmful"')).headline
    assert chosen[["n_events", key]].to_numpy().tolist() == [[1, "harmful"]]


@pytest.mark.parametrize("key", ["metric", "judge", "task_version"])
def test_rows_that_differ_are_pooled_only_when_the_study_says_so(key: str) -> None:
    rows = [counts("c", 9, 1, **{key: "3-A"}), counts("c", 9, 5, **{key: "4-A"})]
    assert refused(rows) == [f"MIXED_{key.upper()}"]
    pooled_row = from_outcomes(rows, declared(f'pool = ["{key}"]')).headline.iloc[0]
    assert (pooled_row["n_trials"], pooled_row["n_events"], pooled_row[key]) == (18, 6, "3-A + 4-A")


@pytest.mark.parametrize("key", ["metric", "judge"])
def test_an_eval_with_one_other_metric_or_judge_is_used_and_noted(key: str) -> None:
    outcomes = pd.DataFrame(
        [counts("c", 9, 1, eval_id="leak", **{key: "harmful"}), counts("c", 9, 5, eval_id="mmlu", **{key: "exact"})]
    )
    evals = pd.concat([EVAL_FRAME, EVAL_FRAME.assign(eval_id="mmlu")])
    tables = tables_from_frames(declared(f'{key} = "harmful"'), runs=RUN_FRAME, outcomes=outcomes, evals=evals)
    assert tables.headline[key].tolist() == ["harmful", "exact"]
    assert f"OTHER_{key.upper()}" in [notice.code for notice in tables.notices]


def test_tables_in_which_nothing_was_measured_are_refused() -> None:
    assert refused([counts("c", 0, 0), counts("a 1", 5, 0, n_missing=5)]) == ["NO_OUTCOMES"]


def test_runs_with_different_metrics_are_refused_since_they_measure_different_things() -> None:
    assert refused([counts("c", 9, 1, metric="a"), counts("a 1", 9, 5, metric="b")]) == ["MIXED_METRIC"]


@pytest.mark.parametrize("key", ["judge", "task_version"])
def test_runs_with_different_judges_are_warned_of_and_their_judge_is_kept(key: str) -> None:
    tables = from_outcomes([counts("c", 9, 1, **{key: "x"}), counts("a 1", 9, 5, **{key: "y"})])
    assert (f"MIXED_{key.upper()}", Severity.WARNING) in [(n.code, n.severity) for n in tables.notices]
    assert tables.headline[key].tolist() == ["y", "x"]


@pytest.mark.parametrize("key", ["metric", "judge"])
def test_a_declared_metric_or_judge_that_no_row_has_is_refused_with_the_nearest(key: str) -> None:
    with pytest.raises(TableError, match='Did you mean "harmful"') as caught:
        from_outcomes([counts("c", 9, 1, **{key: "harmful"})], declared(f'{key} = "harmfull"'))
    assert caught.value.problems[0].code == f"UNKNOWN_{key.upper()}"


def test_a_task_version_of_the_evals_table_fills_the_rows_that_name_none() -> None:
    evals = EVAL_FRAME.assign(task_version="4-A")
    rows = [counts("c", 9, 1, eval_id="leak", task_version=""), counts("a 1", 9, 1, eval_id="leak", task_version="3-A")]
    tables = tables_from_frames(study(), runs=RUN_FRAME, outcomes=pd.DataFrame(rows), evals=evals)
    assert tables.headline["task_version"].tolist() == ["3-A", "4-A"]
    assert {"MIXED_TASK_VERSION", "TASK_VERSION"} <= {notice.code for notice in tables.notices}


# Declared columns


def test_covariates_of_numbers_are_numbers_and_others_are_names() -> None:
    declaration = declared('covariates = ["lr", "lab"]\nblock = ["lab"]')
    runs = RUN_FRAME.assign(lr=["1e-4", "5e-06", "0.0001"], lab=["x", "y", "y"])
    outcomes = pd.DataFrame([counts("c", 9, 1, eval_id="leak")])
    tables = tables_from_frames(declaration, runs=runs, outcomes=outcomes, evals=EVAL_FRAME)
    assert tables.runs["lr"].tolist() == [5e-06, 1e-4, 1e-4]
    assert tables.runs["lab"].tolist() == ["y", "x", "y"]
    assert "lr" not in " ".join(notice.found for notice in tables.notices)


def test_a_dose_may_read_a_feature_or_an_amount_whose_level_is_unknown() -> None:
    text = STUDY.replace('column = "stories"', 'column = "feature.stories"')
    runs = RUN_FRAME.rename(columns={"stories": "feature.stories"})
    runs["feature.stories"] = ["0", "unknown", "2.5"]
    outcomes = pd.DataFrame([counts("c", 9, 1, eval_id="leak")])
    tables = tables_from_frames(study(text), runs=runs, outcomes=outcomes, evals=EVAL_FRAME)
    assert tables.runs["tokens_of_stories"].fillna(-1).tolist() == [-1, 0, 2.5]
    assert tables.runs["feature.stories"].fillna(-1).tolist() == [-1, 0, 2.5]


def test_a_blank_block_is_refused() -> None:
    runs = RUN_FRAME.assign(lab=["x", "", "y"])
    outcomes = pd.DataFrame([counts("c", 9, 1, eval_id="leak")])
    with pytest.raises(TableError) as caught:
        tables_from_frames(declared('block = ["lab"]'), runs=runs, outcomes=outcomes, evals=EVAL_FRAME)
    assert [problem.code for problem in caught.value.problems] == ["LEVEL_MISSING"]


def test_a_column_named_like_a_component_that_reads_another_is_said_to_be_hidden(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path, runs=RUNS.replace("note", "tools"))
    assert "COLUMN_SHADOWED" in [notice.code for notice in folder.notices()]
    assert folder.tables().runs["tools"].tolist() == [0.0, 1.0, 1.0, 0.0]


def test_features_are_numbers_and_may_be_blank(tmp_path: Path) -> None:
    runs = (
        sound_folder(tmp_path, runs=RUNS.replace("note", "feature.hill").replace('"hot, like coffee"', "2.5"))
        .tables()
        .runs
    )
    assert runs["feature.hill"].dropna().tolist() == [2.5]


# Writing


def test_written_tables_read_back_to_the_same_numbers(tmp_path: Path) -> None:
    tables = sound_folder(tmp_path).tables()
    tables.runs["unused tools"], tables.runs["stories"] = tables.runs["tools"], tables.runs["tokens_of_stories"]
    runs = tables.runs.drop(columns=["tools", "advice", "tokens_of_stories"])
    paths = write_tables(tmp_path, runs=runs, outcomes=tables.outcomes, evals=tables.evals.drop(columns="kind"))
    assert [path.name for path in paths] == ["runs.csv", "outcomes.csv", "evals.csv"]
    again = read_tables(sound_folder(tmp_path, **{path.stem: path.read_bytes() for path in paths}).study())
    pd.testing.assert_frame_equal(again.headline, tables.headline, check_exact=True)
    pd.testing.assert_frame_equal(again.evals, tables.evals, check_exact=True)


def test_whole_numbers_are_written_without_a_point_and_blanks_as_blanks(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"run_id": ['odd, "id"'], "n": [300.0], "rate": [0.1], "sd": [NAN], "flag": [True], "seed": [None]}
    )
    (path,) = write_tables(tmp_path / "new", runs=frame)
    assert path.read_bytes() == b'run_id,n,rate,sd,flag,seed\n"odd, ""id""",300,0.1,,true,\n'


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"run_id": ["a"]})
    write_tables(tmp_path, runs=frame)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_tables(tmp_path, runs=pd.DataFrame({"run_id": ["b"]}))
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]
    assert (tmp_path / "runs.csv").read_text() == "run_id\na\n"


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=5))
def test_any_double_survives_writing_and_reading(values: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    (path,) = write_tables(tmp_path_factory.getbasetemp(), runs=pd.DataFrame({"x": values}))
    cells = path.read_text().splitlines()[1:]
    raw = RawTable("runs", "r", {"x": cells}, len(cells))
    numbers, problems = read_numbers(raw, "x")
    exact = [abs(value) <= MAX_EXACT or not value.is_integer() for value in values]
    # whole numbers beyond 2^53 are refused on reading, everything else comes back bit by bit
    assert len(problems) == min(exact.count(False), 6)
    assert [n for n, keep in zip(numbers.tolist(), exact, strict=True) if keep] == [
        value for value, keep in zip(values, exact, strict=True) if keep
    ]


# Text -> numbers


@given(text=st.text(max_size=12))
def test_any_cell_is_a_number_blank_or_a_problem_that_names_it(text: str) -> None:
    numbers, problems = read_numbers(RawTable("runs", "r", {"x": [text]}, 1, [2]), "x")
    if problems:
        assert math.isnan(numbers[0])
        assert problems[0].place == 'r, line 2, column "x"'
        assert problems[0].remedy
    elif text.strip(" \t"):
        assert numbers[0] == float(text)


@given(number=st.floats(allow_nan=False, allow_infinity=False, max_value=1e15, min_value=-1e15))
def test_numbers_are_read_to_the_last_bit(number: float) -> None:
    numbers, problems = read_numbers(RawTable("runs", "r", {"x": [repr(number)]}, 1), "x")
    assert problems == []
    assert numbers[0] == number


@given(name=st.text(max_size=100))
def test_what_a_message_quotes_is_visible_and_short(name: str) -> None:
    said = shown(name)
    assert len(said) <= 62
    assert said.isprintable()
