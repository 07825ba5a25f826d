"""Wins and losses against competitors: worked examples by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest

from commands import competition, deal_competitors
from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.competition import Asked, CompetitorFigure, ledger
from metrics.sales import AsOf, DayRange, SalesFilter
from models.access import Role, Tenant, User
from models.accounts import Account
from models.competition import Competitor
from models.deals import CompetitorStatus, Deal, Stage
from tests import factories
from tests.metrics.selling import on_the_day
from tests.schema.asking import ask, counted, refused

DAY = date(2026, 3, 31)
QUARTER = DayRange(date(2026, 1, 1), DAY)
ASKED = Asked(AsOf(DAY), QUARTER)


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
    against, unknown = await ledger(actor, ASKED)
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
    assert [each.cases for each in await ledger(actor, ASKED)] == [2, 1]
    manager = await factories.actor(await factories.user(tenant, Role.ADMIN))
    beta, alpha = await Competitor.get(name="Beta"), await Competitor.get(name="Alpha")
    await competition.merge(manager, beta.id, alpha.id)
    (only,) = await ledger(actor, ASKED)
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
        assert [each.cases for each in await ledger(actor, Asked(AsOf(DAY), QUARTER, wanted))] == cases
    assert await ledger(await factories.actor(bo), ASKED) == []


BEHIND = """query Behind($asOf: Date, $knownAt: Date, $name: String, $first: Int, $after: String) {
  competitorRecord(closed: {from: "2026-01-01"}, asOf: $asOf, knownAt: $knownAt, name: $name) {
    competitorId name cases won lost pricesSeen
    wonAmount { amount } lostAmount { amount } priceSeen { amount } priceOurs { amount }
    CASES: deals(first: $first, after: $after) { ...Cases }
    WON: deals(figure: WON) { ...Cases }
    LOST: deals(figure: LOST) { ...Cases }
    PRICES_SEEN: deals(figure: PRICES_SEEN) { ...Cases }
  }
}
fragment Cases on CompetitorCaseConnection {
  totalCount
  pageInfo { hasNextPage endCursor }
  nodes { stage closedOn amount { amount } priceSeen { amount } deal { id } }
}"""
NAMES = ("Telco", "TELCO Ltd", "Globex", "globex ", "Nobody knows", None)


async def _written(tenant: Tenant, owners: Sequence[User], chance: Random) -> None:
    """Deals that close in March, and are changed in April, some as of March; prices are seen of some."""
    admin = system_actor(tenant)
    with on_the_day(date(2026, 3, 10)):
        await competition.name_competitor(admin, "Telco", "Telco Ltd")
        accounts = [await factories.account(each) for each in owners]
        written = []
        for number in range(24):
            owner = chance.choice(owners)
            values = {
                "owner_id": owner.id,
                "confidential": number % 6 == 0,
                "competitor": chance.choice(NAMES),
            }
            stage, amount = (
                chance.choice((Stage.WON, Stage.LOST, Stage.PROPOSED)),
                chance.randrange(4) * 10_00,
            )
            closed_on = None if stage.is_open else date(2026, 3, chance.randrange(1, 10))
            of = chance.choice(accounts)
            deal = await _closed(of, stage, amount, closed_on=closed_on, **values)
            for name in chance.sample([each for each in NAMES if each], chance.randrange(3)):
                price = chance.choice((None, 9_00, 30_00))
                await deal_competitors.put(admin, deal.id, name, {"price_minor": price})
            written.append(deal)
    with on_the_day(date(2026, 4, 10)):
        for deal in written:
            values = {
                "stage": chance.choice((Stage.WON, Stage.LOST)),
                "closed_on": date(2026, 3, chance.randrange(1, 28)),
                "amount_minor": chance.randrange(4) * 10_00,
                "competitor": chance.choice(NAMES),
            }
            on = date(2026, chance.choice((3, 4)), 9)
            async with unit_of_work(admin, "test", on=on) as work:
                await work.update(await Deal.get(id=deal.id), dict(chance.sample(list(values.items()), 2)))


async def test_the_deals_behind_a_figure_are_those_that_it_counts(db: str) -> None:
    """For whoever asks, as of any day with whatever was known: as many, and they come to the same."""
    tenant, chance = await factories.tenant(), Random("cases")
    team = await factories.team(tenant)
    ada, bo = [await factories.user(tenant, team_id=team.id) for _ in range(2)]
    roles = (Role.MANAGER, Role.ADMIN, Role.READER)
    others = [await factories.user(tenant, role, team_id=team.id) for role in roles]
    await _written(tenant, (ada, bo), chance)
    differing = set()
    for who, day, known_at in product(
        (ada, bo, *others), ("2026-03-10", "2026-04-10"), ("2026-03-10", "2026-04-10")
    ):
        actor, at = await factories.actor(who), {"asOf": day, "knownAt": known_at}
        found = (await ask(actor, BEHIND, **at))["competitorRecord"]
        differing.add(str(found))
        for each in found:
            behind = {figure: each[figure]["nodes"] for figure in CompetitorFigure.__members__}
            counts = {figure: len(nodes) for figure, nodes in behind.items()}
            assert counts == {figure: each[figure]["totalCount"] for figure in behind}
            assert list(counts.values()) == [each[name] for name in ("cases", "won", "lost", "pricesSeen")]
            assert _summed(behind["WON"]) == Decimal(each["wonAmount"]["amount"])
            assert _summed(behind["LOST"]) == Decimal(each["lostAmount"]["amount"])
            assert _summed(behind["PRICES_SEEN"]) == Decimal(each["priceOurs"]["amount"])
            assert _summed(behind["PRICES_SEEN"], "priceSeen") == Decimal(each["priceSeen"]["amount"])
            ids = [node["deal"]["id"] for node in behind["CASES"]]  # each is seen
            assert len(set(ids)) == len(ids)
            assert {node["deal"]["id"] for node in behind["WON"] + behind["LOST"]} == set(ids)
    assert len(differing) > 8


def _summed(nodes: list[Any], name: str = "amount") -> Decimal:
    return sum((Decimal(node[name]["amount"]) for node in nodes), Decimal())


async def test_the_deals_behind_a_figure_page_by_page(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40.00, 30.00, 30.00, 20.00 and 10.00 against Telco two a page; that it is Globex is said beside."""
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    actor = system_actor(tenant)
    await competition.name_competitor(actor, "Telco", "Telco Ltd")
    for amount in (10_00, 30_00, 20_00, 30_00, 40_00):
        deal = await _closed(account, Stage.LOST, amount, competitor="TELCO")
        await deal_competitors.put(actor, deal.id, "Globex", {"price_minor": amount // 2})
    with counted(monkeypatch) as statements:
        both = (await ask(actor, BEHIND))["competitorRecord"]
    assert [(each["name"], each["cases"]) for each in both] == [("Globex", 5), ("Telco", 5)]
    figures = len(CompetitorFigure)
    assert len([each for each in statements if "placed" in each]) == figures  # for both together
    seen, after, pages = list[str](), None, 0
    while True:
        (telco,) = (await ask(actor, BEHIND, name="telco ltd", first=2, after=after))["competitorRecord"]
        page = telco["CASES"]
        seen += [node["amount"]["amount"] for node in page["nodes"]]
        assert page["totalCount"] == 5
        pages, after = pages + 1, page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (pages, seen) == (3, ["40.00", "30.00", "30.00", "20.00", "10.00"])
    assert (await ask(actor, BEHIND, name="Nobody"))["competitorRecord"] == []
    for wrong, code in (('after: "x"', "INVALID_CURSOR"), ("first: 201", "INVALID")):
        asked = f'{{ competitorRecord(closed: {{}}, name: "Telco") {{ deals({wrong}) {{ totalCount }} }} }}'
        assert (await refused(actor, asked))["code"] == code
