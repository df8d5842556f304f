"""Numbers as the sentences of a verdict state them, one unit a scale."""

from __future__ import annotations

from mixablate.estimate import Effect
from mixablate.study import Scale

__all__ = ["amount", "effect_words", "p_words"]


def amount(value: float, scale: Scale) -> str:
    """A value with its unit: percentage points for differences of rates, "x" for ratios.

    >>> amount(-0.123, Scale.RISK_DIFFERENCE), amount(0.5, Scale.RISK_RATIO), amount(0.3, Scale.LOG_ODDS)
    ('-12.3 points', '0.5x', '0.3 log-odds')
    """
    if scale is Scale.RISK_DIFFERENCE:
        return f"{100 * value:.1f} points".replace("-0.0 points", "0.0 points")
    if scale is Scale.RISK_RATIO:
        return f"{value:.3g}x"
    return f"{value:.3g} log-odds" if scale is Scale.LOG_ODDS else f"{value:.4g}"


def effect_words(effect: Effect) -> str:
    """An effect with its interval and its runs, e.g. "-12.3 points (95 % interval -16.0 to -8.6; 20 v 20 runs)"."""
    if effect.estimate is None:
        return f"no estimate ({effect.n_treated} v {effect.n_reference} runs)"
    runs = f"{effect.n_treated} v {effect.n_reference} runs"
    stated = amount(effect.estimate, effect.scale)
    if effect.lower is None or effect.upper is None:
        return f"{stated} ({runs}, no interval)"
    low, high = (amount(value, effect.scale).removesuffix(" points") for value in (effect.lower, effect.upper))
    return f"{stated} ({effect.level:.0%} interval {low} to {high}; {runs})"


def p_words(p_value: float) -> str:
    """A p-value to two significant digits, never as zero."""
    return "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.2g}"
