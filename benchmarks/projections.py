"""How much it takes to judge the deals of a large tenant and to project its quarter: time and memory.

``python -m benchmarks.projections`` generates a tenant that has sold for two years, makes its projections in
a process of its own, as the server does. Seconds are those of one processor, whatever else it does meanwhile.
It prints a line for each day, and one JSON object last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta

from benchmarks.databases import SERVERS, postgres_is_missing
from benchmarks.portfolio import DAY, TENANT
from benchmarks.selling import generate
from commands import projections
from commands.access import system_actor
from metrics.projections.projecting import project
from metrics.projections.stored import stored_history
from metrics.projections.subjects import subjects
from models import database
from models.access import Tenant
from models.forecast import quarter_of, week_of

#: Seconds of a processor that a tenant may take in the background.
TARGET = 1_800
#: Early in a quarter most is left of it, and late the windows are short: both take their time.
DAYS = {"much of the quarter is left": DAY - timedelta(days=49), "little is left": DAY - timedelta(days=7)}


def main() -> None:
    """Measure each database, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=100_000, help="how many deals the tenant has")
    parser.add_argument("--database", choices=sorted(SERVERS), action="append", help="default: sqlite")
    given = parser.parse_args()
    found = {}
    for name in given.database or ["sqlite"]:
        if name == "postgres" and postgres_is_missing():
            print("not measured, as its wheel is not installed: postgres")
            continue
        with SERVERS[name]() as fresh, fresh() as url:
            asyncio.run(generate(url, given.deals, DAY))
            found[name] = {what: _measured(url, name, what, day) for what, day in DAYS.items()}
    print(json.dumps({"deals": given.deals, "target": TARGET, "seconds": found}))


def _measured(url: str, name: str, what: str, day: date) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        steps = pool.submit(_steps, url, day).result()
    print(f"{name}, {what}: {', '.join(f'{step} {value:,.1f}' for step, value in steps.items())}", flush=True)
    return steps


def _steps(url: str, day: date) -> dict[str, float]:
    return asyncio.run(_timed(url, day))


async def _timed(url: str, day: date) -> dict[str, float]:
    await database.connect(url, connections=1)
    try:
        tenant = await Tenant.get(slug=TENANT)
        actor, week = system_actor(tenant), week_of(day + timedelta(days=1))
        sunday, period = week - timedelta(days=1), quarter_of(week)
        begun = time.process_time()
        history = await stored_history(tenant.id)
        read = time.process_time()
        whose = await subjects(actor, period, sunday)
        of_tenant = project(history, whose.all[:1], period, sunday, day)
        learned = time.process_time()
        del history
        made = await projections.make(actor, day)
        ended = time.process_time()
    finally:
        await database.disconnect()
    return {
        "seconds to read": read - begun,
        "seconds to learn, judge and project the tenant alone": learned - read,
        "seconds for all of it": ended - learned,
        "nodes": len(whose.all),
        "deals judged": made.judged,
        "refused": sum(each.refused is not None for each in of_tenant.projected),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
