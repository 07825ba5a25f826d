"""Frozen pipelines: taken once, never changed, and the same when they are rebuilt from the change log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from commands import deals, forecast, journal, merging, snapshots, unmerging
from commands.access import system_actor
from jobs.snapshots import take_missing
from metrics.forecast import categories
from metrics.snapshots import open_deals
from models.access import Actor, Tenant
from models.base import Record
from models.deals import Deal, ForecastCategory, Stage
from models.errors import Invalid, InvalidTransition
from models.forecast import PipelineSnapshot, SnapshotDeal, quarter_of
from tests import factories

MONDAY = date(2026, 5, 18)
SUNDAY = MONDAY - timedelta(days=1)
_DAYS = 120


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Sets what day it is, for whoever writes."""

    def set_day(day: date) -> None:
        for module in (deals, forecast, journal, snapshots):
            for name in ("today", "latest_today"):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, lambda: day)

    return set_day


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def admin(tenant: Tenant) -> Actor:
    return system_actor(tenant)


async def test_a_week_is_frozen_once(admin: Actor, tenant: Tenant, on: Callable[[date], None]) -> None:
    on(SUNDAY)
    ada = await factories.user(tenant)
    account = await factories.account(ada)
    deal = await deals.create(admin, {"account_id": account.id, "name": "Fibre", "amount_minor": 100_00})
    on(MONDAY)
    (taken,) = await snapshots.take_missing(admin)
    assert (taken.as_of, taken.deals, taken.amount_minor) == (SUNDAY, 1, 100_00)
    # What is learned later of that day is not in it.
    await deals.update(admin, deal.id, 1, {"amount_minor": 900_00})
    await deals.advance(admin, deal.id, 2, Stage.PROPOSED, SUNDAY)
    assert await snapshots.take_missing(admin) == []
    assert (await snapshots.take(admin, SUNDAY)).id == taken.id
    assert await snapshots.rebuilt(admin, SUNDAY) == taken.digest
    row = await SnapshotDeal.get(pipeline_snapshot_id=taken.id)
    assert (row.amount_minor, row.stage) == (100_00, Stage.IDENTIFIED)


async def test_a_pipeline_is_the_one_that_was_kept_whatever_its_accounts_became_part_of(
    admin: Actor, tenant: Tenant, on: Callable[[date], None]
) -> None:
    on(SUNDAY)
    ada = await factories.user(tenant)
    first, second, third = [await factories.account(ada) for _ in range(3)]
    await deals.create(admin, {"account_id": third.id, "name": "Fibre", "amount_minor": 100_00})
    on(MONDAY)
    (taken,) = await snapshots.take_missing(admin)
    inner = await merging.merge(admin, second.id, third.id, 1)
    on(MONDAY + timedelta(days=1))
    outer = await merging.merge(admin, first.id, second.id, 1)
    assert (await SnapshotDeal.get(pipeline_snapshot_id=taken.id)).account_id == first.id
    assert await snapshots.rebuilt(admin, SUNDAY) == taken.digest
    # A Sunday that was missed is frozen with the accounts that there are, and is the same later.
    earlier = await snapshots.take(admin, SUNDAY - timedelta(days=7))
    for merge in (outer, inner):
        await unmerging.undo(admin, merge.id)
        assert await snapshots.rebuilt(admin, SUNDAY) == taken.digest
        assert await snapshots.rebuilt(admin, earlier.as_of) == earlier.digest


async def test_what_was_missed_is_frozen_later_as_it_was(
    admin: Actor, tenant: Tenant, on: Callable[[date], None]
) -> None:
    on(SUNDAY - timedelta(days=1))
    account = await factories.account(await factories.user(tenant))
    await deals.create(admin, {"account_id": account.id, "name": "Fibre", "amount_minor": 100_00})
    on(MONDAY)
    await snapshots.take_missing(admin)
    on(MONDAY + timedelta(days=15))
    assert await take_missing() == 2
    days = await PipelineSnapshot.all().order_by("as_of").values_list("as_of", flat=True)
    assert days == [SUNDAY, SUNDAY + timedelta(days=7), SUNDAY + timedelta(days=14)]


@pytest.mark.parametrize("day", [SUNDAY + timedelta(days=7), SUNDAY - timedelta(days=1), MONDAY])
async def test_only_sundays_that_are_over_are_frozen(
    admin: Actor, day: date, on: Callable[[date], None]
) -> None:
    on(MONDAY)
    with pytest.raises(Invalid, match="2026-05-17 and Sundays before"):
        await snapshots.take(admin, day)


async def test_nothing_in_a_snapshot_changes(
    admin: Actor, tenant: Tenant, on: Callable[[date], None]
) -> None:
    on(SUNDAY)
    account = await factories.account(await factories.user(tenant))
    await deals.create(admin, {"account_id": account.id, "name": "Fibre"})
    on(MONDAY)
    taken = await snapshots.take(admin, SUNDAY)
    row = await SnapshotDeal.get(pipeline_snapshot_id=taken.id)
    changes: list[tuple[Record, dict[str, Any]]] = [
        (taken, {"digest": "0" * 64}),
        (row, {"amount_minor": 5}),
        (row, {"stage": Stage.PROPOSED}),
    ]
    for record, values in changes:
        with pytest.raises(InvalidTransition):
            async with journal.unit_of_work(admin, "test") as work:
                await work.update(record, values)


async def test_rebuilding_any_evening_gives_what_was_there(
    admin: Actor, tenant: Tenant, on: Callable[[date], None]
) -> None:
    """Random months of writing, dumped each evening as it was: fifty of them rebuilt, and their forecasts."""
    random = Random(7)
    people = [await factories.user(tenant) for _ in range(3)]
    accounts = [await factories.account(who, valid_from=None) for who in people]
    first = MONDAY - timedelta(days=_DAYS)
    seen: dict[date, tuple[list[tuple[str, int, str, str]], object]] = {}
    standing: list[str] = []
    for number in range(_DAYS):
        day = first + timedelta(days=number)
        on(day)
        for _ in range(random.randint(0, 2)):
            await _write(random, admin, accounts, [who.id for who in people], standing, day)
        if random.random() < 0.45:
            seen[day] = (await _dumped(tenant), await categories(admin, quarter_of(day), day))
    assert len(seen) >= 45
    for day, (dump, forecast_then) in seen.items():
        found = await open_deals(tenant.id, day)
        assert [(d.deal_id, d.amount_minor, d.stage, d.owner_id) for d in found] == dump, day
        assert await categories(admin, quarter_of(day), day, day) == forecast_then, day


async def _write(
    random: Random, admin: Actor, accounts: list[Any], people: list[str], standing: list[str], day: date
) -> None:
    if not standing or random.random() < 0.3:
        account = random.choice(accounts)
        values = {
            "account_id": account.id,
            "name": "Deal",
            "amount_minor": random.randint(1, 10**6),
            "owner_id": random.choice(people),
            "close_on": day + timedelta(days=random.randint(1, 90)),
        }
        standing.append((await deals.create(admin, values)).id)
        return
    deal = await Deal.get(id=random.choice(standing))
    match random.randint(0, 4):
        case 0:
            await deals.update(admin, deal.id, deal.version, {"amount_minor": random.randint(1, 10**6)})
        case 1:
            await deals.update(admin, deal.id, deal.version, {"owner_id": random.choice(people)})
        case 2:
            values = {"forecast_category": random.choice(list(ForecastCategory)[:4])}
            await deals.update(admin, deal.id, deal.version, values)
        case 3:
            back = max(deal.stage_since or day, day - timedelta(days=random.randint(0, 5)))
            stage = random.choice([s for s in Stage if s.is_open and s is not deal.stage])
            try:
                await deals.advance(admin, deal.id, deal.version, stage, back)
            except Invalid:
                return  # it moved after that day
        case _:
            await deals.close(admin, deal.id, deal.version, Stage.WON, on=day)
            standing.remove(deal.id)


async def _dumped(tenant: Tenant) -> list[tuple[str, int, str, str]]:
    rows = await Deal.filter(tenant_id=tenant.id, stage__not_in=["WON", "LOST"]).order_by("id")
    return [(row.id, row.amount_minor, str(row.stage.value), str(row.owner_id)) for row in rows]
