"""The database is the one that the code knows, and says so in words that help."""

from __future__ import annotations

from importlib import import_module

import pytest
from tortoise import Tortoise, fields
from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from models import database
from models.base import Record
from models.database import is_sqlite
from models.errors import UnknownSchema


async def test_the_migrations_make_what_the_models_declare(db: str) -> None:
    assert await database.applied_migrations() == database.known_migrations()
    assert await database.model_changes() == []
    await database.check_schema()


async def test_a_schema_from_another_release_is_refused_with_the_command(db: str) -> None:
    async with in_transaction() as connection:
        await connection.execute_query(
            "update tortoise_migrations set name = '0000_unheard_of' where name like '0001%'"
        )
        with pytest.raises(UnknownSchema, match="bellwether migrate"):
            await database.check_schema()
        await connection.execute_query("delete from tortoise_migrations")
        missing = len(database.known_migrations())
        with pytest.raises(
            UnknownSchema,
            match=rf"lacks {missing} migration\(s\), first '0001_initial'; run: bellwether migrate",
        ):
            await database.check_schema()
        await connection.rollback()
    await database.check_schema()


async def test_every_foreign_key_has_an_index_that_begins_with_the_tenant(db: str) -> None:
    assert Tortoise.apps is not None
    lacking: list[str] = []
    for model in Tortoise.apps["models"].values():
        assert issubclass(model, Record)
        indexed = {tuple(index)[:2] for index in model._meta.indexes if not isinstance(index, str)}
        unique = {tuple(columns)[:2] for columns in model._meta.unique_together}
        for name in model._meta.fk_fields:
            field = model._meta.fields_map[name]
            assert isinstance(field, fields.relational.ForeignKeyFieldInstance)
            known = ("tenant_id", f"{name}_id") in indexed or ("tenant", name) in unique
            if name != "tenant" and not known:
                lacking.append(f"{model.__name__}.{name}")
    assert lacking == []


@pytest.mark.parametrize(
    ("sqlite", "expected"),
    [
        (True, ("select ? where a = ? and b = ':x' and cast(julianday(d) - julianday(?) as integer) > ?",
                [1, "two", "2026-01-01", 1])),
        (False, ("select $1 where a = $2 and b = ':x' and (cast(d as date) - cast($3 as date)) > $1", None)),
    ],
)  # fmt: skip
def test_parameters_are_bound_and_never_become_text(
    sqlite: bool, expected: tuple[str, list[object] | None]
) -> None:
    from datetime import date

    sql, values = database.bind(
        "select :one where a = :two and b = ':x' and DAYS(d, :day) > :one",
        {"one": 1, "two": "two", "day": date(2026, 1, 1)},
        sqlite=sqlite,
    )
    assert sql == expected[0].replace("':x'", "':x'")
    assert expected[1] is None or values == expected[1]
    assert "two" not in sql


async def test_every_index_that_the_models_declare_is_in_a_migrated_database(db: str) -> None:
    """SQLite loses the indexes of a table of which a migration alters a column."""
    sql = "select tbl_name as t, name from sqlite_master where type = 'index'"
    if not is_sqlite():
        sql = "select tablename as t, indexname as name from pg_indexes where schemaname = current_schema()"
    known = {(str(row["t"]), str(row["name"])) for row in await database.fetch(sql)}
    generator = BaseSchemaGenerator(get_connection("default"))
    assert Tortoise.apps
    declared = {
        (model._meta.db_table, generator._get_index_name("idx", model, list(index)))
        for model in Tortoise.apps["models"].values()
        for index in model._meta.indexes
    }
    assert len(declared) > 50
    assert declared <= known
    orders = import_module("models.migrations.0004_list_orders").ORDERS
    assert {(table, index) for index, table, _ in orders} <= known
