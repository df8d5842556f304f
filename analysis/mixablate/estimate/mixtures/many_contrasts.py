"""The inference of many contrasts of one fit at once: the same numbers as `contrast_inference`, without its loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import (
    MOST_UNSEEN,
    SINGULAR,
    ClusterRobust,
    contrast_inference,
)
from mixablate.estimate.models.inference import Inference, t_inference, withheld

__all__ = ["contrast_inferences"]

Floats = NDArray[np.float64]


def contrast_inferences(
    estimates: Floats, robust: ClusterRobust, gradients: Floats, level: float = 0.95
) -> tuple[Inference, ...]:
    """The t inference of each contrast, with its standard error and Bell-McCaffrey degrees of freedom.

    Where every run is one row the squared standard error is the sum over runs of (a_g e_g)^2, so that its degrees of
    freedom are (sum of a_g^2 (1 - h_g))^2 over the sum over pairs of a_g^2 a_h^2 (I - H)_gh^2: a product with one
    matrix of G by G for all contrasts together.

    Args:
        estimates: (k,).
        robust: the covariance of p coefficients.
        gradients: (k, p).
        level: of the intervals.
    """
    if robust.rows.shape[1] != 1:
        return tuple(contrast_inference(float(e), robust, g, level) for e, g in zip(estimates, gradients, strict=True))
    rows, adjusted = robust.rows[:, 0], robust.adjusted[:, 0]
    directions = gradients @ robust.root
    working = (directions**2).sum(axis=1)
    hidden = np.einsum("kp,pq,kq->k", directions, robust.unseen, directions)
    squares = (adjusted @ directions.T) ** 2
    rest = np.eye(len(rows)) - rows @ rows.T
    traces = np.diag(rest) @ squares
    products = (squares * (rest**2 @ squares)).sum(axis=0)
    errors = np.sqrt(np.clip(np.einsum("kp,pq,kq->k", gradients, robust.covariance, gradients), 0.0, None))
    used = (rows @ directions.T) ** 2 > SINGULAR * working
    leverage = np.where(used, robust.leverage[:, None], 0.0).max(axis=0, initial=0.0)
    found = []
    for k, estimate in enumerate(estimates.tolist()):
        if not working[k] > 0.0:
            found.append(withheld(estimate, "nothing changes"))
        elif hidden[k] > MOST_UNSEEN * working[k]:
            found.append(contrast_inference(estimate, robust, gradients[k], level))
        else:
            df = float(traces[k] ** 2 / products[k]) if traces[k] > SINGULAR * working[k] else float("nan")
            inference = t_inference(estimate, float(errors[k]), df, level)
            found.append(replace(inference, leverage=float(leverage[k])))
    return tuple(found)
