"""Which runs of one seed are counted once: those that nothing declared tells apart, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from mixablate.study import Claim
from mixablate.tables import Tables, counted_once_words, tables_from_frames
from small_studies import claim, evals_frame, flag, study_of

NUMBERED = (0.5, 0.6, 0.7, 0.8, 0.9)
NAMED = ("a", "b", "c", "d", "e")


def five_of_an_arm(
    column: str, values: Sequence[object], claims: Sequence[Claim] = (), seed: str = "0", **analysis: object
) -> Tables:
    """Five runs of each of two arms, all of one seed, told apart by one column or not."""
    runs = [
        {"run_id": f"t{tools}-{i}", "tools": tools, "seed": seed, "base_model": "m", column: value}
        for tools in (0, 1)
        for i, value in enumerate(values)
    ]
    return read(runs, claims, **analysis)


def read(runs: list[dict[str, object]], claims: Sequence[Claim] = (), **analysis: object) -> Tables:
    outcomes = [
        {"run_id": run["run_id"], "eval_id": "blackmail", "n_trials": 100, "n_events": 30 + i, "n_missing": 0}
        for i, run in enumerate(runs)
    ]
    study = study_of(("tools", "prompts"), claims, **analysis)
    return tables_from_frames(
        study,
        runs=pd.DataFrame(runs).assign(prompts=0),
        outcomes=pd.DataFrame(outcomes),
        evals=evals_frame(["blackmail"], {}),
    )


def test_runs_of_one_seed_that_nothing_tells_apart_are_counted_once() -> None:
    assert len(five_of_an_arm("note", NAMED).runs) == 2
    assert len(five_of_an_arm("note", NAMED, same_seed="independent").runs) == 10


@pytest.mark.parametrize(
    ("column", "values", "claims", "analysis"),
    [
        ("batch", NAMED, (), {"pair": "batch"}),
        ("lr", NUMBERED, (), {"covariates": ["lr"]}),
        ("site", NAMED, (), {"block": ["site"]}),
        ("feature.entropy", NUMBERED, (), {}),
        ("lines", NUMBERED, [claim(kind="correlates", components=(), column="lines")], {}),
        ("lines", NUMBERED, [claim(kind="correlates", components=(), column="tools", given=("lines",))], {}),
        ("words", NUMBERED, [claim(kind="efficient", than=("prompts",), per="words", ratio=2.0)], {}),
        ("base_model", NAMED, (), {}),
        ("stage", NAMED, (), {}),
        ("tokens", (1.0, 2.0, 3.0, 4.0, 5.0), (), {}),
    ],
)
def test_what_a_study_reads_of_runs_tells_them_apart(column, values, claims, analysis) -> None:
    # One training has one batch, one learning rate, one entropy of its data: five values are five trainings.
    tables = five_of_an_arm(column, values, claims, **analysis)
    assert len(tables.runs) == 10
    assert tables.named is None
    assert not [notice for notice in tables.notices if notice.code == "REUSED_SEED"]


def test_runs_told_apart_by_the_seed_that_pairs_them_are_repeated_all_the_same() -> None:
    assert len(five_of_an_arm("note", NAMED, pair="seed").runs) == 2


def test_mixes_that_differ_by_the_noise_of_adding_are_one_mix() -> None:
    # 0.1 + 0.2 is 0.30000000000000004: such runs are one arm, so that their seeds are compared.
    runs: list[dict[str, object]] = [
        {"run_id": f"t{tools}{name}", "tools": tools, "seed": "0", "base_model": "m", "mix.a": part, "mix.b": 0.7}
        for tools in (0, 1)
        for name, part in (("", 0.3), ("-again", 0.1 + 0.2))
    ]
    assert read(runs).runs["run_id"].tolist() == ["t0", "t1"]


def two_stages(names: Sequence[str], seeds_later: bool = False) -> list[dict[str, object]]:
    """Each seed's first stage under every name, and what was trained on from each name; two arms of two seeds."""
    runs: list[dict[str, object]] = []
    for tools in (0, 1):
        for seed in (1, 2):
            for place, name in enumerate(names):
                own = {"tools": tools, "seed": seed, "base_model": "m"}
                first = f"first{tools}{seed}{name}"
                later = {"seed": 10 * place + seed} if seeds_later else {}
                runs.append({**own, "run_id": first, "stage": "sft", "parent_run_id": None})
                runs.append(
                    {**own, "run_id": f"later{tools}{seed}{name}", "stage": "rl", "parent_run_id": first} | later
                )
    return runs


def test_what_was_trained_from_two_names_of_one_run_is_counted_once_too() -> None:
    # 4 first runs and 4 later ones, each under two names
    tables = read(two_stages(["", "-again"]))
    assert sorted(tables.runs["run_id"]) == sorted(str(run["run_id"]) for run in two_stages([""]))
    (notice,) = [notice for notice in tables.notices if notice.code == "REUSED_SEED"]
    assert '"later01", "later01-again" (seed 1)' in notice.found


def test_runs_trained_on_from_another_name_keep_a_parent() -> None:
    # With seeds of their own the later runs are 8 trainings, of the 4 first runs that are left.
    tables = read(two_stages(["", "-again"], seeds_later=True))
    assert len(tables.runs) == 12
    parent = tables.runs.set_index("run_id")["parent_run_id"]
    assert parent["later01-again"] == parent["later01"] == "first01"
    assert set(parent.dropna()) <= set(tables.runs["run_id"])


def test_parents_called_independent_are_left_as_they_are() -> None:
    tables = read(two_stages(["", "-again"]), same_seed="independent")
    parent = tables.runs.set_index("run_id")["parent_run_id"]
    assert (len(tables.runs), parent["later01-again"]) == (16, "first01-again")


def test_labels_of_a_run_that_is_not_counted_are_not_counted() -> None:
    study = study_of((flag("tools"),))
    runs = [{"run_id": f"t{t}{name}", "tools": t, "seed": 1, "base_model": "m"} for t in (0, 1) for name in ("", "x")]
    outcomes = [
        {"run_id": r["run_id"], "eval_id": "blackmail", "n_trials": 9, "n_events": 3, "n_missing": 0} for r in runs
    ]
    labels = [{"run_id": r["run_id"], "eval_id": "blackmail", "human": 1, "judged": 1, "n": 5} for r in runs]
    anonymous = [{"run_id": "", "eval_id": "blackmail", "human": 0, "judged": 0, "n": 7}]
    tables = tables_from_frames(
        study,
        runs=pd.DataFrame(runs),
        outcomes=pd.DataFrame(outcomes),
        evals=evals_frame(["blackmail"], {}),
        labels=pd.DataFrame([*labels, *anonymous]),
    )
    assert sorted(tables.runs["run_id"]) == ["t0", "t1"]
    assert sorted(tables.labels["run_id"].fillna("")) == ["", "t0", "t1"]


def test_one_more_seed_is_said_in_the_singular() -> None:
    runs = [{"run_id": f"t{seed}{x}", "tools": 0, "seed": seed, "base_model": "m"} for seed in range(4) for x in "ab"]
    runs += [{"run_id": "u", "tools": 1, "seed": 0, "base_model": "m"}]
    assert counted_once_words(study_of(("tools", "prompts")), read(runs)).endswith('"t2a" and "t2b" and 1 more seed')
