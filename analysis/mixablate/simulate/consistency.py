"""What a truth's parts must have in common: names that are declared, levels that have a shift, a mix that sums to 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mixablate.errors import Problem, nearest
from mixablate.study.claim_kinds import Level

if TYPE_CHECKING:  # truth calls these checks while it is being built
    from mixablate.simulate.truth import ComponentTruth, Truth

__all__ = ["level_problems", "mix_problems", "mix_shares", "name_problems"]

MIX_ROUNDING = 1e-9  # mix shares are sums of a few decimal numbers typed by hand
OWN_COLUMNS = frozenset({"run_id", "base_model", "seed"})  # of the run table; no component or constant may take them


def name_problems(truth: Truth) -> Iterator[Problem]:
    """Ids used twice, and names that nothing declares."""
    eval_ids = [declared.id for declared in (*truth.evals, *truth.scores)]
    if not eval_ids:
        yield Problem("NO_EVALS", "evals", "none", "at least one of evals and scores", "Add an [[evals]] table.")
    for repeated in sorted({i for i in eval_ids if eval_ids.count(i) > 1}):
        yield Problem("DUPLICATE_EVAL", "evals", f'"{repeated}" twice', "unique eval ids", "Rename one of them.")
    for name in sorted((OWN_COLUMNS & truth.components.keys()) | (truth.components.keys() & truth.columns.keys())):
        yield Problem("COLUMN_TAKEN", f"components.{name}", "a run column of that name", "a name of its own", "Rename.")
    for name in sorted(OWN_COLUMNS & truth.columns.keys()):
        yield Problem("COLUMN_TAKEN", f"columns.{name}", "a column that is simulated", "another name", "Remove it.")
    if not truth.judge_sensitivity + truth.judge_specificity > 1.0:
        found = f"sensitivity {truth.judge_sensitivity:g} and specificity {truth.judge_specificity:g}"
        yield Problem("JUDGE_BLIND", "judge_sensitivity", found, "a sum above 1", "Raise one of them.")
    for place, names in _eval_names(truth):
        for name in names:
            if name not in eval_ids:
                yield Problem("UNKNOWN_EVAL", place, f'"{name}"', "a declared eval id", nearest(name, eval_ids))
    for place, names in _component_names(truth):
        for name in names:
            if name not in truth.components:
                remedy = nearest(name, truth.components)
                yield Problem("UNKNOWN_COMPONENT", place, f'"{name}"', "a declared component", remedy)


def level_problems(truth: Truth) -> Iterator[Problem]:
    """Arms without a level, and shifts that do not fit the levels they are for."""
    for name, component in truth.components.items():
        place = f"components.{name}"
        levels = _levels(truth, name)
        texts = sorted({level for level in levels if isinstance(level, str)})
        if len(set(component.levels)) < len(component.levels):
            yield Problem("DUPLICATE_LEVEL", f"{place}.levels", "a level twice", "each level once", "Remove one.")
        if texts and not all(isinstance(level, str) for level in levels):
            yield Problem("MIXED_LEVELS", f"{place}.levels", "numbers and names", "all of one sort", "Quote them all.")
        if levels:
            yield from _shift_problems(place, component, texts)
        for i, interaction in enumerate(truth.interactions):
            if texts and name in interaction.components:
                at = f"interactions[{i}].components"
                yield Problem("CATEGORY_INTERACTION", at, f'the category "{name}"', "numeric levels", "Use a flag.")
    yield from _arm_problems(truth)


def mix_problems(truth: Truth) -> Iterator[Problem]:
    """Shares outside 0 to 1, or that do not sum to 1, in any arm."""
    for name, component in truth.components.items():
        for domain in sorted(component.mix.keys() - truth.mix.keys()):
            remedy = nearest(domain, truth.mix)
            yield Problem("UNKNOWN_DOMAIN", f"components.{name}.mix", f'"{domain}"', "a domain of [mix]", remedy)
        if component.mix and any(isinstance(level, str) for level in _levels(truth, name)):
            yield Problem("CATEGORY_MIX", f"components.{name}.mix", "a category", "numeric levels", "Use a flag.")
            return
    for arm in truth.arm_truths() if truth.mix else ():
        shares = mix_shares(truth, arm.levels)
        if not abs(math.fsum(shares.values()) - 1.0) <= MIX_ROUNDING or not all(s >= 0.0 for s in shares.values()):
            found = ", ".join(f"{domain} = {share:g}" for domain, share in shares.items())
            levels = (
                f"{name} = {level if isinstance(level, str) else format(level, 'g')}"
                for name, level in arm.levels.items()
            )
            place = "the mix of the arm " + ", ".join(levels)
            yield Problem("MIX_SUM", place, found, "shares from 0 to 1 that sum to 1", "Mend [mix] or the shifts.")


def mix_shares(truth: Truth, levels: Mapping[str, Level]) -> dict[str, float]:
    """Each data domain's share of the mix in an arm, rounded to 12 decimals (they are sums of decimal numbers)."""
    shares = {}
    for domain, start in truth.mix.items():
        shifts = [c.mix[domain] * float(levels[name]) for name, c in truth.components.items() if domain in c.mix]
        shares[domain] = round(math.fsum([start, *shifts]), 12)
    return shares


def _levels(truth: Truth, name: str) -> tuple[Level, ...]:
    """Every level the component takes in the arms that are run."""
    if not truth.arms:
        return truth.components[name].levels
    return tuple(arm.levels[name] for arm in truth.arms if name in arm.levels)


def _eval_names(truth: Truth) -> Iterator[tuple[str, Iterable[str]]]:
    for name, component in truth.components.items():
        yield f"components.{name}.by_eval", component.by_eval
    for i, interaction in enumerate(truth.interactions):
        yield f"interactions[{i}].by_eval", interaction.by_eval


def _component_names(truth: Truth) -> Iterator[tuple[str, Iterable[str]]]:
    for i, interaction in enumerate(truth.interactions):
        yield f"interactions[{i}].components", interaction.components
    for i, arm in enumerate(truth.arms):
        yield f"arms[{i}].levels", arm.levels


def _shift_problems(place: str, component: ComponentTruth, texts: list[str]) -> Iterator[Problem]:
    shifts = {"effect": component.effect} | {f"by_eval.{k}": shift for k, shift in component.by_eval.items()}
    for key, shift in shifts.items():
        at = f"{place}.{key}"
        if not isinstance(shift, dict):
            if texts and shift != 0.0:
                required = "a table of level = shift for a category"
                yield Problem("CATEGORY_SHIFT", at, f"the number {shift:g}", required, "Name each level's shift.")
            continue
        for level in texts:
            if level not in shift:
                yield Problem("NO_SHIFT", at, f'nothing for the level "{level}"', "every level named", "Add it.")
        if not texts:
            yield Problem("FLAG_SHIFT", at, "a table", "a number for numeric levels", "Give the change per unit.")


def _arm_problems(truth: Truth) -> Iterator[Problem]:
    seen: list[dict[str, Level]] = []
    for i, arm in enumerate(truth.arms):
        place = f"arms[{i}].levels"
        for name in sorted(truth.components.keys() - arm.levels.keys()):
            yield Problem("NO_LEVEL", place, f'no level of "{name}"', "a level of every component", "Add it.")
        if arm.levels in seen:
            yield Problem("DUPLICATE_ARM", place, "the levels of an earlier arm", "each arm once", "Merge the two.")
        seen.append(arm.levels)
