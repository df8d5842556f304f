"""A total change split over components; the parts must add up."""

from mixablate.attribute.attributing import attribute, observed_strata, players_of
from mixablate.attribute.attribution import Attribution, Part
from mixablate.attribute.games import Rule, coalitions, rule_coefficients
from mixablate.attribute.observed_values import observed_game

__all__ = [
    "Attribution",
    "Part",
    "Rule",
    "attribute",
    "coalitions",
    "observed_game",
    "observed_strata",
    "players_of",
    "rule_coefficients",
]
