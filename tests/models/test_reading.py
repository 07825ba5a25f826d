"""Reads of an embedded database beside its writer: they see what was committed, and end when nobody waits."""

from __future__ import annotations

import asyncio
import time

import pytest

from models.access import Tenant
from models.database import fetch, is_sqlite
from models.transactions import transaction
from tests import factories

COUNT = "select count(*) as n from tenant"
#: Takes a minute or so.
ENDLESS = (
    "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000000000)"
    " select max(n) from c"
)


async def counted() -> object:
    (row,) = await fetch(COUNT)
    return row["n"]


async def test_a_read_sees_its_own_transaction_and_nobody_elses(db: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with transaction():
            await factories.tenant()
            assert await counted() == 1
            begun.set()
            await go_on.wait()

    writing = asyncio.create_task(write())
    await begun.wait()
    assert await asyncio.wait_for(counted(), 2) == 0  # and does not wait
    go_on.set()
    await writing
    assert await counted() == 1
    assert await Tenant.all().count() == 1


async def test_a_read_that_nobody_waits_for_any_more_ends(db: str) -> None:
    if not is_sqlite():
        pytest.skip("the driver cancels statements")
    reads = [asyncio.create_task(fetch(ENDLESS)) for _ in range(8)]
    await asyncio.sleep(0.2)
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    began = time.perf_counter()
    assert await counted() == 0
    assert time.perf_counter() - began < 2
