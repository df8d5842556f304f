"""What the numbers were measured on."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import scipy

__all__ = ["machine", "processor"]


def machine() -> str:
    """The processor and the versions behind our side; one thread throughout."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    return f"{processor()}, one thread, {versions}"


def processor() -> str:
    """What the processor calls itself. Ratios differ between kinds: vector widths and caches do not help all alike."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]
