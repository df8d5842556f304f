"""Gold cases of wild bootstraps of regressions: every sign vector over clusters."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.models.logit import Unfitted
from mixablate.estimate.models.separation import aliased_columns
from mixablate.resample import (
    DrawTest,
    WildRegression,
    restricted_wild_test,
    score_wild_test,
    stage_rng,
    unrestricted_wild_test,
    wild_interval,
    wild_regression,
    wild_t,
)
from mixablate.resample.score_wild import cluster_scores
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.expressions import evaluated
from mixablate.selfcheck.formula import model_frame
from mixablate.selfcheck.recognised import Design, candidate_designs

__all__ = ["check_score_wild_enumerated", "check_wild_cluster_enumerated"]

Floats = NDArray[np.float64]

MOST_CLUSTERS = 20  # 2^20 sign vectors
MOST_MODELS = 20_000
MOST_SCORES = 1_000
FOUND = 1e-6  # relative agreement by which a model is recognised; far wider than any tolerance it is then held to
BISECTED = 1e-6  # of the interval's width: the reference ends its bisection there


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the data: response (n,), cluster column, and the named columns of its matrix."""

    response: Floats
    cluster: str
    names: tuple[str, ...]
    matrix: Floats

    def unit(self, name: str) -> Floats:
        """The combination that picks one coefficient, (k,)."""
        return np.array([float(own == name) for own in self.names])


def check_wild_cluster_enumerated(case: GoldCase) -> Iterator[Comparison]:
    """Wild cluster bootstrap of least squares coefficients, with and without the null imposed, and its interval."""
    data, tests = case.table(), case.reference["tests"]
    p_abs, t_rel = case.tolerance("p_abs", default=1e-9), case.tolerance("t_rel", default=1e-8)
    fits: dict[str, WildRegression] = {}
    for place, expected in enumerate(tests):
        par, null = expected["par"], float(expected.get("null", 0.0))
        fit = fits[par] = _fit(_recognised(data, case.reference, expected), data, par)
        yield from _shared(f"tests.{place}.", {"estimate": fit.estimate, "t_CR1": wild_t(fit, null)}, expected, t_rel)
        yield from _shared(f"tests.{place}.", _p_values(fit, null), expected, p_abs, relative=False)
    for key, limits in case.reference.items():
        if (parts := re.fullmatch(r"ci(\d+)_(.+)_by_inversion", key)) and parts[2] in fits:
            fit = fits[parts[2]]
            interval = wild_interval(fit, float(f"0.{parts[1]}"), draws=_vectors(fit.own.size), rng=_rng())
            slack = BISECTED * abs(limits[1] - limits[0])
            yield close(f"{key}.0", interval.lower, limits[0], slack)
            yield close(f"{key}.1", interval.upper, limits[1], slack)


def check_score_wild_enumerated(case: GoldCase) -> Iterator[Comparison]:
    """Score wild bootstrap of logit coefficients: a column of shares of `.w` trials, runs or herds as clusters."""
    data, tests = case.table(), case.reference["tests"]
    p_abs, t_rel = case.tolerance("p_abs", default=1e-9), case.tolerance("t_rel", default=1e-7)
    for place, expected in enumerate(tests):
        test = _score_test(data, case.reference, expected)
        found = {"p_symmetric_ge": test.p_absolute, "n_enumerated": float(test.draws)}
        yield from _shared(f"tests.{place}.", {"score_t": test.observed}, expected, t_rel)
        yield from _shared(f"tests.{place}.", found, expected, p_abs, relative=False)


def _p_values(fit: WildRegression, null: float) -> dict[str, float]:
    clusters = fit.own.size
    imposed = restricted_wild_test(fit, draws=_vectors(clusters), rng=_rng(), null=null)
    free = unrestricted_wild_test(fit, draws=_vectors(clusters), rng=_rng(), null=null)
    return {
        "G": float(clusters),
        "n_enumerated": float(imposed.draws),
        "WCR_p_symmetric_ge": imposed.p_absolute,
        "WCR_p_symmetric_gt": imposed.p_absolute_beyond,
        "WCR_p_equal_tail": imposed.p_two_sided,
        "WCU_p_symmetric_ge": free.p_absolute,
        "WCU_p_symmetric_gt": free.p_absolute_beyond,
        "WCU_p_equal_tail": free.p_two_sided,
    }


def _recognised(data: pd.DataFrame, reference: Mapping[str, Any], expected: Mapping[str, Any]) -> _Model:
    """The model of a test: the reference's formula if it states one; else the one that gives the stated estimate and t.

    References name only the tested coefficient and the number of clusters. If no candidate agrees the first one stands,
    and its numbers show to differ.
    """
    par, null = expected["par"], float(expected.get("null", 0.0))
    cluster = expected.get("cluster", reference.get("cluster"))
    groups = [str(cluster)] if cluster else _with_levels(data, int(expected["G"]))
    if stated := expected.get("formula", reference.get("formula")):
        frame = model_frame(stated, data)
        response = np.asarray(evaluated(frame.response, data), dtype=float)
        return _Model(response, groups[0], frame.names, frame.matrix)
    first: _Model | None = None
    for design in islice(_designs(data, reference, par), MOST_MODELS):
        for response in _responses(data, design, par, float(expected["estimate"])):
            for group in groups:
                model = _Model(response, group, design.names, design.matrix)
                first = first or model
                if _agree(wild_t(_fit(model, data, par), null), float(expected["t_CR1"])):
                    return model
        if first is None and (unlike := _numeric_columns(data, design.columns)):
            first = _Model(unlike[0], groups[0], design.names, design.matrix)
    if first is None:
        raise ValueError(f'no column of the case can be explained by "{par}"')
    return first


def _designs(data: pd.DataFrame, reference: Mapping[str, Any], par: str) -> Iterator[Design]:
    """Candidate models of all tested coefficients at once, then of this one alone; of full column rank."""
    tested = [test["par"] for test in reference["tests"]]
    for names in [tested] if tested == [par] else [tested, [par]]:
        yield from (d for d in candidate_designs(data, names) if not aliased_columns(d.matrix))


def _responses(data: pd.DataFrame, design: Design, par: str, estimate: float) -> Iterator[Floats]:
    """The columns, or their logarithms, of which least squares gives this estimate."""
    columns = _numeric_columns(data, design.columns)
    columns += [np.log(column) for column in columns if (column > 0).all()]
    if not columns:
        return
    scale = np.sqrt((design.matrix**2).sum(axis=0))
    place = design.names.index(par)
    found = np.linalg.lstsq(design.matrix / scale, np.column_stack(columns))[0][place] / scale[place]
    yield from (column for column, slope in zip(columns, found.tolist(), strict=True) if _agree(slope, estimate))


def _numeric_columns(data: pd.DataFrame, but: Collection[str]) -> list[Floats]:
    names = [name for name in data.columns if name not in but and pd.api.types.is_numeric_dtype(data[name])]
    return [data[name].to_numpy(dtype=float) for name in names if data[name].notna().all()]


def _with_levels(data: pd.DataFrame, count: int) -> list[str]:
    """The columns of so many levels.

    Raises:
        ValueError: there are none.
    """
    found = [str(name) for name in data.columns if data[name].nunique() == count]
    if not found:
        raise ValueError(f"no column of {list(data.columns)} has {count} clusters")
    return found


def _fit(model: _Model, data: pd.DataFrame, par: str) -> WildRegression:
    return wild_regression(model.matrix, model.response, data[model.cluster].astype(str).to_numpy(), model.unit(par))


def _score_test(data: pd.DataFrame, reference: Mapping[str, Any], expected: Mapping[str, Any]) -> DrawTest:
    """The test of the model whose statistic is stated, found as in `_recognised`: all tested columns first."""
    par = expected["par"]
    cluster = expected.get("cluster", reference.get("cluster"))
    groups = [str(cluster)] if cluster else _with_levels(data, round(math.log2(expected["n_enumerated"])))
    trials = data[".w"].to_numpy(dtype=float) if ".w" in data else np.ones(len(data))
    designs: Iterator[Design]
    if stated := expected.get("formula", reference.get("formula")):
        frame = model_frame(stated, data)
        designs = iter([Design(frame.names, frame.matrix, frozenset())])
        rates = [np.asarray(evaluated(frame.response, data), dtype=float)]
    else:
        rates = _rates(data, trials)
        designs = islice(_designs(data, reference, par), MOST_SCORES)
    held = [_holding(data, rate * trials, trials) for rate in rates]
    first: tuple[Floats, Floats, Floats, list[str], int] | None = None
    for design in designs:
        for (rate, holding), group in product(zip(rates, held, strict=True), groups):
            if design.columns & holding:
                continue
            labels = data[group].astype(str).tolist()
            rows = (design.matrix, np.rint(rate * trials), trials, labels, design.names.index(par))
            first = first or rows
            scores = cluster_scores(*rows)
            if not isinstance(scores, Unfitted) and _agree(_studentised(scores), float(expected["score_t"])):
                return score_wild_test(*rows, draws=_vectors(len(scores)), rng=_rng())
    if first is None:
        raise ValueError(f'no column of rates that "{par}" could explain')
    return score_wild_test(*first, draws=_vectors(len(set(first[3]))), rng=_rng())


def _rates(data: pd.DataFrame, trials: Floats) -> list[Floats]:
    """The columns that are shares of these trials, `prop` first."""
    names = sorted((c for c in data.columns if pd.api.types.is_numeric_dtype(data[c])), key=lambda c: c != "prop")
    columns = [data[name].to_numpy(dtype=float) for name in names if name != ".w"]
    shares = [column for column in columns if ((column >= 0) & (column <= 1)).all() and np.ptp(column) > 0]
    return [share for share in shares if np.abs(share * trials - np.rint(share * trials)).max() < FOUND]


def _holding(data: pd.DataFrame, events: Floats, trials: Floats) -> frozenset[str]:
    """The columns that hold the counts in one form or another."""
    shares = events / trials
    forms = (np.rint(events), trials, np.rint(trials - events), shares)
    numeric = [c for c in data.columns if pd.api.types.is_numeric_dtype(data[c])]
    columns = {str(c): data[c].to_numpy(dtype=float) for c in numeric}
    return frozenset(c for c, column in columns.items() if any(np.allclose(column, f, atol=FOUND) for f in forms))


def _studentised(scores: Floats) -> float:
    """The sum of the scores over the root of their squares around their mean."""
    around = float(((scores - scores.mean()) ** 2).sum())
    return float(scores.sum()) / math.sqrt(around) if around > 0 else math.inf


def _shared(
    prefix: str, found: Mapping[str, float], expected: Mapping[str, Any], tolerance: float, *, relative: bool = True
) -> Iterator[Comparison]:
    for key, number in found.items():
        if key in expected:
            yield close(f"{prefix}{key}", number, expected[key], tolerance, relative=relative)


def _agree(found: float, expected: float) -> bool:
    return abs(found - expected) <= FOUND * max(abs(expected), FOUND)


def _vectors(clusters: int) -> int:
    return int(2 ** min(clusters, MOST_CLUSTERS))


def _rng() -> np.random.Generator:
    return stage_rng(0, "selfcheck")
