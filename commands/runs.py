"""An evaluation run from beginning to end: accounts are judged in chunks, and each chunk is settled."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import date
from typing import TypeVar

from prometheus_client import Histogram

from commands import alarms, pending, scopes
from commands.announcements import Happened, Topic, announce
from commands.arbitration import Weights, weights
from commands.journal import Values, Work, unit_of_work
from commands.judgements import note_all
from commands.judging import CHUNK, Chunk, Tally, judged
from commands.scopes import Scope
from commands.verdicts import Settled, settle
from models.access import Actor
from models.base import utcnow
from models.database import refresh_statistics
from models.errors import Conflict
from models.rulebooks import EvaluationRun, RunScope, RunState
from models.tracing import traced
from rules.engine.pool import EnginePool
from rules.explain import Verdict
from rules.reconcile import Step
from rules.tree import Book

T = TypeVar("T")

SECONDS = Histogram(
    "bellwether_evaluation_seconds",
    "Seconds that evaluation runs took, by what they judged and by how they ended.",
    ["scope", "state"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
    registry=None,
)
#: How often a chunk is settled again when somebody wrote the same rows meanwhile.
ATTEMPTS = 5
#: So many rows written by one run are news to the database's planner.
MUCH = 500

Progress = Callable[[int, int], None]


async def begin(
    actor: Actor,
    as_of: date,
    book: Book,
    kind: RunScope,
    scope: Scope | None = None,
    run_id: str | None = None,
) -> EvaluationRun:
    """Record that a run begins; one of the whole tenant moves the date of what stands."""
    async with unit_of_work(actor, "evaluations.begin", on=as_of) as work:
        run = await work.create(_new_run(actor, as_of, book, kind, scope, run_id))
        tell(work, run)
        if kind is RunScope.WHOLE:
            await note_all(run, actor, await scopes.answered_for(actor, as_of) if actor.owners else ())
        return run


def tell(work: Work, run: EvaluationRun) -> None:
    """Have followers told that the run has moved on."""
    work.tell(Topic.EVALUATION, run.id, run.id, Happened.MOVED)


def _new_run(
    actor: Actor,
    as_of: date,
    book: Book,
    kind: RunScope,
    scope: Scope | None,
    run_id: str | None = None,
) -> EvaluationRun:
    return EvaluationRun(
        id=run_id or EvaluationRun.make_id(),
        tenant_id=actor.tenant_id,
        actor_id=actor.principal_id or None,
        as_of=as_of,
        scope=kind,
        rulebook_version=book.version,
        account_ids=list(scope.ids) if scope else None,
        accounts=scope.accounts if scope else 0,
        candidates=len(scope.ids) if scope else 0,
    )


async def _finish(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    run: EvaluationRun,
    scope: Scope,
    tally: Tally,
    state: RunState,
    seconds: float,
) -> EvaluationRun:
    SECONDS.labels(run.scope.value, state.value).observe(seconds)
    async with unit_of_work(actor, "evaluations.finish", on=run.as_of) as work:
        await alarms.sound(work, run, engine, book, tally.disagreements)
        tell(work, run)
        return await work.update(run, {"state": state, **_came_to(scope, tally, seconds)})


def _came_to(scope: Scope, tally: Tally, seconds: float) -> dict[str, object]:
    return {
        "accounts": scope.accounts,
        "candidates": len(scope.ids),
        "judged": tally.judged,
        "matched": tally.matched,
        "looked_back": tally.looked_back,
        "events_opened": tally.events_opened,
        "flagged": dict(sorted(tally.flagged.items())),
        **{step.value: tally.steps[step] for step in Step},
        "failures": tally.failures,
        "disagreements": sorted(tally.disagreements),
        "seconds": round(seconds, 3),
        "stages": {stage: round(spent, 3) for stage, spent in tally.stages.items()},
        "finished_at": utcnow(),
    }


@traced("evaluation")
async def at_once(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    as_of: date,
    scope: Scope,
    waiting: Mapping[str, str],
    run_id: str,
    tally: Tally,
) -> EvaluationRun:
    """Judge the few accounts that ``waiting`` names; all of it is written in one transaction.

    Whoever waits for what is said of them waits for a few hundredths of a second.
    """
    assert len(scope.ids) <= CHUNK
    started = time.perf_counter()
    weighed = await weights(actor, book.rules, as_of)
    await alarms.recall(actor.tenant_id, engine, book)
    chunk = Chunk([], [])
    async with aclosing(judged(actor, engine, book, as_of, scope, tally)) as chunks:
        async for chunk in chunks:
            _count(chunk.holding, tally)

    async def write() -> EvaluationRun:
        async with unit_of_work(actor, "evaluations.changes", on=as_of) as work:
            run = await work.create(_new_run(actor, as_of, book, RunScope.CHANGES, scope, run_id))
            with tally.timed("settle"):
                settled = await settle(work, run, chunk.sound, chunk.holding, weighed)
            tally.steps = settled.steps
            await alarms.sound(work, run, engine, book, tally.disagreements)
            await pending.done(actor.tenant_id, waiting)
            outcome = _came_to(scope, tally, time.perf_counter() - started)
            run.update_from_dict({"state": RunState.COMPLETE, **outcome})
            await EvaluationRun.filter(id=run.id).update(state=run.state, **outcome)
            tell(work, run)
        return run

    run = await _persistently(write)
    SECONDS.labels(run.scope.value, run.state.value).observe(time.perf_counter() - started)
    return run


@traced("evaluation")
async def carry_out(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    run: EvaluationRun,
    scope: Scope,
    tally: Tally,
    progress: Progress | None = None,
) -> EvaluationRun:
    started = time.perf_counter() - sum(tally.stages.values())
    if run.scope is RunScope.WHOLE:  # of others it is known from the beginning
        await _note_progress(run, {"accounts": scope.accounts, "candidates": len(scope.ids)})
    weighed = await weights(actor, book.rules, run.as_of)
    await alarms.recall(actor.tenant_id, engine, book)

    async def finish(state: RunState) -> EvaluationRun:
        return await _finish(actor, engine, book, run, scope, tally, state, time.perf_counter() - started)

    try:
        async with aclosing(judged(actor, engine, book, run.as_of, scope, tally)) as chunks:
            async for chunk in chunks:
                await _settle_chunk(actor, run, scope, chunk, tally, weighed)
                if progress:
                    progress(tally.judged, len(scope.ids))
    except BaseException:
        await finish(RunState.INTERRUPTED)
        raise
    if tally.steps.total() - tally.steps[Step.UNCHANGED] >= MUCH:
        await refresh_statistics()
    return await finish(RunState.COMPLETE)


async def _settle_chunk(
    actor: Actor, run: EvaluationRun, scope: Scope, chunk: Chunk, tally: Tally, weighed: Weights
) -> None:
    _count(chunk.holding, tally)
    with tally.timed("settle"):
        settled = await _settle(actor, run, chunk.sound, chunk.holding, weighed)
    tally.steps += settled.steps
    if run.scope is RunScope.ACCOUNTS:
        tally.looked_back += settled.later
    if tally.judged < len(scope.ids):  # the end is told by finishing
        await _note_progress(run, {"judged": tally.judged, "updated_at": utcnow()})


async def _note_progress(run: EvaluationRun, values: Values) -> None:
    """Write how far a run is, without a transaction or a log, and have followers told."""
    await EvaluationRun.filter(id=run.id).update(**values)
    await announce(run.tenant_id, {run.id: (Topic.EVALUATION, run.id, Happened.MOVED)})


def _count(holding: Sequence[Verdict], tally: Tally) -> None:
    tally.matched += len(holding)
    for verdict in holding:
        if verdict.rule.flag:
            flagged = tally.flagged.setdefault(verdict.rule.key, {"count": 0, "exposure_minor": 0})
            flagged["count"] += 1
            flagged["exposure_minor"] += sum(line.amount_minor for line in verdict.lines)


async def _settle(
    actor: Actor, run: EvaluationRun, ids: Sequence[str], holding: Sequence[Verdict], weighed: Weights
) -> Settled:
    async def write() -> Settled:
        async with unit_of_work(actor, "evaluations.settle", on=run.as_of) as work:
            return await settle(work, run, ids, holding, weighed)

    return await _persistently(write)


async def _persistently(write: Callable[[], Awaitable[T]]) -> T:
    """What writing gives, tried again when people answered the same recommendations at the same moment."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await write()
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError
