"""The engine of a design: its tables, made once, for any number of weightings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixablate.resample.refits.cholesky import Kind, Reals
from mixablate.resample.refits.crossed import CrossedEngine
from mixablate.resample.refits.crossed_start import CrossedStart, crossed_start
from mixablate.resample.refits.crossing import Crossing, orthogonal
from mixablate.resample.refits.dense import DenseEngine, pair_products
from mixablate.resample.refits.engine import Engine, block_width
from mixablate.resample.refits.rows import WeightedRows, by_unit

__all__ = ["centred", "crossed_engine", "dense_engine"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DEAR_CURVATURE = 150  # column pairs: a product with so many costs as much as the elementwise passes of a score
MOST_UNITS = 2.0  # units per cell up to which a table of units is worth its product


def crossed_engine(rows: WeightedRows, crossing: Crossing) -> CrossedEngine:
    """The engine of a crossed design, started from 0 until it is given a centre."""
    q, classes = crossing.columns.shape
    order, size = q + crossing.evals, classes * crossing.evals
    along = np.hstack([crossing.columns[:, crossing.run_class].T, np.eye(crossing.evals)[crossing.eval]])
    return CrossedEngine(
        basis=_basis(rows.design, along),
        width=block_width(size),
        columns=_both(crossing.columns),
        lifted=_both(np.vstack([crossing.columns, np.ones(classes)])),
        pairs=_both(pair_products(crossing.columns.T)),
        trials=_totals(crossing.run_class * crossing.evals + crossing.eval, rows, size),
        events=by_unit(along.T * rows.events, rows),
        squares=by_unit(along.T**2 * rows.trials, rows),
        begin=None,
        centre=np.zeros(order),
    )


def dense_engine(rows: WeightedRows) -> DenseEngine:
    """The engine of any design, started from 0 until it is given a centre."""
    distinct, cell = np.unique(rows.design, axis=0, return_inverse=True)
    columns, basis = orthogonal(distinct)
    order = len(columns)
    along, pairs = columns.T[cell.ravel()], pair_products(columns.T)
    return DenseEngine(
        basis=basis,
        width=block_width(len(distinct)),
        keeps_curvature=len(pairs) > DEAR_CURVATURE,
        columns=_both(columns),
        rows=_both(np.ascontiguousarray(columns.T)),
        pairs=_both(pairs),
        trials=_totals(cell.ravel(), rows, len(distinct)),
        events=by_unit(along.T * rows.events, rows),
        squares=by_unit(along.T**2 * rows.trials, rows),
        begin=None,
        centre=np.zeros(order),
    )


def centred(engine: Engine, centre: Floats, rows: WeightedRows, crossing: Crossing | None) -> Engine:
    """The engine with its start at this fit of the full data, with tables of units where these are few enough."""
    if isinstance(engine, DenseEngine):
        cells = engine.columns[np.float64].shape[1]
        begin = _dense_start(engine, centre, rows) if rows.units <= MOST_UNITS * cells else None
        return replace(engine, centre=centre, begin=begin)
    assert isinstance(engine, CrossedEngine)
    begun = None if crossing is None or rows.scenarios else _crossed_start(centre, rows, crossing)
    return replace(engine, centre=centre, begin=begun)


def _crossed_start(centre: Floats, rows: WeightedRows, crossing: Crossing) -> CrossedStart:
    runs = np.zeros(rows.units, dtype=np.intp)  # a run without rows has no trials: its class does not matter
    runs[rows.unit] = crossing.run_class
    place, size = rows.unit * crossing.evals + crossing.eval, rows.units * crossing.evals
    trials, events = (
        np.bincount(place, counts, size).reshape(rows.units, -1).astype(float) for counts in (rows.trials, rows.events)
    )
    q = len(crossing.columns)
    columns = np.ascontiguousarray(crossing.columns[:, runs])
    return crossed_start(columns, trials, events, (columns.T @ centre[:q])[:, None] + centre[q:])


def _dense_start(engine: DenseEngine, centre: Floats, rows: WeightedRows) -> Floats:
    along = rows.design @ engine.basis
    rate = 1.0 / (1.0 + np.exp(-(along @ centre)))
    information = pair_products(along) * (rows.trials * rate * (1.0 - rate))
    return by_unit(np.vstack([information, along.T * (rows.events - rows.trials * rate)]), rows)


def _both(table: Reals) -> dict[Kind, Reals]:
    return {dtype: np.ascontiguousarray(table, dtype=dtype) for dtype in (np.float64, np.float32)}


def _basis(design: Floats, along: Floats) -> Floats:
    """The map from an engine's coordinates to the design's: design @ map = along, exactly, as both span the same."""
    scale = np.abs(design).max(axis=0)
    found, *_ = np.linalg.lstsq(design / scale, along, rcond=None)
    return np.asarray(found / scale[:, None])


def _totals(cell: Ints, rows: WeightedRows, size: int) -> dict[Kind, csr_array]:
    matrix = csr_array((rows.trials, (cell, rows.unit)), shape=(size, rows.units))
    return {np.float64: matrix, np.float32: matrix.astype(np.float32)}
