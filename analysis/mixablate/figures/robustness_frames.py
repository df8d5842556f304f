"""Findings reshaped into the frames of the specification curve and the fragility strip; nothing is computed here."""

from __future__ import annotations

import pandas as pd

from mixablate.claims import Verdict
from mixablate.figures.frames import marked, outcome_labels
from mixablate.findings import Findings

__all__ = ["fragility_frame", "specification_frame"]


def specification_frame(findings: Findings) -> pd.DataFrame:
    """One row per specification of each claim that runs can test, claims in declaration order, nearest region first."""
    rows = findings.specifications_frame()
    rows = rows.merge(_claims(findings), on="claim", how="left", validate="many_to_one")
    labels = outcome_labels(findings)
    rows["outcome_label"] = [labels.get(name, name) for name in rows["outcome"]]
    order = {claim.id: place for place, claim in enumerate(findings.study.claims)}
    rows["place"] = rows["claim"].map(order)
    rows = rows.sort_values(["place", "distance"], kind="stable", na_position="last").drop(columns="place")
    return marked(rows.reset_index(drop=True), findings)


def fragility_frame(findings: Findings) -> pd.DataFrame:
    """One row per thing left out of each decided verdict, claims in declaration order."""
    rows = findings.left_out_frame()
    rows = rows.merge(_claims(findings), on="claim", how="left", validate="many_to_one")
    labels = outcome_labels(findings)
    rows["outcome_label"] = [labels.get(name, name) for name in rows["outcome"]]
    rows["estimate_of_all"] = rows["claim"].map({v.claim.id: _declared_estimate(v) for v in findings.verdicts})
    return marked(rows, findings)


def _claims(findings: Findings) -> pd.DataFrame:
    columns = ("claim", "text", "verdict", "flags", "agreement")
    rows = [(v.claim.id, v.claim.text, str(v.status), " ".join(v.flags), v.agreement) for v in findings.verdicts]
    return pd.DataFrame(rows, columns=list(columns))


def _declared_estimate(verdict: Verdict) -> float | None:
    """The estimate with nothing left out, where one outcome decides and it stands in the unit of the others."""
    first = next((one for one in verdict.specifications if one.declared), None)
    same = first is not None and all(r.scale is first.scale and r.outcome == first.outcome for r in verdict.left_out)
    return first.estimate if first is not None and same else None
