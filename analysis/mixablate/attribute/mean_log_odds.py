"""Log odds of the mean of many logistic curves, at many shifts common to all of them.

h(t) = sum of w_i / (1 + exp(-(o_i + t))), with weights of sum 1: the standardised rate of a logit whose row i has the
linear predictor o_i, when t is added to every row. Two facts make it cheap.

One analytic function. On the strip |Im t| < pi the log odds g = log(h / (1 - h)) are analytic and |Im g| <= |Im t|: the
line at height y goes to an arc of a circle from 0 to 1, on which log odds have imaginary part y, and a mean of points
of the arc lies between arc and chord. Hence, for t within `half` of a middle, the k-th Chebyshev coefficient of g is
at most 2 pi / (rho^k - rho^-k), rho = pi/half + sqrt(1 + (pi/half)^2), whatever the rows, and interpolation at N
Chebyshev points errs by at most twice the sum of those from N on (Trefethen 2013, Approximation Theory and
Approximation Practice, theorem 4.2). A bound on log odds bounds the relative error of rates, however rare the events.

Exponentials separate. exp(-(o + t)) = exp(-o) exp(-t), so four rows together are one rational function of exp(-t) with
positive coefficients, hence without cancellation: two thin matrix products and a quarter of the divisions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolation_bound", "mean_log_odds", "nodes_needed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ALLOWED = 1e-13  # logits, of interpolation; rates err by at most a quarter of it, which leaves room for rounding
NARROWEST = 1e-3  # logits: below it three nodes are too many already
MOST_REACH = 170.0  # logits: exp(4 x 170) and its inverse are still float64 numbers
COMMON = 0.9  # a mean rate from which one minus it is summed on its own
FAR, UNDEFINED = -1, -2  # in place of a number of nodes: exponentials could overflow; numbers are not finite
ELEMENTS = 65_536  # of a working array: with 512 KiB each, three stay in a second-level cache


def mean_log_odds(offsets: Floats, shifts: Floats, weights: Floats) -> Floats:
    """Log odds of each replicate's mean rate at each shift, (B, K); NaN for replicates whose numbers are not finite.

    Interpolated where that takes less than evaluating every shift. Rates agree with summing all curves at all shifts to
    1e-12, log odds to 2e-13 of their size. Fast while offsets and shifts of the B replicates stay in the cache: a few
    replicates of thousands of rows at a time.

    Args:
        offsets: (B, u) linear predictors of the rows without the shift.
        shifts: (B, K), added to all rows of a replicate.
        weights: (B, u) or (1, u), 0 or more and not all 0; of each row's sum they are shares.
    """
    rows, steps = _Span.of(offsets), _Span.of(shifts)
    nodes = _plan(rows, steps, offsets.shape[1], shifts.shape[1])
    kinds = np.where(nodes > 0, np.ceil(np.log2(np.maximum(nodes, 1))), nodes)  # nodes up to 16, 32, 64 together
    found = np.full(shifts.shape, np.nan)
    for kind in np.unique(kinds[nodes != UNDEFINED]):
        # A slice where all replicates are of one kind: fancy indexing would copy them.
        alike = slice(None) if (kinds == kind).all() else np.flatnonzero(kinds == kind)
        o, t, w = offsets[alike], shifts[alike], weights if len(weights) == 1 else weights[alike]
        if kind == FAR:
            found[alike] = _far(o, t, w)
        elif kind == 0:
            found[alike] = _evaluated(o, rows.middle[alike], t, w)
        else:
            points, series = _chebyshev(int(nodes[alike].max()))
            values = _evaluated(o, rows.middle[alike], steps.middle[alike] + steps.half[alike] * points, w)
            scale = np.where(steps.half > 0, steps.half, 1.0)[alike]
            found[alike] = _clenshaw(values @ series, (t - steps.middle[alike]) / scale)
    return found


def nodes_needed(half: Floats) -> Ints:
    """How many Chebyshev points hold the interpolation error of log odds to 1e-13, by half-widths of shifts (logits).

    >>> nodes_needed(np.array([0.5, 1.9, 5.0, 20.0])).tolist()
    [13, 26, 57, 220]
    """
    rho = _rho(np.maximum(half, NARROWEST))
    wanted = np.log(4 * math.pi / (ALLOWED * (1 - 1 / rho))) / np.log(rho)
    return np.asarray(np.ceil(wanted), dtype=np.intp)


def interpolation_bound(half: float, nodes: int) -> float:
    """What interpolation at this many Chebyshev points can err by at most, in logits: the module's head says why."""
    rho = float(_rho(np.array(half)))
    return 4 * math.pi * rho**-nodes / ((1 - 1 / rho) * (1 - rho ** (-2 * nodes)))


def _rho(half: Floats) -> Floats:
    return np.asarray(math.pi / half + np.hypot(1.0, math.pi / half), dtype=float)


@dataclass(frozen=True, slots=True)
class _Span:
    """The middle and half the width of every row of numbers, (B, 1) each."""

    middle: Floats
    half: Floats

    @classmethod
    def of(cls, values: Floats) -> _Span:
        low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
        return cls((low + high) / 2, (high - low) / 2)


def _plan(rows: _Span, steps: _Span, row_count: int, step_count: int) -> Ints:
    """Per replicate: the nodes to interpolate at, 0 to evaluate every shift, or why neither is possible."""
    reach = (rows.half + steps.half + np.abs(rows.middle + steps.middle)).ravel()
    finite = np.isfinite(reach)
    nodes = nodes_needed(np.where(finite, steps.half.ravel(), 0.0))
    nodes[nodes * (row_count + step_count) >= row_count * step_count] = 0
    nodes[finite & (reach > MOST_REACH)] = FAR
    nodes[~finite] = UNDEFINED
    return nodes


def _chebyshev(count: int) -> tuple[Floats, Floats]:
    """The points (N,) in -1 to 1, and what turns values at them (N,) into coefficients of a series, (N, N)."""
    angles = math.pi * (np.arange(count) + 0.5) / count
    transform = 2 / count * np.cos(np.outer(angles, np.arange(count)))
    transform[:, 0] /= 2
    return np.cos(angles), transform


def _clenshaw(coefficients: Floats, places: Floats) -> Floats:
    """Chebyshev series (B, N) at places (B, K) in -1 to 1."""
    doubled = 2 * places
    one, two, spare = np.zeros_like(places), np.zeros_like(places), np.empty_like(places)
    for k in range(coefficients.shape[1] - 1, 0, -1):
        np.multiply(doubled, one, out=spare)
        spare -= two
        spare += coefficients[:, k, None]
        one, two, spare = spare, one, two
    return np.asarray(places * one - two + coefficients[:, :1], dtype=float)


def _evaluated(offsets: Floats, centre: Floats, shifts: Floats, weights: Floats) -> Floats:
    """Log odds of the mean rate at every shift."""
    e, w = np.exp(centre - offsets), weights
    if e.shape[1] % 4:
        e, w = (np.pad(values, ((0, 0), (0, -values.shape[1] % 4))) for values in (e, w))
    f, total = np.exp(-shifts - centre), w.sum(axis=1, keepdims=True)
    rate = _added(*_in_fours(e, w), f) / total
    rest = f * _added(*_in_fours(e, w * e), f) / total if rate.max() > COMMON else 1 - rate
    return np.asarray(np.log(rate / rest), dtype=float)


def _in_fours(exponentials: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Sums of four w / (1 + e f) as rational functions of f: coefficients (b, 4, m) over (b, 5, m), by power of f."""
    half, quarter = exponentials.shape[1] // 2, exponentials.shape[1] // 4
    e, g = exponentials[:, :half], exponentials[:, half:]
    v, w = weights[:, :half], weights[:, half:]
    # Two rows: (v + w + (v g + w e) f) / (1 + (e + g) f + e g f^2).
    pairs = v + w, v * g + w * e, e + g, e * g
    (a, c), (b, d), (p, r), (q, s) = ((pair[:, :quarter], pair[:, quarter:]) for pair in pairs)
    top, bottom = np.empty((len(p), 4, quarter)), np.empty((len(p), 5, quarter))
    top[:, 0] = a + c
    top[:, 1] = b + d + a * r + c * p
    top[:, 2] = a * s + b * r + c * q + d * p
    top[:, 3] = b * s + d * q
    bottom[:, 0] = 1.0
    bottom[:, 1] = p + r
    bottom[:, 2] = q + s + p * r
    bottom[:, 3] = p * s + q * r
    bottom[:, 4] = q * s
    return top, bottom


def _added(top: Floats, bottom: Floats, exponentials: Floats) -> Floats:
    """The rational functions summed over m at every f (b, K), in the same two working arrays throughout."""
    powers = np.ones((*exponentials.shape, 5))
    for k in range(1, 5):
        np.multiply(powers[:, :, k - 1], exponentials, out=powers[:, :, k])
    found = np.empty(exponentials.shape)
    replicates, fours = len(top), top.shape[2]
    points = min(exponentials.shape[1], max(1, ELEMENTS // fours))
    size = min(replicates, max(1, ELEMENTS // (fours * points)))
    over, under = np.empty((2, size, points, fours))
    ones = np.ones(fours)  # a product with it sums short rows faster than sum does
    for start in range(0, replicates, size):
        some = slice(start, min(start + size, replicates))
        for place in range(0, exponentials.shape[1], points):
            mine = slice(place, min(place + points, exponentials.shape[1]))
            space = np.s_[: some.stop - start, : mine.stop - place]
            np.matmul(powers[some, mine, :4], top[some], out=over[space])
            np.matmul(powers[some, mine], bottom[some], out=under[space])
            over[space] /= under[space]
            found[some, mine] = over[space] @ ones
    return found


def _far(offsets: Floats, shifts: Floats, weights: Floats) -> Floats:
    """Log odds by logs of sums, curve by curve: slow, and right at any distance."""
    with np.errstate(divide="ignore"):
        logs = np.broadcast_to(np.log(weights), offsets.shape)
    found = np.empty(shifts.shape)
    for replicate, (o, t, log_weights) in enumerate(zip(offsets, shifts, logs, strict=True)):
        for place, shift in enumerate(t):
            eta = o + shift
            inside = np.logaddexp.reduce(log_weights - np.logaddexp(0.0, -eta))
            found[replicate, place] = inside - np.logaddexp.reduce(log_weights - np.logaddexp(0.0, eta))
    return found
