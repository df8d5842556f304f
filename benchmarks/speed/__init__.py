"""The speed study: contenders on the same inputs, interleaved in one process, on one thread."""

from __future__ import annotations

import os

# Libraries read these when they are loaded, hence before any of them is imported.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
):
    os.environ[_name] = "1"
