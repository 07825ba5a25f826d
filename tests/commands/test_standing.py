"""What stands open for an account is told to those who see it, and records are called by their names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands import evaluations, rulebooks, standing
from commands.access import system_actor
from models.errors import Invalid, NotFound
from rules.engine.pool import EnginePool
from tests import factories

DAY = factories.TODAY


async def test_it_stands_from_the_day_it_held_for_those_who_see_it(db: str) -> None:
    tenant = await factories.tenant()
    owner, stranger = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(owner)
    deal = await factories.deal(account, name="Cloud", valid_from=DAY - timedelta(days=91), amount_minor=100)
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(system_actor(tenant), engine)
        await evaluations.evaluate(system_actor(tenant), engine, DAY)
    actor = await factories.actor(owner)
    (found,) = await standing.of_account(actor, account.id, DAY)
    assert found.verdict.rule_key == "stalled-deal"
    assert [seen.field for seen in found.evidence] == ["is_open", "age_days"]
    records = [(seen.fact_kind, seen.fact_id) for seen in found.evidence]
    assert await standing.names(actor, [*records, ("usage", "x"), ("finding", "y")]) == {
        ("deal", deal.id): "Cloud"
    }
    assert await standing.of_account(actor, account.id, DAY - timedelta(days=1)) == []
    other = await factories.actor(stranger)
    assert await standing.of_account(other, account.id, DAY) == []
    assert await standing.names(other, records) == {}


async def test_an_account_is_found_by_the_beginning_of_its_name(db: str) -> None:
    tenant = await factories.tenant()
    actor = await factories.actor(await factories.user(tenant))
    owner = await factories.user(tenant)
    for name in ("Åkeri Nord", "Åkeri Nordost", "Sud 100%"):
        await factories.account(owner, name=name)
    system = system_actor(tenant)
    assert (
        await standing.account_named(system, "åkeri nord")
    ).name == "Åkeri Nord"  # the whole name is meant
    assert (await standing.account_named(system, "åkeri nordo")).name == "Åkeri Nordost"
    with pytest.raises(Invalid, match="begins 2 names: Åkeri Nord "):
        await standing.account_named(system, "ÅKERI")
    for unknown in ("%", "Nord", "acc_nothing"):
        with pytest.raises(NotFound):
            await standing.account_named(system, unknown)
    with pytest.raises(NotFound):
        await standing.account_named(actor, "Sud")
