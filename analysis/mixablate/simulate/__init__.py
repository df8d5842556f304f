"""Tables with a known truth: for tests, for the documentation, for calibration and for planning."""

from mixablate.simulate.draw import Counts, draw_counts, simulate_counts
from mixablate.simulate.estimands import (
    ArmKey,
    EvalSet,
    arm_keys,
    contrast_truth,
    mean_log_odds,
    mean_run_rate,
    mean_value,
    truth_frame,
)
from mixablate.simulate.layout import Layout, lay_out
from mixablate.simulate.read import parse_truth, read_truth, study_truth
from mixablate.simulate.studies import SimulatedRollouts, SimulatedTables, simulate, simulate_rollouts, study_files
from mixablate.simulate.truth import (
    ArmTruth,
    Checkpoints,
    ComponentTruth,
    EventEval,
    InteractionTruth,
    ScoreEval,
    Truth,
)

__all__ = [
    "ArmKey",
    "ArmTruth",
    "Checkpoints",
    "ComponentTruth",
    "Counts",
    "EvalSet",
    "EventEval",
    "InteractionTruth",
    "Layout",
    "ScoreEval",
    "SimulatedRollouts",
    "SimulatedTables",
    "Truth",
    "arm_keys",
    "contrast_truth",
    "draw_counts",
    "lay_out",
    "mean_log_odds",
    "mean_run_rate",
    "mean_value",
    "parse_truth",
    "read_truth",
    "simulate",
    "simulate_counts",
    "simulate_rollouts",
    "study_files",
    "study_truth",
    "truth_frame",
]
