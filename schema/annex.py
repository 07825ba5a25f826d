"""Processes beside the server for queries that resolvers take long for: its own loop stays free for others.

Each has the schema and a connection of its own, and answers one query after the other. Queries that ask the
rules engine stay in the server, whose workers judge for it.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import structlog

from models import database
from models.statements import counted
from rules.engine.pool import EnginePool
from schema.context import Context
from schema.core.current import Current, request
from schema.core.executing import Executed, Job, executed
from schema.core.logs import configure_logging
from schema.core.schema import Schema
from settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)
#: What is asked beside the server takes what others leave of the processors.
_NICE = 19


class Annex:
    """So many processes, once it is open; what is asked before is for the server itself."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._pool: ProcessPoolExecutor | None = None

    @property
    def is_open(self) -> bool:
        """Whether it takes queries."""
        return self._pool is not None

    async def open(self) -> None:
        """Start the processes; without them, the server does what they would."""
        if not self._config.annex:
            return
        pool = self._processes()
        try:
            await asyncio.gather(*(_submitted(pool, _ready) for _ in range(self._config.annex)))
        except (BrokenProcessPool, OSError) as error:
            log.error("no annex", reason=str(error))
        except asyncio.CancelledError:  # the server ends before it has begun
            await asyncio.to_thread(_end, pool)
            raise
        else:
            self._pool = pool

    async def close(self) -> None:
        """End the processes; what they have begun is answered to nobody."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)
            del pool
            gc.collect()  # a process that ends by a signal tells the system nothing of its semaphores

    async def execute(self, job: Job) -> Executed | None:
        """What comes of a query; None where its process was lost, and the server is to execute it."""
        pool = self._pool
        if pool is None:
            return None
        try:
            return await _submitted(pool, _answer, job)
        except BrokenProcessPool:
            log.error("annex lost")
            if self._pool is pool:
                self._pool = self._processes()
            return None

    def _processes(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._config.annex, multiprocessing.get_context("spawn"), _begin, (self._config,)
        )


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list(pool._processes.values()):
        process.terminate()
    pool.shutdown(cancel_futures=True)


async def _submitted(pool: ProcessPoolExecutor, act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What one of the processes makes of it."""
    return await asyncio.wrap_future(pool.submit(act, *given, **named))


@dataclass
class _Process:
    """What a process of the annex has."""

    runner: asyncio.Runner
    schema: Schema
    seconds: float


_process: _Process | None = None


def _begin(config: Settings) -> None:
    """Make a new process ready; it ends with the server, however that ends."""
    global _process
    from schema.root import build  # which imports all of the schema

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the server, which ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICE)
    configure_logging(config.log_level)
    runner = asyncio.Runner()
    runner.run(database.connect(config.database, connections=1))
    _process = _Process(runner, build(config), config.max_seconds)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(0)


def _ready() -> None:
    """Nothing; who is asked for it is there."""


def _answer(job: Job) -> Executed:
    assert _process
    return _process.runner.run(_executed(_process, job))


async def _executed(process: _Process, job: Job) -> Executed:
    request.set(Current(job.request_id))
    async with asyncio.timeout(process.seconds):
        asked = counted()
        found = await executed(process.schema, job, Context(job.actor, EnginePool()))
        return replace(found, asked=asked)
