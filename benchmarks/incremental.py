"""One signal, from its mutation to its recommendation, through a server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.live import Result, live
from commands import evaluations
from models.access import User
from models.accounts import Account
from models.base import today
from schema.core.tokens import issue

SECRET = "a secret for benchmarks alone, of forty characters"
SIGNALS = 200
INCLUDES = (
    "from sending recordSignals for one account over HTTP until recommendations answers with what came of"
    " it, asked anew 5 ms after each answer; one signal at a time"
)


async def incremental(url: str, accounts: int) -> Result:
    """Send signals about as many accounts, one after the other."""
    async with live(url) as (actor, engine):
        await evaluations.evaluate(actor, engine, today())
        owner = await User.get(tenant_id=actor.tenant_id)
        rows = Account.filter(tenant_id=actor.tenant_id, tier="KEY").order_by("id").limit(SIGNALS)
        ids = [str(each) for each in await rows.values_list("id", flat=True)]
    with _serving(url) as address:
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
        await asyncio.sleep(0.005)
    raise TimeoutError(f"no recommendation for {account_id}")


@contextmanager
def _serving(url: str) -> Iterator[str]:
    """The address of a server on the database."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "BELLWETHER_DATABASE_URL": url,
            "BELLWETHER_HOME": home,
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
