"""Plays: what starts them, their steps, how they end, and which of them work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commands import plan_parts, plays, recommendations, rulebooks
from commands.access import system_actor
from commands.plays import Step
from metrics.plays import PlayRecord, play_records
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import Deal
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound
from models.plays import Play, PlayRun, PlayRunState, PlayRunStep
from models.recommendations import Outcome, RecommendationState
from rules import packs
from rules.engine.pool import EnginePool
from rules.plays import library
from tests import factories
from tests.door import door


class Office:
    """A director with an account and a deal, and the manager above."""

    tenant: Tenant
    ada: Actor
    mara: Actor
    account: Account
    deal: Deal

    async def open(self) -> Office:
        """Everything stored."""
        self.tenant = await factories.tenant()
        north = await factories.team(self.tenant)
        manager = await factories.user(self.tenant, Role.MANAGER, team_id=north.id)
        director = await factories.user(self.tenant, team_id=north.id, manager_id=manager.id)
        self.ada, self.mara = await factories.actor(director), await factories.actor(manager)
        self.account = await factories.account(director)
        self.deal = await factories.deal(self.account)
        return self


async def test_accepting_a_recommendation_starts_the_play_that_it_names(db: str) -> None:
    on = await Office().open()
    play = await factories.play(on.tenant, "revive", "Call", "Write")
    advice = await factories.recommendation(on.deal, play="revive")
    unknown = await factories.recommendation(on.deal, play="gone", subject_key="other")
    await recommendations.accept(on.ada, advice.id)
    await recommendations.accept(on.ada, unknown.id)
    run = await PlayRun.get()
    assert (run.play_id, run.account_id, run.deal_id, run.recommendation_id, run.started_by_id) == (
        play.id, on.account.id, on.deal.id, advice.id, on.ada.user_id,
    )  # fmt: skip
    steps = await PlayRunStep.filter(play_run_id=run.id).order_by("due_on")
    assert [each.due_on for each in steps] == [today(), today() + timedelta(days=7)]


async def test_rules_that_go_live_bring_the_plays_that_they_name_and_leave_the_tenants_own_alone(
    db: str,
) -> None:
    on = await Office().open()
    own = await plays.set_play(on.mara, "usage-review", "Ours", None, [Step("Call", 1)])
    await plays.set_play(on.mara, "tender", "Not ours", None, [Step("Call", 1)], active=False)
    system = system_actor(on.tenant)
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(system, engine)
        book, _ = await rulebooks.keep(system, "growth", packs.load("growth"))
        live = await rulebooks.activate(system, engine, book.id)
    assert (await Play.get(id=own.id)).name == "Ours"
    assert [each.text for each in await plays.steps_of(own.id)] == ["Call"]
    assert not (await Play.get(key="tender")).active
    defence = await Play.get(key="competitive-defence")
    assert [(each.text, each.due_after_days) for each in await plays.steps_of(defence.id)] == [
        (each.text, each.after_days) for each in library()["competitive-defence"].steps
    ]
    named = {
        str(part["recommend"]["play"])
        for pack in ("starter", "growth")
        for rule in packs.load(pack).rules
        for part in rule["then"]  # type: ignore[attr-defined]
        if part.get("recommend", {}).get("play")
    }
    assert {each.key for each in await Play.all()} == named | {"usage-review", "tender"}
    await Play.filter(key="merger").update(key="merger-of-old")
    assert [each.key for each in await rulebooks.bring_plays(system, live)] == ["merger"]
    assert await rulebooks.bring_plays(system, live) == []


async def test_whoever_accepts_is_told_that_there_is_no_play_to_start(db: str) -> None:
    on = await Office().open()
    await factories.play(on.tenant, "revive", "Call")
    await factories.play(on.tenant, "asleep", "Call")
    await Play.filter(key="asleep").update(active=False)
    asked = "missingPlay errors { code } recommendation { play namedPlay { key active } playRuns { id } }"
    async with door(await User.get(id=on.ada.user_id)) as client:
        for key, missing, named, runs in (
            ("revive", None, {"key": "revive", "active": True}, 1),
            ("asleep", "asleep", {"key": "asleep", "active": False}, 0),
            ("gone", "gone", None, 0),
            (None, None, None, 0),
        ):
            advice = await factories.recommendation(on.deal, play=key, subject_key=f"of {key}")
            answer: Any = await client.ask(
                "mutation ($id: ID!) { acceptRecommendation(input: {id: $id}) { %s } }" % asked,  # noqa: UP031
                {"id": advice.id},
            )
            told = answer["acceptRecommendation"]
            shown = told["recommendation"]
            assert (told["missingPlay"], told["errors"], shown["play"]) == (missing, [], key)
            assert (shown["namedPlay"], len(shown["playRuns"])) == (named, runs)


async def test_a_step_that_is_wrong_is_named(db: str) -> None:
    on = await Office().open()
    for step, path in (
        (Step(" ", 0), ["steps", "1", "text"]), (Step("Call", 366), ["steps", "1", "dueAfterDays"]),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            await plays.set_play(on.mara, "revive", "Revive", None, [Step("Write", 0), step])
        assert list(refusal.value.path) == path


async def test_a_play_ends_when_its_steps_are_answered_or_it_is_given_up(db: str) -> None:
    on = await Office().open()
    play = await factories.play(on.tenant, "revive", "Call", "Write")
    run = await plays.start(on.ada, play.id, on.account.id, idempotency_key="once")
    assert (await plays.start(on.ada, play.id, on.account.id, idempotency_key="once")).id == run.id
    one, other = await PlayRunStep.filter(play_run_id=run.id).order_by("due_on")
    await plays.answer_step(on.ada, one.id)
    with pytest.raises(InvalidTransition, match="1 steps are not answered"):
        await plays.end(on.ada, run.id, PlayRunState.DONE)
    with pytest.raises(InvalidTransition, match="was answered on"):
        await plays.answer_step(on.ada, one.id)
    with pytest.raises(Invalid, match="out of range"):
        await plays.answer_step(on.ada, other.id, on=today() + timedelta(days=1))
    assert (await plays.answer_step(on.ada, other.id, skipped=True)).skipped_on == today()
    with pytest.raises(Invalid, match="RUNNING is no end"):
        await plays.end(on.ada, run.id, PlayRunState.RUNNING)
    ended = await plays.end(on.ada, run.id, PlayRunState.DONE, outcome=Outcome.WORKED)
    assert (ended.state, ended.ended_on, ended.outcome) == (PlayRunState.DONE, today(), Outcome.WORKED)
    with pytest.raises(InvalidTransition, match="the play is DONE"):
        await plays.end(on.ada, run.id, PlayRunState.ABANDONED)


async def test_what_was_started_keeps_its_steps_when_the_play_is_set_anew(db: str) -> None:
    on = await Office().open()
    call = Step("Call", 0)
    play = await plays.set_play(
        on.mara, "revive", "Revive", "REVIVE_DEAL", [Step("Call", 0), Step("Write", 3)]
    )
    run = await plays.start(on.ada, play.id, on.account.id)
    await plays.set_play(
        on.mara, "revive", "Revive", None, [Step("Call", 0), Step("Visit", 3), Step("Write", 9)]
    )
    now = await plays.steps_of(play.id)
    assert [(each.position, each.text) for each in now] == [(1, "Call"), (2, "Visit"), (3, "Write")]
    kept = await PlayRunStep.filter(play_run_id=run.id).order_by("due_on").prefetch_related("play_step")
    assert [each.play_step.text for each in kept] == ["Call", "Write"]  # type: ignore[attr-defined]
    assert kept[0].play_step_id == now[0].id
    with pytest.raises(Forbidden):
        await plays.set_play(on.ada, "mine", "Mine", None, [Step("Call", 0)])
    wrong: tuple[tuple[str, str | None, list[Step], str], ...] = (
        ("Not A Key", None, [call], "key"),
        ("key", "not an action", [call], "action"),
        ("key", None, [], "steps"),
        ("key", None, [Step("Call", 366)], "steps"),
    )
    for key, action, steps, path in wrong:
        with pytest.raises(Invalid) as refused:
            await plays.set_play(on.mara, key, "Wrong", action, steps)
        assert refused.value.path[0] == path
    await plays.set_play(on.mara, "revive", "Revive", None, [Step("Call", 0)], active=False)
    with pytest.raises(InvalidTransition, match="not active"):
        await plays.start(on.ada, play.id, on.account.id)


async def test_an_action_of_a_plan_starts_a_play_and_a_deal_lets_its_owner_start_one(db: str) -> None:
    on = await Office().open()
    play = await factories.play(on.tenant, "revive", "Call")
    plan = await factories.account_plan(on.account)
    action = await factories.plan_action(plan, play_id=play.id)
    run = await plays.start(on.ada, play.id, on.account.id, plan_action_id=action.id)
    assert run.plan_action_id == action.id
    other = await factories.user(on.tenant)
    bo = await factories.actor(other)
    deal = await factories.deal(on.account, owner_id=other.id)
    own = await plays.start(bo, play.id, on.account.id, deal_id=deal.id)
    assert (await plays.end(bo, own.id, PlayRunState.ABANDONED)).state is PlayRunState.ABANDONED
    with pytest.raises(Forbidden, match="only the owner of the account"):
        await plays.start(bo, play.id, on.account.id)
    with pytest.raises(NotFound):
        await plays.end(bo, run.id, PlayRunState.ABANDONED)
    elsewhere = await factories.account(other)
    with pytest.raises(Invalid, match="of another account"):
        await plays.start(bo, play.id, elsewhere.id, deal_id=deal.id)
    await plan_parts.complete_action(on.ada, action.id)
    with pytest.raises(InvalidTransition, match="was done"):
        await plays.start(on.ada, play.id, on.account.id, plan_action_id=action.id)


async def test_the_record_of_a_play_says_what_came_of_it_with_intervals(db: str) -> None:
    on = await Office().open()
    play = await factories.play(on.tenant, "revive")
    # Of five, four ended: three done, one given up. Two worked (one by its recommendation), one failed.
    for outcome in (Outcome.WORKED, Outcome.FAILED):
        run = await plays.start(on.ada, play.id, on.account.id)
        await plays.end(on.ada, run.id, PlayRunState.DONE, outcome=outcome)
    advice = await factories.recommendation(on.deal, play="revive")
    await recommendations.accept(on.ada, advice.id)
    await recommendations.complete(on.ada, advice.id, Outcome.WORKED)
    await plays.end(on.ada, (await PlayRun.get(recommendation_id=advice.id)).id, PlayRunState.DONE)
    await Deal.filter(id=on.deal.id).update(stage="WON", closed_on=today())
    lost = await factories.deal(on.account, stage="LOST", closed_on=today() - timedelta(days=1))
    for deal in (lost, await factories.deal(on.account)):
        await plays.start(on.ada, play.id, on.account.id, deal_id=deal.id)
    given_up = await PlayRun.get(deal_id=lost.id)
    await plays.end(on.ada, given_up.id, PlayRunState.ABANDONED)
    record = (await play_records(on.mara, today()))[play.id]
    # The lost deal had ended before its play was started, and tells nothing of it.
    assert record == PlayRecord(
        play.id, started=5, running=1, done=3, abandoned=1, worked=2, failed=1, deals_won=1, deals_lost=0
    )
    assert (record.finishing.cases, record.finishing.share) == (4, 0.75)
    # Wilson by hand, 2 of 3 with z = 1.96: (0.6667 + 0.6403) / 2.2805 = 0.5731 and 0.3653 either way.
    low, high = record.working.low, record.working.high
    assert low is not None
    assert high is not None
    assert (round(low, 3), round(high, 3)) == (0.208, 0.939)
    assert await play_records(await factories.actor(await factories.user(on.tenant)), today()) == {}
    assert await play_records(on.mara, today() - timedelta(days=1)) == {}


async def test_a_recommendation_that_is_put_aside_and_accepted_again_has_its_play_run_once(db: str) -> None:
    on = await Office().open()
    await factories.play(on.tenant, "revive", "Call")
    advice = await factories.recommendation(on.deal, play="revive")
    await recommendations.accept(on.ada, advice.id)
    await recommendations.snooze(on.ada, advice.id, today() + timedelta(days=3))
    again = await recommendations.accept(on.ada, advice.id)
    assert again.state is RecommendationState.ACCEPTED
    assert await PlayRun.all().count() == 1
