"""Deals move in time: never into the future, never behind what is known, and what ended is not forecast."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from commands import deals
from models.access import Actor, User
from models.asof import as_of_rows
from models.base import today
from models.database import fetch
from models.deals import Deal, Stage
from models.errors import Invalid, InvalidTransition
from tests import factories


@pytest.fixture
async def seller(db: str) -> Actor:
    return await factories.actor(await factories.user(await factories.tenant()))


async def _deal(seller: Actor) -> Deal:
    values = {"owner_id": seller.user_id, "name": "Harbour"}
    account = await factories.account(await User.get(id=seller.user_id), name="Harbour")
    return await deals.create(seller, {**values, "account_id": account.id})


async def test_a_deal_cannot_be_won_in_the_future(seller: Actor) -> None:
    deal = await _deal(seller)
    with pytest.raises(Invalid, match="is in the future"):
        await deals.close(seller, deal.id, deal.version, Stage.WON, on=today() + timedelta(days=2))


async def test_a_deal_is_not_moved_behind_what_is_known_of_it(seller: Actor) -> None:
    account = await factories.account(await User.get(id=seller.user_id))
    week_ago = today() - timedelta(days=7)
    deal = await factories.deal(account, valid_from=week_ago, stage_since=week_ago, probability=10)
    await deals.update(seller, deal.id, 1, {"probability": 60})
    with pytest.raises(Invalid, match="the deal last moved on"):
        await deals.advance(seller, deal.id, 2, Stage.QUALIFIED, on=today() - timedelta(days=1))
    await deals.advance(seller, deal.id, 2, Stage.QUALIFIED)
    assert [await _probability(deal, day) for day in (week_ago, today())] == [10, 25]


async def _probability(deal: Deal, day: date) -> object:
    rows = await fetch(
        f"select d.probability as p from {as_of_rows(Deal, ['probability'])} d where d.id = :id",
        {"tenant": deal.tenant_id, "as_of": day, "id": deal.id},
    )
    return rows[0]["p"]


async def test_a_deal_that_ended_is_not_forecast_any_more(seller: Actor) -> None:
    deal = await _deal(seller)
    deal = await deals.close(seller, deal.id, deal.version, Stage.WON)
    with pytest.raises(InvalidTransition, match="its forecast has ended"):
        await deals.update(seller, deal.id, deal.version, {"probability": 3})
    changed = await deals.update(seller, deal.id, deal.version, {"name": "Harbour, signed"})
    assert changed.name == "Harbour, signed"
