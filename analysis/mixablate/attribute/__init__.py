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
from mixablate.attribute.dominance import Dominance, dominance
from mixablate.attribute.explained_variation import (
    MOST_PLAYERS,
    Explained,
    ExplainedPart,
    explained_deviance,
    explained_r2,
    explained_variation,
    replicated_r2,
)
from mixablate.attribute.games import Rule, coalitions, rule_coefficients
from mixablate.attribute.model_values import model_coalitions
from mixablate.attribute.observed_values import observed_game

__all__ = [
    "MOST_PLAYERS",
    "Attribution",
    "CoalitionRows",
    "CoalitionValues",
    "Dominance",
    "Explained",
    "ExplainedPart",
    "Part",
    "Rule",
    "attribute",
    "batched_parts",
    "coalition_gradients",
    "coalition_rows",
    "coalition_values",
    "coalitions",
    "dominance",
    "explained_deviance",
    "explained_r2",
    "explained_variation",
    "model_coalitions",
    "observed_game",
    "observed_strata",
    "plain_values",
    "players_of",
    "replicated_r2",
    "rule_coefficients",
]
