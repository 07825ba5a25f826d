"""Queries that resolvers take long for are answered beside the server, as it would answer them itself."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from schema.annex import Annex
from schema.core import tokens
from schema.core.executing import Executed, Job
from tests import factories
from tests.door import CONFIG, application

LONG = """query Long { accounts { nodes { name usage { month } } }
  a: portfolio(groupBy: OWNER) { currency groups { label } } nothing: account(id: "acc_0") { id } }"""
WRONG = 'query { portfolio(asOf: "1800-01-01") { currency } }'


@asynccontextmanager
async def served(url: str, annex: int) -> AsyncIterator[tuple[httpx.AsyncClient, list[Job]]]:
    """A client of a server that has so many processes beside it, and what they were asked."""
    app = application(config=CONFIG.model_copy(update={"database_url": url, "annex": annex}))
    asked: list[Job] = []
    is_open = asyncio.Event()
    open_, execute = Annex.open, Annex.execute

    async def opened(self: Annex) -> None:
        await open_(self)
        is_open.set()

    async def noted(self: Annex, job: Job) -> Executed | None:
        asked.append(job)
        return await execute(self, job)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Annex, "open", opened)
        patched.setattr(Annex, "execute", noted)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://bellwether") as client,
        ):
            await asyncio.wait_for(is_open.wait(), 120)
            yield client, asked


async def test_what_takes_long_is_answered_beside_the_server_and_by_it_when_that_is_lost(db: str) -> None:
    ada = await factories.user(await factories.tenant(), name="Ada")
    await factories.account(ada, name="Nordwind")
    headers = {"Authorization": f"Bearer {tokens.issue(ada, 1, CONFIG.secret)}"}

    async def answers(client: httpx.AsyncClient) -> list[object]:
        found = [await client.post("/graphql", json={"query": q}, headers=headers) for q in (LONG, WRONG)]
        assert [each.json()["extensions"]["cost"]["points"] > 200 for each in found] == [True, True]
        return [_without_ids(each.json()) for each in found]

    async with served(db, 0) as (client, asked):
        here = await answers(client)
        assert asked == []
    async with served(db, 1) as (client, asked):
        children = multiprocessing.active_children()
        there = await answers(client)
        assert len(asked) == 2
        children[0].kill()
        after = await answers(client)
        again = await answers(client)
        children += multiprocessing.active_children()
        nobody = await client.post("/graphql", json={"query": LONG})
        assert (nobody.status_code, len(asked)) == (401, 6)
    assert here == there == after == again
    for child in children:
        await _gone(child.pid or 0)


def _without_ids(answer: dict[str, object]) -> dict[str, object]:
    errors = answer.get("errors", [])
    assert isinstance(errors, list)
    for error in errors:
        assert len(error["extensions"].pop("requestId")) == 16
    answer["extensions"] = None
    return answer


async def _gone(pid: int) -> None:
    """Wait until a process is no more; somebody else is told how it ended."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{pid} runs on")
