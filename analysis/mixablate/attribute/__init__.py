"""A total change split over components; the parts must add up."""

from mixablate.attribute.attributing import attribute, players_of
from mixablate.attribute.attribution import Attribution, Part
from mixablate.attribute.games import Rule, coalitions, rule_coefficients

__all__ = ["Attribution", "Part", "Rule", "attribute", "coalitions", "players_of", "rule_coefficients"]
