"""Asking the schema as an actor, without HTTP around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from models.access import Actor
from models.sqlite_readers import SqliteReaders
from rules.engine.pool import EnginePool
from schema.context import Context
from schema.root import build
from settings import Settings

SCHEMA = build(Settings.model_construct(max_cost=10**12))


async def ask(actor: Actor | None, query: str, **variables: Any) -> Any:
    """The data of an answer without errors."""
    result = await SCHEMA.execute(query, variables, Context(actor, EnginePool(1)))
    assert not result.errors, result.errors
    return result.data


async def refused(actor: Actor | None, query: str, **variables: Any) -> dict[str, Any]:
    """The extensions of the first error of an answer that has one."""
    result = await SCHEMA.execute(query, variables, Context(actor, EnginePool(1)))
    assert result.errors
    return {"message": result.errors[0].message, **(result.errors[0].extensions or {})}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are run inside the block, whoever runs them."""
    from tortoise.backends.asyncpg.client import AsyncpgDBClient
    from tortoise.backends.sqlite.client import SqliteClient

    statements: list[str] = []
    for client in (AsyncpgDBClient, SqliteClient):
        for name in ("execute_query", "execute_query_dict"):
            original = getattr(client, name)

            async def noted(self: Any, query: str, *rest: Any, _run: Any = original) -> Any:
                if not statements or statements[-1] is not query:  # one method may call the other
                    statements.append(query)
                return await _run(self, query, *rest)

            monkeypatch.setattr(client, name, noted)
    rows = SqliteReaders.rows

    async def read(self: SqliteReaders, sql: str, values: Sequence[object]) -> list[dict[str, object]]:
        statements.append(sql)
        return await rows(self, sql, values)

    monkeypatch.setattr(SqliteReaders, "rows", read)
    yield statements
    monkeypatch.undo()
