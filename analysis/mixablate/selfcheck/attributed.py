"""Gold cases of a total split over players, all through the package's own rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.attribute import Rule, rule_coefficients
from mixablate.estimate.models.cluster_robust import least_squares
from mixablate.estimate.models.logit import LogitFit, fit_logit
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close, each_close, printed
from mixablate.selfcheck.formula import model_frame

__all__ = ["check_shapley_deviance", "check_shapley_game", "check_shapley_r2"]

Floats = NDArray[np.float64]

ROUNDING = 1e-15
"""Of sums of rates: over a small total it makes a share uncertain, and a share above 1 is printed to fewer decimals."""

RULES = {"shapley": Rule.SHAPLEY, "first": Rule.ADD_ONE_IN, "last": Rule.LEAVE_ONE_OUT}


def check_shapley_game(case: GoldCase) -> Iterator[Comparison]:
    """Parts of the drop from no player to all, from the rates of every on/off combination.

    Players are the reference's names; a combination that stands in several rows has their mean rate.
    """
    table, players = case.table(), tuple(case.reference["shapley"])
    rate = _other_column(table, players, "p")
    masks = sum((table[player] > 0).astype(int) * 2**place for place, player in enumerate(players))
    rates = table[rate].groupby(masks).mean().reindex(range(2 ** len(players))).to_numpy(dtype=float)
    yield from _split(case, players, rates[0] - rates)


def check_shapley_r2(case: GoldCase) -> Iterator[Comparison]:
    """Parts of the R2 of a linear regression (LMG), from the R2 of every subset of its columns."""
    table, players = case.table(), tuple(case.reference["shapley"])
    response = table[_other_column(table, players, "y")].to_numpy(dtype=float)

    def explained(design: Floats) -> float:
        rows = _complete(design, response)
        _, residuals = least_squares(design[rows], response[rows])
        return 1 - float((residuals**2).sum()) / float(((response[rows] - response[rows].mean()) ** 2).sum())

    yield from _split(case, players, _of_subsets(table, players, explained))


def check_shapley_deviance(case: GoldCase) -> Iterator[Comparison]:
    """Parts of McFadden's pseudo-R2 of a logistic regression, from the deviance of every subset of its columns."""
    table, players = case.table(), tuple(case.reference["shapley"])
    response = table[_other_column(table, players, "y")].to_numpy(dtype=float)

    def deviance(design: Floats) -> float:
        rows = _complete(design, response)
        names = [str(column) for column in range(design.shape[1])]
        fit = fit_logit(design[rows], response[rows], np.ones(rows.sum()), range(rows.sum()), names=names)
        return fit.deviance if isinstance(fit, LogitFit) else math.nan

    deviances = _of_subsets(table, players, deviance)
    yield from _split(case, players, 1 - deviances / deviances[0])


def _complete(design: Floats, response: Floats) -> NDArray[np.bool_]:
    """Rows without a missing value in these columns: R drops the others subset by subset."""
    return np.isfinite(design).all(axis=1) & np.isfinite(response)


def _split(case: GoldCase, players: Sequence[str], values: Floats) -> Iterator[Comparison]:
    """Every rule's parts, the total and the shares, of coalition values (2^players,)."""
    reference, tolerance = case.reference, case.tolerance("abs")
    parts = {key: rule_coefficients(len(players), rule) @ values for key, rule in RULES.items()}
    for key, found in parts.items():
        if key in reference:
            yield from each_close(key, dict(zip(players, found.tolist(), strict=True)), reference[key], tolerance)
    whole = float(parts["shapley"].sum())
    if "share" in reference:
        for player, part in zip(players, parts["shapley"].tolist(), strict=True):
            share = part / whole if abs(whole) > tolerance else math.nan  # R has none of a total of 0
            slack = printed(share) + ROUNDING * (1 + abs(share)) / abs(whole) if math.isfinite(share) else 0.0
            yield close(f"share.{player}", share, reference["share"][player], max(tolerance, slack))
    if "total" in reference:
        yield close("total", whole, float(reference["total"]), tolerance)
    if "empty" in reference:
        yield close("empty", float(values[0]), float(reference["empty"]), tolerance)


def _of_subsets(table: pd.DataFrame, players: Sequence[str], value: Callable[[Floats], float]) -> Floats:
    """The value of every subset's design, intercept first; subsets as bit masks, in ascending order."""
    blocks = [model_frame(f"~ {player}", table).matrix[:, 1:] for player in players]
    ones = np.ones((len(table), 1))
    chosen = ([b for place, b in enumerate(blocks) if mask >> place & 1] for mask in range(2 ** len(players)))
    return np.array([value(np.hstack([ones, *columns])) for columns in chosen])


def _other_column(table: pd.DataFrame, players: Sequence[str], usual: str) -> str:
    """The column that is no player: the usual one, or the first."""
    others = [str(column) for column in table.columns if column not in players]
    return usual if usual in others else others[0]
