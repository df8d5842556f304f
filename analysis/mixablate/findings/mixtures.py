"""The mix: what each part of it does to each outcome, traces, predictions and the fit behind them, as frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from mixablate.design import Design
from mixablate.estimate import (
    RunSummaries,
)
from mixablate.estimate.mixtures import (
    MixtureAnalysis,
    StudyMix,
    analyse_mixture,
    blend_words,
    design_rows,
    lack_of_fit,
    mix_matters,
    mix_of_study,
    predicted_levels,
    runs_with,
)
from mixablate.resample import stage_rng
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["EFFECT_COLUMNS", "FIT_COLUMNS", "SURFACE_COLUMNS", "TRACE_COLUMNS", "MixtureFrames", "mixture_frames"]

EFFECT_COLUMNS = (
    "outcome", "part", "kind", "against", "from", "to", "scale", "estimate", "std_error", "df", "lower", "upper",
    "simultaneous_lower", "simultaneous_upper", "level", "p_value", "p_adjusted", "rank", "n_runs", "method", "reason",
)  # fmt: skip
TRACE_COLUMNS = ("outcome", "part", "row", "run_id", "fraction", "reference", "estimate", "lower", "upper", "reason")
FIT_COLUMNS = (
    "outcome", "model", "words", "chosen", "columns", "n_runs", "n_mixes", "cv_folds", "cv_rmse", "cv_spearman",
    "cv_coverage", "r2", "sigma", "lack_of_fit", "lack_of_fit_df_num", "lack_of_fit_df_denom", "lack_of_fit_p",
    "joint", "joint_df_num", "joint_df_denom", "joint_p", "joint_method", "reference", "reason",
)  # fmt: skip
SURFACE_COLUMNS = ("outcome", "row", "run_id", "a", "b", "c", "label_a", "label_b", "label_c", "estimate")
STEPS = 24  # of the ternary grid along each side


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True, slots=True)
class MixtureFrames:
    """What was found about the mix; empty frames where fewer than two of its parts vary.

    Attributes:
        effects: a row per outcome, change of the mix and scale: `part` rises from fraction `from` to `to` while all
            others fall in proportion (`kind` "cox") or `against` falls as much ("replacement"). `rank` orders the
            supported changes of one kind by the size of their estimate, 1 the largest.
        traces: predicted rate (score) where a part stands at `fraction` and the others keep their ratios of the
            reference mix (`row` "trace"), and the runs as they came out (`row` "run").
        fit: a row per outcome and model tried; figures of the fit only for the one that is `chosen`.
        surface: where exactly three parts vary, predictions over the mixes within the runs' reach, and the runs.
    """

    effects: pd.DataFrame = field(default_factory=lambda: _empty(EFFECT_COLUMNS))
    traces: pd.DataFrame = field(default_factory=lambda: _empty(TRACE_COLUMNS))
    fit: pd.DataFrame = field(default_factory=lambda: _empty(FIT_COLUMNS))
    surface: pd.DataFrame = field(default_factory=lambda: _empty(SURFACE_COLUMNS))


def mixture_frames(study: Study, tables: Tables, design: Design, summaries: Sequence[RunSummaries]) -> MixtureFrames:
    """The mix's frames for all outcomes; empty where fewer than two parts of the mix vary over runs.

    Raises:
        DesignError: a part that `[mixture]` names and the runs table does not have.
    """
    mix = mix_of_study(study, tables, design)
    if mix is None:
        return MixtureFrames()
    effects, traces, fits, surface = [], [], [], []
    for summary in summaries:
        found = analyse_mixture(
            summary,
            mix,
            study.mixture,
            level=study.analysis.level,
            draws=study.analysis.draws,
            rng=stage_rng(study.seed, "mixture", summary.outcome.name),
        )
        effects += _effects(found, study.analysis.level)
        traces += [*_traces(summary, found, mix)]
        fits += [*_fits(summary, found, mix)]
        surface += [*_surface(summary, found, mix)]
    return MixtureFrames(
        _ranked(pd.DataFrame(effects, columns=list(EFFECT_COLUMNS))),
        pd.DataFrame(traces, columns=list(TRACE_COLUMNS)),
        pd.DataFrame(fits, columns=list(FIT_COLUMNS)),
        pd.DataFrame(surface, columns=list(SURFACE_COLUMNS)),
    )


def _effects(found: MixtureAnalysis, level: float) -> list[dict[str, object]]:
    return [
        {
            "outcome": effect.outcome,
            "part": effect.part,
            "kind": effect.kind,
            "against": effect.against,
            "from": effect.start,
            "to": effect.end if effect.end <= 1.0 else math.nan,  # the reference mix is all of the part
            "scale": str(effect.scale),
            "estimate": effect.inference.estimate,
            "std_error": effect.inference.std_error,
            "df": effect.inference.df,
            "lower": effect.inference.lower,
            "upper": effect.inference.upper,
            "simultaneous_lower": effect.simultaneous_lower,
            "simultaneous_upper": effect.simultaneous_upper,
            "level": level,
            "p_value": effect.inference.p_value,
            "p_adjusted": effect.p_adjusted,
            "n_runs": effect.n_runs,
            "method": effect.method,
            "reason": effect.reason,
        }
        for effect in found.effects
    ]


def _ranked(effects: pd.DataFrame) -> pd.DataFrame:
    supported = effects["estimate"].astype(float).abs().where(effects["reason"] == "")
    groups = [effects["outcome"], effects["kind"], effects["scale"]]
    return effects.assign(rank=supported.groupby(groups).rank(ascending=False, method="first"))


def _traces(summary: RunSummaries, found: MixtureAnalysis, mix: StudyMix) -> Iterator[tuple[object, ...]]:
    if found.levels is None:
        return
    name = summary.outcome.name
    start = dict(zip(mix.labels, mix.reference.mix.tolist(), strict=True))
    for point in found.traces:
        one = point.inference
        at = (point.fraction, start[point.part], one.estimate, one.lower, one.upper)
        yield name, point.part, "trace", "", *at, point.reason
    runs = found.levels.fits[0].runs
    for part, label in enumerate(mix.labels):
        for run_id, mixed, value in zip(runs.run_ids, runs.fractions, found.levels.observed, strict=True):
            yield name, label, "run", run_id, mixed[part], start[label], value, math.nan, math.nan, ""


def _fits(summary: RunSummaries, found: MixtureAnalysis, mix: StudyMix) -> Iterator[dict[str, object]]:
    runs, _ = runs_with(mix.runs, summary.run_ids)
    mixes = len(np.unique(np.round(runs.fractions, 9), axis=0))
    start = ", ".join(f"{label} {100 * f:.3g} %" for label, f in zip(mix.labels, mix.reference.mix, strict=True))
    for place, tried in enumerate(found.candidates):
        row: dict[str, object] = dict.fromkeys(FIT_COLUMNS, math.nan) | {
            "outcome": summary.outcome.name,
            "model": str(tried.blend.model),
            "words": blend_words(tried.blend),
            "chosen": place == found.chosen,
            "columns": tried.columns,
            "n_runs": len(runs.run_ids),
            "n_mixes": mixes,
            "cv_folds": tried.folds,
            "cv_rmse": tried.rmse,
            "cv_spearman": tried.spearman,
            "cv_coverage": tried.coverage,
            "joint_method": "",
            "reference": f"{mix.reference_words}: {start}",
            "reason": tried.reason or tried.unseen,
        }
        if place == found.chosen and found.fit is not None:
            missed, (joint, words) = lack_of_fit(found.fit), mix_matters(found.fit)
            row |= {
                "r2": found.fit.r2,
                "sigma": found.fit.sigma,
                "lack_of_fit": missed.statistic,
                "lack_of_fit_df_num": missed.df_num,
                "lack_of_fit_df_denom": missed.df_denom,
                "lack_of_fit_p": missed.p_value,
                "joint": joint.statistic,
                "joint_df_num": joint.df_num,
                "joint_df_denom": joint.df_denom,
                "joint_p": joint.p_value,
                "joint_method": words,
            }
        yield row


def _surface(summary: RunSummaries, found: MixtureAnalysis, mix: StudyMix) -> Iterator[tuple[object, ...]]:
    """Predictions on a triangular grid within the runs' reach, then the runs; nothing unless three parts vary."""
    if len(mix.labels) != 3 or found.levels is None:
        return
    name, levels = summary.outcome.name, found.levels
    fit = levels.fits[0]
    total = float(mix.reference.mix.sum())
    grid = np.array(
        [(a, b, STEPS - a - b) for a, b in product(range(STEPS + 1), repeat=2) if a + b <= STEPS], dtype=float
    )
    grid *= total / STEPS
    slack = 0.5 * total / STEPS
    inside = ((grid >= mix.reference.lowest - slack) & (grid <= mix.reference.highest + slack)).all(axis=1)
    at = np.tile(fit.runs.process.mean(axis=0), (int(inside.sum()), 1))
    predicted = predicted_levels(levels, design_rows(fit.blend, fit.runs, grid[inside], at))
    for point, value in zip((grid[inside] / total).tolist(), predicted.tolist(), strict=True):
        yield name, "surface", "", *point, *mix.labels, value
    for run_id, mixed, value in zip(fit.runs.run_ids, fit.runs.fractions / total, levels.observed, strict=True):
        yield name, "run", run_id, *mixed.tolist(), *mix.labels, value
