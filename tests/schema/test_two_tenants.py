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
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest

from commands import keys
from tests.schema.reads.answering import TRIES, Answer, Servers
from tests.schema.reads.cursors import given_cursors
from tests.schema.reads.oracle import stored_rows
from tests.schema.reads.stored_values import Cursors, Values
from tests.schema.reads.world import World
from tests.schema.sockets import Socket, opened
from tests.schema.tenants.callers import Caller, person, program, unlimited
from tests.schema.tenants.documents import LIVE
from tests.schema.tenants.operations import MUTATIONS, Case, Cases
from tests.schema.tenants.stored import Dump, differing, dump, emptied, put, remove, undone
from tests.schema.tenants.watched import Watch, fail, watched

ROUND = 150
CASES = int(os.environ.get("BELLWETHER_TENANTS", str(2 * ROUND)))
FIRST = int(os.environ.get("BELLWETHER_TENANTS_SEED", "0"))
#: Numbers of operations that once failed.
ONCE_FAILED: tuple[int, ...] = ()
#: Of all operations, the shares that must be free of errors, and that must have written something.
WITHOUT_ERRORS, WRITTEN = 0.5, 0.03
#: The second tenant writes once in so many operations of the first.
MEANWHILE = 9
#: Connections, each with what was sent on it of the other tenant's.
Followers = Sequence[tuple[Socket, set[str]]]


async def _cases(watch: Watch) -> Cases:
    """What is asked, with the cursors that the server gives to either tenant."""
    client = Servers(watch.client, watch.client)
    given = [
        await given_cursors(client, LIVE, world.users[f"admin of {name}"])
        for world, name in zip(watch.worlds, "ab", strict=True)
    ]
    tenant = watch.desk.tenant
    own = {
        model: [row for row in rows if tenant in (row["id"], row.get("tenant_id"))]
        for model, rows in (await stored_rows()).items()
    }

    def values(random: Random) -> Values:
        return Values(random, own, tenant, given[0])

    return Cases(_callers(watch.worlds[0]), watch.desk, watch.ids, values, dict(_paired(*given)))


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


async def _answer(watch: Watch, case: Case) -> Answer:
    """What is answered; what is written is undone."""
    if not case.writes:
        return await watch.ask(case)
    async with undone():
        return await watch.ask(case)


async def _check_presence(watch: Watch, cases: Sequence[Case]) -> None:
    """Whether the other tenant is there makes no difference, to sums no more than to what its ids find."""
    await watch.make_different()
    before = await dump()
    there = [await _answer(watch, case) for case in cases]
    _check_same(cases, before, await dump())
    await remove(watch.other)
    gone = [await _answer(watch, case) for case in cases]
    pairs = [(case, [one], [other]) for case, one, other in zip(cases, there, gone, strict=True)]
    unlike = [(case, one, other) for case, one, other in pairs if not _share(watch, case, one, other)]
    for case, _, other in unlike:
        other += [await _answer(watch, case) for _ in range(TRIES)]
    await put(watch.worlds[1])
    await watch.make_different()
    for case, one, other in unlike:  # which error of several is met first is a matter of time
        one += [await _answer(watch, case) for _ in range(TRIES)]
        if not _share(watch, case, one, other):
            fail(case, f"there: {one[0].body!r}\ngone: {other[0].body!r}")
    watch.done += Counter("badly" if each.codes else "well" for each in there)


def _share(watch: Watch, case: Case, some: Sequence[Answer], others: Sequence[Answer]) -> bool:
    """Whether one of some answers is among others."""
    return any(watch.are_alike(case, one, other) for one in some for other in others)


def _check_same(cases: object, before: Dump, after: Dump) -> None:
    if changed := differing(before, after):
        fail(cases, f"has changed {changed}")


async def _check_in_earnest(watch: Watch, cases: Sequence[Case], followers: Followers) -> None:
    """What is written stays, on both sides, and neither meets the other."""
    theirs = await watch.theirs_now()
    for number, case in enumerate(case for case in cases if case.writes):
        if number % MEANWHILE == MEANWHILE - 1:
            _check_same(case, theirs, await dump(watch.other))
            ours = await dump(watch.desk.tenant)
            await watch.write_there(MUTATIONS[case.number % len(MUTATIONS)])
            _check_same("the other tenant", ours, await dump(watch.desk.tenant))
            theirs = await watch.theirs_now()
        await watch.ask(case)
    _check_same(cases[-1], theirs, await dump(watch.other))
    ours = await dump(watch.desk.tenant)
    if leaked := watch.leaked(" ".join(row for rows in ours.values() for row in rows)):
        fail(cases, f"have stored {sorted(leaked)}")
    watch.done["ours"] += len(ours["audit_record"])
    await _check_heard(watch, followers)


async def _check_heard(watch: Watch, followers: Followers) -> None:
    """Both are evaluated, and of what was followed all the while the first has heard of its own alone."""
    await watch.write_there("evaluate")
    await watch.theirs_now()
    await watch.write("evaluate", person(watch.worlds[0], "admin"), watch.desk)
    await asyncio.sleep(0.2)
    for socket, sent in followers:
        while not socket.to_client.empty():
            heard = json.dumps(await socket.hear())
            watch.done["heard"] += '"next"' in heard
            if leaked := watch.leaked(heard) - sent:
                fail("a subscription", f"tells of {sorted(leaked)}: {heard}")


@asynccontextmanager
async def _following(watch: Watch, cases: Cases, first: int) -> AsyncIterator[Followers]:
    """People of the first tenant follow whatever can be followed."""
    random, followers = Random(f"following {first}"), list[tuple[Socket, set[str]]]()
    async with AsyncExitStack() as stack:
        for name in ("admin", "head", "director", "integration"):
            user = watch.worlds[0].users[f"{name} of a"]
            socket = await stack.enter_async_context(opened(watch.app, user))
            sent = set[str]()
            followers.append((socket, sent))
            socket.follow("subscription { evaluationProgress { id } }", "all")
            for number in range(4):
                operation = cases.subscription(random)
                socket.follow(operation.text, str(number), **operation.variables)
                sent |= watch.leaked(json.dumps(dict(operation.body)))
        await asyncio.sleep(0.2)
        yield followers


async def _check_round(first: int, numbers: Sequence[int]) -> Counter[str]:
    async with watched() as watch:
        made = await _cases(watch)
        cases = [made.case(number) for number in numbers]
        for caller in made.callers:
            await watch.client.post("/graphql", json={"query": "{ __typename }"}, headers=caller.headers)
        await keys.settled()  # that they were used
        watch.logged.clear()
        await _check_presence(watch, cases)
        async with _following(watch, made, first) as followers:
            await _check_in_earnest(watch, cases, followers)
    return watch.done


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
