"""An evaluation says what holds, changes nothing the second time, and survives its workers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from commands import deals, evaluations, recommendations, rulebooks
from commands.access import system_actor
from models.access import Actor, User
from models.accounts import Account
from models.base import today, utcnow
from models.deals import Deal, Stage
from models.errors import Invalid, NotFound
from models.history import Change
from models.recommendations import (
    Evidence,
    LineKind,
    Outcome,
    Recommendation,
    RecommendationState,
    Risk,
    RiskLine,
    RiskState,
)
from models.rulebooks import EvaluationRun, RunState
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door
from tests.kept import kept

DAY = factories.TODAY


@dataclass
class World:
    """A director with a stalled deal, a contract without a renewal, and a healthy account."""

    owner: User
    actor: Actor
    account: Account
    deal: Deal


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def _world(engine: EnginePool) -> World:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account = await factories.account(owner)
    deal = await factories.deal(account, valid_from=DAY - timedelta(days=91), amount_minor=500_00)
    await factories.deal(account, valid_from=DAY - timedelta(days=90))  # not yet more than 90 days
    await factories.contract(account, ends_on=DAY + timedelta(days=100), mrc_minor=10_00)
    await factories.account(owner)
    await rulebooks.ensure_starter(system_actor(tenant), engine)
    return World(owner, await factories.actor(owner), account, deal)


@pytest.fixture
async def world(db: str, engine: EnginePool) -> World:
    return await kept(_world, engine)


async def _rows() -> list[tuple[str, ...]]:
    """Every row of what an evaluation writes, its own run apart."""
    found: list[tuple[str, ...]] = []
    for model in (Recommendation, Risk, RiskLine, Evidence):
        found += [(row.id, str(row.version), str(row.updated_at)) for row in await model.all()]
    changes = await Change.exclude(entity="evaluation_run")
    return sorted([*found, *((change.id,) for change in changes)])


async def test_what_holds_opens_with_its_evidence_and_its_revenue(world: World, engine: EnginePool) -> None:
    run = await evaluations.evaluate(world.actor, engine, DAY)
    assert (run.state, run.accounts, run.matched, run.opened, run.failures) == (
        RunState.COMPLETE,
        2,
        2,
        4,
        [],
    )
    stalled = await Recommendation.get(rule_key="stalled-deal")
    assert (stalled.account_id, stalled.deal_id) == (world.account.id, world.deal.id)
    assert "91 days" in stalled.because
    assert (stalled.value_minor, stalled.priority) == (500_00, 125.0)
    seen = {e.field: e for e in await Evidence.filter(recommendation_id=stalled.id)}
    assert json.loads(str(seen["age_days"].seen)) == 91
    assert json.loads(str(seen["age_days"].threshold)) == 90
    assert seen["age_days"].fact_id == world.deal.id
    churn = await Risk.get(rule_key="renewal-unattended")
    (line,) = await RiskLine.filter(risk_id=churn.id)
    assert (line.line_kind, line.amount_minor) == (LineKind.CONTRACT, 120_00)
    assert churn.exposure_minor == 120_00


async def test_the_same_evaluation_twice_writes_nothing(world: World, engine: EnginePool) -> None:
    await evaluations.evaluate(world.actor, engine, DAY)
    before = await _rows()
    again = await evaluations.evaluate(world.actor, engine, DAY)
    assert (again.opened, again.refreshed, again.lapsed, again.reopened, again.unchanged) == (0, 0, 0, 0, 4)
    assert await _rows() == before


async def test_what_ends_lapses_by_itself_and_comes_back_as_the_same(
    world: World, engine: EnginePool
) -> None:
    await evaluations.evaluate(world.actor, engine, DAY)
    stalled = await Risk.get(rule_key="stalled-deal")
    later = DAY + timedelta(days=1)
    await deals.close(world.actor, world.deal.id, 1, Stage.LOST, loss_reason="price", on=later)
    run = await evaluations.evaluate(world.actor, engine, later)
    assert run.lapsed == 2
    await stalled.refresh_from_db()
    assert (stalled.state, stalled.lapsed_on) == (RiskState.LAPSED, later)
    await Deal.filter(id=world.deal.id).update(stage=Stage.QUALIFIED, closed_on=None)
    run = await evaluations.evaluate(world.actor, engine, later + timedelta(days=1))
    assert run.reopened == 2
    await stalled.refresh_from_db()
    assert (stalled.state, stalled.lapsed_on, stalled.reopened_count) == (RiskState.OPEN, None, 1)


async def test_what_people_answered_is_respected(world: World, engine: EnginePool) -> None:
    await evaluations.evaluate(world.actor, engine, DAY)
    mine = await Recommendation.all().order_by("rule_key")
    await recommendations.dismiss(world.actor, mine[0].id, "not now")
    await recommendations.complete(world.actor, mine[1].id, Outcome.WORKED)
    await evaluations.evaluate(world.actor, engine, DAY + timedelta(days=1))
    states = [row.state for row in await Recommendation.all().order_by("rule_key")]
    # a deal of 90 days has become one of 91 meanwhile: that is a new one
    assert states.count(RecommendationState.DISMISSED) == states.count(RecommendationState.DONE) == 1
    assert states.count(RecommendationState.OPEN) == 1


async def test_only_accounts_that_the_caller_sees_are_judged(world: World, engine: EnginePool) -> None:
    stranger = await factories.actor(await factories.user(await factories.tenant()))
    with pytest.raises(NotFound, match="no account"):
        await evaluations.evaluate(world.actor, engine, DAY, ["acc_unknown"])
    with pytest.raises(NotFound):
        await evaluations.evaluate(stranger, engine, DAY, [world.account.id])
    run = await evaluations.evaluate(world.actor, engine, DAY, [world.account.id])
    assert (run.accounts, run.matched) == (1, 2)


async def test_a_worker_killed_in_the_middle_leaves_the_evaluation_complete_and_the_server_answering(
    world: World,
) -> None:
    for number in range(300):
        account = await factories.account(world.owner, name=f"More {number}")
        await factories.deal(account, valid_from=DAY - timedelta(days=91))  # something to look at
    async with EnginePool(2, 20.0) as pool:
        held, known = asyncio.Event(), {"accounts": {"totalCount": 302}}

        def hold(_done: int, _of: int) -> None:
            """After the first accounts, the workers take what they are given and do not answer."""
            if not held.is_set():
                _signal(pool, signal.SIGSTOP)
                held.set()

        running = asyncio.create_task(evaluations.evaluate(world.actor, pool, DAY, progress=hold))
        await held.wait()
        async with door(world.owner, engine=pool) as client:
            await asyncio.sleep(0.2)
            assert await client.ask("{ accounts { totalCount } }") == known
            assert not running.done()
            killed = _signal(pool, signal.SIGKILL)
            assert await client.ask("{ accounts { totalCount } }") == known
            run = await running
        assert not set(killed) & set(pool.worker_pids())
    assert (run.state, run.accounts, run.failures) == (RunState.COMPLETE, 302, [])
    assert run.matched == 302


def _signal(pool: EnginePool, number: signal.Signals) -> list[int]:
    """Send it to every worker; their process ids."""
    pids = list(pool.worker_pids())
    for pid in pids:
        os.kill(pid, number)
    return pids


async def test_an_evaluation_that_breaks_off_is_marked_and_completed_by_repeating_it(
    world: World, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_done: int, _of: int) -> None:
        raise RuntimeError("the caller went away")

    with pytest.raises(RuntimeError):
        await evaluations.evaluate(world.actor, engine, DAY, progress=broken)
    run = await EvaluationRun.all().order_by("-id").first()
    assert run is not None
    assert run.state == RunState.INTERRUPTED
    again = await evaluations.evaluate(world.actor, engine, DAY)
    assert (again.state, again.opened, again.unchanged) == (RunState.COMPLETE, 0, 4)


async def test_an_answer_given_while_accounts_are_judged_is_not_lost(
    world: World, engine: EnginePool
) -> None:
    await evaluations.evaluate(world.actor, engine, DAY)
    mine = await Recommendation.get(rule_key="stalled-deal")
    await asyncio.gather(
        evaluations.evaluate(world.actor, engine, DAY + timedelta(days=1)),
        recommendations.accept(world.actor, mine.id),
    )
    await mine.refresh_from_db()
    assert mine.state == RecommendationState.ACCEPTED
    assert mine.last_seen_on == DAY + timedelta(days=1)


async def test_looking_back_tells_what_held_and_leaves_what_stands_alone(
    world: World, engine: EnginePool
) -> None:
    await evaluations.evaluate(world.actor, engine, DAY)
    stalled = await Recommendation.get(rule_key="stalled-deal")
    await recommendations.dismiss(world.actor, stalled.id, "it will come")
    before = await _rows()
    earlier = await evaluations.evaluate(world.actor, engine, date(2026, 1, 15))
    assert (earlier.matched, earlier.flagged, earlier.looked_back, earlier.lapsed) == (0, {}, 2, 0)
    assert await _rows() == before
    again = await evaluations.evaluate(world.actor, engine, DAY)
    assert (again.reopened, again.unchanged) == (0, 4)
    assert again.flagged["stalled-deal"] == {"count": 1, "exposure_minor": 500_00}


async def test_a_director_cannot_judge_the_future(world: World, engine: EnginePool) -> None:
    with pytest.raises(Invalid, match="is in the future"):
        await evaluations.evaluate(world.actor, engine, today() + timedelta(days=2))
    assert await EvaluationRun.all().count() == 0


async def test_runs_at_the_same_time_come_to_what_one_does(world: World, engine: EnginePool) -> None:
    for number in range(30):
        account = await factories.account(world.owner)
        await factories.deal(account, valid_from=DAY - timedelta(days=85 + number % 10))
        await factories.contract(account, ends_on=DAY + timedelta(days=number))
    days = [DAY, DAY + timedelta(days=3), DAY + timedelta(days=6), DAY]
    runs = await asyncio.gather(*(evaluations.evaluate(world.actor, engine, day) for day in days))
    assert {run.state for run in runs} == {RunState.COMPLETE}
    last = await evaluations.evaluate(world.actor, engine, days[2])
    assert (last.opened, last.refreshed, last.lapsed, last.reopened) == (0, 0, 0, 0)


async def test_a_run_whose_process_is_gone_is_marked_and_one_that_lives_is_not(world: World) -> None:
    gone, alive = [
        await EvaluationRun.create(id=EvaluationRun.make_id(), tenant_id=world.actor.tenant_id, as_of=DAY)
        for _ in range(2)
    ]
    await EvaluationRun.filter(id=gone.id).update(updated_at=utcnow() - timedelta(minutes=6))
    assert await evaluations.mark_interrupted() == 1
    assert (await EvaluationRun.get(id=gone.id)).state is RunState.INTERRUPTED
    assert (await EvaluationRun.get(id=alive.id)).state is RunState.RUNNING
    assert await Change.filter(entity="evaluation_run", entity_id=gone.id, field="state").exists()
