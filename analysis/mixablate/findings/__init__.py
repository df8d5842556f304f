"""The whole story of a study: `analyse(study, tables) -> Findings`."""

from mixablate.findings.analysing import analyse
from mixablate.findings.findings import SCHEMA_VERSION, Findings
from mixablate.findings.judged import Judged, judged

__all__ = ["SCHEMA_VERSION", "Findings", "Judged", "analyse", "judged"]
