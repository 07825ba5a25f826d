"""Judging accounts: all of somebody's, some that are named, or those for which something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, timedelta

from commands import events, pending, plan_judgements, runs, scopes
from commands.access import system_actor
from commands.journal import unit_of_work
from commands.judgements import is_of_all, judged_later
from commands.judging import CHUNK, Tally, judged
from commands.permissions import JUDGE, KEEP_JUDGED, require
from commands.rulebooks import active_book
from commands.runs import Progress
from models.access import Actor, Tenant
from models.base import check_day, latest_today, utcnow
from models.errors import Invalid
from models.rulebooks import EvaluationRun, RunScope, RunState
from rules.engine.pool import EnginePool
from rules.explain import Verdict
from rules.tree import Book

#: A run that was not heard of for this long belongs to a process that is gone.
SILENT = timedelta(minutes=5)
#: How far an operator's shell may judge ahead, to see what will become due.
OPERATORS_AHEAD = timedelta(days=365)
#: Accounts that were written to and are judged by one run.
MOST_CHANGES = 1_000


async def evaluate(
    actor: Actor,
    engine: EnginePool,
    as_of: date,
    account_ids: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    prefilter: bool = True,
) -> EvaluationRun:
    """Judge accounts that the actor answers for by the active rules, as of a date; all of them by default.

    Repeating it changes nothing. What stands is of the latest date as of which an account was judged: as
    of an earlier one the run tells what the rules flag, and leaves what stands alone. An account that
    cannot be judged is listed in the run's ``failures`` with its reason and keeps what stood. Accounts
    that no rule can match are not looked at, unless ``prefilter`` is off.

    Raises:
        NotFound: an account id names nothing that the actor may see, or nothing that was there by then.
        Forbidden: the actor sees an account by a deal on it, and neither owns nor manages it.
        Invalid: the date lies in the future (operators may look a year ahead), or is no business date.
    """
    require(actor, JUDGE, "evaluate accounts")
    latest = latest_today() + (timedelta() if actor.user_id else OPERATORS_AHEAD)
    if as_of > latest:
        raise Invalid(f"{as_of} is in the future; allowed: {latest} and earlier", ["asOf"])
    check_day(as_of, "asOf")
    book, tally = await active_book(actor), Tally()
    if account_ids is not None:
        scope = await scopes.named(actor, as_of, book, account_ids)
        await _judge_plans(actor, as_of, account_ids)
        run = await runs.begin(actor, as_of, book, RunScope.ACCOUNTS, scope)
        return await runs.carry_out(actor, engine, book, run, scope, tally, progress)
    run = await runs.begin(actor, as_of, book, RunScope.WHOLE)
    await _judge_plans(actor, as_of)
    tally.looked_back = await judged_later(run, actor)
    waiting = await pending.waiting(actor.tenant_id) if is_of_all(run, actor) else {}
    if is_of_all(run, actor):
        with tally.timed("events"):
            tally.events_opened = await events.watch(actor, run.id, as_of)
    with tally.timed("candidates"):
        scope = await scopes.whole(actor, as_of, book, prefilter=prefilter)
    run = await runs.carry_out(actor, engine, book, run, scope, tally, progress)
    await pending.done(actor.tenant_id, waiting)
    return run


async def _judge_plans(actor: Actor, as_of: date, account_ids: Sequence[str] | None = None) -> None:
    """Bring what is kept of account plans to the date, unless that is further ahead than anybody's today."""
    if as_of <= latest_today():
        operator = system_actor(await Tenant.get(id=actor.tenant_id))
        await plan_judgements.judge(operator, as_of, account_ids)


async def evaluate_changes(actor: Actor, engine: EnginePool, as_of: date) -> EvaluationRun | None:
    """Judge the accounts that were written to, and those for which the days since changed something.

    The days are those since all accounts were judged last: which of them cross a threshold of a rule, or
    begin or end something, is found out once, and they are judged like those that were written to. At most
    MOST_CHANGES accounts at once, those first that have waited longest; None when nothing waits. What moved
    for many accounts at once is found first, so that rules may see it.

    Raises:
        Forbidden: only operators judge changes.
        NotFound: no rulebook is live.
    """
    require(actor, KEEP_JUDGED, "judge changes")
    book = await active_book(actor)
    run_id, tally = EvaluationRun.make_id(), Tally()
    await plan_judgements.judge(actor, as_of)
    await _begin_day(actor, book, as_of, run_id, tally)
    waiting = await pending.waiting(actor.tenant_id, MOST_CHANGES)
    if not waiting and not tally.events_opened:
        return None
    scope = await scopes.those(actor, as_of, book, waiting)
    if len(scope.ids) <= CHUNK:
        return await runs.at_once(actor, engine, book, as_of, scope, waiting, run_id, tally)
    run = await runs.begin(actor, as_of, book, RunScope.CHANGES, scope, run_id)
    run = await runs.carry_out(actor, engine, book, run, scope, tally)
    await pending.done(actor.tenant_id, waiting)
    return run


async def _begin_day(actor: Actor, book: Book, as_of: date, run_id: str, tally: Tally) -> None:
    """Bring events to the new day, and have accounts judged for which the days changed something."""
    tenant = await Tenant.get(id=actor.tenant_id)
    if tenant.judged_as_of is None or tenant.judged_as_of >= as_of:
        return
    with tally.timed("events"):
        tally.events_opened = await events.watch(actor, run_id, as_of)
    crossed = await scopes.crossed(actor, book, tenant.judged_as_of, as_of)
    async with unit_of_work(actor, "evaluations.new_day", on=as_of):
        await pending.note(actor.tenant_id, crossed)
        await Tenant.filter(id=actor.tenant_id, judged_as_of=tenant.judged_as_of).update(judged_as_of=as_of)


async def mark_interrupted() -> int:
    """Mark runs that were not heard of for long: their process is gone. How many; repeating them completes.

    A run says that it is alive with every chunk of accounts.
    """
    silent = await EvaluationRun.filter(state=RunState.RUNNING, updated_at__lt=utcnow() - SILENT)
    for run in silent:
        actor = system_actor(await Tenant.get(id=run.tenant_id))
        async with unit_of_work(actor, "evaluations.interrupted", on=run.as_of) as work:
            await work.update(run, {"state": RunState.INTERRUPTED, "finished_at": utcnow()})
            runs.tell(work, run)
    return len(silent)


@dataclass(frozen=True)
class Look:
    """What rules say of accounts: their verdicts, and the accounts that could not be judged, with the reason.

    ``accounts`` is how many there were.
    """

    verdicts: list[Verdict]
    failures: list[dict[str, str]]
    accounts: int


async def look(
    actor: Actor,
    engine: EnginePool,
    as_of: date,
    book: Book | None = None,
    progress: Progress | None = None,
    known_on: date | None = None,
) -> Look:
    """What rules say of the actor's accounts as of a date, the active ones by default; nothing is written.

    With ``known_on`` they are judged by what was known by the end of that day.

    Raises:
        Invalid: the date is no business date.
    """
    check_day(as_of, "asOf")
    book, tally = book or await active_book(actor), Tally()
    scope = await scopes.whole(actor, as_of, book, known_on=known_on)
    found: list[Verdict] = []
    async with aclosing(judged(actor, engine, book, as_of, scope, tally, known_on)) as chunks:
        async for chunk in chunks:
            found += chunk.holding
            if progress:
                progress(tally.judged, len(scope.ids))
    return Look(found, tally.failures, scope.accounts)


async def judged_before(slug: str) -> bool:
    """Whether the tenant with this slug has a complete evaluation."""
    return await EvaluationRun.filter(tenant__slug=slug, state=RunState.COMPLETE).exists()
