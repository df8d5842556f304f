"""The keys of a claim about the best of several: which levels, or checkpoints, it was chosen from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Compared, Level

__all__ = ["Selectable"]


class Selectable(Compared):
    """A comparison whose treated level, or checkpoint, may have been kept because it did best."""

    selected_from: tuple[Level, ...] = Field(
        (), description="all levels (or steps) that the claim's own was chosen from as the best, its own among them"
    )
    selected_over: Literal["level", "step"] = Field(
        "level", description="whether selected_from holds levels of the component, or training steps"
    )

    @model_validator(mode="after")
    def _several(self) -> Selectable:
        if self.selected_from and len(set(self.selected_from)) < 2:
            raise ValueError('two or more different entries in "selected_from", the claim\'s own among them')
        if len(set(self.selected_from)) < len(self.selected_from):
            raise ValueError('each entry of "selected_from" once')
        if self.selected_from and self.selected_over == "level" and len(self.components) > 1:
            raise ValueError('one component whose levels "selected_from" names')
        return self
