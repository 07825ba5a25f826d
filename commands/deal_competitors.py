"""Who else wants to sell what a deal is about, and which of them is the main one.

``Deal.competitor`` is the name of the main one. It is kept in step in one way: naming a competitor here
makes it the main one if it is said to be, or where the deal has none; taking the main one out makes the next
that stands the main one, in the order WINNER, INCUMBENT, SHORTLISTED and of their naming, or nobody. Writing
``competitor`` on the deal itself says only who is the main one; nobody is named or taken out by it.
"""

from __future__ import annotations

from commands.competition import named
from commands.journal import Values, Work, unit_of_work
from commands.permissions import SELL, require
from commands.validation import validate
from models.access import Actor
from models.deals import CompetitorStatus, Deal, DealCompetitor
from models.errors import InvalidTransition
from models.visibility import find

_ACT = "change the competitors of deals"
#: Who becomes the main one first; whoever is out does not.
_PRESSING = (CompetitorStatus.WINNER, CompetitorStatus.INCUMBENT, CompetitorStatus.SHORTLISTED)


async def put(actor: Actor, deal_id: str, name: str, values: Values, *, main: bool = False) -> DealCompetitor:
    """Name a competitor on a deal, or change what is known of one, whom the name tells from others.

    One whom nobody knows becomes a competitor of the tenant. Of a new one, ``status`` is SHORTLISTED unless
    told. ``price_minor`` is for the whole of the deal.

    Raises:
        NotFound: there is no such deal that the actor sees.
    """
    require(actor, SELL, _ACT)
    deal = await find(Deal, actor, deal_id, "dealId")
    validate(DealCompetitor, {"name": name, **values})
    known = await DealCompetitor.get_or_none(tenant_id=deal.tenant_id, deal_id=deal.id, name=name)
    async with unit_of_work(actor, "deals.put_competitor") as work:
        await named(work, name)
        if known:
            competitor = await work.update(known, {**values, "removed_on": None})
        else:
            new = DealCompetitor(
                id=DealCompetitor.make_id(),
                tenant_id=deal.tenant_id,
                deal_id=deal.id,
                name=name,
                currency=deal.currency,
                **values,
            )
            competitor = await work.create(new)
        work.object_id = competitor.id
        if main or deal.competitor is None:
            await work.update(deal, {"competitor": name, "uncontested": False})
        return competitor


async def remove(actor: Actor, competitor_id: str) -> DealCompetitor:
    """Take a competitor out of a deal, as one who was named by mistake; who lost interest is OUT instead."""
    require(actor, SELL, _ACT)
    competitor = await find(DealCompetitor, actor, competitor_id, "id")
    if competitor.removed_on is not None:
        raise InvalidTransition(f"the competitor was taken out on {competitor.removed_on}", ["id"])
    async with unit_of_work(actor, "deals.remove_competitor") as work:
        await work.update(competitor, {"removed_on": work.on})
        deal = await Deal.get(id=competitor.deal_id)
        if deal.competitor == competitor.name:
            await work.update(deal, {"competitor": await _next(work, deal)})
        return competitor


async def _next(work: Work, deal: Deal) -> str | None:
    """The name of who is the main one now."""
    standing = await DealCompetitor.filter(
        tenant_id=work.actor.tenant_id, deal_id=deal.id, removed_on=None, status__in=list(_PRESSING)
    ).order_by("id")
    ranked = sorted(standing, key=lambda each: _PRESSING.index(CompetitorStatus(each.status)))
    return next((each.name for each in ranked), None)
