"""The refits of all replicates, each with its status: nothing silent, nothing averaged in that has no estimate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["RefitStatus", "Refits"]

Floats = NDArray[np.float64]


class RefitStatus(IntEnum):
    """What became of a replicate; its code in `Refits.status`."""

    CONVERGED = 0
    SEPARATED = 1
    RANK_DEFICIENT = 2
    NOT_CONVERGED = 3

    @property
    def words(self) -> str:
        """For people."""
        return {
            RefitStatus.CONVERGED: "converged",
            RefitStatus.SEPARATED: "separated (no finite maximum likelihood estimate)",
            RefitStatus.RANK_DEFICIENT: "rank deficient (the rows left do not determine the coefficients)",
            RefitStatus.NOT_CONVERGED: "not converged",
        }[self]


@dataclass(frozen=True, slots=True)
class Refits:
    """A logit refitted to B weightings of the same rows.

    Attributes:
        names: of the columns (p).
        coefficients: (B, p) log odds per unit of each column; NaN in every replicate without an estimate.
        status: (B,) codes of `RefitStatus`. A separated replicate with Firth's estimate keeps its code.
        penalised: (B,) whether the estimate is Firth's.
    """

    names: tuple[str, ...]
    coefficients: Floats
    status: NDArray[np.int8]
    penalised: NDArray[np.bool_]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(B,) which replicates have an estimate; statistics are of these, and say how many they are."""
        return ~np.isnan(self.coefficients[:, 0])

    def count(self, status: RefitStatus) -> int:
        """How many replicates have this status."""
        return int((self.status == status).sum())

    @property
    def words(self) -> str:
        """How many replicates became what, such as "9,941 of 10,000 replicates converged; 59 separated (...)"."""
        total = f"{self.count(RefitStatus.CONVERGED):,} of {self.status.size:,} replicates converged"
        others = [
            f"{self.count(status):,} {status.words}"
            for status in RefitStatus
            if status is not RefitStatus.CONVERGED and self.count(status)
        ]
        firth = int(self.penalised.sum())
        return "; ".join([total, *others, *([f"Firth's estimate in {firth:,}"] if firth else [])])
