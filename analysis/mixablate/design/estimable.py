"""What these runs can and cannot separate, and the arm that would separate it."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.design.additions import Switch, smallest_additions, switch_of
from mixablate.design.aliases import Alias, aliases
from mixablate.design.arms import Design, arm_words
from mixablate.design.contrasts import Contrast, switch
from mixablate.design.matrix import model_matrix
from mixablate.design.together import inseparable_groups
from mixablate.study import Component, Study

__all__ = ["Estimability", "alias_sentences", "estimability"]


@dataclass(frozen=True, slots=True)
class Estimability:
    """Whether these runs can estimate one component's effect.

    Attributes:
        component: id.
        label: for people.
        estimable: some stratum of the other components and block holds both its sides.
        n_reference, n_treated: training runs on each side, over the strata used.
        strata_used, strata_left_out: in words.
        reason: why not, or empty.
        needed: the arm that would make it estimable, or empty.
    """

    component: str
    label: str
    estimable: bool
    n_reference: int
    n_treated: int
    strata_used: tuple[str, ...]
    strata_left_out: tuple[str, ...]
    reason: str
    needed: str


def estimability(study: Study, design: Design) -> tuple[Estimability, ...]:
    """One row per component that has a baseline and a target, in declaration order."""
    rows = []
    partners = {name: [o for o in group if o != name] for group in inseparable_groups(design) for name in group}
    labels = {c.id: c.label for c in design.components}
    for component in study.components:
        if component.baseline is None or component.target is None:
            continue
        contrast = switch(design, [component.id], name=component.id)
        reason = contrast.reason
        if reason and component.id in partners:
            together = _listed([labels[name] for name in partners[component.id]])
            reason = f"it only ever appears together with {together}"
        rows.append(
            Estimability(
                component.id,
                component.label,
                contrast.estimable,
                _runs_on(design, contrast, negative=True),
                _runs_on(design, contrast, negative=False),
                contrast.strata_used,
                contrast.strata_left_out,
                reason,
                contrast.needed,
            )
        )
    return tuple(rows)


def alias_sentences(design: Design, found: tuple[Alias, ...] | None = None) -> tuple[str, ...]:
    """One sentence per set of components these arms cannot tell apart, each naming the arm that would.

    Components that never vary, sets whose levels move together in every arm, and components that are a sum of others
    (from the null space of the main-effects matrix) are named. `found` is `aliases(design)`, where it is known.
    """
    by_id = {c.id: c for c in design.components}
    matrix = model_matrix(design)
    sentences = [
        f'"{by_id[name].label}" has the same level in every run: its effect cannot be estimated. '
        f"An arm at another level of {name} would separate it."
        for name in matrix.constant
    ]
    groups = inseparable_groups(design)
    sentences += [_together_words(design, [by_id[name] for name in group]) for group in groups]
    deficit = matrix.rows.shape[1] - matrix.rank
    within = sum((len(group) - 1) * _columns_of(matrix.terms, group[0]) for group in groups)
    if deficit > within:
        together = {name: group for group in groups for name in group}
        sums = [
            a
            for a in (aliases(design) if found is None else found)
            if not set(a.others) <= set(together.get(a.component, ()))
        ]
        equations = "; ".join(a.equation for a in sums[:6]) + (f"; and {len(sums) - 6} more" if len(sums) > 6 else "")
        sentences.append(
            "The main effects are linearly dependent over these arms "
            f"(rank {matrix.rank} of {matrix.rows.shape[1]}), and cannot be told apart where one is a sum of others: "
            f"{equations}."
        )
    return tuple(sentences)


def _together_words(design: Design, group: list[Component]) -> str:
    named = _listed([c.label for c in group])
    said = f"{named} only ever appear together: these runs give their joint effect and cannot split it"
    arms = [arm_words(added.arm) for added in smallest_additions(design, _switches(design, group)).arms]
    if not arms:
        return f"{said}."
    if len(arms) == 1 and len(group) == 2:
        one, other = group
        return f"{said}. An arm with {one.id} at its target and {other.id} at its baseline would separate them."
    words = f"an arm at {arms[0]}" if len(arms) == 1 else "arms at " + "; ".join(arms)
    return f"{said}. {words[:1].upper()}{words[1:]} would separate them."


def _switches(design: Design, group: list[Component]) -> list[Switch]:
    return [switch_of(design, [c.id], name=c.id) for c in group if c.baseline is not None and c.target is not None]


def _columns_of(terms: tuple[tuple[str, str, int], ...], component: str) -> int:
    return sum(term[0] == component for term in terms)


def _listed(labels: list[str]) -> str:
    quoted = [f'"{label}"' for label in labels]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _runs_on(design: Design, contrast: Contrast, *, negative: bool) -> int:
    return sum(len(design.arm(a).run_ids) for a, c in contrast.coefficients if (c < 0) == negative)
