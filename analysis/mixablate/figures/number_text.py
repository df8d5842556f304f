"""Numbers as people read them: rates in percent, differences in percentage points, a true minus sign."""

from __future__ import annotations

import math
import re
from typing import Any, Protocol

from mixablate.study import Scale

__all__ = [
    "MINUS",
    "MISSING",
    "bounded_rate_text",
    "change_text",
    "count_text",
    "counted_text",
    "effect_text",
    "estimate_text",
    "interval_text",
    "level_text",
    "p_text",
    "rate_interval_text",
    "rate_text",
    "scale_words",
    "share_text",
    "typeset",
]

MINUS = "\u2212"
MISSING = "\u2013"
SMALLEST_P = 1e-4  # below it, digits depend on how well the t distribution holds far out


_NEGATIVE = re.compile(r"""(?<![\w.\u2212%)\]"'/-])-(?=\d)""")  # not a hyphen in a name, a date, a link or a range
_QUOTED = re.compile(r'("[^"]*"|\u201c[^\u201d]*\u201d|`[^`]*`)')


class Row(Protocol):
    """A row of a frame, whether a record or a series."""

    def __getitem__(self, name: str, /) -> Any: ...


_SCALE_WORDS: dict[str, str] = {
    "log_ratio": "log-ratio of rates",
    Scale.RISK_DIFFERENCE: "percentage points",
    Scale.RISK_RATIO: "ratio of rates",
    Scale.LOG_ODDS: "log-odds",
    Scale.VALUE: "score units",
}


def scale_words(scale: str) -> str:
    """The unit of an estimate on `scale`, for column heads and axes."""
    return _SCALE_WORDS[scale]


def _known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _signed(text: str) -> str:
    """`text` with a true minus sign, and without one on a number that rounds to zero."""
    if text.startswith("-"):
        return text[1:] if float(text) == 0.0 else MINUS + text[1:]
    return text


def rate_text(value: float | None, kind: str = "events") -> str:
    """A rate in percent with one decimal, a score with three significant digits; a dash where unknown.

    >>> rate_text(0.2213), rate_text(0.70281, kind="score"), rate_text(None)
    ('22.1%', '0.703', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    return f"{100.0 * value:.1f}%" if kind == "events" else _signed(_significant(value))


def _significant(value: float, digits: int = 3) -> str:
    """`value` with that many significant digits, without an exponent for everyday sizes."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:.0f}" if value == 0.0 else str(value)
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 6:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(digits - 1 - size, 0)}f}"


def estimate_text(value: float | None, scale: str) -> str:
    """An effect in its scale's unit (see `scale_words`): points and log-odds with fixed decimals.

    >>> estimate_text(-0.1217, "risk_difference"), estimate_text(0.4512, "risk_ratio"), estimate_text(-1.3, "log_odds")
    ('−12.2', '0.45', '−1.30')
    """
    if value is None or math.isnan(value):
        return MISSING
    if not math.isfinite(value):
        return "\u221e" if value > 0 else MINUS + "\u221e"
    if scale == Scale.RISK_DIFFERENCE:
        return _signed(f"{100.0 * value:.1f}")
    if scale == Scale.VALUE:
        return _signed(_significant(value, 3 if abs(value) >= 1.0 else 2))
    return _signed(f"{value:.2f}") if scale != Scale.RISK_RATIO or value >= 0.1 else _significant(value, 2)


def change_text(value: float | None, scale: str) -> str:
    """An effect as `estimate_text` gives it, a rise with its sign, so that it is not read as a drop.

    >>> change_text(0.395, "risk_difference"), change_text(-0.1, "risk_difference"), change_text(2.0, "risk_ratio")
    ('+39.5', '−10.0', '2.00')
    """
    stated = estimate_text(value, scale)
    rises = value is not None and value > 0.0 and scale != Scale.RISK_RATIO
    return f"+{stated}" if rises and stated.strip("0.") else stated


def interval_text(lower: float | None, upper: float | None, scale: str) -> str:
    """An interval in its scale's unit: "a to b", a one-sided bound in words, or a dash.

    >>> interval_text(-0.18, -0.061, "risk_difference"), interval_text(None, 0.03, "risk_difference")
    ('−18.0 to −6.1', 'at most 3.0')
    """
    if _known(lower) and _known(upper):
        return f"{estimate_text(lower, scale)} to {estimate_text(upper, scale)}"
    if _known(upper):
        return f"at most {estimate_text(upper, scale)}"
    if _known(lower):
        return f"at least {estimate_text(lower, scale)}"
    return MISSING


def effect_text(row: Row) -> str:
    """The effect of a row with its unit and, where there is one, its interval.

    >>> effect_text({"estimate": -0.1217, "lower": -0.18, "upper": -0.061, "scale": "risk_difference"})
    '−12.2 percentage points (−18.0 to −6.1)'
    """
    scale = str(row["scale"])
    said, interval = (
        f"{estimate_text(row['estimate'], scale)} {scale_words(scale)}",
        interval_text(row["lower"], row["upper"], scale),
    )
    return said if interval == MISSING else f"{said} ({interval})"


def rate_interval_text(row: Row, kind: str = "events", side: str = "") -> str:
    """The rate or score of a row (of its columns that end in `side`) and, where there is one, its interval.

    >>> rate_interval_text({"estimate_in": 0.2213, "lower_in": 0.15, "upper_in": 0.31}, side="_in")
    '22.1% (15.0% to 31.0%)'
    """
    rate, lower, upper = (row[f"{name}{side}"] for name in ("estimate", "lower", "upper"))
    interval = f" ({rate_text(lower, kind)} to {rate_text(upper, kind)})" if _known(lower) and _known(upper) else ""
    return rate_text(rate, kind) + interval


def bounded_rate_text(lower: float | None, upper: float | None) -> str:
    """What limits a rate: an interval, or an upper bound alone; empty where nothing does.

    >>> bounded_rate_text(None, 0.0907), bounded_rate_text(0.021, 0.089), bounded_rate_text(None, None)
    ('at most 9.1%', '2.1% to 8.9%', '')
    """
    if not _known(upper):
        return ""
    return f"{rate_text(lower)} to {rate_text(upper)}" if _known(lower) else f"at most {rate_text(upper)}"


def counted_text(rate: float, n_events: float, n_scored: float, kind: str = "events") -> str:
    """A rate with the counts behind it, where there are counts.

    >>> counted_text(0.1133, 34.0, 300.0), counted_text(0.1133, float("nan"), float("nan"))
    ('34 of 300, 11.3%', '11.3%')
    """
    if kind != "events" or math.isnan(n_events):
        return rate_text(rate, kind)
    return f"{count_text(n_events)} of {count_text(n_scored)}, {rate_text(rate, kind)}"


def share_text(share: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A share in percent, with its interval where there is one.

    >>> share_text(0.254), share_text(-0.04, -0.11, 0.03)
    ('25%', '−4% (−11 to 3)')
    """
    if math.isnan(lower) or math.isnan(upper):
        return f"{_whole(share)}%"
    return f"{_whole(share)}% ({_whole(lower)} to {_whole(upper)})"


def _whole(share: float) -> str:
    rounded = round(100.0 * share)
    return f"{MINUS}{-rounded}" if rounded < 0 else str(rounded)


def p_text(value: float | None) -> str:
    """A p-value with two significant digits, never a bare zero.

    >>> p_text(0.03412), p_text(0.5), p_text(1e-7), p_text(None)
    ('0.034', '0.50', '<0.0001', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if value < SMALLEST_P:
        return f"<{SMALLEST_P:.4f}"
    return _significant(value, 2) if value < 0.995 else "1.0"


def count_text(value: float | None) -> str:
    """A whole number with thousands separated by commas; a dash where unknown.

    >>> count_text(1500.0), count_text(float("nan"))
    ('1,500', '–')
    """
    return MISSING if value is None or math.isnan(value) else f"{round(value):,}"


def level_text(level: float) -> str:
    """A confidence level as words: 0.95 -> "95%"."""
    return f"{100.0 * level:g}%"


def typeset(words: str) -> str:
    """Sentences of ours that a terminal can print, as a page prints them: true minus signs, and arrows; quotes stay.

    >>> typeset("-7.7 points (-9.0 to -6.4), 22.1% -> 14.4%, run-7 of 2026-05-08, 5%-10%")
    '−7.7 points (−9.0 to −6.4), 22.1% → 14.4%, run-7 of 2026-05-08, 5%-10%'
    >>> typeset('printed as "a slope of -0.09", that is -0.09')
    'printed as "a slope of -0.09", that is −0.09'
    """
    parts = _QUOTED.split(words)
    parts[::2] = [_NEGATIVE.sub(MINUS, part).replace(" -> ", " \u2192 ") for part in parts[::2]]
    return "".join(parts)
