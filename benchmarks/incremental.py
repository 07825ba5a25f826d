"""One signal, from its mutation to its recommendation, through a server in a process of its own."""

from __future__ import annotations

import asyncio
import time

import httpx

from benchmarks.live import Result, live
from benchmarks.serving import SECRET, product
from commands import evaluations
from models.access import User
from models.accounts import Account
from models.base import today
from schema.core.tokens import issue

SIGNALS = 200
INCLUDES = (
    "from sending recordSignals for one account over HTTP until recommendations answers with what came of"
    " it, asked anew 2 ms after each answer; one signal at a time"
)


async def incremental(url: str, accounts: int) -> Result:
    """Send signals about as many accounts, one after the other."""
    async with live(url) as (actor, engine):
        await evaluations.evaluate(actor, engine, today())
        owner = await User.get(tenant_id=actor.tenant_id)
        rows = Account.filter(tenant_id=actor.tenant_id, tier="KEY").order_by("id").limit(SIGNALS)
        ids = [str(each) for each in await rows.values_list("id", flat=True)]
    with product(url) as server:
        headers = {"Authorization": f"Bearer {issue(owner, 1, SECRET)}"}
        async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=30) as client:
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
        await asyncio.sleep(0.002)
    raise TimeoutError(f"no recommendation for {account_id}")
