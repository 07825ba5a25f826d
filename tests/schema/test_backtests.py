"""Backtests and alarms as managers see them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from commands import backtests, evaluations, judging, rulebooks
from models.access import Role, User
from models.deals import Stage
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door

WRONG = (sys.executable, "-m", "tests.rules.wrong_worker")
OLD = {
    "key": "misjudged",
    "title": "old",
    "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "age_days": {"gt": 45}}}}],
    "then": [{"flag": {"risk": "ANY", "severity": "HIGH", "exposure": "$d.amount"}}],
}
SHARE = "{ part whole value low high }"
REPORT = f"""{{ backtests(first: 1) {{ totalCount nodes {{ id state done total failure rulebook {{ number }}
 report {{ accounts failed warnings scores {{ ruleKey outcome unitsFlagged events caught undecided lift
 liftLow liftHigh shareFlagged precision {SHARE} recall {SHARE} baseRate {SHARE}
 leadTime {{ lowerQuartile median upperQuartile }} revenue {{ amount }} revenueCaught {{ amount }}
 dates {{ asOf decided flagged new population }} }} }} }} }} }}"""
PERIOD = {"fromOn": "2025-01-01", "untilOn": "2025-03-01", "horizonDays": 60, "knownUntil": "2025-08-31"}


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def manager(db: str) -> User:
    """A manager whose only deal has been open since October and is lost in February."""
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    owner = await factories.user(tenant, team_id=team.id)
    account = await factories.account(owner, valid_from=date(2024, 1, 1))
    await factories.deal(
        account,
        valid_from=date(2024, 10, 1),
        stage=Stage.LOST,
        closed_on=date(2025, 2, 10),
        amount_minor=9_900,
    )
    return manager


async def test_a_manager_asks_for_a_backtest_and_reads_what_came_of_it(
    manager: User, engine: EnginePool
) -> None:
    """Without a history of its stage the deal was lost all the time: no case, and nothing is flagged."""
    async with door(manager, engine=engine) as client:
        payload = await client.do(
            "startBacktest", "backtest { state total name }", {"name": "mine", "rules": [OLD], **PERIOD}
        )
        assert payload["errors"] == []
        assert payload["backtest"] == {"state": "WAITING", "total": 3, "name": "mine"}
        await backtests.carry_out_waiting(engine)
        answer: Any = await client.ask(REPORT)
    found = answer["backtests"]["nodes"][0]
    assert (found["state"], found["done"], found["failure"]) == ("COMPLETE", 3, None)
    assert {score["outcome"] for score in found["report"]["scores"]} == {
        "DEAL_LOST", "DEAL_NOT_WON", "DEAL_SLIPPED",
    }  # fmt: skip
    score = found["report"]["scores"][0]
    assert score["precision"] == {"part": 0, "whole": 0, "value": None, "low": None, "high": None}
    assert [each["asOf"] for each in score["dates"]] == ["2025-01-01", "2025-02-01", "2025-03-01"]


async def test_a_saved_version_is_tried_by_its_number_and_others_do_not_see_it(
    manager: User, engine: EnginePool
) -> None:
    actor = await factories.actor(manager)
    await rulebooks.save(actor, "mine", [OLD])
    async with door(manager, engine=engine) as client:
        payload: Any = await client.do(
            "startBacktest", "backtest { id rulebook { number } }", {"name": "mine", "number": 1, **PERIOD}
        )
        assert payload["backtest"]["rulebook"] == {"number": 1}
        wrong = await client.do("startBacktest", "backtest { id }", {"name": "mine", "number": 7, **PERIOD})
        assert wrong["errors"] == [
            {"code": "NOT_FOUND", "message": "no rulebook 'mine/7'; known: mine", "path": ["input", "name"]}
        ]
        both = {"name": "mine", "number": 1, "rules": [OLD], **PERIOD}
        refused: Any = await client.do("startBacktest", "backtest { id }", both)
        assert refused["errors"][0]["code"] == "INVALID"
        late: Any = await client.do(
            "startBacktest", "backtest { id }", {"name": "mine", **PERIOD, "horizonDays": 0}
        )
        assert late["errors"][0]["path"] == ["input", "horizonDays"]
    stranger = await factories.user(await factories.tenant(), Role.ADMIN)
    async with door(stranger, engine=engine) as client:
        answer: Any = await client.ask(REPORT)
        assert answer["backtests"] == {"totalCount": 0, "nodes": []}
        answer = await client.ask(f'{{ node(id: "{payload["backtest"]["id"]}") {{ id }} }}')
        assert answer["node"] is None


async def test_an_alarm_is_read_and_resolved(
    manager: User, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await factories.actor(manager)
    owner = await User.exclude(id=manager.id).get(tenant_id=manager.tenant_id)
    await factories.deal(await factories.account(owner))
    draft = await rulebooks.save(actor, "mine", [OLD])
    await rulebooks.activate(actor, engine, draft.id)
    monkeypatch.setattr(judging, "CHECK_EVERY", 1)
    async with EnginePool(1, 20.0, WRONG) as wrong:
        await evaluations.evaluate(actor, wrong, factories.TODAY)
    ask = """{ engineAlarms(filter: { resolved: { eq: false } }) { nodes { id kind asOf rule { key }
 account { id } resolvedAt } } }"""
    async with door(manager, engine=engine) as client:
        answer: Any = await client.ask(ask)
        (alarm,) = answer["engineAlarms"]["nodes"]
        assert (alarm["kind"], alarm["rule"], alarm["resolvedAt"]) == ("DIFFERED", {"key": "misjudged"}, None)
        payload: Any = await client.do(
            "resolveEngineAlarm", "alarm { resolvedAt resolvedBy { id } }", {"id": alarm["id"]}
        )
        assert payload["alarm"]["resolvedBy"] == {"id": manager.id}
        answer = await client.ask(ask)
        assert answer["engineAlarms"]["nodes"] == []
