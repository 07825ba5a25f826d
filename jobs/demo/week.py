"""A week of selling on top of the demo world: quotas, a forecast, a waiting discount, what could be sold."""

from __future__ import annotations

from datetime import timedelta

from commands import bids, discounts, forecast
from commands.access import system_actor
from commands.discounts import Level
from commands.forecast import Called
from jobs.demo.cast import acting
from jobs.demo.growing import know_whitespace
from jobs.demo.people import DIRECTOR_EMAIL, MANAGER_EMAIL
from models.access import Actor, Role, Tenant, User
from models.base import today
from models.bids import BidDecision, BidDocumentKind
from models.deals import Deal, ForecastCategory, Stage
from models.forecast import Measure, Period, Quota, quarter_of, week_of

#: What a director is to win in a quarter, in minor units.
QUOTA = 400_000_00
_LEVELS = (Level(5, Role.DIRECTOR), Level(20, Role.MANAGER), Level(40, Role.ADMIN, below_floor=True))


async def sell(tenant: Tenant) -> None:
    """Have the people of the demo do this week what people do; a world that has quotas is left alone."""
    admin = system_actor(tenant)
    if await Quota.filter(tenant_id=tenant.id).exists():
        return
    period = quarter_of(today(), tenant.fiscal_month)
    for user in await User.filter(tenant_id=tenant.id, role=Role.DIRECTOR).order_by("id"):
        await forecast.set_quota(admin, user.id, period, Measure.TCV, QUOTA)
    await discounts.set_levels(admin, _LEVELS)
    director, manager = [await acting(tenant, email) for email in (DIRECTOR_EMAIL, MANAGER_EMAIL)]
    await _negotiate(director)
    await _forecast(director, manager, period)
    await know_whitespace(admin, director)


async def _negotiate(director: Actor) -> None:
    """A bid for the largest open deal: twice negotiated, at last for more than a director gives."""
    mine = Deal.filter(tenant_id=director.tenant_id, owner_id=director.user_id)
    deal = await mine.exclude(stage__in=[Stage.WON, Stage.LOST]).order_by("-amount_minor").first()
    if deal is None:
        return
    bid = await bids.create(director, deal.id, f"Tender: {deal.name}", today() + timedelta(days=21))
    await bids.put_document(
        director, bid.id, "https://files.example/tender/call.pdf", "The call", BidDocumentKind.TENDER
    )
    await bids.decide(director, bid.id, BidDecision.GO, "we run their sites, and the champion wants us")
    listed = deal.amount_minor * 20 // 19
    for asked, got, percent in (
        ("a lower monthly charge", "36 months instead of 24", 5),
        ("as low as the incumbent", "two more sites", 12),
    ):
        values = {
            "asked": asked, "got": got, "listed_minor": listed, "floor_minor": listed * 80 // 100,
            "offered_minor": listed * (100 - percent) // 100, "cost_minor": listed * 65 // 100,
        }  # fmt: skip
        await bids.record_round(director, bid.id, values)


async def _forecast(director: Actor, manager: Actor, period: Period) -> None:
    """What the director hands in for the week, and what the manager thinks of it."""
    week, commit = week_of(today()), ForecastCategory.COMMIT
    saved = await forecast.save(director, week, period, [Called(commit, QUOTA // 2)], comment="two to sign")
    await forecast.submit(director, saved.id)
    await forecast.adjust(
        manager, str(director.user_id), week, period, commit, -QUOTA // 20, "one of them needs their board"
    )
