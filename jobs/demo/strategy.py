"""What is known and planned at some accounts: people, plans and plays, trends, competitors, duplicates."""

from __future__ import annotations

from jobs.demo.buying_centres import know_people
from jobs.demo.cast import Cast
from jobs.demo.market import watch_market
from jobs.demo.plans import plan_accounts
from jobs.demo.plays import play, set_plays
from jobs.demo.twins import record_twins
from models.access import Tenant
from models.plans import AccountPlan


async def strategise(tenant: Tenant) -> None:
    """Have the people of the demo plan their accounts; a world that has plans is left alone."""
    if await AccountPlan.filter(tenant_id=tenant.id).exists():
        return
    cast = await Cast.of(tenant)
    await know_people(cast)
    await set_plays(cast)
    await plan_accounts(cast)
    await play(cast)
    await watch_market(cast)
    await record_twins(cast)
