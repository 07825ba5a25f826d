"""What is written to is judged again, what a new day changes too, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from commands import accounts, evaluations, pending, recommendations, rulebooks, signals
from commands.access import system_actor
from commands.journal import unit_of_work
from jobs import judging
from jobs.judging import judge_changes, keep_judged
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import Record, today
from models.deals import DealContact, DealLine
from models.errors import Forbidden, Invalid
from models.recommendations import Recommendation, RecommendationState
from models.rulebooks import EvaluationRun, PendingJudgement, RunScope
from models.signals import SignalKind
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door
from tests.kept import kept

DAY = factories.TODAY
NAMED = {
    "key": "competitor-named",
    "title": "A competitor was named",
    "when": [{"signal": {"as": "s", "where": {"kind": {"eq": "COMPETITOR_NAMED"}, "age_days": {"lt": 90}}}}],
    "then": [{"recommend": {"action": "CALL", "because": "{s.name}"}}],
}
RECOMMENDED = "{ recommendations(first: 5) { nodes { account { id } because } } }"
ENDING = {
    "key": "contract-ending",
    "title": "A contract ends",
    "when": [{"contract": {"as": "c", "where": {"days_to_end": {"between": [0, 120]}}}}],
    "then": [{"recommend": {"action": "OPEN_RENEWAL", "because": "{c.name} ends in {c.days_to_end}"}}],
}


@dataclass
class World:
    """A tenant that is kept judged, with two accounts of one director."""

    tenant: Tenant
    owner: User
    account: Account
    other: Account

    @property
    def operator(self) -> Actor:
        return system_actor(self.tenant)


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def _world(engine: EnginePool) -> World:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account, other = await factories.account(owner), await factories.account(owner)
    draft = await rulebooks.save(system_actor(tenant), "book", [NAMED, ENDING])
    await rulebooks.activate(system_actor(tenant), engine, draft.id)
    await evaluations.evaluate(system_actor(tenant), engine, DAY)
    return World(tenant, owner, account, other)


@pytest.fixture
async def world(db: str, engine: EnginePool) -> World:
    return await kept(_world, engine)


async def _heard(world: World, on: date = DAY) -> None:
    """A competitor is named at the account; the starter pack has a rule for that."""
    heard = signals.Observation(world.account.id, SignalKind.COMPETITOR_NAMED, "They asked for a quote", on)
    await signals.record(await factories.actor(world.owner), [heard])


async def _run(world: World, engine: EnginePool, day: date = DAY) -> EvaluationRun:
    run = await evaluations.evaluate_changes(world.operator, engine, day)
    assert run is not None
    return run


async def test_an_account_that_a_signal_is_about_is_judged_and_no_other(
    world: World, engine: EnginePool
) -> None:
    await _heard(world)
    run = await _run(world, engine)
    assert (run.scope, run.account_ids, run.accounts) == (RunScope.CHANGES, [world.account.id], 1)
    assert run.opened > 0
    assert {row.account_id for row in await Recommendation.all()} == {world.account.id}
    assert await evaluations.evaluate_changes(world.operator, engine, DAY) is None


async def test_a_write_that_fails_has_nobody_judged(world: World, engine: EnginePool) -> None:
    with pytest.raises(Invalid):
        await accounts.update(
            await factories.actor(world.owner), world.account.id, world.account.version, {"name": ""}
        )
    assert await evaluations.evaluate_changes(world.operator, engine, DAY) is None


async def test_an_account_that_is_written_to_while_it_is_judged_is_judged_once_more(
    world: World, engine: EnginePool
) -> None:
    await _heard(world)
    taken = await pending.waiting(world.tenant.id)
    await _heard(world)
    await pending.done(world.tenant.id, taken)
    assert (await _run(world, engine)).account_ids == [world.account.id]


async def test_a_contract_that_is_120_days_from_its_end_today_is_a_change(
    world: World, engine: EnginePool
) -> None:
    await factories.contract(world.other, ends_on=DAY + timedelta(days=121), mrc_minor=10_00)
    await factories.contract(world.account, ends_on=DAY + timedelta(days=122), mrc_minor=10_00)
    assert await evaluations.evaluate_changes(world.operator, engine, DAY) is None
    run = await _run(world, engine, DAY + timedelta(days=1))
    assert run.account_ids == [world.other.id]
    (advice,) = await Recommendation.filter(rule_key="contract-ending")
    assert (advice.account_id, advice.held_since) == (world.other.id, DAY + timedelta(days=1))


async def test_what_no_longer_holds_on_a_new_day_lapses(world: World, engine: EnginePool) -> None:
    await _heard(world, DAY)
    await _run(world, engine)
    (advice,) = await Recommendation.filter(rule_key="competitor-named")
    run = await _run(world, engine, DAY + timedelta(days=90))
    assert run.lapsed > 0
    assert (await Recommendation.get(id=advice.id)).state == RecommendationState.LAPSED


async def test_accounts_are_judged_again_for_what_is_written_of_their_deals_and_products(
    world: World, engine: EnginePool
) -> None:
    product, contact = await factories.product(world.tenant), await factories.contact(world.account)
    deal = await factories.deal(world.account)
    await factories.service(world.other, product_id=product.id)

    async def judged(*records: Record) -> list[str] | None:
        async with unit_of_work(world.operator, "test") as work:
            for record in records:
                await work.create(record)
        return (await _run(world, engine)).account_ids

    own = {"tenant_id": world.tenant.id, "deal_id": deal.id}
    line = DealLine(id=DealLine.make_id(), product_id=product.id, currency="EUR", **own)
    part = DealContact(id=DealContact.make_id(), contact_id=contact.id, **own)
    assert await judged(line) == [world.account.id]
    assert await judged(part) == [world.account.id]
    async with unit_of_work(world.operator, "test") as work:
        await work.update(product, {"family": "Network"})
    assert (await _run(world, engine)).account_ids == sorted([world.account.id, world.other.id])


async def test_judging_everybody_leaves_nobody_waiting(world: World, engine: EnginePool) -> None:
    await _heard(world)
    await evaluations.evaluate(await factories.actor(world.owner), engine, DAY)
    assert await PendingJudgement.all().count() == 1  # the director may not see everybody
    await evaluations.evaluate(world.operator, engine, DAY)
    assert await PendingJudgement.all().count() == 0


async def test_other_rules_have_those_judged_of_whom_they_say_something(
    world: World, engine: EnginePool
) -> None:
    await _heard(world)
    await _run(world, engine)
    draft = await rulebooks.save(world.operator, "book", [ENDING])
    await rulebooks.activate(world.operator, engine, draft.id)
    run = await _run(world, engine)
    assert (run.account_ids, run.lapsed) == ([world.account.id], 1)


async def test_what_people_answer_has_nobody_judged(world: World, engine: EnginePool) -> None:
    await _heard(world)
    await _run(world, engine)
    (advice,) = await Recommendation.filter(rule_key="competitor-named")
    await recommendations.dismiss(await factories.actor(world.owner), advice.id, "known")
    assert await evaluations.evaluate_changes(world.operator, engine, DAY) is None


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.MANAGER, Role.INTEGRATION])
async def test_only_operators_judge_changes(world: World, engine: EnginePool, role: Role) -> None:
    somebody = await factories.actor(await factories.user(world.tenant, role))
    with pytest.raises(Forbidden):
        await evaluations.evaluate_changes(somebody, engine, DAY)


async def test_a_signal_becomes_a_recommendation_while_the_server_runs(
    world: World, engine: EnginePool
) -> None:
    await evaluations.evaluate(world.operator, engine, today())
    heard = {
        "accountId": world.account.id,
        "kind": "COMPETITOR_NAMED",
        "summary": "They asked for a quote",
        "observedOn": today().isoformat(),
    }
    background = asyncio.create_task(keep_judged(engine))
    async with door(world.owner, engine=engine) as client:
        await client.do("recordSignals", "signals { id }", {"signals": [heard]})
        async with asyncio.timeout(60):
            while not (answer := await client.ask(RECOMMENDED))["recommendations"]["nodes"]:  # type: ignore[index] # noqa: ASYNC110
                await asyncio.sleep(0.02)
    background.cancel()
    expected = {"account": {"id": world.account.id}, "because": "They asked for a quote"}
    assert answer == {"recommendations": {"nodes": [expected]}}


async def test_a_tenant_that_nobody_judged_lately_is_left_alone(world: World, engine: EnginePool) -> None:
    await _heard(world)
    assert await judge_changes(engine) == 0
    assert await PendingJudgement.all().count() == 1


async def test_judging_goes_on_after_something_went_wrong(
    world: World, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asyncio.Queue[int]()

    async def fail_once(_engine: EnginePool) -> int:
        calls.put_nowait(1)
        if calls.qsize() == 1:
            raise RuntimeError("something unheard of")
        return 0

    monkeypatch.setattr(judging, "judge_changes", fail_once)
    monkeypatch.setattr(judging, "POLL_SECONDS", 0.01)
    task = asyncio.create_task(judging.keep_judged(engine))
    async with asyncio.timeout(30):
        while calls.qsize() < 3:  # noqa: ASYNC110 - of the loop under test
            await asyncio.sleep(0.01)
    task.cancel()
