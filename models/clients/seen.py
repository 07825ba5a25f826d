"""What the clients of both databases share: each statement passes through ``models.statements``."""

from __future__ import annotations

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from models.statements import seen


class Seen(BaseDBAsyncClient):
    """A client whose statements are seen; ``Any`` is what the ORM says of values and rows."""

    system: str

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        """Insert a row."""
        return await seen(self.system, query, super().execute_insert(query, values), _none)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        """How many rows were changed or found, and those that were found."""
        return await seen(self.system, query, super().execute_query(query, values), _found)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows that were found."""
        return await seen(self.system, query, super().execute_query_dict(query, values), len)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement with each of these values."""
        await seen(self.system, query, super().execute_many(query, values), _none)

    async def execute_script(self, query: str) -> None:
        """Run statements."""
        await seen(self.system, query, super().execute_script(query), _none)


def _none(_nothing: object) -> int:
    return 0


def _found(result: tuple[int, list[dict[str, Any]]]) -> int:
    return len(result[1])
