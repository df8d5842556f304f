"""One number per training run: the run is the experimental unit, so every run-level analysis starts here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.design import Design
from mixablate.errors import ClaimError, Problem, nearest
from mixablate.tables import OutcomeKind, Tables

__all__ = [
    "Outcome",
    "RunSummaries",
    "keep_runs",
    "outcome_of",
    "push_missing",
    "recounted",
    "run_log_odds",
    "score_missing",
    "summarise",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One eval, or a weighted mean of evals of one kind and direction.

    Attributes:
        name: eval id, or the name of the mean.
        label: for people.
        evals: (eval id, weight), weights summing to 1.
        kind: events (rates) or scores.
        lower_is_better: a drop is an improvement.
        domain: the evals' common domain, "" where they differ.
    """

    name: str
    label: str
    evals: tuple[tuple[str, float], ...]
    kind: OutcomeKind
    lower_is_better: bool
    domain: str


@dataclass(frozen=True, slots=True, eq=False)
class RunSummaries:
    """Per-run summaries of one outcome over the runs that have all of its evals; each is equal to itself alone.

    Attributes:
        outcome: what is summarised.
        run_ids, arm_ids, pairs: one entry per run (R); pairs are "" where nothing is paired.
        log_odds: (R,) weighted mean over evals of log((k + 1/2) / (n - k + 1/2)); NaN for scores.
        level: (R,) weighted mean over evals of the rate k/n, or of the score.
        events, trials: (R, E) counts per eval, trials without the missing ones; NaN for scores.
        missing: (R, E) rollouts attempted but not scored.
        absent: runs of known arms that lack one of the evals and leave every contrast.
        unscored: those of them that were evaluated, but without a rollout that could be scored.
        blocks: the block of each run (R); empty where none is declared.
        rows_of: arm id -> positions of its runs, ascending.
    """

    outcome: Outcome
    run_ids: tuple[str, ...]
    arm_ids: tuple[str, ...]
    pairs: tuple[str, ...]
    log_odds: Floats
    level: Floats
    events: Floats
    trials: Floats
    missing: Floats
    absent: tuple[str, ...]
    unscored: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    rows_of: Mapping[str, NDArray[np.intp]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[int]] = {}
        for row, arm_id in enumerate(self.arm_ids):
            found.setdefault(arm_id, []).append(row)
        object.__setattr__(self, "rows_of", {arm_id: np.array(rows) for arm_id, rows in found.items()})


def outcome_of(tables: Tables, evals: Sequence[str], *, name: str = "", label: str = "") -> Outcome:
    """The outcome made of these evals, with the weights of the evals table scaled to sum to 1.

    An eval of weight 0 is left out of a mean, and stands alone like any other.

    Raises:
        ClaimError: an unknown eval, evals that differ in kind or direction, or that all have weight 0, and so have no
            common mean.
    """
    known = tables.evals.set_index("eval_id")
    for eval_id in evals:
        if eval_id not in known.index:
            raise ClaimError(
                Problem(
                    "CLAIM_EVAL", f'"{name}"', f'the eval "{eval_id}"', "an eval of the evals table",
                    nearest(eval_id, [str(e) for e in known.index]),
                )
            )  # fmt: skip
    chosen = known.loc[list(evals)]
    for column, word in (("kind", "kind (events or scores)"), ("direction", "direction")):
        if chosen[column].nunique() > 1:
            each = [f'"{eval_id}" {value}' for eval_id, value in zip(evals, chosen[column].astype(str), strict=True)]
            raise ClaimError(
                Problem(
                    "CLAIM_MIXED_EVALS",
                    f'"{name}"',
                    f"evals that differ in {word}: " + ", ".join(each),
                    f"evals of one {word} in one mean",
                    'Name evals of one sort, or set require = "each".',
                )
            )
    weighted = _weighted(chosen, evals, name)
    domains = sorted(set(chosen["domain"]))
    return Outcome(
        name or evals[0],
        label or (str(known.loc[weighted[0][0], "label"]) if len(weighted) == 1 else f"Mean of {len(weighted)} evals"),
        weighted,
        OutcomeKind(str(chosen["kind"].iloc[0])),
        bool(chosen["direction"].iloc[0] == "lower"),
        domains[0] if len(domains) == 1 else "",
    )


def _weighted(chosen: pd.DataFrame, evals: Sequence[str], name: str) -> tuple[tuple[str, float], ...]:
    """The evals of a mean with weights that sum to 1. One eval alone needs no weight; in a mean, 0 leaves it out."""
    weights = chosen["weight"].to_numpy(float) if len(evals) > 1 else np.ones(1)
    if not weights.sum() > 0.0:
        raise ClaimError(
            Problem(
                "CLAIM_WEIGHTS",
                f'"{name}"',
                "evals that all have weight 0: " + ", ".join(f'"{eval_id}"' for eval_id in evals),
                "a weight above 0 for one of the evals of a mean",
                'Correct the evals table, or set require = "each".',
            )
        )
    return tuple((str(e), float(w)) for e, w in zip(evals, weights / weights.sum(), strict=True) if w > 0.0)


def summarise(tables: Tables, design: Design, outcome: Outcome) -> RunSummaries:
    """The per-run summaries of one outcome; a run that lacks one of its evals is named in `absent`."""
    arm_of = design.arm_of_runs()
    pair_of = dict(design.pairs)
    block_of = {run_id: ", ".join(arm.block) for arm in design.arms for run_id in arm.run_ids}
    names = [eval_id for eval_id, _ in outcome.evals]
    weights = np.array([weight for _, weight in outcome.evals])
    columns = ["n_scored", "n_events", "n_missing", "value"]
    rows = tables.headline[tables.headline["eval_id"].isin(names)]
    wide = rows.pivot(index="run_id", columns="eval_id", values=columns)
    run_ids = sorted(str(run_id) for run_id in wide.index)
    wide = wide.reindex(index=run_ids, columns=pd.MultiIndex.from_product([columns, names]))
    blocks = wide.to_numpy(float).reshape(len(run_ids), len(columns), len(names))
    cells = {column: blocks[:, position] for position, column in enumerate(columns)}
    usable = cells["n_scored"] > 0 if outcome.kind is OutcomeKind.EVENTS else ~np.isnan(cells["value"])
    complete = np.array([bool(row.all()) for row in usable], dtype=bool)
    kept = [run_id for run_id, whole in zip(run_ids, complete, strict=True) if whole]
    absent = tuple(sorted(set(arm_of) - set(kept)))
    tried = tables.outcomes[tables.outcomes["eval_id"].isin(names) & (tables.outcomes["n_missing"] > 0)]
    unscored = tuple(sorted(set(tried["run_id"].astype(str)) & set(absent)))
    cells = {name: values[complete] for name, values in cells.items()}
    events, trials = cells["n_events"], cells["n_scored"]
    if outcome.kind is OutcomeKind.EVENTS:
        log_odds, level = run_log_odds(events, trials) @ weights, (events / trials) @ weights
    else:
        log_odds, level = np.full(len(kept), np.nan), cells["value"] @ weights
    return RunSummaries(
        outcome,
        tuple(kept),
        tuple(arm_of[run_id] for run_id in kept),
        tuple(pair_of.get(run_id, "") for run_id in kept),
        log_odds,
        level,
        events,
        trials,
        np.nan_to_num(cells["n_missing"]),
        absent,
        unscored,
        tuple(block_of[run_id] for run_id in kept) if design.block else (),
    )


def run_log_odds(events: Floats, trials: Floats) -> Floats:
    """log((k + 1/2) / (n - k + 1/2)), elementwise: the empirical logit (Haldane 1956; Anscombe 1956).

    Defined at 0 and n events. Its mean over rollouts is the run's log-odds up to O(1/n^2); below about two expected
    events or non-events it shrinks towards even odds.
    """
    return np.asarray(np.log((events + 0.5) / (trials - events + 0.5)), dtype=float)


def keep_runs(summaries: RunSummaries, keep: Sequence[bool]) -> RunSummaries:
    """The same summaries of the runs for which `keep` is true."""
    mask = np.array(keep, dtype=bool)
    return replace(
        summaries,
        run_ids=tuple(r for r, k in zip(summaries.run_ids, keep, strict=True) if k),
        arm_ids=tuple(a for a, k in zip(summaries.arm_ids, keep, strict=True) if k),
        pairs=tuple(p for p, k in zip(summaries.pairs, keep, strict=True) if k),
        blocks=tuple(b for b, k in zip(summaries.blocks, keep, strict=False) if k),
        log_odds=summaries.log_odds[mask],
        level=summaries.level[mask],
        events=summaries.events[mask],
        trials=summaries.trials[mask],
        missing=summaries.missing[mask],
    )


def recounted(summaries: RunSummaries, events: Floats, trials: Floats, missing: Floats) -> RunSummaries:
    """The same runs with other counts (R, E) of their outcome's evals; log-odds and rates follow from them."""
    weights = np.array([weight for _, weight in summaries.outcome.evals])
    return replace(
        summaries,
        events=events,
        trials=trials,
        missing=missing,
        log_odds=run_log_odds(events, trials) @ weights,
        level=(events / trials) @ weights,
    )


def score_missing(summaries: RunSummaries, shares: Mapping[str, float]) -> RunSummaries:
    """The missing rollouts of these arms scored: this share of each run's as events, the rest as non-events.

    Those of arms that are not named stay missing. Scores cannot be treated so, and come back unchanged.

    Raises:
        ValueError: a share that does not lie between 0 and 1.
    """
    for arm_id, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f'the share of events must lie between 0 and 1, found {share} for "{arm_id}"')
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        return summaries
    named = np.array([arm_id in shares for arm_id in summaries.arm_ids], dtype=bool)[:, None]
    parts = np.array([shares.get(arm_id, 0.0) for arm_id in summaries.arm_ids])[:, None]
    scored = np.where(named, summaries.missing, 0.0)
    events, trials = summaries.events + parts * scored, summaries.trials + scored
    return recounted(summaries, events, trials, summaries.missing - scored)


def push_missing(summaries: RunSummaries, events_in: frozenset[str]) -> RunSummaries:
    """Every missing rollout scored: as an event in the arms of `events_in`, as a non-event elsewhere.

    One end of the worst- and best-case bounds (Manski 1990). Scores cannot be bounded this way and come back unchanged.
    """
    return score_missing(summaries, {arm_id: float(arm_id in events_in) for arm_id in summaries.arm_ids})
