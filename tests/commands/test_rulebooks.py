"""Rules go live in versions, through a gate, one version of a name at a time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from commands import evaluations, rulebooks
from models.access import Actor, Role, User
from models.errors import Forbidden, InvalidRulebook, InvalidTransition
from models.rulebooks import Rule, Rulebook, RulebookState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories

WRONG = (sys.executable, "-m", "tests.rules.wrong_worker")


def _document(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": key,
        "when": [{"deal": {"as": "d", "where": {"age_days": {"gt": 90}}}}],
        "then": [{"recommend": {"action": "LOOK", "because": "{d.name}"}}],
        **changes,
    }


@pytest.fixture
async def manager(db: str) -> Actor:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    await factories.deal(account)
    return await factories.actor(await factories.user(tenant, Role.MANAGER))


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def test_one_version_is_live_and_an_earlier_one_can_come_back(
    manager: Actor, engine: EnginePool
) -> None:
    first = await rulebooks.save(manager, "mine", [_document("a")])
    second = await rulebooks.save(manager, "mine", [_document("a"), _document("b")])
    assert (first.number, second.number, second.state) == (1, 2, RulebookState.DRAFT)
    await rulebooks.activate(manager, engine, first.id)
    await rulebooks.activate(manager, engine, second.id)
    assert [rule.key for rule in (await rulebooks.active_book(manager)).rules] == ["a", "b"]
    with pytest.raises(InvalidTransition):
        await rulebooks.activate(manager, engine, second.id)
    await rulebooks.activate(manager, engine, first.id)
    states = {book.number: book.state for book in await Rulebook.all()}
    assert states == {1: RulebookState.ACTIVE, 2: RulebookState.RETIRED}
    assert (await rulebooks.active_book(manager)).version == "mine/1"


async def test_a_wrong_rule_is_named_and_nothing_is_saved(manager: Actor) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        await rulebooks.save(manager, "mine", [_document("a"), _document("b", when=[{"deal": {"as": 7}}])])
    assert [problem.path for problem in caught.value.problems] == [
        ("rules", "1", "when", "0", "deal", "as"),
    ]
    assert await Rulebook.all().count() == await Rule.all().count() == 0


async def test_a_key_that_another_live_rulebook_has_is_refused(manager: Actor, engine: EnginePool) -> None:
    one = await rulebooks.save(manager, "one", [_document("a")])
    other = await rulebooks.save(manager, "other", [_document("b"), _document("a")])
    await rulebooks.activate(manager, engine, one.id)
    with pytest.raises(InvalidRulebook, match="the live rulebook one/1 has a rule 'a' already") as caught:
        await rulebooks.activate(manager, engine, other.id)
    assert [problem.path for problem in caught.value.problems] == [("rules", "1", "key")]


async def test_a_book_that_the_engine_judges_otherwise_does_not_go_live(manager: Actor) -> None:
    draft = await rulebooks.save(manager, "mine", [_document("sound"), _document("misjudged")])
    with pytest.raises(InvalidRulebook, match="'misjudged'"):
        await rulebooks.activate(manager, EnginePool(1, 20.0, WRONG), draft.id)
    assert (await Rulebook.get(id=draft.id)).state == RulebookState.DRAFT


async def test_the_starter_pack_is_put_live_once(manager: Actor, engine: EnginePool) -> None:
    first = await rulebooks.ensure_starter(manager, engine)
    assert (await rulebooks.ensure_starter(manager, engine)).id == first.id
    assert await Rule.filter(rulebook_id=first.id).count() == len(packs.load(packs.STARTER).rules)


async def test_a_director_makes_no_rules(db: str, engine: EnginePool) -> None:
    director = await factories.actor(await factories.user(await factories.tenant()))
    with pytest.raises(Forbidden):
        await rulebooks.save(director, "mine", [_document("a")])
    with pytest.raises(Forbidden):
        await rulebooks.activate(director, engine, "book_x")


async def test_of_two_first_versions_that_go_live_at_once_one_is_live(
    manager: Actor, engine: EnginePool
) -> None:
    drafts = [await rulebooks.save(manager, "mine", [_document(f"r{number}")]) for number in range(2)]
    await asyncio.gather(
        *(rulebooks.activate(manager, engine, draft.id) for draft in drafts), return_exceptions=True
    )
    assert await Rulebook.filter(state=RulebookState.ACTIVE).count() == 1
    assert len((await rulebooks.active_book(manager)).rules) == 1


async def test_of_two_books_with_a_key_in_common_that_go_live_at_once_one_is_live(
    manager: Actor, engine: EnginePool
) -> None:
    drafts = [await rulebooks.save(manager, name, [_document("same")]) for name in ("one", "other")]
    await asyncio.gather(
        *(rulebooks.activate(manager, engine, draft.id) for draft in drafts), return_exceptions=True
    )
    assert await Rulebook.filter(state=RulebookState.ACTIVE).count() == 1
    assert len((await rulebooks.active_book(manager)).rules) == 1


async def test_many_live_rulebooks_of_long_names_are_judged(manager: Actor, engine: EnginePool) -> None:
    for number in range(3):
        draft = await rulebooks.save(manager, f"{number}" + "x" * 90, [_document(f"r{number}")])
        await rulebooks.activate(manager, engine, draft.id)
    account = await factories.account(await User.get(id=manager.user_id))
    await factories.deal(account, valid_from=factories.TODAY - timedelta(days=91))
    run = await evaluations.evaluate(manager, engine, factories.TODAY)
    assert (run.failures, run.matched) == ([], 3)
