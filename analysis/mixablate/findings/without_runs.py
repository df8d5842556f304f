"""The findings of a study without runs: what it reports of others, and the verdicts on that."""

from __future__ import annotations

import pandas as pd

from mixablate.claims import judge_published
from mixablate.design import Additions, Design, DesignAudit
from mixablate.findings.findings import Findings, sources_of
from mixablate.findings.published import published_limits, published_of
from mixablate.findings.rates import RATE_COLUMNS, RUN_COLUMNS
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["findings_without_runs"]


def findings_without_runs(study: Study, tables: Tables) -> Findings:
    """Verdicts on published figures; every number that needs a run is absent, none is zero."""
    verdicts = judge_published(study)
    return Findings(
        study=study,
        design=Design((), ()),
        audit=DesignAudit((), (), (), (), {}, (), Additions((), True, ())),
        tables=tables,
        rates=pd.DataFrame(columns=list(RATE_COLUMNS)),
        run_rates=pd.DataFrame(columns=list(RUN_COLUMNS)),
        effects=(),
        regression=(),
        attributions=(),
        verdicts=verdicts,
        limits=published_limits(study),
        notices=tables.notices,
        sources=sources_of(study, tables),
        published=published_of(study, verdicts),
    )
