"""Declared claims against the evidence: each a region, judged by one set of rules."""

from mixablate.claims.adjust import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    hochberg,
    holm,
    hommel,
)
from mixablate.claims.deviations import LockComparison, Locking, compared_with_lock, with_deviations
from mixablate.claims.gate import Gate, GateOutcome, GateResult, gate_of, gate_results
from mixablate.claims.judging import judge
from mixablate.claims.kinds import cases_of_claims, region_of, regions_of
from mixablate.claims.left_out import LeftOut, Unit, left_out_frame
from mixablate.claims.lock_changes import Deviation, LockedClaim
from mixablate.claims.measurement.measured import Measured, Measurement, measurement_columns
from mixablate.claims.missing_curve import missing_curves, no_curves
from mixablate.claims.outcomes import claim_evals
from mixablate.claims.published import as_printed, judge_published, published_region
from mixablate.claims.regions import Region
from mixablate.claims.specification import (
    Estimator,
    Inclusion,
    Specification,
    share_agreeing,
    specifications_frame,
)
from mixablate.claims.switches import claim_audits, claim_contrast, claim_switches
from mixablate.claims.verdict import Flag, SecondOpinion, Status, Verdict

__all__ = [
    "Deviation",
    "Estimator",
    "Flag",
    "Gate",
    "GateOutcome",
    "GateResult",
    "Inclusion",
    "LeftOut",
    "LockComparison",
    "LockedClaim",
    "Locking",
    "Measured",
    "Measurement",
    "Region",
    "SecondOpinion",
    "Specification",
    "Status",
    "Unit",
    "Verdict",
    "as_printed",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bonferroni",
    "cases_of_claims",
    "claim_audits",
    "claim_contrast",
    "claim_evals",
    "claim_switches",
    "compared_with_lock",
    "gate_of",
    "gate_results",
    "hochberg",
    "holm",
    "hommel",
    "judge",
    "judge_published",
    "left_out_frame",
    "measurement_columns",
    "missing_curves",
    "no_curves",
    "published_region",
    "region_of",
    "regions_of",
    "share_agreeing",
    "specifications_frame",
    "with_deviations",
]
