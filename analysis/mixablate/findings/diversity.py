"""Diversity features and explained variation of a study, as frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.attribute import (
    MOST_PLAYERS,
    Explained,
    Rule,
    explained_deviance,
    explained_variation,
    rule_coefficients,
)
from mixablate.claims import holm
from mixablate.design import Design, model_matrix
from mixablate.estimate import (
    RunSummaries,
    existence_scale,
    values_on,
)
from mixablate.estimate.doses import (
    FeatureEffect,
    dose_components,
    feature_columns,
    feature_effects,
    size_terms,
)
from mixablate.resample import stage_rng
from mixablate.study import Study
from mixablate.tables import OutcomeKind, Tables

__all__ = ["EXPLAINED_COLUMNS", "FEATURE_COLUMNS", "explained_of", "features_of"]

Floats = NDArray[np.float64]
FEATURE_COLUMNS = (*(field.name for field in fields(FeatureEffect)), "p_adjusted")
EXPLAINED_COLUMNS = (
    "outcome", "scale", "player", "part", "lower", "upper", "boot_lower", "boot_upper", "level", "share", "alone",
    "last", "deviance_part", "total", "deviance_total", "p_value", "n_runs", "moves_with", "method", "reason",
)  # fmt: skip
DRAWS = 999  # of the bootstrap: percentiles at 2.5 % to a tenth of their spread
FEWEST_DRAWS = 399
MOST_REFITS = 2**15  # sets of players times draws, an outcome: some hundredths of a second
MOST_FOR_DEVIANCE = 6  # players: 64 logits an outcome
NAMED = 0.9  # correlation of two sources from which their parts are said to be shared


@dataclass(frozen=True, slots=True)
class _Player:
    label: str
    columns: Floats


def features_of(study: Study, tables: Tables, design: Design, summaries: Sequence[RunSummaries]) -> pd.DataFrame:
    """One row per feature, outcome and model; p-values adjusted over the features of an outcome and model (Holm).

    Features that cannot be separated are no members of that family: nothing was tested.
    """
    effects: list[FeatureEffect] = []
    if feature_columns(tables):
        for summary in summaries:
            effects += feature_effects(summary, tables, design, level=study.analysis.level)
    families: dict[tuple[str, str], list[int]] = {}
    for place, effect in enumerate(effects):
        if effect.p_value is not None:
            families.setdefault((effect.outcome, effect.given), []).append(place)
    adjusted = [math.nan] * len(effects)
    for members in families.values():
        p_values = holm([effects[m].p_value or 0.0 for m in members])
        for member, p_value in zip(members, p_values, strict=True):
            adjusted[member] = p_value
    rows = [
        {n: getattr(e, n) for n in FEATURE_COLUMNS[:-1]}
        | {"given": str(e.given), "scale": str(e.scale), "p_adjusted": p_value}
        for e, p_value in zip(effects, adjusted, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=list(FEATURE_COLUMNS))
    numbers = ["estimate", "std_error", "df", "lower", "upper", "p_value", "detectable", "per_unit", "partial_r2"]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def explained_of(study: Study, tables: Tables, design: Design, summaries: Sequence[RunSummaries]) -> pd.DataFrame:
    """Per outcome: R^2 over runs split over components, features and size; for counts the deviance's split beside it.

    Only for studies with a dose of three levels or a feature: between flags alone the attribution says it better.
    """
    rows: list[tuple[object, ...]] = []
    if dose_components(design) or feature_columns(tables):
        for summary in summaries:
            rows += _split(study, tables, design, summary)
    return pd.DataFrame(rows, columns=list(EXPLAINED_COLUMNS))


def _split(study: Study, tables: Tables, design: Design, summary: RunSummaries) -> list[tuple[object, ...]]:
    matrix = model_matrix(design)
    known = [r for r, arm_id in enumerate(summary.arm_ids) if arm_id in matrix.arm_ids]
    if not known:
        return []
    players, always = _players(tables, design, summary, known)
    scale = existence_scale(summary)
    y = values_on(summary, scale)[known]
    if len(players) < 2 or not np.ptp(y) > 0.0:
        return []
    level, name = study.analysis.level, summary.outcome.name
    if len(players) > MOST_PLAYERS:
        reason = f"{len(players)} sources; more than {MOST_PLAYERS} are not told apart by regressions on all their sets"
        blank = (math.nan,) * 5
        return [(name, str(scale), "", *blank[:5], level, *blank, math.nan, math.nan, len(y), "", "none", reason)]
    columns, labels = [p.columns for p in players], [p.label for p in players]
    rng = stage_rng(study.seed, "explained", name)
    draws = min(DRAWS, study.analysis.draws, MOST_REFITS // 2 ** len(players))
    draws = draws if draws >= min(FEWEST_DRAWS, study.analysis.draws) else 0
    found = explained_variation(labels, columns, y, level=level, always=always, draws=draws, rng=rng)
    deviance = _deviance(summary, known, columns, always)
    return [(name, str(scale), *row) for row in _rows(found, deviance, players, level)]


def _rows(
    found: Explained, deviance: Floats | None, players: Sequence[_Player], level: float
) -> Iterator[tuple[object, ...]]:
    """The columns of `EXPLAINED_COLUMNS` behind outcome and scale, a player a row."""
    whole = math.nan if deviance is None else float(deviance.sum())
    for place, part in enumerate(found.parts):
        own = math.nan if deviance is None else float(deviance[place])
        limits = (part.lower, part.upper, part.boot_lower, part.boot_upper)
        sizes = (part.share, part.alone, part.last, own, found.total, whole, found.p_value, found.n_runs)
        yield part.player, part.part, *limits, level, *sizes, _moves_with(players, place), found.method, found.reason


def _deviance(summary: RunSummaries, known: Sequence[int], columns: Sequence[Floats], always: Floats) -> Floats | None:
    """Parts of the deviance of the run's counts (summed over evals); None for scores and where nothing varies."""
    if summary.outcome.kind is not OutcomeKind.EVENTS or len(columns) > MOST_FOR_DEVIANCE:
        return None
    events, trials = summary.events[list(known)].sum(axis=1), summary.trials[list(known)].sum(axis=1)
    if not 0.0 < events.sum() < trials.sum() or np.ptp(events / trials) == 0.0:
        return None
    values = explained_deviance(columns, events, trials, always)
    return np.asarray(rule_coefficients(len(columns), Rule.SHAPLEY) @ values, dtype=float)


def _players(
    tables: Tables, design: Design, summary: RunSummaries, known: Sequence[int]
) -> tuple[list[_Player], Floats]:
    """The sources that vary over these runs, those that cannot be told apart as one; and the columns always in."""
    matrix = model_matrix(design)
    arms = dict(zip(matrix.arm_ids, matrix.rows, strict=True))
    rows = np.array([arms[summary.arm_ids[r]] for r in known])
    table = tables.runs.set_index("run_id").reindex([summary.run_ids[r] for r in known])
    fixed = [i for i, (component, _, _) in enumerate(matrix.terms) if not component]
    always = rows[:, fixed]
    found = []
    for component in design.components:
        mine = [i for i, (name, _, _) in enumerate(matrix.terms) if name == component.id]
        found += [_Player(component.label, rows[:, mine])] if mine else []
    for feature in feature_columns(tables):
        amounts = table[feature].to_numpy(dtype=float)
        found += [_Player(feature, amounts[:, None])] if np.isfinite(amounts).all() else []
    names, sizes = size_terms(table)
    found += [_Player("amount (" + ", ".join(names) + ")", sizes)] if names else []
    centred = [_Player(p.label, _scaled(p.columns)) for p in found]
    return _grouped([p for p in centred if _rank(np.hstack([always, p.columns])) > _rank(always)], always), always


def _scaled(columns: Floats) -> Floats:
    centred = columns - columns.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(spread > 0.0, spread, 1.0))


def _grouped(players: list[_Player], always: Floats) -> list[_Player]:
    """Players joined until no group is a linear combination of what is always in and the other groups."""
    groups = list(players)
    joined = True
    while joined and len(groups) > 1:
        joined = False
        for one in range(len(groups)):
            for other in range(one + 1, len(groups)):
                if _dependent([groups[one], groups[other]], always):
                    merged = _Player(f"{groups[one].label} + {groups[other].label}",
                                     np.hstack([groups[one].columns, groups[other].columns]))  # fmt: skip
                    groups = [g for i, g in enumerate(groups) if i not in (one, other)]
                    groups.insert(one, merged)
                    joined = True
                    break
            if joined:
                break
    whole = np.hstack([always, *(g.columns for g in groups)])
    if len(groups) > 1 and _dependent(groups, always):
        needed = [
            i for i in range(len(groups))
            if _rank(whole) == _rank(np.hstack([always, *(g.columns for j, g in enumerate(groups) if j != i)]))
        ]  # fmt: skip
        merged = _Player(" + ".join(groups[i].label for i in needed), np.hstack([groups[i].columns for i in needed]))
        groups = [g for i, g in enumerate(groups) if i not in needed] + [merged]
    return [_Player(g.label, _independent(g.columns)) for g in groups]


def _dependent(groups: Sequence[_Player], always: Floats) -> bool:
    ranks = [_rank(np.hstack([always, g.columns])) - _rank(always) for g in groups]
    return _rank(np.hstack([always, *(g.columns for g in groups)])) - _rank(always) < sum(ranks)


def _rank(columns: Floats) -> int:
    return int(np.linalg.matrix_rank(columns, tol=1e-8 * max(1.0, float(np.linalg.norm(columns, 2)))))


def _independent(columns: Floats) -> Floats:
    """Columns that span the same, as many as their rank."""
    if columns.shape[1] == _rank(columns):
        return columns
    u, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(u[:, : _rank(columns)] * sizes[: _rank(columns)], dtype=float)


def _moves_with(players: Sequence[_Player], place: int) -> str:
    """Other single-column sources that this one is correlated with at `NAMED` or more, in words."""
    mine = players[place].columns
    if mine.shape[1] != 1:
        return ""
    named = []
    for other, player in enumerate(players):
        if other != place and player.columns.shape[1] == 1:
            r = float(np.corrcoef(mine[:, 0], player.columns[:, 0])[0, 1])
            named += [f"{player.label} (r = {r:.2f})"] if abs(r) >= NAMED else []
    return "; ".join(named)
