"""The tenants that reads are measured on: generated, judged, with somebody of each role who asks."""

from __future__ import annotations

from benchmarks.live import live
from benchmarks.portfolio import DAY, generate
from benchmarks.reading.columns import Tenant
from commands import evaluations
from models import accounts as stored
from models import database
from models.access import Role, User


async def judged(url: str, accounts: int, deals: int | None = None) -> Tenant:
    """A tenant of so many accounts, judged, with a director who carries all of them and an administrator."""
    await generate(url, accounts, DAY, deals)
    async with live(url) as (actor, engine):
        await evaluations.evaluate(actor, engine, DAY)
        director = await User.get(tenant_id=actor.tenant_id)
        admin = await User.create(
            id=User.make_id(),
            tenant_id=actor.tenant_id,
            name="Admin",
            email="admin@example.com",
            role=Role.ADMIN,
        )
        await database.refresh_statistics()
    return Tenant(url, actor.tenant_id, {Role.DIRECTOR: director, Role.ADMIN: admin})


async def account_ids(url: str, most: int) -> list[str]:
    """The ids of the first accounts."""
    await database.connect(url)
    try:
        found = stored.Account.all().order_by("id").limit(most)
        return [str(each) for each in await found.values_list("id", flat=True)]
    finally:
        await database.disconnect()
