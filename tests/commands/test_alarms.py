"""A rule on which the engine is wrong stays with the reference evaluator, and somebody is told."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from commands import alarms, evaluations, judging, rulebooks
from models.access import Actor, Role, User
from models.errors import Forbidden, InvalidTransition, NotFound
from models.recommendations import Recommendation
from models.rulebooks import AlarmKind, EngineAlarm
from rules.engine.pool import EnginePool
from tests import factories

DAY = factories.TODAY
WRONG = (sys.executable, "-m", "tests.rules.wrong_worker")


def _document(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "title": key,
        "when": [{"deal": {"as": "d", "where": {"age_days": {"gt": 10}}}}],
        "then": [{"recommend": {"action": "LOOK", "because": "old"}}],
    }


@pytest.fixture
async def admin(db: str) -> Actor:
    """An administrator of a tenant in which both rules are live, put there by a sound engine."""
    tenant = await factories.tenant()
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    async with EnginePool(1, 20.0) as sound:
        draft = await rulebooks.save(admin, "book", [_document("misjudged"), _document("sound")])
        await rulebooks.activate(admin, sound, draft.id)
    return admin


async def _accounts(admin: Actor, count: int) -> None:
    owner = await User.get(id=admin.user_id)
    for _ in range(count):
        await factories.deal(await factories.account(owner))


async def test_a_rule_that_ever_differs_goes_to_the_reference_evaluator_and_raises_an_alarm(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _accounts(admin, 3)
    monkeypatch.setattr(judging, "CHECK_EVERY", 1)
    async with EnginePool(1, 20.0, WRONG) as engine:
        run = await evaluations.evaluate(admin, engine, DAY)
        assert run.disagreements == ["misjudged"]
        assert await Recommendation.filter(rule_key="misjudged").count() == 3
        alarm = await EngineAlarm.get(resolved_at=None)
        assert (alarm.kind, alarm.run_id, alarm.as_of) == (AlarmKind.DIFFERED, run.id, DAY)
        assert alarm.account_id
        monkeypatch.setattr(judging, "CHECK_EVERY", 10**12)
        await _accounts(admin, 1)
        again = await evaluations.evaluate(admin, engine, DAY)
    assert again.disagreements == []
    assert await Recommendation.filter(rule_key="misjudged").count() == 4  # also where nothing is compared
    assert await EngineAlarm.all().count() == 1


async def test_a_process_that_starts_later_knows_of_the_alarm(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _accounts(admin, 1)
    monkeypatch.setattr(judging, "CHECK_EVERY", 1)
    async with EnginePool(1, 20.0, WRONG) as engine:
        await evaluations.evaluate(admin, engine, DAY)
    monkeypatch.setattr(judging, "CHECK_EVERY", 10**12)
    await _accounts(admin, 1)
    async with EnginePool(1, 20.0, WRONG) as engine:
        await evaluations.evaluate(admin, engine, DAY)
        assert [rule.key for rule in engine.quarantined] == ["misjudged"]
    assert await Recommendation.filter(rule_key="misjudged").count() == 2


async def test_an_alarm_that_is_resolved_lets_the_engine_judge_the_rule_again(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _accounts(admin, 1)
    monkeypatch.setattr(judging, "CHECK_EVERY", 1)
    async with EnginePool(1, 20.0, WRONG) as engine:
        await evaluations.evaluate(admin, engine, DAY)
        alarm = await EngineAlarm.get()
        resolved = await alarms.resolve(admin, engine, alarm.id)
        assert resolved.resolved_by_id == admin.user_id
        assert not engine.quarantined
        with pytest.raises(InvalidTransition, match="resolved already"):
            await alarms.resolve(admin, engine, alarm.id)
        await evaluations.evaluate(admin, engine, DAY)
        assert await EngineAlarm.filter(resolved_at=None).count() == 1  # it was wrong again


async def test_only_who_makes_rules_resolves_alarms_and_only_those_of_the_own_tenant(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _accounts(admin, 1)
    monkeypatch.setattr(judging, "CHECK_EVERY", 1)
    async with EnginePool(1, 20.0, WRONG) as engine:
        await evaluations.evaluate(admin, engine, DAY)
        alarm = await EngineAlarm.get()
        stranger = await factories.actor(await factories.user(await factories.tenant(), Role.ADMIN))
        with pytest.raises(NotFound):
            await alarms.resolve(stranger, engine, alarm.id)
        owner = await User.get(id=admin.user_id)
        director = await factories.user(await owner.tenant, Role.DIRECTOR)  # type: ignore[misc]
        with pytest.raises(Forbidden):
            await alarms.resolve(await factories.actor(director), engine, alarm.id)
