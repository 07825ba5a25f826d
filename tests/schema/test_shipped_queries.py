"""The queries of the product are answered by one statement, that looks rows up and scans none."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from commands.access import system_actor
from commands.actors import actor_of
from models import reading
from models.access import Actor, Role
from models.database import is_sqlite, refresh_statistics
from schema.core.plans.reads import Statement
from schema.graphiql.page import STATIC
from schema.root import build
from tests import factories

ROOT = Path(__file__).parents[2]
#: What is made of several aggregates or decided anew; and mutations are no queries.
BY_PYTHON = {
    "portfolio-by-manager", "weekly-forecast", "discounts-to-decide", "accept-recommendation", "evaluate",
    "account-plan-health", "plans-to-approve", "trend-report",
}  # fmt: skip
FILES = sorted([*(STATIC / "examples").glob("*.graphql"), *(ROOT / "docs/queries").glob("*.graphql")])
SHIPPED = {path.stem: path.read_text("utf-8") for path in FILES if path.stem not in BY_PYTHON}
VARIABLES = {"id": "acc_1", "until": "2026-12-31"}
#: Tables of which a tenant has few rows however much it sells.
SMALL = {"user", "team", "tenant", "product"}
READS = build().reads


@pytest.fixture
async def actors(db: str) -> Mapping[str, Actor]:
    """Somebody who sees all, a director, and a manager of three."""
    operator = await factories.tenant()
    team = await factories.team(operator)
    manager = await factories.user(operator, Role.MANAGER, team_id=team.id)
    for _ in range(2):
        director = await factories.user(operator, team_id=team.id, manager_id=manager.id)
        await factories.deal(await factories.account(director))
    await refresh_statistics()  # where a table was empty, any plan is as good as another
    return {
        "all": system_actor(operator),
        "director": await actor_of(director.id, operator.id),
        "manager": await actor_of(manager.id, operator.id),
    }


def test_there_are_some() -> None:
    assert len(SHIPPED) >= 8


@pytest.mark.parametrize("name", SHIPPED)
async def test_it_scans_no_table_that_grows_with_the_tenant(name: str, actors: Mapping[str, Actor]) -> None:
    for who, actor in actors.items():
        statement = READS.statement(SHIPPED[name], VARIABLES, None, actor)
        assert statement, (who, "left to Python")
        assert await reading.values(statement.sql, statement.values)
        assert sorted({*await scanned(statement)} - SMALL) == [], who


async def scanned(statement: Statement) -> Iterator[str]:
    """What a statement reads from end to end: the tables, or on SQLite their names in the statement."""
    if is_sqlite():
        return _scanned_by_sqlite(statement)
    async with get_connection("default").acquire_connection() as connection:
        await connection.execute("set enable_seqscan = off")  # so small tables would be scanned
        try:
            plan = await connection.fetchval(f"explain (format json) {statement.sql}", *statement.values)
        finally:
            await connection.execute("reset enable_seqscan")
    return _scanned_in(json.loads(plan)[0]["Plan"])


def _scanned_in(node: Mapping[str, object]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" or ("Index Name" in node and "Index Cond" not in node):
        yield str(node.get("Relation Name") or node["Index Name"])
    below = node.get("Plans", [])
    assert isinstance(below, list)
    for each in below:
        yield from _scanned_in(each)


def _scanned_by_sqlite(statement: Statement) -> Iterator[str]:
    """Names that are scanned more often than rows of that name were made by a subquery."""
    path = str(get_connection("default").filename)  # type: ignore[attr-defined]
    connection = sqlite3.connect(path)
    connection.create_function("json_number", 1, str)
    try:
        rows = connection.execute(f"explain query plan {statement.sql}", statement.values).fetchall()
    finally:
        connection.close()
    said = [re.match(r"(SCAN|CO-ROUTINE|MATERIALIZE) (t\d+|v\w)\b", str(row[3])) for row in rows]
    found = Counter((match[1] == "SCAN", match[2]) for match in said if match)
    return (name for is_scan, name in found if is_scan and found[True, name] > found[False, name])


async def test_a_scan_would_be_told(actors: Mapping[str, Actor]) -> None:
    """The nets of the test above have no hole."""
    found = READS.statement("{ accounts(orderBy: { field: NAME }) { totalCount } }", {}, None, actors["all"])
    assert found
    blind = Statement(
        found.sql.replace("t0.tenant_id =", "'x' || t0.tenant_id ="), found.values, found.is_brief
    )
    assert [*await scanned(blind)] != []
