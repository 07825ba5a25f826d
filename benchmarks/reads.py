"""How fast queries are answered, beside Strawberry as everybody uses it and beside the limit; both databases.

``python -m benchmarks.reads`` prints a line for each measurement, and one JSON object last. The columns are
servers in processes of their own; they are measured in turn, round by round, by a client in another process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

import httpx

from benchmarks.databases import SERVERS, Fresh, postgres_is_missing
from benchmarks.live import Result, resident
from benchmarks.reading.client import Measured, measure
from benchmarks.reading.columns import COLUMNS, INCLUDES, OURS, Tenant, answers, columns, requests
from benchmarks.reading.queries import (
    CONNECTION,
    FILTERED,
    LATE_PAGE,
    PAGE_SIZE,
    Asked,
    few_accounts,
    many_accounts,
)
from benchmarks.reading.targets import ratios, targets
from benchmarks.reading.tenants import account_ids, judged
from benchmarks.serving import Serving, product
from models.access import Role
from schema.core.listing import LARGEST_PAGE

#: Deals of each account where they are nested, and accounts that are asked for one by one.
DEALS = 10
POINTS = 1_000
#: Before memory is looked at for the first time, one request in so many of those that follow.
WARM = 10
NOTES = {
    "requests_per_second": "the median of the rounds, in each of which every column is measured in turn",
    "portfolio": "asked one at a time; stock sees the whole tenant, as the administrator does, while for the"
    " director it is checked what is theirs",
    "equal": "whether all columns that have the query answered alike before they were measured",
    "memory": "resident memory of our server after warming up, and after all point and nested queries",
    "load_average": "at the end, over a minute; the measurement itself keeps two processors busy",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*SERVERS, "both"], default="both")
    parser.add_argument("--few", type=int, default=1_000, help="accounts with ten deals each")
    parser.add_argument("--many", type=int, default=100_000, help="accounts that are filtered and paginated")
    parser.add_argument("--page", type=int, default=LATE_PAGE, help="the late page of the filtered accounts")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each column in each round")
    parser.add_argument("--memory-requests", type=int, default=100_000)
    given = parser.parse_args()
    names = list(SERVERS) if given.database == "both" else [given.database]
    measured = {name: _apart(name, given) for name in names}
    described = {"processors": os.cpu_count(), "columns": INCLUDES, "notes": NOTES}
    print(json.dumps(measured | {"connections": given.connections} | described))


def _apart(name: str, given: argparse.Namespace) -> Result | str:
    """Everything on one of the databases, in a process of its own: the ORM keeps its SQL for the next one."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_on, name, given).result()


def _on(name: str, given: argparse.Namespace) -> Result | str:
    """Everything on one of the databases, with the targets."""
    if name == "postgres" and postgres_is_missing():
        return "not installed"
    with SERVERS[name]() as fresh:
        few, memory = _few(name, fresh, given)
        asked = few | _many(name, fresh, given)
    return {
        "asked": asked,
        "memory": memory,
        "targets": targets(asked, memory),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _few(name: str, fresh: Fresh, given: argparse.Namespace) -> tuple[Result, Result]:
    """Points and nested lists, and memory."""
    with fresh() as url:
        tenant = asyncio.run(judged(url, given.few, DEALS))
        asked = few_accounts(asyncio.run(account_ids(url, POINTS)))
        found = _side_by_side(name, tenant, asked, given)
        with product(url, judge_changes="false") as server:
            memory = _memory(server, tenant, asked[:2], given)
    print(f"{name} memory: {json.dumps(memory)}", flush=True)
    return found, memory


def _many(name: str, fresh: Fresh, given: argparse.Namespace) -> Result:
    """Pages and roll-ups of the large tenant."""
    with fresh() as url:
        tenant = asyncio.run(judged(url, given.many))
        with product(url, judge_changes="false") as server:
            late = _cursor(server, tenant, (given.page - 1) * PAGE_SIZE)
        return _side_by_side(name, tenant, many_accounts(late), given)


def _cursor(server: Serving, tenant: Tenant, skipped: int) -> str:
    """The cursor of the last of so many accounts, found as a client finds it.

    Raises:
        RuntimeError: there are not so many.
    """
    headers = {"authorization": f"Bearer {tenant.token(Role.DIRECTOR)}"}
    cursor = ""
    with httpx.Client(base_url=server.address, headers=headers, timeout=120) as client:
        while skipped:
            size = min(skipped, LARGEST_PAGE)
            variables = FILTERED | {"first": size, "after": cursor or None}
            found = client.post("/graphql", json={"query": CONNECTION, "variables": variables}).json()
            page = found["data"]["accounts"]["pageInfo"]
            if not page["hasNextPage"]:
                raise RuntimeError(
                    "there are not so many pages; ask for an earlier --page or for more accounts"
                )
            cursor, skipped = page["endCursor"], skipped - size
    return cursor


def _side_by_side(name: str, tenant: Tenant, asked: list[Asked], given: argparse.Namespace) -> Result:
    """Each question put to each column."""
    found: Result = {}
    with columns(tenant, asked) as servers:
        for each in asked:
            found[each.name] = _measured(servers, tenant, each, given)
            print(f"{name} {each.name}: {json.dumps(found[each.name])}", flush=True)
    return found


def _measured(servers: dict[str, Serving], tenant: Tenant, asked: Asked, given: argparse.Namespace) -> Result:
    """One question, round by round."""
    found = {column: answers(column, servers[column], asked, tenant) for column in COLUMNS}
    there = [column for column in COLUMNS if found[column]]
    equal = all(found[column] == found[OURS] for column in there)
    rounds: dict[str, list[Measured]] = {column: [] for column in there}
    for number in range(given.rounds + 1):
        for column in there:
            sent = requests(column, asked, tenant)
            seconds = given.seconds if number else min(1, given.seconds)
            connections = asked.connections or given.connections
            measured = measure(servers[column].address, sent, connections, seconds=seconds)
            if number:  # the first round warms up
                rounds[column].append(measured)
    told = {column: _medians(rounds[column]) if column in there else None for column in COLUMNS}
    return {"equal": equal, "columns": told, "ours_is_times": ratios(told)}


def _medians(rounds: list[Measured]) -> Result:
    each = [asdict(one) for one in rounds]
    found: Result = {key: round(statistics.median(one[key] for one in each), 2) for key in each[0]}
    return found | {"rounds": [round(one.requests_per_second, 1) for one in rounds]}


def _memory(server: Serving, tenant: Tenant, asked: list[Asked], given: argparse.Namespace) -> Result:
    """What our server has resident before and after point queries and nested lists in turn."""
    points, nested = (requests(OURS, each, tenant) for each in asked)
    mixed = [request for point in points for request in (point, nested[0])]
    measure(server.address, mixed, given.connections, count=max(given.memory_requests // WARM, 1))
    before = resident(server.pid)
    measure(server.address, mixed, given.connections, count=given.memory_requests)
    after = resident(server.pid)
    return {
        "requests": given.memory_requests,
        "before_megabytes": before and round(before, 1),
        "after_megabytes": after and round(after, 1),
        "growth": round(after / before - 1, 4) if before and after else None,
    }


if __name__ == "__main__":
    main()
