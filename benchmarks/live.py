"""What measurements share: the book made live in a generated tenant, times, and memory."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.portfolio import TENANT
from commands import rulebooks
from commands.access import system_actor
from models import database
from models.access import Actor, Tenant
from rules.engine.pool import EnginePool

BOOK = Path(__file__).parent / "book.yaml"
REPEATS = 3
Result = dict[str, Any]
T = TypeVar("T")


@asynccontextmanager
async def live(url: str) -> AsyncIterator[tuple[Actor, EnginePool]]:
    """Somebody who may judge the tenant stored at ``url``, and two workers; the book is its active one."""
    await database.connect(url)
    try:
        actor = system_actor(await Tenant.get(slug=TENANT))
        async with EnginePool(2, 20.0) as engine:
            book, _ = await rulebooks.import_file(actor, "bench", BOOK.read_text("utf-8"))
            await rulebooks.activate(actor, engine, book.id)
            yield actor, engine
    finally:
        await database.disconnect()


def timed(act: Callable[[], T], repeats: int = REPEATS) -> tuple[float, T]:
    """The median time of some repetitions, and the last result."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = act()
        times.append(time.perf_counter() - began)
    return statistics.median(times), result


def high_water(pid: int | str = "self") -> float | None:
    """The most memory that a process had resident since it began, in megabytes; None but on Linux."""
    return _status("VmHWM", pid)


def resident(pid: int) -> float | None:
    """The memory that a process has resident now, in megabytes; None but on Linux."""
    return _status("VmRSS", pid)


def _status(name: str, pid: int | str) -> float | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def memory(engine: EnginePool) -> Result:
    """High-water marks of this process and its workers."""
    own, workers = high_water(), [high_water(pid) for pid in engine.worker_pids()]
    if own is None or None in workers:
        return {"peak_megabytes": None}
    of_workers = sum(each for each in workers if each)
    return {
        "peak_megabytes": round(own + of_workers),
        "peak_megabytes_judging_process": round(own),
        "peak_megabytes_workers": round(of_workers),
    }
