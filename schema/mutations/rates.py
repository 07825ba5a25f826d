"""Setting exchange rates, offering deals in other currencies, and revaluing them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import strawberry

from commands import rates
from models import deals
from models import rates as stored
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.deals import Deal
from schema.mutations.deals import DealPayload
from schema.mutations.translation import READ_AT, attempt, minor_units
from schema.rates import ExchangeRate


@strawberry.input
class SetExchangeRateInput:
    """What one unit of another currency came to in the tenant's on a day; it replaces what was said of it."""

    currency: str = strawberry.field(
        description="The other currency, by its ISO 4217 code; INVALID for the tenant's own."
    )
    on: date = strawberry.field(description="The day of the rate, not in the future.")
    rate: Decimal = strawberry.field(
        description="Units of the tenant's currency for one unit, above 0, with at most ten places: 0.9235."
    )


@strawberry.type
class ExchangeRatePayload:
    """The rate as it is now, or what was wrong."""

    exchange_rate: ExchangeRate | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class OfferDealInput:
    """What a deal is offered at, in any currency."""

    id: strawberry.ID = strawberry.field(description="The id of the deal.")
    version: int = strawberry.field(description=READ_AT)
    amount: Decimal = strawberry.field(
        description="In whole units of the currency with at most two places, from 0: 1932466.00."
    )
    currency: str = strawberry.field(description="The currency that it is offered in, by its ISO 4217 code.")


@strawberry.input
class RevalueDealsInput:
    """At the rates of which day deals that are offered in other currencies are valued."""

    on: date | None = strawberry.field(
        default=None, description="The day of the rates, not in the future; default: today (UTC)."
    )


@strawberry.type
class Revaluation:
    """What a revaluation came to."""

    on: date = strawberry.field(description="The day of the rates.")
    changed: int = strawberry.field(description="How many open deals have another amount now.")
    unchanged: int = strawberry.field(description="How many open deals had that amount already.")


@strawberry.type
class RevaluationPayload:
    """What the revaluation came to, or why nothing was written."""

    revaluation: Revaluation | None = column("What it came to; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was done.")


@strawberry.type
class RateMutations:
    """What clients do about other currencies."""

    @strawberry.mutation
    async def set_exchange_rate(self, info: Info, input: SetExchangeRateInput) -> ExchangeRatePayload:
        """Say what another currency came to on a day; deals stay as they are until `revalueDeals`."""
        actor = info.context.actor
        rate, errors = await attempt(
            stored.ExchangeRate, lambda: rates.set_rate(actor, input.currency, input.on, input.rate)
        )
        return ExchangeRatePayload(exchange_rate=ExchangeRate.of(rate) if rate else None, errors=errors)

    @strawberry.mutation
    async def offer_deal(self, info: Info, input: OfferDealInput) -> DealPayload:
        """Offer an open deal in a currency; its amount is what that comes to at today's rate.

        RATE_MISSING without a rate until today. Setting the deal's amount otherwise ends it.
        """
        actor = info.context.actor

        async def offered() -> deals.Deal:
            minor = minor_units(input.amount, "amount")
            return await rates.offer(actor, input.id, input.version, minor, input.currency)

        deal, errors = await attempt(deals.Deal, offered)
        return DealPayload(deal=Deal.of(deal) if deal else None, errors=errors)

    @strawberry.mutation
    async def revalue_deals(self, info: Info, input: RevalueDealsInput) -> RevaluationPayload:
        """Have open deals that are offered in other currencies come to what they do at the rates of a day.

        Of those that the caller or their teams carry. In the audit trail it is `rates.revalue`.
        """
        actor = info.context.actor
        found, errors = await attempt(rates.Revaluation, lambda: rates.revalue(actor, input.on))
        shown = Revaluation(on=found.on, changed=found.changed, unchanged=found.unchanged) if found else None
        return RevaluationPayload(revaluation=shown, errors=errors)
