"""A database that the previous release made and filled is brought to this one, with all that it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from models import database
from models.errors import UnknownSchema
from models.recommendations import Evidence
from tests import postgres

PREVIOUS = "0001_initial"
#: What an evaluation of the previous release leaves behind: a row of each table that has changed since.
FILLED = (
    "insert into tenant (id, version, created_at, updated_at, name, slug, currency)"
    " values ('tnt_1', 1, '2026-11-20 08:00:00+00:00', '2026-11-20 08:00:00+00:00', 'One', 'one', 'EUR')",
    "insert into evaluation_run (id, version, created_at, updated_at, tenant_id, as_of, state, accounts,"
    " matched, opened, refreshed, lapsed, reopened, unchanged, looked_back, flagged, failures, disagreements)"
    " values ('run_1', 1, '2026-11-20 08:00:00+00:00', '2026-11-20 08:00:00+00:00', 'tnt_1', '2026-11-20',"
    " 'COMPLETE', 7, 3, 3, 0, 0, 0, 0, 0, '{}', '[]', '[]')",
    "insert into evidence (id, version, created_at, updated_at, tenant_id, position, alias, fact_kind,"
    " fact_id, field, op, observed_on, source) values ('ev_1', 1, '2026-11-20 08:00:00+00:00',"
    " '2026-11-20 08:00:00+00:00', 'tnt_1', 0, 'd', 'deal', 'deal_1', 'amount', 'gt', '2026-11-20', 'crm')",
)


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any table."""
    EXECUTOR_CACHE.clear()
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/old.sqlite3"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    await server.run("create database old")
    yield server.url("old")
    await server.run("drop database old")


async def test_it_takes_what_the_new_release_writes_and_has_all_of_its_rows(empty_url: str) -> None:
    await database.connect(empty_url)
    previous = MigrationExecutor(get_connection("default"), database.apps())
    await previous.migrate([MigrationTarget(database.APP, PREVIOUS)])
    for statement in FILLED:
        await get_connection("default").execute_query(statement)
    with pytest.raises(UnknownSchema, match="bellwether migrate"):
        await database.check_schema()
    assert await database.migrate() == database.known_migrations()[1:]
    await database.check_schema()
    columns = "accounts, candidates, scope, judged, events_opened"
    run = await database.fetch(f"select {columns} from evaluation_run")
    assert [tuple(row.values()) for row in run] == [(7, 0, "WHOLE", 0, 0)]
    assert [row["judged_as_of"] for row in await database.fetch("select judged_as_of from tenant")] == [None]
    assert [row["field"] for row in await database.fetch("select field from evidence")] == ["amount"]
    long = "x" * 160  # an alias was shorter in the previous release
    await Evidence.filter(id="ev_1").update(alias=long)
    assert (await Evidence.get(id="ev_1")).alias == long
    await database.disconnect()
