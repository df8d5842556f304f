"""Paired runs and unreplicated doses, one study at a time through the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from calibration.cells import Arm, mean_over_runs
from calibration.package_road import Template, template_of
from mixablate.resample import stage_rng
from mixablate.study import Scale

Floats = NDArray[np.float64]
ROLLOUTS = 300
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Layout:
    """A design that is not a comparison of replicated, independent arms.

    Attributes:
        label: in words.
        template: the package's side of it.
        centres: (R,) of the runs on the logit.
        groups: (R,) pair of each run; runs of a pair share a deviation of SD `shared`.
        shared, own: SDs on the logit.
        truth: per scale, of the contrast.
    """

    label: str
    template: Template
    centres: Floats
    groups: NDArray[np.intp]
    shared: float
    own: float
    truth: dict[Scale, float]

    def draw(self, rng: np.random.Generator) -> Floats:
        """Counts of one study, (R,)."""
        together = self.shared * rng.standard_normal(self.groups.max() + 1)
        noise = together[self.groups] + self.own * rng.standard_normal(self.centres.size)
        return rng.binomial(ROLLOUTS, expit(self.centres + noise)).astype(float)


def layouts() -> Iterator[Layout]:
    """Pairs of 3, 5 and 10; twelve runs over doses, evenly and with one or two far out."""
    for pairs, base, ratio, (shared, own) in product(
        (3, 5, 10), (0.2, 0.05), (1.0, 0.25), ((0.5, 0.3), (1.0, 0.3), (0.0, 0.5))
    ):
        yield paired(pairs, base, ratio, shared, own)
    low = np.linspace(0.0, 0.05, 11)
    doses = {
        "12 doses evenly to .2": np.linspace(0.0, 0.2, 12),
        "10 doses to .05, two at .5": np.array([*low[:10], 0.499, 0.5]),
        "11 doses to .05, one at .5": np.array([*low, 0.5]),
    }
    for (label, levels), slope in product(doses.items(), (0.0, -3.0)):
        yield dosed(label, levels, slope)


def paired(pairs: int, base: float, ratio: float, shared: float, own: float) -> Layout:
    """Reference and treated run of every pair share a deviation."""
    names = [f"pair {i}" for i in range(pairs)]
    template = template_of([0] * pairs + [1] * pairs, pairs=names * 2)
    centres = np.repeat([logit(base), logit(base) + np.log(ratio)], pairs)
    spread = float(np.hypot(shared, own))
    means = [mean_over_runs(Arm(1, 1, float(c), spread), "normal", expit) for c in centres[[0, -1]]]
    truth = {
        Scale.LOG_ODDS: float(np.log(ratio)),
        Scale.RISK_DIFFERENCE: means[1] - means[0],
        Scale.RISK_RATIO: means[1] / means[0],
    }
    label = f"{pairs} pairs, base {base:g}, OR {ratio:g}, SD of pairs {shared:g}, of runs {own:g}"
    return Layout(label, template, centres, np.tile(np.arange(pairs), 2), shared, own, truth)


def dosed(label: str, levels: Floats, slope: float) -> Layout:
    """Twelve runs of different doses, base .1, run SD .5; the truth is the change from the lowest to the highest."""
    centres = logit(0.1) + slope * levels
    truth = {Scale.LOG_ODDS: float(slope * (levels.max() - levels.min()))}
    template = template_of([float(x) for x in levels], kind="dose")
    return Layout(f"{label}, slope {slope:g}", template, centres, np.arange(12), 0.0, 0.5, truth)


def layout_result(layout: Layout, studies: int, seed: int) -> dict[str, Any]:
    """Coverage of the intervals shown, the share withheld, and how often existence is claimed."""
    rng = stage_rng(seed, "layout", layout.label)
    held = {scale: [0, 0] for scale in layout.truth}
    rejected = 0
    for _ in range(studies):
        counts = layout.draw(rng)
        for scale, truth in layout.truth.items():
            limits = layout.template.shows(counts, ROLLOUTS, scale)
            if limits is not None:
                held[scale][0] += limits[0] <= truth <= limits[1]
                held[scale][1] += 1
                rejected += scale is Scale.LOG_ODDS and layout.template.existence(counts, ROLLOUTS)[1] <= ALPHA
    return {
        "layout": layout.label,
        "null": layout.truth[Scale.LOG_ODDS] == 0.0,
        "coverage": {s.value: round(k / n, 4) if n else None for s, (k, n) in held.items()},
        "withheld": {s.value: round(1 - n / studies, 4) for s, (_, n) in held.items()},
        "rejected": round(rejected / studies, 4),
    }
