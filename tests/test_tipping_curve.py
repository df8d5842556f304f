"""A claim's estimate over what its missing rollouts were: by hand, against the bounds, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from mixablate.claims import missing_curves
from mixablate.claims.kinds import cases_of
from mixablate.design import design_of
from mixablate.figures import chosen_entry
from mixablate.findings import analyse
from small_studies import claim, study_of, tables_of

HIGH, LOW = (40, 50, 60), (10, 20, 30)
EXACT = 1e-12


def curve(missing: int, **keys: object):
    study = study_of(["tools"], [claim(kind="reduces", **keys)])
    tables = tables_of(study, [({"tools": 0}, HIGH), ({"tools": 1}, LOW)], missing=missing)
    design = design_of(study, tables)
    return missing_curves((case for asked in study.claims for case in cases_of(asked, tables, design)), design, 0.95)


def test_the_ends_and_the_middle_of_a_curve_are_those_worked_out_by_hand() -> None:
    # 100 scored and 20 missing a run. Mean rates: 20 % treated, 50 % reference, a difference of -.3 as found.
    # All 20 of each treated run events: (30 + 40 + 50) / 360 = 1/3, less .5: -1/6. None: 60 / 360 - .5 = -1/3.
    # Half of the reference's: (50 + 60 + 70) / 360 = .5, so that nothing changes: they are like the scored ones.
    frame = curve(20)
    found = {(row.side, row.share): row.estimate for row in frame.dropna(subset=["share"]).itertuples()}
    assert found["treated", 1.0] == pytest.approx(-1 / 6, abs=EXACT)
    assert found["treated", 0.0] == pytest.approx(-1 / 3, abs=EXACT)
    assert found["reference", 0.5] == pytest.approx(-0.3, abs=EXACT)
    as_found = frame[frame["share"].isna()]
    assert as_found["estimate"].tolist() == pytest.approx([-0.3, -0.3], abs=EXACT)
    assert dict(zip(as_found["side"], as_found["scored_rate"], strict=True)) == {"treated": 0.2, "reference": 0.5}
    assert set(frame["n_missing"]) == {60}
    assert frame["region_upper"].unique().tolist() == [0.0]


def test_estimates_move_one_way_along_a_curve_and_intervals_hold_them() -> None:
    frame = curve(30).dropna(subset=["share"])
    for side, sign in (("treated", 1.0), ("reference", -1.0)):
        rows = frame[frame["side"] == side]
        assert (np.diff(rows["estimate"]) * sign > 0.0).all()
        assert ((rows["lower"] < rows["estimate"]) & (rows["estimate"] < rows["upper"])).all()


def test_there_is_no_curve_without_a_missing_rollout() -> None:
    assert curve(0).empty


def test_the_figure_names_the_claims_and_says_why_where_there_is_none() -> None:
    for missing, reason in ((20, ""), (0, "No claim that compares rates has a missing rollout.")):
        study = study_of(["tools"], [claim(kind="reduces", text="Tools lower it")], draws=99)
        tables = tables_of(study, [({"tools": 0}, HIGH), ({"tools": 1}, LOW)], missing=missing)
        entry = chosen_entry(analyse(study, tables), "tipping_curve")
        assert entry.reason == reason
        if not reason:
            # treated: -1/3 to -1/6; reference: 150 of 360 to 210 of 360 against .2
            assert "treated side's 60 missing (scored: 20.0%): estimate \u221233.3 to \u221216.7" in entry.alt
            assert "reference side's 60 missing (scored: 50.0%): estimate \u221238.3 to \u221221.7" in entry.alt
            assert any("Tools lower it" in text.get_text() for text in entry.draw().texts)
