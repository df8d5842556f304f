"""A total change split over components; the parts must add up."""

from mixablate.attribute.attributing import attribute, observed_strata, players_of
from mixablate.attribute.attribution import Attribution, Part
from mixablate.attribute.batched_values import (
    CoalitionRows,
    CoalitionValues,
    batched_parts,
    coalition_gradients,
    coalition_rows,
    coalition_values,
    plain_values,
)
from mixablate.attribute.games import Rule, coalitions, rule_coefficients
from mixablate.attribute.model_values import model_coalitions
from mixablate.attribute.observed_values import observed_game

__all__ = [
    "Attribution",
    "CoalitionRows",
    "CoalitionValues",
    "Part",
    "Rule",
    "attribute",
    "batched_parts",
    "coalition_gradients",
    "coalition_rows",
    "coalition_values",
    "coalitions",
    "model_coalitions",
    "observed_game",
    "observed_strata",
    "plain_values",
    "players_of",
    "rule_coefficients",
]
