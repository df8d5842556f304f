"""Text that fits: measured in the drawing font, wrapped, shortened, and free of what the font cannot draw."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Mapping

import matplotlib
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

__all__ = ["drawable", "fit_apart", "fit_arm", "fit_text", "one_line", "text_width"]

POINTS = 72.0  # points an inch
LONGEST = 400  # characters looked at; the full text stands in the table
ELLIPSIS = "\u2026"
NO_GLYPH = "\u25a1"
WORD = 12  # characters: so far back a cut in the middle moves to the start of a word
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn"})


def _families() -> tuple[str, ...]:
    """Of the style that is drawn in: the first that has a glyph draws it."""
    return tuple(matplotlib.rcParams["font.family"])


@functools.lru_cache(maxsize=16)
def _font(families: tuple[str, ...], bold: bool) -> FontProperties:
    return FontProperties(family=list(families), weight="bold" if bold else "normal", size=10.0)


@functools.lru_cache(maxsize=8)
def _glyphs(families: tuple[str, ...]) -> frozenset[int]:
    return frozenset(glyph for name in families for glyph in get_font(findfont(_font((name,), False))).get_charmap())


def one_line(text: str) -> str:
    """`text` on one line, without control and direction marks and without what no XML may hold.

    Right-to-left scripts keep their letters; marks that would reorder the rest of a figure are dropped.
    """
    return "".join(char for char in " ".join(text.split()) if unicodedata.category(char) not in UNSEEN)


def drawable(text: str) -> str:
    """`text` as `one_line`, a box where the font has no glyph."""
    cut = ELLIPSIS if len(text) > LONGEST else ""
    glyphs = _glyphs(_families())
    return "".join(char if ord(char) in glyphs else NO_GLYPH for char in one_line(text[:LONGEST])) + cut


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of one line in inches at `size` points, in the font that is drawn in."""
    return _text_width(text, size, bold, _families())


@functools.lru_cache(maxsize=4096)
def _text_width(text: str, size: float, bold: bool, families: tuple[str, ...]) -> float:
    width, _, _ = text_to_path.get_text_width_height_descent(text, _font(families, bold), ismath=False)
    return float(width) / 10.0 * size / POINTS


def _shorten(text: str, width: float, size: float, bold: bool) -> str:
    """The longest start of `text` that fits `width` inches with an ellipsis."""
    if text_width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle].rstrip() + ELLIPSIS, size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + ELLIPSIS


def fit_text(text: str, width: float, size: float, lines: int = 1, *, bold: bool = False) -> str:
    """`text` in at most `lines` lines of at most `width` inches at `size` points, shortened with an ellipsis.

    Lines break between words; a word longer than a line is cut. What was left out stands in the figure's table.
    """
    words = drawable(text).split(" ")
    done: list[str] = []
    while words and len(done) < lines - 1:
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size, bold) <= width:
            line = f"{line} {words.pop(0)}"
        if text_width(line, size, bold) > width:
            break_at = len(_shorten(line, width, size, bold)) - 1
            words.insert(0, line[break_at:])
            line = line[:break_at]
        done.append(line)
    if words:
        done.append(_shorten(" ".join(words), width, size, bold))
    return "\n".join(done)


def fit_arm(label: str, width: float, size: float, lines: int) -> str:
    """An arm's label like `fit_text`, broken between its components where they fit whole."""
    parts = drawable(label).split(" + ")
    parts = [f"{part} +" for part in parts[:-1]] + parts[-1:]
    done = [parts[0]]
    for part in parts[1:]:
        together = f"{done[-1]} {part}"
        if text_width(together, size) <= width:
            done[-1] = together
        else:
            done.append(part)
    whole = len(done) <= lines and all(text_width(line, size) <= width for line in done)
    return "\n".join(done) if whole else fit_text(label, width, size, lines)


def fit_apart(texts: Iterable[str], fit: Callable[[str], str]) -> dict[str, str]:
    """Text -> how `fit` shows it; of different texts that it would cut to the same, what they share is cut instead.

    Arms are cut within each of their components, other texts in the middle. Texts that differ nowhere that can be drawn
    stay alike; what is not alike is as `fit` shows it.
    """
    shown = {text: fit(text) for text in texts}
    if _differ(shown):
        return shown
    cut = [text for text, short in shown.items() if not _same_letters(short, drawable(text))]
    of_arms = shown | _shortened(cut, _cut_parts, max(map(len, cut), default=0), fit)
    if any(" + " in text for text in cut) and _differ(of_arms):
        return of_arms
    for group in ([text for text in shown if shown[text] == short] for short in {*shown.values()}):
        if len(group) > 1:
            common = _alike([one_line(text) for text in group])
            middle = _shortened(group, functools.partial(_cut_middle, common), common, fit)
            shown |= middle if _differ(middle) else {}
    return shown


def _differ(shown: Mapping[str, str]) -> bool:
    return len({*shown.values()}) == len(shown)


def _shortened(
    texts: list[str], cut: Callable[[str, int], str], most: int, fit: Callable[[str], str]
) -> dict[str, str]:
    """Texts cut by `cut`, to as many characters, of up to `most`, as `fit` then shows whole (to none if never)."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        tried = [cut(one_line(text), middle) for text in texts]
        if all(_same_letters(fit(short), drawable(short)) for short in tried):
            low = middle
        else:
            high = middle - 1
    return {text: fit(cut(one_line(text), low)) for text in texts}


def _alike(lines: list[str]) -> int:
    """How many characters all begin with, to the start of a word where one is near."""
    common = next((i for i, chars in enumerate(zip(*lines, strict=False)) if len({*chars}) > 1), min(map(len, lines)))
    word = lines[0].rfind(" ", 0, common) + 1
    return word if common - word <= WORD else common


def _cut_middle(end: int, line: str, start: int) -> str:
    """A line without what stands from `start` to `end`."""
    return line[:start].rstrip() + ELLIPSIS + line[end:]


def _cut_parts(arm: str, most: int) -> str:
    """An arm's label with each component's label cut to `most` characters."""
    parts = arm.split(" + ")
    return " + ".join(part if len(part) <= most else part[:most].rstrip() + ELLIPSIS for part in parts)


def _same_letters(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())
