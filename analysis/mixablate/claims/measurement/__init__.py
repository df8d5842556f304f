"""How well a claim's outcomes were measured: missing, acting, saturation, controls, seeds, judges."""
