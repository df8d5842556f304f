"""A figure as bytes: SVG and PDF that are the same every time, and PNG."""

from __future__ import annotations

import io
from collections.abc import Callable

from matplotlib.figure import Figure

from mixablate.figures.hover import with_titles
from mixablate.figures.style import paper_style

__all__ = ["FIGURE_FORMATS", "pdf_bytes", "png_bytes", "svg_bytes"]

PNG_DPI = 200  # readable at twice the paper width, under 200 kB a figure


def svg_bytes(figure: Figure, title: str) -> bytes:
    """The figure as SVG with text as outlines and marks titled: no font, date or path of this machine is in it."""
    with paper_style(), io.BytesIO() as buffer:
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
        return with_titles(buffer.getvalue().decode()).encode()


def pdf_bytes(figure: Figure, title: str) -> bytes:
    """The figure as PDF with its fonts embedded (Type 42, as journals ask), without date and software version."""
    with paper_style(), io.BytesIO() as buffer:
        metadata = {"CreationDate": None, "Creator": None, "Producer": None, "Title": title}
        figure.savefig(buffer, format="pdf", metadata=metadata)
        return buffer.getvalue()


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG at 200 dots an inch, without the date and the software's version."""
    with paper_style(), io.BytesIO() as buffer:
        figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
        return buffer.getvalue()


FIGURE_FORMATS: dict[str, Callable[[Figure, str], bytes]] = {
    ".svg": svg_bytes,
    ".pdf": pdf_bytes,
    ".png": lambda figure, _: png_bytes(figure),
}
"""File ending -> the figure, with its title, as bytes."""
