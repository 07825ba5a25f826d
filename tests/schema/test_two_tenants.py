"""Of two tenants with the same data, neither is told a byte of the other, nor changes one, whatever it asks.

A round of operations is asked by people of the first tenant, with ids and cursors of both and of nobody:
while the second is there, and while it is not, which must make no difference; and at last in earnest, while
the second writes as well. ``make fuzz-tenants`` asks more: BELLWETHER_TENANTS operations, the first numbered
BELLWETHER_TENANTS_SEED, every other round on either database. What a failure tells can be asked again by the
number of its round, or kept in a list by its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from commands import keys
from rules.engine.pool import EnginePool
from schema.context import Context
from server import create_app
from tests.door import CONFIG
from tests.schema.asking import SCHEMA
from tests.schema.reads.answering import ANYTHING, TRIES, Answer, Servers
from tests.schema.reads.cursors import given_cursors
from tests.schema.reads.oracle import stored_rows
from tests.schema.reads.stored_values import Cursors, Values
from tests.schema.reads.world import World
from tests.schema.sockets import Socket, opened
from tests.schema.tenants.callers import Caller, person, program, unlimited
from tests.schema.tenants.desk import Desk, furnished
from tests.schema.tenants.documents import LIVE, MUTATION, mutation_of, object_of
from tests.schema.tenants.inputs import INPUTS
from tests.schema.tenants.normalised import normalised, unpacked
from tests.schema.tenants.operations import Case, Cases
from tests.schema.tenants.stored import differing, dump, emptied, put, remove, undone
from tests.schema.tenants.twins import ID, renamed, twin, twin_world

ROUND = 150
CASES = int(os.environ.get("BELLWETHER_TENANTS", str(2 * ROUND)))
FIRST = int(os.environ.get("BELLWETHER_TENANTS_SEED", "0"))
#: Numbers of operations that once failed.
ONCE_FAILED: tuple[int, ...] = ()
#: Of all operations, the shares that must be free of errors, and that must have written something.
WITHOUT_ERRORS, WRITTEN = 0.5, 0.1
#: The second tenant writes once in so many operations of the first.
MEANWHILE = 9


@dataclass
class Stage:
    """The two tenants, the server, and what it has logged."""

    worlds: tuple[World, World]
    desk: Desk
    cases: Cases
    app: Starlette
    client: httpx.AsyncClient
    engine: EnginePool
    logged: list[str]
    theirs: frozenset[str]
    known: frozenset[str]
    done: Counter[str] = field(default_factory=Counter)

    async def ask(self, case: Case) -> Answer:
        """The answer to a case, which holds nothing of the other tenant's, and nor does the log."""
        response = await self.client.post("/graphql", json=case.operation.body, headers=case.headers)
        answer = Answer(response.status_code, response.content)
        told = f"{response.text} {dict(response.headers)}"
        assert "INTERNAL" not in answer.codes, f"{case}\nmet a bug: {answer.body!r}"
        if leaked := self.leaked(told) - {*ID.findall(unpacked(case.sent))}:
            pytest.fail(f"{case}\ntells of {sorted(leaked)}: {told}")
        if leaked := self.leaked(" ".join(self.logged)):
            pytest.fail(f"{case}\nlogs {sorted(leaked)}: {self.logged}")
        self.logged.clear()
        return answer

    def leaked(self, text: str) -> frozenset[str]:
        """What a text holds of the other tenant's."""
        return self.theirs.intersection(ID.findall(unpacked(text)))


#: Connections, each with what was sent of the other tenant's.
Followers = list[tuple[Socket, set[str]]]


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


@asynccontextmanager
async def _staged() -> AsyncIterator[Stage]:
    """Both tenants stored, and a server."""
    world, desk = furnished()
    worlds = world, twin_world(world)
    await put(*worlds)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(EnginePool(1))
        app = create_app(engine, CONFIG.model_copy(update=ANYTHING))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://bellwether",
                headers={"X-Request-ID": "the-same-each-time"},
            )
        )
        ids = [row.id for rows in world.rows.values() for row in rows]
        theirs = frozenset(map(twin, ids))
        logged = stack.enter_context(_listening())
        cases = await _cases(worlds, desk, ids, client)
        logged.clear()
        known = theirs.union(ids)
        yield Stage(worlds, desk, cases, app, client, engine, logged, theirs, known)


async def _cases(worlds: tuple[World, World], desk: Desk, ids: list[str], client: httpx.AsyncClient) -> Cases:
    asked = Servers(client, client)
    given = [
        await given_cursors(asked, LIVE, world.users[f"admin of {name}"])
        for world, name in zip(worlds, "ab", strict=True)
    ]
    own = {
        model: [row for row in rows if desk.tenant in (row["id"], row.get("tenant_id"))]
        for model, rows in (await stored_rows()).items()
    }

    def values(random: Random) -> Values:
        return Values(random, own, desk.tenant, given[0])

    return Cases(_callers(worlds[0]), desk, ids, values, dict(_paired(*given)))


def _callers(world: World) -> list[Caller]:
    """Everybody of the first tenant, those more often who see much and may do much."""
    programs = [program(world, scope) for scope in ("", "READ", "WRITE_SALES", "WRITE_SIGNALS")]
    often = [person(world, name) for name in ("admin", "admin", "head", "manager", "director")] * 5
    return [*unlimited(world), *programs, *often]


def _paired(ours: Cursors, theirs: Cursors) -> Iterator[tuple[str, str]]:
    """The cursor of the other tenant's twin of what each of our cursors is of."""
    for of, lists in ours.items():
        for (_, own), (_, others) in zip(lists, theirs[of], strict=True):
            yield from zip(own, others, strict=True)


async def _answers(stage: Stage, cases: list[Case]) -> list[Answer]:
    """What is answered to each; what is written is undone."""
    answers = []
    for case in cases:
        if case.writes:
            async with undone():
                answers.append(await stage.ask(case))
        else:
            answers.append(await stage.ask(case))
    return answers


def _alike(stage: Stage, case: Case, one: Answer, other: Answer) -> bool:
    if not case.writes:
        return one.body == other.body or one.exact == other.exact
    known = stage.known
    return one.status == other.status and normalised(one.body, known) == normalised(other.body, known)


async def _check_presence(stage: Stage, cases: list[Case]) -> None:
    """Whether the other tenant is there makes no difference, to sums no more than to what its ids find."""
    before = await dump()
    there = await _answers(stage, cases)
    assert differing(before, await dump()) == []
    await remove(stage.worlds[1])
    gone = await _answers(stage, cases)
    for case, one, other in zip(cases, there, gone, strict=True):
        for _ in range(TRIES):
            if _alike(stage, case, one, other) or not other.codes:
                break  # else which error of several is met first is a matter of time
            (other,) = await _answers(stage, [case])
        assert _alike(stage, case, one, other), f"{case}\nthere: {one.body!r}\ngone: {other.body!r}"
        stage.done["well" if not one.codes else "badly"] += 1
    await put(stage.worlds[1])


async def _write(stage: Stage, number: int) -> None:
    """The other tenant's administrator does something; what is called the same there is another thing."""
    caller, desk = person(stage.worlds[1], "admin", "b"), renamed(stage.desk, twin)
    mutation = list(MUTATION.fields)[number % len(MUTATION.fields)]
    context: Context = await caller.enter(stage.engine)
    result = await SCHEMA.execute(mutation_of(mutation), {"input": INPUTS[mutation](desk)}, context)
    assert not result.errors, result.errors
    stage.done["theirs"] += bool((result.data or {})[mutation][object_of(mutation)])
    stage.logged.clear()


async def _check_in_earnest(stage: Stage, cases: list[Case], sockets: Followers) -> None:
    """What is written stays, on both sides, and neither meets the other."""
    other = twin(stage.desk.tenant)
    for number in range(5):  # what repeats by a key, and what comes from outside
        await _write(stage, number * 2)
    theirs, ours = await dump(other), await dump(stage.desk.tenant)
    for number, case in enumerate(case for case in cases if case.writes):
        if number % MEANWHILE == MEANWHILE - 1:
            assert differing(theirs, await dump(other)) == []
            ours = await dump(stage.desk.tenant)
            await _write(stage, case.number)
            assert differing(ours, await dump(stage.desk.tenant)) == []
            theirs = await dump(other)
        await stage.ask(case)
    assert differing(theirs, await dump(other)) == []
    ours = await dump(stage.desk.tenant)
    assert not stage.leaked(" ".join(row for rows in ours.values() for row in rows))
    stage.done["ours"] += len(ours["audit_record"])
    await _check_heard(stage, sockets)


async def _check_heard(stage: Stage, sockets: Followers) -> None:
    """Both are evaluated, and of what was followed all the while the first heard of its own alone."""
    await _write(stage, list(MUTATION.fields).index("evaluate"))
    context = await person(stage.worlds[0], "admin").enter(stage.engine)
    given = INPUTS["evaluate"](stage.desk)
    await SCHEMA.execute(mutation_of("evaluate"), {"input": given}, context)
    await asyncio.sleep(0.2)
    for socket, sent in sockets:
        while not socket.to_client.empty():
            heard = json.dumps(await socket.hear())
            stage.done["heard"] += '"next"' in heard
            leaked = stage.leaked(heard) - sent
            assert not leaked, f"a subscription tells of {sorted(leaked)}: {heard}"


@asynccontextmanager
async def _following(stage: Stage, first: int) -> AsyncIterator[Followers]:
    """People of the first tenant follow whatever can be followed."""
    random = Random(f"following {first}")
    async with AsyncExitStack() as stack:
        sockets: Followers = []
        for name in ("admin", "head", "director", "integration"):
            socket = await stack.enter_async_context(opened(stage.app, stage.worlds[0].users[f"{name} of a"]))
            sockets.append((socket, sent := set[str]()))
            socket.follow("subscription { evaluationProgress { id } }", "all")
            for number in range(4):
                operation = stage.cases.subscription(random)
                socket.follow(operation.text, str(number), **operation.variables)
                sent |= stage.leaked(json.dumps(dict(operation.body)))
        await asyncio.sleep(0.2)
        yield sockets


async def _check_round(first: int, numbers: list[int]) -> Counter[str]:
    async with _staged() as stage:
        cases = [stage.cases.case(number) for number in numbers]
        for caller in {case.caller.name: case.caller for case in cases}.values():
            await stage.client.post("/graphql", json={"query": "{ __typename }"}, headers=caller.headers)
        await keys.settled()  # that they were used
        await _check_presence(stage, cases)
        async with _following(stage, first) as sockets:
            await _check_in_earnest(stage, cases, sockets)
    return stage.done


# Resolvers beside a field that fails are given up, some before they began.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine:RuntimeWarning"
)
async def test_neither_tenant_is_told_of_the_other_or_changes_it(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BETWEEN_USES", 10**9)
    rounds = list(range(FIRST, FIRST + CASES, ROUND))[not db.startswith("sqlite") :: 2]
    done = Counter[str]()
    for first in rounds:
        await emptied()
        done += await _check_round(first, [*ONCE_FAILED, *range(first, first + ROUND)])
    asked = len(rounds) * ROUND
    assert done["well"] >= WITHOUT_ERRORS * asked and done["ours"] >= WRITTEN * asked, done
    assert not rounds or (done["theirs"] and done["heard"]), done
