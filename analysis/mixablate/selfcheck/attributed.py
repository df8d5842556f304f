"""Gold cases of a total split over players, all through the package's own rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.attribute import Rule, explained_deviance, explained_r2, rule_coefficients
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
    yield from _split(case, players, explained_r2(_columns(table, players), response))


def check_shapley_deviance(case: GoldCase) -> Iterator[Comparison]:
    """Parts of McFadden's pseudo-R2 of a logistic regression, from the deviance of every subset of its columns."""
    table, players = case.table(), tuple(case.reference["shapley"])
    response = table[_other_column(table, players, "y")].to_numpy(dtype=float)
    ones = np.ones_like(response)
    yield from _split(case, players, explained_deviance(_columns(table, players), response, ones))


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


def _columns(table: pd.DataFrame, players: Sequence[str]) -> list[Floats]:
    """The columns of every player, dummies for factors; R leaves out their missing values subset by subset."""
    return [model_frame(f"~ {player}", table).matrix[:, 1:] for player in players]


def _other_column(table: pd.DataFrame, players: Sequence[str], usual: str) -> str:
    """The column that is no player: the usual one, or the first."""
    others = [str(column) for column in table.columns if column not in players]
    return usual if usual in others else others[0]
