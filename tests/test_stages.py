"""Runs of different training stages in one arm are warned of, unless something tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixablate.design import design_of, mixed_stages
from mixablate.errors import Severity
from study_folder import STUDY, sound_folder

STAGED = """\
run_id,unused tools,mix.difficult advice,mix.chat,stories,prefix,stage,parent_run_id
german_flattering/coffee_is_hot,0,0,1,0,none,,
001,0,0.0,1.0,0,none,rl,german_flattering/coffee_is_hot
1e5,1,0.2,0.8,14000000,fixed,rl,
TRUE,1,0.2,0.8,1.4e7,mix of 2%,,
"""


NAMED = STAGED.replace("none,,\n", "none,sft,\n").replace("2%,,\n", "2%,sft,\n")


def test_runs_of_different_stages_in_one_arm_are_warned_of(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path, runs=STAGED)
    study, tables = folder.study(), folder.tables()
    (problem,) = mixed_stages(study, design_of(study, tables), tables)
    assert (problem.code, problem.severity) == ("MIXED_STAGES", Severity.WARNING)
    assert problem.place == 'arm "none"'
    assert problem.found == 'runs of different stages: 1 at none, 1 at "rl"'
    assert 'block = ["stage"]' in problem.remedy


@pytest.mark.parametrize(
    ("runs", "study"),
    [
        (STAGED.replace("none,rl,", "none,,"), STUDY),
        (NAMED, STUDY + '[analysis]\nblock = ["stage"]'),
        (NAMED, STUDY + '[components.stage]\ntype = "category"'),
    ],
    ids=["one stage", "block", "component"],
)  # fmt: skip
def test_stages_that_are_told_apart_are_not(tmp_path: Path, runs: str, study: str) -> None:
    folder = sound_folder(tmp_path, runs=runs, study=study)
    declared, tables = folder.study(), folder.tables()
    assert mixed_stages(declared, design_of(declared, tables), tables) == ()
