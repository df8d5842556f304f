"""The rows of a logit whose weights vary: which rows share a weight, and which share a design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixablate.estimate.models.separation import check_rows
from mixablate.resample.refits.cholesky import Reals

__all__ = ["WeightedRows", "added_up", "by_unit", "unit_kinds", "weighted_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class WeightedRows:
    """Rows of counts (n), those alike in weight and design added up, in an order that the given order does not move.

    The rows of a unit always have the same weight: a unit is a cluster (training run), or a cluster's part in one
    scenario where scenarios have weights of their own.

    Attributes:
        design: (n, p).
        events, trials: (n,), trials above 0.
        unit: (n,) the unit of each row, 0 to U - 1.
        unit_cluster: (U,) its cluster.
        unit_scenario: (U,) its scenario; all 0 where scenarios have no weights.
        clusters: labels, sorted; one column of weights each, clusters without trials included.
        scenarios: labels, sorted; empty where scenarios have no weights.
    """

    design: Floats
    events: Floats
    trials: Floats
    unit: Ints
    unit_cluster: Ints
    unit_scenario: Ints
    clusters: tuple[str, ...]
    scenarios: tuple[str, ...]

    @property
    def units(self) -> int:
        """How many units there are, U."""
        return self.unit_cluster.size

    def spread(self, per_unit: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What is given of units (U, ...), for the rows (n, ...)."""
        return np.asarray(per_unit[self.unit])


def weighted_rows(
    design: Floats, events: Floats, trials: Floats, clusters: Sequence[object], scenarios: Sequence[object] | None
) -> WeightedRows:
    """The rows with trials, added up where they are alike in cluster, scenario and design.

    Args:
        design: (n, p).
        events: (n,), 0 to trials.
        trials: (n,), 0 or more.
        clusters: (n,) labels.
        scenarios: (n,) labels, where the weights of scenarios are to vary too.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
    """
    check_rows(design, events, trials)
    for what, labels in (("clusters", clusters), ("scenarios", scenarios)):
        if labels is not None and len(labels) != len(design):
            raise ValueError(f"{len(design)} rows need as many {what}, found {len(labels)}")
    used = trials > 0
    cluster_labels, cluster = _codes(clusters)
    scenario_labels, scenario = ((), np.zeros(len(design), np.intp)) if scenarios is None else _codes(scenarios)
    keys, row = np.unique(np.column_stack([cluster, scenario, design])[used], axis=0, return_inverse=True)
    row_cluster, row_scenario = keys[:, 0].astype(np.intp), keys[:, 1].astype(np.intp)
    if scenarios is None:
        unit, unit_cluster = row_cluster, np.arange(len(cluster_labels))
        unit_scenario = np.zeros_like(unit_cluster)
    else:
        pairs, unit = np.unique(np.column_stack([row_cluster, row_scenario]), axis=0, return_inverse=True)
        unit_cluster, unit_scenario = pairs[:, 0].copy(), pairs[:, 1].copy()
    return WeightedRows(
        design=np.ascontiguousarray(keys[:, 2:]),
        events=_added(row.ravel(), events[used], len(keys)),
        trials=_added(row.ravel(), trials[used], len(keys)),
        unit=unit.ravel(),
        unit_cluster=unit_cluster,
        unit_scenario=unit_scenario,
        clusters=cluster_labels,
        scenarios=scenario_labels,
    )


def added_up(table: Reals, place: Ints, size: int) -> Floats:
    """Columns (k, n) of a table added up by place (n,), (k, size)."""
    entries = np.ones(len(place)), (np.arange(len(place)), place)
    return np.ascontiguousarray(table @ csr_array(entries, (len(place), size)))


def by_unit(table: Reals, rows: WeightedRows) -> Floats:
    """Columns (k, n) of rows added up by unit, (k, U)."""
    return added_up(table, rows.unit, rows.units)


def unit_kinds(rows: WeightedRows) -> tuple[Ints, Ints]:
    """The kind of each unit (U,), one for all whose rows have the same designs, and the first unit of each kind."""
    ends = np.searchsorted(rows.unit, np.arange(rows.units + 1))  # rows stand in the order of their units
    seen: dict[bytes, int] = {}
    kind = [seen.setdefault(rows.design[start:stop].tobytes(), len(seen)) for start, stop in pairwise(ends.tolist())]
    return np.array(kind, dtype=np.intp), np.unique(kind, return_index=True)[1]


def _codes(labels: Sequence[object]) -> tuple[tuple[str, ...], Ints]:
    names, codes = np.unique([str(label) for label in labels], return_inverse=True)
    return tuple(names.tolist()), np.asarray(codes.ravel(), dtype=np.intp)


def _added(place: Ints, values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(place, values, size), dtype=float)
