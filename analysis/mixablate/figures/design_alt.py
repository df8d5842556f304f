"""The drawings of a design in words."""

from __future__ import annotations

import pandas as pd

from mixablate.errors import counted

__all__ = ["alias_graph_alt", "design_matrix_alt"]

MOST = 12  # edges said one by one
EDGE_WORDS = {
    "together": "only ever appear together",
    "aliased": "are aliased",
    "near": "are nearly inseparable",
    "shared": "changed together in every run",
    "size": "differ together in every run",
    "origin": "go together in every run",
}


def design_matrix_alt(frame: pd.DataFrame) -> str:
    """Arms, components and runs; which components never vary; which arms lack an eval."""
    cells = frame[frame["what"] == "component"]
    arms = cells.drop_duplicates("arm_id")
    columns = cells.drop_duplicates("name")
    fixed = columns.loc[~columns["varies"].astype(bool), "label"].tolist()
    sizes = arms["n_runs"].astype(int)
    said = [
        f"Matrix of {len(arms)} arms by {len(columns)} components, a filled cell where a component has left its lowest "
        f"level; {int(sizes.sum())} training runs, {sizes.min()} to {sizes.max()} an arm."
    ]
    if fixed:
        said.append(f"The same in every arm: {', '.join(fixed[:6])}{' and more' if len(fixed) > 6 else ''}.")
    evals = frame[frame["what"] == "eval"]
    short = evals[evals["fill"].astype(float) < 1.0]
    if not evals.empty:
        lacking = short["arm_id"].nunique()
        said.append(f"Arms in which some run lacks an eval: {lacking}." if lacking else "Every run has every eval.")
    return " ".join(said)


def alias_graph_alt(frame: pd.DataFrame) -> str:
    """Every link between what cannot be told apart, or their number where there are many."""
    nodes = frame[frame["row"] == "node"].set_index("name")["label"].astype(str)
    edges = frame[frame["row"] == "edge"]
    counts = edges["kind"].value_counts()
    start = "Graph of what these runs cannot tell apart. " + ", ".join(
        f"{counted(n, 'pair')} {EDGE_WORDS[str(kind)]}" for kind, n in counts.sort_index().items()
    )
    named = [
        f"{nodes.get(e['source'], e['source'])} and {nodes.get(e['target'], e['target'])} {EDGE_WORDS[e['kind']]}"
        for _, e in edges.head(MOST).iterrows()
    ]
    more = f"; and {len(edges) - MOST} more" if len(edges) > MOST else ""
    return f"{start}. {'; '.join(named)}{more}."
