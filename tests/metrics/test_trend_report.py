"""Trends across accounts: worked examples by hand, and a random world against plain Python."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from commands import trends
from commands.trends import Observed
from metrics.trend_report import TrendFigures, TrendGrouping, trend_report
from models.access import Role, User
from models.accounts import Account
from models.base import today
from models.deals import Deal, Stage
from models.revenue import Contract
from models.trends import Trend, TrendKind, TrendOutcome, TrendState
from tests import factories

DAY = date(2026, 3, 31)
FROM, UNTIL = date(2026, 3, 1), date(2026, 3, 31)
MERGER, TENDER = TrendKind.MERGER, TrendKind.TENDER_ANNOUNCED


async def _trend(account: Account, kind: TrendKind, on: date, **values: Any) -> Trend:
    return await factories.trend(account, kind=kind, observed_on=on, **values)


async def test_accounts_and_their_money_count_once_in_a_kind_and_in_the_whole(db: str) -> None:
    """Capability 26: a manager sees trends across accounts, grouped by type.

    Bank: two mergers and a tender in March; Mill: a merger in February, a tender in March.

    Bank has contracts of 100.00 and 50.00 a month, the second ends in June; and one open deal of 1,000.00.
    Mill has a contract of 20.00 that ended, and a deal that was lost. So the whole is 150.00 a month, 50.00
    of it ending, and 1,000.00 in sight, though three trends are at Bank. The two are carried by two people of
    the manager's team; what is heard of an account of another team is not counted.
    """
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    who = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    carriers = [await factories.user(tenant, team_id=team.id) for _ in range(2)]
    bank = await factories.account(carriers[0], industry="Banking")
    mill = await factories.account(carriers[1], industry=None)
    await _trend(await factories.account(await factories.user(tenant)), MERGER, FROM)
    await factories.contract(bank, mrc_minor=100_00, starts_on=date(2025, 1, 1), ends_on=date(2029, 1, 1))
    await factories.contract(bank, mrc_minor=50_00, starts_on=date(2025, 1, 1), ends_on=date(2026, 6, 30))
    await factories.contract(mill, mrc_minor=20_00, starts_on=date(2024, 1, 1), ends_on=date(2026, 3, 30))
    await factories.deal(bank, amount_minor=1_000_00)
    await factories.deal(mill, amount_minor=9_000_00, stage=Stage.LOST)
    for account, kind, on in (
        (bank, MERGER, FROM), (bank, MERGER, UNTIL), (bank, TENDER, date(2026, 3, 2)),
        (mill, MERGER, date(2026, 2, 28)), (mill, TENDER, date(2026, 3, 3)),
        (mill, TENDER, date(2026, 1, 28)), (mill, MERGER, date(2026, 1, 29)),
    ):  # fmt: skip
        await _trend(account, kind, on)
    await _trend(mill, TENDER, FROM, state=TrendState.REFUTED)
    actor = await factories.actor(who)
    found = await trend_report(actor, DAY, FROM, UNTIL, TrendGrouping.INDUSTRY)
    assert (found.before.from_on, found.before.until_on) == (date(2026, 1, 29), date(2026, 2, 28))
    money = {
        "recurring_minor": 150_00, "pipeline_minor": 1_000_00, "open_deals": 1,
        "ending_minor": 50_00, "ending_contracts": 1,
    }  # fmt: skip
    assert found.total == TrendFigures(4, 2, 2, 1, **money)
    tender, merger = found.groups
    assert (tender.kind, tender.figures) == (TENDER, TrendFigures(2, 2, **money))
    assert (merger.kind, merger.figures) == (MERGER, TrendFigures(2, 1, 2, 1, **money))
    assert [(part.key, part.figures) for part in tender.parts] == [
        (None, TrendFigures(1, 1)), ("Banking", TrendFigures(1, 1, **money))
    ]  # fmt: skip


async def test_courses_say_what_came_of_them_those_surest_to_work_first(db: str) -> None:
    """Capability 26, what came of proposed courses.

    Of four visits three worked: 3/4, by Wilson 0.3006 to 0.9544; the one workshop worked: 0.2065 to 1.
    """
    who = await factories.user(await factories.tenant())
    account = await factories.account(who)
    worked, failed = TrendOutcome.WORKED, TrendOutcome.FAILED
    for course, outcome in (
        ("Workshop", worked), ("Visit", worked), ("Visit", worked), ("Visit", worked), ("Visit", failed),
        ("Visit", None), ("Letter", None),
    ):  # fmt: skip
        await _trend(account, MERGER, FROM, course=course, outcome=outcome)
    await _trend(account, MERGER, FROM, course="Visit", outcome=failed, state=TrendState.REFUTED)
    (group,) = (await trend_report(await factories.actor(who), DAY, FROM, UNTIL)).groups
    visit, workshop, letter = group.courses
    assert (visit.name, visit.chosen, visit.worked, visit.failed, visit.share) == ("Visit", 5, 3, 1, 0.75)
    assert visit.interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert (workshop.name, workshop.share) == ("Workshop", 1.0)
    assert workshop.interval == pytest.approx((0.2065, 1.0), abs=1e-4)
    assert (letter.name, letter.share, letter.interval) == ("Letter", None, None)


async def test_a_past_date_shows_trends_as_they_were_then(db: str) -> None:
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    then, days = today() - timedelta(days=10), timedelta(days=1)
    seen = {"kind": MERGER, "title": "Merges", "observed_on": then}
    (trend,) = await trends.record(actor, [Observed(account.id, seen)])
    await trends.move(actor, trend.id, TrendState.REFUTED, on=then + 5 * days)
    for day, count in ((then - days, 0), (then, 1), (then + 4 * days, 1), (then + 5 * days, 0)):
        assert (await trend_report(actor, day, then - days, today())).total.trends == count


async def test_the_report_agrees_with_plain_python_for_whoever_asks(db: str) -> None:
    chance = Random(7)
    tenant = await factories.tenant()
    admin = await factories.user(tenant, Role.ADMIN)
    owners = [await factories.user(tenant) for _ in range(3)]
    for number in range(12):
        account = await factories.account(owners[number % 3], segment=chance.choice(("A", "B", None)))
        for _ in range(chance.randrange(4)):
            kind, state = chance.choice((MERGER, TENDER)), chance.choice(list(TrendState))
            await _trend(account, kind, FROM - timedelta(days=chance.randint(-30, 40)), state=state)
        for _ in range(chance.randrange(3)):
            ends = DAY + timedelta(days=chance.randint(-50, 500))
            await factories.contract(
                account, mrc_minor=chance.randrange(10_000), starts_on=date(2025, 1, 1), ends_on=ends
            )
        for _ in range(chance.randrange(3)):
            await factories.deal(
                account,
                owner_id=chance.choice(owners).id,
                amount_minor=chance.randrange(90_000),
                stage=chance.choice((Stage.QUALIFIED, Stage.WON)),
            )
    for who in (admin, *owners):
        found = await trend_report(await factories.actor(who), DAY, FROM, UNTIL, TrendGrouping.SEGMENT)
        assert found.total == await _plain(who)
        for group in found.groups:
            assert group.figures == await _plain(who, group.kind)
            for part in group.parts:
                assert part.figures == await _plain(who, group.kind, (part.key,))
    assert (await _plain(admin)).accounts > (await _plain(owners[0])).accounts > 0


async def _plain(
    who: User, kind: TrendKind | None = None, segment: tuple[str | None] | None = None
) -> TrendFigures:
    """The figures, counted one record after the other."""
    deals, contracts = await Deal.all(), await Contract.all()
    accounts = {each.id: each for each in await Account.all()}
    everything = who.role is Role.ADMIN
    mine = {each.id for each in accounts.values() if everything or each.owner_id == who.id}
    seen = mine | {each.account_id for each in deals if each.owner_id == who.id}
    now, before = [], []
    for trend in await Trend.all():
        if trend.account_id not in seen or trend.state is TrendState.REFUTED:
            continue
        if kind not in (None, trend.kind) or (segment and accounts[trend.account_id].segment != segment[0]):
            continue
        if FROM <= trend.observed_on <= UNTIL:
            now.append(trend.account_id)
        elif FROM - timedelta(days=31) <= trend.observed_on < FROM:
            before.append(trend.account_id)
    running = [c for c in contracts if c.account_id in mine & set(now) and (c.ends_on or DAY) >= DAY]
    ending = [c for c in running if c.ends_on and c.ends_on <= DAY + timedelta(days=365)]
    dealt = [
        each
        for each in deals
        if each.account_id in now
        and each.stage.is_open
        and (everything or each.owner_id == who.id or each.account_id in mine)
    ]
    return TrendFigures(
        trends=len(now),
        accounts=len(set(now)),
        trends_before=len(before),
        accounts_before=len(set(before)),
        recurring_minor=sum(each.mrc_minor for each in running),
        pipeline_minor=sum(each.amount_minor for each in dealt),
        open_deals=len(dealt),
        ending_minor=sum(each.mrc_minor for each in ending),
        ending_contracts=len(ending),
    )
