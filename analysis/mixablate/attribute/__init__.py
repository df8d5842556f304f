"""A total change split over components; the parts must add up."""

from mixablate.attribute.agreement import ScaleAgreement, scale_agreement
from mixablate.attribute.attributing import AttributedOutcome, attribute_outcome, attribution_scales
from mixablate.attribute.attribution import (
    Attribution,
    Comparison,
    Part,
    WithheldAttribution,
    comparisons_frame,
)
from mixablate.attribute.batched_values import (
    CoalitionRows,
    CoalitionValues,
    batched_parts,
    coalition_gradients,
    coalition_rows,
    coalition_values,
    plain_values,
)
from mixablate.attribute.cells import ValueSource
from mixablate.attribute.coalition import Coalition, coalitions_frame
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
from mixablate.attribute.games import Game, exact_game, pair_game, sampled_game
from mixablate.attribute.inferring import ONE_RUN
from mixablate.attribute.interactions import Interactions, PairInteraction, interactions_frame
from mixablate.attribute.of_study import attribute
from mixablate.attribute.players import LeftOut, Player, Players, players_of, take_part
from mixablate.attribute.rules import PairIndex, Rule, coalitions, pair_coefficients, rule_coefficients
from mixablate.attribute.scales import AttributionScale
from mixablate.attribute.truths import true_parts

__all__ = [
    "MOST_PLAYERS",
    "ONE_RUN",
    "AttributedOutcome",
    "Attribution",
    "AttributionScale",
    "Coalition",
    "CoalitionRows",
    "CoalitionValues",
    "Comparison",
    "Dominance",
    "Explained",
    "ExplainedPart",
    "Game",
    "Interactions",
    "LeftOut",
    "PairIndex",
    "PairInteraction",
    "Part",
    "Player",
    "Players",
    "Rule",
    "ScaleAgreement",
    "ValueSource",
    "WithheldAttribution",
    "attribute",
    "attribute_outcome",
    "attribution_scales",
    "batched_parts",
    "coalition_gradients",
    "coalition_rows",
    "coalition_values",
    "coalitions",
    "coalitions_frame",
    "comparisons_frame",
    "dominance",
    "exact_game",
    "explained_deviance",
    "explained_r2",
    "explained_variation",
    "interactions_frame",
    "pair_coefficients",
    "pair_game",
    "plain_values",
    "players_of",
    "replicated_r2",
    "rule_coefficients",
    "sampled_game",
    "scale_agreement",
    "take_part",
    "true_parts",
]
