"""Gold cases of wild bootstraps of regressions: every sign vector over clusters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.formula import model_frame

__all__ = ["check_score_wild_enumerated", "check_wild_cluster_enumerated"]

Floats = NDArray[np.float64]

MOST_CLUSTERS = 20  # 2^20 sign vectors
MOST_MODELS = 2_000
FOUND = 1e-6  # relative agreement by which a model is recognised; far wider than any tolerance it is then held to
BISECTED = 1e-6  # of the interval's width: the reference ends its bisection there
COUNTS = ("incidence", "size", "prop", ".w")


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the data: response and cluster columns, and the named columns of its matrix."""

    response: str
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
    """Score wild bootstrap of logit coefficients: `prop` of `.w` trials, clustered by `herd`."""
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

    References name only the tested coefficient and the number of clusters. Candidates are tried from the likeliest on,
    `inv` on all tested columns clustered by `firm`; if none agrees that one stands, and its numbers show to differ.
    """
    stated = expected.get("formula", reference.get("formula"))
    cluster = expected.get("cluster", reference.get("cluster"))
    groups = [cluster] if cluster else _with_levels(data, int(expected["G"]))
    if stated:
        frame = model_frame(stated, data)
        return _Model(frame.response, groups[0], frame.names, frame.matrix)
    null = float(expected.get("null", 0.0))
    candidates = islice(_candidates(data, groups, reference, expected), MOST_MODELS)
    first = next(candidates)
    for model in (first, *candidates):
        fit = _fit(model, data, expected["par"])
        if _agree(fit.estimate, expected["estimate"]) and _agree(wild_t(fit, null), expected["t_CR1"]):
            return model
    return first


def _candidates(
    data: pd.DataFrame, groups: Sequence[str], reference: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[_Model]:
    numeric = [name for name in data.columns if pd.api.types.is_numeric_dtype(data[name])]
    responses = sorted((name for name in numeric if name != expected["par"]), key=lambda name: name != "inv")
    for response in responses:
        for group in groups:
            others = [name for name in numeric if name not in (response, group)]
            for chosen in _column_sets(others, reference["tests"], expected["par"]):
                matrix = np.column_stack([np.ones(len(data)), data[list(chosen)].to_numpy(dtype=float)])
                if not aliased_columns(matrix):
                    yield _Model(response, group, ("(Intercept)", *chosen), matrix)


def _column_sets(columns: Sequence[str], tests: Sequence[Mapping[str, Any]], par: str) -> Iterator[tuple[str, ...]]:
    """Sets of columns that hold the tested one: all tested ones first, then by how little they differ from those."""
    named = {test["par"] for test in tests} & set(columns)
    others = [name for name in columns if name != par]
    sets = [set(extra) for size in range(min(len(others), 8) + 1) for extra in combinations(others, size)]
    for chosen in sorted(sets, key=lambda extra: len((extra | {par}) ^ named)):
        yield tuple(name for name in columns if name in chosen or name == par)


def _with_levels(data: pd.DataFrame, count: int) -> list[str]:
    """The columns of so many levels, `firm` first."""
    found = [name for name in data.columns if data[name].nunique() == count]
    return sorted(found, key=lambda name: name != "firm")


def _fit(model: _Model, data: pd.DataFrame, par: str) -> WildRegression:
    response = data[model.response].to_numpy(dtype=float)
    return wild_regression(model.matrix, response, data[model.cluster].astype(str).to_numpy(), model.unit(par))


def _score_test(data: pd.DataFrame, reference: Mapping[str, Any], expected: Mapping[str, Any]) -> DrawTest:
    """The test of the model whose statistic is stated, found as in `_recognised`: all tested columns first."""
    trials = data[".w"].to_numpy(dtype=float)
    events = data["prop"].to_numpy(dtype=float) * trials
    events = np.where(np.abs(events - np.rint(events)) < FOUND, np.rint(events), events)
    clusters = data["herd"].astype(str).tolist()
    first: DrawTest | None = None
    for names, matrix in islice(_score_models(data, reference, expected), MOST_MODELS):
        place = names.index(expected["par"])
        vectors = _vectors(len(set(clusters)))
        test = score_wild_test(matrix, events, trials, clusters, place, draws=vectors, rng=_rng())
        if _agree(test.observed, expected["score_t"]):
            return test
        first = first or test
    if first is None:
        raise ValueError(f'no column "{expected["par"]}" to test')
    return first


def _score_models(
    data: pd.DataFrame, reference: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Floats]]:
    stated = expected.get("formula", reference.get("formula"))
    if stated:
        frame = model_frame(stated, data)
        yield frame.names, frame.matrix
        return
    numeric = [name for name in data.columns if pd.api.types.is_numeric_dtype(data[name])]
    others = [name for name in numeric if name not in (*COUNTS, "herd")]
    for chosen in _column_sets(others, reference["tests"], expected["par"]):
        matrix = np.column_stack([np.ones(len(data)), data[list(chosen)].to_numpy(dtype=float)])
        if not aliased_columns(matrix):
            yield ("(Intercept)", *chosen), matrix


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
