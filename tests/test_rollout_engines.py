"""Rollouts summed elsewhere: the cells, counts and refusals of the embedded engine, to the last digit."""

from __future__ import annotations

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from mixablate.errors import Problem, StudyError, TableError
from mixablate.study import load_study
from mixablate.tables import Tables
from study_folder import STUDY, Folder, sound_folder
from test_rollouts import rollouts_of_counts, scores, write_parquet

MASTER = "local-cluster[2,1,1024]"
WORKERS = 2
STARTING = 120.0  # seconds that two workers may take to come up on a busy machine

# PySpark leaves sockets to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Row = dict[str, Any]
Outcome = tuple[Tables | None, tuple[Problem, ...]]


# The declaration


def declared(path: Path, table: str) -> Folder:
    return sound_folder(path, study=STUDY.replace('outcomes = "outcomes.csv"', table))


def refused_study(path: Path, table: str) -> Problem:
    with pytest.raises(StudyError) as caught:
        declared(path, table).study()
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "engine",
    [
        "duckdb",
        "spark",
        "yarn",
        MASTER,
        "local[4]",
        "spark://host:7077",
        "k8s://https://host:443",
        "trino://me@host/db",
    ],
)
def test_an_engine_is_the_embedded_one_a_spark_master_or_an_ibis_url(engine: str, tmp_path: Path) -> None:
    folder = declared(tmp_path, f'rollouts = "rollouts.parquet"\nengine = "{engine}"')
    assert load_study(folder.path).tables.engine == engine


def test_rollouts_are_summed_here_unless_an_engine_is_named(tmp_path: Path) -> None:
    assert declared(tmp_path, 'rollouts = "rollouts.parquet"').study().tables.engine == "duckdb"


def test_an_unknown_engine_is_refused_with_those_there_are(tmp_path: Path) -> None:
    problem = refused_study(tmp_path, 'rollouts = "rollouts.parquet"\nengine = "polars"')
    assert (problem.code, problem.place, problem.found) == ("STUDY_VALUE", "study.toml, key tables.engine", '"polars"')
    assert problem.required.startswith('"duckdb", "spark", a Spark master such as "spark://host:7077"')
    assert problem.remedy.endswith('or leave the key out for its default, "duckdb".')


def test_a_password_in_an_engines_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    problem = refused_study(tmp_path, 'rollouts = "lake.rollouts"\nengine = "trino://me:hunter2@host/db"')
    assert problem.required == "a URL without one: the declaration is shown to others"
    assert "hunter2" not in str(problem)


def test_an_engine_without_rollouts_is_refused(tmp_path: Path) -> None:
    problem = refused_study(tmp_path, 'outcomes = "outcomes.csv"\nengine = "spark"')
    assert (problem.code, problem.required) == (
        "STUDY_VALUE",
        '"engine" sums "rollouts"; outcomes are read as they are',
    )


@pytest.mark.parametrize(("engine", "package"), [("spark", "pyspark"), ("trino://host/db", "ibis")])
def test_an_engine_that_is_not_installed_is_named_with_what_installs_it(
    engine: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.sql", raising=False)
    (problem,) = declared(tmp_path, f'rollouts = "lake.rollouts"\nengine = "{engine}"').errors()
    assert (problem.code, problem.place) == ("ENGINE_MISSING", engine)
    assert 'pip install "mixablate[spark]"' in problem.remedy


@pytest.mark.parametrize("name", ["rollouts.csv", "rollouts.jsonl"])
def test_text_files_are_not_given_to_an_engine_whose_readers_would_mend_them(name: str, tmp_path: Path) -> None:
    folder = declared(tmp_path, f'rollouts = "{name}"\nengine = "spark"')
    folder.write(name, "run_id,eval_id,item_id,value\n001,blackmail,1,1\n")
    (problem,) = folder.errors()
    assert (problem.code, problem.found) == ("FILE_FORMAT", 'files, where engine is "spark"')
    assert problem.required == "Parquet files, or the name of a table"
    assert "leave `engine` out" in problem.remedy


def test_a_database_holds_tables_and_no_files(tmp_path: Path) -> None:
    folder = declared(tmp_path, 'rollouts = "rollouts.parquet"\nengine = "trino://host/db"')
    (problem,) = folder.errors()
    assert (problem.code, problem.required) == ("FILE_FORMAT", "the name of a table in that database")


# The same rows on several engines


def outcome(folder: Folder) -> Outcome:
    """What reading the study's tables gives: tables with their notices, or what was refused."""
    try:
        tables = folder.tables()
    except TableError as error:
        return None, error.problems
    return tables, tables.notices


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found[1] == expected[1]
    assert (found[0] is None) == (expected[0] is None)
    if found[0] is None or expected[0] is None:
        return
    for name in ("runs", "outcomes", "evals", "headline"):
        pd.testing.assert_frame_equal(getattr(found[0], name), getattr(expected[0], name), check_exact=True)


def missing_twice_and_misspelt() -> list[Row]:
    """Duplicates, blank items and values that are no numbers, in one table."""
    rows = [row | {"value": None if row["value"] is None else str(row["value"])} for row in rollouts_of_counts()]
    rows[0]["value"], rows[1]["value"], rows[2]["value"] = "1e400", "nan", "yes"
    return [*rows, rows[5], rows[5], rows[7], *(row | {"item_id": " "} for row in rows[9:11])]


def spread_scores() -> list[Row]:
    """Scores over 16 decades, whose sum depends on the order in which doubles are added."""
    random = np.random.default_rng(5)
    values = (random.standard_normal(600) * 10.0 ** random.integers(-8, 8, 600)).tolist()
    other = scores([0.1, 0.2, 0.3, None, -0.0, 5e-324, 1e-200], run_id="1e5", eval_id="Flattering|default")
    return scores([*values, None, -7.25]) + scores([0, 1, 1], run_id="1e5") + other


def accents() -> list[Row]:
    """One item, and one run, each spelt with a composed and with a decomposed accent."""
    rows = scores([1, 0, 1, None], run_id="caf\u00e9") + scores([1, 1], run_id="cafe\u0301", epoch=2)
    items = ["\u00e9", "e\u0301", "x", "\u4e2d", "y", "z"]
    return [row | {"item_id": item} for row, item in zip(rows, items, strict=True)]


def booleans() -> list[Row]:
    return [row | {"value": None if row["value"] is None else bool(row["value"])} for row in rollouts_of_counts()]


def wrong_numbers() -> list[Row]:
    return scores([0.5, math.inf, -math.inf, math.nan, None, 1.0]) + scores([1.0, 0.0], run_id="1e5")


def judged() -> list[Row]:
    rows = [row for step in (0, 312) for row in scores([1, 0, None], step=step, judge="opus", task_version="4-A")]
    return [row | {"answer": "as you wish", "metric": ""} for row in rows]


def marked() -> list[Row]:
    """Rollouts that say whether the model acted and spoke of a test, and which of them failed; one run does not say."""
    errors = ["", "timeout", None, "None", " False ", "0"]
    rows = [
        row | {"acted": n % 3 > 0, "aware": n % 4 == 0, "error": errors[n % 6]}
        for n, row in enumerate(rollouts_of_counts())
    ]
    return [row | ({"acted": None} if row["run_id"] == "1e5" else {}) for row in rows]


CASES: dict[str, Callable[[], list[Row]]] = {
    "events": rollouts_of_counts,
    "true and false": booleans,
    "scores": spread_scores,
    "text with every fault": missing_twice_and_misspelt,
    "infinite and NaN": wrong_numbers,
    "accents": accents,
    "one cell spelt in two ways": lambda: [row | {"run_id": "001", "replicate": row["run_id"]} for row in accents()],
    "steps, judges and other columns": judged,
    "acted, aware and errors": marked,
    "marks that are neither": lambda: [row | {"acted": "maybe"} for row in rollouts_of_counts()],
    "a sentinel": lambda: scores([0.5, -1.0, 3.0, -1.0, None]),
    "numbers as run ids": lambda: scores([1, 0], run_id=1),
    "a column is missing": lambda: [{"run_id": "001", "item": 1, "value": 1, "eval_id": "blackmail"}],
}


def write_rows(path: Path, rows: list[Row]) -> None:
    """The rows as Parquet, NaN kept apart from null."""
    nan = [isinstance(row["value"], float) and math.isnan(row["value"]) for row in rows]
    write_parquet(path, pd.DataFrame(rows).assign(nan=nan))
    values = "CASE WHEN nan THEN 'nan'::DOUBLE ELSE value END" if any(nan) else "value"
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t AS SELECT * EXCLUDE (nan) REPLACE ({values} AS value) FROM '{path}'")
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def here(path: Path, name: str) -> Outcome:
    return outcome(declared(path, f'rollouts = "{name}"'))


@pytest.mark.parametrize("case", CASES)
def test_a_database_reached_through_ibis_gives_the_same(case: str, tmp_path: Path) -> None:
    pytest.importorskip("ibis", reason="Ibis is not installed (the extra [spark])")
    if not hasattr(duckdb.DuckDBPyConnection, "fetch_arrow_table"):
        pytest.skip("Ibis 12 asks of DuckDB what version 2 no longer has")
    write_rows(tmp_path / "rollouts.parquet", CASES[case]())
    with duckdb.connect(str(tmp_path / "lake.db")) as con:
        con.execute(f"CREATE SCHEMA lab; CREATE TABLE lab.\"rollouts\" AS FROM '{tmp_path / 'rollouts.parquet'}'")
    table = f'rollouts = "lab.rollouts"\nengine = "duckdb://{tmp_path / "lake.db"}"'
    found, expected = outcome(declared(tmp_path, table)), here(tmp_path, "rollouts.parquet")
    assert_same(renamed(found), expected)


def renamed(found: Outcome) -> Outcome:
    """The outcome with the table called as the file is."""
    tables, problems = found
    named = tuple(
        Problem(p.code, p.place.replace("lab.rollouts", "rollouts.parquet"), p.found, *rest)
        for p in problems
        for rest in [(p.required, p.remedy, p.severity)]
    )
    return tables, named


# Spark, on a cluster of two worker processes


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session on two worker processes; the tests skip where there can be none."""
    pytest.importorskip("ibis", reason="Ibis is not installed (the extra [spark])")
    pyspark = pytest.importorskip("pyspark.sql", reason="PySpark is not installed (the extra [spark])")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, and there is none")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = pyspark.SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.log.level", "ERROR")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    yield session
    session.stop()


@pytest.mark.slow
def test_spark_gives_the_same(spark: Any, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One test: with pytest-xdist, every process that ran one of several would start a cluster of its own."""
    with subtests.test("the cluster has two worker processes"):
        assert executors(spark) == WORKERS + 1  # and the driver
    for case, rows in CASES.items():
        with subtests.test(case):
            folder = tmp_path / case
            folder.mkdir()
            write_rows(folder / "rollouts.parquet", rows())
            found, expected = on_spark(folder, "rollouts.parquet"), here(folder, "rollouts.parquet")
            assert_same(found, expected)
            if found[0] is not None and expected[0] is not None:
                assert found[0].sources == expected[0].sources
    with subtests.test("folders whose names are columns"):
        partitioned_rollouts(tmp_path / "it's [1] {2}")
        expected = here(tmp_path / "it's [1] {2}", "rollouts")
        assert expected[0] is not None
        assert set(expected[0].outcomes["run_id"]) == {"001", "1e5", "TRUE"}
        assert_same(on_spark(tmp_path / "it's [1] {2}", "rollouts"), expected)
    with subtests.test("files of different types"):
        (tmp_path / "rollouts").mkdir()
        write_rows(tmp_path / "rollouts" / "a.parquet", scores([1, 0]))
        write_rows(tmp_path / "rollouts" / "b.parquet", scores([0.5, None], run_id="1e5", epoch="two"))
        assert_same(on_spark(tmp_path, "rollouts/*.parquet"), here(tmp_path, "rollouts/*.parquet"))
    with subtests.test("a file that is not Parquet"):
        (tmp_path / "rollouts" / "c.parquet").write_text("PAR1 and then nothing")
        for name in ("rollouts", "rollouts/c.parquet"):
            assert on_spark(tmp_path, name)[1] == here(tmp_path, name)[1]
    with subtests.test("a table of the catalogue"):
        write_rows(tmp_path / "rollouts.parquet", rollouts_of_counts())
        spark.read.parquet(str(tmp_path / "rollouts.parquet")).createOrReplaceGlobalTempView("lake")
        assert_same(on_spark(tmp_path, "global_temp.lake"), here(tmp_path, "rollouts.parquet"))
    with subtests.test("a table that is not there"):
        (problem,) = on_spark(tmp_path, "no_such_table")[1]
        assert problem.code == "ENGINE_FAILED"
        assert "TABLE_OR_VIEW_NOT_FOUND" in problem.found
    with subtests.test("another master than that of the running session"):
        (problem,) = declared(tmp_path, 'rollouts = "no_such_table"\nengine = "local[2]"').errors()
        assert (problem.code, problem.found) == ("ENGINE_FAILED", f'a Spark session of "{MASTER}" in this process')


def executors(spark: Any) -> int:
    """The cluster's processes, once they are there."""
    status = spark.sparkContext._jsc.sc().getExecutorMemoryStatus
    until = time.monotonic() + STARTING
    while status().size() < WORKERS + 1 and time.monotonic() < until:
        time.sleep(0.2)
    return int(status().size())


def on_spark(path: Path, name: str) -> Outcome:
    return outcome(declared(path, f'rollouts = "{name}"\nengine = "{MASTER}"'))


def partitioned_rollouts(path: Path) -> None:
    """Rollouts in folders named run_id=001 and so on; a run whose id is no folder name is left out."""
    rows = pd.DataFrame(rollouts_of_counts())
    for run_id, part in rows[~rows["run_id"].str.contains("/")].groupby("run_id"):
        folder = path / "rollouts" / f"run_id={run_id}"
        folder.mkdir(parents=True)
        write_parquet(folder / "part-0.parquet", part.drop(columns="run_id"))
