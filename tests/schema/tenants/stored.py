"""What is stored, to the byte, and writing that is undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tortoise import Tortoise
from tortoise.connection import get_connection

from commands import actors
from models.access import Team, Tenant, User
from models.accounts import Account
from models.base import Record
from models.competition import Competitor
from models.history import AuditRecord, Change
from models.people import Contact
from models.transactions import transaction
from tests.schema.reads.world import MODELS, World, write

#: Every row of every table as text, in order.
Dump = Mapping[str, list[str]]


#: The models that refer to themselves, by which column: nothing that is referred to can be deleted.
_ABOVE: tuple[tuple[type[Record], str], ...] = (
    (Account, "parent_id"),
    (Team, "parent_id"),
    (User, "manager_id"),
    (Contact, "reports_to_id"),
    (Contact, "moved_from_id"),
    (Competitor, "merged_into_id"),
)


class _Undone(Exception):
    """Ends a transaction without a trace."""


def tables() -> Mapping[str, type[Record]]:
    """The model of each table."""
    assert Tortoise.apps is not None
    return {
        each._meta.db_table: each for each in Tortoise.apps["models"].values() if issubclass(each, Record)
    }


async def dump(tenant_id: str | None = None) -> Dump:
    """Everything that is stored; of one tenant alone, where one is named."""
    found = {}
    for table, model in sorted(tables().items()):
        column = "id" if model is Tenant else "tenant_id"
        which = f" where {column} = '{tenant_id}'" if tenant_id else ""
        rows = await get_connection("default").execute_query_dict(
            f'select * from "{table}"{which} order by id'
        )
        found[table] = [repr(list(dict(row).items())) for row in rows]
    return found


def of_tenant(dumped: Dump, tenant_id: str) -> Dump:
    """What is of one tenant in a dump."""
    return {table: [row for row in rows if tenant_id in row] for table, rows in dumped.items()}


def differing(before: Dump, after: Dump) -> list[str]:
    """The rows that two dumps do not share, with their tables."""
    return [f"{table}: {row}" for table in before for row in sorted({*before[table]} ^ {*after[table]})]


@asynccontextmanager
async def undone() -> AsyncIterator[None]:
    """Have everything that is written inside never have happened."""
    before = asyncio.all_tasks()
    try:
        async with transaction():
            yield
            await _idle(before)
            raise _Undone
    except _Undone:
        pass
    finally:
        actors.forget()  # what commands have found out inside


async def _idle(before: set[asyncio.Task[object]]) -> None:
    """Wait for resolvers that were given up beside one that failed: they use the transaction's connection."""
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=10)


async def remove(tenant_id: str) -> None:
    """Take a tenant out of the database, with all that it has."""
    for model, column in _ABOVE:
        await model.filter(tenant_id=tenant_id).update(**{column: None})
    models: list[type[Record]] = [Change, AuditRecord, *reversed(MODELS[1:])]
    for model in models:
        await model.filter(tenant_id=tenant_id).delete()
    await Tenant.filter(id=tenant_id).delete()
    actors.forget()


async def put(*worlds: World) -> None:
    """Store worlds beside each other."""
    for world in worlds:
        await write(world)
    actors.forget()


async def emptied() -> None:
    """Take everything out of the database."""
    for tenant_id in await Tenant.all().values_list("id", flat=True):
        await remove(str(tenant_id))
