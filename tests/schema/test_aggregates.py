"""Nothing that is counted or summed tells of what the reader may not see.

Each reader asks twice: in the whole world, and in a copy of it that has only what that reader may see. What
is hidden has no part in any figure when the answers are the same.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

from graphql import GraphQLSchema
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from metrics.portfolio import Grouping
from models import database
from models.access import Role, User
from models.events import PopulationEvent
from tests.door import CONFIG, door
from tests.schema.reads.answering import ANYTHING, live_schema
from tests.schema.reads.cursors import listed, lists_within
from tests.schema.reads.judgements import furnish
from tests.schema.reads.oracle import Sight, stored_rows
from tests.schema.reads.world import MODELS, write

READERS = (
    "admin of a", "integration of a", "head of a", "manager of a", "director of a", "deputy of a",
    "neighbour of a", "idle of a", "director of b",
)  # fmt: skip
FIGURES = """
fragment figures on PortfolioFigures {
  openDeals openPipeline { amount } weightedPipeline { amount } activeContracts recurringRevenue { amount }
  revenueAtRisk { amount } revenueAtRiskWeighted { amount } linesAtRisk openRisks
}
"""
#: The views of sales, as of two days.
SALES = """
funnel(asOf: "{day}") {{
  total {{ ...line }} stages {{ stage line {{ ...line }} }} won {{ ...line }} lost {{ ...line }}
}}
stagePassages(entered: {{from: "2020-01-01"}}, asOf: "{day}") {{
  stage entered skipped advanced won lost stays standing medianDays
}}
pipelineChange(since: "2025-06-30", asOf: "{day}") {{
  opening {{ amount }} closing {{ amount }} terms {{ reason deals change {{ amount }} }}
  deals(first: 200) {{ totalCount nodes {{ reason deal {{ id }} change {{ amount }} }} }}
}}
largestMovers(since: "2025-06-30", asOf: "{day}") {{ reason deal {{ id }} }}
winRates(closed: {{from: "2020-01-01"}}, groupBy: OWNER, asOf: "{day}") {{
  total {{ won lost wonAmount {{ amount }} }} groups {{ key label won lost }}
}}
salesVelocity(closed: {{from: "2020-01-01"}}, asOf: "{day}") {{
  openDeals openAmount {{ amount }} won lost cycleDays
}}
slippage(from: "2025-06-30", until: "{day}") {{ due slipped dueAmount {{ amount }} pushes pushedDays }}
"""
#: What peers are and buy is of all customers, whoever sees them, and told as numbers alone.
WHITESPACE = """
whitespace(asOf: "{day}") {{
  columns {{ name mrc {{ amount }} openTotal {{ amount }} states {{ state accounts }} }}
  rows(first: 200) {{ totalCount nodes {{
    account {{ id }} elsewhere {{ amount }}
    cells {{ key state mrc {{ amount }} openMrc {{ amount }} lostOn competitorEndsOn recordIds
      typedPotential {{ amount }} }}
  }} }}
}}
"""
LINE = "fragment line on FunnelLine { deals amount { amount } weightedAmount { amount } medianDays }"
#: What else is counted, by the type whose objects tell it.
COUNTED = {
    "Account": "usage(months: 60) { month quantity charge { amount } }",
    "PopulationEvent": "figures { accounts population exposure { amount } share usualShare isWhole }",
}


def _portfolios() -> Iterator[str]:
    for day in ("2026-03-31", "2025-12-31"):
        for grouping in (None, *Grouping):
            by = f", groupBy: {grouping.name}" if grouping else ""
            name = f"{grouping.name if grouping else 'ALL'}_{day.replace('-', '_')}"
            total = "total { ...figures } groups { key label figures { ...figures } }"
            yield f'{name}: portfolio(asOf: "{day}"{by}) {{ {total} }}'


def _lists(schema: GraphQLSchema) -> Iterator[str]:
    """Each list, with how many each of its objects lists, and what else is counted of it."""
    within = dict(lists_within(schema))
    for of, root in listed(schema).items():
        counts = " ".join(f"{name} {{ totalCount }}" for name in within.get(of, {}))
        yield f"{root}(first: 200) {{ totalCount nodes {{ id {counts} {COUNTED.get(of, '')} }} }}"


def _filtered(schema: GraphQLSchema) -> Iterator[str]:
    """How many there are of each type by a filter that everything meets, in two ways."""
    everything = '{or: [{not: {id: {eq: "x"}}}, {id: {isNull: false}}]}'
    for of, root in listed(schema).items():
        yield f"{of}: {root}(first: 0, filter: {everything}) {{ totalCount }}"


def _in_parts(fields: Iterator[str]) -> Iterator[str]:
    """Queries of these fields, of so many each as may have names of their own."""
    while part := list(islice(fields, 25)):
        yield f"{{ {' '.join(part)} }}"


async def _told(user: User, text: str) -> object:
    async with door(user, config=CONFIG.model_copy(update=ANYTHING)) as client:
        return await client.ask(text)


@asynccontextmanager
async def _only(url: str, user: User, sight: Sight) -> AsyncIterator[None]:
    """The database with nothing but what a user may see, for the length of the block."""
    if not url.startswith("sqlite"):
        async with in_transaction() as connection:
            await connection.execute_query("set local session_replication_role = replica")  # no foreign keys
            await _delete_hidden(user, sight)
            yield
            await connection.rollback()
        return
    path = Path(url.removeprefix("sqlite://"))
    copy = path.with_name(f"{user.id}.sqlite3")
    await database.overwrite_deleted()  # all of it is in the one file
    await Tortoise.close_connections()
    shutil.copyfile(path, copy)
    await database.connect(f"sqlite://{copy}")
    await get_connection("default").execute_query("pragma foreign_keys = off")
    await _delete_hidden(user, sight)
    yield
    await Tortoise.close_connections()
    await database.connect(url)


async def _delete_hidden(user: User, sight: Sight) -> None:
    for model in MODELS:
        await model.exclude(id__in=list(sight.ids[model.__name__])).delete()
    if user.role not in (
        Role.ADMIN,
        Role.INTEGRATION,
    ):  # figures that are stored are over hidden accounts, too
        await PopulationEvent.all().update(accounts=7, population=8, exposure_minor=9, usual_share=0.5)


async def test_figures_are_those_of_a_world_without_what_is_hidden(db: str) -> None:
    world, schema = furnish(), live_schema()
    await write(world)
    rows = await stored_rows()
    actions = "nextBestActions(first: 100, withheld: true) { id priority }"
    asked = [
        f"{{ {actions} {' '.join(_portfolios())} }} {FIGURES}",
        *(f"{{ {WHITESPACE.format(day=day)} }}" for day in ("2026-03-31", "2025-12-31")),
        *(f"{{ {SALES.format(day=day)} }} {LINE}" for day in ("2026-03-31", "2025-12-31")),
        *_in_parts(_lists(schema)),
        *_in_parts(_filtered(schema)),
    ]
    for name in READERS:
        user = world.users[name]
        sight = Sight(rows, user.id)
        whole = [await _told(user, text) for text in asked]
        async with _only(db, user, sight):
            assert await stored_rows() != rows
            assert [await _told(user, text) for text in asked] == whole, name
