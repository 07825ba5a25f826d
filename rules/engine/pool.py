"""The pool of worker processes: what crashes or hangs in one costs that worker and nothing else."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
import structlog

from rules.engine.requests import HEADER, Request, Task
from rules.reference import Facts, Match
from rules.tree import Book

log = structlog.get_logger(__name__)

BATCH_ACCOUNTS = 100
BATCH_FACTS = 20_000
#: A worker that has judged this many accounts is replaced, against slow leaks in the extension.
RECYCLE_AFTER = 50_000
_ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "rules.engine.worker")
_GRACE = 5.0


class WorkerLost(Exception):
    """The worker died or was too slow; nothing of its batch is known."""


@dataclass(frozen=True)
class Judged:
    """What came of one account: its matches, or the reason why it could not be judged.

    ``differing`` names the rules on which the engine disagreed with the reference evaluator, whose
    matches are given then.
    """

    matches: tuple[Match, ...] = ()
    differing: tuple[str, ...] = ()
    error: str | None = None


@dataclass
class _Worker:
    """One process; started when it is needed, ended when anything is wrong with it."""

    command: Sequence[str]
    process: asyncio.subprocess.Process | None = None
    judged: int = 0

    async def start(self) -> None:
        if self.process is None or self.process.returncode is not None:
            paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
            self.judged = 0

    async def ask(self, request: Request, seconds: float) -> list[dict[str, object]]:
        """The worker's answer.

        Raises:
            WorkerLost: it died, or took longer than ``seconds``.
        """
        await self.start()
        try:
            answer = await asyncio.wait_for(self._exchange(pickle.dumps(request)), seconds)
        except TimeoutError:
            await self.end(kill=True)
            raise WorkerLost(f"took longer than {seconds:g} seconds") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.end(kill=True)
            raise WorkerLost(f"the worker process died with code {code}") from None
        except BaseException:  # given up half-way: what the pipe holds belongs to nobody
            await self.end(kill=True)
            raise
        self.judged += len(request.tasks)
        if self.judged >= RECYCLE_AFTER:
            await self.end()
        return answer

    async def _exchange(self, body: bytes) -> list[dict[str, object]]:
        assert self.process and self.process.stdin and self.process.stdout
        self.process.stdin.write(HEADER.pack(len(body)) + body)
        await self.process.stdin.drain()
        (length,) = HEADER.unpack(await self.process.stdout.readexactly(HEADER.size))
        answer: list[dict[str, object]] = orjson.loads(await self.process.stdout.readexactly(length))
        return answer

    async def end(self, *, kill: bool = False) -> int | None:
        """End the process, at once or when it has read the end of its input; its exit code."""
        process, self.process = self.process, None
        if process is None:
            return None
        if kill:
            _kill(process)
        elif process.stdin:
            process.stdin.close()
        try:
            return await asyncio.wait_for(process.wait(), _GRACE)
        except TimeoutError:
            _kill(process)
            return await process.wait()


@dataclass
class EnginePool:
    """Judges accounts in ``workers`` processes; a batch that takes over ``timeout`` seconds is ended.

    Rules that end a worker by themselves are quarantined: from then on the reference evaluator judges
    them, and ``quarantined`` names them by book version.
    """

    workers: int = 2
    timeout: float = 10.0
    command: Sequence[str] = WORKER
    quarantined: dict[str, set[str]] = field(default_factory=dict)
    _idle: asyncio.Queue[_Worker] = field(default_factory=asyncio.Queue)
    _all: list[_Worker] = field(default_factory=list)

    async def start(self) -> None:
        """Start the worker processes."""
        self._all = [_Worker(self.command) for _ in range(self.workers)]
        self._idle = asyncio.Queue()
        await asyncio.gather(*(worker.start() for worker in self._all))
        for worker in self._all:
            self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """Let workers finish what they do, then end them."""
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
        running = [worker.process for worker in self._all if worker.process]
        return [process.pid for process in running if process.returncode is None]

    async def judge(
        self, book: Book, accounts: Mapping[str, Facts], check: Collection[str] = ()
    ) -> dict[str, Judged]:
        """What the book says about each account; those in ``check`` are compared with the reference."""
        tasks = [Task(account, facts, account in check) for account, facts in accounts.items()]
        judged = await asyncio.gather(*(self._batch(book, batch) for batch in _batches(tasks)))
        return {account: verdict for part in judged for account, verdict in part.items()}

    async def _batch(self, book: Book, tasks: Sequence[Task]) -> dict[str, Judged]:
        """A batch that ends its worker is halved until the account that does it is alone."""
        try:
            return await self._ask(book, tasks)
        except WorkerLost as lost:
            log.warning("worker lost", reason=str(lost), accounts=len(tasks), book=book.version)
        if len(tasks) == 1:
            return await self._alone(book, tasks[0])
        middle = len(tasks) // 2
        return {
            **await self._batch(book, tasks[:middle]),
            **await self._batch(book, tasks[middle:]),
        }

    async def _alone(self, book: Book, task: Task) -> dict[str, Judged]:
        """Judge an account whose worker was lost: again, then without the rules that do it."""
        try:
            return await self._ask(book, [task])
        except WorkerLost:
            await self._quarantine(book, task)
        try:
            return await self._ask(book, [task])
        except WorkerLost as lost:
            return {task.account: Judged(error=f"the engine failed on this account: {lost}")}

    async def _quarantine(self, book: Book, task: Task) -> None:
        """Find the rules that end a worker by themselves on this account; none if it does so without any."""
        if await self._loss(Book(f"{book.version}#", ()), task):
            return
        for rule in book.rules:
            if lost := await self._loss(Book(f"{book.version}#{rule.key}", (rule,)), task):
                self.quarantined.setdefault(book.version, set()).add(rule.key)
                log.error("rule quarantined", rule=rule.key, book=book.version, reason=str(lost))

    async def _loss(self, book: Book, task: Task) -> WorkerLost | None:
        try:
            await self._ask(book, [task])
        except WorkerLost as lost:
            return lost
        return None

    async def _ask(self, book: Book, tasks: Sequence[Task]) -> dict[str, Judged]:
        quarantine = frozenset(self.quarantined.get(book.version, ()))
        request = Request(pickle.dumps(book), quarantine, tuple(tasks), self.timeout + _GRACE)
        async with self._borrowed() as worker:
            answers = await worker.ask(request, self.timeout)
        return {task.account: _judged(answer) for task, answer in zip(tasks, answers, strict=True)}

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[_Worker]:
        worker = await self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put_nowait(worker)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process at once. ``process.kill`` would reap it, and asyncio would wait for a stranger."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _judged(answer: Mapping[str, object]) -> Judged:
    if "error" in answer:
        return Judged(error=str(answer["error"]))
    matches, differing = answer["matches"], answer["differing"]
    assert isinstance(matches, list) and isinstance(differing, list)
    return Judged(
        tuple(Match(rule, tuple((alias, fact) for alias, fact in bound)) for rule, bound in matches),
        tuple(differing),
    )


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
