"""Everything a design can say before any outcome is looked at: per contrast, per arm, and what to run next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mixablate.design.additions import Additions, Switch, smallest_additions, switch_of
from mixablate.design.aliases import Alias, aliases, interaction_aliases
from mixablate.design.arms import Arm, Design
from mixablate.design.closeness import NEARLY_ALL, Closeness, closeness, near_confounds
from mixablate.design.confounds import Confound, ConfoundKind, confounds
from mixablate.design.contrasts import Contrast, strata_in_words, switch
from mixablate.design.estimable import alias_sentences, estimability
from mixablate.design.leverage import HIGH_LEVERAGE, run_leverage
from mixablate.design.together import inseparable_groups
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = [
    "MOST_ALIKE",
    "ContrastAudit",
    "DesignAudit",
    "StratumRuns",
    "answer_word",
    "audit_contrasts",
    "audit_design",
    "audit_sentences",
    "remarks",
]

MOST_ALIKE = 6  # sentences that differ in a name only; more are one
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class StratumRuns:
    """Runs on each side of a contrast within one stratum."""

    stratum: str
    n_reference: int
    n_treated: int


@dataclass(frozen=True, slots=True)
class ContrastAudit:
    """What these runs can say about one contrast.

    Attributes:
        name: component or claim id.
        label: for people.
        components: what is switched.
        estimable: some stratum of the other components and block holds both its sides.
        testable: estimable, and the sides share base model, judge and task version.
        reason: why not testable; empty where it is.
        needed: the arm or runs that would make it so.
        n_reference, n_treated: training runs on each side, over the strata used.
        effective_reference, effective_treated: runs of one arm that would give each side's mean the same variance,
            1 / sum(c^2 / n): how far the weights over strata and unequal arms waste runs.
        strata: runs by stratum used.
        strata_left_out: strata of which one side was not run.
        together: ids of the components that move one-to-one with what is switched.
        aliases: equations of the main-effects model, e.g. "tools = a + b - intercept".
        interactions: pairs of components whose interaction is the same contrast in these arms.
        leverage: largest hat value of a run of this contrast in the main-effects model; None without such runs.
        closeness: how nearly the other components give it; None where it never varies, is aliased or is a joint one.
        confounds: what else changed between its sides, or nearly did.
    """

    name: str
    label: str
    components: tuple[str, ...]
    estimable: bool
    testable: bool
    reason: str
    needed: str
    n_reference: int
    n_treated: int
    effective_reference: float
    effective_treated: float
    strata: tuple[StratumRuns, ...]
    strata_left_out: tuple[str, ...]
    together: tuple[str, ...]
    aliases: tuple[str, ...]
    interactions: tuple[tuple[str, str], ...]
    leverage: float | None
    closeness: Closeness | None
    confounds: tuple[Confound, ...]

    @property
    def nearly_aliased(self) -> bool:
        """Whether the other components give 90 % or more of it."""
        return self.closeness is not None and self.closeness.r_squared >= NEARLY_ALL


@dataclass(frozen=True, slots=True)
class DesignAudit:
    """The design's answers.

    Attributes:
        components: one per component with a baseline and a target.
        joint: one per set of components that only ever move together, switched together.
        groups: maximal sets of components that only ever move together.
        aliases: columns of the main-effects model that are sums of others, of every component.
        leverage: arm id -> hat value of one of its runs, arms with known levels.
        sentences: what cannot be told apart, one sentence each.
        additions: the smallest set of arms after which every component, and every claim asked for, is estimable.
    """

    components: tuple[ContrastAudit, ...]
    joint: tuple[ContrastAudit, ...]
    groups: tuple[tuple[str, ...], ...]
    aliases: tuple[Alias, ...]
    leverage: Mapping[str, float]
    sentences: tuple[str, ...]
    additions: Additions


def audit_design(study: Study, design: Design, tables: Tables, claimed: Sequence[Switch] = ()) -> DesignAudit:
    """Each component's contrast audited, the sets that move together, and the arms that would complete the design.

    `claimed` are the switches that claims ask for; the arms to add make them estimable too.
    """
    facts = _Facts.of(design, tables)
    rows = []
    wanted: list[Switch] = []
    for answer in estimability(study, design):
        contrast = switch(design, [answer.component], name=answer.component)
        row = _audited(design, tables, contrast, (), facts)
        rows.append(replace(row, reason=answer.reason or row.reason))
        wanted.append(switch_of(design, [answer.component], name=answer.component))
    return DesignAudit(
        tuple(rows),
        tuple(_audited(design, tables, contrast, (), facts) for contrast in _joint(design, facts.groups)),
        facts.groups,
        facts.aliases,
        facts.leverage,
        alias_sentences(design, facts.aliases),
        smallest_additions(design, [*wanted, *claimed]),
    )


def _joint(design: Design, groups: Sequence[tuple[str, ...]]) -> list[Contrast]:
    """Each set of components that only come together, switched together; sets without declared levels are left out."""
    by_id = {c.id: c for c in design.components}
    whole = [g for g in groups if all(by_id[n].baseline is not None and by_id[n].target is not None for n in g)]
    return [switch(design, group, name=" + ".join(group)) for group in whole]


def audit_contrasts(
    design: Design, tables: Tables, contrasts: Sequence[tuple[Contrast, Collection[str]]]
) -> tuple[ContrastAudit, ...]:
    """Contrasts audited, each for a claim on some evals (all of them if empty)."""
    facts = _Facts.of(design, tables)
    return tuple(_audited(design, tables, contrast, evals, facts) for contrast, evals in contrasts)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is the same for every contrast of a design."""

    groups: tuple[tuple[str, ...], ...]
    aliases: tuple[Alias, ...]
    interactions: Mapping[str, tuple[tuple[str, str], ...]]
    leverage: Mapping[str, float]
    closeness: Mapping[str, Closeness]
    near: Mapping[str, tuple[Confound, ...]]

    @staticmethod
    def of(design: Design, tables: Tables) -> _Facts:
        found = aliases(design)
        return _Facts(
            inseparable_groups(design),
            found,
            interaction_aliases(design, found),
            run_leverage(design),
            closeness(design),
            near_confounds(design, tables),
        )


def _audited(
    design: Design, tables: Tables, contrast: Contrast, evals: Collection[str], facts: _Facts
) -> ContrastAudit:
    arms = {arm_id: design.arm(arm_id) for arm_id, _ in contrast.coefficients}
    complete = confounds(design, tables, contrast, evals)
    shared = next((c for c in complete if c.kind is ConfoundKind.SHARED), None)
    alone = contrast.components[0] if len(contrast.components) == 1 else ""
    near = facts.near.get(alone, ())
    said = {c.column for c in complete}
    inside = set(contrast.components)
    together = tuple(o for g in facts.groups if inside & set(g) and not set(g) <= inside for o in g if o not in inside)
    sizes = [[(c, len(arms[a].run_ids)) for a, c in contrast.coefficients if (c > 0) == up] for up in (False, True)]
    return ContrastAudit(
        name=contrast.name,
        label=contrast.label,
        components=contrast.components,
        estimable=contrast.estimable,
        testable=contrast.estimable and shared is None,
        reason=contrast.reason or (shared.sentence if shared else ""),
        needed=contrast.needed or ("runs of both sides that share it, all else equal" if shared else ""),
        n_reference=sum(n for _, n in sizes[0]),
        n_treated=sum(n for _, n in sizes[1]),
        effective_reference=_effective(sizes[0]),
        effective_treated=_effective(sizes[1]),
        strata=_strata(contrast, arms),
        strata_left_out=contrast.strata_left_out,
        together=together,
        aliases=tuple(a.equation for a in facts.aliases if a.component in inside and set(a.others) - inside),
        interactions=facts.interactions.get(alone, ()),
        leverage=max((facts.leverage[a] for a in arms if a in facts.leverage), default=None),
        closeness=facts.closeness.get(alone),
        confounds=complete + tuple(c for c in near if c.column not in said),
    )


def _effective(sides: Sequence[tuple[float, int]]) -> float:
    """Runs of one arm with the same variance of the mean: (sum |c|)^2 / sum(c^2 / n)."""
    if not sides or any(n == 0 for _, n in sides):
        return 0.0
    weights = np.array([abs(c) for c, _ in sides])
    counts = np.array([n for _, n in sides], dtype=float)
    return float(weights.sum() ** 2 / (weights**2 / counts).sum())


def _strata(contrast: Contrast, arms: Mapping[str, Arm]) -> tuple[StratumRuns, ...]:
    stratum = dict(contrast.strata)
    counts: dict[int, list[int]] = {}
    for arm_id, coefficient in contrast.coefficients:
        if arm_id in stratum:
            counts.setdefault(stratum[arm_id], [0, 0])[coefficient > 0] += len(arms[arm_id].run_ids)
    words = contrast.strata_used
    named = len(words) == len(counts)
    return tuple(
        StratumRuns(words[i] if named else f"stratum {i + 1}", *counts[key]) for i, key in enumerate(sorted(counts))
    )


def audit_sentences(design: Design, audit: DesignAudit) -> tuple[str, ...]:
    """Near aliases, interactions, confounds and leverage in sentences; aliases and missing arms have their own."""
    labels = {c.id: c.label for c in design.components}
    found: list[str] = []
    rows = (*audit.components, *audit.joint)
    for row in rows:
        found += _row_sentences(row, labels)
    found += _near_sentences([row for row in rows if row.nearly_aliased and row.closeness is not None], labels)
    high = [arm for arm in design.arms if audit.leverage.get(arm.arm_id, 0.0) > HIGH_LEVERAGE + ROUNDING]
    known = [arm for arm in design.arms if arm.known]
    if high:
        named = "; ".join(f"{a.label} ({audit.leverage[a.arm_id]:.2f})" for a in high[:4])
        more = f" and {len(high) - 4} more arms" if len(high) > 4 else ""
        who = "Every run" if len(high) == len(known) else f"Each run of {named}{more}"
        found.append(
            f"{who} has a leverage above one half in the model of main effects: it decides its own fitted value"
        )
    return tuple(found)


def _row_sentences(row: ContrastAudit, labels: Mapping[str, str]) -> list[str]:
    found = [c.sentence for c in row.confounds]
    if row.interactions and not row.estimable:
        pairs = "; ".join(f"{labels[a]} and {labels[b]}" for a, b in row.interactions[:3])
        found.append(
            f"In these arms the main effect of {row.label} is one contrast with the interaction of {pairs}: a model "
            "of main effects gives their sum"
        )
    return found


def _near_sentences(rows: Sequence[ContrastAudit], labels: Mapping[str, str]) -> list[str]:
    """Which components the others nearly explain: one by one, or of many in one sentence."""
    close = [(row.label, row.closeness) for row in rows if row.closeness is not None]
    if len(close) > MOST_ALIKE:
        named = ", ".join(label for label, _ in close[:3])
        inflations = [each.inflation for _, each in close]
        least, most = min(inflations), max(inflations)
        folds = f"{least:.0f}-fold" if round(least) == round(most) else f"{least:.0f}- to {most:.0f}-fold"
        return [
            f"{len(close)} components ({named} and {len(close) - 3} more) are each nearly inseparable from the others "
            f"together (variance inflated {folds})"
        ]
    said = []
    for label, each in close:
        from_whom = f", most of all from {labels.get(each.nearest, each.nearest)}" if each.nearest else ""
        said.append(
            f"{label} is nearly inseparable from the other components{from_whom}: they explain "
            f"{100.0 * each.r_squared:.0f} % of it (variance inflated {each.inflation:.0f}-fold)"
        )
    return said


def answer_word(row: ContrastAudit) -> str:
    """Whether the design can speak to a contrast: "yes", "confounded" or "no"."""
    return "yes" if row.testable else "confounded" if row.estimable else "no"


def remarks(row: ContrastAudit) -> tuple[str, ...]:
    """Why not and what is needed, then aliases, near aliases, confounds and strata left out, each said once."""
    said = [row.reason] if row.reason else []
    said += [f"needed: {row.needed}"] if row.needed else []
    said += [f"aliased: {equation}" for equation in row.aliases]
    said += [f"one contrast with the interaction of {one} and {two}" for one, two in row.interactions]
    if row.nearly_aliased and row.closeness is not None:
        said.append(f"nearly inseparable from {row.closeness.nearest} (R squared {row.closeness.r_squared:.2f})")
    said += [c.sentence for c in row.confounds]
    said += [f"left out, one side only: {strata_in_words(row.strata_left_out)}"] if row.strata_left_out else []
    return tuple(dict.fromkeys(said))
