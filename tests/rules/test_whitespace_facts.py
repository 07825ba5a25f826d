"""Facts about whitespace are the cells of the grid, as of a date and as known on one."""

from __future__ import annotations

from datetime import date

import pytest

from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.whitespace.grid import Wanted
from models.access import Tenant
from models.catalog import Compatibility
from models.services import ServiceState
from rules.facts import gather
from rules.needs import everything
from rules.reference import Fact
from tests import factories
from tests.metrics.whitespaces import DAY, cells_of, random_world

NEEDED = everything(["whitespace"])


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


async def _facts(
    tenant: Tenant, account_id: str, day: date = DAY, known_on: date | None = None
) -> list[Fact]:
    gathered = await gather(tenant.id, [account_id], day, NEEDED, known_on=known_on)
    return gathered[account_id]["whitespace"]


async def test_facts_are_the_cells_of_the_grid(tenant: Tenant) -> None:
    world = await random_world(5, tenant, [await factories.user(tenant)], 50)
    cells = await cells_of(system_actor(tenant), Wanted())
    gathered = await gather(tenant.id, [each.id for each in world.accounts], DAY, NEEDED)
    facts = {(of, fact["name"]): fact for of, kinds in gathered.items() for fact in kinds["whitespace"]}
    assert set(facts) == set(cells)
    assert len({str(fact["id"]) for fact in facts.values()}) == len(facts)
    for key, cell in cells.items():
        potential = cell.potential_minor if cell.typed_minor is None else cell.typed_minor
        share = cell.peers.penetration
        told = {
            "state": cell.state.value,
            "monthly_recurring": cell.mrc_minor,
            "open_monthly": cell.open_mrc_minor,
            "potential": potential,
            "is_typed": cell.typed_minor is not None,
            "gap": cell.gap_minor,
            "annual_gap": None if cell.gap_minor is None else 12 * cell.gap_minor,
            "expected_gap": cell.expected_minor,
            "peers": cell.peers.count,
            "peers_owning": cell.peers.owners,
            "peer_group": cell.peers.group.value,
            "days_since_lost": cell.lost_on and (DAY - cell.lost_on).days,
        }
        assert {name: facts[key].get(name) for name in told} == told
        seen = facts[key].get("penetration")
        assert (seen is None) == (share is None)
        assert share is None or abs(float(str(seen)) - 100 * share) <= 0.05


async def test_facts_of_the_past_are_as_they_were_and_as_they_were_known(tenant: Tenant) -> None:
    account = await factories.account(await factories.user(tenant))
    wan = await factories.product(tenant, family="WAN")
    await factories.product(tenant, family="Voice")
    await factories.compatibility(tenant, "Voice", Compatibility.REQUIRES, "WAN")
    service = await factories.service(account, product_id=wan.id, mrc_minor=100_00)
    async with unit_of_work(system_actor(tenant), "test", on=date(2026, 3, 20)) as work:
        await work.update(service, {"state": ServiceState.TERMINATED, "ended_on": date(2026, 3, 20)})

    async def states(day: date, known_on: date | None = None) -> dict[object, object]:
        return {fact["name"]: fact["state"] for fact in await _facts(tenant, account.id, day, known_on)}

    assert await states(date(2026, 3, 19)) == {"WAN": "OWNED", "Voice": "NEVER"}
    assert await states(DAY) == {"WAN": "LOST", "Voice": "NOT_POSSIBLE"}
    assert await states(DAY, DAY) == {"WAN": "OWNED", "Voice": "NEVER"}
    (lost,) = [fact for fact in await _facts(tenant, account.id) if fact["name"] == "WAN"]
    assert lost["days_since_lost"] == 11


async def test_a_fact_keeps_its_name_whatever_families_come(tenant: Tenant) -> None:
    account = await factories.account(await factories.user(tenant))
    await factories.product(tenant, family="WAN")
    (before,) = await _facts(tenant, account.id)
    await factories.product(tenant, family="Access")
    after = {fact["name"]: fact["id"] for fact in await _facts(tenant, account.id)}
    assert after["WAN"] == before["id"]
    assert str(before["id"]).startswith(f"{account.id}.")
