"""Lists, objects, lists within objects and subscriptions tell each caller of what they see, and all of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

import pytest
from strawberry.types import ExecutionResult

from commands.announcements import ANNOUNCEMENTS, Event, Happened, InProcess, Topic
from tests.schema.reads.answering import told_ids
from tests.schema.reads.cursors import listed, lists_within
from tests.schema.reads.oracle import within
from tests.schema.sockets import SECONDS
from tests.schema.tenants.callers import Caller
from tests.schema.tenants.documents import (
    LIVE,
    SUBSCRIPTION,
    ids_in,
    node_types,
    object_type,
    subscription_of,
)
from tests.schema.tenants.expected import Expected, everything
from tests.schema.tenants.inputs import FOLLOWED, Given
from tests.schema.tenants.rights import SUBSCRIPTIONS
from tests.schema.tenants.stage import Stage, staged
from tests.schema.tenants.twins import ghost, renamed, twin


@pytest.fixture
async def stage(db: str) -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


@dataclass(frozen=True)
class Followed:
    """A subscription that somebody has begun, and what is expected of it."""

    caller: Caller
    name: str
    given: Given
    refusals: frozenset[str]
    hears: bool


async def test_every_list_object_and_list_within_is_what_the_caller_sees(stage: Stage) -> None:
    lists, every = listed(LIVE), everything(stage.rows, node_types())
    fields = " ".join(
        f"{name}(first: 200) {{ totalCount nodes {{ {ids_in(object_type(of))} }} }}"
        for of, name in lists.items()
    )
    for caller in stage.callers:
        if caller.user is None or caller.scopes is not None:
            continue
        expected = stage.expected(caller)
        answer = await stage.ask(caller, f"{{ {fields} }}")
        assert {*told_ids(answer["data"])} <= expected.all_ids, caller.name
        for of, name in lists.items():
            found = [node["id"] for node in answer["data"][name]["nodes"]]
            assert sorted(found) == sorted(expected.ids[of]), (caller.name, of)
            assert answer["data"][name]["totalCount"] == len(found)
        await _check_objects(stage, caller, expected, every)
        await _check_lists_within(stage, caller, expected)


async def _check_objects(stage: Stage, caller: Caller, expected: Expected, every: Sequence[str]) -> None:
    """Of all objects that there are in both tenants, those that are seen are found by their ids."""
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for start in range(0, len(every), 200):
        ids = every[start : start + 200]
        answer = await stage.ask(caller, text, {"ids": ids})
        told = [node and node["id"] for node in answer["data"]["nodes"]]
        assert told == [each if each in expected.all_ids else None for each in ids], caller.name


async def _check_lists_within(stage: Stage, caller: Caller, expected: Expected) -> None:
    for of, lists in lists_within(LIVE):
        fields = " ".join(f"{name}(first: 60) {{ totalCount nodes {{ id }} }}" for name in lists)
        root = listed(LIVE)[of]
        answer = await stage.ask(caller, f"{{ {root}(first: 50) {{ nodes {{ id {fields} }} }} }}")
        for node in answer["data"][root]["nodes"]:
            for name, model in lists.items():
                seen = within(stage.rows, of, node["id"], model) & expected.ids[model]
                assert {each["id"] for each in node[name]["nodes"]} == seen, (caller.name, of, name)
                assert node[name]["totalCount"] == len(seen)


async def test_every_subscription_is_for_those_alone_who_may_and_see(stage: Stage) -> None:
    desk = stage.desk
    happens = {
        "recommendationChanged": (desk.recommendation, desk.account, Topic.RECOMMENDATION),
        "riskChanged": (desk.risk, desk.account, Topic.RISK),
        "accountPlanHealthChanged": (desk.plan, desk.account, Topic.PLAN),
        "trendChanged": (desk.trend, desk.account, Topic.TREND),
        "playRunChanged": (desk.play_run, desk.account, Topic.PLAY_RUN),
        "evaluationProgress": (desk.run, desk.run, Topic.EVALUATION),
    }
    begun = _begun(stage, {name: record_id for name, (record_id, _, _) in happens.items()})
    await _settled(stage, begun)
    for record_id, part, topic in happens.values():
        await ANNOUNCEMENTS.publish([Event(desk.tenant, topic, part, record_id, Happened.REFRESHED)])
    answered = [task for task, each in begun.items() if each.refusals or each.hears]
    _, waiting = await asyncio.wait(answered, timeout=SECONDS)
    assert not waiting, [begun[task] for task in waiting]
    await asyncio.sleep(0.1)
    for task, each in begun.items():
        if not (each.refusals or each.hears):
            assert not task.done(), (each, task.result())
            task.cancel()
            continue
        codes = {str((error.extensions or {})["code"]) for error in task.result().errors or ()}
        assert codes <= each.refusals and bool(codes) == bool(each.refusals), (each, task.result())
        heard = task.result().data or {}
        assert each.refusals or happens[each.name][0] in json.dumps(heard), each
        assert {*told_ids(heard)} <= stage.expected(each.caller).all_ids, each
    await asyncio.gather(*begun, return_exceptions=True)


def _begun(stage: Stage, records: Mapping[str, str]) -> dict[asyncio.Task[ExecutionResult], Followed]:
    """Everybody follows everything, and that part of it which is the desk's."""
    begun = {}
    for caller in stage.callers:
        expected = stage.expected(caller)
        for name in SUBSCRIPTION.fields:
            for given in ({}, FOLLOWED[name](stage.desk)):
                text = subscription_of(name, given)
                refusals = expected.refusals(SUBSCRIPTIONS[name], given, writes=False)
                hears = records[name] in expected.all_ids
                task = asyncio.create_task(stage.first(caller, text, given))
                begun[task] = Followed(caller, name, given, refusals, hears)
    return begun


async def _settled(stage: Stage, begun: Collection[asyncio.Task[ExecutionResult]]) -> None:
    """Wait until each subscription follows or has ended."""
    assert isinstance(ANNOUNCEMENTS, InProcess)
    tenants = stage.desk.tenant, twin(stage.desk.tenant)
    async with asyncio.timeout(SECONDS):
        while not _all_are(begun, sum(map(ANNOUNCEMENTS.followers, tenants))):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def _all_are(begun: Collection[asyncio.Task[ExecutionResult]], followers: int) -> bool:
    return followers + sum(each.done() for each in begun) == len(begun)


async def test_what_another_tenant_has_is_followed_as_little_as_what_nobody_has(stage: Stage) -> None:
    for name, followed in FOLLOWED.items():
        told = []
        for desk in (renamed(stage.desk, twin), renamed(stage.desk, ghost)):
            given = followed(desk)
            result = await stage.first(stage.caller("admin"), subscription_of(name, given), given)
            text = json.dumps([each.formatted for each in result.errors or ()])
            told.append(text.replace(str(next(iter(given.values()))), "…"))
        assert told[0] == told[1] and "NOT_FOUND" in told[0]
