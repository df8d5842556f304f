"""The keys of claims about two sets of components that are switched together."""

from __future__ import annotations

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Together"]


class Together(Compared):
    """Two sets of components, and the scale on which their effects are added: it must be stated."""

    together_with: tuple[str, ...] = Field(min_length=1, description="the components they are joined with")
    scale: Scale = Field(description="the scale on which effects add up; interactions differ between scales")

    @model_validator(mode="after")
    def _two_sets(self) -> Together:
        shared = sorted(set(self.components) & set(self.together_with))
        if shared:
            raise ValueError(f'components that are not in both "components" and "together_with" ({", ".join(shared)})')
        return self
