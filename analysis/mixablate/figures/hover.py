"""Words for a drawn mark: what a pointer over it shows, and what a screen reader reads, once the figure is SVG.

They are `<title>` elements of the drawing itself, so that they need no script, server or network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mixablate.figures.text_layout import one_line

__all__ = ["on_hover", "with_titles"]

LONGEST = 160  # characters of one title: a mark says its name and its numbers, the table says the rest
READ, SILENT = "hover:", "hover-again:"
_GROUP = re.compile(rf'<g id="({READ}|{SILENT})([0-9a-f]*)">')
_ENTITIES = {'"': "&quot;", "#": "&#35;"}  # no quote and no "#": attributes and references of the drawing have them
_TAG = re.compile(r"<(/?)(\w+)[^>]*?(/?)>")


def on_hover(words: str | Sequence[str], *artists: Artist) -> None:
    """Give marks their words: one text for a whole artist, or a text for each of its points, bars or lines in order.

    The first artist is read aloud; the others are parts of the same mark, and only show the words. Points that are
    nowhere (NaN) are not drawn, and their words are left out with them.
    """
    for position, artist in enumerate(artists):
        drawn = _drawn(artist)
        texts = [words] if isinstance(words, str) else list(words)
        if drawn is not None:
            texts = texts[: int(drawn.any())] if isinstance(words, str) else list(compress(texts, drawn))
        if texts:
            artist.set_gid((SILENT if position else READ) + _coded([_short(text) for text in texts]))


def _coded(texts: list[str]) -> str:
    """Texts as an id that every version of matplotlib writes as it is."""
    return "\n".join(texts).encode().hex()


def _decoded(code: str) -> list[str]:
    return bytes.fromhex(code).decode().split("\n")


def _short(text: str) -> str:
    """The text on one line; of a very long one both ends, so that a long name hides no number."""
    shown, half = one_line(text), LONGEST // 2
    return shown if len(shown) <= LONGEST else f"{shown[:half]}\u2026{shown[1 - half :]}"


def _drawn(artist: Artist) -> NDArray[np.bool_] | None:
    """Which points of a scatter or a line are somewhere (n); nothing for other artists."""
    places: NDArray[np.float64]
    if isinstance(artist, PathCollection):
        places = np.ma.filled(np.ma.asarray(artist.get_offsets(), dtype=float), np.nan)
    elif isinstance(artist, Line2D):
        places = np.asarray(artist.get_xydata(), dtype=float)
    else:
        return None
    return np.asarray(np.isfinite(places).all(axis=1), dtype=np.bool_)


def with_titles(svg: str) -> str:
    """A matplotlib SVG with the words of `on_hover` as `<title>` elements, and without the ids that carried them.

    Raises:
        ValueError: an artist was given more or fewer texts than it drew marks.
    """
    done, at = [], 0
    while found := _GROUP.search(svg, at):
        words = _decoded(found.group(2))
        end = _end_of_group(svg, found.end())
        inside = svg[found.end() : end]
        opening = "<g>" if found.group(1) == READ else '<g aria-hidden="true">'
        done += [svg[at : found.start()], opening, _titled(inside, words)]
        at = end
    return "".join([*done, svg[at:]])


def _end_of_group(svg: str, start: int) -> int:
    """Where the `</g>` stands that closes a group whose content begins at `start`."""
    depth = 1
    for tag in _TAG.finditer(svg, start):
        if tag.group(2) == "g" and not tag.group(3):
            depth += -1 if tag.group(1) else 1
        if depth == 0:
            return tag.start()
    raise ValueError("a group of the drawing is not closed")


def _titled(inside: str, words: list[str]) -> str:
    """The content of a group with one title for all of it, or one for each of its marks."""
    if len(words) == 1:
        return _title(words[0]) + inside
    marks = list(_marks(inside))
    if len(marks) != len(words):
        raise ValueError(f'{len(words)} texts for {len(marks)} marks, the first of them "{words[0]}"')
    done, at = [], 0
    for mark, word in zip(marks, words, strict=True):
        name = mark.group(2)
        done += [inside[at : mark.end()].removesuffix("/>"), ">", _title(word), f"</{name}>"]
        at = mark.end()
    return "".join([*done, inside[at:]])


def _marks(inside: str) -> Iterator[re.Match[str]]:
    """The elements that draw: what refers to a shape, or where nothing does, the shapes themselves."""
    drawing = [tag for tag in _TAG.finditer(inside) if tag.group(2) in ("use", "path") and tag.group(3)]
    uses = [tag for tag in drawing if tag.group(2) == "use"]
    yield from uses or drawing


def _title(words: str) -> str:
    return f"<title>{escape(words, _ENTITIES)}</title>"
