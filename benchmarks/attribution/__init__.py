"""The calibration of attributions: parts of unbalanced designs against their true values."""
