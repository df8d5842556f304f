"""R's numbers for other data than the gold cases: each case once failed a check though our number was right."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.checking import CHECKS, read_index
from mixablate.selfcheck.comparing import Comparison

FOLDER = Path(__file__).resolve().parent / "cases_of_r"
METHODS = dict(read_index(FOLDER))
SPECIAL = {
    "ame_squared_term": "a formula with a function of a column",
    "clusterboot_no_events": "an arm without events: no log odds ratio in any resample, R's sums over none are 0",
    "expanded_two_binaries": "0/1 columns other than the response, which no formula names",
    "firth_scaled_column": "a column that the model standardises",
    "glm_frequencies": "0/1 rows with frequencies for weights",
    "glm_ids_like_numbers": "ids 1.1 and 1.10, a coefficient of 0 but for rounding, p-values far in the tail",
    "glm_truth_values": "true and false, as a column and as a comparison",
    "glm_words_for_missing": "levels named None, NA and null, and another reference level",
    "lmg_missing_values": "missing values, which R drops subset by subset",
    "maxt_no_spread": "an outcome without spread in either arm: R writes its infinite t as 10^9",
    "meta_missing_moderators": "studies without a moderator",
    "mixed_log_term": "a logarithm in the formula",
    "nist_one_coefficient": "vectors of length one, which R writes as numbers",
    "padjust_one": "one p-value",
    "permutation_58": "more runs than can be split into two halves",
    "permutation_no_spread": "arms without spread",
    "permutation_rank_sum_zero": "a rank sum at its mean, where coin counts ties twice; columns of other names",
    "rogan_gladen_poor_judge": "a judge so poor that the correction magnifies the steps of epiR's search",
    "score_other_names": "clusters that are no herds",
    "score_single_rows": "0/1 rows, clusters of another name, a response that is not `prop`",
    "shapley_small_total": "parts that are multiples of their total",
    "twoway_levels_as_clusters": "clusters that are a factor's levels: standard errors of 0 but for rounding",
    "twoway_log_response": "the logarithm of a column as the response, which no formula names",
    "wild_interaction": "a tested interaction",
    "wild_logs": "logarithms on both sides of a formula that is not stated",
    "wild_text_factors": "text factors in a formula that is not stated",
    "wild_year_effects": "a factor that is only adjusted for, in a formula that is not stated",
}


def checked(name: str, folder: Path) -> list[Comparison]:
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    found = list(CHECKS[METHODS[name]](GoldCase(name, METHODS[name], folder, reference)))
    assert found
    return found


def test_every_case_says_what_is_special_about_it() -> None:
    assert set(METHODS) == set(SPECIAL)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_the_numbers_of_r_are_ours(name: str) -> None:
    assert [c for c in checked(name, FOLDER / name) if not c.passed] == []


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_in_another_order_of_rows_they_are_too(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER / name, tmp_path / name))
    head, *rows = (folder / "data.csv").read_text(encoding="utf-8").splitlines()
    random.Random(4).shuffle(rows)
    (folder / "data.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert [c for c in checked(name, folder) if not c.passed] == []
