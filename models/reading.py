"""Reading one value that a statement makes, beside everything else: SQLite in threads of its own.

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
from tortoise.connection import get_connection

from models.database import Param, is_sqlite

#: More threads than processors only wait for one another.
MOST_THREADS = 4
#: Statements that each connection keeps prepared.
PREPARED = 256


class _Readers:
    """Threads that read an embedded database, each on a connection of its own that cannot write."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), "bellwether-read")

    async def value(self, sql: str, values: Sequence[Param]) -> object:
        """The only value of the only row that a statement gives."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._value, sql, values)

    def close(self) -> None:
        """End the threads; their connections go with them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _value(self, sql: str, values: Sequence[Param]) -> object:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connected()
        (found,) = connection.execute(sql, values).fetchone()
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


async def value(sql: str, values: Sequence[Param]) -> object:
    """The only value of the only row that a statement in the driver's own form gives."""
    connection = get_connection("default")
    if is_sqlite():
        return await _reading(str(connection.filename)).value(sql, values)  # type: ignore[attr-defined]
    async with connection.acquire_connection() as pooled:
        return await pooled.fetchval(sql, *values)


def can_read() -> bool:
    """Whether the connected database can be read beside its one connection: not when it is in memory."""
    return not (is_sqlite() and str(get_connection("default").filename) == ":memory:")  # type: ignore[attr-defined]


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
