"""Threads that read an embedded database, each on a connection of its own that cannot write.

What is written meanwhile does not hold them up, and they do not hold up the event loop.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import orjson

T = TypeVar("T")

#: More threads than processors only wait for one another.
MOST_THREADS = 4
#: Statements that each connection keeps prepared.
PREPARED = 256
#: What a connection may keep in memory of the file, as SQLite says it: in KiB, and less than nothing.
CACHE_SIZE = -32 * 1024


class SqliteReaders:
    """The threads that read the database in one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._at_once: sqlite3.Connection | None = None
        self._threads = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), "bellwether-read")

    async def row(self, sql: str, values: Sequence[object], *, at_once: bool) -> Sequence[bytes]:
        """The only row that a statement gives.

        What is read ``at_once`` nothing else goes on beside: handing it to a thread takes longer than to read
        a few rows. Where the file is locked, a thread waits for it all the same.
        """

        def read(connection: sqlite3.Connection) -> Sequence[bytes]:
            found: Sequence[bytes] = connection.execute(sql, values).fetchone()
            return found

        if at_once:
            try:
                return read(self._here())
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
        return await self._read(read)

    async def rows(self, sql: str, values: Sequence[object]) -> list[dict[str, object]]:
        """The rows that a statement gives, by column."""

        def read(connection: sqlite3.Connection) -> list[dict[str, object]]:
            cursor = connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        return await self._read(read)

    def close(self) -> None:
        """End what is read, the threads and their connections; the last to close a file tidies it up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connection in self._connections:
            connection.interrupt()
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    async def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What ``read`` gives on the connection of some thread; cancelling whoever waits for it ends it."""
        reading = _Reading(read)
        waiting = asyncio.get_running_loop().run_in_executor(self._threads, self._run, reading)
        try:
            return await waiting
        except asyncio.CancelledError:
            reading.end()
            raise

    def _run(self, reading: _Reading[T]) -> T:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connected()
            self._connections.append(connection)
        return reading.run(connection)

    def _here(self) -> sqlite3.Connection:
        """The connection of the thread that asks, which waits for no lock."""
        if self._at_once is None:
            self._at_once = self._connected()
            self._at_once.execute("pragma busy_timeout = 0")
            self._connections.append(self._at_once)
        return self._at_once

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{Path(self.path).resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            cached_statements=PREPARED,
            check_same_thread=False,  # an interruption comes from another one
        )
        connection.execute("pragma busy_timeout = 10000")
        connection.execute(f"pragma cache_size = {CACHE_SIZE}")
        connection.create_function("json_number", 1, _json_number, deterministic=True)
        return connection


class _Reading(Generic[T]):
    """Something that is read, and can be ended while it is; never another that follows on its connection."""

    def __init__(self, read: Callable[[sqlite3.Connection], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._ended = False

    def run(self, connection: sqlite3.Connection) -> T:
        with self._lock:
            if self._ended:
                raise sqlite3.OperationalError("interrupted")
            self._connection = connection
        try:
            return self._read(connection)
        finally:
            with self._lock:
                self._connection = None

    def end(self) -> None:
        """Interrupt it; nothing happens where it is over."""
        with self._lock:
            self._ended = True
            if self._connection is not None:
                self._connection.interrupt()


def _json_number(value: float | None) -> str:
    """A number as JSON: SQLite itself rounds to fifteen digits."""
    return orjson.dumps(value).decode()
