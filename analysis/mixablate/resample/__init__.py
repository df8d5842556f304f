"""Randomisation, wild bootstrap, bootstrap and refits over runs, each with a named stream of random numbers."""

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
from mixablate.resample.isotonic_test import isotonic_randomisation_test, isotonic_statistics
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
from mixablate.resample.permuted_correlation import permuted_correlation_test
from mixablate.resample.randomisation import (
    assignments,
    exchangeable,
    listed_randomisation_test,
    randomisation_test,
    sign_flip_test,
)
from mixablate.resample.rate_difference import (
    mean_difference_bca,
    mean_difference_draws,
    mean_difference_skew,
    rate_difference_bca,
    rate_difference_draws,
    rate_difference_skew,
)
from mixablate.resample.reference import DrawTest, compare
from mixablate.resample.refits.cluster_weights import (
    TwoWayWeights,
    bootstrap_weights,
    jackknife_weights,
    leave_one_out_weights,
    two_way_bootstrap_weights,
)
from mixablate.resample.refits.marginal import (
    Counterfactuals,
    average_slopes,
    counterfactuals,
    linear_contrasts,
    rate_contrasts,
    standardised_rate_replicates,
)
from mixablate.resample.refits.plan import RefitPlan, plan_of_outcome, refit_plan
from mixablate.resample.refits.refit import FirthUse, refit_logit
from mixablate.resample.refits.replicates import Refits, RefitStatus
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
    "Counterfactuals",
    "DrawInterval",
    "DrawTest",
    "Draws",
    "FirthUse",
    "JointDraws",
    "JointMember",
    "Moments",
    "QuantileRule",
    "RefitPlan",
    "RefitStatus",
    "Refits",
    "Side",
    "SignWeights",
    "Statistic",
    "TwoWayWeights",
    "WildRegression",
    "abc_interval",
    "acceleration",
    "assignments",
    "average_slopes",
    "basic_interval",
    "bca_interval",
    "bca_points",
    "bootstrap_means",
    "bootstrap_moments",
    "bootstrap_weights",
    "compare",
    "counterfactuals",
    "difference_randomisation_test",
    "distinct_resamples",
    "draw_quantiles",
    "drawn_bootstrap",
    "enumerated_bootstrap",
    "exchangeable",
    "infinitesimal_influence",
    "isotonic_randomisation_test",
    "isotonic_statistics",
    "jackknife_influence",
    "jackknife_weights",
    "joint_randomisation",
    "joint_wild",
    "leave_one_out",
    "leave_one_out_weights",
    "linear_contrasts",
    "listed_randomisation_test",
    "mean_difference_bca",
    "mean_difference_draws",
    "mean_difference_skew",
    "median_bias",
    "multinomial_resamples",
    "percentile_interval",
    "permuted_correlation_test",
    "plan_of_outcome",
    "randomisation_test",
    "rank_sum_randomisation_test",
    "rate_contrasts",
    "rate_difference_bca",
    "rate_difference_draws",
    "rate_difference_skew",
    "raw_p_values",
    "refit_logit",
    "refit_plan",
    "restricted_wild_test",
    "score_wild_test",
    "sign_flip_test",
    "single_step_max_t",
    "stage_rng",
    "standardised_rate_replicates",
    "step_down_max_t",
    "studentised_interval",
    "two_arms",
    "two_way_bootstrap_weights",
    "unrestricted_wild_test",
    "wild_interval",
    "wild_regression",
    "wild_t",
    "wild_test",
]
