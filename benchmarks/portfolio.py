"""A generated tenant of any size, written straight to the database; the same day gives the same portfolio.

One account in a hundred has something that the book of ``benchmarks/book.yaml`` matches.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from commands.access import ensure_tenant
from models import database
from models.access import Role, User

DAY = date(2026, 3, 31)
TENANT = "bench"
SEED = 17
#: One account in so many has something to say.
EVERY = 100
BATCH = 20_000
_NOW = datetime(2026, 3, 31, tzinfo=UTC)

_SHARED = ("id", "version", "created_at", "updated_at", "tenant_id")
COLUMNS: dict[str, tuple[str, ...]] = {
    "account": (
        *_SHARED, "name", "owner_id", "segment", "tier", "currency", "employees", "overdue_minor",
        "placeholder", "valid_from",
    ),
    "contract": (
        *_SHARED, "account_id", "name", "starts_on", "ends_on", "notice_days", "auto_renews", "mrc_minor",
        "etl_share", "currency",
    ),
    "deal": (
        *_SHARED, "account_id", "owner_id", "name", "kind", "stage", "stage_since", "forecast_category",
        "probability", "amount_minor", "currency", "close_on", "next_step", "contract_id", "valid_from",
    ),
    "contact": (*_SHARED, "account_id", "name", "seniority", "last_contacted_on", "left_on"),
    "ticket": (*_SHARED, "account_id", "title", "severity", "state", "opened_on"),
    "signal": (*_SHARED, "account_id", "kind", "summary", "observed_on"),
}  # fmt: skip
Row = tuple[Any, ...]
#: Rows by table.
Rows = dict[str, list[Row]]


async def generate(url: str, accounts: int, day: date, deals: int | None = None) -> None:
    """Migrate the empty database at ``url`` and fill it with a tenant of so many accounts.

    Each has one or two deals, or as many as ``deals`` says.
    """
    await database.connect(url)
    try:
        await database.migrate()
        tenant = await ensure_tenant(TENANT, "Benchmark", "EUR")
        owner = await User.create(
            id=User.make_id(), tenant_id=tenant.id, name="Owner", email="owner@example.com",
            role=Role.DIRECTOR,
        )  # fmt: skip
        await write(url, _batches(accounts, tenant.id, owner.id, day, deals), COLUMNS)
        await database.refresh_statistics()
    finally:
        await database.disconnect()


def _batches(accounts: int, tenant_id: str, owner_id: str, day: date, deals: int | None) -> Iterator[Rows]:
    for start in range(0, accounts, BATCH):
        rng = random.Random(SEED + start)
        rows: Rows = {table: [] for table in COLUMNS}
        for number in range(start, min(start + BATCH, accounts)):
            for table, row in _account(rng, number, tenant_id, owner_id, day, deals):
                rows[table].append(row)
        yield rows


def _account(
    rng: random.Random, number: int, tenant_id: str, owner_id: str, day: date, deals: int | None
) -> Iterator[tuple[str, Row]]:
    """An account with one to three contracts and deals, and people; some of them in trouble."""
    trouble = rng.randrange(4) if number % EVERY == 0 else None

    def shared(prefix: str, index: int = 0) -> Row:
        return (f"{prefix}_{number:09d}{index:02d}", 1, _NOW, _NOW, tenant_id)

    account, account_id = shared("acc"), f"acc_{number:09d}00"
    tier = rng.choice(("KEY", "NAMED", "STANDARD", "STANDARD"))
    segment = rng.choice(("banks", "retail", "public", "industry"))
    yield "account", (
        *account, f"Account {number}", owner_id, segment, tier, "EUR", rng.randrange(10, 5_000), 0, False,
        date(2020, 1, 1),
    )  # fmt: skip
    for index in range(rng.randrange(1, 3)):
        soon = trouble == 0 and index == 0
        ends = day + timedelta(days=60 if soon else rng.randrange(500, 1_500))
        yield "contract", (
            *shared("con", index), account_id, f"Contract {index}", date(2023, 1, 1), ends, 90, False,
            rng.randrange(1_000, 1_000_000), 100, "EUR",
        )  # fmt: skip
    for index in range(rng.randrange(1, 3) if deals is None else deals):
        stalled = trouble == 1 and index == 0
        began = day - timedelta(days=200 if stalled else rng.randrange(1, 60))
        yield "deal", (
            *shared("deal", index), account_id, owner_id, f"Deal {index}", "NEW", "PROPOSED", began,
            "PIPELINE", 50, rng.randrange(100_000, 100_000_000), "EUR",
            day + timedelta(days=rng.randrange(20, 90)), "call", None, began,
        )  # fmt: skip
    for index in range(rng.randrange(1, 4)):
        left = day - timedelta(days=10) if trouble == 2 and index == 0 else None
        yield "contact", (
            *shared("per", index), account_id, f"Person {index}", "EXECUTIVE" if index == 0 else "STAFF",
            day - timedelta(days=rng.randrange(1, 30)), left,
        )  # fmt: skip
    if rng.random() < 0.1 or trouble == 3:
        severity = "CRITICAL" if trouble == 3 else "LOW"
        for index in range(2 if trouble == 3 else 1):
            opened = day - timedelta(days=5)
            yield "ticket", (*shared("tic", index), account_id, "Ticket", severity, "IN_PROGRESS", opened)
    if rng.random() < 0.2:
        yield "signal", (*shared("sig"), account_id, "OTHER", "Heard", day - timedelta(days=20))


Columns = Mapping[str, tuple[str, ...]]


async def write(url: str, batches: Iterable[Rows], columns: Columns) -> None:
    """Write rows, which have these columns, straight to the tables of a database."""
    if url.startswith("sqlite://"):
        _write_sqlite(Path(url.removeprefix("sqlite://")), batches, columns)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("set session_replication_role = replica")  # no check of each foreign key
        for rows in batches:
            for table, of in rows.items():
                await connection.copy_records_to_table(table, records=of, columns=columns[table])
    finally:
        await connection.close()


def _write_sqlite(path: Path, batches: Iterable[Rows], columns: Columns) -> None:
    """Indexes are made anew at the end, in a fraction of the time that keeping them takes."""
    sqlite3.register_adapter(datetime, lambda moment: moment.isoformat(sep=" "))  # as the ORM writes them
    sqlite3.register_adapter(date, date.isoformat)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("pragma synchronous = off; pragma cache_size = -200000; begin")
        indexes = connection.execute(
            "select name, sql from sqlite_master where type = 'index' and sql is not null"
            f" and tbl_name in ({', '.join('?' for _ in columns)})",
            list(columns),
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f'drop index "{name}"')
        for rows in batches:
            for table, of in rows.items():
                places = ", ".join("?" for _ in columns[table])
                names = ", ".join(columns[table])
                connection.executemany(f"insert into {table} ({names}) values ({places})", of)
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("commit")
