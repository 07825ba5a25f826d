"""One worker process as the pool sees it: started, asked, ended."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from models.errors import WorkersUnavailable
from rules.engine.answers import Garbled
from rules.engine.requests import HEADER, Request

T = TypeVar("T")
WORKER = (sys.executable, "-m", "rules.engine.worker")
#: A worker that has judged this many accounts is replaced, against slow leaks in the extension.
RECYCLE_AFTER = 50_000
#: Seconds in which a new process says that it is ready.
START_SECONDS = 30.0
_ROOT = Path(__file__).resolve().parents[2]


class WorkerLost(Exception):
    """The worker died, was too slow or answered nonsense; nothing of its batch is known."""


class Worker:
    """Starts a process when one is needed, and ends it when anything is wrong with it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._starting: asyncio.Task[Process] | None = None
        self._ready = False
        self._judged = 0

    @property
    def pid(self) -> int | None:
        """The id of the process, if it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    @property
    def _process(self) -> Process | None:
        starting = self._starting
        if starting is None or not starting.done() or starting.cancelled() or starting.exception():
            return None
        return starting.result()

    async def start(self) -> None:
        """Have a process that is ready.

        Raises:
            WorkersUnavailable: it cannot be started, or does not come so far.
        """
        if self._ready and self.pid is not None:
            return
        if reason := await self._failure():
            raise WorkersUnavailable(f"the rule workers cannot be started: {reason}")

    async def _failure(self) -> str | None:
        """Start a process; the reason why it cannot be.

        The reason is told and not raised: no error of the system's is to be the origin of ours, which
        would pass for that of a missing database.
        """
        await self.end()
        self._starting = asyncio.create_task(_spawn(self._command))
        try:
            await asyncio.shield(self._starting)  # given up, it would leave a process that nobody knows
            await self._reply(b"", START_SECONDS, bytes)
        except (OSError, WorkerLost) as error:
            return str(error)
        except BaseException:
            await self.end()
            raise
        self._ready, self._judged = True, 0
        return None

    async def ask(self, request: Request, read: Callable[[bytes], T]) -> T:
        """What ``read`` makes of the worker's answer.

        Raises:
            WorkerLost: it died, took longer than the request allows, or its answer is ``Garbled``.
            WorkersUnavailable: it has to be started and cannot be.
        """
        await self.start()
        body = pickle.dumps(request)
        answer = await self._reply(HEADER.pack(len(body)) + body, request.seconds, read)
        self._judged += len(request.tasks)
        if self._judged >= RECYCLE_AFTER:
            await self.end()
        return answer

    async def _reply(self, frame: bytes, seconds: float, read: Callable[[bytes], T]) -> T:
        try:
            async with asyncio.timeout(seconds):
                return read(await self._exchange(frame))
        except TimeoutError:
            reason = f"took longer than {seconds:g} seconds"
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = "died"
        except Garbled as garbled:
            reason = f"answered nonsense ({garbled})"
        except BaseException:  # given up half-way: what the pipe holds belongs to nobody
            await self.end()
            raise
        code = await self.end()
        raise WorkerLost(f"the worker process {reason} (exit code {code})")

    async def _exchange(self, frame: bytes) -> bytes:
        assert self._process and self._process.stdin and self._process.stdout
        self._process.stdin.write(frame)
        await self._process.stdin.drain()
        (length,) = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
        return await self._process.stdout.readexactly(length)

    async def end(self) -> int | None:
        """End the process at once; its exit code."""
        self._ready, starting = False, self._starting
        if starting is None:
            return None
        await asyncio.wait([starting])
        code = await _ended(self._process) if self._process else None
        if self._starting is starting:
            self._starting = None
        return code


async def _spawn(command: Sequence[str]) -> Process:
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    )


async def _ended(process: Process) -> int:
    _kill(process)
    return await process.wait()


def _kill(process: Process) -> None:
    """End a process at once. ``process.kill`` would reap it, and asyncio would wait for a stranger."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
