"""A study on disk whose claims are supported, contradicted, exploratory, undecided and untestable, in that order."""

from __future__ import annotations

from pathlib import Path

from mixablate.findings import Judged, judged
from mixablate.study import load_study
from mixablate.tables import read_tables

__all__ = ["STUDY", "claims_folder", "judged_at"]

HEAD = """
title = "Two flags | <b>"
seed = 5
baseline = { tools = 0, prompts = 0 }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[analysis]
draws = 99
[components.tools]
[components.prompts]
"""


def claim(name: str, kind: str, components: str, more: str = "") -> str:
    return f"""
[[claims]]
id = "{name}"
text = "Claim <{name}> & 'more'"
kind = "{kind}"
components = ["{components}"]
evals = ["blackmail"]
{more}
"""


STUDY = (
    HEAD
    + claim("tools-help", "reduces", "tools", "minimum = 0.05")
    + claim("tools-do-nothing", "equivalent", "tools", 'margin = 0.02\nfamily = "second"')
    + claim("seen-later", "equivalent", "tools", 'margin = 0.02\nstatus = "exploratory"')
    + claim("prompts-help", "reduces", "prompts", 'family = "third"')
    + claim("no-claim-at-all", "equivalent", "prompts", 'margin = 0.2\nfamily = "fourth"')
)
EVALS = "eval_id,domain,direction\nblackmail,in_distribution,lower\n"


def claims_folder(path: Path, study: str = STUDY) -> Path:
    """The study file. Five runs an arm: 30 % and 10 % without and with tools, prompts change nothing."""
    runs, outcomes = ["run_id,tools,prompts"], ["run_id,eval_id,n_trials,n_events"]
    for tools in (0, 1):
        for prompts in (0, 1):
            for seed in range(5):
                run_id = f"t{tools}p{prompts}s{seed}"
                runs.append(f"{run_id},{tools},{prompts}")
                outcomes.append(f"{run_id},blackmail,200,{(20 if tools else 60) + (3 * seed + prompts) % 5}")
    path.mkdir(parents=True, exist_ok=True)
    (path / "runs.csv").write_text("\n".join(runs) + "\n", encoding="utf-8")
    (path / "outcomes.csv").write_text("\n".join(outcomes) + "\n", encoding="utf-8")
    (path / "evals.csv").write_text(EVALS, encoding="utf-8")
    (path / "study.toml").write_text(study, encoding="utf-8")
    return path / "study.toml"


def judged_at(path: Path) -> Judged:
    """The verdicts of the study at a path."""
    study = load_study(path)
    return judged(study, read_tables(study))
