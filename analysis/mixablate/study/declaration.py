"""The frozen shape of a study file."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from mixablate.errors import nearest
from mixablate.study.claim_kinds import Claim, Level, MatchesRate
from mixablate.study.lock_file import Lock
from mixablate.study.mixture import Mixture
from mixablate.study.published_kinds import PublishedClaim
from mixablate.study.reported import Reported

__all__ = ["Analysis", "Component", "ComponentType", "Study", "TablePaths"]


EMBEDDED = "duckdb"
"""The engine that sums rollouts unless another is declared."""

ENGINE = re.compile(r"duckdb|spark|yarn|local(-cluster)?\[[^\[\]\s]+\]|[a-z][a-z0-9+.-]*://\S+")
ENGINE_PASSWORD = re.compile(r"[^:]+://[^/@]*:[^/@]*@")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ComponentType(StrEnum):
    """How a component's column is read: 0/1, an amount, a share of the mix, or a name."""

    FLAG = "flag"
    DOSE = "dose"
    FRACTION = "fraction"
    CATEGORY = "category"


class TablePaths(_Frozen):
    """Where the tables are, relative to the study file."""

    runs: str = Field(min_length=1, description="one row per trained model (CSV)")
    outcomes: str | None = Field(None, min_length=1, description="one row per run and eval: counts or scores (CSV)")
    rollouts: str | None = Field(
        None, min_length=1, description="instead: one row per rollout (CSV, JSONL, Parquet; a file, folder or pattern)"
    )
    engine: str = Field(
        EMBEDDED, description='where rollouts are summed: "duckdb" (here), "spark", a Spark master, an Ibis URL'
    )
    evals: str = Field(min_length=1, description="one row per eval (CSV)")
    labels: str | None = Field(None, min_length=1, description="what people said of rollouts that a judge scored (CSV)")
    sentinels: tuple[float, ...] | None = Field(
        None, description='values that stand for "not scored", such as [-1]; [] says that none does'
    )
    rename: dict[str, str] = Field(default_factory=dict, description="their column -> ours")

    @model_validator(mode="after")
    def _one_outcome_table(self) -> TablePaths:
        if (self.outcomes is None) == (self.rollouts is None):
            raise ValueError('exactly one of "outcomes" and "rollouts" is required')
        if self.rollouts is None and self.engine != EMBEDDED:
            raise ValueError('"engine" sums "rollouts"; outcomes are read as they are')
        return self

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, engine: str) -> str:
        if not ENGINE.fullmatch(engine):
            required = (
                '"duckdb", "spark", a Spark master such as "spark://host:7077" or "local-cluster[2,1,1024]", or an '
                'Ibis connection URL such as "trino://host/catalog"'
            )
            raise PydanticCustomError("engine", "{required}", {"required": required})
        if ENGINE_PASSWORD.match(engine):
            required = "a URL without one: the declaration is shown to others"
            raise PydanticCustomError("engine_password", "{required}", {"required": required})
        return engine


class Analysis(_Frozen):
    """How the tables are analysed; every key has a default."""

    level: float = Field(0.95, gt=0.5, lt=1.0, strict=True, description="of two-sided intervals")
    draws: int = Field(
        9999, ge=99, le=1_000_000, strict=True, description="Monte Carlo draws where enumeration is too long"
    )
    block: tuple[str, ...] = Field((), description="run columns compared within, never across")
    pair: str = Field("", description="run column that pairs runs over arms, e.g. seed")
    scenarios: Literal["fixed", "random"] = Field(
        "fixed", description='means over evals speak about these evals, or about others like them ("random")'
    )
    adjust: Literal["holm", "hochberg", "max_t"] = Field("holm", description="of p-values within a family of claims")
    attribute: Literal["auto", "means", "every_outcome"] = Field(
        "auto",
        description="outcomes whose change is split over components: means over evals and evals that claims name, "
        'or every eval as well; "auto" takes every eval where that makes at most 600 parts',
    )
    covariates: tuple[str, ...] = Field((), description="run columns adjusted for in the regression line")
    mix_tolerance: float = Field(1e-6, gt=0.0, le=0.05, strict=True, description="how far mix fractions may sum from 1")
    step: int | float | Literal["last"] | None = Field(None, description="the checkpoint that headlines")
    metric: str | None = Field(None, description="the metric that headlines, when tables hold several")
    judge: str | None = Field(None, description="the judge that headlines, when tables hold several")
    same_seed: Literal["one_run", "independent"] = Field(
        "one_run", description="runs of one arm with one seed: counted once, or trainings of their own"
    )
    pool: tuple[Literal["metric", "judge", "task_version"], ...] = Field(
        (), description="keys whose rows may be pooled although they differ"
    )


class Component(_Frozen):
    """One part of the data mix whose effect is asked for."""

    id: str
    label: str
    group: str = ""
    type: ComponentType = ComponentType.FLAG
    column: str
    target: Level | None = Field(None, description="its level in the full mix")
    baseline: Level | None = Field(None, description="its level in the reference mix")


class Study(_Frozen):
    """A whole declaration. `folder` is where its relative paths start; `lock` is None where nothing was locked.

    `file` is the name of the file it was read from and `file_sha256` the hash of its bytes, both empty where none was.

    `tables` is None, and there are no components, where a study rests on reported figures alone.
    """

    title: str = Field(min_length=1, description="what was studied, in words")
    description: str = ""
    simulated: bool = Field(False, strict=True, description="the outcomes come from a simulation; said on every page")
    truth: str = Field("", description="of a simulated study: the truth file its tables were drawn from, relative")
    seed: Annotated[int, Field(ge=0, strict=True, description="of every random draw the analysis makes")]
    tables: TablePaths | None
    analysis: Analysis = Analysis()
    mixture: Mixture = Mixture()
    components: tuple[Component, ...]
    claims: tuple[Claim, ...] = ()
    reported: tuple[Reported, ...] = ()
    published_claims: tuple[PublishedClaim, ...] = ()
    folder: Path = Path()
    file: str = ""
    file_sha256: str = ""
    lock: Lock | None = None

    @model_validator(mode="after")
    def _records_cited(self) -> Study:
        records = {record.id: record for record in self.reported}
        cited = (claim.citing(records) if isinstance(claim, MatchesRate) else claim for claim in self.claims)
        object.__setattr__(self, "claims", tuple(cited))  # claims of the study's own: those handed in stay as they are
        return self

    @model_validator(mode="after")
    def _names_hold(self) -> Study:
        known = [component.id for component in self.components]
        for claim in self.claims:
            for name in claim.named_components:
                if name not in known:
                    raise ValueError(f'claim "{claim.id}" names the unknown component "{name}". {nearest(name, known)}')
        ids = [claim.id for claim in self.claims]
        for repeated in sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f'claim id "{repeated}" is used twice; ids must be unique')
        return self

    def component(self, component_id: str) -> Component:
        """The declared component of that id.

        Raises:
            KeyError: no component has it.
        """
        for component in self.components:
            if component.id == component_id:
                return component
        raise KeyError(component_id)
