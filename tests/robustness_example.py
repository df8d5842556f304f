"""What the example's verdicts hang on: one thing left out, and specifications, written down for figures and reports."""

from __future__ import annotations

from mixablate.claims import Estimator, Inclusion, LeftOut, Specification, Status, Unit
from mixablate.estimate import Effect
from mixablate.study import Scale

__all__ = ["left_out_of", "specifications_of"]

DECIDED = (Status.SUPPORTED, Status.CONTRADICTED, Status.EQUIVALENT)
NEEDED = 0.0125


def left_out_of(effect: Effect, status: Status, flipping: tuple[str, ...]) -> tuple[LeftOut, ...]:
    """Ten runs, three scenarios, two seeds and two base models left out of a decided claim; these runs flip it."""
    if status not in DECIDED or effect.estimate is None or effect.lower is None:
        return ()
    step = (effect.estimate - effect.lower) / 12
    names = [(Unit.RUN, name) for name in (f"{arm}00-s{i}" for arm in (0, 1) for i in range(5))]
    names += [(Unit.SCENARIO, name) for name in ("blackmail", "leak", "framing")]
    names += [(Unit.SEED, "1"), (Unit.SEED, "2"), (Unit.BASE_MODEL, "qwen"), (Unit.BASE_MODEL, "llama")]
    return tuple(
        LeftOut(
            effect.contrast,
            unit,
            name,
            effect.outcome,
            effect.scale,
            effect.estimate + step * ((7 * i) % 5 - 2),
            0.08 if name in flipping else 0.002,
            "p" if name in flipping else "",
            None,
            0.0,
        )
        for i, (unit, name) in enumerate(names)
    )


def specifications_of(effect: Effect, status: Status) -> tuple[Specification, ...]:
    """Three scales by two estimators and two inclusion rules; no least squares of a ratio, and two that disagree."""
    if status is Status.UNTESTABLE or effect.estimate is None:
        return ()
    found = []
    for scale in (Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.RISK_RATIO):
        for inclusion in (Inclusion.DECLARED, Inclusion.MISSING_EVENTS):
            for place, estimator in enumerate((Estimator.RUNS, Estimator.LEAST_SQUARES)):
                refused = scale is Scale.RISK_RATIO and estimator is Estimator.LEAST_SQUARES
                against = scale is Scale.LOG_ODDS and inclusion is Inclusion.MISSING_EVENTS
                p = 0.002 + 0.001 * place if not against else 0.04
                says = str(Status.UNDECIDED if against else status)
                low, high = effect.lower, effect.upper
                found.append(
                    Specification(
                        effect.contrast, scale, estimator, inclusion, "", effect.outcome, effect.estimate,
                        None if refused else low, None if refused else high, 0.95, None, 0.0,
                        None if refused else p, None if refused else 1.0 - p, NEEDED,
                        "" if refused else says, None if refused else says == status,
                        len(found) == 0, "an arm of one run: no spread of its own for a ratio" if refused else "",
                    )
                )  # fmt: skip
    return tuple(found)
