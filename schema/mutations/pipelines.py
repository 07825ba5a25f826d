"""Changing how a tenant sells: its pipelines, reasons of losses, and how contract value is counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import strawberry
from strawberry import UNSET

from commands import loss_reasons, pipelines
from models import access
from models import pipelines as stored
from models.deals import DealKind, ForecastCategory, Stage
from models.pipelines import ExitFact
from schema.access import Tenant
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import IDEMPOTENCY_KEY, READ_AT_IF_TOLD, attempt, columns
from schema.pipelines import LossReason, Pipeline

_NAMED = frozenset({"pipeline_id", "position", "stages"})


@strawberry.input
class PipelineStageInput:
    """A stage of a new pipeline."""

    name: str = strawberry.field(description="The stage's name, up to 200 characters, not blank.")
    stage: Stage = strawberry.field(
        description="The open state of the lifecycle that it stands for, not one before that of the"
        " stage before."
    )
    forecast_category: ForecastCategory | None = strawberry.field(
        default=UNSET,
        description="How a deal that enters it counts in the forecast, not CLOSED; default: as the state"
        " has it.",
    )
    probability: int | None = strawberry.field(
        default=UNSET,
        description="The chance of winning a deal that enters it in percent, 0 to 100; default: as the state"
        " has it.",
    )
    usual_days: int | None = strawberry.field(
        default=UNSET,
        description="For how many days a deal is usually in it, 0 or more; null or absent when nothing"
        " is said of that.",
    )
    required: list[ExitFact] | None = strawberry.field(
        default=UNSET, description="What a deal needs to leave it forward, never null; default: nothing."
    )


@strawberry.input
class CreatePipelineInput:
    """A new pipeline with its stages."""

    name: str = strawberry.field(
        description="The pipeline's name, up to 200 characters, not blank and unlike all others."
    )
    kinds: list[DealKind] = strawberry.field(description="The kinds of deals that it is for, one at least.")
    default_for: list[DealKind] = strawberry.field(
        default_factory=list,
        description="The kinds, of those that it is for, whose new deals go through it unless told otherwise;"
        " another pipeline that was the default for one is so no more. Default: none.",
    )
    stages: list[PipelineStageInput] = strawberry.field(
        description="Its stages in order: 1 to 20, in the order of the lifecycle."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdatePipelineInput:
    """Changes of a pipeline: what is absent stays."""

    id: strawberry.ID = strawberry.field(description="The id of the pipeline.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    name: str | None = strawberry.field(
        default=UNSET,
        description="The pipeline's name, up to 200 characters, neither blank nor null, and unlike all"
        " others.",
    )
    kinds: list[DealKind] | None = strawberry.field(
        default=UNSET,
        description="The kinds of deals that it is for, one at least; deals of others that are in it stay."
        " Absent leaves it as it is.",
    )
    default_for: list[DealKind] | None = strawberry.field(
        default=UNSET,
        description="The kinds whose new deals go through it unless told otherwise. Absent leaves it as"
        " it is.",
    )


@strawberry.input
class RetirePipelineInput:
    """Which pipeline takes no more deals."""

    id: strawberry.ID = strawberry.field(description="The id of the pipeline.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class AddPipelineStageInput(PipelineStageInput):
    """A stage that is put into a pipeline."""

    pipeline_id: strawberry.ID = strawberry.field(description="The id of the pipeline.")
    position: int | None = strawberry.field(
        default=None,
        description="The number of the stage, from 1; those after it move on. Default: the last.",
    )


@strawberry.input
class UpdatePipelineStageInput:
    """Changes of a stage: what is absent stays. Deals in it keep probability and category."""

    id: strawberry.ID = strawberry.field(description="The id of the stage.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    name: str | None = strawberry.field(
        default=UNSET, description="The stage's name, up to 200 characters, neither blank nor null."
    )
    stage: Stage | None = strawberry.field(
        default=UNSET,
        description="The open state of the lifecycle that it stands for, never null; INVALID_TRANSITION while"
        " open deals are in it.",
    )
    forecast_category: ForecastCategory | None = strawberry.field(
        default=UNSET,
        description="How a deal that enters it counts in the forecast, not CLOSED and never null.",
    )
    probability: int | None = strawberry.field(
        default=UNSET,
        description="The chance of winning a deal that enters it in percent, 0 to 100, never null.",
    )
    usual_days: int | None = strawberry.field(
        default=UNSET,
        description="For how many days a deal is usually in it, 0 or more; null when nothing is said of"
        " that.",
    )
    required: list[ExitFact] | None = strawberry.field(
        default=UNSET,
        description="What a deal needs to leave it forward, never null. Absent leaves it as it is.",
    )
    position: int | None = strawberry.field(
        default=None, description="The number of the stage in its pipeline, from 1; default: as it is."
    )


@strawberry.input
class RemovePipelineStageInput:
    """Which stage is taken out of its pipeline."""

    id: strawberry.ID = strawberry.field(description="The id of the stage.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class PipelinePayload:
    """The pipeline as it is now, or what was wrong."""

    pipeline: Pipeline | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class SetLossReasonInput:
    """A reason of losses, and whether it is in the tenant's list."""

    name: str = strawberry.field(description="What it is called, up to 200 characters, not blank.")
    active: bool = strawberry.field(default=True, description="Whether it is in the list; default: it is.")


@strawberry.type
class LossReasonPayload:
    """The reason as it is now, or what was wrong."""

    loss_reason: LossReason | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class SetContractValueInput:
    """How the annual contract value of deals is counted."""

    acv_with_one_off: bool = strawberry.field(
        description="Whether the one-off charges of the first year are in it: ACV = MRC x 12 + NRC."
    )
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class ContractValuePayload:
    """The tenant as it is now, or what was wrong."""

    tenant: Tenant | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class PipelineMutations:
    """How managers and administrators say how the tenant sells."""

    @strawberry.mutation
    async def create_pipeline(self, info: Info, input: CreatePipelineInput) -> PipelinePayload:
        """Make a pipeline with its stages; repeated with the same ``idempotencyKey``, answer with it."""
        actor = info.context.actor
        return await _payload(
            lambda: pipelines.create(
                actor,
                _values(columns(actor, input)),
                [columns(actor, stage) for stage in input.stages],
                idempotency_key=input.idempotency_key,
            )
        )

    @strawberry.mutation
    async def update_pipeline(self, info: Info, input: UpdatePipelineInput) -> PipelinePayload:
        """Change a pipeline's name, the kinds of deals that it is for, or for which it is the default."""
        actor = info.context.actor
        return await _payload(lambda: pipelines.update(actor, input.id, columns(actor, input), input.version))

    @strawberry.mutation
    async def retire_pipeline(self, info: Info, input: RetirePipelineInput) -> PipelinePayload:
        """Have a pipeline take no more deals; those that are in it go on through it."""
        return await _payload(lambda: pipelines.retire(info.context.actor, input.id, input.version))

    @strawberry.mutation
    async def add_pipeline_stage(self, info: Info, input: AddPipelineStageInput) -> PipelinePayload:
        """Put a stage into a pipeline."""
        actor = info.context.actor
        return await _payload(
            lambda: pipelines.add_stage(
                actor, input.pipeline_id, _values(columns(actor, input)), input.position
            )
        )

    @strawberry.mutation
    async def update_pipeline_stage(self, info: Info, input: UpdatePipelineStageInput) -> PipelinePayload:
        """Change a stage of a pipeline, or where it stands."""
        actor = info.context.actor
        return await _payload(
            lambda: pipelines.update_stage(
                actor, input.id, _values(columns(actor, input)), input.position, input.version
            )
        )

    @strawberry.mutation
    async def remove_pipeline_stage(self, info: Info, input: RemovePipelineStageInput) -> PipelinePayload:
        """Take a stage out of its pipeline; INVALID_TRANSITION while open deals are in it."""
        return await _payload(lambda: pipelines.remove_stage(info.context.actor, input.id, input.version))

    @strawberry.mutation
    async def set_loss_reason(self, info: Info, input: SetLossReasonInput) -> LossReasonPayload:
        """Put a reason into the tenant's list of reasons of losses, or take it out.

        With one in the list, a lost deal must have one of the list; without, a small set is offered.
        """
        actor = info.context.actor
        reason, errors = await attempt(
            stored.LossReason, lambda: loss_reasons.put(actor, input.name, active=input.active)
        )
        return LossReasonPayload(loss_reason=LossReason.of(reason) if reason else None, errors=errors)

    @strawberry.mutation
    async def set_contract_value(self, info: Info, input: SetContractValueInput) -> ContractValuePayload:
        """Say whether the annual contract value has the one-off charges of the first year in it."""
        actor = info.context.actor
        tenant, errors = await attempt(
            access.Tenant,
            lambda: pipelines.set_contract_value(
                actor, with_one_off=input.acv_with_one_off, version=input.version
            ),
        )
        return ContractValuePayload(tenant=Tenant.of(tenant) if tenant else None, errors=errors)


def _values(given: dict[str, object]) -> dict[str, object]:
    """The columns of a pipeline or a stage, without what says where it is."""
    return {name: value for name, value in given.items() if name not in _NAMED}


async def _payload(command: Callable[[], Awaitable[stored.Pipeline]]) -> PipelinePayload:
    pipeline, errors = await attempt(stored.Pipeline, command)
    return PipelinePayload(pipeline=Pipeline.of(pipeline) if pipeline else None, errors=errors)
