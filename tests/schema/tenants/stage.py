"""Two tenants stored, everybody who may ask there, and what HTTP would answer them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from commands import keys
from models.access import Actor
from rules.engine.pool import EnginePool
from schema.annex import Annex
from schema.context import Context, Live
from schema.core.answering import Answering
from schema.core.asked import Asked
from schema.core.budget import Budget
from schema.core.persisted import Persisted
from tests.door import CONFIG
from tests.schema.asking import SCHEMA
from tests.schema.reads.oracle import Rows, stored_rows
from tests.schema.reads.world import World
from tests.schema.tenants.callers import NOBODY, Caller, limited, person, unlimited
from tests.schema.tenants.desk import Desk, furnished
from tests.schema.tenants.documents import mutation_of, object_of
from tests.schema.tenants.expected import Expected
from tests.schema.tenants.stored import put
from tests.schema.tenants.twins import twin_world


@dataclass(frozen=True)
class Stage:
    """Two tenants, alike but for their ids, and who answers them."""

    worlds: tuple[World, World]
    desk: Desk
    rows: Rows
    actors: Mapping[str, Actor | None]
    engine: EnginePool
    callers: Sequence[Caller]
    answering: Answering = field(
        default_factory=lambda: Answering(
            SCHEMA, Budget(0), Persisted(None), Annex(CONFIG), max_seconds=60, read_plans=True
        )
    )

    def context(self, caller: Caller) -> Context:
        """The context of a request."""
        return Context(self.actors[caller.name], self.engine)

    def caller(self, name: str) -> Caller:
        """One of the callers."""
        return next(caller for caller in self.callers if caller.name == name)

    def expected(self, caller: Caller) -> Expected:
        """What is to come of what they ask."""
        return Expected(caller, self.rows, self.desk)

    async def ask(self, caller: Caller, text: str, variables: Mapping[str, object] | None = None) -> Any:
        """The answer to a query."""
        asked = Asked(text, variables=variables or {})
        answer = await self.answering.answer(asked, self.context(caller), "", reads_only=True)
        return json.loads(answer.body)

    async def do(self, caller: Caller, mutation: str, given: object) -> tuple[list[dict[str, Any]], object]:
        """The errors of a mutation, each with its code, and what it answers with."""
        result = await SCHEMA.execute(mutation_of(mutation), {"input": given}, self.context(caller))
        if result.errors:
            return [{"message": each.message, **(each.extensions or {})} for each in result.errors], None
        assert result.data
        payload = result.data[mutation]
        return payload["errors"], payload[object_of(mutation)]

    async def first(self, caller: Caller, text: str, given: Mapping[str, object]) -> ExecutionResult:
        """The first that a subscription gives: an error or an event."""

        async def again() -> Context:
            return self.context(caller)

        results = await SCHEMA.stream(
            text,
            variable_values=dict(given),
            context_value=Live(self.context(caller), again, 100),
            allowed_operation_types={OperationType.SUBSCRIPTION},
        )
        async with aclosing(results):
            async for result in results:
                assert isinstance(result, ExecutionResult)
                return result
        raise AssertionError("it ended")


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Everything, in the connected database."""
    world, desk = furnished()
    worlds = world, twin_world(world)
    await put(*worlds)
    stranger = replace(person(worlds[1], "admin", "b"), name="stranger")
    callers = [*unlimited(world), *limited(world), NOBODY, stranger]
    async with EnginePool(1) as engine:
        entered = {caller.name: await caller.enter(engine) for caller in callers}
        actors = {name: context.actor if context.is_known else None for name, context in entered.items()}
        await keys.settled()  # that they were used
        yield Stage(worlds, desk, await stored_rows(), actors, engine, callers)
