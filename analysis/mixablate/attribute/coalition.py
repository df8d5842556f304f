"""The table behind every attribution: each coalition's value and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mixablate.attribute.cells import runs_of
from mixablate.attribute.players import Player
from mixablate.attribute.replicates import GameValues

__all__ = ["Coalition", "coalition_table", "coalitions_frame"]

MOST_LISTED = 1024  # coalitions: of ten players; of more only those that were run


@dataclass(frozen=True, slots=True)
class Coalition:
    """Players at their targets, the others at their baselines.

    Attributes:
        outcome: eval id or mean of evals.
        coalition: the players' ids joined by " + ", "" for none.
        label: for people.
        value: mean rate over runs, evals and strata (or mean score); None where neither arms nor model give one.
        source: "observed", "model", or "mixed" (run in some strata only).
        n_runs: runs behind an observed value.
        arms: ids of the arms that ran it, joined by "; ".
    """

    outcome: str
    coalition: str
    label: str
    value: float | None
    source: str
    n_runs: int
    arms: str


def coalition_table(game: GameValues, players: Sequence[Player]) -> tuple[Coalition, ...]:
    """Every coalition that some rule needs; beyond ten players those that were run, with the baseline and full mix."""
    cells = game.cells
    everything = len(cells.coalitions) <= MOST_LISTED
    found = []
    for position, mask in enumerate(cells.coalitions):
        ends = position in (0, len(cells.coalitions) - 1)
        if not (everything or ends or cells.weights[position].any()):
            continue
        held = [player for bit, player in enumerate(players) if mask >> bit & 1]
        value = float(game.values[position])
        arms = "; ".join(a for a, w in zip(cells.arm_ids, cells.weights[position], strict=True) if w)
        found.append(
            Coalition(
                game.summaries.outcome.name,
                " + ".join(player.id for player in held),
                " + ".join(player.label for player in held) or "baseline",
                None if np.isnan(value) else value,
                str(cells.source(position)),
                runs_of(cells, game.summaries, position),
                arms,
            )
        )
    return tuple(found)


def coalitions_frame(coalitions: Sequence[Coalition]) -> pd.DataFrame:
    """One row per coalition, columns as in `Coalition`."""
    return pd.DataFrame([asdict(c) for c in coalitions], columns=list(Coalition.__dataclass_fields__))
