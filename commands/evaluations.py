"""Judging accounts: facts are gathered, the engine matches, and what it says is reconciled and kept."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog

from commands.access import system_actor
from commands.journal import unit_of_work
from commands.permissions import SELLERS, require
from commands.rulebooks import active_book
from commands.verdicts import Settled, settle
from models.access import Actor, Tenant
from models.accounts import Account
from models.base import check_day, latest_today, utcnow
from models.database import fetch, refresh_statistics
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.rulebooks import EvaluationRun, RunState
from models.visibility import answers_for, visible
from rules.engine.answers import Judged
from rules.engine.pool import EnginePool
from rules.explain import Verdict, verdicts
from rules.facts import gather
from rules.needs import needs
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
#: A run that was not heard of for this long belongs to a process that is gone.
SILENT = timedelta(minutes=5)
#: How far an operator's shell may judge ahead, to see what will become due.
OPERATORS_AHEAD = timedelta(days=365)

Progress = Callable[[int, int], None]


@dataclass
class _Tally:
    """What a run has come to so far."""

    matched: int = 0
    looked_back: int = 0
    flagged: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: Counter[Step] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)
    disagreements: set[str] = field(default_factory=set)


async def evaluate(
    actor: Actor,
    engine: EnginePool,
    as_of: date,
    account_ids: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> EvaluationRun:
    """Judge accounts that the actor answers for by the active rules, as of a date; all of them by default.

    Repeating it changes nothing. What stands is of the latest date as of which an account was judged: as
    of an earlier one the run tells what the rules flag, and leaves what stands alone. An account that
    cannot be judged is listed in the run's ``failures`` with its reason and keeps what stood.

    Raises:
        NotFound: an account id names nothing that the actor may see, or nothing that was there by then.
        Forbidden: the actor sees an account by a deal on it, and neither owns nor manages it.
        Invalid: the date lies in the future (operators may look a year ahead), or is no business date.
    """
    require(actor, SELLERS, "evaluate accounts")
    latest = latest_today() + (timedelta() if actor.user_id else OPERATORS_AHEAD)
    if as_of > latest:
        raise Invalid(f"{as_of} is in the future; allowed: {latest} and earlier", ["asOf"])
    check_day(as_of, "asOf")
    book = await active_book(actor)
    ids = await _accounts(actor, as_of, account_ids)
    run = await _begin(actor, as_of, ids, whole=account_ids is None)
    started, tally = time.perf_counter(), _Tally()
    try:
        for start in range(0, len(ids), CHUNK):
            await _chunk(actor, engine, book, run, ids[start : start + CHUNK], tally)
            if progress:
                progress(min(start + CHUNK, len(ids)), len(ids))
    except BaseException:
        await _finish(actor, run, tally, RunState.INTERRUPTED, time.perf_counter() - started)
        raise
    if tally.steps.total() - tally.steps[Step.UNCHANGED] >= MUCH:
        await refresh_statistics()
    return await _finish(actor, run, tally, RunState.COMPLETE, time.perf_counter() - started)


async def mark_interrupted() -> int:
    """Mark runs that were not heard of for long: their process is gone. How many; repeating them completes.

    A run says that it is alive with every chunk of accounts.
    """
    silent = await EvaluationRun.filter(state=RunState.RUNNING, updated_at__lt=utcnow() - SILENT)
    for run in silent:
        actor = system_actor(await Tenant.get(id=run.tenant_id))
        async with unit_of_work(actor, "evaluations.interrupted", on=run.as_of) as work:
            await work.update(run, {"state": RunState.INTERRUPTED, "finished_at": utcnow()})
    return len(silent)


async def _accounts(actor: Actor, as_of: date, account_ids: Sequence[str] | None) -> list[str]:
    """Those who answer for an account alone: what a run tells is of the whole account."""
    seen = visible(Account, actor, "t")
    rows = await fetch(
        f"select t.id, t.owner_id from account t where {seen.sql}"
        " and (t.valid_from is null or t.valid_from <= :as_of) order by t.id",
        {**seen.params, "as_of": as_of},
    )
    known = {str(row["id"]): answers_for(row["owner_id"], actor) for row in rows}
    if account_ids is None:
        return [account_id for account_id, ours in known.items() if ours]
    for index, account_id in enumerate(account_ids):
        if account_id not in known:
            raise NotFound(f"no account {account_id!r} as of {as_of}", ["accountIds", str(index)])
        if not known[account_id]:
            raise Forbidden(
                "an account is judged for its owner and the managers above", ["accountIds", str(index)]
            )
    return sorted(set(account_ids))


async def _begin(actor: Actor, as_of: date, ids: list[str], *, whole: bool) -> EvaluationRun:
    async with unit_of_work(actor, "evaluations.begin", on=as_of) as work:
        return await work.create(
            EvaluationRun(
                id=EvaluationRun.make_id(),
                tenant_id=actor.tenant_id,
                actor_id=actor.user_id or None,
                as_of=as_of,
                account_ids=None if whole else ids,
                accounts=len(ids),
            )
        )


async def _finish(
    actor: Actor, run: EvaluationRun, tally: _Tally, state: RunState, seconds: float
) -> EvaluationRun:
    async with unit_of_work(actor, "evaluations.finish", on=run.as_of) as work:
        return await work.update(
            run,
            {
                "state": state,
                "matched": tally.matched,
                "looked_back": tally.looked_back,
                "flagged": dict(sorted(tally.flagged.items())),
                **{step.value: tally.steps[step] for step in Step},
                "failures": tally.failures,
                "disagreements": sorted(tally.disagreements),
                "seconds": round(seconds, 3),
                "finished_at": utcnow(),
            },
        )


async def look(
    actor: Actor, engine: EnginePool, as_of: date, book: Book | None = None, progress: Progress | None = None
) -> list[Verdict]:
    """What rules say of the actor's accounts as of a date, the active ones by default; nothing is written.

    Accounts that could not be judged are left out.

    Raises:
        Invalid: the date is no business date.
    """
    check_day(as_of, "asOf")
    book, ids, tally = book or await active_book(actor), await _accounts(actor, as_of, None), _Tally()
    found: list[Verdict] = []
    for start in range(0, len(ids), CHUNK):
        _, holding = await _judge(actor, engine, book, as_of, ids[start : start + CHUNK], tally)
        found += holding
        if progress:
            progress(min(start + CHUNK, len(ids)), len(ids))
    return found


async def _chunk(
    actor: Actor, engine: EnginePool, book: Book, run: EvaluationRun, ids: Sequence[str], tally: _Tally
) -> None:
    judged, holding = await _judge(actor, engine, book, run.as_of, ids, tally)
    _count(holding, tally)
    settled = await _settle(actor, run, judged, holding)
    tally.steps += settled.steps
    tally.looked_back += settled.later


async def _judge(
    actor: Actor, engine: EnginePool, book: Book, as_of: date, ids: Sequence[str], tally: _Tally
) -> tuple[list[str], list[Verdict]]:
    """The accounts that could be judged, and what holds for them."""
    facts = await gather(actor.tenant_id, ids, as_of, needs(book))
    judged = await engine.judge(book, facts, check=[account for account in facts if _sampled(account, as_of)])
    _note(judged, tally)
    holding = [
        verdict
        for account, verdict_of in judged.items()
        for verdict in verdicts(book, account, facts[account], verdict_of.matches, actor.currency)
    ]
    return [account for account in ids if account in judged and judged[account].error is None], holding


def _count(holding: Sequence[Verdict], tally: _Tally) -> None:
    tally.matched += len(holding)
    for verdict in holding:
        if verdict.rule.flag:
            flagged = tally.flagged.setdefault(verdict.rule.key, {"count": 0, "exposure_minor": 0})
            flagged["count"] += 1
            flagged["exposure_minor"] += sum(line.amount_minor for line in verdict.lines)


async def _settle(
    actor: Actor, run: EvaluationRun, ids: Sequence[str], holding: Sequence[Verdict]
) -> Settled:
    """Settle, again when people answered the same recommendations at the same moment."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await settle(actor, run, ids, holding)
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


def _sampled(account: str, as_of: date) -> bool:
    """Whether the account is judged twice: others on every date."""
    return zlib.crc32(f"{as_of}{account}".encode()) % CHECK_EVERY == 0


def _note(judged: Mapping[str, Judged], tally: _Tally) -> None:
    for account, verdict in judged.items():
        if verdict.error is not None:
            tally.failures.append({"account": account, "reason": verdict.error})
        if verdict.differing:
            log.error("engine differs from the reference", account=account, rules=verdict.differing)
            tally.disagreements.update(verdict.differing)


async def judged_before(slug: str) -> bool:
    """Whether the tenant with this slug has a complete evaluation."""
    return await EvaluationRun.filter(tenant__slug=slug, state=RunState.COMPLETE).exists()
