"""Whether a cheap query stays quick while 16 clients ask for the most that one operation may cost.

``python -m benchmarks.fairness`` measures, on both databases, how long a cheap query takes when nothing else
is asked (the baseline), and then under each kind of expensive query: as large as one may be that a plan
answers, that resolvers answer, and that rolls up; nobody is refused for asking often. It prints a line for
each and one JSON object last. Server and clients share the machine, each in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict

import httpx
from tortoise.connection import get_connection

from benchmarks.databases import SERVERS, Fresh, apart
from benchmarks.live import Result
from benchmarks.reading.client import Measured, measure
from benchmarks.reading.columns import Tenant
from benchmarks.reading.queries import POINT, Asked, posted
from benchmarks.reading.tenants import account_ids, judged
from benchmarks.serving import Serving, product
from models import database
from models.access import Role

CLIENTS = 16
#: How much longer the slowest of a hundred cheap queries may take than the median one when it is quiet.
TARGET = 10
#: The most that an operation may cost unless the settings say otherwise.
MOST = 50_000

PLANNED = """query Planned {
  accounts(first: 200) {
    nodes {
      id version name tier segment employees placeholder
      deals(first: 200) {
        nodes { id name kind stage probability closeOn nextStep amount { amount currency } }
      }
    }
  }
}"""
RESOLVED = """query Resolved {
  accounts(first: 30) {
    nodes {
      id name usage { month }
      deals(first: 76) { nodes { id name kind stage probability closeOn nextStep amount { amount } } }
    }
  }
}"""
ROLLED_UP = """query RolledUp {
  a: portfolio(groupBy: OWNER) { ...all } b: portfolio(groupBy: SEGMENT) { ...all }
  c: portfolio(groupBy: RISK_KIND) { ...all } d: portfolio(groupBy: MANAGER) { ...all }
  e: portfolio { ...all }
}
fragment all on Portfolio { total { ...f } groups { key figures { ...f } } }
fragment f on PortfolioFigures { openDeals openRisks revenueAtRisk { amount } weightedPipeline { amount } }"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*SERVERS, "both"], default="both")
    parser.add_argument("--accounts", type=int, default=400, help="with 200 deals each")
    parser.add_argument("--annex", type=int, default=2, help="processes beside the server; 0: none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement")
    given = parser.parse_args()
    names = list(SERVERS) if given.database == "both" else [given.database]
    measured = {name: apart(name, _on, given) for name in names}
    print(json.dumps({"processors": os.cpu_count(), "clients": CLIENTS, **measured}))


def _on(name: str, given: argparse.Namespace) -> Result:
    with SERVERS[name]() as fresh, _served(fresh, given) as (server, tenant, ids):
        cheap = Asked("cheap", "account", POINT, [{"id": each} for each in ids], Role.ADMIN, 1)
        quiet = _measured(server, tenant, cheap, None, given)
        print(f"{name} quiet: {json.dumps(quiet)}", flush=True)
        found: Result = {"quiet": quiet}
        for dear in (
            Asked("planned", "accounts", PLANNED, [{}]),
            Asked("resolved", "accounts", RESOLVED, [{}]),
            Asked("rolled_up", "portfolio", ROLLED_UP, [{}]),
        ):
            points = _points(server, tenant, dear)
            cheaper = _measured(server, tenant, cheap, dear, given)
            times = round(cheaper["p99_milliseconds"] / quiet["p50_milliseconds"], 1)
            found[dear.name] = {"points": points, **cheaper, "p99_is_times_quiet_p50": times}
            print(f"{name} beside {dear.name}: {json.dumps(found[dear.name])}", flush=True)
        worst = max(each["p99_is_times_quiet_p50"] for key, each in found.items() if key != "quiet")
        return found | {f"p99 under {TARGET} times the quiet p50": worst < TARGET}


@contextmanager
def _served(fresh: Fresh, given: argparse.Namespace) -> Iterator[tuple[Serving, Tenant, list[str]]]:
    """A server on a tenant with a director, an administrator and some ids of accounts."""
    with fresh() as url:
        tenant, ids = asyncio.run(_stored(url, given.accounts))
        with product(url, judge_changes="false", annex=str(given.annex)) as server:
            yield server, tenant, ids


async def _stored(url: str, accounts: int) -> tuple[Tenant, list[str]]:
    tenant = await judged(url, accounts, 200)
    await _settle(url)
    return tenant, await account_ids(url, 100)


async def _settle(url: str) -> None:
    """Leave nothing for PostgreSQL to tidy up while it is measured."""
    await database.connect(url)
    try:
        for statement in () if database.is_sqlite() else ("vacuum (analyze)", "checkpoint"):
            await get_connection("default").execute_script(statement)
    finally:
        await database.disconnect()


def _points(server: Serving, tenant: Tenant, asked: Asked) -> int:
    """What a query costs; it must be about as much as any may.

    Raises:
        RuntimeError: it costs much less, or is refused.
    """
    headers = {"authorization": f"Bearer {tenant.token(asked.role)}"}
    with httpx.Client(base_url=server.address, headers=headers, timeout=120) as client:
        answer = client.post("/graphql", json={"query": asked.query}).json()
    points = int(answer["extensions"]["cost"]["points"])
    if "errors" in answer or points < MOST * 0.8:
        raise RuntimeError(f"{asked.name} costs {points} of {MOST}: {answer.get('errors')}")
    return points


def _measured(
    server: Serving, tenant: Tenant, cheap: Asked, dear: Asked | None, given: argparse.Namespace
) -> Result:
    """The median of some rounds of the cheap query, alone or beside 16 clients that ask the dear one."""
    rounds = []
    for _ in range(given.rounds):
        with ThreadPoolExecutor(1) as beside:
            asking = beside.submit(_ask, server, tenant, dear, CLIENTS, given.seconds + 2) if dear else None
            rounds.append(_ask(server, tenant, cheap, 1, given.seconds))
            others = asking.result() if asking else None
    found: Result = {
        key: round(statistics.median(asdict(each)[key] for each in rounds), 2) for key in asdict(rounds[0])
    }
    return found | {"others_per_second": round(others.requests_per_second, 1) if others else 0}


def _ask(server: Serving, tenant: Tenant, asked: Asked, clients: int, seconds: float) -> Measured:
    sent = posted(asked, tenant.token(asked.role))
    return measure(server.address, sent, clients, seconds=seconds)


if __name__ == "__main__":
    main()
