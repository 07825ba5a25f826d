"""Quotas, shares, and the week's forecast: what is handed in stays, whoever may opens it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from commands import deals, forecast
from commands.forecast import Called
from metrics.attainment import attainment
from metrics.credit import won
from metrics.forecast import categories
from metrics.organisation import Along
from metrics.weekly import NodeForecast, weekly_forecast
from models import forecast as stored
from models.access import Actor, Role, Team, Tenant, User
from models.deals import Deal, ForecastCategory, Stage
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound
from models.forecast import Measure, Period, SubmissionState
from tests import factories

#: A Wednesday; its week begins on the 18th.
NOW = datetime(2026, 5, 20, 9, 0, tzinfo=UTC)
DAY, WEEK = NOW.date(), date(2026, 5, 18)
QUARTER = Period(date(2026, 4, 1), date(2026, 6, 30))
COMMIT, BEST_CASE, PIPELINE = ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What time it is: the last entry."""
    now = [NOW]
    monkeypatch.setattr(forecast, "utcnow", lambda: now[-1])
    monkeypatch.setattr(forecast, "today", lambda: now[-1].date())
    return now


@dataclass
class World:
    """A region with two teams: Mara manages it, Nils the north, where Ada and Bo are; Cleo is south."""

    tenant: Tenant
    region: Team
    north: Team
    south: Team
    mara: User
    nils: User
    ada: User
    bo: User
    cleo: User

    async def actor(self, name: str) -> Actor:
        return await factories.actor(getattr(self, name))

    async def deal(
        self, owner: str, minor: int, category: ForecastCategory = COMMIT, close_on: date = date(2026, 6, 15)
    ) -> Deal:
        account = await factories.account(getattr(self, owner))
        return await factories.deal(
            account,
            amount_minor=minor,
            forecast_category=category,
            stage=Stage.NEGOTIATING,
            close_on=close_on,
        )


@pytest.fixture
async def world(db: str, clock: list[datetime]) -> World:
    tenant = await factories.tenant()
    region = await factories.team(tenant, name="Region")
    north, south = [await factories.team(tenant, name=n, parent_id=region.id) for n in ("North", "South")]
    mara = await factories.user(tenant, Role.MANAGER, team_id=region.id, name="Mara")
    nils = await factories.user(tenant, Role.MANAGER, team_id=north.id, name="Nils", manager_id=mara.id)
    ada, bo = [
        await factories.user(tenant, team_id=north.id, name=name, manager_id=nils.id)
        for name in ("Ada", "Bo")
    ]
    cleo = await factories.user(tenant, team_id=south.id, name="Cleo", manager_id=mara.id)
    return World(tenant, region, north, south, mara, nils, ada, bo, cleo)


async def handed_in(world: World, who: str, commit: int | None = None) -> stored.ForecastSubmission:
    actor = await world.actor(who)
    saved = await forecast.save(actor, WEEK, QUARTER, [Called(COMMIT, commit, "as agreed")])
    return await forecast.submit(actor, saved.id)


async def nodes(
    world: World, who: str = "mara", along: Along = Along.TEAM, day: date = DAY
) -> dict[str, NodeForecast]:
    found = await weekly_forecast(await world.actor(who), WEEK, QUARTER, day, along)
    return {node.node.name: node for node in found.nodes}


def numbers(node: NodeForecast, category: ForecastCategory = COMMIT) -> tuple[int, int, int]:
    """What is called, the adjustment, and both together."""
    call = node.categories[category].call
    return call.called, call.adjustment, call.adjusted


async def test_categories_are_single_and_cumulative(world: World) -> None:
    """Commit 100, best case 40, pipeline 7, won 20: cumulative 120, 160, and 147 without what is won."""
    await world.deal("ada", 100_00)
    await world.deal("ada", 40_00, BEST_CASE)
    await world.deal("ada", 7_00, PIPELINE)
    await world.deal("ada", 1_000_00, ForecastCategory.OMITTED)
    await world.deal("ada", 500_00, COMMIT, date(2026, 7, 1))
    account = await factories.account(world.ada)
    for minor, closed in ((20_00, date(2026, 5, 1)), (900_00, date(2026, 3, 31))):
        await factories.deal(
            account,
            amount_minor=minor,
            stage=Stage.WON,
            forecast_category=ForecastCategory.CLOSED,
            closed_on=closed,
        )
    found = (await categories(await world.actor("ada"), QUARTER, DAY))[world.ada.id]
    assert [found.of(each).minor for each in (COMMIT, BEST_CASE, PIPELINE)] == [100_00, 40_00, 7_00]
    assert found.of(ForecastCategory.CLOSED).minor == 20_00
    assert [found.cumulative(each).minor for each in (COMMIT, BEST_CASE, PIPELINE)] == [
        120_00,
        160_00,
        147_00,
    ]
    assert found.cumulative(PIPELINE).deals == 3


async def test_what_is_handed_in_stays_whatever_becomes_of_the_deals(world: World) -> None:
    deal = await world.deal("ada", 100_00)
    await world.deal("bo", 50_00)
    await handed_in(world, "ada", 90_00)
    ada = await world.actor("ada")
    await deals.update(ada, deal.id, 1, {"amount_minor": 9_999_00, "close_on": date(2026, 12, 1)})
    found = await nodes(world)
    assert numbers(found["Ada"]) == (90_00, 0, 90_00)
    assert found["Ada"].categories[COMMIT].deals.minor == 100_00
    assert found["Ada"].categories[COMMIT].is_called
    assert numbers(found["Bo"]) == (50_00, 0, 50_00)  # who called nothing: the deals
    assert not found["Bo"].categories[COMMIT].is_called
    assert found["Region"].missing == [world.bo.id, world.cleo.id]


@pytest.mark.parametrize("along", list(Along))
async def test_children_and_adjustments_come_to_their_parent(world: World, along: Along) -> None:
    for who, minor in (("ada", 100_00), ("bo", 50_00), ("cleo", 30_00), ("nils", 5_00)):
        await world.deal(who, minor)
        await handed_in(world, who, minor)
    nils, mara = await world.actor("nils"), await world.actor("mara")
    await forecast.adjust(nils, world.bo.id, WEEK, QUARTER, COMMIT, -20_00, "Bo hopes")
    await forecast.adjust(mara, world.north.id, WEEK, QUARTER, COMMIT, -10_00, "as last time")
    found = await nodes(world, along=along)
    if along is Along.TEAM:
        assert numbers(found["Bo"]) == (50_00, -20_00, 30_00)
        assert numbers(found["North"]) == (135_00, -10_00, 125_00)
        assert numbers(found["Region"]) == (155_00, 0, 155_00)
    else:
        assert numbers(found["Nils"]) == (135_00, 0, 135_00)
        assert numbers(found["Mara"]) == (165_00, 0, 165_00)
    for node in found.values():
        below = [each for each in found.values() if each.node.parent_id == node.node.id]
        own = 5_00 if node.node.name == "Nils" and below else 0
        if below:
            assert numbers(node)[0] == own + sum(numbers(each)[2] for each in below)


async def test_a_director_sees_oneself_and_no_adjustment(world: World) -> None:
    await world.deal("bo", 50_00)
    await handed_in(world, "bo", 50_00)
    await forecast.adjust(await world.actor("nils"), world.bo.id, WEEK, QUARTER, COMMIT, -20_00, "hopes")
    found = await nodes(world, "bo")
    assert list(found) == ["Bo"]
    assert numbers(found["Bo"]) == (50_00, 0, 50_00)
    assert numbers((await nodes(world, "mara"))["Bo"]) == (50_00, -20_00, 30_00)


async def test_who_may_open_it_again_and_until_when(world: World, clock: list[datetime]) -> None:
    submitted = await handed_in(world, "ada", 1_00)
    assert not submitted.is_late
    ada, nils, mara = [await world.actor(who) for who in ("ada", "nils", "mara")]
    with pytest.raises(InvalidTransition):
        await forecast.save(ada, WEEK, QUARTER, [Called(COMMIT, 2_00)])
    with pytest.raises(NotFound):
        await forecast.reopen(await world.actor("cleo"), submitted.id, "mine")
    reopened = await forecast.reopen(ada, submitted.id, "forgot one")
    assert reopened.state == SubmissionState.REOPENED
    await forecast.save(ada, WEEK, QUARTER, [Called(COMMIT, 2_00)])
    assert numbers((await nodes(world))["Ada"])[0] == 1_00  # as it was handed in
    await forecast.submit(ada, submitted.id)
    assert numbers((await nodes(world))["Ada"])[0] == 2_00
    clock.append(datetime(2026, 5, 22, 17, 1, tzinfo=UTC))
    with pytest.raises(Forbidden):
        await forecast.reopen(ada, submitted.id, "again")
    await forecast.reopen(nils, submitted.id, "a large one came in")
    assert (await forecast.submit(ada, submitted.id)).is_late
    clock.append(NOW + timedelta(days=7))
    with pytest.raises(Invalid, match="2026-05-18 is not the present week; allowed: 2026-05-25"):
        await forecast.reopen(mara, submitted.id, "too late")


async def test_nobody_adjusts_what_they_do_not_lead(world: World) -> None:
    nils = await world.actor("nils")
    with pytest.raises(Forbidden, match="own"):
        await forecast.adjust(nils, world.nils.id, WEEK, QUARTER, COMMIT, 1, "why not")
    with pytest.raises(NotFound):
        await forecast.adjust(nils, world.cleo.id, WEEK, QUARTER, COMMIT, 1, "why not")
    for team in (world.region, world.south):
        with pytest.raises(Forbidden):
            await forecast.adjust(nils, team.id, WEEK, QUARTER, COMMIT, 1, "why not")
    with pytest.raises(Forbidden):
        await forecast.set_quota(await world.actor("ada"), world.ada.id, QUARTER, Measure.TCV, 1)
    for amount, category in ((1, ForecastCategory.CLOSED), (1, ForecastCategory.OMITTED), (2**60, COMMIT)):
        with pytest.raises(Invalid):
            await forecast.adjust(nils, world.ada.id, WEEK, QUARTER, category, amount, "why not")


async def test_shares_add_up_to_the_deal_to_the_cent(world: World) -> None:
    """Of 100.01, 33, 33 and 34 percent are 33.00, 33.00 and 34.01: what is left over goes to the last."""
    deal = await world.deal("ada", 100_00)
    mara = await world.actor("mara")
    people = sorted([world.ada.id, world.bo.id, world.cleo.id])
    await forecast.set_splits(mara, deal.id, dict(zip(people, (33, 33, 34), strict=True)), DAY)
    await Deal.filter(id=deal.id).update(amount_minor=100_01)
    found = await categories(mara, QUARTER, DAY)
    shares = [found[each].of(COMMIT).minor for each in people]
    assert shares == [33_00, 33_00, 34_01]
    assert sum(shares) == 100_01
    before = await categories(mara, QUARTER, DAY - timedelta(days=1))
    assert before[world.ada.id].of(COMMIT).minor == 100_01  # it was Ada's alone


async def test_whoever_has_a_share_sees_the_deal(world: World) -> None:
    deal = await world.deal("ada", 100_00)
    cleo = await world.actor("cleo")
    assert world.cleo.id not in await categories(cleo, QUARTER, DAY)
    await forecast.set_splits(await world.actor("mara"), deal.id, {world.ada.id: 60, world.cleo.id: 40}, DAY)
    assert (await categories(cleo, QUARTER, DAY))[world.cleo.id].of(COMMIT).minor == 40_00
    await forecast.set_splits(await world.actor("mara"), deal.id, {}, DAY)
    assert world.cleo.id not in await categories(cleo, QUARTER, DAY)


@pytest.mark.parametrize(
    "shares", [{"ada": 50}, {"ada": 50, "bo": 51}, {"ada": 100, "bo": 0}, {"ada": 110, "bo": -10}]
)
async def test_shares_come_to_a_hundred(world: World, shares: dict[str, int]) -> None:
    deal = await world.deal("ada", 100_00)
    given = {getattr(world, name).id: percent for name, percent in shares.items()}
    with pytest.raises(Invalid):
        await forecast.set_splits(await world.actor("mara"), deal.id, given)


async def test_attainment_gap_and_coverage_by_hand(world: World) -> None:
    """Quota 200, won 50: attainment 0.25, gap 150; open 300: coverage 2. With all of it won, none is left."""
    mara = await world.actor("mara")
    await forecast.set_quota(mara, world.ada.id, QUARTER, Measure.TCV, 200_00)
    await world.deal("ada", 300_00)
    account = await factories.account(world.ada)
    await factories.deal(account, amount_minor=50_00, stage=Stage.WON, closed_on=date(2026, 4, 2))
    found = {node.name: each for node, _, each in await attainment(mara, QUARTER, Measure.TCV, DAY)}
    for name in ("Ada", "North", "Region"):
        standing = found[name]
        found_in = [int(each) for each in (standing.quota, standing.won, standing.gap, standing.open)]
        assert found_in == [200_00, 50_00, 150_00, 300_00]
        assert (standing.attainment, standing.coverage) == (0.25, 2.0)
    assert found["South"].attainment is None
    await forecast.set_quota(mara, world.north.id, QUARTER, Measure.TCV, 50_00)
    found = {node.name: each for node, _, each in await attainment(mara, QUARTER, Measure.TCV, DAY)}
    assert int(found["North"].gap) == 0
    assert (found["North"].coverage, found["North"].attainment) == (None, 1.0)
    assert found["Region"].quota == 50_00  # the team's own, not the sum below it
    assert [each.target for each in await stored.Quota.all().order_by("target")] == [50_00, 200_00]


async def test_quotas_are_measured_in_any_money_and_in_deals(world: World) -> None:
    """36 x 10.00 a month and 50.00 once, shared 60 to 40: MRC 6.00 and 4.00, ACV 72.00 and 48.00."""
    account = await factories.account(world.ada)
    deal = await factories.deal(account, amount_minor=410_00, stage=Stage.WON, closed_on=date(2026, 4, 2))
    product = await factories.product(world.tenant)
    await factories.deal_line(deal, product, mrc_minor=10_00, nrc_minor=50_00, term_months=36)
    await factories.deal_line(deal, product, mrc_minor=99_00, removed_on=date(2026, 3, 1))
    mara = await world.actor("mara")
    await forecast.set_splits(mara, deal.id, {world.ada.id: 60, world.cleo.id: 40}, date(2026, 4, 1))
    got = {
        measure: {who: float(value) for who, value in (await won(mara, QUARTER, measure, DAY)).items()}
        for measure in Measure
    }
    assert got[Measure.TCV] == {world.ada.id: 246_00, world.cleo.id: 164_00}
    assert got[Measure.MRC] == {world.ada.id: 6_00, world.cleo.id: 4_00}
    assert got[Measure.ACV] == {world.ada.id: 72_00, world.cleo.id: 48_00}
    await Tenant.filter(id=world.tenant.id).update(acv_with_one_off=True)
    found = await won(mara, QUARTER, Measure.ACV, DAY)
    assert found == {world.ada.id: 102_00, world.cleo.id: 68_00}  # 12 x 10.00 + 50.00, shared 60 to 40
    assert got[Measure.COUNT] == {world.ada.id: 0.6, world.cleo.id: 0.4}


async def test_the_calendar_is_in_range(world: World) -> None:
    mara = await world.actor("mara")
    tenant = await forecast.set_calendar(
        mara, {"fiscal_month": 4, "forecast_weekday": 1, "forecast_hour": 24}
    )
    assert (tenant.fiscal_month, tenant.forecast_weekday, tenant.forecast_hour) == (4, 1, 24)
    assert await forecast.due(mara, WEEK) == datetime(2026, 5, 19, 0, 0, tzinfo=UTC)
    for values in ({"fiscal_month": 13}, {"fiscal_month": 0}, {"forecast_weekday": 8}, {"forecast_hour": 25}):
        with pytest.raises(Invalid):
            await forecast.set_calendar(mara, values)


@pytest.mark.parametrize(
    ("day", "first_month", "quarter"),
    [
        (date(2026, 5, 20), 1, (date(2026, 4, 1), date(2026, 6, 30))),
        (date(2026, 1, 31), 2, (date(2025, 11, 1), date(2026, 1, 31))),
        (date(2026, 2, 1), 2, (date(2026, 2, 1), date(2026, 4, 30))),
        (date(2028, 2, 29), 3, (date(2027, 12, 1), date(2028, 2, 29))),
        (date(2026, 12, 31), 10, (date(2026, 10, 1), date(2026, 12, 31))),
    ],
)
def test_quarters_of_fiscal_years(day: date, first_month: int, quarter: tuple[date, date]) -> None:
    found = stored.quarter_of(day, first_month)
    assert (found.first, found.last) == quarter
    before = stored.quarter_before(found)
    assert before.last == found.first - timedelta(days=1)
    assert stored.quarter_of(before.first, first_month) == before
