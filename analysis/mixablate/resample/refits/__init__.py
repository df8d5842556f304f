"""Binomial logits refitted to thousands of weightings of the same runs at once; `refit.py` is the way in."""
