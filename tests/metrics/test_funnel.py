"""The funnel, its stages, pace and slippage, each on deals that one can count by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from commands import deals
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from commands.journal import FieldChange
from metrics.funnel import Line, funnel
from metrics.pace import Pace, WinRateGrouping, pace, win_rates
from metrics.sales import AsOf, DayRange, SalesFilter
from metrics.slippage import Pushes, pushes, slippage
from metrics.stages import StagePassage, Stay, median_stay, stage_passages
from models.access import Actor, Team, Tenant, User
from models.accounts import Account
from models.deals import Deal, DealKind, ForecastCategory, Stage
from tests import factories
from tests.metrics.selling import on_the_day
from tests.schema.asking import ask, counted, refused

DAY = date(2026, 3, 31)
QUARTER = DayRange(date(2026, 1, 1), DAY)
DOCUMENTED = Path(__file__).parents[2] / "docs" / "sales-metrics.md"
APRIL = DayRange(date(2026, 4, 1), date(2026, 4, 30))


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
def actor(tenant: Tenant) -> Actor:
    return system_actor(tenant, "crm")


@pytest.fixture
async def north(tenant: Tenant) -> Team:
    return await factories.team(tenant, name="North")


@pytest.fixture
async def seller(tenant: Tenant, north: Team) -> User:
    return await factories.user(tenant, team_id=north.id, name="Ada")


@pytest.fixture
async def account(seller: User) -> Account:
    return await factories.account(seller, segment="banks")


async def _open(account: Account, amount: int, days: int, **values: object) -> Deal:
    """A deal that closes in April and has been in its stage for so many days."""
    defaults = {
        "stage_since": DAY - timedelta(days=days),
        "close_on": date(2026, 4, 15),
        "amount_minor": amount,
    }
    return await factories.deal(account, **(defaults | values))


async def _closed(account: Account, stage: Stage, amount: int, days: int, **values: object) -> Deal:
    """A deal that closed on the day, so many days after it was identified."""
    defaults = {
        "stage": stage, "closed_on": DAY, "valid_from": DAY - timedelta(days=days), "amount_minor": amount,
    }  # fmt: skip
    return await factories.deal(account, **(defaults | values))


async def test_the_funnel_of_a_period_by_stage_and_by_category(actor: Actor, account: Account) -> None:
    """Proposed: 101 and 200 at 50 %, 300 at 20 %: 50.5 + 100 + 60 = 210.5, to even 210; ages 1, 4, 10."""
    for amount, days, probability in ((101, 1, 50), (200, 4, 50), (300, 10, 20)):
        await _open(account, amount, days, stage=Stage.PROPOSED, probability=probability)
    commit = ForecastCategory.COMMIT
    await _open(account, 1_000, 7, stage=Stage.QUALIFIED, probability=10, forecast_category=commit)
    await _open(account, 9_999, 7, forecast_category=ForecastCategory.OMITTED)
    await _open(account, 9_999, 7, close_on=date(2026, 5, 1))
    await _open(account, 9_999, 7, close_on=None)
    await _closed(account, Stage.WON, 40, 9, closed_on=date(2026, 4, 2))
    await _closed(account, Stage.LOST, 50, 9, closed_on=date(2026, 4, 2))
    found = await funnel(actor, AsOf(DAY), APRIL)
    assert found.stages[Stage.PROPOSED] == Line(3, 601, 210, 4.0, 5.0)
    assert found.stages[Stage.QUALIFIED] == Line(1, 1_000, 100, 7.0, 7.0)
    assert found.stages[Stage.IDENTIFIED] == Line()
    assert found.categories[ForecastCategory.PIPELINE] == found.stages[Stage.PROPOSED]
    assert found.categories[commit] == found.stages[Stage.QUALIFIED]
    assert found.total == Line(4, 1_601, 310, 5.5, 5.5)  # 310.5; ages 1, 4, 7 and 10
    assert (found.won.deals, found.won.amount_minor) == (1, 40)
    assert (found.lost.deals, found.lost.amount_minor) == (1, 50)
    omitted = await funnel(actor, AsOf(DAY), APRIL, categories=[ForecastCategory.OMITTED])
    assert (omitted.total.deals, omitted.total.amount_minor) == (1, 9_999)


async def test_filters_narrow_every_figure(
    actor: Actor, tenant: Tenant, account: Account, north: Team
) -> None:
    below = await factories.team(tenant, name="Below", parent_id=north.id)
    other = await factories.user(tenant, team_id=below.id)
    alone = await factories.user(tenant)
    voice, cloud = [await factories.product(tenant, family=family) for family in ("Voice", "Cloud")]
    first = await _open(account, 1, 1, kind=DealKind.RENEWAL)
    second = await _open(await factories.account(other, segment="retail"), 10, 1)
    await _open(await factories.account(alone, segment="retail"), 100, 1)
    for deal, product in ((first, voice), (first, cloud), (second, cloud)):
        await factories.deal_line(deal, product)
    expected = {
        SalesFilter(): 111,
        SalesFilter(owner_id=alone.id): 100,
        SalesFilter(team_id=north.id): 11,
        SalesFilter(team_id=below.id): 10,
        SalesFilter(segment="retail"): 110,
        SalesFilter(product_family="Cloud"): 11,
        SalesFilter(product_family="Voice"): 1,
        SalesFilter(kinds=frozenset({DealKind.RENEWAL})): 1,
        SalesFilter(team_id=north.id, segment="retail", product_family="Cloud"): 10,
        SalesFilter(segment="x' or 1 = 1 --"): 0,
    }
    for wanted, amount in expected.items():
        assert (await funnel(actor, AsOf(DAY), APRIL, wanted)).total.amount_minor == amount, wanted
        assert (await pace(actor, AsOf(DAY), QUARTER, APRIL, wanted)).open_minor == amount, wanted
    director = await factories.actor(other)
    assert (await funnel(director, AsOf(DAY), APRIL)).total.amount_minor == 10


async def _told(
    account: Account, key: str, *moves: tuple[int, Stage], began: Stage = Stage.IDENTIFIED
) -> None:
    """A deal of the source that was identified on 1 January and moved so many days later."""
    start, before, history = date(2026, 1, 1), began, []
    for days, stage in moves:
        history.append(FieldChange("stage", before, stage, start + timedelta(days=days)))
        before = stage
    values: dict[str, object] = {
        "account_id": account.id,
        "name": key,
        "currency": "EUR",
        "stage": before,
    }
    if not before.is_open:
        values["closed_on"] = history[-1].on
    actor = system_actor(await account.tenant, "crm")  # type: ignore[misc]
    await upsert(actor, Deal, "crm", [Incoming(key, values, start, tuple(history))], on=DAY, history=True)


async def test_what_became_of_the_deals_that_entered_a_stage(actor: Actor, account: Account) -> None:
    """Five are identified: won by every stage, won over two, lost early, lost far on, still there."""
    identified, qualified, proposed, negotiating, won, lost = Stage
    await _told(account, "every", (10, qualified), (20, proposed), (30, negotiating), (40, won))
    await _told(account, "over", (20, negotiating), (30, won))
    await _told(account, "early", (30, lost))
    await _told(account, "far", (40, proposed), (50, qualified), (60, lost))
    await _told(account, "there")
    found = {each.stage: each for each in await stage_passages(actor, AsOf(DAY), QUARTER)}
    # Of those identified, "every", "over" and "far" came further. They left after 10, 20, 30 and 40 days,
    # and one
    # lasts: S = 4/5, 3/5, 2/5 <= 1/2 after 30 days.
    assert found[identified] == StagePassage(identified, 5, 0, 3, 2, 2, 4, 1, 30)
    # "over" passed qualified by, and "far" passed it before it fell back to it and stayed for 10 days, as
    # "every".
    assert found[qualified] == StagePassage(qualified, 3, 1, 3, 2, 1, 2, 0, 10)
    assert found[proposed] == StagePassage(proposed, 3, 1, 2, 2, 1, 2, 0, 10)
    assert found[negotiating] == StagePassage(negotiating, 2, 0, 2, 2, 0, 2, 0, 10)
    assert found[identified].conversion == 3 / 5
    assert found[proposed].win_rate == 2 / 3
    january = await stage_passages(actor, AsOf(DAY), DayRange(date(2026, 1, 5), date(2026, 1, 15)))
    assert [each.entered for each in january] == [0, 1, 0, 0]
    then = {each.stage: each for each in await stage_passages(actor, AsOf(date(2026, 1, 25)), QUARTER)}
    assert (then[identified].advanced, then[identified].won, then[identified].standing) == (2, 0, 3)


@pytest.mark.parametrize(
    ("stays", "median"),
    [
        ([], None),
        ([Stay(5, 1, 0)], 5),
        ([Stay(5, 0, 3)], None),
        # At risk 6, 5 and 3: S = 5/6, 5/6 x 4/5 = 2/3, and 2/3 x 2/3 = 4/9 on day 8.
        ([Stay(2, 1, 0), Stay(4, 1, 1), Stay(8, 1, 1), Stay(9, 0, 1)], 8),
        ([Stay(2, 1, 0), Stay(4, 1, 0)], 2),
        # A mean of what has ended would be 3; most last longer than that.
        ([Stay(3, 2, 0), Stay(30, 0, 5)], None),
    ],
)
def test_the_median_stay_counts_those_that_last(stays: Sequence[Stay], median: int | None) -> None:
    assert median_stay(stays) == median


async def test_win_rates_leave_out_what_is_open(actor: Actor, account: Account, seller: User) -> None:
    """Won 300 and 100, lost 600: 2 of 3, and 400 of 1,000."""
    for stage, amount, competitor in (
        (Stage.WON, 300, "Globex"),
        (Stage.WON, 100, None),
        (Stage.LOST, 600, "Globex"),
    ):
        await _closed(account, stage, amount, 10, competitor=competitor)
    await _closed(account, Stage.WON, 1, 10, closed_on=date(2025, 12, 31))
    await _open(account, 5_000, 1)
    found = await win_rates(actor, AsOf(DAY), QUARTER, WinRateGrouping.COMPETITOR)
    assert (found.total.won, found.total.lost, found.total.won_minor, found.total.lost_minor) == (
        2,
        1,
        400,
        600,
    )
    assert (found.total.by_count, found.total.by_amount) == (2 / 3, 0.4)
    assert [(g.key, g.label, g.by_count, g.by_amount) for g in found.groups] == [
        ("Globex", "Globex", 0.5, 1 / 3), (None, "nobody", 1.0, 1.0),
    ]  # fmt: skip
    for grouping, key, label in (
        (WinRateGrouping.OWNER, seller.id, "Ada"), (WinRateGrouping.TEAM, seller.team_id, "North"),
        (WinRateGrouping.SEGMENT, "banks", "banks"), (WinRateGrouping.KIND, "NEW", "NEW"),
        (WinRateGrouping.PRODUCT_FAMILY, None, "nobody"), (WinRateGrouping.STAGE, None, "nobody"),
    ):  # fmt: skip
        groups = (await win_rates(actor, AsOf(DAY), QUARTER, grouping)).groups
        assert [(g.key, g.label, g.won, g.lost) for g in groups] == [(key, label, 2, 1)], grouping
    assert (await win_rates(actor, AsOf(date(2026, 1, 1)), DayRange(date(2027, 1, 1)))).total.by_count is None


async def test_win_rates_by_the_furthest_stage_and_by_every_product_family(
    actor: Actor, tenant: Tenant, account: Account
) -> None:
    await _told(account, "far", (10, Stage.NEGOTIATING), (20, Stage.PROPOSED), (30, Stage.LOST))
    await _told(account, "short", (30, Stage.WON))
    rates = await win_rates(actor, AsOf(DAY), QUARTER, WinRateGrouping.STAGE)
    assert {g.key: (g.won, g.lost) for g in rates.groups} == {"IDENTIFIED": (1, 0), "NEGOTIATING": (0, 1)}
    far, short = await Deal.get(name="far"), await Deal.get(name="short")
    voice, cloud = [await factories.product(tenant, family=family) for family in ("Voice", "Cloud")]
    for deal, product in ((far, voice), (far, cloud), (far, cloud), (short, cloud)):
        await factories.deal_line(deal, product)
    rates = await win_rates(actor, AsOf(DAY), QUARTER, WinRateGrouping.PRODUCT_FAMILY)
    assert {g.key: (g.won, g.lost) for g in rates.groups} == {"Voice": (0, 1), "Cloud": (1, 1)}
    assert (rates.total.won, rates.total.lost) == (1, 1)


async def test_velocity_is_money_a_day(actor: Actor, account: Account) -> None:
    """40 open x 25,000 on average x 0.25 / 90 days = 2,777.8 a day."""
    assert Pace(DAY, "EUR", 40, 40 * 25_000_00, 1, 3, 90.0, 90.0).velocity_minor == 2_777_78
    for amount in (10_00, 30_00):
        await _open(account, amount, 1)
    for stage, days in ((Stage.WON, 10), (Stage.LOST, 20), (Stage.LOST, 30), (Stage.LOST, 70)):
        await _closed(account, stage, 1, days)
    await _closed(account, Stage.LOST, 1, 1, closed_on=date(2025, 1, 1))
    found = await pace(actor, AsOf(DAY), QUARTER, APRIL)
    assert (found.open_deals, found.open_minor, found.average_minor, found.win_rate) == (
        2,
        40_00,
        20_00,
        0.25,
    )
    assert (found.cycle_days, found.won_cycle_days) == (25.0, 10.0)
    assert found.velocity_minor == 40  # 2 x 20.00 x 0.25 / 25 = 0.40
    nothing = await pace(actor, AsOf(DAY), DayRange(date(2027, 1, 1)))
    assert (nothing.win_rate, nothing.cycle_days, nothing.velocity_minor) == (None, None, None)


async def test_slippage_is_of_what_was_due_as_known_at_the_start(actor: Actor, account: Account) -> None:
    """Due in March: 100 is won, 200 lost, 300 pushed to April, 400 stays open; 500 comes from May."""
    start, later = date(2026, 3, 1), date(2026, 3, 20)
    march = {"close_on": date(2026, 3, 25), "valid_from": date(2026, 1, 1)}
    won, lost, pushed, _ = [
        await factories.deal(account, amount_minor=n, **march) for n in (100, 200, 300, 400)
    ]
    pulled = await factories.deal(account, amount_minor=500, **(march | {"close_on": date(2026, 5, 1)}))
    with on_the_day(later):
        await deals.close(actor, won.id, 1, Stage.WON, amount_minor=90, on=later)
        await deals.close(actor, lost.id, 1, Stage.LOST, loss_reason="price", on=later)
        await deals.update(actor, pushed.id, 1, {"close_on": date(2026, 4, 4), "amount_minor": 350})
        await deals.update(actor, pushed.id, 2, {"close_on": date(2026, 4, 14)})
        await deals.update(actor, pulled.id, 1, {"close_on": date(2026, 3, 25)})
    found = await slippage(actor, AsOf(DAY), start, DAY)
    assert (found.due, found.due_minor, found.slipped, found.slipped_minor) == (4, 1_000, 2, 700)
    assert (found.won, found.won_minor, found.lost, found.lost_minor) == (1, 100, 1, 200)
    assert (found.by_count, found.by_amount) == (0.5, 0.7)
    halfway = await slippage(actor, AsOf(later), start, DAY)
    assert (halfway.due, halfway.slipped, halfway.slipped_minor) == (4, 1, 300)  # the one that was pushed
    assert await pushes(actor, AsOf(DAY), start, DAY) == Pushes(2, 1, 20)  # by 10 and by 10 days
    late = await factories.deal(account, amount_minor=900, **march)
    await Deal.filter(id=late.id).update(known_on=later)
    assert (await slippage(actor, AsOf(DAY), start, DAY)).due == 4  # nobody knew of it on 1 March


async def test_a_view_as_known_on_a_day_leaves_out_what_was_dated_back_to_it(
    actor: Actor, account: Account
) -> None:
    deal = await _open(account, 100, 1)
    corrected = await _open(account, 200, 1, source="crm", external_id="d1")
    past, learned = DAY - timedelta(days=10), DAY - timedelta(days=2)
    with on_the_day(learned):
        await upsert(actor, Deal, "crm", [Incoming("d1", {"amount_minor": 250})], on=past)
    assert deal.amount_minor == 100 and corrected.amount_minor == 200
    day = past + timedelta(days=1)
    assert (await funnel(actor, AsOf(day, day), APRIL)).total.amount_minor == 300  # as it was known then
    assert (await funnel(actor, AsOf(day), APRIL)).total.amount_minor == 350  # as it is known now
    assert (await funnel(actor, AsOf(day, learned), APRIL)).total.amount_minor == 350


VIEWS = """
query ($team: ID!, $after: String) {
  funnel(period: {from: "2026-04-01", until: "2026-04-30"}, asOf: "2026-03-31", filter: {teamId: $team}) {
    asOf total { deals amount { amount currency } weightedAmount { amount } medianDays meanDays }
    stages { stage line { deals } } categories { category line { deals } } won { deals } lost { deals }
  }
  stagePassages(entered: {from: "2026-01-01"}) { stage entered conversion winRate medianDays }
  pipelineChange(since: "2026-01-01", asOf: "2026-03-31", filter: {teamId: $team}) {
    opening { amount } closing { amount } revaluation { amount } won { amount } changedAtClose { amount }
    terms { reason deals change { amount } }
    deals(first: 2, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { reason change { amount } amountBefore { amount } amountAfter { amount } deal { id } }
    }
  }
  largestMovers(since: "2026-01-01", asOf: "2026-03-31", first: 1) { reason change { amount } deal { name } }
  winRates(closed: {from: "2026-01-01"}, groupBy: OWNER) { total { byCount } groups { label won } }
  salesVelocity(closed: {from: "2026-01-01"}) { winRate cycleDays perDay { amount } }
  slippage(from: "2026-01-01", until: "2026-03-31") { due slipped byCount pushes }
}
"""


async def test_clients_read_every_view_in_as_many_statements_however_many_deals_there_are(
    account: Account, north: Team, seller: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    director, numbers = await factories.actor(seller), list[int]()
    for more in (3, 7):
        for amount in range(more):
            await _open(account, 100_00 + amount, 3, valid_from=date(2026, 2, 1), name=f"Deal {amount}")
        with counted(monkeypatch) as statements:
            found = await ask(director, VIEWS, team=north.id)
        numbers.append(len(statements))
    assert max(numbers) < 35  # deals of several fields are loaded together, or one by one
    assert found["funnel"]["total"]["deals"] == 10
    change, seen, after = found["pipelineChange"], list[str](), None
    assert (change["opening"]["amount"], change["closing"]["amount"]) == ("0.00", "1000.24")
    assert [term for term in change["terms"] if term["deals"]] == [
        {"reason": "NEW", "deals": 10, "change": {"amount": "1000.24"}}
    ]
    while True:
        page = (await ask(director, VIEWS, team=north.id, after=after))["pipelineChange"]["deals"]
        seen += [node["deal"]["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(set(seen)) == len(seen) == page["totalCount"] == 10
    assert found["largestMovers"] == [
        {"reason": "NEW", "change": {"amount": "100.06"}, "deal": {"name": "Deal 6"}}
    ]


@pytest.mark.parametrize(
    ("view", "code"),
    [
        ('funnel(filter: {ownerId: "usr_none"}) { asOf }', "NOT_FOUND"),
        ('funnel(period: {from: "2026-02-01", until: "2026-01-01"}) { asOf }', "INVALID"),
        ('pipelineChange(since: "2026-02-01", asOf: "2026-01-01") { asOf }', "INVALID"),
        ('pipelineChange(since: "2026-01-01") { deals(first: 201) { totalCount } }', "INVALID"),
        ('pipelineChange(since: "2026-01-01") { deals(after: "x") { totalCount } }', "INVALID_CURSOR"),
        ('slippage(from: "2026-02-01", until: "2026-01-01") { due }', "INVALID"),
        ('stagePassages(entered: {from: "2026-02-01"}, asOf: "9999-12-31") { entered }', "INVALID"),
        ('winRates(closed: {until: "9999-12-31"}) { asOf }', "INVALID"),
    ],
)
async def test_what_makes_no_sense_is_refused(actor: Actor, view: str, code: str) -> None:
    assert (await refused(actor, f"{{ {view} }}"))["code"] == code


async def test_the_examples_of_the_documentation_are_answered(actor: Actor, account: Account) -> None:
    await _open(account, 100, 1)
    examples = re.findall(r"```graphql\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 6
    for example in examples:
        assert await ask(actor, example)
