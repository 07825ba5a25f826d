"""The public door as tests use it: GraphQL over HTTP as some user, without a network between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpx
from starlette.applications import Starlette

from commands import actors
from models.access import User
from models.history import Change
from rules.engine.pool import EnginePool
from schema.core import tokens
from schema.core.oidc import Provider
from schema.core.schema import Schema
from schema.root import build
from server import create_app
from settings import Settings

CONFIG = Settings(
    secret="a secret that only tests know, of forty characters",
    workers=1,
    annex=0,
    weekly_snapshots=False,
    weekly_projections=False,
)

Payload = dict[str, object]
Given = Mapping[str, object]


@dataclass
class Door:
    """A client with a user's token."""

    client: httpx.AsyncClient

    async def post(self, query: str, variables: Given | None = None) -> httpx.Response:
        """The response to a GraphQL request."""
        return await self.client.post("/graphql", json={"query": query, "variables": variables or {}})

    async def answer(self, query: str, variables: Given | None = None) -> Payload:
        """The whole GraphQL answer."""
        response = await self.post(query, variables)
        assert "Traceback" not in response.text
        assert ".py" not in response.text
        answer: Payload = response.json()
        return answer

    async def ask(self, query: str, variables: Given | None = None) -> Payload:
        """The data of an answer without errors."""
        answer = await self.answer(query, variables)
        assert "errors" not in answer, answer["errors"]
        data = answer["data"]
        assert isinstance(data, dict)
        return data

    async def do(self, mutation: str, selection: str, given: Given) -> Payload:
        """The payload of one mutation: what ``selection`` names, and its errors."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input)"
            f" {{ {selection} errors {{ code message path }} }} }}"
        )
        payload = (await self.ask(document, {"input": given}))[mutation]
        assert isinstance(payload, dict)
        return payload


@asynccontextmanager
async def door(
    user: User | None = None, *, engine: EnginePool | None = None, config: Settings = CONFIG
) -> AsyncIterator[Door]:
    """The server's door for a user (or nobody); the database is connected and the engine runs already."""
    token = tokens.issue(user, 1, config.secret) if user else ""
    async with knock(token, engine=engine, config=config) as client:
        yield Door(client)


@asynccontextmanager
async def knock(
    token: str = "", *, engine: EnginePool | None = None, config: Settings = CONFIG
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client at the server with any text for a token."""
    actors.forget()  # tests write users without a command
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    app = application(engine, config) if engine else without_engine(config.model_dump_json())
    transport = httpx.ASGITransport(app)
    client = httpx.AsyncClient(transport=transport, base_url="http://bellwether", headers=headers)
    async with client:
        yield client


def application(
    engine: EnginePool | None = None, config: Settings = CONFIG, provider: Provider | None = None
) -> Starlette:
    """The application; those with the same settings share a schema, for making it takes its time."""
    return create_app(engine, config, provider, _schema(config.model_dump_json(exclude={"database_url"})))


@cache
def _schema(config: str) -> Schema:
    return build(Settings.model_validate_json(config))


@cache
def without_engine(config: str) -> Starlette:
    """The application for tests that judge nothing."""
    return application(config=Settings.model_validate_json(config))


async def written() -> int:
    """How many changes were ever logged: the same before and after means that nothing was written."""
    return await Change.all().count()
