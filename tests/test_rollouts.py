"""Rollouts summed to outcomes: the same numbers as their counts, whatever the format, the order and the threads."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import random
import re
import statistics
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.errors import Problem, Severity
from mixablate.tables import Tables, read_tables
from mixablate.tables.rollouts import cells, exact_sums, hashes, local
from mixablate.tables.rollouts.source import RolloutSource
from study_folder import EVALS, STUDY, Folder, sound_folder

Row = dict[str, Any]
HEADER = ["run_id", "eval_id", "item_id", "epoch", "value"]
FORMATS = ["csv", "tsv", "jsonl", "ndjson", "parquet"]

COUNTS = {
    # run, eval: events, scored, missing
    ("001", "blackmail"): (3, 8, 2),
    ("1e5", "blackmail"): (0, 10, 0),
    ("TRUE", "blackmail"): (10, 10, 0),
    ("german_flattering/coffee_is_hot", "blackmail"): (5, 9, 1),
    ("001", "Flattering|default"): (1, 4, 0),
}
OUTCOMES = "run_id,eval_id,n_trials,n_events,n_missing\n" + "".join(
    f"{run},{eval_id},{scored + missing},{events},{missing}\n"
    for (run, eval_id), (events, scored, missing) in COUNTS.items()
)


def rollouts_of_counts() -> list[Row]:
    rows: list[Row] = []
    for (run, eval_id), (events, scored, missing) in COUNTS.items():
        values = [1] * events + [0] * (scored - events) + [None] * missing
        rows += [
            {"run_id": run, "eval_id": eval_id, "item_id": f"item, {n % 5}", "epoch": n // 5, "value": value}
            for n, value in enumerate(values)
        ]
    return rows


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    with duckdb.connect() as con:
        con.register("frame", frame)
        con.execute("COPY frame TO $path (FORMAT parquet)", {"path": str(path)})


def write(folder: Folder, suffix: str, rows: list[Row]) -> None:
    """The rows as rollouts.<suffix>, and a study that names it."""
    path = folder.path / f"rollouts.{suffix}"
    if suffix == "parquet":
        write_parquet(path, pd.DataFrame(rows))
    elif suffix in ("jsonl", "ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd.DataFrame(rows).astype(object).to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    folder.write("study.toml", STUDY.replace('outcomes = "outcomes.csv"', f'rollouts = "rollouts.{suffix}"'))


def from_rollouts(path: Path, rows: list[Row], suffix: str = "jsonl") -> Tables:
    folder = sound_folder(path)
    write(folder, suffix, rows)
    return folder.tables()


def refused(path: Path, rows: list[Row], suffix: str = "jsonl") -> tuple[Problem, ...]:
    folder = sound_folder(path)
    write(folder, suffix, rows)
    return folder.errors()


def refused_text(path: Path, text: str | bytes, suffix: str = "csv") -> tuple[Problem, ...]:
    folder = sound_folder(path, study=STUDY.replace('outcomes = "outcomes.csv"', f'rollouts = "rollouts.{suffix}"'))
    folder.write(f"rollouts.{suffix}", text)
    return folder.errors()


def scores(values: list[float | None], **more: object) -> list[Row]:
    return [
        {"run_id": "001", "eval_id": "blackmail", "item_id": n, "epoch": 1, "value": value} | more
        for n, value in enumerate(values)
    ]


# The same numbers


@pytest.mark.parametrize("suffix", FORMATS)
def test_rollouts_give_the_tables_of_their_counts(suffix: str, tmp_path: Path) -> None:
    counted = sound_folder(tmp_path, outcomes=OUTCOMES).tables()
    summed = from_rollouts(tmp_path, rollouts_of_counts(), suffix)
    for name in ("runs", "outcomes", "evals", "headline"):
        pd.testing.assert_frame_equal(getattr(summed, name), getattr(counted, name), check_exact=True)
    assert summed.notices == counted.notices
    assert [(source.path, source.rows) for source in summed.sources][1] == (f"rollouts.{suffix}", 44)


@settings(max_examples=25)
@given(
    counts=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5)).filter(any), min_size=4, max_size=4
    )
)
def test_any_counts_survive_being_spread_over_rollouts(
    counts: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = ["001", "1e5", "TRUE", "german_flattering/coffee_is_hot"]
    rows: list[Row] = []
    for run, (events, others, missing) in zip(runs, counts, strict=True):
        values = [True] * events + [False] * others + [None] * missing
        rows += [{"run_id": run, "eval_id": "blackmail", "item_id": n, "value": v} for n, v in enumerate(values)]
    random.Random(0).shuffle(rows)
    outcomes = from_rollouts(tmp_path_factory.mktemp("counts"), rows).outcomes.set_index("run_id")
    for run, (events, others, missing) in zip(runs, counts, strict=True):
        assert outcomes.loc[run, ["n_trials", "n_events", "n_missing"]].tolist() == [
            events + others + missing,
            events,
            missing,
        ]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_value_other_than_0_and_1_makes_the_eval_a_score(suffix: str, tmp_path: Path) -> None:
    tables = from_rollouts(tmp_path, scores([2.0, 0.0, 1.0, None, 5.0]), suffix)
    row = tables.headline.iloc[0]
    # mean of 2 0 1 5 is 2; squares 0 + 4 + 1 + 9 = 14; sd = (14/3)^½; the null is missing, not 0
    assert (row["value"], row["n"], row["n_missing"]) == (2.0, 4.0, 1.0)
    assert row["sd"] == pytest.approx(math.sqrt(14 / 3), rel=1e-15)
    assert tables.evals.set_index("eval_id").loc["blackmail", "kind"] == "score"
    assert math.isnan(row["n_trials"])


def test_one_run_of_zeros_and_ones_does_not_make_a_scored_eval_one_of_events(tmp_path: Path) -> None:
    rows = scores([0, 1]) + scores([0.5], run_id="1e5")
    headline = from_rollouts(tmp_path, rows).headline
    assert headline["value"].tolist() == [0.5, 0.5]
    assert math.isnan(headline["sd"].iloc[1])


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_the_order_of_the_rows_moves_no_bit_of_a_score(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    order = np.random.default_rng(seed)
    rows = scores((order.standard_normal(300) * 10.0 ** order.integers(-8, 8, 300)).tolist())
    path = tmp_path_factory.mktemp("order")
    plain = from_rollouts(path, rows).headline
    random.Random(seed).shuffle(rows)
    pd.testing.assert_frame_equal(from_rollouts(path, rows).headline, plain, check_exact=True)


def test_the_number_of_threads_moves_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).standard_normal(200_000)
    rows = pd.DataFrame({"run_id": "001", "eval_id": "blackmail", "item_id": range(len(values)), "value": values})
    folder = sound_folder(tmp_path)
    write(folder, "parquet", scores([1.0]))
    write_parquet(folder.path / "rollouts.parquet", rows)
    connect, heads = duckdb.connect, []
    for threads in (1, 4):

        def limited(name: str, config: dict[str, Any], threads: int = threads) -> duckdb.DuckDBPyConnection:
            return connect(name, config=config | {"threads": str(threads)})

        monkeypatch.setattr(local.duckdb, "connect", limited)
        heads.append(folder.tables().headline)
    pd.testing.assert_frame_equal(heads[0], heads[1], check_exact=True)
    # the mean of 200,000 doubles, to the rounding of one division
    assert heads[0]["value"].iloc[0] == pytest.approx(math.fsum(values) / len(values), rel=1e-12)


# Keys and columns


def test_steps_metrics_judges_versions_and_replicates_stay_apart(tmp_path: Path) -> None:
    rows: list[Row] = []
    for step in (0, 312):
        for judge in ("sonnet", "opus"):
            rows += scores([1, 0, 1], step=step, judge=judge, metric="harmful", task_version="4-A", replicate="run1")
    folder = sound_folder(tmp_path)
    write(folder, "jsonl", rows)
    study = (folder.path / "study.toml").read_text()
    folder.write(
        "study.toml",
        study.replace("[components.tools]", '[analysis]\nstep = "last"\njudge = "opus"\n[components.tools]'),
    )
    tables = folder.tables()
    assert len(tables.outcomes) == 4
    assert tables.headline[["step", "judge", "n_events", "n_trials"]].to_numpy().tolist() == [[312, "opus", 2, 3]]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_repeated_rollout_is_refused_with_one_of_them_named(suffix: str, tmp_path: Path) -> None:
    rows = rollouts_of_counts()
    (problem,) = refused(tmp_path, [*rows, rows[3]], suffix)
    assert problem.code == "DUPLICATE_KEY"
    assert problem.found == (
        '1 repeated keys, among them run_id "001", eval_id "blackmail", item_id "item, 3", epoch "0" (2 rows)'
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_missing_column_is_refused_with_the_nearest_and_how_to_rename_it(suffix: str, tmp_path: Path) -> None:
    rows = [{("item" if key == "item_id" else key): v for key, v in row.items()} for row in rollouts_of_counts()]
    (problem,) = refused(tmp_path, rows, suffix)
    assert problem.code == "COLUMN_MISSING"
    assert problem.remedy == 'Did you mean "item"? Then write under [tables.rename]: "item" = "item_id".'


@pytest.mark.parametrize("suffix", FORMATS)
def test_columns_are_renamed_by_the_study(suffix: str, tmp_path: Path) -> None:
    folder = sound_folder(tmp_path)
    write(
        folder, suffix, [{("it's" if k == "item_id" else k): v for k, v in row.items()} for row in rollouts_of_counts()]
    )
    study = (folder.path / "study.toml").read_text()
    folder.write(
        "study.toml", study.replace("[components.tools]", '[tables.rename]\n"it\'s" = "item_id"\n[components.tools]')
    )
    assert len(folder.tables().headline) == len(COUNTS)


def test_a_key_that_first_appears_late_in_a_jsonl_file_is_still_read(tmp_path: Path) -> None:
    early = scores([0.0] * 21_000)
    late = scores([1.0], judge="opus", item_id="the last")
    folder = sound_folder(tmp_path)
    write(folder, "jsonl", early + late)
    assert [problem.code for problem in folder.errors()] == ["MIXED_JUDGE"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_other_columns_are_noted_and_not_read(suffix: str, tmp_path: Path) -> None:
    rows = [row | {"answer": "as you wish"} for row in rollouts_of_counts()]
    tables = from_rollouts(tmp_path, rows, suffix)
    notes = [n.found for n in tables.notices if n.code == "UNDECLARED_COLUMN" and "rollouts" in n.place]
    assert notes == ['"answer"']


@pytest.mark.parametrize("suffix", FORMATS)
def test_ids_are_text_composed_and_without_unseen_characters(suffix: str, tmp_path: Path) -> None:
    rows = [row | {"run_id": row["run_id"] + "\u200b"} for row in rollouts_of_counts()]
    assert {problem.code for problem in refused(tmp_path, rows, suffix)} == {"ID_SPACES", "UNKNOWN_RUN"}


def test_numbers_as_run_ids_in_parquet_are_refused(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, scores([1, 0], run_id=1), "parquet")
    assert problem.code == "ID_TYPE"


def test_unknown_runs_and_evals_are_named_with_the_nearest(tmp_path: Path) -> None:
    problems = refused(tmp_path, scores([1, 0], run_id="01", eval_id="balckmail"))
    assert [(problem.code, problem.remedy) for problem in problems] == [
        ("UNKNOWN_RUN", 'Did you mean "001"?'),
        ("UNKNOWN_EVAL", 'Did you mean "blackmail"?'),
    ]
    assert problems[0].place == 'rollouts.jsonl, run "01", eval "balckmail", column "run_id"'


# Wrong values


@pytest.mark.parametrize(
    ("value", "code"),
    [("C", "NOT_A_NUMBER"), ("nan", "NAN_TEXT"), ("inf", "NOT_FINITE"), ("0,5", "LOCALE"), ("50%", "PERCENT"),
     ("1e400", "NOT_FINITE"), ("１", "DIGITS"), ("yes", "NOT_A_NUMBER")],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_values_that_are_no_numbers_are_refused_with_one_of_their_runs(
    suffix: str, value: str, code: str, tmp_path: Path
) -> None:
    rows = [row | {"value": None if row["value"] is None else str(row["value"])} for row in rollouts_of_counts()]
    rows[0]["value"] = value
    (problem,) = refused(tmp_path, rows, suffix)
    assert problem.code == code
    assert problem.found == f'"{value}"'
    assert problem.place == f'rollouts.{suffix}, column "value", 1 rows (one of run "001", eval "blackmail")'


def test_json_nan_is_not_a_missing_value(tmp_path: Path) -> None:
    text = '{"run_id": "001", "eval_id": "blackmail", "item_id": 1, "value": NaN}\n'
    (problem,) = refused_text(tmp_path, text, "jsonl")
    assert problem.code == "NAN_TEXT"
    assert "null in JSONL" in problem.remedy


def test_nan_in_a_parquet_column_of_numbers_is_a_missing_rollout_and_noted(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path)
    write(folder, "parquet", scores([1.0, 0.0, 1.0]))
    path = folder.path / "rollouts.parquet"
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE t AS SELECT * REPLACE "
            f"(CASE item_id WHEN 0 THEN 'nan'::DOUBLE ELSE value END AS value) FROM '{path}'"
        )
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    tables = folder.tables()
    assert tables.headline[["n_trials", "n_events", "n_missing"]].to_numpy().tolist() == [[3, 1, 1]]
    assert ("NAN_VALUE", Severity.INFO) in [(notice.code, notice.severity) for notice in tables.notices]


def test_a_blank_item_is_refused(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, scores([1], item_id=""))
    assert problem.code == "ID_EMPTY"


# Wrong files


CSV = ",".join(HEADER) + "\n001,blackmail,i1,1,1\n"


@pytest.mark.parametrize(
    ("suffix", "text", "code", "place"),
    [
        ("csv", CSV + "001,blackmail,i2,1,0,5\n001,blackmail,i3\n", "RAGGED", "rollouts.csv, line 3"),
        ("csv", CSV + '001,blackmail,"i2,1,0\n', "QUOTE", "rollouts.csv, line 3"),
        ("csv", CSV.encode() + b"001,blackmail,caf\xe9,1,0\n", "ENCODING", "rollouts.csv, byte 73 (line 3)"),
        ("csv", CSV.replace(",", ";"), "LOCALE", "rollouts.csv, line 1"),
        ("csv", "001,blackmail,i1,1,1\n", "NO_HEADER", "rollouts.csv, line 1"),
        ("csv", CSV.splitlines()[0] + "\n", "NO_ROWS", "rollouts.csv"),
        ("csv", CSV.replace("epoch", "value"), "DUPLICATE_COLUMN", "rollouts.csv, columns 4 and 5"),
        ("csv", CSV.replace("epoch", " epoch"), "COLUMN_SPACES", "rollouts.csv, column 4 of the header"),
        ("csv", "", "EMPTY_FILE", "rollouts.csv"),
        ("jsonl", "", "EMPTY_FILE", "rollouts.jsonl"),
        ("jsonl", '{"run_id": "001", "value": 1}\n{"run_id": "00', "JSON_LINE", "rollouts.jsonl, line 2"),
        (
            "jsonl",
            '{"run_id": "001", "eval_id": "e", "item_id": 1, "value": 1, "value": 0}\n',
            "JSON_LINE",
            "rollouts.jsonl, line 1",
        ),
        ("jsonl", "[1, 2]\n", "JSON_LINE", "rollouts.jsonl, line 1"),
        ("parquet", b"PAR1 and then nothing", "FILE_FORMAT", "rollouts.parquet"),
        ("xlsx", b"PK\x03\x04", "FILE_FORMAT", "rollouts.xlsx"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    suffix: str, text: str | bytes, code: str, place: str, tmp_path: Path
) -> None:
    problems = refused_text(tmp_path, text, suffix)
    assert (problems[0].code, problems[0].place) == (code, place)
    assert str(problems[0]).isprintable()


def test_every_ragged_row_is_named(tmp_path: Path) -> None:
    problems = refused_text(tmp_path, CSV + "001,blackmail,i2,1,0,5\n001,blackmail,i3\n")
    assert [problem.place for problem in problems] == ["rollouts.csv, line 3", "rollouts.csv, line 4"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path, study=STUDY.replace('outcomes = "outcomes.csv"', 'rollouts = "rollout.csv"'))
    folder.write("rollouts.csv", CSV)
    (problem,) = folder.errors()
    assert (problem.code, problem.remedy) == ("FILE_MISSING", 'Did you mean "rollouts.csv"?')


def test_characters_that_duckdb_takes_for_patterns_stand_for_themselves_in_a_path(tmp_path: Path) -> None:
    path = tmp_path / "it's [1] * ?"
    path.mkdir()
    folder = sound_folder(path, evals=EVALS)
    write(folder, "jsonl", rollouts_of_counts())
    assert len(folder.tables().headline) == len(COUNTS)


# Files, folders and patterns


def parts(path: Path, suffix: str = "parquet", rows: list[Row] | None = None) -> Folder:
    """The rollouts in three files of a folder, and a study whose rollouts are that folder."""
    folder = sound_folder(path)
    rows = rollouts_of_counts() if rows is None else rows
    (path / "rollouts" / "late").mkdir(parents=True)
    for number, name in enumerate(["a", "b", "late/c"]):
        write(folder, suffix, rows[number::3])
        (path / f"rollouts.{suffix}").rename(path / "rollouts" / f"{name}.{suffix}")
    return named(folder, "rollouts")


def named(folder: Folder, rollouts: str) -> Folder:
    folder.write("study.toml", STUDY.replace('outcomes = "outcomes.csv"', f'rollouts = "{rollouts}"'))
    return folder


@pytest.mark.parametrize("name", ["rollouts", "rollouts/", "rollouts/**/*.{}", "rollo?ts/**"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_or_pattern_gives_the_tables_of_one_file(suffix: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    one = from_rollouts(tmp_path / "one", rollouts_of_counts(), suffix)
    (tmp_path / "several").mkdir()
    several = named(parts(tmp_path / "several", suffix), name.format(suffix)).tables()
    pd.testing.assert_frame_equal(several.outcomes, one.outcomes, check_exact=True)


def test_the_digest_of_several_files_is_that_of_what_sha256sum_prints(tmp_path: Path) -> None:
    folder = parts(tmp_path, "csv")
    names = ["rollouts/a.csv", "rollouts/b.csv", "rollouts/late/c.csv"]
    lines = [f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (source,) = [source for source in folder.tables().sources if source.path == "rollouts"]
    assert (source.sha256, source.rows) == (hashlib.sha256("".join(lines).encode()).hexdigest(), 44)


def test_a_key_repeated_in_another_file_is_repeated(tmp_path: Path) -> None:
    rows = rollouts_of_counts()
    (problem,) = parts(tmp_path, "jsonl", [*rows[:3], rows[0]]).errors()
    assert problem.code == "DUPLICATE_KEY"
    assert problem.place == "rollouts"


def test_notes_that_other_software_leaves_in_a_folder_are_no_rollouts(tmp_path: Path) -> None:
    folder = parts(tmp_path, "csv")
    for name in ("_SUCCESS", "_temporary.csv", ".hidden.csv", "README.md"):
        folder.write(f"rollouts/{name}", "not,a,table\n1,2\n")
    assert len(folder.tables().headline) == len(COUNTS)


@pytest.mark.parametrize(
    ("rollouts", "code", "found"),
    [
        ("rollouts", "FILE_FORMAT", 'files of several formats: ".csv", ".parquet"'),
        ("rollouts/*.md", "FILE_FORMAT", 'the suffix ".md"'),
        ("rollouts/*.jsonl", "FILE_MISSING", "no file of rollouts"),
        ("empty", "FILE_MISSING", "no file of rollouts"),
        ("rollout", "FILE_MISSING", "no such file"),
        ("rollouts/**/n*.csv", "EMPTY_FILE", "0 bytes"),
    ],
)
def test_files_that_are_no_table_together_are_refused(rollouts: str, code: str, found: str, tmp_path: Path) -> None:
    folder = named(parts(tmp_path), rollouts)
    (tmp_path / "empty").mkdir()
    folder.write("rollouts/README.md", "notes")
    folder.write("rollouts/late/none.csv", "")
    (problem,) = folder.errors()
    assert (problem.code, problem.found) == (code, found)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_may_have_their_columns_in_another_order_and_lack_what_is_not_required(
    suffix: str, tmp_path: Path
) -> None:
    rows = rollouts_of_counts()
    folder = parts(tmp_path, suffix, rows)
    write(folder, suffix, [dict(reversed((row | {"note": "late"}).items())) for row in rows[1::3]])
    (tmp_path / f"rollouts.{suffix}").rename(tmp_path / "rollouts" / f"b.{suffix}")
    write(folder, suffix, [{k: v for k, v in row.items() if k != "epoch"} for row in scores([1, 0, None])])
    (tmp_path / f"rollouts.{suffix}").rename(tmp_path / "rollouts" / f"d.{suffix}")
    tables = named(folder, "rollouts").tables()
    found = tables.outcomes.set_index(["run_id", "eval_id"])[["n_events", "n_trials", "n_missing"]]
    # COUNTS: 3 events of 8 scored and 2 missing; file d adds 1 event, 1 other, 1 missing
    assert found.loc[("001", "blackmail")].tolist() == [4, 13, 3]
    assert found.loc[("TRUE", "blackmail")].tolist() == [10, 10, 0]
    assert [n.found for n in tables.notices if n.code == "UNDECLARED_COLUMN" and n.place == "rollouts"] == ['"note"']


@pytest.mark.parametrize("kinds", [("int8", "float64"), ("float32", "bool"), ("int64", "str"), ("bool", "str")])
def test_parquet_files_of_different_types_are_read_and_not_cast_to_the_first_ones(
    kinds: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "rollouts").mkdir()
    folder = named(sound_folder(tmp_path), "rollouts/*")
    for number, kind in enumerate(kinds):
        rows = pd.DataFrame(scores([1, 0, 1], run_id=["001", "1e5"][number]))
        rows = rows.astype({"value": kind, "item_id": "int64" if number else "str"})
        write_parquet(tmp_path / "rollouts" / f"{number}.parquet", rows)
    events = folder.tables().headline[["run_id", "n_events", "n_trials"]]
    assert events.to_numpy().tolist() == [["001", 2, 3], ["1e5", 2, 3]]
    scored = pd.DataFrame(scores([0.5, 0.25], run_id="TRUE"))
    write_parquet(tmp_path / "rollouts" / "2.parquet", scored)
    # the mean of .5 and .25, from a file whose neighbours hold whole numbers
    assert folder.tables().headline.set_index("run_id").loc["TRUE", "value"] == 0.375


def test_a_parquet_file_that_lacks_a_required_column_is_named(tmp_path: Path) -> None:
    folder = parts(tmp_path)
    write_parquet(tmp_path / "rollouts" / "b.parquet", pd.DataFrame(rollouts_of_counts()).drop(columns="item_id"))
    (problem,) = folder.errors()
    assert (problem.code, problem.place) == ("COLUMN_MISSING", "rollouts/b.parquet")


def test_numbers_as_run_ids_are_refused_in_whichever_file_they_stand(tmp_path: Path) -> None:
    folder = parts(tmp_path)
    write_parquet(tmp_path / "rollouts" / "b.parquet", pd.DataFrame(scores([1, 0], run_id=1)))
    (problem,) = folder.errors()
    assert (problem.code, problem.place) == ("ID_TYPE", "rollouts/b.parquet")


def test_the_bad_lines_of_every_file_are_named(tmp_path: Path) -> None:
    folder = parts(tmp_path, "csv")
    for name in ("a", "late/c"):
        folder.write(f"rollouts/{name}.csv", CSV + "001,blackmail,i3\n")
    assert [problem.place for problem in folder.errors()] == ["rollouts/a.csv, line 3", "rollouts/late/c.csv, line 3"]


def test_folders_named_for_a_column_hold_its_value_as_text(tmp_path: Path) -> None:
    folder = named(sound_folder(tmp_path, evals=EVALS), "rollouts")
    for run_id in ("001", "1e5", "TRUE"):
        path = tmp_path / "rollouts" / f"run_id={run_id}"
        path.mkdir(parents=True)
        write_parquet(path / "part-0.parquet", pd.DataFrame(scores([1, 0])).drop(columns="run_id"))
    assert folder.tables().headline["run_id"].tolist() == ["001", "1e5", "TRUE"]


# The pass over the keys


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_repeated_key_is_counted_once_however_often_it_occurs(suffix: str, tmp_path: Path) -> None:
    rows = rollouts_of_counts()
    (problem,) = refused(tmp_path, [*rows, *rows[5:8], rows[5], rows[5]], suffix)
    # rows 5, 6 and 7 again, and row 5 twice more: three keys, and the first of them in the order of text is item 0 of 5
    assert problem.found == (
        '3 repeated keys, among them run_id "001", eval_id "blackmail", item_id "item, 0", epoch "1" (4 rows)'
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_blank_and_a_missing_key_are_the_same_key(suffix: str, tmp_path: Path) -> None:
    rows = scores([1, 0], judge="", epoch="") + scores([1], judge=None, epoch=None)
    (problem,) = refused(tmp_path, rows, suffix)
    assert problem.found.startswith('1 repeated keys, among them run_id "001"')


def test_an_item_spelt_with_composed_and_with_decomposed_accents_is_one_item(tmp_path: Path) -> None:
    rows = scores([1, 0])
    rows[0]["item_id"], rows[1]["item_id"] = "caf\u00e9", "cafe\u0301"
    (problem,) = refused(tmp_path, rows, "parquet")
    assert problem.found.startswith("1 repeated keys")


def test_repeated_keys_are_counted_beside_blank_items(tmp_path: Path) -> None:
    rows = scores([1, 0, 1, 0], item_id="") + scores([1, 1], item_id=None, run_id="1e5") + scores([1], item_id=" ")
    problems = refused(tmp_path, rows, "parquet")
    assert [(problem.code, problem.found.split(",")[0]) for problem in problems] == [
        ("DUPLICATE_KEY", "2 repeated keys"),
        ("ID_EMPTY", "7 blank cells"),
    ]


def test_more_repeated_keys_than_are_compared_in_full_are_about_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "MOST_SUSPECTS", 3)
    rows = rollouts_of_counts()
    (problem,) = refused(tmp_path, rows + rows, "parquet")
    assert problem.found.startswith('about 44 repeated keys, among them run_id "')


def test_keys_whose_hashes_are_equal_by_chance_are_compared_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = local._hashed

    def without_items(source: RolloutSource, name: str, *, exact: bool) -> str:
        return "1" if name == "item_id" else hashed(source, name, exact=exact)

    monkeypatch.setattr(local, "_hashed", without_items)
    assert len(from_rollouts(tmp_path, rollouts_of_counts(), "parquet").headline) == len(COUNTS)


@given(
    values=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=60),
    sizes=st.lists(st.integers(0, 20), max_size=6),
    per_bucket=st.sampled_from([1, 4, 1000]),
)
@settings(max_examples=60)
def test_the_hashes_that_occur_twice_are_found_in_any_number_of_buckets(
    values: list[int], sizes: list[int], per_bucket: int
) -> None:
    hashed = np.array(values, dtype=np.uint64)
    chunks = np.split(hashed, np.cumsum(sizes).clip(0, len(values)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashes, "PER_BUCKET", per_bucket)
        found = [value for part in hashes.repeated_hashes(chunks, len(values)) for value in part.tolist()]
    assert found == sorted(value for value, often in Counter(values).items() if often > 1)


def test_what_the_pass_cost_is_said(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path)
    write(folder, "parquet", rollouts_of_counts())
    said: list[str] = []
    read_tables(folder.study(), progress=said.append)
    assert [re.sub(r"\d+\.\d", "0.0", sentence) for sentence in said] == [
        "44 rollouts counted in 0.0 s, then checked for repeated keys in 0.0 s"
    ]


@pytest.mark.parametrize(("module", "name"), [("duckdb", "no memory"), ("disk", "no disk")])
def test_too_little_room_is_said_with_what_to_do(
    module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sound_folder(tmp_path)
    write(folder, "parquet", rollouts_of_counts())

    def full(*_: object) -> list[object]:
        if module == "disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB")

    monkeypatch.setattr(local, "repeated_hashes", full)
    (problem,) = folder.errors()
    assert problem.code == "TABLE_SIZE"
    assert 'engine = "spark"' in problem.remedy


def test_a_column_that_numbers_rollouts_is_no_key_of_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_CELLS", 4)
    rows = [row | {"replicate": number} for number, row in enumerate(scores([1, 0, 1, 0, 1]))]
    (problem,) = refused(tmp_path, rows, "parquet")
    assert (problem.code, problem.found) == ("TABLE_SIZE", "more than 4 combinations of run_id, eval_id, replicate")


# Exact sums


DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


@given(values=st.lists(DOUBLES | st.floats(-3.0, 3.0) | st.sampled_from([0.0, 5e-324, -1.7976931348623157e308])))
@settings(max_examples=80)
def test_sums_of_doubles_and_of_their_squares_are_exact(values: list[float]) -> None:
    sizes = [abs(value) for value in values if value]
    bins = exact_sums.bins_between(min(sizes, default=1.0), max(sizes, default=1.0))
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (k INTEGER, v DOUBLE)")
        for value in values:
            con.execute("INSERT INTO t VALUES (1, ?)", [value])
        found = con.execute(exact_sums.sums_query("k", "v", "t", bins)).fetchall()
    sums = exact_sums.summed([[int(part) for part in row[1:]] for row in found])
    exact = [Fraction(value) for value in values]
    assert sums == exact_sums.ExactSums(len(values), sum(exact, Fraction(0)), sum((v * v for v in exact), Fraction(0)))


@given(values=st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=30))
def test_mean_and_sd_are_those_of_the_statistics_module(values: list[float]) -> None:
    exact = [Fraction(value) for value in values]
    sums = exact_sums.ExactSums(len(values), sum(exact, Fraction(0)), sum((v * v for v in exact), Fraction(0)))
    mean, sd = exact_sums.mean_and_sd(sums)
    # the same exact fractions, by another hand; its root is correctly rounded, ours to the last bit or one beside it
    assert mean == statistics.mean(values)
    assert sd == pytest.approx(float(statistics.stdev(exact)) if max(map(abs, values)) < 1e150 else sd, rel=3e-16)


@given(value=st.floats(-1e300, 1e300))
def test_equal_values_have_no_spread(value: float) -> None:
    exact = Fraction(value)
    assert exact_sums.mean_and_sd(exact_sums.ExactSums(3, 3 * exact, 3 * exact * exact)) == (value, 0.0)


def test_a_diverged_run_takes_no_digit_from_the_others(tmp_path: Path) -> None:
    rows = scores([2e15, -4e15, 1e-3]) + scores([1e-9, 2e-9, 4e-9], run_id="1e5")
    value = from_rollouts(tmp_path, rows, "parquet").headline.set_index("run_id")["value"]
    assert value["1e5"] == float((Fraction(1e-9) + Fraction(2e-9) + Fraction(4e-9)) / 3)
    assert value["001"] == float((Fraction(-2e15) + Fraction(1e-3)) / 3)


def test_an_eval_id_spelt_in_two_ways_is_one_eval_of_scores(tmp_path: Path) -> None:
    evals = EVALS + "caf\u00e9,,control,lower,,\n"
    folder = sound_folder(tmp_path, evals=evals)
    rows = scores([1, 0], eval_id="caf\u00e9") + scores([0.5], eval_id="cafe\u0301", epoch=2)
    write(folder, "parquet", rows)
    row = folder.tables().headline.iloc[0]
    assert (row["value"], row["n"]) == (0.5, 3.0)
