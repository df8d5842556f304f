"""Figures in a style of the user's and as parts of a larger figure."""

from __future__ import annotations

import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from cycler import cycler
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import findings_example as example
from mixablate.cli.program import exit_code
from mixablate.errors import StudyError
from mixablate.figures import (
    CATALOGUE,
    TAKEN,
    FigureEntry,
    compose,
    figure_entries,
    pdf_bytes,
    plot,
    png_bytes,
    svg_bytes,
)
from mixablate.figures.paper import Paper, paper_of, read_style
from mixablate.figures.style import DOUBLE_COLUMN, SINGLE_COLUMN, component_looks
from mixablate.figures.text_layout import text_width
from mixablate.findings import Findings
from test_figures import TOUCHING, assert_text_fits, drawn_texts
from test_single_column import assert_every_text_apart

STUDY = Path(__file__).resolve().parents[1] / "fixtures/gallery/checkpoints/study.toml"
SERIF = {"font.family": "serif"}  # matplotlib ships DejaVu Serif, the first of that list
NAMES = [kind.name for kind in CATALOGUE if kind.name != "alias_graph"]  # nothing is tied here
INCH = 1e-9


@pytest.fixture(scope="module")
def findings() -> Findings:
    return example.example_findings()


@pytest.fixture(scope="module")
def entries(findings: Findings) -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(findings)}


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_a_larger_figure_holds_the_same_marks_and_words(name: str, entries: dict[str, FigureEntry]) -> None:
    alone = entries[name].draw()
    wide, high = alone.get_size_inches()
    sheet = Figure(figsize=(wide + SINGLE_COLUMN, high + 2.0), dpi=200)
    upper, _ = sheet.subfigures(2, 1, height_ratios=[high, 2.0])
    part, _ = upper.subfigures(1, 2, width_ratios=[wide, SINGLE_COLUMN])
    assert entries[name].draw(onto=part) is sheet
    assert [t.get_text() for t in drawn_texts(part)] == [t.get_text() for t in drawn_texts(alone)]
    for mine, theirs in zip(part.axes, alone.axes, strict=True):
        assert mine.get_position().bounds == pytest.approx(theirs.get_position().bounds, abs=1e-9)
    assert_text_fits(sheet)
    assert_text_fits(alone)
    with Paper().in_style():
        for one, other in zip(drawn_texts(part), drawn_texts(alone), strict=True):
            mine, theirs = one.get_window_extent(), other.get_window_extent()
            assert mine.x0 == pytest.approx(theirs.x0, abs=0.01)
            assert mine.y0 == pytest.approx(theirs.y0 + 2.0 * sheet.dpi, abs=0.01)  # over the part of 2 inches


def test_a_part_that_is_too_low_or_too_narrow_is_refused_with_the_inches_it_needs(
    entries: dict[str, FigureEntry],
) -> None:
    needed = entries["forest"].draw().get_figheight()
    low = Figure(figsize=(DOUBLE_COLUMN, needed + 1.0)).subfigures(2, 1)[0]
    with pytest.raises(StudyError) as refused:
        entries["forest"].draw(onto=low)
    assert f"found a part {(needed + 1.0) / 2:.2f} inches high" in str(refused.value)
    assert f"at least {needed:.2f} inches at a width of 7.00" in str(refused.value)
    narrow = Figure(figsize=(6.0, 10.0)).subfigures(1, 2)[0]
    with pytest.raises(StudyError, match=r"FIGURE_WIDTH.*3\.00 inches wide.*3\.35 inches"):
        entries["forest"].draw(onto=narrow)


def test_a_figure_of_two_parts_is_saved_whole(findings: Findings) -> None:
    sheet = Figure(figsize=(2 * SINGLE_COLUMN, 9.0))
    left, right = sheet.subfigures(1, 2)
    plot(findings, "verdict_ladder", onto=left)
    whole = plot(findings, "waterfall", onto=right)
    assert whole is sheet
    titles = titles_of(svg_bytes(whole, "Two"))
    assert b"Varied system prompts: " in titles  # a bar of the second part
    assert b"supported, " in titles  # a strip of the first


def test_a_part_of_another_kind_is_refused(entries: dict[str, FigureEntry]) -> None:
    axes = Figure().subplots()
    constrained = Figure(figsize=(7.0, 9.0), layout="constrained").subfigures(1, 1)
    for part, said in ((axes, "found a Axes"), (constrained, "lays itself out")):
        with pytest.raises(StudyError, match=said):
            entries["forest"].draw(onto=part)
    with pytest.raises(StudyError, match=r"found 'tripple'; required: a column"):
        entries["forest"].draw("tripple")  # type: ignore[arg-type]


@pytest.mark.parametrize("dpi", [72, 100, 200])
def test_a_part_as_wide_as_a_double_column_but_for_the_last_bits_is_one(
    dpi: int, entries: dict[str, FigureEntry]
) -> None:
    part = Figure(figsize=(10, 12), dpi=dpi).subfigures(1, 2, width_ratios=[7, 3])[0]
    assert paper_of(onto=part).width == DOUBLE_COLUMN
    entries["forest"].draw(onto=part)
    assert [t.get_text() for t in drawn_texts(part)] == [t.get_text() for t in drawn_texts(entries["forest"].draw())]


def titles_of(svg: bytes) -> bytes:
    return b"\n".join(re.findall(rb"<title>(.*?)</title>", svg))


@pytest.mark.parametrize("column", ["single", "double"])
@pytest.mark.parametrize("name", NAMES)
def test_text_fits_in_another_font(name: str, column: str, entries: dict[str, FigureEntry]) -> None:
    paper = paper_of("single" if column == "single" else "double", SERIF)
    figure = entries[name].kind.draw(entries[name].frame, paper=paper)
    assert {text.get_fontfamily()[0] for text in drawn_texts(figure)} == {"DejaVu Serif"}
    with paper.in_style():
        assert_text_fits(figure)


@pytest.mark.parametrize("font", ["DejaVu Sans", "DejaVu Serif", "STIXGeneral"])
def test_text_is_as_wide_as_it_is_measured_and_its_lines_as_far_apart_as_ours(font: str) -> None:
    paper, words = Paper(style={"font.family": font}), "Unused tool definitions"
    with paper.in_style():
        figure = paper.sheet(1.0)
        one, three = (figure.text(0.0, 0.5, text, fontsize=7.5) for text in (words, "lp\nlp\nlp"))
        assert one.get_window_extent().width / 200 == pytest.approx(text_width(words, 7.5), rel=0.03)
    paper.set_lines(figure)
    with paper.in_style():  # DejaVu's lines stand 0.125 inches apart at 7.5 points, STIXGeneral's 0.157
        assert three.get_window_extent().height / 200 == pytest.approx(3 * 0.125, abs=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_texts_meet_in_a_narrower_font_with_higher_lines(name: str, entries: dict[str, FigureEntry]) -> None:
    style = {"font.family": "STIXGeneral"}
    figure = entries[name].draw("single", style=style)
    with Paper(style=style).in_style():
        assert_text_fits(figure)
    assert_every_text_apart(figure, TOUCHING + 6)  # pixels: the boxes of its lines reach beyond its letters


def test_a_list_of_fonts_is_taken_without_a_family_and_under_any_name_that_matplotlib_knows() -> None:
    for style in (
        {"font.serif": ["STIXGeneral"]},
        {"font.sans-serif": ["STIXGeneral"]},
        {"font.family": "Serif", "font.serif": ["STIXGeneral"]},
        {"font.family": "sans serif", "font.sans-serif": ["nowhere", "STIXGeneral"]},
    ):
        with Paper(style=style).in_style():
            assert matplotlib.rcParams["font.family"] == ["STIXGeneral", "DejaVu Sans"]


@pytest.mark.filterwarnings("ignore:cmr10 font should ideally be used with mathtext")
def test_signs_that_a_font_lacks_are_drawn_in_ours(entries: dict[str, FigureEntry]) -> None:
    # cmr10 has no minus sign and no check mark: where ours did not step in, matplotlib would warn of them.
    figure = entries["verdict_ladder"].draw(style={"font.family": "cmr10"})
    with Paper(style={"font.family": "cmr10"}).in_style(), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        figure.draw_without_rendering()
    assert any("\u2212" in text.get_text() for text in drawn_texts(figure))


def test_components_take_the_colours_of_the_style(entries: dict[str, FigureEntry]) -> None:
    style = {"axes.prop_cycle": cycler(color=["#112233", "#445566"])}
    with Paper(style=style).in_style():
        assert [look.colour for look in component_looks(list("abc")).values()] == ["#112233", "#445566", "#112233"]
    dashed = {"axes.prop_cycle": style["axes.prop_cycle"] + cycler(ls=["--", ":"], marker=["s", "x"], alpha=[0.0, 1.0])}
    plain, other = (svg_bytes(entries["forest"].draw(style=given), "t") for given in (style, dashed))
    assert plain == other  # dashes, markers and shades mean something here
    figure = entries["forest"].draw(style=style)
    colours = {to_hex(line.get_color()) for axes in figure.axes for line in axes.lines}
    assert {"#112233", "#445566"} <= colours
    assert "#0072b2" not in colours


def test_what_is_saved_is_saved_in_the_style(entries: dict[str, FigureEntry]) -> None:
    style = {"svg.fonttype": "none", "savefig.dpi": 100, **SERIF}
    figure = entries["waterfall"].draw(style=style)
    svg = svg_bytes(figure, "t", style).decode()
    assert "font-size: 7.5px; font-family: 'DejaVu Serif', 'DejaVu Sans'" in svg
    assert "Varied system prompts</text>" in svg
    assert '<svg xml:space="preserve" ' in svg  # keys are set apart by spaces
    width = int.from_bytes(png_bytes(figure, style=style)[16:20], "big")
    assert width == 100 * DOUBLE_COLUMN
    assert b"DejaVuSerif" in pdf_bytes(figure, "t", style)


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ({"font.size": 12}, 'found "font.size"; required: one of font.family'),
        ({"font.famly": "serif"}, 'Did you mean "font.family"?'),
        ({"text.usetex": True}, 'found "text.usetex"'),
        ({"font.family": "Comic Papyrus"}, "found Comic Papyrus; required: a font that is installed"),
        ({"svg.fonttype": "vector"}, "FIGURE_STYLE at svg.fonttype: found 'vector'"),
        ({"savefig.dpi": None}, "FIGURE_STYLE at savefig.dpi"),
        ({"savefig.dpi": 0}, "found 0.0; required: dots an inch, more than 0"),
        ({"axes.prop_cycle": cycler(color=[])}, "found no colour; required: one or more"),
        ({"font.family": "monospace"}, "found DejaVu Sans Mono, 23% wider than DejaVu Sans"),
        ({1: "a"}, 'found "1"'),
    ],
)
def test_a_style_that_cannot_be_taken_is_refused(
    style: dict[Any, Any], said: str, entries: dict[str, FigureEntry]
) -> None:
    before = dict(matplotlib.rcParams)
    with pytest.raises(StudyError) as refused:
        entries["forest"].draw(style=style)
    assert said in str(refused.value)
    assert dict(matplotlib.rcParams) == before


def test_a_style_sheet_gives_what_is_taken_of_it_and_names_the_rest(tmp_path: Path) -> None:
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text("font.family: serif\nfigure.figsize: 3, 2\naxes.prop_cycle: cycler('color', ['112233'])\n")
    taken, untaken = read_style(sheet)
    assert set(taken) == {"font.family", "axes.prop_cycle"}
    assert untaken == ["figure.figsize"]
    assert set(taken) <= set(TAKEN)


def test_a_style_sheet_is_taken_by_its_path_or_name_wherever_a_style_is(
    findings: Findings, entries: dict[str, FigureEntry], tmp_path: Path
) -> None:
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text("font.family: serif\n")
    for style in (sheet, str(sheet)):
        figure = plot(findings, "waterfall", outcomes="audit", style=style)
        assert {text.get_fontfamily()[0] for text in drawn_texts(figure)} == {"DejaVu Serif"}
        assert b"DejaVuSerif" in pdf_bytes(compose([[entries["ternary"]]], style=style), "t", style)
    assert "axes.prop_cycle" in read_style(Path("ggplot"))[0]


def test_a_whole_page_is_drawn_in_the_style_whatever_the_reader_has_set(entries: dict[str, FigureEntry]) -> None:
    rows = [[entries["ternary"], entries["waterfall"]]]
    usual = svg_bytes(compose(rows), "t")
    with matplotlib.rc_context({"figure.constrained_layout.use": True, "figure.frameon": False}):
        assert svg_bytes(compose(rows), "t") == usual
    red = compose(rows, style={"figure.facecolor": "#ff0000"})
    assert to_hex(red.get_facecolor()) == "#ff0000"
    assert b"#ff0000" in svg_bytes(red, "t", {"figure.facecolor": "#ff0000"})


def test_threads_draw_each_in_its_own_style(entries: dict[str, FigureEntry]) -> None:
    fonts = ["DejaVu Serif", "STIXGeneral"] * 3
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda font: entries["ternary"].draw(style={"font.family": font}), fonts))
    found = [{text.get_fontfamily()[0] for text in drawn_texts(figure)} for figure in drawn]
    assert found == [{font} for font in fonts]


def test_more_parts_than_letters_are_numbered(entries: dict[str, FigureEntry]) -> None:
    words = [text.get_text() for text in drawn_texts(compose([[entries["ternary"]] * 2] * 14))]
    assert {"a", "z", "27", "28"} <= set(words)


def test_the_command_line_takes_a_style_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, path = tmp_path / "paper.mplstyle", tmp_path / "rates.pdf"
    sheet.write_text("font.family: serif\nfont.size: 12\n")
    assert exit_code(["figure", "rates_by_arm", str(STUDY), "-o", str(path), "--style", str(sheet)]) == 0
    assert f"not taken from {sheet}: font.size" in capsys.readouterr().err
    assert b"DejaVuSerif" in path.read_bytes()


def test_a_style_sheet_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "paper.mplstyle"
    for text in (None, "font.famly: serif\n", "no setting\n"):
        if text is not None:
            sheet.write_text(text)
        assert exit_code(["figure", "forest", str(STUDY), "-o", str(tmp_path / "a.svg"), "--style", str(sheet)]) == 2
        assert "FIGURE_STYLE" in capsys.readouterr().err
        assert not (tmp_path / "a.svg").exists()


def test_figures_are_composed_as_lettered_parts_each_as_it_is_drawn_alone(entries: dict[str, FigureEntry]) -> None:
    rows = [[entries["dose_curves"], entries["ternary"]], [entries["waterfall"]]]
    whole = compose(rows)
    half = [entry.kind.draw(entry.frame, paper=Paper(DOUBLE_COLUMN / 2)) for entry in rows[0]]
    highest = max(figure.get_figheight() for figure in half)
    full = rows[1][0].draw()
    assert whole.get_size_inches() == pytest.approx((DOUBLE_COLUMN, highest + full.get_figheight() + 2 * 0.2), abs=INCH)
    words = [text.get_text() for text in drawn_texts(whole)]
    assert sorted(words) == sorted(["a", "b", "c", *(t.get_text() for f in (*half, full) for t in drawn_texts(f))])
    assert_text_fits(whole)


def test_what_cannot_be_composed_is_refused_together(entries: dict[str, FigureEntry]) -> None:
    three = [entries["dose_curves"]] * 3
    with pytest.raises(StudyError) as refused:
        compose([three, [], [entries["alias_graph"]]])
    said = str(refused.value)
    assert "FIGURE_ROW at row 1: found 3 figures; required: one to 2 figures in a row" in said
    assert "FIGURE_ROW at row 2: found 0 figures" in said
    assert "FIGURE_EMPTY at alias_graph: found nothing to draw" in said
    with pytest.raises(StudyError, match="FIGURE_ROW at rows: found no row"):
        compose([])


def test_what_a_figure_says_in_words_does_not_hang_on_the_readers_font(findings: Findings) -> None:
    usual = [entry.alt for entry in figure_entries(findings)]
    with matplotlib.rc_context({"font.family": "STIXSizeOneSym"}):  # holds signs alone
        assert [entry.alt for entry in figure_entries(findings)] == usual
