"""The queries that the editor opens with are answered as they stand, with something to look at."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from commands import bids, discounts, plans
from commands.actors import actor_of
from commands.discounts import Level
from commands.evaluations import evaluate
from commands.rulebooks import ensure_starter
from models.access import Role, User
from models.base import utcnow
from models.recommendations import Recommendation
from rules.engine.pool import EnginePool
from schema.graphiql.page import STATIC
from tests import factories
from tests.door import Payload, door

EXAMPLES = sorted((STATIC / "examples").glob("*.graphql"))


@pytest.fixture
async def manager(db: str) -> User:
    """A manager whose director has a deal that has stood still for half a year, and asks for a discount."""
    operator = await factories.tenant()
    team = await factories.team(operator)
    manager = await factories.user(operator, Role.MANAGER, team_id=team.id)
    director = await factories.user(operator, team_id=team.id, manager_id=manager.id)
    account = await factories.account(director, name="Nordwind AG", tier="KEY")
    deal = await factories.deal(account, valid_from=utcnow().date() - timedelta(days=180))
    await discounts.set_levels(await factories.actor(manager), [Level(20, Role.MANAGER)])
    seller = await factories.actor(director)
    bid = await bids.create(seller, deal.id, "Backbone", utcnow().date())
    await bids.record_round(seller, bid.id, {"listed_minor": 100_00, "offered_minor": 90_00})
    plan = await factories.account_plan(account)
    await factories.objective(plan)
    await plans.submit(seller, plan.id)
    await plans.approve(await factories.actor(manager), plan.id)
    waiting = await factories.account_plan(await factories.account(director))
    await factories.objective(waiting)
    await plans.submit(seller, waiting.id)
    await factories.trend(account)
    return manager


async def test_every_example_is_answered(manager: User) -> None:
    async with EnginePool(1, 30) as engine, door(manager, engine=engine) as client:
        actor = await actor_of(manager.id, manager.tenant_id)
        await ensure_starter(actor, engine)
        await evaluate(actor, engine, utcnow().date())
        answers = {path.stem: await client.ask(await runnable(path.read_text())) for path in EXAMPLES}
    assert len(answers) == 11
    for name, answer in answers.items():
        (payload,) = answer.values()
        if isinstance(payload, dict):
            assert payload.get("errors", []) == [], name
            payload = shown(payload)
        assert payload, (name, answer)


async def runnable(example: str) -> str:
    """The example with an id in the place that it leaves to the reader."""
    recommendation = await Recommendation.first()
    assert recommendation
    return example.replace('"rec_"', f'"{recommendation.id}"')


def shown(payload: Payload) -> Any:
    """What an answer lists or what it is about."""
    return next(payload[name] for name in ("nodes", "groups", "run", "recommendation") if name in payload)


def test_the_page_opens_every_example() -> None:
    named = re.search(r"EXAMPLES = \[(.*?)\]", (STATIC / "boot.js").read_text(), re.DOTALL)
    assert named
    assert sorted(re.findall(r'"([\w-]+)"', named[1])) == [path.stem for path in EXAMPLES]
