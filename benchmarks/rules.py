"""How fast portfolios are judged: whole, beside other engines, and after one signal; on both databases.

``python -m benchmarks.rules`` prints a line for each measurement, and one JSON object last. Every
measurement is made by a process of its own, on a database that another one filled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from datetime import date

from benchmarks import beside, databases, incremental, whole
from benchmarks.databases import SERVERS, Fresh
from benchmarks.live import Result
from benchmarks.portfolio import DAY, generate
from benchmarks.targets import ratios, targets
from models.base import today

#: On PostgreSQL, more accounts than these only when asked for: they take some minutes.
MOST_ON_POSTGRES = 100_000
INCLUDES = {
    "whole": whole.INCLUDES,
    "beside": beside.INCLUDES,
    "incremental": incremental.INCLUDES,
    "load_average": "at the end of the measurement, over a minute; much above two, others worked too",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="accounts of the whole portfolios")
    parser.add_argument("--database", choices=[*SERVERS, "both"], default="both")
    parser.add_argument("--all-on-postgres", action="store_true", help="the largest sizes too")
    parser.add_argument("--beside", type=int, default=10_000, help="accounts that other engines judge too")
    parser.add_argument("--stored", type=int, default=100_000, help="accounts stored while signals come")
    for hidden in ("--one", "--url", "--day"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--accounts", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_one(given.one, given.url, given.accounts, given.day)))
        return
    names = list(SERVERS) if given.database == "both" else [given.database]
    measured = {name: _on(name, given) for name in names}
    print(json.dumps(measured | {"processors": os.cpu_count(), "includes": INCLUDES}))


def _one(what: str, url: str, accounts: int, day: str) -> Result | None:
    """What one process does."""
    if what == "generate":
        return asyncio.run(generate(url, accounts, date.fromisoformat(day)))
    if what == "whole":
        return asyncio.run(whole.whole(url, accounts))
    if what == "beside":
        return beside.beside(url, accounts)
    return asyncio.run(incremental.incremental(url, accounts))


def _on(name: str, given: argparse.Namespace) -> Result | str:
    """Everything on one of the databases, with the targets."""
    if name == "postgres" and databases.postgres_is_missing():
        return "not installed"
    sizes = [int(size) for size in given.sizes.split(",")]
    if name == "postgres" and not given.all_on_postgres:
        sizes = [size for size in sizes if size <= MOST_ON_POSTGRES]
    with SERVERS[name]() as fresh:
        wholes = [_measured(name, fresh, "whole", size, DAY) for size in sizes]
        others = _measured(name, fresh, "beside", given.beside, DAY)
        signal = _measured(name, fresh, "incremental", given.stored, today())
    return {
        "whole": wholes,
        "beside": others,
        "ours_is_times": ratios(others),
        "incremental": signal,
        "targets": targets(wholes, others, signal),
    }


def _measured(name: str, fresh: Fresh, what: str, accounts: int, day: date) -> Result:
    """A measurement on a database of its own."""
    with fresh() as url:
        _child("generate", url, accounts, day)
        result: Result = json.loads(_child(what, url, accounts, day))
    result["load_average"] = round(os.getloadavg()[0], 1)
    print(f"{name} {what}: {json.dumps(result)}", flush=True)
    return result


def _child(what: str, url: str, accounts: int, day: date) -> str:
    """The last line that a process of its own prints, so that its memory is its own too."""
    command = [sys.executable, "-m", "benchmarks.rules", "--one", what, "--url", url]
    done = subprocess.run(
        [*command, "--accounts", str(accounts), "--day", day.isoformat()],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.splitlines()[-1]


if __name__ == "__main__":
    main()
