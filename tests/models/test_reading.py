"""Reads of an embedded database beside its writer: they see what was committed, and end when nobody waits."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from models import reading
from models.access import Tenant
from models.database import fetch, is_sqlite
from models.sqlite_readers import SqliteReaders
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
    assert await asyncio.wait_for(counted(), 20) == 0  # and does not wait, which would be for ever
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
    assert await asyncio.wait_for(counted(), 20) == 0


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_locked_file_is_waited_for_by_a_thread(tmp_path: Path, at_once: bool) -> None:
    """What reads a few rows does so at once, but holds up nobody where it cannot."""
    path, sql = str(tmp_path / "one.sqlite3"), "select cast(count(*) as blob) from sqlite_master"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("create table one (id)")
        sqlite = SqliteReaders(path)
        try:
            assert await sqlite.row(sql, [], at_once=at_once) == (b"1",)
            writer.execute("begin exclusive")
            began = time.perf_counter()
            asked = asyncio.create_task(sqlite.row(sql, [], at_once=at_once))
            await asyncio.sleep(0.2)
            assert not asked.done()
            assert time.perf_counter() - began < 5  # a thread waits ten seconds
            writer.execute("commit")
            assert await asked == (b"1",)
        finally:
            await asyncio.to_thread(sqlite.close)


@pytest.mark.parametrize("size", [0, 100, 70_000])
async def test_objects_in_json_are_counted_however_long_it_is(size: int) -> None:
    text = orjson.dumps({"text": '{"' * size, "of": [{"a": number} for number in range(size)]})
    assert await reading._objects([text, b"null"]) == size + 1
