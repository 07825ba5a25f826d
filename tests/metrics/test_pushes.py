"""The push counts that deals carry are what the change log says, whoever moves the close date."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

from commands import deals
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from commands.journal import FieldChange
from metrics.pushes import Pushes, pushes
from models.access import Role
from models.base import today
from models.deals import Deal
from tests import factories

MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)


async def test_later_moves_count_and_earlier_ones_take_nothing_away(db: str) -> None:
    admin = await factories.user(await factories.tenant(), Role.ADMIN)
    actor = await factories.actor(admin)
    deal = await factories.deal(await factories.account(admin))
    for version, day in enumerate((MARCH, APRIL, MARCH, None, MAY, MAY + timedelta(days=9)), 1):
        deal = await deals.update(actor, deal.id, version, {"close_on": day})
    assert (deal.pushes, deal.days_pushed) == (2, 30 + 9)
    assert await pushes(actor, [deal.id], today()) == {deal.id: Pushes(2, 39)}
    assert await pushes(actor, [deal.id], today() - timedelta(days=1)) == {deal.id: Pushes()}
    stranger = await factories.actor(await factories.user(await factories.tenant(), Role.ADMIN))
    assert await pushes(stranger, [deal.id], today()) == {deal.id: Pushes()}


async def test_commands_and_imports_keep_the_counts_that_the_log_has(db: str) -> None:
    random, tenant = Random("pushes"), await factories.tenant()
    admin = await factories.user(tenant, Role.ADMIN)
    account, actor = await factories.account(admin), await factories.actor(admin)
    crm = system_actor(tenant, "crm")
    days = [MARCH + timedelta(days=random.randrange(60)) for _ in range(40)]
    ends = {f"D{number}": days[number] for number in range(8)}
    for round_ in range(3):
        rows = []
        for key in ends:
            steps = [ends[key], *(random.choice(days) for _ in range(random.randrange(3)))]
            moves = [
                FieldChange("close_on", old, new, MARCH + timedelta(days=round_))
                for old, new in pairwise(steps)
                if old != new
            ]
            ends[key] = steps[-1]
            values = {"account_id": account.id, "name": key, "currency": "EUR", "close_on": ends[key]}
            rows.append(Incoming(key, values, date(2026, 1, 1), tuple(moves)))
        await upsert(crm, Deal, "crm", rows, on=APRIL, history=round_ == 0)
        for deal in await Deal.all().order_by("id").limit(4):
            day = random.choice(days)
            await deals.update(actor, deal.id, deal.version, {"close_on": day})
            ends[str(deal.external_id)] = day
    stored = {deal.id: Pushes(deal.pushes, deal.days_pushed) for deal in await Deal.all()}
    assert await pushes(actor, list(stored), today()) == stored
    assert sum(each.times for each in stored.values()) > 8
