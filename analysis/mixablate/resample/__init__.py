"""Randomisation, wild bootstrap and bootstrap over runs, each with a named stream of random numbers."""

from mixablate.resample.bootstrap import FEWEST_RUNS, bootstrap_means
from mixablate.resample.randomisation import assignments, exchangeable, randomisation_test, sign_flip_test
from mixablate.resample.reference import DrawTest, compare
from mixablate.resample.seeds import stage_rng
from mixablate.resample.wild import wild_test

__all__ = [
    "FEWEST_RUNS",
    "DrawTest",
    "assignments",
    "bootstrap_means",
    "compare",
    "exchangeable",
    "randomisation_test",
    "sign_flip_test",
    "stage_rng",
    "wild_test",
]
