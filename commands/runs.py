"""An evaluation run from beginning to end: accounts are judged in chunks, and each chunk is settled."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import structlog

from commands import scopes
from commands.arbitration import Weights, weights
from commands.journal import unit_of_work
from commands.judgements import note_all
from commands.scopes import Scope
from commands.verdicts import Settled, settle
from models.access import Actor
from models.base import utcnow
from models.database import refresh_statistics
from models.errors import Conflict
from models.rulebooks import EvaluationRun, RunScope, RunState
from rules.engine.answers import Judged
from rules.engine.pool import EnginePool
from rules.explain import Verdict, verdicts
from rules.facts import gather
from rules.needs import needs
from rules.population import Population
from rules.reconcile import Step
from rules.tree import Book

log = structlog.get_logger(__name__)

#: Accounts judged and written together; a transaction holds an embedded database's only connection.
CHUNK = 100
#: One account in this many is also judged by the reference evaluator.
CHECK_EVERY = 100
#: How often a chunk is settled again when somebody wrote the same rows meanwhile.
ATTEMPTS = 5
#: So many rows written by one run are news to the database's planner.
MUCH = 500

Progress = Callable[[int, int], None]


@dataclass
class Tally:
    """What a run has come to so far; ``stages`` are seconds by what they went into."""

    judged: int = 0
    matched: int = 0
    looked_back: int = 0
    events_opened: int = 0
    flagged: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: Counter[Step] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)
    disagreements: set[str] = field(default_factory=set)
    stages: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the time that the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] += time.perf_counter() - began  # type: ignore[assignment]


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
        run = await work.create(
            EvaluationRun(
                id=run_id or EvaluationRun.make_id(),
                tenant_id=actor.tenant_id,
                actor_id=actor.user_id or None,
                as_of=as_of,
                scope=kind,
                rulebook_version=book.version,
                account_ids=list(scope.ids) if scope else None,
                accounts=scope.accounts if scope else 0,
                candidates=len(scope.ids) if scope else 0,
            )
        )
        if kind is RunScope.WHOLE:
            await note_all(run, actor, await scopes.answered_for(actor, as_of) if actor.owners else ())
        return run


async def _finish(
    actor: Actor, run: EvaluationRun, scope: Scope, tally: Tally, state: RunState, seconds: float
) -> EvaluationRun:
    async with unit_of_work(actor, "evaluations.finish", on=run.as_of) as work:
        return await work.update(
            run,
            {
                "state": state,
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
            },
        )


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
        await EvaluationRun.filter(id=run.id).update(accounts=scope.accounts, candidates=len(scope.ids))
    weighed = await weights(actor, book.rules, run.as_of)
    try:
        for ids in chunks(scope.ids):
            await _chunk(actor, engine, book, run, scope, ids, tally, weighed)
            if progress:
                progress(tally.judged, len(scope.ids))
    except BaseException:
        await _finish(actor, run, scope, tally, RunState.INTERRUPTED, time.perf_counter() - started)
        raise
    if tally.steps.total() - tally.steps[Step.UNCHANGED] >= MUCH:
        await refresh_statistics()
    return await _finish(actor, run, scope, tally, RunState.COMPLETE, time.perf_counter() - started)


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


async def _chunk(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    run: EvaluationRun,
    scope: Scope,
    ids: Sequence[str],
    tally: Tally,
    weighed: Weights,
) -> None:
    judged, holding = await judge(actor, engine, book, run.as_of, ids, scope.population, tally)
    _count(holding, tally)
    with tally.timed("settle"):
        settled = await _settle(actor, run, judged, holding, weighed)
    tally.steps += settled.steps
    if run.scope is RunScope.ACCOUNTS:
        tally.looked_back += settled.later
    if tally.judged < len(scope.ids):  # the end is told by finishing
        await EvaluationRun.filter(id=run.id).update(judged=tally.judged, updated_at=utcnow())


async def judge(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    as_of: date,
    ids: Sequence[str],
    population: Population,
    tally: Tally,
) -> tuple[list[str], list[Verdict]]:
    """The accounts that could be judged, and what holds for them."""
    with tally.timed("gather"):
        facts = await gather(actor.tenant_id, ids, as_of, needs(book), population)
    with tally.timed("judge"):
        sampled = [account for account in facts if _sampled(account, as_of)]
        judged = await engine.judge(book, facts, check=sampled)
    _note(judged, tally)
    tally.judged += len(ids)
    with tally.timed("explain"):
        holding = [
            verdict
            for account, verdict_of in judged.items()
            for verdict in verdicts(book, account, facts[account], verdict_of.matches, actor.currency)
        ]
    return [account for account in ids if account in judged and judged[account].error is None], holding


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
    """Settle, again when people answered the same recommendations at the same moment."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await settle(actor, run, ids, holding, weighed)
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


def _sampled(account: str, as_of: date) -> bool:
    """Whether the account is judged twice: others on every date."""
    return zlib.crc32(f"{as_of}{account}".encode()) % CHECK_EVERY == 0


def _note(judged: Mapping[str, Judged], tally: Tally) -> None:
    for account, verdict in judged.items():
        if verdict.error is not None:
            tally.failures.append({"account": account, "reason": verdict.error})
        if verdict.differing:
            log.error("engine differs from the reference", account=account, rules=verdict.differing)
            tally.disagreements.update(verdict.differing)
