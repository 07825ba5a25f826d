"""Views with what was known on a day: what was learned later, back-dated or not, changes nothing in them."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from commands import journal
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from commands.journal import FieldChange, unit_of_work
from models.access import Tenant
from models.asof import as_of_rows, view_of
from models.database import Param, Row, fetch
from models.deals import Deal, Stage
from models.view import View
from tests import factories

START = date(2026, 1, 1)
COLUMNS = ["stage", "amount_minor", "close_on", "competitor"]
Rows = list[Row]


async def _view(tenant: Tenant, day: date, known_on: date | None = None) -> Rows:
    params: dict[str, Param] = {"tenant": tenant.id, "as_of": day, "known_on": known_on}
    whole = View(known_on)
    seen = [
        await fetch(f"select * from {as_of_rows(Deal, COLUMNS, view)} t order by id", params)
        for view in (whole, await view_of(tenant.id, day, known_on))
    ]
    assert seen[0] == seen[1]  # what has not moved need not be undone
    return seen[0]


async def test_what_was_known_on_a_day_is_seen_as_it_was_seen_on_that_day(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(11)
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    deals: list[Deal] = []
    seen: dict[tuple[date, date], Rows] = {}
    for today in (START + timedelta(days=n) for n in range(20)):
        monkeypatch.setattr(journal, "today", lambda today=today: today)
        deals += await _added(tenant, account.id, today, rng)
        for deal in deals:
            await _changed(tenant, deal, today, rng)
        for back in range(-3, 12, 3):
            day = today - timedelta(days=back)
            seen[day, today] = await _view(tenant, day)
    assert len({str(view) for view in seen.values()}) > 40
    for (day, known_on), view in seen.items():
        assert await _view(tenant, day, known_on) == view, (day, known_on)


async def _added(tenant: Tenant, account_id: str, today: date, rng: random.Random) -> list[Deal]:
    """Now and then a deal, which may have begun before we learned of it."""
    if rng.random() < 0.6:
        return []
    deal = Deal(
        id=Deal.make_id(), tenant_id=tenant.id, account_id=account_id, name="deal", currency="EUR",
        valid_from=today - timedelta(days=rng.choice([0, 0, 5])), stage=Stage.IDENTIFIED,
    )  # fmt: skip
    async with unit_of_work(system_actor(tenant), "test", on=today) as work:
        return [await work.create(deal)]


async def _changed(tenant: Tenant, deal: Deal, today: date, rng: random.Random) -> None:
    """Now and then a change, some of them of an earlier or a later day than that on which we learn of it."""
    for _ in range(rng.choice([0, 0, 1, 2])):
        values = {
            "stage": rng.choice([Stage.IDENTIFIED, Stage.QUALIFIED, Stage.PROPOSED]),
            "amount_minor": rng.randrange(0, 5) * 100,
            "close_on": rng.choice([None, today, today + timedelta(days=9)]),
            "competitor": rng.choice([None, "Globex"]),
        }
        chosen = dict(rng.sample(list(values.items()), rng.randrange(1, 4)))
        on = today - timedelta(days=rng.choice([0, 0, 0, 4, -2]))
        async with unit_of_work(system_actor(tenant), "test", on=on) as work:
            await work.update(deal, chosen)


async def test_the_history_of_a_first_import_was_known_all_the_time_and_what_comes_later_was_not(
    db: str,
) -> None:
    tenant = await factories.tenant()
    actor = system_actor(tenant, "crm")
    account = await factories.account(await factories.user(tenant))
    values = {"account_id": account.id, "name": "deal", "currency": "EUR", "stage": Stage.LOST}
    lost = FieldChange("stage", Stage.QUALIFIED, Stage.LOST, START + timedelta(days=50))
    for key, history in (("first", True), ("second", False)):
        await upsert(actor, Deal, "crm", [Incoming(key, values, START, (lost,))], on=START, history=history)
    day = START + timedelta(days=10)
    assert [row["stage"] for row in await _view(tenant, day)] == ["QUALIFIED", "QUALIFIED"]
    assert [row["stage"] for row in await _view(tenant, day, known_on=day)] == ["QUALIFIED"]
    later = START + timedelta(days=60)
    assert [row["stage"] for row in await _view(tenant, later, known_on=later)] == ["LOST"]
