"""The gold cases on this machine: mixablate's numbers beside those of other software."""

from mixablate.selfcheck.checking import CaseResult, check_cases, read_index
from mixablate.selfcheck.comparing import Comparison

__all__ = ["CaseResult", "Comparison", "check_cases", "read_index"]
