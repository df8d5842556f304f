"""Gold cases of resampling: those of other software, the same in other rows and labels, and new ones by brute force."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.checking import CHECKS
from mixablate.selfcheck.comparing import Comparison

Floats = NDArray[np.float64]
GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
CASES = {
    "boot_city_exact": "bootstrap_enumerated",
    "boot_fixed_indices_aircondit": "bootstrap_fixed_indices",
    "clusterboot_exact_cbpp": "cluster_bootstrap_enumerated",
    "permutation_5v5_runs": "permutation",
    "permutation_rotarod": "permutation",
    "score_wild_logit_cbpp": "score_wild_enumerated",
    "stepdown_maxT_exact": "step_down_max_t",
    "wildcluster_grunfeld10": "wild_cluster_enumerated",
}
NOT_RESULTS = ("meta.", "tolerance", ".null")
TIED = 1e-9


def checked(method: str, folder: Path) -> list[Comparison]:
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    return list(CHECKS[method](GoldCase(folder.name, method, folder, reference)))


def written(folder: Path, data: pd.DataFrame, reference: Mapping[str, Any], **extra: pd.DataFrame) -> Path:
    for name, table in {"data": data, **extra}.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
    return folder


def copied(case: str, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    reference = json.loads((GOLD / case / "reference.json").read_text(encoding="utf-8"))
    return written(folder, change(pd.read_csv(GOLD / case / "data.csv")), reference)


def failures(comparisons: list[Comparison]) -> list[Comparison]:
    assert comparisons
    return [comparison for comparison in comparisons if not comparison.passed]


def leaves(value: object, path: str = "") -> Iterator[str]:
    """The places of all numbers of a reference."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}.{place}")
    elif isinstance(value, int | float):
        yield path


@pytest.mark.parametrize("case", CASES)
def test_gold_cases_agree_in_every_number_they_state(case: str) -> None:
    found = checked(CASES[case], GOLD / case)
    assert failures(found) == []
    reference = json.loads((GOLD / case / "reference.json").read_text(encoding="utf-8"))
    numbers = {leaf for leaf in leaves(reference) if not any(word in leaf for word in NOT_RESULTS)}
    assert numbers - {comparison.what for comparison in found} == set()


def shuffled(data: pd.DataFrame) -> pd.DataFrame:
    return data.sample(frac=1.0, random_state=4)


def renamed(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Every id of a column another one, in another order, on shuffled rows."""

    def change(data: pd.DataFrame) -> pd.DataFrame:
        names = {label: f"é/{99 - place}" for place, label in enumerate(data[column].unique())}
        return shuffled(data.assign(**{column: data[column].map(names)}))

    return change


def halved(data: pd.DataFrame) -> pd.DataFrame:
    """Every row of counts k of n split into two rows of the same run."""
    part = data.assign(k=data["k"] // 2, n=data["n"] // 2)
    return shuffled(pd.concat([part, data.assign(k=data["k"] - part["k"], n=data["n"] - part["n"])]))


def single_animals(data: pd.DataFrame) -> pd.DataFrame:
    """Every row of `.w` trials as that many rows of one."""
    rows = data.loc[data.index.repeat(data["size"])].reset_index(drop=True)
    place = rows.groupby(["herd", "period"]).cumcount()
    return rows.assign(prop=(place < rows["incidence"]).astype(int), **{".w": 1})


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("boot_city_exact", shuffled),
        ("clusterboot_exact_cbpp", renamed("run")),
        ("clusterboot_exact_cbpp", halved),
        ("permutation_5v5_runs", renamed("run")),
        ("permutation_5v5_runs", halved),
        ("permutation_rotarod", shuffled),
        ("score_wild_logit_cbpp", renamed("herd")),
        ("score_wild_logit_cbpp", single_animals),
        ("stepdown_maxT_exact", shuffled),
        ("wildcluster_grunfeld10", renamed("firm")),
    ],
)
def test_rows_and_labels_may_be_others(
    case: str, change: Callable[[pd.DataFrame], pd.DataFrame], tmp_path: Path
) -> None:
    assert failures(checked(CASES[case], copied(case, tmp_path, change))) == []


@pytest.mark.parametrize(
    ("case", "place"),
    [
        ("boot_city_exact", ("bca95_jackknife_a", "ci_strict", 1)),
        ("boot_city_exact", ("R_boot_9999_seed1", "perc", 0)),
        ("boot_fixed_indices_aircondit", ("student95_type6", 0)),
        ("clusterboot_exact_cbpp", ("log_rr", "percentile90", 1)),
        ("permutation_5v5_runs", ("welch_t", "midp_two_sided")),
        ("permutation_rotarod", ("wilcoxon_exact_p",)),
        ("score_wild_logit_cbpp", ("tests", 1, "p_symmetric_ge")),
        ("stepdown_maxT_exact", ("step_down_maxT", "eval3")),
        ("wildcluster_grunfeld10", ("tests", 2, "WCU_p_symmetric_ge")),
        ("wildcluster_grunfeld10", ("tests", 0, "t_CR1")),
    ],
)
def test_a_number_that_is_wrong_by_a_tenth_is_found(case: str, place: tuple[str | int, ...], tmp_path: Path) -> None:
    reference = json.loads((GOLD / case / "reference.json").read_text(encoding="utf-8"))
    holder = reference
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] *= 1.1
    extra = {"indices": pd.read_csv(GOLD / case / "indices.csv")} if (GOLD / case / "indices.csv").exists() else {}
    found = failures(checked(CASES[case], written(tmp_path, pd.read_csv(GOLD / case / "data.csv"), reference, **extra)))
    assert ".".join(map(str, place)) in {comparison.what for comparison in found}


def inverse(statistics: Floats, probability: float) -> float:
    """The smallest of equally likely statistics that so many do not exceed."""
    return float(np.sort(statistics)[math.ceil(probability * statistics.size - TIED) - 1])


def test_a_new_ratio_by_all_ordered_resamples(tmp_path: Path) -> None:
    data = pd.DataFrame({"u": [10, 4, 7, 12], "x": [11, 9, 8, 30]})
    x, u = data["x"].to_numpy(), data["u"].to_numpy()
    drawn = np.array([x[list(p)].sum() / u[list(p)].sum() for p in product(range(4), repeat=4)])
    observed = x.sum() / u.sum()
    left_out = np.array([np.delete(x, i).sum() / np.delete(u, i).sum() for i in range(4)])
    away = left_out.mean() - left_out
    skew = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    bias = norm.ppf(np.mean(drawn < observed - TIED))
    z = bias + norm.ppf([0.1, 0.9])
    points = norm.cdf(bias + z / (1 - skew * z))
    reference = {
        "t0": observed,
        "n_distinct": 35,
        "sum_w": 1,
        "ideal_mean": drawn.mean(),
        "ideal_se": drawn.std(),
        "percentile80": [inverse(drawn, 0.1), inverse(drawn, 0.9)],
        "basic99": [2 * observed - inverse(drawn, 0.995), 2 * observed - inverse(drawn, 0.005)],
        "bca80_jackknife_a": {"z0_strict": bias, "a": skew, "adj_strict": points.tolist()}
        | {"ci_strict": [inverse(drawn, p) for p in points]},
        "jackknife_se": math.sqrt(0.75 * ((left_out - left_out.mean()) ** 2).sum()),
    }
    found = checked("bootstrap_enumerated", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == len(list(leaves(reference)))


def test_new_indices_with_numpy_quantiles(tmp_path: Path) -> None:
    x = np.array([0.3, 1.7, 2.2, 2.2, 5.9])
    indices = np.random.default_rng(3).integers(0, 5, (199, 5))
    indices[0] = [2, 3, 2, 3, 2]  # no spread: a pivot without end
    means, spreads = x[indices].mean(axis=1), x[indices].std(axis=1)
    seen = spreads > TIED
    pivots = (means[seen] - x.mean()) / (spreads[seen] / math.sqrt(5))
    error = x.std() / math.sqrt(5)
    reference = {
        "B": 199,
        "t0": x.mean(),
        "v0": error**2,
        "se_boot": means.std(ddof=1),
        "n_nonfinite_studentised": int((~seen).sum()),
        "percentile90_type7": np.quantile(means, [0.05, 0.95]).tolist(),
        "basic90_type6": (2 * x.mean() - np.quantile(means, [0.95, 0.05], method="weibull")).tolist(),
        "student90_type6": (x.mean() - error * np.quantile(pivots, [0.95, 0.05], method="weibull")).tolist(),
        "tolerance": {"rel": 1e-10},
    }
    table = pd.DataFrame(indices, columns=[f"V{place}" for place in range(1, 6)])
    found = checked("bootstrap_fixed_indices", written(tmp_path, pd.DataFrame({"x": x}), reference, indices=table))
    assert failures(found) == []
    assert len(found) == 11


def test_new_arms_of_unequal_size_with_resamples_that_have_no_events(tmp_path: Path) -> None:
    data = pd.DataFrame({"run": [1, 2, 3, 1, 2], "arm": [0, 0, 0, 1, 1], "k": [0, 2, 5, 0, 3], "n": [10, 12, 9, 20, 8]})
    k, n = data["k"].to_numpy(), data["n"].to_numpy()

    def rate(picked: list[int]) -> float:
        return float(k[picked].sum() / n[picked].sum())

    pairs = [
        (rate(list(a)), rate([3 + b for b in bs]))
        for a in product(range(3), repeat=3)
        for bs in product((0, 1), repeat=2)
    ]
    differences = np.array([b - a for a, b in pairs])
    ratios = np.array([math.log(b / a) for a, b in pairs if a > 0 and b > 0])
    reference = {
        "point": {"rd": rate([3, 4]) - rate([0, 1, 2])},
        "n_distinct": 30,
        "risk_difference": {
            "prob_nonfinite": 0,
            "mean": differences.mean(),
            "se": differences.std(),
            "percentile80": [inverse(differences, 0.1), inverse(differences, 0.9)],
        },
        "log_rr": {
            "prob_nonfinite": 1 - ratios.size / len(pairs),
            "mean": ratios.mean(),
            "percentile50": [inverse(ratios, 0.25), inverse(ratios, 0.75)],
        },
        "tolerance": "as elsewhere",
    }
    found = checked("cluster_bootstrap_enumerated", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == len(list(leaves(reference)))


def welch(values: Floats, treated: list[int]) -> float:
    one, other = values[treated], np.delete(values, treated)
    return float((one.mean() - other.mean()) / math.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size))


def test_new_runs_under_all_relabellings(tmp_path: Path) -> None:
    values = np.array([0.4, 0.1, 0.3, 0.3, 0.9, 0.7, 0.5, 0.8])
    data = pd.DataFrame({"score": values, "group": ["old"] * 5 + ["young"] * 3})

    def entry(statistic: Callable[[list[int]], float]) -> dict[str, float]:
        observed = statistic([5, 6, 7])
        drawn = np.array([statistic(list(chosen)) for chosen in combinations(range(8), 3)])
        return {
            "t0": observed,
            "n_assignments": drawn.size,
            "p_two_sided_abs": float(np.mean(abs(drawn) >= abs(observed) - TIED)),
            "p_greater": float(np.mean(drawn >= observed - TIED)),
            "p_less": float(np.mean(drawn <= observed + TIED)),
        }

    ranks = rankdata(values)
    reference = {
        "mean_difference": entry(lambda chosen: values[chosen].mean() - np.delete(values, chosen).mean()),
        "welch_t": entry(lambda chosen: welch(values, chosen)),
        "wilcoxon_exact_p": entry(lambda chosen: ranks[chosen].sum() - 13.5)["p_two_sided_abs"],
        "min_attainable_two_sided_p": 2 / 56,
        "tolerance": {"p_abs": 1e-12},
    }
    found = checked("permutation", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == 12


def test_new_evals_under_all_joint_relabellings(tmp_path: Path) -> None:
    values = np.round(np.random.default_rng(5).normal(size=(7, 3)), 3)
    names = ["zürich", "a eval", "b"]
    data = pd.DataFrame(values, columns=names).assign(arm=[0, 0, 0, 0, 1, 1, 1])
    drawn = abs(np.array([[welch(v, list(c)) for v in values.T] for c in combinations(range(7), 3)]))
    signed = [welch(v, [4, 5, 6]) for v in values.T]
    stepped, left, before = {}, set(range(3)), 0.0
    for place in np.argsort([-abs(t) for t in signed]):
        before = max(before, float(np.mean(drawn[:, sorted(left)].max(axis=1) >= abs(signed[place]) - TIED)))
        stepped[names[place]] = before
        left.remove(int(place))
    reference = {
        "t": dict(zip(names, signed, strict=True)),
        "step_down_maxT": stepped,
        "n_assignments": 35,
        "tolerance": {"p_abs": 1e-12},
    }
    found = checked("step_down_max_t", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == 7


def test_new_clusters_of_which_one_of_two_regressors_is_tested(tmp_path: Path) -> None:
    # The reference names `dose` alone; that `size` belongs to the model, `noise` and `year` not, shows in the estimate.
    draws = np.random.default_rng(6)
    firm = np.repeat(np.arange(7), [3, 4, 5, 3, 4, 5, 4])
    data = pd.DataFrame({"firm": [f"f{g}" for g in firm], "dose": draws.normal(size=28), "size": draws.normal(size=28)})
    data = data.assign(noise=draws.normal(size=28), year=np.arange(28) % 4)
    data["inv"] = data["dose"] * 0.5 + data["size"] + draws.normal(size=7)[firm] + draws.normal(size=28)
    design, response = np.column_stack([np.ones(28), data[["dose", "size"]]]), data["inv"].to_numpy()

    def t_of(y: Floats) -> float:
        robust = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": firm})  # CR1 with Stata's factor
        return float(robust.tvalues[1])

    restricted = sm.OLS(response, design[:, [0, 2]]).fit()
    signs = product((1.0, -1.0), repeat=7)
    drawn = np.array([t_of(restricted.fittedvalues + np.array(s)[firm] * restricted.resid) for s in signs])
    observed = t_of(response)
    reference = {
        "tests": [
            {
                "par": "dose",
                "null": 0,
                "estimate": float(sm.OLS(response, design).fit().params[1]),
                "t_CR1": observed,
                "G": 7,
                "n_enumerated": 128,
                "WCR_p_symmetric_ge": float(np.mean(abs(drawn) >= abs(observed) - TIED)),
            }
        ],
        "tolerance": {"p_abs": 1e-9, "t_rel": 1e-8},
    }
    found = checked("wild_cluster_enumerated", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == 5


def test_new_herds_with_a_score_by_statsmodels(tmp_path: Path) -> None:
    draws = np.random.default_rng(7)
    herd = np.repeat(np.arange(8), 3)
    data = pd.DataFrame({"herd": herd, "vaccinated": herd % 2, "season": np.tile([0, 1, 2], 8)})
    trials = draws.integers(15, 40, 24)
    events = draws.binomial(trials, 0.3)
    data = data.assign(prop=events / trials, **{".w": trials})
    null = sm.GLM(np.column_stack([events, trials - events]), sm.add_constant(data[["season"]]), sm.families.Binomial())
    rate = null.fit(tol=1e-12).fittedvalues.to_numpy()
    design = np.column_stack([np.ones(24), data["vaccinated"], data["season"]])
    row = np.linalg.inv(design.T @ (design * (trials * rate * (1 - rate))[:, None]))[1]
    scores = np.bincount(herd, design @ row * (events - trials * rate))

    def statistic(signs: tuple[float, ...]) -> float:
        signed = np.array(signs) * scores
        return float(signed.sum() / math.sqrt(((signed - signed.mean()) ** 2).sum()))

    observed = statistic((1.0,) * 8)
    drawn = np.array([statistic(signs) for signs in product((1.0, -1.0), repeat=8)])
    p = float(np.mean(abs(drawn) >= abs(observed) - TIED))
    test = {"par": "vaccinated", "score_t": observed, "n_enumerated": 256, "p_symmetric_ge": p}
    reference = {"tests": [test], "tolerance": {"p_abs": 1e-9, "t_rel": 1e-7}}
    found = checked("score_wild_enumerated", written(tmp_path, data, reference))
    assert failures(found) == []
    assert len(found) == 3
