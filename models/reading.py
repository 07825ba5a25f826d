"""Reading the one row that a statement makes, beside everything else: SQLite in threads of its own.

What is written meanwhile does not hold it up, and it does not hold up the event loop. PostgreSQL reads on
the pool that everything else uses, which keeps its statements prepared.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.database import Param, is_sqlite
from models.statements import POSTGRES, SQLITE, seen

#: More threads than processors only wait for one another.
MOST_THREADS = 4
#: Statements that each connection keeps prepared.
PREPARED = 256


#: What SQLite says of statements that are nested deeper than it takes.
_TOO_NESTED = frozenset({"parser stack overflow", "Expression tree is too large (maximum depth 1000)"})


class TooNested(Exception):
    """A statement is nested deeper than the database takes."""


class _Readers:
    """Threads that read an embedded database, each on a connection of its own that cannot write."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), "bellwether-read")

    async def values(self, sql: str, values: Sequence[Param]) -> Sequence[object]:
        """The only row that a statement gives."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._row, sql, values)

    def close(self) -> None:
        """End the threads; their connections go with them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _row(self, sql: str, values: Sequence[Param]) -> Sequence[object]:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connected()
        try:
            found: Sequence[object] = connection.execute(sql, values).fetchone()
        except sqlite3.OperationalError as error:
            if str(error) in _TOO_NESTED:
                raise TooNested from error
            raise
        return found

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{Path(self.path).resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            cached_statements=PREPARED,
        )
        connection.execute("pragma busy_timeout = 10000")
        connection.create_function("json_number", 1, _json_number, deterministic=True)
        return connection


def _json_number(value: float | None) -> str:
    """A number as JSON: SQLite itself rounds to fifteen digits."""
    return orjson.dumps(value).decode()


_readers: _Readers | None = None


async def values(sql: str, values: Sequence[Param]) -> Sequence[object]:
    """The only row that a statement in the driver's own form gives.

    Raises:
        TooNested: the statement is nested deeper than SQLite's parser takes.
    """
    connection = get_connection("default")
    if is_sqlite():
        readers = _reading(str(connection.filename))  # type: ignore[attr-defined]
        return await seen(SQLITE, sql, readers.values(sql, values), _objects)
    return await seen(POSTGRES, sql, _pooled(connection, sql, values), _objects)


async def _pooled(connection: BaseDBAsyncClient, sql: str, values: Sequence[Param]) -> Sequence[object]:
    async with connection.acquire_connection() as pooled:
        found: Sequence[object] = await pooled.fetchrow(sql, *values)
        return found


def _objects(texts: Sequence[object]) -> int:
    """How many objects a statement wrote as JSON: each begins with a brace, and few texts have others."""
    return sum(text.count("{") for text in texts if isinstance(text, str))


def _reading(path: str) -> _Readers:
    global _readers
    if _readers is None or _readers.path != path:
        stop()
        _readers = _Readers(path)
    return _readers


def stop() -> None:
    """End the threads, if there are any."""
    global _readers
    if _readers is not None:
        _readers.close()
        _readers = None
