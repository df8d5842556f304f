"""Findings whose every name is hostile: to pages, to Markdown, to LaTeX, to spreadsheets and to the eye."""

from __future__ import annotations

import dataclasses
import itertools

import findings_example as example
from mixablate.findings import Findings

__all__ = ["HOSTILE", "hostile_findings"]

HOSTILE = {
    "title": "<script>alert('t')</script>",
    "description": "$x_{$ </style><img src=x onerror=alert(1)>",
    "labels": ('=HYPERLINK("http://x";"y")', "\u202eothello\u202c \u05e9\u05dc\u05d5\u05dd", "L" * 5000),
    "outcomes": ("=1+1", "@SUM(A1)", "+1", "-2+3", "\t=1"),
    "text": "]]> --> ${7*7} {{7*7}} | `code` [link](javascript:alert(1)) <b onclick=x>",
}


def hostile_findings() -> Findings:
    """The example study with those names as labels, arms, outcomes, claims, remarks and limits."""
    study = example.example_study()
    components = tuple(
        c.model_copy(update={"label": label}) for c, label in zip(study.components, HOSTILE["labels"], strict=True)
    )
    claims = tuple(c.model_copy(update={"text": HOSTILE["text"], "source": HOSTILE["text"]}) for c in study.claims)
    changes = {"title": HOSTILE["title"], "description": HOSTILE["description"]}
    study = study.model_copy(update=changes | {"components": components, "claims": claims})
    findings = example.example_findings(study)
    arms = tuple(dataclasses.replace(a, label=f"{a.label} {HOSTILE['text']}") for a in findings.design.arms)
    labels = {arm.arm_id: arm.label for arm in arms}
    starts = itertools.cycle(HOSTILE["outcomes"])
    outcomes = {
        name: f"{start} {HOSTILE['title']}"
        for name, start in zip(findings.rates["outcome"].unique(), starts, strict=False)
    }
    return dataclasses.replace(
        findings,
        design=dataclasses.replace(findings.design, arms=arms),
        rates=findings.rates.assign(
            arm=findings.rates["arm_id"].map(labels), outcome_label=findings.rates["outcome"].map(outcomes)
        ),
        limits=(HOSTILE["text"], HOSTILE["labels"][2]),
        effects=tuple(dataclasses.replace(e, notes=(HOSTILE["text"],)) for e in findings.effects),
    )
