"""How fast a portfolio is judged: whole, with and without the pre-filter, beside CLIPS, and after one signal.

``python -m benchmarks.rules`` prints a line for each measurement, and one JSON object last.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from tortoise import Tortoise

from benchmarks.portfolio import DAY, generate
from commands import evaluations, rulebooks, scopes
from commands.access import system_actor
from models import database
from models.access import Tenant, User
from models.accounts import Account
from models.base import today
from rules.engine.pool import EnginePool
from rules.facts import gather
from rules.needs import needs
from rules.reference import Facts, evaluate
from schema.core.tokens import issue

BOOK = Path(__file__).parent / "book.yaml"
SECRET = "a secret for benchmarks alone, of forty characters"
REPEATS = 3
#: Accounts that the engines beside ours judge, from memory.
BESIDE = 10_000
SIGNALS = 200
Result = dict[str, Any]


async def _filled(url: str, accounts: int, day: date) -> Tenant:
    await database.connect(url)
    await database.migrate()
    tenant = await generate(url, accounts, day)
    await database.refresh_statistics()
    return tenant


async def _live(tenant: Tenant, engine: EnginePool) -> None:
    actor = system_actor(tenant)
    book, _ = await rulebooks.import_file(actor, "bench", BOOK.read_text("utf-8"))
    await rulebooks.activate(actor, engine, book.id)


async def whole(url: str, accounts: int) -> Result:
    """The whole portfolio from the database to reconciled verdicts, and without the pre-filter."""
    tenant = await _filled(url, accounts, DAY)
    result: Result = {"accounts": accounts}
    async with EnginePool(2, 20.0) as engine:
        await _live(tenant, engine)
        actor = system_actor(tenant)
        runs = [await evaluations.evaluate(actor, engine, DAY) for _ in range(1 + REPEATS)]
        unfiltered = None
        if accounts <= 100_000:
            unfiltered = await evaluations.evaluate(actor, engine, DAY, prefilter=False)
    first, seconds = runs[0], statistics.median(float(run.seconds or 0) for run in runs[1:])
    return result | {
        "candidates": first.candidates,
        "matched": first.matched,
        "opened": first.opened,
        "accounts_per_second_first": round(accounts / float(first.seconds or 1)),
        "accounts_per_second": round(accounts / seconds),
        "microseconds_per_account": round(seconds / accounts * 1e6, 2),
        "stages": runs[-1].stages,
        "accounts_per_second_without_prefilter": unfiltered
        and round(accounts / float(unfiltered.seconds or 1)),
        "same_matches_without_prefilter": unfiltered and unfiltered.matched == first.matched,
        "peak_megabytes": _peak(),
    }


def _peak() -> int:
    """The most memory that this process and the largest of its workers had, in megabytes."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round((own + workers) / 1024)


async def beside(url: str) -> Result:
    """CLIPS on the same book and the same facts, which it gets from memory."""
    tenant = await _filled(url, BESIDE, DAY)
    async with EnginePool(2, 20.0) as engine:
        await _live(tenant, engine)
        actor = system_actor(tenant)
        run = await evaluations.evaluate(actor, engine, DAY)
        book = await rulebooks.active_book(actor)
        ids = await scopes.answered_for(actor, DAY)
        facts = await gather(actor.tenant_id, ids, DAY, needs(book))
        ours = {(match.rule, account) for account, of in facts.items() for match in evaluate(book.rules, of)}
        began = time.perf_counter()
        judged = await engine.judge(book, facts)
        engine_seconds = time.perf_counter() - began
    matched = {(match.rule, account) for account, verdict in judged.items() for match in verdict.matches}
    result: Result = {
        "accounts": BESIDE,
        "ours_from_database_accounts_per_second": round(BESIDE / float(run.seconds or 1)),
        "ours_engine_alone_accounts_per_second": round(BESIDE / engine_seconds),
        "engine_agrees_with_reference": matched == ours,
    }
    if importlib.util.find_spec("clips") is None:
        return result | {"clips": "not installed"}
    return result | {"clips": _clips(book, facts, ours)}


def _clips(book: Any, facts: dict[str, Facts], ours: set[tuple[str, str]]) -> Result:
    from benchmarks.clips import Clips

    fields = {kind: sorted(names) for kind, names in needs(book).items()}
    engine = Clips(book, fields)
    seconds, found = _timed(lambda: engine.judge(facts))
    return {"accounts_per_second": round(len(facts) / seconds), "agrees": found == ours}


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """The median time of some repetitions, and the last result."""
    times = []
    result: Any = None
    for _ in range(REPEATS):
        began = time.perf_counter()
        result = act()
        times.append(time.perf_counter() - began)
    return statistics.median(times), result


async def incremental(url: str, accounts: int, home: Path) -> Result:
    """From ``recordSignals`` for one account to its recommendation, through a server beside this process."""
    tenant = await _filled(url, accounts, today())
    async with EnginePool(2, 20.0) as engine:
        await _live(tenant, engine)
        await evaluations.evaluate(system_actor(tenant), engine, today())
    owner = await User.get(tenant_id=tenant.id)
    rows = Account.filter(tenant_id=tenant.id, tier="KEY").order_by("id").limit(SIGNALS)
    ids = [str(each) for each in await rows.values_list("id", flat=True)]
    await Tortoise.close_connections()
    with _serving(url, home) as address:
        headers = {"Authorization": f"Bearer {issue(owner, 1, SECRET)}"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
            times = sorted([await _one_signal(client, account_id) for account_id in ids])
    return {
        "accounts": accounts,
        "signals": len(times),
        "p50_milliseconds": round(times[len(times) // 2] * 1000, 1),
        "p99_milliseconds": round(times[int(len(times) * 0.99)] * 1000, 1),
    }


async def _one_signal(client: httpx.AsyncClient, account_id: str) -> float:
    heard = {
        "accountId": account_id,
        "kind": "COMPETITOR_NAMED",
        "summary": "They asked for a quote",
        "observedOn": today().isoformat(),
    }
    record = "mutation ($input: RecordSignalsInput!) { recordSignals(input: $input) { errors { message } } }"
    wanted = (
        "query ($id: ID!) { recommendations(first: 1, filter: { accountId: { eq: $id },"
        ' ruleKey: { eq: "signal-0" } }) { nodes { id } } }'
    )
    began = time.perf_counter()
    answer = await client.post(
        "/graphql", json={"query": record, "variables": {"input": {"signals": [heard]}}}
    )
    assert answer.json()["data"]["recordSignals"]["errors"] == [], answer.text
    while time.perf_counter() - began < 20:
        found = await client.post("/graphql", json={"query": wanted, "variables": {"id": account_id}})
        if found.json()["data"]["recommendations"]["nodes"]:
            return time.perf_counter() - began
        await asyncio.sleep(0.001)
    raise TimeoutError(f"no recommendation for {account_id}")


@contextmanager
def _serving(url: str, home: Path) -> Iterator[str]:
    """The address of a server on the database, in a process of its own."""
    environment = {
        **os.environ,
        "BELLWETHER_DATABASE_URL": url,
        "BELLWETHER_HOME": str(home),
        "BELLWETHER_SECRET": SECRET,
        "BELLWETHER_LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().split()[-1].removesuffix("/graphql")
    finally:
        process.terminate()
        process.wait(20)


def _child(what: str, accounts: int) -> Result:
    """A measurement in a process of its own, so that its memory is its own too."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rules", "--one", what, "--accounts", str(accounts)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = done.stdout.splitlines()[-1]
    print(f"{what}: {line}", flush=True)
    result: Result = json.loads(line)
    return result


async def _one(what: str, accounts: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite://{folder}/bench.sqlite3"
        try:
            if what == "whole":
                return await whole(url, accounts)
            if what == "beside":
                return await beside(url)
            return await incremental(url, accounts, Path(folder))
        finally:
            await Tortoise.close_connections()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--stored", type=int, default=100_000, help="accounts stored while signals come")
    parser.add_argument("--one", choices=["whole", "beside", "incremental"], help=argparse.SUPPRESS)
    parser.add_argument("--accounts", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asyncio.run(_one(given.one, given.accounts))))
        return
    sizes = [int(size) for size in given.sizes.split(",")]
    print(
        json.dumps(
            _summary(
                [_child("whole", size) for size in sizes],
                _child("beside", BESIDE),
                _child("incremental", given.stored),
            )
        )
    )


def _summary(sizes: list[Result], beside: Result, incremental: Result) -> Result:
    """Everything measured, and each target with whether it was met."""
    first, last = sizes[0], sizes[-1]
    at = next((each for each in sizes if each["accounts"] == 100_000), last)
    clips = beside["clips"] if isinstance(beside["clips"], dict) else None
    targets: dict[str, bool | None] = {
        "50,000 accounts/s at 100,000": at["accounts_per_second"] >= 50_000,
        "10 times CLIPS": at["accounts_per_second"] >= 10 * clips["accounts_per_second"] if clips else None,
        "cost per account at the largest at most 1.2 times that at the smallest": last[
            "microseconds_per_account"
        ]
        <= 1.2 * first["microseconds_per_account"],
        "at most 600 MB": all(each["peak_megabytes"] <= 600 for each in sizes),
        "signal to recommendation p50 under 20 ms": incremental["p50_milliseconds"] < 20,
        "signal to recommendation p99 under 60 ms": incremental["p99_milliseconds"] < 60,
    }
    return {"whole": sizes, "beside": beside, "incremental": incremental, "targets": targets}


if __name__ == "__main__":
    main()
