"""Exchange rates, deals that are offered in another currency, and what these come to at other rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commands.journal import check_version, unit_of_work
from commands.permissions import CONFIGURE_SALES, SELL, require
from commands.validation import MAX_MINOR
from metrics.exchange import ratios
from models.access import Actor
from models.base import check_day, latest_today, today
from models.deals import CLOSED_STAGES, Deal
from models.errors import Invalid
from models.rates import ExchangeRate, check_code, convert
from models.visibility import find

#: A rate is at most this, and has at most so many places.
LARGEST_RATE, PLACES = 1_000_000, 10


@dataclass(frozen=True)
class Revaluation:
    """What a revaluation came to: how many open deals changed their amount by the rates of a day."""

    on: date
    changed: int
    unchanged: int


async def set_rate(actor: Actor, currency: str, on: date, rate: Decimal) -> ExchangeRate:
    """Say what one unit of another currency came to on a day in the tenant's; deals stay as they are.

    Raises:
        Invalid: it is no such rate, the tenant's own currency, or the day is in the future.
    """
    require(actor, CONFIGURE_SALES, "set exchange rates")
    check_code(currency, "currency")
    if currency == actor.currency:
        raise Invalid(f"the books are kept in {currency}; its rate is 1", ["currency"])
    _check_past(on)
    if not rate.is_finite() or not 0 < rate <= LARGEST_RATE:
        raise Invalid(f"rate is out of range; allowed: above 0 to {LARGEST_RATE:,}", ["rate"])
    if rate != round(rate, PLACES):
        raise Invalid(f"rate has more than {PLACES} decimals", ["rate"])
    text = f"{rate.normalize():f}"
    known = await ExchangeRate.get_or_none(tenant_id=actor.tenant_id, currency=currency, held_on=on)
    async with unit_of_work(actor, "rates.set") as work:
        if known:
            return await work.update(known, {"rate": text})
        return await work.create(
            ExchangeRate(
                id=ExchangeRate.make_id(), tenant_id=actor.tenant_id, currency=currency, held_on=on, rate=text
            )
        )


async def offer(actor: Actor, deal_id: str, version: int, minor: int, currency: str) -> Deal:
    """Say in which currency and at which amount a deal is offered; its amount is that at today's rate.

    Whatever sets the amount otherwise ends it: the deal is then worth what was said.

    Raises:
        Invalid: the currency is none, or the amount is out of range in the tenant's.
        InvalidTransition: the deal has ended.
        RateMissing: there is no rate of the currency until today.
    """
    require(actor, SELL, "change deals")
    check_code(currency, "currency")
    deal = await find(Deal, actor, deal_id, "id")
    deal.check_open("id")
    async with unit_of_work(actor, "deals.offer") as work:
        check_version(deal, version)
        rates = await ratios(actor.tenant_id, actor.currency, [currency], work.on, "currency")
        amount = _amount(deal, convert(minor, rates[currency]))
        offered = {"offered_minor": minor, "offered_currency": currency, "amount_minor": amount}
        return await work.update(deal, offered, version)


async def revalue(actor: Actor, on: date | None = None) -> Revaluation:
    """Have the open deals that are offered in other currencies come to what they do at the rates of a day.

    Each is an ordinary change of its amount, of today, recorded under the command ``rates.revalue``: what
    changed by the rates alone is told from what somebody changed. All of them or none.

    Raises:
        Invalid: the day is in the future.
        RateMissing: one of the currencies has no rate until that day.
    """
    require(actor, CONFIGURE_SALES, "revalue deals")
    day = on or today()
    _check_past(day)
    changed = 0
    async with unit_of_work(actor, "rates.revalue") as work:
        deals = await _offered(actor)
        currencies = {str(deal.offered_currency) for deal in deals}
        rates = await ratios(actor.tenant_id, actor.currency, currencies, day, "on")
        for deal in deals:
            amount = convert(deal.offered_minor or 0, rates[str(deal.offered_currency)])
            changed += deal.amount_minor != amount
            await work.update(deal, {"amount_minor": _amount(deal, amount)})
    return Revaluation(day, changed, len(deals) - changed)


async def _offered(actor: Actor) -> list[Deal]:
    """The open deals of the tenant that are offered in another currency and that the actor answers for."""
    found = Deal.filter(tenant_id=actor.tenant_id, offered_currency__not_isnull=True)
    rows = await found.exclude(stage__in=list(CLOSED_STAGES)).order_by("id")
    return [deal for deal in rows if actor.owners is None or deal.owner_id in actor.owners]


def _amount(deal: Deal, minor: int) -> int:
    if minor > MAX_MINOR:
        raise Invalid(f"{deal.id} comes to more than an amount can be; allowed: {MAX_MINOR}", ["amount"])
    return minor


def _check_past(day: date) -> None:
    if day > (latest := latest_today()):
        raise Invalid(f"{day} is in the future; allowed: {latest} and earlier", ["on"])
    check_day(day, "on")
