"""A database that the previous release made and filled is brought to this one, with all that it holds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationTarget

from models import database
from models.database import is_sqlite
from models.errors import UnknownSchema
from models.migrating import Executor
from models.recommendations import Evidence
from tests import postgres

PREVIOUS = "0001_initial"
WHEN = "'2026-11-20 08:00:00+00:00', '2026-11-20 08:00:00+00:00'"
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
    "insert into account (id, version, created_at, updated_at, tenant_id, name, tier, currency)"
    f" values ('acc_1', 1, {WHEN}, 'tnt_1', 'One', 'KEY', 'EUR')",
    "insert into deal (id, version, created_at, updated_at, tenant_id, account_id, name, kind, stage,"
    " forecast_category, probability, amount_minor, currency, close_on)"
    f" values ('deal_1', 1, {WHEN}, 'tnt_1', 'acc_1', 'One', 'NEW', 'IDENTIFIED', 'PIPELINE', 10, 100,"
    " 'EUR', '2026-03-01')",
    "insert into audit_record (id, version, created_at, updated_at, tenant_id, command, source,"
    " changes_count)"
    f" values ('aud_1', 1, {WHEN}, 'tnt_1', 'deals.update', 'api', 3)",
    *(
        "insert into change (id, version, created_at, updated_at, tenant_id, audit_id, entity, entity_id,"
        " field, old, new, effective_on, seq)"
        f" values ('chg_{number}', 1, {WHEN}, 'tnt_1', 'aud_1', 'deal', 'deal_1', 'close_on',"
        f" '{old}', '{new}', '2026-01-0{number}', {number})"
        for number, (old, new) in enumerate(
            (("2026-01-31", "2026-02-28"), ("2026-02-28", "2026-02-18"), ("2026-02-18", "2026-03-01")), 1
        )
    ),
)


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[str]]:
    """The URLs of two databases without any table."""
    names = ["old", "new"]
    if request.param == "sqlite":
        yield [f"sqlite://{tmp_path}/{name}.sqlite3" for name in names]
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    for name in names:
        await server.run(f"create database {name}")
    yield [server.url(name) for name in names]
    for name in names:
        await server.run(f"drop database {name}")


async def catalog() -> list[str]:
    """All that the database knows of its tables: columns, constraints and indexes, wherever they stand."""
    if is_sqlite():
        return sorted([line async for line in _sqlite_catalog()])
    rows = await database.fetch(
        "select format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)"
        " as told from information_schema.columns where table_schema = current_schema()"
        " union all select indexdef from pg_indexes where schemaname = current_schema()"
        " union all select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint"
        " where connamespace = current_schema()::regnamespace"
    )
    return sorted(re.sub(r"INDEX \S+ ON", "INDEX ON", str(row["told"])) for row in rows)


async def _sqlite_catalog() -> AsyncIterator[str]:
    """The same of SQLite, which keeps tables as they were written, comments and all."""
    tables = await database.fetch(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
    )
    for table in (str(row["name"]) for row in tables):
        for column in await database.fetch(f"select * from pragma_table_info('{table}')"):
            yield f"{table}: {[value for name, value in column.items() if name != 'cid']}"
        for key in await database.fetch(f"select * from pragma_foreign_key_list('{table}')"):
            yield f"{table}: {[value for name, value in key.items() if name not in ('id', 'seq')]}"
        for index in await database.fetch(f"select * from pragma_index_list('{table}')"):
            columns = await database.fetch(f"select name from pragma_index_info('{index['name']}')")
            kind = (index["unique"], index["origin"], index["partial"])
            yield f"{table}: {kind} {[column['name'] for column in columns]}"


async def test_it_takes_what_the_new_release_writes_and_is_as_a_new_one_with_all_of_its_rows(
    empty_urls: list[str],
) -> None:
    old, new = empty_urls
    await database.connect(old)
    previous = Executor(get_connection("default"), database.apps())
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
    pushed = await database.fetch("select pushes, days_pushed from deal")
    assert [tuple(row.values()) for row in pushed] == [(2, 28 + 11)]
    long = "x" * 160  # an alias was shorter in the previous release
    await Evidence.filter(id="ev_1").update(alias=long)
    assert (await Evidence.get(id="ev_1")).alias == long
    migrated = await catalog()
    await database.disconnect()
    await database.connect(new)
    assert await database.migrate() == database.known_migrations()
    assert await database.migrate() == []
    made = await catalog()
    await database.disconnect()
    assert len(made) > 60
    assert made == migrated
