"""What was forecast stays: whatever is edited later, no past week and no forecast of the record changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from commands import access, bulk, deals, forecast, journal, rates, snapshots
from commands.access import system_actor
from commands.forecast import Called
from commands.incoming import Incoming
from metrics.forecast_record import NodeRecord, PeriodRecord, forecast_record, record_by_period
from metrics.frozen_forecasts import Asked
from metrics.organisation import Along
from metrics.weekly import NodeForecast, weekly_forecast
from models.access import Actor, Role, Team, Tenant, User
from models.accounts import Account
from models.base import Record
from models.deals import Deal, ForecastCategory, Stage
from models.errors import BellwetherError
from models.forecast import (
    CALLED,
    WEEK,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    Measure,
    Period,
    PipelineSnapshot,
    SnapshotDeal,
)
from models.projections import ForecastProjection
from tests import factories
from tests.metrics.forecasts import Writer, changed

QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
WEEKS = [date(2026, 3, 2) + number * WEEK for number in range(5)]
#: Days before the end of the quarter that lie in each of these weeks.
LEADS = (0, 7, 14, 21, 28)
#: The first day on which all of these weeks are over.
OVER = WEEKS[-1] + WEEK
FROZEN: tuple[type[Record], ...] = (
    ForecastSubmission, ForecastCall, ForecastAdjustment, PipelineSnapshot, SnapshotDeal, ForecastProjection,
)  # fmt: skip
COMMIT = ForecastCategory.COMMIT


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Sets what day it is, for whoever writes: nine in the morning."""

    def set_day(day: date) -> None:
        moment = datetime.combine(day, time(9), UTC)
        for module in (bulk, deals, forecast, journal, rates, snapshots):
            for name in ("today", "latest_today"):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, lambda: day)
        monkeypatch.setattr(forecast, "utcnow", lambda: moment)

    return set_day


@dataclass
class Office:
    """A tenant that forecasts: a manager of two teams, one in the north, and who sells."""

    rng: Random
    tenant: Tenant
    teams: list[Team]
    managers: list[User]
    sellers: list[User]
    accounts: list[Account] = field(default_factory=list)
    keys: int = 0

    @property
    def admin(self) -> Actor:
        return system_actor(self.tenant, "crm")

    @property
    def everybody(self) -> list[User]:
        return [*self.managers, *self.sellers]


async def _office(seed: int) -> Office:
    tenant = await factories.tenant()
    region = await factories.team(tenant, name="Region")
    teams = [region, *[await factories.team(tenant, name=n, parent_id=region.id) for n in ("North", "South")]]
    mara = await factories.user(tenant, Role.MANAGER, team_id=region.id, source="crm", external_id="Mara")
    nils = await factories.user(
        tenant, Role.MANAGER, team_id=teams[1].id, manager_id=mara.id, source="crm", external_id="Nils"
    )
    sellers = [
        await factories.user(
            tenant, team_id=teams[1 + number % 2].id, manager_id=(nils, mara)[number % 2].id,
            source="crm", external_id=f"U{number}",
        )
        for number in range(4)
    ]  # fmt: skip
    office = Office(Random(seed), tenant, teams, [mara, nils], sellers)
    office.accounts = [await factories.account(who, valid_from=None) for who in sellers]
    return office


async def _weeks_of_forecasting(office: Office, on: Callable[[date], None]) -> None:
    rng, admin = office.rng, office.admin
    for week in WEEKS:
        on(week)
        await snapshots.take_missing(admin)
        for subject in (*office.sellers, *office.teams, office.tenant):
            low, expected, high = sorted(rng.sample(range(10**7), 3))
            await Writer(office.tenant).projects(subject, QUARTER, low, expected, high, week)
        for day in (week, min(week + timedelta(days=1), QUARTER.last)):
            on(day)
            for _ in range(8):
                await _sell(office, day)
            for who in office.everybody:
                await _call(office, who, week)
        for subject in rng.sample([*office.sellers, *office.teams[1:]], 3):
            await forecast.adjust(
                await factories.actor(office.managers[0]), subject.id, week, QUARTER, rng.choice(CALLED),
                rng.randrange(-10**5, 10**5), "as last time",
            )  # fmt: skip
    on(OVER)
    await snapshots.take_missing(admin)


async def _call(office: Office, who: User, week: date) -> None:
    """Somebody hands in, or opens it again, calls something else and hands that in or not, or nothing."""
    rng, actor = office.rng, await factories.actor(who)
    calls = [Called(each, rng.choice([None, rng.randrange(10**6)])) for each in CALLED]
    known = await ForecastSubmission.get_or_none(user_id=who.id, week=week)
    with suppress(BellwetherError):
        if known is not None and known.submitted_at is not None and rng.random() < 0.6:
            await forecast.reopen(actor, known.id, "one came in")
        if known is None and rng.random() < 0.3:
            return
        saved = await forecast.save(actor, week, QUARTER, calls)
        if rng.random() < 0.6:
            await forecast.submit(actor, saved.id)


async def _sell(office: Office, day: date) -> None:
    """One edit of some deal, of today or dated back."""
    rng, admin = office.rng, office.admin
    deal = rng.choice([None, *await Deal.all().order_by("id")])
    back = day - timedelta(days=rng.choice([0, 0, 3, 20, 40]))
    people = [who.id for who in office.sellers]
    values: dict[str, object] = rng.choice(
        [
            {"amount_minor": rng.randrange(10**6)},
            {"close_on": QUARTER.last + timedelta(days=rng.randrange(-30, 60))},
            {"forecast_category": rng.choice(CALLED)},
            {"owner_id": rng.choice(people)},
        ]
    )
    with suppress(BellwetherError):  # what the history of the deal does not allow
        if deal is None:
            new = {
                "account_id": rng.choice(office.accounts).id,
                "name": "Fibre",
                "owner_id": rng.choice(people),
            }
            more = {"amount_minor": rng.randrange(10**6), "close_on": QUARTER.last}
            if rng.random() < 0.5:
                await deals.create(admin, new | more)
            else:
                office.keys += 1
                values = new | more | {
                    "stage": Stage.QUALIFIED, "forecast_category": rng.choice(CALLED), "probability": 30,
                    "currency": "EUR",
                }  # fmt: skip
                await bulk.upsert(admin, Deal, "crm", [Incoming(f"d{office.keys}", values, back)], on=back)
            return
        match rng.randrange(6):
            case 0:
                shares = {people[0]: 60, people[1]: 40}
                await forecast.set_splits(admin, deal.id, rng.choice([shares, {}]), back)
            case 1:
                stage = rng.choice([Stage.WON, Stage.LOST])
                reason = "price" if stage is Stage.LOST else None
                await deals.close(admin, deal.id, deal.version, stage, loss_reason=reason, on=back)
            case 2:
                await deals.advance(admin, deal.id, deal.version, rng.choice(list(Stage)[:4]), back)
            case 3 if deal.external_id:
                await bulk.upsert(admin, Deal, "crm", [Incoming(deal.external_id, values)], on=back)
            case _:
                await deals.update(admin, deal.id, deal.version, values)


async def _organise(office: Office) -> None:
    """Somebody goes elsewhere, or becomes something else; a team moves."""
    rng, admin, who = office.rng, office.admin, office.rng.choice(office.sellers)
    with suppress(BellwetherError):
        match rng.randrange(6):
            case 0 | 1:
                await access.upsert_users(admin, [changed(who, team_id=rng.choice(office.teams).id)])
            case 2:
                await access.upsert_users(admin, [changed(who, manager_id=rng.choice(office.managers).id)])
            case 3:
                role = rng.choice([Role.DIRECTOR, Role.READER, Role.MANAGER])
                await access.upsert_users(admin, [changed(who, role=role)])
            case 4:
                await access.upsert_users(admin, [changed(who, active=rng.random() < 0.5)])
            case _:
                await access.ensure_team(admin, "South", rng.choice(office.teams[:2]).id)


async def _meddle(office: Office, day: date) -> None:
    """Whatever may be tried with a week that is over, and the calendar, rates and quotas of other ones."""
    rng, admin, week = office.rng, office.admin, office.rng.choice(WEEKS)
    submission = rng.choice(await ForecastSubmission.filter(week__in=WEEKS).order_by("id"))
    tries = (
        lambda: forecast.save(admin, week, QUARTER, [Called(COMMIT, 1)], user_id=submission.user_id),
        lambda: forecast.submit(admin, submission.id),
        lambda: forecast.reopen(admin, submission.id, "too late"),
        lambda: forecast.adjust(admin, submission.user_id, week, QUARTER, COMMIT, 1, "too late"),
    )
    for attempt in tries:
        with pytest.raises(BellwetherError):
            await attempt()
    await forecast.set_calendar(admin, {"fiscal_month": rng.randint(1, 12)})
    await forecast.set_quota(admin, office.sellers[0].id, QUARTER, Measure.TCV, rng.randrange(10**6))
    await rates.set_rate(admin, "CHF", day, Decimal(rng.randint(50, 200)) / 100)
    deal = await Deal.filter(stage__not_in=[Stage.WON, Stage.LOST]).order_by("-id").first()
    if deal:
        await rates.offer(admin, deal.id, deal.version, 100_00, "CHF")
    await rates.revalue(admin)
    await snapshots.take_missing(admin)


async def _stored() -> dict[str, list[dict[str, Any]]]:
    """Every row of the past weeks, with all its columns."""
    asked: dict[type[Record], dict[str, Any]] = {
        ForecastCall: {"submission__week__in": WEEKS},
        PipelineSnapshot: {"as_of__lt": OVER},
        SnapshotDeal: {"pipeline_snapshot__as_of__lt": OVER},
    }
    return {
        model.__name__: await model.filter(**asked.get(model, {"week__in": WEEKS})).order_by("id").values()
        for model in FROZEN
    }


async def _shown(office: Office, today: date) -> dict[tuple[date, Along, str], object]:
    """Each node of each past week: all that is shown but what is to be won."""
    return {
        (week, along, node.node.id): _without_quota(node)
        for along in Along
        for week in WEEKS
        for node in (await weekly_forecast(office.admin, week, QUARTER, today, along)).nodes
    }


def _without_quota(node: NodeForecast) -> object:
    place = (node.node.parent_id, node.node.is_seller)
    return place, node.deals, node.categories, node.submission, sorted(node.missing), node.standing.won


async def _records(office: Office, asked: Asked) -> dict[tuple[Along, int, str | None], NodeRecord]:
    """The figures of each node, and of all together."""
    return {
        (along, lead, each.node.id if each.node else None): each
        for along in Along
        for lead in LEADS
        for found in [await forecast_record(office.admin, replace(asked, along=along), lead)]
        for each in (found.total, *found.nodes)
    }


async def _forecasts(office: Office, asked: Asked) -> list[object]:
    """The forecasts of the record, without what came, at every node that may be asked for."""
    return [
        (lead, node_id, [_forecast(each) for each in found])
        for lead in LEADS
        for node_id in (None, *(each.id for each in (*office.everybody, *office.teams)))
        for found in [await record_by_period(office.admin, asked, node_id, lead)]
    ]


def _forecast(found: PeriodRecord) -> object:
    interval = found.interval
    return (
        found.made,
        {source: pair.forecast_minor for source, pair in found.pairs.items()},
        interval and (interval.low_minor, interval.high_minor, interval.confidence),
        [(each.handed_in, each.put_on_top_minor, each.expected_minor) for each in found.people],
    )


def _asked(day: date, known_on: date | None = None) -> Asked:
    return Asked(QUARTER.first, QUARTER.last, day, known_on)


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_edit_changes_what_was_forecast(db: str, on: Callable[[date], None], seed: int) -> None:
    """Weeks of forecasting, then two months of edits, many of them dated back into these weeks.

    Rows, weeks and the forecasts of the record are what they were; so is all of the record as known on the
    day before the edits. What was won, as known now, has followed the corrections.
    """
    office = await _office(seed)
    await _weeks_of_forecasting(office, on)
    stored, shown = await _stored(), await _shown(office, OVER)
    assert all(stored.values())
    handed_in = [row for row in stored["ForecastSubmission"] if row["submitted_at"]]
    assert {row["state"] for row in handed_in} >= {"SUBMITTED", "REOPENED"}
    forecasts = await _forecasts(office, _asked(OVER))
    records = await _records(office, _asked(OVER, OVER))

    for day in (OVER + timedelta(days=number) for number in range(1, 61, 3)):
        on(day)
        for _ in range(6):
            await _sell(office, day)
        await _organise(office)
        if day.day % 5 == 0:
            await _meddle(office, day)
    on(OVER + timedelta(days=61))
    await access.upsert_users(office.admin, [_newcomer(office)])
    now = OVER + timedelta(days=62)

    assert await _stored() == stored
    await Writer(office.tenant).projects(office.managers[0], QUARTER, 1, 2, 3, WEEKS[0], on=now)
    then = await _shown(office, now)
    assert {node: then[node] for node in shown} == shown
    assert await _forecasts(office, _asked(now)) == forecasts
    again, corrected = await _records(office, _asked(OVER, OVER)), await _records(office, _asked(now))
    assert {node: again[node] for node in records} == records
    assert any(corrected[node].accuracy != records[node].accuracy for node in records)


def _newcomer(office: Office) -> User:
    return User(
        id=User.make_id(), tenant_id=office.tenant.id, name="Newcomer", email="newcomer@example.com",
        role=Role.DIRECTOR, team_id=office.teams[1].id, source="crm", external_id="new", active=True,
    )  # fmt: skip
