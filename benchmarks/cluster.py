"""Where long grids run: in processes here, or on a Dask cluster that is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from joblib import parallel_config

__all__ = ["on_cluster"]


@contextmanager
def on_cluster(scheduler: str) -> Iterator[None]:
    """What joblib runs inside goes to the workers of a Dask cluster; each row is a function of its cell and the seed.

    Args:
        scheduler: its address, such as "tcp://host:8786"; "" runs everything here. The workers need this checkout's
            packages, and `analysis` and `benchmarks` on their PYTHONPATH.
    """
    if not scheduler:
        yield
        return
    from dask.distributed import Client

    with Client(scheduler), parallel_config("dask"):
        yield
