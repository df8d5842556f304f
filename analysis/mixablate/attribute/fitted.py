"""Coalition values from a main-effects model, for the full data and for thousands of reweightings of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.batched_values import CoalitionRows, coalition_gradients, coalition_rows, coalition_values
from mixablate.attribute.cells import Stratum
from mixablate.attribute.players import Player
from mixablate.design import Design, ModelMatrix, model_matrix
from mixablate.estimate import OutcomeModel, RateScale, RunSummaries, outside_regression_region, rate_contrast
from mixablate.estimate.models.cluster_robust import ClusterRobust, cluster_robust, contrast_inference, least_squares
from mixablate.estimate.models.inference import Inference
from mixablate.estimate.models.logit import StandardisedRates
from mixablate.resample.refits.plan import RefitPlan, plan_of_outcome
from mixablate.resample.refits.refit import FirthUse, refit_logit
from mixablate.tables import OutcomeKind

__all__ = ["FittedCells", "LinearCells", "LogitCells", "Refitting", "fitted_cells", "refitting"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogitCells:
    """Standardised rates of a binomial logit: per stratum the evals' rows, to which every coalition adds its levels.

    Attributes:
        model: the fit.
        groups: (T,) rows of each stratum.
        standard: (m,) rates of all coalitions with their gradients, over all strata.
        plan: its refits.
        firth: what refits that have no maximum likelihood estimate do.
    """

    model: OutcomeModel
    groups: tuple[CoalitionRows, ...]
    standard: StandardisedRates
    plan: RefitPlan
    firth: FirthUse

    @property
    def units(self) -> tuple[str, ...]:
        """The clusters whose weights vary, in order."""
        return self.plan.clusters

    @property
    def words(self) -> str:
        """What the model is."""
        firth = self.model.firth is not None
        name = "Firth's penalised logit (separation found by linear programming)" if firth else "a binomial logit"
        return f"{name} with main effects of components, evals and blocks"

    def values(self, modelled: Floats) -> Floats:
        """(m,) the model's share of each coalition's value."""
        return np.asarray(self._mixed(self.model.fit.coefficients[None, :], modelled)[0])

    def refitted(self, modelled: Floats, weights: Floats) -> Floats:
        """(B, m) the same under weights (B, G) of the clusters; NaN where there is no estimate."""
        return self._mixed(refit_logit(self.plan, weights, firth=self.firth).coefficients, modelled)

    def inference(self, row: Floats, scale: RateScale, level: float) -> Inference:
        """The same combination of coalition values, all of them from the model: CR2 by run, delta method."""
        return rate_contrast(self.model.fit, self.standard, row, scale, level)

    def _mixed(self, coefficients: Floats, modelled: Floats) -> Floats:
        total = np.zeros((len(coefficients), len(modelled)))
        for column, group in enumerate(self.groups):
            used = np.flatnonzero(modelled[:, column])
            if used.size:
                mine = CoalitionRows(group.rows, group.shifts[used], group.weights)
                total[:, used] += coalition_values(coefficients, [mine]).rates * modelled[used, column]
        return total


@dataclass(frozen=True, slots=True)
class LinearCells:
    """Fitted means of least squares with main effects on run scores.

    Attributes:
        rows: (n, p) of the runs of known arms.
        scores: (n,).
        units: (n,) their clusters.
        points: (T, m, p) each coalition's row in each stratum.
        coefficients: (p,).
        robust: their covariance over clusters.
    """

    rows: Floats
    scores: Floats
    labels: tuple[str, ...]
    points: Floats
    coefficients: Floats
    robust: ClusterRobust

    @property
    def units(self) -> tuple[str, ...]:
        """The clusters whose weights vary, in order."""
        return tuple(sorted(set(self.labels)))

    @property
    def words(self) -> str:
        """What the model is."""
        return "least squares on run scores with main effects of components and blocks"

    def values(self, modelled: Floats) -> Floats:
        """(m,) the model's share of each coalition's value."""
        return np.asarray(np.einsum("tmp,p,mt->m", self.points, self.coefficients, modelled))

    def refitted(self, modelled: Floats, weights: Floats) -> Floats:
        """(B, m) the same under weights (B, G) of the clusters; NaN where there is no estimate."""
        place = {unit: index for index, unit in enumerate(self.units)}
        each = weights[:, [place[label] for label in self.labels]]
        gram = np.einsum("bn,np,nq->bpq", each, self.rows, self.rows)
        right = np.einsum("bn,np,n->bp", each, self.rows, self.scores)
        found = np.full(right.shape, np.nan)
        full = np.linalg.matrix_rank(gram, hermitian=True) == self.rows.shape[1]
        found[full] = np.linalg.solve(gram[full], right[full][..., None])[..., 0]
        return np.asarray(np.einsum("tmp,bp,mt->bm", self.points, found, modelled))

    def inference(self, row: Floats, scale: RateScale, level: float) -> Inference:
        """The same combination of coalition values, all of them from the model: CR2 by run."""
        vector = row @ self.points.mean(axis=0)
        return contrast_inference(float(vector @ self.coefficients), self.robust, vector, level)


FittedCells = LogitCells | LinearCells


@dataclass(frozen=True, slots=True)
class Refitting:
    """An outcome's logit with the plan of its refits, whichever coalitions are asked for."""

    model: OutcomeModel
    plan: RefitPlan


def refitting(model: OutcomeModel | str, summaries: RunSummaries, design: Design) -> Refitting | str:
    """The model ready to be refitted, or the sentence that says why there is none."""
    if isinstance(model, str):
        return model
    try:
        return Refitting(model, plan_of_outcome(model, summaries, design))
    except (ArithmeticError, ValueError) as error:
        return str(error)


def fitted_cells(
    ready: Refitting | str,
    summaries: RunSummaries,
    design: Design,
    players: Sequence[Player],
    coalitions: Sequence[int],
    strata: Sequence[Stratum],
) -> FittedCells | str:
    """The model's value of every coalition in every stratum, or the sentence that says why there is none."""
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        return _linear(summaries, design, players, coalitions, strata)
    if isinstance(ready, str):
        return ready
    model = ready.model
    width = model.rows.shape[1]
    evals = width - model.matrix.rows.shape[1] + 1
    shifts = np.zeros((len(coalitions), width))
    shifts[:, : model.matrix.rows.shape[1]] = _shifts(model.matrix, players, coalitions)
    moved = sorted({column for player in players for column in model.matrix.entries(player.levels(present=True))})
    weights = np.array([weight for _, weight in summaries.outcome.evals])
    groups = []
    for stratum in strata:
        row = _row(model.matrix, design, stratum)
        row[moved] = 0.0
        rows = np.hstack([np.tile(row, (evals, 1)), np.eye(evals)[:, 1:]])
        groups.append(coalition_rows(rows, shifts, weights))
    use = FirthUse.SEPARATED if model.firth is None else FirthUse.ALWAYS
    parts = [coalition_gradients(model.fit.coefficients, group) for group in groups]
    rates, gradients = ([getattr(part, name) for part in parts] for name in ("rates", "gradient"))
    standard = StandardisedRates(np.mean(rates, axis=0), np.mean(gradients, axis=0))
    return LogitCells(model, tuple(groups), standard, ready.plan, use)


def _linear(
    summaries: RunSummaries,
    design: Design,
    players: Sequence[Player],
    coalitions: Sequence[int],
    strata: Sequence[Stratum],
) -> LinearCells | str:
    matrix = model_matrix(design)
    place = {arm_id: index for index, arm_id in enumerate(matrix.arm_ids)}
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in place]
    rows = matrix.rows[[place[summaries.arm_ids[r]] for r in known]]
    if not known or np.linalg.matrix_rank(rows) < rows.shape[1]:
        return "the design is aliased: its columns cannot be told apart by these runs"
    if len(known) <= rows.shape[1]:
        return "no run to spare to learn run-to-run spread from"
    units = summaries.pairs if design.pair else summaries.run_ids
    labels = tuple(units[r] for r in known)
    scores = summaries.level[known]
    coefficients, residuals = least_squares(rows, scores)
    shifts = _shifts(matrix, players, coalitions)
    moved = sorted({column for player in players for column in matrix.entries(player.levels(present=True))})
    points = []
    for stratum in strata:
        row = _row(matrix, design, stratum)
        row[moved] = 0.0
        points.append(row + shifts)
    return LinearCells(
        rows, scores, labels, np.array(points), coefficients, cluster_robust(rows, residuals, list(labels))
    )


def _shifts(matrix: ModelMatrix, players: Sequence[Player], coalitions: Sequence[int]) -> Floats:
    """(m, columns): what each coalition's levels add to a row whose players' columns are 0."""
    ends = np.zeros((len(players), 2, matrix.rows.shape[1]))
    for position, player in enumerate(players):
        for present in (False, True):
            entries: Mapping[int, float] = matrix.entries(player.levels(present=present))
            ends[position, int(present), list(entries)] = list(entries.values())
    held = np.array([[mask >> position & 1 for position in range(len(players))] for mask in coalitions])
    return np.asarray(ends[:, 0].sum(axis=0) + held @ (ends[:, 1] - ends[:, 0]))


def _row(matrix: ModelMatrix, design: Design, stratum: Stratum) -> Floats:
    """The row of any arm of the stratum: they differ in the players' columns only."""
    for arm_id, row in zip(matrix.arm_ids, matrix.rows, strict=True):
        arm = design.arm(arm_id)
        if arm.block == stratum.block and all(arm.level(name) == level for name, level in stratum.rest):
            return np.array(row)
    raise KeyError(stratum.label)


def thin(inference: Inference) -> str:
    """Why a modelled number carries no interval; empty where it does."""
    return outside_regression_region(inference)
