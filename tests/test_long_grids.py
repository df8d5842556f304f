"""Long simulation grids go through joblib: on a cluster they give the rows of a serial run, to the last digit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from calibration.__main__ import SEED, result_of, run
from calibration.cells import cells_of
from calibration.families import families, family_result
from cluster import on_cluster
from joblib import Parallel, delayed

# Dask starts processes and closes their sockets when it pleases.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a Dask cluster of two worker processes on this machine."""
    distributed = pytest.importorskip("dask.distributed", reason="Dask is not installed (the extra [dask])")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        cluster.wait_for_workers(2)
        yield str(cluster.scheduler_address)


def grid() -> list[Any]:
    """A few cells of the calibration, and a family of claims, with few studies each."""
    cells = [cell for name in ("null", "shapes") for cell in list(cells_of(name))[:3]]
    work = [delayed(result_of)(cell, 40, 4, 2) for cell in cells]
    return [*work, *(delayed(family_result)(family, 3, SEED) for family in list(families())[:1])]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_rows_of_the_serial_run(scheduler: str) -> None:
    serial = run("serial", grid(), 1)
    with on_cluster(scheduler):
        clustered = run("on Dask", grid(), -1)
        workers = set(Parallel(n_jobs=-1)(delayed(os.getpid)() for _ in range(20)))
    assert clustered == serial
    assert workers
    assert os.getpid() not in workers


@pytest.mark.slow
def test_worker_processes_give_the_rows_of_the_serial_run() -> None:
    with on_cluster(""):
        assert run("two processes", grid(), 2) == run("serial", grid(), 1)
