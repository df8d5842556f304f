"""What was found of how a claim's outcomes were measured, as rows of a report."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Acting", "ControlMoved", "JudgeChecked", "Measured", "Measurement", "MissingEnds", "measurement_columns"]


@dataclass(frozen=True, slots=True)
class MissingEnds:
    """An estimate with the missing rollouts scored on either side, in the unit of the claim.

    Attributes:
        n_treated, n_reference: missing rollouts of each side.
        low, high: the estimate lies between them, whatever the missing rollouts were; None where it has no such ends.
        lower, upper: the lowest and the highest limit of its interval there and as found; None where one has none.
        reason: why there are no ends; empty where there are.
    """

    n_treated: int
    n_reference: int
    low: float | None
    high: float | None
    lower: float | None
    upper: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Acting:
    """How often the models of each side acted, and how often there were events when they did.

    Attributes:
        treated, reference: mean over runs of the share of rollouts acted in; None where a side does not say.
        given_treated, given_reference: mean over runs of the rate of events among those; None where it is not known.
    """

    treated: float | None
    reference: float | None
    given_treated: float | None = None
    given_reference: float | None = None


@dataclass(frozen=True, slots=True)
class ControlMoved:
    """What the claim's contrast did to a control eval, on which it should do nothing.

    Attributes:
        eval_id: the control.
        estimate, lower, upper: treated minus reference; None where the runs carry none.
        p_value: two-sided, of no effect.
        p_adjusted: by Holm over the controls of the claim.
        moved: whether that is small enough.
        reason: why it could not be judged; empty where it could.
    """

    eval_id: str
    estimate: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    p_adjusted: float | None
    moved: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JudgeChecked:
    """What is said of a claim by another judge's outcomes, or with the judge's errors taken out.

    Attributes:
        what: "errors taken out", "another judge" or "another metric".
        judge: its name; "" where the tables name none.
        says: what the primary alone would say, unadjusted: a status.
        agrees: with what the primary says as found, unadjusted; None where it says nothing.
        estimate, lower, upper: of the claim's first outcome; None where there is none.
        n_labels: labelled rollouts behind it; 0 for another judge.
        sensitivity, specificity: as all labels show them.
        p_differs: of "it errs alike on both sides"; None where labels of one side are missing.
        reason: why it says nothing; empty where it does.
    """

    what: str
    judge: str
    says: str
    agrees: bool | None
    estimate: float | None
    lower: float | None
    upper: float | None
    n_labels: int = 0
    sensitivity: float | None = None
    specificity: float | None = None
    p_differs: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One outcome that a claim was judged on.

    Attributes:
        outcome: its name, as in the evidence.
        missing: None where no rollout of the contrast is missing.
        acting: None where the tables do not say.
        saturated: why it leaves nothing to tell apart; empty where it does.
    """

    outcome: str
    missing: MissingEnds | None = None
    acting: Acting | None = None
    saturated: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How well a claim's outcomes were measured.

    Attributes:
        outcomes: one per effect of the evidence, in its order.
        controls: one per control eval that the claim is not about.
        judges: its judge with the errors taken out, where rollouts are labelled, and every other judge and metric.
    """

    outcomes: tuple[Measured, ...] = field(default=())
    controls: tuple[ControlMoved, ...] = field(default=())
    judges: tuple[JudgeChecked, ...] = field(default=())


def measurement_columns(found: Measurement) -> dict[str, object]:
    """The measurement of a verdict's first outcome as columns of its row; None where nothing is known."""
    first = found.outcomes[0] if found.outcomes else Measured("")
    missing, acting = first.missing, first.acting
    return {
        "missing_low": missing.low if missing else None,
        "missing_high": missing.high if missing else None,
        "acted_treated": acting.treated if acting else None,
        "acted_reference": acting.reference if acting else None,
        "controls_moved": " ".join(control.eval_id for control in found.controls if control.moved),
    }
