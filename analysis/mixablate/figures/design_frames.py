"""The frames behind the drawings of a design: arms by components, and what cannot be told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from itertools import pairwise

import pandas as pd

from mixablate.design import Arm, ConfoundKind, ContrastAudit, Design, DesignAudit
from mixablate.design.arms import level_text
from mixablate.study import Component, ComponentType, Study
from mixablate.study.claim_kinds import Level
from mixablate.tables import Tables

__all__ = ["OTHERS", "alias_graph_frame", "design_matrix_frame"]

OTHERS = "*others"  # the node for "a combination of many others"
MANY = 8  # columns of a sum, beyond which its terms are not drawn one by one

MATRIX_COLUMNS = [
    "what", "column_index", "name", "label", "varies", "arm_index", "arm_id", "arm", "baseline", "n_runs",
    "level", "fill",
]  # fmt: skip
GRAPH_COLUMNS = ["row", "kind", "name", "label", "source", "target", "words", "r_squared"]


def design_matrix_frame(study: Study, design: Design, tables: Tables) -> pd.DataFrame:
    """One row per arm and component (`what` "component"), then per arm and eval ("eval"); what varies comes first.

    `fill` is 0 at the lowest level of the component over these arms and 1 at the highest, empty where unknown; for an
    eval the share of the arm's runs that have it.
    """
    varies = {c.id: len({arm.level(c.id) for arm in design.arms if arm.known}) > 1 for c in design.components}
    seen = {c.id: {arm.level(c.id) for arm in design.arms} for c in design.components}
    columns = sorted(design.components, key=lambda c: not varies[c.id])
    evals = [e for e in tables.evals["eval_id"].astype(str) if e in set(tables.headline["eval_id"].astype(str))]
    labels = dict(zip(tables.evals["eval_id"].astype(str), tables.evals["label"].astype(str), strict=True))
    have = {(str(r), str(e)) for r, e in zip(tables.headline["run_id"], tables.headline["eval_id"], strict=True)}
    rows: list[dict[str, object]] = []
    for i, arm in enumerate(design.arms):
        baseline = all(c.baseline is not None and arm.level(c.id) == c.baseline for c in design.components)
        shared = {
            "arm_index": i, "arm_id": arm.arm_id, "arm": arm.label, "baseline": baseline, "n_runs": len(arm.run_ids)
        }  # fmt: skip
        for place, c in enumerate(columns):
            cell = {"level": level_text(arm.level(c.id)), "fill": _fill(seen[c.id], c, arm)}
            head = {"column_index": place, "name": c.id, "label": c.label, "varies": varies[c.id]}
            rows.append({"what": "component"} | head | shared | cell)
        for place, name in enumerate(evals):
            n = sum((run_id, name) in have for run_id in arm.run_ids)
            cell = {"level": f"{n} of {len(arm.run_ids)} runs", "fill": n / len(arm.run_ids) if arm.run_ids else 0.0}
            head = {"column_index": place, "name": name, "label": labels[name], "varies": True}
            rows.append({"what": "eval"} | head | shared | cell)
    return pd.DataFrame(rows, columns=MATRIX_COLUMNS).assign(simulated=study.simulated)


def _fill(seen: Set[Level | None], component: Component, arm: Arm) -> float:
    """Where the arm's level stands among the ones seen."""
    level = arm.level(component.id)
    if level is None:
        return math.nan
    if component.type is ComponentType.CATEGORY:
        ordered = sorted((str(v) for v in seen if v is not None), key=lambda v: (v != component.baseline, v))
        return ordered.index(str(level)) / max(len(ordered) - 1, 1)
    values = [float(v) for v in seen if v is not None]
    values += [float(component.baseline)] if component.baseline is not None else []
    low, high = min(values), max(values)
    return (float(level) - low) / (high - low) if high > low else 0.0


def alias_graph_frame(study: Study, design: Design, audit: DesignAudit) -> pd.DataFrame:
    """Rows of nodes (components, recorded properties) and of edges between what these runs cannot tell apart.

    Edge kinds: "together" (levels move one-to-one), "aliased" (one is a sum of others), "near" (90 % explained),
    "shared" (no base model, judge or task version in common), "size", "origin" (date, seed block). Empty without edges.
    """
    edges: dict[tuple[str, str], dict[str, object]] = {}

    def link(kind: str, source: str, target: str, words: str, r_squared: float = 1.0) -> None:
        known = (target, source) in edges or (source, target) in edges
        if source != target and not known:
            edges[source, target] = {"kind": kind, "words": words, "r_squared": r_squared}

    ids = {c.id for c in design.components}
    for group in audit.groups:
        for one, other in pairwise(group):
            link("together", one, other, f"{one} and {other} only ever appear together")
    grouped = {name: set(group) for group in audit.groups for name in group}
    for alias in audit.aliases:
        others = [o for o in alias.others if o not in grouped.get(alias.component, set())]
        if len(others) > MANY:
            link("aliased", alias.component, OTHERS, alias.equation)
        for other in others[: MANY if len(others) <= MANY else 0]:
            link("aliased", alias.component, other, alias.equation)
    for row in (*audit.components, *audit.joint):
        _row_edges(row, link)
    ends = {end for edge in edges for end in edge}
    properties = list(dict.fromkeys(end for edge in edges for end in edge if end not in ids))
    nodes = [
        {"row": "node", "kind": "component", "name": c.id, "label": c.label, "words": "linked" if c.id in ends else ""}
        for c in design.components
    ]
    said = {OTHERS: "many others together"}
    nodes += [
        {"row": "node", "kind": "property", "name": p, "label": said.get(p, p.replace("_", " ")), "words": "linked"}
        for p in properties
    ]
    lines = [{"row": "edge", "source": s, "target": t} | facts for (s, t), facts in edges.items()]
    frame = pd.DataFrame([*nodes, *lines] if lines else [], columns=GRAPH_COLUMNS)
    frame[GRAPH_COLUMNS[:-1]] = frame[GRAPH_COLUMNS[:-1]].fillna("")
    return frame.assign(r_squared=frame["r_squared"].astype(float), simulated=study.simulated)


def _row_edges(row: ContrastAudit, link: Callable[..., None]) -> None:
    for confound in row.confounds:
        kind = "near" if confound.kind is ConfoundKind.NEAR else str(confound.kind)
        link(kind, row.components[0], confound.column, confound.sentence, confound.r_squared)
    if row.nearly_aliased and row.closeness is not None and row.closeness.nearest:
        words = f"the other components explain {100 * row.closeness.r_squared:.0f} % of {row.name}"
        link("near", row.components[0], row.closeness.nearest, words, row.closeness.r_squared)
