"""What the page says, section by section, before it is put into HTML or Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup

from mixablate.claims import Status
from mixablate.errors import counted
from mixablate.figures import FigureEntry
from mixablate.figures.number_text import typeset
from mixablate.figures.style import STATUS_LOOKS
from mixablate.findings import Findings
from mixablate.report.attribution_tables import attribution_points, attribution_tables
from mixablate.report.block_tables import BLOCK_LEAD, block_sentences, block_tables
from mixablate.report.design_audit_tables import audit_tables
from mixablate.report.design_tables import arm_tables, missing_tables, notice_tables, provenance_tables
from mixablate.report.dose_tables import dose_tables, explained_tables, feature_tables
from mixablate.report.evidence_tables import (
    claim_tables,
    distribution_tables,
    effect_tables,
    rate_tables,
    regression_tables,
    truth_tables,
)
from mixablate.report.inline_svg import inline_svg
from mixablate.report.lock_tables import LOCK_LEAD, lock_tables
from mixablate.report.measurement_tables import MEASUREMENT_LEAD, measurement_points, measurement_tables
from mixablate.report.methods import RULES, method_tables
from mixablate.report.mixture_tables import mixture_lead, mixture_tables
from mixablate.report.published_methods import PUBLISHED_RULES
from mixablate.report.published_summary import on_figures, published_sentences
from mixablate.report.published_tables import PUBLISHED_LEAD, published_claim_tables, published_tables
from mixablate.report.robustness_tables import ROBUSTNESS_LEAD, robustness_points, robustness_tables
from mixablate.report.summary import summary_sentences
from mixablate.report.table import PageTable, sentences

__all__ = ["Page", "PageFigure", "Section", "Tally", "page_of"]

TALL = 2.0  # times the width
VIEW_BOX = re.compile(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"')
MOST_POINTS = 16  # of a list that stands open
SWITCH = {"difference": "Difference", "ratio": "Ratio", "log_odds": "Log-odds"}


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A figure on the page; `svg` is empty and `reason` is not where it is left out."""

    name: str
    title: str
    shows: str
    alt: str
    svg: Markup
    reason: str

    @property
    def tall(self) -> bool:
        """Whether it is too tall for a screen, and is looked at through a window of its own."""
        box = VIEW_BOX.search(self.svg)
        return box is not None and float(box.group(2)) > TALL * float(box.group(1))


@dataclass(frozen=True, slots=True)
class Section:
    """One section: a lead, figures, paragraphs, named rules, and tables, in that order."""

    name: str
    title: str
    lead: str = ""
    figures: tuple[PageFigure, ...] = ()
    points: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    tables: tuple[PageTable, ...] = ()

    def without(self, scales: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
        """The positions of the switch at which this section, which has tables for it, has none."""
        present = {table.switch for table in self.tables} - {""}
        return [(name, words) for name, words in scales if present and name not in present]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many claims have one verdict."""

    status: str
    symbol: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    title: str
    simulated: bool
    question: str
    answer: tuple[str, ...]
    tallies: tuple[Tally, ...]
    sections: tuple[Section, ...]

    @property
    def scales(self) -> tuple[tuple[str, str], ...]:
        """The positions of the scale switch, by name and in words; none where there is nothing to switch."""
        present = {table.switch for section in self.sections for table in section.tables}
        found = tuple((name, words) for name, words in SWITCH.items() if name in present)
        return found if len(found) > 1 else ()


def page_of(findings: Findings, entries: tuple[FigureEntry, ...], drawings: Mapping[str, bytes]) -> Page:
    """The page of these findings; `drawings` holds the SVG of every figure that is not left out."""
    figures = {entry.name: _figure(entry, drawings) for entry in entries}
    study = findings.study
    sections = _sections(findings, figures) if len(findings.tables.runs) else _without_runs(findings, figures)
    return Page(
        title=study.title,
        simulated=study.simulated,
        question=study.description or _question(findings),
        answer=tuple(map(typeset, summary_sentences(findings))),
        tallies=_tallies(findings),
        sections=tuple(replace(section, points=tuple(map(typeset, section.points))) for section in sections),
    )


def _sections(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    return (
        *_evidence(findings, figures),
        *_amounts(findings, figures),
        *_mix(findings, figures),
        *_truth(findings),
        *_published(findings),
        *_basis(findings, figures),
    )


def _without_runs(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    """The sections of a study that rests on published figures alone."""
    claims = "As declared in study.toml, each held to what the figures it names show as they are printed."
    drawn = () if figures["verdict_ladder"].reason else (figures["verdict_ladder"],)
    claims += " The figure shows those that they decide." if drawn else ""
    return (
        Section("claims", "Claims", claims, drawn, tables=published_claim_tables(findings)),
        *_published(findings),
        Section("limits", "What these figures cannot tell", points=findings.limits),
        Section("methods", "Methods", "Rules that hold for every published figure.", rules=PUBLISHED_RULES),
        Section(
            "provenance", "Provenance", "What this was computed from and with.", tables=provenance_tables(findings)
        ),
    )


def _published(findings: Findings) -> tuple[Section, ...]:
    if not len(findings.published.records):
        return ()
    # Of a study of figures alone they are part of the answer.
    points = () if findings.tables.runs.empty else published_sentences(findings)
    return (
        Section("published", "What was published", PUBLISHED_LEAD, points=points, tables=published_tables(findings)),
    )


def _figure(entry: FigureEntry, drawings: Mapping[str, bytes]) -> PageFigure:
    kind = entry.kind
    svg = Markup("") if entry.reason else inline_svg(drawings[entry.name], entry.name, kind.title, entry.alt)
    return PageFigure(entry.name, kind.title, kind.shows, entry.alt, svg, entry.reason)


def _drawn(figures: Mapping[str, PageFigure], *names: str) -> tuple[PageFigure, ...]:
    """Those of the figures that have something to draw; for figures that most studies cannot have."""
    return tuple(figures[name] for name in names if not figures[name].reason)


def _question(findings: Findings) -> str:
    labels = [component.label for component in findings.design.components]
    if not labels:
        return "What do these published figures show, and what would it take for their claims to stand?"
    if len(labels) == 1:
        return f"Did \u201c{labels[0]}\u201d change the outcomes, and how sure can we be?"
    named = ", ".join(labels[:6]) + (f" and {len(labels) - 6} more" if len(labels) > 6 else "")
    return f"Which parts of the data mix changed the outcomes, and how sure can we be? Its parts: {named}."


def _tallies(findings: Findings) -> tuple[Tally, ...]:
    tallies = []
    for status, look in STATUS_LOOKS.items():
        mine = [v for v in findings.verdicts if v.status is status]
        exploratory = sum(v.claim.status == "exploratory" for v in mine)
        words = look.word + (f" ({exploratory} exploratory)" if exploratory else "")
        if mine:
            tallies.append(Tally(str(status), look.symbol, words, len(mine)))
    return tuple(tallies)


def _evidence(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    return (
        Section(
            "claims",
            "Claims",
            "As declared in study.toml, each judged against these runs"
            + (", or against figures as they were printed." if on_figures(findings) else "."),
            (figures["verdict_ladder"],),
            tables=(*claim_tables(findings), *published_claim_tables(findings)),
        ),
        *_locked(findings),
        *_robustness(findings, figures),
        Section(
            "rates",
            "Rates by arm",
            "What was seen, before any comparison.",
            (figures["rates_by_arm"], *_drawn(figures, "estimation", "slopes", "trajectories")),
            tables=rate_tables(findings),
        ),
        *_measurement(findings, figures),
        Section(
            "effects",
            "Effects of the components",
            "Each component switched from baseline to target, averaged over the strata of the others.",
            (figures["forest"],),
            tables=(*effect_tables(findings), *regression_tables(findings)),
        ),
        *_by_block(findings, figures),
        Section(
            "attribution",
            "Who earned the change",
            "The change from baseline to full mix, split over the components on each scale. Scales can disagree: a "
            "share is a share of one scale's total.",
            tuple(figures[name] for name in ("waterfall", "share_bars", "owen_tree", "interaction_heatmap")),
            points=attribution_points(findings),
            tables=attribution_tables(findings),
        ),
        Section(
            "distribution",
            "In and out of distribution",
            "Whether what helps on the evals the mix was made for helps on the others.",
            (figures["distribution_scatter"],),
            tables=distribution_tables(findings),
        ),
    )


def _robustness(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    """How easily the verdicts flip, where a claim could be tested."""
    tables, points = robustness_tables(findings), robustness_points(findings)
    drawn = tuple(figures[name] for name in ("fragility_strip", "specification_curve") if not figures[name].reason)
    if not tables and not drawn:
        return ()
    heading = "How easily the verdicts flip"
    return (Section("robustness", heading, ROBUSTNESS_LEAD, drawn, points=points, tables=tables),)


def _measurement(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    points, tables, drawn = measurement_points(findings), measurement_tables(findings), _drawn(figures, "tipping_curve")
    if not points and not tables and not drawn:
        return ()
    title = "What was measured, and how well"
    return (Section("measurement", title, MEASUREMENT_LEAD, drawn, points=points, tables=tables),)


def _locked(findings: Findings) -> tuple[Section, ...]:
    lock = findings.lock
    if lock is None:
        return ()
    return (Section("lock", "The lock", LOCK_LEAD, points=lock.sentences, tables=lock_tables(lock)),)


def _mix(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    """The mix, where two or more of its parts vary."""
    if not len(findings.mixture_effects):
        return ()
    drawn = _drawn(figures, "effect_traces", "ternary")
    return (Section("mix", "The mix", mixture_lead(findings), drawn, tables=mixture_tables(findings)),)


def _amounts(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    """Doses and diversity features, for the studies that have them."""
    sections = []
    if tables := dose_tables(findings):
        lead = "How the outcome changes with the amount, run by run, and which shape these runs can tell."
        shown = _drawn(figures, "dose_curves")
        sections.append(Section("doses", "Doses", lead, shown, tables=tables))
    if tables := (*feature_tables(findings), *explained_tables(findings)):
        lead = "Whether diversity or mere amount goes with the outcome over runs: associations, not mediation."
        shown = _drawn(figures, "feature_effects")
        sections.append(Section("features", "Diversity features", lead, shown, tables=tables))
    return tuple(sections)


def _rules(findings: Findings) -> tuple[tuple[str, str], ...]:
    return (*RULES, *PUBLISHED_RULES) if len(findings.published.records) else RULES


def _by_block(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    if not len(findings.block_effects):
        return ()
    drawn, said = (figures["block_forest"],), block_sentences(findings)
    return (Section("blocks", "Block by block", BLOCK_LEAD, drawn, said, tables=block_tables(findings)),)


def _truth(findings: Findings) -> tuple[Section, ...]:
    if not len(findings.truths):
        return ()
    judged = findings.truths["covered"].dropna()
    lead = (
        f"The runs were drawn from a known truth. {int(judged.sum())} of {len(judged)} intervals cover it. "
        "Of intervals that hold, 95 in 100 do over many studies; within one study they stand and fall together."
    )
    return (Section("truth", "Against the known truth", lead, tables=truth_tables(findings)),)


def _not_settled(findings: Findings) -> tuple[str, ...]:
    """How many claims these runs leave open."""
    words = []
    for status in (Status.UNDECIDED, Status.UNTESTABLE):
        found = sum(verdict.status is status for verdict in findings.verdicts)
        words += [f"{counted(found, 'claim')} {'is' if found == 1 else 'are'} {status}"] if found else []
    where = "why, and what would settle it where that is known, stands beside each in the table of claims."
    return (f"{' and '.join(words)}: {where}",) if words else ()


def _basis(findings: Findings, figures: Mapping[str, PageFigure]) -> tuple[Section, ...]:
    limits = findings.limits or ("The design sets no limit beyond those of the methods below.",)
    limits = (*limits, *_not_settled(findings))
    rest = tuple((sentences(limit),) for limit in limits[MOST_POINTS:])
    more_limits = (PageTable("more_limits", "More limits", ("Limit",), rows=rest, folded=True),) if rest else ()
    methods = "Rules that hold for every report, then the formulas behind the numbers of this one."
    read = notice_tables(findings)
    return (
        Section("limits", "What these runs cannot tell", points=limits[:MOST_POINTS], tables=more_limits),
        Section(
            "design",
            "Design",
            "What was run, which effects these runs can estimate, and the arms that would settle the rest.",
            (figures["design_matrix"], figures["alias_graph"]),
            tables=(*arm_tables(findings), *audit_tables(findings), *missing_tables(findings)),
        ),
        Section("methods", "Methods", methods, rules=_rules(findings), tables=method_tables(findings)),
        Section("notices", "Notices", "" if read else "Reading the tables gave no warning.", tables=read),
        Section(
            "provenance", "Provenance", "What this was computed from and with.", tables=provenance_tables(findings)
        ),
    )
