"""Every figure as a picture, against the picture that a person looked at.

    python -m pytest tests/test_figure_images.py --overwrite-images

draws the pictures in tests/figure_images anew; look at them before committing.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import findings_example as example
from mixablate.figures import CATALOGUE, FigureEntry, figure_entries
from mixablate.figures.style import paper_style

PICTURES = Path(__file__).parent / "figure_images"
DPI = 60  # enough to see a mark move by a point
TOLERANCE = 6.0  # root mean square of grey levels: text of another FreeType gives 2 to 4, a missing mark or line more
DIFFERENT = 40  # grey levels by which a pixel differs visibly
MOST_DIFFERENT = 0.004  # of the pixels
NAMES = [kind.name for kind in CATALOGUE if kind.name != "alias_graph"]  # nothing is tied in the example


@pytest.fixture(scope="module")
def entries() -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(example.example_findings())}


def picture(entry: FigureEntry) -> np.ndarray:
    """Grey levels (height, width) from 0 to 255."""
    buffer = io.BytesIO()
    with paper_style():
        entry.draw().savefig(buffer, format="png", dpi=DPI)
    return np.asarray(Image.open(buffer).convert("L"), dtype=float)


def differs(drawn: np.ndarray, expected: np.ndarray) -> str:
    """How two pictures differ; empty where a reader would see no difference."""
    if drawn.shape != expected.shape:
        return f"{drawn.shape} instead of {expected.shape} pixels"
    apart = np.abs(drawn - expected)
    rms, share = float(np.sqrt((apart**2).mean())), float((apart > DIFFERENT).mean())
    if rms <= TOLERANCE and share <= MOST_DIFFERENT:
        return ""
    return f"root mean square {rms:.1f}, {share:.2%} of the pixels visibly different"


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_looks_as_it_did(name: str, entries: dict[str, FigureEntry], request: pytest.FixtureRequest) -> None:
    drawn, path = picture(entries[name]), PICTURES / f"{name}.png"
    if request.config.getoption("--overwrite-images"):
        PICTURES.mkdir(exist_ok=True)
        Image.fromarray(drawn.astype(np.uint8)).save(path, optimize=True)
    found = differs(drawn, np.asarray(Image.open(path).convert("L"), dtype=float))
    assert not found, f"{name}: {found}. Look at it; if it is meant, run this file with --overwrite-images."


def test_a_mark_that_is_missing_or_has_moved_is_seen(entries: dict[str, FigureEntry]) -> None:
    entry = entries["forest"]
    whole = picture(entry)
    moved = entry.frame.assign(estimate=entry.frame["estimate"] + 0.05)
    fewer = entry.frame.assign(lower=np.nan, upper=np.nan)
    for frame in (moved, fewer):
        assert differs(picture(FigureEntry(entry.kind, frame, entry.alt, "")), whole)


def test_every_picture_is_of_a_figure() -> None:
    assert {path.stem for path in PICTURES.glob("*.png")} == set(NAMES)
