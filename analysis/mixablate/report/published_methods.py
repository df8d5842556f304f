"""The rules by which published figures are read and claims on them judged, in words."""

from __future__ import annotations

__all__ = ["PUBLISHED_RULES"]

PUBLISHED_RULES: tuple[tuple[str, str], ...] = (
    (
        "A figure is what its print allows.",
        "A bare figure stands for half a unit of its last digit either way, one with \u201c~\u201d for a whole unit; "
        "\u201c>\u201d, \u201c<\u201d and \u201cup to\u201d for one side of it. A claim is held to the least "
        "favourable rate that a bound or range allows.",
    ),
    (
        "What is not stated is not assumed.",
        "Without n a rate has no interval: the report says from how many rollouts an arm the claim would stand, were "
        "every rollout independent. Without the number of training runs, one an arm is taken.",
    ),
    (
        "Published rates without their runs support no claim about a mix.",
        "The training run is the unit. Given is the tipping run SD: the run-to-run standard deviation on the logit "
        "above which the claim would fall, beside .3 to .7, which are typical. A claim about a mix is decided only "
        "where three or more runs a side and their spread are printed; one about the very models evaluated where n is.",
    ),
    (
        "Only like is compared.",
        "Two figures are compared when quantity, eval, base model and unit are the same. Others form no chain, "
        "whatever their numbers.",
    ),
    (
        "Conflicting reports stand side by side.",
        "A claim is held to every report of a figure that it names; none is averaged, preferred or left out. Reports "
        "that do not lead to one verdict leave the claim undecided.",
    ),
    (
        "Zeros carry bounds.",
        "0 of 100 is at most 2.95 % (one-sided 95 % bound; the two-sided interval reaches 3.6 %). A zero without n "
        "bounds nothing.",
    ),
    (
        "Words are not figures.",
        "\u201cWithin error bars\u201d, \u201csignificant\u201d and values that stand only in a drawing are kept as "
        "they are said; claims on them are untestable, with the record that would make them testable.",
    ),
)
