"""A figure as bytes: SVG and PDF that are the same every time, and PNG."""

from __future__ import annotations

import io
from collections.abc import Callable

from matplotlib.figure import Figure

from mixablate.figures.hover import with_titles
from mixablate.figures.paper import Style, paper_of

__all__ = ["FIGURE_FORMATS", "pdf_bytes", "png_bytes", "svg_bytes"]


def svg_bytes(figure: Figure, title: str, style: Style | None = None) -> bytes:
    """The figure as SVG with text as outlines and marks titled: no font, date or path of this machine is in it.

    `style` is the one it was drawn in: with `svg.fonttype` "none" text stays text, and needs its font to be read.
    """
    with paper_of(style=style).in_style(), io.BytesIO() as buffer:
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
        svg = with_titles(buffer.getvalue().decode())
    if (
        paper_of(style=style).style.get("svg.fonttype") == "none"
    ):  # text as text: parts of a key are kept apart by spaces
        svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return svg.encode()


def pdf_bytes(figure: Figure, title: str, style: Style | None = None) -> bytes:
    """The figure as PDF with its fonts embedded (Type 42, as journals ask), without date and software version."""
    with paper_of(style=style).in_style(), io.BytesIO() as buffer:
        metadata = {"CreationDate": None, "Creator": None, "Producer": None, "Title": title}
        figure.savefig(buffer, format="pdf", metadata=metadata)
        return buffer.getvalue()


def png_bytes(figure: Figure, title: str = "", style: Style | None = None) -> bytes:
    """The figure as PNG at 200 dots an inch, or `savefig.dpi` of the style, without date and software version."""
    with paper_of(style=style).in_style(), io.BytesIO() as buffer:
        figure.savefig(buffer, format="png", metadata={"Software": None, **({"Title": title} if title else {})})
        return buffer.getvalue()


FIGURE_FORMATS: dict[str, Callable[[Figure, str, Style | None], bytes]] = {
    ".svg": svg_bytes,
    ".pdf": pdf_bytes,
    ".png": png_bytes,
}
"""File ending -> the figure, with its title, drawn in a style, as bytes."""
