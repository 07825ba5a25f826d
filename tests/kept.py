"""What many tests begin with: made once for each kind of database, and put back for each of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from copy import deepcopy
from itertools import count
from typing import Any, ParamSpec, TypeVar

from tortoise.connection import get_connection

from models import database

P = ParamSpec("P")
T = TypeVar("T")
_COPY = """
do $$
declare
    name text;
    filled boolean;
begin
    perform set_config('session_replication_role', 'replica', true);
    for name in
        select tablename from pg_tables where schemaname = '{source}' and tablename <> '{skipped}'
    loop
        execute format('select exists (select from {source}.%I)', name) into filled;
        if filled then
            execute format('{statement}', name, name);
        end if;
    end loop;
end $$
"""
_kept: dict[tuple[object, bool], tuple[object, str | sqlite3.Connection]] = {}
_schemas = count(1)


async def kept(make: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``make`` makes in the connected database, which is empty: a copy of its own for each test.

    It is made for the first that asks; whatever it is given, it is to make the same.
    """
    key: tuple[object, bool] = make, database.is_sqlite()
    if key not in _kept:
        made = await make(*args, **kwargs)
        _kept[key] = deepcopy(made), await _taken()
        return made
    known: tuple[Any, str | sqlite3.Connection] = _kept[key]
    await _put_back(known[1])
    return deepcopy(known[0])  # type: ignore[no-any-return]


async def _taken() -> str | sqlite3.Connection:
    """All rows: in memory, or in a schema of their own that emptying leaves alone."""
    if database.is_sqlite():
        memory = sqlite3.connect(":memory:")
        with sqlite3.connect(_path()) as file:
            file.backup(memory)
        file.close()
        return memory
    schema = f"kept_{next(_schemas)}"
    await get_connection("default").execute_script(f"create schema {schema}")
    await _copied("public", f"create table {schema}.%I as table public.%I")
    return schema


async def _put_back(rows: str | sqlite3.Connection) -> None:
    if isinstance(rows, str):
        await _copied(rows, f"insert into public.%I select * from {rows}.%I")
        return
    file = sqlite3.connect(_path())
    rows.backup(file)
    file.close()


async def _copied(source: str, statement: str) -> None:
    script = _COPY.format(source=source, statement=statement, skipped=database.MIGRATIONS)
    await get_connection("default").execute_script(script)


def _path() -> str:
    return str(get_connection("default").filename)  # type: ignore[attr-defined]
