"""Reading the one row that a statement of a plan makes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.database import Param, readers
from models.sqlite_readers import SqliteReaders
from models.statements import POSTGRES, SQLITE, counted_rows, seen

#: What SQLite says of statements that are nested deeper than it takes.
_TOO_NESTED = frozenset({"parser stack overflow", "Expression tree is too large (maximum depth 1000)"})


#: How an object begins, and how many bytes are looked at for that in one go.
_BEGINNING, _SLICE = b'{"', 1 << 16


class TooNested(Exception):
    """A statement is nested deeper than the database takes."""


async def values(sql: str, values: Sequence[Param], *, brief: bool = False) -> Sequence[bytes]:
    """The only row that a statement in the driver's own form gives: JSON in UTF-8 in each column.

    A statement is ``brief`` that reads a bounded number of rows by their ids. PostgreSQL reads on the pool
    that everything else uses, which keeps its statements prepared.

    Raises:
        TooNested: the statement is nested deeper than SQLite's parser takes.
    """
    sqlite = readers()
    if sqlite is None:
        found = await seen(POSTGRES, sql, _pooled(get_connection("default"), sql, values), _one)
    else:
        found = await _embedded(sqlite, sql, values, brief=brief)
    counted_rows(await _objects(found) - 1)
    return found


async def _embedded(
    sqlite: SqliteReaders, sql: str, values: Sequence[Param], *, brief: bool
) -> Sequence[bytes]:
    try:
        return await seen(SQLITE, sql, sqlite.row(sql, values, at_once=brief), _one)
    except sqlite3.OperationalError as error:
        if str(error) in _TOO_NESTED:
            raise TooNested from error
        raise


async def _pooled(connection: BaseDBAsyncClient, sql: str, values: Sequence[Param]) -> Sequence[bytes]:
    async with connection.acquire_connection() as pooled:
        found: Sequence[bytes] = await pooled.fetchrow(sql, *values)
        return found


def _one(_row: object) -> int:
    return 1


async def _objects(row: Sequence[bytes]) -> int:
    """How many objects a statement wrote as JSON: each begins so, and in texts quotes are escaped.

    Megabytes are counted bit by bit: others are answered meanwhile.
    """
    found = 0
    for text in row:
        found += text.count(_BEGINNING, 0, _SLICE)
        for start in range(_SLICE, len(text), _SLICE):
            await asyncio.sleep(0)
            found += text.count(_BEGINNING, start - 1, start + _SLICE)
    return found
