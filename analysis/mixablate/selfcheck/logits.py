"""The logit of a gold case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import Correction
from mixablate.estimate.models.logit import LogitFit, fit_logit
from mixablate.selfcheck.column_roles import Counts

__all__ = ["must_fit"]


def must_fit(
    names: Sequence[str],
    design: NDArray[np.float64],
    counts: Counts,
    clusters: Sequence[object],
    correction: Correction = Correction.CR0,
) -> LogitFit:
    """The logit of a case, whose reference has numbers.

    Raises:
        ValueError: it has no finite estimate.
    """
    fit = fit_logit(design, counts.events, counts.trials, clusters, names=names, correction=correction)
    if not isinstance(fit, LogitFit):
        raise ValueError(fit.reason)
    return fit
