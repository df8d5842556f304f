"""Regression on the data mix: fractions that sum to one, so that no part rises unless another falls."""
