"""The run-level analysis: a number a run, contrasts of arms, the supported region, and an `Effect`."""
