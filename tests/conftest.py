"""What every test may use: a fresh, migrated, empty database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models import database
from tests import orm, postgres

TEMPLATE = "template_migrated"
orm.prepare_once()
gc.disable()  # what is imported and collected stays; to look through it for garbage takes seconds


def pytest_collection_finish() -> None:
    """Look for garbage from here on, and only among what tests make."""
    gc.freeze()
    gc.enable()


async def _migrate(url: str) -> None:
    await database.connect(url)
    await database.migrate()
    await database.disconnect()


def blocking(work: Coroutine[None, None, None]) -> None:
    """Run to the end in a thread: session fixtures are set up inside the first test's loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied; processes that test side by side make one."""
    side_by_side = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp().parent if side_by_side else tmp_path_factory.mktemp("sqlite")
    path = folder / "template.sqlite3"
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            blocking(_migrate(f"sqlite://{path}.new"))
            path.with_name(f"{path.name}.new").rename(path)
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated, empty SQLite database, for commands in processes of their own."""
    return f"sqlite://{shutil.copyfile(sqlite_template, tmp_path / 'b.sqlite3')}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server with a migrated database to be cloned."""
    with postgres.running() as server:
        blocking(server.run(f'create database "{TEMPLATE}"'))
        blocking(_migrate(server.url(TEMPLATE)))
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres_server: postgres.Server) -> Iterator[postgres.Emptied]:
    """A migrated database that a test leaves as empty as it was."""
    blocking(postgres_server.clone(TEMPLATE, name := "test"))
    emptied = postgres.Emptied(postgres_server, name)
    yield emptied
    emptied.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh, migrated, empty database; nothing is connected to it."""
    if request.param == "sqlite":
        path = tmp_path / "bellwether.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite://{path}"
        return
    emptied: postgres.Emptied = request.getfixturevalue("postgres_database")
    yield emptied.url
    await emptied.empty()


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[str]:
    """A fresh, migrated, empty database that the test is connected to; its URL."""
    await database.connect(db_url)
    yield db_url
    await database.disconnect()
