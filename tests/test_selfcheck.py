"""The self-check: the shipped cases, cases that are spoilt, shuffled, renamed or new, and what the command says."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nct, norm, t
from statsmodels.api import add_constant
from statsmodels.discrete.discrete_model import Logit
from statsmodels.regression.linear_model import OLS, WLS
from statsmodels.stats.multitest import multipletests

from mixablate.cli.program import exit_code
from mixablate.cli.shipped import shipped
from mixablate.errors import SourceError
from mixablate.selfcheck import CaseResult, Comparison, check_cases, read_index
from mixablate.selfcheck.checking import CHECKS

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "fixtures" / "gold"
NARROW = 80  # columns of a terminal as it opens
MINE = {
    "lmg_swiss": "shapley_r2",
    "meta_bcg": "meta_analysis",
    "padjust_bh1995": "p_adjust",
    "power": "power",
    "shapley_ablation_game": "shapley_game",
    "shapley_glm_birthwt": "shapley_deviance",
}
QUICK = {name: method for name, method in MINE.items() if name != "shapley_glm_birthwt"}
OTHER_ROAD = 1e-9  # another implementation of the same formula on a few dozen numbers


@dataclass(frozen=True)
class Cases:
    """A folder of cases that a test fills and spoils."""

    path: Path

    def copy(self, *names: str) -> None:
        """Shipped cases, with an index of just these."""
        methods = dict(read_index(GOLD))
        for name in names:
            shutil.copytree(GOLD / name, self.path / name)
            for file in (self.path / name).iterdir():
                file.chmod(0o644)
        self.index({name: methods[name] for name in names})

    def index(self, cases: Mapping[str, str]) -> None:
        listed = [{"case": name, "method": method} for name, method in cases.items()]
        (self.path / "index.json").write_text(json.dumps({"schema": 1, "cases": listed}), encoding="utf-8")

    def write(self, name: str, method: str, data: pd.DataFrame, reference: Mapping[str, Any]) -> None:
        """A new case, which alone the index lists."""
        (self.path / name).mkdir()
        data.to_csv(self.path / name / "data.csv", index=False)
        (self.path / name / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
        self.index({name: method})

    def reference(self, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        file = self.path / name / "reference.json"
        reference = json.loads(file.read_text(encoding="utf-8"))
        edit(reference)
        file.write_text(json.dumps(reference), encoding="utf-8")

    def data(self, name: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        file = self.path / name / "data.csv"
        edit(pd.read_csv(file)).to_csv(file, index=False)

    def results(self) -> list[CaseResult]:
        return list(check_cases(self.path))

    def failures(self) -> list[str]:
        """What disagrees, or why a case was not run."""
        return [f"{r.case}: {r.reason or list(r.failed[:3])}" for r in self.results() if not r.passed]

    def command(self, *words: str) -> int:
        return exit_code(["selfcheck", "--cases", str(self.path), *words])


@pytest.fixture
def cases(tmp_path: Path) -> Cases:
    return Cases(tmp_path)


@pytest.fixture(scope="module")
def shipped_document() -> tuple[int, dict[str, Any]]:
    """What `mixablate selfcheck --json` gives on the shipped cases: its exit code and its document."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = exit_code(["selfcheck", "--json"])
    return code, json.loads(out.getvalue())


def only_case(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    (case,) = document["cases"]
    assert isinstance(case, dict)
    return case


# the shipped cases


@pytest.mark.slow
def test_every_shipped_case_with_a_check_agrees(shipped_document: tuple[int, dict[str, Any]]) -> None:
    listed = shipped_document[1]["cases"]
    assert [(case["case"], case["method"]) for case in listed] == list(read_index(GOLD))
    assert [case for case in listed if case["method"] in CHECKS and not case["passed"]] == []


@pytest.mark.slow
def test_a_method_that_is_not_built_is_listed_and_does_not_pass(shipped_document: tuple[int, dict[str, Any]]) -> None:
    code, document = shipped_document
    not_built = [case for case in document["cases"] if case["method"] not in CHECKS]
    for case in not_built:
        assert case["reason"] == f'the method "{case["method"]}" is not built'
        assert (case["passed"], case["compared"], case["worst_error"], case["tolerance"]) == (False, 0, None, None)
    assert code == (1 if not_built else 0)


def test_the_checks_compare_as_many_numbers_as_the_references_hold(cases: Cases) -> None:
    # 13 rows of 14 numbers (the fixed effect: 12), tau2's two limits, 2 of Egger, 3 guarded, 13 left-out, 26 effects,
    # 7 of the regression, 2 of Mantel-Haenszel; 6 rules of 15 p-values, and their number; 5 players by 4, and 2 ends.
    cases.copy("meta_bcg", "padjust_bh1995", "lmg_swiss")
    compared = {result.case: len(result.comparisons) for result in cases.results()}
    assert compared == {
        "meta_bcg": 14 * 14 + 12 + 2 + 2 + 3 + 13 + 26 + 7 + 2,
        "padjust_bh1995": 6 * 16,
        "lmg_swiss": 22,
    }


def test_the_default_folder_is_the_one_in_this_checkout_and_comes_with_the_package() -> None:
    assert shipped("fixtures", "gold") == GOLD
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "fixtures/gold" in wheel["only-include"]


def test_the_page_explains_every_method_that_is_built() -> None:
    page = (ROOT / "docs" / "selfcheck.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert set(CHECKS) - explained == set()
    assert explained - {method for _, method in read_index(GOLD)} == set()


# spoilt cases


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "lmg_swiss": (lambda r: r["shapley"].update(Catholic=0.1056), "shapley.Catholic"),
    "meta_bcg": (lambda r: r["REML_knha"].update(I2=92.2), "REML_knha.I2"),
    "padjust_bh1995": (lambda r: r["hommel"].__setitem__(4, 0.16), "hommel.4"),
    "power": (lambda r: r["cluster"][1].update(power_t=0.59), "cluster.1.power_t"),
    "shapley_ablation_game": (lambda r: r["last"].update(B=0.12), "last.B"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_an_altered_reference_number_fails_and_is_named(
    name: str, cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, what = SPOILT[name]
    cases.copy(name)
    cases.reference(name, spoil)
    assert cases.command() == 1
    said = capsys.readouterr().out
    assert f"{what}: expected " in said
    assert said.rstrip().endswith("1 FAILED.")
    assert cases.command("--json") == 1
    case = only_case(capsys)
    assert case["reason"].startswith(f"{what}: expected ")
    assert (case["passed"], case["worst_error"] > case["tolerance"]) == (False, True)


def test_altered_data_fail(cases: Cases) -> None:
    cases.copy(*QUICK)
    cases.data("padjust_bh1995", lambda table: table.assign(p=table["p"] * 0.999))
    cases.data("lmg_swiss", lambda table: table.assign(Education=table["Education"].iloc[::-1].to_numpy()))
    cases.data("meta_bcg", lambda table: table.assign(tpos=table["tpos"] + 1))
    cases.data("shapley_ablation_game", lambda table: table.assign(p=table["p"] ** 2))
    assert {r.case for r in cases.results() if not r.passed} == set(QUICK) - {
        "power"
    }  # which has no data but its numbers


def test_a_tau2_further_off_than_the_stopping_rule_of_r_fails(cases: Cases) -> None:
    cases.copy("meta_bcg")
    cases.reference("meta_bcg", lambda r: r["PM_z"].update(tau2=0.31806845220503 + 0.00013))
    (result,) = cases.results()
    assert "PM_z.tau2" in {comparison.what for comparison in result.failed}


def test_a_missing_number_is_an_infinite_error_and_null_in_json(
    cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    cases.copy("shapley_ablation_game")
    cases.reference("shapley_ablation_game", lambda r: r["first"].update(D=0.1))
    assert cases.command("--json") == 1
    case = only_case(capsys)
    assert case["worst_error"] is None
    assert case["reason"] == "first.D: expected 0.1, found None (tolerance 1e-14)"


def test_the_worst_disagreements_come_first_and_the_rest_is_counted(
    cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    cases.copy("padjust_bh1995")
    cases.reference("padjust_bh1995", lambda r: r.update(holm=[p * (1 + p) for p in r["holm"]]))
    assert cases.command() == 1
    said = capsys.readouterr().out
    shown = [line for line in said.splitlines() if "holm." in line]
    assert [line.strip()[:7] for line in shown] == ["holm.9:", "holm.10", "holm.11", "holm.12", "holm.13"]  # 2 for 1
    assert "and 10 more" in said


def test_a_case_without_its_files_fails_alone(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    cases.copy("power", "padjust_bh1995", "lmg_swiss")
    (cases.path / "power" / "reference.json").unlink()
    (cases.path / "lmg_swiss" / "reference.json").write_text("[1, 2]", encoding="utf-8")
    assert cases.command("--json") == 1
    listed = {case["case"]: case for case in json.loads(capsys.readouterr().out)["cases"]}
    assert [listed[name]["passed"] for name in ("power", "padjust_bh1995", "lmg_swiss")] == [False, True, False]
    assert "FileNotFoundError" in listed["power"]["reason"]


def test_a_reference_without_a_number_does_not_pass(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    cases.write("empty", "p_adjust", pd.DataFrame({"p": [0.1]}), {"published": "in words"})
    assert cases.command("--json") == 1
    assert only_case(capsys)["reason"] == "its reference holds no number that could be compared"


def test_an_unknown_method_is_listed_and_the_others_run(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    cases.copy("power")
    cases.index({"power": "power", "elsewhere": "tea_leaves"})
    assert cases.command() == 1
    said = capsys.readouterr().out
    assert 'elsewhere: the method "tea_leaves" is not built' in said
    assert said.rstrip().endswith("2 cases, 26 numbers compared: 1 ok, 1 not run.")


@pytest.mark.parametrize(
    "index",
    [None, "not json", "[]", '{"cases": [{"case": "x"}]}', '{"cases": 3}', '{"cases": []}'],
    ids=["none", "no json", "a list", "no method", "a number", "no case"],
)
def test_a_folder_without_a_readable_index_is_bad_input(
    index: str | None, cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    if index is not None:
        (cases.path / "index.json").write_text(index, encoding="utf-8")
    assert cases.command("--json") == 2
    (problem,) = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert problem["code"] == "GOLD_INDEX"
    assert str(cases.path) in problem["place"]


# what the command prints


def test_a_folder_that_agrees_is_exit_code_zero_with_a_line_a_case(
    cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    cases.copy(*QUICK)
    assert cases.command() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert max(len(line) for line in lines) <= NARROW
    for name in QUICK:
        assert any(line.startswith(name) and line.split()[-1] == "ok" for line in lines)
        assert f"{name} ..." in said.err
    assert re.fullmatch(r"5 cases, \d+ numbers compared: 5 ok\.", lines[-1])


def test_the_json_document_holds_the_nearest_number_of_each_case(
    cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    cases.copy("meta_bcg")
    assert cases.command("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["schema", "cases"]
    (case,) = document["cases"]
    assert list(case) == ["case", "method", "compared", "worst_error", "tolerance", "passed"]
    # metafor's Paule-Mandel tau2 is 2.5e-5 from the root, where its uniroot may stop 1.2e-4 from it.
    assert (case["worst_error"], case["tolerance"]) == (pytest.approx(2.526e-5, rel=1e-3), 2**-13)


def test_an_index_that_is_no_index_is_refused_by_the_function_too(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="GOLD_INDEX"):
        list(check_cases(tmp_path))


def test_the_worst_number_is_that_nearest_to_its_tolerance() -> None:
    far = Comparison("far", 1.0, 1.1, 0.1, 1.0)
    near = Comparison("near", 1.0, 1.01, 0.01, 0.02)
    label = Comparison("label", "a", "b", math.inf, 0.0)
    assert CaseResult("c", "m", (far, near)).worst == near
    assert CaseResult("c", "m", (far, near, label)).worst == label
    assert CaseResult("c", "m", (far, near, label)).failed == (label,)
    assert not CaseResult("c", "m", ()).passed


# the same cases in another shape


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    return table.sample(frac=1, random_state=3)


def renamed(name: str, cases: Cases, players: Mapping[str, str]) -> None:
    """The case with its players under other names, in table and reference."""

    def edit(reference: dict[str, Any]) -> None:
        for key in ("shapley", "first", "last", "share"):
            reference[key] = {players[player]: number for player, number in reference[key].items()}

    cases.data(name, lambda table: table.rename(columns=dict(players)))
    cases.reference(name, edit)


def test_the_order_of_rows_does_not_matter(cases: Cases) -> None:
    cases.copy(*QUICK)
    for name in QUICK:
        cases.data(name, shuffled)
    assert cases.failures() == []


def test_names_of_players_and_the_order_of_columns_do_not_matter(cases: Cases) -> None:
    cases.copy("shapley_ablation_game", "lmg_swiss")
    renamed("shapley_ablation_game", cases, {"A": "tools, unused", "B": "p2", "C": "höflich"})
    swiss = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
    renamed("lmg_swiss", cases, dict(zip(swiss, ["x1", "Education.2", "z_3", "a b", "é"], strict=True)))
    cases.data("shapley_ablation_game", lambda table: table[table.columns[::-1]])
    assert cases.failures() == []


def test_a_rate_given_by_several_rows_is_their_mean(cases: Cases) -> None:
    cases.copy("shapley_ablation_game")
    halves = [0.5, 1.5]  # of the rate: exact in binary, so that the mean is the rate again
    cases.data("shapley_ablation_game", lambda table: pd.concat([table.assign(p=table["p"] * half) for half in halves]))
    cases.reference("shapley_ablation_game", lambda r: r["tolerance"].update(abs=1e-13))
    assert cases.failures() == []


@pytest.mark.slow
def test_rows_and_coded_players_of_a_logit_may_change_form(cases: Cases) -> None:
    cases.copy("shapley_glm_birthwt")
    cases.data("shapley_glm_birthwt", shuffled)
    cases.data("shapley_glm_birthwt", lambda table: table.assign(smoke=table["smoke"].map({0: "no", 1: "yes"})))
    assert cases.failures() == []


def test_effects_may_be_given_instead_of_counts(cases: Cases) -> None:
    cases.copy("meta_bcg")
    reference = json.loads((GOLD / "meta_bcg" / "reference.json").read_text())
    cases.data("meta_bcg", lambda table: pd.DataFrame({"yi": reference["yi"], "vi": reference["vi"]}))
    cases.reference("meta_bcg", lambda r: [r.pop(k) for k in ("meta_regression_ablat", "mantel_haenszel_logRR")])
    assert cases.failures() == []


# new cases, whose numbers come by another road


@pytest.mark.parametrize("lost", [[], [math.nan]], ids=["complete", "one missing"])
def test_new_p_values_are_adjusted_as_statsmodels_does(lost: list[float], cases: Cases) -> None:
    p_values = [0.3, 0.0004, 0.04, 0.04, 0.0123, 0.9, 0.011]
    rules = {"bonferroni": "bonferroni", "holm": "holm", "hochberg": "simes-hochberg", "hommel": "hommel"}
    rules |= {"BH": "fdr_bh", "BY": "fdr_by"}
    reference = {
        name: [*multipletests(p_values, method=rule)[1], *(None for _ in lost)] for name, rule in rules.items()
    }
    data = pd.DataFrame({"p": p_values + lost})
    cases.write("seven-evals", "p_adjust", data, reference | {"tolerance": {"abs": 1e-12}})
    assert cases.failures() == []


def test_the_case_shown_on_the_page_passes(cases: Cases) -> None:
    page = (ROOT / "docs" / "selfcheck.md").read_text(encoding="utf-8")
    index, reference = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.M))
    # Ascending .004 x 5 = .02, .005 x 4 = .02, then .5 x 3 and on, at most 1.
    cases.write("five-claims", "p_adjust", pd.DataFrame({"p": [0.5, 0.005, 0.7, 0.004, 0.6]}), reference)
    (cases.path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    assert cases.failures() == []


def test_a_new_game_by_hand(cases: Cases) -> None:
    # Rates .4 without, .3 and .2 alone, .05 together: drops 0, .1, .2, .35. First .1, .2; last .35 - .2, .35 - .1;
    # Shapley the mean of both: .125 and .225, together .35.
    data = pd.DataFrame({"p": [0.05, 0.4, 0.2, 0.3], "advice": [1, 0, 0, 1], "tools": [1, 0, 1, 0]})
    reference = {
        "shapley": {"advice": 0.125, "tools": 0.225},
        "first": {"advice": 0.1, "tools": 0.2},
        "last": {"advice": 0.15, "tools": 0.25},
        "share": {"advice": 0.125 / 0.35, "tools": 0.225 / 0.35},
        "total": 0.35,
        "empty": 0,
        "tolerance": {"abs": 1e-14},
    }
    cases.write("two-players", "shapley_game", data, reference)
    assert cases.failures() == []


def by_orders(players: list[str], value: Callable[[list[str]], float]) -> dict[str, Any]:
    """The reference of a game by Shapley's own definition: a player's mean gain over all orders of joining."""
    gains: dict[str, list[float]] = {player: [] for player in players}
    for order in permutations(players):
        for place, player in enumerate(order):
            gains[player].append(value(list(order[: place + 1])) - value(list(order[:place])))
    parts = {player: float(np.mean(found)) for player, found in gains.items()}
    everyone = value(players)
    return {
        "shapley": parts,
        "first": {player: value([player]) for player in players},
        "last": {player: everyone - value([p for p in players if p != player]) for player in players},
        "share": {player: part / everyone for player, part in parts.items()},
        "total": everyone,
        "empty": 0.0,
        "tolerance": {"abs": 1e-8},
    }


def drawn_table() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["dose", "länge", "u.3"])
    table["länge"] += table["dose"]
    table["score"] = table["dose"] - 0.5 * table["u.3"] + rng.normal(size=60)
    return table


def test_new_linear_data_are_split_over_all_orders(cases: Cases) -> None:
    table, players = drawn_table(), ["dose", "länge", "u.3"]

    def r2(chosen: list[str]) -> float:
        return float(OLS(table["score"], add_constant(table[chosen])).fit().rsquared) if chosen else 0.0

    cases.write("drawn", "shapley_r2", table, by_orders(players, r2))
    assert cases.failures() == []


def test_new_binary_data_are_split_over_all_orders(cases: Cases) -> None:
    table, players = drawn_table(), ["dose", "länge", "u.3"]
    table["score"] = (table["score"] > 0.3).astype(int)

    def mcfadden(chosen: list[str]) -> float:
        return float(Logit(table["score"], add_constant(table[chosen])).fit(disp=False).prsquared) if chosen else 0.0

    cases.write("drawn", "shapley_deviance", table, by_orders(players, mcfadden))
    assert cases.failures() == []


def test_new_designs_have_the_power_of_scipys_noncentral_t(cases: Cases) -> None:
    rows = []
    for runs, p0, p1, se in ((3, 0.3, 0.1, 0.06), (8, 0.05, 0.09, 0.02), (12, 0.5, 0.5, 0.1)):
        df, shift = 2 * (runs - 1), abs(p0 - p1) / se
        critical = t.ppf(0.95, df)  # of a 90 % interval
        by_t = nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift)
        by_normal = norm.sf(norm.ppf(0.95) - shift) + norm.cdf(-norm.ppf(0.95) - shift)
        rows.append({"K": runs, "p0": p0, "p1": p1, "se": se, "power_t": by_t, "power_z": by_normal})
    reference = {"cluster": rows, "level": 0.9, "tolerance": {"abs": 1e-8}}
    cases.write("designs", "power", pd.DataFrame(rows), reference)
    assert cases.failures() == []


def test_the_design_behind_a_power_is_read_from_the_data(cases: Cases) -> None:
    cases.copy("power")
    cases.data("power", lambda table: table.assign(icc=table["icc"] + 0.001, K=table["K"] + (table.index == 2)))
    (result,) = cases.results()
    found = {comparison.what for comparison in result.failed}
    assert {"cluster.0.icc", "cluster.0.design_effect", "cluster.5.se", "cluster.2.K", "cluster.2.power_t"} <= found


def test_a_power_of_fisher_s_test_by_hand(cases: Cases) -> None:
    # 4 against 4: at 10 % only 4 of 4 against 0 of 4 is rejected (p = 2/70), either way round.
    entry = {"n1": 4, "n2": 4, "p1": 0.5, "p2": 0.25, "power": 0.5**4 * 0.75**4 + 0.5**4 * 0.25**4}
    reference = {"cluster": [], "fisher_exact_power": [entry], "level": 0.9, "tolerance": {"abs": 1e-12}}
    cases.write("fisher", "power", pd.DataFrame({"K": [3]}), reference)
    assert cases.failures() == []


def test_shares_over_a_small_total_are_compared_to_their_digits(cases: Cases) -> None:
    # .001 in all, of which A has -.2945 and B .2955: shares -294.5 and 295.5, of which floating point keeps 13 digits.
    table = pd.DataFrame({"A": [0, 1, 0, 1], "B": [0, 0, 1, 1], "p": [0.301, 0.7, 0.11, 0.3]})
    reference = {
        "shapley": {"A": -0.2945, "B": 0.2955},
        "share": {"A": -294.5, "B": 295.5},
        "tolerance": {"abs": 1e-14},
    }
    cases.write("game", "shapley_game", table, reference)
    assert cases.failures() == []
    cases.reference("game", lambda r: r["share"].update(A=-294.5 * (1 + 1e-11)))
    assert [c.what for result in cases.results() for c in result.failed] == ["share.A"]


def random_effects(y: np.ndarray, v: np.ndarray, tau2: float, *, scaled: bool) -> dict[str, Any]:
    """A mean with metafor's layout, from statsmodels' weighted least squares of a constant."""
    fit = WLS(y, np.ones(len(y)), weights=1 / (v + tau2)).fit()
    scale, df = (1.0, np.inf) if not scaled else (fit.scale, len(y) - 1)
    se = float(np.sqrt(fit.normalized_cov_params[0, 0] * scale))
    quantile = t.ppf(0.975, df)
    return {
        "beta": fit.params[0],
        "se": se,
        "ci": [fit.params[0] - quantile * se, fit.params[0] + quantile * se],
        "stat": fit.params[0] / se,
        "p": 2 * t.sf(abs(fit.params[0] / se), df),
        "tau2": tau2,
        "pred_int": [fit.params[0] + sign * quantile * math.hypot(se, math.sqrt(tau2)) for sign in (-1, 1)],
    }


def new_studies() -> Iterator[tuple[str, pd.DataFrame, np.ndarray, np.ndarray]]:
    """Tables of four base models as effects and as counts, with their effects and variances by arithmetic."""
    y, v = np.array([-0.4, -1.1, 0.2, -0.9]), np.array([0.05, 0.2, 0.02, 0.1])
    yield "effects", pd.DataFrame({"yi": y, "vi": v}), y, v
    a, n, c, m = np.array([12, 3, 40, 9]), np.array([90, 80, 200, 60]), np.array([30, 20, 38, 15]), np.array([95] * 4)
    counts = pd.DataFrame({"ai": a, "n1i": n, "ci": c, "n2i": m})
    p, q = a / n, c / m
    yield "risk-differences", counts, p - q, p * (1 - p) / n + q * (1 - q) / m
    sides = pd.DataFrame({"ai": a, "bi": n - a, "ci": c, "di": m - c})
    odds = np.log(a * (m - c) / ((n - a) * c))
    yield "odds-ratios", sides, odds, 1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)


@pytest.mark.parametrize("new", list(new_studies()), ids=lambda new: new[0])
def test_new_studies_are_pooled_as_weighted_regressions_are(
    new: tuple[str, pd.DataFrame, np.ndarray, np.ndarray], cases: Cases
) -> None:
    name, table, y, v = new
    w = 1 / v
    q = float(w @ (y - (w @ y) / w.sum()) ** 2)
    moments = max(0.0, (q - 3) / (w.sum() - (w @ w) / w.sum()))
    plain = max(0.0, y.var(ddof=1) - v.mean())
    fixed = random_effects(y, v, 0.0, scaled=False) | {"pred_int": None, "I2": max(0.0, 100 * (q - 3) / q), "QE": q}
    reference = {
        "FE_z": fixed,
        "DL_z": random_effects(y, v, moments, scaled=False),
        "DL_knha": random_effects(y, v, moments, scaled=True),
        "HE_z": random_effects(y, v, plain, scaled=False),
        "HE_knha": random_effects(y, v, plain, scaled=True),
        "tolerance": {"abs": OTHER_ROAD},
    }
    cases.write(name, "meta_analysis", table, reference)
    assert cases.failures() == []


def test_studies_that_agree_to_the_last_digit_are_compared_where_there_is_something(cases: Cases) -> None:
    # metafor: tau2 0, mean .3, an unscaled SE of sqrt(.04/3), and Hartung-Knapp intervals without width.
    se = math.sqrt(0.04 / 3)
    reference = {
        "DL_z": {"beta": 0.3, "se": se, "tau2": 0, "I2": 0, "H2": 1, "QE": 0, "QEp": 1, "stat": 0.3 / se}
        | {"ci": [0.3 - norm.ppf(0.975) * se, 0.3 + norm.ppf(0.975) * se]},
        "DL_knha": {"beta": 0.3, "se": 0, "tau2": 0, "ci": [0.3, 0.3], "stat": None, "p": 0},
        "tau2_Qprofile_ci": [0, 0],
        "tolerance": {"abs": 1e-6},
    }
    cases.write("alike", "meta_analysis", pd.DataFrame({"yi": [0.3] * 3, "vi": [0.04] * 3}), reference)
    assert cases.failures() == []


def test_an_upper_limit_of_tau2_that_r_did_not_look_beyond_is_a_bound(cases: Cases) -> None:
    # Two studies far apart: the limit of tau2 is in the thousands, and metafor stops at 100.
    reference = {"tau2_Qprofile_ci": [0.4, 100], "tolerance": {"abs": 1.0}}
    cases.write("two", "meta_analysis", pd.DataFrame({"yi": [0.0, 3.0], "vi": [0.1, 0.1]}), reference)
    assert cases.failures() == []
