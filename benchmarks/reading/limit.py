"""The limit: bare routes that return what the product's own statements give, and do nothing else.

``python -m benchmarks.reading.limit`` reads as JSON from standard input the database's ``url`` and the
``routes``: a name, the field that is asked for, the query, the variables of each request, and the ids of the
user and tenant that it is asked with. ``GET /name/3`` answers what the query with the fourth set of variables
does, and 404 where it is answered by more than a statement.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.reading.announcing import serve
from commands.actors import actor_of
from models import reading
from models.database import database
from schema.core.plans.reads import Statement
from schema.root import build

Job = Mapping[str, Any]


class _Route:
    """What the server would run for each set of variables."""

    def __init__(self, field: str, statements: Sequence[Statement]) -> None:
        self._before = f'{{"data":{{"{field}":'.encode()
        self._statements = statements

    async def answer(self, request: Request) -> Response:
        """Run the statement that the path names, and return what it gives."""
        if not self._statements:
            raise HTTPException(404)
        statement = self._statements[request.path_params["number"]]
        (text,) = await reading.values(statement.sql, statement.values, brief=statement.is_brief)
        return Response(b"%b%b}}" % (self._before, text), media_type="application/json")


async def _routes(job: Job) -> list[Route]:
    reads = build().reads
    found = []
    for route in job["routes"]:
        actor = await actor_of(route["user_id"], route["tenant_id"])
        made = [reads.statement(route["query"], each, None, actor) for each in route["variables"]]
        bare = _Route(route["field"], [each for each in made if each is not None])
        found.append(Route(f"/{route['name']}/{{number:int}}", bare.answer))
    return found


def application(job: Job) -> Starlette:
    """The server's application; its routes are made when the database is there."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with database(job["url"]):
            app.router.routes.extend(await _routes(job))
            yield

    return Starlette(lifespan=lifespan)


def main() -> None:
    """Serve what standard input says."""
    serve(application(orjson.loads(sys.stdin.buffer.read())), fast=True)


if __name__ == "__main__":
    main()
