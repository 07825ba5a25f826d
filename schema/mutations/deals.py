"""Opening, changing, moving and closing deals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry
from strawberry import UNSET

from commands import deals
from models import deals as stored
from models.deals import DealKind, ForecastCategory, Stage
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.deals import Deal
from schema.mutations.translation import MoneyInput, attempt, columns, documented, minor


@documented
@strawberry.input
class DealInput:
    """What a deal may say besides its name and stage; ``probability`` is in percent."""

    owner_id: strawberry.ID | None = UNSET
    contract_id: strawberry.ID | None = UNSET
    kind: DealKind | None = UNSET
    amount: MoneyInput | None = UNSET
    probability: int | None = UNSET
    forecast_category: ForecastCategory | None = UNSET
    close_on: date | None = UNSET
    competitor: str | None = UNSET
    next_step: str | None = UNSET
    next_step_on: date | None = UNSET


@documented
@strawberry.input
class CreateDealInput(DealInput):
    """A new deal on an account; without a stage it is IDENTIFIED, without an owner the caller's own."""

    account_id: strawberry.ID
    name: str
    stage: Stage | None = UNSET
    idempotency_key: str | None = None


@documented
@strawberry.input
class UpdateDealInput(DealInput):
    """Changes of a deal that was read at ``version``: what is absent stays, null clears."""

    id: strawberry.ID
    version: int
    name: str | None = UNSET


@documented
@strawberry.input
class AdvanceDealInput:
    """The open stage that a deal moves to, and on which day (default: today)."""

    id: strawberry.ID
    version: int
    stage: Stage
    on: date | None = None


@documented
@strawberry.input
class CloseDealInput:
    """How a deal ends: WON or LOST, a lost one with its reason; the final amount where it changed."""

    id: strawberry.ID
    version: int
    stage: Stage
    loss_reason: str | None = None
    amount: MoneyInput | None = None
    on: date | None = None


@documented
@strawberry.type
class DealPayload:
    """The deal as it is now, or why nothing was written."""

    deal: Deal | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@documented
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
        """Move an open deal to another open stage, with that stage's probability and category."""
        actor = info.context.actor
        return await _payload(lambda: deals.advance(actor, input.id, input.version, input.stage, input.on))

    @strawberry.mutation
    async def close_deal(self, info: Info, input: CloseDealInput) -> DealPayload:
        """Win or lose a deal."""
        actor = info.context.actor
        return await _payload(
            lambda: deals.close(
                actor,
                input.id,
                input.version,
                input.stage,
                loss_reason=input.loss_reason,
                amount_minor=minor(actor, input.amount, "amount"),
                on=input.on,
            )
        )


async def _payload(command: Callable[[], Awaitable[stored.Deal]]) -> DealPayload:
    deal, errors = await attempt(stored.Deal, command)
    return DealPayload(deal=Deal.of(deal) if deal else None, errors=errors)
