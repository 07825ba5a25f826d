"""The portfolio adds up: each revenue line once, each group within the whole, each date as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from commands import accounts, deals, evaluations, rulebooks
from commands.access import system_actor
from commands.validation import MAX_MINOR
from metrics.portfolio import Grouping, portfolio
from metrics.risks import outcomes
from models.access import Actor, Role, Tenant, User
from models.accounts import Account, Tier
from models.base import today
from models.deals import Deal, Stage
from models.recommendations import LineKind, Risk, RiskLine
from models.severity import Severity
from rules.engine.pool import EnginePool
from tests import factories

DAY = factories.TODAY


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owners(tenant: Tenant) -> tuple[User, User, User]:
    """A manager and two directors of the manager's team."""
    team = await factories.team(tenant, name="North")
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id, name="Mara")
    return (
        manager,
        await factories.user(tenant, team_id=team.id, manager_id=manager.id, name="Ada"),
        await factories.user(tenant, team_id=team.id, manager_id=manager.id, name="Bo"),
    )


async def _judge(tenant: Tenant, engine: EnginePool, day: date = DAY) -> Actor:
    actor = system_actor(tenant)
    await rulebooks.ensure_starter(actor, engine)
    await evaluations.evaluate(actor, engine, day)
    return actor


async def test_two_risks_on_one_contract_are_its_money_once(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool
) -> None:
    account = await factories.account(
        owners[1], tier=Tier.KEY, overdue_minor=5_00, overdue_since=DAY - timedelta(days=60)
    )
    await factories.contract(account, mrc_minor=100_00, ends_on=DAY + timedelta(days=30))
    actor = await _judge(tenant, engine)
    assert {risk.rule_key for risk in await Risk.all()} == {
        "renewal-unattended", "no-executive-contact", "overdue-debt",
    }  # fmt: skip
    found = await portfolio(actor, DAY, Grouping.RISK_KIND)
    assert (found.total.at_risk_minor, found.total.lines_at_risk, found.total.open_risks) == (1200_00, 1, 3)
    assert found.total.at_risk_weighted_minor == 480_00  # at its highest severity: churn, 0.4
    assert {group.key: group.figures.at_risk_minor for group in found.groups} == {
        "CHURN": 1200_00, "RELATIONSHIP": 1200_00, "PAYMENT": 1200_00,
    }  # fmt: skip
    assert all(group.figures.open_deals is None for group in found.groups)


@pytest.mark.parametrize("grouping", [Grouping.OWNER, Grouping.MANAGER, Grouping.TEAM, Grouping.SEGMENT])
async def test_groups_add_up_to_the_whole(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool, grouping: Grouping
) -> None:
    for number, owner in enumerate(owners * 2):
        account = await factories.account(owner, segment=f"S{number % 2}")
        await factories.deal(
            account, amount_minor=333 * (number + 1), probability=33, valid_from=date(2025, 9, 1)
        )
        await factories.contract(account, mrc_minor=77 * number)
    actor = await _judge(tenant, engine)
    found = await portfolio(actor, DAY, grouping)
    assert found.total.open_deals == 6
    assert found.total.open_pipeline_minor == 333 * 21
    for name in ("open_deals", "open_pipeline_minor", "active_contracts", "recurring_minor", "at_risk_minor",
                 "lines_at_risk", "open_risks"):  # fmt: skip
        assert sum(getattr(group.figures, name) for group in found.groups) == getattr(found.total, name), name
    manager = await portfolio(await factories.actor(owners[0]), DAY, grouping)
    assert manager == found
    alone = await portfolio(await factories.actor(owners[1]), DAY)
    assert alone.total.open_deals == 2


async def test_a_past_date_shows_what_was_then(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool
) -> None:
    account: Account = await factories.account(owners[1])
    deal = await factories.deal(account, valid_from=DAY - timedelta(days=100), amount_minor=100_00)
    actor = await _judge(tenant, engine)
    later = DAY + timedelta(days=10)
    await deals.close(await factories.actor(owners[1]), deal.id, 1, Stage.WON, amount_minor=70_00, on=later)
    await evaluations.evaluate(actor, engine, later)
    then, now = await portfolio(actor, DAY), await portfolio(actor, later)
    assert (then.total.open_pipeline_minor, then.total.at_risk_minor) == (100_00, 100_00)
    assert (now.total.open_pipeline_minor, now.total.at_risk_minor) == (0, 0)


async def test_the_largest_amounts_that_are_allowed_add_up(
    tenant: Tenant, owners: tuple[User, User, User]
) -> None:
    account = await factories.account(owners[1])
    for _ in range(20):
        await factories.deal(account, amount_minor=MAX_MINOR, probability=99)
    total = (await portfolio(system_actor(tenant), DAY)).total
    assert total.open_pipeline_minor == 20 * MAX_MINOR
    assert total.weighted_pipeline_minor == round(20 * MAX_MINOR * 99 / Decimal(100))


async def _risk(
    rule: str,
    line: tuple[LineKind, str, str, int],
    account: Account,
    severity: Severity = Severity.LOW,
    probability: float = 0.5,
) -> None:
    """An open risk with one line: its kind, its id, what it is part of, its amount."""
    kind, line_id, part_of, amount = line
    risk = await Risk.create(
        id=Risk.make_id(), tenant_id=account.tenant_id, account_id=account.id, rule_key=rule, title=rule,
        rulebook_version="starter/1", subject_key=line_id, kind="CHURN", severity=severity,
        probability=probability, exposure_minor=amount, currency="EUR", held_since=DAY, last_seen_on=DAY,
        opened_run_id="run_1", changed_run_id="run_1",
    )  # fmt: skip
    await RiskLine.create(
        id=RiskLine.make_id(), tenant_id=account.tenant_id, risk_id=risk.id, line_kind=kind, line_id=line_id,
        part_of=part_of, amount_minor=amount, currency="EUR", from_on=DAY,
    )  # fmt: skip


async def test_what_is_part_of_a_contract_does_not_add_up_with_it(
    tenant: Tenant, owners: tuple[User, User, User]
) -> None:
    account = await factories.account(owners[1])
    actor = system_actor(tenant)
    await _risk("cloud", (LineKind.SERVICE, "svc_1", "ctr_1", 120_00), account, Severity.CRITICAL)
    await _risk("voice", (LineKind.SERVICE, "svc_2", "ctr_1", 240_00), account)
    await _risk("alone", (LineKind.SERVICE, "svc_3", "svc_3", 600_00), account)
    services = (await portfolio(actor, DAY)).total
    assert (services.at_risk_minor, services.at_risk_weighted_minor) == (960_00, 480_00)
    await _risk("whole", (LineKind.CONTRACT, "ctr_1", "ctr_1", 1200_00), account)
    await _risk("renewal", (LineKind.DEAL, "deal_1", "ctr_1", 1000_00), account)
    whole = (await portfolio(actor, DAY)).total
    assert (whole.at_risk_minor, whole.open_risks) == (1800_00, 5)


async def test_revenue_at_risk_is_that_of_the_date_however_often_it_changed(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool
) -> None:
    account = await factories.account(owners[1])
    deal = await factories.deal(account, valid_from=DAY - timedelta(days=100), amount_minor=100_00)
    actor = await _judge(tenant, engine)
    days = [DAY + timedelta(days=10 * number) for number in range(4)]
    await Deal.filter(id=deal.id).update(stage=Stage.LOST)
    await evaluations.evaluate(actor, engine, days[1])
    await Deal.filter(id=deal.id).update(stage=Stage.QUALIFIED, amount_minor=900_00)
    await evaluations.evaluate(actor, engine, days[2])
    at_risk = [(await portfolio(actor, day)).total.at_risk_minor for day in days]
    assert at_risk == [100_00, 0, 900_00, 900_00]
    open_risks = [(await portfolio(actor, day)).total.open_risks for day in days]
    assert open_risks == [1, 0, 1, 1]


async def test_a_deal_that_went_to_somebody_else_is_not_in_its_former_owners_past(
    tenant: Tenant, owners: tuple[User, User, User]
) -> None:
    _, ada, bo = owners
    deal = await factories.deal(await factories.account(bo), owner_id=ada.id, amount_minor=7_77)
    await factories.deal(await factories.account(ada), amount_minor=1_00)
    manager = await factories.actor(owners[0])
    await deals.update(manager, deal.id, 1, {"owner_id": bo.id})
    past = today() - timedelta(days=1)
    assert (await portfolio(await factories.actor(ada), past)).total.open_pipeline_minor == 1_00
    assert (await portfolio(await factories.actor(bo), past)).total.open_pipeline_minor == 7_77


@pytest.mark.parametrize("grouping", [Grouping.OWNER, Grouping.MANAGER, Grouping.TEAM, Grouping.SEGMENT])
async def test_what_was_handed_over_is_in_the_past_of_who_had_it(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool, grouping: Grouping
) -> None:
    _, ada, _ = owners
    zoe = await factories.user(tenant, Role.MANAGER, team_id=(await factories.team(tenant, name="South")).id)
    account = await factories.account(ada, segment="Large")
    deal = await factories.deal(account, valid_from=DAY - timedelta(days=100), amount_minor=100_00)
    await factories.contract(account, mrc_minor=10_00, ends_on=DAY + timedelta(days=30))
    admin = await _judge(tenant, engine)
    before = await portfolio(admin, DAY, grouping)
    await accounts.update(admin, account.id, 1, {"owner_id": zoe.id, "segment": "Small"})
    await deals.update(admin, deal.id, 1, {"owner_id": zoe.id})
    (group,) = before.groups
    assert (group.figures.open_deals, group.figures.at_risk_minor) == (1, 220_00)
    assert await portfolio(admin, DAY, grouping) == before
    (handed,) = (await portfolio(admin, today(), grouping)).groups
    assert handed.key != group.key


async def test_weighted_revenue_at_risk_is_exact_and_rounded_half_even(
    tenant: Tenant, owners: tuple[User, User, User]
) -> None:
    account = await factories.account(owners[1])
    await _risk("one", (LineKind.DEAL, "deal_1", "deal_1", 2357_62), account, probability=0.15)
    await _risk("two", (LineKind.DEAL, "deal_2", "deal_2", 2476_92), account, probability=0.6)
    assert (await portfolio(system_actor(tenant), DAY)).total.at_risk_weighted_minor == 1839_80


async def test_outcomes_tell_what_became_of_what_was_flagged_and_of_the_rest(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool
) -> None:
    account = await factories.account(owners[1])
    old, young, other = [
        await factories.deal(account, valid_from=DAY - timedelta(days=age), amount_minor=100_00)
        for age in (120, 10, 200)
    ]
    actor = await _judge(tenant, engine)
    flagged = {str(verdict.deal_id) for verdict in (await evaluations.look(actor, engine, DAY)).verdicts}
    assert flagged == {old.id, other.id}
    seller = await factories.actor(owners[1])
    await deals.close(seller, old.id, 1, Stage.LOST, loss_reason="price", on=DAY + timedelta(days=5))
    await deals.close(seller, young.id, 1, Stage.WON, on=DAY + timedelta(days=5))
    await deals.close(seller, other.id, 1, Stage.WON, on=DAY + timedelta(days=50))
    found = await outcomes(actor, flagged, DAY, DAY + timedelta(days=30))
    assert (found.flagged.deals, found.flagged.won, found.flagged.lost, found.flagged.open) == (2, 0, 1, 1)
    assert (found.flagged.amount_minor, found.flagged.lost_minor) == (200_00, 100_00)
    assert (found.others.deals, found.others.won, found.others.win_rate) == (1, 1, 1.0)
    later = await outcomes(actor, flagged, DAY, DAY + timedelta(days=60))
    assert (later.flagged.won, later.flagged.win_rate) == (1, 0.5)
