"""Facts about what a deal did before, and about quotas: worked examples as of several days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.attainment import attainment
from metrics.stays import UsualStay, usual_stays
from models.access import Role, Tenant, User
from models.accounts import Account
from models.base import Record
from models.database import fetch
from models.deals import ContactRole, Deal, ForecastCategory, Stage
from models.forecast import Measure, Period, Quota
from models.pipelines import Pipeline, PipelineStage
from rules.build import build_book
from rules.crossing import crossings
from rules.facts import gather
from rules.needs import everything, needs
from rules.population import survey
from rules.prefilter import candidates, shares
from rules.reference import Fact, canonical_facts, evaluate
from rules.rows import parameters
from rules.tree import Book
from tests import factories

DAY = factories.TODAY
DEALS, QUOTAS = everything(["deal"]), everything(["quota"])
QUARTER = Period(date(2026, 1, 1), DAY)


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owner(tenant: Tenant) -> User:
    return await factories.user(tenant, name="Ada")


@pytest.fixture
async def account(owner: User) -> Account:
    return await factories.account(owner)


async def _on(days: int, record: Record, *, known: bool = True, **values: Any) -> None:
    """Change a record so many days before the day; known then, or learned only when it is written."""
    tenant = await Tenant.get(id=getattr(record, "tenant_id"))  # noqa: B009
    async with unit_of_work(system_actor(tenant), "test", on=ago(days), history=known) as work:
        await work.update(record, values)


async def _deal(deal: Deal, day: date = DAY, known_on: date | None = None) -> Fact:
    facts = await gather(deal.tenant_id, [deal.account_id], day, DEALS, known_on=known_on)
    (found,) = [fact for fact in facts[deal.account_id]["deal"] if fact["id"] == deal.id]
    return found


async def _quotas(account: Account, day: date = DAY, known_on: date | None = None) -> list[Fact]:
    facts = await gather(account.tenant_id, [account.id], day, QUOTAS, known_on=known_on)
    return facts.get(account.id, {}).get("quota", [])


def _of(fact: Fact, *names: str) -> tuple[Any, ...]:
    return tuple(fact.get(name) for name in names)


AMOUNTS = (
    "first_amount", "peak_amount", "amount_change_from_first", "amount_change_from_peak",
    "days_since_amount_cut", "amount_changes",
)  # fmt: skip


async def test_a_shrinking_deal_is_told_against_its_peak_and_its_first_amount(account: Account) -> None:
    """1,000 at first, 1,500 forty days ago, 900 twenty days ago, 1,200 five days ago."""
    deal = await factories.deal(account, valid_from=ago(60), amount_minor=1_000_00)
    for days, amount in ((40, 1_500_00), (20, 900_00), (5, 1_200_00)):
        await _on(days, deal, amount_minor=amount)
    assert _of(await _deal(deal, ago(41)), *AMOUNTS) == (1_000_00, 1_000_00, 0, 0, None, 0)
    assert _of(await _deal(deal, ago(40)), *AMOUNTS) == (1_000_00, 1_500_00, 0.5, 0, None, 1)
    assert _of(await _deal(deal, ago(20)), *AMOUNTS) == (1_000_00, 1_500_00, -0.1, -0.4, 0, 2)
    assert _of(await _deal(deal), *AMOUNTS) == (1_000_00, 1_500_00, 0.2, -0.2, 20, 3)


async def test_nothing_is_no_amount_to_begin_with(account: Account) -> None:
    deal = await factories.deal(account, valid_from=ago(60), amount_minor=0)
    assert _of(await _deal(deal), *AMOUNTS) == (0, 0, None, None, None, 0)
    for days, amount in ((40, 500_00), (20, 0), (10, 250_00)):
        await _on(days, deal, amount_minor=amount)
    assert _of(await _deal(deal, ago(30)), *AMOUNTS) == (500_00, 500_00, 0, 0, None, 1)
    assert _of(await _deal(deal, ago(15)), *AMOUNTS) == (500_00, 500_00, -1, -1, 5, 2)
    assert _of(await _deal(deal), *AMOUNTS) == (500_00, 500_00, -0.5, -0.5, 20, 3)


async def test_a_back_dated_cut_is_not_seen_before_it_was_known(account: Account) -> None:
    deal = await factories.deal(account, valid_from=ago(60), amount_minor=1_000_00)
    await _on(40, deal, known=False, amount_minor=600_00)
    assert _of(await _deal(deal), *AMOUNTS) == (1_000_00, 1_000_00, -0.4, -0.4, 40, 1)
    assert _of(await _deal(deal, known_on=DAY), *AMOUNTS) == (1_000_00, 1_000_00, 0, 0, None, 0)


RAISED = ("days_since_category_raised", "category_raised_days_before_close")


async def test_when_a_category_was_last_raised_is_told_against_the_expected_close(account: Account) -> None:
    deal = await factories.deal(account, valid_from=ago(60), close_on=DAY + timedelta(days=4))
    for days, category in (
        (30, ForecastCategory.COMMIT), (20, ForecastCategory.OMITTED), (10, ForecastCategory.BEST_CASE),
        (3, ForecastCategory.PIPELINE),
    ):  # fmt: skip
        await _on(days, deal, forecast_category=category)
    assert _of(await _deal(deal, ago(31)), *RAISED) == (None, None)
    assert _of(await _deal(deal, ago(15)), *RAISED) == (15, 34)  # to omit it is no raise
    assert _of(await _deal(deal), *RAISED) == (10, 14)
    await _on(2, deal, close_on=ago(12))
    assert _of(await _deal(deal), *RAISED) == (10, -2)
    await _on(1, deal, stage=Stage.WON, forecast_category=ForecastCategory.CLOSED, closed_on=ago(1))
    assert _of(await _deal(deal), *RAISED) == (10, -2)  # nor is to win it
    other = await factories.deal(account, valid_from=ago(60))
    await _on(40, other, known=False, forecast_category=ForecastCategory.COMMIT)
    assert _of(await _deal(other, known_on=DAY), *RAISED) == (None, None)
    assert _of(await _deal(other), *RAISED) == (40, None)


async def test_people_engaged_and_economic_buyers_are_counted(account: Account) -> None:
    deal = await factories.deal(account, valid_from=ago(200), close_on=ago(40))
    parts = []
    for contacted, left in ((5, None), (90, None), (91, None), (None, None), (5, 1)):
        contact = await factories.contact(
            account,
            last_contacted_on=None if contacted is None else ago(contacted),
            left_on=None if left is None else ago(left),
        )
        parts.append(await factories.deal_contact(deal, contact, role=ContactRole.USER))
    names = ("contacts", "engaged_contacts", "economic_buyers", "close_overdue_days")
    assert _of(await _deal(deal), *names) == (4, 2, 0, 40)
    assert _of(await _deal(deal, ago(50)), *names)[2:] == (0, -10)
    await _on(10, parts[0], role=ContactRole.ECONOMIC_BUYER)
    await _on(10, parts[4], role=ContactRole.ECONOMIC_BUYER)  # who has left since
    assert [(await _deal(deal, ago(days)))["economic_buyers"] for days in (11, 10, 0)] == [0, 2, 1]
    await _on(2, parts[0], removed_on=ago(2))
    assert _of(await _deal(deal), *names[:3]) == (3, 1, 0)


USUAL = ("usual_days_in_stage", "long_days_in_stage", "days_in_stage_over_usual", "days_in_stage_over_long")


async def _passed(account: Account, stays: list[int], **values: Any) -> list[Deal]:
    """Deals that stayed in PROPOSED so many days from 100 days before the day on; known when they left."""
    entered: dict[str, Any] = {"stage": Stage.PROPOSED, "valid_from": ago(100), "stage_since": ago(100)}
    deals = [await factories.deal(account, **(entered | values)) for _ in stays]
    for deal, days in zip(deals, stays, strict=True):
        left: dict[str, Any] = {"stage": Stage.LOST, "closed_on": ago(100 - days)}
        left |= {"pipeline_stage_id": None} if values else {}
        await _on(100 - days, deal, **left)
    return deals


async def test_a_stage_is_told_by_the_stays_of_all_deals_in_it(tenant: Tenant, account: Account) -> None:
    """Stays of 1, 2, ... 10 days: half had ended after 5, four of five after 8; 9 stays are too few."""
    other = await factories.account(await factories.user(tenant))
    *_, last = await _passed(other, [3, 1, 2, 4, 5, 6, 7, 8, 9])
    deal = await factories.deal(
        account, stage=Stage.PROPOSED, valid_from=ago(40), stage_since=ago(30), amount_minor=1
    )
    assert _of(await _deal(deal), *USUAL) == (None,) * 4
    await _passed(other, [10])
    assert await usual_stays(tenant.id, DAY) == [UsualStay("PROPOSED", 10, 5, 8)]
    assert _of(await _deal(deal), *USUAL) == (5, 8, 25, 22)
    assert _of(await _deal(deal, ago(26)), *USUAL) == (5, 8, -1, -4)
    assert await usual_stays(tenant.id, ago(91)) == []  # the tenth has not left it yet
    assert await usual_stays(tenant.id, ago(100) + timedelta(days=729)) != []
    assert await usual_stays(tenant.id, ago(100) + timedelta(days=730)) == []  # it began too long ago
    assert _of(await _deal(last), *USUAL) == (None,) * 4  # nobody leaves LOST
    stranger = await factories.tenant()
    assert await usual_stays(stranger.id, DAY) == []


async def test_a_stay_that_was_learned_of_later_does_not_count_before(
    tenant: Tenant, account: Account
) -> None:
    await _passed(account, [1, 2, 3, 4, 5, 6, 7, 8, 9])
    tenth = await factories.deal(account, stage=Stage.PROPOSED, valid_from=ago(100), stage_since=ago(100))
    await _on(90, tenth, known=False, stage=Stage.NEGOTIATING)
    assert await usual_stays(tenant.id, DAY) == [UsualStay("PROPOSED", 10, 5, 8)]
    assert await usual_stays(tenant.id, DAY, DAY) == []
    deal = await factories.deal(account, stage=Stage.PROPOSED, valid_from=ago(40), stage_since=ago(30))
    assert _of(await _deal(deal), *USUAL) == (5, 8, 25, 22)
    assert _of(await _deal(deal, known_on=DAY), *USUAL) == (None,) * 4


async def test_a_pipeline_has_stays_of_its_own(tenant: Tenant, account: Account) -> None:
    pipeline = await Pipeline.create(
        id=Pipeline.make_id(), tenant_id=tenant.id, name="Renewals", kinds=["RENEWAL"], default_for=[]
    )
    first, second = [
        await PipelineStage.create(
            id=PipelineStage.make_id(), tenant_id=tenant.id, pipeline_id=pipeline.id, name=name, position=at,
            stage=Stage.PROPOSED, forecast_category=ForecastCategory.PIPELINE, probability=50, required=[],
        )
        for at, name in enumerate(("Offer", "Terms"))
    ]  # fmt: skip
    within = {"pipeline_id": pipeline.id, "pipeline_stage_id": first.id}
    await _passed(account, [20] * 10, **within)
    assert await usual_stays(tenant.id, DAY) == [UsualStay(first.id, 10, 20, 20)]
    deals = [
        await factories.deal(account, stage=Stage.PROPOSED, stage_since=ago(30), valid_from=ago(50), **way)
        for way in (within, {**within, "pipeline_stage_id": second.id}, {})
    ]
    assert [_of(await _deal(deal), *USUAL)[0] for deal in deals] == [20, None, None]
    await _on(10, deals[0], pipeline_stage_id=second.id, stage_since=ago(10))
    assert _of(await _deal(deals[0]), *USUAL)[0] is None
    assert _of(await _deal(deals[0], ago(11)), *USUAL)[:3] == (20, 20, -1)  # it was in the first until then


QUOTA = ("target", "won", "open_pipeline", "gap", "attainment", "coverage", "is_behind_pace", "days_left")


async def test_the_owner_of_an_account_stands_against_a_quota(
    tenant: Tenant, owner: User, account: Account
) -> None:
    """Quota 1,000, won 400, open 900: attainment 40 %, gap 600, coverage 1.5. The quarter has 90 days."""
    elsewhere = await factories.account(owner)
    won = await factories.deal(elsewhere, amount_minor=400_00, close_on=DAY)
    await _on(60, won, stage=Stage.WON, closed_on=ago(60), forecast_category=ForecastCategory.CLOSED)
    for close_on, category in (
        (DAY, ForecastCategory.COMMIT),
        (DAY, ForecastCategory.OMITTED),
        (DAY + timedelta(days=1), ForecastCategory.COMMIT),
    ):
        await factories.deal(elsewhere, amount_minor=900_00, close_on=close_on, forecast_category=category)
    quota = await factories.quota(owner, target=1_000_00)
    await factories.quota(owner, first_on=date(2026, 4, 1), last_on=date(2026, 6, 30))  # not running yet
    (fact,) = await _quotas(account)
    assert _of(fact, *QUOTA) == (1_000_00, 400_00, 900_00, 600_00, 40, 1.5, True, 0)
    assert _of(fact, "id", "name", "owner_id", "measure", "currency") == (
        quota.id, "2026-01-01/2026-03-31", owner.id, "TCV", "EUR",
    )  # fmt: skip
    # 30 January: 30 of 90 days have passed, and 40 % is won; the day before nothing was.
    assert _of((await _quotas(account, ago(60)))[0], *QUOTA[3:]) == (600_00, 40, 1.5, False, 60)
    assert _of((await _quotas(account, ago(61)))[0], *QUOTA[3:]) == (1_000_00, 0, 1.3, True, 61)
    assert await _quotas(account, date(2025, 12, 31)) == []
    (node,) = [
        each for each in await attainment(system_actor(tenant), QUARTER, Measure.TCV, DAY)
        if each[0].id == owner.id
    ]  # fmt: skip
    assert (node[2].attainment, node[2].coverage, node[2].gap) == (0.4, 1.5, Fraction(600_00))


async def test_a_number_of_deals_has_no_amounts_and_what_is_reached_no_coverage(
    owner: User, account: Account
) -> None:
    await factories.deal(account, amount_minor=2_000_00, stage=Stage.WON, closed_on=ago(9))
    await factories.quota(owner, measure=Measure.COUNT, target=4)
    await factories.quota(owner, target=1_000_00)
    facts = {str(fact["measure"]): fact for fact in await _quotas(account)}
    assert _of(facts["COUNT"], *QUOTA) == (None, None, None, None, 25, 0, True, 0)
    assert _of(facts["TCV"], *QUOTA) == (1_000_00, 2_000_00, 0, 0, 200, None, False, 0)


async def test_a_quota_is_told_of_the_accounts_of_whom_it_is_for(
    tenant: Tenant, owner: User, account: Account
) -> None:
    """Whoever owns a deal on another's account has a quota that the account's owner does not see."""
    seller = await factories.user(tenant)
    deal = await factories.deal(account, owner_id=seller.id)
    await factories.quota(seller)
    assert await _quotas(account) == []
    await factories.quota(owner)
    assert [fact["owner_id"] for fact in await _quotas(account)] == [owner.id]
    await _on(10, account, owner_id=seller.id)
    assert [fact["owner_id"] for fact in await _quotas(account)] == [seller.id]
    assert [fact["owner_id"] for fact in await _quotas(account, ago(11))] == [owner.id]
    assert [(await _deal(deal, day))["is_account_owners"] for day in (ago(11), ago(10))] == [False, True]


async def test_neither_a_quota_nor_a_sale_is_known_before_it_was_said(owner: User, account: Account) -> None:
    tenant = await Tenant.get(id=owner.tenant_id)
    deal = await factories.deal(account, amount_minor=400_00, stage=Stage.NEGOTIATING)
    await factories.quota(owner, target=1_000_00)
    await _on(20, deal, known=False, stage=Stage.WON, closed_on=ago(20))
    assert [_of(each, "won", "gap") for each in await _quotas(account)] == [(400_00, 600_00)]
    assert [_of(each, "won", "gap") for each in await _quotas(account, known_on=DAY)] == [(0, 1_000_00)]
    manager = await factories.user(tenant, Role.MANAGER)
    await Account.filter(id=account.id).update(owner_id=manager.id)
    later = Quota(
        id=Quota.make_id(), tenant_id=tenant.id, user_id=manager.id, first_on=QUARTER.first,
        last_on=QUARTER.last, target=5, currency="EUR",
    )  # fmt: skip
    async with unit_of_work(system_actor(tenant), "test") as work:
        await work.create(later)
    assert [_of(each, "target") for each in await _quotas(account)] == [(5,)]
    assert await _quotas(account, known_on=DAY) == []


#: Conditions that the deal, or the quota, of one account meets and that of the other does not.
TOLD_APART: tuple[tuple[str, dict[str, Any]], ...] = (
    ("deal", {"amount_change_from_peak": {"lte": -0.2}}),
    ("deal", {"amount_change_from_first": {"lt": -0.1}}),
    ("deal", {"first_amount": {"gte": 1000}, "peak_amount": {"eq": 1000}}),
    ("deal", {"days_since_amount_cut": {"between": [9, 10]}}),
    ("deal", {"amount_changes": {"gte": 1}}),
    ("deal", {"days_since_category_raised": {"lte": 5}}),
    ("deal", {"category_raised_days_before_close": {"eq": 12}}),
    ("deal", {"close_overdue_days": {"gt": -10}}),
    ("deal", {"engaged_contacts": {"eq": 1}}),
    ("deal", {"economic_buyers": {"gte": 1}}),
    ("deal", {"is_account_owners": {"eq": True}}),
    ("deal", {"usual_days_in_stage": {"eq": 5}, "days_in_stage_over_usual": {"gt": 24}}),
    ("deal", {"long_days_in_stage": {"lt": 9}, "days_in_stage_over_long": {"gte": 22}}),
    ("quota", {"is_behind_pace": {"eq": True}, "days_left": {"lte": 30}}),
    ("quota", {"coverage": {"lt": 1}, "attainment": {"lt": 50}, "gap": {"gte": 500}}),
)


def _book(kind: str, where: dict[str, Any]) -> Book:
    when = [{kind: {"as": "x", "where": where}}]
    then = [{"recommend": {"action": "LOOK", "because": "it matched"}}]
    return build_book("one/1", [{"key": "one", "title": "One", "when": when, "then": then}])


async def _candidates(tenant: Tenant, book: Book) -> set[str]:
    population = await survey(tenant.id, DAY, needs(book))
    found = candidates(book, population, await shares(book, population, tenant.id, DAY))
    assert found
    return {str(row["account"]) for row in await fetch(found.sql, parameters(tenant.id, DAY) | found.params)}


async def _crossed(tenant: Tenant, book: Book, before: date) -> set[str]:
    days = (before, before + timedelta(days=1))
    populations = (
        await survey(tenant.id, days[0], needs(book)),
        await survey(tenant.id, days[1], needs(book)),
    )
    statements = crossings(book, tenant.id, days, populations)
    assert statements is not None
    return {str(row["account"]) for each in statements for row in await fetch(each.sql, each.params)}


async def test_the_database_tells_apart_what_rules_ask_for(
    tenant: Tenant, owner: User, account: Account
) -> None:
    """Only the account of which something holds is looked at, and it is the one that matches."""
    other = await factories.account(await factories.user(tenant))
    await _passed(other, [*range(1, 11)])
    entered: dict[str, Any] = {"stage": Stage.PROPOSED, "valid_from": ago(60), "close_on": DAY}
    deal = await factories.deal(
        account,
        stage_since=ago(30),
        amount_minor=1_000_00,
        **(entered | {"close_on": DAY + timedelta(days=9)}),
    )
    await _on(10, deal, amount_minor=700_00)
    await _on(3, deal, forecast_category=ForecastCategory.COMMIT)
    contact = await factories.contact(account, last_contacted_on=ago(5))
    await factories.deal_contact(deal, contact, role=ContactRole.ECONOMIC_BUYER)
    entered |= {"close_on": DAY + timedelta(days=40)}
    await factories.deal(other, stage_since=ago(6), amount_minor=100_00, owner_id=owner.id, **entered)
    await factories.quota(owner, target=1_000_00, last_on=DAY + timedelta(days=30))
    for kind, where in TOLD_APART:
        book = _book(kind, where | ({"is_open": {"eq": True}} if kind == "deal" else {}))
        facts = await gather(tenant.id, [account.id, other.id], DAY, needs(book))
        matched = {each for each, of in facts.items() if evaluate(book.rules, canonical_facts(of))}
        assert (matched, await _candidates(tenant, book)) == ({account.id}, {account.id}), where


async def test_a_day_on_which_a_stay_comes_to_be_long_has_its_account_judged(
    tenant: Tenant, account: Account
) -> None:
    """Four of five stayed 8 days at most: 9 days after it came, the deal has stayed longer than those."""
    await _passed(await factories.account(await factories.user(tenant)), [*range(1, 11)])
    await factories.deal(account, stage=Stage.PROPOSED, valid_from=ago(40), stage_since=ago(30))
    book = _book("deal", {"days_in_stage_over_long": {"gt": 0}})
    assert [await _crossed(tenant, book, ago(30 - days)) for days in (7, 8, 9)] == [
        set(),
        {account.id},
        set(),
    ]
    await factories.deal(account, stage=Stage.PROPOSED, valid_from=ago(200), stage_since=ago(150))
    # Until then there were too few stays to tell.
    assert [await _crossed(tenant, book, ago(days)) for days in (92, 91, 90)] == [set(), {account.id}, set()]
