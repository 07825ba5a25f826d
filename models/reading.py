"""Reading the one row that a statement of a plan makes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tortoise.connection import get_connection

from models.database import Param, readers

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
        async with get_connection("default").acquire_connection() as pooled:
            found: Sequence[object] = await pooled.fetchrow(sql, *values)
            return found
    try:
        return await sqlite.row(sql, values)
    except sqlite3.OperationalError as error:
        if str(error) in _TOO_NESTED:
            raise TooNested from error
        raise
