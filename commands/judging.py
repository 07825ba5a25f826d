"""Judging accounts, some at a time: their facts gathered, the engine asked, and what holds for them told."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import structlog

from commands.scopes import Scope
from models.access import Actor
from rules.engine.answers import Judged
from rules.engine.pool import EnginePool
from rules.explain import Verdict, verdicts
from rules.facts import gather
from rules.needs import needs
from rules.reconcile import Step
from rules.reference import Facts
from rules.tree import Book

log = structlog.get_logger(__name__)

#: Accounts judged and written together; a transaction holds an embedded database's only connection.
CHUNK = 100
#: One account in this many is also judged by the reference evaluator.
CHECK_EVERY = 100


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
    #: Rules on which the engine was wrong, each with an account on which it was.
    disagreements: dict[str, str] = field(default_factory=dict)
    stages: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the time that the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] += time.perf_counter() - began  # type: ignore[assignment]


@dataclass(frozen=True)
class Chunk:
    """Accounts that were judged together: those that could be, and what holds for them."""

    sound: list[str]
    holding: list[Verdict]


async def judged(
    actor: Actor,
    engine: EnginePool,
    book: Book,
    as_of: date,
    scope: Scope,
    tally: Tally,
    known_on: date | None = None,
) -> AsyncGenerator[Chunk, None]:
    """What holds for the accounts of a scope; the next are judged while the last are looked at."""
    under_way: _UnderWay | None = None
    try:
        for start in range(0, len(scope.ids), CHUNK):
            ids = scope.ids[start : start + CHUNK]
            with tally.timed("gather"):
                facts = await gather(actor.tenant_id, ids, as_of, needs(book), scope.population, known_on)
            sampled = [account for account in facts if _sampled(account, as_of)]
            before, under_way = (
                under_way,
                _UnderWay(ids, facts, asyncio.create_task(engine.judge(book, facts, check=sampled))),
            )
            if before:
                yield await _told(actor, book, before, tally)
        if under_way:
            yield await _told(actor, book, under_way, tally)
    finally:
        if under_way:
            under_way.judging.cancel()


@dataclass(frozen=True)
class _UnderWay:
    """Accounts with their facts, which the engine judges."""

    ids: Sequence[str]
    facts: Mapping[str, Facts]
    judging: asyncio.Task[dict[str, Judged]]


async def _told(actor: Actor, book: Book, under_way: _UnderWay, tally: Tally) -> Chunk:
    with tally.timed("judge"):
        found = await under_way.judging
    _note(found, tally)
    tally.judged += len(under_way.ids)
    with tally.timed("explain"):
        holding = [
            verdict
            for account, judged in found.items()
            for verdict in verdicts(book, account, under_way.facts[account], judged.matches, actor.currency)
        ]
    sound = [account for account in under_way.ids if account in found and found[account].error is None]
    return Chunk(sound, holding)


def _sampled(account: str, as_of: date) -> bool:
    """Whether the account is judged twice: others on every date."""
    return zlib.crc32(f"{as_of}{account}".encode()) % CHECK_EVERY == 0


def _note(judged: Mapping[str, Judged], tally: Tally) -> None:
    for account, verdict in judged.items():
        if verdict.error is not None:
            tally.failures.append({"account": account, "reason": verdict.error})
        if verdict.differing:
            log.error("engine differs from the reference", account=account, rules=verdict.differing)
            tally.disagreements |= dict.fromkeys(verdict.differing, account)
