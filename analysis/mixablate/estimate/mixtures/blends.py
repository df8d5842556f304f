"""What a mix does to an outcome: the columns of linear, quadratic, curved and log-ratio models of its fractions.

Every model is a row of columns for a mix, times coefficients. What a change of the mix does is the difference of two
rows, whatever the model: coefficients of fractions are never read, or tested against 0, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.mixtures.compositions import ilr, without_zeros

__all__ = ["OFFSETS", "Blend", "BlendModel", "blend_columns", "blend_names", "blend_words"]

Floats = NDArray[np.float64]

OFFSETS = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Fractions at which the curved model bends: there a part has as much left to gain by log as it gained from 0."""


class BlendModel(StrEnum):
    """How an outcome may depend on the fractions.

    LINEAR: each part adds in proportion to its fraction. QUADRATIC: so, and pairs of parts blend. CURVED: so, and the
    first of a part may do more than what is added later. LOG_RATIO: ratios of parts count, however small the parts.
    """

    LINEAR = "linear"
    QUADRATIC = "quadratic"
    CURVED = "curved"
    LOG_RATIO = "log_ratio"


@dataclass(frozen=True, slots=True)
class Blend:
    """A model of the mix.

    Attributes:
        model: the kind.
        offset: of the curved model, a fraction above 0.
        zero: what stands for a fraction of 0 in the log-ratio model.
    """

    model: BlendModel
    offset: float = 0.01
    zero: float = 0.005


def blend_columns(blend: Blend, fractions: Floats) -> Floats:
    """The columns of a model at these mixes, (n, p).

    Linear and quadratic: x_i, and x_i x_j, without intercept (Scheffé 1958, JRSS B 20:344, equations 3.1 and 3.2).
    Curved: x_i and log(1 + x_i / offset), the linear blending model with one more term a part, as Draper & St. John
    (1977), Technometrics 19:37, add 1/x_i and Chan (1988) logarithms; ours is 0, not infinite, without the part.
    Log-ratio: an intercept and pivot coordinates, after `without_zeros` (Hron, Filzmoser & Thompson 2012).

    Args:
        blend: the model.
        fractions: (n, D).
    """
    if blend.model is BlendModel.LOG_RATIO:
        return np.column_stack([np.ones(len(fractions)), ilr(without_zeros(fractions, blend.zero))])
    if blend.model is BlendModel.CURVED:
        return np.hstack([fractions, np.log1p(fractions / blend.offset)])
    if blend.model is BlendModel.QUADRATIC:
        first, second = np.triu_indices(fractions.shape[1], 1)
        return np.hstack([fractions, fractions[:, first] * fractions[:, second]])
    return fractions


def blend_names(blend: Blend, parts: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns of `blend_columns`."""
    if blend.model is BlendModel.LOG_RATIO:
        return ("intercept", *(f"ilr{j}" for j in range(1, len(parts))))
    if blend.model is BlendModel.CURVED:
        return (*parts, *(f"log({part})" for part in parts))
    if blend.model is BlendModel.QUADRATIC:
        return (*parts, *(f"{one}:{other}" for one, other in combinations(parts, 2)))
    return tuple(parts)


def blend_words(blend: Blend) -> str:
    """The model in words."""
    return {
        BlendModel.LINEAR: "Scheffé's linear blending model",
        BlendModel.QUADRATIC: "Scheffé's quadratic blending model",
        BlendModel.CURVED: f"linear blending with log(1 + fraction/{blend.offset:g}) of every part",
        BlendModel.LOG_RATIO: f"log-ratio regression (pivot coordinates; 0 replaced by {blend.zero:g})",
    }[blend.model]
