"""Plays: lists of steps that have proved themselves, and playing them for an account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from commands.announcements import Happened, Topic
from commands.journal import Repeat, Work, once, unit_of_work
from commands.permissions import MAKE_RULES, SELL, require
from commands.validation import validate
from models.access import Actor
from models.accounts import Account
from models.base import LATEST, check_day, today
from models.deals import Deal
from models.errors import Forbidden, Invalid, InvalidTransition, under
from models.plans import AccountPlan, PlanAction
from models.plays import Play, PlayRun, PlayRunState, PlayRunStep, PlayStep
from models.recommendations import Outcome, Recommendation
from models.visibility import answers_for, find
from rules.language import KEY, UPPER
from rules.plays import library

_ACT = "play plays"
#: A play has at most so many steps, none due later than a year after its start.
MOST_STEPS, MOST_DAYS = 50, 365
_ENDS = (PlayRunState.DONE, PlayRunState.ABANDONED)


@dataclass(frozen=True)
class Step:
    """What is to be done, and how many days after the start it is due."""

    text: str
    due_after_days: int


async def set_play(
    actor: Actor, key: str, name: str, action: str | None, steps: Sequence[Step], *, active: bool = True
) -> Play:
    """Set a play and all of its steps, in order; what was started keeps the steps that it was started with.

    Raises:
        Invalid: the key or the action is written otherwise than rules write it, or there are no steps.
    """
    require(actor, MAKE_RULES, "write plays")
    _check_play(key, name, action, steps)
    play = await Play.get_or_none(tenant_id=actor.tenant_id, key=key)
    async with unit_of_work(actor, "plays.set") as work:
        values = {"name": name, "action": action, "active": active}
        if play is None:
            play = await work.create(Play(id=Play.make_id(), tenant_id=actor.tenant_id, key=key, **values))
        else:
            play = await work.update(play, values)
        await _set_steps(work, play, steps)
        work.object_id = play.id
        return play


def _check_play(key: str, name: str, action: str | None, steps: Sequence[Step]) -> None:
    validate(Play, {"key": key, "name": name, "action": action})
    if not re.fullmatch(KEY, key):
        raise Invalid(f"{key!r} is no key; allowed: small letters, digits and single hyphens", ["key"])
    if action is not None and not re.fullmatch(UPPER, action):
        raise Invalid(f"{action!r} is no action; allowed: capitals, digits and underscores", ["action"])
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Invalid(f"{len(steps)} steps; allowed: 1 to {MOST_STEPS}", ["steps"])
    for index, step in enumerate(steps):
        with under("steps", str(index)):
            _check_step(step)


def _check_step(step: Step) -> None:
    validate(PlayStep, {"text": step.text})
    if not 0 <= step.due_after_days <= MOST_DAYS:
        raise Invalid(f"dueAfterDays is {step.due_after_days}; allowed: 0 to {MOST_DAYS}", ["dueAfterDays"])


async def bring(work: Work, keys: Iterable[str]) -> list[Play]:
    """Make the ready plays of these keys; a play of a key that the tenant has stays as it is."""
    wanted = sorted(library().keys() & set(keys))
    standing = Play.filter(tenant_id=work.actor.tenant_id, key__in=wanted)
    known = {str(key) for key in await standing.values_list("key", flat=True)}
    ready = [library()[key] for key in wanted if key not in known]
    made = [
        Play(
            id=Play.make_id(),
            tenant_id=work.actor.tenant_id,
            key=each.key,
            name=each.name,
            action=each.action,
        )
        for each in ready
    ]
    await work.create_all(made)
    steps = [
        _step(play, position, Step(step.text, step.after_days))
        for play, each in zip(made, ready, strict=True)
        for position, step in enumerate(each.steps, 1)
    ]
    await work.create_all(steps)
    return made


async def _set_steps(work: Work, play: Play, steps: Sequence[Step]) -> None:
    """Have the play consist of these steps: those that differ from what was there take its place."""
    standing = await steps_of(play.id)
    before = [Step(each.text, each.due_after_days) for each in standing]
    same = next(
        (at for at, (one, other) in enumerate(zip(before, steps, strict=False)) if one != other),
        min(len(before), len(steps)),
    )
    for each in standing[same:]:
        await work.update(each, {"removed_on": work.on})
    await work.create_all(
        [_step(play, position, step) for position, step in enumerate(steps[same:], same + 1)]
    )


def _step(play: Play, position: int, step: Step) -> PlayStep:
    return PlayStep(
        id=PlayStep.make_id(),
        tenant_id=play.tenant_id,
        play_id=play.id,
        position=position,
        text=step.text,
        due_after_days=step.due_after_days,
    )


async def steps_of(play_id: str) -> list[PlayStep]:
    """The steps of a play as it is now, in order."""
    return await PlayStep.filter(play_id=play_id, removed_on__isnull=True).order_by("position", "id")


async def start(
    actor: Actor,
    play_id: str,
    account_id: str,
    *,
    deal_id: str | None = None,
    plan_action_id: str | None = None,
    idempotency_key: str | None = None,
) -> PlayRun:
    """Start a play for an account today, about a deal and for an action of a plan if they are named.

    Raises:
        NotFound: one of them is none that the actor sees.
        Forbidden: without a deal, the actor neither owns nor manages the account.
        Invalid: the deal or the action is of another account.
        InvalidTransition: the play is not active, or the action was done or taken out.
    """
    require(actor, SELL, _ACT)
    asked = {
        "play_id": play_id,
        "account_id": account_id,
        "deal_id": deal_id,
        "plan_action_id": plan_action_id,
    }
    repeat = Repeat.of(actor, "plays.start", idempotency_key, asked)

    async def make() -> PlayRun:
        play = await find(Play, actor, play_id, "playId")
        account = await find(Account, actor, account_id, "accountId")
        for model, found, path in ((Deal, deal_id, "dealId"), (PlanAction, plan_action_id, "planActionId")):
            if found is not None and (await find(model, actor, found, path)).account_id != account.id:  # type: ignore[attr-defined]
                raise Invalid("it is of another account; allowed: those of this one", [path])
        if deal_id is None and not answers_for(account.owner_id, actor):
            raise Forbidden(
                f"only the owner of the account and the managers above may {_ACT} for it", ["accountId"]
            )
        if not play.active:
            raise InvalidTransition("the play is not active; allowed: those that are", ["playId"])
        if plan_action_id is not None:
            await _check_action(plan_action_id)
        async with unit_of_work(actor, "plays.start", repeat=repeat) as work:
            return await _started(work, play, account.id, deal_id, plan_action_id=plan_action_id)

    return await once(actor, PlayRun, repeat, make)


async def _check_action(action_id: str) -> None:
    action = await PlanAction.get(id=action_id)
    (await AccountPlan.get(id=action.account_plan_id)).check_followed("planActionId")
    if action.done_on is not None or action.removed_on is not None:
        raise InvalidTransition("the action was done, or taken out of its plan", ["planActionId"])


async def active_for(recommendation: Recommendation) -> Play | None:
    """The play that a recommendation names, if the tenant has one of that key that is active."""
    if recommendation.play is None:
        return None
    return await Play.get_or_none(tenant_id=recommendation.tenant_id, key=recommendation.play, active=True)


async def start_for(work: Work, recommendation: Recommendation) -> None:
    """Start the play that a recommendation names, unless it runs for it, or is none that is active."""
    play = await active_for(recommendation)
    if play is None:
        return
    running = PlayRun.filter(recommendation_id=recommendation.id, state=PlayRunState.RUNNING)
    if not await running.exists():
        await _started(
            work,
            play,
            recommendation.account_id,
            recommendation.deal_id,
            recommendation_id=recommendation.id,
        )


async def _started(
    work: Work,
    play: Play,
    account_id: str,
    deal_id: str | None,
    *,
    plan_action_id: str | None = None,
    recommendation_id: str | None = None,
) -> PlayRun:
    run = PlayRun(
        id=PlayRun.make_id(),
        tenant_id=play.tenant_id,
        play_id=play.id,
        account_id=account_id,
        deal_id=deal_id,
        recommendation_id=recommendation_id,
        plan_action_id=plan_action_id,
        started_by_id=work.actor.user_id or None,
        started_on=work.on,
    )
    await work.create(run)
    await work.create_all(
        [
            PlayRunStep(
                id=PlayRunStep.make_id(),
                tenant_id=play.tenant_id,
                account_id=account_id,
                play_run_id=run.id,
                play_step_id=step.id,
                due_on=min(LATEST, work.on + timedelta(days=step.due_after_days)),
            )
            for step in await steps_of(play.id)
        ]
    )
    return _told(work, run, Happened.OPENED)


def _told(work: Work, run: PlayRun, happened: Happened) -> PlayRun:
    work.tell(Topic.PLAY_RUN, run.id, run.account_id, happened)
    return run


async def answer_step(
    actor: Actor, step_id: str, *, skipped: bool = False, on: date | None = None
) -> PlayRunStep:
    """Say that a step of a play that runs was taken, or passed over, on a day that is not in the future.

    Raises:
        InvalidTransition: it was answered before, or the play has ended.
        Invalid: the day is before the play was started.
    """
    require(actor, SELL, _ACT)
    step = await find(PlayRunStep, actor, step_id, "id")
    run = await PlayRun.get(id=step.play_run_id)
    run.check_running("id")
    if step.done_on is not None or step.skipped_on is not None:
        raise InvalidTransition(f"the step was answered on {step.done_on or step.skipped_on}", ["id"])
    day = _within(run, on)
    async with unit_of_work(actor, "plays.answer_step", on=day) as work:
        _told(work, run, Happened.REFRESHED)
        return await work.update(
            step,
            {"skipped_on" if skipped else "done_on": day, "answered_by_id": actor.user_id or None},
        )


async def end(
    actor: Actor,
    run_id: str,
    state: PlayRunState,
    *,
    outcome: Outcome | None = None,
    on: date | None = None,
) -> PlayRun:
    """End a play as DONE or ABANDONED, on a day that is not in the future, with what came of it if known.

    Raises:
        InvalidTransition: it has ended before, or steps of one that is DONE are not answered.
        Invalid: the state is no end, or the day is before it was started.
    """
    require(actor, SELL, _ACT)
    run = await find(PlayRun, actor, run_id, "id")
    run.check_running("id")
    if state not in _ENDS:
        raise Invalid(f"{state} is no end; allowed: {', '.join(_ENDS)}", ["state"])
    day = _within(run, on)
    waiting = await PlayRunStep.filter(
        play_run_id=run.id, done_on__isnull=True, skipped_on__isnull=True
    ).count()
    if state is PlayRunState.DONE and waiting:
        raise InvalidTransition(
            f"{waiting} steps are not answered; allowed: ABANDONED, or take or pass over them", ["state"]
        )
    async with unit_of_work(actor, "plays.end", on=day) as work:
        ended = await work.update(run, {"state": state, "ended_on": day, "outcome": outcome})
        return _told(work, ended, Happened.DONE)


def _within(run: PlayRun, on: date | None) -> date:
    """The day, today unless one is given, from the start of the play until today."""
    if on is None:
        return today()
    check_day(on, "on")
    if not run.started_on <= on <= today():
        raise Invalid(f"{on} is out of range; allowed: {run.started_on} to {today()}", ["on"])
    return on
