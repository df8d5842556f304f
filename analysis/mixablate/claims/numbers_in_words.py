"""Numbers as the sentences of a verdict state them, one unit a scale."""

from __future__ import annotations

from mixablate.estimate import Effect
from mixablate.study import Scale

__all__ = ["amount", "change", "effect_words", "end_words", "p_words", "span", "unit", "unit_of_span"]


def amount(value: float, scale: Scale) -> str:
    """A value with its unit: percentage points for differences of rates, "x" for ratios.

    >>> amount(-0.123, Scale.RISK_DIFFERENCE), amount(0.5, Scale.RISK_RATIO), amount(0.3, Scale.LOG_ODDS)
    ('-12.3 points', '0.5x', '0.3 log-odds')
    """
    return _bare(value, scale) + unit(scale)


def change(value: float, scale: Scale) -> str:
    """A difference with its sign and unit, so that a rise is not read as a drop; a ratio as `amount` gives it.

    >>> change(0.395, Scale.RISK_DIFFERENCE), change(0.0001, Scale.RISK_DIFFERENCE), change(2.0, Scale.RISK_RATIO)
    ('+39.5 points', '0.0 points', '2x')
    """
    stated = amount(value, scale)
    unsigned = scale is Scale.RISK_RATIO or value <= 0.0 or float(_bare(value, scale)) == 0.0
    return stated if unsigned else f"+{stated}"


def span(lower: float, upper: float, scale: Scale) -> str:
    """Two ends without their unit, which stands beside them, but for the "x" of ratios.

    >>> span(-0.16, -0.086, Scale.RISK_DIFFERENCE), span(-4.63, -3.42, Scale.LOG_ODDS), span(0.4, 2.0, Scale.RISK_RATIO)
    ('-16.0 to -8.6', '-4.63 to -3.42', '0.4x to 2x')
    """
    return " to ".join(end_words(lower, upper, scale))


def end_words(lower: float, upper: float, scale: Scale) -> tuple[str, str]:
    """The two ends as `span` writes them."""
    sign = unit(scale) if scale is Scale.RISK_RATIO else ""
    return _bare(lower, scale) + sign, _bare(upper, scale) + sign


def unit_of_span(scale: Scale) -> str:
    """What stands behind a span: nothing for ratios, whose ends have their "x"."""
    return "" if scale is Scale.RISK_RATIO else unit(scale)


def unit(scale: Scale) -> str:
    """What stands behind a number of the scale."""
    return {Scale.RISK_DIFFERENCE: " points", Scale.RISK_RATIO: "x", Scale.LOG_ODDS: " log-odds"}.get(scale, "")


def _bare(value: float, scale: Scale) -> str:
    if scale is Scale.RISK_DIFFERENCE:
        stated = f"{100 * value:.1f}"
        return "0.0" if stated == "-0.0" else stated
    return f"{value:.4g}" if scale is Scale.VALUE else f"{value:.3g}"


def effect_words(effect: Effect) -> str:
    """An effect with its interval and its runs, e.g. "-12.3 points (95 % interval -16.0 to -8.6; 20 v 20 runs)"."""
    if effect.estimate is None:
        return f"no estimate ({effect.n_treated} v {effect.n_reference} runs)"
    runs = f"{effect.n_treated} v {effect.n_reference} runs"
    stated = change(effect.estimate, effect.scale)
    if effect.lower is None or effect.upper is None:
        return f"{stated} ({runs}, no interval)"
    return f"{stated} ({effect.level:.0%} interval {span(effect.lower, effect.upper, effect.scale)}; {runs})"


def p_words(p_value: float) -> str:
    """A p-value to two significant digits, never as zero."""
    return "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.2g}"
