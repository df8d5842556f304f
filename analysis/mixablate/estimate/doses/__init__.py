"""Outcomes against amounts: dose-response curves and their shape, and diversity features beside the token count."""
