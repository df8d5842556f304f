"""The rows of an outcome's logit as coalitions of components, for refits of many coefficient vectors at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mixablate.attribute.batched_values import CoalitionRows, coalition_rows
from mixablate.estimate import OutcomeModel
from mixablate.study import Component

__all__ = ["model_coalitions"]


def model_coalitions(
    model: OutcomeModel, players: Sequence[Component], weights: ArrayLike | None = None
) -> CoalitionRows:
    """The model's rows with each coalition's components at target and the other players' at baseline.

    For `coalition_values` and `batched_parts` of refits, or `coalition_gradients` of the fit.

    Args:
        model: with main effects, so that a coalition adds the same to every row.
        players: the components, in the order of the coalitions' bits.
        weights: (B, n) of the rows in B replicates, where not those of the model.
    """
    shifts = np.zeros((2 ** len(players), model.rows.shape[1]))
    for mask, shift in enumerate(shifts):
        levels = {p.id: p.target if mask >> i & 1 else p.baseline for i, p in enumerate(players)}
        entries = model.matrix.entries(levels)
        shift[list(entries)] = list(entries.values())
    rows = model.rows.copy()
    rows[:, list(entries)] = 0.0
    return coalition_rows(rows, shifts, model.weights if weights is None else weights)
