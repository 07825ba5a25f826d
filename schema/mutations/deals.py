"""Opening, changing, moving and closing deals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry
from strawberry import UNSET

from commands import deal_lines, deals
from models import deals as stored
from models.deals import DealKind, ForecastCategory, Stage
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.deals import Deal
from schema.mutations.translation import (
    IDEMPOTENCY_KEY,
    READ_AT,
    MoneyInput,
    attempt,
    columns,
    minor,
)


@strawberry.input
class DealInput:
    """What a deal may say besides its name and stage."""

    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the active user who sells it; null for nobody. Directors and managers name"
        " somebody in their own team.",
    )
    contract_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the contract that it renews or expands, one of the same account; null for"
        " none.",
    )
    kind: DealKind | None = strawberry.field(
        default=UNSET,
        description="What it does to the revenue we have, never null; NEW for a new deal unless given.",
    )
    amount: MoneyInput | None = strawberry.field(
        default=UNSET,
        description="The total contract value, which is all charges over the whole term; never null, 0 for a"
        " new deal unless given.",
    )
    probability: int | None = strawberry.field(
        default=UNSET,
        description="The chance of winning it in percent, 0 to 100, never null; its stage's for a new deal"
        " unless given. INVALID_TRANSITION for a deal that has ended.",
    )
    forecast_category: ForecastCategory | None = strawberry.field(
        default=UNSET,
        description="How it counts in the forecast, never null; its stage's for a new deal unless given."
        " INVALID_TRANSITION for a deal that has ended.",
    )
    close_on: date | None = strawberry.field(
        default=UNSET,
        description="The day on which it is expected to close; null when none is expected. INVALID_TRANSITION"
        " for a deal that has ended.",
    )
    competitor: str | None = strawberry.field(
        default=UNSET,
        description="The main one of who else wants to sell it, up to 200 characters; null when nobody is"
        " known. With `putDealCompetitor` more can be said.",
    )
    uncontested: bool | None = strawberry.field(
        default=UNSET,
        description="Whether it is said that nobody else wants to sell it, never null; false for a new deal"
        " unless given, and whenever a competitor is named.",
    )
    next_step: str | None = strawberry.field(
        default=UNSET,
        description="What is to be done next, up to 500 characters; null when nothing is planned.",
    )
    next_step_on: date | None = strawberry.field(
        default=UNSET, description="The day by which the next step is to be done; null when there is none."
    )


@strawberry.input
class CreateDealInput(DealInput):
    """A new deal on an account; without a stage it is IDENTIFIED, without an owner the caller's own."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account that it is with.")
    name: str = strawberry.field(description="The deal's name, up to 200 characters, not blank.")
    stage: Stage | None = strawberry.field(
        default=UNSET,
        description="The open stage that it is in; default: IDENTIFIED, in a pipeline that of its first"
        " stage.",
    )
    pipeline_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the pipeline that it goes through, one for its kind; default or null: the one"
        " that is the default for its kind, if there is one.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateDealInput(DealInput):
    """Changes of a deal that was read at ``version``: what is absent stays, null clears."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)
    name: str | None = strawberry.field(
        default=UNSET, description="The deal's name, up to 200 characters, neither blank nor null."
    )


_WAIVER = (
    "Why facts that the stages on its way need are waived, up to 500 characters; for managers and"
    " administrators. Default: none is, and FACTS_MISSING names each that lacks."
)


@strawberry.input
class AdvanceDealInput:
    """The open stage, or stage of its pipeline, that a deal moves to, and on which day (default: today)."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)
    stage: Stage | None = strawberry.field(
        default=None,
        description="The open stage that it moves to, forward or back; in a pipeline the first one that"
        " stands for it. Absent or null with `pipelineStageId`.",
    )
    pipeline_stage_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the stage of its pipeline that it moves to. Absent or null with `stage`.",
    )
    waiver: str | None = strawberry.field(default=None, description=_WAIVER)
    on: date | None = strawberry.field(
        default=None,
        description="The day on which it moved, not in the future and not before it moved last; default:"
        " today (UTC).",
    )


@strawberry.input
class CloseDealInput:
    """How a deal ends: WON or LOST, a lost one with its reason; the final amount where it changed."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)
    stage: Stage = strawberry.field(description="How it ended: WON or LOST.")
    loss_reason: str | None = strawberry.field(
        default=None,
        description="Why it was lost, up to 200 characters; needed of a lost one, absent or null of one that"
        " is won.",
    )
    loss_cause: str | None = strawberry.field(
        default=None,
        description="The reason of the loss by the name that `offeredLossReasons` has; needed of a lost one"
        " where the tenant has a list of its own, absent or null of one that is won.",
    )
    waiver: str | None = strawberry.field(default=None, description=_WAIVER)
    amount: MoneyInput | None = strawberry.field(
        default=None, description="The total contract value at which it ended; default: the deal's as it is."
    )
    on: date | None = strawberry.field(
        default=None,
        description="The day on which it ended, not in the future and not before it moved last; default:"
        " today (UTC).",
    )


@strawberry.input
class MoveDealToPipelineInput:
    """The pipeline that a deal goes through from now on."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)
    pipeline_id: strawberry.ID = strawberry.field(
        description="The id of the pipeline, another one that is for deals of its kind and takes new ones."
    )
    pipeline_stage_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the stage of the pipeline that it enters, one for its stage or an earlier one;"
        " default: the first that stands for its stage, else the last before.",
    )
    on: date | None = strawberry.field(
        default=None,
        description="The day on which it moved, not in the future and not before it moved last; default:"
        " today (UTC).",
    )


@strawberry.input
class TakeAmountFromLinesInput:
    """Whose amount becomes the total contract value of its lines."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)


@strawberry.type
class DealPayload:
    """The deal as it is now, or why nothing was written."""

    deal: Deal | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DealMutations:
    """What clients do with deals."""

    @strawberry.mutation
    async def create_deal(self, info: Info, input: CreateDealInput) -> DealPayload:
        """Open a deal; repeated with the same ``idempotencyKey``, answer with the first one."""
        actor = info.context.actor
        return await _payload(
            lambda: deals.create(actor, columns(actor, input), idempotency_key=input.idempotency_key)
        )

    @strawberry.mutation
    async def update_deal(self, info: Info, input: UpdateDealInput) -> DealPayload:
        """Change a deal, except for its stage; CONFLICT, with its present state, at another version."""
        actor = info.context.actor
        return await _payload(lambda: deals.update(actor, input.id, input.version, columns(actor, input)))

    @strawberry.mutation
    async def advance_deal(self, info: Info, input: AdvanceDealInput) -> DealPayload:
        """Move an open deal to another open stage, with that stage's probability and category.

        In a pipeline it goes forward with the facts that the stages need which it leaves on its way, skipped
        ones too: else there is an error FACTS_MISSING for each, whose path ends with the fact's name, and
        nothing is written, unless they are waived. Going back needs nothing.
        """
        actor = info.context.actor
        return await _payload(
            lambda: deals.advance(
                actor,
                input.id,
                input.version,
                input.stage,
                input.on,
                pipeline_stage_id=input.pipeline_stage_id,
                waiver=input.waiver,
            )
        )

    @strawberry.mutation
    async def move_deal_to_pipeline(self, info: Info, input: MoveDealToPipelineInput) -> DealPayload:
        """Move an open deal to another pipeline; its history in the one before stays."""
        actor = info.context.actor
        return await _payload(
            lambda: deals.move_to_pipeline(
                actor, input.id, input.version, input.pipeline_id, input.pipeline_stage_id, input.on
            )
        )

    @strawberry.mutation
    async def take_amount_from_lines(self, info: Info, input: TakeAmountFromLinesInput) -> DealPayload:
        """Make a deal's amount the total contract value of its lines, as they are now.

        Lines never change the amount by themselves; INVALID when there is none.
        """
        actor = info.context.actor
        return await _payload(lambda: deal_lines.take_amount(actor, input.id, input.version))

    @strawberry.mutation
    async def close_deal(self, info: Info, input: CloseDealInput) -> DealPayload:
        """Win or lose a deal.

        It is won out of a pipeline with the facts that the stages need which it has not left: see
        `advanceDeal`. Losing needs nothing.
        """
        actor = info.context.actor
        return await _payload(
            lambda: deals.close(
                actor,
                input.id,
                input.version,
                input.stage,
                loss_reason=input.loss_reason,
                cause=input.loss_cause,
                waiver=input.waiver,
                amount_minor=minor(actor, input.amount, "amount"),
                on=input.on,
            )
        )


async def _payload(command: Callable[[], Awaitable[stored.Deal]]) -> DealPayload:
    deal, errors = await attempt(stored.Deal, command)
    return DealPayload(deal=Deal.of(deal) if deal else None, errors=errors)
