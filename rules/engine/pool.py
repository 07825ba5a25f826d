"""The pool of worker processes: what crashes or hangs in one costs that worker and nothing else."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog

from models import tracing
from models.errors import EngineStopped
from models.rulebooks import AlarmKind
from rules.engine.answers import Judged, read
from rules.engine.process import WORKER, Worker, WorkerLost
from rules.engine.requests import Request, Task
from rules.reference import Facts
from rules.tree import Book, Rule

log = structlog.get_logger(__name__)

BATCH_ACCOUNTS = 100
BATCH_FACTS = 20_000
NOT_STARTED = "the rule workers are not started"
STOPPED = "the rule workers are stopped"
T = TypeVar("T")
Verdicts = dict[str, Judged]


@dataclass
class EnginePool:
    """Judges accounts in ``workers`` processes; a batch that takes over ``timeout`` seconds is ended.

    A rule that ends a worker by itself, or of which the engine once matched something else than the
    reference evaluator, is ``quarantined``: from then on the reference evaluator judges it, in whatever book
    it is.
    """

    workers: int = 2
    timeout: float = 10.0
    command: Sequence[str] = WORKER
    quarantined: dict[Rule, AlarmKind] = field(default_factory=dict)
    _all: list[Worker] = field(default_factory=list)
    _idle: asyncio.Queue[Worker] = field(default_factory=asyncio.Queue)
    _work: set[asyncio.Task[Any]] = field(default_factory=set)
    _refusal: str | None = NOT_STARTED

    async def start(self) -> None:
        """Start the worker processes, unless they are.

        Raises:
            WorkersUnavailable: they cannot be started.
            EngineStopped: the pool was stopped meanwhile.
        """
        if self._refusal:
            await self._supervised(self._start())

    async def _start(self) -> None:
        self._all = [Worker(self.command) for _ in range(self.workers)]
        self._idle = asyncio.Queue()
        try:
            await _all_done(worker.start() for worker in self._all)
        except BaseException:
            await self._end_workers()
            raise
        for worker in self._all:
            self._idle.put_nowait(worker)
        self._refusal = None

    async def stop(self) -> None:
        """End the workers and what they do at once; whoever waits for it is told that they are stopped."""
        self._refusal = STOPPED
        under_way = list(self._work)
        for work in under_way:
            work.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._end_workers()

    async def _end_workers(self) -> None:
        await asyncio.gather(*(worker.end() for worker in self._all))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [worker.pid for worker in self._all if worker.pid is not None]

    async def judge(self, book: Book, accounts: Mapping[str, Facts], check: Collection[str] = ()) -> Verdicts:
        """What the book says about each account; those in ``check`` are compared with the reference.

        Raises:
            EngineStopped: the pool is not started, or was stopped before everything was judged.
            WorkersUnavailable: a worker was lost and cannot be started again.
        """
        if self._refusal:
            raise EngineStopped(self._refusal)
        tasks = [Task(account, facts, account in check) for account, facts in accounts.items()]
        return await self._supervised(self._judge(book, tasks))

    async def _supervised(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns; ``stop`` ends it, and EngineStopped is raised then."""
        work = asyncio.create_task(coroutine)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        try:
            await asyncio.wait([work])
        finally:
            work.cancel()
        if work.cancelled():
            raise EngineStopped(STOPPED)
        return work.result()

    async def _judge(self, book: Book, tasks: Sequence[Task]) -> Verdicts:
        parts = await _all_done(self._batch(book, batch) for batch in _batches(tasks))
        judged = {account: verdict for part in parts for account, verdict in part.items()}
        for key in {key for verdict in judged.values() for key in verdict.differing}:
            self.quarantined.setdefault(book.rule(key), AlarmKind.DIFFERED)
        return judged

    def trust(self, key: str) -> None:
        """Have the engine judge the rules of this key again."""
        self.quarantined = {rule: kind for rule, kind in self.quarantined.items() if rule.key != key}

    async def _batch(self, book: Book, tasks: Sequence[Task]) -> Verdicts:
        """A batch that ends its worker is halved until the account that does it is alone."""
        judged = await self._ask(book, tasks)
        if isinstance(judged, WorkerLost):
            log.warning("worker lost", reason=str(judged), accounts=len(tasks), book=book.version)
            if len(tasks) == 1:
                return await self._alone(book, tasks[0])
            middle = len(tasks) // 2
            judged = await self._batch(book, tasks[:middle])
        rest = [task for task in tasks if task.account not in judged]
        return {**judged, **await self._batch(book, rest)} if rest else judged

    async def _alone(self, book: Book, task: Task) -> Verdicts:
        """Judge an account whose worker was lost: again, then without the rules that do it."""
        judged = await self._ask(book, [task])
        if isinstance(judged, WorkerLost):
            await self._quarantine(book, task)
            judged = await self._ask(book, [task])
        if isinstance(judged, WorkerLost):
            return {task.account: Judged(error=f"the engine failed on this account: {judged}")}
        return judged

    async def _quarantine(self, book: Book, task: Task) -> None:
        """Find the rules that end a worker by themselves on this account; none if it does so without any."""
        if isinstance(await self._ask(Book(f"{book.version}#", ()), [task]), WorkerLost):
            return
        for rule in (rule for rules in book.strata for rule in rules):
            lost = await self._ask(Book(f"{book.version}#{rule.key}", book.upto(rule.key)), [task])
            if isinstance(lost, WorkerLost):
                self.quarantined[rule] = AlarmKind.ENDED_ENGINE
                log.error("rule quarantined", rule=rule.key, book=book.version, reason=str(lost))

    async def _ask(self, book: Book, tasks: Sequence[Task]) -> Verdicts | WorkerLost:
        """The verdicts that a worker came to in time, at least the first; or how it was lost."""
        quarantine = frozenset(rule.key for rule in book.rules if rule in self.quarantined)
        request = Request(_pickled(book), quarantine, tuple(tasks), self.timeout)
        told = {"bellwether.accounts": len(tasks), "bellwether.rules": len(book.rules)}
        try:
            with tracing.span("engine.judge", told):
                async with self._borrowed() as worker:
                    answers = await worker.ask(request, lambda body: read(body, book, len(tasks)))
        except WorkerLost as lost:
            return lost
        return {task.account: answer for task, answer in zip(tasks, answers, strict=True) if answer}

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Worker]:
        worker = await self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put_nowait(worker)


@lru_cache(maxsize=16)
def _pickled(book: Book) -> bytes:
    return pickle.dumps(book)


async def _all_done(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What they return, run together; when one fails, the others are given up and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks in batches of bounded size, by accounts and by facts."""
    batch: list[Task] = []
    facts = 0
    for task in tasks:
        count = sum(map(len, task.facts.values()))
        if batch and (len(batch) >= BATCH_ACCOUNTS or facts + count > BATCH_FACTS):
            yield batch
            batch, facts = [], 0
        batch.append(task)
        facts += count
    if batch:
        yield batch
