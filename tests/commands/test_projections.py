"""Deals are judged and quarters projected from the tenant's own past, and what stood in a week stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from typing import Any

import orjson
import pytest

from commands import journal, projections
from commands.access import system_actor
from metrics.forecasting.history import History
from metrics.projections.projecting import Judged, Projected, Projections, Subject
from metrics.projections.stored import stored_history
from models.access import Actor, Role, Team, Tenant, User
from models.accounts import Account
from models.deals import Deal, Stage
from models.errors import Forbidden, Invalid
from models.forecast import DealSplit, Period
from models.history import AuditRecord, Change
from models.projections import DealLikelihood, ForecastProjection, ProjectionMethod
from models.visibility import sees
from rules.facts import gather
from rules.needs import everything
from tests import factories
from tests.metrics.projections.planted import AMOUNT, BEGIN, LAST, WON_OF, Move, log, plant

MONDAY = LAST + timedelta(days=1)
QUARTER = Period(date(2026, 4, 1), date(2026, 6, 30))


@dataclass
class Office:
    """A tenant with a manager over two teams of a director each."""

    tenant: Tenant
    admin: Actor
    top: Team
    north: Team
    south: Team
    mara: User
    ada: User
    ben: User
    accounts: list[Account]


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Sets what day it is, for whoever writes."""

    def set_day(day: date) -> None:
        for module in (journal, projections):
            monkeypatch.setattr(module, "today", lambda: day)

    set_day(MONDAY)
    return set_day


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rounds are enough for truths as plain as these."""
    from metrics.forecasting import learning

    monkeypatch.setattr(learning, "ROUNDS", (10, 30))


@pytest.fixture
async def office(db: str, on: Callable[[date], None]) -> Office:
    tenant = await factories.tenant()
    top = await factories.team(tenant, name="All")
    north = await factories.team(tenant, name="North", parent_id=top.id)
    south = await factories.team(tenant, name="South", parent_id=top.id)
    mara = await factories.user(tenant, Role.MANAGER, team_id=top.id)
    ada, ben = [await factories.user(tenant, team_id=team.id) for team in (north, south)]
    accounts = [await factories.account(owner) for owner in (ada, ben)]
    return Office(tenant, system_actor(tenant), top, north, south, mara, ada, ben, accounts)


async def stored() -> list[dict[str, Any]]:
    """Everything that was judged and projected, as it is stored."""
    return [
        *await DealLikelihood.all().order_by("id").values(),
        *await ForecastProjection.all().order_by("id").values(),
    ]


def check_reasons(told: dict[Stage, list[DealLikelihood]]) -> None:
    """What speaks most for or against a deal is its stage, unless that is the usual one."""
    first = {stage: [row.reasons[0] for row in rows] for stage, rows in told.items()}
    (usual,) = {str(reasons[0]["usual"]) for reasons in first.values() if reasons[0]["feature"] == "STAGE"}
    for stage, reasons in first.items():
        if stage.value == usual:
            assert all(reason["feature"] != "STAGE" for reason in reasons)
        else:
            assert {(reason["feature"], reason["value"]) for reason in reasons} == {("STAGE", stage.value)}
            assert all((reason["log_odds"] > 0) == (WON_OF[stage] > 0.5) for reason in reasons)


async def test_what_is_known_to_be_true_of_deals_is_learned(office: Office, quick: None) -> None:
    await plant(office.accounts, 300)
    made = await projections.make(office.admin)
    assert (made.week, made.period, made.refused) == (MONDAY, QUARTER, None)
    told: dict[Stage, list[DealLikelihood]] = {stage: [] for stage in WON_OF}
    deals = {deal.id: deal for deal in await Deal.all()}
    for row in await DealLikelihood.all():
        if (stage := Stage(deals[row.deal_id].stage)) in told:
            told[stage].append(row)
    for stage, truth in WON_OF.items():
        assert fmean(row.probability for row in told[stage]) == pytest.approx(100 * truth, abs=12)
    check_reasons(told)
    for row in (row for rows in told.values() for row in rows):
        # All deals end 20 to 60 days after they were identified.
        began = deals[row.deal_id].valid_from
        assert began and row.close_early_on and row.close_on and row.close_late_on
        assert row.close_early_on <= row.close_on <= row.close_late_on <= began + timedelta(75)
        assert row.in_period <= row.probability
    projected = {row.subject_id: row for row in await ForecastProjection.all()}
    whose = [office.tenant, office.top, office.north, office.south, office.ada, office.ben]
    assert set(projected) == {one.id for one in whose}
    of_all = projected[office.tenant.id]
    won = await Deal.filter(stage=Stage.WON, closed_on__gte=QUARTER.first).count()
    assert of_all.won_minor == won * AMOUNT == projected[office.top.id].won_minor
    assert (of_all.known_on, of_all.week, of_all.confidence) == (LAST, MONDAY, 80)
    # About one deal in two days comes, and half are won: eleven to twelve in the 44 days that are left.
    assert of_all.expected_minor - of_all.won_minor == pytest.approx(12 * AMOUNT, rel=0.5)
    assert of_all.won_minor <= of_all.low_minor < of_all.expected_minor < of_all.high_minor


def canned(probability: int, expected: int | None, known_on: date = LAST) -> Callable[..., Projections]:
    """Says the same of all deals and subjects, in no time; of a quarter nothing without ``expected``."""

    def project(history: History, subjects: list[Subject], *_: object) -> Projections:
        judged = [
            Judged(one.id, probability, 10, LAST, LAST, LAST, [{"feature": "AGE", "value": 1.0, "usual": 2.0,
                   "log_odds": 0.5}])
            for one in history.known_at(known_on).open
        ]  # fmt: skip
        projected = [
            Projected(one.id, refused="two windows; four are enough")
            if expected is None
            else Projected(one.id, one.won_minor, expected, 1, 2 * expected, 9, ProjectionMethod.STAGE_RATES)
            for one in subjects
        ]
        return Projections(known_on, LAST, judged, projected)

    return project


async def open_deals(office: Office, number: int = 3) -> list[Deal]:
    return [await factories.deal(office.accounts[at % 2]) for at in range(number)]


async def test_made_again_in_the_same_week_nothing_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_deals(office)
    monkeypatch.setattr(projections, "project", canned(40, 500))
    made = await projections.make(office.admin)
    assert (made.judged, made.projected) == (3, 6)
    before, written = await stored(), await AuditRecord.all().count()
    made = await projections.make(office.admin)
    assert (made.judged, made.projected) == (0, 0)
    assert (await stored(), await AuditRecord.all().count()) == (before, written)
    assert not await projections.is_due(office.admin)


async def test_what_stood_in_a_week_stays_and_the_next_week_has_its_own(
    office: Office, monkeypatch: pytest.MonkeyPatch, on: Callable[[date], None]
) -> None:
    (deal,) = await open_deals(office, 1)
    monkeypatch.setattr(projections, "project", canned(40, 500))
    await projections.make(office.admin)
    frozen = await ForecastProjection.all().order_by("id").values()
    on(MONDAY + timedelta(days=3))
    monkeypatch.setattr(projections, "project", canned(55, 900, MONDAY + timedelta(days=2)))
    await projections.make(office.admin)
    assert await ForecastProjection.all().order_by("id").values() == frozen
    row = await DealLikelihood.get(deal_id=deal.id)
    # A judgement is the newest; what it was before is in the change log.
    assert (row.probability, row.known_on, row.learned_on) == (55, MONDAY + timedelta(days=2), LAST)
    (change,) = await Change.filter(entity="deal_likelihood")
    assert (change.field, change.old, change.new) == ("probability", "40", "55")
    await projections.make(office.admin, MONDAY)  # as of an earlier day: what is newer stays
    assert (await DealLikelihood.get(deal_id=deal.id)).probability == 55
    on(MONDAY + timedelta(days=7))
    assert await projections.is_due(office.admin)
    made = await projections.make(office.admin)
    assert (made.week, made.projected) == (MONDAY + timedelta(days=7), 5)
    assert await ForecastProjection.all().count() == 10


async def test_a_refusal_gives_way_to_figures_and_figures_to_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for expected, known in ((None, None), (500, 500), (None, 500), (900, 500)):
        monkeypatch.setattr(projections, "project", canned(40, expected))
        await projections.make(office.admin)
        row = await ForecastProjection.get(subject_id=office.tenant.id)
        assert row.expected_minor == known
        assert (row.refused is None) == (known is not None)


async def test_with_too_little_history_it_is_said_what_would_be_enough(office: Office) -> None:
    for number, stage in enumerate([Stage.WON] * 5 + [Stage.LOST] * 3):
        day = LAST - timedelta(days=60 + number)
        await factories.deal(office.accounts[0], stage=stage, valid_from=day - timedelta(9), closed_on=day)
    await open_deals(office, 1)
    made = await projections.make(office.admin)
    assert made.refused == (
        "fewer than 20 deals show one of the outcomes: 5 were won and 3 lost by 2026-05-17; with at least 20"
        " of each, whose days before are recorded, deals are judged"
    )
    assert not await DealLikelihood.exists()
    said = {row.subject_id: row for row in await ForecastProjection.all()}
    assert {row.expected_minor for row in said.values()} == {None}
    # The first outcome was recorded on 11 March; five quarters' rests of 44 days later is 17 October.
    assert said[office.ada.id].refused == (
        "1.3 past windows of 44 days can be seen side by side; 4 are enough: for a period as long that is"
        " from 2026-10-17 on, as outcomes are recorded since 2026-03-11"
    )
    assert said[office.south.id].refused == (
        "no deal has been won yet; 4 windows of 44 days after the first deal that is won are enough"
    )


async def test_killed_in_the_middle_it_is_taken_up_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_deals(office, 5)
    monkeypatch.setattr(projections, "BATCH", 2)
    monkeypatch.setattr(projections, "project", canned(40, 500))
    write, batches = projections._write, list[object]()

    async def dying(*given: Any) -> None:
        if len(batches) == 1:
            raise KeyboardInterrupt
        batches.append(given)
        await write(*given)

    with monkeypatch.context() as patch:
        patch.setattr(projections, "_write", dying)
        with pytest.raises(KeyboardInterrupt):
            await projections.make(office.admin)
    assert (await DealLikelihood.all().count(), await ForecastProjection.all().count()) == (2, 0)
    assert await projections.is_due(office.admin)
    await projections.make(office.admin)
    assert (await DealLikelihood.all().count(), await ForecastProjection.all().count()) == (5, 6)


async def test_a_shared_deal_counts_for_each_at_their_share(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = await factories.deal(office.accounts[0], valid_from=LAST - timedelta(30))
    for user, percent in ((office.ada, 30), (office.ben, 70)):
        await DealSplit.create(
            id=DealSplit.make_id(), tenant_id=office.tenant.id, deal_id=deal.id, user_id=user.id,
            percent=percent, valid_from=LAST - timedelta(3),
        )  # fmt: skip
    asked: list[Subject] = []

    def project(history: History, subjects: list[Subject], *given: object) -> Projections:
        asked.extend(subjects)
        return canned(40, 500)(history, subjects, *given)

    monkeypatch.setattr(projections, "project", project)
    await projections.make(office.admin)
    shares = {one.id: one.shares for one in asked}
    assert shares == {
        office.tenant.id: None,
        office.top.id: {deal.id: 100},
        office.north.id: {deal.id: 30},
        office.south.id: {deal.id: 70},
        office.ada.id: {deal.id: 30},
        office.ben.id: {deal.id: 70},
    }


async def test_projections_are_asked_for_by_those_who_lead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projections, "project", canned(40, 500))
    await projections.make(office.admin)
    with pytest.raises(Forbidden):
        await projections.request(await factories.actor(office.ada))
    mara = await factories.actor(office.mara)
    with pytest.raises(Invalid, match="2026-05-18 is not over; allowed: 2026-05-17 and earlier"):
        await projections.request(mara, MONDAY)
    past = LAST - timedelta(days=14)
    assert (await projections.request(mara), await projections.request(mara, past)) == (LAST, past)
    assert await projections.is_due(office.admin)
    assert (await projections.make_wanted(office.admin)).week == MONDAY - timedelta(days=14)
    assert not await projections.is_due(office.admin)


async def test_projections_are_seen_by_whoever_sees_all_that_they_are_made_of(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_deals(office)
    # Somebody alone in a team sees their own; not that of a team with others below it.
    cleo = await factories.user(office.tenant, team_id=office.top.id)
    await factories.deal(await factories.account(cleo))
    monkeypatch.setattr(projections, "project", canned(40, 500))
    await projections.make(office.admin)

    async def seen(user: User) -> set[str]:
        actor = await factories.actor(user)
        rows = await ForecastProjection.all()
        return {row.subject_id for row in rows if await sees(ForecastProjection, actor, row.id)}

    of = office
    below = {of.top.id, of.north.id, of.south.id, of.ada.id, of.ben.id, cleo.id}
    assert await seen(of.ada) == {of.north.id, of.ada.id}
    assert await seen(cleo) == {cleo.id}
    assert await seen(of.mara) == below
    assert await seen(await factories.user(of.tenant, Role.ADMIN)) == {*below, of.tenant.id}
    assert await seen(await factories.user(await factories.tenant(), Role.ADMIN)) == set()


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_what_is_recorded_later_changes_nothing_of_an_earlier_day(
    office: Office, quick: None, on: Callable[[date], None]
) -> None:
    """The same to the byte: what was judged and projected as of a day, and what would be today."""
    past = LAST - timedelta(days=28)
    await plant(office.accounts[:1], 250)
    on(past + timedelta(days=1))
    made = await projections.make(office.admin)
    assert (made.week, made.refused) == (past + timedelta(days=1), None)
    before = await said()
    assert len(before) > 10
    await DealLikelihood.all().delete()
    await ForecastProjection.all().delete()
    late = LAST + timedelta(days=1)
    leaks = {
        deal.id: [
            Move("stage", deal.stage, "WON" if number % 2 else "LOST", past - timedelta(number % 90), late),
            Move("amount_minor", str(AMOUNT), str(9 * AMOUNT), past - timedelta(3), late),
            Move("owner_id", deal.owner_id, office.ben.id, past - timedelta(3), late),
            Move("close_on", None, past.isoformat(), past - timedelta(9), late),
            Move("kind", "NEW", "RENEWAL", past - timedelta(9), late),
            Move("next_step", None, "sign", past - timedelta(1), late),
        ]
        for number, deal in enumerate(await Deal.all().order_by("id"))
    }
    await log(office.tenant.id, leaks)
    for number in range(30):
        await factories.deal(
            office.accounts[0], valid_from=past - timedelta(60), known_on=late, stage=Stage.WON,
            closed_on=past - timedelta(number), amount_minor=50 * AMOUNT,
        )  # fmt: skip
    await projections.make(office.admin, past)
    assert await said() == before
    read = await stored_history(office.tenant.id)
    assert read.known_at(late).won_minor(BEGIN, past) > read.known_at(past).won_minor(BEGIN, past)


async def said() -> list[bytes]:
    """What was judged and projected, as bytes, without ids and times of its own."""
    kept = {"id", "created_at", "updated_at", "made_at", "valid_from", "version"}
    return [
        orjson.dumps(
            {name: value for name, value in row.items() if name not in kept}, option=orjson.OPT_SORT_KEYS
        )
        for row in (
            *await DealLikelihood.all().order_by("deal_id").values(),
            *await ForecastProjection.all().order_by("subject_id", "week").values(),
        )
    ]


async def test_rules_see_the_likelihood_as_it_stood(
    office: Office, monkeypatch: pytest.MonkeyPatch, on: Callable[[date], None]
) -> None:
    deal, ended = await open_deals(office, 2)
    thursday = MONDAY + timedelta(days=3)
    for day, probability in ((MONDAY, 40), (thursday, 55)):
        on(day)
        monkeypatch.setattr(projections, "project", canned(probability, 500, day - timedelta(days=1)))
        await projections.make(office.admin)
    await Deal.filter(id=ended.id).update(stage=Stage.LOST, closed_on=thursday)

    async def likelihood(of: Deal, as_of: date, known_on: date | None = None) -> object:
        facts = await gather(office.tenant.id, [of.account_id], as_of, everything(), known_on=known_on)
        return facts[of.account_id]["deal"][0].get("likelihood")

    days = (LAST, MONDAY, thursday - timedelta(days=1), thursday)
    assert [await likelihood(deal, day) for day in days] == [None, 40, 40, 55]
    assert [await likelihood(deal, day, day) for day in days] == [None, 40, 40, 55]
    assert await likelihood(deal, thursday, MONDAY) == 40
    assert await likelihood(ended, thursday) is None
