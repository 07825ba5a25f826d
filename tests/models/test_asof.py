"""Rows as they were: rebuilt from the change log exactly as they stood on any day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from commands.access import system_actor
from commands.journal import unit_of_work
from models.access import Tenant
from models.asof import as_of_rows
from models.database import as_date, fetch
from models.deals import Deal, Stage
from tests import factories

COLUMNS = ["account_id", "stage", "amount_minor", "close_on", "competitor", "probability"]
START = date(2026, 1, 1)


async def _as_of(tenant: Tenant, day: date) -> dict[str, dict[str, Any]]:
    rows = await fetch(f"select * from {as_of_rows(Deal, COLUMNS)} t", {"tenant": tenant.id, "as_of": day})
    return {
        str(row["id"]): {
            "stage": str(row["stage"]),
            "amount_minor": int(str(row["amount_minor"])),
            "close_on": as_date(row["close_on"]),
            "competitor": row["competitor"],
            "probability": int(str(row["probability"])),
        }
        for row in rows
    }


def _state(deal: Deal) -> dict[str, Any]:
    return {
        "stage": deal.stage.value,
        "amount_minor": deal.amount_minor,
        "close_on": deal.close_on,
        "competitor": deal.competitor,
        "probability": deal.probability,
    }


async def test_any_day_of_a_random_history_is_seen_as_it_was(db: str) -> None:
    rng = random.Random(5)
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    deals = [await factories.deal(account, valid_from=START + timedelta(days=n * 3)) for n in range(4)]
    expected: dict[date, dict[str, dict[str, Any]]] = {}
    for day in (START + timedelta(days=n) for n in range(30)):
        for deal in deals:
            if deal.valid_from and deal.valid_from <= day:
                await _change(tenant, deal, day, rng)
        expected[day] = {d.id: _state(d) for d in deals if d.valid_from and d.valid_from <= day}
    for day, states in expected.items():
        assert await _as_of(tenant, day) == states, day
    assert await _as_of(tenant, START - timedelta(days=1)) == {}
    assert await _as_of(tenant, START + timedelta(days=400)) == {d.id: _state(d) for d in deals}


async def _change(tenant: Tenant, deal: Deal, day: date, rng: random.Random) -> None:
    """None to three changes on one day, values going to and from null."""
    for _ in range(rng.choice([0, 0, 1, 1, 3])):
        values = {
            "stage": rng.choice([Stage.IDENTIFIED, Stage.QUALIFIED, Stage.PROPOSED]),
            "amount_minor": rng.randrange(0, 5) * 100,
            "close_on": rng.choice([None, day, day + timedelta(days=9)]),
            "competitor": rng.choice([None, "Globex", "O'Hara; --"]),
            "probability": rng.randrange(0, 3),
        }
        chosen = dict(rng.sample(list(values.items()), rng.randrange(1, 4)))
        async with unit_of_work(system_actor(tenant), "test", on=day) as work:
            await work.update(deal, chosen)
