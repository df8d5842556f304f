"""Every case of a folder, by the method that its index names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixablate.errors import Problem, SourceError
from mixablate.selfcheck.attributed import check_shapley_deviance, check_shapley_game, check_shapley_r2
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.certified import check_numerical_accuracy
from mixablate.selfcheck.clustered import (
    check_glm_cluster,
    check_grouped_vs_expanded,
    check_ols_cluster,
    check_two_way_cluster,
)
from mixablate.selfcheck.comparing import Comparison
from mixablate.selfcheck.judged import check_prediction_powered, check_rogan_gladen
from mixablate.selfcheck.marginal import check_average_marginal_effect
from mixablate.selfcheck.mixed import check_mixed_logit
from mixablate.selfcheck.mixed_fractions import check_log_ratio_regression, check_scheffe_mixture
from mixablate.selfcheck.overdispersed import check_overdispersion
from mixablate.selfcheck.penalised import check_firth, check_separation
from mixablate.selfcheck.pooled import check_meta_analysis, check_p_adjust
from mixablate.selfcheck.powered import check_power
from mixablate.selfcheck.proportions import (
    check_difference_interval,
    check_equivalence,
    check_exact_two_by_two,
    check_proportion_interval,
)
from mixablate.selfcheck.resampled import (
    check_bootstrap_enumerated,
    check_bootstrap_fixed_indices,
    check_cluster_bootstrap_enumerated,
    check_permutation,
    check_step_down_max_t,
)
from mixablate.selfcheck.resampled_models import check_score_wild_enumerated, check_wild_cluster_enumerated

__all__ = ["CHECKS", "CaseResult", "check_cases", "read_index"]

CHECKS: Mapping[str, Callable[[GoldCase], Iterable[Comparison]]] = {
    "bootstrap_enumerated": check_bootstrap_enumerated,
    "bootstrap_fixed_indices": check_bootstrap_fixed_indices,
    "cluster_bootstrap_enumerated": check_cluster_bootstrap_enumerated,
    "permutation": check_permutation,
    "score_wild_enumerated": check_score_wild_enumerated,
    "step_down_max_t": check_step_down_max_t,
    "wild_cluster_enumerated": check_wild_cluster_enumerated,
    "difference_interval": check_difference_interval,
    "equivalence": check_equivalence,
    "exact_two_by_two": check_exact_two_by_two,
    "proportion_interval": check_proportion_interval,
    "shapley_deviance": check_shapley_deviance,
    "shapley_game": check_shapley_game,
    "shapley_r2": check_shapley_r2,
    "meta_analysis": check_meta_analysis,
    "p_adjust": check_p_adjust,
    "power": check_power,
    "prediction_powered": check_prediction_powered,
    "rogan_gladen": check_rogan_gladen,
    "ols_cluster": check_ols_cluster,
    "glm_cluster": check_glm_cluster,
    "grouped_vs_expanded": check_grouped_vs_expanded,
    "two_way_cluster": check_two_way_cluster,
    "average_marginal_effect": check_average_marginal_effect,
    "numerical_accuracy": check_numerical_accuracy,
    "firth": check_firth,
    "overdispersion": check_overdispersion,
    "separation": check_separation,
    "mixed_logit": check_mixed_logit,
    "log_ratio_regression": check_log_ratio_regression,
    "scheffe_mixture": check_scheffe_mixture,
}
"""The method names of an index, and the function that checks a case of each."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to.

    Attributes:
        case: its folder's name.
        method: the index's.
        comparisons: every number compared.
        reason: why nothing could be compared; empty where it could.
    """

    case: str
    method: str
    comparisons: tuple[Comparison, ...]
    reason: str = ""

    @property
    def worst(self) -> Comparison | None:
        """The comparison that comes nearest to its tolerance, or exceeds it most."""
        return max(self.comparisons, key=_strain, default=None)

    @property
    def failed(self) -> tuple[Comparison, ...]:
        """The comparisons that exceed their tolerance, the worst first."""
        return tuple(sorted((c for c in self.comparisons if not c.passed), key=_strain, reverse=True))

    @property
    def passed(self) -> bool:
        """Whether numbers were compared and all of them agree."""
        return bool(self.comparisons) and all(c.passed for c in self.comparisons)


def check_cases(folder: Path) -> Iterator[CaseResult]:
    """The results of the cases that `folder/index.json` lists, in its order, each as soon as it is known.

    Raises:
        SourceError: no readable index, or one of another shape.
    """
    for name, method in read_index(folder):
        yield _checked(folder / name, name, method)


def read_index(folder: Path) -> tuple[tuple[str, str], ...]:
    """The (case, method) pairs of `folder/index.json`.

    Raises:
        SourceError: no readable index, or one of another shape.
    """
    path = folder / "index.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return tuple((str(entry["case"]), str(entry["method"])) for entry in document["cases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
        need = 'a JSON file {"cases": [{"case": folder, "method": name}, ...]}'
        remedy = "Give the folder that holds the cases and their index."
        raise SourceError((Problem("GOLD_INDEX", str(path), found, need, remedy),)) from error


def _checked(folder: Path, name: str, method: str) -> CaseResult:
    check = CHECKS.get(method)
    if check is None:
        return CaseResult(name, method, (), f'the method "{method}" is not built')
    try:
        reference: dict[str, Any] = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
        return CaseResult(name, method, tuple(check(GoldCase(name, method, folder, reference))))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        # A case is other people's data: whatever its files lack is this case's failure, not the end of the others.
        return CaseResult(name, method, (), f"{type(error).__name__}: {error}")


def _strain(comparison: Comparison) -> float:
    if comparison.error == 0.0:
        return 0.0
    return comparison.error / comparison.tolerance if comparison.tolerance > 0.0 else math.inf
