"""Randomisation, wild bootstrap and bootstrap over runs, each with a named stream of random numbers."""

from mixablate.resample.bootstrap import FEWEST_RUNS, bootstrap_means
from mixablate.resample.draw_intervals import (
    BCa,
    DrawInterval,
    abc_interval,
    acceleration,
    basic_interval,
    bca_interval,
    bca_points,
    median_bias,
    percentile_interval,
    studentised_interval,
)
from mixablate.resample.draws import Draws, Moments, QuantileRule, bootstrap_moments, draw_quantiles
from mixablate.resample.enumerated_bootstrap import (
    Statistic,
    distinct_resamples,
    drawn_bootstrap,
    enumerated_bootstrap,
    infinitesimal_influence,
    jackknife_influence,
    leave_one_out,
    multinomial_resamples,
)
from mixablate.resample.linear_randomisation import difference_randomisation_test, rank_sum_randomisation_test
from mixablate.resample.max_t import (
    JointDraws,
    JointMember,
    Side,
    joint_randomisation,
    joint_wild,
    raw_p_values,
    single_step_max_t,
    step_down_max_t,
)
from mixablate.resample.randomisation import (
    assignments,
    exchangeable,
    listed_randomisation_test,
    randomisation_test,
    sign_flip_test,
)
from mixablate.resample.reference import DrawTest, compare
from mixablate.resample.score_wild import score_wild_test
from mixablate.resample.seeds import stage_rng
from mixablate.resample.sign_vectors import SignWeights
from mixablate.resample.two_arms import two_arms
from mixablate.resample.wild import wild_test
from mixablate.resample.wild_regression import (
    WildRegression,
    restricted_wild_test,
    unrestricted_wild_test,
    wild_interval,
    wild_regression,
    wild_t,
)

__all__ = [
    "FEWEST_RUNS",
    "BCa",
    "DrawInterval",
    "DrawTest",
    "Draws",
    "JointDraws",
    "JointMember",
    "Moments",
    "QuantileRule",
    "Side",
    "SignWeights",
    "Statistic",
    "WildRegression",
    "abc_interval",
    "acceleration",
    "assignments",
    "basic_interval",
    "bca_interval",
    "bca_points",
    "bootstrap_means",
    "bootstrap_moments",
    "compare",
    "difference_randomisation_test",
    "distinct_resamples",
    "draw_quantiles",
    "drawn_bootstrap",
    "enumerated_bootstrap",
    "exchangeable",
    "infinitesimal_influence",
    "jackknife_influence",
    "joint_randomisation",
    "joint_wild",
    "leave_one_out",
    "listed_randomisation_test",
    "median_bias",
    "multinomial_resamples",
    "percentile_interval",
    "randomisation_test",
    "rank_sum_randomisation_test",
    "raw_p_values",
    "restricted_wild_test",
    "score_wild_test",
    "sign_flip_test",
    "single_step_max_t",
    "stage_rng",
    "step_down_max_t",
    "studentised_interval",
    "two_arms",
    "unrestricted_wild_test",
    "wild_interval",
    "wild_regression",
    "wild_t",
    "wild_test",
]
