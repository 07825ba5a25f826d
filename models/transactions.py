"""The transaction that every write runs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from models.database import is_sqlite


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """A transaction that writes: all of it or nothing; cancelling whoever is in it does not leave it open."""
    context = in_transaction()
    try:
        await context.__aenter__()
    except BaseException as error:
        if hasattr(context, "token"):  # it holds the connection already, and nobody else would give that back
            with suppress(Exception):
                await context.__aexit__(type(error), error, error.__traceback__)
        raise
    async with AsyncExitStack() as stack:
        stack.push_async_exit(context)
        await _take_turn()
        yield


async def _take_turn() -> None:
    """Make the transaction that has just begun a writing one; needed where writers wait for each other.

    SQLite gives a transaction that has read first no lock afterwards, however long it would wait, once
    somebody else has written. A statement that writes, though it writes nothing, takes its turn.
    """
    if is_sqlite():
        await get_connection("default").execute_query("delete from audit_record where 1 = 0")
