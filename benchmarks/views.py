"""How long views take on a database, beside Python that works the same out from the rows."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.databases import SERVERS, apart
from benchmarks.live import Result

T = TypeVar("T")
#: How often the baseline is measured.
IN_PYTHON = 3


@dataclass(frozen=True)
class View:
    """A view, and what finds the same number in Python, where anything does."""

    ours: Callable[[], Awaitable[object]]
    figure: Callable[[object], object] = lambda _: None
    baseline: Callable[[], Awaitable[object]] | None = None


@dataclass(frozen=True)
class Times:
    """How long something took, in milliseconds: the median, and the fastest, which others hindered least."""

    median: float
    fastest: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Times:
        """Those of some repetitions."""
        return cls(statistics.median(times), min(times))

    @property
    def shown(self) -> dict[str, float]:
        """As the JSON object has it."""
        return {"median": round(self.median, 1), "fastest": round(self.fastest, 1)}


def run(
    told: str | None, act: Callable[[str, int, int], Result], counted: str, size: int, repeats: int
) -> None:
    """Measure by ``act``, as the command line says, on each database, and print one JSON object last.

    ``act`` is given the database, how many there are of what is ``counted``, and how often to repeat.
    """
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("--database", choices=[*SERVERS, "both"], default="both")
    parser.add_argument(f"--{counted}", type=int, default=size, dest="size")
    parser.add_argument("--repeats", type=int, default=repeats)
    given = parser.parse_args()
    names = list(SERVERS) if given.database == "both" else [given.database]
    measured: Result = {name: apart(name, act, given.size, given.repeats) for name in names}
    print(json.dumps(measured | {counted: given.size, "processors": os.cpu_count()}))


async def measure(name: str, views: Mapping[str, View], repeats: int, targets: Mapping[str, float]) -> Result:
    """Measure views on the database ``name``, whose target is in milliseconds; print a line for each.

    Raises:
        RuntimeError: a view and its baseline do not come to the same.
    """
    measured: Result = {}
    for called, view in views.items():
        ours, found = await timed(view.ours, repeats)
        theirs = None
        if view.baseline:
            theirs, told = await timed(view.baseline, IN_PYTHON)
            if view.figure(found) != told:
                raise RuntimeError(f"{called}: {view.figure(found)} is not {told}")
        measured[called] = shown(name, called, ours, theirs, targets)
    return measured


async def timed(act: Callable[[], Awaitable[T]], repeats: int) -> tuple[Times, T]:
    """How long it takes, after one time that is not counted, and what is found."""
    found, times = await act(), []
    for _ in range(repeats):
        began = time.perf_counter()
        await act()
        times.append((time.perf_counter() - began) * 1_000)
    return Times.of(times), found


def shown(name: str, called: str, ours: Times, theirs: Times | None, targets: Mapping[str, float]) -> Result:
    """A figure and, where there is one, that of plain Python, printed and as it is told."""
    met = ours.median <= targets[name]
    said = f"{name}: {called}: {ours.median:,.0f} ms, at best {ours.fastest:,.0f}"
    if theirs:
        said += f"; in Python {theirs.median:,.0f} ms ({theirs.median / ours.median:.1f} times)"
    print(f"{said}{'' if met else '; over the target'}", flush=True)
    return {
        "milliseconds": ours.shown,
        "in_python_milliseconds": theirs and theirs.shown,
        f"within {targets[name]} ms": met,
    }
