"""The portfolio adds up: each revenue line once, each group within the whole, each date as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from commands import deals, evaluations, rulebooks
from commands.access import system_actor
from metrics.portfolio import Grouping, portfolio
from metrics.risks import flagged_by_rule, outcomes
from models.access import Actor, Role, Tenant, User
from models.accounts import Account, Tier
from models.deals import Stage
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
    assert set(await flagged_by_rule(actor, DAY)) == {
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


async def test_outcomes_tell_what_became_of_what_was_flagged_and_of_the_rest(
    tenant: Tenant, owners: tuple[User, User, User], engine: EnginePool
) -> None:
    account = await factories.account(owners[1])
    old, young, other = [
        await factories.deal(account, valid_from=DAY - timedelta(days=age), amount_minor=100_00)
        for age in (120, 10, 200)
    ]
    actor = await _judge(tenant, engine)
    seller = await factories.actor(owners[1])
    await deals.close(seller, old.id, 1, Stage.LOST, loss_reason="price", on=DAY + timedelta(days=5))
    await deals.close(seller, young.id, 1, Stage.WON, on=DAY + timedelta(days=5))
    await deals.close(seller, other.id, 1, Stage.WON, on=DAY + timedelta(days=50))
    found = await outcomes(actor, "stalled-deal", DAY, DAY + timedelta(days=30))
    assert (found.flagged.deals, found.flagged.won, found.flagged.lost, found.flagged.open) == (2, 0, 1, 1)
    assert (found.flagged.amount_minor, found.flagged.lost_minor) == (200_00, 100_00)
    assert (found.others.deals, found.others.won, found.others.win_rate) == (1, 1, 1.0)
    later = await outcomes(actor, "stalled-deal", DAY, DAY + timedelta(days=60))
    assert (later.flagged.won, later.flagged.win_rate) == (1, 0.5)
