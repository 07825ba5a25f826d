"""Pipelines, their stages and reasons of losses as clients see them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from commands.loss_reasons import offered
from models import pipelines as stored
from models.deals import DealKind, ForecastCategory, Stage
from models.described import Described
from models.pipelines import ExitFact
from schema.context import Info
from schema.core.connections import Listed, children, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class PipelineStage(Node, Stored[stored.PipelineStage]):
    """A stage of a pipeline, with what a deal becomes that enters it, and needs to leave it."""

    model = stored.PipelineStage

    version: int = column("Grows by one with each change; an update names the one that it has read.")
    name: str = column("The stage's name.")
    position: int = column("The number of the stage in its pipeline, from 1.")
    stage: Stage = column("The open state of the lifecycle that it stands for.")
    forecast_category: ForecastCategory = column("How a deal that enters it counts in the forecast.")
    probability: int = column("The chance of winning a deal that enters it in percent, 0 to 100.")
    usual_days: int | None = column(
        "For how many days a deal is usually in it; null when nothing is said of that."
    )
    removed_on: date | None = column(
        "The day on which it was taken out of its pipeline; null for one that is in it."
    )
    pipeline = related("schema.pipelines", "Pipeline", "pipeline_id", "The pipeline that it is a stage of.")

    @strawberry.field
    def required(self) -> list[ExitFact]:
        """What a deal needs to leave it forward; going back and losing need nothing."""
        return self.record.facts


@strawberry.type
class Pipeline(Node, Stored[stored.Pipeline]):
    """The way that deals of some kinds take, stage by stage."""

    model = stored.Pipeline

    version: int = column("Grows by one with each change; an update names the one that it has read.")
    name: str = column("The pipeline's name, unlike all others of the tenant.")
    active: bool = column("Whether it takes new deals; those in a retired one go on through it.")
    stages = children(
        "schema.pipelines",
        "PipelineStage",
        "pipeline_id",
        "Its stages in order, without those that were taken out.",
        "position",
        standing="removed_on",
    )

    @strawberry.field
    def kinds(self) -> list[DealKind]:
        """The kinds of deals that it is for."""
        return [DealKind(kind) for kind in self.record.kinds]

    @strawberry.field
    def default_for(self) -> list[DealKind]:
        """The kinds whose new deals go through it unless another pipeline is named; no kind has two such."""
        return [DealKind(kind) for kind in self.record.default_for]


@strawberry.input
class PipelineFilter:
    """Which pipelines; all conditions given must hold."""

    and_: list[PipelineFilter] | None = clause("and")
    or_: list[PipelineFilter] | None = clause("or")
    not_: PipelineFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    active: BooleanFilter | None = UNSET


@strawberry.enum
class PipelineOrderField(Described):
    """What pipelines are ordered by."""

    NAME = "name"


@strawberry.input
class PipelineOrder:
    """One step of an order."""

    field: PipelineOrderField
    direction: Direction = Direction.ASC


PIPELINES = Listed(
    "schema.pipelines",
    "Pipeline",
    Listing(
        stored.Pipeline,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "active": Column("t.active", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class LossReason(Node, Stored[stored.LossReason]):
    """Why deals are lost, as the tenant counts it."""

    model = stored.LossReason

    version: int = column("Grows by one with each change.")
    name: str = column("What it is called, unlike all others of the tenant.")
    active: bool = column("Whether it is in the list of those that a lost deal is given.")


@strawberry.input
class LossReasonFilter:
    """Which reasons; all conditions given must hold."""

    and_: list[LossReasonFilter] | None = clause("and")
    or_: list[LossReasonFilter] | None = clause("or")
    not_: LossReasonFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    active: BooleanFilter | None = UNSET


@strawberry.enum
class LossReasonOrderField(Described):
    """What reasons of losses are ordered by."""

    NAME = "name"


@strawberry.input
class LossReasonOrder:
    """One step of an order."""

    field: LossReasonOrderField
    direction: Direction = Direction.ASC


LOSS_REASONS = Listed(
    "schema.pipelines",
    "LossReason",
    Listing(
        stored.LossReason,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "active": Column("t.active", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class PipelineQueries:
    """Reading how a tenant sells."""

    pipelines = connection(PIPELINES, "The pipelines of the tenant, retired ones too.")

    loss_reasons = connection(
        LOSS_REASONS, "The reasons of losses that the tenant has or had in its list, or that deals have."
    )

    @strawberry.field
    async def offered_loss_reasons(self, info: Info) -> list[str]:
        """The names that `closeDeal` takes for a lost deal: the tenant's list, or a small set without one."""
        return await offered(info.context.actor.tenant_id)
