"""Connecting to the database, its schema version, and reading with SQL that runs on both databases."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import asyncpg
import orjson
from tortoise import Tortoise
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from models import MODULES
from models.errors import Unavailable, UnknownSchema
from models.making import make
from models.migrating import Autodetector, Executor
from models.outages import origins
from models.sqlite_readers import CACHE_SIZE, SqliteReaders
from models.statements import SQLITE, seen

APP = "models"
MIGRATE_COMMAND = "bellwether migrate"
#: The table of the migrations that were applied.
MIGRATIONS = "tortoise_migrations"
#: The name of an embedded database without a file: only the connection that made it can read it.
MEMORY = ":memory:"

#: So many rows are written with one statement.
WRITTEN_AT_ONCE = 500

#: What drivers raise when there is no database to talk to, at the start or in the middle.
_UNREACHABLE = (
    OSError,
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
#: What SQLite says of a file that is locked, full, damaged, no database or not for us.
_NO_FILE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_PRIMARY_CODE = 0xFF
#: The SQLite that first knew the word; an earlier one decides by itself.
_FIRST_WITH_MATERIALIZED = (3, 35)

Row = dict[str, object]
Param = str | int | float | bool | date | datetime | Decimal | None
Params = Mapping[str, Param]


def tortoise_config(url: str, connections: int | None = None) -> dict[str, object]:
    """Tortoise's configuration for a database URL (``sqlite://path`` or ``postgres://…``).

    PostgreSQL is kept at most so many ``connections``; the URL or the driver says it otherwise.
    """
    if url.startswith("sqlite://") and "busy_timeout" not in url:
        # Not every SQLite overwrites what is deleted unless told: a person's data would stay in the file.
        url += ("&" if "?" in url else "?") + "busy_timeout=10000&synchronous=NORMAL&secure_delete=ON"
        url += f"&cache_size={CACHE_SIZE}"
    if url.startswith("postgres") and "statement_cache_size" not in url:
        # Read plans are longer than what the driver keeps prepared unless told.
        url += ("&" if "?" in url else "?") + "statement_cache_size=300&max_cacheable_statement_size=0"
    if url.startswith("postgres") and connections:
        url += f"&minsize={connections}&maxsize={connections}"
    connection = expand_db_url(url)
    if url.startswith("postgres"):
        # To compile a statement takes longer than what that saves, and every connection does it anew.
        connection["credentials"]["server_settings"] = {"jit": "off"}
    engine = str(connection["engine"]).replace("tortoise.backends", "models.clients")
    return {
        "connections": {"default": connection | {"engine": engine}},
        "apps": apps(),
        "use_tz": True,
        "timezone": "UTC",
    }


def apps() -> dict[str, dict[str, object]]:
    """What the ORM keeps here: models, and the migrations that make their tables."""
    return {APP: {"models": list(MODULES), "migrations": "models.migrations"}}


@asynccontextmanager
async def database(url: str, *, check: bool = True) -> AsyncIterator[None]:
    """Connect for the length of the block; with ``check``, refuse a schema that we do not know.

    Raises:
        Unavailable: there is no such database, or it cannot be reached.
        UnknownSchema: migrations are missing, or the database is newer than this release.
    """
    try:
        await _reach(url)
        if check:
            await check_schema()
        yield
    finally:
        await disconnect()


async def _reach(url: str) -> None:
    try:
        await connect(url)
        await fetch("select count(*) as n from sqlite_master" if is_sqlite() else "select 1 as n")
    except Exception as error:
        if is_unreachable(error):
            raise Unavailable(f"the database cannot be reached: {error}") from error
        raise


def is_collision(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, means that two writers met; one may try again."""
    return _is_any(error, (IntegrityError, asyncpg.TransactionRollbackError))


def is_unreachable(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, means that the database is not there."""
    return _is_any(error, _UNREACHABLE) or any(
        getattr(each, "sqlite_errorcode", 0) & _PRIMARY_CODE in _NO_FILE for each in origins(error)
    )


def _is_any(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(each, kinds) for each in origins(error))


@dataclass
class _Connected:
    """What the process is connected to; the ORM takes its time to tell."""

    is_sqlite: bool = True
    readers: SqliteReaders | None = None


_connected = _Connected()


def readers() -> SqliteReaders | None:
    """What reads the connected database where it is SQLite in a file."""
    return _connected.readers


async def connect(url: str, *, connections: int | None = None) -> None:
    """Open the process-wide connection, or so many of PostgreSQL.

    An embedded database's folder is made when missing.
    """
    if url.startswith("sqlite://"):
        path = Path(url.removeprefix("sqlite://").split("?")[0])
        path.parent.mkdir(parents=True, exist_ok=True)
    await Tortoise.init(config=tortoise_config(url, connections), _enable_global_fallback=True)
    connection = get_connection("default")
    _connected.is_sqlite = connection.capabilities.dialect == "sqlite"
    await _open_readers(str(connection.filename) if _connected.is_sqlite else MEMORY)  # type: ignore[attr-defined]


async def disconnect() -> None:
    """Close the process-wide connection."""
    await _close_readers()
    await Tortoise.close_connections()


async def _close_readers() -> None:
    readers, _connected.readers = _connected.readers, None
    if readers is not None:
        await asyncio.to_thread(readers.close)


async def _open_readers(path: str) -> None:
    await _close_readers()
    if path != MEMORY:
        await get_connection("default").execute_query("select 1")  # makes the file where there is none
        _connected.readers = SqliteReaders(path)


def _executor() -> Executor:
    return Executor(get_connection("default"), apps())


async def applied_migrations() -> list[str]:
    """Names of the migrations that the connected database has; empty for a new database."""
    if MIGRATIONS not in await _tables():
        return []
    rows = await fetch(f"select name from {MIGRATIONS} where app = :app order by name", {"app": APP})
    return [str(row["name"]) for row in rows]


async def _tables() -> set[str]:
    rows = await fetch(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        if is_sqlite()
        else "select tablename as name from pg_tables where schemaname = current_schema()"
    )
    return {str(row["name"]) for row in rows}


async def _is_empty() -> bool:
    return not await _tables() - {MIGRATIONS} and not await applied_migrations()


async def migrate() -> list[str]:
    """Bring the connected database to this release's schema; the names of what was applied."""
    if await _is_empty():
        await make(get_connection("default"), _executor(), APP, known_migrations())
        return known_migrations()
    applied: list[str] = []

    def note(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            applied.append(name)

    await _executor().migrate(direction="forward", progress=note)
    return applied


def known_migrations() -> list[str]:
    """Names of the migrations that this release carries, in order."""
    folder = Path(__file__).parent / "migrations"
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


async def check_schema() -> None:
    """Raise UnknownSchema unless the connected database is exactly at this release's schema."""
    applied, known = set(await applied_migrations()), set(known_migrations())
    if missing := sorted(known - applied):
        raise UnknownSchema(
            f"the database lacks {len(missing)} migration(s), first {missing[0]!r}; run: {MIGRATE_COMMAND}"
        )
    if newer := sorted(applied - known):
        raise UnknownSchema(
            f"the database has migration(s) this release does not know, first {newer[0]!r};"
            f" install the release that made it, then run: {MIGRATE_COMMAND}"
        )


async def model_changes() -> list[str]:
    """What the models have that no migration makes, in words; empty when they match."""
    assert Tortoise.apps is not None
    writers = await Autodetector(Tortoise.apps, apps()).changes()
    return [type(operation).__name__ for writer in writers for operation in writer.operations]


async def refresh_statistics() -> None:
    """Tell PostgreSQL's planner what is stored, after much was written at once; SQLite plans without.

    Until autovacuum comes by, a minute later perhaps, a join of thousands of rows with their changes is
    planned as if there were one: minutes instead of parts of a second.
    """
    if not is_sqlite():
        await get_connection("default").execute_script("analyze")


async def overwrite_deleted() -> None:
    """Leave nothing of what was deleted in an embedded database's log; PostgreSQL does it when it vacuums.

    Where somebody reads or writes at this moment the log stays, until the next time that it is begun anew.
    """
    if is_sqlite():
        with suppress(OperationalError):  # it is locked; what was deleted is deleted all the same
            await get_connection("default").execute_query("pragma wal_checkpoint(truncate)")


def is_sqlite() -> bool:
    """Whether the connected database is SQLite (else PostgreSQL)."""
    return _connected.is_sqlite


#: Patterns begin with what to look for, which is found in a fraction of the time: statements are long.
_DAYS = re.compile(r"DAYS\((?<!\wDAYS\()([^(),]+), ([^(),]+)\)")
_DAY = re.compile(r"DAY\((?<!\wDAY\()([^(),]+), ([^(),]+)\)")


def portable(sql: str, *, sqlite: bool) -> str:
    """SQL with ``DAYS(later, earlier)`` (whole days, null when either is null) said in the dialect.

    ``DAY(from, days)`` is the day so many days later.
    """
    if sqlite:
        sql = _DAY.sub(r"date(\1, cast(\2 as text) || ' days')", sql)
        return _DAYS.sub(r"cast(julianday(\1) - julianday(\2) as integer)", sql)
    sql = _DAY.sub(r"(cast(\1 as date) + cast(\2 as integer))", sql)
    return _DAYS.sub(r"(cast(\1 as date) - cast(\2 as date))", sql)


def one_of(expression: str, name: str) -> str:
    """SQL for whether a text is among those that the parameter ``name`` lists, as ``listed`` makes it."""
    if is_sqlite():
        return f"{expression} in (select value from json_each(:{name}))"
    return f"{expression} = any(array(select jsonb_array_elements_text(cast(:{name} as jsonb))))"


def once() -> str:
    """How a named part of a statement is marked whose rows are computed once, however often it is named."""
    is_known = not is_sqlite() or sqlite3.sqlite_version_info >= _FIRST_WITH_MATERIALIZED
    return "materialized " if is_known else ""


def listed(texts: Iterable[str]) -> str:
    """Any number of texts as one parameter."""
    return orjson.dumps(list(texts)).decode()


def tabled(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as one parameter, for ``table_in`` to read them."""
    return orjson.dumps(list(rows)).decode()


def table_in(name: str, columns: Mapping[str, str]) -> str:
    """A subquery of the rows that the parameter ``name`` lists, with these columns and their SQL types."""
    if not is_sqlite():
        typed = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
        return f"(select x.* from jsonb_to_recordset(cast(:{name} as jsonb)) as x({typed}))"
    read = ", ".join(f"json_extract(value, '$.{column}') as {column}" for column in columns)
    return f"(with x as {once()}(select {read} from json_each(:{name})) select * from x)"


def unindexed(condition: str) -> str:
    """A condition that SQLite looks no rows up by: it knows not how few an index rules out.

    Of alternatives within it, those after the first that holds are not looked at, as they are elsewhere.
    """
    return f"(case when {condition} then 1 else 0 end)" if is_sqlite() else f"({condition})"


_PARAM = re.compile(r""":(?<![:\w'\"]:)([a-z_][a-z0-9_]*)\b""")


def bind(sql: str, params: Params, *, sqlite: bool) -> tuple[str, list[Param]]:
    """SQL with ``:name`` parameters in the driver's own form, and their values in order.

    Values are always bound, never text in the statement. A name without a value raises KeyError.
    """
    text, names = placed(sql, sqlite)
    return text, in_order(names, params, sqlite=sqlite)


def in_order(names: Iterable[str], params: Params, *, sqlite: bool) -> list[Param]:
    """The values of these parameters as the driver takes them."""
    if sqlite:
        return [_for_sqlite(params[name]) for name in names]
    return [params[name] for name in names]


@lru_cache(512)
def placed(sql: str, sqlite: bool) -> tuple[str, tuple[str, ...]]:
    """SQL in the driver's own form, and the names of its parameters in order."""
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        name = match.group(1)
        if sqlite:
            names.append(name)
            return "?"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PARAM.sub(place, portable(sql, sqlite=sqlite)), tuple(names)


#: Next to all that is written in numbers is of these, which an embedded database holds as they are.
_AS_THEY_ARE = (str, int, type(None))


def _for_sqlite(value: Param) -> Param:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return value


def ascii_lower(expression: str) -> str:
    """SQL for a text with A to Z in lower case and everything else as it is, alike on both databases."""
    return f"lower({expression})" if is_sqlite() else f'lower({expression} collate "C")'


def text_order(expression: str) -> str:
    """SQL for a text that sorts by its code points, alike on both databases."""
    return expression if is_sqlite() else f'{expression} collate "C"'


async def fetch(sql: str, params: Params | None = None) -> list[Row]:
    """Rows of a SELECT written with ``:name`` parameters, on the connected database.

    Within a transaction it sees what that has written; outside of any it waits for no writer.
    """
    connection = get_connection("default")
    text, values = bind(sql, params or {}, sqlite=is_sqlite())
    if _connected.readers is not None and not isinstance(connection, TransactionalDBClient):
        return await seen(SQLITE, text, _connected.readers.rows(text, values), len)
    rows = await connection.execute_query_dict(text, list(values))
    return [dict(row) for row in rows]


async def write_rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Param]]) -> None:
    """Insert rows as they are, on the connected database, some hundreds with one statement.

    What columns have for a default is not filled in, and nothing is checked but by the database.
    """
    marks = ("?" if is_sqlite() else f"${number}" for number in range(1, len(columns) + 1))
    named = ", ".join(f'"{column}"' for column in columns)
    statement = f'insert into "{table}" ({named}) values ({", ".join(marks)})'
    connection = get_connection("default")
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        part = rows[start : start + WRITTEN_AT_ONCE]
        if is_sqlite():
            part = [[v if type(v) in _AS_THEY_ARE else _for_sqlite(v) for v in row] for row in part]
        await connection.execute_many(statement, [list(row) for row in part])


def as_int(value: object) -> int:
    """A whole number as a statement gives it (PostgreSQL sums integers to decimals); null is 0."""
    if isinstance(value, int):
        return value
    return 0 if value is None else int(Decimal(str(value)))


def as_date(value: object) -> date | None:
    """A date column's value, which SQLite gives as text, as a date."""
    if isinstance(value, datetime):
        return value.date()
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value)[:10])
