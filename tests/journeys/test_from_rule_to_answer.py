"""A manager writes a rule, it judges, a director answers what it says, and it lapses when the deal is won."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from models.access import Role, User
from models.base import utcnow
from models.deals import Deal, Stage
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import Door, Payload, door

RULE: Payload = {
    "key": "stands-still",
    "title": "Deal stands still",
    "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "age_days": {"gt": 90}}}}],
    "then": [
        {"flag": {"risk": "STALLED_DEAL", "severity": "HIGH", "exposure": "$d.amount", "probability": 0.5}},
        {"recommend": {"action": "REVIVE", "because": "{d.name} is {d.age_days} old", "due_in_days": 7}},
    ],
}
RECOMMENDATIONS = """
query ($state: RecommendationState!) {
  recommendations(filter: {state: {eq: $state}}) {
    totalCount
    nodes { id version state because value { amount } deal { id } account { name }
            evidence { field op threshold seen } }
  }
}
"""
PORTFOLIO = "{ portfolio(groupBy: MANAGER) { total { revenueAtRisk { amount currency } openRisks } } }"
JUDGED = "run { state accounts matched opened unchanged lapsed failures { reason } }"


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 30) as pool:
        yield pool


@pytest.fixture
async def people(db: str) -> tuple[User, User, User]:
    """A manager, a director of the manager's team, and a director of another team."""
    operator = await factories.tenant()
    north, south = await factories.team(operator), await factories.team(operator)
    manager = await factories.user(operator, Role.MANAGER, team_id=north.id)
    director = await factories.user(operator, team_id=north.id, manager_id=manager.id)
    return manager, director, await factories.user(operator, team_id=south.id)


async def stalled(owner: User, amount: int) -> Deal:
    account = await factories.account(owner, name=f"Account of {owner.name}")
    return await factories.deal(
        account, name="SD-WAN", amount_minor=amount, valid_from=today() - timedelta(days=120)
    )


def today() -> date:
    return utcnow().date()


async def listed(client: Door, state: str) -> Any:
    return (await client.ask(RECOMMENDATIONS, {"state": state}))["recommendations"]


async def at_risk(client: Door) -> Any:
    portfolio: Any = (await client.ask(PORTFOLIO))["portfolio"]
    return portfolio["total"]


async def test_from_a_rule_to_its_answer(people: tuple[User, User, User], engine: EnginePool) -> None:
    manager, director, outsider = people
    deal = await stalled(director, 5_000_00)
    await stalled(outsider, 7_000_00)

    async with door(manager, engine=engine) as client:
        saved: Any = await client.do(
            "saveRulebook", "rulebook { id version }", {"name": "ours", "rules": [RULE]}
        )
        live = await client.do("activateRulebook", "rulebook { state }", saved["rulebook"])
        assert live == {"rulebook": {"state": "ACTIVE"}, "errors": []}
        first: Any = await client.do("evaluate", JUDGED, {})
        again: Any = await client.do("evaluate", JUDGED, {})
        assert first["run"].items() >= {"state": "COMPLETE", "accounts": 1, "failures": []}.items()
        assert (first["run"]["opened"], again["run"]["opened"]) == (2, 0)
        assert again["run"]["unchanged"] == 2
        risk = {"revenueAtRisk": {"amount": "5000.00", "currency": "EUR"}, "openRisks": 1}
        assert await at_risk(client) == risk

    async with door(director, engine=engine) as client:
        (recommendation,) = (await listed(client, "OPEN"))["nodes"]
        assert recommendation["because"].startswith("SD-WAN is 120")
        assert recommendation["value"] == {"amount": "5000.00"}
        assert recommendation["deal"] == {"id": deal.id}
        assert {"field": "age_days", "op": "gt", "threshold": 90, "seen": 120} in recommendation["evidence"]
        accepted = await client.do(
            "acceptRecommendation",
            "recommendation { state version }",
            {"id": recommendation["id"], "version": recommendation["version"]},
        )
        assert accepted == {"recommendation": {"state": "ACCEPTED", "version": 2}, "errors": []}
        won = await client.do("closeDeal", "deal { stage }", {"id": deal.id, "version": 1, "stage": "WON"})
        assert won == {"deal": {"stage": Stage.WON}, "errors": []}
        last: Any = await client.do("evaluate", JUDGED, {})
        assert last["run"]["lapsed"] == 2
        assert (await listed(client, "LAPSED"))["totalCount"] == 1
        assert (await at_risk(client))["openRisks"] == 0

    async with door(outsider, engine=engine) as client:
        assert (await listed(client, "OPEN"))["totalCount"] == 0
