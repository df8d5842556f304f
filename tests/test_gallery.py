"""The gallery shows every figure, says how to read it and when not to, and its commands draw what is seen."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import gallery
import installed_browser
import pytest
from installed_browser import chromium, photographed
from PIL import Image

from mixablate.cli.program import exit_code
from mixablate.figures import CATALOGUE, FigureKind, chosen_entry
from mixablate.findings import analyse
from mixablate.study import load_study
from mixablate.tables import read_tables

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
SECTIONS = {re.search(r"images/gallery/(\w+)\.png", s)[1]: s for s in PAGE.split("\n## ")[1:]}  # type: ignore[index]
NAMES = [kind.name for kind in CATALOGUE]
FEW = 499
ALL_PICTURES = 1_500_000  # bytes: a page that a phone still loads


@pytest.mark.parametrize("kind", CATALOGUE, ids=NAMES)
def test_every_figure_has_its_title_picture_reading_warning_and_command(kind: FigureKind) -> None:
    assert kind.name in gallery.CHOSEN, "choose its study in docs/gallery.py, then `make gallery`"
    assert (gallery.PICTURES / f"{kind.name}.png").is_file(), "`make gallery` draws it"
    section = SECTIONS[kind.name]
    assert section.startswith(f"{kind.title}\n")
    assert "**How to read it.** " in section
    assert "**When not to use it**: " in section
    assert f"```\n{gallery.CHOSEN[kind.name].command(kind.name)}\n```" in section


def test_no_picture_is_left_of_a_figure_that_is_gone() -> None:
    assert {path.stem for path in gallery.PICTURES.iterdir()} == set(NAMES) == set(gallery.CHOSEN) == set(SECTIONS)


@pytest.mark.parametrize("study", sorted({picture.study for picture in gallery.CHOSEN.values()}))
def test_every_picture_has_the_size_that_its_study_draws_now(study: str) -> None:
    declared = load_study(ROOT / study)
    few = declared.analysis.model_copy(update={"draws": FEW})  # draws move intervals, not sizes
    findings = analyse(declared.model_copy(update={"analysis": few}), read_tables(declared))
    for name, picture in gallery.CHOSEN.items():
        if picture.study != study:
            continue
        inches = chosen_entry(findings, name, picture.outcomes).draw().get_size_inches()
        expected = tuple(int(gallery.DOTS_PER_INCH * side) for side in inches)
        assert size_of(gallery.PICTURES / f"{name}.png") == expected, f"python docs/gallery.py {name}"


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as opened:
        return opened.size


def test_the_picture_of_a_report_is_of_a_committed_one_and_made_by_the_script(tmp_path: Path) -> None:
    assert (ROOT / gallery.REPORT_PAGE).is_file()
    assert size_of(gallery.REPORT_PICTURE) == gallery.REPORT_PIXELS
    assert f"]({gallery.REPORT_PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
    if chromium() is None:
        pytest.skip("no Chromium on this machine (.ci/install_chromium)")
    photographed(ROOT / gallery.REPORT_PAGE, tmp_path / "report.png", gallery.REPORT_PIXELS)
    assert size_of(tmp_path / "report.png") == gallery.REPORT_PIXELS


def test_the_picture_of_several_figures_has_the_size_that_they_need_now() -> None:
    inches = gallery.composed(gallery.findings_of(gallery.DIVERSIFIED)).get_size_inches()
    expected = tuple(int(gallery.DOTS_PER_INCH * side) for side in inches)
    assert size_of(gallery.COMPOSED_PICTURE) == expected, "python docs/gallery.py composed"
    page = (ROOT / "docs/figures.md").read_text(encoding="utf-8")
    assert f"]({gallery.COMPOSED_PICTURE.relative_to(ROOT / 'docs')})" in page


def test_without_a_browser_the_picture_of_a_report_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed_browser, "chromium", lambda: None)
    with pytest.raises(FileNotFoundError, match="install_chromium"):
        photographed(ROOT / gallery.REPORT_PAGE, tmp_path / "report.png", gallery.REPORT_PIXELS)


def test_the_pictures_are_small_together() -> None:
    assert sum(path.stat().st_size for path in gallery.PICTURES.iterdir()) <= ALL_PICTURES


def test_the_page_and_every_study_behind_it_say_that_they_are_simulated() -> None:
    assert "**All pictures here are of simulated data**" in PAGE
    for picture in gallery.CHOSEN.values():
        assert "\nsimulated = true\n" in (ROOT / picture.study).read_text(encoding="utf-8")


def test_the_tables_of_the_simulated_studies_are_what_their_truths_give() -> None:
    for name, text in gallery.table_files().items():
        assert (gallery.STUDIES / name).read_bytes() == text.encode(), f"{name}: python docs/gallery.py --tables"


@pytest.mark.parametrize("name", [name for name, p in gallery.CHOSEN.items() if p.study == gallery.CHECKPOINTS])
def test_a_command_of_the_page_draws_its_figure(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(gallery.CHOSEN[name].command(name))
    words[words.index("-o") + 1] = str(tmp_path / "drawn.svg")
    assert exit_code(words[1:]) == 0
    assert (tmp_path / "drawn.svg").is_file()
