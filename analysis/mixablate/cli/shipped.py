"""Where the studies and gold cases lie that come with mixablate."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["shipped"]


def shipped(*parts: str) -> Path:
    """A path below the root of fixtures/ and reports/: inside an installed package, else in this checkout."""
    package = Path(str(resources.files("mixablate")))
    inside = package / "shipped"
    root = inside if inside.is_dir() else package.parents[1]
    return root.joinpath(*parts)
