"""The shape of `study.toml` as it is written: components under their ids, the baseline as one table."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mixablate.study.claim_kinds import Claim, Level
from mixablate.study.declaration import Analysis, ComponentType, TablePaths
from mixablate.study.mixture import Mixture
from mixablate.study.published_kinds import PublishedClaim
from mixablate.study.reported import Reported

__all__ = ["ComponentEntry", "StudyFile"]


class ComponentEntry(BaseModel):
    """One `[components.<id>]` section."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = Field("", description="its name for people (default: the id)")
    group: str = Field("", description="components reported together")
    type: ComponentType = Field(ComponentType.FLAG, description="how its column is read")
    column: str = Field("", description="the runs column it is read from (default: the id), e.g. mix.tool_chats")
    target: Level | None = Field(
        None, description="its level in the full mix (flag: default 1; dose and fraction: required; category: optional)"
    )


class StudyFile(BaseModel):
    """A study file. Keys that are not listed here are refused.

    Tables and components may be left out, together, where figures that others reported are all there is.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"anyOf": [{"required": ["tables", "components"]}, {"required": ["reported"]}]},
    )

    title: str = Field(min_length=1, description="what was studied, in words")
    description: str = Field("", description="a paragraph for the report's head")
    simulated: bool = Field(False, strict=True, description="the outcomes come from a simulation; said on every page")
    truth: str = Field("", description="of a simulated study: the truth file its tables were drawn from, relative")
    seed: Annotated[int, Field(ge=0, strict=True, description="of every random draw the analysis makes")]
    baseline: dict[str, Level] | None = Field(
        None, description="the reference mix: component id -> level; optional when every component is a category"
    )
    tables: TablePaths | None = Field(None, description="where the tables are, relative to this file")
    analysis: Analysis = Field(default=Analysis(), description="how the tables are analysed; every key has a default")
    mixture: Mixture = Field(
        default=Mixture(), description="how the fractions of the mix are analysed; every key has a default"
    )
    components: dict[str, ComponentEntry] = Field(
        default_factory=dict, description="the parts of the data mix whose effects are asked for, by id"
    )
    claims: tuple[Claim, ...] = Field((), description="what is claimed, declared before looking")
    reported: tuple[Reported, ...] = Field((), description="figures that others reported, as they are printed")
    published_claims: tuple[PublishedClaim, ...] = Field((), description="claims that rest on those figures alone")
