"""A claim about the best of several: an interval that holds for all of them, the effect without the winner's curse.

Whoever keeps the best of eight prompts keeps its luck too. The claim's own contrast is held to the largest studentised
deviation over all candidates (max-T, from one joint wild bootstrap), so that the interval covers whichever was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import judged_evidence
from mixablate.claims.kinds.of_contrast import own_switch
from mixablate.claims.numbers_in_words import change
from mixablate.design import Contrast, Design
from mixablate.errors import ClaimError, Problem, nearest
from mixablate.estimate import (
    Effect,
    RunSummaries,
    cell_arrays,
    cell_moments,
    detectable,
    evidence_of,
    existence_scale,
    limits,
    summarise,
    values_on,
    winner_estimate,
)
from mixablate.resample import JointMember, Side, joint_wild, stage_rng
from mixablate.study import Declared, Scale, Selectable, Study
from mixablate.tables import Tables, step_headlines

__all__ = [
    "Selected",
    "check_candidates",
    "raised_p",
    "selected_effect",
    "selected_of",
    "selected_standing",
    "selection_words",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of those that were chosen from: its name, summaries and contrast."""

    name: str
    summaries: RunSummaries
    contrast: Contrast


@dataclass(frozen=True, slots=True)
class Selected:
    """What the choice does to the evidence on one case.

    Attributes:
        names: of all candidates, in the order declared.
        own: the claim's.
        best: the one that does best on this outcome; "" where a candidate cannot be compared.
        tested: (B,) the largest absolute studentised deviation of a draw, on the scale of the test; empty where some
            candidate has no place in a joint bootstrap, and Bonferroni's rule stands in.
        shown: the same on the scale of the interval shown.
        exact: all sign vectors were enumerated.
        df: of the claim's own evidence, on the tested and on the shown scale.
        corrected: the effect without the winner's curse, in the unit of the effect; None where it is not the best.
    """

    names: tuple[str, ...]
    own: str
    best: str
    tested: Floats
    shown: Floats
    exact: bool
    df: tuple[float, float]
    corrected: float | None


def selected_of(case: Case, study: Study, tables: Tables, design: Design) -> Selected | None:
    """What having been chosen from `selected_from` does to a testable case; None for a claim that declares no choice.

    Raises:
        ClaimError: a candidate that is no level, or no step, of these tables, or the claim's own not among them.
    """
    claim = case.claim
    if not isinstance(claim, Selectable) or not claim.selected_from:
        return None
    candidates, own = _candidates(claim, case, tables, design)
    evidence = judged_evidence(case, design), evidence_of(case.summaries, case.contrast, case.scale, design)
    names = tuple(candidate.name for candidate in candidates)
    place = names.index(own)
    if not all(_joins(candidate, design) for candidate in candidates):
        nothing = np.zeros(0)
        return Selected(names, own, "", nothing, nothing, False, (evidence[0].df, evidence[1].df), None)
    test_scale = existence_scale(case.summaries) if case.region.at_no_effect else case.scale
    draws = []
    for stage, scale in (("tested", test_scale), ("shown", case.scale)):
        rng = stage_rng(study.seed, "selected from", claim.id, case.summaries.outcome.name, stage)
        members = [_member(candidate, scale) for candidate in candidates]
        draws.append(joint_wild(members, draws=study.analysis.draws, rng=rng))
    estimates, covariance = _effects(candidates, case.scale)
    turned = estimates * (-1.0 if case.summaries.outcome.lower_is_better else 1.0)
    best = int(np.argmax(turned)) if np.isfinite(turned).all() else -1
    corrected = None
    if best == place and covariance[place, place] > 0.0:
        sign = -1.0 if case.summaries.outcome.lower_is_better else 1.0
        corrected = sign * winner_estimate(turned, covariance, place)
        corrected = math.exp(corrected) if case.scale is Scale.RISK_RATIO else corrected
    tested, shown = (joint.drawn.max(axis=1) for joint in draws)
    dfs = evidence[0].df, evidence[1].df
    return Selected(names, own, names[best] if best >= 0 else "", tested, shown, draws[0].exact, dfs, corrected)


def check_candidates(case: Case, tables: Tables, design: Design) -> None:
    """Refuse candidates that these tables do not have, also of a claim that cannot be tested.

    Raises:
        ClaimError: a candidate that is no level, or no step, of these tables, or the claim's own not among them.
    """
    claim = case.claim
    if isinstance(claim, Selectable) and claim.selected_from:
        _candidates(claim, case, tables, design)


def raised_p(selected: Selected, p: float) -> float:
    """The claim's own one-sided p raised to hold for whichever candidate was chosen; never below it.

    Half the share of draws whose largest absolute deviation reaches that of p, so that it is at most alpha/2 where the
    simultaneous interval lies inside the region; p times the number of candidates where no joint draws can be made.
    """
    if math.isnan(p) or p >= 0.5:
        return p
    if not selected.tested.size:
        return min(1.0, p * len(selected.names))
    statistic = -float(stdtrit(selected.df[0], p)) if p > 0.0 else math.inf
    reached = int(np.count_nonzero(selected.tested >= statistic))
    extra = 0 if selected.exact else 1
    return max(p, (reached + extra) / (selected.tested.size + extra) / 2.0)


def selected_standing(standing: Standing, selected: Selected | None) -> Standing:
    """The standing with p of support raised; the choice speaks for the claim and never against it."""
    if selected is None:
        return standing
    return replace(standing, p_support=raised_p(selected, standing.p_support))


def selected_effect(effect: Effect, case: Case, selected: Selected | None, design: Design) -> Effect:
    """The effect with its simultaneous interval and the estimate without the winner's curse."""
    if selected is None or effect.lower is None or effect.upper is None:
        return effect
    alpha = 1.0 - effect.level
    tail = alpha / 2.0 / len(selected.names)
    if selected.shown.size:
        extra = 0 if selected.exact else 1
        largest = np.sort(selected.shown)[::-1]
        allowed = math.floor(alpha * (largest.size + extra)) - extra  # draws that may lie at or beyond the quantile
        critical = float(largest[max(allowed, 0)])
        tail = min(alpha / 2.0, float(stdtr(selected.df[1], -critical)))
    evidence = evidence_of(case.summaries, case.contrast, case.scale, design)
    low, high = limits(evidence, tail)
    found = detectable(evidence.std_error, evidence.df, level=1.0 - 2.0 * tail)
    rule = "max-T of a joint wild bootstrap" if selected.shown.size else "Bonferroni"
    return replace(
        effect,
        lower=low,
        upper=high,
        p_value=None if effect.p_value is None else min(1.0, 2.0 * raised_p(selected, effect.p_value / 2.0)),
        detectable=None if effect.std_error is None else found,
        method=f"{effect.method}; interval simultaneous over {len(selected.names)} candidates ({rule})",
        notes=(*effect.notes, _words(selected, case)),
    )


def selection_words(cases: Sequence[Case], selected: Sequence[Selected | None]) -> str:
    """What was chosen from what, the effect without the winner's curse, and where the claim's own is not the best."""
    found = [(case, one) for case, one in zip(cases, selected, strict=False) if one is not None]
    several = len(found) > 1
    return ". ".join((f"{case.summaries.outcome.name}: " if several else "") + _words(one, case) for case, one in found)


def _words(selected: Selected, case: Case) -> str:
    listed = ", ".join(selected.names[:8]) + (f" and {len(selected.names) - 8} more" if len(selected.names) > 8 else "")
    words = f"Chosen as the best of {len(selected.names)} ({listed}): the interval holds for whichever was chosen"
    if selected.corrected is not None:
        return f"{words}; without the winner's curse the estimate is {change(selected.corrected, case.scale)}"
    if selected.best and selected.best != selected.own:
        return f"{words}; on this outcome {selected.best} does better, so that there is no winner's curse to take off"
    return words


def _candidates(claim: Selectable, case: Case, tables: Tables, design: Design) -> tuple[tuple[Candidate, ...], str]:
    return _steps(claim, case, tables, design) if claim.selected_over == "step" else _levels(claim, case, design)


def _levels(claim: Selectable, case: Case, design: Design) -> tuple[tuple[Candidate, ...], str]:
    (name,) = claim.components
    component = next(c for c in design.components if c.id == name)
    own = claim.treated.get(name, component.target)
    known = {arm.level(name) for arm in design.arms if arm.known}
    _check(claim, own, {str(level) if isinstance(level, str) else level for level in known}, f'level of "{name}"')
    found = []
    for level in claim.selected_from:
        other: Declared = claim.model_copy(update={"treated": {**claim.treated, name: level}})
        contrast = case.contrast if level == own else own_switch(other, design)
        found.append(Candidate(_name(level), case.summaries, contrast))
    return tuple(found), _name(own)


def _steps(claim: Selectable, case: Case, tables: Tables, design: Design) -> tuple[tuple[Candidate, ...], str]:
    evals = [eval_id for eval_id, _ in case.summaries.outcome.evals]
    headlines = step_headlines(tables, evals)
    steps = tables.headline.loc[tables.headline["eval_id"].isin(evals), "step"].dropna().unique().tolist()
    own = float(steps[0]) if len(steps) == 1 else None
    _check(claim, own, set(headlines), "step of its outcomes")
    found = []
    for level in claim.selected_from:
        step = float(level)
        at = case.summaries
        if step != own:
            at = summarise(replace(tables, headline=headlines[step]), design, case.summaries.outcome)
        found.append(Candidate(_name(step), at, case.contrast))
    return tuple(found), _name(own)


def _check(claim: Selectable, own: object, known: set[object], what: str) -> None:
    """Refuse candidates that these tables do not have, and a claim that is none of its candidates.

    Raises:
        ClaimError: either.
    """
    for level in claim.selected_from:
        if level not in known:
            listed = sorted(_name(one) for one in known if one is not None)
            raise _refused(
                claim,
                f'the candidate "{_name(level)}"',
                f"a {what}: {', '.join(listed)}",
                nearest(_name(level), listed),
            )
    if own not in claim.selected_from:
        said = f'"{_name(own)}"' if own is not None else "several steps"
        remedy = "Add it: the best was chosen among all of them, the claim's own too."
        raise _refused(claim, f"its own {what}, {said}, not in selected_from", "the claim's own among them", remedy)


def _refused(claim: Selectable, found: str, required: str, remedy: str) -> ClaimError:
    return ClaimError(Problem("CLAIM_SELECTED", f'claim "{claim.id}"', found, required, remedy))


def _name(level: object) -> str:
    return f"{level:g}" if isinstance(level, float | int) else str(level)


def _joins(candidate: Candidate, design: Design) -> bool:
    """Whether it has a place in a joint bootstrap: independent arms of two runs or more, on these scenarios."""
    random = design.scenarios == "random" and len(candidate.summaries.outcome.evals) > 1
    if candidate.contrast.reason or design.pair or random:
        return False
    return bool((cell_arrays(candidate.summaries, candidate.contrast).counts >= 2).all())


def _member(candidate: Candidate, scale: Scale) -> JointMember:
    """The candidate's deviation from its own estimate: what the draws are the distribution of."""
    cells = cell_arrays(candidate.summaries, candidate.contrast)
    values = values_on(candidate.summaries, scale)[cells.rows]
    means, _ = cell_moments(values, cells)
    run_ids = tuple(candidate.summaries.run_ids[row] for row in cells.rows)
    return JointMember(run_ids, values, cells, float(means @ cells.coefficients), Side.EITHER)


def _effects(candidates: Sequence[Candidate], scale: Scale) -> tuple[Floats, Floats]:
    """The candidates' estimates (logs of ratios) with their covariance, from the runs they share."""
    runs = sorted({run_id for c in candidates for run_id in c.summaries.run_ids})
    place = {run_id: index for index, run_id in enumerate(runs)}
    estimates, influence = np.zeros(len(candidates)), np.zeros((len(candidates), len(runs)))
    for index, candidate in enumerate(candidates):
        cells = cell_arrays(candidate.summaries, candidate.contrast)
        values = values_on(candidate.summaries, scale)[cells.rows]
        means, _ = cell_moments(values, cells)
        weights = cells.coefficients
        estimates[index] = float(means @ weights)
        if scale is Scale.RISK_RATIO:
            sides = float(means @ np.clip(weights, 0.0, None)), float(means @ np.clip(-weights, 0.0, None))
            with np.errstate(divide="ignore", invalid="ignore"):
                estimates[index] = np.log(np.float64(sides[0])) - np.log(np.float64(sides[1]))
                weights = np.where(weights > 0.0, weights / sides[0], weights / sides[1])
        mine = [place[candidate.summaries.run_ids[row]] for row in cells.rows]
        shares = weights / np.sqrt(cells.counts * (cells.counts - 1.0))
        influence[index, mine] = (values - means[cells.cell]) * shares[cells.cell]
    return estimates, influence @ influence.T
