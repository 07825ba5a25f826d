"""Following changes: whoever may see something at that moment is told of it, once it is stored."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from commands import (
    accounts,
    actors,
    evaluations,
    plan_judgements,
    plan_parts,
    plans,
    plays,
    recommendations,
    rulebooks,
    trends,
)
from commands import judging as judging_module
from commands.access import system_actor
from commands.announcements import Happened, Topic
from commands.arbitration import set_limits
from commands.journal import Repeat, unit_of_work
from commands.trends import Observed
from models.access import Role, Tenant, User
from models.base import today
from models.deals import Deal
from models.errors import Conflict
from models.plays import PlayRunState, PlayRunStep
from models.recommendations import Outcome, Recommendation
from models.rulebooks import EvaluationRun
from models.services import Service
from models.trends import TrendKind, TrendState
from rules.engine.pool import EnginePool
from schema.core.metrics import EVENTS
from tests import factories
from tests.door import CONFIG, application, without_engine
from tests.measures import counts
from tests.schema.sockets import SECONDS, Said, Socket, followers, opened

CHANGED = """subscription ($account: ID) {
  recommendationChanged(accountId: $account) { change recommendation { id state account { name } } }
}"""
RISKS = "subscription { riskChanged { change risk { state title evidence { seen } lines { lineId } } } }"
PROGRESS = """subscription ($run: ID) {
  evaluationProgress(runId: $run) { id state judged candidates opened }
}"""
PLANS = """subscription ($account: ID) {
  accountPlanHealthChanged(accountId: $account) {
    healthBefore healthAfter judgedOn plan { id name account { id } }
    health { asOf health reasons { kind decides days text } }
  }
}"""
TRENDS = "subscription { trendChanged { change trend { id state } } }"
PLAYED = "subscription { playRunChanged { change run { id progress } } }"
APP = without_engine(CONFIG.model_dump_json())


async def heard(socket: Socket) -> tuple[str, str]:
    """What happened to which recommendation, by the next event."""
    event = await socket.event()
    return event["change"], event["recommendation"]["id"]


async def own(user: User) -> Recommendation:
    return await factories.recommendation(await factories.deal(await factories.account(user)))


async def _hidden(events: int) -> None:
    """Wait until so many events were kept from somebody who does not see what they are about."""
    async with asyncio.timeout(SECONDS):
        while counts(EVENTS, "outcome")["hidden"] < events:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)


async def test_changes_are_told_to_whoever_sees_them_when_they_are_told(db: str) -> None:
    tenant, elsewhere = await factories.tenant(), await factories.tenant()
    north, south = await factories.team(tenant), await factories.team(tenant)
    ada, bob = await factories.user(tenant, team_id=north.id), await factories.user(tenant, team_id=south.id)
    boss = await factories.user(tenant, Role.MANAGER, team_id=north.id)
    eve = await factories.user(elsewhere, Role.ADMIN)
    adas, bobs, eves = [await own(user) for user in (ada, bob, eve)]
    actor, system = await factories.actor(ada), system_actor(tenant)
    async with AsyncExitStack() as stack:
        of_ada, of_bob, of_boss, of_eve = [
            await stack.enter_async_context(opened(APP, user)) for user in (ada, bob, boss, eve)
        ]
        for socket in (of_ada, of_bob, of_boss, of_eve):
            socket.follow(CHANGED)
        of_boss.follow(CHANGED, "2", account=bobs.account_id)
        told = await of_boss.hear()
        assert (told["type"], told["id"]) == ("error", "2")
        assert told["payload"][0]["extensions"] == {"code": "NOT_FOUND", "path": ["accountId"]}
        await followers(tenant, 3)
        await followers(elsewhere, 1)
        with pytest.raises(Conflict):
            await recommendations.accept(actor, adas.id, version=7)
        async with unit_of_work(actor, "test", repeat=(key := Repeat("test", "key", "asked"))):
            pass
        with suppress(Conflict):  # at the very end of the transaction
            async with unit_of_work(actor, "test", repeat=key) as work:
                work.tell(Topic.RECOMMENDATION, adas.id, adas.account_id, Happened.LAPSED)
        before = counts(EVENTS, "outcome")["hidden"]
        await recommendations.accept(actor, adas.id)
        assert await heard(of_ada) == await heard(of_boss) == ("ACCEPTED", adas.id)
        await _hidden(before + 1)  # from Bob, who would see it after what comes now
        # The account moves to another team: who loses it hears no more of it, who gets it does.
        await Deal.filter(id=adas.deal_id).update(owner_id=bob.id)
        await accounts.update(system, adas.account_id, 1, {"owner_id": bob.id})
        await recommendations.complete(system, adas.id, Outcome.UNKNOWN)
        await recommendations.record_outcome(system, adas.id, Outcome.WORKED)
        first = await heard(of_bob)
        assert first in (("DONE", adas.id), ("OUTCOME_RECORDED", adas.id))  # put together if both waited
        if first[0] == "DONE":
            assert await heard(of_bob) == ("OUTCOME_RECORDED", adas.id)
        await recommendations.dismiss(system, (again := await own(ada)).id, "no longer wanted")
        await recommendations.dismiss(system_actor(elsewhere), eves.id, "no longer wanted")
        assert await heard(of_ada) == await heard(of_boss) == ("DISMISSED", again.id)
        assert await heard(of_eve) == ("DISMISSED", eves.id)
        # A user who leaves is told so, and nothing else, with the next event.
        await User.filter(id=ada.id).update(active=False)
        actors.forget()
        await recommendations.accept(system, (third := await own(ada)).id)
        told = await of_ada.hear()
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        assert (await of_ada.hear())["closed"] == 4403
        assert await heard(of_boss) == ("ACCEPTED", third.id)
        of_boss.say({"id": "1", "type": "complete"})
        await followers(tenant, 1)
    await followers(tenant, 0)
    await followers(elsewhere, 0)


@dataclass
class Judged:
    """A director with deals that stand still, and somebody else."""

    tenant: Tenant
    owner: User
    day: date


async def world() -> Judged:
    tenant, day = await factories.tenant(), today()
    owner = await factories.user(tenant)
    for _ in range(3):
        account = await factories.account(owner)
        await factories.deal(account, valid_from=day - timedelta(days=91), amount_minor=500_00)
    return Judged(tenant, owner, day)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_an_evaluation_tells_how_far_it_is_and_what_it_finds(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging_module, "CHUNK", 1)
    here = await world()
    async with EnginePool(1, 20.0) as engine, AsyncExitStack() as stack:
        actor = await factories.actor(here.owner)
        await rulebooks.ensure_starter(system_actor(here.tenant), engine)
        app = application(engine)
        runs, found, risks = [await stack.enter_async_context(opened(app, here.owner)) for _ in range(3)]
        runs.follow(PROGRESS)
        found.follow(CHANGED)
        risks.follow(RISKS)
        await followers(here.tenant, 3)
        run = await evaluations.evaluate(actor, engine, here.day)
        told: list[Said] = []
        while not told or told[-1]["state"] == "RUNNING":
            told.append(await runs.event())
        assert [each["judged"] for each in told] == sorted(each["judged"] for each in told)
        assert told[-1] == {"id": run.id, "state": "COMPLETE", "judged": 3, "candidates": 3, "opened": 6}
        assert len(told) > 1
        opened_ = [await heard(found) for _ in range(3)]
        assert {change for change, _ in opened_} == {"OPENED"}
        for _ in range(3):
            risk = await risks.event()
            assert risk["change"] == "OPENED"
            assert 91 in [each["seen"] for each in risk["risk"]["evidence"]]
        # One run alone: how it stands, and that it has ended.
        runs.say({"id": "1", "type": "complete"})
        runs.follow(PROGRESS, "2", run=run.id)
        while (last := await runs.hear())["id"] == "1":
            pass  # the end was told twice
        assert last["payload"]["data"]["evaluationProgress"]["state"] == "COMPLETE"
        assert await runs.hear() == {"id": "2", "type": "complete"}
        others = await EvaluationRun.create(
            id=EvaluationRun.make_id(), tenant_id=here.tenant.id, as_of=here.day
        )
        runs.follow(PROGRESS, "3", run=others.id)
        assert (await runs.hear())["payload"][0]["extensions"]["code"] == "NOT_FOUND"
        # What was put aside wakes on its day.
        snoozed, tomorrow = opened_[0][1], here.day + timedelta(days=1)
        await recommendations.snooze(actor, snoozed, tomorrow)
        assert await heard(found) == ("SNOOZED", snoozed)
        await evaluations.evaluate(actor, engine, tomorrow)
        assert sorted([await heard(found) for _ in range(3)]) == sorted(
            ("WOKEN" if each == snoozed else "REFRESHED", each) for _, each in opened_
        )


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_an_account_alone_is_followed_and_what_managers_limit_is_told(db: str) -> None:
    tenant = await factories.tenant()
    boss = await factories.user(tenant, Role.ADMIN)
    account, other = await factories.account(boss), await factories.account(boss)
    mine = [await factories.recommendation(await factories.deal(each)) for each in (account, account, other)]
    async with opened(APP, boss) as socket:
        socket.follow(CHANGED, account=account.id)
        await followers(tenant, 1)
        await recommendations.accept(await factories.actor(boss), mine[2].id)
        await set_limits(await factories.actor(boss), {"max_offers": 1})
        assert await heard(socket) in [("WITHHELD", each.id) for each in mine[:2]]


async def _judged(socket: Socket) -> tuple[str, str, str]:
    event = await socket.event()
    assert event["health"]["health"] == event["healthAfter"]
    return event["healthBefore"], event["healthAfter"], event["judgedOn"]


async def test_a_plan_whose_health_changes_is_told_to_whoever_sees_it_then(db: str) -> None:
    """One of ten services is 10 %: of 100 days 20 may have passed, not 21; with three it is 30 % again."""
    tenant = await factories.tenant()
    north, south = await factories.team(tenant), await factories.team(tenant)
    ada, bob = await factories.user(tenant, team_id=north.id), await factories.user(tenant, team_id=south.id)
    boss = await factories.user(tenant, Role.MANAGER, team_id=north.id)
    account, system = await factories.account(ada), system_actor(tenant)
    await factories.deal(account, owner_id=bob.id)  # by which he sees the account, and not its plans
    plan = await factories.approved_plan(account)
    await factories.service(account, valid_from=plan.first_on)
    last_good, first_bad = plan.first_on + timedelta(days=20), plan.first_on + timedelta(days=21)
    async with AsyncExitStack() as stack:
        of_ada, of_bob, of_boss = [
            await stack.enter_async_context(opened(APP, user)) for user in (ada, bob, boss)
        ]
        for socket in (of_ada, of_bob):
            socket.follow(PLANS)
        of_boss.follow(PLANS, account=account.id)
        await followers(tenant, 3)
        before = counts(EVENTS, "outcome")["hidden"]
        await plan_judgements.judge(system, began := last_good - timedelta(days=1))
        for socket in (of_ada, of_boss):
            assert await _judged(socket) == ("NOT_BEGUN", "ON_TRACK", str(began))
        await plan_judgements.judge(system, last_good)  # as before
        await plan_judgements.judge(system, first_bad)
        for socket in (of_ada, of_boss):
            told = await socket.event()
            assert (told["healthBefore"], told["healthAfter"]) == ("ON_TRACK", "BEHIND")
            assert told["judgedOn"] == told["health"]["asOf"] == str(first_bad)
            assert told["plan"] == {"id": plan.id, "name": plan.name, "account": {"id": account.id}}
            (behind,) = [each for each in told["health"]["reasons"] if each["decides"]]
            assert behind["kind"] == "OBJECTIVE_BEHIND"
        await _hidden(before + 2)
        # The account goes to another team, and with it who is told.
        await accounts.update(system, account.id, 1, {"owner_id": bob.id})
        for _ in range(2):
            await factories.service(account, valid_from=first_bad)
        await plan_judgements.judge(system, first_bad)
        assert await _judged(of_bob) == ("BEHIND", "ON_TRACK", str(first_bad))
        # Who left is told so with the next change, and nothing else.
        await User.filter(id=bob.id).update(active=False)
        actors.forget()
        await Service.all().delete()
        await plan_judgements.judge(system, first_bad + timedelta(days=1))
        told = await of_bob.hear()
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        # The manager of the team that had it heard no more of it; who follows anew hears what comes next.
        admin = await factories.user(tenant, Role.ADMIN)
        anew = await stack.enter_async_context(opened(APP, admin))
        anew.follow(PLANS, account=account.id)
        await followers(tenant, 3)
        await plan_judgements.judge(system, plan.first_on + timedelta(days=200))
        assert await _judged(anew) == ("BEHIND", "ABANDONED", str(plan.first_on + timedelta(days=200)))
        assert of_boss.to_client.empty()
        assert of_ada.to_client.empty()


async def test_trends_and_plays_of_an_account_are_followed(db: str) -> None:
    tenant = await factories.tenant()
    ada, bob = await factories.user(tenant), await factories.user(tenant)
    account, actor = await factories.account(ada), await factories.actor(ada)
    play = await factories.play(tenant, "revive", "Call")
    seen = {"kind": TrendKind.MERGER, "title": "It merges", "observed_on": today()}
    async with opened(APP, ada) as of_ada, opened(APP, bob) as of_bob:
        for socket in (of_ada, of_bob):
            socket.follow(TRENDS)
            socket.follow(PLAYED, "2")
        await followers(tenant, 4)
        (trend,) = await trends.record(actor, [Observed(account.id, seen, "1")])
        assert await of_ada.event() == {"change": "OPENED", "trend": {"id": trend.id, "state": "OPEN"}}
        await trends.record(actor, [Observed(account.id, {**seen, "title": "It buys"}, "1")])
        assert (await of_ada.event())["change"] == "REFRESHED"
        await trends.update(actor, trend.id, {"course": "Visit"})
        assert (await of_ada.event())["change"] == "REFRESHED"
        await trends.move(actor, trend.id, TrendState.ACTED)
        assert await of_ada.event() == {"change": "MOVED", "trend": {"id": trend.id, "state": "ACTED"}}
        run = await plays.start(actor, play.id, account.id)
        assert await of_ada.event() == {"change": "STARTED", "run": {"id": run.id, "progress": 0}}
        (step,) = await PlayRunStep.filter(play_run_id=run.id)
        await plays.answer_step(actor, step.id)
        assert await of_ada.event() == {"change": "WENT_ON", "run": {"id": run.id, "progress": 1}}
        await plays.end(actor, run.id, PlayRunState.ABANDONED)
        assert (await of_ada.event())["change"] == "ENDED"
        own = await factories.account(bob)
        (other,) = await trends.record(await factories.actor(bob), [Observed(own.id, seen)])
        assert (await of_bob.event())["trend"]["id"] == other.id  # the first that Bob hears of


async def test_approving_a_plan_tells_that_it_has_begun(db: str) -> None:
    tenant = await factories.tenant()
    ada, boss = await factories.user(tenant), await factories.user(tenant, Role.ADMIN)
    account = await factories.account(ada)
    day = today()
    year = {"first_on": day - timedelta(days=1), "last_on": day + timedelta(days=300)}
    actor = await factories.actor(ada)
    plan = await plans.create(actor, account.id, {"name": "Grow", **year})
    ten = {"title": "Ten", "due_on": year["last_on"], "owner_id": ada.id}
    await plan_parts.put_objective(actor, plan.id, None, ten)
    await plans.submit(actor, plan.id)
    async with opened(APP, ada) as socket:
        socket.follow(PLANS)
        await followers(tenant, 1)
        await plans.approve(await factories.actor(boss), plan.id)
        assert await _judged(socket) == ("NOT_BEGUN", "ON_TRACK", str(day))
