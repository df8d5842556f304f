"""Coverage, size and power of mixablate's methods with few runs: `python -m calibration` from the benchmarks folder."""
