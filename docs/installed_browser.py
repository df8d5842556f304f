"""The Chromium of this machine, for pictures of pages and for tests of pages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["chromium", "photographed"]

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of an installed Chromium."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def photographed(page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Write what a window of `size` pixels shows of the top of `page` to `picture`, a PNG.

    Raises:
        FileNotFoundError: no Chromium is installed.
        subprocess.CalledProcessError: it could not show the page.
    """
    program = chromium()
    if program is None:
        raise FileNotFoundError("no Chromium on this machine (.ci/install_chromium)")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
    seen = [f"--window-size={size[0]},{size[1]}", "--force-device-scale-factor=1", "--hide-scrollbars"]
    said = [f"--screenshot={picture.resolve()}", page.resolve().as_uri()]
    subprocess.run([program, "--headless", *sandbox, *seen, *said], check=True, capture_output=True)
