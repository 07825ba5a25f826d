"""Wins and losses against competitors: worked examples by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from commands import competition, deal_competitors
from metrics.competition import ledger
from metrics.sales import AsOf, DayRange, SalesFilter
from models.access import Role
from models.accounts import Account
from models.competition import Competitor
from models.deals import CompetitorStatus, Deal, Stage
from tests import factories

DAY = date(2026, 3, 31)
QUARTER = DayRange(date(2026, 1, 1), DAY)


async def _closed(account: Account, stage: Stage, amount: int, **values: Any) -> Deal:
    given = {"closed_on": date(2026, 2, 1), **values}
    return await factories.deal(account, stage=stage, amount_minor=amount, **given)


async def test_a_deal_counts_once_for_a_competitor_by_whichever_of_its_names(db: str) -> None:
    """Capability 25: win rate per competitor with interval and number of cases.

    Against Telco: won 300.00, lost 100.00 twice: 1/3 of 3 by count, Wilson 0.0615 to 0.7923.

    The first deal names it three times: as the main one, by the same name and by its other one. Its price
    is known there (270.00 against 300.00) and on a lost deal (90.00 against 100.00): 360 / 400 = 0.9.
    """
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    won = await _closed(account, Stage.WON, 300_00, competitor="TELCO  Ltd")
    lost = await _closed(account, Stage.LOST, 100_00, competitor="Telco")
    await _closed(account, Stage.LOST, 100_00, competitor="telco")
    await _closed(account, Stage.WON, 5_00, competitor="Nobody knows")
    await _closed(account, Stage.WON, 7_00, competitor="Telco", closed_on=date(2025, 12, 31))
    await factories.deal(account, stage=Stage.QUALIFIED, amount_minor=9_00, competitor="Telco")
    telco = await competition.name_competitor(actor, "Telco", "Telco Ltd")
    await deal_competitors.put(actor, won.id, "Telco", {"price_minor": 270_00})
    await deal_competitors.put(actor, won.id, "Telco Ltd", {"status": CompetitorStatus.OUT})
    await deal_competitors.put(actor, lost.id, "Telco", {"price_minor": 90_00})
    assert await Competitor.all().count() == 1
    against, unknown = await ledger(actor, AsOf(DAY), QUARTER)
    assert (against.competitor_id, against.name, against.cases) == (telco.id, "Telco", 3)
    rate = against.rate
    assert (rate.won, rate.lost, rate.won_minor, rate.lost_minor) == (1, 2, 300_00, 200_00)
    assert rate.by_count == pytest.approx(1 / 3)
    assert rate.by_amount == 0.6
    assert against.interval == pytest.approx((0.0615, 0.7923), abs=1e-4)
    assert (against.priced, against.seen_minor, against.ours_minor) == (2, 360_00, 400_00)
    assert against.price_ratio == pytest.approx(0.9)
    assert (unknown.competitor_id, unknown.name, unknown.cases) == (None, "Nobody knows", 1)


async def test_two_names_that_turn_out_to_be_one_competitor_become_one(db: str) -> None:
    tenant = await factories.tenant()
    who = await factories.user(tenant)
    account, actor = await factories.account(who), await factories.actor(who)
    for name in ("Alpha", "Beta"):
        await _closed(account, Stage.LOST, 10_00, competitor=name)
        await competition.name_competitor(actor, name)
    await _closed(account, Stage.WON, 10_00, competitor="Alpha")
    assert [each.cases for each in await ledger(actor, AsOf(DAY), QUARTER)] == [2, 1]
    manager = await factories.actor(await factories.user(tenant, Role.ADMIN))
    beta, alpha = await Competitor.get(name="Beta"), await Competitor.get(name="Alpha")
    await competition.merge(manager, beta.id, alpha.id)
    (only,) = await ledger(actor, AsOf(DAY), QUARTER)
    assert (only.competitor_id, only.rate.won, only.rate.lost) == (alpha.id, 1, 2)


async def test_segments_families_and_what_others_see_narrow_the_record(db: str) -> None:
    tenant = await factories.tenant()
    ada, bo = await factories.user(tenant), await factories.user(tenant)
    public, other = await factories.account(ada, segment="Public"), await factories.account(ada)
    wan = await factories.product(tenant, family="WAN")
    deal = await _closed(public, Stage.WON, 10_00, competitor="Telco")
    await factories.deal_line(deal, wan)
    await _closed(other, Stage.LOST, 10_00, competitor="Telco")
    actor = await factories.actor(ada)
    for wanted, cases in (
        (SalesFilter(), [2]), (SalesFilter(segment="Public"), [1]), (SalesFilter(product_family="WAN"), [1]),
        (SalesFilter(segment="None such"), []),
    ):  # fmt: skip
        assert [each.cases for each in await ledger(actor, AsOf(DAY), QUARTER, wanted)] == cases
    assert await ledger(await factories.actor(bo), AsOf(DAY), QUARTER) == []
