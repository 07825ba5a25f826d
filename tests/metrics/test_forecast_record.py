"""The record of forecasts: figures by hand, and the same recomputed in plain Python from what was frozen."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from commands import access
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from metrics.forecast_record import (
    Accuracy,
    Coverage,
    ForecastRecord,
    ForecastSource,
    NodeRecord,
    forecast_record,
    record_by_lead,
    record_by_period,
)
from metrics.frozen_forecasts import Asked
from metrics.organisation import Along
from metrics.proportions import wilson
from models.access import Actor, Role, Team, Tenant, User
from models.base import today
from models.deals import Deal, ForecastCategory
from models.errors import NotFound
from models.forecast import DealSplit, Period, SubmissionState, period_before, quarter_of
from models.history import AuditRecord, Change
from tests import factories
from tests.metrics.forecasts import Writer, changed, week_before
from tests.metrics.selling import on_the_day
from tests.schema.asking import ask, refused

Q1, Q2, Q3, Q4 = (
    Period(date(2025, 1, 1), date(2025, 3, 31)),
    Period(date(2025, 4, 1), date(2025, 6, 30)),
    Period(date(2025, 7, 1), date(2025, 9, 30)),
    Period(date(2025, 10, 1), date(2025, 12, 31)),
)
BEFORE = period_before(Q1)
TODAY = date(2026, 2, 1)
ASKED = Asked(date(2024, 1, 1), TODAY, TODAY)
CALL, ADJUSTED, DEALS, PROJECTION = ForecastSource


@dataclass
class Region:
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

    @property
    def admin(self) -> Actor:
        return system_actor(self.tenant, "crm")

    @property
    def writer(self) -> Writer:
        return Writer(self.tenant)


@pytest.fixture
async def world(db: str) -> Region:
    tenant = await factories.tenant()
    region = await factories.team(tenant, name="Region")
    north, south = [await factories.team(tenant, name=n, parent_id=region.id) for n in ("North", "South")]
    mara = await factories.user(tenant, Role.MANAGER, team_id=region.id, name="Mara")
    nils = await factories.user(tenant, Role.MANAGER, team_id=north.id, name="Nils", manager_id=mara.id)
    ada, bo = [
        await factories.user(
            tenant, team_id=north.id, name=name, manager_id=nils.id, source="crm", external_id=name
        )
        for name in ("Ada", "Bo")
    ]
    cleo = await factories.user(tenant, team_id=south.id, name="Cleo", manager_id=mara.id)
    return Region(tenant, region, north, south, mara, nils, ada, bo, cleo)


async def _wins(world: Region, who: User, **amounts: int) -> None:
    """What somebody won in each quarter, on its first day."""
    periods = {"before": BEFORE, "q1": Q1, "q2": Q2, "q3": Q3, "q4": Q4}
    for name, minor in amounts.items():
        await world.writer.wins(who, periods[name].first, minor)


def _named(found: ForecastRecord) -> dict[str, NodeRecord]:
    return {each.node.name: each for each in found.nodes if each.node}


async def test_each_figure_by_hand(world: Region) -> None:
    """Ada won 100, 80, 120 and 100 after 60 before; she called 110, 100, 90 and 100.

    Errors 10, 20, 30 and 0 are 60 of 400: WAPE 0.15. Forecast - actual is 10 + 20 - 30 = 0: no bias. To
    repeat the quarter before is off by 40, 20, 40 and 20, together 120: MASE 0.5. MAPE is the mean of
    10/100, 20/80, 30/120 and 0, 0.15. Adjusted by -10 each time, 100, 90, 80 and 90: off by 0, 10, 40 and
    10, again 0.15, and 0 + 10 - 40 - 10 = -40 of 400, a bias of -0.1.
    """
    await _wins(world, world.ada, before=60_00, q1=100_00, q2=80_00, q3=120_00, q4=100_00)
    for period, called in ((Q1, 110_00), (Q2, 100_00), (Q3, 90_00), (Q4, 100_00)):
        await world.writer.hands_in(world.ada, period, called, deals=200_00)
        await world.writer.puts_on_top(world.nils, world.ada, period, -10_00)
    found = _named(await forecast_record(world.admin, ASKED, 28))["Ada"]
    assert found.handed_in == 4
    assert found.accuracy[CALL] == Accuracy(4, 400_00, 400_00, 0.15, 0.0, 0.5, 0.15)
    adjusted = found.accuracy[ADJUSTED]
    assert (adjusted.forecast_minor, adjusted.wape, adjusted.bias) == (360_00, 0.15, -0.1)
    # 200 each time is 100, 120, 80 and 100 too high.
    deals = found.accuracy[DEALS]
    assert (deals.forecast_minor, deals.wape, deals.bias) == (800_00, 1.0, 1.0)
    assert found.accuracy[PROJECTION] == Accuracy(0, 0, 0, None, None, None, None)


async def test_whoever_always_calls_ten_percent_above(world: Region) -> None:
    """WAPE 10 %; sum (forecast - actual) is 10 % of the actual, the other way round it is -10 %."""
    for number, period in enumerate((Q1, Q2, Q3, Q4), 1):
        await world.writer.wins(world.ada, period.last, number * 1_000_00)
        await world.writer.hands_in(world.ada, period, number * 1_100_00)
    found = _named(await forecast_record(world.admin, ASKED, 28))
    for node in ("Ada", "North", "Region"):
        accuracy = found[node].accuracy[CALL]
        assert accuracy.wape == pytest.approx(0.1)
        assert accuracy.bias == pytest.approx(0.1)
        actual_less_forecast = (accuracy.actual_minor - accuracy.forecast_minor) / accuracy.actual_minor
        assert actual_less_forecast == pytest.approx(-0.1)
        assert accuracy.mape == pytest.approx(0.1)


async def test_errors_of_people_cancel_out_in_their_team(world: Region) -> None:
    """Ada is 30 too high, Bo 10 too low, each of 100; North is 20 of 200, with -20 from Nils on it none."""
    await _wins(world, world.ada, q4=100_00)
    await _wins(world, world.bo, q4=100_00)
    await _wins(world, world.cleo, q4=500_00)  # who handed in nothing, and is in no figure
    await world.writer.hands_in(world.ada, Q4, 130_00)
    await world.writer.hands_in(world.bo, Q4, None, deals=90_00)  # no number: the deals stand
    await world.writer.puts_on_top(world.nils, world.north, Q4, -20_00)
    await world.writer.puts_on_top(world.mara, world.south, Q4, 999_00)  # on top of nothing
    record = await forecast_record(world.admin, ASKED, 28)
    found = _named(record)
    assert [found[name].accuracy[CALL].wape for name in ("Ada", "Bo", "North")] == [0.3, 0.1, 0.1]
    for node in (found["North"], found["Region"], record.total):
        assert node.accuracy[ADJUSTED].wape == 0.0
        assert (node.handed_in, node.accuracy[CALL].actual_minor) == (2, 200_00)
    assert found["South"].accuracy[CALL].periods == 0
    by_manager = _named(await forecast_record(world.admin, _with(along=Along.MANAGER), 28))
    assert by_manager["Mara"].accuracy[ADJUSTED].forecast_minor == 220_00  # teams are no nodes there


def _with(**changes: Any) -> Asked:
    return Asked(**{**ASKED.__dict__, **changes})


async def test_nothing_is_said_where_it_is_not_defined(world: Region) -> None:
    await world.writer.hands_in(world.ada, Q3, 10_00)
    found = _named(await forecast_record(world.admin, ASKED, 28))["Ada"].accuracy[CALL]
    assert found == Accuracy(1, 10_00, 0, None, None, None, None)
    await _wins(world, world.ada, q4=10_00)
    await world.writer.hands_in(world.ada, Q4, 10_00)
    found = _named(await forecast_record(world.admin, ASKED, 28))["Ada"].accuracy[CALL]
    assert (found.wape, found.mase, found.mape) == (1.0, 1.0, None)  # one period with nothing won: no MAPE


async def test_which_forecasts_count(world: Region) -> None:
    """What is handed in, before the period is over, for the week; of quarters unless said otherwise."""
    writer, ada = world.writer, world.ada
    await _wins(world, ada, q2=100_00, q3=100_00, q4=100_00)
    await writer.hands_in(ada, Q4, 101_00, state=SubmissionState.DRAFT)
    await writer.hands_in(ada, Q3, 102_00, state=SubmissionState.REOPENED)  # counts as it was handed in
    await writer.hands_in(ada, Q4, 103_00, week=week_before(Q4, 0), on=Q4.last)
    late = await writer.hands_in(ada, Q2, 104_00, week=week_before(Q2, 0), on=Q2.last + timedelta(days=1))
    year = Period(Q1.first, Q4.last)
    await writer.hands_in(ada, year, 105_00)

    async def called(lead: int, **changes: Any) -> int:
        found = await forecast_record(world.admin, _with(**changes), lead)
        return _named(found)["Ada"].accuracy[CALL].forecast_minor

    assert late.submitted_at
    assert late.submitted_at.date() > Q2.last
    assert await called(28) == 102_00
    assert await called(28, months=None) == 102_00 + 105_00
    assert await called(28, months=12) == 105_00
    assert await called(0) == 103_00
    assert await called(28, ended_by=Q3.last - timedelta(days=1)) == 0
    assert await called(28, since=Q4.last) == 0
    assert await called(28, category=ForecastCategory.PIPELINE) == 0


@pytest.mark.parametrize(("lead", "week"), [(0, "2025-12-29"), (3, "2025-12-22"), (9, "2025-12-22")])
async def test_the_week_is_the_one_that_holds_the_day(world: Region, lead: int, week: str) -> None:
    """The year ends on a Wednesday: 3 days before is the Sunday of the week before, 9 days its Monday."""
    for number in range(4):
        monday = date(2025, 12, 8) + timedelta(weeks=number)
        await world.writer.hands_in(world.ada, Q4, 1, week=monday, on=monday)
    (found,) = await record_by_period(world.admin, ASKED, world.ada.id, lead)
    assert found.made.week == date.fromisoformat(week)
    assert found.pairs[CALL].made == found.made


async def test_shares_of_deals_are_what_was_won(world: Region) -> None:
    deal = await world.writer.wins(world.ada, Q4.first, 100_00)
    for user, percent in ((world.ada, 70), (world.cleo, 30)):
        await DealSplit.create(
            id=DealSplit.make_id(), tenant_id=world.tenant.id, deal_id=deal.id, user_id=user.id,
            percent=percent, valid_from=Q4.first,
        )  # fmt: skip
        await world.writer.hands_in(user, Q4, 50_00)
    found = _named(await forecast_record(world.admin, ASKED, 28))
    won = {name: found[name].accuracy[CALL].actual_minor for name in ("Ada", "Cleo", "Region")}
    assert won == {"Ada": 70_00, "Cleo": 30_00, "Region": 100_00}


async def test_what_was_won_follows_corrections_until_the_day_and_the_forecast_does_not(
    world: Region,
) -> None:
    deal = await world.writer.wins(world.ada, Q4.first, 100_00)
    await Deal.filter(id=deal.id).update(source="crm", external_id="d1")
    await world.writer.hands_in(world.ada, Q4, 100_00)
    with on_the_day(TODAY):
        await upsert(world.admin, Deal, "crm", [Incoming("d1", {"amount_minor": 150_00})], on=Q4.first)
    day_before = TODAY - timedelta(days=1)
    for asked, won in ((ASKED, 150_00), (_with(until=day_before, known_on=day_before), 100_00)):
        (found,) = await record_by_period(world.admin, asked, world.ada.id, 28)
        pair = found.pairs[CALL]
        assert (pair.forecast_minor, pair.actual_minor, pair.error_minor) == (100_00, won, 100_00 - won)


async def test_people_count_where_they_were_in_the_week(world: Region) -> None:
    """Ada moves south after her forecast of the third quarter: that stays with the north."""
    await _wins(world, world.ada, q3=100_00, q4=100_00)
    await world.writer.hands_in(world.ada, Q3, 90_00)
    await world.writer.hands_in(world.ada, Q4, 80_00)
    with on_the_day(Q3.last + timedelta(days=1)):
        await access.upsert_users(world.admin, [changed(world.ada, team_id=world.south.id)])
    found = _named(await forecast_record(world.admin, ASKED, 28))
    called = {name: found[name].accuracy[CALL].forecast_minor for name in ("Ada", "North", "South", "Region")}
    assert called == {"Ada": 170_00, "North": 90_00, "South": 80_00, "Region": 170_00}
    assert found["Ada"].node and found["Ada"].node.parent_id == world.south.id
    # Who has become something else is still shown, and counted.
    with on_the_day(TODAY):
        await access.upsert_users(world.admin, [changed(world.ada, role=Role.READER)])
    again = _named(await forecast_record(world.admin, ASKED, 28))
    assert {name: again[name].accuracy[CALL].forecast_minor for name in called} == called


async def test_lead_times_side_by_side(world: Region) -> None:
    """The nearer the end the better: 50, 20 and 10 too high of 100."""
    await _wins(world, world.ada, q4=100_00)
    for lead, called in ((91, 150_00), (28, 120_00), (7, 110_00)):
        await Writer(world.tenant, lead).hands_in(world.ada, Q4, called)
    for node in (world.ada.id, world.north.id, None):
        found = await record_by_lead(world.admin, ASKED, node, [91, 28, 7, 14])
        assert {lead: each.accuracy[CALL].wape for lead, each in found.items()} == {
            91: 0.5, 28: 0.2, 7: 0.1, 14: None,
        }  # fmt: skip
    with pytest.raises(NotFound):
        await record_by_lead(world.admin, ASKED, "team_unknown", [7])


async def test_period_by_period_with_the_forecasts_of_people(world: Region) -> None:
    await _wins(world, world.ada, q3=100_00, q4=50_00)
    await _wins(world, world.bo, q4=10_00)
    writer = world.writer
    for who, period, called in ((world.ada, Q3, 120_00), (world.ada, Q4, 60_00), (world.bo, Q4, 10_00)):
        await writer.hands_in(who, period, called, deals=1_00)
    await writer.puts_on_top(world.nils, world.ada, Q4, -5_00)
    await writer.projects(world.ada, Q4, 30_00, 40_00, 49_99)
    await writer.projects(world.north, Q4, 30_00, 55_00, 60_00)
    latest, first = await record_by_period(world.admin, ASKED, world.north.id, 28)
    assert [(each.handed_in.user_id, each.error_minor) for each in first.people] == [(world.ada.id, 20_00)]
    assert latest.made.period == Q4
    assert {source: pair.error_minor for source, pair in latest.pairs.items()} == {
        CALL: 10_00, ADJUSTED: 5_00, DEALS: 2_00 - 60_00, PROJECTION: -5_00,
    }  # fmt: skip
    assert latest.interval and latest.interval.has_it  # 60.00 is the upper end
    ada = next(each for each in latest.people if each.handed_in.user_id == world.ada.id)
    assert (ada.put_on_top_minor, ada.expected_minor, ada.actual_minor, ada.error_minor) == (
        -5_00, 40_00, 50_00, 10_00,
    )  # fmt: skip
    (own, _) = await record_by_period(world.admin, ASKED, world.ada.id, 28)
    assert own.interval and not own.interval.has_it  # 50.00 is a cent above


async def test_a_projection_is_held_up_against_what_all_its_people_won(world: Region) -> None:
    """Bo called nothing; the north is projected with him, and the tenant with Cleo. Refusals do not count."""
    await _wins(world, world.ada, q4=60_00)
    await _wins(world, world.bo, q4=40_00)
    await _wins(world, world.cleo, q4=100_00)
    await world.writer.hands_in(world.ada, Q4, 60_00)
    await world.writer.projects(world.north, Q4, 80_00, 90_00, 120_00)
    await world.writer.projects(world.tenant, Q4, 201_00, 220_00, 230_00)
    await world.writer.projects(world.bo, Q4, None, None, None)
    record = await forecast_record(world.admin, ASKED, 28)
    found = _named(record)
    assert found["North"].accuracy[CALL].actual_minor == 60_00
    assert found["North"].accuracy[PROJECTION].wape == 0.1
    assert record.total.accuracy[PROJECTION].bias == 0.1
    assert found["Bo"].accuracy[PROJECTION].periods == 0
    assert (found["North"].coverage.inside, record.total.coverage.inside) == (1, 0)
    assert record.coverage == Coverage(2, 1, 0.5, *wilson(0.5, 2), 0.8)
    nils = await forecast_record(await factories.actor(world.nils), ASKED, 28)
    assert _named(nils)["North"].accuracy[PROJECTION].wape == 0.1
    assert nils.total.accuracy[PROJECTION].periods == 0


async def test_a_projection_of_a_period_that_was_over_counts_where_that_is_asked_for(world: Region) -> None:
    await _wins(world, world.ada, q3=100_00, q4=100_00)
    await world.writer.projects(world.ada, Q3, 80_00, 90_00, 95_00, on=Q3.last)
    await world.writer.projects(world.ada, Q4, 80_00, 90_00, 120_00, on=Q4.last + timedelta(days=1))
    for asked, periods, inside in ((ASKED, 1, 0), (_with(projected_later=True), 2, 1)):
        found = _named(await forecast_record(world.admin, asked, 28))["Ada"]
        assert (found.accuracy[PROJECTION].periods, found.coverage.inside) == (periods, inside)


async def test_intervals_of_eighty_percent_cover_that_within_their_sampling_error(world: Region) -> None:
    """Of what is drawn evenly from 0 to 1,000.00, 80 % lies between 100.00 and 900.00.

    Wilson's interval for 200 of them has a half-width of some 5.5 %.
    """
    rng = random.Random(11)
    months = [Period(date(2020, 1, 1), date(2020, 1, 31))]
    for _ in range(39):
        after = months[-1].last + timedelta(days=1)
        months.append(Period(after, (after + timedelta(days=32)).replace(day=1) - timedelta(days=1)))
    for period in months:
        for who in (world.ada, world.bo, world.cleo, world.nils, world.mara):
            await world.writer.wins(who, period.last, rng.randrange(1_000_00))
            await world.writer.projects(who, period, 100_00, 500_00, 900_00)
    asked = _with(since=date(2020, 1, 1), months=1)
    record = await forecast_record(world.admin, asked, 28)
    found = record.coverage
    assert (found.intervals, found.confidence) == (200, 0.8)
    assert found.low is not None and found.high is not None and found.share is not None
    assert found.low < 0.8 < found.high
    assert found.high - found.low == pytest.approx(0.11, abs=0.01)
    own = _named(record)["Ada"].coverage
    assert (own.intervals, own.inside) == (40, round((own.share or 0) * 40))


async def test_managers_have_the_record_of_their_own_people(world: Region) -> None:
    await _wins(world, world.ada, q4=100_00)
    await _wins(world, world.cleo, q4=100_00)
    for who in (world.ada, world.cleo):
        await world.writer.hands_in(who, Q4, 150_00)
    await world.writer.puts_on_top(world.mara, world.ada, Q4, -50_00)
    seen = {}
    for who in (world.mara, world.nils, world.ada, world.cleo):
        record = await forecast_record(await factories.actor(who), ASKED, 28)
        seen[who.name] = {each.node.name: each.handed_in for each in record.nodes if each.node}
        assert record.total.handed_in == sum(
            handed_in for name, handed_in in seen[who.name].items() if name in ("Ada", "Cleo")
        )
    assert seen["Cleo"] == {"Cleo": 1}
    assert seen["Ada"] == {"Ada": 1}
    assert seen["Nils"] == {"North": 1, "Ada": 1, "Bo": 0, "Nils": 0}
    assert seen["Mara"] == {
        "Region": 2, "North": 1, "South": 1, "Ada": 1, "Bo": 0, "Cleo": 1, "Nils": 0, "Mara": 0,
    }  # fmt: skip
    nils = await factories.actor(world.nils)
    adjusted = _named(await forecast_record(nils, ASKED, 28))["Ada"].accuracy[ADJUSTED]
    assert adjusted.forecast_minor == 150_00  # what Mara put on top is not his to see
    for node in (world.cleo.id, world.south.id, world.region.id):
        with pytest.raises(NotFound):
            await record_by_period(nils, ASKED, node, 28)


DOCUMENTED = Path(__file__).parents[2] / "docs" / "weekly-forecast.md"
EXAMPLES = {
    name: text
    for text, name in re.findall(r"```graphql\n(query (\w+).*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
}


async def test_clients_read_what_is_documented(world: Region) -> None:
    """The quarter that ended last: Ada called 120.00, adjusted by -10.00; 100.00 came, and 80.00 before."""
    last = period_before(quarter_of(today()))
    await world.writer.wins(world.ada, last.first, 100_00)
    await world.writer.wins(world.ada, period_before(last).last, 80_00)
    await world.writer.hands_in(world.ada, last, 120_00, deals=150_00)
    await world.writer.puts_on_top(world.nils, world.ada, last, -10_00)
    await world.writer.projects(world.ada, last, 90_00, 95_00, 99_00)
    await world.writer.projects(world.tenant, last, 90_00, 95_00, 110_00)
    record, towards, periods = (EXAMPLES[name] for name in ("Record", "Towards", "Periods"))
    nils = await factories.actor(world.nils)
    assert (await ask(nils, EXAMPLES["Monday"]))["forecast"]["nodes"]
    found = (await ask(nils, record))["forecastRecord"]
    ada = next(each for each in found["nodes"] if each["name"] == "Ada")
    assert ada["depth"] == 1
    assert ada["record"]["accuracy"][1] == {
        "source": "ADJUSTED", "periods": 1, "forecast": {"amount": "110.00"}, "actual": {"amount": "100.00"},
        "wape": 0.1, "bias": 0.1, "mase": 0.5, "mape": 0.1,
    }  # fmt: skip
    assert [each["wape"] for each in ada["record"]["accuracy"]] == [0.2, 0.1, 0.5, 0.05]
    assert found["total"]["coverage"]["intervals"] == 0
    whole = (await ask(world.admin, record))["forecastRecord"]["total"]
    low, high = wilson(1.0, 1)
    assert whole["coverage"] == {
        "intervals": 1, "inside": 1, "share": 1.0, "low": low, "high": high, "confidence": 0.8,
    }  # fmt: skip
    at = (await ask(nils, towards))["forecastRecordByLead"]
    assert [(each["leadDays"], each["record"]["handedIn"]) for each in at] == [
        (91, 0), (56, 0), (28, 1), (14, 0), (7, 0),
    ]  # fmt: skip
    (period,) = (await ask(nils, periods))["forecastRecordByPeriod"]
    assert period["firstOn"] == last.first.isoformat()
    assert period["people"] == [
        {
            "user": {"name": "Ada"},
            "called": {"amount": "120.00"},
            "adjustment": {"amount": "-10.00"},
            "deals": {"amount": "150.00"},
            "projection": {"amount": "95.00"},
            "actual": {"amount": "100.00"},
            "error": {"amount": "20.00"},
            "submission": {**period["people"][0]["submission"], "isLate": False},
        }
    ]
    one = f'{{ forecastRecordByPeriod(nodeId: "{world.ada.id}") {{ interval {{ confidence isInside }} }} }}'
    assert (await ask(nils, one))["forecastRecordByPeriod"] == [
        {"interval": {"confidence": 0.8, "isInside": False}}
    ]


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("forecastRecord(leadDays: 367)", "leadDays"),
        ("forecastRecord(leadDays: -1)", "leadDays"),
        ("forecastRecord(category: CLOSED)", "category"),
        ("forecastRecord(months: 13)", "months"),
        ('forecastRecord(since: "2026-01-02", until: "2026-01-01")', "since"),
        ('forecastRecord(until: "0001-01-01")', "until"),
        ("forecastRecordByLead(leadDays: [])", "leadDays"),
        ("forecastRecordByLead(leadDays: [7, 400])", "leadDays"),
        ('forecastRecordByPeriod(nodeId: "team_unknown")', "nodeId"),
    ],
)
async def test_what_is_out_of_range_is_refused(world: Region, field: str, path: str) -> None:
    error = await refused(world.admin, f"{{ {field} {{ __typename }} }}")
    assert (error["code"], error["path"]) == ("NOT_FOUND" if path == "nodeId" else "INVALID", [path])


async def test_what_was_learned_later_moves_nobody(world: Region) -> None:
    """A move of the summer that was recorded in the new year: in the autumn, Ada was taken to be north."""
    await world.writer.hands_in(world.ada, Q4, 90_00)
    await User.filter(id=world.ada.id).update(team_id=world.south.id)
    audit = await AuditRecord.create(
        id=AuditRecord.make_id(), tenant_id=world.tenant.id, command="test", source="test", changes_count=1
    )
    await Change.create(
        id=Change.make_id(), tenant_id=world.tenant.id, audit_id=audit.id, entity="user",
        entity_id=world.ada.id, field="team_id", old=world.north.id, new=world.south.id,
        effective_on=Q3.first, known_on=TODAY,
    )  # fmt: skip
    found = _named(await forecast_record(world.admin, ASKED, 28))
    assert (found["North"].handed_in, found["South"].handed_in) == (1, 0)


LEADS = (56, 28, 7)
QUARTERS = (Q1, Q2, Q3, Q4)


@dataclass
class Sunday:
    """Who was what and where on the evening of a Sunday, as the rows said."""

    team: dict[str, str | None]
    manager: dict[str, str | None]
    parent: dict[str, str | None]
    sells: set[str]

    def line(self, user_id: str, along: Along) -> list[str]:
        """The ids of a user and everything above, as far as it is a node."""
        if user_id not in self.sells:
            return [user_id]
        found, at = [user_id], (self.team if along is Along.TEAM else self.manager)[user_id]
        while at is not None and (along is Along.TEAM or at in self.sells):
            found.append(at)
            at = self.parent[at] if along is Along.TEAM else self.manager[at]
        return found


@dataclass
class Random:
    """A random year of forecasting in a tree that people move in."""

    rng: random.Random
    tenant: Tenant
    teams: list[Team] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    sundays: dict[date, Sunday] = field(default_factory=dict)
    #: By week and period: what was called, and what the deals came to, by user; what was put on top.
    handed_in: dict[tuple[date, Period], dict[str, tuple[int | None, int]]] = field(default_factory=dict)
    on_top: dict[tuple[date, Period], dict[str, int]] = field(default_factory=dict)
    won: dict[tuple[str, Period], int] = field(default_factory=dict)


async def _random(seed: int) -> Random:
    world = Random(random.Random(seed), await factories.tenant())
    admin = system_actor(world.tenant, "crm")
    with on_the_day(date(2024, 12, 1)):
        for name, above in (("Root", None), ("N", 0), ("S", 0), ("N1", 1), ("S1", 2)):
            parent = None if above is None else world.teams[above].id
            world.teams.append(await access.ensure_team(admin, name, parent))
        for number in range(7):
            role = Role.MANAGER if number < 3 else Role.DIRECTOR
            manager = None if number == 0 else world.users[0 if number < 3 else number % 3].id
            user = await factories.user(
                world.tenant, role, source="crm", external_id=str(number), manager_id=manager,
                team_id=world.rng.choice(world.teams).id, name=f"U{number}",
            )  # fmt: skip
            world.users.append(user)
    for week in _weeks():
        with on_the_day(week + timedelta(days=world.rng.randrange(7))):
            await _move(world, admin)
        world.sundays[week] = await _sunday()
        await _forecast(world, week)
    for user in world.users:
        for period in (BEFORE, *QUARTERS):
            if world.rng.random() < 0.8:
                minor = world.rng.randrange(1, 1_000_00)
                await Writer(world.tenant).wins(user, world.rng.choice([period.first, period.last]), minor)
                world.won[user.id, period] = minor
    return world


def _weeks() -> Iterator[date]:
    week = date(2025, 1, 6)
    while week < date(2026, 1, 5):
        yield week
        week += timedelta(weeks=1)


async def _move(world: Random, admin: Actor) -> None:
    """Somebody moves to another team or manager, becomes something else, or a team moves."""
    rng, user = world.rng, world.rng.choice(world.users)
    match rng.randrange(8):
        case 0 | 1 | 2:
            await access.upsert_users(admin, [changed(user, team_id=rng.choice(world.teams).id)])
        case 3 | 4 if user in world.users[3:]:
            await access.upsert_users(admin, [changed(user, manager_id=rng.choice(world.users[:3]).id)])
        case 5 if user in world.users[1:]:
            role = rng.choice([Role.DIRECTOR, Role.MANAGER, Role.READER])
            await access.upsert_users(admin, [changed(user, role=role)])
        case 6:
            leaf = rng.choice(["N1", "S1"])
            await access.ensure_team(admin, leaf, rng.choice(world.teams[:3]).id)


async def _sunday() -> Sunday:
    users = await User.all().values("id", "team_id", "manager_id", "role")
    return Sunday(
        {row["id"]: row["team_id"] for row in users},
        {row["id"]: row["manager_id"] for row in users},
        {row["id"]: row["parent_id"] for row in await Team.all().values("id", "parent_id")},
        {row["id"] for row in users if row["role"] in (Role.DIRECTOR, Role.MANAGER)},
    )


async def _forecast(world: Random, week: date) -> None:
    rng, writer = world.rng, Writer(world.tenant)
    for period in QUARTERS:
        if week not in [week_before(period, lead) for lead in LEADS]:
            continue
        for user in world.users:
            if rng.random() < 0.8:
                called, deals = rng.choice([None, rng.randrange(1_000_00)]), rng.randrange(1_000_00)
                world.handed_in.setdefault((week, period), {})[user.id] = (called, deals)
                await writer.hands_in(user, period, called, deals, week=week)
        for subject in (*world.users, *world.teams):
            if rng.random() < 0.3:
                minor = rng.randrange(-200_00, 200_00)
                world.on_top.setdefault((week, period), {})[subject.id] = minor
                await writer.puts_on_top(world.users[0], subject, period, minor, week)


def _expected(
    world: Random, lead: int, along: Along
) -> dict[str | None, dict[ForecastSource, tuple[int, Fraction | None, Fraction | None, Fraction | None]]]:
    """By node and source: how many periods, WAPE, bias and MASE."""
    found: dict[str | None, dict[ForecastSource, list[tuple[int, int, int]]]] = {}
    for period in QUARTERS:
        week = week_before(period, lead)
        sunday, rows = world.sundays[week], world.handed_in.get((week, period), {})
        on_top = world.on_top.get((week, period), {})
        lines = {user: sunday.line(user, along) for user in rows}
        for node in {None, *(above for line in lines.values() for above in line)}:
            people = [user for user, line in lines.items() if node is None or node in line]
            called = sum(deals if number is None else number for number, deals in map(rows.get, people))  # type: ignore[misc]
            tops = _below(sunday, along, node, lines)
            numbers = {
                CALL: called,
                ADJUSTED: called + sum(on_top.get(each, 0) for each in tops),
                DEALS: sum(rows[user][1] for user in people),
            }
            actual, before = (
                sum(world.won.get((user, of), 0) for user in people) for of in (period, period_before(period))
            )
            for source, number in numbers.items():
                found.setdefault(node, {}).setdefault(source, []).append((number, actual, before))
    return {
        node: {source: _figures(each) for source, each in by_source.items()}
        for node, by_source in found.items()
    }


def _below(sunday: Sunday, along: Along, node: str | None, lines: Mapping[str, list[str]]) -> set[str]:
    """The nodes at one and below it that somebody who handed in counts for, and that are in the tree."""
    found = set()
    for user, line in lines.items():
        if user not in sunday.sells:
            continue
        if node is None:
            found |= set(line)
        elif node in line:
            found |= set(line[: line.index(node) + 1])
    return found


def _figures(
    rows: list[tuple[int, int, int]],
) -> tuple[int, Fraction | None, Fraction | None, Fraction | None]:
    off = sum(abs(actual - forecast) for forecast, actual, _ in rows)
    high = sum(forecast - actual for forecast, actual, _ in rows)
    won = sum(actual for _, actual, _ in rows)
    naive = sum(abs(actual - before) for _, actual, before in rows)
    return (
        len(rows),
        Fraction(off, won) if won else None,
        Fraction(high, won) if won else None,
        Fraction(off, naive) if naive else None,
    )


@pytest.mark.parametrize("seed", [3, 4])
async def test_the_record_is_what_plain_python_finds_in_what_was_frozen(db: str, seed: int) -> None:
    """For every node, along teams and managers, whoever has moved and become something else since."""
    world = await _random(seed)
    moved = len({frozenset(sunday.team.items()) for sunday in world.sundays.values()})
    assert moved > 5
    assert any(len(sunday.sells) < len(world.users) for sunday in world.sundays.values())
    for along in Along:
        for lead in LEADS:
            record = await forecast_record(system_actor(world.tenant), _with(along=along), lead)
            expected = _expected(world, lead, along)
            shown = {each.node.id if each.node else None: each for each in (record.total, *record.nodes)}
            assert expected.keys() <= shown.keys()
            for node_id, node in shown.items():
                for source in (CALL, ADJUSTED, DEALS):
                    told = node.accuracy[source]
                    wanted = expected.get(node_id, {}).get(source, (0, None, None, None))
                    assert told.periods == wanted[0]
                    for value, exact in zip((told.wape, told.bias, told.mase), wanted[1:], strict=True):
                        assert value == (None if exact is None else pytest.approx(float(exact)))
