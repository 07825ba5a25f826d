"""Asking the same of two servers, one with read plans and one without, and comparing the answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

import httpx
from graphql import GraphQLSchema

from models.access import User
from rules.engine.pool import EnginePool
from schema.core import tokens
from schema.root import build
from server import create_app
from tests.door import CONFIG
from tests.schema.reads.operations import Operation

#: Whatever it costs is answered.
ANYTHING = {"max_cost": 10**12, "points_per_minute": 0, "max_aliases": 100}
#: Which error of several in one answer is met first is a matter of time, on either path.
TRIES = 5


@dataclass(frozen=True)
class Answer:
    """A response: its status and body."""

    status: int
    body: bytes

    @cached_property
    def exact(self) -> object:
        """The body with the order of its keys, and its numbers as they are written; errors in any order."""
        read = json.loads(self.body, object_pairs_hook=_pairs, parse_float=_number, parse_int=_number)
        return self.status, tuple((key, _sorted(value) if key == "errors" else value) for key, value in read)

    @cached_property
    def content(self) -> Mapping[str, object]:
        """The body as JSON."""
        content: Mapping[str, object] = json.loads(self.body)
        return content

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        errors = self.content.get("errors") or []
        assert isinstance(errors, list)
        return [error["extensions"]["code"] for error in errors]


def difference(one: object, other: object, path: str = "") -> str:
    """The first place where two answers differ, with what is there; empty for none."""
    if type(one) is type(other) and isinstance(one, tuple | list) and isinstance(other, tuple | list):
        for here, there in zip(one, other, strict=False):
            if found := difference(here, there, f"{path}/{_name(here)}"):
                return found
        return "" if len(one) == len(other) else f"{path}: {len(one)} and {len(other)} items"
    return "" if one == other else f"{path}: {one!r} and {other!r}"


def _name(part: object) -> str:
    """The key of a pair; else nothing but that it is there."""
    return part[0] if isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str) else "*"


def _pairs(pairs: list[tuple[str, object]]) -> object:
    return tuple(pairs)


def _number(text: str) -> object:
    return ("number", text)


def _sorted(errors: object) -> object:
    return sorted(errors, key=repr) if isinstance(errors, list) else errors


@dataclass(frozen=True)
class Servers:
    """The two servers, and the tokens of those who ask."""

    planned: httpx.AsyncClient
    ordinary: httpx.AsyncClient
    _tokens: dict[str, str] = field(default_factory=dict)

    async def both(self, user: User | None, operation: Operation) -> tuple[Answer, Answer]:
        """The answers of the one with read plans and of the one without; the same where they agree."""
        planned = await self._ask(self.planned, user, operation)
        ordinary = await self._ask(self.ordinary, user, operation)
        for number in range(TRIES):
            if planned.body == ordinary.body or planned.exact == ordinary.exact or not ordinary.codes:
                break
            ordinary = await self._ask(self.ordinary, user, operation)
            if number and planned.codes:
                planned = await self._ask(self.planned, user, operation)
        return planned, ordinary

    async def ask(self, user: User | None, text: str, **variables: object) -> Answer:
        """The answer of the one without read plans."""
        return await self._ask(self.ordinary, user, Operation(text, variables))

    async def _ask(self, client: httpx.AsyncClient, user: User | None, operation: Operation) -> Answer:
        headers = {"Authorization": f"Bearer {self._token(user)}"} if user else {}
        response = await client.post("/graphql", json=operation.body, headers=headers)
        return Answer(response.status_code, response.content)

    def _token(self, user: User) -> str:
        return self._tokens.setdefault(user.id, tokens.issue(user, 24, CONFIG.secret))


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Both servers on the connected database, with one engine."""
    async with EnginePool(1) as engine, _server(engine, True) as planned, _server(engine, False) as ordinary:
        yield Servers(planned, ordinary)


@asynccontextmanager
async def _server(engine: EnginePool, read_plans: bool) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(engine, CONFIG.model_copy(update={**ANYTHING, "read_plans": read_plans}))
    headers = {"X-Request-ID": "alike-in-both"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bellwether", headers=headers
    ) as client:
        yield client


def live_schema() -> GraphQLSchema:
    """The schema as it is."""
    return build()._schema


def told_ids(answer: object) -> Iterator[str]:
    """Every id of an object in an answer: the values of fields ``id``, by that name or an alias ``id_1``."""
    if isinstance(answer, list):
        for each in answer:
            yield from told_ids(each)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if isinstance(value, str) and key.partition("_")[0] == "id":
                yield value
            else:
                yield from told_ids(value)
