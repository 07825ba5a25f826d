"""Reading the one row that a statement of a plan makes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.database import Param, readers
from models.statements import POSTGRES, SQLITE, seen

#: What SQLite says of statements that are nested deeper than it takes.
_TOO_NESTED = frozenset({"parser stack overflow", "Expression tree is too large (maximum depth 1000)"})


class TooNested(Exception):
    """A statement is nested deeper than the database takes."""


async def values(sql: str, values: Sequence[Param]) -> Sequence[object]:
    """The only row that a statement in the driver's own form gives.

    PostgreSQL reads on the pool that everything else uses, which keeps its statements prepared.

    Raises:
        TooNested: the statement is nested deeper than SQLite's parser takes.
    """
    sqlite = readers()
    if sqlite is None:
        return await seen(POSTGRES, sql, _pooled(get_connection("default"), sql, values), _objects)
    try:
        return await seen(SQLITE, sql, sqlite.row(sql, values), _objects)
    except sqlite3.OperationalError as error:
        if str(error) in _TOO_NESTED:
            raise TooNested from error
        raise


async def _pooled(connection: BaseDBAsyncClient, sql: str, values: Sequence[Param]) -> Sequence[object]:
    async with connection.acquire_connection() as pooled:
        found: Sequence[object] = await pooled.fetchrow(sql, *values)
        return found


def _objects(texts: Sequence[object]) -> int:
    """How many objects a statement wrote as JSON: each begins with a brace, and few texts have others."""
    return sum(text.count("{") for text in texts if isinstance(text, str))
