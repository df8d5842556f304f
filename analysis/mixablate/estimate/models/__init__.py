"""Regressions on arrays: binomial logits and their kin, and inference that is clustered by run."""
