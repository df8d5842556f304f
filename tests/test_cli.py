"""The command line: what it prints where, and what it tells the shell."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixablate import __version__
from mixablate.cli import arguments, demo, shipped
from mixablate.cli.document import json_text, plain
from mixablate.cli.program import exit_code, mixablate
from mixablate.cli.terminal import printable
from mixablate.errors import StudyError
from mixablate.study import load_study

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(mixablate.commands)
HEAVY = {"numpy", "pandas", "scipy", "pandera", "statsmodels", "matplotlib", "duckdb", "jinja2", "rich", "pydantic"}
NARROW = 80  # columns; what a terminal opens with

TRUTH = """
title = "Two flags"
seed = 11
runs_per_arm = 4
n_trials = 200
run_sd = 0.3

[components.tools]
effect = -1.5
[components."système"]
effect = 0.0

[[evals]]
id = "blackmail"
domain = "in_distribution"
baseline_rate = 0.3
"""

STUDY = """
title = "Two flags"
seed = 5
baseline = { tools = 0, "système" = 0 }

[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"

[analysis]
draws = 199

[components.tools]
[components."système"]
"""

HELPS = """
[[claims]]
id = "tools-help"
text = "Tools lower blackmail"
kind = "reduces"
components = ["tools"]
evals = ["blackmail"]
"""

HARMS = """
[[claims]]
id = "tools-harm-less-than-nothing"
text = "Tools do not change blackmail"
kind = "equivalent"
components = ["tools"]
evals = ["blackmail"]
margin = 0.01
"""


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with simulated tables in which tools lower the rate from about 30 % to about 9 %."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "truth.toml").write_text(TRUTH, encoding="utf-8")
    assert exit_code(["simulate", str(folder / "truth.toml"), "-o", str(folder)]) == 0
    return folder


def study_file(tables: Path, name: str, text: str) -> str:
    path = tables / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def helped(tables: Path) -> str:
    return study_file(tables, "helped", STUDY + HELPS)


def only_document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def run_apart(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "analysis")} | variables
    command = [sys.executable, "-c", "from mixablate.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=120)


# help and misuse


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_that_names_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example: mixablate {command}" in said
    assert "--json" in said
    assert max(len(line) for line in said.splitlines()) <= NARROW


def test_the_commands_are_those_of_this_version() -> None:
    assert COMMANDS == [
        "check",
        "demo",
        "design",
        "figure",
        "init",
        "lock",
        "report",
        "schema",
        "selfcheck",
        "simulate",
        "validate",
    ]


def test_version_is_the_package_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_the_package_is_run_as_a_module_too() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "analysis")}
    for given, code, said in ((["--version"], 0, __version__), (["chek"], 2, "check")):
        command = [sys.executable, "-m", "mixablate", *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == code
        assert said in done.stdout + done.stderr


def test_help_imports_no_heavy_library() -> None:
    code = "import sys; from mixablate.cli import program; print(*{m.split('.')[0] for m in sys.modules})"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "analysis")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert HEAVY & set(done.stdout.split()) == set()


def test_a_misspelt_command_is_named_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["chek"]) == 2
    assert "check" in capsys.readouterr().err


def test_a_misuse_under_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["report", "study.toml", "--json"]) == 2  # -o is missing
    document = only_document(capsys)
    assert document["schema"] == 1
    assert document["error"]["problems"][0]["code"] == "USAGE"


# bad input


def test_a_missing_study_is_a_problem_and_no_traceback(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert exit_code(["check", str(tmp_path / "nowhere.toml")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "nowhere.toml" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["validate", "lock"])
def test_a_minimum_in_points_is_refused_before_it_is_locked_or_judged(
    command: str, capsys: pytest.CaptureFixture[str], tables: Path
) -> None:
    broken = study_file(tables, "points", STUDY + HELPS.rstrip() + "\nminimum = 5\n")
    assert exit_code([command, broken, "--json"]) == 2
    (problem,) = only_document(capsys)["error"]["problems"]
    assert (problem["code"], problem["found"]) == ("CLAIM_REGION", "minimum = 5")
    assert problem["remedy"] == "For 5 points write 0.05."


def test_every_problem_of_a_study_is_printed_with_what_to_do(capsys: pytest.CaptureFixture[str], tables: Path) -> None:
    broken = study_file(tables, "broken", STUDY.replace("seed = 5", "seeds = 5") + HELPS.replace("reduces", "reducs"))
    assert exit_code(["validate", broken]) == 2
    said = capsys.readouterr().err
    assert said.count("what to do") >= 2
    assert "seeds" in said
    assert "reducs" in said


@pytest.mark.parametrize("command", ["validate", "design", "check"])
def test_bad_input_under_json_is_one_document_with_the_problems(
    command: str, capsys: pytest.CaptureFixture[str], tables: Path
) -> None:
    gone = study_file(tables, "gone", STUDY.replace("runs.csv", "rums.csv"))
    assert exit_code([command, gone, "--json"]) == 2
    problems = only_document(capsys)["error"]["problems"]
    assert {"code", "place", "found", "required", "remedy", "severity"} == set(problems[0])


def test_control_characters_in_names_reach_no_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\nd") == "a\\x1b[31mb\\u202ec\nd"


def test_a_fault_of_ours_is_not_taken_for_a_failed_claim(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(path: Path) -> None:
        raise ZeroDivisionError(path)

    monkeypatch.setattr("mixablate.cli.validate.opened", fault)
    assert exit_code(["validate", "x", "--json"]) == 2
    assert only_document(capsys)["error"]["problems"][0]["code"] == "INTERNAL"


# validate, design


def test_validate_counts_runs_arms_and_evals(helped: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", helped, "--json"]) == 0
    document = only_document(capsys)
    assert document["runs"] == 16  # 2 x 2 arms of 4 runs
    assert [len(arm["runs"]) for arm in document["arms"]] == [4, 4, 4, 4]
    assert document["evals"][0]["runs"] == 16
    assert document["claims"] == ["tools-help"]
    assert document["claim_regions"] == [{"claim": "tools-help", "region": "a drop", "on": "blackmail"}]


def test_validate_says_what_each_claim_claims_so_that_a_wrong_direction_shows(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "turned"
    shutil.copytree(tables, folder)
    evals = (folder / "evals.csv").read_text(encoding="utf-8")
    (folder / "evals.csv").write_text(evals.replace("lower", "higher"), encoding="utf-8")
    assert exit_code(["validate", study_file(folder, "turned", STUDY + HELPS)]) == 0
    assert "claim tools-help: a rise, of blackmail" in capsys.readouterr().out


def test_validate_names_every_claim_that_does_not_fit_the_tables(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored = HELPS + 'scale = "value"\n'
    other = scored.replace('"tools-help"', '"tools-help-too"')
    assert exit_code(["validate", study_file(tables, "unfit", STUDY + scored + other)]) == 2
    said = capsys.readouterr().err
    assert said.count("error CLAIM_SCALE") == 2
    assert '"tools-help-too"' in said


def test_design_says_what_is_estimable(helped: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["design", helped, "--json"]) == 0
    components = only_document(capsys)["components"]
    found = [(c["component"], c["estimable"], c["n_treated"], c["n_reference"]) for c in components]
    assert found == [("tools", True, 8, 8), ("système", True, 8, 8)]


def test_design_says_which_sides_have_too_few_runs_for_a_verdict(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = pd.read_csv(tables / "runs.csv", dtype=str).drop_duplicates(["tools", "système"])  # one an arm: 2 v 2
    outcomes = pd.read_csv(tables / "outcomes.csv", dtype=str)
    runs.to_csv(tmp_path / "runs.csv", index=False)
    outcomes[outcomes["run_id"].isin(runs["run_id"])].to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "evals.csv").write_bytes((tables / "evals.csv").read_bytes())
    assert exit_code(["design", study_file(tmp_path, "study", STUDY + HELPS)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    few = "tools (2 v 2), système (2 v 2), tools-help (2 v 2)"
    assert f"Fewer than 3 runs on a side: an estimate without an interval, no verdict: {few}." in said
    assert "why not" not in said  # a column in which no row says anything is left out


def test_design_names_what_is_missing_where_components_come_together(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("runs", "outcomes", "evals"):
        lines = (tables / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if name == "evals" or line in lines[:1] or is_diagonal(line, tables)]
        (tmp_path / f"{name}.csv").write_text("".join(kept), encoding="utf-8")
    study = study_file(tmp_path, "study", STUDY)
    assert exit_code(["design", study]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "together" in said
    assert exit_code(["design", study, "--json"]) == 0
    document = only_document(capsys)
    assert not any(c["estimable"] for c in document["components"])
    assert [row["together"] for row in document["components"]] == [["système"], ["tools"]]
    (added,) = document["arms_to_add"]["arms"]
    assert (added["levels"], added["runs"]) == ({"tools": 1.0, "système": 0.0}, 3)
    assert set(added["unlocks"]) >= {"tools", "système"}
    assert exit_code(["design", study, "--figure", str(tmp_path / "drawn")]) == 0
    assert {p.name for p in (tmp_path / "drawn").glob("*.svg")} == {"design_matrix.svg", "alias_graph.svg"}


def is_diagonal(line: str, tables: Path) -> bool:
    """Whether the line belongs to a run with both components or neither."""
    header, *rows = [row.split(",") for row in (tables / "runs.csv").read_text(encoding="utf-8").splitlines()]
    one, other, name = header.index("tools"), header.index("système"), header.index("run_id")
    kept = {row[name] for row in rows if float(row[one]) == float(row[other])}
    return line.split(",")[0] in kept


@pytest.mark.parametrize("command", ["validate", "design", "check"])
def test_terminal_output_fits_eighty_columns_and_has_no_colour_when_piped(
    command: str, helped: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(NARROW))
    assert exit_code([command, helped]) == 0
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines()) <= NARROW
    assert "\x1b" not in said


# check


def test_check_passes_a_true_claim_and_says_what_decided(helped: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", helped]) == 0
    said = capsys.readouterr().out
    assert "supported" in said
    assert said.rstrip().endswith("Check passed.")


def test_check_json_carries_each_verdict_with_its_evidence(helped: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", helped, "--json"]) == 0
    (verdict,) = only_document(capsys)["verdicts"]
    assert (verdict["claim"], verdict["status"]) == ("tools-help", "supported")
    assert verdict["declaration"]["status"] == "confirmatory"
    assert verdict["evidence"][0]["estimate"] < 0.0
    assert verdict["reason"]


def test_a_contradicted_claim_fails_the_check(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", study_file(tables, "harmed", STUDY + HARMS), "--json"]) == 1
    assert only_document(capsys)["failed"] == ["tools-harm-less-than-nothing"]


def test_an_exploratory_claim_never_fails_the_check(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explored = study_file(tables, "explored", STUDY + HARMS + 'status = "exploratory"\n')
    assert exit_code(["check", explored, "--fail-on", "contradicted,undecided,equivalent,supported,untestable"]) == 0
    assert "exploratory" in capsys.readouterr().out


def test_fail_on_adds_statuses(helped: str) -> None:
    assert exit_code(["check", helped, "--fail-on", "supported"]) == 1


def test_an_unknown_status_is_refused_with_the_nearest(helped: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", helped, "--fail-on", "undecidet"]) == 2
    assert '"undecided"' in capsys.readouterr().err


def test_a_check_without_claims_is_not_green(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", study_file(tables, "unclaimed", STUDY)]) == 2
    assert "NO_CLAIMS" in capsys.readouterr().err


# report, simulate, demo


def test_report_writes_the_folder_and_says_where(
    helped: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["report", helped, "-o", str(tmp_path / "out"), "--json"]) == 0
    document = only_document(capsys)
    assert Path(str(document["report"])).is_file()
    assert document["verdicts"] == [{"claim": "tools-help", "status": "supported", "flags": []}]


def test_output_that_is_a_file_is_refused_before_the_analysis(
    helped: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("kept", encoding="utf-8")
    assert exit_code(["report", helped, "-o", str(tmp_path / "taken"), "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["problems"][0]["code"] == "COULD_NOT_WRITE"
    assert said.err == ""  # not even the tables were read
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "kept"


def test_a_full_disk_is_exit_code_three(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mixablate.tables.write_tables", full)
    assert exit_code(["simulate", str(tables / "truth.toml"), "-o", str(tmp_path)]) == 3
    assert "No space left on device" in capsys.readouterr().err


def test_simulating_twice_writes_the_same_bytes_and_another_seed_others(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = str(tables / "truth.toml")
    for name, seed in (("again", "11"), ("other", "12")):
        assert exit_code(["simulate", truth, "-o", str(tmp_path / name), "--seed", seed, "--json"]) == 0
        assert only_document(capsys)["rows"] == {"runs": 16, "outcomes": 16, "evals": 1}
    drawn = (tables / "outcomes.csv").read_bytes()  # drawn with the truth's own seed, 11
    assert (tmp_path / "again" / "outcomes.csv").read_bytes() == drawn
    assert (tmp_path / "other" / "outcomes.csv").read_bytes() != drawn


def test_simulating_replaces_no_table_that_stands_there(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outcomes.csv").write_text("mine\n", encoding="utf-8")
    assert exit_code(["simulate", str(tables / "truth.toml"), "-o", str(tmp_path)]) == 3
    assert "outcomes.csv would be replaced: remove what is there first" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["outcomes.csv"]
    assert (tmp_path / "outcomes.csv").read_text(encoding="utf-8") == "mine\n"
    assert exit_code(["simulate", str(tables / "truth.toml"), "-o", str(tables)]) == 0  # the same tables again


def test_schema_prints_the_declaration_as_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema"]) == 0
    assert {"components", "claims", "tables"} <= set(only_document(capsys)["properties"])


@pytest.mark.parametrize("name", demo.STUDIES)
def test_the_demo_finds_its_studies_in_this_checkout(name: str) -> None:
    assert load_study(demo.shipped_study(name)).title


def test_the_demo_finds_its_studies_inside_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(shipped.resources, "files", lambda _: tmp_path)
    assert demo.shipped_study("x") == tmp_path / "shipped" / "reports" / "x" / "study.toml"


@pytest.mark.slow
def test_the_demo_ends_each_study_with_a_line_per_claim_and_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["demo", "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for name in demo.STUDIES:
        assert str(tmp_path / name / "report.html") in said
        for claim in load_study(demo.shipped_study(name)).claims:
            assert any(claim.id in line for line in said.splitlines())


# init


def test_init_proposes_the_flags_it_finds_and_no_claim(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("runs", "outcomes", "evals"):
        (tmp_path / f"my {name}.csv").write_bytes((tables / f"{name}.csv").read_bytes())
    assert exit_code(["init", str(tmp_path), "--json"]) == 0
    assert only_document(capsys)["components"] == ["tools", "système"]
    study = load_study(tmp_path / "study.toml")
    assert [component.id for component in study.components] == ["tools", "système"]
    assert study.tables.runs == "my runs.csv"
    assert study.claims == ()
    assert exit_code(["validate", str(tmp_path)]) == 0


def test_init_proposes_claims_only_as_comments_that_parse_when_uncommented(tables: Path, tmp_path: Path) -> None:
    for name in ("runs", "outcomes", "evals"):
        (tmp_path / f"{name}.csv").write_bytes((tables / f"{name}.csv").read_bytes())
    assert exit_code(["init", str(tmp_path)]) == 0
    written = (tmp_path / "study.toml").read_text(encoding="utf-8")
    head, claims = written.split("# [[claims]]")
    uncommented = "[[claims]]" + claims.replace("\n# ", "\n")
    (tmp_path / "study.toml").write_text(head + uncommented, encoding="utf-8")
    assert [claim.kind for claim in load_study(tmp_path / "study.toml").claims] == ["reduces"]


def init_folder(folder: Path, runs: str, evals: str = "e,Blackmail,in_distribution,lower", value: str = "") -> str:
    """The study file that `init` writes for two outcomes a run."""
    (folder / "runs.csv").write_text(runs, encoding="utf-8")
    run_ids = [line.split(",")[0] for line in runs.splitlines()[1:]]
    header = "run_id,eval_id,value" if value else "run_id,eval_id,step,n_trials,n_events"
    cells = value or "{step},100,{step}"
    rows = [f"{run_id},e,{cells.format(step=step)}" for run_id in run_ids for step in ((1,) if value else (1, 2))]
    (folder / "outcomes.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    (folder / "evals.csv").write_text(f"eval_id,label,domain,direction\n{evals}\n", encoding="utf-8")
    assert exit_code(["init", str(folder)]) == 0
    return (folder / "study.toml").read_text(encoding="utf-8")


def claiming(folder: Path, written: str) -> Path:
    """The study file with its commented claim declared."""
    head, claims = written.split("# [[claims]]")
    (folder / "study.toml").write_text(head + "[[claims]]" + claims.replace("\n# ", "\n"), encoding="utf-8")
    return folder


FLAG_RUNS = "run_id,system_prompts,said\na,0,he \\said\nb,0,y\nc,1,y\nd,1,y\n"
NAMED_RUNS = "run_id,pré fixe,note\na,mix,1\nb,mix,2\nc,none,3\nd,fixed,4\n"


@pytest.mark.parametrize(
    ("evals", "claimed"),
    [
        ("e,Blackmail,in_distribution,lower", "System prompts: Blackmail is at least five points lower than without"),
        ("e,MMLU,capability,higher", "System prompts: MMLU is at least five points higher than without"),
    ],
)
def test_init_proposes_a_claim_in_the_direction_of_its_eval(evals: str, claimed: str, tmp_path: Path) -> None:
    written = init_folder(tmp_path, FLAG_RUNS, evals)
    assert f'# text = "{claimed}"' in written
    assert load_study(claiming(tmp_path, written)).claims[0].text == claimed
    assert exit_code(["validate", str(tmp_path)]) == 0


def test_init_declares_the_last_step_where_outcomes_have_steps(tmp_path: Path) -> None:
    init_folder(tmp_path, FLAG_RUNS)
    assert load_study(tmp_path).analysis.step == "last"


def test_init_quotes_what_it_saw_once(tmp_path: Path) -> None:
    assert '#   said: "he \\\\said", "y"\n' in init_folder(tmp_path, FLAG_RUNS)


def test_init_proposes_a_category_where_no_column_holds_flags(tmp_path: Path) -> None:
    written = init_folder(tmp_path, NAMED_RUNS)
    (component,) = load_study(tmp_path).components
    assert (component.id, component.type) == ("pré fixe", "category")
    (declared,) = load_study(claiming(tmp_path, written)).claims
    assert (declared.reference, declared.treated) == ({"pré fixe": "none"}, {"pré fixe": "fixed"})
    assert declared.text == "Pré fixe: with fixed, Blackmail is at least five points lower than with none"
    assert exit_code(["validate", str(tmp_path)]) == 0


def test_init_proposes_a_claim_on_scores_with_their_scale(tmp_path: Path) -> None:
    written = init_folder(tmp_path, FLAG_RUNS, value="0.25")
    assert load_study(claiming(tmp_path, written)).claims[0].scale == "value"
    assert exit_code(["validate", str(tmp_path)]) == 0


def test_init_never_overwrites_a_declaration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text("mine", encoding="utf-8")
    assert exit_code(["init", str(tmp_path)]) == 2
    assert "STUDY_EXISTS" in capsys.readouterr().err
    assert (tmp_path / "study.toml").read_text(encoding="utf-8") == "mine"


def test_init_lists_every_table_it_misses_and_the_evals_to_declare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "o.csv").write_text("run_id,eval_id,n_trials,n_events\na,leaking,9,1\n", encoding="utf-8")
    assert exit_code(["init", str(tmp_path), "--json"]) == 2
    problems = only_document(capsys)["error"]["problems"]
    assert [problem["code"] for problem in problems] == ["NO_TABLE", "NO_TABLE"]
    assert "leaking" in problems[1]["remedy"]
    assert not (tmp_path / "study.toml").exists()


def test_init_says_that_a_folder_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["init", str(tmp_path / "nowhere"), "--json"]) == 2
    (problem,) = only_document(capsys)["error"]["problems"]
    assert (problem["code"], problem["found"]) == ("NO_TABLE", "no such folder")


def test_init_says_how_to_declare_rollouts_that_are_no_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.jsonl").write_text('{"run_id": "a"}\n', encoding="utf-8")
    assert exit_code(["init", str(tmp_path), "--json"]) == 2
    outcomes = only_document(capsys)["error"]["problems"][1]
    assert 'with rollouts = "r.jsonl" under [tables]' in outcomes["remedy"]


def test_init_refuses_two_files_that_could_be_the_run_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("run_id,tools\nx,1\n", encoding="utf-8")
    assert exit_code(["init", str(tmp_path)]) == 2
    assert "TWO_TABLES" in capsys.readouterr().err


def test_init_refuses_runs_without_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs.csv").write_text("run_id,dose\nx,1\ny,3\n", encoding="utf-8")
    (tmp_path / "outcomes.csv").write_text("run_id,eval_id,n_trials\nx,e,9\n", encoding="utf-8")
    (tmp_path / "evals.csv").write_text("eval_id,domain\ne,control\n", encoding="utf-8")
    assert exit_code(["init", str(tmp_path)]) == 2
    assert "NO_COMPONENT" in capsys.readouterr().err


def test_init_reads_no_file_that_is_not_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs.csv").write_bytes(b"run_id,\xff\n")
    assert exit_code(["init", str(tmp_path)]) == 2
    assert "UNREADABLE" in capsys.readouterr().err


# the process as the shell sees it


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mixablate.cli.validate.opened", interrupted)
    assert exit_code(["validate", "x"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_signal_ends_a_check_with_130_and_no_traceback(helped: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "analysis")}
    command = [sys.executable, "-c", "from mixablate.cli import main; main()", "check", helped]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first stage has begun
        for _ in range(10):  # Python drops one that arrives while it ends an import ("Exception ignored in ...")
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
                break
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_goes_away_leaves_no_traceback() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "analysis")}
    command = [sys.executable, "-c", "from mixablate.cli import main; main()", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert err == b""
    assert process.returncode == 3


def test_json_keeps_stdout_pure_and_names_stages_on_stderr(helped: str) -> None:
    done = run_apart("check", helped, "--json", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == 1
    assert "reading the tables" in done.stderr
    assert done.stdout.isascii()


def test_a_terminal_without_unicode_still_gets_its_lines(helped: str) -> None:
    done = run_apart("validate", helped, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "16 runs" in done.stdout


# the document


def test_numbers_that_are_not_finite_become_null() -> None:
    assert plain({"a": (float("nan"), float("inf"), 1.5)}) == {"a": [None, None, 1.5]}


def test_numpy_scalars_become_plain_ones() -> None:
    assert plain((np.float64(0.5), np.int64(3), np.bool_(True), np.float64("nan"))) == [0.5, 3, True, None]


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        json_text({"a": {1, 2}})


def test_opened_takes_a_folder_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError):
        arguments.opened(tmp_path)


# one figure


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_a_figure_is_written_in_the_format_of_its_ending_with_its_data(
    helped: str, tmp_path: Path, ending: str, begins: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / f"effects.{ending}"
    assert exit_code(["figure", "forest", helped, "-o", str(target), "--json"]) == 0
    document = only_document(capsys)
    assert document["files"] == [str(target), str(target.with_suffix(".csv"))]
    assert "Forest plot" in document["alt"]
    assert target.read_bytes().startswith(begins)
    assert target.with_suffix(".csv").read_text().startswith("outcome,")


def test_the_data_of_a_figure_replace_no_other_table(helped: str, tmp_path: Path) -> None:
    own = tmp_path / "outcomes.csv"
    own.write_text("run_id,eval_id\n", encoding="utf-8")
    assert exit_code(["figure", "forest", helped, "-o", str(tmp_path / "outcomes.svg")]) == 3
    assert own.read_text(encoding="utf-8") == "run_id,eval_id\n"
    assert exit_code(["figure", "forest", helped, "-o", str(tmp_path / "mine.svg")]) == 0
    assert exit_code(["figure", "forest", helped, "-o", str(tmp_path / "mine.svg")]) == 0  # its own data it replaces


def test_a_figure_the_study_does_not_have_is_refused_with_the_reason_and_writes_nothing(
    helped: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "alias.svg"
    assert exit_code(["figure", "alias_graph", helped, "-o", str(target)]) == 2  # a Makefile asked for a file
    said = capsys.readouterr().err
    assert "FIGURE_EMPTY" in said
    assert "No component is aliased" in said
    assert not target.exists()


def test_a_figure_of_an_unknown_name_or_ending_is_refused_before_the_analysis(
    helped: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["figure", "forets", helped, "-o", str(tmp_path / "a.svg")]) == 2
    assert exit_code(["figure", "forest", helped, "-o", str(tmp_path / "a.tex")]) == 2
    said = capsys.readouterr().err
    assert 'Did you mean "forest"?' in said
    assert "must end in .svg, .pdf or .png" in said
    assert "attribution" not in said


@pytest.mark.parametrize("command", ["validate", "design", "check", "report"])
def test_runs_that_are_counted_once_are_said_by_every_command(
    command: str, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("outcomes", "evals"):
        (tmp_path / f"{name}.csv").write_bytes((tables / f"{name}.csv").read_bytes())
    header, *rows = (line.split(",") for line in (tables / "runs.csv").read_text(encoding="utf-8").splitlines())
    seed, run_id = header.index("seed"), header.index("run_id")
    for row in rows:
        row[seed] = "0"
    lines = "".join(f"{','.join(row)}\n" for row in (header, *rows))
    (tmp_path / "runs.csv").write_text(lines, encoding="utf-8")
    study = study_file(tmp_path, "study", STUDY + HELPS)
    assert exit_code([command, study, *(["-o", str(tmp_path / "out")] if command == "report" else [])]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "counted once" in said
    assert f'"{min(row[run_id] for row in rows)}"' in said
