"""A server under watch: what it answers and logs while one of two like tenants asks is looked through."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from rules.engine.pool import EnginePool
from tests.door import CONFIG, application
from tests.schema.asking import SCHEMA
from tests.schema.reads.answering import ANYTHING, Answer
from tests.schema.reads.world import World
from tests.schema.tenants.callers import Caller, person
from tests.schema.tenants.desk import Desk, furnished
from tests.schema.tenants.documents import mutation_of, object_of
from tests.schema.tenants.inputs import INPUTS
from tests.schema.tenants.normalised import normalised, unpacked
from tests.schema.tenants.operations import SELDOM, Case
from tests.schema.tenants.stored import Dump, dump, put
from tests.schema.tenants.twins import ID, renamed, twin, twin_world


@dataclass
class Watch:
    """The two tenants, the server, and what it has logged; ``theirs`` are the ids of the second tenant."""

    worlds: tuple[World, World]
    desk: Desk
    app: Starlette
    client: httpx.AsyncClient
    engine: EnginePool
    logged: list[str]
    ids: Sequence[str]
    theirs: frozenset[str]
    done: Counter[str] = field(default_factory=Counter)

    @property
    def other(self) -> str:
        """The id of the second tenant."""
        return twin(self.desk.tenant)

    async def ask(self, case: Case) -> Answer:
        """The answer to a case, which holds nothing of the other tenant's, and nor does the log."""
        response = await self.client.post("/graphql", json=case.operation.body, headers=case.headers)
        answer = Answer(response.status_code, response.content)
        told = f"{response.text} {dict(response.headers)}"
        if "INTERNAL" in answer.codes:
            fail(case, f"meets a bug: {told}")
        if leaked := self.leaked(told) - {*ID.findall(unpacked(case.sent))}:
            fail(case, f"tells of {sorted(leaked)}: {told}")
        if leaked := self.leaked(" ".join(self.logged)):
            fail(case, f"logs {sorted(leaked)}: {self.logged}")
        self.logged.clear()
        return answer

    def leaked(self, text: str) -> frozenset[str]:
        """What a text holds of the other tenant's, in its cursors too."""
        return self.theirs.intersection(ID.findall(unpacked(text)))

    def are_alike(self, case: Case, one: Answer, other: Answer) -> bool:
        """Whether two answers to a case say the same; of what is new each time, only what kind it is."""
        if not case.writes:
            return one.body == other.body or one.exact == other.exact
        known = {*self.ids, *map(twin, self.ids)}
        return one.status == other.status and normalised(one.body, known) == normalised(other.body, known)

    async def write(self, mutation: str, caller: Caller, desk: Desk) -> bool:
        """Somebody does what the tables of inputs say; whether it was written."""
        context = await caller.enter(self.engine)
        result = await SCHEMA.execute(mutation_of(mutation), {"input": INPUTS[mutation](desk)}, context)
        assert not result.errors, result.errors
        self.logged.clear()
        return bool((result.data or {})[mutation][object_of(mutation)])

    async def write_there(self, mutation: str) -> None:
        """The other tenant's administrator does it: what is called the same there is another thing."""
        admin = person(self.worlds[1], "admin", "b")
        self.done["theirs"] += await self.write(mutation, admin, renamed(self.desk, twin))

    async def make_different(self) -> None:
        """The other tenant does everything once: it has more then, under the same names and keys."""
        for mutation in INPUTS:
            if mutation not in SELDOM:
                await self.write_there(mutation)
        await self.theirs_now()

    async def theirs_now(self) -> Dump:
        """Everything that the other tenant has, none of which is to be met from now on."""
        rows = await dump(self.other)
        found = (ID.search(row) for of in rows.values() for row in of)
        self.theirs |= {own[0] for own in found if own}
        return rows


def fail(case: object, what: str) -> None:
    """Tell of a case, and of nothing else."""
    pytest.fail(f"{case}\n{what}", pytrace=False)


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """Both tenants stored, and a server."""
    world, desk = furnished()
    worlds = world, twin_world(world)
    await put(*worlds)
    ids = world.ids
    async with AsyncExitStack() as stack:
        logged = stack.enter_context(_listening())
        engine = await stack.enter_async_context(EnginePool(1))
        app = application(engine, CONFIG.model_copy(update=ANYTHING))
        client = await stack.enter_async_context(_client(app))
        yield Watch(worlds, desk, app, client, engine, logged, ids, frozenset(map(twin, ids)))


def _client(app: Starlette) -> httpx.AsyncClient:
    headers = {"X-Request-ID": "the-same-each-time"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://bellwether", headers=headers
    )


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Every line that is logged, by us or by libraries, as text."""
    lines = list[str]()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    def note(_logger: object, _method: str, event: Mapping[str, object]) -> Any:
        lines.append(repr(event))
        raise structlog.DropEvent

    handler, before = Listening(logging.INFO), structlog.get_config()
    logging.getLogger().addHandler(handler)
    structlog.configure(processors=[structlog.processors.format_exc_info, note])
    try:
        yield lines
    finally:
        structlog.configure(**before)
        logging.getLogger().removeHandler(handler)
