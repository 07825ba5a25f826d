"""How plans stand is kept for rules: who is judged when, and what was kept of earlier days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from commands import pending, plan_judgements
from commands.access import system_actor
from models.access import Role, Tenant
from models.accounts import Account
from models.errors import Forbidden
from models.history import Change
from models.plan_records import PlanJudgement
from models.rulebooks import PendingJudgement
from rules.facts import gather
from rules.kinds import REGISTRY
from tests import factories

FIRST = date(2026, 1, 1)
NEEDS = {"plan": frozenset(REGISTRY.kinds["plan"].fields)}


async def _fact(account: Account, on: date) -> dict[str, object]:
    facts = await gather(account.tenant_id, [account.id], on, NEEDS)
    (fact,) = facts[account.id]["plan"]
    return {name: value for name, value in fact.items() if not name.startswith("_")}


async def test_rules_see_a_plan_as_it_was_judged_on_each_day(db: str) -> None:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    plan = await factories.approved_plan(account)
    operator = system_actor(tenant)
    await factories.service(account, valid_from=FIRST)
    days = [FIRST + timedelta(days=each) for each in (5, 19, 20, 21)]
    # One of ten services is 10 %: 20 of 100 days may have passed, not 21.
    for day in days:
        assert await plan_judgements.judge(operator, day) == 1
        await PendingJudgement.all().delete()  # as when the accounts were judged by the rules
        assert await plan_judgements.judge(operator, day) == 0
    assert await Change.filter(entity="plan_judgement", field="health").count() == 1
    assert [(await _fact(account, day))["health"] for day in days] == [
        "ON_TRACK", "ON_TRACK", "ON_TRACK", "BEHIND",
    ]  # fmt: skip
    assert await _fact(account, days[-1]) == {
        "id": plan.id, "name": plan.name, "state": "APPROVED", "health": "BEHIND", "days_since_start": 21,
        "days_to_end": 343, "days_since_submitted": 21, "days_since_revision": 21,
        "days_since_progress": 21, "objectives": 1, "objectives_behind": 1, "objectives_without_action": 1,
        "actions_overdue": 0, "currency": "EUR",
    }  # fmt: skip
    assert "actions_overdue" in await _fact(account, days[0])
    assert "actions_overdue" not in await _fact(account, FIRST + timedelta(days=4))  # not judged yet
    assert await plan_judgements.judge(operator, days[0]) == 0


async def test_what_is_written_of_an_account_has_its_plan_judged_again_the_same_day(db: str) -> None:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account, other = await factories.account(owner), await factories.account(owner)
    plans = [await factories.approved_plan(each) for each in (account, other)]
    operator, day = system_actor(tenant), FIRST + timedelta(days=21)
    assert await plan_judgements.judge(operator, day, [other.id]) == 1
    await PendingJudgement.all().delete()
    assert await plan_judgements.judge(operator, day) == 1
    await PendingJudgement.all().delete()
    for _ in range(10):
        await factories.service(account, valid_from=FIRST)
    await pending.note(tenant.id, [account.id])
    assert await plan_judgements.judge(operator, day) == 1
    kept = {each.account_plan_id: each.health.value for each in await PlanJudgement.all()}
    assert [kept[plan.id] for plan in plans] == ["ACHIEVED", "BEHIND"]


async def test_only_operators_keep_plans_judged_and_each_tenant_is_by_itself(db: str) -> None:
    tenant, stranger = await factories.tenant(), await factories.tenant()
    await factories.approved_plan(await factories.account(await factories.user(tenant)))
    assert await plan_judgements.judge(system_actor(stranger), FIRST) == 0
    manager = await factories.actor(await factories.user(tenant, Role.MANAGER))
    with pytest.raises(Forbidden):
        await plan_judgements.judge(manager, FIRST)
    assert await plan_judgements.judge(system_actor(await Tenant.get(id=tenant.id)), FIRST) == 1
