"""Doses, features and explained variation of the example findings, by hand: no estimator of the package is called."""

from __future__ import annotations

import math

import pandas as pd

from mixablate.findings.doses import CURVE_COLUMNS, DOSE_COLUMNS, DOSE_RUN_COLUMNS, Doses

OUTCOMES = ("blackmail", "audit", "mmlu")
COMPONENTS = ("tools", "difficult_advice")
DOSES = {"tools": (0.0, 1.0, 2.0, 4.0, 8.0), "difficult_advice": (0.0, 500.0, 2000.0, 60000.0)}  # plain and long axes
SCALES = {"blackmail": "log_odds", "audit": "log_odds", "mmlu": "value"}
SPREAD = (-0.03, 0.0, 0.02)


def _level(outcome: str, place: int) -> float:
    return {"blackmail": 0.24, "audit": 0.32, "mmlu": 0.7}[outcome] - 0.04 * place


def doses(reason: str) -> Doses:
    """Curves falling by .04 a dose on three outcomes, three runs a dose; tests withheld where there is a reason."""
    tests, curves, dots = [], [], []
    for component in COMPONENTS:
        for outcome in OUTCOMES:
            tests.append(_test(component, outcome, reason))
            for shape in ("linear", "log", "spline", "monotone"):
                why = "no interval of this kind" if shape == "monotone" else reason
                for place, dose in enumerate(DOSES[component]):
                    middle, width = _level(outcome, place), math.nan if why else 0.03
                    curves.append(
                        (component, outcome, shape, dose, middle, middle - width, middle + width, 0.95, shape, why)
                    )
            for place, dose in enumerate(DOSES[component]):
                for run, off in enumerate(SPREAD):
                    value = _level(outcome, place) + off
                    dots.append((component, outcome, f"d{place}-s{run}", dose, 0, value, value))
    return Doses(
        pd.DataFrame(tests, columns=list(DOSE_COLUMNS)),
        pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
        pd.DataFrame(dots, columns=list(DOSE_RUN_COLUMNS)),
    )


def _test(component: str, outcome: str, reason: str) -> dict[str, object]:
    numbers = {"std_error": 0.02, "df": 8.0, "lower": -0.25, "upper": -0.15, "p_value": 0.002, "detectable": 0.06}
    return {
        "component": component, "outcome": outcome, "asked": "trend", "scale": SCALES[outcome],
        "unit": "per unit of dose", "estimate": -0.2, **(dict.fromkeys(numbers, math.nan) if reason else numbers),
        "level": 0.95, "smallest_p": math.nan, "n_runs": 15, "n_doses": len(DOSES[component]), "n_strata": 1,
        "method": "by hand", "scope": "runs like these", "reason": reason,
        "finding": f"cannot tell: {reason}" if reason else "the outcome falls with the dose", "left_out": "",
    }  # fmt: skip


def features(reason: str) -> pd.DataFrame:
    """Two features on three outcomes; one cannot be separated from the tokens."""
    rows = []
    for outcome in OUTCOMES:
        for feature, at in (("feature.distinct_tools", -0.3), ("feature.mean_length", 0.1)):
            for given, adjusted in (("alone", ""), ("size", "log tokens"), ("components", "Unused tool definitions")):
                why = reason
                if feature == "feature.mean_length" and given == "size":
                    why = f"cannot separate {feature} from log tokens: they move together (R^2 = 0.991; VIF 111.1)"
                numbers = {
                    "estimate": at, "std_error": 0.1, "df": 20.0, "lower": at - 0.2, "upper": at + 0.2,
                    "p_value": 0.03, "detectable": 0.3, "per_unit": at / 2, "partial_r2": 0.12, "p_adjusted": 0.06,
                }  # fmt: skip
                rows.append(
                    {
                        "feature": feature,
                        "outcome": outcome,
                        "given": given,
                        "adjusted": adjusted,
                        "scale": SCALES[outcome],
                        **(dict.fromkeys(numbers, math.nan) if why else numbers),
                        "sd": 2.0,
                        "level": 0.95,
                        "vif": 111.1 if "separate" in why else 1.2,
                        "collinear": 0.2,
                        "n_runs": 40,
                        "method": "by hand",
                        "scope": "runs like these",
                        "reason": why,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def explained(reason: str) -> pd.DataFrame:
    """Two sources of 40 and 20 % on blackmail."""
    rows = []
    for player, part in (("Unused tool definitions", 0.4), ("feature.distinct_tools", 0.2)):
        width = math.nan if reason else 0.1
        rows.append(
            {
                "outcome": "blackmail",
                "scale": "log_odds",
                "player": player,
                "part": part,
                "lower": part - width,
                "upper": part + width,
                "boot_lower": part - width,
                "boot_upper": part + width,
                "level": 0.95,
                "share": math.nan if reason else part / 0.6,
                "alone": part,
                "last": part,
                "deviance_part": part,
                "total": 0.6,
                "deviance_total": 0.6,
                "p_value": 0.001,
                "n_runs": 40,
                "moves_with": "",
                "method": "by hand",
                "reason": reason,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
