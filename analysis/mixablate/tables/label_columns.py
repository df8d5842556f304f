"""The columns of the labels table."""

from __future__ import annotations

import pandas as pd

__all__ = ["LABEL_COLUMNS", "no_labels"]

LABEL_COLUMNS = {
    "eval_id": "the eval of the rollout",
    "human": "1 where a person says that the event happened, 0 where not",
    "judged": "1 where the judge says so, 0 where not",
    "run_id": "the run of the rollout; blank where the judge was validated elsewhere",
    "judge": "the judge; blank where there is one",
    "n": "how many rollouts were labelled so (default 1)",
}


def no_labels() -> pd.DataFrame:
    """The frame without a label."""
    return pd.DataFrame(
        {name: pd.Series(dtype=object if name in ("eval_id", "run_id", "judge") else float) for name in LABEL_COLUMNS}
    )
